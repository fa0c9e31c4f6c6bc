"""Dates, instants, periods and working days. The only place in the house that knows Europe/London.

Instants are aware datetimes in UTC; dates are London dates; a period is half-open, its end the first day outside it.

Wall-clock times of Europe/London and the two odd nights of the year:

* the hour that is missing in spring (01:00-01:59 on the last Sunday of March) moves forward: 01:30 is read as 02:30
  summer time, whatever ``fold`` says;
* the hour that comes twice in autumn (01:00-01:59 on the last Sunday of October) is its first coming, still summer
  time, unless ``fold=1`` asks for the second. Files without an offset are read by the same rule.

Bank holidays differ by nation and come from the ``holidays`` package, substitute days included. The day a holiday
falls on and its substitute are both non-working, which matters only to calendars that work on Saturdays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from css.core.errors import BadMessage, Breach

LONDON: Final = ZoneInfo("Europe/London")
ONE_DAY: Final = timedelta(days=1)

Nation = Literal["england-and-wales", "scotland", "northern-ireland"]
NATIONS: Final[tuple[Nation, ...]] = get_args(Nation)
_SUBDIVISIONS: Final[dict[Nation, str]] = {"england-and-wales": "ENG", "scotland": "SCT", "northern-ireland": "NIR"}

CYCLE_MONTHS: Final = (1, 3, 12)
"""Billing frequencies: monthly, quarterly, annual."""

WORKING_DAYS_MAX: Final = 10_000
"""Nobody promises anything forty years off; a larger count is a slip, and would walk the calendar day by day."""

SATURDAY: Final = 5
SUNDAY: Final = 6


# --- instants and London time ---------------------------------------------------------------------------------------


def require_aware(instant: datetime) -> datetime:
    """The same instant in UTC. A datetime without a zone is our own mistake and a ``Breach``, never guessed at."""
    if instant.utcoffset() is None:
        msg = f"an instant must know its zone: {instant.isoformat()}"
        raise Breach(msg)
    return instant.astimezone(UTC)


def to_london(instant: datetime) -> datetime:
    """The instant as London clocks show it (aware; for reading aloud, printing and bands, never for storing)."""
    return require_aware(instant).astimezone(LONDON)


def london_date(instant: datetime) -> date:
    """The date in London at that instant."""
    return to_london(instant).date()


def day_words(day: date) -> str:
    """A day as a sentence says it: 9 March 2026."""
    return f"{day.day} {day:%B} {day.year}"


def london_instant(day: date, wall: time, *, fold: Literal[0, 1] = 0) -> datetime:
    """The UTC instant at which London clocks show ``wall`` on ``day``; the odd nights by the rule of this module.

    ``wall`` is a plain time without a zone; ``fold`` picks the second coming of the repeated hour and is otherwise
    without effect.
    """
    if wall.tzinfo is not None:
        msg = f"a wall-clock time carries no zone: {wall.isoformat()}"
        raise Breach(msg)
    shown = datetime.combine(day, wall.replace(fold=0), tzinfo=LONDON)
    first = shown.astimezone(UTC)
    if not fold:
        return first
    second = shown.replace(fold=1).astimezone(UTC)
    # In the missing hour fold=1 would go back, not forward: only a later instant is a true second coming.
    return max(first, second)


def start_of_day(day: date) -> datetime:
    """Midnight in London at the start of ``day``, in UTC. London has never moved its clocks at midnight."""
    return london_instant(day, time())


# --- periods --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=False)
class Period:
    """Days from ``starts_on`` up to but not including ``ends_on``; ``None`` when it has no end.

    A period may be empty (a service started and ceased on one day); it may not run backwards (CSS051E).
    """

    starts_on: date
    ends_on: date | None = None

    def __post_init__(self) -> None:
        for day in (self.starts_on, self.ends_on):
            if isinstance(day, datetime):
                msg = f"a period is made of dates, not instants: {day.isoformat()}"
                raise Breach(msg)
        if self.ends_on is not None and self.ends_on < self.starts_on:
            raise BadMessage(
                "CSS051E",
                "The period ends on {ends_on}, before it starts on {starts_on}.",
                element="ends_on",
                starts_on=self.starts_on.isoformat(),
                ends_on=self.ends_on.isoformat(),
            )

    @property
    def days(self) -> int:
        """How many days it holds. Asking a period without an end is a ``Breach``."""
        if self.ends_on is None:
            msg = f"the period from {self.starts_on} has no end to count to"
            raise Breach(msg)
        return (self.ends_on - self.starts_on).days

    @property
    def last_day(self) -> date | None:
        """The last day inside it, as a bill prints it; ``None`` when it has no end. An empty period has none: ``Breach``."""
        if self.ends_on is None:
            return None
        if self.ends_on == self.starts_on:
            msg = f"the period on {self.starts_on} is empty and has no last day"
            raise Breach(msg)
        return self.ends_on - ONE_DAY

    def contains(self, day: date) -> bool:
        """Whether the day is inside."""
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)

    def overlap(self, other: Period) -> Period | None:
        """The days both hold, ``None`` when there are none."""
        starts_on = max(self.starts_on, other.starts_on)
        ends = [period.ends_on for period in (self, other) if period.ends_on is not None]
        ends_on = min(ends) if ends else None
        if ends_on is not None and ends_on <= starts_on:
            return None
        return Period(starts_on, ends_on)

    def split_at(self, days: Iterable[date]) -> tuple[Period, ...]:
        """The same days cut where a price, a rate of VAT or a product changes: each cut day starts a new part.

        Cuts on the edges or outside change nothing; order and repeats do not matter. Together the parts are the whole.
        """
        cuts = sorted({day for day in days if self.contains(day) and day != self.starts_on})
        starts = [self.starts_on, *cuts]
        ends = [*cuts, self.ends_on]
        return tuple(Period(starts_on, ends_on) for starts_on, ends_on in zip(starts, ends, strict=True))


# --- months and billing cycles --------------------------------------------------------------------------------------


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    if month == 2:  # noqa: PLR2004 - February
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in {4, 6, 9, 11} else 31


def _day_of_month(month_index: int, day_of_month: int) -> date:
    """The day in the month that is ``month_index`` months after January of year 0, at most the month's last."""
    year, month0 = divmod(month_index, 12)
    if not date.min.year <= year <= date.max.year:
        raise BadMessage("CSS074E", "The year {year} is outside the calendar.", year=year)
    return date(year, month0 + 1, min(day_of_month, days_in_month(year, month0 + 1)))


def add_months(day: date, months: int, anchor_day: int | None = None) -> date:
    """The same day of the month ``months`` later (earlier when negative), at most the last day of that month.

    ``anchor_day`` is the day of the month meant all along: 31 January plus one month is 28 February, and from there
    plus one month with ``anchor_day=31`` is 31 March again. Without it the day's own number is meant.
    """
    return _day_of_month(day.year * 12 + day.month - 1 + months, day.day if anchor_day is None else anchor_day)


def _cycle_start_index(day: date, cycle_day: int, months: int, anchor_month: int) -> int:
    """Month index of the cycle date on or before ``day``; checks the cycle's own numbers (CSS072E, CSS073E)."""
    if not 1 <= cycle_day <= 31:  # noqa: PLR2004 - days of a month
        raise BadMessage("CSS072E", "{cycle_day} is not a day of the month, 1 to 31.", element="cycle_day", cycle_day=cycle_day)
    if months not in CYCLE_MONTHS or not 1 <= anchor_month <= 12:  # noqa: PLR2004 - months of a year
        raise BadMessage(
            "CSS073E",
            "A bill comes every 1, 3 or 12 months counted from a month 1 to 12, not every {months} from {anchor_month}.",
            element="months",
            months=months,
            anchor_month=anchor_month,
        )
    index = day.year * 12 + day.month - 1
    index -= (index - (anchor_month - 1)) % months
    # The anchor month has come but perhaps not yet its day.
    if (day.year * 12 + day.month - 1) == index and day.day < min(cycle_day, days_in_month(day.year, day.month)):
        index -= months
    return index


def billing_period_containing(day: date, cycle_day: int, months: int, anchor_month: int = 1) -> Period:
    """The billing period of 1, 3 or 12 months that holds ``day``.

    Periods start on ``cycle_day`` (1 to 31, at most the month's last day). ``anchor_month`` (1 to 12) is any one of
    the months in which a quarterly or annual period starts: quarterly with 2 starts in February, May, August and
    November. Errors: CSS072E, CSS073E.
    """
    index = _cycle_start_index(day, cycle_day, months, anchor_month)
    return Period(_day_of_month(index, cycle_day), _day_of_month(index + months, cycle_day))


def next_cycle_date(after: date, cycle_day: int, months: int, anchor_month: int = 1) -> date:
    """The first cycle date later than ``after``; arguments as for ``billing_period_containing``."""
    return _day_of_month(_cycle_start_index(after, cycle_day, months, anchor_month) + months, cycle_day)


def cycle_dates(start: date, end: date, cycle_day: int, months: int, anchor_month: int = 1) -> Iterator[date]:
    """Every cycle date from ``start`` up to but not including ``end``, in order."""
    index = _cycle_start_index(start, cycle_day, months, anchor_month)
    if _day_of_month(index, cycle_day) < start:
        index += months
    while (day := _day_of_month(index, cycle_day)) < end:
        yield day
        index += months


# --- working days ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _bank_holidays(year: int, nation: Nation) -> dict[date, str]:
    if nation not in _SUBDIVISIONS:
        raise BadMessage(
            "CSS071E", "{nation!r} is not a nation; say one of {nations}.", element="nation", nation=nation, nations=", ".join(NATIONS)
        )
    # Imported when first asked: most commands need no holidays and the package is slow to load.
    from holidays import country_holidays  # noqa: PLC0415

    return dict(country_holidays("GB", subdiv=_SUBDIVISIONS[nation], years=year))


def bank_holiday_name(day: date, nation: Nation) -> str | None:
    """What the holiday is called, substitute days marked "(observed)"; ``None`` on any other day."""
    return _bank_holidays(day.year, nation).get(day)


def is_bank_holiday(day: date, nation: Nation) -> bool:
    """Whether the day is a public or bank holiday in that nation, or the substitute for one."""
    return day in _bank_holidays(day.year, nation)


def is_working_day(day: date, nation: Nation, *, saturdays: bool = False) -> bool:
    """Monday to Friday (Saturday too when ``saturdays``) and not a bank holiday of the nation."""
    return day.weekday() < (SUNDAY if saturdays else SATURDAY) and not is_bank_holiday(day, nation)


def add_working_days(day: date, count: int, nation: Nation, *, saturdays: bool = False) -> date:
    """The ``count``-th working day after ``day``, or before it when negative; ``day`` itself is never counted.

    Zero gives ``day`` back, working or not. From a Saturday, one working day on is Monday. Error: CSS075E.
    """
    if abs(count) > WORKING_DAYS_MAX:
        raise BadMessage("CSS075E", "{count} working days is further than the calendar is reckoned.", count=count)
    stride = ONE_DAY if count > 0 else -ONE_DAY
    left = abs(count)
    while left:
        day += stride
        if is_working_day(day, nation, saturdays=saturdays):
            left -= 1
    return day


def next_working_day(day: date, nation: Nation, *, saturdays: bool = False) -> date:
    """The first working day later than ``day``."""
    return add_working_days(day, 1, nation, saturdays=saturdays)


def working_day_on_or_after(day: date, nation: Nation, *, saturdays: bool = False) -> date:
    """The day itself if it is a working day, else the next: what a report on a holiday counts as."""
    return day if is_working_day(day, nation, saturdays=saturdays) else next_working_day(day, nation, saturdays=saturdays)


def working_days_between(start: date, end: date, nation: Nation, *, saturdays: bool = False) -> int:
    """How many working days there are from ``start`` up to but not including ``end``; zero when ``end`` is not later."""
    span = range(start.toordinal(), end.toordinal())
    return sum(is_working_day(date.fromordinal(ordinal), nation, saturdays=saturdays) for ordinal in span)
