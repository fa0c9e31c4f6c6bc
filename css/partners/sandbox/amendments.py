"""An order of a test area as it would be amended, by the real rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from css.core.calendar import london_date
from css.core.errors import Refusals, Refused
from css.core.words import AppointmentState, Segment
from css.partners.sandbox.placing import NATION, no_return_at
from orders.actions.find import find_offers
from orders.commands.orders import AmendOrder
from orders.queries.cards import ItemRow, OrderCopy
from orders.rules import amending
from orders.rules.amending import Dates, KnownProduct
from orders.rules.content import Offer, read_contact_phone
from orders.rules.dates import too_late_fault
from orders.rules.kinds import KINDS
from orders.rules.timing import earliest_date, timing_of
from orders.timings import timings
from orders.words import ItemAction, OrderKind, PlantOutcome


def read_amendment(session: Session, command: AmendOrder, copy: OrderCopy, wrong: Refusals, *, at: datetime) -> OrderCopy:
    """The order as it would be amended; what is wrong with that goes into ``wrong``. The rules are the real ones."""
    on = london_date(at)
    is_visited = copy.plant_outcome not in {None, PlantOutcome.RESTART}
    slot_on = None if command.appointment is None else command.appointment.slot_on
    known = timings(session)
    timing = timing_of(known, copy.kind, copy.plant_outcome, needs_visit=is_visited, on=on)
    earliest_on = earliest_date(timing, on=on, nation=NATION)
    now = Dates(required_on=copy.required_on, committed_on=copy.committed_on, target_on=copy.target_on, slot_on=copy.slot_on)
    dates = amending.new_dates(now, command, slot_on=slot_on, nation=NATION)
    late = too_late_fault(copy.order_number, copy.state, copy.no_return_at, at)
    wrong.add(*amending.field_faults(command, is_partner=True), *([late] if late else []))
    phone = None if command.contact_phone is None else wrong.reading(lambda: read_contact_phone(command.contact_phone or ""))
    wrong.add(*amending.date_faults(now, dates, command, on=on, earliest_on=earliest_on, outcome=copy.plant_outcome))
    if (command.appointment is not None or command.appointment_number) and not is_visited:
        sentence = "Nobody is to visit for order {order}, or not yet known to."
        wrong.add(Refused("CSS755E", sentence, order=copy.order_number, element="appointment"))
    offers = (
        find_offers(session, command.add_codes, Segment.WHOLESALE, command.required_on or copy.required_on) if command.add_codes else {}
    )
    standing = [KnownProduct(item.product_code, item.kind, item.action) for item in copy.items]
    wrong.add(*amending.feature_faults(copy.kind, command, standing, offers, Segment.WHOLESALE))
    if command.line_count is not None and copy.kind is not OrderKind.LINES:
        kind = KINDS[copy.kind].title.lower()
        wrong.add(Refused("CSS753E", "An order of this kind ({kind}) has no lines to count.", kind=kind, element="line_count"))
    after = replace(
        copy,
        required_on=dates.required_on,
        target_on=dates.target_on,
        contact_name=copy.contact_name if command.contact_name is None else command.contact_name.strip(),
        contact_phone=phone or copy.contact_phone,
        hazard_notes=copy.hazard_notes if command.hazard_notes is None else command.hazard_notes.strip() or None,
        visit_notes=copy.visit_notes if command.visit_notes is None else command.visit_notes.strip() or None,
        line_count=copy.line_count if command.line_count is None else command.line_count,
        items=_items_after(copy.items, command, offers),
    )
    if command.appointment is not None:
        after = replace(after, slot_on=slot_on, half_day=command.appointment.half_day, slot_state=AppointmentState.BOOKED)
    if after.target_on is not None and after.target_on != copy.target_on:
        after = replace(after, no_return_at=no_return_at(known, after, after.target_on))
    return after


def _items_after(items: Sequence[ItemRow], command: AmendOrder, offers: dict[str, Offer]) -> tuple[ItemRow, ...]:
    stay = [item for item in items if item.product_code not in command.drop_codes]
    last = max((item.item_number for item in items), default=0)
    return (
        *stay,
        *(
            ItemRow(
                item_number=last + n,
                action=ItemAction.ADD,
                product_code=code,
                product_name=offers[code].name,
                kind=offers[code].kind,
                quantity=1,
            )
            for n, code in enumerate(command.add_codes, start=1)
            if code in offers
        ),
    )
