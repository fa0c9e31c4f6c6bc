"""What the clock of a fault has done, as parts that follow one another: for a bar and the table beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from css.core.calendar import require_aware


class ClockState(StrEnum):
    """What the clock does in a part. Stops are added when repairs can park a fault."""

    BEFORE = "before it had its number"
    RUNNING = "running"
    LATE = "running, late"
    LEFT = "left"
    """Still to come, until it is due."""


@dataclass(frozen=True, slots=True)
class ClockPart:
    """Some time of a fault's life; never empty."""

    state: ClockState
    starts_at: datetime
    ends_at: datetime
    share: int
    """In thousandths of all parts together, rounded down; at least 1, so that it can be seen."""

    @property
    def minutes(self) -> int:
        """How long, in whole minutes."""
        return (self.ends_at - self.starts_at) // timedelta(minutes=1)


def clock_of(
    *, reported_at: datetime, accepted_at: datetime, due_at: datetime, ended_at: datetime | None, at: datetime
) -> tuple[ClockPart, ...]:
    """The parts of a fault's life from the report to its end, or to the deadline or now where it is open, whichever is later.

    The care level's clock starts when the fault has its number, and what runs after the deadline is late.
    """
    reached = ended_at or require_aware(at)
    marks = [
        (ClockState.BEFORE, reported_at, accepted_at),
        (ClockState.RUNNING, accepted_at, min(reached, due_at)),
        (ClockState.LATE, max(due_at, accepted_at), reached),
        (ClockState.LEFT, max(reached, accepted_at), due_at if ended_at is None else reached),
    ]
    lived = [(state, starts_at, ends_at) for state, starts_at, ends_at in marks if starts_at < ends_at]
    whole = sum((ends_at - starts_at for _, starts_at, ends_at in lived), start=timedelta())
    return tuple(ClockPart(state, starts_at, ends_at, max(1, 1000 * (ends_at - starts_at) // whole)) for state, starts_at, ends_at in lived)
