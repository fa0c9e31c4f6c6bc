"""What can be asked about line tests, and about what is physically broken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Result, Row
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import NotFound
from css.core.words import PlantCondition, PlantElement
from css.db.sql import block
from repairs.rules.diagnosis import agree
from repairs.rules.seeing import sees_only_own_visits
from repairs.rules.testing import is_told_where
from repairs.words import Location, Stability, TestKind, TestOutcome, TestState

LIST_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class LineTestRow:
    """One test of a line. Of one that is not done, what was found is empty; of one that failed, the diagnosis says why."""

    line_test_id: int
    line_id: int
    number: str | None
    """The telephone number it is known by now; of an auxiliary line, that of its installation. E.164 digits."""
    kind: TestKind
    state: TestState
    progress_percent: int
    asked_at: datetime
    asked_by: str
    finished_at: datetime | None
    fault_number: str | None
    """The fault that it was asked for."""
    outcome: TestOutcome | None
    diagnosis_code: str | None
    diagnosis: str | None
    location: Location | None
    """Main fault location."""
    condition: PlantCondition | None
    """Electrical category."""
    needs_appointment: bool | None
    report_advised: bool | None
    line_stability: Stability | None
    network_stability: Stability | None
    stability_words: str | None
    distance_metres: int | None
    service_level: str | None
    """The care level of the service on the line now."""
    tells_where: bool
    """Whether somebody can be sent on it."""
    symptom_words: str | None
    """Whether it explains what the customer reported, where it was asked for with a fault."""
    measured: dict[str, Any] | None
    """What the head measured, by name, in the unit the name ends in."""


@dataclass(frozen=True, slots=True)
class PlantTroubleRow:
    """What is, or was, physically wrong with a piece of plant."""

    plant_trouble_id: int
    element: PlantElement
    exchange_code: str
    cabinet_code: str | None
    distribution_point_code: str | None
    pair_number: int | None
    address_key: str | None
    condition: PlantCondition
    is_intermittent: bool
    distance_metres: int | None
    starts_at: datetime
    ends_at: datetime | None
    words: str | None
    set_by: str


def line_test(session: Session, line_test_id: int, *, by: Actor) -> LineTestRow:
    """How a line test stands, and what it found. A partner sees those of its own lines, a contractor those of its own jobs.

    Raises:
        NotFound: CSS333E, none of that number for the asker.
    """
    row = _asked(session, by, line_test_id=line_test_id).one_or_none()
    if row is None:
        raise NotFound("CSS333E", "There is no line test {test}.", test=line_test_id, element="line_test_id")
    return _row(row)


def tests_of_line(
    session: Session,
    line_id: int,
    *,
    by: Actor,
    limit: int = 20,  # noqa: PT028 - no test of ours
) -> tuple[LineTestRow, ...]:
    """The tests of a line, newest first, at most 200. A partner sees those asked for while the line was its own.

    Uses ix_line_test_line_id.
    """
    return tuple(_row(row) for row in _asked(session, by, line_id=line_id, shown=max(1, min(limit, LIST_MAX))))


tests_of_line.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test wherever it is imported


def plant_troubles(
    session: Session, district_code: str, *, by: Actor, mended: bool = False, limit: int = 100
) -> tuple[PlantTroubleRow, ...]:
    """What is physically wrong with the plant of a district, or with ``mended`` what was, newest first, at most 200.

    No test and no fault says so: it is how the world is. Partners and contractors are told nothing of it, as if nothing was.
    """
    if by.is_partner or sees_only_own_visits(by):
        return ()
    told = {"district_code": district_code, "mended": mended, "shown": max(1, min(limit, LIST_MAX))}
    rows = session.execute(block("repairs", "testing.troubles"), told)
    return tuple(
        PlantTroubleRow(
            plant_trouble_id=row.plant_trouble_id,
            element=PlantElement(row.element),
            exchange_code=row.exchange_code,
            cabinet_code=row.cabinet_code,
            distribution_point_code=row.distribution_point_code,
            pair_number=row.pair_number,
            address_key=row.address_key,
            condition=PlantCondition(row.condition),
            is_intermittent=row.is_intermittent,
            distance_metres=row.distance_metres,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            words=row.words,
            set_by=row.set_by,
        )
        for row in rows
    )


def _asked(session: Session, by: Actor, *, line_test_id: int | None = None, line_id: int | None = None, shown: int = 1) -> Result[Any]:
    return session.execute(
        block("repairs", "testing.tests"),
        {
            "line_test_id": line_test_id,
            "line_id": line_id,
            "provider_code": by.provider_code if by.is_partner else None,
            "engineer_code": by.name if sees_only_own_visits(by) else None,
            "shown": shown,
        },
    )


def _row(row: Row[Any]) -> LineTestRow:
    outcome = None if row.outcome is None else TestOutcome(row.outcome)
    condition = None if row.condition is None else PlantCondition(row.condition)
    location = None if row.location is None else Location(row.location)
    explains = agree(row.symptom_code, outcome, condition) if row.symptom_code is not None and outcome is not None else None
    return LineTestRow(
        line_test_id=row.line_test_id,
        line_id=row.line_id,
        number=row.number,
        kind=TestKind(row.kind),
        state=TestState(row.state),
        progress_percent=row.progress_percent,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        finished_at=row.finished_at,
        fault_number=row.fault_number,
        outcome=outcome,
        diagnosis_code=row.diagnosis_code,
        diagnosis=row.diagnosis,
        location=location,
        condition=condition,
        needs_appointment=row.needs_appointment,
        report_advised=row.report_advised,
        line_stability=None if row.line_stability is None else Stability(row.line_stability),
        network_stability=None if row.network_stability is None else Stability(row.network_stability),
        stability_words=row.stability_words,
        distance_metres=row.distance_metres,
        service_level=row.service_level,
        tells_where=is_told_where(location),
        symptom_words=explains,
        measured=row.measured,
    )
