"""An order of a test area, as it would be if it were taken: the rules of content and dates are the real ones, plant is magic.

What is read of the house is reference data: products and what they cost, care levels, lead times. Nobody's account, line or
address is looked at, so nothing here tells anybody anything of anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from sqlalchemy.orm import Session

from css.core.calendar import Nation, add_working_days, day_words, london_date
from css.core.errors import NotFound, Refusals, Refused
from css.core.ids import IdKind, expect_id
from css.core.phone import display_number, parse_number
from css.core.slots import day_fault, window
from css.core.words import AppointmentState, DirectoryEntryKind, Segment, Skill
from css.master.care_levels import care_book
from css.master.sites import no_address
from css.partners.sandbox import magic
from css.partners.sandbox.scenarios import Scenario
from orders.actions.find import find_offers
from orders.commands.orders import PlaceOrder
from orders.queries.cards import ItemRow, OrderCopy
from orders.queries.quotes import no_quote
from orders.rules.content import Content, Offer, makes_a_line, names_care, read_content
from orders.rules.dates import committed_date, required_date_fault
from orders.rules.kinds import KINDS
from orders.rules.timing import Timing, earliest_date, point_of_no_return, timing_of
from orders.timings import timings
from orders.words import CeaseReason, ItemAction, OrderKind, OrderState, PlantOutcome

NATION: Final[Nation] = "england-and-wales"
SEGMENT: Final = Segment.WHOLESALE
MAIN: Final = "LINE-WHO"
"""What works on every line of a test area."""
SANDBOX: Final = "sandbox"


def read_order(session: Session, command: PlaceOrder, scenario: Scenario, *, partner_code: str, at: datetime) -> OrderCopy:
    """The order that a command asks for, received and not yet numbered.

    Raises:
        CssError: everything that is wrong with it, at once, as in earnest; last of all what the scenario refuses.
    """
    wrong = Refusals()
    on = london_date(at)
    rule = KINDS[command.kind]
    account = wrong.reading(lambda: expect_id(command.account_number, IdKind.ACCOUNT, element="account_number"))
    if not rule.is_for_partners:
        wrong.add(Refused("CSS253E", "{kind} is not for partners to order.", kind=rule.title, element="kind"))
    named = (*command.product_codes, *command.remove_codes)
    offers = find_offers(session, (*named, MAIN), SEGMENT, command.required_on)
    ladder = care_book(session, command.required_on).codes if names_care(command, offers) else ()
    asked = {code: offer for code, offer in offers.items() if code in named or code != MAIN}
    content = read_content(command, wrong, segment=SEGMENT, offers=asked, ladder=ladder)
    if content.reason is CeaseReason.DEBT:
        wrong.add(
            Refused("CSS254E", "A cease for debt is debt treatment's, or a supervisor's; give another reason.", element="reason_code")
        )
    if (command.quote_number or "").strip():
        wrong.add(no_quote((command.quote_number or "")[:20]))
    number, address_key = _where(command, wrong)
    known = timings(session)
    outcome = scenario.outcome if _needs_pair(command) else None
    needs_visit = _is_visited(content.items, outcome)
    timing = timing_of(known, command.kind, outcome, needs_visit=needs_visit, on=on)
    earliest_on = earliest_date(timing, on=on, nation=NATION)
    fault = required_date_fault(command.required_on, earliest_on, on=on, outcome=outcome)
    if fault is None and command.appointment is not None:
        first, last = window(Skill.INSTALL, on=on, latest_on=committed_date(command.required_on, NATION))
        fault = day_fault(command.appointment.slot_on, first=first, last=last, nation=NATION)
    wrong.add(*([fault] if fault else []))
    wrong.tell()
    for code in scenario.refuses:
        wrong.add(
            magic.refusal(
                code,
                content.customer_reference,
                account=account,
                key=command.address_key,
                number=number,
                earliest=day_words(add_working_days(earliest_on, 10, NATION)),
                reference=content.customer_reference,
                code=command.product_codes[0] if command.product_codes else MAIN,
                segment=SEGMENT.value,
                kind=rule.title,
            )
        )
    wrong.tell()
    copy = _copy(command, content, partner_code, number=number, address_key=address_key, outcome=outcome, on=on, at=at)
    return replace(copy, items=_items(command, content, offers))


def _where(command: PlaceOrder, wrong: Refusals) -> tuple[str | None, str]:
    """The line's number and its address; what is not of a test area is not there."""
    key = (command.address_key or "").strip().upper()
    number = None
    if command.number:
        number = wrong.reading(lambda: parse_number(command.number or ""))
    if key and magic.number_at(key) is None:
        wrong.add(no_address(key))
    works_on_a_line = "number" in KINDS[command.kind].needs
    if works_on_a_line and number is not None and magic.address_of(number) is None:
        sentence = "No working line of account {account} has the number {number}."
        wrong.add(NotFound("CSS230E", sentence, account=command.account_number[:20], number=display_number(number), element="number"))
    if command.new_number:
        number = wrong.reading(lambda: parse_number(command.new_number or "", element="new_number"))
    number = number or magic.number_at(key)
    return number, key or (magic.address_of(number) if number else None) or "A00000000000"


def _needs_pair(command: PlaceOrder) -> bool:
    return (makes_a_line(command) and command.kind is not OrderKind.TAKEOVER) or command.kind is OrderKind.MOVE


def _is_visited(offers: Sequence[Offer], outcome: PlantOutcome | None) -> bool:
    return outcome is not PlantOutcome.RESTART and any(offer.needs_visit for offer in offers)


def _items(command: PlaceOrder, content: Content, offers: dict[str, Offer]) -> tuple[ItemRow, ...]:
    """What is added and taken off; of a line that goes on also what stays, and of one that ends what ends."""
    actions = [(offer, ItemAction.ADD) for offer in content.items] + [(offer, ItemAction.REMOVE) for offer in content.removed]
    main = offers.get(MAIN)
    if main is not None and not makes_a_line(command):
        ends = command.kind in {OrderKind.CEASE, OrderKind.PORT_OUT}
        actions.insert(0, (main, ItemAction.REMOVE if ends else ItemAction.KEEP))
    return tuple(
        ItemRow(item_number=place, action=action, product_code=offer.code, product_name=offer.name, kind=offer.kind, quantity=1)
        for place, (offer, action) in enumerate(actions, start=1)
    )


def _copy(
    command: PlaceOrder,
    content: Content,
    partner_code: str,
    *,
    number: str | None,
    address_key: str,
    outcome: PlantOutcome | None,
    on: date,
    at: datetime,
) -> OrderCopy:
    slot = command.appointment
    lists = makes_a_line(command) or command.directory_kind is not None or command.emergency_name is not None
    listed_as = command.directory_kind or (DirectoryEntryKind.ORDINARY if makes_a_line(command) else None)
    return OrderCopy(
        order_number="",
        kind=command.kind,
        state=OrderState.ACKNOWLEDGED,
        district_code="SX",
        provider_code=partner_code,
        account_number=command.account_number,
        customer_reference=content.customer_reference,
        conversation_id=content.conversation_id,
        number=number,
        address_key=address_key,
        premises=str(int(address_key[-3:])) if address_key[-3:] != "000" else "1A",
        street="Sandbox Street",
        town="Brackwater",
        postcode=magic.POSTCODE,
        plant_outcome=outcome,
        required_on=command.required_on,
        committed_on=None,
        target_on=None,
        no_return_at=None,
        slot_on=None if slot is None else slot.slot_on,
        half_day=None if slot is None else slot.half_day,
        slot_state=None if slot is None else AppointmentState.BOOKED,
        items=(),
        care_level=content.care_level,
        contact_name=content.contact_name,
        contact_phone=content.contact_phone,
        directory_kind=listed_as if lists else None,
        directory_name=content.directory_name if lists else None,
        emergency_name=content.emergency_name if lists else None,
        hazard_notes=content.hazard_notes,
        visit_notes=content.visit_notes,
        slot_number=None,
        old_number=_digits(command.number) if command.kind is OrderKind.RENUMBER else None,
        line_count=command.line_count,
        network_code=(command.network_code or "").strip().upper() or None,
        bar=None,
        reason_code=None if content.reason is None else content.reason.value,
        caused_by=None,
        link_number=None,
        excess_price=None,
        excess_agreed=command.excess_agreed,
        quote_number=None,
        authority=(command.authority or "").strip() or None,
        is_treatment=False,
        consented_by=content.consented_by,
        consented_at=at if content.consented_by else None,
        owner=None,
        escalation=0,
        chase_count=0,
        placed_on=on,
        placed_at=at,
        placed_by=partner_code,
        done_on=None,
        completed_at=None,
        row_version=1,
    )


def _digits(number: str | None) -> str | None:
    return None if number is None else number.removeprefix("+")


def no_return_at(known: Sequence[Timing], copy: OrderCopy, target_on: date) -> datetime:
    """From when an order worked for a day can no longer be changed."""
    is_visited = copy.plant_outcome not in {None, PlantOutcome.RESTART}
    timing = timing_of(known, copy.kind, copy.plant_outcome, needs_visit=is_visited, on=target_on)
    return point_of_no_return(timing, target_on, NATION)
