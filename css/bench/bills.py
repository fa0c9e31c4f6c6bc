"""Bills by the thousand: from the frozen cut to files on the disk, and whether parallel and serial runs give the same bytes.

A district is built and its calls are rated first; that is not measured. Then the night's own steps run with the night's own
worker processes, every block of them timed from its claim to its commit. Three groups of accounts are billed on three nights:
those whose text the standard fonts can write, those with a letter that needs embedded fonts, and one account with a bill of
two thousand pages. The first night is run a second time in a copy of the database by one process alone.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random

import polars as pl
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from batch.engine import run_net
from batch.net import BlockStep, Context, Net, Step, Work
from batch.nets import NIGHT
from batch.steps.books import BOOKS
from batch.steps.dates import ROLL
from batch.steps.usage_intake import COLLECT
from batch.steps.usage_rating import CLOSE_USAGE, RATE
from billing.rules.usage_control import control_of, write_control
from billing.rules.usage_record import write_records
from css.bench.load import KIB, MIB, Load
from css.bench.night import Clocked
from css.bench.place import NIGHT_OF, SEED, Place, evening
from css.bench.table import Measured, show, timed
from css.core.actor import Actor
from css.core.calendar import ONE_DAY, start_of_day
from css.core.clock import FixedClock
from css.core.words import Segment
from css.db.engine import make_engine, transaction
from css.demo.plan import DISTRICT
from css.demo.traffic import SUPPLIER, deliver, dialled_number
from css.master.reference import RETAIL

BY = Actor(kind="batch", name="bench", provider_code=RETAIL, door="night")
CALLS_A_BILL = 60
DAYS_OF_CALLS = 4
EMBEDDED_ONE_IN = 8
"""One embedded bill for so many standard ones."""
PAGES_WANTED = 2000
CALLS_A_PAGE = 146
"""What a page of itemised calls holds at the most, days of many calls following each other; the pages that came of it are counted."""
NAME_TO_EMBED = "Mrs Siân Tŷ Gŵyr"
"""Two of its letters are in no standard font."""
USAGE = Net.in_line("bench-usage", "Collect carriers' files and rate their calls.", (ROLL, COLLECT, RATE, CLOSE_USAGE))
FIRST, LAST = "freeze-cut", "dispatch-partners"
_OTHERS_DAY = 28
_NO_LIMITS = text(
    "INSERT INTO billing.bill_control (district_code, credit_max, times_average_max, average_floor, lines_max, first_bill_max, "
    "periods_max, days_back_max) VALUES (:district, :much, 1000000, :much, 1000000, :much, 1000000, 10000)"
)
"""A bill of two thousand pages is absurd anywhere else and would be held."""
_NUMBERS_DIALLED = 5000
_DIALLED = ("441", "442", "447", "4430")
"""What a household mostly rings: landlines, mobiles and 03 numbers. Free numbers never stand on a bill."""
_FILES = text(
    "SELECT a.number, f.kind, f.sha256 FROM billing.bill_file f JOIN billing.bill b ON b.id = f.bill_id "
    "JOIN css.account a ON a.id = b.account_id WHERE b.usage_through = :night AND b.state = 'issued'"
)
_PAGES = text(
    "SELECT f.content FROM billing.bill_file f JOIN billing.bill b ON b.id = f.bill_id "
    "WHERE b.usage_through = :night AND f.kind = 'pdf' ORDER BY b.serial LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Billed:
    """What was measured; the field names are those of the line of JSON."""

    bills: int
    seconds: float
    """From the freezing of the cut to the last file written, the start of the worker processes included."""
    bills_per_second: float
    tail_ratio: float
    """How fast the last tenth of the blocks of every step went beside the first tenth, all steps' work added up."""
    peak_rss_mib: float
    """Of the biggest process that did blocks."""
    pages: int
    """Of one such bill."""
    files_per_bill: float
    cpu_seconds: float
    """Of our processes and the server's together."""
    server_cpu_seconds: float
    workers: int
    calls_per_bill: int
    embedded_bills: int = 0
    embedded_bills_per_second: float = 0.0
    """Of bills with a letter that is in no standard font."""
    large_bill_pages: int = 0
    large_bill_seconds: float = 0.0
    large_bill_peak_rss_mib: float = 0.0
    serial_bills_per_second: float = 0.0
    """The first night done again by one process alone."""
    same_bytes: bool | None = None
    """Whether that gave every account the same files; None when it was not asked."""
    books_seconds: float = 0.0
    """Of the check of the books that ends such a night."""
    steps: dict[str, float] | None = None
    """Seconds of each step."""


def run(place: Place, bills: int, *, workers: int, pages: int = PAGES_WANTED, serially_too: bool = True, as_json: bool = False) -> None:
    """Measure and print: a table for people, or one line of JSON."""
    billed = measure(place, bills, workers=workers, pages=pages, serially_too=serially_too)
    if as_json:
        print(json.dumps({name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(billed).items()}))
    else:
        _show(billed)


def measure(place: Place, bills: int, *, workers: int, pages: int = PAGES_WANTED, serially_too: bool = True) -> Billed:
    """Bill so many accounts, some with embedded fonts, and one bill of so many pages; none of these with ``pages`` 0."""
    plan = _Plan(bills, max(1, bills // EMBEDDED_ONE_IN), pages * CALLS_A_PAGE)
    _in_a_process_of_its_own(place, plan)
    with _twin(place) if serially_too else _nothing() as twin:
        first = _night(place, NIGHT_OF, workers)
        billed = _billed(first, workers)
        embedded = _night(place, NIGHT_OF + ONE_DAY, workers)
        billed = replace(billed, embedded_bills=embedded.bills, embedded_bills_per_second=embedded.bills / embedded.seconds)
        if pages:
            large = _night(place, NIGHT_OF + 2 * ONE_DAY, workers)
            billed = replace(
                billed, large_bill_pages=large.pages, large_bill_seconds=large.seconds, large_bill_peak_rss_mib=large.peak_rss_mib
            )
        if twin is not None:
            alone = _night(twin, NIGHT_OF, 1)
            billed = replace(billed, serial_bills_per_second=alone.bills / alone.seconds, same_bytes=alone.files == first.files)
    assert billed.bills == bills, f"{billed.bills} bills came of {bills} accounts"
    return billed


@dataclass(frozen=True, slots=True)
class _Plan:
    """How many accounts of which kind."""

    standard: int
    embedded: int
    large_calls: int


@dataclass(frozen=True, slots=True)
class _Night:
    """One night of bills, measured."""

    bills: int
    seconds: float
    books_seconds: float
    steps: dict[str, float]
    tail_ratio: float
    peak_rss_mib: float
    own_seconds: float
    server_seconds: float
    pages: int
    files: dict[tuple[str, str], str]
    """SHA-256 by account and kind."""


@dataclass(frozen=True, slots=True)
class BlockTime:
    """One block of a step, as the process that did it saw it."""

    step: str
    pid: int
    ended: float
    seconds: float
    """From its start to its commit."""
    count: int
    peak_mib: float


@dataclass(frozen=True)
class TimedRun:
    """The work of a step, noted to a file when it is committed. It goes to worker processes, so it is data."""

    step: BlockStep
    notes: Path

    def __call__(self, session: Session, context: Context, first: int, last: int) -> Work:
        began = time.perf_counter()
        work = self.step.run(session, context, first, last)

        def committed(_session: Session) -> None:
            ended = time.perf_counter()
            found = BlockTime(self.step.name, os.getpid(), ended, ended - began, work.counts.read, _peak_mib())
            with (self.notes / f"{os.getpid()}").open("a", encoding="utf-8") as out:
                out.write(json.dumps(asdict(found)) + "\n")

        event.listen(session, "after_commit", committed, once=True)
        return work


def _steps(notes: Path) -> tuple[Step, ...]:
    """The night's own, from the cut to the spool."""
    names = [step.name for step in NIGHT.steps]
    steps = NIGHT.steps[names.index(FIRST) : names.index(LAST) + 1]
    return tuple(replace(step, run=TimedRun(step, notes)) if isinstance(step, BlockStep) else step for step in steps)


def _night(place: Place, night: date, workers: int) -> _Night:
    notes = place.home / f"blocks-{night}"
    notes.mkdir(parents=True)
    _turn(place.engine, night)
    net, books = Net.in_line("bench-bills", "The bill run.", _steps(notes)), Net.in_line("bench-books", "The books.", (BOOKS,))
    watch = Clocked()
    with Load(place.engine) as load, timed() as whole:
        _run(place, net, night, workers, watch)
    with timed() as checking:
        _run(place, books, night, 1, Clocked())
    blocks = [BlockTime(**json.loads(line)) for part in notes.iterdir() for line in part.read_text(encoding="utf-8").splitlines()]
    with place.engine.connect() as connection:
        files = {(row.number, row.kind): row.sha256 for row in connection.execute(_FILES, {"night": night})}
        pages = len(re.findall(rb"/Type /Page\b", bytes(connection.execute(_PAGES, {"night": night}).scalar_one())))
    return _Night(
        bills=len({account for account, _ in files}),
        seconds=whole.seconds,
        books_seconds=checking.seconds,
        steps={name: step.seconds for name, step in watch.steps.items()},
        tail_ratio=tail_ratio(blocks),
        peak_rss_mib=max(block.peak_mib for block in blocks),
        own_seconds=load.own_seconds,
        server_seconds=load.server_seconds,
        pages=pages,
        files=files,
    )


def tail_ratio(blocks: Sequence[BlockTime]) -> float:
    """Seconds that a bill took in the first tenth of each step's blocks, over those in the last tenth, all steps added up.

    The first block of each process in each step is left out where there are others: it loads fonts, schemas and plans of
    statements. A step of fewer blocks than ten has one in its first tenth and one in its last.
    """
    by_step: dict[str, list[BlockTime]] = defaultdict(list)
    for block in sorted(blocks, key=lambda block: block.ended):
        by_step[block.step].append(block)
    first = last = 0.0
    for of_step in by_step.values():
        warm = _without_first_of_each_process(of_step)
        tenth = max(1, len(warm) // 10)
        first += _seconds_each(warm[:tenth])
        last += _seconds_each(warm[-tenth:])
    return first / last


def _without_first_of_each_process(blocks: Sequence[BlockTime]) -> Sequence[BlockTime]:
    met: set[int] = set()
    warm = []
    for block in blocks:
        if block.pid in met:
            warm.append(block)
        met.add(block.pid)
    return warm or blocks


def _seconds_each(blocks: Sequence[BlockTime]) -> float:
    return sum(block.seconds for block in blocks) / sum(block.count for block in blocks)


def _run(place: Place, net: Net, night: date, workers: int, watch: Clocked) -> None:
    at = start_of_day(night + ONE_DAY)
    outcome = run_net(place.engine, net, Context(DISTRICT, night, at, BY, place.home), clock=FixedClock(at), workers=workers, watcher=watch)
    if outcome.error is not None:
        raise outcome.error


def _turn(engine: Engine, night: date) -> None:
    """It is that night's turn: what is rolled and closed by other steps is not measured here."""
    with transaction(engine) as session:
        session.execute(
            text("UPDATE css.business_date SET current_on = :after, closed_through = :before"),
            {"after": night + ONE_DAY, "before": night - ONE_DAY},
        )


def _peak_mib() -> float:
    """The most memory this process ever had; 0 where there is no ``/proc``."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * KIB / MIB for line in status.splitlines() if line.startswith("VmHWM:")), 0.0)


@contextmanager
def _twin(place: Place) -> Iterator[Place]:
    """A copy of the database as it is now, with a directory of its own."""
    place.engine.dispose()
    url = place.engine.url
    name = f"{url.database}_twin"
    server = make_engine(url.set(database="postgres").render_as_string(hide_password=False), pooled=False)
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {url.database} STRATEGY FILE_COPY"))
        made = make_engine(url.set(database=name).render_as_string(hide_password=False), application="css bench")
        try:
            yield Place(made, place.home / "twin", place.durable)
        finally:
            made.dispose()
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


def _in_a_process_of_its_own(place: Place, plan: _Plan) -> None:
    """What it takes to build a district must not count as memory of the bill run."""
    url = place.engine.url.render_as_string(hide_password=False)
    child = multiprocessing.get_context("spawn").Process(target=_prepare, args=(url, place.home, place.durable, plan))
    child.start()
    child.join()
    assert child.exitcode == 0, "the district could not be built"


def _prepare(url: str, home: Path, durable: bool, plan: _Plan) -> None:  # noqa: FBT001 - a process is told by place
    place = Place(make_engine(url, application="css bench"), home, durable)
    wanted = plan.standard + plan.embedded + 1
    # Of ten lines about seven are a household's only one.
    diary = evening(place, wanted * 8 // 5 + 40, calls=False)
    lines: dict[str, list[str]] = defaultdict(list)
    for line in diary.lines:
        if line.segment is Segment.RESIDENTIAL:
            lines[line.account_number].append(line.number)
    homes = [(account, numbers[0]) for account, numbers in lines.items() if len(numbers) == 1][:wanted]
    assert len(homes) == wanted, "a household for every bill"
    standard, embedded, large = homes[: plan.standard], homes[plan.standard : -1], homes[-1:]
    _set_nights(place.engine, (standard, embedded, large))
    usual = _calls([number for _, number in (*standard, *embedded)], CALLS_A_BILL, "A")
    # Calls of one account are as many as a carrier's counter has digits for, and no more than a file may hold.
    frames = [usual, _calls([number for _, number in large], max(1, plan.large_calls), "B")]
    for sequence, calls in enumerate(frames, start=1):
        records = write_records(calls)
        made_at = start_of_day(NIGHT_OF + ONE_DAY)
        control = write_control(control_of(records, calls, supplier=SUPPLIER, sequence=sequence, created_at=made_at))
        deliver(home / "incoming" / DISTRICT, NIGHT_OF, sequence, records + control)
    _run(place, USAGE, NIGHT_OF, 1, Clocked())
    with place.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("CHECKPOINT"))
    place.engine.dispose()


def _set_nights(engine: Engine, groups: Sequence[Sequence[tuple[str, str]]]) -> None:
    """Each group is billed on a night of its own, and nobody else on any of them; the second has a name to embed fonts for."""
    with transaction(engine) as session:
        session.execute(text("UPDATE css.account SET cycle_day = :day"), {"day": _OTHERS_DAY})
        session.execute(_NO_LIMITS, {"district": DISTRICT, "much": 10**12})
        for n, group in enumerate(groups):
            session.execute(
                text("UPDATE css.account SET cycle_day = :day WHERE number = ANY(:accounts)"),
                {"day": (NIGHT_OF + n * ONE_DAY).day, "accounts": [account for account, _ in group]},
            )
        session.execute(
            text("UPDATE css.account SET billing_name = :name WHERE number = ANY(:accounts)"),
            {"name": NAME_TO_EMBED, "accounts": [account for account, _ in groups[1]]},
        )


def _calls(numbers: Sequence[str], each: int, mark: str) -> pl.DataFrame:
    """So many itemised calls from each number, of the usual kinds, in the order they began over the days before the night."""
    rng = Random(SEED)  # noqa: S311 - dice, and they must fall alike every time
    dialled = [number for number in (dialled_number(rng) for _ in range(_NUMBERS_DIALLED)) if number.startswith(_DIALLED)]
    seconds = [1 + min(7200, int(rng.expovariate(1 / 180))) for _ in range(10_007)]
    count = len(numbers) * each
    n = pl.int_range(0, count, dtype=pl.Int64, eager=True)
    whole = int(timedelta(days=DAYS_OF_CALLS).total_seconds())
    first = start_of_day(NIGHT_OF + ONE_DAY) - timedelta(days=DAYS_OF_CALLS)
    dice = n * 2_654_435_761 % 2**32
    return pl.DataFrame(
        {
            "charged_number": pl.Series(numbers, dtype=pl.String).gather(n % len(numbers)),
            "other_number": pl.Series(dialled, dtype=pl.String).gather(dice // 7 % len(dialled)),
            "started_at": (n * whole // count * 1_000_000).cast(pl.Duration("us")) + first,
            "duration_seconds": pl.Series(seconds, dtype=pl.Int64).gather(dice % len(seconds)),
            "supplier_record_id": pl.select(pl.lit(mark) + pl.lit(n).cast(pl.String).str.zfill(9)).to_series(),
        }
    )


def _billed(night: _Night, workers: int) -> Billed:
    return Billed(
        bills=night.bills,
        seconds=night.seconds,
        bills_per_second=night.bills / night.seconds,
        tail_ratio=night.tail_ratio,
        peak_rss_mib=night.peak_rss_mib,
        pages=night.pages,
        files_per_bill=len(night.files) / night.bills,
        cpu_seconds=night.own_seconds + night.server_seconds,
        server_cpu_seconds=night.server_seconds,
        workers=workers,
        calls_per_bill=CALLS_A_BILL,
        books_seconds=night.books_seconds,
        steps={name: round(seconds, 3) for name, seconds in night.steps.items()},
    )


def _show(billed: Billed) -> None:
    rows = [Measured(f"step {name}", billed.bills, seconds) for name, seconds in (billed.steps or {}).items() if seconds]
    rows += [
        Measured("bills, cut to files written", billed.bills, billed.seconds),
        Measured("the same, fonts embedded", billed.embedded_bills, billed.embedded_bills / billed.embedded_bills_per_second),
    ]
    theirs = billed.server_cpu_seconds / billed.bills * 1000
    ours = billed.cpu_seconds / billed.bills * 1000 - theirs
    notes = [
        f"{billed.bills_per_second:.1f} bills a second (aim: 60); {billed.pages} pages, {billed.files_per_bill:.0f} files each.",
        f"The last tenth went at {billed.tail_ratio:.2f} of the first's rate (aim: 0.90).",
        f"The biggest process had {billed.peak_rss_mib:,.0f} MiB (aim: under 1,024). The books: {billed.books_seconds:.2f} s.",
        f"Processor: {ours:.1f} ms a bill, and the server {theirs:.1f}.",
    ]
    if billed.large_bill_pages:
        notes.append(
            f"A bill of {billed.large_bill_pages:,} pages: {billed.large_bill_seconds:.1f} s (aim: under 60), "
            f"{billed.large_bill_peak_rss_mib:,.0f} MiB."
        )
    if billed.same_bytes is not None:
        rows.append(Measured("the same, one process", billed.bills, billed.bills / billed.serial_bills_per_second))
        notes.append("Parallel and serial runs gave the same bytes." if billed.same_bytes else "THE BYTES OF THE TWO RUNS DIFFER.")
    show(f"bills: {billed.bills:,} bills of {billed.calls_per_bill} calls (workers: {billed.workers})", rows, notes)
