"""The words of the night: how runs, steps, alarms and outputs stand, and when nets run."""

from __future__ import annotations

from enum import StrEnum


class InstanceState(StrEnum):
    """How a planned run stands."""

    PLANNED = "planned"  # -> running, skipped
    RUNNING = "running"  # -> completed, failed, stopped
    FAILED = "failed"  # -> running (attempt n + 1)
    STOPPED = "stopped"  # -> running
    COMPLETED = "completed"  # -> planned (a step of it is to be run again)
    SKIPPED = "skipped"  # -> planned; never begun, and left out with a reason


class ExecutionState(StrEnum):
    """How an attempt ended."""

    RUNNING = "running"  # -> completed, failed, stopped
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"


class StepState(StrEnum):
    """How a step stands."""

    WAITING = "waiting"  # -> running; its turn has come, and a resource it needs is in use
    RUNNING = "running"  # -> completed, failed, stopped; a restart takes it up from its checkpoint
    FAILED = "failed"  # -> running
    STOPPED = "stopped"  # -> running
    COMPLETED = "completed"
    SKIPPED = "skipped"  # a person left it out, with a reason; or it was optional and its cut-off had come
    NOT_NEEDED = "not-needed"  # its condition did not hold


class BlockState(StrEnum):
    """How a block of a step's work stands."""

    WAITING = "waiting"  # -> done
    DONE = "done"


class RejectState(StrEnum):
    """What became of an item set aside."""

    OPEN = "open"  # -> replayed, dropped
    REPLAYED = "replayed"
    DROPPED = "dropped"


class AlarmKind(StrEnum):
    """What an alarm is about."""

    STEP = "step"  # raised by the work of a step: somebody must look, though the net went on
    LATE_START = "late-start"
    LATE_END = "late-end"
    STUCK = "stuck"  # no progress for much longer than usual
    LONG = "long"  # it runs much longer than usual
    OPTIONAL = "optional"  # an optional step failed and the net went on without it
    DIED = "died"  # its process is gone without a word
    CLOCK = "clock"  # no clock, or a clock that is wrong


class Cycle(StrEnum):
    """On which business dates a net runs."""

    DAILY = "daily"
    WORKING_DAYS = "working-days"
    WEEKLY = "weekly"  # on the weekday of the schedule
    MONTH_END = "month-end"
    QUARTER_END = "quarter-end"
    YEAR_END = "year-end"
    ON_DEMAND = "on-demand"


class Shift(StrEnum):
    """What becomes of a run whose date is no working day in the nation of its district."""

    RUN = "run"  # it runs all the same
    RUN_ON = "run-on"  # on the next working day
    RUN_BEFORE = "run-before"  # on the working day before
    SKIP = "skip"


class GenerationState(StrEnum):
    """How a generation of an output stands."""

    WRITING = "writing"  # -> catalogued
    CATALOGUED = "catalogued"  # -> superseded, purged
    SUPERSEDED = "superseded"  # -> purged; a later generation of the same run stands for it
    PURGED = "purged"  # thrown away when its time was over, or written off when the disk had lost it
