"""Working hours: properties that hold for any calendar, the same answers as a walk minute by minute, and the odd days by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from css.core.calendar import NATIONS, Nation, is_bank_holiday, london_instant
from css.core.errors import BadMessage, Breach, Refused
from css.core.hours_words import WEEKDAYS, days_words, read_day, read_week, span_words, week_words
from css.core.working_hours import CalendarTerms, ExceptionalDay, Span, Week, WorkingHours, zone_named
from css.master.working_reference import CALENDARS

E_W: Nation = "england-and-wales"
OLD = date(1990, 1, 1)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BY_CODE = {each.code: each for each in CALENDARS}
# Kept from test to test on purpose: what was asked before must not matter.
HOURS = {(each.code, nation): WorkingHours(each, nation) for each in CALENDARS for nation in NATIONS}


def london(text: str, fold: int = 0) -> datetime:
    when = datetime.fromisoformat(text)
    return london_instant(when.date(), when.time(), fold=1 if fold else 0)


def calendar(*lines: str, zone: str = "Europe/London", holidays: bool = True, exceptions: tuple[ExceptionalDay, ...] = ()) -> CalendarTerms:
    return CalendarTerms("TRIED", "Tried", zone, holidays, (Week(OLD, read_week(lines)),), exceptions)


def hours_of(*lines: str, zone: str = "Europe/London", holidays: bool = True, nation: Nation = E_W) -> WorkingHours:
    return WorkingHours(calendar(*lines, zone=zone, holidays=holidays), nation)


# --- for any calendar ---

FEW = settings(max_examples=50, deadline=None)

cuts = st.lists(st.integers(0, 288).map(lambda five: five * 5), max_size=6, unique=True).map(sorted)
days = cuts.map(lambda at: tuple(Span(opens, closes) for opens, closes in list(pairwise(at))[::2]))
weeks = st.tuples(*[days] * 7).filter(lambda week: sum(len(day) for day in week) > 1)
calendars = st.builds(
    lambda week, zone, holidays, closed: CalendarTerms(
        "ANY", "Any", zone, holidays, (Week(OLD, week),), tuple(ExceptionalDay(day, None, (), "Closed") for day in closed)
    ),
    weeks,
    st.sampled_from(("Europe/London", "America/New_York", "UTC")),
    st.booleans(),
    st.lists(st.sampled_from([date(2026, 10, 24), date(2026, 10, 25), date(2026, 12, 24), date(2026, 3, 29)]), max_size=2, unique=True),
)
kept = st.sampled_from(sorted(HOURS)).map(HOURS.__getitem__)
any_hours = st.one_of(kept, st.builds(WorkingHours, calendars, st.sampled_from(NATIONS)))
instants = st.datetimes(datetime(2025, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them bare
lengths = st.timedeltas(timedelta(), timedelta(days=40))


@FEW
@given(any_hours, instants, instants, instants)
def test_parts_add_up_to_the_whole(hours: WorkingHours, one: datetime, two: datetime, three: datetime) -> None:
    assert hours.between(one, two) + hours.between(two, three) == hours.between(one, three)
    assert hours.between(one, two) == -hours.between(two, one)
    assert timedelta() <= hours.between(min(one, two), max(one, two)) <= abs(two - one)


@FEW
@given(any_hours, instants, lengths)
def test_what_is_added_lies_between(hours: WorkingHours, start: datetime, length: timedelta) -> None:
    assert hours.between(start, hours.add(start, length)) == length
    assert hours.between(hours.subtract(start, length), start) == length


@FEW
@given(any_hours, instants, lengths.filter(bool))
def test_adding_ends_as_early_and_subtracting_as_late_as_can_be(hours: WorkingHours, start: datetime, length: timedelta) -> None:
    tick = timedelta(microseconds=1)
    assert hours.between(start, hours.add(start, length) - tick) == length - tick
    assert hours.between(hours.subtract(start, length) + tick, start) == length - tick


@FEW
@given(any_hours, instants, instants, lengths, lengths)
def test_adding_and_subtracting_keep_the_order(
    hours: WorkingHours, one: datetime, two: datetime, short: timedelta, long: timedelta
) -> None:
    (one, two), (short, long) = sorted((one, two)), sorted((short, long))
    assert hours.add(one, long) <= hours.add(two, long)
    assert hours.add(one, short) <= hours.add(one, long)
    assert hours.subtract(one, long) <= hours.subtract(two, long)
    assert hours.subtract(one, long) <= hours.subtract(one, short)


@FEW
@given(any_hours, instants, lengths, lengths)
def test_time_added_in_two_parts_is_added_at_once(hours: WorkingHours, start: datetime, one: timedelta, two: timedelta) -> None:
    assert hours.add(hours.add(start, one), two) == hours.add(start, one + two)


@FEW
@given(any_hours, instants, lengths, st.fractions(0, 1), st.fractions(0, 1))
def test_a_pause_while_it_is_closed_changes_nothing(
    hours: WorkingHours, start: datetime, length: timedelta, one: float, two: float
) -> None:
    due = hours.add(start, length)
    closed_from = hours.next_closing(start)
    closed_to = None if closed_from is None else hours.next_opening(closed_from - timedelta(microseconds=1))
    if closed_from is None or closed_to is None or closed_from >= due:
        return
    paused, resumed = (closed_from + (closed_to - closed_from) * float(part) for part in sorted((one, two)))
    remaining = hours.between(paused, due)
    assert hours.add(resumed, remaining) == due


@FEW
@given(any_hours, instants)
def test_openings_and_closings_follow_each_other(hours: WorkingHours, at: datetime) -> None:
    tick = timedelta(microseconds=1)
    opening, closing = hours.next_opening(at), hours.next_closing(at)
    if opening is None or closing is None:
        return
    assert hours.is_open(opening)
    assert not hours.is_open(opening - tick)
    assert hours.is_open(closing - tick)
    assert not hours.is_open(closing)
    # Open when it closes before it opens again.
    assert hours.is_open(at) is (closing < opening)
    assert hours.previous_opening(opening + tick) == opening
    assert hours.previous_closing(closing + tick) == closing
    before = hours.previous_opening(at)
    assert before is not None
    assert before < at
    assert hours.next_opening(before - tick) == before


@settings(max_examples=15, deadline=None)
@given(calendars, st.sampled_from(NATIONS), st.lists(instants, min_size=2, max_size=4), lengths)
def test_an_answer_does_not_depend_on_what_was_asked_before(
    terms: CalendarTerms, nation: Nation, asked: list[datetime], length: timedelta
) -> None:
    used = WorkingHours(terms, nation)
    for at in asked:
        used.add(at, length)
        used.subtract(at, length)
    last = asked[-1]
    assert used.add(last, length) == WorkingHours(terms, nation).add(last, length)
    assert used.between(asked[0], last) == WorkingHours(terms, nation).between(asked[0], last)


# --- against a walk ---


class Walk:
    """The slow and obvious way: looks at the clock on the wall once a minute. Spans are whole minutes; so are its instants."""

    def __init__(self, terms: CalendarTerms, nation: Nation) -> None:
        self.terms, self.nation, self.zone = terms, nation, ZoneInfo(terms.time_zone)

    def is_open(self, at: datetime) -> bool:
        shown = at.astimezone(self.zone)
        day, minute = shown.date(), shown.hour * 60 + shown.minute
        if shown.fold:
            minute = 119  # the hour that comes again is over when it was over first; London's and New York's ends at 02:00
        if any(each.day == day for each in self.terms.exceptions):
            return False
        if self.terms.keeps_bank_holidays and is_bank_holiday(day, self.nation):
            return False
        return any(span.opens_minute <= minute < span.closes_minute for span in self.terms.weeks[0].days[day.weekday()])

    def between(self, start: datetime, end: datetime) -> timedelta:
        minutes = (end - start) // MINUTE
        return sum(self.is_open(start + MINUTE * minute) for minute in range(minutes)) * MINUTE

    def add(self, start: datetime, length: timedelta, limit: datetime) -> datetime | None:
        at = start
        while length and at < limit:
            length -= MINUTE * self.is_open(at)
            at += MINUTE
        return None if length else at

    def subtract(self, end: datetime, length: timedelta, limit: datetime) -> datetime | None:
        at = end
        while length and at > limit:
            at -= MINUTE
            length -= MINUTE * self.is_open(at)
        return None if length else at


odd_days = st.sampled_from([(2026, 3, 28), (2026, 3, 7), (2026, 10, 24), (2026, 10, 31), (2026, 12, 24), (2027, 12, 24), (2026, 4, 2)])
odd_instants = st.builds(
    lambda day, minutes: datetime(day[0], day[1], day[2], tzinfo=UTC) + minutes * MINUTE,
    odd_days,
    st.one_of(st.integers(0, 2 * 1440), st.integers(1380, 1640)),
)


@settings(max_examples=60, deadline=None)
@given(calendars, st.sampled_from(NATIONS), odd_instants, st.integers(0, 1500), st.integers(0, 600))
def test_a_walk_minute_by_minute_comes_to_the_same(terms: CalendarTerms, nation: Nation, start: datetime, span: int, length: int) -> None:
    hours, walk = WorkingHours(terms, nation), Walk(terms, nation)
    end = start + span * MINUTE
    assert hours.is_open(start) == walk.is_open(start)
    assert hours.between(start, end) == walk.between(start, end)
    added = walk.add(start, length * MINUTE, start + timedelta(days=3))
    if added is not None:
        assert hours.add(start, length * MINUTE) == added
    taken = walk.subtract(start, length * MINUTE, start - timedelta(days=3))
    if taken is not None:
        assert hours.subtract(start, length * MINUTE) == taken


# --- by hand ---

OFFICE = hours_of("Mon-Fri 08:00-17:00")


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-16 08:00", 1, "2026-11-16 09:00"),
        ("2026-11-16 08:00", 9, "2026-11-16 17:00"),  # exactly closing: the closing, not the next opening
        ("2026-11-16 16:30", 1, "2026-11-17 08:30"),
        ("2026-11-16 03:00", 9, "2026-11-16 17:00"),
        ("2026-11-20 17:00", 18, "2026-11-24 17:00"),  # from Friday's closing over the weekend
        ("2026-11-21 12:00", 0, "2026-11-21 12:00"),  # no time is over at once, open or not
        ("2026-12-24 16:00", 2, "2026-12-29 09:00"),  # Christmas on a Friday, the substitute for Boxing Day on Monday
        ("2021-12-24 16:00", 2, "2021-12-29 09:00"),  # on Saturday and Sunday, substitutes on Monday and Tuesday
        ("2022-12-23 16:00", 2, "2022-12-28 09:00"),  # on a Sunday: Monday is Boxing Day and Tuesday the substitute
    ],
)
def test_open_time_runs_in_office_hours_only(start: str, hours: int, end: str) -> None:
    assert OFFICE.add(london(start), hours * HOUR) == london(end)
    assert OFFICE.between(london(start), london(end)) == hours * HOUR


def test_time_taken_from_an_opening_ends_at_one() -> None:
    """Backwards the opening belongs to the hours as a start, as forwards the closing does as an end."""
    assert OFFICE.subtract(london("2026-11-17 09:00"), HOUR) == london("2026-11-17 08:00")
    assert OFFICE.subtract(london("2026-11-17 08:00"), HOUR) == london("2026-11-16 16:00")


@pytest.mark.parametrize(
    ("nation", "opens"),
    [
        # Easter Monday and 2 January differ; St Andrew's and St Patrick's days are each one nation's own.
        ("england-and-wales", ["2026-01-02", "2026-04-07", "2026-03-17", "2026-11-30", "2026-08-03", "2026-09-01"]),
        ("scotland", ["2026-01-05", "2026-04-06", "2026-03-17", "2026-12-01", "2026-08-04", "2026-08-31"]),
        ("northern-ireland", ["2026-01-02", "2026-04-07", "2026-03-18", "2026-11-30", "2026-08-03", "2026-09-01"]),
    ],
)
def test_each_nation_keeps_its_own_holidays(nation: Nation, opens: list[str]) -> None:
    asked = ["2026-01-02", "2026-04-03", "2026-03-17", "2026-11-30", "2026-08-03", "2026-08-31"]
    hours = HOURS["WEEKDAYS", nation]
    found = [hours.counted_day(date.fromisoformat(day)).isoformat() for day in asked]
    found[1] = hours.counted_day(date(2026, 4, 3)).isoformat()
    assert found == opens


@pytest.mark.parametrize(("day", "elapsed"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)])
def test_a_day_is_as_long_as_it_lasts(day: str, elapsed: int) -> None:
    always = HOURS["ALWAYS", E_W]
    first = date.fromisoformat(day)
    begins, ends = london_instant(first, time()), london_instant(first + timedelta(days=1), time())
    assert always.between(begins, ends) == elapsed * HOUR
    assert always.add(begins, elapsed * HOUR) == ends
    alone = hours_of(f"{WEEKDAYS[first.weekday()]} all day")
    assert alone.between(begins - 2 * HOUR, ends + 2 * HOUR) == elapsed * HOUR


@pytest.mark.parametrize(
    ("hours", "start", "end", "elapsed"),
    [
        # Spring: 01:00 to 02:00 is not on the clock. An edge in it is at the jump.
        ("00:00-01:30", "2026-03-29 00:00", "2026-03-29 06:00", 60),
        ("01:30-05:00", "2026-03-29 00:00", "2026-03-29 06:00", 180),
        ("01:15-01:45", "2026-03-29 00:00", "2026-03-29 06:00", 0),
        ("01:30-02:10", "2026-03-29 00:00", "2026-03-29 06:00", 10),
        ("00:30-01:15, 01:45-02:30", "2026-03-29 00:00", "2026-03-29 06:00", 60),
        # Autumn: it comes twice. An edge in it is at the first coming.
        ("00:00-01:30", "2026-10-25 00:00", "2026-10-25 06:00", 90),
        ("01:30-05:00", "2026-10-25 00:00", "2026-10-25 06:00", 270),
        ("00:00-03:00", "2026-10-25 00:00", "2026-10-25 06:00", 240),
        ("22:00-24:00", "2026-10-25 12:00", "2026-10-26 00:00", 120),
    ],
)
def test_hours_in_the_odd_nights(hours: str, start: str, end: str, elapsed: int) -> None:
    assert hours_of(f"Sun {hours}").between(london(start), london(end)) == elapsed * MINUTE


def test_hours_are_those_of_the_clocks_of_the_zone() -> None:
    paris, london_ = hours_of("Mon-Fri 09:00-17:00", zone="Europe/Paris"), hours_of("Mon-Fri 09:00-17:00")
    at = london("2026-07-01 00:00")
    assert (paris.next_opening(at), london_.next_opening(at)) == (london("2026-07-01 08:00"), london("2026-07-01 09:00"))
    sydney = hours_of("every day all day", zone="Australia/Lord_Howe", holidays=False)
    assert sydney.between(sydney.instant(date(2026, 4, 5), time()), sydney.instant(date(2026, 4, 6), time())) == 24.5 * HOUR


def test_an_exception_stands_instead_of_weekday_and_holiday() -> None:
    exceptions = (
        ExceptionalDay(date(2026, 12, 24), None, (Span(480, 720),), "Christmas Eve"),
        ExceptionalDay(date(2026, 12, 25), "scotland", (Span(600, 660),), "Storm duty"),
        ExceptionalDay(date(2026, 12, 24), "scotland", (), "Closed in Scotland"),
        ExceptionalDay(date(2026, 12, 27), None, (Span(480, 540),), "Storm duty"),
    )
    terms = calendar("Mon-Fri 08:00-17:00", exceptions=exceptions)
    england, scotland = WorkingHours(terms, "england-and-wales"), WorkingHours(terms, "scotland")
    begins, ends = london("2026-12-24 00:00"), london("2026-12-28 00:00")
    assert england.between(begins, ends) == 5 * HOUR
    assert scotland.between(begins, ends) == 2 * HOUR
    assert england.hours_of(date(2026, 12, 25)).reason == "Christmas Day"
    assert scotland.hours_of(date(2026, 12, 24)) == ((), "Closed in Scotland")


def test_a_week_counts_from_its_day_on() -> None:
    later = (Week(OLD, read_week(["Mon-Fri 08:00-17:00"])), Week(date(2026, 11, 18), read_week(["Mon-Sat 09:00-11:00"])))
    hours = WorkingHours(CalendarTerms("TRIED", "Tried", "Europe/London", True, later), E_W)
    assert hours.between(london("2026-11-16 00:00"), london("2026-11-23 00:00")) == (2 * 9 + 4 * 2) * HOUR
    unborn = WorkingHours(CalendarTerms("TRIED", "Tried", "Europe/London", True, later[1:]), E_W)
    assert unborn.between(london("2026-11-16 00:00"), london("2026-11-18 00:00")) == timedelta()
    assert unborn.previous_opening(london("2026-11-18 09:00")) is None


def test_what_never_opens_or_never_closes_is_told() -> None:
    always = HOURS["ALWAYS", E_W]
    at = london("2026-11-16 12:00")
    edges = (always.next_opening(at), always.next_closing(at), always.previous_opening(at), always.previous_closing(at))
    assert (always.is_open(at), edges) == (True, (None,) * 4)
    never = WorkingHours(CalendarTerms("NEVER", "Never", "Europe/London", False, ()), E_W)
    assert (never.is_open(at), never.next_opening(at), never.previous_closing(at)) == (False, None, None)
    asking: tuple[Callable[[], object], ...] = (
        lambda: never.add(at, MINUTE),
        lambda: never.subtract(at, MINUTE),
        lambda: never.counted_day(date(2026, 11, 16)),
    )
    for asked in asking:
        with pytest.raises(Refused) as refused:
            asked()
        assert refused.value.code == "CSS837E"


def test_it_is_reckoned_as_far_as_anybody_asks() -> None:
    always = WorkingHours(BY_CODE["ALWAYS"], E_W)
    at = london("2026-11-16 12:00")
    assert always.add(at, timedelta(days=30 * 365)) == at + timedelta(days=30 * 365)
    assert always.subtract(at, timedelta(days=20 * 365)) == at - timedelta(days=20 * 365)
    assert always.between(london("1995-01-01 00:00"), at) == at - london("1995-01-01 00:00")
    too_far: tuple[Callable[[], object], ...] = (
        lambda: always.add(at, timedelta(days=140 * 365)),
        lambda: always.between(london("1900-01-01 00:00"), at),
    )
    for asked in too_far:
        with pytest.raises(Refused) as refused:
            asked()
        assert refused.value.code == "CSS837E"
    assert always.add(at, HOUR) == at + HOUR  # and is none the worse for it


def test_slips_of_our_own_are_breaches() -> None:
    at = london("2026-11-16 12:00")
    slips: tuple[Callable[[], object], ...] = (
        lambda: OFFICE.add(at, -MINUTE),
        lambda: OFFICE.subtract(at, -MINUTE),
        lambda: OFFICE.add(at.replace(tzinfo=None), MINUTE),
    )
    for slip in slips:
        with pytest.raises(Breach):
            slip()
    for name in ("Europe/Wrenford", "../etc/passwd", "", "/etc/localtime"):
        with pytest.raises(BadMessage) as refused:
            zone_named(name)
        assert refused.value.code == "CSS854E"


# --- in words ---


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("Mon-Fri 08:00-17:00",), ("Mon-Fri 08:00-17:00",)),
        (
            ("mon-thu 8:00-17:00".replace("8:", "08:"), "Fri 08:00-12:30, 13:00-16:00"),
            ("Mon-Thu 08:00-17:00", "Fri 08:00-12:30, 13:00-16:00"),
        ),
        (("every day all day",), ("every day all day",)),
        (("Mon,Wed,Fri-Sun 22:00-24:00",), ("Mon, Wed, Fri-Sun 22:00-24:00",)),
        (("Sat 13:00-14:00", "Sat 08:00-12:00"), ("Sat 08:00-12:00, 13:00-14:00",)),
    ],
)
def test_hours_are_read_as_they_are_written(lines: tuple[str, ...], words: tuple[str, ...]) -> None:
    assert week_words(read_week(lines)) == words
    assert read_week(week_words(read_week(lines))) == read_week(lines)


@given(weeks)
def test_any_week_is_read_back_from_its_words(week: tuple[tuple[Span, ...], ...]) -> None:
    assert read_week(week_words(week)) == week
    assert all(read_day([span_words(day)] if day else []) == day for day in week)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("", "CSS838E"),
        ("Mon", "CSS838E"),
        ("08:00-17:00", "CSS838E"),
        ("Fri-Mon 08:00-17:00", "CSS838E"),
        ("Mon,Mon 08:00-17:00", "CSS838E"),
        ("Mon-Fry 08:00-17:00", "CSS838E"),
        ("Mon 17:00-08:00", "CSS838E"),
        ("Mon 08:00-08:00", "CSS838E"),
        ("Mon 08:00-24:30", "CSS838E"),
        ("Mon 08:60-09:00", "CSS838E"),
        ("Mon ٠٨:00-09:00", "CSS838E"),
        ("Mon 08:00-12:00, 11:59-13:00", "CSS839E"),
        ("Mon all day, 11:00-13:00", "CSS838E"),
    ],
)
def test_what_are_no_hours_is_refused(line: str, code: str) -> None:
    with pytest.raises(BadMessage) as refused:
        read_week([line])
    assert refused.value.code == code


def test_days_are_named_in_runs() -> None:
    assert [days_words(days) for days in ((0,), (0, 1), (0, 2), (0, 1, 2, 5), tuple(range(7)))] == [
        "Mon",
        "Mon-Tue",
        "Mon, Wed",
        "Mon-Wed, Sat",
        "every day",
    ]
