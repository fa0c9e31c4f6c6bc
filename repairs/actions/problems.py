"""What repeats: found every night and kept as a problem until somebody has found the reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final

from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import start_of_day
from css.core.errors import Refusals
from css.db.sql import block
from css.master.districts import business_date
from repairs.actions.working import require_may
from repairs.commands.nightly import FindProblems, ProblemsFound
from repairs.commands.outages import CloseProblem, ProblemChanged
from repairs.model import Problem
from repairs.reference import policy_on
from repairs.rules.outages import changed, missing, over
from repairs.rules.problems import Repeat, Suspect, no_problem, problem_in
from repairs.rules.report import too_long
from repairs.words import ProblemKind, ProblemState

KINDS: Final = tuple(ProblemKind)


@audit.answered
def find_problems(session: Session, command: FindProblems, *, by: Actor, at: datetime) -> ProblemsFound:
    """Look for what repeats in a district up to its business date, as the night does.

    Raises:
        NotFound: CSS101E. Refused: CSS315E.
    """
    require_may(by, "reckon")
    on = business_date(session, command.district_code)
    found = [find_problems_of(session, command.district_code, kind, on=on, by=by, at=at) for kind in KINDS]
    return ProblemsFound(
        read_count=sum(one.read_count for one in found),
        added_count=sum(one.added_count for one in found),
        opened=sum(one.opened for one in found),
    )


def find_problems_of(session: Session, district_code: str, kind: ProblemKind, *, on: date, by: Actor, at: datetime) -> ProblemsFound:
    """Look for problems of one kind among the faults reported by the end of ``on``; the same day again finds nothing more."""
    policy = policy_on(session, on)
    session.execute(block("repairs", "nightly.problems_door"), {"district": district_code})
    read, added, opened = 0, 0, 0
    for suspect in _suspects(session, district_code, kind, on=on, faults=policy.problem_faults, days=policy.problem_days):
        faults = problem_in(suspect, on=on, faults=policy.problem_faults, days=policy.problem_days)
        read += len(suspect.repeats)
        added += len(faults)
        opened += bool(faults) and suspect.problem_id is None
        if faults:
            _keep(session, district_code, suspect, faults, on=on, by=by, at=at)
    return ProblemsFound(read_count=read, added_count=added, opened=opened)


@audit.answered
def close_problem(session: Session, command: CloseProblem, *, by: Actor, at: datetime) -> ProblemChanged:
    """The reason was found, or there is none. What repeats afterwards is a new problem.

    Raises:
        NotFound: CSS889E.
        Conflict: CSS876E, somebody else changed it meanwhile.
        Refused: CSS305E, CSS315E, CSS877E it is closed, CSS878E nothing is said of it.
    """
    require_may(by, "declare")
    wrong = Refusals()
    wrong.add(*missing(words=command.words), *too_long(words=command.words))
    wrong.tell()
    problem = session.get(Problem, command.problem_id, with_for_update=True, populate_existing=True)
    if problem is None:
        raise no_problem(command.problem_id)
    if command.row_version is not None and command.row_version != problem.row_version:
        raise changed("problem", problem.id, problem.state, problem.row_version, command.row_version)
    if problem.state is not ProblemState.OPEN:
        raise over("problem", problem.id, problem.state)
    on = business_date(session, problem.district_code)
    problem.state = ProblemState.CLOSED
    problem.closed_on = on
    problem.closed_by = by.name
    problem.words = command.words.strip()
    problem.row_version += 1
    _record(session, problem, "close_problem", by=by, at=at, words=problem.words)
    return ProblemChanged(problem_id=problem.id, state=problem.state)


def _suspects(session: Session, district_code: str, kind: ProblemKind, *, on: date, faults: int, days: int) -> Iterator[Suspect]:
    sought = {
        "district": district_code,
        "kind": kind.value,
        "since": start_of_day(on - timedelta(days=days - 1)),
        "until": start_of_day(on + timedelta(days=1)),
        "faults": faults,
    }
    rows = session.execute(block("repairs", "nightly.suspects"), sought).all()
    for element_id, group in groupby(rows, key=lambda row: row.element_id):
        found = list(group)
        repeats = [Repeat(row.fault_id, row.reported_at, row.part_id, row.outage_id, row.clear_code) for row in found]
        yield Suspect(kind, element_id, repeats, found[0].problem_id, found[0].closed_on)


def _keep(session: Session, district_code: str, suspect: Suspect, faults: tuple[int, ...], *, on: date, by: Actor, at: datetime) -> None:
    """Problems are few: a search writes them one by one."""
    if suspect.problem_id is None:
        problem = Problem(
            district_code=district_code,
            kind=suspect.kind,
            line_id=suspect.element_id if suspect.kind is ProblemKind.LINE else None,
            distribution_point_id=suspect.element_id if suspect.kind is ProblemKind.DISTRIBUTION_POINT else None,
            cabinet_id=suspect.element_id if suspect.kind is ProblemKind.CABINET else None,
            state=ProblemState.OPEN,
            opened_on=on,
            last_on=on,
        )
        session.add(problem)
        session.flush()
    else:
        problem = session.get_one(Problem, suspect.problem_id, with_for_update=True, populate_existing=True)
        problem.last_on = max(problem.last_on, on)
        problem.row_version += 1
    session.flush()
    session.execute(block("repairs", "nightly.join_problem"), {"problem": problem.id, "faults": list(faults), "on": on})
    _record(session, problem, "find_problems", by=by, at=at, kind=suspect.kind.value, faults=len(faults))


def _record(session: Session, problem: Problem, verb: str, *, by: Actor, at: datetime, **more: object) -> None:
    after = {"state": problem.state.value, **more}
    audit.record(session, by=by, at=at, verb=verb, subject=("problem", str(problem.id)), after=after)
    session.flush()
