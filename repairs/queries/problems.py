"""Problems behind repeats, and the deadlines that were missed. Problems are the house's own: nobody else is shown one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import start_of_day
from css.core.phone import display_number
from css.db.sql import block
from repairs.rules.problems import no_problem
from repairs.rules.seeing import Eyes, eyes_of
from repairs.words import FaultState, ProblemKind, ProblemState

LIST_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemRow:
    """A problem as lists show it."""

    problem_id: int
    kind: ProblemKind
    place: str
    """On what faults repeat, in words."""
    state: ProblemState
    opened_on: date
    last_on: date
    """The night that last added a fault."""
    faults: int
    open_faults: int
    closed_on: date | None
    closed_by: str | None
    words: str | None
    """What was found and done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemFaultRow:
    """A fault that belongs to a problem."""

    position: int
    fault_number: str
    state: FaultState
    number: str | None
    symptom_code: str
    distribution_point_code: str | None
    reported_at: datetime
    cleared_at: datetime | None
    clear_code: str | None
    added_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemCard:
    """A problem in full."""

    summary: ProblemRow
    district_code: str
    line_id: int | None
    """Of a line's problem."""
    faults: tuple[ProblemFaultRow, ...]
    """In the order they were reported, at most 200."""
    row_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachRow:
    """A deadline that was missed."""

    fault_number: str
    state: FaultState
    care_level: str
    provider_code: str
    breached_at: datetime
    """The deadline."""
    cleared_at: datetime | None
    is_in_outage: bool


@dataclass(frozen=True, slots=True)
class BreachCount:
    """How many deadlines were missed."""

    missed: int
    not_mended: int
    """Of those, not mended yet."""


def problems(session: Session, district: str, *, by: Actor, closed: bool = False, limit: int = 50) -> tuple[ProblemRow, ...]:
    """The problems of a district, open ones first, then the latest; closed ones only when asked for. At most 200."""
    if eyes_of(by) is not Eyes.ALL:
        return ()
    sought = {"district": district, "problem": None, "closed": closed, "most": max(1, min(limit, LIST_MAX))}
    return tuple(_row(row) for row in session.execute(block("repairs", "nightly.problems"), sought))


def problem_card(session: Session, problem_id: int, *, by: Actor) -> ProblemCard:
    """A problem in full, with its faults.

    Raises:
        NotFound: CSS889E.
    """
    sought = {"district": None, "problem": problem_id, "closed": True, "most": 1}
    row = session.execute(block("repairs", "nightly.problems"), sought).one_or_none()
    if row is None or eyes_of(by) is not Eyes.ALL:
        raise no_problem(problem_id)
    faults = session.execute(block("repairs", "nightly.problem_faults"), {"problem": problem_id, "most": LIST_MAX})
    return ProblemCard(
        summary=_row(row),
        district_code=row.district_code,
        line_id=row.line_id,
        faults=tuple(_fault(one) for one in faults),
        row_version=row.row_version,
    )


def breaches(session: Session, district: str, business_date: date, *, by: Actor, limit: int = 50) -> tuple[BreachRow, ...]:
    """The faults of a district whose deadline was missed on a day (London), the first missed first. At most 200."""
    rows = _breaches(session, district, business_date, by, limit)
    return tuple(
        BreachRow(
            fault_number=row.number,
            state=FaultState(row.state),
            care_level=row.care_level,
            provider_code=row.provider_code,
            breached_at=row.breached_at,
            cleared_at=row.cleared_at,
            is_in_outage=row.outage_id is not None,
        )
        for row in rows
    )


def breach_count(session: Session, district: str, business_date: date, *, by: Actor) -> BreachCount:
    """How many deadlines of a district were missed on a day (London), whatever a list may show at once."""
    first = next(iter(_breaches(session, district, business_date, by, 1)), None)
    return BreachCount(0, 0) if first is None else BreachCount(first.missed_count, first.not_mended_count)


def _breaches(session: Session, district: str, business_date: date, by: Actor, limit: int) -> Sequence[Row[Any]]:
    eyes = eyes_of(by)
    sought = {
        "district": district,
        "since": start_of_day(business_date),
        "until": start_of_day(business_date + timedelta(days=1)),
        "provider": by.provider_code if eyes is Eyes.OF_PROVIDER else None,
        "engineer": by.name if eyes is Eyes.OF_VISITS else None,
        "most": max(1, min(limit, LIST_MAX)),
    }
    return session.execute(block("repairs", "nightly.breaches"), sought).all()


def _row(row: Row[Any]) -> ProblemRow:
    kind = ProblemKind(row.kind)
    return ProblemRow(
        problem_id=row.id,
        kind=kind,
        place=_place(kind, row),
        state=ProblemState(row.state),
        opened_on=row.opened_on,
        last_on=row.last_on,
        faults=row.faults,
        open_faults=row.open_faults,
        closed_on=row.closed_on,
        closed_by=row.closed_by,
        words=row.words,
    )


def _place(kind: ProblemKind, row: Row[Any]) -> str:
    if kind is ProblemKind.LINE:
        return f"line {display_number(row.telephone_number)}" if row.telephone_number else "a line without a number"
    cabinet = f"cabinet {row.cabinet_code} of exchange {row.exchange_code}"
    return cabinet if kind is ProblemKind.CABINET else f"distribution point {row.distribution_point_code} of {cabinet}"


def _fault(row: Row[Any]) -> ProblemFaultRow:
    return ProblemFaultRow(
        position=row.position,
        fault_number=row.number,
        state=FaultState(row.state),
        number=row.telephone_number,
        symptom_code=row.symptom_code,
        distribution_point_code=row.distribution_point_code,
        reported_at=row.reported_at,
        cleared_at=row.cleared_at,
        clear_code=row.clear_code,
        added_on=row.added_on,
    )
