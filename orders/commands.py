"""What can be asked of orders, and what comes back: the same record from a screen, a partner's XML and a script."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from css.core.words import DirectoryEntryKind, HalfDay
from orders.words import OrderKind, OrderState, PlantOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A day and the half of it an engineer is asked for."""

    slot_on: date
    half_day: HalfDay


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder:
    """Ask for a line to be provided at a site, or for a working line to be ceased."""

    token: str = ""
    """Chosen by the asker; a repeat of it gets the first answer."""
    kind: OrderKind
    account_number: str
    product_codes: tuple[str, ...] = ()
    """For a provide: one main product and any features."""
    address_key: str | None = None
    """For a provide: where."""
    number: str | None = None
    """For a cease: the telephone number of the line. For a provide: the number wanted, or None for the next free one."""
    required_on: date
    """Customer required date."""
    appointment: Slot | None = None
    care_level: str | None = None
    """None takes the product's own."""
    customer_reference: str | None = None
    """The partner's own reference, at most 50 characters."""
    contact_name: str
    contact_phone: str
    directory_kind: DirectoryEntryKind = DirectoryEntryKind.ORDINARY
    directory_name: str | None = None
    emergency_name: str | None = None
    """For a provide: whom the emergency services are told is there."""
    hazard_notes: str | None = None
    visit_notes: str | None = None
    conversation_id: str = ""
    """A UUID that ties a partner's messages about the order together; made from the order number when empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced:
    """The answer: the order's number and what was promised."""

    order_number: str
    state: OrderState
    required_on: date
    committed_on: date | None
    number: str | None
    """The telephone number, as digits; None at a silver address, where none can be reserved."""
    plant_outcome: PlantOutcome | None
    """None for a cease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteOrder:
    """The field force reports an order done: services open or end from ``done_on``."""

    token: str = ""
    order_number: str
    done_on: date
    """The day the work was done, not later than today's business date."""
    row_version: int | None = None
    """What the asker saw; Conflict when somebody changed the order since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayOrder:
    """The order cannot be done as committed; the customer is told why."""

    token: str = ""
    order_number: str
    problem_code: str
    words: str
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeOrder:
    """A held order goes on, with a new target date when the old one cannot be kept. The committed date, once given, stays."""

    token: str = ""
    order_number: str
    target_on: date | None = None
    """What will be worked to from now on; None keeps the date there was."""
    words: str = ""
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """The customer no longer wants it; refused after the point of no return."""

    token: str = ""
    order_number: str
    reason: str
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged:
    """The answer to every later verb: where the order stands now."""

    order_number: str
    state: OrderState
    kci_sequence: int
    """The last event of the stream."""
    committed_on: date | None
    """What was promised."""
    target_on: date | None
    """What is worked to now."""
