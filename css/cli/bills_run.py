"""``css bills``: the runs of the nights, what they hold and park, their sample, its approval, and bills between two cycle dates."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from css.cli.days import read_day
from css.cli.places import read_district

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from billing.queries.accounts import BillRow
    from billing.queries.runs import BillRunRow
    from billing.rules.run_figures import ParkedAccount, RunFigures
    from css.core.actor import Actor

AnswerT = TypeVar("AnswerT")

DISTRICT_LENGTH = 2
DISTRICT = typer.Argument(help="The district's two letters.", callback=read_district)
WHERE = typer.Argument(help="A district's two letters, or an account's number.")
ACCOUNT = typer.Argument(help="The account's number.")
NIGHT = typer.Argument(help="The business date of the night that made it, like 2026-03-05.")
DATE = typer.Option("--date", help="Which night; the last one when left out.")
BY = typer.Option("--by", help="The operator who does it, and gives a password; left out, whoever is signed on here.")
WHY = typer.Option("--reason", help="Why; the audit trail keeps it.")
NEXT_NIGHT = typer.Option("--next-night", help="Leave it to the next night, which sees what was recorded since.")
LIMIT = typer.Option("--limit", min=1, max=200, help="At most so many.")


def register(app: typer.Typer) -> None:
    """Add the commands to ``css bills``."""
    for name, command in (
        ("runs", runs),
        ("run", run),
        ("list", list_bills),
        ("held", held),
        ("parked", parked),
        ("sample", sample),
        ("approve", approve),
        ("release", release),
        ("withdraw", withdraw),
        ("request", request),
    ):
        app.command(name)(command)


def runs(district: Annotated[str, DISTRICT], limit: Annotated[int, LIMIT] = 30) -> None:
    """The bill runs of a district, the newest first: how far each has come, and what became of its accounts."""
    from billing.queries import bill_runs  # noqa: PLC0415 - after the words are understood

    rows = _asked(district, lambda session: bill_runs(session, district, limit))
    if not rows:
        print(f"No night has billed {district} yet.", file=sys.stderr)
        return
    print(f"{'night':<12}{'state':<12}{'accounts':>10}{'bills':>10}{'held':>8}{'parked':>8}{'numbered':>10}{'invoices':>18}  approved by")
    for row in rows:
        counts = f"{row.account_count:>10,}{row.bill_count:>10,}{row.held_count:>8,}{row.parked_count:>8,}{row.numbered_count:>10,}"
        print(f"{row.business_date!s:<12}{row.state.value:<12}{counts}{row.invoice_gross.sterling:>18}  {row.approved_by or ''}".rstrip())


def run(
    district: Annotated[str, DISTRICT],
    of_night: Annotated[str, typer.Argument(metavar="[NIGHT]", help="Which night; the last one when left out.")] = "",
    on_date: Annotated[str, DATE] = "",
) -> None:
    """One bill run: its sums by kind, what it holds and what it has parked."""
    from billing.queries import bill_run  # noqa: PLC0415 - after the words are understood

    night = of_night or on_date
    card = _asked(district, lambda session: bill_run(session, district, read_day(night) if night else None))
    _print_run(card.run)
    _print_sums(card.figures)
    for one in card.figures.held:
        print(f"held    {one.account_number}  {one.invoice_gross.sterling:>14}  {one.hold_code} {one.hold_words}")
    _print_parked(card.figures.parked)


def list_bills(where: Annotated[str, WHERE], night: Annotated[str, DATE] = "") -> None:
    """The bills of an account, the latest first; or the numbered bills of a district's night."""
    from billing.queries import bill_run, bills_of_account, bills_of_night  # noqa: PLC0415 - after the words are understood
    from css.cli.door import the_asker  # noqa: PLC0415

    def of_night(session: Session) -> tuple[BillRow, ...]:
        chosen = read_day(night) if night else bill_run(session, where).run.business_date
        return bills_of_night(session, where, chosen)

    if len(where) == DISTRICT_LENGTH:
        rows = _asked(where, of_night)
    else:
        rows = _asked("", lambda session: bills_of_account(session, where, by=the_asker()))
    for row in rows:
        amounts = f"{row.invoice_gross.sterling:>14}{row.amount_due.sterling:>14}"
        print(f"{row.number or 'no number':<13}{row.account_number}  {row.issue_on}  {row.kind.value:<13}{row.state.value:<11}{amounts}")
    print(f"{len(rows):,} shown." if rows else "There are none.", file=sys.stderr)


def held(district: Annotated[str, DISTRICT]) -> None:
    """The bills that wait for a person, and why."""
    from billing.queries import held_bills  # noqa: PLC0415 - after the words are understood

    rows = _asked(district, lambda session: held_bills(session, district))
    for row in rows:
        print(f"{row.account_number}  {row.business_date}  {row.kind.value:<12}{row.invoice_gross.sterling:>14}")
        print(f"    {row.hold_code} {row.hold_words}")
    print(
        f"{len(rows):,} held: `css bills release` or `css bills withdraw`." if rows else f"No bill is held in {district}.", file=sys.stderr
    )


def parked(district: Annotated[str, DISTRICT], night: Annotated[str, DATE] = "") -> None:
    """The accounts that a night could not bill, or whose bills were taken back, and why."""
    from billing.queries import parked_accounts  # noqa: PLC0415 - after the words are understood

    rows = _asked(district, lambda session: parked_accounts(session, district, read_day(night) if night else None))
    _print_parked(rows)
    print(f"{len(rows):,} parked." if rows else "No account was parked.", file=sys.stderr)


def sample(district: Annotated[str, DISTRICT], night: Annotated[str, DATE] = "") -> None:
    """The bills of a night that are printed to be looked at, and where they lie."""
    from billing.queries import bill_run, sample_of_night  # noqa: PLC0415 - after the words are understood
    from css.settings import settings  # noqa: PLC0415

    chosen = read_day(night) if night else None
    found = _asked(district, lambda session: bill_run(session, district, chosen).run)
    rows = _asked(district, lambda session: sample_of_night(session, district, found.business_date))
    for row in rows:
        was = "first bill" if row.last_gross is None else f"was {row.last_gross.sterling}"
        print(f"{row.account_number}  {row.kind.value:<12}{row.invoice_gross.sterling:>14}  {was}; {row.why}")
    if not rows:
        print(
            f"No sample is printed of the night of {found.business_date}; `css bills control {district}` sets how large it is.",
            file=sys.stderr,
        )
        return
    print(
        f"They lie in {settings().home / 'spool' / district / found.business_date.isoformat() / 'sample'}, with a summary.", file=sys.stderr
    )


def approve(
    district: Annotated[str, DISTRICT],
    night: Annotated[str, NIGHT],
    words: Annotated[str, typer.Option("--words", help="What you looked at; the run keeps it.")],
    by: Annotated[str, BY] = "",
) -> None:
    """Let the bills of a night get their numbers. Whoever ran the night does not approve it."""
    from billing.actions import approve_bills  # noqa: PLC0415 - after the words are understood
    from billing.run_commands import ApproveBills  # noqa: PLC0415

    command = ApproveBills(district_code=district, business_date=read_day(night), words=words)
    answer = _done(lambda session, actor, at: approve_bills(session, command, by=actor, at=at), by)
    print(f"{_bills(answer.bill_count)} of {answer.invoice_gross.sterling} approved by {answer.approved_by}.")
    print(f"`css night run {district}` goes on with them.", file=sys.stderr)


def release(
    account: Annotated[str, ACCOUNT],
    night: Annotated[str, NIGHT],
    reason: Annotated[str, WHY],
    by: Annotated[str, BY] = "",
) -> None:
    """Let a held bill go: the next release gives it its number."""
    from billing.actions import release_bill  # noqa: PLC0415 - after the words are understood
    from billing.commands import ReleaseBill  # noqa: PLC0415

    command = ReleaseBill(account_number=account, business_date=read_day(night), reason=reason)
    answer = _done(lambda session, actor, at: release_bill(session, command, by=actor, at=at), by)
    print(f"The bill of {night} for {answer.account_number} is {answer.state.value}; the next release gives it its number.")


def withdraw(
    where: Annotated[str, WHERE],
    night: Annotated[str, NIGHT],
    reason: Annotated[str, WHY],
    *,
    next_night: Annotated[
        bool, typer.Option("--next-night", help="Leave it to the next night, which sees what was recorded since.")
    ] = False,
    by: Annotated[str, BY] = "",
) -> None:
    """Take a bill back that has no number; or, of a district, all bills of a night while none has one."""
    from billing.actions import withdraw_bill, withdraw_run  # noqa: PLC0415 - after the words are understood
    from billing.run_commands import WithdrawBill, WithdrawRun  # noqa: PLC0415

    day = read_day(night)
    who = "The next night" if next_night else "The night that is run again, or the next,"
    if len(where) == DISTRICT_LENGTH:
        all_of_it = WithdrawRun(district_code=where, business_date=day, reason=reason, until_next_night=next_night)
        answer = _done(lambda session, actor, at: withdraw_run(session, all_of_it, by=actor, at=at), by)
        tried = f"; parked and tried again: {answer.parked_count:,}" if answer.parked_count else ""
        print(f"{_bills(answer.bill_count)} of {answer.invoice_gross.sterling} taken back{tried}. {who} makes them.")
        return
    command = WithdrawBill(account_number=where, business_date=day, reason=reason, until_next_night=next_night)
    taken = _done(lambda session, actor, at: withdraw_bill(session, command, by=actor, at=at), by)
    print(f"The {taken.kind.value} of {taken.invoice_gross.sterling} for {taken.account_number} was taken back. {who} makes it.")


def request(
    account: Annotated[str, ACCOUNT],
    reason: Annotated[str, typer.Option("--reason", help="Why the bill is asked for; kept with it.")] = "",
    *,
    cancel: Annotated[bool, typer.Option("--cancel", help="Do without the bill that was asked for.")] = False,
    by: Annotated[str, BY] = "",
) -> None:
    """Ask for an interim bill, which tonight makes; or do without the one that was asked for."""
    from billing.actions import cancel_bill_request, request_bill  # noqa: PLC0415 - after the words are understood
    from billing.run_commands import CancelBillRequest, RequestBill  # noqa: PLC0415

    if cancel:
        undone = _done(
            lambda session, actor, at: cancel_bill_request(session, CancelBillRequest(account_number=account), by=actor, at=at), by
        )
        print(f"The {undone.kind.value} bill asked for on {undone.requested_on} for {undone.account_number} is not made.")
        return
    command = RequestBill(account_number=account, reason=reason)
    answer = _done(lambda session, actor, at: request_bill(session, command, by=actor, at=at), by)
    if answer.is_due_anyway:
        print(f"The night of {answer.requested_on} makes the ordinary bill of {answer.account_number}, and no other besides.")
        return
    print(f"The night of {answer.requested_on} makes an {answer.kind.value} bill for {answer.account_number}.")


def _print_run(row: BillRunRow) -> None:
    print(f"The night of {row.business_date}: {row.state.value}. {row.account_count:,} accounts, {_bills(row.bill_count)}.")
    print(f"{row.numbered_count:,} numbered, {row.issued_count:,} issued, {row.waiting_count:,} wait for a number,", end=" ")
    print(f"{row.held_count:,} held, {row.parked_count:,} parked.")
    if row.sampled_at:
        print(f"Sample printed {row.sampled_at:%d %b %Y %H:%M} UTC.")
    if row.approved_at:
        print(f"Approved by {row.approved_by} {row.approved_at:%d %b %Y %H:%M} UTC: {row.approved_words}")


def _bills(count: int) -> str:
    return f"{count:,} bill{'' if count == 1 else 's'}"


def _print_sums(figures: RunFigures) -> None:
    print(f"{'bills':<24}{'count':>10}{'before VAT':>18}{'VAT':>16}{'invoices':>18}{'to pay':>18}")
    for kind in figures.kinds:
        name = f"{kind.kind.value}{', held' if kind.is_held else ''}"
        amounts = (kind.invoice_net, kind.invoice_vat, kind.invoice_gross, kind.amount_due)
        net, vat, gross, due = (amount.sterling for amount in amounts)
        print(f"{name:<24}{kind.bill_count:>10,}{net:>18}{vat:>16}{gross:>18}{due:>18}")
    print(f"{'lines':<24}{'count':>10}{'before VAT':>18}")
    for lines in figures.line_kinds:
        print(f"{lines.kind.value:<24}{lines.line_count:>10,}{lines.net.sterling:>18}")


def _print_parked(rows: tuple[ParkedAccount, ...]) -> None:
    for row in rows:
        since = f" Billed by the night of {row.billed_on} since." if row.billed_on else ""
        print(f"parked  {row.account_number}  {row.kind.value:<12}{row.parked_code} {row.parked_words}{since}")


def _asked(district: str, question: Callable[[Session], AnswerT]) -> AnswerT:
    from css import tables as _tables  # noqa: F401, PLC0415 - every room's tables, so that keys across rooms resolve
    from css.db.engine import database, transaction  # noqa: PLC0415
    from css.master.districts import District, no_district  # noqa: PLC0415

    with transaction(database()) as session:
        if district and session.get(District, district) is None:
            raise no_district(district)
        return question(session)


def _done(deed: Callable[[Session, Actor, datetime], AnswerT], operator: str) -> AnswerT:
    """Do a deed in one transaction, for whoever is signed on here or for an operator who gives a password."""
    from css.cli.acting import acting  # noqa: PLC0415 - after the words are understood
    from css.db.engine import database, transaction  # noqa: PLC0415

    actor, at = acting(operator)
    with transaction(database()) as session:
        return deed(session, actor, at)
