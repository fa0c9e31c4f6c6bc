"""The books of repairs: what is stored of open faults agrees with what it follows from. Checked every night, and by ``css check``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.db.sql import block
from repairs.model import ClockInterval, Fault
from repairs.queries.intervals import promises_of
from repairs.rules.clock import Interval, due_from

SHOWN_MAX: Final = 50
"""Differences told of one check: more of the same say no more."""
READ_AT_ONCE: Final = 1000

BY_STATEMENT: Final = (
    "one_open_interval",
    "intervals_meet",
    "never_moved",
    "outages_open",
    "visits_agree",
    "holds_stand",
    "stories_whole",
    "partners_told",
    "one_problem_a_kind",
)
"""The checks that are one statement of ``repairs/sql/checks.sql`` each, whose rows are the differences."""


def check_faults(session: Session, district_code: str) -> tuple[str, ...]:
    """Everything that does not agree in a district's faults, in words; empty when all is well."""
    return tuple(words for one in CHECKS.values() for words in one(session, district_code))


def _by_statement(name: str, session: Session, district_code: str) -> Iterator[str]:
    yield from session.execute(block("repairs", f"checks.{name}"), {"district": district_code, "limit": SHOWN_MAX}).scalars()


def deadlines_follow(session: Session, district_code: str) -> Iterator[str]:
    """The stored deadline of every open fault whose clock has stood is the one that its intervals lead to."""
    ids = session.execute(block("repairs", "checks.moved"), {"district": district_code}).scalars().all()
    told = 0
    for start in range(0, len(ids), READ_AT_ONCE):  # so that memory stays small, whatever the weather was
        for words in _moved_of(session, ids[start : start + READ_AT_ONCE]):
            yield words
            told += 1
            if told == SHOWN_MAX:
                return


def _moved_of(session: Session, ids: Sequence[int]) -> Iterator[str]:
    intervals = defaultdict(list)
    ordered = (ClockInterval.fault_id, ClockInterval.starts_at, ClockInterval.ends_at.nulls_last(), ClockInterval.id)
    for row in session.execute(select(ClockInterval).where(ClockInterval.fault_id.in_(ids)).order_by(*ordered)).scalars():
        intervals[row.fault_id].append(Interval(row.state, row.starts_at, row.ends_at))
    for fault in session.execute(select(Fault).where(Fault.id.in_(ids)).order_by(Fault.id)).scalars():
        due_at = due_from(promises_of(session, fault), intervals[fault.id])
        if due_at != fault.due_at:
            yield f"Fault {fault.number} is due {fault.due_at.isoformat()}; its intervals lead to {due_at.isoformat()}."


CHECKS: Final[Mapping[str, Callable[[Session, str], Iterable[str]]]] = {
    **{name: partial(_by_statement, name) for name in BY_STATEMENT},
    "deadlines_follow": deadlines_follow,
}
"""Every check of the books of repairs by its name, in the order in which they are made."""
