"""What a partner asks about its faults by message, and what it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from css.db.engine import transaction
from tests.builders import BuiltLine
from tests.partners.fault_speaking import Trouble, answer_to, reported, submit, trouble, updates
from tests.partners.speaking import header, result, send


@pytest.fixture(scope="module")
def town(engine: Engine) -> Trouble:
    with transaction(engine) as session:
        return trouble(session, lines=30)


@pytest.fixture(scope="module")
def _lines(town: Trouble) -> Iterator[BuiltLine]:
    return iter(town.lines)


@pytest.fixture
def line(_lines: Iterator[BuiltLine]) -> BuiltLine:
    """Another line of the partner's each time."""
    return next(_lines)


def test_a_fault_is_reported_and_told_of(engine: Engine, line: BuiltLine) -> None:
    head = header()
    assert result(send(engine, submit(line.number, head=head))) == "RECEIVED"
    told = answer_to(engine, head)
    assert (told.kind, told.says("Update/SequenceNo")) == ("ACKNOWLEDGED", "1")
    assert told.conversation_id == head.conversation_id
    assert told.says("Update/Fault/CustomerReference") == f"F-{head.message_id}"
    assert told.says("Update/Fault/State") == "ACKNOWLEDGED"
    assert told.says("Update/Fault/TelephoneNumber") == f"+{line.number}"
