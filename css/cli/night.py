"""``css night``: run the night of a district, look at what it did, leave it to the clock."""

from __future__ import annotations

import sys
import time
from datetime import date, timedelta
from types import TracebackType
from typing import Annotated, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from batch import queries
from batch.engine import RunOutcome, run_net
from batch.net import Context, Counts, Step
from batch.nets import NIGHT
from batch.steps.dates import check_turn
from batch.steps.report import morning_report
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.cli.asker import system_user
from css.cli.days import read_day
from css.core.actor import Actor
from css.core.clock import Clock
from css.core.errors import NotFound, Refused
from css.db.engine import database, transaction
from css.master.clocks import house_clock, night_clock
from css.master.districts import BusinessDate, District, no_district
from css.settings import settings

app = typer.Typer(add_completion=False, no_args_is_help=True)


class Display:
    """The progress of a net: a bar a step at a terminal, a line a step elsewhere."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._began: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._progress.stop()

    def step_started(self, step: Step, *, total: int | None, done: int) -> None:
        self._began[step.name] = time.monotonic()
        self._tasks[step.name] = self._progress.add_task(step.words, total=total, completed=done)

    def advanced(self, step: Step, amount: int) -> None:
        self._progress.advance(self._tasks[step.name], amount)

    def step_ended(self, step: Step, counts: Counts, *, skipped: bool) -> None:
        if step.name in self._tasks:
            done = max(counts.read, 1)
            self._progress.update(self._tasks[step.name], total=done, completed=done)
        if not self._console.is_terminal:
            took = "done before" if skipped else f"{time.monotonic() - self._began[step.name]:.1f} s"
            said = f"{counts.read:,} read, {counts.written:,} written, {counts.filtered:,} filtered, {counts.rejected:,} set aside"
            print(f"{step.words:<28} {said}, {took}", file=sys.stderr)


@app.command()
def run(
    district: Annotated[str, typer.Argument(help="The district's two letters.")],
    business_date: Annotated[str, typer.Option("--date", help="The night to run; the next that is due when left out.")] = "",
) -> int:
    """Run the night of a district, or take up the one that was stopped. Exit status 0; 4 with items set aside; 2 when it failed."""
    engine = database()
    with transaction(engine) as session:
        row = session.get(BusinessDate, district)
        if row is None:
            raise no_district(district)
        night_of = read_day(business_date) if business_date else row.closed_through + timedelta(days=1)
        check_turn(row, night_of)
    clock = night_clock(database, night_of)
    context = _context(district, night_of, clock)
    with Display() as display:
        outcome = run_net(engine, NIGHT, context, clock=clock, workers=settings().workers, watcher=display)
    return _said(outcome, district, night_of)


@app.command()
def report(
    district: Annotated[str, typer.Argument(help="The district's two letters.")],
    business_date: Annotated[str, typer.Option("--date", help="Which night; the last one when left out.")] = "",
) -> None:
    """Print the morning report of a night, from its own records."""
    night_of = read_day(business_date) if business_date else None
    with transaction(database()) as session:
        if session.get(District, district) is None:
            raise no_district(district)
        if night_of is None:
            night_of = next((row.business_date for row in queries.runs(session, district, 1)), None)
        instance = queries.instance_id(session, district, night_of) if night_of else 0
        if night_of is None or not instance:
            raise NotFound(
                "CSS606E",
                "{night} has been run in district {district}; `css night run {district}` runs the next that is due.",
                night=f"No night of {night_of}" if night_of else "No night",
                district=district,
            )
        print(morning_report(session, _context(district, night_of, house_clock(database), instance)))


@app.command()
def status(district: Annotated[str, typer.Argument(help="The district's two letters.")]) -> None:
    """Say which nights were run and how they ended, newest first."""
    with transaction(database()) as session:
        if session.get(District, district) is None:
            raise no_district(district)
        rows = queries.runs(session, district)
    for row in rows:
        ended = f"ended {row.ended_at:%d %b %H:%M} UTC, return code {row.return_code}" if row.ended_at else "not ended"
        said = f": {row.message_code} {row.message_words}" if row.message_code else ""
        print(f"{row.business_date}  {row.state.value:<10} attempt {row.attempt or 0}, {ended}{said}")
    if not rows:
        print(f"No night has been run in district {district}.")


@app.command()
def clock() -> None:
    """Watch the clock and run each district's night when it is due, until interrupted."""
    from batch.scheduler import watch  # noqa: PLC0415 - only this command needs it

    watch(database(), house_clock(database))


def _context(district: str, night_of: date, clock: Clock, job_instance_id: int = 0) -> Context:
    by = Actor(kind="batch", name=f"night/{system_user()}", provider_code="RETAIL", door="night")
    return Context(district, night_of, clock.now(), by, settings().home, job_instance_id)


WAITS_FOR_APPROVAL = "CSS780E"
"""Nothing is broken: somebody looks at the sample first."""


def _said(outcome: RunOutcome, district: str, night_of: date) -> int:
    if outcome.error is not None:
        raise Refused(
            "CSS607E",
            "The night of {night} in {district} stopped in attempt {attempt} with return code {code}: {why} {then}.",
            night=night_of,
            district=district,
            attempt=outcome.attempt,
            code=outcome.return_code,
            why=outcome.error.text,
            then="Approve, then run it again" if outcome.error.code == WAITS_FOR_APPROVAL else "Mend the cause and run it again",
        )
    spool = settings().home / "spool"
    print(
        f"The night of {night_of:%d %b %Y} in {district} is done (return code {outcome.return_code}). Bills: {spool / 'bills' / district}"
    )
    return outcome.return_code
