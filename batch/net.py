"""What a net is: steps in order, each a few plain functions. The engine runs them; nothing here touches the database.

Three kinds of step, one contract: whatever a step writes is committed together with its counts and checkpoint, under the
fence of the attempt that wrote it. A step is taken up again where it stopped; it never starts over and never guesses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.money import Money

BLOCK_SIZE = 500
"""Keys in a block of the ordinary size: memory is bounded by it, not by the district."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a piece of work did. Read = written + filtered + rejected, or the step fails."""

    read: int = 0
    written: int = 0
    filtered: int = 0
    rejected: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.read + other.read, self.written + other.written, self.filtered + other.filtered, self.rejected + other.rejected)

    @property
    def closes(self) -> bool:
        return self.read == self.written + self.filtered + self.rejected


@dataclass(frozen=True, slots=True)
class RejectedItem:
    """An item set aside so that the rest could go on; ``source_key`` names it once for ever."""

    source_key: str
    reason_code: str
    words: str
    raw: str


@dataclass(frozen=True, slots=True)
class Total:
    """A count or an amount at a joint of the night, for the balance sheet of the morning."""

    name: str
    item_count: int | None = None
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What one transaction of a step did."""

    counts: Counts = Counts()
    rejects: tuple[RejectedItem, ...] = ()
    totals: tuple[Total, ...] = ()
    """Totals of the same name are added up over a step's transactions."""
    messages: tuple[str, ...] = ()
    """What whoever looks after the night should know; said in the log."""
    alarms: tuple[str, ...] = ()
    """What somebody must look at though the night went on; said in the log as warnings, and the net ends with 4."""
    kept_by_room: int = 0
    """How many of the rejected the room keeps itself, with their reasons: usage records, which may come by the million."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a step is told: for whom, for which date, when, and where its files are."""

    district_code: str
    business_date: date
    at: datetime
    """The instant told by the door; used for stamps, never for decisions about dates."""
    by: Actor
    home: Path
    """The installation's directory: ``incoming/`` below it holds carriers' files, ``spool/`` what the night publishes."""
    job_instance_id: int = 0
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def incoming(self) -> Path:
        return self.home / "incoming" / self.district_code

    @property
    def spool(self) -> Path:
        return self.home / "spool" / self.district_code / self.business_date.isoformat()


@dataclass(frozen=True, slots=True)
class KeyRange:
    """A block's keys, from first to last, both included; ``count`` is how many there are at the most, for the progress bar."""

    first: int
    last: int
    count: int


def cut(keys: Sequence[int], size: int = BLOCK_SIZE) -> tuple[KeyRange, ...]:
    """Keys in rising order, cut into ranges of at most ``size``."""
    starts = range(0, len(keys), size)
    return tuple(KeyRange(keys[start], keys[min(start + size, len(keys)) - 1], min(size, len(keys) - start)) for start in starts)


@dataclass(frozen=True, slots=True)
class SingleStep:
    """A step done whole in one transaction."""

    name: str
    words: str
    run: Callable[[Session, Context], Work]


@dataclass(frozen=True, slots=True)
class LoopStep:
    """A step that asks again and again for the next item not yet done, one transaction each, until there is none.

    ``run`` gets the step's checkpoint and returns the work with the next checkpoint, or None when nothing is left.
    """

    name: str
    words: str
    run: Callable[[Session, Context, dict[str, Any]], tuple[Work, dict[str, Any]] | None]


@dataclass(frozen=True, slots=True)
class BlockStep:
    """A step whose work is cut into blocks of keys, made once for an instance and never cut again.

    ``drive`` returns the ranges of keys in rising order; ``run`` does one of them and may run in another process. A block
    done twice is impossible: its claim is committed with its output.
    """

    name: str
    words: str
    drive: Callable[[Session, Context], Sequence[KeyRange]]
    run: Callable[[Session, Context, int, int], Work]
    in_parallel: bool = False


Step = SingleStep | LoopStep | BlockStep


@dataclass(frozen=True, slots=True)
class Net:
    """A plan: steps in the order they run."""

    name: str
    words: str
    steps: tuple[Step, ...]

    def step(self, name: str) -> Step:
        """The step of that name; asking for one that is not there is our own mistake."""
        return next(step for step in self.steps if step.name == name)


class Watcher(Protocol):
    """Whoever watches a run: a progress display, a log, or nobody."""

    def step_started(self, step: Step, *, total: int | None, done: int) -> None: ...

    def advanced(self, step: Step, amount: int) -> None: ...

    def step_ended(self, step: Step, counts: Counts, *, skipped: bool) -> None: ...


class Unwatched:
    """Nobody watches."""

    def step_started(self, step: Step, *, total: int | None, done: int) -> None: ...

    def advanced(self, step: Step, amount: int) -> None: ...

    def step_ended(self, step: Step, counts: Counts, *, skipped: bool) -> None: ...
