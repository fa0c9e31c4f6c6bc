"""``css usage suspense, replay, approve, write-off, accept, chains, assemble``: records that wait, and what becomes of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from css.cli.days import read_day_if_given
from css.cli.places import read_district
from css.cli.record_ids import record_named, shown_record
from css.core.calendar import to_london

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from billing.actions.settling import Watch
    from billing.suspense_commands import UsageChosen, UsageSettled
    from css.core.actor import Actor

AnswerT = TypeVar("AnswerT")

STATUS_STILL_WAITING = 4
"""As a night that set something aside ends."""

DISTRICT = typer.Argument(help="The district's two letters.", callback=read_district)
WHY = typer.Option("--reason-text", help="Why it may be done; every record keeps it.")
REASON = typer.Option("--reason", help="Only those that wait for this reason, like CSS412E.")
NUMBER = typer.Option("--number", help="Only those charged to numbers that begin so.")
SUPPLIER = typer.Option("--supplier", help="Only those of this carrier.")
FILE = typer.Option("--file", min=1, help="Only those of the usage file with this id.")
CHAIN = typer.Option("--chain", help="Only the parts of this long call.")
FROM = typer.Option("--from", help="Only those set aside on this business date or later.")
BEFORE = typer.Option("--before", help="Only those set aside before this business date.")
RECORD = typer.Option("--record", help="Only this record, like 12/345: record 345 of usage file 12. May be said again.")
PREVIEW = typer.Option("--preview", help="Say what would happen, and change nothing.")
BY = typer.Option("--by", help="The operator who does it, and gives a password; left out, whoever is signed on here.")
LIMIT = typer.Option(min=1, max=10_000, help="At most so many.")


def register(app: typer.Typer) -> None:
    """Add the commands to ``css usage``."""
    app.command("suspense")(suspense)
    app.command("replay")(replay)
    app.command("approve")(approve)
    app.command("write-off")(write_off)
    app.command("accept")(accept)
    app.command("chains")(chains)
    app.command("assemble")(assemble)


def suspense(
    district: Annotated[str, DISTRICT],
    reason: Annotated[str, REASON] = "",
    older: Annotated[int, typer.Option("--older", min=0, help="Only those that have waited so many days or more.")] = 0,
    number: Annotated[str, NUMBER] = "",
    limit: Annotated[int, LIMIT] = 100,
    *,
    detail: Annotated[bool, typer.Option("--detail", help="List the records themselves, oldest first.")] = False,
) -> None:
    """What waits, by reason and age: how many records and seconds, and for how many business dates."""
    from billing.queries.suspense import waiting_records, waiting_usage  # noqa: PLC0415 - after the words are understood
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        by_age = waiting_usage(session, district, reason or None, older, number or None)
        records = waiting_records(session, district, reason or None, older, number or None, limit) if detail else ()
    if not by_age:
        print(f"Nothing waits in {district}{' that is so' if reason or older or number else ''}.", file=sys.stderr)
        return
    if detail:
        for row in records:
            began = f"{to_london(row.started_at):%d %b %Y %H:%M:%S}" if row.started_at else ""
            what = f"{row.charged_number or ''} to {row.other_number or ''}  {row.duration_seconds or 0:,} s"
            print(f"{shown_record(row.usage_record_id):<16}  {row.set_aside_on}  {row.reason_code}  {began}  {what}")
            print(f"    {row.words}")
        print(f"{len(records):,} shown of {sum(row.record_count for row in by_age):,}.", file=sys.stderr)
        return
    print(f"{'reason':<8}{'records':>12}{'seconds':>14}{'0-7 days':>12}{'8-30':>10}{'31-90':>10}{'over 90':>10}  for example")
    for age in by_age:
        bands = f"{age.days_to_7:>12,}{age.days_8_to_30:>10,}{age.days_31_to_90:>10,}{age.days_over_90:>10,}"
        print(f"{age.reason_code:<8}{age.record_count:>12,}{age.duration_seconds:>14,}{bands}  {age.words}")
    total = sum(age.record_count for age in by_age)
    print(f"{total:,} waiting since {min(age.oldest_on for age in by_age)}; `--detail` lists them.", file=sys.stderr)


def replay(  # noqa: PLR0913 - a parameter for every option
    district: Annotated[str, DISTRICT],
    why: Annotated[str, WHY],
    *,
    reason: Annotated[str, REASON] = "",
    number: Annotated[str, NUMBER] = "",
    supplier: Annotated[str, SUPPLIER] = "",
    file: Annotated[int | None, FILE] = None,
    chain: Annotated[str, CHAIN] = "",
    since: Annotated[str, FROM] = "",
    before: Annotated[str, BEFORE] = "",
    record: Annotated[list[str] | None, RECORD] = None,
    preview: Annotated[bool, PREVIEW] = False,
) -> int:
    """Price what waits with what is known now. Exit status 4: some still waits."""
    from billing.actions.suspense import replay_usage  # noqa: PLC0415 - after the words are understood
    from billing.suspense_commands import ReplayUsage  # noqa: PLC0415

    chosen = _chosen(reason, number, supplier, file, chain, since, before, record)
    command = ReplayUsage(district_code=district, chosen=chosen, reason=why, preview=preview)
    return _said(_done(lambda session, by, at, watch: replay_usage(session, command, by=by, at=at, watch=watch)))


def approve(  # noqa: PLR0913 - a parameter for every option
    district: Annotated[str, DISTRICT],
    why: Annotated[str, WHY],
    *,
    number: Annotated[str, NUMBER] = "",
    supplier: Annotated[str, SUPPLIER] = "",
    file: Annotated[int | None, FILE] = None,
    chain: Annotated[str, CHAIN] = "",
    since: Annotated[str, FROM] = "",
    before: Annotated[str, BEFORE] = "",
    record: Annotated[list[str] | None, RECORD] = None,
    by: Annotated[str, BY] = "",
    preview: Annotated[bool, PREVIEW] = False,
) -> int:
    """Let late calls be billed. Exit status 4: some still waits."""
    from billing.actions.suspense import approve_late_usage  # noqa: PLC0415 - after the words are understood
    from billing.suspense_commands import ApproveLateUsage  # noqa: PLC0415

    chosen = _chosen("", number, supplier, file, chain, since, before, record)
    command = ApproveLateUsage(district_code=district, chosen=chosen, reason=why, preview=preview)
    return _said(_done(lambda session, actor, at, watch: approve_late_usage(session, command, by=actor, at=at, watch=watch), by))


def write_off(  # noqa: PLR0913 - a parameter for every option
    district: Annotated[str, DISTRICT],
    why: Annotated[str, WHY],
    *,
    reason: Annotated[str, REASON] = "",
    number: Annotated[str, NUMBER] = "",
    supplier: Annotated[str, SUPPLIER] = "",
    file: Annotated[int | None, FILE] = None,
    chain: Annotated[str, CHAIN] = "",
    since: Annotated[str, FROM] = "",
    before: Annotated[str, BEFORE] = "",
    record: Annotated[list[str] | None, RECORD] = None,
    expect: Annotated[int | None, typer.Option("--expect", min=0, help="How many there are; must be said of more than 100.")] = None,
    by: Annotated[str, BY] = "",
    preview: Annotated[bool, PREVIEW] = False,
) -> None:
    """Give records up: they are never billed."""
    from billing.actions.suspense import write_off_usage  # noqa: PLC0415 - after the words are understood
    from billing.suspense_commands import WriteOffUsage  # noqa: PLC0415

    chosen = _chosen(reason, number, supplier, file, chain, since, before, record)
    command = WriteOffUsage(district_code=district, chosen=chosen, reason=why, expected_count=expect, preview=preview)
    answer = _done(lambda session, actor, at, _watch: write_off_usage(session, command, by=actor, at=at), by)
    what = f"{answer.record_count:,} record{'' if answer.record_count == 1 else 's'}, {answer.duration_seconds:,} seconds of calls"
    print(f"{what}, would be written off; nothing was changed." if preview else f"{what}, written off.")


def accept(
    district: Annotated[str, DISTRICT],
    record: Annotated[str, typer.Argument(help="The record, like 12/345: record 345 of usage file 12.")],
    why: Annotated[str, WHY],
    by: Annotated[str, BY] = "",
) -> int:
    """Price a record that was judged a duplicate and was a call of its own."""
    from billing.actions.suspense import accept_duplicate  # noqa: PLC0415 - after the words are understood
    from billing.suspense_commands import AcceptDuplicate  # noqa: PLC0415

    command = AcceptDuplicate(district_code=district, usage_record_id=record_named(record), reason=why)
    return _said(_done(lambda session, actor, at, _watch: accept_duplicate(session, command, by=actor, at=at), by))


def chains(district: Annotated[str, DISTRICT], limit: Annotated[int, LIMIT] = 100) -> None:
    """Long calls of which parts wait: what has come, what is missing, and why."""
    from billing.queries.suspense import waiting_calls  # noqa: PLC0415 - after the words are understood
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        rows = waiting_calls(session, district, limit)
    for row in rows:
        lacks = f"lacks {row.missing}" if row.missing else "all parts are there"
        print(f"{row.supplier:<12}  {row.chain_id:<24}  {row.charged_number}  began {to_london(row.started_at):%d %b %Y %H:%M:%S}")
        print(f"    {row.part_count} parts of {row.duration_seconds:,} seconds, the newest of {row.newest_on}; {lacks}.")
        print(f"    {row.reason_code} {row.words}")
    print(f"{len(rows):,} shown." if rows else f"No long call waits in {district}.", file=sys.stderr)


def assemble(
    district: Annotated[str, DISTRICT],
    supplier: Annotated[str, typer.Argument(help="The carrier, as `css usage chains` shows it.")],
    chain: Annotated[str, typer.Argument(help="The long call's id, as `css usage chains` shows it.")],
    why: Annotated[str, WHY],
    by: Annotated[str, BY] = "",
) -> int:
    """Price a long call as it stands, though parts of it are missing."""
    from billing.actions.long_calls import assemble_usage  # noqa: PLC0415 - after the words are understood
    from billing.suspense_commands import AssembleUsage  # noqa: PLC0415

    command = AssembleUsage(district_code=district, supplier=supplier, chain_id=chain, reason=why)
    return _said(_done(lambda session, actor, at, _watch: assemble_usage(session, command, by=actor, at=at), by))


def _done(deed: Callable[[Session, Actor, datetime, Watch], AnswerT], operator: str = "") -> AnswerT:
    """Do a deed in one transaction, for whoever is signed on here or for an operator who gives a password."""
    from css.cli.acting import acting  # noqa: PLC0415 - after the words are understood
    from css.cli.progress import counting_of  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    by, at = acting(operator)
    with counting_of("Records looked at") as watch, transaction(database()) as session:
        return deed(session, by, at, watch)


def _said(answer: UsageSettled) -> int:
    waiting = answer.still_waiting
    counts = f"{answer.rated:,} rated, {answer.zero_rated:,} zero-rated, {waiting:,} still waiting"
    if answer.is_preview:
        print(f"{answer.looked_at:,} looked at: {counts}; {answer.net.sterling} before VAT. Nothing was changed.")
    else:
        print(f"{answer.looked_at:,} looked at: {counts}; {answer.net.sterling} before VAT, rated on {answer.business_date}.")
    for reason in answer.waiting:
        print(f"{reason.reason_code}  {reason.record_count:>10,}  {reason.words}")
    return STATUS_STILL_WAITING if waiting else 0


def _chosen(
    reason: str,
    number: str,
    supplier: str,
    file: int | None,
    chain: str,
    since: str,
    before: str,
    records: list[str] | None,
) -> UsageChosen:
    from billing.suspense_commands import UsageChosen  # noqa: PLC0415 - after the words are understood

    return UsageChosen(
        reason_code=reason or None,
        supplier=supplier or None,
        charged_number=number or None,
        usage_file_id=file,
        chain_id=chain or None,
        set_aside_from=read_day_if_given(since),
        set_aside_before=read_day_if_given(before),
        usage_record_ids=tuple(map(record_named, records)) if records else None,
    )
