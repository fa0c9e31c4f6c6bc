"""A night: how long each step takes, and whether the last bills take longer than the first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import text

from batch.net import Counts, Step
from billing.actions.sound import sound_document
from billing.bill_pdf import render_pdf
from billing.bill_xml import render_ubl
from billing.queries.as_posted import bills_as_posted, supplier
from css.bench.place import DAYS_OF_CALLS, NIGHT_OF, Place, evening
from css.bench.table import Measured, show, timed
from css.db.engine import transaction
from css.demo.plan import DISTRICT
from css.demo.run import night

SAMPLE = 200
"""Bills rendered once more, each part by itself."""
OF_BILLS = ("freeze-cut", "calculate", "release", "post", "render", "dispatch", "dispatch-partners")


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

    def step_ended(self, step: Step, counts: Counts, *, skipped: bool) -> None:  # noqa: ARG002 - as above
        timed_step = self.steps[step.name]
        timed_step.seconds = time.perf_counter() - timed_step.began
        timed_step.read = counts.read


def run(place: Place, lines: int, workers: int) -> None:
    """Measure and print."""
    evening(place, lines)
    watch = Clocked()
    with timed() as whole:
        night(place.engine, DISTRICT, NIGHT_OF, place.home, workers=workers, watcher=watch)
    rows = [
        Measured(step.words, step.read, step.seconds, f"{step.seconds / whole.seconds:.0%} of the night")
        for step in watch.steps.values()
        if step.read
    ]
    bills = watch.steps["render"].read
    of_bills = sum(watch.steps[name].seconds for name in OF_BILLS)
    rows += [*_renderings(place, bills), Measured("The whole night (lines)", lines, whole.seconds)]
    notes = [f"Bills from the cut to the spool, PDF and XML: {bills / of_bills * 3600:,.0f} an hour (aim: 100,000)."]
    notes += [note for name in ("calculate", "render") for note in _flat(watch.steps[name])]
    show(f"night: {lines:,} lines all billed, {DAYS_OF_CALLS} days of calls (workers: {workers})", rows, notes)


def _flat(step: Timed) -> list[str]:
    """The rate of the last tenth of a step's blocks against the first: a run that slows down as it grows shows here.

    The very first block is left out: it waits for processes to start and fonts to load.
    """
    tenth = len(step.marks) // 10
    if not tenth:
        return [f"{step.words}: too few blocks ({len(step.marks)}) to tell the last tenth from the first."]
    first, last = _rate(step.marks[: tenth + 1]), _rate(step.marks[-tenth - 1 :])
    return [f"{step.words}: the last tenth of {len(step.marks)} blocks went at {last / first:.2f} of the first's rate (aim: 0.90)."]


def _rate(marks: Sequence[tuple[float, int]]) -> float:
    """What was done a second from the first mark to the last."""
    return sum(amount for _, amount in marks[1:]) / (marks[-1][0] - marks[0][0])


def _renderings(place: Place, bills: int) -> list[Measured]:
    """PDF and XML by themselves, over bills picked evenly from the night's."""
    with transaction(place.engine) as session:
        ids = session.execute(text("SELECT id FROM billing.bill ORDER BY id")).scalars().all()[:: max(1, bills // SAMPLE)]
        with timed() as reading:
            documents = [sound_document(posted.bill, house) for house in [supplier(session)] for posted in bills_as_posted(session, ids)]
    with timed() as pdf:
        for document in documents:
            render_pdf(document)
    with timed() as xml:
        for document in documents:
            render_ubl(document)
    parts = (("Bills read and composed", reading), ("PDF by itself", pdf), ("XML by itself", xml))
    return [Measured(what, len(documents), watch.seconds) for what, watch in parts]
