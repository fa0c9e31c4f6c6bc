"""An order's work, task by task: what must be seen to, what waits for what, what follows when something cannot be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import CssError, NotFound, Refused, Several
from css.core.money import Money, Price
from css.core.words import AddressMatch, AppointmentState, FailureKind, HalfDay, LineState, PairState, Role
from css.handover import BillableItem, ServiceFailure
from css.master.appointments import Appointment
from css.master.districts import roll_business_date
from css.master.plant import Pair
from css.master.services import Service
from css.master.sites import Site
from orders.actions import commit_order, complete_order, complete_task, fail_task, resume_order, retry_task
from orders.commands.orders import CommitOrder, CompleteOrder, CompleteTask, FailTask, ResumeOrder, RetryTask, Slot
from orders.model import CustomerOrder, OrderTask
from orders.queries.cards import order_card
from orders.queries.tasks import order_tasks, tasks_to_do, tasks_waiting
from orders.rules.tasks import checks_of
from orders.words import KciKind, OrderState, TaskKind, TaskState, WorkGroup
from tests import builders
from tests.builders import AT, CLERK, DAY, OPERATOR, PARTNER_ACTOR, SYSTEM
from tests.records.ordering import PROMISED, a_cease, a_provide, line_of, place, stream

ENGINEER = Actor("operator", "FRED", "RETAIL", frozenset({Role.REPAIR.value}), "screen")
FAR = date(2026, 3, 23)


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session)


@pytest.fixture
def account(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltAccount:
    return builders.account(session, zz)


def at(day: date) -> datetime:
    return datetime.combine(day, AT.timetz())


def done(session: Session, number: str, *kinds: TaskKind, on: date = DAY, **others: object) -> OrderState:
    """Tell tasks done with everything ticked; the order's state after the last."""
    state = OrderState.COMMITTED
    for kind in kinds:
        order_kind = order_card(session, number, by=CLERK).kind
        ticks = tuple(check.code for check in checks_of(kind, order_kind))
        command = CompleteTask(order_number=number, task=kind, checks=ticks, done_on=on)
        state = complete_task(session, replace(command, **others), by=ENGINEER, at=at(on)).state  # type: ignore[arg-type]
    return state


def states(session: Session, number: str) -> dict[TaskKind, TaskState]:
    return {task.kind: task.state for task in order_tasks(session, number, by=CLERK)}


def codes(caught: pytest.ExceptionInfo[CssError]) -> list[str]:
    return [error.code for error in (caught.value.errors if isinstance(caught.value, Several) else (caught.value,))]


# --- done ----------------------------------------------------------------------------------------------------------------


def test_the_last_task_completes_the_order_as_of_the_latest_day(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    number = place(session, a_provide(zz, account)).order_number
    tasks = order_tasks(session, number, by=CLERK)
    assert [(task.kind, task.owner, task.due_on) for task in tasks] == [
        (TaskKind.NUMBER, WorkGroup.NUMBERING, date(2026, 3, 6)),
        (TaskKind.EXCHANGE, WorkGroup.EXCHANGE, PROMISED),
        (TaskKind.FIELD, WorkGroup.FIELD, PROMISED),
        (TaskKind.DIRECTORY, WorkGroup.RECORDS, PROMISED),
        (TaskKind.EMERGENCY, WorkGroup.RECORDS, PROMISED),
    ]
    assert done(session, number, TaskKind.NUMBER) is OrderState.COMMITTED
    roll_business_date(session, "ZZ", to=date(2026, 3, 5))
    done(session, number, TaskKind.EXCHANGE, TaskKind.FIELD, on=date(2026, 3, 5))
    done(session, number, TaskKind.DIRECTORY, on=date(2026, 3, 3))
    assert session.execute(select(func.count()).select_from(Service)).scalar() == 0
    assert done(session, number, TaskKind.EMERGENCY, on=date(2026, 3, 4)) is OrderState.COMPLETED
    card = order_card(session, number, by=CLERK)
    assert card.done_on == date(2026, 3, 5), "the latest day of them all"
    assert [event.sequence for event in card.kci] == [1, 2, 3]
    assert session.execute(select(Service.starts_on)).scalar_one() == date(2026, 3, 5)
    assert set(states(session, number).values()) == {TaskState.DONE}


def test_a_task_waits_for_its_checks_and_for_those_before_it(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    number = place(session, a_provide(zz, account)).order_number
    with pytest.raises(Several) as caught:
        complete_task(
            session,
            CompleteTask(order_number=number, task=TaskKind.FIELD, checks=("LINE_TESTED",), done_on=date(2026, 3, 3)),
            by=ENGINEER,
            at=AT,
        )
    assert codes(caught) == ["CSS293E", "CSS291E", "CSS232E"]
    assert "waits for exchange" in str(caught.value)
    field = next(task for task in order_tasks(session, number, by=CLERK) if task.kind is TaskKind.FIELD)
    assert (field.waits_for, field.is_ready) == ((TaskKind.EXCHANGE,), False)
    assert [check.code for check in field.checks if check.is_required] == ["LINE_TESTED", "DIAL_TONE"]


def test_what_is_done_is_not_done_again_and_what_is_not_there_is_named(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    number = place(session, a_provide(zz, account)).order_number
    done(session, number, TaskKind.NUMBER)
    with pytest.raises(Refused, match=r"The number task .* is done by FRED") as caught:
        done(session, number, TaskKind.NUMBER)
    assert caught.value.code == "CSS290E"
    with pytest.raises(NotFound, match="has no plant task; it has number, exchange, field") as missing:
        done(session, number, TaskKind.PLANT)
    assert missing.value.code == "CSS289E"


def test_only_our_own_people_work_and_a_partner_sees_its_own_tasks(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    wholesale = builders.account(session, zz, provider_code="BRACKWAT")
    theirs = place(session, a_provide(zz, wholesale, address_key=zz.gold[1].address_key), by=PARTNER_ACTOR).order_number
    ours = place(session, a_provide(zz, account)).order_number
    assert len(order_tasks(session, theirs, by=PARTNER_ACTOR)) == 5
    with pytest.raises(NotFound):
        order_tasks(session, ours, by=PARTNER_ACTOR)
    with pytest.raises(Refused) as caught:
        complete_task(session, CompleteTask(order_number=theirs, task=TaskKind.NUMBER, done_on=DAY), by=PARTNER_ACTOR, at=AT)
    assert caught.value.code == "CSS203E"
    failing = FailTask(order_number=theirs, task=TaskKind.NUMBER, problem_code="OTHER", words="x")
    with pytest.raises(Refused, match="may not do this"):
        fail_task(session, failing, by=PARTNER_ACTOR, at=AT)
    with pytest.raises(Refused, match="may not do this"):
        retry_task(session, RetryTask(order_number=theirs, task=TaskKind.NUMBER), by=PARTNER_ACTOR, at=AT)
    assert tasks_to_do(session, "ZZ", WorkGroup.NUMBERING, by=PARTNER_ACTOR, due_by=FAR).rows == ()


def test_the_work_reported_done_at_once_closes_every_task(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    number = place(session, a_provide(zz, account)).order_number
    done(session, number, TaskKind.NUMBER)
    complete_order(session, CompleteOrder(order_number=number, done_on=DAY), by=SYSTEM, at=AT)
    assert set(states(session, number).values()) == {TaskState.DONE}
    assert tasks_to_do(session, "ZZ", WorkGroup.FIELD, by=CLERK, due_by=FAR).rows == ()


def test_an_order_from_before_there_were_tasks_is_done_as_ever(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    line = builders.working_line(session, zz, account)
    number = place(session, a_cease(account, line.number)).order_number
    session.execute(delete(OrderTask))
    assert order_tasks(session, number, by=CLERK) == ()
    complete_order(session, CompleteOrder(order_number=number, done_on=DAY), by=SYSTEM, at=AT)
    assert order_card(session, number, by=CLERK).state is OrderState.COMPLETED


# --- not done -------------------------------------------------------------------------------------------------------------


def fail(session: Session, number: str, task: TaskKind, code: str, effect: str, **others: object) -> OrderState:
    fields = {"order_number": number, "task": task, "problem_code": code, "effect": effect, "words": "So it was."} | others
    return fail_task(session, FailTask(**fields), by=ENGINEER, at=AT).state  # type: ignore[arg-type]


def test_a_task_that_fails_holds_the_order_and_is_tried_again_when_it_goes_on(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    number = place(session, a_provide(zz, account)).order_number
    assert fail(session, number, TaskKind.EXCHANGE, "NETWORK_ISSUE", "delay") is OrderState.HELD
    assert states(session, number)[TaskKind.EXCHANGE] is TaskState.FAILED
    with pytest.raises(Refused, match="is held; nobody works on its tasks until it goes on") as caught:
        done(session, number, TaskKind.NUMBER)
    assert caught.value.code == "CSS288E"
    resume_order(session, ResumeOrder(order_number=number, target_on=date(2026, 3, 13)), by=OPERATOR, at=AT)
    tasks = {task.kind: task for task in order_tasks(session, number, by=CLERK)}
    failed = tasks[TaskKind.EXCHANGE]
    assert (failed.state, failed.attempts, failed.problem_code, failed.words) == (TaskState.OPEN, 1, "NETWORK_ISSUE", "So it was.")
    assert {task.due_on for task in tasks.values()} == {date(2026, 3, 12), date(2026, 3, 13)}, "in days of their own again"
    assert stream(session, number)[2:] == [KciKind.DELAY, KciKind.RESUMED, KciKind.REAPPOINTED]


def test_a_task_that_fails_gives_another_day_and_is_tried_again_then(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    number = place(session, a_provide(zz, account)).order_number
    new_day = date(2026, 3, 12)
    assert fail(session, number, TaskKind.EXCHANGE, "ADDITIONAL_WORK", "reappoint", target_on=new_day) is OrderState.COMMITTED
    card = order_card(session, number, by=CLERK)
    assert (card.required_on, card.committed_on, card.target_on) == (PROMISED, PROMISED, new_day)
    assert (card.kci[-1].kind, card.kci[-1].problem_code) == (KciKind.REAPPOINTED, "ADDITIONAL_WORK")
    assert card.no_return_at is not None
    assert card.no_return_at.date() == date(2026, 3, 11), "the point of no return goes with the target"
    assert states(session, number)[TaskKind.EXCHANGE] is TaskState.OPEN


def test_a_task_that_fails_can_end_the_order_and_nothing_is_kept_for_it(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    number = place(session, a_provide(zz, account)).order_number
    line = line_of(session, number)
    assert fail(session, number, TaskKind.EXCHANGE, "CAPACITY_ISSUE", "cancel") is OrderState.TERMINATED
    session.refresh(line)
    assert line.state is LineState.RECOVERED
    assert set(states(session, number).values()) == {TaskState.WITHDRAWN}
    assert stream(session, number)[-1] is KciKind.TERMINATED
    assert session.execute(select(func.count()).select_from(BillableItem)).scalar() == 0, "they owe nothing for what we could not do"


def test_a_task_that_fails_may_only_be_told_and_waits_until_it_is_tried_again(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    number = place(session, a_provide(zz, account)).order_number
    assert fail(session, number, TaskKind.EXCHANGE, "NETWORK_ISSUE", "inform") is OrderState.COMMITTED
    assert stream(session, number)[-1] is KciKind.ADDITIONAL
    assert states(session, number)[TaskKind.EXCHANGE] is TaskState.FAILED
    retry_task(session, RetryTask(order_number=number, task=TaskKind.EXCHANGE), by=ENGINEER, at=AT)
    assert states(session, number)[TaskKind.EXCHANGE] is TaskState.OPEN
    with pytest.raises(Refused, match="is open; that cannot be done") as caught:
        retry_task(session, RetryTask(order_number=number, task=TaskKind.EXCHANGE), by=ENGINEER, at=AT)
    assert caught.value.code == "CSS290E"
    fail(session, number, TaskKind.EXCHANGE, "NETWORK_ISSUE", "inform")
    done(session, number, TaskKind.NUMBER, TaskKind.EXCHANGE)
    assert states(session, number)[TaskKind.EXCHANGE] is TaskState.DONE, "what failed may be done after all"


@pytest.mark.parametrize(
    ("problem_code", "effect", "others", "found"),
    [
        ("CAPACITY_ISSUE", "delay", {}, ["CSS235E"]),
        ("UNABLE_TO_ATTEND", "cancel", {}, ["CSS235E"]),
        ("NETWORK_ISSUE", "reappoint", {}, ["CSS292E"]),
        ("NETWORK_ISSUE", "delay", {"target_on": date(2026, 3, 20)}, ["CSS292E"]),
        ("NETWORK_ISSUE", "reappoint", {"target_on": date(2026, 3, 6), "words": " "}, ["CSS236E", "CSS221E"]),
    ],
)
def test_a_problem_may_cause_only_what_its_code_permits(
    session: Session,
    zz: builders.BuiltDistrict,
    account: builders.BuiltAccount,
    problem_code: str,
    effect: str,
    others: dict[str, object],
    found: list[str],
) -> None:
    number = place(session, a_provide(zz, account)).order_number
    with pytest.raises(CssError) as caught:
        fail(session, number, TaskKind.EXCHANGE, problem_code, effect, **others)
    assert codes(caught) == found
    assert states(session, number)[TaskKind.EXCHANGE] is TaskState.OPEN


def test_a_visit_that_was_made_in_vain_needs_another_slot(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    slot = Slot(slot_on=date(2026, 3, 4), half_day=HalfDay.AM)
    number = place(session, a_provide(zz, account, appointment=slot)).order_number
    done(session, number, TaskKind.NUMBER, TaskKind.EXCHANGE)
    roll_business_date(session, "ZZ", to=date(2026, 3, 4))
    fail(session, number, TaskKind.FIELD, "ADDITIONAL_WORK", "reappoint", target_on=date(2026, 3, 11))
    assert session.execute(select(Appointment.state)).scalar_one() is AppointmentState.KEPT
    field = next(task for task in order_tasks(session, number, by=CLERK) if task.kind is TaskKind.FIELD)
    assert (field.due_on, field.state) == (date(2026, 3, 11), TaskState.OPEN)


# --- surveyed -------------------------------------------------------------------------------------------------------------


def test_an_order_to_be_built_is_promised_when_planning_has_looked(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    full = builders.district(session, "QQ", pairs=0)
    at_full = builders.account(session, full)
    placed = place(session, a_provide(full, at_full, required_on=FAR, excess_agreed=Money(10000)))
    number = placed.order_number
    assert (placed.state, placed.committed_on) == (OrderState.ACKNOWLEDGED, None)
    assert [(task.kind, task.due_on) for task in order_tasks(session, number, by=CLERK)] == [(TaskKind.SURVEY, date(2026, 3, 9))]
    with pytest.raises(Refused, match="done by committing") as caught:
        complete_task(session, CompleteTask(order_number=number, task=TaskKind.SURVEY, done_on=DAY), by=ENGINEER, at=AT)
    assert caught.value.code == "CSS294E"

    command = CommitOrder(order_number=number, committed_on=date(2026, 3, 20), excess_price=Price.of("25000"))
    with pytest.raises(Several) as wrong:
        commit_order(session, command, by=ENGINEER, at=AT)
    assert codes(wrong) == ["CSS759E", "CSS297E"]
    promised = replace(command, committed_on=date(2026, 3, 30), excess_consented_by="Mrs Ada Tansley")
    commit_order(session, promised, by=ENGINEER, at=AT)
    card = order_card(session, number, by=CLERK)
    assert (card.state, card.committed_on, card.target_on) == (OrderState.COMMITTED, date(2026, 3, 30), date(2026, 3, 30))
    assert (card.kci[-1].kind, card.kci[-1].sequence) == (KciKind.COMMITTED, 2)
    assert "costs £250.00 before VAT to build" in card.kci[-1].words
    assert (card.excess_agreed, card.consented_by) == (Money(25000), "Mrs Ada Tansley")
    assert [task.kind.value for task in order_tasks(session, number, by=CLERK)] == [
        *("survey", "number", "plant", "exchange", "field", "directory", "emergency")
    ]

    done(session, number, TaskKind.NUMBER, TaskKind.PLANT)
    line = line_of(session, number)
    pair = session.execute(select(Pair).where(Pair.distribution_point_id == full.distribution_point_id)).scalar_one()
    assert (line.pair_id, pair.pair_number, pair.state) == (pair.id, 1, PairState.SPARE)
    assert stream(session, number)[-1] is KciKind.ADDITIONAL
    assert done(session, number, TaskKind.EXCHANGE, TaskKind.FIELD, TaskKind.DIRECTORY, TaskKind.EMERGENCY) is OrderState.COMPLETED
    session.refresh(pair)
    assert pair.state is PairState.WORKING


def test_an_address_the_network_did_not_know_is_on_it_from_the_commitment_on(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    placed = place(session, a_provide(zz, account, address_key=zz.silver.address_key, required_on=FAR))
    number = placed.order_number
    assert placed.number is None
    command = CommitOrder(order_number=number, committed_on=FAR)
    for point in (None, "C1", "C1/DP9", "C9/DP1"):
        with pytest.raises(Refused) as caught:
            commit_order(session, replace(command, distribution_point=point), by=ENGINEER, at=AT)
        assert (caught.value.code, caught.value.element) == ("CSS298E", "distribution_point")
    commit_order(session, replace(command, distribution_point="c1/dp1"), by=ENGINEER, at=AT)
    site = session.execute(select(Site).where(Site.id == zz.silver.id)).scalar_one()
    assert (site.match, site.distribution_point_id, site.address_key) == (
        AddressMatch.GOLD,
        zz.distribution_point_id,
        zz.silver.address_key,
    )
    card = order_card(session, number, by=CLERK)
    assert card.number == zz.first_number
    assert session.execute(select(CustomerOrder.kept_number)).scalar_one() == zz.first_number
    with pytest.raises(Refused) as twice:
        commit_order(session, replace(command, distribution_point="C1/DP1"), by=ENGINEER, at=AT)
    assert twice.value.code == "CSS205E"


def test_who_gives_up_what_was_built_for_them_still_has_a_pair_for_others(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    full = builders.district(session, "QQ", pairs=0)
    number = place(session, a_provide(full, builders.account(session, full), required_on=FAR)).order_number
    commit_order(session, CommitOrder(order_number=number, committed_on=FAR), by=ENGINEER, at=AT)
    done(session, number, TaskKind.NUMBER, TaskKind.PLANT)
    fail(session, number, TaskKind.FIELD, "SITE_UNSAFE", "cancel")
    pair = session.execute(select(Pair).where(Pair.distribution_point_id == full.distribution_point_id)).scalar_one()
    assert pair.state is PairState.SPARE
    again = place(session, a_provide(full, builders.account(session, full), address_key=full.gold[1].address_key))
    assert again.state is OrderState.COMMITTED


# --- lists ----------------------------------------------------------------------------------------------------------------


def test_a_work_group_has_its_list_by_what_is_due(session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount) -> None:
    first, second = (
        place(session, a_provide(zz, account, address_key=zz.gold[n].address_key, required_on=day, hazard_notes="Dog")).order_number
        for n, day in enumerate((date(2026, 3, 10), PROMISED))
    )
    page = tasks_to_do(session, "ZZ", WorkGroup.FIELD, by=ENGINEER, due_by=FAR)
    assert [(row.order_number, row.due_on, row.is_ready) for row in page.rows] == [
        (second, PROMISED, False),
        (first, date(2026, 3, 10), False),
    ]
    assert page.rows[0].hazard_notes == "Dog"
    assert page.rows[0].waits_for == (TaskKind.EXCHANGE,)
    assert page.forward is None
    assert tasks_to_do(session, "ZZ", WorkGroup.FIELD, by=ENGINEER).rows == (), "nothing is due today"
    one = tasks_to_do(session, "ZZ", WorkGroup.RECORDS, by=ENGINEER, due_by=FAR, limit=3)
    assert one.forward
    two = tasks_to_do(session, "ZZ", WorkGroup.RECORDS, by=ENGINEER, due_by=FAR, limit=3, after=one.forward)
    assert [(row.order_number, row.kind) for row in (*one.rows, *two.rows)] == [
        (order, kind) for order in (second, first) for kind in (TaskKind.DIRECTORY, TaskKind.EMERGENCY)
    ]
    assert {(row.owner, row.tasks, row.overdue, row.failed) for row in tasks_waiting(session, "ZZ", by=ENGINEER)} == {
        (WorkGroup.NUMBERING, 2, 0, 0),
        (WorkGroup.EXCHANGE, 2, 0, 0),
        (WorkGroup.FIELD, 2, 0, 0),
        (WorkGroup.RECORDS, 4, 0, 0),
    }
    assert tasks_waiting(session, "AA", by=ENGINEER) == ()
    with pytest.raises(CssError, match="no place in a list"):
        tasks_to_do(session, "ZZ", WorkGroup.FIELD, by=ENGINEER, after="x")


def test_a_start_late_for_a_task_of_ours_is_compensated(
    session: Session, zz: builders.BuiltDistrict, account: builders.BuiltAccount
) -> None:
    number = place(session, a_provide(zz, account)).order_number
    fail(session, number, TaskKind.EXCHANGE, "ADDITIONAL_WORK", "reappoint", target_on=date(2026, 3, 12))
    roll_business_date(session, "ZZ", to=date(2026, 3, 12))
    kinds = (TaskKind.NUMBER, TaskKind.EXCHANGE, TaskKind.FIELD, TaskKind.DIRECTORY, TaskKind.EMERGENCY)
    assert done(session, number, *kinds, on=date(2026, 3, 12)) is OrderState.COMPLETED
    failure = session.execute(select(ServiceFailure)).scalar_one()
    assert (failure.kind, failure.issue_on) == (FailureKind.DELAYED_START, PROMISED)
