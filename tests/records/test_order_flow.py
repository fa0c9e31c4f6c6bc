"""Between placing and the end: told, warned, held, ended by us, given up; and the visit that did not do its work."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from css.core.errors import CssError, Refused, Several
from css.core.words import AppointmentState, FailureKind, HalfDay, LineState, MissCause
from css.handover import BillableItem, Hold, OutboxMessage, ServiceFailure
from css.master.appointments import Appointment
from css.master.districts import roll_business_date
from orders.actions import amend_order, cancel_order, delay_order, inform_order, miss_appointment, resume_order, terminate_order
from orders.commands.orders import (
    AmendOrder,
    CancelOrder,
    DelayOrder,
    InformOrder,
    MissAppointment,
    OrderChanged,
    ResumeOrder,
    Slot,
    TerminateOrder,
)
from orders.model import CustomerOrder, KciEvent
from orders.queries.cards import order_card
from orders.queries.tasks import order_tasks
from orders.words import KciKind, OrderState, TaskKind
from tests import builders
from tests.builders import AT, CLERK, OPERATOR, PARTNER_ACTOR, SYSTEM
from tests.records.ordering import PROMISED, a_cease, a_provide, complete, line_of, place, stream

SLOT = Slot(slot_on=date(2026, 3, 6), half_day=HalfDay.AM)
AFTER = datetime(2026, 3, 6, 14, 0, tzinfo=UTC)
"""After the slot, before the point of no return."""


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session)


@pytest.fixture
def account(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltAccount:
    return builders.account(session, zz)


@pytest.fixture
def number(session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount) -> str:
    return place(session, a_provide(zz, account, appointment=SLOT)).order_number


def codes(caught: pytest.ExceptionInfo[CssError]) -> list[str]:
    return [error.code for error in (caught.value.errors if isinstance(caught.value, Several) else (caught.value,))]


# --- told -----------------------------------------------------------------------------------------------------------------


def test_the_customer_is_told_more_or_warned_and_nothing_changes(session: Session, number: str) -> None:
    inform_order(session, InformOrder(order_number=number, words="The cable is laid."), by=OPERATOR, at=AT)
    warning = InformOrder(order_number=number, words="Snow is forecast.", problem_code="NETWORK_ISSUE", is_warning=True)
    inform_order(session, warning, by=OPERATOR, at=AT)
    card = order_card(session, number, by=CLERK)
    assert [(event.sequence, event.kind, event.problem_code, event.words) for event in card.kci[2:]] == [
        (3, KciKind.ADDITIONAL, None, "The cable is laid."),
        (4, KciKind.WARNING, "NETWORK_ISSUE", "Snow is forecast."),
    ]
    assert (card.state, card.target_on) == (OrderState.COMMITTED, PROMISED)
    with pytest.raises(Several) as caught:
        inform_order(session, replace(warning, problem_code=None, words=""), by=OPERATOR, at=AT)
    assert codes(caught) == ["CSS235E", "CSS221E"]


def test_every_event_of_a_partners_order_goes_out_with_the_order_in_full(session: Session, zz: builders.BuiltDistrict) -> None:
    wholesale = builders.account(session, zz, provider_code="BRACKWAT")
    number = place(session, a_provide(zz, wholesale), by=PARTNER_ACTOR).order_number
    inform_order(session, InformOrder(order_number=number, words="Soon."), by=OPERATOR, at=AT)
    delay_order(session, DelayOrder(order_number=number, problem_code="NETWORK_ISSUE", words="Cut."), by=OPERATOR, at=AT)
    resume_order(session, ResumeOrder(order_number=number, target_on=date(2026, 3, 11)), by=OPERATOR, at=AT)
    terminate_order(session, TerminateOrder(order_number=number, problem_code="CAPACITY_ISSUE", words="Full."), by=OPERATOR, at=AT)
    events = session.execute(select(KciEvent).order_by(KciEvent.sequence)).scalars().all()
    assert [event.sequence for event in events] == list(range(1, 8))
    assert [(event.order_copy["state"], event.order_copy["target_on"]) for event in events[2:]] == [
        ("committed", "2026-03-09"),
        ("held", "2026-03-09"),
        ("committed", "2026-03-09"),
        ("committed", "2026-03-11"),
        ("terminated", "2026-03-11"),
    ]
    assert session.execute(select(func.count()).select_from(OutboxMessage)).scalar() == 7


# --- ended ----------------------------------------------------------------------------------------------------------------


def test_an_order_we_cannot_do_is_ended_by_us_at_any_time_and_costs_nothing(session: Session, number: str) -> None:
    roll_business_date(session, "ZZ", to=date(2026, 3, 16))
    command = TerminateOrder(order_number=number, problem_code="CAPACITY_ISSUE", words="The exchange is full.")
    with pytest.raises(Refused) as caught:
        terminate_order(session, replace(command, problem_code="UNABLE_TO_ATTEND"), by=OPERATOR, at=AT)
    assert caught.value.code == "CSS235E"
    line = line_of(session, number)
    assert terminate_order(session, command, by=OPERATOR, at=datetime(2026, 3, 16, 9, tzinfo=UTC)).state is OrderState.TERMINATED
    session.refresh(line)
    assert line.state is LineState.RECOVERED
    assert session.execute(select(Appointment.state)).scalar_one() is AppointmentState.CANCELLED
    assert session.execute(select(CustomerOrder.kept_number)).scalar_one() is None
    assert session.execute(select(func.count()).select_from(Hold).where(Hold.ends_at.is_(None))).scalar() == 0
    assert session.execute(select(func.count()).select_from(BillableItem)).scalar() == 0


def test_who_gives_up_a_promised_order_owes_the_fee_and_who_was_held_up_does_not_wait_for_it(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount, number: str
) -> None:
    cancel_order(session, CancelOrder(order_number=number, reason="Changed my mind."), by=CLERK, at=AT)
    item = session.execute(select(BillableItem)).scalar_one()
    assert item.source_key == f"order/{number}/cancellation/FEE-CANCEL"
    full = builders.district(session, "QQ", pairs=0)
    waiting = place(session, a_provide(full, builders.account(session, full), required_on=date(2026, 3, 23))).order_number
    cancel_order(session, CancelOrder(order_number=waiting, reason="Too long."), by=CLERK, at=AT)
    assert session.execute(select(func.count()).select_from(BillableItem)).scalar() == 1, "nothing was promised, nothing is owed"


def test_an_order_of_debt_treatment_is_not_a_clerks_to_give_up(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    line = builders.working_line(session, zz, account)
    cease = place(session, a_cease(account, line.number, reason_code="DB"), by=SYSTEM).order_number
    with pytest.raises(Refused, match="orders of debt treatment") as caught:
        cancel_order(session, CancelOrder(order_number=cease, reason="They will pay."), by=CLERK, at=AT)
    assert caught.value.code == "CSS203E"
    with pytest.raises(Refused, match="orders of debt treatment"):
        amend_order(session, AmendOrder(order_number=cease, required_on=date(2026, 3, 20)), by=CLERK, at=AT)
    assert cancel_order(session, CancelOrder(order_number=cease, reason="Paid."), by=OPERATOR, at=AT).state is OrderState.CANCELLED


# --- resumed --------------------------------------------------------------------------------------------------------------


def test_a_slot_that_passed_while_an_order_was_held_is_given_back(session: Session, number: str) -> None:
    delay_order(session, DelayOrder(order_number=number, problem_code="NETWORK_ISSUE", words="Cut."), by=OPERATOR, at=AT)
    roll_business_date(session, "ZZ", to=date(2026, 3, 9))
    resume_order(session, ResumeOrder(order_number=number), by=OPERATOR, at=AT)
    assert session.execute(select(Appointment.state)).scalar_one() is AppointmentState.CANCELLED
    card = order_card(session, number, by=CLERK)
    assert card.kci[-1].kind is KciKind.REAPPOINTED
    assert card.kci[-1].words == "The order will be done by 9 March 2026. A new appointment must be agreed."


def test_a_slot_still_to_come_is_kept_when_an_order_goes_on(session: Session, number: str) -> None:
    delay_order(session, DelayOrder(order_number=number, problem_code="NETWORK_ISSUE", words="Cut."), by=OPERATOR, at=AT)
    resume_order(session, ResumeOrder(order_number=number), by=OPERATOR, at=AT)
    assert session.execute(select(Appointment.state)).scalar_one() is AppointmentState.BOOKED
    assert stream(session, number)[2:] == [KciKind.DELAY, KciKind.RESUMED]


# --- the visit ------------------------------------------------------------------------------------------------------------


def miss(session: Session, order_number: str, cause: MissCause, *, at: datetime = AFTER, **others: object) -> OrderChanged:
    roll_business_date(session, order_number[:2], to=at.date())
    return miss_appointment(session, MissAppointment(order_number=order_number, cause=cause, **others), by=OPERATOR, at=at)  # type: ignore[arg-type]


def test_a_visit_we_missed_is_a_promise_not_kept_and_holds_the_order(session: Session, number: str) -> None:
    assert miss(session, number, MissCause.NO_SHOW, words="The van broke down.").state is OrderState.HELD
    failure = session.execute(select(ServiceFailure)).scalar_one()
    assert (failure.kind, failure.issue_on, failure.reference) == (FailureKind.MISSED_APPOINTMENT, date(2026, 3, 6), number)
    assert failure.promised_at == datetime(2026, 3, 6, 13, 0, tzinfo=UTC), "the end of the slot"
    slot = session.execute(select(Appointment)).scalar_one()
    assert (slot.state, slot.miss_cause) == (AppointmentState.MISSED, MissCause.NO_SHOW)
    card = order_card(session, number, by=CLERK)
    assert (card.kci[-1].kind, card.kci[-1].problem_code) == (KciKind.DELAY, "UNABLE_TO_ATTEND")
    assert card.kci[-1].words == "The engineer did not come. The van broke down."
    visit = next(task for task in order_tasks(session, number, by=CLERK) if task.kind is TaskKind.FIELD)
    assert (visit.attempts, visit.problem_code) == (1, "UNABLE_TO_ATTEND")
    resume_order(session, ResumeOrder(order_number=number, target_on=date(2026, 3, 12)), by=OPERATOR, at=AFTER)
    complete(session, number, date(2026, 3, 12))
    kinds = session.execute(select(ServiceFailure.kind).order_by(ServiceFailure.id)).scalars().all()
    assert kinds == [FailureKind.MISSED_APPOINTMENT, FailureKind.DELAYED_START], "a promise of ours each"


def test_the_next_slot_agreed_at_once_gives_the_order_another_day(session: Session, number: str) -> None:
    next_slot = Slot(slot_on=date(2026, 3, 12), half_day=HalfDay.PM)
    answer = miss(session, number, MissCause.NOT_EQUIPPED, appointment=next_slot, words="No drill")
    assert (answer.state, answer.committed_on, answer.target_on) == (OrderState.COMMITTED, PROMISED, date(2026, 3, 12))
    card = order_card(session, number, by=CLERK)
    assert (card.slot_on, card.half_day, card.slot_state) == (date(2026, 3, 12), HalfDay.PM, AppointmentState.BOOKED)
    assert (card.kci[-1].kind, card.kci[-1].problem_code, card.required_on) == (KciKind.REAPPOINTED, "SUPPLIER_FAULT", PROMISED)
    assert card.kci[-1].words == (
        "The engineer had not what was needed. No drill. The order will be done by 12 March 2026. "
        "The engineer comes on the afternoon of 12 March 2026."
    )
    assert session.execute(select(func.count()).select_from(ServiceFailure)).scalar() == 1


def test_a_visit_in_vain_for_the_customers_reason_is_charged_and_excuses_us(session: Session, number: str) -> None:
    next_slot = Slot(slot_on=date(2026, 3, 12), half_day=HalfDay.PM)
    miss(session, number, MissCause.NO_ACCESS, appointment=next_slot)
    item = session.execute(select(BillableItem)).scalar_one()
    assert item.words == "Visit in vain on the morning of 6 March 2026"
    assert order_card(session, number, by=CLERK).required_on == date(2026, 3, 12), "their date moved, not ours"
    complete(session, number, date(2026, 3, 12))
    assert session.execute(select(func.count()).select_from(ServiceFailure)).scalar() == 0


def test_two_visits_missed_are_two_promises_not_kept(session: Session, number: str) -> None:
    miss(session, number, MissCause.NO_SHOW, appointment=Slot(slot_on=date(2026, 3, 9), half_day=HalfDay.AM))
    miss(session, number, MissCause.LATE, at=datetime(2026, 3, 9, 14, tzinfo=UTC))
    keys = session.execute(select(ServiceFailure.source_key).order_by(ServiceFailure.id)).scalars().all()
    assert len(set(keys)) == 2
    with pytest.raises(Refused, match="has no appointment that could be missed") as caught:
        miss(session, number, MissCause.NO_SHOW, at=datetime(2026, 3, 9, 15, tzinfo=UTC))
    assert caught.value.code == "CSS751E"


def test_a_visit_is_not_missed_before_it_begins_unless_we_call_it_off(session: Session, number: str) -> None:
    with pytest.raises(Refused, match="it has not begun") as caught:
        miss(session, number, MissCause.NO_SHOW, at=AT)
    assert caught.value.code == "CSS751E"
    assert miss(session, number, MissCause.RECALLED, at=AT).state is OrderState.HELD
    failure = session.execute(select(ServiceFailure)).scalar_one()
    assert failure.put_right_at >= failure.promised_at


def test_a_visit_missed_while_an_order_was_held_is_still_compensated(session: Session, number: str) -> None:
    delay_order(session, DelayOrder(order_number=number, problem_code="NETWORK_ISSUE", words="Cut."), by=OPERATOR, at=AT)
    assert miss(session, number, MissCause.NO_SHOW).state is OrderState.HELD
    assert stream(session, number)[-1] is KciKind.WARNING
    assert session.execute(select(func.count()).select_from(ServiceFailure)).scalar() == 1


def test_a_next_slot_that_cannot_be_had_leaves_the_miss_untold(session: Session, number: str) -> None:
    with pytest.raises(Refused) as caught:
        miss(session, number, MissCause.NO_SHOW, appointment=Slot(slot_on=date(2026, 3, 15), half_day=HalfDay.PM))
    assert caught.value.code == "CSS222E"
    assert session.execute(select(Appointment.state)).scalar_one() is AppointmentState.BOOKED
    assert session.execute(select(func.count()).select_from(ServiceFailure)).scalar() == 0


def test_an_order_without_a_visit_misses_none(session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount) -> None:
    plain = place(session, a_provide(zz, account)).order_number
    with pytest.raises(Refused) as caught:
        miss(session, plain, MissCause.NO_SHOW)
    assert caught.value.code == "CSS751E"
