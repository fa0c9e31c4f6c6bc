"""OR02: everything that is done to an order once it is placed, each deed with its own fields."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, Literal

from sqlalchemy.orm import Session

from css.care.actions import record_contact
from css.care.commands import RecordContact
from css.care.words import Channel, Outcome, Topic
from css.core.actor import Actor
from css.core.money import Price
from css.core.phone import display_number
from css.core.words import HalfDay, MissCause, Role
from css.web.filters import weekday
from css.web.form import Form
from css.web.rendering import Choices, InHand
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.deeds import Deed, Record
from css.web.screens.order_prompts import short_day
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
from orders.commands import (
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
    OrderNoted,
    ResumeOrder,
    RetryTask,
    Slot,
    TakeOrder,
    TerminateOrder,
)
from orders.queries import OrderCard, order_card
from orders.rules.lifecycle import MOVES, Move
from orders.rules.problems import PROBLEMS, Effect
from orders.rules.tasks import TASKS
from orders.words import CancelOtherReason, TaskKind

DESK: Final = frozenset({Role.CLERK, Role.SUPERVISOR})
FIELD: Final = DESK | {Role.REPAIR}

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
WHAT_COMES: Final[dict[str, Literal["inform", "delay", "reappoint", "cancel"]]] = {
    "INFORM": "inform",
    "DELAY": "delay",
    "REAPPOINT": "reappoint",
    "CANCEL": "cancel",
}


def _only(*deeds: str) -> frozenset[str]:
    return frozenset(deeds)


OR02: Final = Screen(
    code="OR02",
    title="Change an order",
    family="Orders",
    help=(
        "Everything that is done to an order once it is placed: amended, done, a task of it done or failed, surveyed, delayed, going on, a "
        "visit missed, told more, cancelled, ended by us, stopped for a customer who loses the line, chased, escalated, taken. Enter shows "
        "where the order would stand and what the customer is told; F6 does it. If somebody changed the order meanwhile, both are shown "
        "and you decide again."
    ),
    roles=FIELD,
    response=ResponseClass.R2,
    takes="order amend|complete|task|fail|retry|survey|delay|resume|missed|inform|cancel|stop|terminate|chase|escalate|take|give",
    fields=(
        Field(name="row_version", label="Version", help="What you saw.", kind="hidden", length_max=10),
        Field(name="was_state", label="State", help="How it stood.", kind="hidden", length_max=20),
        Field(name="was_target", label="Worked for", help="What it was worked for.", kind="hidden", length_max=40),
        Field(
            name="task",
            label="Task",
            help="Which task of the order; F4 lists them.",
            kind="code",
            length_max=12,
            is_required=True,
            deeds=_only("task", "fail", "retry"),
        ),
        Field(
            name="checks",
            label="Seen to",
            help="The codes of its checklist that were seen to, with spaces between; F4 lists them.",
            kind="code",
            length_max=200,
            width=44,
            deeds=_only("task"),
        ),
        Field(
            name="done_on",
            label="Done on",
            help="The day the work was done, not after the business date.",
            kind="date",
            length_max=20,
            is_required=True,
            deeds=_only("complete", "task"),
        ),
        Field(
            name="required_on",
            label="Wanted on",
            help="The date the customer asks for now; never before the date promised.",
            kind="date",
            length_max=20,
            deeds=_only("amend"),
        ),
        Field(
            name="committed_on",
            label="Promised for",
            help="By when it will work, as planning sees it.",
            kind="date",
            length_max=20,
            is_required=True,
            deeds=_only("survey"),
        ),
        Field(
            name="excess_price",
            label="Excess construction",
            help="What building costs beyond what is included, before VAT; empty for nothing.",
            kind="money",
            length_max=10,
            deeds=_only("survey"),
        ),
        Field(
            name="excess_consented_by",
            label="Agreed by",
            help="Who agreed to it, where it is more than was agreed beforehand.",
            length_max=100,
            deeds=_only("survey"),
        ),
        Field(
            name="distribution_point",
            label="Fed from",
            help="For an address the network did not know: CABINET/POINT that will feed it.",
            kind="code",
            length_max=30,
            deeds=_only("survey"),
        ),
        Field(
            name="cause",
            label="Why it was missed",
            help="F4 lists the causes; some are ours and compensated, others the customer's.",
            kind="code",
            length_max=14,
            is_required=True,
            deeds=_only("missed"),
        ),
        Field(
            name="slot_on",
            label="Engineer's visit on",
            help="The day of the visit agreed now; empty leaves it open.",
            kind="date",
            length_max=20,
            also=frozenset({"appointment"}),
            deeds=_only("amend", "missed"),
        ),
        Field(
            name="half_day",
            label="Morning or afternoon",
            help="AM 08:00 to 13:00, PM 13:00 to 18:00.",
            kind="code",
            length_max=2,
            deeds=_only("amend", "missed"),
        ),
        Field(
            name="problem_code",
            label="Problem",
            help="What went wrong; F4 lists the codes that may do this.",
            kind="code",
            length_max=32,
            width=28,
            is_required=True,
            deeds=_only("delay", "fail", "terminate"),
        ),
        Field(
            name="why",
            label="Problem",
            help="For a warning, or a new date for our reasons: the code; F4 lists them. Otherwise empty.",
            kind="code",
            length_max=32,
            width=28,
            also=frozenset({"reason_code", "problem_code"}),
            deeds=_only("inform", "amend"),
        ),
        Field(
            name="effect",
            label="What comes of it",
            help="INFORM, DELAY, REAPPOINT or CANCEL, as far as the code permits.",
            kind="code",
            length_max=10,
            is_required=True,
            deeds=_only("fail"),
        ),
        Field(
            name="stop_reason",
            label="Why it is stopped",
            help="Why the customer who loses the line stops it; F4 lists the reasons.",
            kind="code",
            length_max=14,
            is_required=True,
            also=frozenset({"reason"}),
            deeds=_only("stop"),
        ),
        Field(
            name="target_on",
            label="New date",
            help="What will be worked to from now on; empty keeps the date there was.",
            kind="date",
            length_max=20,
            deeds=_only("resume", "fail"),
        ),
        Field(name="contact_name", label="Contact", help="Who can be asked.", length_max=100, deeds=_only("amend")),
        Field(
            name="contact_phone",
            label="Contact's telephone",
            help="Where the contact can be rung.",
            kind="telephone",
            length_max=25,
            deeds=_only("amend"),
        ),
        Field(
            name="add_codes",
            label="Features besides",
            help="Features to be ordered besides, with spaces between.",
            kind="code",
            length_max=200,
            width=44,
            deeds=_only("amend"),
        ),
        Field(
            name="drop_codes",
            label="Features no longer",
            help="Features of this order that are not wanted after all.",
            kind="code",
            length_max=200,
            width=44,
            deeds=_only("amend"),
        ),
        Field(
            name="hazard_notes",
            label="Hazards",
            help="What may hurt an engineer: at most 50 characters.",
            length_max=50,
            width=44,
            deeds=_only("amend"),
        ),
        Field(
            name="visit_notes",
            label="Notes for the visit",
            help="How to get in: at most 250 characters.",
            kind="words",
            length_max=250,
            deeds=_only("amend"),
        ),
        Field(
            name="reason",
            label="Reason",
            help="Why the customer no longer wants it.",
            kind="words",
            length_max=500,
            is_required=True,
            deeds=_only("cancel"),
        ),
        Field(
            name="words",
            label="What the customer is told",
            help="In a sentence or two.",
            kind="words",
            length_max=500,
            deeds=_only("delay", "resume", "inform", "terminate", "fail", "missed", "stop"),
        ),
        Field(
            name="asked",
            label="What they ask",
            help="In their words; it goes on the contact log, about this order.",
            kind="words",
            length_max=500,
            is_required=True,
            deeds=_only("chase"),
        ),
        Field(
            name="noted",
            label="Note",
            help="For colleagues; the customer is not told.",
            kind="words",
            length_max=500,
            also=frozenset({"words"}),
            deeds=_only("escalate", "task"),
        ),
        Field(
            name="follow_up_on",
            label="We tell them on",
            help="By when we promised to be in touch; empty for no promise.",
            kind="date",
            length_max=20,
            deeds=_only("chase"),
        ),
    ),
    keys=(Key(name="Enter", label="check", sends=True), Key(name="F6", label="commit", sends=True)),
    in_menu=False,
    converses=True,
)


def _complete(form: Form, card: OrderCard, today: date) -> CompleteOrder | None:
    done_on = form.day("done_on", today)
    if form.has_errors or done_on is None:
        return None
    return CompleteOrder(order_number=card.order_number, done_on=done_on, row_version=form.version())


def _task_of(form: Form) -> TaskKind | None:
    return form.member("task", TaskKind, {kind.value.upper(): kind for kind in TaskKind})


def _task(form: Form, card: OrderCard, today: date) -> CompleteTask | None:
    done_on, task = form.day("done_on", today), _task_of(form)
    if form.has_errors or done_on is None or task is None:
        return None
    return CompleteTask(
        order_number=card.order_number,
        task=task,
        checks=form.words("checks"),
        done_on=done_on,
        words=form.text("noted"),
        row_version=form.version(),
    )


def _fail(form: Form, card: OrderCard, today: date) -> FailTask | None:
    task = _task_of(form)
    effect = WHAT_COMES.get(form.member("effect", str, {code: code for code in WHAT_COMES}) or "")
    target_on = form.day("target_on", today)
    if form.has_errors or task is None or effect is None:
        return None
    return FailTask(
        order_number=card.order_number,
        task=task,
        problem_code=form.code("problem_code"),
        effect=effect,
        target_on=target_on,
        words=form.text("words"),
        row_version=form.version(),
    )


def _retry(form: Form, card: OrderCard, _: date) -> RetryTask | None:
    task = _task_of(form)
    if form.has_errors or task is None:
        return None
    return RetryTask(order_number=card.order_number, task=task, row_version=form.version())


def _survey(form: Form, card: OrderCard, today: date) -> CommitOrder | None:
    committed_on, excess = form.day("committed_on", today), form.money("excess_price")
    if form.has_errors or committed_on is None:
        return None
    return CommitOrder(
        order_number=card.order_number,
        committed_on=committed_on,
        excess_price=None if excess is None else Price.of(excess.pence),
        excess_consented_by=form.optional("excess_consented_by"),
        distribution_point=form.optional("distribution_point"),
        row_version=form.version(),
    )


def _slot(form: Form, today: date) -> Slot | None:
    half_day = form.member("half_day", HalfDay, {half.value: half for half in HalfDay})
    slot_on = form.day("slot_on", today)
    if slot_on and not form.text("half_day"):
        form.wrong("half_day", "CSS360E", "{label} must be keyed.")
    if half_day and not form.text("slot_on"):
        form.wrong("slot_on", "CSS360E", "{label} must be keyed.")
    return Slot(slot_on=slot_on, half_day=half_day) if slot_on and half_day else None


def _missed(form: Form, card: OrderCard, today: date) -> MissAppointment | None:
    cause = form.member("cause", MissCause, {one.value.upper(): one for one in MissCause})
    slot = _slot(form, today)
    if form.has_errors or cause is None:
        return None
    return MissAppointment(
        order_number=card.order_number, cause=cause, words=form.text("words"), appointment=slot, row_version=form.version()
    )


def _delay(form: Form, card: OrderCard, _: date) -> DelayOrder | None:
    if form.has_errors:
        return None
    code, words = form.code("problem_code"), form.text("words")
    return DelayOrder(order_number=card.order_number, problem_code=code, words=words, row_version=form.version())


def _resume(form: Form, card: OrderCard, today: date) -> ResumeOrder | None:
    target_on = form.day("target_on", today)
    if form.has_errors:
        return None
    return ResumeOrder(order_number=card.order_number, target_on=target_on, words=form.text("words"), row_version=form.version())


def _inform(form: Form, card: OrderCard, _: date) -> InformOrder | None:
    if form.has_errors:
        return None
    code = form.code("why") or None
    return InformOrder(
        order_number=card.order_number, words=form.text("words"), problem_code=code, is_warning=code is not None, row_version=form.version()
    )


def _cancel(form: Form, card: OrderCard, _: date) -> CancelOrder | None:
    if form.has_errors:
        return None
    return CancelOrder(order_number=card.order_number, reason=form.text("reason"), row_version=form.version())


def _stop(form: Form, card: OrderCard, _: date) -> CancelOther | None:
    reason = form.member("stop_reason", CancelOtherReason, {one.value: one for one in CancelOtherReason})
    if form.has_errors or reason is None:
        return None
    return CancelOther(order_number=card.order_number, reason=reason, words=form.text("words"), row_version=form.version())


def _terminate(form: Form, card: OrderCard, _: date) -> TerminateOrder | None:
    if form.has_errors:
        return None
    code, words = form.code("problem_code"), form.text("words")
    return TerminateOrder(order_number=card.order_number, problem_code=code, words=words, row_version=form.version())


def _amend(form: Form, card: OrderCard, today: date) -> AmendOrder | None:
    """Only what is other than it stands: the rest is left as it is, whoever may be changing it."""
    required_on, slot = form.day("required_on", today), _slot(form, today)
    if form.has_errors:
        return None
    stands = _as_it_stands(card)

    def changed(name: str) -> str | None:
        typed = form.text(name)
        return None if typed == stands[name] else typed

    is_other_slot = slot is not None and (slot.slot_on, slot.half_day) != (card.slot_on, card.half_day)
    return AmendOrder(
        order_number=card.order_number,
        required_on=None if required_on == card.required_on else required_on,
        appointment=slot if is_other_slot else None,
        contact_name=changed("contact_name"),
        contact_phone=changed("contact_phone"),
        hazard_notes=changed("hazard_notes"),
        visit_notes=changed("visit_notes"),
        add_codes=form.words("add_codes"),
        drop_codes=form.words("drop_codes"),
        reason_code=form.code("why"),
        row_version=form.version(),
    )


def _as_it_stands(card: OrderCard) -> dict[str, str]:
    return {
        "required_on": short_day(card.required_on),
        "slot_on": short_day(card.slot_on) if card.slot_on else "",
        "half_day": card.half_day.value if card.half_day else "",
        "contact_name": card.contact_name,
        "contact_phone": display_number(card.contact_phone),
        "hazard_notes": card.hazard_notes or "",
        "visit_notes": card.visit_notes or "",
    }


def _chase(form: Form, card: OrderCard, today: date) -> RecordContact | None:
    """The customer asks where the order is: that is no change of it, but it is not forgotten either."""
    follow_up_on = form.day("follow_up_on", today)
    if form.has_errors:
        return None
    return RecordContact(
        account_number=card.account_number,
        channel=Channel.TELEPHONE,
        topic=Topic.ORDER,
        reference=card.order_number,
        words=f"Asks where the order is: {form.text('asked')}",
        outcome=Outcome.OPEN,
        follow_up_on=follow_up_on,
    )


def _record_chase(session: Session, command: RecordContact, *, by: Actor, at: datetime) -> OrderNoted:
    """On the contact log, where the call is, and on the order, where whoever sees it through counts them."""
    assert command.reference is not None, "a chase is about an order"
    record_contact(session, command, by=by, at=at)
    return chase_order(session, ChaseOrder(order_number=command.reference, words=command.words), by=by, at=at)


def _escalate(form: Form, card: OrderCard, _: date) -> EscalateOrder | None:
    if form.has_errors:
        return None
    return EscalateOrder(order_number=card.order_number, words=form.text("noted"), row_version=form.version())


def _take(form: Form, card: OrderCard, _: date) -> TakeOrder | None:
    return TakeOrder(order_number=card.order_number, row_version=form.version())


def _give(form: Form, card: OrderCard, _: date) -> TakeOrder | None:
    return TakeOrder(order_number=card.order_number, gives_back=True, row_version=form.version())


def _problems(effect: Effect, name: str = "problem_code") -> Choices:
    return {name: tuple((one.code, one.words) for one in PROBLEMS.values() if effect in one.effects)}


def _tasks() -> Choices:
    checks = tuple((check.code, f"{rule.title}: {check.words}") for rule in TASKS.values() for check in rule.checks)
    return {"task": tuple((kind.value.upper(), rule.title) for kind, rule in TASKS.items()), "checks": checks}


def _failures() -> Choices:
    return {
        **_tasks(),
        "problem_code": tuple((one.code, f"{one.words} ({', '.join(sorted(one.effects))})") for one in PROBLEMS.values()),
        "effect": tuple(EFFECTS.items()),
    }


def _halves() -> Choices:
    return {"half_day": (("AM", "08:00 to 13:00"), ("PM", "13:00 to 18:00"))}


def _causes() -> Choices:
    return {"cause": tuple((cause.value.upper(), words) for cause, words in CAUSES.items()), **_halves()}


def _target(card: OrderCard) -> dict[str, str]:
    return {"target_on": short_day(card.target_on) if card.target_on else ""}


def _seen(card: OrderCard) -> dict[str, tuple[str, str]]:
    return {"was_state": ("State", card.state.value), "was_target": ("Worked for", weekday(card.target_on))}


def _said(deed: str, card: OrderCard, done: Any) -> tuple[str, str]:  # noqa: ANN401 - each deed has its own answer
    match deed:
        case "chase":
            return f"It is on the contact log that they asked for order {card.order_number}; {done.chase_count} times by now.", "CSS934I"
        case "escalate":
            return f"Order {done.order_number} is escalated to level {done.escalation}.", "CSS846I"
        case "take" | "give":
            whose = f"{done.owner}'s" if done.owner else "nobody's"
            return f"Order {done.order_number} is {whose} to see through.", "CSS847I"
        case _:
            return f"Order {done.order_number} is {done.state.value} now.", "CSS376I"


def in_hand(card: OrderCard) -> InHand:
    return InHand(card.account_number, card.contact_name, card.number)


def possible(card: OrderCard) -> tuple[str, ...]:
    """What can be done to an order as it stands, in the order of the record's deeds."""
    if card.caused_by is not None:
        return ("stop", "chase") if MOVES[card.state] else ("chase",)
    return tuple(name for name in ORDER.deeds if name == "chase" or (name in MOVE_OF and MOVE_OF[name] in MOVES[card.state]))


ORDER: Final = Record(
    kind="order",
    screen=OR02,
    shown_by="OR03",
    deeds={
        "amend": Deed(
            "the customer wants it otherwise",
            DESK,
            amend_order,
            _amend,
            choices=lambda: {**_halves(), **_problems(Effect.REAPPOINT, "why")},
            begins_with=_as_it_stands,
        ),
        "complete": Deed("all the work is done", FIELD, complete_order, _complete),
        "task": Deed("a task of it is done", FIELD, complete_task, _task, choices=_tasks, third="task"),
        "fail": Deed("a task of it could not be done", FIELD, fail_task, _fail, choices=_failures, third="task"),
        "retry": Deed("a task that failed is tried again", FIELD, retry_task, _retry, choices=_tasks, third="task"),
        "survey": Deed("planning has looked, and a date can be promised", FIELD, commit_order, _survey),
        "delay": Deed("it cannot be done as promised", FIELD, delay_order, _delay, choices=lambda: _problems(Effect.DELAY)),
        "resume": Deed("it goes on", FIELD, resume_order, _resume, begins_with=_target),
        "missed": Deed("the visit did not do its work", FIELD, miss_appointment, _missed, choices=_causes),
        "inform": Deed(
            "the customer is told more, or warned", FIELD, inform_order, _inform, choices=lambda: _problems(Effect.INFORM, "why")
        ),
        "cancel": Deed("the customer no longer wants it", DESK, cancel_order, _cancel),
        "stop": Deed(
            "our customer, who loses the line, stops it",
            DESK,
            cancel_other,
            _stop,
            choices=lambda: {"stop_reason": tuple((one.value, words) for one, words in STOPS.items())},
        ),
        "terminate": Deed("we cannot do it and end it", FIELD, terminate_order, _terminate, choices=lambda: _problems(Effect.CANCEL)),
        "chase": Deed("the customer asks where it is", FIELD, _record_chase, _chase),
        "escalate": Deed("somebody higher up must look at it", FIELD, escalate_order, _escalate),
        "take": Deed("you see it through", FIELD, take_order, _take),
        "give": Deed("somebody else may see it through", FIELD, take_order, _give),
    },
    read=lambda session, number, by: order_card(session, number, by=by),
    number=lambda card: card.order_number,
    version=lambda card: card.row_version,
    seen=_seen,
    in_hand=in_hand,
    unknown=("CSS385E", "Say what is done: OR02 with the order and one of {deeds}."),
    said=_said,
)
