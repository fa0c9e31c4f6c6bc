"""Outages: one failure of shared plant groups the faults beneath it, tells everybody once and clears them together."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from repairs.actions.outages import declare_outage, outage_over
from repairs.commands.outages import DeclareOutage, OutageChanged
from repairs.model import Fault, FaultEvent
from repairs.words import PlantKind
from tests.records.faults import AT, FIELD, Town, build, codes, refusal, report

CABINET = DeclareOutage(
    district_code="ZZ",
    kind=PlantKind.CABINET,
    exchange_code="WREN",
    cabinet_code="C1",
    cause="A lorry drove into it.",
    message="The cabinet in Larkspur Close is broken; we are mending it.",
)


@pytest.fixture
def town(session: Session) -> Town:
    return build(session)


def declare(session: Session, by: Actor = FIELD, at: datetime = AT, **changed: object) -> OutageChanged:
    fields: dict[str, Any] = changed
    return declare_outage(session, replace(CABINET, **fields), by=by, at=at)


def test_an_outage_takes_every_open_fault_beneath_it_and_tells_it_once(session: Session, town: Town) -> None:
    number = report(session).fault_number
    answer = declare(session)
    assert (answer.faults, answer.words) == (
        1,
        "Outage of cabinet C1 of exchange WREN: 1 fault beneath it hangs on it. New faults come to it.",
    )
    fault = session.execute(select(Fault).where(Fault.number == number)).scalar_one()
    assert fault.outage_id == answer.outage_id
    told = session.execute(select(FaultEvent.words).where(FaultEvent.fault_id == fault.id, FaultEvent.deed == "attach")).scalars().all()
    assert told == ["Part of the failure of cabinet C1 of exchange WREN. The cabinet in Larkspur Close is broken; we are mending it."]
    found = outage_over(session, town.line.pair_id)
    assert found is not None
    assert found.id == answer.outage_id
    assert codes(refusal(declare, session)) == [("CSS875E", None)]
