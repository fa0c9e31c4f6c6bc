"""What the repository's statements give and take: rows without a session, so that they may go to another thread or process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from batch.net import Counts
from batch.words import InstanceState, StepState
from css.core.errors import CssError


class Fenced(CssError):  # noqa: N818 - it is what happened to the attempt, as its family says
    """Another attempt has taken this work over; whoever gets this writes nothing."""

    family = "conflict"


def fenced(step: str) -> Fenced:
    """The sentence for an attempt that holds its step no more."""
    return Fenced("CSS611E", "Another attempt has taken over step {step}; this one writes nothing more.", step=step)


@dataclass(frozen=True, slots=True)
class Hold:
    """That something is held: since when, by whom, why."""

    since: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Instance:
    """A planned run."""

    id: int
    net: str
    district_code: str
    business_date: date
    state: InstanceState
    parameters: dict[str, Any]
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step's record as the engine reads it."""

    id: int
    state: StepState
    checkpoint: dict[str, Any]
    counts: Counts
    generation: int = 1
    was_begun: bool = True
    """Whether any attempt ever did some of it; its condition may have failed before."""


@dataclass(frozen=True, slots=True)
class Control:
    """What a person decided about a step before its turn came."""

    hold: Hold | None
    skipped_by: str | None
    skip_reason: str | None
    is_forced: bool


UNTOUCHED = Control(None, None, None, is_forced=False)


@dataclass(frozen=True, slots=True)
class Held:
    """A step as an attempt holds it: all that stands in the fence."""

    instance_id: int
    execution_id: int
    step_id: int
    step: str
    generation: int = 1


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A block waiting to be done."""

    id: int
    number: int
    first_key: int
    last_key: int
