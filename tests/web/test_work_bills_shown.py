"""BL03 and PY01: nothing is shown before the caller is known, a line is explained in four keys, calls come page by page."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, text

from billing.model import Bill
from css.db.engine import transaction
from tests import builders
from tests.conftest import QueryCount
from tests.records.billed import at, leave_item, night, rated_call
from tests.web.conftest import MovingClock, Seat, World
from tests.web.knowing import caller_known

CALLS = 60


@pytest.fixture(scope="module")
def bill(settled: tuple[Engine, World]) -> str:
    """The number of a bill with a visit and sixty calls on it."""
    engine, world = settled
    with transaction(engine) as session:
        session.execute(text("UPDATE css.account SET cycle_day = 3"))
        leave_item(session, world.line, "VISIT", "10000", builders.DAY, words="Engineer's visit")
        for record in range(1, CALLS + 1):
            rated_call(session, world.line, record, builders.DAY, 1_000_000, started_at=at(builders.DAY) + timedelta(seconds=record))
        for day in (builders.DAY, builders.DAY + timedelta(days=1)):
            night(session, day)
        return str(session.execute(select(Bill.number).where(Bill.account_id == world.account.id)).scalar_one())


@pytest.fixture
def known(desk: Seat, engine: Engine, world: World, clock: MovingClock) -> Seat:
    """The caller has been made sure of."""
    caller_known(engine, "ALL1", world.account.customer_number, clock.at)
    return desk


@pytest.mark.parametrize("rest", ["{account}", "{bill}", "{bill}/1", "{bill}/why", "{bill}/calls", "{bill}/pdf", "{bill}/xml"])
def test_nothing_of_a_bill_is_shown_before_the_caller_is_known(desk: Seat, world: World, bill: str, rest: str) -> None:
    desk.open("/s/BL03/" + rest.format(account=world.account.number, bill=bill))
    assert desk.title.startswith("CU03")
    assert "CSS921W" in desk.said
    assert "Engineer" not in desk.page


def test_what_was_opened_is_written_down_once(known: Seat, world: World, bill: str, engine: Engine) -> None:
    for rest in (world.account.number, bill, bill, f"{bill}/why", f"{bill}/calls"):
        assert known.open(f"/s/BL03/{rest}").status_code == 200
    with transaction(engine) as session:
        told = session.execute(
            text(
                "SELECT subject_kind, subject_number FROM css.audit_event"
                " WHERE verb = 'disclose' AND after ->> 'screen' = 'BL03' ORDER BY id"
            )
        ).all()
    assert [tuple(row) for row in told] == [("account", world.account.number), ("bill", bill)]


def test_a_line_is_explained_in_four_keys_from_the_list(known: Seat, world: World, bill: str) -> None:
    assert bill
    known.open(f"/s/BL03/{world.account.number}")
    keys = 0
    for _ in range(2):
        # "1" on the command line, and Enter, follow the link of line 1.
        found = re.search(r'<a href="([^"]*)" data-line="1"', known.page)
        assert found
        known.open(found[1])
        keys += len("1") + 1
    assert keys == 4
    assert "<h2>Line 1:" in known.page


def test_calls_come_page_by_page(known: Seat, bill: str) -> None:
    known.open(f"/s/BL03/{bill}")
    found = re.search(r'href="([^"]*)" data-key="S-F1"', known.page)
    assert found
    known.open(found[1])
    assert f'<span class="count">{CALLS}</span>' in known.page
    assert "1 to 50 of" in known.page
    assert known.page.count("020 7946 0123") == 50
    on = re.search(r'href="([^"]*)" data-key="F8"', known.page)
    assert on
    known.open(on[1])
    assert known.page.count("020 7946 0123") == CALLS - 50
    assert 'data-key="F8"' not in known.page
    assert 'data-key="F7"' in known.page
    assert known.open(f"/s/BL03/{bill}/calls/x").status_code == 422
    assert "CSS931E" in known.page


def test_a_bill_is_put_right_from_where_it_is_read(known: Seat, bill: str) -> None:
    known.open(f"/s/BL03/{bill}")
    found = re.search(r'href="([^"]*)" data-key="S-F5"', known.page)
    assert found
    assert found[1] == f"/s/PY05/{bill}"


def test_a_bill_sends_a_fixed_number_of_statements(
    known: Seat, bill: str, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    most = {bill: 14, f"{bill}/1": 32, f"{bill}/calls": 13}
    for rest, limit in most.items():
        with query_count() as sent:
            assert known.open(f"/s/BL03/{rest}").status_code == 200
        assert len(sent) <= limit, f"{rest} sent {len(sent)}"


def test_a_payment_takes_few_keys(desk: Seat, world: World) -> None:
    keys = 1  # Shift+F4 on the customer's page
    desk.open(f"/s/PY01/{world.account.number}")
    assert desk.cursor == "amount"
    amount, how, reference = "25.00", "CD", "T-8141"
    keys += len(amount) + 1 + len(how) + 1 + len(reference) + 1
    desk.press("Enter", amount=amount, method=how, reference=reference)
    assert "CSS366I" in desk.said
    desk.press("F6")
    assert "CSS379I" in desk.said
    assert keys < 20
