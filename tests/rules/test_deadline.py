"""Care levels: when a fault is due, and how that was reckoned."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css.core.calendar import NATIONS, Nation, is_working_day, london_date, london_instant, to_london
from css.core.deadline import CareTerms, Deadline, deadline, due_at
from css.core.errors import BadMessage, Breach
from css.core.hours_words import read_week
from css.core.working_hours import CalendarTerms, ExceptionalDay, Week, WorkingHours
from css.master.care_levels import book_of
from css.master.working_reference import CALENDARS, CARE_LEVELS

E_W: Nation = "england-and-wales"
BOOK = book_of(CALENDARS, CARE_LEVELS, date(2026, 1, 1))


def care_deadline(level: str, accepted_at: datetime, nation: Nation) -> Deadline:
    return BOOK.deadline(level, accepted_at, nation)


def london(text: str) -> datetime:
    when = datetime.fromisoformat(text)
    return london_instant(when.date(), when.time())


@pytest.mark.parametrize(
    ("level", "accepted", "due"),
    [
        # The published examples: Tuesday to Thursday, Tuesday to Wednesday.
        ("1", "2026-11-17 10:00", "2026-11-19 23:59"),
        ("2", "2026-11-17 10:00", "2026-11-18 23:59"),
        ("2.5", "2026-11-17 10:00", "2026-11-18 23:59"),
        # Over the weekend.
        ("1", "2026-11-20 23:50", "2026-11-24 23:59"),
        ("2", "2026-11-20 10:00", "2026-11-21 23:59"),
        ("2", "2026-11-21 10:00", "2026-11-23 23:59"),
        ("2.5", "2026-11-21 10:00", "2026-11-22 23:59"),
        # Accepted on a day that does not count: as on the next that does.
        ("1", "2026-11-21 10:00", "2026-11-25 23:59"),
        ("1", "2026-11-22 10:00", "2026-11-25 23:59"),
        ("2", "2026-11-22 10:00", "2026-11-24 23:59"),
        ("2.5", "2026-11-22 10:00", "2026-11-23 23:59"),
        # Christmas 2021 on Saturday and Sunday, substitutes on Monday and Tuesday.
        ("1", "2021-12-23 10:00", "2021-12-29 23:59"),
        ("1", "2021-12-24 10:00", "2021-12-30 23:59"),
        ("2", "2021-12-24 10:00", "2021-12-29 23:59"),
        ("2", "2021-12-25 10:00", "2021-12-30 23:59"),
        ("1", "2021-12-27 10:00", "2021-12-31 23:59"),
        ("2.5", "2021-12-24 10:00", "2021-12-25 23:59"),
        # Christmas 2026 on a Friday, the substitute for Boxing Day on Monday.
        ("1", "2026-12-24 10:00", "2026-12-30 23:59"),
        ("2", "2026-12-25 10:00", "2026-12-30 23:59"),
        # 13:00:00 is by 13:00, an instant later is not.
        ("3", "2026-11-20 09:00", "2026-11-20 23:59"),
        ("3", "2026-11-20 13:00:00", "2026-11-20 23:59"),
        ("3", "2026-11-20 13:00:00.000001", "2026-11-21 12:59"),
        ("3", "2026-11-20 13:00:01", "2026-11-21 12:59"),
        ("3", "2026-07-20 13:00:00", "2026-07-20 23:59"),  # London's 13:00, in summer too
        ("3", "2026-12-25 08:00", "2026-12-25 23:59"),
        ("3", "2026-11-21 23:59", "2026-11-22 12:59"),
        # Six hours, holidays or not.
        ("4", "2026-12-25 03:00", "2026-12-25 09:00"),
        ("4", "2026-11-20 22:00", "2026-11-21 04:00"),
        # Across the clock changes six hours have elapsed, whatever the clocks show.
        ("4", "2026-03-28 23:00", "2026-03-29 06:00"),
        ("4", "2026-10-24 23:00", "2026-10-25 04:00"),
        # The other levels keep their London hour over it.
        ("2.5", "2026-03-28 23:00", "2026-03-29 23:59"),
        ("1", "2026-10-23 23:00", "2026-10-27 23:59"),
    ],
)
def test_a_fault_is_due_as_its_care_level_promises(level: str, accepted: str, due: str) -> None:
    assert care_deadline(level, london(accepted), E_W).due_at == london(due)


def test_holidays_are_those_of_the_nation() -> None:
    maundy_thursday = london("2026-04-02 10:00")
    assert london_date(care_deadline("1", maundy_thursday, "england-and-wales").due_at) == date(2026, 4, 8)
    assert london_date(care_deadline("1", maundy_thursday, "scotland").due_at) == date(2026, 4, 7)


@pytest.mark.parametrize(
    ("level", "accepted", "words"),
    [
        (
            "1",
            "2026-11-20 23:50",
            "Care level 1, accepted Fri 20 Nov 2026 23:50: due 2 working days (Mon-Fri, not bank holidays) later, Tue 24 Nov 2026 23:59.",
        ),
        (
            "2",
            "2026-12-25 09:00",
            (
                "Care level 2, accepted Fri 25 Dec 2026 09:00 (Christmas Day) and taken as made on Tue 29 Dec 2026: "
                "due 1 working day (Mon-Sat, not bank holidays) later, Wed 30 Dec 2026 23:59."
            ),
        ),
        ("2.5", "2026-11-21 10:00", "Care level 2.5, accepted Sat 21 Nov 2026 10:00: due next day, Sun 22 Nov 2026 23:59."),
        ("3", "2026-11-20 13:00", "Care level 3, accepted Fri 20 Nov 2026 13:00 (by 13:00): due the same day, Fri 20 Nov 2026 23:59."),
        ("3", "2026-11-20 13:01", "Care level 3, accepted Fri 20 Nov 2026 13:01 (after 13:00): due next day, Sat 21 Nov 2026 12:59."),
        ("4", "2026-10-24 19:30", "Care level 4, accepted Sat 24 Oct 2026 19:30: due 6 hours later, Sun 25 Oct 2026 01:30 BST."),
    ],
)
def test_a_deadline_says_how_it_was_reckoned(level: str, accepted: str, words: str) -> None:
    assert care_deadline(level, london(accepted), E_W).words == words


def test_a_clear_on_the_instant_is_in_time() -> None:
    promised = care_deadline("2", london("2026-11-17 10:00"), E_W)
    assert not promised.missed_at(london("2026-11-18 23:59:00"))
    assert promised.missed_at(london("2026-11-18 23:59:01"))


def test_an_unknown_level_and_an_instant_without_zone_are_refused() -> None:
    with pytest.raises(BadMessage) as refused:
        care_deadline("5", london("2026-11-17 10:00"), E_W)
    assert refused.value.code == "CSS070E"
    with pytest.raises(Breach):
        care_deadline("1", datetime(2026, 11, 17, 10), E_W)  # noqa: DTZ001 - that is the point


instants = st.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them bare
levels = st.sampled_from(BOOK.codes)
nations = st.sampled_from(NATIONS)


@given(levels, instants, instants, nations)
def test_a_later_report_is_never_due_earlier(level: str, one: datetime, two: datetime, nation: Nation) -> None:
    early, late = min(one, two), max(one, two)
    assert early < care_deadline(level, early, nation).due_at <= care_deadline(level, late, nation).due_at


@given(instants, nations)
def test_a_higher_level_is_never_due_later(accepted: datetime, nation: Nation) -> None:
    # Level 4 always comes before 2.5 and nearly always before 3; it is held to its hours here, not to a rank.
    due = {level: care_deadline(level, accepted, nation).due_at for level in BOOK.codes}
    assert due["1"] >= due["2"] >= due["2.5"] >= due["3"]
    assert due["4"] - accepted == timedelta(hours=6)
    assert due["4"] < due["2.5"]


@given(instants, nations)
def test_levels_1_and_2_fall_due_at_23_59_on_a_day_they_count(accepted: datetime, nation: Nation) -> None:
    for level, saturdays in (("1", False), ("2", True)):
        due = to_london(care_deadline(level, accepted, nation).due_at)
        assert due.time() == time(23, 59)
        assert is_working_day(due.date(), nation, saturdays=saturdays)


@given(levels, instants, nations)
def test_the_instant_alone_is_the_instant_with_words(level: str, accepted: datetime, nation: Nation) -> None:
    assert BOOK.due_at(level, accepted, nation) == BOOK.deadline(level, accepted, nation).due_at


@given(levels, instants, nations)
def test_a_due_time_is_what_counting_days_one_by_one_gives(level: str, accepted: datetime, nation: Nation) -> None:
    """The slow and obvious way, day by day and without any table."""
    shown = to_london(accepted)
    day = shown.date()
    if level == "4":
        expected = accepted + timedelta(hours=6)
    elif level == "3":
        is_early = shown.time() <= time(13)
        expected = london_instant(day if is_early else day + timedelta(1), time(23, 59) if is_early else time(12, 59))
    else:

        def counts(each: date) -> bool:
            return level == "2.5" or is_working_day(each, nation, saturdays=level == "2")

        while not counts(day):
            day += timedelta(1)
        for _ in range(2 if level == "1" else 1):
            day += timedelta(1)
            while not counts(day):
                day += timedelta(1)
        expected = london_instant(day, time(23, 59))
    assert BOOK.due_at(level, accepted, nation) == expected


@pytest.mark.parametrize(
    ("level", "accepted", "nation", "due"),
    [
        # Good Friday and Easter Monday; Scotland keeps the Friday only.
        ("1", "2026-04-01 10:00", "england-and-wales", "2026-04-07 23:59"),
        ("1", "2026-04-01 10:00", "scotland", "2026-04-06 23:59"),
        ("2", "2026-04-02 10:00", "scotland", "2026-04-04 23:59"),
        ("2", "2026-04-04 10:00", "england-and-wales", "2026-04-07 23:59"),
        # 2 January is Scotland's; in 2022 it was a Sunday and its substitute fell on Tuesday the 4th.
        ("1", "2026-12-31 10:00", "scotland", "2027-01-06 23:59"),
        ("1", "2026-12-31 10:00", "england-and-wales", "2027-01-05 23:59"),
        ("2", "2021-12-31 10:00", "scotland", "2022-01-05 23:59"),
        ("2", "2021-12-31 10:00", "england-and-wales", "2022-01-04 23:59"),
        # St Patrick's and the Twelfth are Northern Ireland's, St Andrew's Scotland's.
        ("2", "2026-03-16 10:00", "northern-ireland", "2026-03-18 23:59"),
        ("2", "2026-03-16 10:00", "england-and-wales", "2026-03-17 23:59"),
        ("2", "2026-07-11 10:00", "northern-ireland", "2026-07-14 23:59"),
        ("1", "2026-11-27 10:00", "scotland", "2026-12-02 23:59"),
        # Summer's bank holiday falls on other Mondays.
        ("1", "2026-08-28 10:00", "england-and-wales", "2026-09-02 23:59"),
        ("1", "2026-08-28 10:00", "scotland", "2026-09-01 23:59"),
        # The substitute of a Boxing Day on Sunday, and Christmas on a Sunday.
        ("1", "2027-12-24 10:00", "england-and-wales", "2027-12-30 23:59"),
        ("2", "2022-12-24 10:00", "england-and-wales", "2022-12-28 23:59"),
        # A one-off holiday.
        ("2", "2022-09-17 10:00", "england-and-wales", "2022-09-20 23:59"),
    ],
)
def test_bank_holidays_of_all_three_nations(level: str, accepted: str, nation: Nation, due: str) -> None:
    assert BOOK.deadline(level, london(accepted), nation).due_at == london(due)


def _office() -> WorkingHours:
    week = read_week(["Mon-Fri 08:00-17:00"])
    closed = ExceptionalDay(date(2026, 11, 18), None, (), "Fire drill")
    return WorkingHours(CalendarTerms("OFFICE", "Office", "Europe/London", True, (Week(date(1990, 1, 1), week),), (closed,)), E_W)


@pytest.mark.parametrize(
    ("promise", "accepted", "words"),
    [
        ({"minutes": 60}, "2026-11-17 16:30", "accepted Tue 17 Nov 2026 16:30: due 1 open hour later, Thu 19 Nov 2026 08:30."),
        ({"minutes": 90}, "2026-11-17 15:30", "accepted Tue 17 Nov 2026 15:30: due 90 open minutes later, Tue 17 Nov 2026 17:00."),
        (
            {"days": 0},
            "2026-11-18 09:00",
            ("accepted Wed 18 Nov 2026 09:00 (Fire drill) and taken as made on Thu 19 Nov 2026: due the same day, Thu 19 Nov 2026 23:59."),
        ),
        (
            {"same_day_by": time(13), "next_day_by": time(12, 59)},
            "2026-11-17 13:01",
            "accepted Tue 17 Nov 2026 13:01 (after 13:00): due 1 working day (Mon-Fri, not bank holidays) later, Thu 19 Nov 2026 12:59.",
        ),
        (
            {"same_day_by": time(13), "next_day_by": time(12, 59)},
            "2026-11-21 16:00",
            (
                "accepted Sat 21 Nov 2026 16:00 (not a day this level counts) and taken as made on Mon 23 Nov 2026: "
                "due the same day, Mon 23 Nov 2026 23:59."
            ),
        ),
    ],
)
def test_a_promise_of_ones_own_goes_by_its_calendar(promise: dict[str, Any], accepted: str, words: str) -> None:
    terms = CareTerms("X", date(2026, 1, 1), 1, "Own", "OFFICE", **promise)
    found = deadline(terms, _office(), london(accepted))
    assert found.words == f"Care level X, {words}"
    assert found.due_at == due_at(terms, _office(), london(accepted))


def test_the_terms_of_the_day_of_acceptance_count() -> None:
    """Level 2 is a day slower from 1 June, level 5 is new and level 1 stays; a book is of one day."""
    june = date(2026, 6, 1)
    terms = (
        *CARE_LEVELS,
        CareTerms("2", june, 20, "the day after next", "MON-SAT", days=2),
        CareTerms("5", june, 50, "within 2 hours", "ALWAYS", minutes=120),
    )
    may, summer = book_of(CALENDARS, terms, date(2026, 5, 31)), book_of(CALENDARS, terms, june)
    at = london("2026-06-02 10:00")
    assert may.deadline("2", at, E_W).due_at == london("2026-06-03 23:59")
    assert summer.deadline("2", at, E_W).due_at == london("2026-06-04 23:59")
    assert may.codes == ("1", "2", "2.5", "3", "4")
    assert summer.codes == ("1", "2", "2.5", "3", "4", "5")
    assert summer.better("5", "2") == summer.better("2", "5") == "5"
    with pytest.raises(BadMessage) as refused:
        may.terms("5", element="wanted")
    assert (refused.value.code, refused.value.element) == ("CSS070E", "wanted")
    assert book_of(CALENDARS, terms, date(2009, 9, 30)).codes == ()
