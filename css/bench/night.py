"""A watch on a night: how long each of its steps takes, and when what was done."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from batch.net import Counts, Step


@dataclass(slots=True)
class Timed:
    """A step with the moments at which its blocks were done."""

    words: str
    began: float
    marks: list[tuple[float, int]] = field(default_factory=list)
    seconds: float = 0.0
    read: int = 0


class Clocked:
    """Watches a net and notes when what was done."""

    def __init__(self) -> None:
        self.steps: dict[str, Timed] = {}

    def step_started(self, step: Step, *, total: int | None, done: int) -> None:  # noqa: ARG002 - a watcher is told, it need not listen
        self.steps[step.name] = Timed(step.words, time.perf_counter())

    def advanced(self, step: Step, amount: int) -> None:
        self.steps[step.name].marks.append((time.perf_counter(), amount))

    def step_ended(self, step: Step, counts: Counts, *, skipped: str = "") -> None:  # noqa: ARG002 - as above
        timed_step = self.steps[step.name]
        timed_step.seconds = time.perf_counter() - timed_step.began
        timed_step.read = counts.read
