"""Usage: from a carrier's file to posted, indexed rows by the steps of the night, against a bare COPY of the same rows."""

from __future__ import annotations

import json
import multiprocessing
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from batch.engine import run_net
from batch.net import Context, Net
from batch.steps.usage_intake import COLLECT
from batch.steps.usage_rating import CLOSE_USAGE, RATE
from css.bench.carrier import write_night
from css.bench.history import fill_history
from css.bench.load import Load
from css.bench.night import Clocked
from css.bench.place import NIGHT_OF, Place, evening
from css.bench.table import Measured, show, timed
from css.core.actor import Actor
from css.core.calendar import ONE_DAY, start_of_day
from css.core.clock import FixedClock
from css.db.bulk import copy_to_file
from css.db.engine import make_engine, transaction
from css.demo.plan import DISTRICT
from css.master.reference import RETAIL

BY = Actor(kind="batch", name="bench", provider_code=RETAIL, door="night")
USAGE = Net.in_line("bench-usage", "Collect carriers' files and rate their calls.", (COLLECT, RATE, CLOSE_USAGE))
FIRST_SEQUENCE = 5000
"""Of the first file measured: there is room for history before it."""
_PARTITION = f"rated_call_{DISTRICT.lower()}"
_BARE = "billing.rated_call_bare"
_ROWS = text(f"SELECT * FROM billing.{_PARTITION} WHERE rated_on = :night AND usage_record_id / 50000 % :workers = :n")  # noqa: S608 - ours


@dataclass(frozen=True, slots=True)
class Usage:
    """What was measured; the field names are those of the line of JSON."""

    records: int
    seconds: float
    """From the file to the last posted row, the start of the worker processes included."""
    records_per_second: float
    collect_seconds: float
    rate_seconds: float
    cpu_seconds: float
    """Of our processes and the server's together."""
    server_cpu_seconds: float
    copy_rows_per_second: float
    """A bare COPY of the rows that came of it, in one stream, into an identical table with the same indexes."""
    copy_ratio: float
    copy_parallel_rows_per_second: float
    copy_ratio_parallel: float
    """Against as many streams as there are workers."""
    peak_rss_mib: float
    """Of all our processes together at one moment."""
    server_peak_rss_mib: float
    """Of the server's processes, its shared memory once."""
    rows_updated: int
    """Rated calls that were changed after they were stored, over everything measured."""
    workers: int
    lines: int
    rated: int
    on_file: int = 0
    """Rows of history that lay there before."""
    records_per_second_without: float | None = None
    """Such a night before the history was there."""
    history_ratio: float | None = None


def run(place: Place, records: int, *, lines: int, workers: int, on_file: int = 0, as_json: bool = False) -> None:
    """Measure and print: a table for people, or one line of JSON."""
    usage = measure(place, records, lines=lines, workers=workers, on_file=on_file)
    if as_json:
        print(json.dumps({name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(usage).items()}))
    else:
        _show(usage)


def measure(place: Place, records: int, *, lines: int, workers: int, on_file: int = 0) -> Usage:
    """A night of so many records. With ``on_file`` three of them: one to warm up, one as it is, and one with so many rows of history."""
    _in_a_process_of_its_own(place, lines, records, nights=3 if on_file else 1)
    first = _night(place, NIGHT_OF, workers)
    if not on_file:
        return _usage(place, first, _copied(place, NIGHT_OF, workers), records, lines, workers)
    without = records / _night(place, NIGHT_OF + ONE_DAY, workers).seconds
    with place.engine.connect() as connection:
        file_id = int(connection.execute(text("SELECT min(id) FROM billing.usage_file")).scalar_one())
    there = fill_history(place.engine, file_id, on_file, workers)
    last = NIGHT_OF + 2 * ONE_DAY
    night = _night(place, last, workers)
    usage = _usage(place, night, _copied(place, last, workers), records, lines, workers)
    return replace(usage, on_file=there, records_per_second_without=without, history_ratio=usage.records_per_second / without)


@dataclass(frozen=True, slots=True)
class _Night:
    seconds: float
    steps: dict[str, float]
    load: Load


def _night(place: Place, night: date, workers: int) -> _Night:
    watch = Clocked()
    at = start_of_day(night + ONE_DAY)
    context = Context(DISTRICT, night, at, BY, place.home)
    with Load(place.engine) as load, timed() as whole:
        outcome = run_net(place.engine, USAGE, context, clock=FixedClock(at), workers=workers, watcher=watch)
    assert outcome.error is None, outcome.error
    return _Night(whole.seconds, {name: step.seconds for name, step in watch.steps.items()}, load)


def _in_a_process_of_its_own(place: Place, lines: int, records: int, nights: int) -> None:
    """What it takes to build a district and its files must not count as memory of the night."""
    url = place.engine.url.render_as_string(hide_password=False)
    child = multiprocessing.get_context("spawn").Process(target=_prepare, args=(url, place.home, place.durable, lines, records, nights))
    child.start()
    child.join()
    assert child.exitcode == 0, "the district could not be built"


def _prepare(url: str, home: Path, durable: bool, lines: int, records: int, nights: int) -> None:  # noqa: FBT001 - a process is told by place
    engine = make_engine(url, application="css bench")
    diary = evening(Place(engine, home, durable), lines, calls=False)
    numbers = [line.number for line in diary.lines]
    for n in range(nights):
        # The files of history come before the first of them.
        write_night(home / "incoming" / DISTRICT, numbers, records, night=NIGHT_OF + n * ONE_DAY, sequence=FIRST_SEQUENCE + n, seed=n)
    with transaction(engine) as session:
        session.execute(text("ANALYZE"))
    engine.dispose()


def _copied(place: Place, night: date, workers: int) -> tuple[int, float, float]:
    """How many rows the night made, and the seconds that a bare COPY of them takes, in one stream and in several."""
    with tempfile.TemporaryDirectory(dir=place.home) as folder:
        parts = [Path(folder) / f"{n}" for n in range(workers)]
        rows = 0
        with transaction(place.engine) as session:
            for n, part in enumerate(parts):
                with part.open("wb") as file:
                    rows += copy_to_file(session, _ROWS, file, night=night, workers=workers, n=n)
        with _bare_table(place.engine), timed() as alone:
            _copy_in(place.engine, parts)
        with _bare_table(place.engine), timed() as together, ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda part: _copy_in(place.engine, [part]), parts))
    return rows, alone.seconds, together.seconds


@contextmanager
def _bare_table(engine: Engine) -> Iterator[None]:
    """A table like the one that holds the district's rated calls, with the same indexes."""
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE {_BARE} (LIKE billing.{_PARTITION} INCLUDING ALL)"))
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP TABLE {_BARE}"))


def _copy_in(engine: Engine, parts: Sequence[Path]) -> None:
    connection = engine.raw_connection()
    try:
        cursor: Any = connection.cursor()
        for part in parts:
            with part.open("rb") as file:
                cursor.copy_expert(f"COPY {_BARE} FROM STDIN (FORMAT csv, HEADER)", file, 1 << 18)
        connection.commit()
    finally:
        connection.close()


def _usage(place: Place, night: _Night, copied: tuple[int, float, float], records: int, lines: int, workers: int) -> Usage:
    rows, alone, together = copied
    rate = records / night.seconds
    changed = text("SELECT coalesce(sum(n_tup_upd), 0) FROM pg_stat_user_tables WHERE relname = :partition")
    with place.engine.connect() as connection:
        updated = int(connection.execute(changed, {"partition": _PARTITION}).scalar_one())
    return Usage(
        records=records,
        seconds=night.seconds,
        records_per_second=rate,
        collect_seconds=night.steps["collect-usage"],
        rate_seconds=night.steps["rate-usage"],
        cpu_seconds=night.load.own_seconds + night.load.server_seconds,
        server_cpu_seconds=night.load.server_seconds,
        copy_rows_per_second=rows / alone,
        copy_ratio=rate / (rows / alone),
        copy_parallel_rows_per_second=rows / together,
        copy_ratio_parallel=rate / (rows / together),
        peak_rss_mib=night.load.peak_mib,
        server_peak_rss_mib=night.load.server_peak_mib,
        rows_updated=updated,
        workers=workers,
        lines=lines,
        rated=rows,
    )


def _show(usage: Usage) -> None:
    bare = Measured("bare COPY of the rows, 1 stream", usage.rated, usage.rated / usage.copy_rows_per_second)
    rows = [
        Measured("collecting the file", usage.records, usage.collect_seconds),
        Measured("rating and posting", usage.records, usage.rate_seconds),
        Measured("file to posted row", usage.records, usage.seconds, f"{usage.copy_ratio:.2f} x bare COPY"),
        bare,
        Measured(f"the same, {usage.workers} streams", usage.rated, usage.rated / usage.copy_parallel_rows_per_second),
    ]
    each, server = (seconds / usage.records * 1e6 for seconds in (usage.cpu_seconds, usage.server_cpu_seconds))
    ours, theirs = usage.peak_rss_mib, usage.server_peak_rss_mib
    notes = [
        f"From file to posted row: {usage.records_per_second:,.0f} records a second (aim: 100,000 on two cores, 0.80 of a bare COPY).",
        f"Processor: {each:.1f} us a record, of them the server {server:.1f}.",
        f"Memory at its peak: our processes {ours:,.0f} MiB (aim: under 1,024), the server {theirs:,.0f} MiB.",
        f"Bill marking costs nothing: of the rated calls {usage.rows_updated} were ever updated.",
    ]
    if usage.history_ratio is not None:
        notes.append(f"With {usage.on_file:,} rows on file: {usage.history_ratio:.2f} of the speed without (aim: 0.80 at 50 million).")
    show(f"rating: a carrier's file of {usage.records:,} records, {usage.lines:,} lines (workers: {usage.workers})", rows, notes)
