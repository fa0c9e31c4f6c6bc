"""What can be asked of orders, and what comes back: the same record from a screen, a partner's XML and a script."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from css.core.money import Money, Price
from css.core.words import BarKind, DirectoryEntryKind, HalfDay, MissCause
from orders.words import CancelOtherReason, OrderKind, OrderState, PlantOutcome, TaskKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A day and the half of it an engineer is asked for."""

    slot_on: date
    half_day: HalfDay


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder:
    """Ask for something to be done to a line; ``orders.rules.kinds`` says which fields each kind needs and may have."""

    token: str = ""
    """Chosen by the asker; a repeat of it gets the first answer."""
    kind: OrderKind
    account_number: str
    """Whose it will be: of a takeover, transfer or port in the gaining account."""
    product_codes: tuple[str, ...] = ()
    """Products wanted: of a new line one main product and any features; of a change of features those to be added."""
    remove_codes: tuple[str, ...] = ()
    """Of a change of features: those to be taken off."""
    address_key: str | None = None
    """Where: of a new line, a start, a takeover, a move (the new premises)."""
    postcode: str | None = None
    """Of a transfer or takeover: where the line is, as the caller says it; must be that of the line."""
    number: str | None = None
    """The telephone number of the line worked on. For a provide: the number wanted, or None for the next free one."""
    new_number: str | None = None
    """The number the line will have: of a renumber, port in, takeover, move or start. None leaves it to the house."""
    keeps_number: bool = True
    """Of a takeover, a move or a start: the line keeps its number, where it can; otherwise it gets another. Of a takeover only for who
    names the number: it may be ex-directory."""
    line_count: int | None = None
    """Of an order for how many lines: how many there will be, the one with the number included."""
    network_code: str | None = None
    """Of a port: the other network."""
    authority: str | None = None
    """Of a port in or transfer: where the letter of authority is filed."""
    bar: BarKind | None = None
    reason_code: str | None = None
    """Of a cease: a ``CeaseReason``."""
    ends_riding: bool = False
    """Of a cease or port out: whoever orders knows that services of others ride on the line and stop with it."""
    linked_order: str | None = None
    """The open order this is to be done together with."""
    required_on: date
    """Customer required date."""
    appointment: Slot | None = None
    """A slot to be booked now."""
    appointment_number: str | None = None
    """A slot that is held for the asker; instead of ``appointment``."""
    care_level: str | None = None
    """None takes the product's own; of a change of care level the one wanted."""
    excess_agreed: Money | None = None
    """Up to what excess construction the customer agrees beforehand, before VAT, where plant must be built."""
    quote_number: str | None = None
    """The quote it is ordered by."""
    consented_by: str | None = None
    """Who agreed to the terms read out, by name; needed where another provider loses the line or number."""
    customer_reference: str | None = None
    """The partner's own reference, at most 50 characters."""
    contact_name: str
    contact_phone: str
    directory_kind: DirectoryEntryKind | None = None
    """None lists a new line as an ordinary entry and leaves any other as it is."""
    directory_name: str | None = None
    emergency_name: str | None = None
    """Whom the emergency services are told is there."""
    hazard_notes: str | None = None
    visit_notes: str | None = None
    conversation_id: str = ""
    """A UUID that ties a partner's messages about the order together; made from the order number when empty."""
    schema_major: int | None = None
    """The major version of the partner's message it came by, in which its events are told; None for no message."""


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
    """None where no pair is needed."""


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
class AmendOrder:
    """Change what an open order says; a field left at None stays as it is."""

    token: str = ""
    order_number: str
    required_on: date | None = None
    """Never earlier than the committed date."""
    appointment: Slot | None = None
    """Another slot; the one there was is given back."""
    appointment_number: str | None = None
    """A slot held for the asker; instead of ``appointment``."""
    contact_name: str | None = None
    contact_phone: str | None = None
    hazard_notes: str | None = None
    """Empty takes them away."""
    visit_notes: str | None = None
    """Empty takes them away."""
    add_codes: tuple[str, ...] = ()
    """Features to be ordered besides, of an order for a new line or a change of features."""
    drop_codes: tuple[str, ...] = ()
    """Features no longer wanted by this order."""
    line_count: int | None = None
    reason_code: str = ""
    """Why, as a problem code that may reappoint, where the date or slot moves; may be empty."""
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOther:
    """The losing provider stops a takeover or transfer of its line, before the point of no return."""

    token: str = ""
    order_number: str
    """Of the unsolicited cease, which is the losing provider's."""
    reason: CancelOtherReason
    words: str = ""
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminateOrder:
    """We end an order that cannot be done; the customer is told why and owes nothing for it."""

    token: str = ""
    order_number: str
    problem_code: str
    """One that may cancel an order."""
    words: str
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InformOrder:
    """Tell the customer more about an open order, or warn them; nothing about the order changes."""

    token: str = ""
    order_number: str
    words: str
    problem_code: str | None = None
    """One that may inform; needed for a warning."""
    is_warning: bool = False
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitOrder:
    """Planning has surveyed an order that waits for building: what it costs to build, and by when it will work."""

    token: str = ""
    order_number: str
    committed_on: date
    excess_price: Price | None = None
    """Excess construction before VAT; None for none."""
    excess_consented_by: str | None = None
    """Who agreed to it by name, where it is more than was agreed beforehand."""
    distribution_point: str | None = None
    """For an address the network did not know: the distribution point that will feed it, as CABINET/POINT."""
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteTask:
    """A task of an order is done; the last one completes the order."""

    token: str = ""
    order_number: str
    task: TaskKind
    checks: tuple[str, ...] = ()
    """The codes of its checklist that were seen to; every required one must be."""
    done_on: date
    words: str = ""
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailTask:
    """A task could not be done: the order is held, given a new date, or ended by us, as the code permits; or only noted."""

    token: str = ""
    order_number: str
    task: TaskKind
    problem_code: str
    effect: Literal["inform", "delay", "reappoint", "cancel"] = "delay"
    target_on: date | None = None
    """Of a reappointment: the new date."""
    words: str
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryTask:
    """A failed task is open again."""

    token: str = ""
    order_number: str
    task: TaskKind
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MissAppointment:
    """The visit of an order did not do its work, and why. Ours is a service failure, the customer's an abortive visit."""

    token: str = ""
    order_number: str
    cause: MissCause
    words: str = ""
    appointment: Slot | None = None
    """The next slot, when one was agreed at once; otherwise the order is held for one."""
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChaseOrder:
    """The customer rang to ask where the order is: counted, and noted for whoever sees it through."""

    token: str = ""
    order_number: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalateOrder:
    """Somebody higher up must look at the order."""

    token: str = ""
    order_number: str
    words: str
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOrder:
    """An operator takes an order to see it through, or gives it back."""

    token: str = ""
    order_number: str
    gives_back: bool = False
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNoted:
    """The answer to verbs that tell the customer nothing."""

    order_number: str
    owner: str | None
    escalation: int
    chase_count: int


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
