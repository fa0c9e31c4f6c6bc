"""What happens to orders in random lives: every verb there is, on some order it might fit and now and then on one it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from css.core.ids import IdKind, make_id
from css.core.money import Price
from css.core.words import HalfDay, MissCause
from orders.actions import (
    amend_order,
    cancel_order,
    cancel_other,
    chase_order,
    commit_order,
    complete_order,
    complete_task,
    delay_order,
    escalate_order,
    fail_task,
    inform_order,
    miss_appointment,
    resume_order,
    retry_task,
    take_order,
    terminate_order,
)
from orders.commands.orders import (
    AmendOrder,
    CancelOrder,
    CancelOther,
    ChaseOrder,
    CommitOrder,
    CompleteOrder,
    CompleteTask,
    DelayOrder,
    EscalateOrder,
    FailTask,
    InformOrder,
    MissAppointment,
    ResumeOrder,
    RetryTask,
    Slot,
    TakeOrder,
    TerminateOrder,
)
from orders.rules.problems import PROBLEMS
from orders.rules.tasks import checks_of, waits_for
from orders.words import CancelOtherReason, OrderKind, TaskKind
from tests.builders import CLERK, PARTNER_ACTOR, SYSTEM
from tests.records.order_around import debt, keep_number, keep_slot, spoil_pair, wait
from tests.records.order_asking import FEATURES, OPEN, Dice, Life, NothingThere, place
from tests.records.order_world import POINTS

CODES: Final = tuple(PROBLEMS)
MINE: Final = "caused_by_id IS NULL"
UNDONE: Final = "EXISTS (SELECT FROM orders.order_task t WHERE t.order_id = o.id AND t.state IN ('open', 'failed'){more})"


def _order(life: Life, dice: Dice, *fitting: str) -> str:
    """The number of an order that fits; now and then of any, dead ones among them.

    Raises:
        NothingThere: none fits.
    """
    if dice.is_rare():
        fitting = ()
    where = " AND ".join(("TRUE", *fitting))
    found = life.rows(f"SELECT o.number FROM orders.customer_order o WHERE {where} ORDER BY o.id DESC LIMIT 12")
    if not found:
        raise NothingThere
    return str(dice.pick(found).number)


def _row(life: Life, order: str) -> Row[Any] | None:
    found = life.rows("SELECT id, kind, target_on, account_id, row_version FROM orders.customer_order WHERE number = :number", number=order)
    return found[0] if found else None


def _stale(life: Life, dice: Dice, order: str) -> int | None:
    """The version the asker saw: none, the last, or an older one."""
    row = _row(life, order)
    if row is None:
        return None
    version = int(row.row_version)
    return version - 1 if dice.is_rare() else dice.pick((None, version))


def complete(life: Life, dice: Dice) -> bool:
    order = _order(life, dice, "state = 'committed'", MINE)
    row = _row(life, order)
    on = [life.today, life.today, life.today - timedelta(days=1)]
    if row is not None and row.target_on is not None and row.target_on <= life.today:
        on.append(row.target_on)
    command = CompleteOrder(token=life.token(), order_number=order, done_on=dice.pick(on), row_version=_stale(life, dice, order))
    return life.attempt(f"complete {order}", lambda session: complete_order(session, command, by=SYSTEM, at=life.at))


def _tasks(life: Life, order: str) -> Sequence[Row[Any]]:
    return life.rows(
        "SELECT t.kind, t.state, o.kind AS order_kind FROM orders.order_task t JOIN orders.customer_order o ON o.id = t.order_id"
        " WHERE o.number = :number AND t.state IN ('open', 'failed') ORDER BY t.task_number",
        number=order,
    )


def _next(life: Life, order: str) -> CompleteTask | None:
    """The next task of an order, with everything seen to."""
    undone = _tasks(life, order)
    kinds = [TaskKind(row.kind) for row in undone]
    task = next((kind for kind in kinds if not waits_for(kind, kinds)), None)
    if task is None:
        return None
    checks = tuple(check.code for check in checks_of(task, OrderKind(undone[0].order_kind)))
    return CompleteTask(token=life.token(), order_number=order, task=task, checks=checks, done_on=life.today)


def do_task(life: Life, dice: Dice) -> bool:
    order = _order(life, dice, "state = 'committed'", UNDONE.format(more=""))
    command = _next(life, order) or CompleteTask(order_number=order, task=dice.pick(tuple(TaskKind)), done_on=life.today)
    command = replace(command, row_version=_stale(life, dice, order))
    if dice.is_rare():
        wrong: tuple[dict[str, Any], ...] = (
            {"task": dice.pick(tuple(TaskKind))},
            {"checks": ()},
            {"done_on": life.today + timedelta(days=1)},
        )
        command = replace(command, **dice.pick(wrong))
    return _do(life, command)


def _do(life: Life, command: CompleteTask) -> bool:
    what = f"task {command.task.value} of {command.order_number}"
    return life.attempt(what, lambda session: complete_task(session, command, by=SYSTEM, at=life.at))


def do_every_task(life: Life, dice: Dice) -> bool:
    """One after the other, each a deed of its own, until the order is done or one is refused."""
    order = _order(life, dice, "state = 'committed'", UNDONE.format(more=""))
    went = False
    while (command := _next(life, order)) is not None:
        if not _do(life, command):
            break
        went = True
    return went


def commit(life: Life, dice: Dice) -> bool:
    order = _order(life, dice, "state = 'acknowledged'", UNDONE.format(more=" AND t.kind = 'survey'"))
    found = life.rows(
        "SELECT o.required_on, s.distribution_point_id FROM orders.customer_order o JOIN css.line l ON l.id = o.line_id"
        " JOIN css.site s ON s.id = l.site_id WHERE o.number = :number",
        number=order,
    )
    on = max([life.today, *(row.required_on for row in found)]) + timedelta(days=dice.pick((0, 1, 3)))
    is_known = not found or found[0].distribution_point_id is not None
    price = dice.pick((None, Price.of(5000), Price.of(25000)))
    command = CommitOrder(
        token=life.token(),
        order_number=order,
        committed_on=on,
        excess_price=price,
        excess_consented_by=dice.pick(("Ada Tansley", None)),
        distribution_point=None if is_known else dice.pick(POINTS),
    )
    return life.attempt(f"commit {order}", lambda session: commit_order(session, command, by=SYSTEM, at=life.at))


def fail(life: Life, dice: Dice) -> bool:
    order = _order(life, dice, OPEN, UNDONE.format(more=""))
    undone = _tasks(life, order)
    effect = dice.pick(("inform", "delay", "reappoint", "cancel"))
    fitting = [code for code in CODES if effect in {one.value for one in PROBLEMS[code].effects}]
    command = FailTask(
        token=life.token(),
        order_number=order,
        task=TaskKind(dice.pick(undone).kind) if undone else TaskKind.FIELD,
        problem_code=dice.pick(fitting),
        effect=effect,  # type: ignore[arg-type]
        target_on=_day(life, dice, order) if effect == "reappoint" else None,
        words="It went wrong.",
    )
    return life.attempt(
        f"fail {command.task.value} of {order} {effect}", lambda session: fail_task(session, command, by=SYSTEM, at=life.at)
    )


def retry(life: Life, dice: Dice) -> bool:
    order = _order(life, dice, "state = 'committed'", UNDONE.format(more=" AND t.state = 'failed'"))
    failed = [row for row in _tasks(life, order) if row.state == "failed"]
    command = RetryTask(token=life.token(), order_number=order, task=TaskKind(dice.pick(failed).kind) if failed else TaskKind.EXCHANGE)
    return life.attempt(f"retry {order}", lambda session: retry_task(session, command, by=SYSTEM, at=life.at))


def _day(life: Life, dice: Dice, order: str) -> date:
    row = _row(life, order)
    known = row.target_on if row is not None and row.target_on is not None else life.today
    return max(known, life.today) + timedelta(days=dice.pick((0, 1, 2, 5)))


def delay(life: Life, dice: Dice) -> bool:
    order = _order(life, dice, "state = 'committed'")
    command = DelayOrder(token=life.token(), order_number=order, problem_code=dice.pick(CODES), words="So it is.")
    return life.attempt(f"delay {order}", lambda session: delay_order(session, command, by=SYSTEM, at=life.at))


def resume(life: Life, dice: Dice) -> bool:
    order = _order(life, dice, "state = 'held'")
    target_on = dice.pick((None, _day(life, dice, order)))
    command = ResumeOrder(token=life.token(), order_number=order, target_on=target_on)
    return life.attempt(f"resume {order}", lambda session: resume_order(session, command, by=SYSTEM, at=life.at))


def inform(life: Life, dice: Dice) -> bool:
    order = _order(life, dice, OPEN, MINE)
    is_warning = dice.pick((True, False))
    code = dice.pick(("SUPPLIER_FAULT", "COST_ISSUE", None))
    command = InformOrder(token=life.token(), order_number=order, words="So it is.", problem_code=code, is_warning=is_warning)
    return life.attempt(f"inform {order}", lambda session: inform_order(session, command, by=SYSTEM, at=life.at))


def amend(life: Life, dice: Dice) -> bool:
    what = dice.pick(("date", "date", "date", "slot", "slot", "held", "features", "features", "lines", "notes"))
    order = _order(life, dice, OPEN, MINE, *_FIT.get(what, ()))
    command = AmendOrder(token=life.token(), order_number=order, row_version=_stale(life, dice, order))
    command = replace(command, **_amended(life, dice, order, what))
    by = _desk(life, dice, _row(life, order))
    return life.attempt(f"amend {what} of {order}", lambda session: amend_order(session, command, by=by, at=life.at))


_VISIT: Final = UNDONE.format(more=" AND t.kind = 'field'")
_FIT: Final = {
    "slot": (_VISIT,),
    "held": (_VISIT,),
    "features": ("o.kind IN ('provide', 'start', 'takeover', 'transfer-with-changes', 'features')",),
    "lines": ("o.kind = 'lines'",),
}
"""Which orders an amendment can be meant for."""


def _amended(life: Life, dice: Dice, order: str, what: str) -> dict[str, Any]:
    day, half_day = _day(life, dice, order), dice.pick(tuple(HalfDay))
    held = life.rows("SELECT number FROM css.appointment WHERE state = 'held' ORDER BY id")
    match what:
        case "date":
            return {"required_on": day, "reason_code": dice.pick(("", "", "NETWORK_ISSUE", "CUSTOMER_CHANGED_MIND"))}
        case "slot":
            reason = dice.pick(("", "", "SUPPLIER_FAULT", "ACCESS_ISSUE"))
            return {"appointment": Slot(slot_on=max(day, life.working(1)), half_day=half_day), "reason_code": reason}
        case "held":
            return {"appointment_number": dice.pick(held).number if held else make_id("ZZ", IdKind.APPOINTMENT, 9999)}
        case "features":
            return dice.pick(({"add_codes": (dice.pick(FEATURES),)}, {"drop_codes": (dice.pick(FEATURES),)}))
        case "lines":
            return {"line_count": dice.pick((2, 3, 4, 5))}
        case _:
            return {"hazard_notes": "Dog", "visit_notes": ""}


def _desk(life: Life, dice: Dice, row: Row[Any] | None) -> Any:  # noqa: ANN401 - an actor
    if row is None or dice.is_rare():
        return PARTNER_ACTOR
    return dice.pick((CLERK, life.world.desk_of(row.account_id)))


def cancel(life: Life, dice: Dice) -> bool:
    order = _order(life, dice, OPEN, MINE)
    command = CancelOrder(token=life.token(), order_number=order, reason="No more.", row_version=_stale(life, dice, order))
    by = _desk(life, dice, _row(life, order))
    return life.attempt(f"cancel {order}", lambda session: cancel_order(session, command, by=by, at=life.at))


def stop_other(life: Life, dice: Dice) -> bool:
    order = _order(life, dice, OPEN, "caused_by_id IS NOT NULL")
    command = CancelOther(token=life.token(), order_number=order, reason=dice.pick(tuple(CancelOtherReason)))
    by = _desk(life, dice, _row(life, order))
    return life.attempt(f"cancel other {order}", lambda session: cancel_other(session, command, by=by, at=life.at))


def terminate(life: Life, dice: Dice) -> bool:
    order = _order(life, dice, OPEN, MINE)
    command = TerminateOrder(token=life.token(), order_number=order, problem_code=dice.pick(CODES), words="It cannot be.")
    return life.attempt(f"terminate {order}", lambda session: terminate_order(session, command, by=SYSTEM, at=life.at))


def miss(life: Life, dice: Dice) -> bool:
    """An engineer is expected, and at the end of the half-day it turns out that nothing was done."""
    found = life.rows(
        "SELECT a.slot_on, a.reference FROM css.appointment a WHERE a.state = 'booked' AND a.slot_on <= :until ORDER BY a.slot_on, a.id",
        until=life.today + timedelta(days=6),
    )
    if not found:
        raise NothingThere
    slot = dice.pick(found)
    order = str(slot.reference)
    cause = dice.pick(tuple(MissCause))
    again = life.working(dice.pick((0, 1, 2, 3)))

    def deed(session: Session) -> None:
        if cause is not MissCause.RECALLED:
            life.roll(session, slot.slot_on, 18)
        next_on = max(again, life.working(1))
        next_slot = dice.pick((None, Slot(slot_on=next_on, half_day=dice.pick(tuple(HalfDay)))))
        command = MissAppointment(token=life.token(), order_number=order, cause=cause, appointment=next_slot)
        miss_appointment(session, command, by=SYSTEM, at=life.at)

    was = life.today, life.hour
    went = life.attempt(f"miss {order} {cause.value}", deed)
    if not went:
        life.today, life.hour = was
    return went


def see(life: Life, dice: Dice) -> bool:
    order = _order(life, dice, OPEN)
    token = life.token()
    deeds: tuple[Callable[[Session], object], ...] = (
        lambda session: chase_order(session, ChaseOrder(token=token, order_number=order, words="Where is it?"), by=CLERK, at=life.at),
        lambda session: escalate_order(session, EscalateOrder(token=token, order_number=order, words="Look."), by=CLERK, at=life.at),
        lambda session: take_order(session, TakeOrder(token=token, order_number=order), by=CLERK, at=life.at),
        lambda session: take_order(session, TakeOrder(token=token, order_number=order, gives_back=True), by=SYSTEM, at=life.at),
    )
    return life.attempt(f"see {order}", dice.pick(deeds))


DEEDS: Final[dict[str, tuple[Callable[[Life, Dice], bool], int]]] = {
    "complete": (complete, 10),
    "do task": (do_task, 6),
    "do every task": (do_every_task, 8),
    "commit": (commit, 4),
    "fail": (fail, 3),
    "retry": (retry, 1),
    "delay": (delay, 3),
    "resume": (resume, 3),
    "inform": (inform, 1),
    "amend": (amend, 5),
    "cancel": (cancel, 2),
    "stop other": (stop_other, 2),
    "terminate": (terminate, 1),
    "miss": (miss, 3),
    "see": (see, 1),
    "debt": (debt, 2),
    "keep number": (keep_number, 2),
    "keep slot": (keep_slot, 3),
    "spoil pair": (spoil_pair, 1),
    "wait": (wait, 8),
}
"""Every deed on orders there is, and how often it is tried."""
BEFORE: Final = {
    "commit": OrderKind.PROVIDE,
    "stop other": OrderKind.TRANSFER,
    "miss": OrderKind.SHIFT,
    "restore": OrderKind.BAR,
    "start": OrderKind.CEASE,
    "convert": OrderKind.LINES,
}
"""What is ordered first where there is nothing yet for a deed to be done to; anything else begins with a new line."""


def step(life: Life, name: str, drawn: Sequence[int]) -> bool:
    """One deed of a life; whether anything came of it."""
    try:
        return DEEDS[name][0](life, Dice(drawn)) if name in DEEDS else place(life, OrderKind(name), Dice(drawn))
    except NothingThere:
        first = BEFORE.get(name, OrderKind.PROVIDE)
        return first.value != name and step(life, first.value, drawn)
