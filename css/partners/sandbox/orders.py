"""Orders of a test area: taken, amended, cancelled, and what happens to them by their scenario, told in the real documents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from sqlalchemy.orm import Session

from css.core.calendar import add_working_days, day_words
from css.core.codec import to_plain
from css.core.errors import CssError, Refusals, Refused
from css.core.ids import IdKind
from css.core.words import AppointmentState
from css.partners.messages.kinds import Asked
from css.partners.model import SandboxArea, SandboxCase, SandboxMatter
from css.partners.sandbox import magic
from css.partners.sandbox.amendments import read_amendment
from css.partners.sandbox.area import Written, drop_plan, leave, next_number, plan, source_key
from css.partners.sandbox.order_cases import OrderStanding, booked, copy_of, find_order, linked, order_case, order_of, refuse_reference
from css.partners.sandbox.placing import NATION, no_return_at, read_order
from css.partners.sandbox.scenarios import GOOD, LATE_SECONDS, Scenario, Step, Trouble, scenario_of
from css.xml import Party, read_text
from orders.commands.orders import CancelOrder, CancelOther
from orders.messages import (
    ORDER_UPDATE,
    amend_order_command,
    cancel_order_command,
    conversation_of,
    message_id,
    order_refused,
    order_update,
    refusal_kind,
    submit_order_command,
)
from orders.queries.cards import ItemRow, KciRow, OrderCopy
from orders.rules import amending
from orders.rules.dates import committed_date, too_late_fault
from orders.rules.gaining import ended_words
from orders.rules.lifecycle import OPEN_STATES, Move, move
from orders.timings import timings
from orders.words import CeaseReason, ItemAction, KciKind, OrderKind, OrderState

_MOVES: Final = {
    KciKind.COMMITTED: Move.COMMIT,
    KciKind.DELAY: Move.DELAY,
    KciKind.RESUMED: Move.RESUME,
    KciKind.REAPPOINTED: Move.REAPPOINT,
    KciKind.ADDITIONAL: Move.INFORM,
    KciKind.WARNING: Move.WARN,
    KciKind.COMPLETED: Move.COMPLETE,
    KciKind.TERMINATED: Move.TERMINATE,
    KciKind.CANCELLED: Move.CANCEL,
}
"""What a step does to the order's state; CREATED is the beginning of one that nobody asked for."""
RECEIVED: Final = "The order was received."


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event that is to be told."""

    kind: KciKind
    words: str
    problem_code: str | None = None
    ref_to_message_id: str | None = None
    is_last_word: bool = False


def submit(session: Session, area: SandboxArea, asked: Asked, *, speed: int) -> str:
    """Take the order that a SubmitOrder asks for, and plan what its scenario does to it.

    Raises:
        CssError: everything that is wrong with it.
    """
    command = submit_order_command(asked.root)
    scenario = magic.scenario_named(asked.root) or GOOD
    copy = read_order(session, command, scenario, partner_code=asked.partner.code, at=asked.at)
    refuse_reference(session, area, copy.customer_reference)
    copy = replace(copy, link_number=linked(session, area, command))
    if command.appointment_number:
        copy = booked(session, area, copy, command.appointment_number, at=asked.at)
    steps = () if scenario.loses_line else scenario.steps
    case = _open(session, area, copy, scenario, asked, speed=speed, major=command.schema_major or 1)
    if scenario.trouble is Trouble.LATE:
        plan(session, case, [LATE_SECONDS, *(LATE_SECONDS + step.after_seconds for step in steps)], at=asked.at)
        return f"Order {case.number} will be handled later."
    _tell(
        session, area, case, copy_of(case), asked.us, asked.partner.party, at=asked.at,
        told=Told(kind=KciKind.ACKNOWLEDGED, words=RECEIVED, ref_to_message_id=asked.header.message_id, is_last_word=not steps),
    )  # fmt: skip
    # What is done at once is done by the message, as in earnest: the promise names it.
    now = [step for step in steps if step.after_seconds == 0]
    for number in range(len(now)):
        happen(session, area, case, number, asked.us, asked.partner.party, at=asked.at, ref_to_message_id=asked.header.message_id)
    plan(session, case, [step.after_seconds for step in steps[len(now) :]], at=asked.at, first_step=len(now))
    if scenario.loses_line:
        _open_lost(session, area, copy_of(case), scenario, asked, speed=speed)
    return f"Order {case.number} placed."


def amend(session: Session, area: SandboxArea, asked: Asked) -> str:
    """Amend an order of the area.

    Raises:
        CssError: as in earnest, or as its scenario refuses.
    """
    command = amend_order_command(asked.root)
    case, copy = find_order(session, area, command.order_number)
    _refuse_lost(copy)
    if command.reason_code and amending.moves(command):
        moved = move(case.number, copy.state, Move.REAPPOINT)
    else:
        moved = move(case.number, copy.state, Move.AMEND)
    scenario = scenario_of(case.scenario)
    wrong = Refusals()
    after = read_amendment(session, command, copy, wrong, at=asked.at)
    wrong.tell()
    if scenario.refuses_amendment is not None:
        raise magic.refusal(scenario.refuses_amendment, None, order=case.number, committed=_day(copy.committed_on))
    after = replace(after, row_version=copy.row_version + 1)
    told = Told(
        kind=moved.kci,
        words=_amended_words(after),
        problem_code=command.reason_code or None,
        ref_to_message_id=asked.header.message_id,
    )
    _tell(session, area, case, after, asked.us, asked.partner.party, at=asked.at, told=told)
    return f"Order {case.number} amended."


def cancel(session: Session, area: SandboxArea, asked: Asked) -> str:
    """Cancel an order of the area, or stop the one that takes a line.

    Raises:
        CssError: as in earnest, or as its scenario refuses.
    """
    command = cancel_order_command(asked.root)
    case, copy = find_order(session, area, command.order_number)
    words = _cancel_words(command, copy)
    scenario = scenario_of(case.scenario)
    moved = move(case.number, copy.state, Move.CANCEL)
    late = too_late_fault(case.number, copy.state, copy.no_return_at, asked.at)
    if late is not None:
        raise late
    if scenario.refuses_cancellation is not None:
        raise magic.refusal(scenario.refuses_cancellation, None, order=case.number, day=_day(copy.target_on))
    drop_plan(session, case)
    _tell(
        session, area, case, replace(copy, state=moved.state), asked.us, asked.partner.party, at=asked.at,
        told=Told(kind=moved.kci, words=words, ref_to_message_id=asked.header.message_id),
    )  # fmt: skip
    return f"Order {case.number} cancelled."


def refused(session: Session, area: SandboxArea, asked: Asked, error: CssError) -> None:
    """Tell the partner what its message was refused for."""
    name = asked.header.message_type
    key = source_key(area, asked.partner, f"inbox/{asked.header.message_id}/{refusal_kind(name)}")
    number = read_text(asked.root, "Amendment/OrderNumber") or read_text(asked.root, "Cancellation/OrderNumber")
    case = None if number is None else order_case(session, area, number)
    copy = None if case is None else copy_of(case)
    body = order_refused(asked.root, error, source_key=key, sender=asked.us, receiver=asked.partner.party, at=asked.at, copy=copy)
    scenario = magic.scenario_named(asked.root) if case is None else scenario_of(case.scenario)
    is_played = scenario is not None and bool(scenario.refuses or scenario.refuses_amendment or scenario.refuses_cancellation)
    leave(
        session,
        area,
        Written(
            source_key=key,
            message_id=message_id(key),
            message_type=ORDER_UPDATE,
            conversation_id=asked.header.conversation_id,
            body=body,
            ref_to_message_id=asked.header.message_id,
            passes=scenario.number if scenario is not None and is_played else None,
        ),
        at=asked.at,
    )


def happen(
    session: Session,
    area: SandboxArea,
    case: SandboxCase,
    number: int,
    us: Party,
    to: Party,
    *,
    at: datetime,
    ref_to_message_id: str | None = None,
) -> None:
    """Let a planned step of an order happen at the instant it was due.

    Args:
        session: of the look at which it happens. The area is locked.
        area: whose order it is.
        case: the order.
        number: which of its scenario's steps; of one that is handled late 0 is its receipt.
        us: who tells.
        to: who is told.
        at: when it was due.
        ref_to_message_id: the message that brought it about, of a promise.
    """
    scenario = scenario_of(case.scenario)
    steps = scenario.steps
    copy = copy_of(case)
    if scenario.trouble is Trouble.LATE:
        if number == 0:
            _tell(session, area, case, copy, us, to, at=at, told=Told(kind=KciKind.ACKNOWLEDGED, words=RECEIVED))
            return
        number -= 1
    step = steps[number]
    after = _moved(session, copy, step, at=at)
    told = Told(
        kind=step.kind,
        words=step.words.format(day=_day(after.target_on), done=_day(after.done_on)),
        problem_code=step.problem_code,
        ref_to_message_id=ref_to_message_id if step.kind is KciKind.COMMITTED else None,
        is_last_word=number == len(steps) - 1 and not (scenario.refuses_amendment or scenario.refuses_cancellation),
    )
    _tell(session, area, case, after, us, to, at=at, told=told)


def _moved(session: Session, copy: OrderCopy, step: Step, *, at: datetime) -> OrderCopy:
    """The order after a step of its scenario."""
    if step.kind is KciKind.CREATED:
        return copy
    after = replace(copy, state=move(copy.order_number, copy.state, _MOVES[step.kind]).state, row_version=copy.row_version + 1)
    if step.kind is KciKind.COMMITTED:
        after = _promised(session, after, committed_date(copy.required_on, NATION))
    if step.days_later and copy.target_on is not None:
        target_on = add_working_days(copy.target_on, step.days_later, NATION)
        after = replace(after, target_on=target_on, no_return_at=no_return_at(timings(session), after, target_on))
    if step.kind is KciKind.COMPLETED:
        after = replace(after, done_on=copy.target_on, completed_at=at)
        if copy.slot_state is not None:
            after = replace(after, slot_state=AppointmentState.KEPT)
    return after


def _promised(session: Session, copy: OrderCopy, day: date) -> OrderCopy:
    return replace(copy, committed_on=day, target_on=day, no_return_at=no_return_at(timings(session), copy, day))


def _open(session: Session, area: SandboxArea, copy: OrderCopy, scenario: Scenario, asked: Asked, *, speed: int, major: int) -> SandboxCase:
    number = next_number(area, IdKind.ORDER)
    conversation = copy.conversation_id or conversation_of(number)
    copy = replace(copy, order_number=number, conversation_id=conversation)
    case = SandboxCase(
        provider_id=area.provider_id,
        matter=SandboxMatter.ORDER,
        number=number,
        customer_reference=copy.customer_reference,
        conversation_id=conversation,
        schema_major=major,
        scenario=scenario.number,
        speed=speed,
        standing=to_plain(OrderStanding(copy, ())),
        last_event=0,
        is_open=True,
        opened_at=asked.at,
    )
    session.add(case)
    session.flush()
    return case


def _open_lost(session: Session, area: SandboxArea, asked_for: OrderCopy, scenario: Scenario, asked: Asked, *, speed: int) -> None:
    """The order nobody asked for, by which somebody takes the line; it is first told of when its scenario says."""
    cease = replace(
        asked_for,
        kind=OrderKind.CEASE,
        customer_reference=None,
        conversation_id="",
        plant_outcome=None,
        reason_code=CeaseReason.LOST.value,
        items=tuple(
            ItemRow(item_number=item.item_number, action=ItemAction.REMOVE, product_code=item.product_code,
                    product_name=item.product_name, kind=item.kind, quantity=item.quantity)
            for item in asked_for.items if item.action is not ItemAction.REMOVE
        ),
        slot_on=None, half_day=None, slot_state=None, consented_by=None, consented_at=None, directory_kind=None,
        directory_name=None, emergency_name=None, hazard_notes=None, visit_notes=None, excess_agreed=None, link_number=None,
    )  # fmt: skip
    case = _open(session, area, cease, scenario, asked, speed=speed, major=2 if cease.network_code else _major(asked))
    day = committed_date(asked_for.required_on, NATION)
    going = replace(_promised(session, copy_of(case), day), state=OrderState.COMMITTED)
    case.standing = to_plain(OrderStanding(going, ()))
    plan(session, case, [step.after_seconds for step in scenario.steps], at=asked.at)


def _major(asked: Asked) -> int:
    return 1 if asked.header.schema_version.startswith("1.") else 2


def _tell(
    session: Session, area: SandboxArea, case: SandboxCase, copy: OrderCopy, us: Party, to: Party, *, at: datetime, told: Told
) -> None:
    """Change the order and leave the document that tells of it."""
    case.last_event += 1
    case.is_open = copy.state in OPEN_STATES
    scenario = scenario_of(case.scenario)
    key = f"sandbox/{case.provider_id}/{area.resets}/order/{case.number}/kci/{case.last_event}"
    row = KciRow(
        sequence=case.last_event,
        kind=told.kind,
        occurred_at=at,
        problem_code=told.problem_code,
        words=told.words,
        told=(key,),
    )
    case.standing = to_plain(OrderStanding(copy, (*order_of(case).history, row)))
    body = order_update(
        copy,
        row,
        source_key=key,
        sender=us,
        receiver=to,
        at=at,
        major=case.schema_major,
        ref_to_message_id=told.ref_to_message_id,
    )
    leave(
        session,
        area,
        Written(
            source_key=key,
            message_id=message_id(key),
            message_type=ORDER_UPDATE,
            conversation_id=case.conversation_id,
            body=body,
            ref_to_message_id=told.ref_to_message_id,
            passes=scenario.number if told.is_last_word else None,
            comes_twice=scenario.trouble is Trouble.TWICE,
        ),
        at=at,
    )


def _is_lost(copy: OrderCopy) -> bool:
    return copy.reason_code == CeaseReason.LOST.value


def _refuse_lost(copy: OrderCopy) -> None:
    if _is_lost(copy):
        raise Refused(
            "CSS255E",
            "Order {order} is an unsolicited cease: it goes as the order goes that takes the line. The losing provider may stop "
            "both with cancel-other.",
            order=copy.order_number,
            element="order_number",
        )


def _cancel_words(command: CancelOrder | CancelOther, copy: OrderCopy) -> str:
    if isinstance(command, CancelOrder):
        _refuse_lost(copy)
        return command.reason.strip()
    if not _is_lost(copy):
        sentence = "Order {order} is no unsolicited cease; it is cancelled as any other."
        raise Refused("CSS256E", sentence, order=copy.order_number, element="order_number")
    return ended_words(OrderKind.TRANSFER, command.words.strip())


def _amended_words(copy: OrderCopy) -> str:
    return f"The order was amended; it will be done by {_day(copy.target_on)}." if copy.target_on else "The order was amended."


def _day(day: date | None) -> str:
    return "a day to be told" if day is None else day_words(day)
