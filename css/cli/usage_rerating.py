"""``css usage rerate`` and ``css usage explain``: calls priced anew, and why a call costs what it does."""

from __future__ import annotations

import re
import sys
from datetime import MAXYEAR, MINYEAR, date, datetime, time
from typing import TYPE_CHECKING, Annotated

import typer

from css.cli.days import read_day_if_given
from css.cli.places import read_district
from css.cli.record_ids import record_named, shown_record
from css.core.calendar import LONDON, london_instant, to_london
from css.core.errors import BadMessage
from css.core.phone import display_number

if TYPE_CHECKING:
    from billing.queries.explain_call import CallExplained, CallRow, ComponentRow
    from billing.rerating_commands import UsageRerated

STATUS_LEFT = 4
"""Some calls were left as they are; as a night that set something aside ends."""

DISTRICT = typer.Argument(help="The district's two letters.", callback=read_district)


def register(app: typer.Typer) -> None:
    """Add the commands to ``css usage``."""
    app.command("rerate")(rerate)
    app.command("explain")(explain)


def rerate(  # noqa: PLR0913 - a parameter for every option
    district: Annotated[str, DISTRICT],
    reason: Annotated[str, typer.Option("--reason", help="Why; whoever asks about a corrected bill reads it.")],
    tariff: Annotated[str, typer.Option("--tariff", help="Only calls that a version of this tariff priced.")] = "",
    since: Annotated[str, typer.Option("--from", help="Only calls of this day or later.")] = "",
    until: Annotated[str, typer.Option("--to", help="Only calls of this day or earlier.")] = "",
    number: Annotated[str, typer.Option("--number", help="Only calls charged to numbers that begin so.")] = "",
    file: Annotated[int | None, typer.Option("--file", min=1, help="Only calls of the usage file with this id.")] = None,
    supplier: Annotated[str, typer.Option("--supplier", help="Only calls that this carrier sent.")] = "",
    *,
    by: Annotated[
        str, typer.Option("--by", help="The operator who does it, and gives a password; left out, whoever is signed on here.")
    ] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Say what would change, and change nothing.")] = False,
) -> int:
    """Price rated calls anew, at the prices of their own days; what differs goes on the next bills.

    At least one of the options that choose calls is needed. Running it again changes nothing. Exit status 4: some calls have
    no price any more and were left as they are.
    """
    from billing.actions.rerating import rerate_usage  # noqa: PLC0415 - after the words are understood
    from billing.rerating_commands import RerateUsage  # noqa: PLC0415
    from css.cli.acting import acting  # noqa: PLC0415
    from css.cli.progress import counting_of  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    command = RerateUsage(
        district_code=district,
        tariff_code=tariff or None,
        from_on=read_day_if_given(since),
        to_on=read_day_if_given(until),
        number=number or None,
        usage_file_id=file,
        supplier=supplier or None,
        reason=reason,
        preview=preview,
    )
    actor, at = acting(by)
    with counting_of("Blocks of calls") as watch, transaction(database()) as session:
        done = rerate_usage(session, command, by=actor, at=at, watch=watch)
    return _say(done)


def explain(
    record: Annotated[str, typer.Argument(help="The call's record: its id, or file and line like 12/345.")] = "",
    number: Annotated[str, typer.Option("--number", help="Or the number that was charged ...")] = "",
    at: Annotated[str, typer.Option("--at", help="... and about when, by London's clocks: 2026-03-02 12:00; a date lists its day.")] = "",
) -> int:
    """Why a call costs what it does: the carrier's line, whose it is, each part of its price, and the bill that took it.

    With a number and a time the calls about it are listed (five minutes each way); when there is one, it is explained.
    """
    from billing.queries.explain_call import calls_of_number, explain_call  # noqa: PLC0415 - after the words are understood
    from css import tables as _tables  # noqa: F401, PLC0415 - every room's tables, so that keys across rooms resolve
    from css.cli.door import the_asker  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    if bool(record) == bool(number):
        raise BadMessage("CSS729E", "Name the call by its record, or by --number and --at.")
    with transaction(database()) as session:
        if record:
            _tell(explain_call(session, record_named(record), by=the_asker()))
            return 0
        day, instant = _when(at)
        found = calls_of_number(session, number, instant, day, day, by=the_asker())
        records = {row.usage_record_id for row in found}
        if len(records) == 1:
            _tell(explain_call(session, records.pop(), by=the_asker()))
            return 0
    _list(number, at, found)
    return 0 if found else STATUS_LEFT


def _say(done: UsageRerated) -> int:
    for row in done.shown:
        started = to_london(row.started_at)
        moved = {1: "  comes", -1: "  goes"}.get(row.call_count, "")
        numbers = f"{display_number(row.charged_number)} to {display_number(row.other_number)}"
        call = f"{shown_record(row.usage_record_id):<14}  {row.account_number}  {started:%d %b %Y %H:%M:%S}  {numbers:<30}"
        print(f"{call}  {row.net!s:>14}p{moved}")
    if done.changed_count > len(done.shown):
        more = "" if done.rerating_id is None else f"; `css ask rerating-card {done.rerating_id}` shows more"
        print(f"... and others{more}", file=sys.stderr)
    counts = f"{done.looked_at_count:,} calls looked at, {done.changed_count:,} changed on {done.account_count:,} accounts"
    if done.rerating_id is None:
        print(f"{counts}; {done.net}p before VAT. Nothing was changed.")
    else:
        print(f"Re-rating {done.rerating_id}: {counts}; {done.net}p before VAT, for bills cut on {done.business_date} or later.")
    for left in done.left:
        print(f"{left.code}  {left.call_count:>10,} left as they are: {left.words}")
    return STATUS_LEFT if done.left else 0


def _tell(found: CallExplained) -> None:
    print(f"Record {shown_record(found.usage_record_id)} ({found.usage_record_id})")
    if found.file is not None and found.file.raw is not None:
        print(f"  {found.file.raw}")
    for sentence in found.words:
        print(f"- {sentence}")
    if found.components:
        print()
        print(f"{'tariff':<12}{'part of the price':<18}{'band':<9}{'seconds':>9}{'units':>7}{'of s':>6}{'unit price':>14}{'pence':>14}")
        for part in found.components:
            print(_component(part))


def _component(part: ComponentRow) -> str:
    tariff = f"{part.tariff_code} v{part.version}"
    numbers = "".join(
        f"{'' if value is None else value!s:>{width}}"
        for value, width in ((part.seconds, 9), (part.units, 7), (part.unit_seconds, 6), (part.unit_price, 14), (part.amount, 14))
    )
    return f"{tariff:<12}{part.component:<18}{part.band or '':<9}{numbers}"


def _list(number: str, at: str, found: tuple[CallRow, ...]) -> None:
    for row in found:
        started = to_london(row.started_at)
        state = "gone to another account" if row.call_count == 0 else "corrected" if row.is_corrected else ""
        called = f"{display_number(row.other_number):<18} {row.destination:<24} {row.duration_seconds:>7,} s"
        print(f"{shown_record(row.usage_record_id):<14}  {started:%d %b %Y %H:%M:%S}  {called} {row.net!s:>12}p  {state}")
    if found:
        print(f"{len(found):,} calls; `css usage explain` with the first column explains one.", file=sys.stderr)
    else:
        print(f"No rated call of {number} about {at}; `css usage suspense DISTRICT --number {number}` lists what waits.", file=sys.stderr)


def _when(text: str) -> tuple[date | None, datetime | None]:
    """A day, or an instant; without its zone that is by London's clocks, the first of the two in the repeated hour."""
    if not text:
        raise BadMessage("CSS729E", "Say about when it was, too: --at '2026-03-02 12:00', or the day alone.")
    is_day = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text)
    day = read_day_if_given(text) if is_day else None
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        wall = None
    # The calendar ends on both sides of the first year and the last, where there is no day before or after.
    if wall is None or not MINYEAR < wall.year < MAXYEAR:
        raise BadMessage("CSS729E", "{text!r} is not a time; write it like '2026-03-02 12:00', or the day alone.", text=text[:40]) from None
    if is_day:
        return day, None
    if wall.tzinfo is not None:
        return None, wall.astimezone(LONDON)
    return None, london_instant(wall.date(), time(wall.hour, wall.minute, wall.second))
