"""Working hours: weekly spans by the clock on the wall, a nation's bank holidays, days that are otherwise. Pure.

``WorkingHours`` reckons open time. Its spans are laid out once, year by year, with running totals: ``between`` is two
searches, ``add`` and ``subtract`` are two more, whatever lies between (the cost: docs/decisions/0162). Asked beyond the
years it has, it lays out more.

What is decided here:

* Time is elapsed time. A calendar that never closes has 23 hours on the Sunday the clocks go forward and 25 on the
  Sunday they go back.
* An opening or closing that the clock jumps over is at the jump; one that it shows twice is at the first coming. So the
  spans of a day never overlap, whatever the clocks do.
* The closing instant belongs to the hours as an end and the opening instant as a start: time that runs out at closing
  is up at that instant, not at the next opening; ``is_open`` says no there.
* An exception for a day stands instead of its weekday and of its bank holiday; one for a nation before one for all.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from css.core.calendar import ONE_DAY, Nation, bank_holiday_name, require_aware
from css.core.errors import BadMessage, Breach, Refused

DAY_MINUTES: Final = 1440
YEARS_AHEAD: Final = 5
"""So many years are laid out beyond the one first asked for."""
YEARS_MAX: Final = 60
"""Nobody reckons further; a time beyond is a slip, and would lay out spans without end."""
_REACHES: Final = (YEARS_AHEAD, 20, YEARS_MAX)
YEARS_SOUGHT: Final = 10
"""So far an opening or closing is looked for before there is none."""
INSTANTS_KEPT: Final = 20_000
"""Times of days that are kept once they are found; a dozen years of two a day."""
FIRST_YEAR: Final = date.min.year + 1
LAST_YEAR: Final = date.max.year - 1
ZERO: Final = timedelta()
_MINUTE: Final = timedelta(minutes=1)
_SECOND: Final = timedelta(seconds=1)


class Span(NamedTuple):
    """Open from one minute after midnight to another; 1440 is the midnight that ends the day."""

    opens_minute: int
    closes_minute: int


@dataclass(frozen=True, slots=True)
class Week:
    """The hours of a week from a day on: the latest that has begun counts. Before the first it is closed."""

    starts_on: date
    days: tuple[tuple[Span, ...], ...]
    """Monday to Sunday, each with its spans in order."""


@dataclass(frozen=True, slots=True)
class ExceptionalDay:
    """A day that is not as its weekday: other spans, or none."""

    day: date
    nation: str | None
    """None: in every nation."""
    spans: tuple[Span, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class CalendarTerms:
    """A working calendar as it is kept: what ``WorkingHours`` is laid out from."""

    code: str
    name: str
    time_zone: str
    """IANA name."""
    keeps_bank_holidays: bool
    weeks: tuple[Week, ...]
    """In order of ``starts_on``."""
    exceptions: tuple[ExceptionalDay, ...] = ()


class DayHours(NamedTuple):
    """One day's spans; why there are none, or why they are not those of its weekday. ``reason`` is None on a day like any other."""

    spans: tuple[Span, ...]
    reason: str | None


class _Laid(NamedTuple):
    """Spans laid out for whole years, in the order of time; spans that touch are one."""

    first_year: int
    last_year: int
    begins_at: datetime
    ends_at: datetime
    """The years' own first instant and the first beyond them."""
    opens: list[datetime]
    closes: list[datetime]
    before: list[timedelta]
    """Open time from ``begins_at`` to each opening, and at the end the whole."""
    midnights: list[datetime]
    """The beginning of every day, in order."""
    days: list[date]
    """The days with any hours."""
    places: list[int]
    """For every day, the place in ``days`` of the first that is not before it."""


class WorkingHours:
    """One calendar's hours in one nation. All instants given must be aware; all that come back are UTC.

    Objects are safe to share between threads.
    """

    def __init__(self, terms: CalendarTerms, nation: Nation) -> None:
        self.terms = terms
        self.nation = nation
        self.zone = zone_named(terms.time_zone)
        self._exceptions: dict[date, ExceptionalDay] = {}
        # Those for all first, so that one for the nation takes the place.
        for exceptional in sorted(terms.exceptions, key=lambda each: each.nation is not None):
            if exceptional.nation is None or exceptional.nation == nation:
                self._exceptions[exceptional.day] = exceptional
        self._laid: _Laid | None = None
        self._instants: dict[tuple[date, time], datetime] = {}

    # --- time ---

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The open time from ``start`` to ``end``; negative when ``end`` is the earlier, so that parts always add up."""
        start, end = require_aware(start), require_aware(end)
        laid = self._over(start, end)
        return _elapsed(laid, end) - _elapsed(laid, start)

    def add(self, start: datetime, open_time: timedelta) -> datetime:
        """The first instant at which so much open time has passed since ``start``; at closing, the closing.

        No time at all is over at ``start`` itself, open or not. Error: CSS837E, it is never over.
        """
        if open_time < ZERO:
            msg = f"{open_time} is no time to add; subtract it"
            raise Breach(msg)
        start = require_aware(start)
        if not open_time:
            return start
        for laid in self._wider(start, 1):
            wanted = _elapsed(laid, start) + open_time
            if wanted <= laid.before[-1]:
                # The last span before whose opening less than the wanted time has passed: the time is up within it.
                index = bisect_left(laid.before, wanted) - 1
                return laid.opens[index] + (wanted - laid.before[index])
        raise self._too_far()

    def subtract(self, end: datetime, open_time: timedelta) -> datetime:
        """The last instant from which so much open time passes until ``end``; at opening, the opening. Error: CSS837E."""
        if open_time < ZERO:
            msg = f"{open_time} is no time to subtract; add it"
            raise Breach(msg)
        end = require_aware(end)
        if not open_time:
            return end
        for laid in self._wider(end, -1):
            wanted = _elapsed(laid, end) - open_time
            if wanted >= ZERO:
                index = bisect_right(laid.before, wanted) - 1
                return laid.opens[index] + (wanted - laid.before[index])
        raise self._too_far()

    def is_open(self, at: datetime) -> bool:
        """Whether it is open at the instant; at the closing instant it is not."""
        at = require_aware(at)
        laid = self._over(at, at)
        index = bisect_right(laid.opens, at) - 1
        return index >= 0 and at < laid.closes[index]

    def next_opening(self, at: datetime) -> datetime | None:
        """The first opening later than ``at``; None when there is none in the next ten years (it never closes, or never opens)."""
        return self._next(at, is_opening=True)

    def next_closing(self, at: datetime) -> datetime | None:
        """The first closing later than ``at``; None when there is none in the next ten years."""
        return self._next(at, is_opening=False)

    def previous_opening(self, at: datetime) -> datetime | None:
        """The last opening earlier than ``at``; None when there is none in the ten years before."""
        return self._previous(at, is_opening=True)

    def previous_closing(self, at: datetime) -> datetime | None:
        """The last closing earlier than ``at``; None when there is none in the ten years before."""
        return self._previous(at, is_opening=False)

    # --- days ---

    def day_of(self, at: datetime) -> date:
        """The day on this calendar's clocks."""
        at = require_aware(at)
        laid = self._over(at, at)
        return date.fromordinal(date(laid.first_year, 1, 1).toordinal() + bisect_right(laid.midnights, at) - 1)

    def instant(self, day: date, wall: time) -> datetime:
        """When this calendar's clocks show ``wall`` on ``day``, by the rule of this module, in UTC."""
        found = self._instants.get((day, wall))
        if found is None:
            if len(self._instants) >= INSTANTS_KEPT:
                self._instants.clear()
            found = self._instants[day, wall] = _wall(datetime.combine(day, wall), self.zone)
        return found

    def at_minute(self, day: date, minute: int) -> datetime:
        """When its clocks come to show so many minutes after the midnight that begins ``day``; 1440 is the next midnight."""
        return _wall(datetime.combine(day, time()) + minute * _MINUTE, self.zone)

    def hours_of(self, day: date) -> DayHours:
        """The day's spans by the clock on the wall, and what is unusual about it."""
        exceptional = self._exceptions.get(day)
        if exceptional is not None:
            return DayHours(exceptional.spans, exceptional.reason)
        if self.terms.keeps_bank_holidays and (holiday := bank_holiday_name(day, self.nation)) is not None:
            return DayHours((), holiday)
        spans = self.week_on(day)[day.weekday()]
        return DayHours(spans, None)

    def counts(self, day: date) -> bool:
        """Whether there are any hours on the day."""
        return bool(self.hours_of(day).spans)

    def counted_day(self, day: date, later: int = 0) -> date:
        """The day itself if it has hours, else the next that has; and from there so many days with hours later. Error: CSS837E."""
        laid = self._laid
        if laid is None or not laid.first_year <= day.year <= laid.last_year:
            laid = self._widened(day.year, day.year)
        found = _counted(laid, day, later)
        if found is None:
            sought = (_counted(wider, day, later) for wider in self._wider(self.at_minute(day, 0), 1))
            found = next((each for each in sought if each is not None), None)
        if found is None:
            raise self._too_far()
        return found

    @cached_property
    def is_every_day(self) -> bool:
        """Whether every day of every week counts, whatever the date."""
        has_all = bool(self.terms.weeks) and all(all(week.days) for week in self.terms.weeks)
        return has_all and not self.terms.keeps_bank_holidays and all(each.spans for each in self._exceptions.values())

    @cached_property
    def is_always(self) -> bool:
        """Whether it never closes."""
        whole = (Span(0, DAY_MINUTES),)
        return self.is_every_day and all(day == whole for week in self.terms.weeks for day in week.days) and not self._exceptions

    def week_on(self, day: date) -> tuple[tuple[Span, ...], ...]:
        """The hours of the week in force on a day, Monday to Sunday, whatever is unusual about that day."""
        begun = [week for week in self.terms.weeks if week.starts_on <= day]
        return begun[-1].days if begun else _CLOSED

    # --- laying out ---

    def _over(self, start: datetime, end: datetime) -> _Laid:
        """Spans laid out over both instants."""
        laid = self._laid
        if laid is not None and laid.begins_at <= start < laid.ends_at and laid.begins_at <= end < laid.ends_at:
            return laid
        first, last = sorted((start.astimezone(self.zone).year, end.astimezone(self.zone).year))
        return self._widened(first, last)

    def _wider(self, at: datetime, way: int) -> Iterator[_Laid]:
        """Spans laid out over an instant, and further and further one way, as far as anybody reckons."""
        yield self._over(at, at)
        year = at.astimezone(self.zone).year
        for years in _REACHES:
            yield self._widened(*sorted((year, min(LAST_YEAR, max(FIRST_YEAR, year + way * years)))))

    def _widened(self, first: int, last: int) -> _Laid:
        """These years laid out with those there are; without them where that were too many."""
        if last - first > YEARS_MAX:
            raise self._too_far()
        laid = self._laid
        if laid is None or max(last, laid.last_year) - min(first, laid.first_year) > 2 * YEARS_MAX:
            first, last = first - 1, last + YEARS_AHEAD
        else:
            first, last = min(first, laid.first_year), max(last, laid.last_year)
        # Built beside what others are reading, and put in its place at once.
        self._laid = laid = self._lay(max(first, FIRST_YEAR), min(last, LAST_YEAR))
        return laid

    def _too_far(self) -> Refused:
        return Refused(
            "CSS837E",
            "That is further than calendar {calendar} is reckoned: {years} years.",
            calendar=self.terms.code,
            years=YEARS_MAX,
            element="calendar_code",
        )

    def _lay(self, first: int, last: int) -> _Laid:
        opens: list[datetime] = []
        closes: list[datetime] = []
        midnights: list[datetime] = []
        days: list[date] = []
        places: list[int] = []
        day, end = date(first, 1, 1), date(last + 1, 1, 1)
        begins_at = midnight = self.at_minute(day, 0)
        while day < end:
            next_day = day + ONE_DAY
            next_midnight = self.at_minute(next_day, 0)
            spans = self.hours_of(day).spans
            midnights.append(midnight)
            places.append(len(days))
            if spans:
                days.append(day)
            # Most days have 24 hours, and then the clock need not be asked.
            is_plain = next_midnight - midnight == ONE_DAY
            for span in spans:
                if is_plain:
                    opens_at, closes_at = midnight + span.opens_minute * _MINUTE, midnight + span.closes_minute * _MINUTE
                else:
                    opens_at, closes_at = self.at_minute(day, span.opens_minute), self.at_minute(day, span.closes_minute)
                if opens_at == closes_at:  # wholly in the hour the clocks jump over
                    continue
                if closes and opens_at <= closes[-1]:
                    closes[-1] = max(closes[-1], closes_at)
                else:
                    opens.append(opens_at)
                    closes.append(closes_at)
            day, midnight = next_day, next_midnight
        before = [ZERO]
        for opens_at, closes_at in zip(opens, closes, strict=True):
            before.append(before[-1] + (closes_at - opens_at))
        return _Laid(first, last, begins_at, midnight, opens, closes, before, midnights, days, places)

    # --- looking for an edge ---

    def _next(self, at: datetime, *, is_opening: bool) -> datetime | None:
        at = require_aware(at)
        laid = self._over(at, at)
        sought_to = at.astimezone(self.zone).year + YEARS_SOUGHT
        while True:
            edges = laid.opens if is_opening else laid.closes
            index = bisect_right(edges, at)
            # An end of the years laid out is no closing.
            if index < len(edges) and edges[index] < laid.ends_at:
                return edges[index]
            if laid.last_year >= min(sought_to, LAST_YEAR):
                return None
            laid = self._widened(laid.first_year, sought_to)

    def _previous(self, at: datetime, *, is_opening: bool) -> datetime | None:
        at = require_aware(at)
        laid = self._over(at, at)
        sought_to = at.astimezone(self.zone).year - YEARS_SOUGHT
        while True:
            edges = laid.opens if is_opening else laid.closes
            index = bisect_left(edges, at) - 1
            if index >= 0 and edges[index] > laid.begins_at:
                return edges[index]
            if laid.first_year <= max(sought_to, FIRST_YEAR):
                return None
            laid = self._widened(sought_to, laid.last_year)


_CLOSED: Final[tuple[tuple[Span, ...], ...]] = ((),) * 7


def _counted(laid: _Laid, day: date, later: int) -> date | None:
    """The first counted day not before ``day``, or so many later; None when it is not laid out."""
    place = laid.places[day.toordinal() - date(laid.first_year, 1, 1).toordinal()] + later
    return laid.days[place] if place < len(laid.days) else None


def _elapsed(laid: _Laid, at: datetime) -> timedelta:
    """Open time from the first instant laid out to this one."""
    index = bisect_right(laid.opens, at) - 1
    if index < 0:
        return ZERO
    closes_at = laid.closes[index]
    return laid.before[index + 1] if at >= closes_at else laid.before[index] + (at - laid.opens[index])


@cache
def zone_named(name: str) -> ZoneInfo:
    """The time zone of that IANA name. Error: CSS854E."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise BadMessage(
            "CSS854E", "{zone!r} is not a time zone; write one like Europe/London.", zone=name[:40], element="time_zone"
        ) from None


def _wall(shown: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the clocks of a zone come to show a time: the jump, if they jump over it; else its first coming."""
    first = shown.replace(tzinfo=zone)
    instant = first.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == shown:
        return instant
    # Read by the offset after the jump it is before it, read by the one before it is after it: halve what lies between.
    early, late = first.replace(fold=1).astimezone(UTC), instant
    before = early.astimezone(zone).utcoffset()
    while late - early > _SECOND:
        middle = early + (late - early) / 2
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)
