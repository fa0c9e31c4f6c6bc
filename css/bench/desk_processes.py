"""The processes of the desk's measurement: ``css serve``'s own, the operators, and a night beside them. Each is started afresh."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as wall_time
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from threading import Thread
from typing import TYPE_CHECKING, Final

from batch.engine import run_net
from batch.net import Context, Counts, Net
from batch.net import Step as BatchStep
from batch.nets import NIGHT
from css.bench.desk_browser import Browser
from css.bench.desk_work import Callers, Morning, Step
from css.core.actor import Actor
from css.core.calendar import ONE_DAY, london_instant
from css.core.clock import FixedClock, SystemClock
from css.core.errors import Refused
from css.db.engine import make_engine
from css.demo.plan import DISTRICT, PASSWORD
from css.master.reference import RETAIL
from css.settings import Settings
from css.web.screen import ResponseClass

if TYPE_CHECKING:
    from flask import Flask

START_SECONDS_MAX: Final = 60
SIGN_ON_SECONDS_MAX: Final = 120
BOOKS: Final = "check-books"
"""The night's step that is left out: the copied history does not balance."""
ENDED: Final = "ended"
"""What a night says last, with its error if it has one."""
_SPAWN: Final = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class LateClock:
    """The machine's clock, so much behind: it goes on while the district lives in its own year."""

    behind: timedelta

    @classmethod
    def from_now(cls, at: datetime) -> LateClock:
        return cls(SystemClock().now() - at)

    def now(self) -> datetime:
        return SystemClock().now() - self.behind


@dataclass(frozen=True, slots=True)
class Asked:
    """One step as it was answered. Seconds count from the beginning of the measuring."""

    name: str
    response: ResponseClass
    is_aside: bool
    meant_at: float
    """When the operator meant to press the key: latency counts from here, whether or not the answer before had come."""
    began_at: float
    ended_at: float
    requests: int
    database_ms: float
    server_ms: float
    statements: int
    bytes: int
    wrong: str = ""
    """Empty when it came out as it should."""

    @property
    def latency(self) -> float:
        return self.ended_at - self.meant_at


@dataclass(frozen=True, slots=True)
class Shift:
    """What a process of operators is told."""

    host: str
    port: int
    first: int
    """Its operators are DESKn from here on, counted from 1."""
    count: int
    operators: int
    """Of all processes together."""
    rate: float
    """Screens a second of all together."""
    seconds: float
    """How long they go on, the warming up included."""
    callers: Callers


# --- the server ---------------------------------------------------------------------------------------------------------


@contextmanager
def serving(url: str, home: Path, at: datetime, workers: int) -> Iterator[tuple[int, int]]:
    """``css serve`` over a database, by a clock of its own: its process and its port on loopback."""
    says, told = _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(target=_serve, args=(told, url, home, LateClock.from_now(at), workers), name="css bench serve")
    process.start()
    try:
        if not says.poll(START_SECONDS_MAX):
            raise Refused("CSS961E", "The server of the screens does not start.", element="serve")
        yield process.pid or 0, says.recv()
    finally:
        process.terminate()
        process.join(START_SECONDS_MAX)


def _serve(told: Connection, url: str, home: Path, clock: LateClock, workers: int) -> None:
    from css.web.app import create_app, warm_up  # noqa: PLC0415 - only in the process that serves
    from css.web.serving import listen, run_screens  # noqa: PLC0415

    def make() -> Flask:
        return warm_up(create_app(Settings(home=home, database_url=url, secret_key="for measuring and nothing else"), clock=clock))  # noqa: S106 - it signs nothing that outlives the measurement

    listening = listen("127.0.0.1", 0)
    told.send(listening.getsockname()[1])
    run_screens(listening, workers, make)


# --- the operators ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Crew:
    """The processes of operators, signed on and waiting."""

    processes: list[BaseProcess]
    pipes: list[Connection]
    reconnected: int = 0
    asked: list[Asked] = field(default_factory=list)

    def work(self, begins_at: float) -> None:
        """Let them begin, and wait for them; ``begins_at`` by this machine's monotonic clock, which all processes share."""
        for pipe in self.pipes:
            pipe.send(begins_at)
        for pipe in self.pipes:
            reconnected, asked = pipe.recv()
            self.reconnected += reconnected
            self.asked += asked


@contextmanager
def operators(shifts: Sequence[Shift]) -> Iterator[Crew]:
    """Processes of operators, a thread each, all signed on."""
    crew = Crew([], [])
    try:
        for shift in shifts:
            ours, theirs = _SPAWN.Pipe()
            process: BaseProcess = _SPAWN.Process(target=_shift, args=(theirs, shift), name="css bench operators")
            process.start()
            crew.processes.append(process)
            crew.pipes.append(ours)
        for pipe in crew.pipes:
            if not pipe.poll(SIGN_ON_SECONDS_MAX) or pipe.recv() != "signed on":
                raise Refused("CSS962E", "The operators cannot sign on.", element="operators")
        yield crew
    finally:
        for process, pipe in zip(crew.processes, crew.pipes, strict=True):
            with suppress(OSError):
                pipe.send(None)
            process.join(5)
            if process.is_alive():
                process.terminate()


def _shift(pipe: Connection, shift: Shift) -> None:
    browsers = [Browser(shift.host, shift.port) for _ in range(shift.count)]
    for n, browser in enumerate(browsers):
        browser.open("/sign-on")
        browser.press("Enter", operator=f"DESK{shift.first + n}", password=PASSWORD)
        if browser.page.code != "MENU":
            pipe.send(f"DESK{shift.first + n}: {browser.page.status} {browser.page.wrong}")
            return
    pipe.send("signed on")
    begins_at = pipe.recv()
    asked: list[Asked] = []
    threads = [Thread(target=_operator, args=(browser, shift, shift.first + n, begins_at, asked)) for n, browser in enumerate(browsers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipe.send((sum(browser.reconnected for browser in browsers), asked))
    pipe.recv()  # stays until its processor seconds were read
    for browser in browsers:
        browser.close()


def _operator(browser: Browser, shift: Shift, number: int, begins_at: float, asked: list[Asked]) -> None:
    """Keys come when they come (a Poisson process), not when the answer before has come: what is late makes nothing else wait unseen."""
    rng = Random(number)  # noqa: S311 - dice, and they must fall alike every time
    each = shift.rate / shift.operators
    morning = Morning(browser, shift.callers.of(number - 1, shift.operators), number)
    steps = morning.steps()
    before = meant_at = rng.expovariate(each)
    for step in steps:
        if meant_at > shift.seconds:
            break
        # What the shell sends by itself goes out between two keys.
        due = (before + meant_at) / 2 if step.is_aside else meant_at
        pause = begins_at + due - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        one = _ask(step, due, begins_at)
        morning.failed = bool(one.wrong)
        asked.append(one)
        if not step.is_aside:
            before, meant_at = meant_at, meant_at + rng.expovariate(each)


def _ask(step: Step, meant_at: float, begins_at: float) -> Asked:
    began_at = time.monotonic() - begins_at
    wrong = ""
    try:
        answer = step.do()
    except OSError as error:
        return Asked(
            step.name, step.response, step.is_aside, meant_at, began_at, time.monotonic() - begins_at, 1, 0, 0, 0, 0, type(error).__name__
        )
    ended_at = time.monotonic() - begins_at
    if answer.status not in {200, 204} or (step.leads_to and answer.code != step.leads_to) or answer.wrong:
        wrong = f"{answer.status} {answer.code}: {answer.wrong}"
    return Asked(
        step.name,
        step.response,
        step.is_aside,
        meant_at,
        began_at,
        ended_at,
        answer.requests,
        answer.database_ms,
        answer.server_ms,
        answer.statements,
        answer.bytes,
        wrong,
    )


# --- the night ----------------------------------------------------------------------------------------------------------


@contextmanager
def night_beside(url: str, home: Path, day: date, workers: int) -> Iterator[list[tuple[str, float]]]:
    """A night in processes of its own, at work when the block begins and ended with it; gives its steps with when each began."""
    says, told = _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(target=_night, args=(told, url, home, day, workers), name="css bench night")
    process.start()
    told.close()
    begun: list[tuple[str, float]] = []
    listener = Thread(target=_listen_to, args=(says, begun), daemon=True)
    listener.start()
    try:
        patience = time.monotonic() + START_SECONDS_MAX
        while not begun and process.is_alive() and time.monotonic() < patience:
            time.sleep(0.05)
        yield begun
    finally:
        process.terminate()
        process.join(START_SECONDS_MAX)
        listener.join(1)


def _listen_to(says: Connection, begun: list[tuple[str, float]]) -> None:
    with suppress(EOFError, OSError):
        while True:
            begun.append(says.recv())


class _Says:
    """Watches a night and tells another process of its steps."""

    def __init__(self, told: Connection) -> None:
        self._told = told

    def step_started(self, step: BatchStep, *, total: int | None, done: int) -> None:  # noqa: ARG002 - a watcher is told, it need not listen
        self._told.send((step.name, time.monotonic()))

    def advanced(self, step: BatchStep, amount: int) -> None:
        pass

    def step_ended(self, step: BatchStep, counts: Counts, *, skipped: str = "") -> None:
        pass


def _night(told: Connection, url: str, home: Path, day: date, workers: int) -> None:
    engine = make_engine(url, application="css bench night")
    at = london_instant(day + ONE_DAY, wall_time(2, 15))
    net = Net.in_line(NIGHT.name, NIGHT.words, tuple(step for step in NIGHT.steps if step.name != BOOKS))
    context = Context(DISTRICT, day, at, Actor("batch", "night", RETAIL, door="night"), home)
    outcome = run_net(engine, net, context, clock=FixedClock(at), workers=workers, watcher=_Says(told))
    told.send((f"{ENDED} {outcome.error or ''}".strip(), time.monotonic()))
