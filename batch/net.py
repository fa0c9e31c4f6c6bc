"""What a net is: steps that wait for one another, each a few plain functions. The engine runs them; nothing here touches the database.

Three kinds of step, one contract: whatever a step writes is committed together with its counts and checkpoint, under the
fence of the attempt that wrote it. A step is taken up again where it stopped; it never starts over and never guesses.

A *step* says what is done and belongs to whoever does it. A *node* says when it is done in one net: what it waits for, on
what condition, with which resources. A *net* is its nodes in an order that can be run one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy.orm import Session

from batch.rules.graph import Place
from batch.words import Cycle, Shift
from css.core.actor import Actor
from css.core.money import Money

BLOCK_SIZE = 500
"""Keys in a block of the ordinary size: memory is bounded by it, not by the district."""
NO_ONE: Final[Mapping[str, int]] = {}


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
    said_anew: tuple[str, ...] = ()
    """Codes of alarms that hold as long as every night says them: those of earlier nights are over, whatever is in ``alarms``."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a step is told: for whom, for which date, when, and where its files are."""

    district_code: str
    """Empty in a net of the whole house."""
    business_date: date
    at: datetime
    """The instant told by the door; used for stamps, never for decisions about dates."""
    by: Actor
    home: Path
    """The installation's directory: ``incoming/`` below it holds carriers' files, ``spool/`` what the night publishes."""
    job_instance_id: int = 0
    parameters: dict[str, Any] = field(default_factory=dict)
    step: str = ""
    """The step that is told; set by the engine."""
    step_generation: int = 1
    """1, and one more each time that the step is run again from the top; set by the engine."""

    @property
    def incoming(self) -> Path:
        return self.home / "incoming" / self.district_code

    @property
    def spool(self) -> Path:
        return self.home / "spool" / (self.district_code or "house") / self.business_date.isoformat()


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
class Side:
    """One side of a joint, counted for itself: what, how many, how much."""

    words: str
    item_count: int | None = None
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class Joint:
    """Two figures of the night, come by in different ways, that must be one; looked at when the step closes."""

    name: str
    sides: Callable[[Session, Context], tuple[Side, Side]]
    """What came in, and what became of it."""


@dataclass(frozen=True, slots=True)
class RejectLimit:
    """How much a step may set aside before it stops: so many items, or so many thousandths of what it read, whichever is more."""

    items: int
    thousandths: int = 0
    kept_by_room: Callable[[Session, Context], tuple[int, int]] | None = None
    """Where a room keeps what the step sets aside: how many items it keeps of this run, and how many of them nobody has settled."""


@dataclass(frozen=True, slots=True)
class Rerun:
    """Whether a finished step may be run again from the top, and what that supersedes."""

    is_allowed: bool
    words: str
    """Why it may, or why not and what is done instead; said in the refusal and the runbook."""
    supersedes: Callable[[Session, Context], tuple[str, ...]] | None = None
    """What would be superseded, listed before anybody confirms: bills with their sum, files by name."""
    backout: Callable[[Session, Context], None] | None = None
    """Undoes what the step did, in the transaction of the verb; refuses when it is too late."""


@dataclass(frozen=True, slots=True)
class StepDoc:
    """What the runbook says of a step. Sentences in the house's language; ``codes`` are explained in the page of messages."""

    does: str
    reads: str
    writes: str
    counts: str = ""
    goes_wrong: str = ""
    codes: tuple[str, ...] = ()
    """With which it stops the net."""
    again: str = ""
    """Why taking it up again after a kill does nothing twice."""
    takes: str = ""
    """How long it takes for how much, as measured; what is usual in a district is read from its own runs."""


NEVER_AGAIN: Final = Rerun(is_allowed=False, words="What it did stands; it is not done twice.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policy:
    """What every kind of step says of itself besides its work."""

    joints: tuple[Joint, ...] = ()
    reject_limit: RejectLimit | None = None
    """None: as many as there are."""
    may_be_skipped: bool = False
    """Whether a person may leave it out. What bills, numbers, posts or closes may not."""
    skip_words: str = ""
    """What is missing when it is left out; said before anybody confirms."""
    rerun: Rerun = NEVER_AGAIN
    doc: StepDoc | None = None


@dataclass(frozen=True, slots=True)
class SingleStep(_Policy):
    """A step done whole in one transaction."""

    name: str
    words: str
    run: Callable[[Session, Context], Work]


@dataclass(frozen=True, slots=True)
class LoopStep(_Policy):
    """A step that asks again and again for the next item not yet done, one transaction each, until there is none.

    ``run`` gets the step's checkpoint and returns the work with the next checkpoint, or None when nothing is left.
    """

    name: str
    words: str
    run: Callable[[Session, Context, dict[str, Any]], tuple[Work, dict[str, Any]] | None]


@dataclass(frozen=True, slots=True)
class BlockStep(_Policy):
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
class Node:
    """A step's place in a net."""

    step: Step
    after: tuple[str, ...] = ()
    """The steps it waits for: completed, left out or not needed. Names of the same net."""
    after_end: tuple[str, ...] = ()
    """Steps it waits for, however they ended."""
    when: Callable[[Session, Context], str | None] | None = None
    """Its condition, asked when its turn comes: None when it is needed, or in words why it is not."""
    is_optional: bool = False
    """When it fails the net goes on without it, and says so."""
    cut_off: time | None = None
    """Of an optional step: London time on the day the net starts; not begun by then it is left out."""
    needs: Mapping[str, int] = field(default_factory=lambda: NO_ONE)
    """Units of resources it holds while it runs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """When a net runs where nobody has said otherwise. Times are London's on the day after the business date."""

    cycle: Cycle
    starts_at: time
    must_start_by: time
    must_end_by: time
    shift: Shift = Shift.RUN
    weekday: int | None = None
    priority: int = 50


ON_DEMAND: Final = Plan(Cycle.ON_DEMAND, time(2, 15), time(6), time(8))


@dataclass(frozen=True, slots=True)
class Before:
    """Another net that a net waits for, on the same business date."""

    net: str
    every_district: bool = False
    """Of a net of the whole house: that of every district. Otherwise that of its own district."""
    until: time | None = None
    """London time on the day after the business date from which it is waited for no longer, and that is an alarm."""


@dataclass(frozen=True, slots=True)
class OwnDates:
    """That a net runs on the dates of its own plan, whatever anybody sets: it closes something, and what comes after waits for that."""

    words: str
    """Why; said to whoever would set other dates."""
    require: Callable[[date], object] | None = None
    """Refuses a date that is none of them; None: each is one."""


@dataclass(frozen=True, slots=True)
class Net:
    """A plan: nodes in an order that can be run one after the other."""

    name: str
    words: str
    nodes: tuple[Node, ...]
    plan: Plan = ON_DEMAND
    before: tuple[Before, ...] = ()
    own_dates: OwnDates | None = None
    """None: it may run for any date, and be set for any."""
    is_of_house: bool = False
    """One run for the whole house, and not one for each district."""
    may_be_skipped: bool = False
    """Whether a person may leave a date out before it has begun."""
    skip_words: str = ""
    """What that leads to; said before anybody confirms."""
    may_run_extra: bool = False
    """Whether it may run more than once for a date, each run under a key of its own."""
    require_turn: Callable[[Session, str, date], None] | None = None
    """Refuses a date of a district whose turn it is not, as its first step would: what can only fail is not begun by hand."""

    @classmethod
    def in_line(cls, name: str, words: str, steps: Sequence[Step]) -> Net:
        """A net whose steps each wait for the one before."""
        befores = (None, *(step.name for step in steps))
        return cls(name, words, tuple(Node(step, (before,) if before else ()) for step, before in zip(steps, befores, strict=False)))

    def require_date(self, business_date: date) -> None:
        """Refuse a business date that it never runs for. Error: as the room says it that keeps those dates."""
        if self.own_dates is not None and self.own_dates.require is not None:
            self.own_dates.require(business_date)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its steps in the order of its nodes."""
        return tuple(node.step for node in self.nodes)

    @property
    def places(self) -> tuple[Place, ...]:
        """Where each step stands, in the order of its nodes."""
        return tuple(Place(node.step.name, node.after, node.after_end) for node in self.nodes)

    def step(self, name: str) -> Step:
        """The step of that name; asking for one that is not there is our own mistake."""
        return self.node(name).step

    def node(self, name: str) -> Node:
        """The node of the step of that name; asking for one that is not there is our own mistake."""
        return next(node for node in self.nodes if node.step.name == name)


class Watcher(Protocol):
    """Whoever watches a run: a progress display, a log, or nobody."""

    def step_started(self, step: Step, *, total: int | None, done: int) -> None: ...

    def advanced(self, step: Step, amount: int) -> None: ...

    def step_ended(self, step: Step, counts: Counts, *, skipped: str = "") -> None:
        """``skipped`` says why it was not run by this attempt; empty when it was."""


class Unwatched:
    """Nobody watches."""

    def step_started(self, step: Step, *, total: int | None, done: int) -> None: ...

    def advanced(self, step: Step, amount: int) -> None: ...

    def step_ended(self, step: Step, counts: Counts, *, skipped: str = "") -> None: ...
