"""The words every room shares: closed lists of the trade, pure, so that rules may use them. Each is held as text by value."""

from __future__ import annotations

from enum import StrEnum


class NationCode(StrEnum):
    """Whose bank holidays count."""

    ENGLAND_AND_WALES = "england-and-wales"
    SCOTLAND = "scotland"
    NORTHERN_IRELAND = "northern-ireland"


class CustomerKind(StrEnum):
    """A person or an organisation."""

    PERSON = "person"
    ORGANISATION = "organisation"


class ContactPointKind(StrEnum):
    """How a customer is reached."""

    PHONE = "phone"
    MOBILE = "mobile"
    EMAIL = "email"


class Segment(StrEnum):
    """Who is billed: prices, ladders and rules differ by it."""

    RESIDENTIAL = "residential"
    BUSINESS = "business"
    WHOLESALE = "wholesale"


class BillFrequency(StrEnum):
    """How often a bill is made."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    ANNUAL = "annual"

    @property
    def months(self) -> int:
        return {BillFrequency.MONTHLY: 1, BillFrequency.QUARTERLY: 3, BillFrequency.ANNUAL: 12}[self]


class PaymentMeans(StrEnum):
    """How the account pays."""

    DIRECT_DEBIT = "direct-debit"
    ON_DEMAND = "on-demand"


class VatStatus(StrEnum):
    """How supplies to this account are taxed."""

    STANDARD = "standard"
    EXEMPT = "exempt"
    REVERSE_CHARGE = "reverse-charge"


class BillMedium(StrEnum):
    """How the bill reaches the payer."""

    PAPER = "paper"
    EMAIL = "email"
    LARGE_PRINT = "large-print"
    XML = "xml"


class Itemisation(StrEnum):
    """How much of the calls a bill shows; the subscriber may ask for less (domain: privacy)."""

    FULL = "full"
    MASKED = "masked"
    """The last digits of the other number are not shown."""
    NONE = "none"
    """No call is listed; they are charged by class."""


class AddressMatch(StrEnum):
    """How well an address is known (domain: address matching)."""

    GOLD = "gold"
    """In the network's own records: plant, stopped lines and numbers are known."""
    SILVER = "silver"
    """Copied from postal data: no network record, a number cannot be reserved."""


class PairState(StrEnum):
    """What the records say of a pair. Its physical condition is another matter."""

    WORKING = "working"  # -> stopped (service ceased), spare (line recovered), faulty
    STOPPED = "stopped"  # -> working (line restarted), spare (line recovered), faulty
    SPARE = "spare"  # -> working (jointed to a line), faulty
    FAULTY = "faulty"  # -> spare (repaired)


class PlantElement(StrEnum):
    """What can be broken between the exchange and the telephone, the largest first."""

    EXCHANGE = "exchange"
    CABINET = "cabinet"
    DISTRIBUTION_POINT = "distribution-point"
    PAIR = "pair"
    PREMISES = "premises"
    """Behind the socket: the customer's own wiring and apparatus."""


class PlantCondition(StrEnum):
    """What is physically wrong with a piece of plant: the electrical categories of the trade, and what no meter shows."""

    DISCONNECTION = "disconnection"
    LOOP = "loop"
    SHORT = "short"
    EARTH = "earth-contact"
    BATTERY = "battery-contact"
    LOW_INSULATION = "low-insulation"
    RECTIFIED_LOOP = "rectified-loop"
    DATA = "data"
    """Nothing electrical: the switch is wrongly set."""
    UNSEEN = "unseen"
    """Broken, and a test sees nothing: worn, noisy now and then, dangerous."""


class LineState(StrEnum):
    """What the line is doing."""

    PLANNED = "planned"  # -> working (order completed), recovered (order cancelled)
    WORKING = "working"  # -> stopped (ceased, plant left in place)
    STOPPED = "stopped"  # -> working (started again), recovered
    RECOVERED = "recovered"  # the pair is spare again; the record stays


class DirectoryEntryKind(StrEnum):
    """How the line stands in the directory."""

    ORDINARY = "DE"
    EX_DIRECTORY = "XD"
    NO_ENTRY_ENQUIRIES_ALLOWED = "NQ"


class ProductKind(StrEnum):
    """What sort of thing can be ordered."""

    LINE = "line"
    """The main product: a working telephone line with a number."""
    FEATURE = "feature"
    """A select service riding on a line."""
    CARE = "care"
    """A care level sold for money."""
    ONE_OFF = "one-off"
    """Charged once, by a billable item: connection, engineer's visit, late payment."""
    PROMOTION = "promotion"
    """A credit every month until a date: its rental price is negative."""


class PriceKind(StrEnum):
    """What the price is for."""

    RENTAL = "rental"
    """A calendar month of a quantity of one, charged in advance."""
    CONNECTION = "connection"
    """Once, when an order completes."""
    ONE_OFF = "one-off"
    """Once, when it happens."""
    TERMINATION = "termination"
    """For each month of a minimum term that is left when the service ends."""


class PriceBasis(StrEnum):
    """Whether the published figure is before or after VAT; the other is derived and stored beside it."""

    NET = "net"
    GROSS = "gross"


class VatCode(StrEnum):
    """How a supply is taxed."""

    STANDARD = "standard"
    REDUCED = "reduced"
    ZERO = "zero"
    EXEMPT = "exempt"


class HalfDay(StrEnum):
    """The slot: morning 08:00-13:00, afternoon 13:00-18:00."""

    AM = "AM"
    PM = "PM"


class AppointmentState(StrEnum):
    """How the promise stands."""

    HELD = "held"  # -> booked, lapsed (24 hours)
    BOOKED = "booked"  # -> kept, missed, cancelled
    KEPT = "kept"
    MISSED = "missed"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


class Skill(StrEnum):
    """What the engineer who is asked for must be able to do."""

    INSTALL = "install"
    """Fits lines and sockets in premises."""
    REPAIR = "repair"
    """Finds and clears faults."""


class MissCause(StrEnum):
    """Why a visit that was promised did not do its work. The first four are ours, and compensated; the others the customer's."""

    NO_SHOW = "no-show"
    LATE = "late"
    """The engineer came after the slot."""
    RECALLED = "recalled"
    """Called off by us with less than 24 hours' notice."""
    NOT_EQUIPPED = "not-equipped"
    """The engineer came and had not what was needed."""
    NO_ACCESS = "no-access"
    NO_ADULT = "no-adult"
    """Nobody of eighteen or over was in."""
    NOT_READY = "not-ready"
    """The premises were not ready for the work."""
    REFUSED = "refused"
    """The customer sent the engineer away."""

    @property
    def is_ours(self) -> bool:
        return self in {MissCause.NO_SHOW, MissCause.LATE, MissCause.RECALLED, MissCause.NOT_EQUIPPED}


class BarKind(StrEnum):
    """A bar the house puts on a line for debt; not the customer's own call barring."""

    OUTGOING = "OCB"
    """Outgoing calls barred; 999 goes through."""
    INCOMING = "ICB"
    """Incoming calls barred as well."""
    OUT_OF_SERVICE = "TOS"
    """Temporarily out of service."""


class EndReason(StrEnum):
    """Why a service ended."""

    CEASED = "ceased"
    CHANGED = "changed"
    """A feature taken off, a care level or a number of lines changed."""
    MOVED = "moved"
    """Goes on at other premises."""
    TAKEN_OVER = "taken-over"
    """Another occupant took the line over."""
    TRANSFERRED = "transferred"
    """The same occupant went to another provider."""
    PORTED_OUT = "ported-out"
    """The number went to another network."""
    DEBT = "debt"
    DECEASED = "deceased"
    """Whoever had it has died: no minimum term binds an estate."""
    OUR_FAULT = "our-fault"
    """We could not provide what was promised: no minimum term binds."""


class PortDirection(StrEnum):
    """Which way a number went between networks."""

    IN = "in"
    OUT = "out"


class Role(StrEnum):
    """What an operator may do; an operator may hold several."""

    CLERK = "clerk"
    """Orders, faults, payments, customers."""
    REPAIR = "repair"
    """Clears faults."""
    CONTRACTOR = "contractor"
    """Clears the faults that were given to them, and sees no others."""
    BILLING = "billing"
    """Adjusts, holds and releases bills."""
    SCHEDULER = "scheduler"
    """Runs the night."""
    SUPERVISOR = "supervisor"
    """Ends sessions, approves above the limit, reads the audit trail."""


class FailureKind(StrEnum):
    """How we failed the customer (domain: automatic compensation)."""

    DELAYED_REPAIR = "delayed-repair"
    MISSED_APPOINTMENT = "missed-appointment"
    DELAYED_START = "delayed-start"


class RequestKind(StrEnum):
    """What billing's debt ladder asks of orders."""

    BAR = "bar"
    RESTORE = "restore"
    CEASE = "cease"


class HoldKind(StrEnum):
    """Why treatment must wait."""

    DISPUTE = "dispute"
    OPEN_FAULT = "open-fault"
    OPEN_ORDER = "open-order"
    TREATMENT = "treatment"
    """An open order of debt treatment's own: shown to everybody, and in treatment's way never."""
    VULNERABLE = "vulnerable"
    PAYMENT_PLAN = "payment-plan"
