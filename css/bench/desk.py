"""The operator's desk at fifty screens a second: how soon each screen is there, by response class, alone and beside a night.

Operators are processes of their own that key when they key (a Poisson process of so many screens a second), not when the answer
before has come: latency counts from the moment a key was meant to be pressed, so that a server that stands still for a second is
blamed for every screen of that second. The server is that of ``css serve``, reached over loopback HTTP. Every screen asked
for must come out as the screen it was asked for, without an error on it.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import time as wall_time

from sqlalchemy import Engine, text

from css.bench.desk_district import MEASURED_NIGHT, DeskPlace, bring_calls
from css.bench.desk_history import OPERATORS
from css.bench.desk_processes import ENDED, Asked, Crew, Shift, night_beside, operators, serving
from css.bench.desk_work import callers_of
from css.bench.load import postmaster_of, seconds_of
from css.bench.table import WIDTH
from css.core.calendar import add_working_days, london_instant
from css.core.errors import Refused
from css.demo.life import NATION, PROVIDE_LEAD_DAYS
from css.web.screen import BUDGET_MILLISECONDS, ResponseClass

SERVERS = 2
"""Processes of the web server, as ``css serve`` starts them."""
CREWS = 2
"""Processes of operators."""
WARM_SECONDS = 8.0
"""Not counted: caches fill, pools connect."""
NIGHT_WORKERS = 2
"""As many as a night takes on two cores."""
WRONG_SHOWN = 5
ALONE, BESIDE = "desk", "desk_night"


@dataclass(frozen=True, slots=True)
class Class:
    """How soon the screens of one response class, or one step, were there. Milliseconds, from the moment the key was meant."""

    count: int
    p50: float
    p95: float
    p99: float
    longest: float
    database_ms: float
    """Of the mean one, as the server says."""
    server_ms: float
    statements: float
    kilobytes: float
    response: str = ""
    budget: int = 0
    of_budget: float = 0.0
    """The 95th percentile beside the class's budget."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What was measured; the field names are those of the line of JSON."""

    with_night: bool
    lines: int
    rate: float
    """Screens a second that were meant to be asked for."""
    rate_achieved: float
    """And answered."""
    screens: int
    asides: int
    """What the shell sent by itself besides: what is keyed is kept."""
    requests: int
    errors: int
    wrong: list[str]
    """The first few of them."""
    seconds: float
    classes: dict[str, Class]
    steps: dict[str, Class]
    tail_ratio: float
    """The median of the first tenth of the screens over the median of the last: under 1 it slows down."""
    server_cpu_ms: float
    """Processor of the web server's processes, a screen."""
    database_cpu_ms: float
    """Of the database server, a screen; with a night, the night's statements are in it."""
    clients_cpu_ms: float
    operators: int
    reconnected: int
    night_share: float = 0.0
    """How much of the measuring the night was at work for."""
    night_steps: list[str] = field(default_factory=list)


def run(place: DeskPlace, *, rate: float, seconds: float, with_night: bool | None, as_json: bool = False, head: int = OPERATORS) -> None:
    """Measure and print: tables for people, or one line of JSON. ``with_night`` None measures without and then with one.

    Error: CSS963E a screen did not come out as it should.
    """
    found = [measure(place, rate=rate, seconds=seconds, with_night=one, head=head) for one in _asked_for(with_night)]
    if as_json:
        print(json.dumps({"lines": place.lines, "runs": [_rounded(asdict(one)) for one in found]}))
    else:
        for one in found:
            _show(one)
    wrong = [one for run in found for one in run.wrong]
    if wrong:
        raise Refused(
            "CSS963E",
            "{count} screens did not come out as they should; the first: {first}.",
            count=sum(run.errors for run in found),
            first=wrong[0],
        )


def _asked_for(with_night: bool | None) -> tuple[bool, ...]:  # noqa: FBT001 - the answer to a question
    return (False, True) if with_night is None else (with_night,)


def measure(place: DeskPlace, *, rate: float, seconds: float, with_night: bool, head: int = OPERATORS) -> Desk:
    """So many screens a second for so long, by ``head`` operators, in a copy of the district."""
    at = london_instant(MEASURED_NIGHT, wall_time(14))
    with place.copied(BESIDE if with_night else ALONE) as engine:
        url = engine.url.render_as_string(hide_password=False)
        wanted_on = f"{add_working_days(MEASURED_NIGHT, PROVIDE_LEAD_DAYS + 5, NATION):%d %b %Y}"
        callers = callers_of(engine, wanted_on)
        if with_night:
            _bring(engine, place)
        postmaster = postmaster_of(engine)
        engine.dispose()
        with serving(url, place.home, at, SERVERS) as (server, port):
            shift = Shift("127.0.0.1", port, 0, 0, head, rate, WARM_SECONDS + seconds, callers)
            crews = min(CREWS, head)
            with operators([_part(shift, n, crews) for n in range(crews)]) as crew:
                beside: AbstractContextManager[list[tuple[str, float]]] = nullcontext([])
                if with_night:
                    beside = night_beside(url, place.home, MEASURED_NIGHT, NIGHT_WORKERS)
                with beside as night:
                    begins_at = time.monotonic() + 1
                    watch = Processors((server,), (postmaster,), [process.pid or 0 for process in crew.processes])
                    with watch.from_moment(begins_at + WARM_SECONDS):
                        crew.work(begins_at)
                    ended_at = time.monotonic()
                    steps = list(night)
        return _desk(crew, watch, shift, place, Night(with_night, steps, begins_at + WARM_SECONDS, ended_at))


def _part(whole: Shift, n: int, crews: int) -> Shift:
    """One process's share of the operators."""
    first, last = whole.operators * n // crews, whole.operators * (n + 1) // crews
    return Shift(whole.host, whole.port, first + 1, last - first, whole.operators, whole.rate, whole.seconds, whole.callers)


def _bring(engine: Engine, place: DeskPlace) -> None:
    """Tonight's file of calls, for every line there is."""
    statement = text("SELECT number FROM css.service_number WHERE ends_at IS NULL ORDER BY number")
    with engine.connect() as connection:
        bring_calls(place.home, list(connection.execute(statement).scalars()), MEASURED_NIGHT)


@dataclass(slots=True)
class Processors:
    """Processor seconds of three families of processes from a moment on."""

    web: Sequence[int]
    database: Sequence[int]
    clients: Sequence[int]
    spent: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @contextmanager
    def from_moment(self, begins_at: float) -> Iterator[None]:
        before: list[tuple[float, float, float]] = []
        timer = threading.Timer(begins_at - time.monotonic(), lambda: before.append(self._now()))
        timer.start()
        yield
        timer.join()
        self.spent = tuple(after - first for after, first in zip(self._now(), before[0], strict=True))  # type: ignore[assignment]

    def _now(self) -> tuple[float, float, float]:
        web, database, clients = (sum(seconds_of(pid) for pid in some) for some in (self.web, self.database, self.clients))
        return web, database, clients


@dataclass(frozen=True, slots=True)
class Night:
    """What ran beside, and when was measured."""

    ran: bool
    steps: list[tuple[str, float]]
    began_at: float
    ended_at: float

    @property
    def share(self) -> float:
        """How much of the measuring it was at work for: from its first step to its end, if it came to one."""
        if not self.steps:
            return 0.0
        over = next((at for name, at in self.steps if name.startswith(ENDED)), self.ended_at)
        return max(0.0, min(over, self.ended_at) - max(self.steps[0][1], self.began_at)) / (self.ended_at - self.began_at)

    @property
    def names(self) -> list[str]:
        """The steps that it had come to when the measuring was over."""
        return [name for name, at in self.steps if at <= self.ended_at and not name.startswith(ENDED)]


def _desk(crew: Crew, watch: Processors, shift: Shift, place: DeskPlace, night: Night) -> Desk:
    counted = [one for one in crew.asked if one.meant_at >= WARM_SECONDS]
    screens = [one for one in counted if not one.is_aside]
    wrong = [one for one in crew.asked if one.wrong]
    seconds = shift.seconds - WARM_SECONDS
    web, database, clients = (1000 * spent / max(1, len(screens)) for spent in watch.spent)
    return Desk(
        with_night=night.ran,
        lines=place.lines,
        rate=shift.rate,
        rate_achieved=len(screens) / max(seconds, max((one.ended_at for one in screens), default=0) - WARM_SECONDS),
        screens=len(screens),
        asides=len(counted) - len(screens),
        requests=sum(one.requests for one in counted),
        errors=len(wrong),
        wrong=[f"{one.name}: {one.wrong}" for one in wrong[:WRONG_SHOWN]],
        seconds=seconds,
        classes={kind.value: _class(of, kind) for kind in BUDGET_MILLISECONDS if (of := [one for one in counted if one.response is kind])},
        steps={
            name: _class(of, of[0].response)
            for name in sorted({one.name for one in counted})
            if (of := [o for o in counted if o.name == name])
        },
        tail_ratio=tail_ratio(screens),
        server_cpu_ms=web,
        database_cpu_ms=database,
        clients_cpu_ms=clients,
        operators=shift.operators,
        reconnected=crew.reconnected,
        night_share=night.share,
        night_steps=night.names,
    )


def _class(asked: Sequence[Asked], response: ResponseClass) -> Class:
    latencies = sorted(1000 * one.latency for one in asked)
    budget, p95 = BUDGET_MILLISECONDS[response], percentile(latencies, 95)
    return Class(
        count=len(asked),
        p50=percentile(latencies, 50),
        p95=p95,
        p99=percentile(latencies, 99),
        longest=latencies[-1],
        database_ms=statistics.fmean(one.database_ms for one in asked),
        server_ms=statistics.fmean(one.server_ms for one in asked),
        statements=statistics.fmean(one.statements for one in asked),
        kilobytes=statistics.fmean(one.bytes for one in asked) / 1000,
        response=response.value,
        budget=budget,
        of_budget=p95 / budget,
    )


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The smallest of these that so many in a hundred do not exceed."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def tail_ratio(screens: Iterable[Asked]) -> float:
    """The median of the first tenth over that of the last: under 1 it slows down."""
    in_order = [one.latency for one in sorted(screens, key=lambda one: one.meant_at)]
    tenth = len(in_order) // 10
    return statistics.median(in_order[:tenth]) / statistics.median(in_order[-tenth:]) if tenth else 1.0


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return round(value, 3) if isinstance(value, float) else value


def _show(desk: Desk) -> None:
    beside = f"beside a night ({desk.night_share:.0%} of the time)" if desk.with_night else "no night"
    print(f"\ndesk: {desk.rate:,.0f} screens a second, a district of {desk.lines:,} lines, {beside}\n{'=' * WIDTH}")
    print(f"{'':<32}{'count':>8}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'budget':>8}{'server':>9}{'of it db':>9}{'sent':>6}{'kB':>6}")
    print("-" * WIDTH)
    rows = [
        *((f"all of {name}", one) for name, one in desk.classes.items()),
        *((f"{one.response} {n}", one) for n, one in desk.steps.items()),
    ]
    for name, one in rows:
        print(
            f"{name:<32}{one.count:>8,}{one.p50:>9.1f}{one.p95:>9.1f}{one.p99:>9.1f}{one.budget:>8,}{one.server_ms:>9.1f}"
            f"{one.database_ms:>9.1f}{one.statements:>6.1f}{one.kilobytes:>6.1f}"
        )
    print(
        f"{desk.screens:,} screens by {desk.operators} operators in {desk.seconds:,.0f} s, {desk.rate_achieved:.1f} a second; "
        f"{desk.asides:,} times what is keyed was kept; {desk.errors} errors."
    )
    print(
        f"Processor a screen: web server {desk.server_cpu_ms:.1f} ms, database {desk.database_cpu_ms:.1f}, "
        f"operators {desk.clients_cpu_ms:.1f}. First tenth beside the last: {desk.tail_ratio:.2f}."
    )
    if desk.night_steps:
        print(f"Beside it: {', '.join(desk.night_steps)}.")
