"""Placing an order: everything that can be wrong is told at once; what is taken (line, pair, number, slot) nobody else can take.

What is common to every kind is here; what a kind works on, its own module in ``orders.actions.kinds`` finds.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import ONE_DAY, day_words
from css.core.codec import to_plain
from css.core.errors import Conflict, CssError, Refusals, Refused
from css.core.ids import IdKind
from css.core.words import DirectoryEntryKind, HoldKind, Skill
from css.db.constraints import constraint_of
from css.handover import place_hold
from css.master import appointment_book
from css.master.appointments import Appointment
from css.master.care_levels import care_book
from css.master.districts import business_date
from css.master.serials import next_number
from orders.actions import linked, numbers, quoted, tasks, unsolicited
from orders.actions.find import find_account, find_offers, hold_key, just_taken, may_treat, require_may
from orders.actions.kinds import WORKINGS
from orders.actions.tell import Event, order_as_it_stands, tell
from orders.actions.working import Asked, Work
from orders.commands.orders import OrderPlaced, PlaceOrder
from orders.messages import conversation_of
from orders.model import CustomerOrder, OrderItem
from orders.rules.charges import is_number_chosen
from orders.rules.content import Content, makes_a_line, names_care, read_content
from orders.rules.dates import committed_date
from orders.rules.kinds import KINDS
from orders.rules.lifecycle import Move, move
from orders.rules.timing import point_of_no_return, timing_of
from orders.timings import timings
from orders.words import CeaseReason, KciKind, OrderState

TRIES_MAX: Final = 3
"""How often an order looks for plant again after losing a race for it."""
_RACES: Final = {
    "uq_customer_order_open_on_line": "The line",
    "uq_customer_order_open_from_line": "The line",
    "uq_customer_order_number_reserved": "The telephone number",
}
"""Constraints that decide who was first, and over what; a kind may have more."""


@audit.answered
def place_order(session: Session, command: PlaceOrder, *, by: Actor, at: datetime) -> OrderPlaced:
    """Take an order: find what it works on, keep that from others, promise a date, tell the customer.

    An order is committed at once where what is needed to promise a date is known; where plant must be built it stays
    acknowledged until planning has looked.

    Raises:
        NotFound: CSS200E, CSS209E, CSS230E.
        Refused: CSS201E, CSS203E, CSS210E to CSS229E, CSS237E to CSS242E, CSS250E to CSS253E, by a quote CSS830E to CSS834E, and
            the kind's own; several of them at once as ``Several``.
        Conflict: CSS207E an order is open on the line, CSS208E the reference was used, CSS231E a race was lost.
    """
    require_may(by, "place")
    asker = find_account(session, command.account_number, by)
    on = business_date(session, asker.district_code)
    wrong = Refusals()
    if by.is_partner and not KINDS[command.kind].is_for_partners:
        wrong.add(Refused("CSS253E", "{kind} is not for partners to order.", kind=KINDS[command.kind].title, element="kind"))
    if asker.closed_on is not None and asker.closed_on <= on:
        closed = day_words(asker.closed_on)
        wrong.add(Refused("CSS201E", "The account was closed on {closed}.", closed=closed, element="account_number"))
    link, faults = linked.find_link(session, command, asker, at=at)
    wrong.add(*faults)
    quote, faults = quoted.find_quote(session, command, asker, on)
    wrong.add(*faults)
    command = quote.given_with(command) if quote is not None else command
    offers = find_offers(session, (*command.product_codes, *command.remove_codes), asker.segment, command.required_on)
    ladder = care_book(session, command.required_on).codes if names_care(command, offers) else ()
    content = read_content(command, wrong, segment=asker.segment, offers=offers, ladder=ladder)
    if content.reason is CeaseReason.DEBT and not may_treat(by):
        sentence = "A cease for debt is debt treatment's, or a supervisor's; give another reason."
        wrong.add(Refused("CSS254E", sentence, element="reason_code"))
    asked = Asked(
        command=command,
        asker=asker,
        content=content,
        faults=tuple(wrong.found),
        timings=timings(session),
        on=on,
        by=by,
        at=at,
    )
    working = WORKINGS[command.kind]
    races = _RACES | working.races
    # A second look after a lost race finds other plant, or the refusal that names what is gone. A bounded number of times.
    lost = ""
    for _ in range(TRIES_MAX):
        try:
            with session.begin_nested():
                return _write(session, asked, working.find(session, asked), link, quote)
        except IntegrityError as error:
            lost = constraint_of(error) or ""
            if lost == "uq_customer_order_provider_reference":
                raise _reference_used(content) from error
            if lost not in races:
                raise
    raise just_taken(races[lost])


def _reference_used(content: Content) -> CssError:
    return Conflict(
        "CSS208E",
        "There is an order with the reference {reference} already.",
        reference=content.customer_reference,
        element="customer_reference",
    )


def _write(session: Session, asked: Asked, work: Work, link: linked.Link | None, quote: quoted.QuoteFound | None) -> OrderPlaced:
    """Write the order, its items, slot and tasks, and tell of it: acknowledged and, where a date can be promised, committed."""
    command, content, asker = asked.command, asked.content, asked.asker
    number = next_number(session, asker.district_code, IdKind.ORDER)
    waits = work.is_surveyed_first or (link is not None and link.waits)
    committed_on = None if waits else committed_date(command.required_on, asker.nation)
    slot = _book(session, asked, work, number, through=committed_date(command.required_on, asker.nation))
    is_treatment = KINDS[command.kind].is_treatment or content.reason is CeaseReason.DEBT
    lists = work.lists_line
    listed_as = command.directory_kind or (DirectoryEntryKind.ORDINARY if makes_a_line(command) else None)
    order = CustomerOrder(
        number=number,
        district_code=asker.district_code,
        provider_id=asker.provider_id,
        account_id=asker.account_id,
        line_id=work.line_id,
        from_line_id=work.from_line_id,
        kind=command.kind,
        state=OrderState.ACKNOWLEDGED if committed_on is None else move(number, OrderState.ACKNOWLEDGED, Move.COMMIT).state,
        customer_reference=content.customer_reference,
        conversation_id=content.conversation_id or conversation_of(number),
        required_on=command.required_on,
        committed_on=committed_on,
        target_on=committed_on,
        no_return_at=None if committed_on is None else _no_return_at(asked, work, committed_on),
        appointment_id=None if slot is None else slot.id,
        plant_outcome=work.outcome,
        telephone_number=work.number,
        kept_number=work.kept_number,
        is_number_chosen=is_number_chosen(command.kind, command.number, command.new_number),
        old_number=work.old_number,
        line_count=command.line_count,
        link_number=None if link is None else link.number,
        network_code=(command.network_code or "").strip().upper() or None,
        authority=(command.authority or "").strip() or None,
        bar=command.bar,
        reason_code=None if content.reason is None else content.reason.value,
        is_treatment=is_treatment,
        care_level=work.care_level or content.care_level,
        contact_name=content.contact_name,
        contact_phone=content.contact_phone,
        directory_kind=listed_as.value if lists and listed_as else None,
        directory_name=content.directory_name if lists else None,
        emergency_name=content.emergency_name if lists else None,
        hazard_notes=content.hazard_notes,
        visit_notes=content.visit_notes,
        excess_agreed=command.excess_agreed,
        consented_by=content.consented_by,
        consented_at=_consented_at(asked, quote),
        quote_id=None if quote is None else quote.quote_id,
        placed_on=asked.on,
        placed_at=asked.at,
        placed_by=asked.by.name,
        row_version=1,
    )
    session.add(order)
    session.flush()
    numbers.spend_reservation(session, order, at=asked.at)
    session.add_all(
        OrderItem(
            order_id=order.id,
            item_number=n,
            action=item.action,
            product_id=item.product_id,
            service_id=item.service_id,
            quantity=item.quantity,
        )
        for n, item in enumerate(work.items, start=1)
    )
    if quote is not None:
        session.flush()
        quoted.refuse_changed(session, order, quote, asker.segment)
    place_hold(
        session,
        source_key=hold_key(number),
        account_id=asker.account_id,
        line_id=work.line_id,
        kind=HoldKind.TREATMENT if is_treatment else HoldKind.OPEN_ORDER,
        reference=number,
        at=asked.at,
    )
    tasks.write_tasks(session, order, work, nation=asker.nation, slot_on=None if slot is None else slot.slot_on)
    audit.record(session, by=asked.by, at=asked.at, verb="place_order", subject=("order", number), after=to_plain(command))
    if work.losing is not None:
        unsolicited.leave(session, order, work.losing, by=asked.by, at=asked.at)
    _tell(session, asked, order)
    if link is not None:
        linked.after_placed(session, order, link, by=asked.by, at=asked.at)
    return OrderPlaced(
        order_number=number,
        state=order.state,
        required_on=order.required_on,
        committed_on=order.committed_on,
        number=work.number,
        plant_outcome=work.outcome,
    )


def _consented_at(asked: Asked, quote: quoted.QuoteFound | None) -> datetime | None:
    """When whoever is named agreed: to the quote, or now."""
    if asked.content.consented_by is None:
        return None
    is_quotes = quote is not None and asked.content.consented_by == quote.consented_by
    return quote.consented_at if quote is not None and is_quotes else asked.at


def _tell(session: Session, asked: Asked, order: CustomerOrder) -> None:
    session.flush()
    copy = order_as_it_stands(session, order)
    received = replace(copy, state=OrderState.ACKNOWLEDGED, committed_on=None, target_on=None, no_return_at=None)
    events = [Event(kind=KciKind.ACKNOWLEDGED, copy=received, words="The order was received.")]
    if order.committed_on is not None:
        promise = KINDS[order.kind].promise.format(day=day_words(order.committed_on))
        events.append(Event(kind=KciKind.COMMITTED, copy=copy, words=promise))
    tell(session, order, events, at=asked.at, major=asked.command.schema_major)


def _no_return_at(asked: Asked, work: Work, target_on: date) -> datetime:
    timing = timing_of(asked.timings, asked.command.kind, work.outcome, needs_visit=work.needs_visit, on=target_on)
    return point_of_no_return(timing, target_on, asked.nation)


def _book(session: Session, asked: Asked, work: Work, order_number: str, *, through: date) -> Appointment | None:
    """The slot asked for: one that is held for the asker, or one booked now, not after ``through``; None when none is asked for."""
    command, asker = asked.command, asked.asker
    if command.appointment_number:
        return appointment_book.book_held(
            session,
            number=command.appointment_number,
            provider_id=asker.provider_id,
            site_id=work.site_id,
            reference=order_number,
            by=asked.by,
            at=asked.at,
            earliest_on=asked.on + ONE_DAY,
            latest_on=through,
            nation=asked.nation,
        )
    if command.appointment is None:
        return None
    return appointment_book.book_slot(
        session,
        site_id=work.site_id,
        exchange_id=work.exchange_id,
        district_code=asker.district_code,
        provider_id=asker.provider_id,
        skill=Skill.INSTALL,
        slot_on=command.appointment.slot_on,
        half_day=command.appointment.half_day,
        reference=order_number,
        by=asked.by,
        at=asked.at,
        on=asked.on,
        nation=asked.nation,
        latest_on=through,
    )
