"""The tasks of orders: written when the work is known, told done or failed, tried again. The last one done completes the order.

Every verb on a task locks its order first, so that of two who tell the same task done one does it and the other is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import Nation, day_words, working_day_on_or_after
from css.core.codec import to_plain
from css.core.errors import CssError, NotFound, Refusals, Refused
from css.core.words import PairState
from css.master import appointment_book
from css.master.districts import business_date
from css.master.lines import Line
from css.master.plant import DistributionPoint, Pair
from css.master.sites import Site
from orders.actions import auxiliary, linked, progress, unsolicited
from orders.actions.changing import changed, live_slot, marks, read_words, record, tell_of, work_for
from orders.actions.complete import finish
from orders.actions.find import OrderFound, lock_order, require_may
from orders.actions.tell import as_sentence, last_told
from orders.actions.working import Work
from orders.commands.orders import CompleteTask, FailTask, OrderChanged, RetryTask
from orders.model import CustomerOrder, OrderTask
from orders.rules.dates import done_fault, target_fault
from orders.rules.lifecycle import Move, move
from orders.rules.problems import Effect, is_customers, problem_fault
from orders.rules.tasks import UNDONE, OrderWork, PlannedTask, may_work, plan_tasks, survey_task, ticks_fault, told_when_done, waits_for
from orders.words import KciKind, OrderState, PlantOutcome, TaskKind, TaskState


def write_tasks(session: Session, order: CustomerOrder, work: Work, *, nation: Nation, slot_on: date | None = None) -> None:
    """The tasks of an order just placed, in one statement; of one that planning must look at first only the survey.

    The order must be flushed (its id is needed) and have its dates; one that waits for others has its tasks for the day it is
    required, until it is committed with them. An unsolicited cease has none: it is done with its cause.
    """
    if order.caused_by_id is not None:
        return
    if work.is_surveyed_first:
        _insert(session, order, (survey_task(placed_on=order.placed_on, nation=nation),))
        return
    needs_visit = slot_on is not None or (work.needs_visit and work.outcome is not PlantOutcome.RESTART)
    write_work(session, order, nation=nation, slot_on=slot_on, needs_visit=needs_visit, first_number=1)


def write_work(
    session: Session, order: CustomerOrder, *, nation: Nation, slot_on: date | None, needs_visit: bool, first_number: int | None = None
) -> None:
    """The tasks of an order's work; without ``first_number`` after those it has."""
    if first_number is None:
        last = select(func.coalesce(func.max(OrderTask.task_number), 0)).where(OrderTask.order_id == order.id)
        first_number = session.execute(last).scalar_one() + 1
    work = OrderWork(
        kind=order.kind,
        outcome=order.plant_outcome,
        needs_visit=needs_visit,
        changes_number=order.kept_number is not None or order.old_number is not None,
        is_listed=order.directory_kind is not None or order.directory_name is not None,
        is_named=order.emergency_name is not None,
    )
    target_on = order.target_on or order.required_on
    _insert(
        session,
        order,
        plan_tasks(work, placed_on=order.placed_on, target_on=target_on, slot_on=slot_on, nation=nation, first_number=first_number),
    )


def _insert(session: Session, order: CustomerOrder, planned: Iterable[PlannedTask]) -> None:
    session.execute(
        insert(OrderTask),
        [
            {
                "order_id": order.id,
                "task_number": task.task_number,
                "district_code": order.district_code,
                "kind": task.kind,
                "owner": task.owner,
                "state": TaskState.OPEN,
                "due_on": task.due_on,
            }
            for task in planned
        ],
    )


@audit.answered
def complete_task(session: Session, command: CompleteTask, *, by: Actor, at: datetime) -> OrderChanged:
    """Record that a task is done, with what was seen to. The last one completes the order, as of the latest day of them all.

    The plant task builds: a new pair of the distribution point is there, and kept for the order's line.

    Raises:
        NotFound: CSS202E, CSS289E. Conflict: CSS204E, and those of completing.
        Refused: CSS203E, CSS255E, CSS288E, CSS290E, CSS294E; CSS219E, CSS232E, CSS291E, CSS293E at once as ``Several``; those of
            completing.
    """
    require_may(by, "work")
    found = lock_order(session, command.order_number, command.row_version, by)
    order = found.order
    unsolicited.refuse_unsolicited(order)
    tasks = _tasks(session, order)
    task = _workable(order, tasks, command.task)
    if command.task is TaskKind.SURVEY:
        raise Refused("CSS294E", "A survey is done by committing order {order} for a day.", order=order.number, element="task")
    on = business_date(session, order.district_code)
    undone = [each for each in tasks if each.state in UNDONE and each is not task]
    wrong = Refusals()
    faults = (
        _order_fault(order, task, undone),
        ticks_fault(task.kind, order.kind, command.checks),
        done_fault(command.done_on, on=on, not_before=order.placed_on),
    )
    wrong.add(*(fault for fault in faults if fault is not None))
    words = read_words(wrong, command.words, "words", is_needed=False)
    wrong.tell()
    before = marks(order)
    with session.begin_nested():
        if task.kind is TaskKind.PLANT:
            _build_pairs(session, order)
        session.execute(
            update(OrderTask)
            .where(OrderTask.id == task.id)
            .values(
                state=TaskState.DONE,
                checks=list(dict.fromkeys(command.checks)),
                words=words or task.words,
                done_on=command.done_on,
                done_at=at,
                done_by=by.name,
            )
        )
        if undone:
            order.row_version += 1
            session.flush()
            last = last_told(session, order)
        else:
            done_on = max([command.done_on, *(each.done_on for each in tasks if each.done_on is not None)])
            last = finish(session, found, done_on=done_on, by=by, at=at)
    # That the order changed was counted with it.
    audit.record(session, by=by, at=at, verb="complete_task", subject=("order", order.number), before=before, after=to_plain(command))
    told = told_when_done(task.kind)
    if undone and told is not None:
        return tell_of(session, order, [(KciKind.ADDITIONAL, told, None)], at=at)
    return changed(order, last)


@audit.answered
def fail_task(session: Session, command: FailTask, *, by: Actor, at: datetime) -> OrderChanged:
    """Record that a task could not be done, and what follows for the order, as the problem code permits.

    ``delay`` holds the order, ``reappoint`` gives it another day and leaves the task to be tried again then, ``cancel`` ends it
    by us, ``inform`` tells the customer and leaves the task failed until it is tried again.

    Raises:
        NotFound: CSS202E, CSS289E. Conflict: CSS204E.
        Refused: CSS203E, CSS205E, CSS255E, CSS288E, CSS290E; CSS219E, CSS221E, CSS235E, CSS236E, CSS292E at once as ``Several``.
    """
    require_may(by, "work")
    found = lock_order(session, command.order_number, command.row_version, by)
    order = found.order
    unsolicited.refuse_unsolicited(order)
    task = _workable(order, _tasks(session, order), command.task)
    effect = Effect(command.effect)
    move(order.number, order.state, _MOVES[effect])
    on = business_date(session, order.district_code)
    wrong = Refusals()
    faults = (problem_fault(command.problem_code, effect), _target_fault(found, command, on))
    wrong.add(*(fault for fault in faults if fault is not None))
    words = read_words(wrong, command.words, "words", is_needed=True)
    wrong.tell()
    before = marks(order)
    session.execute(
        update(OrderTask)
        .where(OrderTask.id == task.id)
        .values(
            state=TaskState.OPEN if effect is Effect.REAPPOINT else TaskState.FAILED,
            problem_code=command.problem_code,
            words=words,
            attempts=OrderTask.attempts + 1,
        )
    )
    _follow(session, found, command, on=on, by=by, at=at)
    record(session, order, command, before, verb="fail_task", by=by, at=at)
    return _tell_failed(session, order, command, words, by=by, at=at)


@audit.answered
def retry_task(session: Session, command: RetryTask, *, by: Actor, at: datetime) -> OrderChanged:
    """Have a task that failed tried again. The tasks of a held order are tried again when it is resumed.

    Raises:
        NotFound: CSS202E, CSS289E. Conflict: CSS204E. Refused: CSS203E, CSS255E, CSS288E, CSS290E.
    """
    require_may(by, "work")
    found = lock_order(session, command.order_number, command.row_version, by)
    order = found.order
    unsolicited.refuse_unsolicited(order)
    task = _workable(order, _tasks(session, order), command.task, states=(TaskState.FAILED,))
    before = marks(order)
    session.execute(update(OrderTask).where(OrderTask.id == task.id).values(state=TaskState.OPEN))
    record(session, order, command, before, verb="retry_task", by=by, at=at)
    return changed(order, last_told(session, order))


_MOVES: Final = {Effect.DELAY: Move.DELAY, Effect.REAPPOINT: Move.REAPPOINT, Effect.CANCEL: Move.TERMINATE, Effect.INFORM: Move.INFORM}


def _target_fault(found: OrderFound, command: FailTask, on: date) -> CssError | None:
    """What is wrong with the new day of a task that failed (CSS236E, CSS292E)."""
    order = found.order
    if (command.effect == "reappoint") != (command.target_on is not None):
        return Refused("CSS292E", "A new date goes with reappointing, and only with it.", element="target_on")
    if command.target_on is None or order.committed_on is None:
        return None
    return target_fault(command.target_on, committed_on=order.committed_on, on=on, nation=found.nation)


def _follow(session: Session, found: OrderFound, command: FailTask, *, on: date, by: Actor, at: datetime) -> None:
    """What a failed task does to its order; the verbs of that name do the same."""
    order = found.order
    match command.effect:
        case "delay":
            progress.hold(order)
        case "cancel":
            progress.end_by_us(session, order, command.problem_code, by=by, at=at)
        case "reappoint":
            assert command.target_on is not None, "a new day was asked for"
            slot = live_slot(session, order)
            if slot is not None and command.task is TaskKind.FIELD and slot.slot_on <= on:
                # Somebody came, and must come again in another slot.
                appointment_book.keep(session, slot.id, at=at)
                slot = None
            elif slot is not None and slot.slot_on > command.target_on:
                appointment_book.give_back(session, slot.id, at=at)
                slot = None
            if is_customers(command.problem_code):
                order.required_on = max(order.required_on, command.target_on)
            target_on = working_day_on_or_after(command.target_on, found.nation)
            work_for(session, order, target_on, nation=found.nation, slot_on=None if slot is None else slot.slot_on)
        case "inform":
            pass


def _tell_failed(session: Session, order: CustomerOrder, command: FailTask, words: str, *, by: Actor, at: datetime) -> OrderChanged:
    code = command.problem_code
    match command.effect:
        case "delay":
            return progress.tell_held(session, order, words, code, by=by, at=at)
        case "cancel":
            return progress.tell_ended(session, order, words, code, at=at)
        case "inform":
            return tell_of(session, order, [(KciKind.ADDITIONAL, words, code)], at=at)
        case "reappoint":
            assert order.target_on is not None, "it was given a day"
            day = f"The order will be done by {day_words(order.target_on)}."
            unsolicited.follow(session, order, by=by, at=at, problem_code=code)
            answer = tell_of(session, order, [(KciKind.REAPPOINTED, f"{as_sentence(words)} {day}", code)], at=at)
            linked.tell_others(session, order, f"will be done by {day_words(order.target_on)}", at=at)
            return answer


def _tasks(session: Session, order: CustomerOrder) -> Sequence[OrderTask]:
    statement = select(OrderTask).where(OrderTask.order_id == order.id).order_by(OrderTask.task_number)
    return session.execute(statement.execution_options(populate_existing=True)).scalars().all()


def _workable(order: CustomerOrder, tasks: Sequence[OrderTask], kind: TaskKind, *, states: Collection[TaskState] = UNDONE) -> OrderTask:
    """The task of a kind, when it can be worked on now (CSS288E to CSS290E)."""
    task = next((each for each in tasks if each.kind is kind), None)
    if task is None:
        raise no_task(order, kind, [each.kind for each in tasks])
    if task.state in UNDONE and not may_work(kind, order.state):
        raise Refused(
            "CSS288E",
            "Order {order} is {state}; nobody works on its tasks until it {until}.",
            order=order.number,
            state=order.state.value,
            until="goes on" if order.state is OrderState.HELD else "is committed",
            element="order_number",
        )
    if task.state not in states:
        raise Refused(
            "CSS290E",
            "The {task} task of order {order} is {state}{by}; that cannot be done to it.",
            task=kind.value,
            order=order.number,
            state=task.state.value,
            by="" if task.done_by is None else f" by {task.done_by}",
            element="task",
        )
    return task


def no_task(order: CustomerOrder, kind: TaskKind, there: Sequence[TaskKind]) -> CssError:
    """CSS289E, for who names a task that the order does not have."""
    return NotFound(
        "CSS289E",
        "Order {order} has no {task} task; it has {there}.",
        order=order.number,
        task=kind.value,
        there=", ".join(each.value for each in there) or "none to be done so",
        element="task",
    )


def _order_fault(order: CustomerOrder, task: OrderTask, undone: Sequence[OrderTask]) -> CssError | None:
    """CSS293E when others must be done first."""
    first = waits_for(task.kind, [each.kind for each in undone])
    if not first:
        return None
    return Refused(
        "CSS293E",
        "The {task} task of order {order} waits for {first}.",
        task=task.kind.value,
        order=order.number,
        first=" and ".join(kind.value for kind in first),
        element="task",
    )


def _build_pairs(session: Session, order: CustomerOrder) -> None:
    """Add a pair for each line of the order that waits for one; the line keeps it from that moment."""
    waiting = auxiliary.lines_to_build(session, order)
    if not waiting:
        return
    point_id = session.execute(
        select(Site.distribution_point_id).join(Line, Line.site_id == Site.id).where(Line.id == order.line_id)
    ).scalar_one()
    # Whoever builds at the same point waits here, so that each has pair numbers of its own.
    session.execute(select(DistributionPoint.id).where(DistributionPoint.id == point_id).with_for_update(key_share=True))
    last = session.execute(select(func.coalesce(func.max(Pair.pair_number), 0)).where(Pair.distribution_point_id == point_id)).scalar_one()
    pairs = [Pair(distribution_point_id=point_id, pair_number=last + n, state=PairState.SPARE) for n in range(1, len(waiting) + 1)]
    session.add_all(pairs)
    session.flush()
    session.execute(update(Line), [{"id": line_id, "pair_id": pair.id} for line_id, pair in zip(waiting, pairs, strict=True)])
