"""``css night year`` and ``css night clocks``: when nets run, and who looks that they do."""

from __future__ import annotations

from typing import Annotated

import typer

from batch.clock.schedules import night_clocks, night_schedules, night_year
from batch.rules.wording import clock_time
from batch.rules.year import WEEKDAYS, counts_by_month, year_lines
from css.cli.places import read_district
from css.core.calendar import to_london
from css.db.engine import database, transaction

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def year(
    district: Annotated[
        str, typer.Argument(help="The district's two letters; without them the nets of the house alone.", callback=read_district)
    ] = "",
    of_year: Annotated[int | None, typer.Argument(metavar="YEAR", help="The next 60 days when left out.")] = None,
    *,
    net: Annotated[str, typer.Option("--net", help="One net alone.")] = "",
    days: Annotated[bool, typer.Option("--days", help="A line for each date, and not the months of a year.")] = False,
) -> None:
    """Show when nets run: the months of a year, or each date with its hours, bank holidays and changes of the clocks."""
    with transaction(database()) as session:
        runs = [run for run in night_year(session, district, of_year) if net in {"", run.net}]
        said = [row for row in night_schedules(session) if net in {"", row.net} and row.district_code in {"", district}]
    for row in said:
        since = f" from {row.from_date}" if row.from_date else ""
        whose = f" in {row.district_code}" if row.district_code else ""
        print(f"{row.net}{whose}{since}: {row.words if row.is_enabled else 'Switched off.'}")
    print()
    if days or of_year is None:
        for line in year_lines(runs):
            print(line)
        return
    print(f"{of_year:<20}" + "".join(f"{month:>5}" for month in MONTHS) + "  year")
    for name, counts in counts_by_month(runs).items():
        print(f"{name:<20}" + "".join(f"{count or '-':>5}" for count in counts) + f"{sum(counts):>6}")
    odd = [run for run in runs if run.clock_change or run.shifted_from or run.told]
    for line in year_lines(odd):
        print(line)


def clocks() -> None:
    """Show the clocks that look what is due, the latest first, and how far their machines' clocks are off."""
    with transaction(database()) as session:
        rows = night_clocks(session)
    for row in rows:
        shown = to_london(row.beat_at)
        when = f"{clock_time(row.beat_at, '%H:%M:%S')} on {WEEKDAYS[shown.weekday()]} {shown:%d %b %Y}"
        ended = "stopped" if row.ended_at else "looks" if row.is_beating else "is gone without a word"
        skew = f", {abs(row.skew_seconds)} s {'ahead' if row.skew_seconds > 0 else 'behind'}" if row.skew_seconds else ""
        print(f"{row.host} process {row.process_id}: {ended}; looked last at {when}{skew}")
    if not any(row.is_beating for row in rows):
        print("No clock looks: nothing starts by itself. `css night clock` looks.")
