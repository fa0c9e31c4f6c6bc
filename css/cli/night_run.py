"""``css night run``: run a net in this process, or go on with a run that was stopped."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from types import TracebackType
from typing import Annotated, Final, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from sqlalchemy.orm import Session

from batch.clock.times import database_clock
from batch.control.by_hand import refuse_by_hand
from batch.control.deeds import resumes
from batch.control.naming import NamedRun, run_at_hand
from batch.control.runs import find_run, net_of, run_words
from batch.engine import RunOutcome, run_net
from batch.net import Context, Counts, Step
from batch.rules.standing import WAITS_FOR_APPROVAL
from batch.turns import NIGHT_NET
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.cli import night_report
from css.cli.asker import system_user
from css.cli.days import read_day_if_given
from css.cli.places import read_district
from css.cli.unheard import outlives_its_window, unheard
from css.core.actor import Actor
from css.core.clock import Clock
from css.core.errors import BadMessage, Refused, Unavailable
from css.db.engine import database, transaction
from css.master.clocks import night_clock
from css.settings import settings

STOPPED: Final = frozenset({"CSS615E", "CSS617E", "CSS670E"})
"""Nothing is broken: somebody wanted it, or the machine was shut down."""
INFRASTRUCTURE: Final = 16
NAME_WIDTH: Final = 28
"""Of a step's name, where it is not known which will come."""


class Display:
    """The progress of a net: a bar a step at a terminal, a line a step elsewhere. ``first`` is said before all of them.

    It is not said of a run that is refused before it begins. ``steps`` are all the net has: the longest name sets the column.
    """

    def __init__(self, console: Console | None = None, *, first: str = "", steps: Sequence[Step] = ()) -> None:
        self._first = first
        self._width = max((len(step.words) for step in steps), default=NAME_WIDTH)
        self._console = console or Console(stderr=True)
        self._progress = Progress(
            TextColumn(f"{{task.description:<{self._width}}}"),
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
        self._say_first()
        self._began[step.name] = time.monotonic()
        self._tasks[step.name] = self._progress.add_task(step.words, total=total, completed=done)

    def advanced(self, step: Step, amount: int) -> None:
        self._progress.advance(self._tasks[step.name], amount)

    def step_ended(self, step: Step, counts: Counts, *, skipped: str = "") -> None:
        self._say_first()
        if step.name in self._tasks:
            done = max(counts.read, 1)
            self._progress.update(self._tasks[step.name], total=done, completed=done)
        if not self._console.is_terminal:
            took = skipped or f"{time.monotonic() - self._began[step.name]:.1f} s"
            said = took if skipped and not counts.read else f"{_counted(counts)}  {took:>8}"
            print(f"{step.words:<{self._width}}  {said}", file=sys.stderr)

    def _say_first(self) -> None:
        first, self._first = self._first, ""
        if first:
            print(first, file=sys.stderr)


def _counted(counts: Counts) -> str:
    """Each count in a column of its own: a log is read down."""
    return f"{counts.read:>7,} read  {counts.written:>7,} written  {counts.filtered:>7,} filtered  {counts.rejected:>7,} set aside"


def run(
    district: Annotated[
        str, typer.Argument(help="The district's two letters; left out for a net of the whole house.", callback=read_district)
    ] = "",
    business_date: Annotated[str, typer.Option("--date", help="The night to run; left out, one that has begun, else the next.")] = "",
    net: Annotated[str, typer.Option("--net", help="The net.")] = NIGHT_NET,
    key: Annotated[str, typer.Option("--key", help="The key of an extra run.")] = "",
) -> int:
    """Run the night of a district, or another net, or take up a run that was stopped.

    Exit status 0 done; 4 done, with something to look at; 8 failed; 12 out of balance; 16 stopped, or the database or the disk was away;
    2 refused before it began. A run goes on though nobody reads what it says any more, and though its window is shut (SIGHUP);
    `css night stop` ends it, and so does Ctrl-C, at its next block.
    """
    with outlives_its_window(), unheard():
        return _ran(net, district, business_date, key)


def _ran(net: str, district: str, business_date: str, key: str) -> int:
    if not district and net == NIGHT_NET:
        raise BadMessage("CSS002E", "Missing argument 'district'. Say which, like `css night run ZZ`; `css ask districts` lists them.")
    engine = database()
    with transaction(engine) as session:
        chosen = _chosen(session, net, district, business_date, key)
        first = "" if business_date else _which(session, chosen)
    clock = night_clock(database, chosen.business_date, database_clock(engine))
    by = Actor(kind="batch", name=f"night/{system_user()}", provider_code="RETAIL", door="night")
    context = Context(district, chosen.business_date, clock.now(), by, settings().home)
    try:
        outcome = _run(context, net, key, clock, first)
    except Unavailable as away:
        print(away.text, file=sys.stderr)
        return INFRASTRUCTURE
    if outcome.error is None:
        night_report.withdraw(context, net, key)
    elif outcome.error.code not in STOPPED:
        night_report.leave(engine, replace(context, job_instance_id=outcome.job_instance_id), net)
    return _said(outcome, chosen)


def _run(context: Context, net: str, key: str, clock: Clock, first: str) -> RunOutcome:
    chosen = net_of(net)
    with Display(first=first, steps=chosen.steps) as display:
        return run_net(
            database(),
            chosen,
            context,
            clock=clock,
            workers=settings().workers,
            lanes=settings().lanes,
            watcher=display,
            parameter_key=key,
        )


def _chosen(session: Session, net: str, district: str, on: str, key: str) -> NamedRun:
    """The run that is meant; refused where nothing would come of it."""
    chosen = run_at_hand(session, net, district, read_day_if_given(on), key)
    refuse_by_hand(session, chosen)
    return chosen


def _which(session: Session, chosen: NamedRun) -> str:
    """Which run is taken where nobody named a date, and why that one."""
    found = find_run(session, chosen)
    why = "is the next" if found.attempt is None else "has begun and is not finished, so it comes first"
    return f"No --date was given: {found.words} {why}. {resumes(found)}"


def _said(outcome: RunOutcome, run: NamedRun) -> int:
    """Say how it ended; the exit status is the return code of the attempt."""
    if outcome.error is not None:
        refusal = Refused(
            "CSS607E",
            "{run} stopped in attempt {attempt} with return code {code}: {why} {then}.",
            run=_words(run, run.business_date.isoformat()),
            attempt=outcome.attempt,
            code=outcome.return_code,
            why=outcome.error.text,
            then=_then(outcome.error.code),
        )
        print(refusal.text, file=sys.stderr)
        return outcome.return_code
    bills = f" Bills: {settings().home / 'spool' / 'bills' / run.district_code}" if run.net == NIGHT_NET else ""
    print(f"{_words(run, _day(run.business_date))} is done (return code {outcome.return_code}).{bills}")
    return outcome.return_code


def _then(code: str) -> str:
    if code == WAITS_FOR_APPROVAL:
        return "Approve, then run it again"
    return "It goes on from there when it is run again" if code in STOPPED else "Mend the cause and run it again"


def _words(run: NamedRun, day: str) -> str:
    if run.net == NIGHT_NET:
        return f"The night of {day} in {run.district_code}"
    words = run_words(run.net, run.district_code, run.business_date, run.parameter_key)
    return f"{words[:1].upper()}{words[1:]}"


def _day(day: date) -> str:
    return f"{day:%d %b %Y}"
