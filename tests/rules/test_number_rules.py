"""What a number is free for: rested by the row of its day, of the exchange, with nobody else; and what may be ported in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css.core.errors import Breach
from css.core.words import PortDirection
from orders.rules.plant import NumberFacts, NumberState, Rest, number_fault, number_state, port_in_fault, rested_at, resting

AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
RESTS = (Rest(date(2009, 10, 1), 90), Rest(date(2026, 2, 1), 10))
"""Ninety days until somebody made it ten for what is ceased from 1 February on."""
FREE = NumberFacts(number="441632960123", is_of_exchange=True, is_in_use=False, is_reserved=False, last_ended_at=None, is_own=False)
FOREIGN = replace(FREE, number="441632970123", is_of_exchange=False, is_ours=False, area_number="441632960000")
OUT = replace(FREE, ported=PortDirection.OUT, area_number="441632960000")


@pytest.mark.parametrize(
    ("ended_at", "free_at"),
    [
        (datetime(2026, 1, 31, 0, 0, tzinfo=UTC), datetime(2026, 5, 1, 0, 0, tzinfo=UTC)),
        (datetime(2026, 2, 1, 0, 0, tzinfo=UTC), datetime(2026, 2, 11, 0, 0, tzinfo=UTC)),
    ],
)
def test_a_number_rests_by_the_row_of_the_day_it_was_ceased(ended_at: datetime, free_at: datetime) -> None:
    assert rested_at(RESTS, ended_at) == free_at


def test_before_the_first_row_nothing_is_known() -> None:
    with pytest.raises(Breach):
        rested_at(RESTS, datetime(2009, 9, 1, tzinfo=UTC))


ROWS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 120)), max_size=4).map(
    lambda rows: (Rest(date(2009, 10, 1), 30), *(Rest(date(2025, 1, 1) + timedelta(days=day), days) for day, days in dict(rows).items()))
)


@given(rests=ROWS, ended=st.integers(0, 700 * 24 * 60), looked=st.integers(0, 700 * 24 * 60))
def test_numbers_are_picked_by_the_same_rule_as_one_is_judged_by(rests: tuple[Rest, ...], ended: int, looked: int) -> None:
    ended_at, at = (datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes) for minutes in (ended, looked))
    periods = resting(rests, at)
    assert list(periods) == sorted(periods, key=lambda period: period[0]), "rising"
    assert any(since <= ended_at and (until is None or ended_at < until) for since, until in periods) is (rested_at(rests, ended_at) > at)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (FREE, None),
        (replace(FREE, is_held=True), "CSS262E"),
        (OUT, "CSS263E"),
        (replace(FREE, is_held=True, is_in_use=True), "CSS225E"),
        (replace(FREE, last_ended_at=datetime(2026, 2, 25, tzinfo=UTC)), "CSS227E"),
        (replace(FREE, last_ended_at=datetime(2026, 2, 15, tzinfo=UTC)), None),
        (replace(FREE, last_ended_at=datetime(2026, 1, 15, tzinfo=UTC)), "CSS227E"),
    ],
)
def test_a_number_reserved_or_gone_is_not_to_be_had(facts: NumberFacts, code: str | None) -> None:
    fault = number_fault(facts, exchange_name="Wrenford", rests=RESTS, at=AT, element="new_number")
    assert (None if fault is None else (fault.code, fault.element)) == (None if code is None else (code, "new_number"))


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (FOREIGN, None),
        (OUT, None),
        (FREE, "CSS264E"),
        (replace(OUT, is_of_exchange=False), "CSS264E"),
        (replace(FOREIGN, number="442079460123"), "CSS265E"),
        (replace(FOREIGN, number="447700900123"), "CSS265E"),
        (replace(FOREIGN, number="447700900123", area_number=""), "CSS265E"),
        (replace(FOREIGN, area_number=""), None),
        (replace(FOREIGN, is_in_use=True, ported=PortDirection.IN), "CSS225E"),
        (replace(FOREIGN, is_reserved=True), "CSS226E"),
        (replace(OUT, is_reserved=True), "CSS226E"),
    ],
)
def test_a_number_comes_in_from_elsewhere_and_keeps_its_area(facts: NumberFacts, code: str | None) -> None:
    fault = port_in_fault(facts, exchange_name="Wrenford")
    assert (None if fault is None else fault.code) == code


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (FREE, NumberState.FREE),
        (replace(FREE, is_held=True), NumberState.RESERVED),
        (replace(FREE, is_reserved=True, is_held=True), NumberState.KEPT),
        (replace(FREE, is_in_use=True, is_reserved=True), NumberState.IN_USE),
        (OUT, NumberState.PORTED_OUT),
        (replace(FREE, last_ended_at=datetime(2026, 2, 25, tzinfo=UTC)), NumberState.RESTING),
        (replace(FREE, last_ended_at=datetime(2026, 2, 20, 10, 0, tzinfo=UTC)), NumberState.FREE),
        (FOREIGN, NumberState.NOT_OURS),
        (replace(FOREIGN, is_in_use=True, ported=PortDirection.IN), NumberState.IN_USE),
        (replace(FOREIGN, is_reserved=True), NumberState.KEPT),
    ],
)
def test_a_number_has_one_state(facts: NumberFacts, state: NumberState) -> None:
    assert number_state(facts, rests=RESTS, at=AT) is state
