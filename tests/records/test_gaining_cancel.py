"""A takeover or transfer given up: by whoever loses the line, by whoever wanted it, by us; just before and just after the point of
no return. And held or moved to another day: the unsolicited cease goes where its cause goes.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from css.audit import AuditEvent
from css.core.actor import Actor
from css.core.calendar import to_london
from css.core.errors import Conflict, CssError, NotFound, Refused
from css.core.words import Role
from css.handover import BillableItem
from orders.actions import amend_order, cancel_order, cancel_other, delay_order, resume_order
from orders.commands.orders import AmendOrder, CancelOrder, CancelOther, DelayOrder, ResumeOrder
from orders.model import CustomerOrder, OrderTask
from orders.queries.cards import order_card
from orders.words import CancelOtherReason, OrderState, TaskState
from tests import builders
from tests.builders import AT, CLERK, PARTNER_ACTOR, SYSTEM, BuiltAccount, BuiltDistrict, BuiltLine
from tests.records.gaining import (
    OTHER,
    OTHER_ACTOR,
    a_takeover,
    a_transfer,
    cease_of,
    holds_of,
    kinds_of,
    other_partner,
    outbox_of,
    partners_account,
    plant_of,
    services_on,
    state_of,
    stream_of,
)
from tests.records.ordering import complete, place

MOMENT = timedelta(seconds=1)


def taking(session: Session, zz: BuiltDistrict) -> tuple[BuiltLine, BuiltAccount, str, str]:
    """A partner's line that somebody of ours takes over: the line, who takes it, the order and the unsolicited cease."""
    line = builders.working_line(session, zz, partners_account(session, zz), features=("CALLER-DISPLAY",))
    mover = builders.account(session, zz)
    placed = place(session, a_takeover(mover, line.site))
    return line, mover, placed.order_number, cease_of(session, placed.order_number)


def no_return_at(session: Session, order_number: str) -> datetime:
    found = order_card(session, order_number, by=CLERK).no_return_at
    assert found is not None
    return found


def stop(session: Session, cease: str, *, by: Actor = PARTNER_ACTOR, at: datetime = AT, **others: object) -> OrderState:
    command = CancelOther(order_number=cease, reason=others.pop("reason", CancelOtherReason.NOT_MOVING), **others)  # type: ignore[arg-type]
    return cancel_other(session, command, by=by, at=at).state


def test_just_before_the_point_of_no_return_the_loser_stops_it(session: Session) -> None:
    zz = builders.district(session)
    line, mover, taker, cease = taking(session, zz)
    last = no_return_at(session, cease)
    assert to_london(last).strftime("%d %b %H:%M") == "06 Mar 16:00"
    command = CancelOther(order_number=cease, reason=CancelOtherReason.NOT_MOVING, words="She stays.")
    answer = cancel_other(session, command, by=PARTNER_ACTOR, at=last - MOMENT)
    assert (answer.order_number, answer.state, answer.kci_sequence) == (cease, OrderState.CANCELLED, 2)
    assert state_of(session, taker) is OrderState.TERMINATED
    # The line stays where it was, and nobody owes anything.
    assert plant_of(session, line.id) == ("working", "BRACKWAT", line.account.id, "working")
    assert all(service.ends_on is None for service in services_on(session, line.id))
    assert holds_of(session, line.account) == holds_of(session, mover) == []
    assert session.execute(select(func.count()).select_from(BillableItem)).scalar() == 0
    assert kinds_of(session, taker) == ["ACKNOWLEDGED", "COMMITTED", "TERMINATED"]
    last_event = stream_of(session, taker)[-1]
    assert last_event.problem_code == "NO_LONGER_REQUIRED"
    assert last_event.words == "The provider who has the line stopped the order: whoever has the line is not moving."
    # What was said of its customer stays with the provider who lost nothing.
    assert stream_of(session, cease)[-1].words.endswith("the line stays as it is. She stays.")
    assert [sent["Kind"] for sent in outbox_of(session, "BRACKWAT")] == ["CREATED", "CANCELLED"]
    left = session.execute(
        select(OrderTask.state).join(CustomerOrder, CustomerOrder.id == OrderTask.order_id).where(CustomerOrder.number == taker)
    ).scalars()
    assert set(left) == {TaskState.WITHDRAWN}


def test_from_the_point_of_no_return_on_it_is_too_late_for_both(session: Session) -> None:
    zz = builders.district(session)
    _, _, taker, cease = taking(session, zz)
    at = no_return_at(session, cease)
    with pytest.raises(Refused, match="Action too late to be performed") as caught:
        stop(session, cease, at=at)
    assert (caught.value.code, caught.value.element) == ("CSS206E", "order_number")
    with pytest.raises(Refused, match="Action too late to be performed"):
        cancel_order(session, CancelOrder(order_number=taker, reason="No."), by=CLERK, at=at)
    assert (state_of(session, taker), state_of(session, cease)) == (OrderState.COMMITTED, OrderState.COMMITTED)
    assert kinds_of(session, cease) == ["CREATED"]


def test_whoever_wanted_it_gives_it_up(session: Session) -> None:
    zz = builders.district(session)
    line, mover, taker, cease = taking(session, zz)
    cancel_order(session, CancelOrder(order_number=taker, reason="Moving elsewhere."), by=CLERK, at=no_return_at(session, taker) - MOMENT)
    assert (state_of(session, taker), state_of(session, cease)) == (OrderState.CANCELLED, OrderState.CANCELLED)
    assert plant_of(session, line.id) == ("working", "BRACKWAT", line.account.id, "working")
    assert holds_of(session, line.account) == holds_of(session, mover) == []
    assert kinds_of(session, cease) == ["CREATED", "CANCELLED"]
    # The line may be asked for again, by its own people or by others.
    assert place(session, a_takeover(mover, line.site, number=line.number)).number == line.number


def test_the_loser_learns_nothing_of_the_takers_reasons(session: Session) -> None:
    zz = builders.district(session)
    _, _, taker, cease = taking(session, zz)
    delay_order(session, DelayOrder(order_number=taker, problem_code="OTHER", words="Mr Marlow fell ill."), by=SYSTEM, at=AT)
    resume_order(session, ResumeOrder(order_number=taker, target_on=date(2026, 3, 11), words="Mr Marlow is well."), by=SYSTEM, at=AT)
    cancel_order(session, CancelOrder(order_number=taker, reason="Mr Marlow fell ill again."), by=CLERK, at=AT)
    assert "Marlow" not in str(outbox_of(session, "BRACKWAT")) + str(order_card(session, cease, by=PARTNER_ACTOR))


@pytest.mark.parametrize("reason", list(CancelOtherReason))
def test_every_reason_has_words(session: Session, reason: CancelOtherReason) -> None:
    zz = builders.district(session)
    _, _, taker, cease = taking(session, zz)
    stop(session, cease, reason=reason)
    assert stream_of(session, taker)[-1].words.startswith("The provider who has the line stopped the order: ")


def test_between_two_partners_each_reads_its_own_end(session: Session) -> None:
    zz = builders.district(session)
    other_partner(session)
    losing, gaining = partners_account(session, zz), partners_account(session, zz, OTHER)
    line = builders.working_line(session, zz, losing)
    taker = place(session, a_transfer(gaining, line), by=OTHER_ACTOR).order_number
    cease = cease_of(session, taker)
    stop(session, cease, reason=CancelOtherReason.SLAMMING)
    assert [(sent["Kind"], sent["OrderNumber"]) for sent in outbox_of(session, "BRACKWAT")] == [("CREATED", cease), ("CANCELLED", cease)]
    *_, last = outbox_of(session, OTHER)
    assert (last["Kind"], last["OrderNumber"], last["State"], last["ProblemCode"]) == (
        "TERMINATED",
        taker,
        "TERMINATED",
        "NO_LONGER_REQUIRED",
    )


def test_it_is_the_losing_providers_to_stop(session: Session) -> None:
    zz = builders.district(session)
    other_partner(session)
    _, _, taker, cease = taking(session, zz)
    for number, by in ((cease, OTHER_ACTOR), (taker, OTHER_ACTOR), (taker, PARTNER_ACTOR)):
        with pytest.raises(NotFound) as hidden:
            stop(session, number, by=by)
        assert hidden.value.code == "CSS202E"
    with pytest.raises(Refused) as caught:
        stop(session, taker, by=CLERK)
    assert caught.value.code == "CSS256E"
    biller = Actor("operator", "BILLER", "RETAIL", frozenset({Role.BILLING.value}), "screen")
    with pytest.raises(Refused) as roleless:
        stop(session, cease, by=biller)
    assert roleless.value.code == "CSS203E"
    assert stop(session, cease, by=CLERK) is OrderState.CANCELLED, "our own people answer the losing provider's telephone too"


def test_it_is_stopped_once(session: Session) -> None:
    zz = builders.district(session)
    _, _, _, cease = taking(session, zz)
    stop(session, cease, token="one")
    assert stop(session, cease, token="one") is OrderState.CANCELLED, "the first answer again"
    with pytest.raises(Refused) as caught:
        stop(session, cease, token="two")
    assert caught.value.code == "CSS205E"
    assert kinds_of(session, cease) == ["CREATED", "CANCELLED"]


def test_what_was_changed_since_is_looked_at_again(session: Session) -> None:
    zz = builders.district(session)
    _, _, _, cease = taking(session, zz)
    seen = order_card(session, cease, by=PARTNER_ACTOR).row_version
    with pytest.raises(Conflict) as caught:
        stop(session, cease, row_version=seen + 1)
    assert caught.value.code == "CSS204E"
    assert stop(session, cease, row_version=seen) is OrderState.CANCELLED


def test_too_many_words_and_too_late_are_told_together(session: Session) -> None:
    zz = builders.district(session)
    _, _, _, cease = taking(session, zz)
    with pytest.raises(CssError) as caught:
        stop(session, cease, words="x" * 401, at=no_return_at(session, cease))
    assert {error.code for error in getattr(caught.value, "errors", ())} == {"CSS206E", "CSS219E"}


def test_both_deeds_are_on_the_trail(session: Session) -> None:
    zz = builders.district(session)
    _, _, taker, cease = taking(session, zz)
    stop(session, cease)
    trail = session.execute(
        select(AuditEvent.verb, AuditEvent.subject_number).where(AuditEvent.subject_number.in_((taker, cease))).order_by(AuditEvent.id)
    ).all()
    assert [tuple(row) for row in trail] == [
        ("place_order", taker),
        ("leave_unsolicited_cease", cease),
        ("end_unsolicited_cease", cease),
        ("cancel_other", taker),
    ]


def test_it_is_no_order_of_the_losers_own(session: Session) -> None:
    """Nothing but cancel-other moves it, by whomever."""
    zz = builders.district(session)
    _, _, _, cease = taking(session, zz)
    for deed in (
        lambda: cancel_order(session, CancelOrder(order_number=cease, reason="No."), by=PARTNER_ACTOR, at=AT),
        lambda: delay_order(session, DelayOrder(order_number=cease, problem_code="OTHER", words="Later."), by=SYSTEM, at=AT),
        lambda: complete(session, cease, builders.DAY),
    ):
        with pytest.raises(Refused) as caught:
            deed()
        assert caught.value.code == "CSS255E"
    assert kinds_of(session, cease) == ["CREATED"]


def test_a_new_day_of_what_is_held_is_told_as_a_change(session: Session) -> None:
    zz = builders.district(session)
    _, _, taker, cease = taking(session, zz)
    delay_order(session, DelayOrder(order_number=taker, problem_code="NETWORK_ISSUE", words="The exchange is busy."), by=SYSTEM, at=AT)
    amend_order(session, AmendOrder(order_number=taker, required_on=date(2026, 3, 11)), by=CLERK, at=AT)
    assert order_card(session, cease, by=PARTNER_ACTOR).target_on == date(2026, 3, 11)
    assert kinds_of(session, cease) == ["CREATED", "DELAY", "AMENDED"], "nothing that is held has an appointed day to be moved"


def test_a_hold_and_a_new_day_are_told_to_both(session: Session) -> None:
    zz = builders.district(session)
    line, _, taker, cease = taking(session, zz)
    delay_order(session, DelayOrder(order_number=taker, problem_code="NETWORK_ISSUE", words="The exchange is busy."), by=SYSTEM, at=AT)
    assert state_of(session, cease) is OrderState.HELD
    later = date(2026, 3, 11)
    resume_order(session, ResumeOrder(order_number=taker, target_on=later), by=SYSTEM, at=AT)
    card, cause = order_card(session, cease, by=PARTNER_ACTOR), order_card(session, taker, by=CLERK)
    assert (card.state, card.target_on, card.committed_on) == (OrderState.COMMITTED, later, date(2026, 3, 9))
    assert card.no_return_at == cause.no_return_at
    assert kinds_of(session, cease) == ["CREATED", "DELAY", "RESUMED", "REAPPOINTED"]
    # What was too late for the first day is not too late for the second.
    assert stop(session, cease, at=datetime.combine(date(2026, 3, 9), AT.timetz())) is OrderState.CANCELLED
    assert plant_of(session, line.id)[1] == "BRACKWAT"


def test_while_it_is_held_it_may_be_stopped_at_any_time(session: Session) -> None:
    zz = builders.district(session)
    _, _, taker, cease = taking(session, zz)
    delay_order(session, DelayOrder(order_number=taker, problem_code="NETWORK_ISSUE", words="The exchange is busy."), by=SYSTEM, at=AT)
    assert stop(session, cease, at=AT + timedelta(days=30)) is OrderState.CANCELLED
    assert state_of(session, taker) is OrderState.TERMINATED


def test_a_takeover_back_to_back_is_stopped_by_whose_the_line_is_now(session: Session) -> None:
    zz = builders.district(session)
    line, mover, taker, _ = taking(session, zz)
    complete(session, taker, date(2026, 3, 9))
    at = datetime.combine(date(2026, 3, 9), AT.timetz())
    back = a_takeover(line.account, line.site, required_on=date(2026, 3, 16))
    again = place(session, back, at=at, by=PARTNER_ACTOR).order_number
    assert stop(session, cease_of(session, again), by=CLERK, at=at) is OrderState.CANCELLED
    assert plant_of(session, line.id) == ("working", "RETAIL", mover.id, "working")
