"""``css usage files, file, rejects, record, alarms``: what came, and what became of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from billing.words import UsageOutcome
from css.cli.days import read_day
from css.cli.places import read_district
from css.cli.record_ids import record_named, shown_record
from css.core.errors import BadMessage
from css.core.money import Price, to_money

if TYPE_CHECKING:
    from billing.queries.usage import UsageAlarms, UsageFileCard, UsageFileRow

STATUS_TO_LOOK_AT = 4
"""As a night that set something aside ends."""

DISTRICT = typer.Argument(help="The district's two letters.", callback=read_district)
NIGHT = typer.Option("--date", help="Only those of one night.")
LIMIT = typer.Option(min=1, max=10_000, help="At most so many.")


def register(app: typer.Typer) -> None:
    """Add the commands to ``css usage``."""
    app.command("files")(files)
    app.command("file")(file)
    app.command("rejects")(rejects)
    app.command("record")(record)
    app.command("alarms")(alarms)


def files(
    district: Annotated[str, DISTRICT],
    business_date: Annotated[str, NIGHT] = "",
    limit: Annotated[int, LIMIT] = 20,
) -> None:
    """The latest files taken in, newest first, with their records by outcome."""
    from billing.queries import usage  # noqa: PLC0415 - after the words are understood
    from css.db.engine import database, transaction  # noqa: PLC0415

    night = read_day(business_date) if business_date else None
    with transaction(database()) as session:
        rows = usage.files(session, district, night, limit)
    if not rows:
        print(f"No usage file was taken in {district}{f' on {night}' if night else ''}.", file=sys.stderr)
        return
    width = max(len("supplier"), *(len(row.supplier) for row in rows))
    print(
        f"{'file':>8}  {'night':<10}  {'supplier':<{width}}  {'sequence':>8}  {'records':>10}{'rated':>11}{'zero':>9}{'duplicate':>11}"
        f"{'suspended':>11}{'rejected':>10}{'net':>15}"
    )
    for row in rows:
        print(_file_line(row, width))
    waiting = sum(row.open_count for row in rows)
    still = f"{_count(waiting, 'record')} of theirs still {'waits' if waiting == 1 else 'wait'}"
    print(f"{_count(len(rows), 'file')} shown; {still}.", file=sys.stderr)


def _file_line(row: UsageFileRow, width: int) -> str:
    outcomes = (
        f"{row.rated_count:>11,}{row.zero_rated_count:>9,}{row.duplicate_count:>11,}{row.suspended_count:>11,}{row.rejected_count:>10,}"
    )
    net = f"{_pounds(row.net):>15}" if not row.unrated_blocks else f"{'to be rated':>15}"
    return (
        f"{row.usage_file_id:>8}  {row.business_date}  {row.supplier:<{width}}  {row.sequence:>8}  {row.record_count:>10,}{outcomes}{net}"
    )


def file(file_id: Annotated[int, typer.Argument(min=1, help="The file's id, as `css usage files` shows it.")]) -> int:
    """One file: its records by outcome and reason, and whether they add up. Exit status 4 when they do not."""
    from billing.queries import usage  # noqa: PLC0415 - after the words are understood
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        card = usage.file_card(session, file_id)
    _say_file(card)
    return STATUS_TO_LOOK_AT if card.faults else 0


def _say_file(card: UsageFileCard) -> None:
    print(f"{card.file_name}: {card.supplier}, sequence {card.sequence}, made {card.created_at:%d %b %Y %H:%M:%S} UTC.")
    print(f"Taken in {card.district_code} by the night of {card.business_date} as file {card.usage_file_id}; layout {card.layout}.")
    print(f"{card.byte_count:,} bytes, SHA-256 {card.sha256}.")
    print(f"{_count(card.record_count, 'record')}, {_count(card.duration_seconds, 'second')} of calls; {_pounds(card.net)} before VAT.")
    print()
    print(f"{'outcome':<12}{'at first':>12}{'today':>12}")
    for outcome in UsageOutcome:
        print(f"{outcome.value:<12}{card.at_first[outcome]:>12,}{card.today[outcome]:>12,}")
    print(f"{'together':<12}{sum(card.at_first.values()):>12,}{sum(card.today.values()):>12,}")
    if card.reasons:
        print()
        for reason in card.reasons:
            now = f", now {reason.settled_as.value}" if reason.settled_as else ", waits" if reason.outcome is UsageOutcome.SUSPENDED else ""
            print(f"{reason.reason_code}  {reason.record_count:>10,}  {reason.outcome.value}{now}")
            print(f"{'':21} {shown_record(reason.first_record_id)}: {reason.words}")
    print()
    print("\n".join(card.faults) or "Every record has its outcome: the file closes.")


def rejects(
    district: Annotated[str, DISTRICT],
    business_date: Annotated[str, NIGHT] = "",
    limit: Annotated[int, LIMIT] = 100,
    outcome: Annotated[str, typer.Option(help="Only what was duplicate, suspended or rejected at first.")] = "",
    *,
    raw: Annotated[bool, typer.Option("--raw", help="Print the records as they came, too.")] = False,
) -> None:
    """Records that were not rated when they came, newest first, and the files that were refused whole."""
    from batch.queries import LIST_MAX  # noqa: PLC0415 - after the words are understood
    from batch.queries import rejects as set_aside_by_nights  # noqa: PLC0415
    from billing.queries import usage  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    night = read_day(business_date) if business_date else None
    wanted = _outcome(outcome)
    with transaction(database()) as session:
        records = usage.set_aside_records(session, district, night, wanted, limit=limit)
        refused = [row for row in set_aside_by_nights(session, district, night, LIST_MAX) if row.source_key.startswith("usage-file/")]
    for item in refused:
        print(f"{item.business_date}  {item.reason_code}  file refused  {item.words}")
    for row in records:
        settled = f", {row.settled_as.value} on {row.settled_on} by {row.settled_by}" if row.settled_as else ""
        print(f"{row.set_aside_on}  {row.reason_code}  {shown_record(row.usage_record_id):<16}  {row.outcome.value}{settled}: {row.words}")
        if raw:
            print(f"    {row.raw}")
    more = " There may be more: --limit shows them." if len(records) == limit else ""
    said = f"{_count(len(records), 'record')} and {_count(len(refused), 'refused file')} shown.{more}"
    print(said if records or refused else "Nothing is set aside.", file=sys.stderr)


def record(record_id: Annotated[str, typer.Argument(help="Like 12/345: record 345 of usage file 12; or its number, 120000345.")]) -> None:
    """One record as it came, and what became of it."""
    from billing.queries import usage  # noqa: PLC0415 - after the words are understood
    from css.db.engine import database, transaction  # noqa: PLC0415

    wanted = record_named(record_id)
    with transaction(database()) as session:
        found = usage.raw_record(session, wanted)
    file = f"{found.file_name} (file {found.usage_file_id}, {found.supplier})"
    print(f"Record {found.line:,} of {file}, taken by the night of {found.business_date}:")
    print(f"    {found.raw}")
    reason = f" {found.reason_code}" if found.reason_code else ""
    print(f"{found.outcome.value.capitalize() if found.outcome else 'Not rated yet'}.{reason} {found.words}")
    if found.original_record_id:
        print(f"It repeats {shown_record(found.original_record_id)}.")
    if found.outcome is UsageOutcome.RATED:
        print(f"Charged now: {found.net} pence before VAT.")


def alarms(district: Annotated[str, DISTRICT]) -> int:
    """What somebody must look at: missing files, records that wait too long, long calls in parts. Exit status 4: there is some."""
    from billing.queries import usage  # noqa: PLC0415 - after the words are understood
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        found = usage.alarms(session, district)
    lines = [*_alarm_lines(found)]
    print("\n".join(lines) or f"Nothing to look at in {district}.")
    return STATUS_TO_LOOK_AT if lines else 0


def _alarm_lines(found: UsageAlarms) -> list[str]:
    lines = [gap.words for gap in found.gaps]
    for age in found.old_suspense:
        waits = f"{_count(age.record_count, 'record')} waited more than 30 days, the oldest since {age.oldest_on}"
        lines.append(f"CSS671W {waits}, for {age.reason_code}: {age.words}")
    for call in found.long_calls:
        parts = f"{_count(call.part_count, 'part')} of the long call {call.chain_id} of {call.supplier}"
        lacks = f"lacks {call.missing}" if call.missing else call.words
        lines.append(f"CSS672W {parts} came, the newest on {call.newest_on}, and wait: {lacks}")
    return lines


def _outcome(text: str) -> UsageOutcome | None:
    known = (UsageOutcome.DUPLICATE, UsageOutcome.SUSPENDED, UsageOutcome.REJECTED)
    if not text or text in known:
        return UsageOutcome(text) if text else None
    sentence = "{text!r} is no outcome of a record set aside; they are duplicate, suspended and rejected."
    raise BadMessage("CSS674E", sentence, text=text[:40], element="outcome")


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _pounds(price: Price) -> str:
    return to_money(price).sterling
