"""Days, times and counts as the sentences of an explanation write them."""

from __future__ import annotations

from datetime import date, datetime

from css.core.calendar import ONE_DAY, to_london


def day(when: date) -> str:
    """``31/01/2026``."""
    return f"{when:%d/%m/%Y}"


def span(starts_on: date, ends_on: date) -> str:
    """Days of a half-open span, its last day being in it: ``01/01/2026 to 31/01/2026``."""
    last = ends_on - ONE_DAY
    return day(last) if last == starts_on else f"{day(starts_on)} to {day(last)}"


def moment(instant: datetime) -> str:
    """By London's clocks."""
    return f"{to_london(instant):%d/%m/%Y %H:%M:%S}"


def plural(count: int, one: str, many: str = "") -> str:
    """``1 call``, ``1,234 calls``."""
    return f"{count:,} {one if abs(count) == 1 else many or one + 's'}"


def clock(seconds: int) -> str:
    """``1:02:03``; of less than an hour ``2:03``."""
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    minutes, left = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02d}:{left:02d}" if hours else f"{sign}{minutes}:{left:02d}"


def lines_of(bill_number: str | None, line_number: int) -> str:
    """A line of an earlier bill."""
    return f"line {line_number} of bill {bill_number}" if bill_number else f"line {line_number} of a bill not yet numbered"
