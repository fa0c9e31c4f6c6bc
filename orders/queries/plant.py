"""The line plant query: what there is at an address for a new line, and how soon one can be had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from css.core.calendar import Nation
from css.core.words import AddressMatch, NationCode
from css.db.sql import block
from css.master.sites import no_address
from orders.number_facts import quarantine
from orders.rules.plant import Rest, plant_outcome, rested_at
from orders.rules.timing import Timing, earliest_date, timing_of
from orders.timings import timings
from orders.words import OrderKind, PlantOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedLine:
    """A line that was ceased and left in place."""

    line_id: int
    number: str | None
    """The number it had last, as E.164 digits; None where it never had one."""
    stopped_at: datetime | None
    """When its number ended."""
    rests_until_at: datetime | None
    """Until when nobody but its last user, or whoever starts the line, may have the number; None when it has rested."""
    is_number_gone: bool
    """Somebody else has the number or is to have it, or it went back to its network: a start gives another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarliestRow:
    """The first required date for a kind of order there, asked for today."""

    kind: OrderKind
    outcome: PlantOutcome | None
    needs_visit: bool
    earliest_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantAnswer:
    """What there is at an address for a new line, and how soon one can be had. It may be gone a moment later."""

    address_key: str
    match: AddressMatch
    """Of a silver address the network knows nothing: no line, no pair, and no number can be kept; planning looks first."""
    exchange_name: str
    working_lines: int
    """How many; their numbers are not told."""
    stopped_lines: int
    stopped: tuple[StoppedLine, ...]
    spare_pairs: int
    """Free ones at the distribution point; 0 at a silver address."""
    outcome: PlantOutcome
    """How a new line would be provided."""
    is_surveyed_first: bool
    """Nothing can be promised before planning has looked."""
    earliest_on: date
    """The first required date for a new line whose fitting needs a visit."""
    earliest: tuple[EarliestRow, ...]
    """By kind of order, as far as there is something there for it."""
    words: str
    """All of it in a sentence or two, to be read out."""


def plant_at(session: Session, address_key: str, *, at: datetime) -> PlantAnswer:
    """The plant at an address, as an order placed now would find it, in four statements.

    Raises:
        NotFound: CSS209E, no such address.
    """
    place = session.execute(block("orders", "entry.at_address"), {"address_key": address_key.strip().upper()}).one_or_none()
    if place is None:
        raise no_address(address_key)
    stopped = _stopped(session, place.site_id, at) if place.stopped_lines else ()
    outcome = plant_outcome(has_stopped_line=bool(stopped), has_spare_pair=place.spare_pairs > 0)
    earliest = _earliest(timings(session), place, outcome)
    return PlantAnswer(
        address_key=place.address_key,
        match=AddressMatch(place.match),
        exchange_name=place.exchange_name,
        working_lines=place.working_lines,
        stopped_lines=len(stopped),
        stopped=stopped,
        spare_pairs=place.spare_pairs,
        outcome=outcome,
        is_surveyed_first=outcome is PlantOutcome.BUILD,
        earliest_on=next(row.earliest_on for row in earliest if row.kind is OrderKind.PROVIDE and row.needs_visit),
        earliest=earliest,
        words=_words(place, outcome),
    )


def _stopped(session: Session, site_id: int, at: datetime) -> tuple[StoppedLine, ...]:
    rests = quarantine(session)
    rows = session.execute(block("orders", "plant.stopped_lines"), {"site_id": site_id, "at": at})
    return tuple(
        StoppedLine(
            line_id=row.line_id,
            number=row.number,
            stopped_at=row.ends_at,
            rests_until_at=_still_resting(rests, row.ends_at, at),
            is_number_gone=row.number is not None and row.is_number_gone,
        )
        for row in rows
    )


def _still_resting(rests: tuple[Rest, ...], ended_at: datetime | None, at: datetime) -> datetime | None:
    if ended_at is None:
        return None
    until = rested_at(rests, ended_at)
    return until if until > at else None


def _earliest(rows: tuple[Timing, ...], place: Row[Any], outcome: PlantOutcome) -> tuple[EarliestRow, ...]:
    nation: Nation = NationCode(place.nation).value
    kinds: list[tuple[OrderKind, PlantOutcome | None, bool]] = [
        (kind, outcome, visit) for kind in (OrderKind.PROVIDE, OrderKind.MOVE, OrderKind.PORT_IN) for visit in (True, False)
    ]
    kinds += [(OrderKind.START, None, False)] if place.stopped_lines else []
    kinds += [(OrderKind.TAKEOVER, None, False), (OrderKind.TRANSFER, None, False)] if place.working_lines else []
    on = place.current_on
    return tuple(
        EarliestRow(
            kind=kind,
            outcome=how,
            needs_visit=visit,
            earliest_on=earliest_date(timing_of(rows, kind, how, needs_visit=visit, on=on), on=on, nation=nation),
        )
        for kind, how, visit in kinds
    )


def _words(place: Row[Any], outcome: PlantOutcome) -> str:
    if place.match == AddressMatch.SILVER:
        return (
            "The address is known to the post but not to the network (silver): it is not known what is there, no number can be kept,"
            " and planning looks before anything is promised."
        )
    how = {
        PlantOutcome.RESTART: "a stopped line can be started again",
        PlantOutcome.SPARE_PAIR: "a spare pair can be used",
        PlantOutcome.BUILD: "a pair must be built first, and planning looks before anything is promised",
    }[outcome]
    counts = (
        _count(place.working_lines, "working line"),
        _count(place.stopped_lines, "stopped line"),
        _count(place.spare_pairs, "spare pair"),
    )
    return f"There {'is' if counts[0].startswith('1 ') else 'are'} {', '.join(counts[:2])} and {counts[2]}: {how}."


def _count(many: int, what: str) -> str:
    return f"{many or 'no'} {what}{'' if many == 1 else 's'}"
