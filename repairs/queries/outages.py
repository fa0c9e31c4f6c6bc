"""Outages: which there are, who is beneath, and what whoever rings from beneath one is told. Partners see their own lines and faults."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.db.sql import block
from repairs.rules.outages import no_outage, place_words, told_words
from repairs.rules.seeing import sees_only_own_visits
from repairs.words import FaultState, OutageState, PlantKind

LIST_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageRow:
    """An outage as lists show it."""

    outage_id: int
    kind: PlantKind
    place: str
    """The piece of plant in words."""
    state: OutageState
    began_at: datetime
    expected_at: datetime | None
    ended_at: datetime | None
    message: str
    open_faults: int
    faults: int
    """All that hang on it, mended ones too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageFaultRow:
    """A fault that hangs on an outage."""

    fault_number: str
    state: FaultState
    number: str | None
    account_number: str
    provider_code: str
    distribution_point_code: str | None
    is_vulnerable: bool
    reported_at: datetime
    due_at: datetime
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageCard:
    """An outage in full."""

    summary: OutageRow
    district_code: str
    exchange_code: str
    cabinet_code: str | None
    distribution_point_code: str | None
    cause: str | None
    """For us: a partner is not told."""
    clear_code: str | None
    declared_by: str
    declared_at: datetime
    lines: int
    """Working lines beneath it."""
    vulnerable_customers: int
    """Customers beneath it who depend on their line."""
    faults: tuple[OutageFaultRow, ...]
    """At most 200, open ones and those who depend on their line first."""
    row_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageNotice:
    """What is known above a line, for whoever is about to report a fault on it."""

    outage_id: int
    kind: PlantKind
    place: str
    began_at: datetime
    expected_at: datetime | None
    words: str
    """The message as the customer hears it."""


def outages(session: Session, district: str, *, by: Actor, ended: bool = False, limit: int = 50) -> tuple[OutageRow, ...]:
    """The outages of a district, open ones first, then the latest; those that ended only when asked for. At most 200."""
    rows = session.execute(block("repairs", "outages.outages"), _seen(by, district=district, outage=None, ended=ended, most=limit))
    return tuple(_row(row) for row in rows)


def outage_card(session: Session, outage_id: int, *, by: Actor) -> OutageCard:
    """An outage in full, with the lines and customers beneath it and the faults that hang on it.

    Raises:
        NotFound: CSS874E.
    """
    sought = _seen(by, district=None, outage=outage_id, ended=True, most=1)
    row = session.execute(block("repairs", "outages.outages"), sought).one_or_none()
    if row is None:
        raise no_outage(outage_id)
    reach = {
        "exchange": row.exchange_id,
        "cabinet": row.cabinet_id,
        "point": row.distribution_point_id,
        "provider": by.provider_code if by.is_partner else None,
    }
    beneath = session.execute(block("repairs", "outages.lines"), reach).one()
    attached = session.execute(block("repairs", "outages.faults"), _seen(by, outage=outage_id, most=LIST_MAX))
    return OutageCard(
        summary=_row(row),
        district_code=row.district_code,
        exchange_code=row.exchange_code,
        cabinet_code=row.cabinet_code,
        distribution_point_code=row.distribution_point_code,
        cause=None if by.is_partner else row.cause,
        clear_code=row.clear_code,
        declared_by=row.declared_by,
        declared_at=row.declared_at,
        lines=beneath.lines,
        vulnerable_customers=beneath.vulnerable_customers,
        faults=tuple(_fault(one) for one in attached),
        row_version=row.row_version,
    )


def outage_of_line(session: Session, line_id: int, *, by: Actor) -> OutageNotice | None:
    """The outage a fault on this line would hang on, and what the customer is told; None where all is well. Holds nothing."""
    told = {"line": line_id, "provider": by.provider_code if by.is_partner else None}
    row = session.execute(block("repairs", "outages.over_line"), told).one_or_none()
    if row is None:
        return None
    return OutageNotice(
        outage_id=row.id,
        kind=PlantKind(row.kind),
        place=place_words(row),
        began_at=row.began_at,
        expected_at=row.expected_at,
        words=told_words(row.message, row.expected_at),
    )


def _seen(by: Actor, *, most: int, **sought: object) -> dict[str, object]:
    """What is looked for, as far as the asker may see: a partner their own, a contractor what was given to them."""
    return sought | {
        "most": max(1, min(most, LIST_MAX)),
        "provider": by.provider_code if by.is_partner else None,
        "engineer": by.name if sees_only_own_visits(by) else None,
    }


def _row(row: Row[Any]) -> OutageRow:
    return OutageRow(
        outage_id=row.id,
        kind=PlantKind(row.kind),
        place=place_words(row),
        state=OutageState(row.state),
        began_at=row.began_at,
        expected_at=row.expected_at,
        ended_at=row.ended_at,
        message=row.message,
        open_faults=row.open_faults,
        faults=row.faults,
    )


def _fault(row: Row[Any]) -> OutageFaultRow:
    return OutageFaultRow(
        fault_number=row.number,
        state=FaultState(row.state),
        number=row.telephone_number,
        account_number=row.account_number,
        provider_code=row.provider_code,
        distribution_point_code=row.distribution_point_code,
        is_vulnerable=row.is_vulnerable,
        reported_at=row.reported_at,
        due_at=row.due_at,
        cleared_at=row.cleared_at,
    )
