"""The rules of an order's work, on values alone: its tasks and checklists, problem codes, jeopardy, amendments, surveys."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css.core.calendar import Nation, is_working_day
from css.core.money import Money, Price
from css.core.words import HalfDay, MissCause, ProductKind, Segment
from orders.commands.orders import AmendOrder, Slot
from orders.rules import amending, problems, surveying, tasks
from orders.rules.amending import Dates, KnownProduct, NewDates, new_dates
from orders.rules.content import Offer
from orders.rules.dates import committed_date
from orders.rules.jeopardy import Jeopardy, Standing, jeopardies, jeopardy
from orders.rules.problems import Effect
from orders.rules.tasks import PLANS, TASKS, OrderWork, plan_tasks
from orders.words import ItemAction, OrderKind, OrderState, PlantOutcome, TaskKind, WorkGroup

E_W: Nation = "england-and-wales"
MONDAY = date(2026, 3, 2)
TARGET = date(2026, 3, 9)
ORDER = "ZZO00000018"


# --- tasks ----------------------------------------------------------------------------------------------------------------


def _work(kind: OrderKind, **others: object) -> OrderWork:
    plain = OrderWork(kind=kind, outcome=None, needs_visit=False, changes_number=False, is_listed=False, is_named=False)
    return replace(plain, **others)  # type: ignore[arg-type]


def _kinds(work: OrderWork) -> list[str]:
    return [task.kind.value for task in plan_tasks(work, placed_on=MONDAY, target_on=TARGET, slot_on=None, nation=E_W)]


def test_every_kind_of_order_has_tasks_and_every_task_its_rule() -> None:
    assert set(PLANS) == set(OrderKind)
    assert set(TASKS) == set(TaskKind)
    assert {rule.owner for rule in TASKS.values()} == set(WorkGroup)
    for kind in OrderKind:
        assert _kinds(_work(kind)), f"a {kind} would be done before it was begun"


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (_work(OrderKind.PROVIDE, outcome=PlantOutcome.RESTART), "number exchange directory emergency"),
        (_work(OrderKind.PROVIDE, outcome=PlantOutcome.SPARE_PAIR, needs_visit=True), "number exchange field directory emergency"),
        (_work(OrderKind.PROVIDE, outcome=PlantOutcome.BUILD), "number plant exchange field directory emergency"),
        (_work(OrderKind.PORT_IN, outcome=PlantOutcome.SPARE_PAIR), "porting exchange directory emergency"),
        (_work(OrderKind.CEASE), "exchange directory emergency"),
        (_work(OrderKind.SHIFT), "field"),
        (_work(OrderKind.TAKEOVER), "exchange directory emergency"),
        (_work(OrderKind.TAKEOVER, changes_number=True), "number exchange directory emergency"),
        (_work(OrderKind.DIRECTORY, is_named=True), "emergency"),
        (_work(OrderKind.DIRECTORY), "directory"),
        (_work(OrderKind.BAR), "exchange"),
    ],
)
def test_an_order_has_the_tasks_its_work_needs(work: OrderWork, expected: str) -> None:
    assert _kinds(work) == expected.split()


@given(
    kind=st.sampled_from(OrderKind),
    outcome=st.sampled_from([None, *PlantOutcome]),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    days=st.integers(0, 40),
    slot_days=st.one_of(st.none(), st.integers(1, 30)),
)
def test_tasks_can_always_be_done_one_after_another_and_in_time(
    kind: OrderKind, outcome: PlantOutcome | None, flags: tuple[bool, bool, bool, bool], days: int, slot_days: int | None
) -> None:
    visit, number, listed, named = flags
    work = OrderWork(kind=kind, outcome=outcome, needs_visit=visit, changes_number=number, is_listed=listed, is_named=named)
    target_on = MONDAY + timedelta(days=days)
    slot_on = None if slot_days is None else MONDAY + timedelta(days=slot_days)
    planned = plan_tasks(work, placed_on=MONDAY, target_on=target_on, slot_on=slot_on, nation=E_W, first_number=2)
    assert [task.task_number for task in planned] == list(range(2, 2 + len(planned)))
    assert len({task.kind for task in planned}) == len(planned), "a verb names a task by its kind"
    undone = [task.kind for task in planned]
    while undone:
        ready = [task for task in undone if not tasks.waits_for(task, undone)]
        assert ready, f"{undone} wait for each other"
        undone.remove(ready[0])
    assert all(MONDAY <= task.due_on <= max(MONDAY, target_on) for task in planned)


def test_what_a_visit_needs_is_due_by_its_slot_and_records_by_the_target() -> None:
    work = _work(OrderKind.PROVIDE, outcome=PlantOutcome.SPARE_PAIR, needs_visit=True)
    due = {task.kind: task.due_on for task in plan_tasks(work, placed_on=MONDAY, target_on=TARGET, slot_on=date(2026, 3, 5), nation=E_W)}
    assert (due[TaskKind.NUMBER], due[TaskKind.FIELD], due[TaskKind.EMERGENCY]) == (date(2026, 3, 4), date(2026, 3, 5), TARGET)


def test_a_visit_comes_after_the_exchange_and_records_do_not_wait_for_it() -> None:
    undone = [TaskKind.EXCHANGE, TaskKind.FIELD, TaskKind.EMERGENCY]
    assert tasks.waits_for(TaskKind.FIELD, undone) == (TaskKind.EXCHANGE,)
    assert tasks.waits_for(TaskKind.EMERGENCY, undone) == ()


def test_required_checks_must_be_seen_to_and_others_need_not() -> None:
    assert tasks.ticks_fault(TaskKind.FIELD, OrderKind.PROVIDE, ("LINE_TESTED", "DIAL_TONE")) is None
    fault = tasks.ticks_fault(TaskKind.FIELD, OrderKind.PROVIDE, ("LINE_TESTED",))
    assert fault is not None
    assert (fault.code, fault.element) == ("CSS291E", "checks")
    assert "DIAL_TONE (dial tone is heard)" in str(fault)
    unknown = tasks.ticks_fault(TaskKind.FIELD, OrderKind.PROVIDE, ("LINE_TESTED", "DIAL_TONE", "TEA"))
    assert unknown is not None
    assert "TEA is no check" in str(unknown)


def test_a_checklist_asks_only_what_the_order_does() -> None:
    assert "JUMPERED" in {check.code for check in tasks.checks_of(TaskKind.EXCHANGE, OrderKind.PROVIDE)}
    assert "JUMPERED" not in {check.code for check in tasks.checks_of(TaskKind.EXCHANGE, OrderKind.FEATURES)}


# --- problems -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", MissCause)
def test_a_missed_visit_is_told_with_a_code_that_may_hold_or_reappoint_and_says_whose_it_was(cause: MissCause) -> None:
    problem = problems.miss_problem(cause)
    assert {Effect.DELAY, Effect.REAPPOINT} <= problem.effects
    assert problem.is_customers is not cause.is_ours


def test_a_later_day_the_customer_asked_for_is_what_was_promised() -> None:
    assert problems.promised_day(TARGET, date(2026, 3, 6), E_W) == TARGET
    assert problems.promised_day(TARGET, date(2026, 3, 14), E_W) == date(2026, 3, 16)


# --- jeopardy -------------------------------------------------------------------------------------------------------------

CALM = Standing(state=OrderState.COMMITTED, committed_on=TARGET, target_on=TARGET)


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({}, ()),
        ({"failed_tasks": 1}, (Jeopardy.TASK_FAILED,)),
        ({"task_due_on": date(2026, 2, 27)}, (Jeopardy.TASK_OVERDUE,)),
        ({"task_due_on": MONDAY}, ()),
        (
            {"state": OrderState.ACKNOWLEDGED, "committed_on": None, "target_on": None, "survey_due_on": date(2026, 2, 27)},
            (Jeopardy.SURVEY_OVERDUE,),
        ),
        ({"visit_due_on": date(2026, 3, 5)}, (Jeopardy.NO_SLOT,)),
        ({"visit_due_on": date(2026, 3, 6)}, ()),
        ({"is_missed": True}, (Jeopardy.MISSED,)),
        ({"state": OrderState.HELD, "held_on": date(2026, 2, 23)}, (Jeopardy.HELD,)),
        ({"state": OrderState.HELD, "held_on": date(2026, 2, 20)}, (Jeopardy.HELD_LONG, Jeopardy.HELD)),
        ({"state": OrderState.HELD, "task_due_on": date(2026, 2, 27), "visit_due_on": date(2026, 2, 27)}, (Jeopardy.HELD,)),
        ({"committed_on": date(2026, 2, 27), "target_on": date(2026, 2, 27)}, (Jeopardy.LATE, Jeopardy.TARGET_PASSED)),
        ({"committed_on": date(2026, 2, 27), "failed_tasks": 2}, (Jeopardy.LATE, Jeopardy.TASK_FAILED)),
        ({"target_on": date(2026, 3, 3)}, (Jeopardy.DUE,)),
    ],
)
def test_every_reason_is_told_the_worst_first(change: dict[str, object], reasons: tuple[Jeopardy, ...]) -> None:
    standing = replace(CALM, **change)  # type: ignore[arg-type]
    assert jeopardies(standing, on=MONDAY, nation=E_W) == reasons
    assert jeopardy(standing, on=MONDAY, nation=E_W) is (reasons[0] if reasons else None)


# --- amending -------------------------------------------------------------------------------------------------------------

NOW = Dates(required_on=date(2026, 3, 8), committed_on=TARGET, target_on=TARGET, slot_on=None)


def _later(day: int, **others: object) -> AmendOrder:
    return AmendOrder(order_number=ORDER, required_on=date(2026, 3, day), **others)  # type: ignore[arg-type]


def test_the_target_follows_the_required_date_and_the_promise_stays() -> None:
    assert new_dates(NOW, _later(14), slot_on=None, nation=E_W) == NewDates(required_on=date(2026, 3, 14), target_on=date(2026, 3, 16))


def test_a_date_is_never_before_the_promise() -> None:
    wrong = amending.date_faults(
        NOW, NewDates(required_on=date(2026, 3, 6), target_on=date(2026, 3, 6)), _later(6), on=MONDAY, earliest_on=MONDAY, outcome=None
    )
    assert [fault.code for fault in wrong] == ["CSS295E"]


def test_where_we_are_late_a_nearer_wish_does_not_make_us_sooner() -> None:
    late = replace(NOW, target_on=date(2026, 3, 20))
    assert new_dates(late, _later(12), slot_on=None, nation=E_W).target_on == date(2026, 3, 20)


def test_a_day_drawn_nearer_must_be_one_that_could_be_had_now() -> None:
    amended = replace(NOW, required_on=date(2026, 3, 20), target_on=date(2026, 3, 20))
    command = _later(10)
    after = new_dates(amended, command, slot_on=None, nation=E_W)
    assert after.target_on == date(2026, 3, 10)
    wrong = amending.date_faults(amended, after, command, on=date(2026, 3, 6), earliest_on=date(2026, 3, 13), outcome=None)
    assert [fault.code for fault in wrong] == ["CSS213E"]


def test_what_is_not_promised_yet_may_be_wished_for_later_however_long_it_takes() -> None:
    waiting = Dates(required_on=date(2026, 3, 23), committed_on=None, target_on=None, slot_on=None)
    for day, codes in ((25, []), (20, ["CSS213E"])):
        command = _later(day)
        after = new_dates(waiting, command, slot_on=None, nation=E_W)
        assert after == NewDates(required_on=date(2026, 3, day), target_on=None)
        wrong = amending.date_faults(
            waiting, after, command, on=date(2026, 3, 6), earliest_on=date(2026, 3, 27), outcome=PlantOutcome.BUILD
        )
        assert [fault.code for fault in wrong] == codes


def test_a_slot_after_the_target_takes_it_along_and_whose_wish_it_was_decides_about_the_required_date() -> None:
    slot = Slot(slot_on=date(2026, 3, 14), half_day=HalfDay.AM)
    customers = AmendOrder(order_number=ORDER, appointment=slot)
    ours = replace(customers, reason_code="UNABLE_TO_ATTEND")
    assert new_dates(NOW, customers, slot_on=slot.slot_on, nation=E_W) == NewDates(
        required_on=date(2026, 3, 14), target_on=date(2026, 3, 16)
    )
    assert new_dates(NOW, ours, slot_on=slot.slot_on, nation=E_W) == NewDates(required_on=NOW.required_on, target_on=date(2026, 3, 16))


def test_a_slot_left_behind_by_a_nearer_date_must_move_with_it() -> None:
    now = Dates(required_on=date(2026, 3, 20), committed_on=TARGET, target_on=date(2026, 3, 20), slot_on=date(2026, 3, 18))
    command = _later(16)
    after = new_dates(now, command, slot_on=None, nation=E_W)
    wrong = amending.date_faults(now, after, command, on=MONDAY, earliest_on=TARGET, outcome=None)
    assert [(fault.code, fault.element) for fault in wrong] == [("CSS756E", "appointment")]


@given(
    wish=st.one_of(st.none(), st.integers(0, 60)),
    slot=st.one_of(st.none(), st.integers(1, 60)),
    ours=st.booleans(),
    target=st.integers(0, 30),
)
def test_whatever_is_amended_the_target_is_a_working_day_and_not_before_the_promise(
    wish: int | None, slot: int | None, ours: bool, target: int
) -> None:
    now = replace(NOW, target_on=committed_date(TARGET + timedelta(days=target), E_W))
    command = AmendOrder(
        order_number=ORDER,
        required_on=None if wish is None else TARGET + timedelta(days=wish),
        reason_code="NETWORK_ISSUE" if ours else "",
    )
    slot_on = None if slot is None else MONDAY + timedelta(days=slot)
    after = new_dates(now, command, slot_on=slot_on, nation=E_W)
    assert after.target_on is not None
    assert is_working_day(after.target_on, E_W)
    assert after.target_on >= TARGET
    assert slot_on is None or after.target_on >= slot_on
    assert not ours or after.required_on == now.required_on
    assert ours or problems.promised_day(TARGET, after.required_on, E_W) <= after.target_on


@pytest.mark.parametrize(
    ("command", "is_partner", "codes"),
    [
        (AmendOrder(order_number=ORDER), False, ["CSS296E"]),
        (AmendOrder(order_number=ORDER, hazard_notes=""), False, []),
        (AmendOrder(order_number=ORDER, hazard_notes="x" * 51, contact_name=" "), False, ["CSS219E", "CSS221E"]),
        (AmendOrder(order_number=ORDER, contact_name="Bea", reason_code="ACCESS_ISSUE"), False, ["CSS296E"]),
        (_later(20, reason_code="CAPACITY_ISSUE"), False, ["CSS235E"]),
        (_later(20, reason_code="NETWORK_ISSUE"), False, []),
        (_later(20, reason_code="NETWORK_ISSUE"), True, ["CSS749E"]),
        (_later(20, reason_code="CUSTOMER_CHANGED_MIND"), True, []),
    ],
)
def test_an_amendment_says_what_changes_and_whose_reason_it_is(command: AmendOrder, is_partner: bool, codes: list[str]) -> None:
    assert [fault.code for fault in amending.field_faults(command, is_partner=is_partner)] == codes


def _offer(code: str, kind: ProductKind = ProductKind.FEATURE, **others: object) -> Offer:
    plain = Offer(
        product_id=1,
        code=code,
        name=code.title(),
        kind=kind,
        segments=frozenset({"residential"}),
        care_level=None,
        needs_visit=False,
        is_orderable=True,
        has_rental_price=True,
    )
    return replace(plain, **others)  # type: ignore[arg-type]


STANDING = (
    KnownProduct("LINE-RES", ProductKind.LINE, ItemAction.ADD),
    KnownProduct("CALLER-DISPLAY", ProductKind.FEATURE, ItemAction.ADD),
    KnownProduct("CALL-DIVERSION", ProductKind.FEATURE, ItemAction.ADD),
)


@pytest.mark.parametrize(
    ("add", "drop", "codes"),
    [
        (("CALL-WAITING",), ("CALLER-DISPLAY",), []),
        (("CALLER-DISPLAY",), (), ["CSS754E"]),
        (("CALL-WAITING", "CALL-WAITING"), (), ["CSS754E"]),
        (("CALL-BARRING",), (), ["CSS216E"]),
        (("CALL-BARRING",), ("CALL-DIVERSION",), []),
        ((), ("LINE-RES",), ["CSS754E"]),
        (("NOWHERE",), (), ["CSS211E"]),
        (("LINE-BUS",), (), ["CSS754E"]),
        (("DEAR",), (), ["CSS237E"]),
    ],
)
def test_features_come_and_go_as_on_an_order_placed_so(add: tuple[str, ...], drop: tuple[str, ...], codes: list[str]) -> None:
    offers = {one.code: one for one in (_offer("CALL-WAITING"), _offer("CALL-BARRING"), _offer("CALLER-DISPLAY"))}
    offers |= {"LINE-BUS": _offer("LINE-BUS", ProductKind.LINE), "DEAR": _offer("DEAR", has_rental_price=False)}
    command = AmendOrder(order_number=ORDER, add_codes=add, drop_codes=drop)
    found = amending.feature_faults(OrderKind.PROVIDE, command, STANDING, offers, Segment.RESIDENTIAL)
    assert [fault.code for fault in found] == codes


def test_an_order_without_products_has_no_features_and_one_of_features_keeps_something() -> None:
    command = AmendOrder(order_number=ORDER, drop_codes=("CALLER-DISPLAY",))
    only = (KnownProduct("LINE-RES", ProductKind.LINE, None), KnownProduct("CALLER-DISPLAY", ProductKind.FEATURE, ItemAction.ADD))
    for kind, code in ((OrderKind.CEASE, "CSS753E"), (OrderKind.FEATURES, "CSS754E")):
        (fault,) = amending.feature_faults(kind, command, only, {}, Segment.RESIDENTIAL)
        assert fault.code == code


def test_two_who_amend_are_told_both_values_of_each_field() -> None:
    seen: dict[str, object] = {"state": "committed", "required_on": "2026-03-09", "contact_name": "Ada", "items": [], "slot_on": None}
    now = seen | {"required_on": "2026-03-12", "hazard_notes": "Dog", "slot_on": "2026-03-10", "half_day": "AM", "slot_state": "booked"}
    command = AmendOrder(order_number=ORDER, required_on=date(2026, 3, 20), contact_name="Bea")
    found = {clash.field: clash.words for clash in amending.clashes(seen, now, amending.wanted_fields(command))}
    assert found == {
        "required_on": "Required date: was 9 March 2026, is 12 March 2026 now, you want 20 March 2026.",
        "contact_name": "Contact: Ada; you want Bea.",
        "slot": "Appointment: was none, is 10 March 2026 AM now.",
        "hazard_notes": "Hazard notes: was none, is Dog now.",
    }


# --- surveys --------------------------------------------------------------------------------------------------------------


def test_planning_promises_a_working_day_not_before_it_is_wanted() -> None:
    ask = {"required_on": date(2026, 3, 8), "on": MONDAY, "nation": E_W}
    assert surveying.promise_fault(TARGET, **ask) is None  # type: ignore[arg-type]
    for day in (date(2026, 3, 6), date(2026, 3, 14), MONDAY + timedelta(days=366)):
        fault = surveying.promise_fault(day, **ask)  # type: ignore[arg-type]
        assert fault is not None
        assert (fault.code, fault.element) == ("CSS759E", "committed_on")


def test_excess_beyond_what_was_agreed_needs_somebody_who_agrees() -> None:
    price = Price.of("12000")
    assert surveying.excess_fault(None, agreed=None, consented_by=None) is None
    assert surveying.excess_fault(price, agreed=Money(12000), consented_by=None) is None
    assert surveying.excess_fault(price, agreed=Money(11999), consented_by="Mrs Ada Tansley") is None
    fault = surveying.excess_fault(price, agreed=Money(11999), consented_by=" ")
    assert fault is not None
    assert (fault.code, fault.element) == ("CSS297E", "excess_consented_by")
    assert "£120.00" in str(fault)
