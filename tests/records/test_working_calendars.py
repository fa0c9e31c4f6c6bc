"""Working calendars and care levels as rows: changed from a day to come on, by whoever may, and no promise moves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from css.audit import AuditEvent
from css.core.actor import Actor
from css.core.calendar import london_instant
from css.core.errors import CssError, Several
from css.core.words import NationCode, Role
from css.master.care_levels import care_book
from css.master.districts import roll_business_date
from css.master.working_calendar_actions import set_calendar_exception, set_care_level, set_working_hours
from css.master.working_calendar_commands import SetCalendarException, SetCareLevel, SetWorkingHours
from css.master.working_calendars import CalendarException, WorkingSpan
from css.master.working_queries import care_levels, due_time, working_calendar
from css.master.working_reference import CALENDARS, CARE_LEVELS
from repairs.actions.policy import set_repair_policy
from repairs.commands.policy import SetRepairPolicy
from repairs.queries.cards import fault_card
from repairs.reference import POLICY, load, policy_on
from tests import builders
from tests.builders import AT, DAY, OPERATOR
from tests.records import faults

NEXT_WEEK = DAY + timedelta(days=7)
HOUR = timedelta(hours=1)
REPAIR = Actor("operator", "FITTER", "RETAIL", frozenset({Role.REPAIR.value}), "screen")
PARTNER = Actor("partner", "BRACKWAT", "BRACKWAT", frozenset(), "gateway")


@pytest.fixture(autouse=True)
def _district(session: Session) -> None:
    builders.district(session)


def some_hours(**others: object) -> SetWorkingHours:
    fields: dict[str, Any] = {"calendar_code": "OFFICE", "starts_on": NEXT_WEEK, "hours": ("Mon-Fri 09:00-12:00, 13:00-16:00",)}
    return SetWorkingHours(**fields | others)


def an_exception(**others: object) -> SetCalendarException:
    fields: dict[str, Any] = {"calendar_code": "OFFICE", "day": date(2026, 3, 10), "reason": "Stocktaking"}
    return SetCalendarException(**fields | others)


def a_level(**others: object) -> SetCareLevel:
    fields: dict[str, Any] = {
        "code": "2",
        "starts_on": NEXT_WEEK,
        "rank": 20,
        "promise": "by 23:59 on the day after next, Monday to Saturday",
        "calendar_code": "MON-SAT",
        "days": 2,
    }
    return SetCareLevel(**fields | others)


def _do(session: Session, command: object, by: Actor = OPERATOR) -> None:
    verbs: dict[type, Any] = {
        SetWorkingHours: set_working_hours,
        SetCalendarException: set_calendar_exception,
        SetCareLevel: set_care_level,
        SetRepairPolicy: set_repair_policy,
    }
    verbs[type(command)](session, command, by=by, at=AT)


def _refused(session: Session, command: object, by: Actor = OPERATOR) -> list[tuple[str, str | None]]:
    """The codes with their fields; and nothing was changed."""
    tables = ("working_calendar", "working_span", "calendar_exception", "care_level_terms", "audit_event")
    counts = f"SELECT {', '.join(f'(SELECT count(*) FROM css.{table})' for table in tables)}"
    before = session.execute(text(counts)).one()
    with pytest.raises(CssError) as refused:
        _do(session, command, by)
    assert session.execute(text(counts)).one() == before
    errors = refused.value.errors if isinstance(refused.value, Several) else (refused.value,)
    assert all(str(error) and "\n" not in error.text for error in errors)
    return [(error.code, error.element) for error in errors]


# --- the book ---


def test_a_new_database_has_the_calendars_and_levels_of_the_trade(session: Session) -> None:
    book = care_book(session, DAY)
    assert {each.code: each for each in book.calendars} == {each.code: each for each in CALENDARS}
    assert book.levels == CARE_LEVELS
    assert policy_on(session, DAY) == policy_on(session, date(2001, 1, 1)) == POLICY
    load(session)
    assert policy_on(session, DAY) == POLICY


def test_a_book_is_read_once_a_transaction(session: Session) -> None:
    statements: list[str] = []
    session.connection()
    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", lambda *told: statements.append(told[2]))
    first = care_book(session, DAY)
    assert care_book(session, DAY) is first
    assert care_book(session, NEXT_WEEK).codes == first.codes
    assert len(statements) == 1


# --- hours ---


def test_hours_count_from_their_day_on(session: Session) -> None:
    _do(session, some_hours())
    hours = care_book(session, DAY).hours("OFFICE", "england-and-wales")
    begins = london_instant(DAY, datetime.min.time())
    assert hours.between(begins, begins + timedelta(days=7)) == 45 * HOUR
    assert hours.between(begins + timedelta(days=7), begins + timedelta(days=14)) == 30 * HOUR
    count = session.scalar(select(func.count()).select_from(WorkingSpan))
    _do(session, some_hours(hours=("Sat all day",), name="The office"))
    assert session.scalar(select(func.count()).select_from(WorkingSpan)) == (count or 0) - 9
    card = working_calendar(session, "office", at=AT + timedelta(days=14))
    assert (card.name, card.hours, card.hours_since) == ("The office", ("Sat all day",), NEXT_WEEK)


def test_a_calendar_is_made_with_its_first_hours(session: Session) -> None:
    _do(session, some_hours(calendar_code="depot", name="Depot", time_zone="Europe/Dublin", keeps_bank_holidays=False))
    card = working_calendar(session, "DEPOT", at=AT)
    assert (card.code, card.time_zone, card.keeps_bank_holidays, card.changes) == ("DEPOT", "Europe/Dublin", False, (NEXT_WEEK,))
    assert (card.hours, card.is_open) == ((), False)
    assert card.next_opening == datetime(2026, 3, 9, 9, tzinfo=UTC)


def test_an_exception_stands_for_its_nation_and_is_withdrawn(session: Session) -> None:
    _do(session, an_exception(hours=("10:00-11:00",)))
    _do(session, an_exception(nation=NationCode.SCOTLAND))
    book, at = care_book(session, DAY), AT + timedelta(days=8)
    begins = london_instant(date(2026, 3, 10), datetime.min.time())
    spent = [book.hours("OFFICE", nation).between(begins, begins + timedelta(days=1)) for nation in ("england-and-wales", "scotland")]
    assert spent == [HOUR, timedelta()]
    assert not working_calendar(session, "OFFICE", at=at, nation=NationCode.SCOTLAND).is_open
    assert working_calendar(session, "OFFICE", at=at).other_days[0].hours == "10:00-11:00"
    _do(session, an_exception(hours=("08:00-09:00", "10:00-12:00"), reason="Open after all"))
    _do(session, an_exception(nation=NationCode.SCOTLAND, is_withdrawn=True, reason=""))
    rows = session.execute(select(CalendarException.nation, CalendarException.opens_minute, CalendarException.reason)).all()
    assert sorted((row.opens_minute, row.nation, row.reason) for row in rows) == [
        (480, None, "Open after all"),
        (600, None, "Open after all"),
    ]


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        (some_hours(starts_on=DAY), [("CSS851E", "starts_on")]),
        (some_hours(starts_on=date(2047, 1, 1)), [("CSS851E", "starts_on")]),
        (some_hours(hours=()), [("CSS838E", "hours")]),
        (some_hours(hours=("Mon-Fri nine to five",)), [("CSS838E", "hours")]),
        (some_hours(hours=("Mon 08:00-12:00", "Mon-Tue 11:00-13:00")), [("CSS839E", "hours")]),
        (some_hours(time_zone="Europe/Paris"), [("CSS854E", "time_zone")]),
        (some_hours(time_zone="Wrenford"), [("CSS854E", "time_zone")]),
        (some_hours(keeps_bank_holidays=False), [("CSS854E", "keeps_bank_holidays")]),
        (some_hours(name=" "), [("CSS855E", "name")]),
        (some_hours(calendar_code="NEW"), [("CSS855E", "name")]),
        (some_hours(calendar_code="NEW", name="New", time_zone="../etc"), [("CSS854E", "time_zone")]),
        (
            some_hours(calendar_code="x y", name="n" * 201, hours=("",)),
            [("CSS838E", "hours"), ("CSS855E", "calendar_code"), ("CSS855E", "name")],
        ),
        (an_exception(calendar_code="NONE"), [("CSS836E", "calendar_code")]),
        (an_exception(day=DAY, reason=""), [("CSS851E", "day"), ("CSS855E", "reason")]),
        (an_exception(hours=("Mon 08:00-12:00",)), [("CSS838E", "hours")]),
        (an_exception(hours=("08:00-12:00", "11:00-13:00")), [("CSS839E", "hours")]),
        (a_level(starts_on=DAY), [("CSS851E", "starts_on")]),
        (a_level(code=""), [("CSS855E", "code")]),
        (a_level(code="OFFICE"), [("CSS855E", "code")]),
        (a_level(promise=""), [("CSS855E", "promise")]),
        (a_level(calendar_code="NONE"), [("CSS836E", "calendar_code")]),
        (a_level(days=None), [("CSS852E", "days")]),
        (a_level(minutes=60), [("CSS852E", "minutes")]),
        (a_level(days=None, same_day_by="13:00"), [("CSS852E", "days")]),
        (a_level(days=None, same_day_by="13:00", next_day_by="lunch"), [("CSS852E", "next_day_by")]),
        (a_level(days=None, same_day_by="13:00+01:00", next_day_by="12:00"), [("CSS852E", "same_day_by")]),
        (a_level(days=31, rank=-1), [("CSS853E", "rank"), ("CSS853E", "days")]),
        (a_level(days=None, minutes=0), [("CSS853E", "minutes")]),
        (SetRepairPolicy(starts_on=DAY), [("CSS851E", "starts_on")]),
        (
            SetRepairPolicy(starts_on=NEXT_WEEK, repeat_days=0, problem_faults=1),
            [("CSS853E", "repeat_days"), ("CSS853E", "problem_faults")],
        ),
        (SetRepairPolicy(starts_on=NEXT_WEEK, priority_level="9"), [("CSS070E", "priority_level")]),
        (SetRepairPolicy(starts_on=NEXT_WEEK, accept_calendar_code="NONE"), [("CSS836E", "accept_calendar_code")]),
    ],
)
def test_what_cannot_be_is_refused_with_everything_that_is_wrong(
    session: Session, command: object, codes: list[tuple[str, str | None]]
) -> None:
    assert _refused(session, command) == codes


@pytest.mark.parametrize("command", [some_hours(), an_exception(), a_level(), SetRepairPolicy(starts_on=NEXT_WEEK)])
@pytest.mark.parametrize("by", [REPAIR, PARTNER])
def test_only_a_supervisor_changes_them(session: Session, command: object, by: Actor) -> None:
    assert _refused(session, command, by) == [("CSS111E", None)]


def test_what_was_changed_is_on_the_audit_trail(session: Session) -> None:
    for command in (some_hours(), an_exception(), a_level(), SetRepairPolicy(starts_on=NEXT_WEEK, repeat_days=30)):
        _do(session, command)
    told = session.execute(select(AuditEvent.verb, AuditEvent.subject_number).order_by(AuditEvent.id.desc()).limit(4)).all()
    assert [tuple(row) for row in reversed(told)] == [
        ("set_working_hours", "OFFICE"),
        ("set_calendar_exception", "OFFICE"),
        ("set_care_level", "2"),
        ("set_repair_policy", "2026-03-09"),
    ]


# --- levels, mid-life ---


def test_a_fault_keeps_the_level_it_was_accepted_under(session: Session) -> None:
    zz = builders.district(session, "YY")
    account = builders.account(session, zz)
    line, other = (builders.working_line(session, zz, account, care_level="2") for _ in range(2))
    old = faults.report(session, number=line.number)
    _do(session, a_level())
    assert fault_card(session, old.fault_number, by=OPERATOR).summary.due_at == old.due_at
    roll_business_date(session, "YY", to=NEXT_WEEK)
    new = faults.report(session, number=other.number, at=AT + timedelta(days=7))
    assert (old.due_at.date(), new.due_at.date()) == (date(2026, 3, 3), date(2026, 3, 11))
    assert fault_card(session, old.fault_number, by=OPERATOR).summary.due_at == old.due_at


def test_a_level_set_again_for_its_day_replaces_it(session: Session) -> None:
    _do(session, a_level())
    _do(session, a_level(days=None, minutes=90, calendar_code="OFFICE", promise="within 90 minutes"))
    levels = {row.code: row for row in care_levels(session, NEXT_WEEK)}
    assert (levels["2"].minutes, levels["2"].days, levels["2"].starts_on) == (90, None, NEXT_WEEK)
    assert {row.code: row.days for row in care_levels(session, DAY)}["2"] == 1
    assert [row.code for row in care_levels(session, DAY)] == ["1", "2", "2.5", "3", "4"]


def test_a_new_level_counts_from_its_day(session: Session) -> None:
    _do(session, a_level(code="5", rank=50, days=None, minutes=120, calendar_code="ALWAYS", promise="within 2 hours"))
    assert care_book(session, NEXT_WEEK).codes[-1] == "5"
    assert "5" not in care_book(session, NEXT_WEEK - timedelta(days=1)).codes


def test_choices_about_faults_are_changed_one_by_one(session: Session) -> None:
    _do(session, SetRepairPolicy(starts_on=NEXT_WEEK, repeat_days=14))
    _do(session, SetRepairPolicy(starts_on=NEXT_WEEK + timedelta(days=7), warn_minutes=60))
    assert policy_on(session, NEXT_WEEK - timedelta(days=1)) == POLICY
    last = policy_on(session, NEXT_WEEK + timedelta(days=70))
    assert (last.repeat_days, last.warn_minutes, last.early_life_days) == (14, 60, POLICY.early_life_days)


# --- a due time in words ---


def test_a_due_time_is_told_day_by_day(session: Session) -> None:
    found = due_time(session, "1", accepted_at=datetime(2026, 4, 2, 9, tzinfo=UTC))
    assert found.due_at == datetime(2026, 4, 8, 22, 59, tzinfo=UTC)
    assert found.words == (
        "Care level 1, accepted Thu 2 Apr 2026 10:00: due 2 working days (Mon-Fri, not bank holidays) later, Wed 8 Apr 2026 23:59."
    )
    assert [day.words for day in found.days] == [
        "Thu 2 Apr 2026: the day it was accepted.",
        "Fri 3 Apr 2026: does not count (Good Friday).",
        "Sat 4 Apr 2026: does not count (closed on this weekday).",
        "Sun 5 Apr 2026: does not count (closed on this weekday).",
        "Mon 6 Apr 2026: does not count (Easter Monday).",
        "Tue 7 Apr 2026: counted day 1.",
        "Wed 8 Apr 2026: counted day 2.",
    ]
    assert found.open_seconds == (14 + 24 + 24) * 3600 - 60


def test_a_due_time_of_hours_tells_how_they_were_used(session: Session) -> None:
    found = due_time(session, "4", accepted_at=datetime(2026, 10, 24, 22, tzinfo=UTC))
    assert [day.words for day in found.days] == ["Sat 24 Oct 2026: all day; 1 h 00 min used.", "Sun 25 Oct 2026: all day; 5 h 00 min used."]
    assert found.words.endswith("due 6 hours later, Sun 25 Oct 2026 04:00.")
    with pytest.raises(CssError) as refused:
        due_time(session, "6", accepted_at=AT)
    assert refused.value.code == "CSS070E"


def test_a_calendar_is_told_with_the_days_that_are_otherwise(session: Session) -> None:
    card = working_calendar(session, "FIELD", at=AT, nation=NationCode.SCOTLAND)
    assert (card.hours, card.is_open, card.next_closing) == (("Mon-Sat 08:00-18:00",), True, datetime(2026, 3, 2, 18, tzinfo=UTC))
    told = [(day.day_words, day.reason) for day in card.other_days]
    assert told[0] == ("Fri 3 Apr 2026", "Good Friday")
    assert ("Mon 30 Nov 2026", "Saint Andrew's Day") in told
    with pytest.raises(CssError) as refused:
        working_calendar(session, "NONE", at=AT)
    assert refused.value.code == "CSS836E"
