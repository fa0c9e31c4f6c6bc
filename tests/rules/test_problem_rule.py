"""What makes a problem of repeats: the smallest thing they have in common, one matter once, and nothing that was closed."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css.core.calendar import london_date, london_instant
from repairs.rules.clear import CLEAR_CODES
from repairs.rules.problems import Repeat, Suspect, problem_in
from repairs.words import ProblemKind

ON = date(2026, 3, 31)
LINE, POINT, CABINET = ProblemKind
DAYS = 90


def fault(number: int, days_ago: int = 1, part: int = 1, outage: int | None = None, code: str | None = None) -> Repeat:
    return Repeat(number, london_instant(ON - timedelta(days=days_ago), time(10)), part, outage, code)


def found(kind: ProblemKind, *faults: Repeat, problem: int | None = None, closed_on: date | None = None) -> tuple[int, ...]:
    return problem_in(Suspect(kind, 7, faults, problem, closed_on), on=ON, faults=3, days=DAYS)


def test_three_on_a_line_within_ninety_days_are_a_problem_in_the_order_they_were_reported() -> None:
    assert found(LINE, fault(1, 5), fault(2, 89), fault(3, 40)) == (2, 3, 1)
    assert found(LINE, fault(1, 5), fault(2, 40)) == ()
    assert found(LINE, fault(1, 5), fault(2, 90), fault(3, 40)) == (), "the first is too long ago"
    assert found(LINE, fault(1, 5), fault(2, -1), fault(3, 40)) == (), "one is of the next night"


@pytest.mark.parametrize("kind", [POINT, CABINET])
def test_faults_of_one_part_are_that_parts_own_matter(kind: ProblemKind) -> None:
    assert found(kind, fault(1), fault(2), fault(3)) == ()
    assert found(kind, fault(1), fault(2), fault(3, part=2)) == (1, 2, 3)


def test_what_an_outage_took_together_is_one_matter() -> None:
    together = [fault(n, part=n, outage=5) for n in range(1, 40)]
    assert found(CABINET, *together) == ()
    assert found(CABINET, *together, fault(90)) == ()
    assert len(found(CABINET, *together, fault(90), fault(91))) == 41
    assert len(found(CABINET, *together, fault(90, outage=6), fault(91, outage=7))) == 41


def test_which_clears_count() -> None:
    others = (fault(1), fault(2, part=2))
    for code in CLEAR_CODES:
        counts_for_line = bool(found(LINE, *others, fault(3, code=code)))
        counts_for_plant = bool(found(POINT, *others, fault(3, code=code)))
        assert counts_for_line is (code != "DUP"), code
        assert counts_for_plant is CLEAR_CODES[code].counts_as_network_fault, code


def test_an_open_problem_takes_every_further_fault_and_a_closed_one_none() -> None:
    assert found(LINE, fault(4), problem=9) == (4,)
    assert found(POINT, fault(4), problem=9) == (4,)
    assert found(LINE, fault(4, code="DUP"), problem=9) == ()
    closed_on = ON - timedelta(days=10)
    assert found(LINE, fault(1, 9), fault(2, 8), fault(3, 10), closed_on=closed_on) == (), "only later ones count"
    assert found(LINE, fault(1, 9), fault(2, 8), fault(3, 10), fault(4, 7), closed_on=closed_on) == (1, 2, 4)


def instants() -> st.SearchStrategy[datetime]:
    return st.integers(-2, 95).map(lambda days: london_instant(ON - timedelta(days=days), time(23, 30)))


repeats = st.lists(
    st.builds(
        Repeat,
        st.integers(1, 60),
        instants(),
        st.integers(1, 3),
        st.one_of(st.none(), st.integers(1, 3)),
        st.sampled_from([None, *CLEAR_CODES]),
    ),
    max_size=12,
    unique_by=lambda one: one.fault_id,
)


@given(kind=st.sampled_from(ProblemKind), faults=repeats, closed=st.one_of(st.none(), st.integers(0, 95)))
def test_it_is_what_a_slow_count_says(kind: ProblemKind, faults: list[Repeat], closed: int | None) -> None:
    closed_on = None if closed is None else ON - timedelta(days=closed)
    counted = []
    for one in faults:
        day = london_date(one.reported_at)
        if day > ON or (ON - day).days >= DAYS or (closed_on is not None and day <= closed_on):
            continue
        if one.clear_code == "DUP" or (kind is not LINE and one.clear_code and not CLEAR_CODES[one.clear_code].counts_as_network_fault):
            continue
        counted.append(one)
    alone = sum(1 for one in counted if one.outage_id is None)
    outages = sum(1 for n in (1, 2, 3) if any(one.outage_id == n for one in counted))
    is_one = alone + outages >= 3 and (kind is LINE or any(one.part_id != counted[0].part_id for one in counted))
    answer = found(kind, *faults, closed_on=closed_on)
    assert sorted(answer) == (sorted(one.fault_id for one in counted) if is_one else [])
