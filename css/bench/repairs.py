"""Repairs: reports at the peak of BT's trouble tickets, the work queue meanwhile, and due times a second.

An open loop: reports arrive by the clock, 2,000 a minute, whether those before are done or not, and latency is counted from the
instant a report should have been taken, so that nobody waits unseen. A controller pages through the queue beside it all the time.
Every report is committed to the disk; at the end they are counted, and none may be lost. Everybody is on this machine, the
database included.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import time as clock
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from random import Random
from typing import Any, Final

from sqlalchemy import text

from css.bench.place import SEED, Place
from css.bench.repairs_due import due_times
from css.bench.repairs_past import storm
from css.bench.table import WIDTH, machine
from css.core.calendar import london_instant
from css.core.errors import CssError
from css.db.engine import make_engine, transaction
from css.demo.life import AMY
from css.demo.plan import DISTRICT, DemoPlan
from css.demo.run import build
from repairs.actions import report_fault
from repairs.commands.faults import ReportFault
from repairs.queries.queue import queue_page, queue_version

A_MINUTE: Final = 2000
QUEUE_TARGET_MS: Final = 250
PROCESSES: Final = 4
_FORK: Final = multiprocessing.get_context("fork")
_SYMPTOMS: Final = ("NDT", "NSY", "NDT", "CCI", "NDT")


@dataclass(frozen=True, slots=True)
class Timed:
    """One report: how long from when it should have begun, how long it was worked on, and why it was refused, if it was."""

    waited: float
    worked: float
    refused: str = ""


def run(place: Place, *, lines: int, a_minute: int, minutes: float, open_faults: int, as_json: bool) -> None:
    """Measure and print: due times, then the storm."""
    due = due_times()
    plan = DemoPlan(lines=lines, days=1, seed=SEED)
    diary, _ = build(place.engine, plan)
    at = london_instant(plan.starts_on, time(10))
    count = math.ceil(a_minute * minutes)
    chosen = list(diary.lines)
    Random(SEED).shuffle(chosen)  # noqa: S311 - dice for a measurement
    warming = 10 * PROCESSES
    numbers = [line.number for line in chosen[: count + warming]]
    with place.engine.connect() as connection:
        kept = list(
            connection.execute(
                text(
                    "SELECT v.line_id FROM css.service_number n JOIN css.service v ON v.id = n.service_id"
                    " WHERE n.number = ANY(:numbers) AND n.ends_at IS NULL"
                ),
                {"numbers": numbers},
            ).scalars()
        )
    with transaction(place.engine) as session:
        had = storm(session, max(0, open_faults - count), kept, at)
    with place.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.execute(text("CHECKPOINT"))
    found = _storm(place, numbers, warming, a_minute / 60, at)
    with place.engine.connect() as connection:
        have = int(connection.execute(text("SELECT count(*) FROM repairs.fault WHERE is_open")).scalar_one())
        gaps = int(connection.execute(text(_GAPS)).scalar_one())
    taken = len(found["reports"]) + warming
    figures = {
        "lines": lines,
        "due_times": due,
        "a_minute": a_minute,
        "minutes": minutes,
        "reports": len(found["reports"]),
        "refused": sum(1 for one in found["reports"] if one.refused),
        "lost": had + taken - sum(1 for one in found["reports"] if one.refused) - have,
        "without_clock_or_story": gaps,
        "took_seconds": round(found["seconds"], 1),
        "open_at_end": have,
        "report_ms": _figures(sorted(one.waited for one in found["reports"] if not one.refused)),
        "report_worked_ms": _figures(sorted(one.worked for one in found["reports"] if not one.refused)),
        "queue_target_ms": QUEUE_TARGET_MS,
        "queue_first_page_ms": _figures(sorted(found["first"])),
        "queue_deep_page_ms": _figures(sorted(found["deep"])),
        "queue_version_ms": _figures(sorted(found["version"])),
    }
    if as_json:
        print(json.dumps(figures))
        return
    print(f"\nrepairs: a storm in a district of {lines:,} lines\n{'=' * WIDTH}\n{machine(place)}")
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):>24}  {value}")
    for why, times in Counter(one.refused for one in found["reports"] if one.refused).most_common(3):
        print(f"{times} refused: {why}")


_GAPS: Final = """
SELECT count(*) FROM repairs.fault f
 WHERE f.is_open AND (NOT EXISTS (SELECT FROM repairs.clock_interval c WHERE c.fault_id = f.id AND c.ends_at IS NULL)
                      OR NOT EXISTS (SELECT FROM repairs.fault_event e WHERE e.fault_id = f.id AND e.sequence = 1))
"""


def _storm(place: Place, numbers: list[str], warming: int, a_second: float, at: datetime) -> dict[str, Any]:
    """Reports by the clock from several processes, and a controller beside them."""
    each = warming // PROCESSES
    shares = [numbers[n::PROCESSES] for n in range(PROCESSES)]
    ready, start, over = _FORK.Barrier(PROCESSES + 2), _FORK.Event(), _FORK.Event()
    began = _FORK.Value("d", 0.0)
    results, seen = _FORK.SimpleQueue(), _FORK.SimpleQueue()
    url = place.engine.url.render_as_string(hide_password=False)
    place.engine.dispose()  # what branches off makes an engine of its own, and shares no connection (docs/decisions/0099)
    people = [
        _FORK.Process(target=_report_all, args=(url, mine, each, n, PROCESSES / a_second, at, (ready, start, began), results), daemon=True)
        for n, mine in enumerate(shares)
    ]
    controller = _FORK.Process(target=_page, args=(url, at, (ready, start, over), seen), daemon=True)
    for one in (*people, controller):
        one.start()
    ready.wait(timeout=600)
    began.value = clock.perf_counter() + 0.2
    start.set()
    told = [timed for _ in people for timed in results.get()]
    seconds = clock.perf_counter() - began.value
    over.set()
    first, deep, version = seen.get()
    for one in (*people, controller):
        one.join(timeout=30)
    return {"reports": told, "seconds": seconds, "first": first, "deep": deep, "version": version}


def _report_all(  # what multiprocessing shares has no public types
    url: str,
    numbers: list[str],
    warming: int,
    place: int,
    every: float,
    at: datetime,
    signals: Any,  # noqa: ANN401 - the reason is above
    results: Any,  # noqa: ANN401 - the reason is above
) -> None:
    """One process: its reports at their instants, as many seconds apart as ``every``."""
    ready, start, began = signals
    engine = make_engine(url, application="css bench repairs")
    for n, number in enumerate(numbers[:warming]):
        _one(engine, number, n, at, clock.perf_counter())
    ready.wait(timeout=600)
    start.wait()
    told = []
    for n, number in enumerate(numbers[warming:]):
        planned = began.value + (n + place / PROCESSES) * every
        early = planned - clock.perf_counter()
        if early > 0:
            clock.sleep(early)
        told.append(_one(engine, number, n, at, planned))
    results.put(told)
    engine.dispose()


def _one(engine: Any, number: str, n: int, at: datetime, planned: float) -> Timed:  # noqa: ANN401 - as above
    began = clock.perf_counter()
    command = ReportFault(
        token=f"storm/{number}",
        number=number,
        symptom_code=_SYMPTOMS[n % len(_SYMPTOMS)],
        contact_name="The customer",
        contact_phone="447700900000",
        words="Since the storm.",
        equipment_checked=True,
        power_checked=True,
    )
    refused = ""
    try:
        with transaction(engine) as session:
            report_fault(session, command, by=AMY, at=at)
    except CssError as error:
        refused = str(error)
    done = clock.perf_counter()
    return Timed(done - planned, done - began, refused)


def _page(url: str, at: datetime, signals: Any, seen: Any) -> None:  # noqa: ANN401 - as above
    """A controller: the first page, one deep in the queue, and the look for news, twice a second."""
    ready, start, over = signals
    engine = make_engine(url, application="css bench repairs queue")
    first: list[float] = []
    deep: list[float] = []
    version: list[float] = []
    after = _deep_place(engine, at)
    ready.wait(timeout=600)
    start.wait()
    while not over.wait(0.5):
        for kept, look in (
            (first, lambda session: queue_page(session, DISTRICT, by=AMY, at=at)),
            (deep, lambda session: queue_page(session, DISTRICT, by=AMY, at=at, after=after)),
            (version, lambda session: queue_version(session, DISTRICT, at=at)),
        ):
            began = clock.perf_counter()
            with transaction(engine) as session:
                look(session)
            kept.append(clock.perf_counter() - began)
    seen.put((first, deep, version))
    engine.dispose()


def _deep_place(engine: Any, at: datetime) -> str:  # noqa: ANN401 - as above
    """Some pages down."""
    after = ""
    with transaction(engine) as session:
        for _ in range(40):
            page = queue_page(session, DISTRICT, by=AMY, at=at, after=after)
            if page.forward is None:
                break
            after = page.forward
    return after


def _figures(seconds: Sequence[float]) -> dict[str, float]:
    return {name: _share(seconds, percent) for name, percent in (("p50", 50), ("p95", 95), ("p99", 99), ("worst", 100))}


def _share(seconds: Sequence[float], percent: int) -> float:
    """The least time within which so many in a hundred came, in milliseconds."""
    return round(1000 * seconds[max(0, math.ceil(len(seconds) * percent / 100) - 1)], 1) if seconds else 0.0
