"""Orders amended: dates, slots, contact, features, lines; what may not be, and what two who amend at once are told."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from css.core.errors import Conflict, CssError, NotFound, Refused, Several
from css.core.words import AppointmentState, FailureKind, HalfDay, LineState, Segment
from css.handover import ServiceFailure
from css.master.appointment_commands import ReserveSlot
from css.master.appointment_holding import reserve_slot
from css.master.appointments import Appointment
from css.master.districts import roll_business_date
from css.master.lines import Line
from css.master.services import Service
from orders.actions import amend_order, delay_order
from orders.commands.orders import AmendOrder, DelayOrder, OrderChanged, Slot
from orders.model import CustomerOrder, OrderItem
from orders.queries.cards import order_card
from orders.queries.tasks import order_tasks
from orders.words import ItemAction, KciKind, OrderKind, OrderState, TaskKind
from tests import builders
from tests.builders import AT, CLERK, OPERATOR, PARTNER_ACTOR
from tests.records.gaining import a_takeover
from tests.records.ordering import PROMISED, a_cease, a_provide, complete, place, stream


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, pairs=12)


@pytest.fixture
def account(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltAccount:
    return builders.account(session, zz)


@pytest.fixture
def number(session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount) -> str:
    return place(session, a_provide(zz, account, appointment=Slot(slot_on=date(2026, 3, 6), half_day=HalfDay.PM))).order_number


def amend(session: Session, order_number: str, *, at: datetime = AT, **fields: object) -> OrderChanged:
    return amend_order(session, AmendOrder(order_number=order_number, **fields), by=CLERK, at=at)  # type: ignore[arg-type]


def refused(session: Session, order_number: str, *, at: datetime = AT, **fields: object) -> list[tuple[str, str | None]]:
    with pytest.raises(CssError) as caught:
        amend(session, order_number, at=at, **fields)
    errors = caught.value.errors if isinstance(caught.value, Several) else (caught.value,)
    return [(error.code, error.element) for error in errors]


# --- dates and slots ------------------------------------------------------------------------------------------------------


def test_a_later_date_moves_what_is_worked_to_and_the_promise_stays(session: Session, number: str) -> None:
    answer = amend(session, number, required_on=date(2026, 3, 14))
    assert (answer.committed_on, answer.target_on) == (PROMISED, date(2026, 3, 16))
    card = order_card(session, number, by=CLERK)
    assert (card.required_on, card.committed_on, card.target_on) == (date(2026, 3, 14), PROMISED, date(2026, 3, 16))
    assert card.no_return_at is not None
    assert card.no_return_at.date() == date(2026, 3, 13)
    assert card.kci[-1].kind is KciKind.AMENDED
    assert card.kci[-1].words == "The order will be done by 16 March 2026. The engineer comes on the afternoon of 6 March 2026."
    due = {task.kind: task.due_on for task in order_tasks(session, number, by=CLERK)}
    assert (due[TaskKind.EMERGENCY], due[TaskKind.FIELD]) == (date(2026, 3, 16), date(2026, 3, 6))


def test_a_date_is_never_before_the_promise_nor_out_of_reach(session: Session, number: str) -> None:
    assert refused(session, number, required_on=date(2026, 3, 6)) == [("CSS295E", "required_on")]
    assert refused(session, number, required_on=date(2027, 6, 1)) == [("CSS214E", "required_on")]
    amend(session, number, required_on=date(2026, 3, 20))
    assert refused(session, number, required_on=date(2026, 3, 8)) == [("CSS295E", "required_on")]
    assert amend(session, number, required_on=date(2026, 3, 10)).target_on == date(2026, 3, 10)


def test_a_slot_moves_and_the_one_there_was_is_anybodys(session: Session, number: str) -> None:
    amend(session, number, appointment=Slot(slot_on=date(2026, 3, 5), half_day=HalfDay.AM))
    slots = session.execute(select(Appointment.slot_on, Appointment.state, Appointment.reference).order_by(Appointment.id)).all()
    assert [tuple(slot) for slot in slots] == [
        (date(2026, 3, 6), AppointmentState.CANCELLED, number),
        (date(2026, 3, 5), AppointmentState.BOOKED, number),
    ]
    card = order_card(session, number, by=CLERK)
    assert (card.slot_on, card.half_day, card.target_on) == (date(2026, 3, 5), HalfDay.AM, PROMISED)
    assert stream(session, number)[-1] is KciKind.AMENDED


def test_a_slot_held_for_the_asker_is_taken(session: Session, zz: builders.BuiltDistrict, number: str) -> None:
    command = ReserveSlot(address_key=zz.gold[0].address_key, slot_on=date(2026, 3, 12), half_day=HalfDay.AM)
    held = reserve_slot(session, command, by=CLERK, at=AT)
    answer = amend(session, number, appointment_number=held.appointment_number)
    assert answer.target_on == date(2026, 3, 12), "the slot takes the date along"
    card = order_card(session, number, by=CLERK)
    assert (card.slot_number, card.required_on) == (held.appointment_number, date(2026, 3, 12))
    assert refused(session, number, appointment_number=held.appointment_number)[0][0] in {"CSS820E", "CSS822E"}
    assert order_card(session, number, by=CLERK).slot_number == held.appointment_number, "what was refused changed nothing"


def test_a_slot_that_cannot_be_had_changes_nothing_at_all(session: Session, number: str) -> None:
    assert refused(session, number, appointment=Slot(slot_on=date(2026, 3, 8), half_day=HalfDay.AM), contact_name="Bea")[0][0] == "CSS222E"
    card = order_card(session, number, by=CLERK)
    assert (card.contact_name, card.slot_on, card.slot_state, card.row_version) == (
        "Ada Tansley",
        date(2026, 3, 6),
        AppointmentState.BOOKED,
        1,
    )


def test_a_move_for_a_reason_of_ours_is_told_so_and_stays_our_lateness(session: Session, number: str) -> None:
    slot = Slot(slot_on=date(2026, 3, 12), half_day=HalfDay.AM)
    amend(session, number, appointment=slot, reason_code="UNABLE_TO_ATTEND")
    card = order_card(session, number, by=CLERK)
    assert (card.required_on, card.committed_on, card.target_on) == (PROMISED, PROMISED, date(2026, 3, 12))
    assert (card.kci[-1].kind, card.kci[-1].problem_code) == (KciKind.REAPPOINTED, "UNABLE_TO_ATTEND")
    complete(session, number, date(2026, 3, 12))
    failure = session.execute(select(ServiceFailure)).scalar_one()
    assert (failure.kind, failure.issue_on) == (FailureKind.DELAYED_START, PROMISED)


def test_a_later_day_the_customer_wished_for_is_no_lateness_until_it_has_passed(session: Session, number: str) -> None:
    amend(session, number, required_on=date(2026, 3, 12))
    complete(session, number, date(2026, 3, 12))
    assert session.execute(select(func.count()).select_from(ServiceFailure)).scalar() == 0


def test_later_than_the_later_day_is_late_from_that_day(session: Session, number: str) -> None:
    amend(session, number, required_on=date(2026, 3, 12))
    complete(session, number, date(2026, 3, 17))
    assert session.execute(select(ServiceFailure.issue_on)).scalar_one() == date(2026, 3, 12)


def test_after_the_point_of_no_return_only_we_move_an_order(session: Session, number: str) -> None:
    late = datetime(2026, 3, 6, 16, 0, tzinfo=AT.tzinfo)
    roll_business_date(session, "ZZ", to=date(2026, 3, 6))
    assert refused(session, number, at=late, contact_name="Bea") == [("CSS206E", "order_number")]
    assert refused(session, number, at=late, required_on=date(2026, 3, 20), reason_code="CUSTOMER_CHANGED_MIND") == [
        ("CSS206E", "order_number")
    ]
    slot = Slot(slot_on=date(2026, 3, 10), half_day=HalfDay.AM)
    assert amend(session, number, at=late, appointment=slot, reason_code="UNABLE_TO_ATTEND").target_on == date(2026, 3, 10)


def test_a_held_order_may_be_amended_at_any_time_and_stays_held(session: Session, number: str) -> None:
    late = datetime(2026, 3, 6, 17, 0, tzinfo=AT.tzinfo)
    roll_business_date(session, "ZZ", to=date(2026, 3, 6))
    delay_order(session, DelayOrder(order_number=number, problem_code="NETWORK_ISSUE", words="Cable cut."), by=OPERATOR, at=late)
    assert amend(session, number, at=late, required_on=date(2026, 3, 20)).state is OrderState.HELD
    found = refused(session, number, at=late, required_on=date(2026, 3, 24), reason_code="NETWORK_ISSUE")
    assert found == [("CSS205E", "order_number")], "it goes on first"


def test_who_waits_for_nobody_has_no_slot(session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount) -> None:
    line = builders.working_line(session, zz, account)
    cease = place(session, a_cease(account, line.number)).order_number
    assert refused(session, cease, appointment=Slot(slot_on=date(2026, 3, 5), half_day=HalfDay.AM)) == [("CSS755E", "appointment")]


# --- what else ------------------------------------------------------------------------------------------------------------


def test_contact_and_notes_change_and_empty_notes_go(session: Session, number: str) -> None:
    amend(session, number, contact_name=" Bea Tansley ", contact_phone="07700 900456", hazard_notes="Dog", visit_notes="Ring twice")
    card = order_card(session, number, by=CLERK)
    assert (card.contact_name, card.contact_phone, card.hazard_notes, card.visit_notes) == (
        "Bea Tansley",
        "447700900456",
        "Dog",
        "Ring twice",
    )
    amend(session, number, hazard_notes="")
    card = order_card(session, number, by=CLERK)
    assert (card.hazard_notes, card.visit_notes) == (None, "Ring twice")
    assert [event.kind for event in card.kci[2:]] == [KciKind.AMENDED, KciKind.AMENDED]
    assert [event.sequence for event in card.kci] == [1, 2, 3, 4]


def test_everything_wrong_is_told_at_once_and_an_ended_order_is_not_amended(session: Session, number: str) -> None:
    found = refused(session, number, required_on=date(2026, 3, 2), contact_phone="999", hazard_notes="x" * 60, add_codes=("NOWHERE",))
    assert {code for code, _ in found} == {"CSS295E", "CSS241E", "CSS219E", "CSS211E"}
    assert refused(session, number) == [("CSS296E", "order_number")]
    complete(session, number, date(2026, 3, 6))
    assert refused(session, number, contact_name="Bea") == [("CSS205E", "order_number")]


def test_features_come_and_go_until_the_line_works(session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount) -> None:
    number = place(session, a_provide(zz, account, product_codes=("LINE-RES", "CALLER-DISPLAY"))).order_number
    amend(session, number, add_codes=("CALL-WAITING",), drop_codes=("CALLER-DISPLAY",))
    card = order_card(session, number, by=CLERK)
    assert [item.product_code for item in card.items] == ["LINE-RES", "CALL-WAITING"]
    assert refused(session, number, add_codes=("CALL-WAITING",)) == [("CSS754E", "add_codes[0]")]
    complete(session, number, PROMISED)
    opened = session.execute(select(func.count()).select_from(Service).where(Service.ends_on.is_(None))).scalar()
    assert opened == 2


def test_who_takes_over_a_line_chooses_features_anew(session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount) -> None:
    line = builders.working_line(session, zz, account, features=("CALLER-DISPLAY",))
    taker = builders.account(session, zz)
    number = place(session, a_takeover(taker, line.site)).order_number
    amend(session, number, add_codes=("CALLER-DISPLAY",))
    card = order_card(session, number, by=CLERK)
    assert [item.product_code for item in card.items if item.action is ItemAction.ADD] == ["LINE-RES", "CALLER-DISPLAY"]


def test_a_change_of_features_knows_what_works_on_the_line(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    line = builders.working_line(session, zz, account, features=("CALLER-DISPLAY",))
    command = a_cease(account, line.number, kind=OrderKind.FEATURES, product_codes=("CALL-WAITING",))
    number = place(session, command).order_number
    assert refused(session, number, add_codes=("CALLER-DISPLAY",)) == [("CSS754E", "add_codes[0]")]
    assert refused(session, number, drop_codes=("CALL-WAITING",)) == [("CSS754E", "drop_codes[0]")]
    amend(session, number, add_codes=("CALL-DIVERSION",), drop_codes=("CALL-WAITING",))
    assert refused(session, number, add_codes=("CALL-BARRING",)) == [("CSS216E", "add_codes[0]")]


def test_a_cease_has_no_features(session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount) -> None:
    line = builders.working_line(session, zz, account)
    cease = place(session, a_cease(account, line.number)).order_number
    assert refused(session, cease, add_codes=("CALL-WAITING",)) == [("CSS753E", "add_codes[0]")]
    assert refused(session, cease, line_count=3) == [("CSS753E", "line_count")]
    assert amend(session, cease, required_on=date(2026, 3, 6)).target_on == date(2026, 3, 6)


def test_more_or_fewer_lines_take_or_give_back_pairs(session: Session, zz: builders.BuiltDistrict) -> None:
    firm = builders.account(session, zz, segment=Segment.BUSINESS)
    line = builders.working_line(session, zz, firm)
    number = place(session, a_cease(firm, line.number, kind=OrderKind.LINES, line_count=4, required_on=PROMISED)).order_number

    def planned() -> list[int | None]:
        rows = select(Line.pair_id).where(Line.auxiliary_of_id == line.id, Line.state == LineState.PLANNED).order_by(Line.id)
        return list(session.execute(rows).scalars())

    assert len(planned()) == 3
    amend(session, number, line_count=6)
    assert len(set(planned())) == 5
    amend(session, number, line_count=3)
    assert len(planned()) == 2
    quantity = select(OrderItem.quantity).join(CustomerOrder, CustomerOrder.id == OrderItem.order_id).where(CustomerOrder.number == number)
    assert session.execute(quantity).scalar_one() == 2
    assert refused(session, number, line_count=40) == [("CSS757E", "line_count")]
    assert refused(session, number, line_count=1) == [("CSS283E", "line_count")]
    complete(session, number, PROMISED)
    working = select(func.count()).select_from(Line).where(Line.auxiliary_of_id == line.id, Line.state == LineState.WORKING)
    assert session.execute(working).scalar() == 2


# --- who, and two at once -------------------------------------------------------------------------------------------------


def test_a_partner_amends_its_own_and_not_for_our_reasons(session: Session, zz: builders.BuiltDistrict, number: str) -> None:
    wholesale = builders.account(session, zz, provider_code="BRACKWAT")
    theirs = place(session, a_provide(zz, wholesale, address_key=zz.gold[1].address_key), by=PARTNER_ACTOR).order_number
    command = AmendOrder(order_number=theirs, required_on=date(2026, 3, 12))
    assert amend_order(session, command, by=PARTNER_ACTOR, at=AT).target_on == date(2026, 3, 12)
    with pytest.raises(NotFound):
        amend_order(session, AmendOrder(order_number=number, contact_name="Bea"), by=PARTNER_ACTOR, at=AT)
    ours = AmendOrder(order_number=theirs, required_on=date(2026, 3, 16), reason_code="NETWORK_ISSUE")
    with pytest.raises(Refused) as caught:
        amend_order(session, ours, by=PARTNER_ACTOR, at=AT)
    assert caught.value.code == "CSS749E"


def test_the_second_who_amends_is_told_both_values(session: Session, number: str) -> None:
    seen = order_card(session, number, by=CLERK).row_version
    amend(session, number, required_on=date(2026, 3, 12), contact_name="Bea Fell", row_version=seen)
    with pytest.raises(Conflict) as caught:
        amend(session, number, required_on=date(2026, 3, 20), hazard_notes="Dog", row_version=seen)
    assert caught.value.code == "CSS750E"
    assert "Required date: was 9 March 2026, is 12 March 2026 now, you want 20 March 2026." in str(caught.value)
    assert "Contact: was Ada Tansley, is Bea Fell now." in str(caught.value)
    assert "Hazard notes: none; you want Dog." in str(caught.value)
    told = {each["field"]: (each["seen"], each["now"], each["wanted"]) for each in caught.value.fields["clashes"]}  # type: ignore[attr-defined]
    assert told["required_on"] == ("9 March 2026", "12 March 2026", "20 March 2026")
    assert told["contact_name"] == ("Ada Tansley", "Bea Fell", None)
    card = order_card(session, number, by=CLERK)
    assert (card.required_on, card.hazard_notes) == (date(2026, 3, 12), None)


def test_an_amendment_with_a_token_is_made_once(session: Session, number: str) -> None:
    first = amend(session, number, required_on=date(2026, 3, 12), token="a")
    assert amend(session, number, required_on=date(2026, 3, 12), token="a") == first
    assert stream(session, number).count(KciKind.AMENDED) == 1


@pytest.mark.parametrize(("ordered", "wanted"), [(6, 2), (2, 6), (40, 6)])
def test_more_lines_never_become_fewer_nor_lines_to_be_built_others(
    session: Session, zz: builders.BuiltDistrict, ordered: int, wanted: int
) -> None:
    firm = builders.account(session, zz, segment=Segment.BUSINESS)
    line = builders.working_line(session, zz, firm)
    first = place(session, a_cease(firm, line.number, kind=OrderKind.LINES, line_count=4, required_on=PROMISED)).order_number
    complete(session, first, PROMISED)
    later = date(2026, 4, 13)
    number = place(session, a_cease(firm, line.number, kind=OrderKind.LINES, line_count=ordered, required_on=later)).order_number
    assert refused(session, number, line_count=wanted) == [("CSS757E", "line_count")]
