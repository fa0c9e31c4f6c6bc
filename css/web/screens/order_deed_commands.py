"""What is asked of an order, from what is keyed on OR02; what is wrong hangs on the form, and then nothing is asked."""

from __future__ import annotations

from datetime import date
from typing import Final, Literal

from css.care.commands import RecordContact
from css.care.words import Channel, Outcome, Topic
from css.core.money import Price
from css.core.phone import display_number
from css.core.words import HalfDay, MissCause
from css.web.form import Form
from css.web.screens.order_prompts import short_day
from orders.commands.orders import (
    AmendOrder,
    CancelOrder,
    CancelOther,
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
from orders.queries.cards import OrderCard
from orders.rules.tasks import checks_of
from orders.words import CancelOtherReason, TaskKind

ALL: Final = "ALL"
"""Every check of a task was seen to."""
WHAT_COMES: Final[dict[str, Literal["inform", "delay", "reappoint", "cancel"]]] = {
    "INFORM": "inform",
    "DELAY": "delay",
    "REAPPOINT": "reappoint",
    "CANCEL": "cancel",
}


def complete(form: Form, card: OrderCard, today: date) -> CompleteOrder | None:
    done_on = form.day("done_on", today)
    if form.has_errors:
        return None
    return CompleteOrder(order_number=card.order_number, done_on=done_on or today, row_version=form.version())


def task_of(form: Form) -> TaskKind | None:
    return form.member("task", TaskKind, {kind.value.upper(): kind for kind in TaskKind})


def task(form: Form, card: OrderCard, today: date) -> CompleteTask | None:
    done_on, task = form.day("done_on", today), task_of(form)
    if form.has_errors or task is None:
        return None
    checks = form.words("checks")
    if checks == (ALL,):
        checks = tuple(check.code for check in checks_of(task, card.kind))
    return CompleteTask(
        order_number=card.order_number,
        task=task,
        checks=checks,
        done_on=done_on or today,
        words=form.text("noted"),
        row_version=form.version(),
    )


def fail(form: Form, card: OrderCard, today: date) -> FailTask | None:
    task = task_of(form)
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


def retry(form: Form, card: OrderCard, _: date) -> RetryTask | None:
    task = task_of(form)
    if form.has_errors or task is None:
        return None
    return RetryTask(order_number=card.order_number, task=task, row_version=form.version())


def survey(form: Form, card: OrderCard, today: date) -> CommitOrder | None:
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


def slot_of(form: Form, today: date) -> Slot | None:
    half_day = form.member("half_day", HalfDay, {half.value: half for half in HalfDay})
    slot_on = form.day("slot_on", today)
    if slot_on and not form.text("half_day"):
        form.wrong("half_day", "CSS360E", "{label} must be keyed.")
    if half_day and not form.text("slot_on"):
        form.wrong("slot_on", "CSS360E", "{label} must be keyed.")
    return Slot(slot_on=slot_on, half_day=half_day) if slot_on and half_day else None


def missed(form: Form, card: OrderCard, today: date) -> MissAppointment | None:
    cause = form.member("cause", MissCause, {one.value.upper(): one for one in MissCause})
    slot = slot_of(form, today)
    if form.has_errors or cause is None:
        return None
    return MissAppointment(
        order_number=card.order_number, cause=cause, words=form.text("words"), appointment=slot, row_version=form.version()
    )


def delay(form: Form, card: OrderCard, _: date) -> DelayOrder | None:
    if form.has_errors:
        return None
    code, words = form.code("problem_code"), form.text("words")
    return DelayOrder(order_number=card.order_number, problem_code=code, words=words, row_version=form.version())


def resume(form: Form, card: OrderCard, today: date) -> ResumeOrder | None:
    target_on = form.day("target_on", today)
    if form.has_errors:
        return None
    return ResumeOrder(order_number=card.order_number, target_on=target_on, words=form.text("words"), row_version=form.version())


def inform(form: Form, card: OrderCard, _: date) -> InformOrder | None:
    if form.has_errors:
        return None
    code = form.code("why") or None
    return InformOrder(
        order_number=card.order_number, words=form.text("words"), problem_code=code, is_warning=code is not None, row_version=form.version()
    )


def cancel(form: Form, card: OrderCard, _: date) -> CancelOrder | None:
    if form.has_errors:
        return None
    return CancelOrder(order_number=card.order_number, reason=form.text("reason"), row_version=form.version())


def stop(form: Form, card: OrderCard, _: date) -> CancelOther | None:
    reason = form.member("stop_reason", CancelOtherReason, {one.value: one for one in CancelOtherReason})
    if form.has_errors or reason is None:
        return None
    return CancelOther(order_number=card.order_number, reason=reason, words=form.text("words"), row_version=form.version())


def terminate(form: Form, card: OrderCard, _: date) -> TerminateOrder | None:
    if form.has_errors:
        return None
    code, words = form.code("problem_code"), form.text("words")
    return TerminateOrder(order_number=card.order_number, problem_code=code, words=words, row_version=form.version())


def amend(form: Form, card: OrderCard, today: date) -> AmendOrder | None:
    """Only what is other than it stands: the rest is left as it is, whoever may be changing it."""
    required_on, slot, lines = form.day("required_on", today), slot_of(form, today), form.whole("line_count")
    if form.has_errors:
        return None
    stands = as_it_stands(card)

    def changed(name: str) -> str | None:
        typed = form.text(name)
        return None if typed == stands[name] else typed

    is_other_slot = slot is not None and (slot.slot_on, slot.half_day) != (card.slot_on, card.half_day)
    return AmendOrder(
        order_number=card.order_number,
        required_on=None if required_on == card.required_on else required_on,
        appointment=slot if is_other_slot else None,
        appointment_number=form.optional("appointment_number"),
        contact_name=changed("contact_name"),
        contact_phone=changed("contact_phone"),
        hazard_notes=changed("hazard_notes"),
        visit_notes=changed("visit_notes"),
        add_codes=form.words("add_codes"),
        drop_codes=form.words("drop_codes"),
        line_count=None if lines == card.line_count else lines,
        reason_code=form.code("why"),
        row_version=form.version(),
    )


def as_it_stands(card: OrderCard) -> dict[str, str]:
    """What can be amended, as it is keyed."""
    return {
        "required_on": short_day(card.required_on),
        "slot_on": short_day(card.slot_on) if card.slot_on else "",
        "half_day": card.half_day.value if card.half_day else "",
        "contact_name": card.contact_name,
        "contact_phone": display_number(card.contact_phone),
        "line_count": str(card.line_count or ""),
        "hazard_notes": card.hazard_notes or "",
        "visit_notes": card.visit_notes or "",
    }


def chase(form: Form, card: OrderCard, today: date) -> RecordContact | None:
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


def escalate(form: Form, card: OrderCard, _: date) -> EscalateOrder | None:
    if form.has_errors:
        return None
    return EscalateOrder(order_number=card.order_number, words=form.text("noted"), row_version=form.version())


def take(form: Form, card: OrderCard, _: date) -> TakeOrder | None:
    return TakeOrder(order_number=card.order_number, row_version=form.version())


def give(form: Form, card: OrderCard, _: date) -> TakeOrder | None:
    return TakeOrder(order_number=card.order_number, gives_back=True, row_version=form.version())
