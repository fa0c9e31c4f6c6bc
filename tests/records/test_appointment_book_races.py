"""The last visit of a half-day, asked for by two at once; and random lives of a small book, which is never promised beyond itself."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import CssError, Refused
from css.core.words import HalfDay, MissCause, Skill
from css.db.engine import transaction
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
from css.master.appointments import Appointment
from css.master.providers import Provider
from tests import builders
from tests.builders import AT, CLERK, DAY, OPERATOR, SYSTEM, BuiltDistrict
from tests.race import together, until_somebody_waits

MONDAY = date(2026, 3, 9)
AM, PM = HalfDay.AM, HalfDay.PM
ORDER = "ZZO00000015"


@dataclass
class Book:
    engine: Engine
    zz: BuiltDistrict
    provider_id: int

    def hold(self, site: int = 0, *, half: HalfDay = AM, at: datetime = AT) -> SlotHeld:
        command = ReserveSlot(address_key=self.zz.gold[site].address_key, slot_on=MONDAY, half_day=half)
        with transaction(self.engine) as session:
            return reserve_slot(session, command, by=CLERK, at=at)

    def book(self, site: int = 0, *, at: datetime = AT) -> str:
        with transaction(self.engine) as session:
            return book(session, self, site, at=at)

    def book_held(self, held: SlotHeld, *, at: datetime = AT) -> str:
        with transaction(self.engine) as session:
            return book_held(session, self, held, at=at)

    def give(self, visits: int, *, half: HalfDay = AM) -> None:
        with transaction(self.engine) as session:
            set_slot_capacity(session, number(visits, half), by=OPERATOR, at=AT)


def number(visits: int, half: HalfDay = AM, over: int = 0) -> SetSlotCapacity:
    return SetSlotCapacity(
        district_code="ZZ", exchange_code="WREN", skill=Skill.INSTALL, slot_on=MONDAY, half_day=half, capacity=visits, over=over
    )


def book(session: Session, of: Book, site: int = 0, *, at: datetime = AT, half: HalfDay = AM) -> str:
    made = appointment_book.book_slot(
        session,
        site_id=of.zz.gold[site].id,
        exchange_id=of.zz.exchange_id,
        district_code="ZZ",
        provider_id=of.provider_id,
        skill=Skill.INSTALL,
        slot_on=MONDAY,
        half_day=half,
        reference=ORDER,
        by=CLERK,
        at=at,
        on=DAY,
        nation="england-and-wales",
    )
    return made.number or ""


def book_held(session: Session, of: Book, held: SlotHeld, *, at: datetime = AT, by: Actor = CLERK) -> str:
    site_id = next(site.id for site in of.zz.gold if site.address_key == held.address_key)
    made = appointment_book.book_held(
        session, number=held.appointment_number, provider_id=of.provider_id, site_id=site_id, reference=ORDER, by=by, at=at
    )
    return made.number or ""


@pytest.fixture
def the(fresh_engine: Engine) -> Book:
    with transaction(fresh_engine) as session:
        zz = builders.district(session)
        provider_id = session.execute(select(Provider.id).where(Provider.code == "RETAIL")).scalar_one()
    made = Book(fresh_engine, zz, provider_id)
    made.give(1)
    return made


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as made:
        yield made


def test_of_two_for_the_last_visit_one_gets_it_and_the_other_is_told_what_is_free(the: Book, pool: ThreadPoolExecutor) -> None:
    with Session(the.engine) as first:
        won = book(first, the)
        second = pool.submit(the.book, 1)
        until_somebody_waits(the.engine)
        assert not second.done()
        first.commit()
    assert won
    with pytest.raises(Refused, match=r"The morning of 9 March 2026 is full for install; free next: .*Mon 9 Mar PM") as caught:
        second.result(10)
    assert caught.value.code == "CSS818E"


def test_who_waited_gets_it_when_the_first_gives_up(the: Book, pool: ThreadPoolExecutor) -> None:
    with Session(the.engine) as first:
        book(first, the)
        second = pool.submit(the.hold, 1)
        until_somebody_waits(the.engine)
        first.rollback()
    assert second.result(10).appointment_number


def test_the_first_two_ever_in_a_half_day_do_not_both_get_its_only_visit(the: Book, pool: ThreadPoolExecutor) -> None:
    with transaction(the.engine) as session:
        everywhere = SetSlotPattern(skill=Skill.INSTALL, weekdays=(1,), half_days=(PM,), capacity=1, starts_on=MONDAY)
        set_slot_pattern(session, everywhere, by=OPERATOR, at=AT)
    with Session(the.engine) as first:
        book(first, the, half=PM)
        second = pool.submit(the.hold, 1, half=PM)
        until_somebody_waits(the.engine)
        first.commit()
    with pytest.raises(Refused, match="is full"):
        second.result(10)


def test_many_at_once_get_as_many_as_there_are(the: Book) -> None:
    the.give(3)
    outcomes = together(*(lambda site=site: the.hold(site % 4) for site in range(8)))
    assert sum(isinstance(one, SlotHeld) for one in outcomes) == 3
    assert {one.code for one in outcomes if isinstance(one, CssError)} == {"CSS818E"}


def test_who_asks_for_several_at_once_holds_no_more_than_two_for_an_address(the: Book, pool: ThreadPoolExecutor) -> None:
    the.give(2)
    the.give(2, half=PM)
    the.hold()
    with Session(the.engine) as first:
        command = ReserveSlot(address_key=the.zz.gold[0].address_key, slot_on=MONDAY, half_day=PM)
        reserve_slot(first, command, by=CLERK, at=AT)
        second = pool.submit(the.hold)
        until_somebody_waits(the.engine)
        first.commit()
    with pytest.raises(Refused, match="2 slots are held for the address already"):
        second.result(10)


def test_a_hold_at_its_last_instant_is_used_or_lapsed_but_not_both(the: Book, pool: ThreadPoolExecutor) -> None:
    held = the.hold()
    lapses = AT + timedelta(hours=24)
    with Session(the.engine) as first:
        book(first, the, 1, at=lapses)
        # It came in time by its own clock, and stands behind who came when it was over.
        second = pool.submit(the.book_held, held, at=lapses - timedelta(seconds=1))
        until_somebody_waits(the.engine)
        first.commit()
    with pytest.raises(Refused, match="has lapsed"):
        second.result(10)


def test_a_hold_used_at_its_last_instant_leaves_nothing_for_the_next(the: Book, pool: ThreadPoolExecutor) -> None:
    held = the.hold()
    lapses = AT + timedelta(hours=24)
    with Session(the.engine) as first:
        book_held(first, the, held, at=lapses - timedelta(seconds=1))
        second = pool.submit(the.book, 1, at=lapses)
        until_somebody_waits(the.engine)
        first.commit()
    with pytest.raises(Refused, match="is full"):
        second.result(10)


def test_a_slot_is_released_or_booked_but_not_both(the: Book, pool: ThreadPoolExecutor) -> None:
    held = the.hold()

    def release() -> SlotHeld:
        with transaction(the.engine) as session:
            return release_slot(session, ReleaseSlot(appointment_number=held.appointment_number), by=CLERK, at=AT)

    with Session(the.engine) as first:
        book_held(first, the, held)
        second = pool.submit(release)
        until_somebody_waits(the.engine)
        first.commit()
    with pytest.raises(Refused, match=f"is booked for {ORDER}"):
        second.result(10)


def test_a_number_is_not_lowered_beside_a_booking_under_way(the: Book, pool: ThreadPoolExecutor) -> None:
    with Session(the.engine) as first:
        book(first, the)
        second = pool.submit(the.give, 0)
        until_somebody_waits(the.engine)
        first.commit()
    with pytest.raises(Refused, match="there would be 1 promised too many"):
        second.result(10)


def test_a_pattern_does_not_change_beside_a_booking_under_way(the: Book, pool: ThreadPoolExecutor) -> None:
    def none_at_all() -> object:
        command = SetSlotPattern(district_code="ZZ", exchange_code="WREN", skill=Skill.INSTALL, weekdays=(1,), capacity=0, starts_on=MONDAY)
        with transaction(the.engine) as session:
            return set_slot_pattern(session, command, by=OPERATOR, at=AT)

    with Session(the.engine) as first:
        book(first, the, half=PM)
        second = pool.submit(none_at_all)
        until_somebody_waits(the.engine)
        first.commit()
    with pytest.raises(Refused, match="there would be 1 promised too many"):
        second.result(10)


# Random lives of one day.

BEYOND: Final = text(
    """
    SELECT a.half_day, count(*) FROM css.appointment a
      JOIN css.slot_day d ON d.exchange_id = a.exchange_id AND d.skill = a.skill AND d.slot_on = a.slot_on AND d.half_day = a.half_day
     WHERE a.state = 'booked' OR (a.state = 'held' AND a.held_until_at > :at)
     GROUP BY a.half_day, d.capacity HAVING count(*) > coalesce(d.capacity, 12)"""
)
HOLDERS: Final = {"book_held", "move", "release"}
DEEDS: Final = ("hold", "book", "book_held", "move", "release", "give_back", "keep", "miss", "lapse", "capacity")


@dataclass
class Life:
    session: Session
    of: Book
    at: datetime = AT
    held: list[SlotHeld] = field(default_factory=list)
    over: int = 0
    done: int = 0

    def attempt(self, deed: str, which: int, hours: int) -> None:
        self.at += timedelta(hours=hours)
        try:
            with self.session.begin_nested():
                self._do(deed, which)
                self.done += 1
        except CssError:
            pass
        broken = self.session.execute(BEYOND, {"at": self.at}).all()
        assert not broken, (deed, broken)

    def _do(self, deed: str, which: int) -> None:
        half = (AM, PM)[which % 2]
        if deed == "hold":
            command = ReserveSlot(address_key=self.of.zz.gold[which % 4].address_key, slot_on=MONDAY, half_day=half)
            self.held.append(reserve_slot(self.session, command, by=CLERK, at=self.at))
        elif deed == "book":
            book(self.session, self.of, which % 4, at=self.at, half=half)
        elif deed == "lapse":
            lapse_slots(self.session, LapseSlots(district_code="ZZ"), by=SYSTEM, at=self.at)
        elif deed == "capacity":
            set_slot_capacity(self.session, number(which % 4, half), by=OPERATOR, at=self.at)
        elif deed in HOLDERS and self.held:
            self._with_held(deed, self.held[which % len(self.held)], half)
        else:
            self._with_any(deed, which)

    def _with_held(self, deed: str, held: SlotHeld, half: HalfDay) -> None:
        wanted = held.appointment_number
        if deed == "book_held":
            book_held(self.session, self.of, held, at=self.at)
        elif deed == "move":
            command = MoveAppointment(appointment_number=wanted, slot_on=MONDAY, half_day=half)
            move_appointment(self.session, command, by=CLERK, at=self.at)
        else:
            release_slot(self.session, ReleaseSlot(appointment_number=wanted), by=CLERK, at=self.at)

    def _with_any(self, deed: str, which: int) -> None:
        made = self._made(which)
        if made is not None and deed == "give_back":
            appointment_book.give_back(self.session, made, at=self.at)
        elif made is not None and deed == "keep":
            appointment_book.keep(self.session, made, at=self.at)
        elif made is not None and deed == "miss":
            appointment_book.miss(self.session, made, list(MissCause)[which % len(MissCause)], at=self.at)

    def _made(self, which: int) -> int | None:
        ids = self.session.execute(select(Appointment.id).order_by(Appointment.id)).scalars().all()
        return ids[which % len(ids)] if ids else None


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 9), st.sampled_from([0, 1, 9, 23])), min_size=8, max_size=25))
def test_no_half_day_is_promised_beyond_what_it_has(the: Book, deeds: list[tuple[str, int, int]]) -> None:
    with the.engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            for half in (AM, PM):
                set_slot_capacity(session, number(2, half), by=OPERATOR, at=AT)
            life = Life(session, the)
            for deed, which, hours in deeds:
                life.attempt(deed, which, hours)
        outer.rollback()


def test_a_life_does_something(the: Book) -> None:
    """So that the property above is not true of an empty book."""
    with Session(the.engine) as session:
        life = Life(session, the)
        for deed in ("capacity", "hold", "book_held", "book", "keep", "hold", "move", "release", "lapse"):
            life.attempt(deed, 2, 0)
        assert life.done >= 6
        assert session.execute(select(func.count()).select_from(Appointment)).scalar_one() >= 2
        session.rollback()
