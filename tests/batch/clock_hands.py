"""A clock that is moved by hand, for the tests of the clock of the night."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine, update

from batch import repository
from batch.clock.launching import Launch
from batch.clock.ticking import Clockwork, Running
from batch.net import Net
from batch.nets import NIGHT
from batch.words import ExecutionState
from css.core.actor import Actor
from css.core.errors import Refused
from css.db.engine import transaction
from css.master.districts import BusinessDate

BY = Actor("batch", "night", "RETAIL", door="night")
NIGHT_OF = date(2026, 3, 1)
"""The first night of a district that opened on 2 March."""
DUE_AT = datetime(2026, 3, 2, 2, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Hands:
    """The time as it was set, and the runs that were started, which end when told to."""

    at: datetime = DUE_AT
    started: list[Launch] = field(default_factory=list)
    status: int | None = None

    def now(self) -> datetime:
        return self.at

    def time(self, _session: object) -> datetime:
        """In the place of the database's."""
        return self.at

    def start(self, launch: Launch) -> Hands:
        self.started.append(launch)
        self.status = None
        return self

    def poll(self) -> int | None:
        return self.status

    def wait(self) -> int:
        return 0


def clockwork(
    engine: Engine, hands: Hands, nets: Mapping[str, Net] | None = None, start: Callable[[Launch], Running] | None = None
) -> Clockwork:
    """A clock that goes by the hands."""
    return Clockwork(engine, nets or {"night": NIGHT}, start=start or hands.start, time=hands.time)


def attempted(engine: Engine, code: int | None, *, night_of: date = NIGHT_OF, at: datetime = DUE_AT) -> None:
    """Leave an attempt behind: ended with a return code, or without a word."""
    with transaction(engine) as session:
        instance = repository.plan(session, "night", "ZZ", night_of, at)
        execution_id, _ = repository.begin_attempt(session, instance.id, BY, at)
        if code is not None:
            state = ExecutionState.COMPLETED if code < 8 else ExecutionState.FAILED
            error = Refused("CSS620E", "The books do not balance.") if code >= 8 else None
            repository.end_attempt(session, instance.id, execution_id, state, at, code, error)


def close(engine: Engine, through: date, *, district: str = "ZZ", current: date | None = None) -> None:
    """Put a district where it is after a night."""
    with transaction(engine) as session:
        session.execute(
            update(BusinessDate)
            .where(BusinessDate.district_code == district)
            .values(closed_through=through, current_on=current or max(through + timedelta(days=1), date(2026, 3, 2)))
        )
