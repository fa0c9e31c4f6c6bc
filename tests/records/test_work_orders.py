"""What is shown while an order is taken, the work list page by page, and what came of an order."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from css.core.errors import BadMessage, NotFound
from css.core.slots import bookable_days, day_fault
from css.core.words import HalfDay, Skill
from css.master.appointment_commands import SetSlotCapacity
from css.master.appointment_planning import set_slot_capacity
from orders.actions import complete_order, delay_order
from orders.commands.orders import CompleteOrder, DelayOrder, Slot
from orders.queries.entry import entry_answer, free_numbers
from orders.queries.work import exchanges_of, order_progress, work_page
from orders.rules.content import better_levels, clash
from orders.rules.jeopardy import Jeopardy
from orders.rules.lifecycle import next_step
from orders.words import OrderState, PlantOutcome
from tests import builders
from tests.builders import AT, CLERK, DAY, OPERATOR
from tests.records.ordering import a_cease, a_provide, place


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, pairs=40, sites=30)


@pytest.fixture
def account(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltAccount:
    return builders.account(session, zz)


def _order(session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount, n: int, required_on: date) -> str:
    command = a_provide(zz, account, address_key=zz.gold[n].address_key, required_on=required_on)
    return place(session, command).order_number


# --- what is shown while an order is taken --------------------------------------------------------------------------------


def test_the_plant_answer_says_what_placing_would_do(session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount) -> None:
    builders.stopped_line(session, zz, site=zz.gold[1])
    for site, outcome in {zz.gold[0]: PlantOutcome.SPARE_PAIR, zz.gold[1]: PlantOutcome.RESTART, zz.silver: PlantOutcome.BUILD}.items():
        answer = entry_answer(session, site.address_key.lower(), ("LINE-RES",), at=AT)
        assert answer.outcome is outcome
        placed = place(session, a_provide(zz, account, address_key=site.address_key, required_on=answer.earliest_on))
        assert placed.plant_outcome is outcome
        is_surveyed_first = outcome is PlantOutcome.BUILD
        assert placed.committed_on == (None if is_surveyed_first else answer.promised_on)
        with pytest.raises(Exception, match="earliest date"):
            place(session, a_provide(zz, account, address_key=zz.gold[5].address_key, required_on=DAY + timedelta(days=1)))


def test_what_needs_no_visit_is_sooner(session: Session, zz: builders.BuiltDistrict) -> None:
    key = zz.gold[0].address_key
    display, line = (entry_answer(session, key, (product,), at=AT) for product in ("CALLER-DISPLAY", "LINE-RES"))
    assert display.earliest_on < line.earliest_on
    assert entry_answer(session, key, at=AT).needs_visit, "nothing named is a line"
    with pytest.raises(NotFound):
        entry_answer(session, "A99999999999", at=AT)


def test_slots_are_those_that_can_be_had_and_say_how_full_they_are(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    answer = entry_answer(session, zz.gold[0].address_key, ("LINE-RES",), date(2026, 3, 20), at=AT, slots=12)
    assert [(slot.slot_on.day, slot.half_day.value) for slot in answer.slots[:4]] == [(9, "AM"), (9, "PM"), (10, "AM"), (10, "PM")], (
        "from the earliest day it can be had"
    )
    assert all(slot.slot_on.weekday() < 6 for slot in answer.slots), "nobody comes on a Sunday"
    wanted = Slot(slot_on=date(2026, 3, 9), half_day=HalfDay.PM)
    place(session, a_provide(zz, account, required_on=date(2026, 3, 20), appointment=wanted))
    again = entry_answer(session, zz.gold[0].address_key, ("LINE-RES",), date(2026, 3, 20), at=AT, slots=4)
    assert [slot.free for slot in again.slots] == [12, 11, 12, 12]


def test_full_half_days_are_not_shown(session: Session, zz: builders.BuiltDistrict) -> None:
    full = SetSlotCapacity(
        district_code="ZZ", exchange_code="WREN", skill=Skill.INSTALL, slot_on=date(2026, 3, 9), half_day=HalfDay.AM, capacity=0
    )
    set_slot_capacity(session, full, by=OPERATOR, at=AT)
    answer = entry_answer(session, zz.gold[0].address_key, ("LINE-RES",), date(2026, 3, 20), at=AT, slots=1)
    assert [(slot.slot_on.day, slot.half_day) for slot in answer.slots] == [(9, HalfDay.PM)]


def test_every_day_offered_is_one_that_is_not_refused() -> None:
    days = list(bookable_days(first=DAY, last=date(2026, 4, 10), nation="england-and-wales"))[1:]
    assert all(day_fault(day, first=DAY, last=date(2026, 4, 10), nation="england-and-wales") is None for day in days)
    assert date(2026, 4, 3) not in days, "Good Friday"
    assert len(days) == 32, "39 days, five Sundays, Good Friday and Easter Monday"


def test_free_numbers_are_those_that_can_be_given_out(session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount) -> None:
    line = builders.working_line(session, zz, account, number="441632960001")
    key = zz.gold[3].address_key
    first = free_numbers(session, key, at=AT)
    assert first[:3] == ("441632960000", "441632960002", "441632960003")
    assert line.number not in first
    ending = free_numbers(session, key, at=AT, ending="77", limit=3)
    assert ending == ("441632960077", "441632960177", "441632960277")
    placed = place(session, a_provide(zz, account, address_key=key, number=ending[0]))
    assert placed.number == ending[0]
    assert ending[0] not in free_numbers(session, key, at=AT, ending="77")
    assert free_numbers(session, zz.silver.address_key, at=AT) == ()
    assert free_numbers(session, key, at=AT, ending="%") == ()


def test_what_clashes_and_what_is_better() -> None:
    assert clash("CALL-BARRING", ("LINE-RES", "CALL-DIVERSION")) == "CALL-DIVERSION"
    assert clash("CALL-BARRING", ("LINE-RES",)) is None
    assert better_levels("1", {"3", "2", None}, ("1", "2", "2.5", "3")) == ["2", "3"]


# --- the work list --------------------------------------------------------------------------------------------------------


def test_the_worst_come_first_and_pages_meet_without_gap_or_overlap(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    numbers = [_order(session, zz, account, n, date(2026, 3, 10) + timedelta(days=n % 3)) for n in range(7)]
    held = numbers[2]
    delay_order(session, DelayOrder(order_number=held, problem_code="ACCESS_ISSUE", words="No key"), by=OPERATOR, at=AT)
    whole = work_page(session, "ZZ", by=CLERK)
    assert whole.rows[0].order_number == held
    assert (whole.rows[0].jeopardy, whole.rows[0].problem_words) == (Jeopardy.HELD, "nobody could be let in")
    assert whole.total == 7
    assert (whole.back, whole.forward) == (None, None)
    seen: list[str] = []
    after: str | None = ""
    places = []
    while after is not None:
        page = work_page(session, "ZZ", by=CLERK, after=after, limit=3)
        places.append((page.first_place, page.back))
        seen += [row.order_number for row in page.rows]
        after = page.forward
    assert seen == [row.order_number for row in whole.rows]
    assert [place for place, _ in places] == [1, 4, 7]
    assert [back for _, back in places][:2] == [None, ""]
    last_back = places[2][1]
    assert last_back
    again = work_page(session, "ZZ", by=CLERK, after=last_back, limit=3)
    assert [row.order_number for row in again.rows] == seen[3:6], "a page back is the page before"
    # An order that ends meanwhile shifts nobody onto another page.
    first = work_page(session, "ZZ", by=CLERK, limit=3)
    session.execute(
        text("UPDATE orders.customer_order SET state = 'cancelled' WHERE number = :number"), {"number": first.rows[2].order_number}
    )
    assert first.forward
    assert [row.order_number for row in work_page(session, "ZZ", by=CLERK, after=first.forward, limit=3).rows] == seen[3:6]


def test_the_list_is_narrowed(session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount) -> None:
    mine, held = _order(session, zz, account, 0, date(2026, 3, 10)), _order(session, zz, account, 1, date(2026, 3, 10))
    delay_order(session, DelayOrder(order_number=held, problem_code="ACCESS_ISSUE", words="No key"), by=OPERATOR, at=AT)
    session.execute(text("UPDATE orders.customer_order SET placed_on = '2026-02-20' WHERE number = :number"), {"number": mine})

    def found(**criteria: object) -> list[str]:
        wanted: dict[str, object] = criteria
        return [row.order_number for row in work_page(session, "ZZ", by=CLERK, **wanted).rows]  # type: ignore[arg-type]

    assert found() == [held, mine]
    assert found(state=OrderState.HELD) == [held]
    assert found(problem_code="ACCESS_ISSUE") == [held]
    assert found(problem_code="OTHER") == []
    assert found(days_old=5) == [mine]
    assert found(exchange_code="WREN") == [held, mine]
    assert found(exchange_code="NONE") == []
    assert exchanges_of(session, "ZZ") == (("WREN", "Wrenford"),)
    assert [row.order_number for row in work_page(session, "ZZ", by=builders.PARTNER_ACTOR).rows] == []
    assert work_page(session, "QQ", by=CLERK).total == 0


@pytest.mark.parametrize("after", ["3", "x.2026-03-01.ZZO00000018", "1.today.ZZO00000018"])
def test_what_is_no_place_is_refused(session: Session, zz: builders.BuiltDistrict, after: str) -> None:
    with pytest.raises(BadMessage, match="no place"):
        work_page(session, "ZZ", by=CLERK, after=after)


# --- one order ------------------------------------------------------------------------------------------------------------


def test_progress_tells_what_came_of_an_order(session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount) -> None:
    number = _order(session, zz, account, 0, date(2026, 3, 9))
    before = order_progress(session, number, by=CLERK)
    assert (before.raised, before.failed, before.days_late) == ((), (), 0)
    assert "to be done on 9 March 2026" in before.next_step
    session.execute(text("UPDATE css.business_date SET current_on = '2026-03-12' WHERE district_code = 'ZZ'"))
    session.expire_all()
    late = order_progress(session, number, by=CLERK)
    assert late.jeopardy is Jeopardy.LATE
    assert "was to be done" in late.next_step
    complete_order(session, CompleteOrder(order_number=number, done_on=date(2026, 3, 11)), by=OPERATOR, at=AT)
    done = order_progress(session, number, by=CLERK)
    assert [item.words for item in done.raised], "the connection is left for billing"
    assert done.failed[0].promised_on == date(2026, 3, 9)
    assert done.days_late == 2
    assert done.jeopardy is None
    assert "Nothing more" in done.next_step


def test_a_cease_has_progress_too(session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount) -> None:
    line = builders.working_line(session, zz, account)
    number = place(session, a_cease(account, line.number)).order_number
    assert order_progress(session, number, by=CLERK).next_step.startswith("It is to be done on 4 March 2026")


def test_what_happens_next_is_said_for_every_state() -> None:
    said = {state: next_step(state, target_on=DAY, on=DAY, outcome=None) for state in OrderState}
    assert len(set(said.values())) == len(OrderState) - 1, "only an order acknowledged and one committed wait for the same day"
    assert "pair must be built" in next_step(OrderState.COMMITTED, target_on=DAY, on=DAY, outcome=PlantOutcome.BUILD)
    assert "waits for a date" in next_step(OrderState.ACKNOWLEDGED, target_on=None, on=DAY, outcome=None)
