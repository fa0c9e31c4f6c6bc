from __future__ import annotations

from sqlalchemy.orm import Session

from repairs.actions.testing import test_line as have_tested
from repairs.commands.testing import TestLine
from repairs.words import TestState
from tests.records import faults
from tests.records.faults import AT, BY


def test_quick(session: Session) -> None:
    town = faults.build(session)
    fault = faults.report(session)
    got = have_tested(session, TestLine(number=town.line.number, fault_number=fault.fault_number), by=BY, at=AT)
    assert got.state is TestState.DONE
