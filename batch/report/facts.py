"""What is known of a run in the morning, as values. Nothing here reads: every face of the report is drawn from them alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from batch.rules.standing import is_put_back
from batch.words import AlarmKind, ExecutionState, InstanceState, StepState
from css.core.money import Money

REPORT_STEP: Final = "report"
"""It cannot report on itself."""
BOOKS_STEP: Final = "check-books"
NOTHING: Final = Money(0)
OVER: Final = frozenset({StepState.COMPLETED, StepState.SKIPPED, StepState.NOT_NEEDED})
"""Steps that hold nothing back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFact:
    """One attempt at the run."""

    attempt: int
    state: ExecutionState
    started_by: str
    host: str
    started_at: datetime
    ended_at: datetime | None
    return_code: int | None
    message_code: str | None
    message_words: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFact:
    """One step, against what is usual."""

    step: str
    state: StepState
    read_count: int
    written_count: int
    filtered_count: int
    rejected_count: int
    seconds: int | None
    """None while it has not ended."""
    usual_seconds: int | None
    """The middle one of its last ten runs; None when there was none."""
    message_code: str | None
    message_words: str | None

    @property
    def is_slow(self) -> bool:
        """Whether it took half as long again as usual, and a minute more."""
        return (
            self.seconds is not None
            and self.usual_seconds is not None
            and self.seconds > max(self.usual_seconds * 3 // 2, self.usual_seconds + 60)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalFact:
    """A control total, against the middle one of the nights it is compared with."""

    step: str
    name: str
    item_count: int | None
    amount: Money | None
    usual_count: int | None
    usual_amount: Money | None

    @property
    def difference(self) -> int | None:
        """How much more than usual in thousandths, by count, or by amount where nothing is counted; None where nothing is usual."""
        pairs = ((self.item_count, self.usual_count), (_pence(self.amount), _pence(self.usual_amount)))
        found = next(((now, usual) for now, usual in pairs if now is not None and usual is not None), None)
        if found is None or found[1] == 0:
            return None
        moved = abs(found[0] - found[1]) * 1000 // abs(found[1])
        return moved if found[0] >= found[1] else -moved


@dataclass(frozen=True, slots=True, kw_only=True)
class JointFact:
    """Two figures that must be one."""

    step: str
    joint: str
    in_words: str
    in_count: int | None
    in_amount: Money | None
    out_words: str
    out_count: int | None
    out_amount: Money | None
    difference: str | None
    """In words; None when they are one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFact:
    """Something somebody must look at."""

    kind: AlarmKind
    step: str | None
    words: str
    times: int
    is_open: bool
    """Neither over nor seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonFact:
    """Why so many items were set aside."""

    reason_code: str
    words: str
    """Of one of them."""
    item_count: int
    is_usage: bool
    """Call records, which billing keeps; anything else is a reject of the job repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightFact:
    """Another night, for what is usual."""

    business_date: date
    seconds: int | None
    rejected_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A person holds the run, or a step of it."""

    step: str | None
    held_by: str
    held_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits for a person in the rooms when the report is made."""

    held_bills: int = 0
    held_amount: Money = NOTHING
    parked_accounts: int = 0
    """Of this night."""
    usage_records: int = 0
    """Without a price, for a cause that can be mended."""
    usage_late: int = 0
    """That began too long ago (CSS460W): besides those, and settled by a person alone."""
    usage_unreadable: int = 0
    """Of this night's files; nobody settles them, and the carrier alone can send them anew."""
    usage_oldest_on: date | None = None
    order_requests: int = 0
    other_rejects: int = 0
    """Set aside by any night of the district and open still, besides the accounts that this night parked: those are told above."""
    missed_faults: int = 0
    """Deadlines missed on the business date."""
    missed_open: int = 0
    """Of those, not mended yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A run as the morning finds it."""

    net: str
    district_code: str
    """Empty for a net of the whole house."""
    district_name: str
    business_date: date
    parameter_key: str
    state: InstanceState
    is_alive: bool
    """Whether a process holds it now."""
    must_end_by: datetime | None
    attempts: tuple[AttemptFact, ...]
    steps: tuple[StepFact, ...]
    """In their order, without the report's own."""
    to_come: tuple[str, ...]
    """Steps that earlier runs had and this one, which is not done, has not begun."""
    is_reporting: bool
    """Whether its own step is writing the report now."""
    totals: tuple[TotalFact, ...]
    compared_with: str
    """Which nights the totals are compared with: ``the last 4 Thursdays``; empty when there is none."""
    joints: tuple[JointFact, ...]
    alarms: tuple[AlarmFact, ...]
    reasons: tuple[ReasonFact, ...]
    nights: tuple[NightFact, ...]
    """Up to ten before it, the oldest first."""
    holds: tuple[Hold, ...]
    waiting: Waiting
    is_report_done: bool | None = None
    """Whether the step that writes the report is done, or is at it; None in a net that has no such step. It is in no list of steps: it
    cannot say of itself how long it took."""

    @property
    def is_done(self) -> bool:
        """Whether all there is to do is done; the step that writes the report cannot wait for itself."""
        if self.state is InstanceState.RUNNING:
            return self.is_reporting and all(step.state in OVER for step in self.steps)
        return self.state is InstanceState.COMPLETED

    @property
    def is_dead(self) -> bool:
        """Marked running, and no process holds it."""
        return self.state is InstanceState.RUNNING and not self.is_alive

    @property
    def is_put_back(self) -> bool:
        """Whether a step of it is to be run again, and waits for somebody to start it."""
        return is_put_back(self.state, self.attempts[-1].state if self.attempts else None)

    @property
    def is_balanced(self) -> bool:
        """Whether the books were found in order and every joint closed."""
        checked = any(step.step == BOOKS_STEP and step.state is StepState.COMPLETED for step in self.steps)
        return checked and not any(joint.difference for joint in self.joints)

    @property
    def steps_over(self) -> int:
        """How many steps hold nothing back any more."""
        return sum(step.state in OVER for step in self.steps) + bool(self.is_report_done)

    @property
    def steps_in_all(self) -> int:
        """How many steps the run has, by the count of its console too."""
        return len(self.steps) + len(self.to_come) + (self.is_report_done is not None)

    @property
    def rejected_count(self) -> int:
        return sum(step.rejected_count for step in self.steps)

    @property
    def return_code(self) -> int | None:
        """Of the last attempt that ended; of a run whose report is being written what it will be."""
        if self.is_done and self.state is InstanceState.RUNNING:
            return 4 if self.rejected_count or self.alarms else 0
        return self.attempts[-1].return_code if self.attempts else None

    @property
    def seconds(self) -> int | None:
        """What its steps took together, those side by side each for itself."""
        taken = [step.seconds for step in self.steps if step.seconds is not None]
        return sum(taken) if taken else None

    @property
    def usual_seconds(self) -> int | None:
        """What the same steps usually take together."""
        usual = [step.usual_seconds for step in self.steps if step.seconds is not None and step.usual_seconds is not None]
        return sum(usual) if usual else None

    @property
    def trouble(self) -> tuple[str, str] | None:
        """Why it does not stand completed: code and words of the last attempt. Of a run that is put back they say nothing of that."""
        last = self.attempts[-1] if self.attempts else None
        if self.is_done or self.is_put_back or last is None or last.message_code is None:
            return None
        return last.message_code, last.message_words or ""


def _pence(amount: Money | None) -> int | None:
    return None if amount is None else amount.pence
