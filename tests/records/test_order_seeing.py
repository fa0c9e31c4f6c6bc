"""Seeing orders through: who has one, who asked for it, how far up it went, and what puts an order on the list."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import Conflict, CssError, NotFound, Refused
from css.core.words import HalfDay, MissCause, Role
from css.db.sql import block
from css.master.districts import roll_business_date
from orders.actions import chase_order, delay_order, escalate_order, fail_task, miss_appointment, take_order
from orders.commands.orders import ChaseOrder, DelayOrder, EscalateOrder, FailTask, MissAppointment, Slot, TakeOrder
from orders.model import OrderNote
from orders.queries.cards import order_card
from orders.queries.counts import orders_at_risk
from orders.queries.notes import order_notes
from orders.queries.work import order_progress, work_page
from orders.rules.jeopardy import Jeopardy
from orders.words import NoteKind, OrderKind, TaskKind
from tests import builders
from tests.builders import AT, CLERK, OPERATOR, PARTNER_ACTOR
from tests.records.ordering import a_cease, a_provide, complete, place, stream

BEA = Actor("operator", "BEA", "RETAIL", frozenset({Role.CLERK.value}), "screen")
CHIEF = Actor("operator", "CHIEF", "RETAIL", frozenset({Role.SUPERVISOR.value}), "screen")


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, pairs=12, sites=12)


@pytest.fixture
def account(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltAccount:
    return builders.account(session, zz)


@pytest.fixture
def number(session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount) -> str:
    return place(session, a_provide(zz, account)).order_number


def notes(session: Session) -> list[tuple[NoteKind, str, str]]:
    rows = session.execute(select(OrderNote.kind, OrderNote.words, OrderNote.noted_by).order_by(OrderNote.id))
    return [(row.kind, row.words, row.noted_by) for row in rows]


def code_of(caught: pytest.ExceptionInfo[CssError]) -> str:
    return caught.value.code


# --- who ------------------------------------------------------------------------------------------------------------------


def test_an_order_is_taken_by_one_and_given_back(session: Session, number: str) -> None:
    taken = take_order(session, TakeOrder(order_number=number), by=BEA, at=AT)
    assert taken.owner == "BEA"
    assert take_order(session, TakeOrder(order_number=number), by=BEA, at=AT) == taken, "what is one's own is taken already"
    with pytest.raises(Conflict, match="BEA sees order") as caught:
        take_order(session, TakeOrder(order_number=number), by=CLERK, at=AT)
    assert code_of(caught) == "CSS752E"
    with pytest.raises(Conflict):
        take_order(session, TakeOrder(order_number=number, gives_back=True), by=CLERK, at=AT)
    assert take_order(session, TakeOrder(order_number=number, gives_back=True), by=CHIEF, at=AT).owner is None
    assert take_order(session, TakeOrder(order_number=number), by=CLERK, at=AT).owner == "CLERK1"
    assert [(kind, by) for kind, _, by in notes(session)] == [
        (NoteKind.TAKEN, "BEA"),
        (NoteKind.TAKEN, "CHIEF"),
        (NoteKind.TAKEN, "CLERK1"),
    ]
    assert len(stream(session, number)) == 2, "the customer is told nothing of it"


def test_a_partner_takes_nothing_but_may_ask_and_press(session: Session, zz: builders.BuiltDistrict, number: str) -> None:
    wholesale = builders.account(session, zz, provider_code="BRACKWAT")
    theirs = place(session, a_provide(zz, wholesale, address_key=zz.gold[1].address_key), by=PARTNER_ACTOR).order_number
    with pytest.raises(Refused) as caught:
        take_order(session, TakeOrder(order_number=theirs), by=PARTNER_ACTOR, at=AT)
    assert code_of(caught) == "CSS203E"
    assert chase_order(session, ChaseOrder(order_number=theirs, words="Where is it?"), by=PARTNER_ACTOR, at=AT).chase_count == 1
    escalate_order(session, EscalateOrder(order_number=theirs, words="They ring every day."), by=BEA, at=AT)
    assert [note.kind for note in order_notes(session, theirs, by=PARTNER_ACTOR)] == [NoteKind.CHASE], "ours are our own"
    with pytest.raises(NotFound):
        chase_order(session, ChaseOrder(order_number=number, words="Where is it?"), by=PARTNER_ACTOR, at=AT)


def test_a_chase_counts_and_stands_in_nobodys_way(session: Session, number: str) -> None:
    seen = order_card(session, number, by=CLERK).row_version
    for n in (1, 2):
        assert chase_order(session, ChaseOrder(order_number=number, words=f"Call {n}."), by=BEA, at=AT).chase_count == n
    assert order_card(session, number, by=CLERK).row_version == seen
    assert notes(session) == [(NoteKind.CHASE, "Call 1.", "BEA"), (NoteKind.CHASE, "Call 2.", "BEA")]
    assert [note.words for note in order_notes(session, number, by=CLERK)] == ["Call 2.", "Call 1."]
    with pytest.raises(NotFound):
        order_notes(session, number, by=PARTNER_ACTOR)
    with pytest.raises(Refused) as caught:
        chase_order(session, ChaseOrder(order_number=number, words=" "), by=BEA, at=AT)
    assert code_of(caught) == "CSS221E"


def test_an_order_goes_up_three_levels_and_no_further(session: Session, number: str) -> None:
    command = EscalateOrder(order_number=number, words="The customer has a baby alarm.")
    levels = [escalate_order(session, replace(command, words=f"Level {n}."), by=BEA, at=AT).escalation for n in (1, 2, 3)]
    assert levels == [1, 2, 3]
    with pytest.raises(Refused, match="escalated to level 3 already") as caught:
        escalate_order(session, command, by=BEA, at=AT)
    assert code_of(caught) == "CSS299E"


def test_what_has_ended_is_not_seen_through(session: Session, number: str) -> None:
    complete(session, number, builders.DAY)
    with pytest.raises(Refused) as caught:
        take_order(session, TakeOrder(order_number=number), by=BEA, at=AT)
    assert code_of(caught) == "CSS758E"
    with pytest.raises(Refused, match="there is nothing to see through"):
        escalate_order(session, EscalateOrder(order_number=number, words="x"), by=BEA, at=AT)


# --- at risk --------------------------------------------------------------------------------------------------------------


def test_every_reason_is_on_the_list_and_the_list_is_narrowed_by_it(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    days = {n: date(2026, 3, 16) for n in range(6)}
    days[5] = date(2026, 3, 9)
    failed, held, missed, no_slot, calm, due = (
        place(
            session,
            a_provide(
                zz,
                account,
                address_key=zz.gold[n].address_key,
                required_on=days[n],
                appointment=Slot(slot_on=date(2026, 3, 5) if n == 2 else days[n], half_day=HalfDay.AM) if n != 3 else None,
            ),
        ).order_number
        for n in range(6)
    )
    fail_task(
        session,
        FailTask(order_number=failed, task=TaskKind.EXCHANGE, problem_code="NETWORK_ISSUE", effect="inform", words="No port."),
        by=OPERATOR,
        at=AT,
    )
    delay_order(session, DelayOrder(order_number=held, problem_code="WAYLEAVE_ISSUE", words="No wayleave."), by=OPERATOR, at=AT)
    roll_business_date(session, "ZZ", to=date(2026, 3, 6))
    at = AT.replace(day=6)
    miss_appointment(session, MissAppointment(order_number=missed, cause=MissCause.NO_SHOW), by=OPERATOR, at=at)

    def reasons() -> dict[str, tuple[Jeopardy, ...]]:
        return {row.order_number: row.reasons for row in work_page(session, "ZZ", by=CLERK).rows}

    assert reasons() == {
        missed: (Jeopardy.MISSED, Jeopardy.HELD),
        failed: (Jeopardy.TASK_FAILED,),
        held: (Jeopardy.HELD,),
        due: (Jeopardy.DUE,),
        calm: (),
        no_slot: (),
    }
    roll_business_date(session, "ZZ", to=date(2026, 3, 12))
    now = reasons()
    assert now[no_slot] == (Jeopardy.NO_SLOT,)
    assert now[due] == (Jeopardy.LATE, Jeopardy.TARGET_PASSED, Jeopardy.TASK_OVERDUE)
    assert now[held] == (Jeopardy.HELD_LONG, Jeopardy.HELD)
    assert order_progress(session, held, by=CLERK).reasons == now[held]

    def found(**criteria: object) -> list[str]:
        return [row.order_number for row in work_page(session, "ZZ", by=CLERK, **criteria).rows]  # type: ignore[arg-type]

    assert found(reason=Jeopardy.MISSED) == [missed]
    assert set(found(reason=Jeopardy.HELD)) == {held, missed}
    assert found(reason=Jeopardy.NO_SLOT) == [no_slot]
    risk = orders_at_risk(session, by=CLERK)
    assert (risk.late, risk.held, risk.due, risk.work) == (1, 1, 0, 3)
    assert orders_at_risk(session, by=PARTNER_ACTOR).late == 0


def test_a_survey_that_nobody_made_is_on_the_list(session: Session) -> None:
    full = builders.district(session, "QQ", pairs=0)
    number = place(session, a_provide(full, builders.account(session, full), required_on=date(2026, 3, 23))).order_number
    assert order_progress(session, number, by=CLERK).reasons == ()
    roll_business_date(session, "QQ", to=date(2026, 3, 10))
    assert order_progress(session, number, by=CLERK).reasons == (Jeopardy.SURVEY_OVERDUE,)


def test_what_is_escalated_comes_first_and_the_list_knows_whose_is_whose(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    line = builders.working_line(session, zz, account, site=zz.gold[2])
    number = place(session, a_provide(zz, account)).order_number
    held = place(session, a_provide(zz, account, address_key=zz.gold[1].address_key)).order_number
    cease = place(session, a_cease(account, line.number, required_on=date(2026, 3, 20))).order_number
    delay_order(session, DelayOrder(order_number=held, problem_code="NETWORK_ISSUE", words="Cut."), by=OPERATOR, at=AT)
    escalate_order(session, EscalateOrder(order_number=cease, words="Solicitor."), by=BEA, at=AT)
    take_order(session, TakeOrder(order_number=cease), by=BEA, at=AT)
    rows = work_page(session, "ZZ", by=CLERK).rows
    assert [row.order_number for row in rows] == [cease, held, number]
    assert (rows[0].owner, rows[0].escalation, rows[0].chase_count) == ("BEA", 1, 0)
    assert [row.order_number for row in work_page(session, "ZZ", by=CLERK, owner="BEA").rows] == [cease]
    assert [row.order_number for row in work_page(session, "ZZ", by=CLERK, kind=OrderKind.PROVIDE).rows] == [held, number]
    first = work_page(session, "ZZ", by=CLERK, limit=1)
    assert first.forward
    assert work_page(session, "ZZ", by=CLERK, limit=1, after=first.forward).rows[0].order_number == held


@pytest.mark.parametrize(
    ("name", "others", "index"),
    [
        (
            "tasks.to_do",
            {"owner": "field", "due_by": "2026-03-09", "after_due": "2026-03-01", "after_id": 0, "most": 50},
            "ix_order_task_open",
        ),
        ("tasks.waiting", {"on": "2026-03-02"}, "ix_order_task_open"),
    ],
)
def test_what_a_list_costs_does_not_grow_with_the_orders_that_have_ended(
    session: Session, zz: builders.BuiltDistrict, number: str, name: str, others: dict[str, object], index: str
) -> None:
    session.execute(text("SET LOCAL enable_seqscan = off"))
    plan = session.execute(text(f"EXPLAIN {block('orders', name).text}"), {"district": "ZZ", **others}).scalars()
    assert index in "\n".join(plan)
