"""BL03 on a bill: behind a line's number stand its reasons and sums, behind F11 those of all lines and of the bill itself."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from billing.model import Bill
from billing.queries.bill_story import bill_story
from css.db.engine import transaction
from css.web.filters import dates
from tests import builders
from tests.records.billed import leave_item, night
from tests.web.conftest import Seat, World
from tests.web.knowing import caller_known


@pytest.fixture
def bill(engine: Engine, world: World, desk: Seat) -> str:
    """The number of the account's first bill, and the caller is made sure of."""
    desk.open("/s/MENU")
    caller_known(engine, "ALL1", world.account.customer_number, builders.AT)
    with transaction(engine) as session:
        leave_item(session, world.line, "VISIT", "10000", builders.DAY, words="Engineer's visit")
        wanted = select(Bill.number).where(Bill.number.is_not(None))
        day = builders.DAY
        while (number := session.execute(wanted.limit(1)).scalar()) is None:
            night(session, day)
            day += timedelta(days=1)
        return number


def test_a_line_tells_its_reasons_and_its_sums(engine: Engine, desk: Seat, bill: str) -> None:
    with transaction(engine) as session:
        story = bill_story(session, bill, by=builders.CLERK)
    for line in story.lines:
        desk.open(f"/s/BL03/{bill}/{line.line_number}")
        assert desk.title == "BL03 Bills"
        shown = desk.page.replace("&#39;", "'")
        for sentence in line.told:
            assert dates(sentence) in shown
            assert not re.search(r"\d\d/\d\d/\d{4}", dates(sentence)), "a day is written one way on a screen"
        for part in line.parts:
            total = f": <b>{part.amount.sterling}</b>" if len(line.parts) > 1 else ""
            assert f"<caption>{part.words}{total}</caption>" in shown, "the line's own amount stands above it already"
            assert all(f"<td>{step.sum}</td>" in shown for step in part.steps)
        assert "The bill's own sums" not in shown


def test_all_reasons_end_with_the_bills_own_sums(desk: Seat, bill: str) -> None:
    desk.open(f"/s/BL03/{bill}/why")
    assert "The bill's own sums" in desk.page.replace("&#39;", "'")
    assert "Amount due: <b>" in desk.page
    assert 'scope="col"' in desk.page


def test_what_is_no_line_is_not_found(desk: Seat, bill: str) -> None:
    assert desk.open(f"/s/BL03/{bill}/99").status_code == 404
    assert "CSS387E" in desk.page
