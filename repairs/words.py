"""The closed lists of this room, pure, so that rules and doors may use them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class FaultState(StrEnum):
    """Where a fault stands; the legal moves are in ``repairs.rules.lifecycle`` with the TMF621 names beside them."""

    REPORTED = "reported"
    """It has its number; nobody knows yet what it is."""
    TESTED = "tested"
    """A line test answered; nobody has judged it yet."""
    DIAGNOSED = "diagnosed"
    """It is known where to look and who must go."""
    QUEUED = "queued"
    """It waits for an engineer, and the customer need not be in."""
    APPOINTED = "appointed"
    """It waits for the slot that was promised."""
    ISSUED = "issued"
    """An engineer has it."""
    ON_SITE = "on-site"
    """The engineer is there."""
    PARKED = "parked"
    """Nothing can be done until somebody else does something; the clock stands."""
    CLEARED = "cleared"
    """We say it is put right; the customer has not said so yet."""
    ACCEPTED = "accepted"
    """The customer, or silence, agrees."""
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    """The customer took the report back."""


ENDED_STATES: Final = frozenset({FaultState.CLEARED, FaultState.ACCEPTED, FaultState.CLOSED, FaultState.WITHDRAWN})
"""Nobody is to work on it any more, unless a clear is rejected."""
OPEN_STATES: Final = frozenset(FaultState) - ENDED_STATES


class FaultKind(StrEnum):
    """What is in trouble."""

    LINE = "line"
    """A working line, with its account."""
    DAMAGE = "damage"
    """A place: plant somebody saw broken or dangerous. It has no line, no account and nobody to compensate."""


class ClockState(StrEnum):
    """What a fault's clock does in an interval. Intervals follow each other from the acceptance without a gap."""

    RUNNING = "running"
    PARKED = "parked"
    """Somebody else must act first: the care level's clock stands; automatic compensation goes on."""
    CUSTOMER = "customer-held"
    """The customer's own delay: both stand."""
    MBORC = "mborc"
    """Matters beyond our reasonable control: both run, and wholesale guarantees are void."""


class ParkReason(StrEnum):
    """Why a fault waits. The first four are the customer's own delay and stop automatic compensation too."""

    NO_ACCESS = "no-access"
    CUSTOMER_ASKED = "customer-asked"
    """The customer wants it later than it was offered."""
    CUSTOMER_EQUIPMENT = "customer-equipment"
    """The customer must change or unplug something first."""
    CUSTOMER_ANSWER = "customer-answer"
    """A question was put to the customer."""
    PERMISSION = "permission"
    """A landowner's or the highway authority's leave."""
    PROVIDER_ANSWER = "provider-answer"
    """A question was put to the provider whose customer it is."""
    OTHER_NETWORK = "other-network"
    HAZARD = "hazard"
    """Not safe to work there now."""
    STORES = "stores"
    """Material is on order: our own trouble, and the clock runs on."""

    @property
    def is_customers(self) -> bool:
        """Whether the customer is who delays it."""
        return self in {ParkReason.NO_ACCESS, ParkReason.CUSTOMER_ASKED, ParkReason.CUSTOMER_EQUIPMENT, ParkReason.CUSTOMER_ANSWER}

    @property
    def stops_clock(self) -> bool:
        """Whether the care level's clock stands meanwhile: never for what is our own trouble."""
        return self is not ParkReason.STORES


class Location(StrEnum):
    """Main fault location: where the trouble is, as a test or an engineer says (domain: MFL)."""

    OK = "OK"
    """The line tests right."""
    CA = "CA"
    """Customer apparatus."""
    CE = "CE"
    """Customer environment or equipment, finer than CA."""
    LN = "LN"
    """Local network: cable, joint, pole, dropwire."""
    CO = "CO"
    """Cabinet."""
    EX = "EX"
    """Exchange."""
    FU = "FU"
    """Frames unit, finer than EX."""
    DT = "DT"
    """A diagnostic test is needed first."""
    CI = "CI"
    """Configuration: data in the exchange."""


class Stability(StrEnum):
    """Whether a line or what feeds it keeps its condition."""

    STABLE = "stable"
    UNSTABLE = "unstable"
    UNKNOWN = "unknown"


class TestKind(StrEnum):
    """How deep a line test looks."""

    __test__ = False

    QUICK = "quick"
    """Seconds: what the exchange sees at once."""
    FULL = "full"
    """Minutes: every measurement, several times."""


class TestState(StrEnum):
    """How a line test stands."""

    __test__ = False

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """The test head could not measure: no fault of the line's."""


class TestOutcome(StrEnum):
    """What a line test says in one word."""

    __test__ = False

    PASS = "pass"  # noqa: S105 - an outcome, no secret
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    """It changed while it was looked at, or could not be told."""


class Craft(StrEnum):
    """What an engineer can do; a fault needs one of them."""

    HOME = "home"
    """Sockets and wiring in premises."""
    OVERHEAD = "overhead"
    """Poles and dropwires."""
    UNDERGROUND = "underground"
    """Ducts, joints and cabinets."""
    FRAMES = "frames"
    """The main frame and the exchange."""
    DATA = "data"
    """The switch's data, from a desk."""


class VisitState(StrEnum):
    """How an engineer's work on a fault stands. One live visit an engineer, and one a fault."""

    ISSUED = "issued"  # -> on-site, returned, recalled
    ON_SITE = "on-site"  # -> done, returned
    DONE = "done"
    """It ended with the clear."""
    RETURNED = "returned"
    """The engineer gave it back, with the reason."""
    RECALLED = "recalled"
    """The controller took it back, or the fault ended without it."""


class ReturnReason(StrEnum):
    """Why an engineer gives a fault back."""

    NO_ACCESS = "no-access"
    WRONG_CRAFT = "wrong-craft"
    MORE_HANDS = "more-hands"
    STORES = "stores"
    HAZARD = "hazard"
    END_OF_SHIFT = "end-of-shift"
    OTHER = "other"


class OutageState(StrEnum):
    """How a failure of shared plant stands."""

    OPEN = "open"
    CLEARED = "cleared"
    WITHDRAWN = "withdrawn"
    """It was none."""


class Activity(StrEnum):
    """What matters beyond our reasonable control are declared for."""

    REPAIR = "repair"
    PROVISION = "provision"


class ProblemState(StrEnum):
    """How a problem stands."""

    OPEN = "open"
    CLOSED = "closed"


class ProblemKind(StrEnum):
    """On what faults repeat."""

    LINE = "line"
    DISTRIBUTION_POINT = "distribution-point"
    CABINET = "cabinet"


class PlantKind(StrEnum):
    """A piece of shared plant, the largest first."""

    EXCHANGE = "exchange"
    CABINET = "cabinet"
    DISTRIBUTION_POINT = "distribution-point"
