"""Amending an open order: dates and slot, whom to ask for, what to know on the way, features, how many lines.

Two who amend at one moment: the second is told, field by field, what the first made of it and what they want themselves.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import day_words
from css.core.codec import to_plain
from css.core.errors import Conflict, Refusals, Refused
from css.core.slots import SlotOf
from css.core.words import Skill
from css.master import appointment_book
from css.master.appointments import Appointment
from css.master.districts import business_date
from css.master.lines import Line
from css.master.sites import Site
from orders.actions import amend_items, linked, unsolicited
from orders.actions.changing import has_visit, live_slot, marks, record, refuse_treatment, tell_of, work_for
from orders.actions.find import OrderFound, lock_order, require_may
from orders.actions.tell import order_as_it_stands
from orders.commands.orders import AmendOrder, OrderChanged, Slot
from orders.model import CustomerOrder, KciEvent
from orders.rules import amending
from orders.rules.amending import Dates, NewDates
from orders.rules.content import read_contact_phone
from orders.rules.dates import too_late_fault
from orders.rules.lifecycle import Move, move
from orders.rules.timing import earliest_date, timing_of
from orders.timings import timings
from orders.words import KciKind


@audit.answered
def amend_order(session: Session, command: AmendOrder, *, by: Actor, at: datetime) -> OrderChanged:
    """Change what an open order says, before the point of no return or while it is held; a field left out stays as it is.

    What was promised stays on record: a later required date or slot moves the date that is worked to. With a reason of ours
    the customer's required date stays as well, and the point of no return does not bind.

    Raises:
        NotFound: CSS202E, CSS819E. Conflict: CSS231E, CSS750E somebody changed it since, with both values of each field.
        Refused: CSS203E, CSS205E, CSS255E; CSS206E, CSS211E to CSS241E, CSS295E, CSS296E, CSS749E to CSS757E at once as ``Several``;
            CSS222E, CSS818E to CSS822E of the slot.
    """
    require_may(by, "cancel")
    found = lock_order(session, command.order_number, None, by)
    order = found.order
    unsolicited.refuse_unsolicited(order)
    refuse_treatment(order, by)
    _refuse_stale(session, order, command)
    told = _moves_of(order, command)
    on = business_date(session, order.district_code)
    slot = live_slot(session, order)
    slot_on = _slot_day(session, order, command)
    now = Dates(
        required_on=order.required_on,
        committed_on=order.committed_on,
        target_on=order.target_on,
        slot_on=None if slot is None else slot.slot_on,
    )
    after = amending.new_dates(now, command, slot_on=slot_on, nation=found.nation)
    wrong = Refusals()
    wrong.add(*amending.field_faults(command, is_partner=by.is_partner))
    if not amending.is_ours(command):
        too_late = too_late_fault(order.number, order.state, order.no_return_at, at)
        wrong.add(*([too_late] if too_late else []))
    phone = None if command.contact_phone is None else wrong.reading(lambda: read_contact_phone(command.contact_phone or ""))
    earliest_on = _earliest(session, found, on)
    wrong.add(
        *amending.date_faults(now, after, command, on=on, earliest_on=earliest_on, outcome=order.plant_outcome),
        *_slot_faults(session, order, command),
        *amend_items.faults(session, found, command),
    )
    wrong.tell()
    before = marks(order)
    with session.begin_nested():
        _write_texts(order, command, phone)
        amend_items.write(session, found, command, by=by, on=on)
        _move_dates(session, found, command, after, slot, on=on, by=by, at=at)
    record(session, order, command, before, verb="amend_order", by=by, at=at)
    words = _words(session, order, command)
    code = command.reason_code or None
    unsolicited.follow(session, order, by=by, at=at, problem_code=code)
    answer = tell_of(session, order, [(kci, words, code if kci is KciKind.REAPPOINTED else None) for kci in told], at=at)
    if order.target_on is not None and order.target_on != now.target_on:
        linked.tell_others(session, order, f"will be done by {day_words(order.target_on)}", at=at)
    return answer


def _refuse_stale(session: Session, order: CustomerOrder, command: AmendOrder) -> None:
    """CSS750E when somebody changed the order since the asker looked: what they made of it, and what the asker wants."""
    if command.row_version is None or command.row_version == order.row_version:
        return
    version = KciEvent.order_copy["row_version"].as_integer()
    seen = session.execute(
        select(KciEvent.order_copy)
        .where(KciEvent.order_id == order.id, version <= command.row_version)
        .order_by(KciEvent.sequence.desc())
        .limit(1)
    ).scalar()
    now = to_plain(order_as_it_stands(session, order))
    found = amending.clashes(seen or now, now, amending.wanted_fields(command))
    raise Conflict(
        "CSS750E",
        "Order {order} was changed by somebody else since you looked. {changes} Look again.",
        order=order.number,
        changes=" ".join(clash.words for clash in found),
        clashes=[{"field": clash.field, "seen": clash.seen, "now": clash.now, "wanted": clash.wanted} for clash in found],
        now=order.row_version,
        seen=command.row_version,
        element="row_version",
    )


def _moves_of(order: CustomerOrder, command: AmendOrder) -> list[KciKind]:
    """The events an amendment is told with: the customer's own is one, a move for a reason has its own besides (CSS205E)."""
    if not (command.reason_code and amending.moves(command)):
        return [move(order.number, order.state, Move.AMEND).kci]
    told = [move(order.number, order.state, Move.REAPPOINT).kci]
    return [move(order.number, order.state, Move.AMEND).kci, *told] if amending.changes_content(command) else told


def _slot_day(session: Session, order: CustomerOrder, command: AmendOrder) -> date | None:
    """The day of the slot asked for; None for none, or for a number that is no slot's, which booking refuses."""
    if command.appointment is not None:
        return command.appointment.slot_on
    if not command.appointment_number:
        return None
    return session.execute(
        select(Appointment.slot_on).where(
            Appointment.number == command.appointment_number.strip().upper(), Appointment.provider_id == order.provider_id
        )
    ).scalar()


def _slot_faults(session: Session, order: CustomerOrder, command: AmendOrder) -> list[Refused]:
    if command.appointment is None and not command.appointment_number:
        return []
    if has_visit(session, order):
        return []
    return [Refused("CSS755E", "Nobody is to visit for order {order}, or not yet known to.", order=order.number, element="appointment")]


def _earliest(session: Session, found: OrderFound, on: date) -> date:
    order = found.order
    needs_visit = has_visit(session, order)
    return earliest_date(
        timing_of(timings(session), order.kind, order.plant_outcome, needs_visit=needs_visit, on=on), on=on, nation=found.nation
    )


def _write_texts(order: CustomerOrder, command: AmendOrder, phone: str | None) -> None:
    if command.contact_name is not None:
        order.contact_name = command.contact_name.strip()
    if phone is not None:
        order.contact_phone = phone
    if command.hazard_notes is not None:
        order.hazard_notes = command.hazard_notes.strip() or None
    if command.visit_notes is not None:
        order.visit_notes = command.visit_notes.strip() or None


def _move_dates(
    session: Session,
    found: OrderFound,
    command: AmendOrder,
    after: NewDates,
    slot: Appointment | None,
    *,
    on: date,
    by: Actor,
    at: datetime,
) -> None:
    order = found.order
    order.required_on = after.required_on
    slot_on = None if slot is None else slot.slot_on
    if command.appointment is not None or command.appointment_number:
        slot_on = book(session, found, command.appointment, command.appointment_number, on=on, by=by, at=at).slot_on
    if after.target_on is not None and (after.target_on != order.target_on or slot_on != (None if slot is None else slot.slot_on)):
        work_for(session, order, after.target_on, nation=found.nation, slot_on=slot_on)


def book(
    session: Session,
    found: OrderFound,
    slot: Slot | None,
    held_number: str | None,
    *,
    on: date,
    by: Actor,
    at: datetime,
) -> Appointment:
    """Book another slot for an order that is locked, or one that is held for the asker; the one there was is given back.

    Raises:
        NotFound: CSS819E. Refused: CSS222E, CSS818E, CSS820E to CSS822E, CSS828E.
    """
    order = found.order
    if order.appointment_id is not None:
        appointment_book.give_back(session, order.appointment_id, at=at)
    site = session.execute(select(Site.id, Site.exchange_id).join(Line, Line.site_id == Site.id).where(Line.id == order.line_id)).one()
    if slot is None:
        booked = appointment_book.book_held(
            session,
            number=held_number or "",
            provider_id=order.provider_id,
            site_id=site.id,
            reference=order.number,
            by=by,
            at=at,
            skill=Skill.INSTALL,
        )
    else:
        booked = appointment_book.book_slot(
            session,
            site_id=site.id,
            exchange_id=site.exchange_id,
            district_code=order.district_code,
            provider_id=order.provider_id,
            skill=Skill.INSTALL,
            slot_on=slot.slot_on,
            half_day=slot.half_day,
            reference=order.number,
            by=by,
            at=at,
            on=on,
            nation=found.nation,
        )
    order.appointment_id = booked.id
    session.flush()
    return booked


def _words(session: Session, order: CustomerOrder, command: AmendOrder) -> str:
    """What the customer is told of an amendment."""
    slot = live_slot(session, order)
    said = []
    if amending.moves(command) and order.target_on is not None:
        said.append(f"The order will be done by {day_words(order.target_on)}.")
    if amending.moves(command) and slot is not None:
        said.append(f"The engineer comes on {SlotOf(slot.slot_on, slot.half_day).words}.")
    if amending.changes_content(command):
        said.append("The order was changed as asked.")
    return " ".join(said) or "The order was changed as asked."
