"""``css bills`` for putting accounts right: credits, charges, late fees, groups, copies, statements of account."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from css.cli.days import read_day
from css.core.errors import BadMessage

if TYPE_CHECKING:
    from css.core.actor import Actor
    from css.core.money import Money

BILL = typer.Argument(help="The bill's number.")
ACCOUNT = typer.Argument(help="The account's number.")
BY = typer.Option(help="Whose deed it is: an operator's code. The password is asked for, or read from standard input.")
APPROVED_BY = typer.Option(help="The second person above the first one's limit; their password is asked for next.")
REASON = typer.Option(help="Why, for us.")
SHOWN = typer.Option(help="What the customer reads.")
T = TypeVar("T")


def register(app: typer.Typer) -> None:
    """Add the commands to ``css bills``."""
    for name, command in (
        ("credit", credit),
        ("adjust", adjust),
        ("adjustments", adjustments),
        ("outside", outside),
        ("join", join),
        ("leave", leave),
        ("copy", copy),
        ("statement", statement),
        ("statements", statements),
    ):
        app.command(name)(command)


def credit(
    bill: Annotated[str, BILL],
    reason: Annotated[str, REASON],
    line: Annotated[int, typer.Option(min=0, help="The line's number on the bill; without it every line is credited whole.")] = 0,
    amount: Annotated[str, typer.Option(help="Before VAT; without it all that is left.")] = "",
    words: Annotated[str, SHOWN] = "",
    by: Annotated[str, BY] = "",
    approved_by: Annotated[str, APPROVED_BY] = "",
    *,
    note: Annotated[bool, typer.Option("--note", help="By a credit note tonight, not on the next bill.")] = False,
) -> None:
    """Credit a line of a posted bill, or all of it."""
    from billing.actions.adjustments import credit_bill_line  # noqa: PLC0415 - after the words are understood
    from billing.credit_commands import CreditBillLine  # noqa: PLC0415

    command = CreditBillLine(
        bill_number=bill,
        line_number=line or None,
        amount=_money(amount) if amount else None,
        reason=reason,
        words=words,
        by_credit_note=note,
    )
    answer = _done(credit_bill_line, command, by, approved_by)
    for one in answer.lines:
        print(f"line {one.line_number:<4} {one.net.sterling:>12}  {one.words}")
    when = "on a credit note of tonight" if answer.by_credit_note else "on the next bill"
    print(f"{answer.net.sterling} before VAT to account {answer.account_number}, {when}.{_signed(answer.approved_by)}")


def adjust(  # noqa: PLR0913 - the words of the command line
    account: Annotated[str, ACCOUNT],
    amount: Annotated[str, typer.Argument(help="Before VAT; negative is a credit (write it after --).")],
    nominal: Annotated[str, typer.Option(help="Revenue of the books, like VISITS.")],
    words: Annotated[str, SHOWN],
    reason: Annotated[str, REASON],
    vat: Annotated[str, typer.Option(help="standard, reduced, zero or exempt.")] = "standard",
    on: Annotated[str, typer.Option(help="The day of the supply; without it today's business date.")] = "",
    *,
    by: Annotated[str, BY] = "",
    approved_by: Annotated[str, APPROVED_BY] = "",
) -> None:
    """Charge or credit a supply that no bill line stands for."""
    from billing.actions.adjustments import adjust_account  # noqa: PLC0415
    from billing.credit_commands import AdjustAccount  # noqa: PLC0415
    from css.core.words import VatCode  # noqa: PLC0415

    command = AdjustAccount(
        account_number=account,
        amount=_money(amount),
        vat_code=_one_of(VatCode, vat, "vat"),
        nominal_code=nominal,
        words=words,
        reason=reason,
        occurs_on=read_day(on) if on else None,
    )
    answer = _done(adjust_account, command, by, approved_by)
    rate = f"VAT {answer.vat_category} {answer.vat_basis_points / 100:g}%"
    print(f"{answer.net.sterling} before {rate} on the next bill of account {answer.account_number}.{_signed(answer.approved_by)}")


def adjustments(account: Annotated[str, ACCOUNT]) -> None:
    """The credits and charges that people have made, and which bill took each."""
    from billing.queries.adjustments import adjustments_of_account  # noqa: PLC0415
    from css.cli.door import the_asker  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        rows = adjustments_of_account(session, account, by=the_asker())
    for row in rows:
        where = "waits" if row.is_waiting else f"on {row.taken_by or 'a bill not yet numbered'}"
        of = f", of line {row.credited_line} of {row.credited_bill}" if row.credited_bill else ""
        print(f"{row.business_date}  {row.net.sterling:>12}  {row.words}{of}; {where}")
        print(f"    {row.reason} ({row.made_by}{f', signed by {row.approved_by}' if row.approved_by else ''})")
    print(f"{len(rows):,} shown.", file=sys.stderr)


def outside(
    account: Annotated[str, ACCOUNT],
    kind: Annotated[str, typer.Argument(help="late-fee or goodwill.")],
    amount: Annotated[str, typer.Argument(help="More than nothing: a late fee raises what is owed, goodwill lowers it.")],
    words: Annotated[str, SHOWN],
    reason: Annotated[str, REASON],
    reference: Annotated[str, typer.Option(help="The bill, order or fault it is for.")] = "",
    by: Annotated[str, BY] = "",
    approved_by: Annotated[str, APPROVED_BY] = "",
) -> None:
    """Enter a late fee or goodwill: owed, but no supply, so outside the invoice and its VAT."""
    from billing.actions.outside import enter_outside_item  # noqa: PLC0415
    from billing.credit_commands import EnterOutsideItem  # noqa: PLC0415
    from billing.words import OutsideKind  # noqa: PLC0415
    from css.core.money import ZERO  # noqa: PLC0415

    command = EnterOutsideItem(
        account_number=account,
        kind=_one_of(OutsideKind, kind, "kind"),
        amount=_money(amount),
        words=words,
        reason=reason,
        reference=reference,
    )
    answer = _done(enter_outside_item, command, by, approved_by)
    done = "charged" if answer.amount > ZERO else "given"
    owes = f"account {answer.account_number} owes {answer.balance.sterling}.{_signed(answer.approved_by)}"
    print(f"{command.amount.sterling} of {answer.kind.value} {done}; {owes}")


def join(
    account: Annotated[str, ACCOUNT],
    group: Annotated[str, typer.Argument(help="The group account's number.")],
    by: Annotated[str, BY] = "",
    *,
    paid: Annotated[bool, typer.Option("--paid", help="The group account pays its bills, too.")] = False,
) -> None:
    """Make an account a member of a group account's group."""
    from billing.actions.groups import join_group  # noqa: PLC0415
    from billing.credit_commands import JoinGroup  # noqa: PLC0415

    answer = _done(join_group, JoinGroup(account_number=account, group_account_number=group, is_paid_by_group=paid), by)
    pays = "pays its bills" if answer.is_paid_by_group else "does not pay its bills"
    print(f"Account {answer.account_number} is a member of {answer.group_account_number}, which {pays}.")


def leave(account: Annotated[str, ACCOUNT], by: Annotated[str, BY] = "") -> None:
    """Take an account out of its group."""
    from billing.actions.groups import leave_group  # noqa: PLC0415
    from billing.credit_commands import LeaveGroup  # noqa: PLC0415

    answer = _done(leave_group, LeaveGroup(account_number=account), by)
    print(f"Account {answer.account_number} is in no group.")


def copy(
    bill: Annotated[str, BILL],
    reason: Annotated[str, REASON],
    medium: Annotated[str, typer.Option(help="paper, email, large-print or xml.")] = "paper",
    by: Annotated[str, BY] = "",
) -> None:
    """Send an issued bill again: the same bytes, into the spool's copies."""
    from billing.actions.copies import copy_bill  # noqa: PLC0415
    from billing.credit_commands import CopyBill  # noqa: PLC0415
    from css.core.words import BillMedium  # noqa: PLC0415

    answer = _done(copy_bill, CopyBill(bill_number=bill, medium=_one_of(BillMedium, medium, "medium"), reason=reason), by)
    for file in answer.files:
        print(f"{file.path}  {file.sha256}")


def statement(
    account: Annotated[str, ACCOUNT],
    starts: Annotated[str, typer.Argument(help="The first day, like 2026-01-01.")],
    through: Annotated[str, typer.Argument(help="The last day; without it today's business date.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write the PDF there.")] = None,
    by: Annotated[str, BY] = "",
) -> None:
    """Make a statement of account: what was owed, billed, paid and credited on some days."""
    from billing.actions.statements import make_statement  # noqa: PLC0415
    from billing.credit_commands import MakeStatement  # noqa: PLC0415

    command = MakeStatement(account_number=account, starts_on=read_day(starts), through=read_day(through) if through else None)
    answer = _done(make_statement, command, by)
    print(f"Statement {answer.statement_id}: {answer.opening.sterling} owed before, {answer.closing.sterling} after. {answer.sha256}")
    if out is not None:
        _write(answer.statement_id, out)


def statements(account: Annotated[str, ACCOUNT]) -> None:
    """The statements that were made of an account."""
    from billing.queries.statements import statements_of_account  # noqa: PLC0415
    from css.cli.door import the_asker  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        rows = statements_of_account(session, account, by=the_asker())
    for row in rows:
        print(f"{row.statement_id:>6}  {row.starts_on} to {row.through}  {row.closing.sterling:>12}  made {row.made_on} by {row.made_by}")
    print(f"{len(rows):,} shown.", file=sys.stderr)


def _done(verb: Callable[..., T], command: object, by: str, approved_by: str | None = None) -> T:
    """Do a deed as whoever acts; of a deed that may need a second person that one signs first."""
    from css import tables as _tables  # noqa: F401, PLC0415 - every room's tables, so that keys across rooms resolve
    from css.cli.acting import acting  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    actor, at = acting(by)
    second: dict[str, Actor | None] = {}
    if approved_by is not None:
        second["approved_by"] = acting(approved_by)[0] if approved_by else None
    with transaction(database()) as session:
        return verb(session, command, by=actor, at=at, **second)


def _write(statement_id: int, out: Path) -> None:
    from billing.queries.statements import statement_file  # noqa: PLC0415
    from css.cli.door import the_asker  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        out.write_bytes(statement_file(session, statement_id, by=the_asker()).content)


def _signed(approved_by: str | None) -> str:
    return f" Signed by {approved_by}." if approved_by else ""


def _money(text: str) -> Money:
    from css.core.money import Money  # noqa: PLC0415

    return Money.parse(text)


def _one_of(kind: Callable[[str], T], word: str, element: str) -> T:
    try:
        return kind(word)
    except ValueError:
        known: Any = kind
        words = ", ".join(one.value for one in known)
        raise BadMessage("CSS002E", "{word!r} is none of {words}.", word=word[:20], words=words, element=element) from None
