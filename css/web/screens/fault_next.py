"""Who does what next about a fault, in a sentence or two: by where it stands and by what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from css.web.filters import instant
from repairs.queries.cards import FaultCard
from repairs.words import OPEN_STATES, Craft, FaultKind, FaultState, Location

CRAFTS: Final = {
    Craft.HOME: "sockets and wiring in premises",
    Craft.OVERHEAD: "poles and dropwires",
    Craft.UNDERGROUND: "ducts, joints and cabinets",
    Craft.FRAMES: "the main frame and the exchange",
    Craft.DATA: "the switch's data, from a desk",
}
LOCATIONS: Final = {
    Location.OK: "the line tests right",
    Location.CA: "customer apparatus",
    Location.CE: "the customer's wiring or socket",
    Location.LN: "the local network: cable, joint, pole, dropwire",
    Location.CO: "the cabinet",
    Location.EX: "the exchange",
    Location.FU: "the main frame",
    Location.DT: "a diagnostic test is needed first",
    Location.CI: "data in the exchange",
}
ENDED: Final = "Nothing: it has ended. Trouble that comes again is a new fault."


def next_step(card: FaultCard, at: datetime) -> str:
    """For whoever opens the fault; ``at`` is now."""
    if card.outage_id is not None and card.summary.state in OPEN_STATES:
        return f"It is mended with outage {card.outage_id}; nobody is sent for it alone."
    says = _NEXT.get(card.summary.state)
    return says(card, at) if says is not None else ENDED


def _reported(card: FaultCard, _: datetime) -> str:
    if card.summary.kind is FaultKind.DAMAGE:
        return "Control sends somebody to look: assign an engineer, Shift+F4."
    return "Nobody knows yet what it is: test the line, Shift+F5."


def _tested(_card: FaultCard, _at: datetime) -> str:
    return "The test sends nobody anywhere: control diagnoses it, Shift+F3, or the customer is promised a visit, Shift+F1."


def _diagnosed(_card: FaultCard, _at: datetime) -> str:
    return "Somebody must let the engineer in: promise the customer a visit, Shift+F1."


def _queued(card: FaultCard, _: datetime) -> str:
    return f"{_engineer(card)} takes it from the queue; nobody need be in."


def _appointed(card: FaultCard, _: datetime) -> str:
    return f"{_engineer(card)} comes in {card.slot.slot.words}." if card.slot is not None else f"{_engineer(card)} comes."


def _issued(card: FaultCard, _: datetime) -> str:
    visit = card.live_visit
    return f"{visit.engineer_name} ({visit.engineer_code}) has it since {instant(visit.issued_at)} and goes there." if visit else ""


def _on_site(card: FaultCard, _: datetime) -> str:
    visit = card.live_visit
    if visit is None:
        return ""
    return f"{visit.engineer_name} ({visit.engineer_code}) is there since {instant(visit.arrived_at)}, and clears it or gives it back."


def _parked(_card: FaultCard, _at: datetime) -> str:
    return "Whoever sees it through resumes it, Shift+F7, when what it waits for has happened."


def _cleared(card: FaultCard, at: datetime) -> str:
    if card.accept_by_at is None or card.accept_by_at <= at:
        return "Nobody said that it does not work: the next night accepts it."
    until = instant(card.accept_by_at)
    return f"The customer says until {until} whether it works; silence accepts it then. If not, Shift+F9, and the same fault goes on."


def _engineer(card: FaultCard) -> str:
    return f"An engineer for {CRAFTS[card.craft]}" if card.craft is not None else "An engineer"


_NEXT: Final[Mapping[FaultState, Callable[[FaultCard, datetime], str]]] = {
    FaultState.REPORTED: _reported,
    FaultState.TESTED: _tested,
    FaultState.DIAGNOSED: _diagnosed,
    FaultState.QUEUED: _queued,
    FaultState.APPOINTED: _appointed,
    FaultState.ISSUED: _issued,
    FaultState.ON_SITE: _on_site,
    FaultState.PARKED: _parked,
    FaultState.CLEARED: _cleared,
}
