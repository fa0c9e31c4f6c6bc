"""What the kinds of orders are given to decide with, and what they answer: the seam between an order and its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import Nation
from css.core.errors import CssError
from css.core.slots import day_fault, window
from css.core.words import Segment, Skill
from css.master.lines import Line
from css.master.sites import Site
from orders.actions.find import Asker, ServiceFound
from orders.commands.orders import PlaceOrder
from orders.model import CustomerOrder
from orders.rules.content import Content, Offer
from orders.rules.dates import committed_date, required_date_fault
from orders.rules.timing import Timing, earliest_date, timing_of
from orders.words import ItemAction, PlantOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An order as asked, read but not yet matched with lines and plant."""

    command: PlaceOrder
    asker: Asker
    content: Content
    faults: tuple[CssError, ...]
    """What was found wrong so far; the kind tells it together with what it finds itself."""
    timings: tuple[Timing, ...]
    on: date
    """The business date."""
    by: Actor
    at: datetime

    @property
    def nation(self) -> Nation:
        return self.asker.nation


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A product, what is done to it, and the service that is ended or kept."""

    action: ItemAction
    product_id: int
    service_id: int | None = None
    quantity: int = 1


def items_added(offers: Iterable[Offer]) -> tuple[Item, ...]:
    """One of each product, added."""
    return tuple(Item(action=ItemAction.ADD, product_id=offer.product_id) for offer in offers)


def items_of(services: Iterable[ServiceFound], action: ItemAction) -> tuple[Item, ...]:
    """What works on a line, kept or taken off as it is."""
    return tuple(
        Item(action=action, product_id=service.product_id, service_id=service.service_id, quantity=service.quantity) for service in services
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Losing:
    """Whose line a takeover or transfer takes: an unsolicited cease is left with them."""

    account_id: int
    provider_id: int
    district_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What an order will work on, as its kind found it; everything it takes is locked or unique by then."""

    line_id: int
    site_id: int
    exchange_id: int
    items: tuple[Item, ...] = ()
    number: str | None = None
    """The number the line will have, or that it is known by."""
    kept_number: str | None = None
    """The same where it must be kept from others until then."""
    old_number: str | None = None
    """The number the line has now, where it will have another."""
    from_line_id: int | None = None
    """Of a move: the line that is left."""
    outcome: PlantOutcome | None = None
    """Where a pair is needed: how there will be one."""
    needs_visit: bool = False
    is_surveyed_first: bool = False
    """Nothing can be promised before planning has looked: the order stays acknowledged."""
    losing: Losing | None = None
    care_level: str | None = None
    """Of the line, where the kind finds it rather than the command says it."""
    lists_line: bool = False
    """The order says how the line is listed and whom the emergency services are told is there."""


def date_faults(asked: Asked, outcome: PlantOutcome | None, *, needs_visit: bool) -> list[CssError]:
    """What is wrong with the dates of an order that needs such plant, a visit or none (CSS213E, CSS214E, CSS222E)."""
    command, nation = asked.command, asked.nation
    timing = timing_of(asked.timings, command.kind, outcome, needs_visit=needs_visit, on=asked.on)
    earliest_on = earliest_date(timing, on=asked.on, nation=nation)
    faults = [required_date_fault(command.required_on, earliest_on, on=asked.on, outcome=outcome)]
    if command.appointment is not None:
        committed_on = committed_date(max(command.required_on, earliest_on), nation)
        first, last = window(Skill.INSTALL, on=asked.on, latest_on=committed_on)
        faults.append(day_fault(command.appointment.slot_on, first=first, last=last, nation=nation))
    return [fault for fault in faults if fault is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """An order being completed, everything it touches locked."""

    order: CustomerOrder
    line: Line
    site: Site
    segment: Segment
    done_on: date
    on: date
    """The business date."""
    by: Actor
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """How a kind of order works: what it finds when it is placed, and what it does when the work is done."""

    find: Callable[[Session, Asked], Work]
    """Find and take lines, plant and numbers; raise everything that is wrong, ``asked.faults`` first, as one ``Several``."""
    complete: Callable[[Session, Doing], None]
    """Make plant, services, numbers, listings and bars what was ordered, as of ``done_on``. No charges, no telling."""
    races: dict[str, str] = field(default_factory=dict)
    """Constraints of the kind's own that decide who was first, and over what; tried again after one was lost."""
