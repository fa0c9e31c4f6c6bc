"""The district that the desk is measured in: built once, kept if wanted, and copied whole for every measurement.

What is real: plant, customers, lines and services by the demo's bulk ground; one night with a carrier's file and its bills; the
orders and faults that are open, each placed and reported by its own verb. What is copied by the server from those: the bills,
payments, orders, faults, contacts and audit events of the time before (``css.bench.desk_history``).
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from datetime import time as wall_time
from pathlib import Path
from random import Random

from sqlalchemy import Engine, make_url, text

from css.bench.carrier import write_night
from css.bench.desk_history import before_our_time, operators_of_a_morning, reachable
from css.core.actor import Actor
from css.core.calendar import ONE_DAY, add_working_days, london_instant
from css.core.errors import Refused
from css.core.words import DirectoryEntryKind, Segment
from css.db.engine import make_engine, transaction
from css.db.migrate import upgrade
from css.db.revision import program_revision
from css.db.server import Server, temporary
from css.demo.life import AMY, NATION, PROVIDE_LEAD_DAYS, Diary
from css.demo.plan import DISTRICT, DemoPlan
from css.demo.run import build, night
from css.master.reference import RETAIL
from css.migrations import reference
from css.redress.verbs import clear_fault, complete_order
from css.settings import settings
from orders.actions import place_order
from orders.commands.orders import CompleteOrder, PlaceOrder
from orders.words import OrderKind
from repairs.actions import report_fault
from repairs.commands.faults import ClearFault, ReportFault

KEPT = "desk_kept"
"""The database that nobody works in: every measurement has a copy of it."""
FIRST_NIGHT = date(2026, 3, 5)
MEASURED_NIGHT = FIRST_NIGHT + ONE_DAY
"""The business date of the measuring, and the night that runs beside it."""
SEED = 1
CALLS_A_LINE = 3
"""A day."""
BILLED_ONE_IN = 56
"""Accounts billed by the first night: one cycle day of two months."""
DUE_ONE_IN = 28
"""Accounts whose cycle day is the measured night's; those billed quarterly wait for their month."""
OPEN_ORDERS_PER_LINE = 0.006
"""Ten working days of three orders a ten thousand lines."""
OPEN_FAULTS_PER_LINE = 0.001
"""Ten faults a hundred lines and year, three days and a half each."""
DONE_BY_VERB = 10
"""Orders completed and faults cleared by their verbs: what the history is copied from."""
WORKERS = 2
FIELD_FORCE = Actor("system", "FIELD", RETAIL, frozenset({"clerk", "repair"}), "field force")
_SAYS = "desk.json"


@dataclass(frozen=True, slots=True)
class DeskPlace:
    """A server with the district in it, and a directory for the night's files."""

    server_url: str
    home: Path
    durable: bool
    lines: int

    @contextmanager
    def copied(self, name: str) -> Iterator[Engine]:
        """A copy of the district to work in, gone at the end."""
        _administer(self.server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        _administer(self.server_url, f"CREATE DATABASE {name} TEMPLATE {KEPT} STRATEGY FILE_COPY")
        engine = make_engine(_url_of(self.server_url, name), application="css bench")
        try:
            yield engine
        finally:
            engine.dispose()
            _administer(self.server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def desk_place(lines: int, *, durable: bool, keep: Path | None = None) -> Iterator[DeskPlace]:
    """The district in a server of its own; with ``keep`` it stays there, and the next time it is found there.

    Error: CSS960E what is kept there is another size or another release.
    """
    if keep is None:
        below = Path(tempfile.gettempdir()) if durable else None
        with (
            tempfile.TemporaryDirectory(prefix="css-bench-") as home,
            temporary(durable=durable, binaries=settings().postgres_bin, below=below) as url,
        ):
            made = DeskPlace(url, Path(home), durable, lines)
            _build(made)
            yield made
        return
    keep.mkdir(parents=True, exist_ok=True)
    server = Server(keep, durable=durable, binaries=settings().postgres_bin)
    made = DeskPlace(server.start(), keep, durable, lines)
    try:
        _build_once(made)
        yield made
    finally:
        server.stop("fast")


def _build_once(made: DeskPlace) -> None:
    said, says = made.home / _SAYS, {"lines": made.lines, "revision": program_revision(), "durable": made.durable}
    if said.exists():
        found = json.loads(said.read_text(encoding="utf-8"))
        if found != says:
            raise Refused(
                "CSS960E",
                "In {place} is kept a district of {lines} lines of revision {revision}, not of this size and release; "
                "remove the directory, or name another.",
                place=str(made.home),
                lines=found.get("lines"),
                revision=found.get("revision"),
                element="keep",
            )
        return
    _build(made)
    said.write_text(json.dumps(says), encoding="utf-8")


def _build(made: DeskPlace) -> None:
    print(f"Building a district of {made.lines:,} lines ...", file=sys.stderr)
    _administer(made.server_url, f"DROP DATABASE IF EXISTS {KEPT} WITH (FORCE)")
    _administer(made.server_url, f"CREATE DATABASE {KEPT} TEMPLATE template0")
    engine = make_engine(_url_of(made.server_url, KEPT), application="css bench")
    try:
        fill(engine, made.home, made.lines)
    finally:
        engine.dispose()


def fill(engine: Engine, home: Path, lines: int) -> None:
    """Make the district in an empty database."""
    upgrade(engine)
    with transaction(engine) as session:
        reference.load(session)
    diary, _ = build(engine, DemoPlan(lines=lines, days=1, seed=SEED))
    with transaction(engine) as session:
        session.execute(
            text(
                "UPDATE css.account SET cycle_day = CASE WHEN id % :billed = 0 THEN :first WHEN id % :due = 1 THEN :measured "
                "ELSE :measured + 1 + id % 22 END, frequency = CASE WHEN id % :billed = 0 THEN 'monthly' ELSE frequency END"
            ),
            {"billed": BILLED_ONE_IN, "due": DUE_ONE_IN, "first": FIRST_NIGHT.day, "measured": MEASURED_NIGHT.day},
        )
        session.execute(
            text("UPDATE css.business_date SET current_on = :night, closed_through = :before"),
            {"night": FIRST_NIGHT, "before": FIRST_NIGHT - ONE_DAY},
        )
    print("A day's orders, faults and calls, and its night ...", file=sys.stderr)
    _day(engine, diary, lines)
    numbers = [line.number for line in diary.lines]
    bring_calls(home, numbers, FIRST_NIGHT)
    night(engine, DISTRICT, FIRST_NIGHT, home, workers=WORKERS, watcher=None)
    print("What was before ...", file=sys.stderr)
    before_our_time(engine, MEASURED_NIGHT)
    with transaction(engine) as session:
        reachable(session)
        operators_of_a_morning(session)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("CHECKPOINT"))


def bring_calls(home: Path, numbers: list[str], night_of: date) -> None:
    """A carrier's file of a day for these numbers, in the directory that the night looks in."""
    sequence = (night_of - FIRST_NIGHT).days + 1
    write_night(home / "incoming" / DISTRICT, numbers, CALLS_A_LINE * len(numbers), night=night_of, sequence=sequence, seed=sequence)


def _day(engine: Engine, diary: Diary, lines: int) -> None:
    """Orders and faults by the verbs; the first few are done, the rest stay open."""
    rng = Random(SEED)  # noqa: S311 - dice, and they must fall alike every time
    homes = [line for line in diary.lines if line.segment is Segment.RESIDENTIAL]
    chosen = iter(rng.sample(homes, min(len(homes), 2 * DONE_BY_VERB + int(lines * (OPEN_ORDERS_PER_LINE + OPEN_FAULTS_PER_LINE)) + 2)))
    at = london_instant(FIRST_NIGHT, wall_time(10))
    required_on = add_working_days(FIRST_NIGHT, PROVIDE_LEAD_DAYS, NATION)
    vacant = [place for place in diary.vacant if place.pair_id is not None]
    for n in range(DONE_BY_VERB + int(lines * OPEN_ORDERS_PER_LINE)):
        if not vacant:
            break
        place, line = vacant.pop(), next(chosen)
        order = PlaceOrder(
            kind=OrderKind.PROVIDE,
            account_number=line.account_number,
            product_codes=("LINE-RES",),
            address_key=place.address_key,
            required_on=required_on,
            contact_name="The customer",
            contact_phone="447700900000",
            directory_kind=DirectoryEntryKind.EX_DIRECTORY,
            emergency_name="The customer",
        )
        with transaction(engine) as session:
            placed = place_order(session, order, by=AMY, at=at)
        if n < DONE_BY_VERB:
            with transaction(engine) as session:
                complete_order(session, CompleteOrder(order_number=placed.order_number, done_on=FIRST_NIGHT), by=FIELD_FORCE, at=at)
    for n in range(DONE_BY_VERB + int(lines * OPEN_FAULTS_PER_LINE)):
        fault = ReportFault(
            number=next(chosen).number,
            symptom_code="NDT",
            contact_name="The customer",
            contact_phone="447700900001",
            equipment_checked=True,
            power_checked=True,
        )
        with transaction(engine) as session:
            reported = report_fault(session, fault, by=AMY, at=at)
        if n < DONE_BY_VERB:
            with transaction(engine) as session:
                cleared = ClearFault(fault_number=reported.fault_number, clear_code="DW")
                clear_fault(session, cleared, by=FIELD_FORCE, at=at + timedelta(hours=2))


def _url_of(server_url: str, database: str) -> str:
    return make_url(server_url).set(database=database).render_as_string(hide_password=False)


def _administer(server_url: str, statement: str) -> None:
    engine = make_engine(_url_of(server_url, "postgres"), application="css bench", pooled=False)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    engine.dispose()
