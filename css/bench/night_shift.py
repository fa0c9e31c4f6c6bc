"""The night shift: what the engine itself costs, and a whole night with its stages and its memory, at two sizes.

What the engine costs is measured twice. Blocks and steps that do nothing are run by the thousand: all their time is the
engine's. And in the night of a demo district the time that steps spend in their own work, up to the end of its commit, is
taken off the whole: what remains is the engine's, its own transactions included.

The big night is one as it comes: every line has calls of the day, and of the accounts those are billed whose day it is.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import time as wall_time
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any, Self

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from batch.engine import run_net
from batch.net import BlockStep, Context, Counts, KeyRange, LoopStep, Net, Node, SingleStep, Step, Total, Work
from batch.nets import NIGHT
from css.bench.load import MIB, family, memory_of, postmaster_of, seconds_of
from css.bench.night import Clocked
from css.bench.place import NIGHT_OF, SEED, Place, bring
from css.bench.table import Measured, show, timed
from css.core.actor import Actor
from css.core.calendar import ONE_DAY, london_instant
from css.core.clock import FixedClock
from css.db.engine import make_engine, transaction
from css.demo.plan import DISTRICT, DemoPlan
from css.demo.run import build
from css.demo.traffic import calls_of_day
from css.master.reference import RETAIL

BY = Actor(kind="batch", name="bench", provider_code=RETAIL, door="night")
BLOCKS = 2000
STEPS = 100
DEMO_LINES = 1000
"""As many as ``css demo`` makes."""
SMALLER = 4
"""The first of the two sizes is so many times smaller than the other."""
SAMPLE_SECONDS = 0.1
NOT_TIMED, AWAITED = -1.0, 0.0
"""No commit is timed; the next one is. Above that, when it began."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a night."""

    seconds: float
    read: int
    peak_rss_mib: float
    """Of the biggest of our processes while it ran."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole night."""

    lines: int
    seconds: float
    calls: int
    bills: int
    peak_rss_mib: float
    stages: dict[str, Stage]


@dataclass(frozen=True, slots=True)
class Shift:
    """What was measured; the field names are those of the line of JSON."""

    block_overhead_ms: float
    """A block that does nothing, from its claim to its commit, by the clock: whatever else the machine does counts too."""
    block_cpu_ms: float
    """The same in processor time, ours and the server's."""
    commit_ms: float
    """A transaction that writes one row, for comparison: what any work costs that is kept."""
    commit_cpu_ms: float
    """The same in processor time."""
    step_overhead_ms: float
    """A step that does nothing: its turn, its one transaction, its end."""
    step_cpu_ms: float
    """The same in processor time."""
    demo_lines: int
    demo_night_seconds: float
    demo_engine_seconds: float
    demo_engine_share: float
    """Of the night of a demo district, by one process in one lane."""
    workers: int
    lanes: int
    smaller: Whole
    whole: Whole
    memory_growth: float
    """The biggest process of the one night beside that of the other: 1 is flat."""


def run(place: Place, lines: int, *, workers: int, lanes: int, as_json: bool, demo_lines: int = DEMO_LINES) -> None:
    """Measure and print: a table for people, or one line of JSON."""
    shift = measure(place, lines, workers=workers, lanes=lanes, demo_lines=demo_lines)
    if as_json:
        print(json.dumps(asdict(shift), default=str))
    else:
        _show(shift)


def measure(place: Place, lines: int, *, workers: int, lanes: int, demo_lines: int = DEMO_LINES) -> Shift:
    """All of it. Each district is in a database of its own, and each night in a process of its own."""
    _open_district(place)
    _one_step(place, "bench-first")  # what the first of all runs has to read and to prepare is nobody's cost
    alone = _cost(place, _one_step)
    blocks, commits, steps = _cost(place, _blocks), _cost(place, _commits), _cost(place, _steps)
    demo = _at_size(place, demo_lines, workers=1, lanes=1, is_timed=True)
    smaller = _at_size(place, max(20, lines // SMALLER), workers=workers, lanes=lanes, is_timed=False)
    whole = _at_size(place, lines, workers=workers, lanes=lanes, is_timed=False)
    return Shift(
        block_overhead_ms=(blocks.seconds - alone.seconds) / BLOCKS * 1000,
        block_cpu_ms=(blocks.cpu_seconds - alone.cpu_seconds) / BLOCKS * 1000,
        commit_ms=commits.seconds / BLOCKS * 1000,
        commit_cpu_ms=commits.cpu_seconds / BLOCKS * 1000,
        step_overhead_ms=(steps.seconds - alone.seconds) / STEPS * 1000,
        step_cpu_ms=(steps.cpu_seconds - alone.cpu_seconds) / STEPS * 1000,
        demo_lines=demo_lines,
        demo_night_seconds=demo.night.seconds,
        demo_engine_seconds=demo.engine_seconds,
        demo_engine_share=demo.engine_seconds / demo.night.seconds,
        workers=workers,
        lanes=lanes,
        smaller=smaller.night,
        whole=whole.night,
        memory_growth=whole.night.peak_rss_mib / max(1.0, smaller.night.peak_rss_mib),
    )


# What does nothing.


def _ranges(_session: Session, _context: Context) -> Sequence[KeyRange]:
    return [KeyRange(n, n, 1) for n in range(1, BLOCKS + 1)]


def _one(_session: Session, _context: Context, _first: int, _last: int) -> Work:
    return Work(Counts(1, 1), totals=(Total("nothing", 1),))


def _nothing(_session: Session, _context: Context) -> Work:
    return Work(Counts(1, 1))


def _open_district(place: Place) -> None:
    with transaction(place.engine) as session:
        session.execute(text("INSERT INTO css.district (code, name, nation) VALUES ('ZX', 'Bench', 'england-and-wales')"))


def _run(place: Place, net: Net) -> None:
    at = london_instant(NIGHT_OF + ONE_DAY, wall_time(2, 15))
    outcome = run_net(place.engine, net, Context("ZX", NIGHT_OF, at, BY, place.home), clock=FixedClock(at))
    if outcome.error is not None:
        raise outcome.error


@dataclass(frozen=True, slots=True)
class _Cost:
    seconds: float
    cpu_seconds: float


def _cost(place: Place, work: Callable[[Place], object]) -> _Cost:
    server = postmaster_of(place.engine)
    ours, theirs = time.process_time(), seconds_of(server)
    with timed() as watch:
        work(place)
    return _Cost(watch.seconds, time.process_time() - ours + seconds_of(server) - theirs)


def _one_step(place: Place, name: str = "bench-none") -> None:
    """What it takes to begin and to end a run is neither a block's cost nor a step's."""
    _run(place, Net.in_line(name, "Nothing.", (SingleStep("none", "Nothing", _nothing),)))


def _blocks(place: Place) -> None:
    _run(place, Net.in_line("bench-blocks", "Blocks of nothing.", (BlockStep("blocks", "Blocks", _ranges, _one),)))


def _commits(place: Place) -> None:
    for _ in range(BLOCKS):
        with transaction(place.engine) as session:
            session.execute(text("UPDATE css.district SET name = 'Bench' WHERE code = 'ZX'"))


def _steps(place: Place) -> None:
    _run(place, Net.in_line("bench-steps", "Steps of nothing.", [SingleStep(f"step-{n}", "Nothing", _nothing) for n in range(STEPS + 1)]))


# A night, in a process and a database of its own.


@dataclass(frozen=True, slots=True)
class _Measured:
    night: Whole
    engine_seconds: float


@contextmanager
def _database(place: Place, name: str) -> Iterator[Place]:
    """A copy of the empty house, with a directory of its own."""
    place.engine.dispose()
    url = place.engine.url
    server = make_engine(url.set(database="postgres").render_as_string(hide_password=False), pooled=False)
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {url.database} STRATEGY FILE_COPY"))
        made = make_engine(url.set(database=name).render_as_string(hide_password=False), application="css bench")
        try:
            yield Place(made, place.home / name, place.durable)
        finally:
            made.dispose()
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


def _at_size(place: Place, lines: int, *, workers: int, lanes: int, is_timed: bool) -> _Measured:
    with _database(place, f"bench_{lines}_{int(is_timed)}") as made:
        url = made.engine.url.render_as_string(hide_password=False)
        _in_a_process(_prepare, url, made.home, lines)
        found = _in_a_process(_night, url, made.home, lines, workers, lanes, is_timed)
        assert isinstance(found, _Measured)
        return found


def _in_a_process(work: Callable[..., Any], *words: object) -> Any:  # noqa: ANN401 - whatever the work gives
    """What it takes to build a district must not count as memory of its night."""
    # Branched off from a process that has imported the program and done nothing: importing takes longer than a small night.
    branching = multiprocessing.get_context("forkserver")
    branching.set_forkserver_preload([__name__])
    ours, theirs = branching.Pipe(duplex=False)
    child = branching.Process(target=_told, args=(theirs, work, words))
    child.start()
    theirs.close()
    try:
        return ours.recv()
    except EOFError:
        child.join()
        raise RuntimeError(f"{work.__name__} failed") from None
    finally:
        child.join()


def _told(out: Connection, work: Callable[..., Any], words: Sequence[object]) -> None:
    out.send(work(*words))
    out.close()


def _prepare(url: str, home: Path, lines: int) -> None:
    """A district on the evening of a day, its carriers' file with the calls of that day."""
    place = Place(make_engine(url, application="css bench"), home, durable=True)
    diary, _ = build(place.engine, DemoPlan(lines=lines, days=1, seed=SEED))
    with transaction(place.engine) as session:
        session.execute(
            text("UPDATE css.business_date SET current_on = :night, closed_through = :before"),
            {"night": NIGHT_OF, "before": NIGHT_OF - timedelta(days=1)},
        )
    bring(place, calls_of_day(NIGHT_OF, diary.lines, Random(SEED)).sort("started_at", "supplier_record_id"))  # noqa: S311 - dice
    with place.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("CHECKPOINT"))
    place.engine.dispose()


def _night(url: str, home: Path, lines: int, workers: int, lanes: int, is_timed: bool) -> _Measured:  # noqa: FBT001 - a process is told by place
    engine = make_engine(url, application="css bench")
    at = london_instant(NIGHT_OF + ONE_DAY, wall_time(2, 15))
    inside = _Inside()
    net = _timed(NIGHT, inside) if is_timed else NIGHT
    with _Watch() as watch, timed() as whole:
        context = Context(DISTRICT, NIGHT_OF, at, BY, home)
        outcome = run_net(engine, net, context, clock=FixedClock(at), workers=workers, lanes=lanes, watcher=watch)
    if outcome.error is not None:
        raise outcome.error
    with engine.connect() as connection:
        calls = int(connection.execute(text("SELECT count(*) FROM billing.rated_call")).scalar_one())
        bills = int(connection.execute(text("SELECT count(*) FROM billing.bill WHERE state = 'issued'")).scalar_one())
    engine.dispose()
    stages = {
        name: Stage(round(step.seconds, 3), step.read, round(watch.peaks.get(name, 0.0), 1))
        for name, step in watch.steps.items()
        if step.read
    }
    night = Whole(lines, whole.seconds, calls, bills, max(watch.peaks.values(), default=0.0), stages)
    return _Measured(night, whole.seconds - inside.seconds)


class _Inside:
    """Seconds that steps spent in their own work, from its start to the end of its commit."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, its time noted."""

        def noted(session: Session, *words: Any) -> Any:  # noqa: ANN401 - as the work itself
            began = time.perf_counter()
            try:
                return work(session, *words)
            finally:
                self.seconds += time.perf_counter() - began
                self._time_commit(session)

        return noted

    def _time_commit(self, session: Session) -> None:
        """The commit that comes next is the work's own: not that of a savepoint in it, and none of the engine's after it."""
        if "began_commit" not in session.info:
            event.listen(session, "before_commit", self._begin)
            event.listen(session, "after_commit", self._end)
        session.info["began_commit"] = AWAITED

    def _begin(self, session: Session) -> None:
        if session.info["began_commit"] == AWAITED and not session.in_nested_transaction():
            session.info["began_commit"] = time.perf_counter()

    def _end(self, session: Session) -> None:
        if session.info["began_commit"] > AWAITED and not session.in_nested_transaction():
            self.seconds += time.perf_counter() - session.info["began_commit"]
            session.info["began_commit"] = NOT_TIMED


def _timed(net: Net, inside: _Inside) -> Net:
    return replace(net, nodes=tuple(_timed_node(node, inside) for node in net.nodes))


def _timed_node(node: Node, inside: _Inside) -> Node:
    return replace(node, step=_timed_step(node.step, inside), when=None if node.when is None else inside.timed(node.when))


def _timed_step(step: Step, inside: _Inside) -> Step:
    joints = tuple(replace(joint, sides=inside.timed(joint.sides)) for joint in step.joints)
    match step:
        case BlockStep():
            return replace(step, run=inside.timed(step.run), drive=inside.timed(step.drive), joints=joints)
        case LoopStep():
            return replace(step, run=inside.timed(step.run), joints=joints)
        case SingleStep():
            return replace(step, run=inside.timed(step.run), joints=joints)


class _Watch(Clocked):
    """Watches a net, and how much memory the biggest of our processes holds while each step runs."""

    def __init__(self) -> None:
        super().__init__()
        self.peaks: dict[str, float] = {}
        self._now: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="bench memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def step_started(self, step: Step, *, total: int | None, done: int) -> None:
        super().step_started(step, total=total, done=done)
        self._now = {*self._now, step.name}

    def step_ended(self, step: Step, counts: Counts, *, skipped: str = "") -> None:
        if not skipped:
            super().step_ended(step, counts, skipped=skipped)
        self._now = self._now - {step.name}

    def _look(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            biggest = max((memory_of(pid)["VmRSS"] for pid in family(os.getpid())), default=0) / MIB
            for name in self._now:
                self.peaks[name] = max(self.peaks.get(name, 0.0), biggest)


def _show(shift: Shift) -> None:
    whole = shift.whole
    rows = [
        Measured(name, stage.read, stage.seconds, f"{stage.seconds / whole.seconds:.0%} of the night, {stage.peak_rss_mib:,.0f} MiB")
        for name, stage in whole.stages.items()
        if stage.seconds
    ]
    rows.append(Measured("the whole night (lines)", whole.lines, whole.seconds))
    demo = f"{shift.demo_lines:,} lines, {shift.demo_night_seconds:.1f} s"
    other = f"of {shift.smaller.lines:,} lines {shift.smaller.peak_rss_mib:,.0f}: {shift.memory_growth:.2f} times"
    notes = [
        f"A block that does nothing: {shift.block_overhead_ms:.2f} ms (aim: 2), {shift.block_cpu_ms:.2f} of processor.",
        f"A bare commit of one row: {shift.commit_ms:.2f} ms, {shift.commit_cpu_ms:.2f} of processor.",
        f"A step that does nothing: {shift.step_overhead_ms:.2f} ms, {shift.step_cpu_ms:.2f} of processor.",
        f"The engine's share of a demo district's night ({demo}): {shift.demo_engine_share:.1%} (aim: 1 %).",
        f"{whole.calls:,} calls and {whole.bills:,} bills.",
        f"The biggest process: {whole.peak_rss_mib:,.0f} MiB; {other}.",
    ]
    show(f"night: {whole.lines:,} lines (workers: {shift.workers}, lanes: {shift.lanes})", rows, notes)
