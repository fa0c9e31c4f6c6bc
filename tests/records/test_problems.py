"""Problem records: what repeats on a line, a distribution point and a cabinet, found once, and anew only by what comes later."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.calendar import london_date, london_instant
from repairs.actions import close_problem, find_problems
from repairs.actions.problems import KINDS, find_problems_of
from repairs.checks import check_faults
from repairs.commands.nightly import FindProblems, ProblemsFound
from repairs.commands.outages import CloseProblem, ProblemChanged
from repairs.model import Fault, Problem, ProblemFault
from repairs.queries.problems import problem_card, problems
from repairs.rules.clear import CLEAR_CODES
from repairs.words import ProblemKind, ProblemState
from tests import builders
from tests.records.faults import AT, BY, FIELD, Town, build, clear, codes, refusal, report, withdraw
from tests.records.outages import another_point, rejoin

DAY = timedelta(days=1)


@pytest.fixture
def town(session: Session) -> Town:
    return build(session)


def repeat(session: Session, day: int, line: builders.BuiltLine, code: str = "DW") -> str:
    """A fault of the line ``day`` days after the first Monday, cleared within the hour."""
    at = AT + day * DAY
    number = report(session, at=at, number=line.number).fault_number
    clear(session, number, code, at=at + timedelta(hours=1))
    return number


def night(session: Session, day: int) -> dict[ProblemKind, ProblemsFound]:
    on = builders.DAY + day * DAY
    return {kind: find_problems_of(session, "ZZ", kind, on=on, by=builders.SYSTEM, at=AT + (day + 1) * DAY) for kind in KINDS}


def found(session: Session) -> list[tuple[ProblemKind, ProblemState, list[str]]]:
    rows = session.execute(
        select(Problem.id, Problem.kind, Problem.state, Fault.number)
        .join(ProblemFault, ProblemFault.problem_id == Problem.id)
        .join(Fault, Fault.id == ProblemFault.fault_id)
        .order_by(Problem.id, ProblemFault.position)
    )
    by_id: dict[int, tuple[ProblemKind, ProblemState, list[str]]] = {}
    for row in rows:
        by_id.setdefault(row.id, (row.kind, row.state, []))[2].append(row.number)
    return list(by_id.values())


def test_the_third_fault_on_a_line_makes_a_problem_once(session: Session, town: Town) -> None:
    first, second = (repeat(session, day, town.line) for day in (0, 3))
    withdraw(session, report(session, at=AT + 4 * DAY).fault_number, at=AT + 4 * DAY)
    assert night(session, 4)[ProblemKind.LINE] == ProblemsFound(read_count=0, added_count=0)
    third = repeat(session, 5, town.line)
    assert night(session, 5)[ProblemKind.LINE] == ProblemsFound(read_count=3, added_count=3, opened=1)
    assert found(session) == [(ProblemKind.LINE, ProblemState.OPEN, [first, second, third])]
    assert night(session, 5)[ProblemKind.LINE] == ProblemsFound(read_count=0, added_count=0)
    fourth = report(session, at=AT + 8 * DAY).fault_number
    assert night(session, 8)[ProblemKind.LINE] == ProblemsFound(read_count=1, added_count=1)
    ((_, _, faults),) = found(session)
    assert faults == [first, second, third, fourth]
    (row,) = problems(session, "ZZ", by=BY)
    assert (row.place, row.faults, row.open_faults) == ("line 01632 960123", 4, 1)
    assert (row.opened_on, row.last_on) == (builders.DAY + 5 * DAY, builders.DAY + 8 * DAY)
    assert check_faults(session, "ZZ") == ()


def test_faults_from_different_sides_are_the_smallest_thing_they_have_in_common(session: Session, town: Town) -> None:
    other = builders.working_line(session, town.zz, town.account)
    beside = another_point(session, town.zz, "DP2")
    numbers = [repeat(session, 0, town.line), repeat(session, 1, other), repeat(session, 2, town.carrier_line)]
    night(session, 2)
    assert found(session) == [(ProblemKind.DISTRIBUTION_POINT, ProblemState.OPEN, numbers)]
    # One of them from the next distribution point makes it the cabinet's too.
    rejoin(session, town.carrier_line.id, beside.pair_ids[0])
    numbers.append(repeat(session, 3, town.carrier_line))
    night(session, 3)
    assert found(session)[1] == (ProblemKind.CABINET, ProblemState.OPEN, numbers)
    (_, row) = reversed(problems(session, "ZZ", by=BY))
    assert {row.place for row in problems(session, "ZZ", by=BY)} == {
        "distribution point DP1 of cabinet C1 of exchange WREN",
        "cabinet C1 of exchange WREN",
    }
    card = problem_card(session, row.problem_id, by=BY)
    assert [fault.fault_number for fault in card.faults] == numbers[: len(card.faults)]
    assert check_faults(session, "ZZ") == ()


def test_a_closed_problem_is_found_anew_only_by_what_comes_later(session: Session, town: Town) -> None:
    for day in (0, 0, 0):
        repeat(session, day, town.line)
    night(session, 0)
    (row,) = problems(session, "ZZ", by=BY)
    assert codes(refusal(_close, session, row.problem_id, " ")) == [("CSS878E", "words")]
    assert refusal(_close, session, row.problem_id, row_version=9).code == "CSS876E"
    assert _close(session, row.problem_id).state is ProblemState.CLOSED
    assert codes(refusal(_close, session, row.problem_id)) == [("CSS877E", "problem_id")]
    assert codes(refusal(_close, session, 999)) == [("CSS889E", "problem_id")]
    for day in (0, 1, 2):
        repeat(session, day, town.line)
    night(session, 2)
    assert problems(session, "ZZ", by=BY) == ()
    repeat(session, 3, town.line)
    night(session, 3)
    (again,) = problems(session, "ZZ", by=BY)
    assert (again.faults, again.opened_on) == (3, builders.DAY + 3 * DAY)
    assert [(one.state, one.words) for one in problems(session, "ZZ", by=BY, closed=True)] == [
        (ProblemState.OPEN, None),
        (ProblemState.CLOSED, "The joint was wet."),
    ]
    assert check_faults(session, "ZZ") == ()


def _close(session: Session, problem_id: int, words: str = "The joint was wet.", row_version: int | None = None) -> ProblemChanged:
    command = CloseProblem(problem_id=problem_id, words=words, row_version=row_version)
    return close_problem(session, command, by=FIELD, at=AT + DAY)


def test_problems_are_the_houses_own(session: Session, town: Town) -> None:
    for _ in range(3):
        repeat(session, 0, town.carrier_line)
    assert find_problems(session, FindProblems(district_code="ZZ"), by=FIELD, at=AT + DAY).opened == 1
    (row,) = problems(session, "ZZ", by=BY)
    assert problems(session, "ZZ", by=builders.PARTNER_ACTOR) == ()
    assert refusal(problem_card, session, row.problem_id, by=builders.PARTNER_ACTOR).code == "CSS889E"
    assert refusal(find_problems, session, FindProblems(district_code="ZZ"), by=builders.CLERK, at=AT).code == "CSS315E"


def test_nights_of_random_faults_find_what_a_slow_search_finds(session: Session, town: Town) -> None:
    """Night after night against a search through everything there is, without any table but the faults."""
    random = Random(7)  # noqa: S311 - the same life every time
    lines = [town.line, town.carrier_line, builders.working_line(session, town.zz, town.account)]
    beside = another_point(session, town.zz, "DP2")
    rejoin(session, lines[2].id, beside.pair_ids[0])
    points = {lines[0].id: "DP1", lines[1].id: "DP1", lines[2].id: "DP2"}
    expected: dict[tuple[str, object], list[str]] = {}
    story: list[tuple[str, int, date, str]] = []
    for day in range(0, 200, 5):
        for line in random.sample(lines, random.randrange(3)):
            code = random.choice(["DW", "DP", "CE", "DUP", "RWT"])
            story.append((repeat(session, day, line, code), line.id, builders.DAY + day * DAY, code))
        night(session, day)
        _search_slowly(expected, story, points, builders.DAY + day * DAY)
    answer = sorted(sorted(faults) for _, _, faults in found(session))
    assert answer == sorted(sorted(faults) for faults in expected.values())
    assert len(answer) > 3
    assert check_faults(session, "ZZ") == ()


def _search_slowly(
    expected: dict[tuple[str, object], list[str]], story: list[tuple[str, int, date, str]], points: dict[int, str], on: date
) -> None:
    for kind, of in (("line", lambda line: line), ("point", points.__getitem__), ("cabinet", lambda _: "C1")):
        for element in {of(line) for _, line, _, _ in story}:
            known = expected.get((kind, element), [])
            fresh = []
            for number, line, day, code in story:
                matters = code != "DUP" if kind == "line" else CLEAR_CODES[code].counts_as_network_fault
                if of(line) == element and matters and number not in known and 0 <= (on - day).days < 90:
                    fresh.append((number, line if kind == "point" else points[line]))
            if known or (len(fresh) >= 3 and (kind == "line" or len({part for _, part in fresh}) > 1)):
                expected[(kind, element)] = known + [number for number, _ in fresh]


def test_the_day_of_a_report_is_londons(session: Session, town: Town) -> None:
    late: datetime = london_instant(date(2026, 7, 1), time(0, 30))
    assert london_date(late) == date(2026, 7, 1)
    for _ in range(3):
        number = report(session, at=late).fault_number
        clear(session, number, "DW", at=late)
    on = date(2026, 6, 30)
    assert find_problems_of(session, "ZZ", ProblemKind.LINE, on=on, by=BY, at=late).read_count == 0
    assert find_problems_of(session, "ZZ", ProblemKind.LINE, on=on + DAY, by=BY, at=late).opened == 1
