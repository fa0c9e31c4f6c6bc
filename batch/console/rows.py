"""What the console says of a run: its steps, what it waits for and was told, its attempts, and one step with all there is to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from batch.words import ExecutionState, InstanceState, RejectState, StepState


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """A step of a net in a run, done, under way or still to come."""

    step: str
    words: str
    ordinal: int
    after: tuple[str, ...]
    """The steps it waits for."""
    state: StepState | None
    """None while its turn has not come."""
    generation: int
    """1, and one more each time that it was run again from the top."""
    said: str | None
    """Why it waits, failed, stopped or was left out; None when there is nothing to say."""
    told: tuple[str, ...]
    """What people told of it and is still to count: that it is held, forced, left out; with who and why."""
    read_count: int
    written_count: int
    filtered_count: int
    rejected_count: int
    total: int | None
    """How many it has to read; None where it does not know beforehand."""
    per_minute: int | None
    """How many this attempt reads a minute; None where it is not under way."""
    started_at: datetime | None
    ended_at: datetime | None
    seconds: int | None
    """How long it took, pauses between attempts left out; None until it has ended."""
    expected_end_at: datetime | None
    """None where nobody can tell: it never ran before, or the run stands still."""
    usual_seconds: int | None
    """The middle one of its last ten runs; None when there was none."""
    share: int | None
    """How much is done, in thousandths; None where nobody can tell."""
    is_critical: bool
    """Whether it is on the longest chain of steps by how long they usually take: when it is late, the run is."""

    @property
    def unaccounted(self) -> int:
        """What was read and is neither written, nor left alone, nor set aside: 0 when it adds up."""
        return self.read_count - self.written_count - self.filtered_count - self.rejected_count


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """A run of a net for a date: every step of the net, whether it ran or not."""

    job_instance_id: int
    net: str
    district_code: str
    business_date: date
    parameter_key: str
    state: InstanceState
    is_alive: bool
    """Whether a process holds it now; one that is marked running and held by nobody has died."""
    is_put_back: bool
    """Whether a step of it is to be run again, and waits for somebody to start it."""
    is_starting: bool
    """Whether it is asked to start, or was a moment ago, and no process holds it yet."""
    waits_for: str | None
    """What it waits for, as the clock sees it; None when it runs or is over."""
    needs_person: bool
    """Whether nothing more comes of it until a person says so: it is held, or waits for somebody."""
    told: tuple[str, ...]
    """What people told of it and still counts: held, to start, to stop; with who, since when and why."""
    attempt: int | None
    """The last one; None before the first."""
    return_code: int | None
    message_code: str | None
    message_words: str | None
    """Why the last attempt ended, when not well."""
    start_after: datetime | None
    must_end_by: datetime | None
    """None where no hour is meant: a demo lives on its business date, and its nights are run by hand."""
    is_late: bool
    """Whether it is not over though the moment has passed by which it was to end."""
    rows: tuple[PlanRow, ...]
    expected_end_at: datetime | None

    @property
    def steps_done(self) -> int:
        """How many are done with: completed, left out or not needed."""
        return sum(row.state in OVER for row in self.rows)

    @property
    def is_over(self) -> bool:
        return self.state in {InstanceState.COMPLETED, InstanceState.SKIPPED}


OVER = frozenset({StepState.COMPLETED, StepState.SKIPPED, StepState.NOT_NEEDED})
"""States of a step whose turn is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One attempt at a run."""

    attempt: int
    state: ExecutionState
    started_by: str
    host: str
    process_id: int
    started_at: datetime
    ended_at: datetime | None
    return_code: int | None
    message_code: str | None
    message_words: str | None
    is_holder: bool
    """Whether the step is, or was last, this attempt's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReject:
    """An item that the step set aside."""

    source_key: str
    reason_code: str
    words: str
    state: RejectState
    rejected_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationRow:
    """How long the step took on another night."""

    business_date: date
    seconds: int
    read_count: int
    attempts: int
    """More than one: it was interrupted, and what an attempt that died did of it is not in its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCard:
    """One step of a run with all there is to it."""

    run: RunPlan
    row: PlanRow
    kind: str
    """How it does its work, in words."""
    parameters: tuple[tuple[str, str], ...]
    checkpoint: tuple[tuple[str, str], ...]
    block_count: int
    blocks_done: int
    restart: str
    """What a restart would repeat of it."""
    command: str | None
    """What runs it again; None where nothing is to be run: it is finished, or a process is at it."""
    attempts: tuple[AttemptRow, ...]
    rejects: tuple[StepReject, ...]
    durations: tuple[DurationRow, ...]
