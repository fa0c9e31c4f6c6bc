"""Random lives of faults: whatever is done to a clock and in whatever order, the stored deadline is what its intervals lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from css.core.errors import CssError
from repairs.actions import reject_clear
from repairs.actions.clock import await_slot, customer_held
from repairs.commands.faults import RejectClear
from repairs.queries.clock import fault_clock
from repairs.queries.guarantees import guarantee_of
from repairs.queries.intervals import intervals_of
from repairs.rules.clock import spent
from repairs.words import ClockState, ParkReason
from tests.records.faults import AT, BY, build, clear, report
from tests.records.test_fault_clock import HOUR, assert_sound, expedite, fault_of, park, resume
from tests.records.test_mborc import declare, lift


@dataclass
class Life:
    """One fault, and what is in force around it."""

    session: Session
    number: str
    at: datetime = AT
    in_force: list[int] = field(default_factory=list)
    refused: int = 0

    def do(self, deed: str, back: timedelta) -> None:
        """Try a deed, told ``back`` afterwards where it can be; what is refused must change nothing."""
        then = max(self.at - back, AT)
        try:
            with self.session.begin_nested():
                _DEEDS[deed](self, then)
        except CssError:
            self.refused += 1
        assert_sound(self.session, self.number)


def _park(reason: ParkReason) -> Callable[[Life, datetime], object]:
    return lambda life, then: park(life.session, life.number, reason, at=life.at, parked_at=then)


def _declare(life: Life, then: datetime) -> None:
    life.in_force.append(declare(life.session, at=life.at, starts_at=then).mborc_id)


def _lift(life: Life, then: datetime) -> None:
    if life.in_force:
        lift(life.session, life.in_force[0], at=life.at, ends_at=then)
        del life.in_force[0]


def _wait(life: Life, _: datetime) -> None:
    fault = fault_of(life.session, life.number)
    if fault.is_open:
        await_slot(life.session, fault, offered_at=life.at + 3 * HOUR, chosen_at=life.at + 40 * HOUR, by=BY, at=life.at)


_DEEDS: Final[dict[str, Callable[[Life, datetime], object]]] = {
    "park": _park(ParkReason.PERMISSION),
    "park-customer": _park(ParkReason.NO_ACCESS),
    "park-stores": _park(ParkReason.STORES),
    "resume": lambda life, then: resume(life.session, life.number, at=life.at, resumed_at=then),
    "expedite": lambda life, _: expedite(life.session, life.number, at=life.at),
    "declare": _declare,
    "lift": _lift,
    "wait": _wait,
    "clear": lambda life, then: clear(life.session, life.number, at=life.at, cleared_at=then),
    "reject": lambda life, _: reject_clear(life.session, RejectClear(fault_number=life.number, reason="Still dead."), by=BY, at=life.at),
}
STEPS = st.lists(
    st.tuples(
        st.sampled_from([*_DEEDS, "park", "resume", "resume"]),
        st.timedeltas(timedelta(), timedelta(hours=30)),
        st.sampled_from([timedelta(), timedelta(), HOUR, 20 * HOUR]),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def town(engine: Engine) -> Iterator[Session]:
    with engine.connect() as connection, connection.begin() as outer:
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            build(session)
            yield session
        outer.rollback()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_stored_deadline_is_what_the_intervals_lead_to_whatever_is_done(
    town: Session, steps: list[tuple[str, timedelta, timedelta]]
) -> None:
    with town.begin_nested() as life_only:
        life = Life(town, report(town).fault_number)
        assert_sound(town, life.number)
        for deed, later, back in steps:
            life.at += later
            life.do(deed, back)
        fault = fault_of(town, life.number)
        intervals = intervals_of(town, fault.id)
        ended = fault.cleared_at or life.at
        assert spent(intervals, ended).whole == ended - fault.accepted_at
        assert fault.due_at >= min(fault.original_due_at, (fault.expedited_at or fault.accepted_at) + 6 * HOUR)
        if not fault.is_open:
            held = sum((one.ends_at - one.starts_at for one in intervals if one.state is ClockState.CUSTOMER and one.ends_at), timedelta())
            assert sum((to - since for since, to in customer_held(town, fault.id)), timedelta()) == held
            is_guaranteed, ends_at = guarantee_of(town, fault, "EX")
            under = [one.starts_at for one in intervals if one.state is ClockState.MBORC and one.ends_at != one.starts_at]
            assert is_guaranteed is (not under or min(under) > fault.due_at)
            assert ends_at == (min(under) if under and is_guaranteed else None)
        told = fault_clock(town, life.number, by=BY, at=life.at)
        assert told.dues[-1].due_at == fault.due_at
        assert len(told.sentences) == 1 + len(intervals) + len(told.dues)
        life_only.rollback()
    town.expire_all()
    assert town.execute(text("SELECT count(*) FROM repairs.fault")).scalar_one() == 0
