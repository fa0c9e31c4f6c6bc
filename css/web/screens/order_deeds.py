"""OR02: everything that is done to an order once it is placed, each deed with its own fields."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from css.care.actions import record_contact
from css.care.commands import RecordContact
from css.core.actor import Actor
from css.core.errors import CssError
from css.core.words import AppointmentState, MissCause, Skill
from css.master.appointment_queries import appointments_of_site, free_slots
from css.redress.verbs import complete_order, complete_task, miss_appointment
from css.web.desk import Desk
from css.web.filters import weekday
from css.web.form import Form
from css.web.page import Values
from css.web.rendering import Choices, InHand
from css.web.screens import order_deed_commands as read
from css.web.screens.deeds import Deed, Record
from css.web.screens.order_deed_fields import DESK, FIELD, OR02
from css.web.screens.order_prompts import HALVES, SLOTS_OFFERED, days_offered, held_words, short_day
from orders.actions import (
    amend_order,
    cancel_order,
    cancel_other,
    chase_order,
    commit_order,
    delay_order,
    escalate_order,
    fail_task,
    inform_order,
    resume_order,
    retry_task,
    take_order,
    terminate_order,
)
from orders.commands.orders import ChaseOrder, OrderNoted
from orders.queries.cards import OrderCard, order_card
from orders.queries.tasks import TaskRow
from orders.queries.worth import cancellation_charges
from orders.rules.lifecycle import MOVES, Move
from orders.rules.problems import PROBLEMS, Effect
from orders.rules.tasks import PLANS, TASKS, checks_of
from orders.words import CancelOtherReason, TaskKind, TaskState

MOVE_OF: Final[dict[str, Move]] = {
    "amend": Move.AMEND,
    "complete": Move.COMPLETE,
    "task": Move.COMPLETE,
    "fail": Move.INFORM,
    "retry": Move.INFORM,
    "survey": Move.COMMIT,
    "delay": Move.DELAY,
    "resume": Move.RESUME,
    "missed": Move.INFORM,
    "inform": Move.INFORM,
    "cancel": Move.CANCEL,
    "terminate": Move.TERMINATE,
    "escalate": Move.INFORM,
    "take": Move.INFORM,
    "give": Move.INFORM,
}
"""The move each deed makes, or one that is legal exactly where the deed makes sense."""
CAUSES: Final = {
    MissCause.NO_SHOW: "nobody of ours came: we compensate",
    MissCause.LATE: "we came after the slot: we compensate",
    MissCause.RECALLED: "we called it off with less than a day's notice: we compensate",
    MissCause.NOT_EQUIPPED: "we had not what was needed: we compensate",
    MissCause.NO_ACCESS: "nobody could be let in: a visit is charged",
    MissCause.NO_ADULT: "nobody of eighteen or over was in: a visit is charged",
    MissCause.NOT_READY: "the premises were not ready: a visit is charged",
    MissCause.REFUSED: "the customer sent the engineer away: a visit is charged",
}
STOPS: Final = {
    CancelOtherReason.NOT_MOVING: "our customer is not moving",
    CancelOtherReason.SLAMMING: "nobody asked for it",
    CancelOtherReason.WRONG_LINE: "it is the wrong line",
    CancelOtherReason.CHANGED_MIND: "our customer stays after all",
}
EFFECTS: Final = {
    "INFORM": "only noted and told",
    "DELAY": "the order is held",
    "REAPPOINT": "it is done on another day",
    "CANCEL": "we end the order",
}


def _record_chase(session: Session, command: RecordContact, *, by: Actor, at: datetime) -> OrderNoted:
    """On the contact log, where the call is, and on the order, where whoever sees it through counts them."""
    assert command.reference is not None, "a chase is about an order"
    record_contact(session, command, by=by, at=at)
    return chase_order(session, ChaseOrder(order_number=command.reference, words=command.words), by=by, at=at)


def _problems(effect: Effect, name: str = "problem_code") -> Callable[[Form, OrderCard], Choices]:
    """The codes that may do this, in the field of that name."""
    found = {name: tuple((one.code, one.words) for one in PROBLEMS.values() if effect in one.effects)}
    return lambda _form, _card: found


def _tasks(form: Form, card: OrderCard) -> Choices:
    """The tasks an order of the kind has, and what is to be seen to in the one that is keyed."""
    planned = (TaskKind.SURVEY, *(task for task, _ in PLANS[card.kind]))
    keyed = [task for task in planned if task.value.upper() == form.code("task")] or planned
    return {
        "task": tuple((task.value.upper(), TASKS[task].title) for task in planned),
        "checks": tuple(
            (check.code, check.words if len(keyed) == 1 else f"{TASKS[task].title}: {check.words}")
            for task in keyed
            for check in checks_of(task, card.kind)
            if check.code not in form.words("checks")
        ),
    }


def _failures(form: Form, card: OrderCard) -> Choices:
    """What may come of it, by the code; once one of the two is keyed the other is narrowed by it."""
    effect, problem = read.WHAT_COMES.get(form.code("effect")), PROBLEMS.get(form.code("problem_code"))
    return {
        **_tasks(form, card),
        "problem_code": tuple(
            (one.code, f"{one.words} ({', '.join(sorted(one.effects))})")
            for one in PROBLEMS.values()
            if effect is None or effect in one.effects
        ),
        "effect": tuple((code, words) for code, words in EFFECTS.items() if problem is None or read.WHAT_COMES[code] in problem.effects),
    }


def _amendments(form: Form, card: OrderCard) -> Choices:
    return {**_halves(), **_problems(Effect.REAPPOINT, "why")(form, card)}


def _halves() -> Choices:
    return {"half_day": tuple((half.value, words) for half, words in HALVES.items())}


def _causes(_form: Form, _card: OrderCard) -> Choices:
    return {"cause": tuple((cause.value.upper(), words) for cause, words in CAUSES.items()), **_halves()}


def _slots(session: Session, at_desk: Desk, _form: Form, card: OrderCard, name: str) -> Values | None:
    """The visits that can be had where the order's line will be, and those that are held there for its provider."""
    if name == "slot_on":
        try:
            return days_offered(free_slots(session, card.address_key, at=at_desk.at, limit=SLOTS_OFFERED))
        except CssError:
            return ()
    if name == "appointment_number":
        rows = appointments_of_site(session, card.address_key, by=at_desk.by, at=at_desk.at)
        return tuple(
            held_words(row)
            for row in rows
            if row.state is AppointmentState.HELD and row.skill is Skill.INSTALL and row.provider_code == card.provider_code
        )
    return None


def _target(card: OrderCard) -> dict[str, str]:
    return {"target_on": short_day(card.target_on) if card.target_on else ""}


def _seen(card: OrderCard) -> dict[str, tuple[str, str]]:
    return {"was_state": ("State", card.state.value), "was_target": ("Worked for", weekday(card.target_on))}


def _said(deed: str, card: OrderCard, done: Any) -> tuple[str, str]:  # noqa: ANN401 - each deed has its own answer
    match deed:
        case "chase":
            return f"It is on the contact log that they asked for order {card.order_number}; this is chase {done.chase_count}.", "CSS934I"
        case "escalate":
            return f"Order {done.order_number} is escalated to level {done.escalation}.", "CSS846I"
        case "take" | "give":
            whose = f"{done.owner}'s" if done.owner else "nobody's"
            return f"Order {done.order_number} is {whose} to see through.", "CSS847I"
        case _:
            return f"Order {done.order_number} is {done.state.value} now.", "CSS376I"


def _giving_up(card: OrderCard, at_desk: Desk) -> dict[str, Any]:
    """What it costs the customer to give the order up now."""
    with at_desk.reading() as session:
        return {"owed": cancellation_charges(session, card.order_number, by=at_desk.by)}


def in_hand(card: OrderCard) -> InHand:
    return InHand(card.account_number, card.contact_name, card.number)


def possible(card: OrderCard, tasks: tuple[TaskRow, ...]) -> tuple[str, ...]:
    """What can be done to an order as it stands, in the order of the record's deeds."""
    if card.caused_by is not None:
        return ("stop", "chase") if MOVES[card.state] else ()
    states = {task.state for task in tasks}
    has_no_use = {
        "task": TaskState.OPEN not in states,
        "fail": TaskState.OPEN not in states,
        "retry": TaskState.FAILED not in states,
        "missed": card.slot_on is None,
        "give": card.owner is None,
    }
    moves = MOVES[card.state]
    return tuple(
        name
        for name in ORDER.deeds
        if (name == "chase" and moves) or (name in MOVE_OF and MOVE_OF[name] in moves and not has_no_use.get(name, False))
    )


ORDER: Final = Record(
    kind="order",
    screen=OR02,
    shown_by="OR03",
    deeds={
        "amend": Deed(
            "the customer wants it otherwise",
            DESK,
            amend_order,
            read.amend,
            choices=_amendments,
            asks=_slots,
            begins_with=read.as_it_stands,
        ),
        "complete": Deed("all the work is done", FIELD, complete_order, read.complete),
        "task": Deed("a task of it is done", FIELD, complete_task, read.task, choices=_tasks, third="task"),
        "fail": Deed("a task of it could not be done", FIELD, fail_task, read.fail, choices=_failures, third="task"),
        "retry": Deed("a task that failed is tried again", FIELD, retry_task, read.retry, choices=_tasks, third="task"),
        "survey": Deed("planning has looked, and a date can be promised", FIELD, commit_order, read.survey),
        "delay": Deed("it cannot be done as promised", FIELD, delay_order, read.delay, choices=_problems(Effect.DELAY)),
        "resume": Deed("it goes on", FIELD, resume_order, read.resume, begins_with=_target),
        "missed": Deed("the visit did not do its work", FIELD, miss_appointment, read.missed, choices=_causes, asks=_slots),
        "inform": Deed("the customer is told more, or warned", FIELD, inform_order, read.inform, choices=_problems(Effect.INFORM, "why")),
        "cancel": Deed("the customer no longer wants it", DESK, cancel_order, read.cancel),
        "stop": Deed(
            "our customer, who loses the line, stops it",
            DESK,
            cancel_other,
            read.stop,
            choices=lambda _form, _card: {"stop_reason": tuple((one.value, words) for one, words in STOPS.items())},
        ),
        "terminate": Deed("we cannot do it and end it", FIELD, terminate_order, read.terminate, choices=_problems(Effect.CANCEL)),
        "chase": Deed("the customer asks where it is", FIELD, _record_chase, read.chase),
        "escalate": Deed("somebody higher up must look at it", FIELD, escalate_order, read.escalate),
        "take": Deed("you see it through", FIELD, take_order, read.take),
        "give": Deed("somebody else may see it through", FIELD, take_order, read.give),
    },
    read=lambda session, number, by: order_card(session, number, by=by),
    number=lambda card: card.order_number,
    version=lambda card: card.row_version,
    seen=_seen,
    in_hand=in_hand,
    unknown=("CSS385E", "Say what is done: OR02 with the order and one of {deeds}."),
    said=_said,
    besides=_giving_up,
)
