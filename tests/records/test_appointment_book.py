"""The appointment book: as many visits as there are and no more, held for a day, and seen by whose they are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.audit import AuditEvent
from css.core.errors import CssError, NotFound, Refused, Several
from css.core.words import AppointmentState, HalfDay, MissCause, Role, Skill
from css.master import appointment_book
from css.master.appointment_commands import (
    LapseSlots,
    MoveAppointment,
    ReleaseSlot,
    ReserveSlot,
    SetSlotCapacity,
    SetSlotPattern,
    SlotHeld,
)
from css.master.appointment_holding import lapse_slots, move_appointment, release_slot, reserve_slot
from css.master.appointment_planning import set_slot_capacity, set_slot_pattern
from css.master.appointment_queries import (
    GridRow,
    appointment_card,
    appointments_of_day,
    appointments_of_site,
    free_slots,
    slot_week,
)
from css.master.appointments import Appointment
from css.master.districts import roll_business_date
from css.master.providers import Provider
from tests import builders
from tests.builders import AT, CLERK, DAY, OPERATOR, PARTNER_ACTOR, SYSTEM, BuiltDistrict
from tests.conftest import QueryCount
from tests.records.people import operator

MONDAY = date(2026, 3, 9)
LATER = AT + timedelta(hours=24)
"""When what is held at ``AT`` has lapsed."""
AM, PM = HalfDay.AM, HalfDay.PM
Counting = Callable[[], AbstractContextManager[QueryCount]]


@pytest.fixture
def zz(session: Session) -> BuiltDistrict:
    return builders.district(session)


def hold(zz: BuiltDistrict, site: int = 0, **others: object) -> ReserveSlot:
    fields = {"address_key": zz.gold[site].address_key, "slot_on": MONDAY, "half_day": AM}
    return ReserveSlot(**fields | others)  # type: ignore[arg-type]


def give(session: Session, zz: BuiltDistrict, visits: int | None, **others: object) -> int:
    """Give Monday's morning so many visits; how many are over."""
    fields = {"district_code": zz.code, "exchange_code": "WREN", "skill": Skill.INSTALL, "slot_on": MONDAY, "half_day": AM}
    return set_slot_capacity(session, SetSlotCapacity(**fields | {"capacity": visits} | others), by=OPERATOR, at=AT).over  # type: ignore[arg-type]


def book(session: Session, zz: BuiltDistrict, at: datetime = AT, **others: object) -> Appointment:
    fields = {
        "site_id": zz.gold[0].id,
        "exchange_id": zz.exchange_id,
        "district_code": zz.code,
        "provider_id": others.get("provider_id") or provider_id(session),
        "skill": Skill.INSTALL,
        "slot_on": MONDAY,
        "half_day": AM,
        "reference": "ZZO00000015",
        "on": DAY,
        "nation": "england-and-wales",
    }
    return appointment_book.book_slot(session, by=CLERK, at=at, **fields | others)  # type: ignore[arg-type]


def provider_id(session: Session, code: str = "RETAIL") -> int:
    return session.execute(select(Provider.id).where(Provider.code == code)).scalar_one()


def book_held(session: Session, zz: BuiltDistrict, held: SlotHeld, at: datetime = AT, **others: object) -> Appointment:
    fields = {
        "number": held.appointment_number,
        "provider_id": provider_id(session),
        "site_id": zz.gold[0].id,
        "reference": "ZZO00000015",
    }
    return appointment_book.book_held(session, by=CLERK, at=at, **fields | others)  # type: ignore[arg-type]


def cell(session: Session, zz: BuiltDistrict, at: datetime = AT, *, half: HalfDay = AM, skill: Skill = Skill.INSTALL) -> GridRow:
    """Monday's morning as the grid shows it."""
    week = slot_week(session, zz.code, "WREN", week_of=MONDAY, at=at)
    return next(row for row in week.days[0].rows if (row.half_day, row.skill) == (half, skill))


def code_of(error: pytest.ExceptionInfo[CssError]) -> str:
    return error.value.code


# Holding.


def test_a_slot_is_held_for_24_hours_and_takes_a_visit(session: Session, zz: BuiltDistrict) -> None:
    held = reserve_slot(session, hold(zz), by=CLERK, at=AT)
    assert held.held_until_at == LATER
    assert held.appointment_number.startswith("ZZV")
    row = cell(session, zz)
    assert (row.capacity, row.held, row.booked, row.free) == (12, 1, 0, 11)


def test_a_hold_lapses_by_itself_at_its_instant(session: Session, zz: BuiltDistrict) -> None:
    give(session, zz, 1)
    held = reserve_slot(session, hold(zz), by=CLERK, at=AT)
    just_before = LATER - timedelta(seconds=1)
    with pytest.raises(Refused, match="full for install"):
        reserve_slot(session, hold(zz, 1), by=CLERK, at=just_before)
    assert (cell(session, zz, just_before).held, cell(session, zz, LATER).held) == (1, 0)
    assert appointment_card(session, held.appointment_number, by=CLERK, at=LATER).state is AppointmentState.LAPSED
    again = reserve_slot(session, hold(zz, 1), by=CLERK, at=LATER)
    assert again.state is AppointmentState.HELD
    # Touched by who took its place, its own row says so by now.
    session.expire_all()
    assert session.execute(select(Appointment.state).where(Appointment.number == held.appointment_number)).scalar() == "lapsed"
    with pytest.raises(Refused, match="was held until 10:00 on 3 March 2026 and has lapsed"):
        book_held(session, zz, held, just_before)


def test_a_full_half_day_names_the_nearest_that_are_free(session: Session, zz: BuiltDistrict) -> None:
    give(session, zz, 0)
    with pytest.raises(Refused) as caught:
        reserve_slot(session, hold(zz), by=CLERK, at=AT)
    assert caught.value.text == (
        "CSS818E The morning of 9 March 2026 is full for install; free next: Sat 7 Mar PM, Mon 9 Mar PM, Tue 10 Mar AM, Tue 10 Mar PM."
    )
    assert caught.value.element == "slot_on"
    assert caught.value.fields["free"][1] == {"slot_on": "2026-03-09", "half_day": "PM"}  # type: ignore[index]


def test_a_full_half_day_names_only_what_is_in_time(session: Session, zz: BuiltDistrict) -> None:
    give(session, zz, 0)
    with pytest.raises(Refused, match=r"free next: Mon 9 Mar PM\.$"):
        book(session, zz, earliest_on=MONDAY, latest_on=MONDAY)
    give(session, zz, 0, half_day=PM)
    with pytest.raises(Refused, match="no other is free in the time asked for"):
        book(session, zz, earliest_on=MONDAY, latest_on=MONDAY)


@pytest.mark.parametrize(
    ("skill", "day", "half", "code"),
    [
        (Skill.INSTALL, DAY, PM, "CSS222E"),
        (Skill.INSTALL, date(2026, 3, 3), AM, None),
        (Skill.INSTALL, DAY + timedelta(days=90), AM, "CSS222E"),  # a Sunday
        (Skill.INSTALL, DAY + timedelta(days=89), AM, None),
        (Skill.INSTALL, DAY + timedelta(days=91), AM, "CSS222E"),
        (Skill.INSTALL, date(2026, 4, 3), AM, "CSS222E"),  # Good Friday
        (Skill.REPAIR, DAY, PM, None),
        (Skill.REPAIR, DAY, AM, "CSS828E"),  # it is ten o'clock
        (Skill.REPAIR, DAY - timedelta(days=1), PM, "CSS222E"),
    ],
)
def test_the_book_is_open_from_tomorrow_and_for_repairs_from_today(
    session: Session, zz: BuiltDistrict, skill: Skill, day: date, half: HalfDay, code: str | None
) -> None:
    command = hold(zz, skill=skill, slot_on=day, half_day=half)
    if code is None:
        assert reserve_slot(session, command, by=CLERK, at=AT).slot_on == day
        return
    with pytest.raises(Refused) as caught:
        reserve_slot(session, command, by=CLERK, at=AT)
    assert (caught.value.code, caught.value.element) == (code, "slot_on")


def test_skills_have_visits_of_their_own(session: Session, zz: BuiltDistrict) -> None:
    give(session, zz, 1)
    book(session, zz)
    assert book(session, zz, skill=Skill.REPAIR).skill is Skill.REPAIR
    with pytest.raises(Refused, match="full for install"):
        book(session, zz)


def test_no_more_than_two_are_held_for_an_address(session: Session, zz: BuiltDistrict) -> None:
    reserve_slot(session, hold(zz), by=CLERK, at=AT)
    second = reserve_slot(session, hold(zz, half_day=PM), by=CLERK, at=AT)
    third = hold(zz, slot_on=date(2026, 3, 10))
    with pytest.raises(Refused) as caught:
        reserve_slot(session, third, by=CLERK, at=AT)
    assert code_of(caught) == "CSS823E"
    release_slot(session, ReleaseSlot(appointment_number=second.appointment_number), by=CLERK, at=AT)
    reserve_slot(session, third, by=CLERK, at=AT)


def test_the_same_token_holds_one_slot(session: Session, zz: BuiltDistrict) -> None:
    first = reserve_slot(session, hold(zz, token="t"), by=CLERK, at=AT)
    assert reserve_slot(session, hold(zz, token="t"), by=CLERK, at=AT) == first
    assert cell(session, zz).held == 1


def test_a_held_slot_moves_and_frees_the_one_it_had(session: Session, zz: BuiltDistrict) -> None:
    held = reserve_slot(session, hold(zz), by=CLERK, at=AT)
    asked = MoveAppointment(appointment_number=held.appointment_number, slot_on=MONDAY, half_day=PM)
    moved = move_appointment(session, asked, by=CLERK, at=AT + timedelta(hours=1))
    assert moved == replace(held, half_day=PM)
    assert (cell(session, zz).held, cell(session, zz, half=PM).held) == (0, 1)
    told = session.execute(select(AuditEvent).where(AuditEvent.verb == "move_appointment")).scalar_one()
    assert (told.subject_number, told.before) == (
        held.appointment_number,
        {"slot_on": "2026-03-09", "half_day": "AM", "state": "held"},
    )


def test_a_slot_does_not_stand_in_its_own_way(session: Session, zz: BuiltDistrict) -> None:
    give(session, zz, 1)
    held = reserve_slot(session, hold(zz), by=CLERK, at=AT)
    asked = MoveAppointment(appointment_number=held.appointment_number, slot_on=MONDAY, half_day=AM)
    assert move_appointment(session, asked, by=CLERK, at=AT) == held


def test_a_slot_does_not_move_to_a_full_half_day(session: Session, zz: BuiltDistrict) -> None:
    held = reserve_slot(session, hold(zz, half_day=PM), by=CLERK, at=AT)
    give(session, zz, 0)
    asked = MoveAppointment(appointment_number=held.appointment_number, slot_on=MONDAY, half_day=AM)
    with pytest.raises(Refused) as caught:
        move_appointment(session, asked, by=CLERK, at=AT)
    assert code_of(caught) == "CSS818E"
    assert cell(session, zz, half=PM).held == 1


def test_what_is_released_is_free_and_cannot_be_used(session: Session, zz: BuiltDistrict) -> None:
    held = reserve_slot(session, hold(zz), by=CLERK, at=AT)
    release = ReleaseSlot(appointment_number=held.appointment_number)
    assert release_slot(session, release, by=CLERK, at=AT).state is AppointmentState.CANCELLED
    assert cell(session, zz).held == 0
    with pytest.raises(Refused, match="is cancelled") as caught:
        release_slot(session, release, by=CLERK, at=AT)
    assert code_of(caught) == "CSS820E"
    with pytest.raises(Refused, match="is cancelled"):
        book_held(session, zz, held)


def test_what_is_booked_is_changed_by_its_order(session: Session, zz: BuiltDistrict) -> None:
    held = reserve_slot(session, hold(zz), by=CLERK, at=AT)
    book_held(session, zz, held)
    number = held.appointment_number
    deeds = (
        lambda: release_slot(session, ReleaseSlot(appointment_number=number), by=CLERK, at=AT),
        lambda: move_appointment(session, MoveAppointment(appointment_number=number, slot_on=MONDAY, half_day=PM), by=CLERK, at=AT),
        lambda: book_held(session, zz, held),
    )
    for deed in deeds:
        with pytest.raises(Refused, match="is booked for ZZO00000015; change it there") as caught:
            deed()
        assert code_of(caught) == "CSS822E"


# Booking.


def test_a_held_slot_becomes_a_promise_for_its_own_address_and_skill(session: Session, zz: BuiltDistrict) -> None:
    held = reserve_slot(session, hold(zz), by=CLERK, at=AT)
    with pytest.raises(Refused, match="another address") as caught:
        book_held(session, zz, held, site_id=zz.gold[1].id)
    assert code_of(caught) == "CSS821E"
    with pytest.raises(Refused, match="held for install, not repair"):
        book_held(session, zz, held, skill=Skill.REPAIR)
    with pytest.raises(Refused, match="to 6 March 2026") as caught:
        book_held(session, zz, held, latest_on=date(2026, 3, 6), nation="england-and-wales")
    assert code_of(caught) == "CSS222E"
    booked = book_held(session, zz, held)
    assert (booked.state, booked.reference) == (AppointmentState.BOOKED, "ZZO00000015")
    row = cell(session, zz, LATER)
    assert (row.held, row.booked) == (0, 1), "a promise does not lapse"


def test_another_providers_slot_is_not_there(session: Session, zz: BuiltDistrict) -> None:
    theirs = reserve_slot(session, hold(zz), by=PARTNER_ACTOR, at=AT)
    ours = reserve_slot(session, hold(zz), by=CLERK, at=AT)
    with pytest.raises(NotFound) as caught:
        book_held(session, zz, theirs)
    assert code_of(caught) == "CSS819E"
    for number in (ours.appointment_number, "ZZV00000994"):
        with pytest.raises(CssError) as refused:
            release_slot(session, ReleaseSlot(appointment_number=number), by=PARTNER_ACTOR, at=AT)
        assert code_of(refused) in {"CSS819E", "CSS054E"}
    with pytest.raises(NotFound):
        appointment_card(session, ours.appointment_number, by=PARTNER_ACTOR, at=AT)
    key = zz.gold[0].address_key
    seen = appointments_of_site(session, key, by=PARTNER_ACTOR, at=AT)
    assert [row.appointment_number for row in seen] == [theirs.appointment_number]
    assert len(appointments_of_day(session, "ZZ", MONDAY, by=CLERK, at=AT)) == 2
    assert len(appointments_of_day(session, "ZZ", MONDAY, by=PARTNER_ACTOR, at=AT)) == 1


def test_a_partner_holds_for_itself_and_the_desk_for_anybody(session: Session, zz: BuiltDistrict) -> None:
    with pytest.raises(NotFound) as caught:
        reserve_slot(session, hold(zz, provider_code="RETAIL"), by=PARTNER_ACTOR, at=AT)
    assert code_of(caught) == "CSS104E"
    held = reserve_slot(session, hold(zz, provider_code="brackwat"), by=CLERK, at=AT)
    assert appointment_card(session, held.appointment_number, by=PARTNER_ACTOR, at=AT).provider_code == "BRACKWAT"


def test_who_may_hold_and_who_may_plan(session: Session, zz: BuiltDistrict) -> None:
    scheduler = operator("SAM", Role.SCHEDULER)
    with pytest.raises(Refused) as caught:
        reserve_slot(session, hold(zz), by=scheduler, at=AT)
    assert code_of(caught) == "CSS111E"
    command = SetSlotCapacity(district_code="ZZ", exchange_code="WREN", skill=Skill.REPAIR, slot_on=MONDAY, half_day=AM, capacity=1)
    for by in (CLERK, PARTNER_ACTOR):
        with pytest.raises(Refused) as caught:
            set_slot_capacity(session, command, by=by, at=AT)
        assert code_of(caught) == "CSS111E"


def test_booking_is_as_open_as_the_order_needs(session: Session, zz: BuiltDistrict) -> None:
    with pytest.raises(Refused, match="from 10 March 2026 to 12 March 2026"):
        book(session, zz, earliest_on=date(2026, 3, 10), latest_on=date(2026, 3, 12))
    assert book(session, zz, slot_on=date(2026, 3, 10), earliest_on=date(2026, 3, 10)).number


def test_a_visit_is_kept_missed_or_given_back(session: Session, zz: BuiltDistrict) -> None:
    kept, early, missed, cancelled = (book(session, zz) for _ in range(4))
    appointment_book.keep(session, kept.id, at=AT, done_on=MONDAY)
    appointment_book.keep(session, early.id, at=AT, done_on=date(2026, 3, 6))
    appointment_book.miss(session, missed.id, MissCause.NO_ACCESS, at=AT)
    appointment_book.give_back(session, cancelled.id, at=AT)
    assert [one.state.value for one in (kept, early, missed, cancelled)] == ["kept", "cancelled", "missed", "cancelled"]
    with pytest.raises(Refused, match="is missed"):
        appointment_book.miss(session, missed.id, MissCause.LATE, at=AT)
    appointment_book.keep(session, missed.id, at=AT)
    appointment_book.give_back(session, kept.id, at=AT)
    assert (missed.state, missed.miss_cause) == (AppointmentState.MISSED, MissCause.NO_ACCESS)
    assert kept.state is AppointmentState.KEPT
    (row,) = [one for one in appointments_of_day(session, "ZZ", MONDAY, by=CLERK, at=AT) if one.miss_cause]
    assert row.miss_cause is MissCause.NO_ACCESS
    assert not row.miss_cause.is_ours


def test_repairs_book_today(session: Session, zz: BuiltDistrict) -> None:
    found = book(session, zz, skill=Skill.REPAIR, slot_on=DAY, half_day=PM, reference="ZZF00000015")
    assert found.state is AppointmentState.BOOKED
    with pytest.raises(Refused, match="from 3 March 2026"):
        book(session, zz, slot_on=DAY, half_day=PM)


def test_booking_takes_four_statements(session: Session, zz: BuiltDistrict, query_count: Counting) -> None:
    ours = provider_id(session)
    with query_count() as first:
        book(session, zz, provider_id=ours)
    with query_count() as later:
        book(session, zz, provider_id=ours)
    assert (len(first), len(later)) == (5, 4), "the half-day, its row the first time, the count, the number, the appointment"


# The sweep.


def test_the_sweep_marks_what_has_lapsed_and_nothing_depends_on_it(session: Session, zz: BuiltDistrict) -> None:
    reserve_slot(session, hold(zz), by=CLERK, at=AT)
    reserve_slot(session, hold(zz, 1), by=CLERK, at=AT + timedelta(hours=1))
    sweep = LapseSlots(district_code="zz")
    before = cell(session, zz, LATER)
    assert lapse_slots(session, sweep, by=SYSTEM, at=LATER).lapsed == 1
    assert lapse_slots(session, sweep, by=SYSTEM, at=LATER).lapsed == 0
    assert cell(session, zz, LATER) == before
    with pytest.raises(Refused):
        lapse_slots(session, sweep, by=CLERK, at=LATER)


# Planning.


def test_a_days_number_counts_before_the_pattern_and_can_be_taken_back(session: Session, zz: BuiltDistrict) -> None:
    assert give(session, zz, 3) == 0
    row = cell(session, zz)
    assert (row.capacity, row.is_set) == (3, True)
    assert give(session, zz, None) == 0
    row = cell(session, zz)
    assert (row.capacity, row.is_set) == (12, False)


def test_a_number_below_what_is_promised_says_how_many_are_over(session: Session, zz: BuiltDistrict) -> None:
    for _ in range(3):
        book(session, zz)
    reserve_slot(session, hold(zz), by=CLERK, at=AT)
    for said in (0, 2):
        with pytest.raises(Refused, match="With 1 visits there would be 3 promised too many") as caught:
            give(session, zz, 1, over=said)
        assert (caught.value.code, caught.value.element) == ("CSS825E", "over")
    assert give(session, zz, 1, over=3) == 3
    row = cell(session, zz)
    assert (row.capacity, row.free, row.over) == (1, 0, 3)
    # Who holds one of them still has it.
    with pytest.raises(Refused, match="is full"):
        book(session, zz)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"capacity": -1}, "CSS824E"),
        ({"capacity": 1000}, "CSS824E"),
        ({"exchange_code": "NONE"}, "CSS827E"),
        ({"slot_on": date(2026, 3, 1)}, "CSS826E"),
        ({"slot_on": date(2026, 3, 8)}, "CSS826E"),
        ({"slot_on": date(2027, 3, 9)}, "CSS826E"),
        ({"capacity": -1, "slot_on": date(2026, 3, 8)}, "CSS824E CSS826E"),
    ],
)
def test_a_number_that_cannot_be_is_refused(session: Session, zz: BuiltDistrict, change: dict[str, object], code: str) -> None:
    with pytest.raises(CssError) as caught:
        give(session, zz, **{"visits": change.pop("capacity", 3), **change})  # type: ignore[arg-type]
    errors = caught.value.errors if isinstance(caught.value, Several) else (caught.value,)
    assert " ".join(error.code for error in errors) == code


def pattern(**others: object) -> SetSlotPattern:
    fields = {
        "district_code": "ZZ",
        "exchange_code": "WREN",
        "skill": Skill.INSTALL,
        "weekdays": (1,),
        "half_days": (AM,),
        "capacity": 5,
        "starts_on": MONDAY,
    }
    return SetSlotPattern(**fields | others)  # type: ignore[arg-type]


def test_an_exchanges_pattern_counts_before_the_houses_from_its_day_on(session: Session, zz: BuiltDistrict) -> None:
    other = builders.district(session, "ZY")
    set_slot_pattern(session, pattern(), by=OPERATOR, at=AT)
    set_slot_pattern(session, pattern(district_code=None, exchange_code=None, capacity=7, starts_on=date(2026, 3, 16)), by=OPERATOR, at=AT)

    def mornings(where: BuiltDistrict) -> list[int]:
        weeks = (slot_week(session, where.code, week_of=DAY + timedelta(days=7 * n), at=AT) for n in range(3))
        return [next(r.capacity for r in week.days[0].rows if (r.half_day, r.skill) == (AM, Skill.INSTALL)) for week in weeks]

    assert mornings(zz) == [12, 5, 5]
    assert mornings(other) == [12, 12, 7]
    assert cell(session, zz, half=PM).capacity == 12
    # The same day again is a correction.
    set_slot_pattern(session, pattern(capacity=6), by=OPERATOR, at=AT)
    assert mornings(zz) == [12, 6, 6]


def test_a_pattern_below_what_is_promised_says_how_many_are_over(session: Session, zz: BuiltDistrict) -> None:
    for week in range(2):
        for _ in range(3):
            book(session, zz, slot_on=MONDAY + timedelta(days=7 * week))
    book(session, zz, slot_on=MONDAY + timedelta(days=1))
    give(session, zz, 3, slot_on=MONDAY + timedelta(days=14))
    with pytest.raises(Refused, match="With 1 visits there would be 4 promised too many in the weeks from 9 March 2026"):
        set_slot_pattern(session, pattern(capacity=1), by=OPERATOR, at=AT)
    assert cell(session, zz).capacity == 12, "a refusal leaves nothing"
    everywhere = pattern(capacity=1, district_code=None, exchange_code=None)
    for asked in (everywhere, pattern(capacity=1)):
        assert set_slot_pattern(session, replace(asked, over=4), by=OPERATOR, at=AT).over == 4


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"starts_on": DAY}, "CSS826E"),
        ({"weekdays": (7,)}, "CSS824E"),
        ({"weekdays": ()}, "CSS824E"),
        ({"half_days": ()}, "CSS824E"),
        ({"capacity": 1000}, "CSS824E"),
        ({"exchange_code": None}, "CSS827E"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused(session: Session, zz: BuiltDistrict, change: dict[str, object], code: str) -> None:
    assert zz.code
    with pytest.raises(CssError) as caught:
        set_slot_pattern(session, pattern(**change), by=OPERATOR, at=AT)
    assert code_of(caught) == code


# Looking.


def test_the_week_shows_why_nobody_works(session: Session, zz: BuiltDistrict) -> None:
    week = slot_week(session, "zz", week_of=date(2026, 4, 3), at=AT)
    assert (week.exchange_code, week.starts_on) == ("WREN", date(2026, 3, 30))
    assert [day.closed for day in week.days] == [None, None, None, None, "Good Friday", None, "Sunday"]
    assert [sum(row.free for row in day.rows) for day in week.days] == [48, 48, 48, 48, 0, 16, 0]
    this = slot_week(session, "ZZ", at=AT)
    assert this.business_date == DAY
    today = {row.half_day: row.free for row in this.days[0].rows if row.skill is Skill.REPAIR}
    assert today == {AM: 0, PM: 12}, "the morning has begun"
    for district, exchange, code in (("QQ", None, "CSS101E"), ("ZZ", "NONE", "CSS827E")):
        with pytest.raises(NotFound) as caught:
            slot_week(session, district, exchange, at=AT)
        assert code_of(caught) == code
    assert zz.code == "ZZ"


def test_on_a_sunday_the_book_opens_at_the_week_to_come(session: Session, zz: BuiltDistrict) -> None:
    roll_business_date(session, zz.code, to=date(2026, 3, 7))
    assert slot_week(session, "ZZ", at=AT).starts_on == DAY
    roll_business_date(session, zz.code, to=date(2026, 3, 8))
    assert slot_week(session, "ZZ", at=AT).starts_on == MONDAY


def test_free_slots_of_an_address_leave_full_ones_out_in_two_statements(
    session: Session,
    zz: BuiltDistrict,
    query_count: Counting,
) -> None:
    give(session, zz, 1)
    book(session, zz)
    key = zz.silver.address_key
    with query_count() as sent:
        found = free_slots(session, key, first_on=date(2026, 3, 6), last_on=date(2026, 3, 10), at=AT)
    assert len(sent) == 2
    assert [(one.slot.short, one.free) for one in found] == [
        ("Fri 6 Mar AM", 12),
        ("Fri 6 Mar PM", 12),
        ("Sat 7 Mar AM", 4),
        ("Sat 7 Mar PM", 4),
        ("Mon 9 Mar PM", 12),
        ("Tue 10 Mar AM", 12),
        ("Tue 10 Mar PM", 12),
    ]
    assert free_slots(session, key, at=AT, limit=1)[0].slot_on == date(2026, 3, 3)
    assert free_slots(session, key, skill=Skill.REPAIR, at=AT, limit=1)[0].slot == (DAY, PM)
    assert free_slots(session, key, first_on=date(2026, 3, 8), last_on=date(2026, 3, 8), at=AT) == ()
    with pytest.raises(NotFound, match="There is no address A99999999999"):
        free_slots(session, "A99999999999", at=AT)


def test_the_appointments_of_a_day_and_of_an_address(session: Session, zz: BuiltDistrict) -> None:
    afternoon = reserve_slot(session, hold(zz, half_day=PM), by=CLERK, at=AT)
    book(session, zz)
    book(session, zz, skill=Skill.REPAIR, reference="ZZF00000015", site_id=zz.gold[1].id)
    found = appointments_of_day(session, "ZZ", MONDAY, exchange_code="WREN", by=CLERK, at=AT)
    assert [(row.half_day, row.skill, row.reference) for row in found] == [
        (AM, Skill.INSTALL, "ZZO00000015"),
        (AM, Skill.REPAIR, "ZZF00000015"),
        (PM, Skill.INSTALL, None),
    ]
    assert len(appointments_of_day(session, "ZZ", MONDAY, skill=Skill.REPAIR, half_day=AM, by=CLERK, at=AT)) == 1
    assert appointments_of_day(session, "ZZ", MONDAY, exchange_code="NONE", by=CLERK, at=AT) == ()
    of_site = appointments_of_site(session, zz.gold[0].address_key, by=CLERK, at=AT)
    assert of_site[0].appointment_number == afternoon.appointment_number
    assert len(of_site) == 2


def test_the_business_date_says_what_tomorrow_is(session: Session, zz: BuiltDistrict) -> None:
    roll_business_date(session, "ZZ", to=MONDAY)
    with pytest.raises(Refused, match="from 10 March 2026"):
        reserve_slot(session, hold(zz), by=CLERK, at=AT)
