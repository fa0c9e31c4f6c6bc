"""Failures of shared plant in the town, and the verbs about them said shortly, for tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.words import PairState
from css.master.lines import Line
from css.master.plant import Cabinet, DistributionPoint, Pair
from repairs.actions import clear_outage, declare_outage, detach_fault, update_outage, withdraw_outage
from repairs.commands.faults import FaultChanged
from repairs.commands.outages import ClearOutage, DeclareOutage, DetachFault, OutageChanged, UpdateOutage, WithdrawOutage
from repairs.model import Fault, FaultEvent, Problem, ProblemFault
from repairs.words import PlantKind, ProblemKind, ProblemState
from tests import builders
from tests.records.faults import AT, FIELD, LATE

DOWN = DeclareOutage(
    district_code="ZZ",
    kind=PlantKind.CABINET,
    exchange_code="WREN",
    cabinet_code="C1",
    cause="A lorry drove into it.",
    message="The cabinet in Larkspur Close is broken; we are mending it.",
)
POINT: dict[str, Any] = {"kind": PlantKind.DISTRIBUTION_POINT, "distribution_point_code": "DP1"}
EXCHANGE: dict[str, Any] = {"kind": PlantKind.EXCHANGE, "cabinet_code": None}


def declare(session: Session, by: Actor = FIELD, at: datetime = AT, **changed: object) -> OutageChanged:
    fields: dict[str, Any] = changed
    return declare_outage(session, replace(DOWN, **fields), by=by, at=at)


def update(session: Session, outage_id: int, by: Actor = FIELD, at: datetime = AT, **said: object) -> OutageChanged:
    fields: dict[str, Any] = said
    return update_outage(session, UpdateOutage(outage_id=outage_id, **fields), by=by, at=at)


def mend(session: Session, outage_id: int, code: str = "CAB", by: Actor = FIELD, at: datetime = LATE, **others: object) -> OutageChanged:
    fields: dict[str, Any] = others
    return clear_outage(session, ClearOutage(outage_id=outage_id, clear_code=code, **fields), by=by, at=at)


def unsay(session: Session, outage_id: int, by: Actor = FIELD, at: datetime = AT, **changed: object) -> OutageChanged:
    fields: dict[str, Any] = {"reason": "It was the next one."} | changed
    return withdraw_outage(session, WithdrawOutage(outage_id=outage_id, **fields), by=by, at=at)


def detach(session: Session, number: str, by: Actor = FIELD, at: datetime = AT, **changed: object) -> FaultChanged:
    fields: dict[str, Any] = {"reason": "The dropwire is down too."} | changed
    return detach_fault(session, DetachFault(fault_number=number, **fields), by=by, at=at)


def fault_of(session: Session, number: str) -> Fault:
    return session.execute(select(Fault).where(Fault.number == number).execution_options(populate_existing=True)).scalar_one()


def told(session: Session, number: str) -> list[tuple[str | None, str]]:
    """The deeds and words of a fault's story, after its report."""
    statement = select(FaultEvent.deed, FaultEvent.words).join(Fault, Fault.id == FaultEvent.fault_id).where(Fault.number == number)
    return [(row.deed, row.words) for row in session.execute(statement.order_by(FaultEvent.sequence))][1:]


def line_problem(session: Session, fault_number: str) -> int:
    """An open problem of a fault's line, as if the night had found it."""
    fault = fault_of(session, fault_number)
    problem = Problem(
        district_code=fault.district_code,
        kind=ProblemKind.LINE,
        line_id=fault.line_id,
        state=ProblemState.OPEN,
        opened_on=builders.DAY,
        last_on=builders.DAY,
    )
    session.add(problem)
    session.flush()
    session.add(ProblemFault(problem_id=problem.id, fault_id=fault.id, added_on=builders.DAY, position=1))
    session.flush()
    return problem.id


@dataclass(frozen=True)
class Point:
    """A further distribution point."""

    id: int
    pair_ids: tuple[int, ...]


def another_point(session: Session, zz: builders.BuiltDistrict, code: str, *, cabinet: str = "C1", pairs: int = 6) -> Point:
    """A distribution point at a cabinet of the exchange, which is made if it is not there."""
    cabinet_id = session.execute(select(Cabinet.id).where(Cabinet.exchange_id == zz.exchange_id, Cabinet.code == cabinet)).scalar()
    if cabinet_id is None:
        row = Cabinet(exchange_id=zz.exchange_id, code=cabinet)
        session.add(row)
        session.flush()
        cabinet_id = row.id
    point = DistributionPoint(cabinet_id=cabinet_id, code=code)
    session.add(point)
    session.flush()
    found = [Pair(distribution_point_id=point.id, pair_number=n + 1, state=PairState.SPARE) for n in range(pairs)]
    session.add_all(found)
    session.flush()
    return Point(point.id, tuple(one.id for one in found))


def rejoin(session: Session, line_id: int, pair_id: int) -> None:
    """Join a line to another pair, by whatever was done in the street."""
    session.get_one(Line, line_id).pair_id = pair_id
    session.flush()
