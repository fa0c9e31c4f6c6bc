"""Orders: how soon one is acknowledged when several are placed at once, and whether that grows with the orders of the past.

A closed loop: so many processes, each placing one order after another, every kind that a telephone brings, each in a transaction
of its own that is committed to the disk. Latency is from the command in hand to the commit. Everybody is on this machine,
the database included.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import time as clock
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from random import Random
from typing import Final

from sqlalchemy import TextClause, text

from css.bench.orders_past import bring_past_to
from css.bench.place import SEED, Place
from css.bench.table import WIDTH, machine
from css.core.calendar import add_working_days, london_instant
from css.core.errors import CssError
from css.core.words import DirectoryEntryKind, HalfDay, Segment
from css.db.engine import make_engine, transaction
from css.demo.life import AMY, NATION, PROVIDE_LEAD_DAYS
from css.demo.plan import DemoPlan
from css.demo.run import build
from orders.actions import place_order
from orders.commands.orders import PlaceOrder, Slot
from orders.words import OrderKind

TARGET_MS: Final = 100
PAST: Final = (10_000, 1_000_000)
"""Orders of the past in the two districts that are compared."""
MIX: Final = (
    *((OrderKind.PROVIDE, "with a visit"), (OrderKind.PROVIDE, "with a visit"), (OrderKind.PROVIDE, "")),
    *((OrderKind.FEATURES, ""), (OrderKind.FEATURES, ""), (OrderKind.CARE, ""), (OrderKind.DIRECTORY, "")),
    *((OrderKind.CEASE, ""), (OrderKind.RENUMBER, ""), (OrderKind.MOVE, ""), (OrderKind.TAKEOVER, "")),
)
"""What is ordered, dealt out evenly."""
_FORK: Final = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Timed:
    """One order: of which kind, and how long it took."""

    kind: str
    seconds: float
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What one round came to."""

    past: int
    at_once: int
    orders: int
    refused: int
    a_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    worst_ms: float
    p95_by_kind_ms: dict[str, float]


def run(place: Place, lines: int, orders: int, *, at_once: int, past: Sequence[int], as_json: bool) -> None:
    """Measure and print: one round for each size of the past."""
    plan = DemoPlan(lines=lines, days=1, seed=SEED)
    diary, _ = build(place.engine, plan)
    at = london_instant(plan.starts_on, time(10))
    rng = Random(SEED)  # noqa: S311 - dice for a measurement
    homes = [line for line in diary.lines if line.segment is Segment.RESIDENTIAL]
    rng.shuffle(homes)
    vacant = [home.address_key for home in diary.vacant if home.pair_id is not None]
    with place.engine.connect() as connection:
        known = connection.execute(_addresses()).all()
    address_of = {row.number: row.address_key for row in known}
    dealt = _Dealt([(line.account_number, line.number) for line in homes], vacant, address_of, plan.starts_on)
    found = []
    for size in past:
        with transaction(place.engine) as session:
            bring_past_to(session, size, plan.starts_on)
        with place.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE) orders.customer_order, orders.order_item, orders.kci_event, orders.order_task"))
            connection.execute(text("VACUUM (ANALYZE) css.line, css.service, css.service_number, css.hold, css.audit_event"))
            connection.execute(text("CHECKPOINT"))
        found.append(_round(place, dealt, orders, at_once, size, at))
    if as_json:
        print(json.dumps({"lines": lines, "target_p95_ms": TARGET_MS, "rounds": [_plain(one) for one in found]}))
        return
    print(f"\norders: placed at once in a district of {lines:,} lines\n{'=' * WIDTH}\n{machine(place)}")
    print(
        f"{'past orders':>12}{'at once':>9}{'orders':>8}{'refused':>9}{'a second':>10}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'worst':>9}"
    )
    for one in found:
        print(
            f"{one.past:>12,}{one.at_once:>10}{one.orders:>10,}{one.refused:>10}{one.a_second:>10.1f}{one.p50_ms:>10.1f}{one.p95_ms:>10.1f}"
            f"{one.p99_ms:>10.1f}{one.worst_ms:>10.1f}"
        )
        print("             p95 ms by kind: " + ", ".join(f"{kind} {ms:.0f}" for kind, ms in sorted(one.p95_by_kind_ms.items())))
    if len(found) > 1:
        print(f"p95 with {found[-1].past:,} past orders is {found[-1].p95_ms / found[0].p95_ms:.2f} x that with {found[0].past:,}")


class _Dealt:
    """Hands out lines and places, each once."""

    def __init__(self, lines: list[tuple[str, str]], vacant: list[str], address_of: dict[str, str], on: date) -> None:
        self._lines = iter(lines)
        self._vacant = iter(vacant)
        self._address_of = address_of
        self._on = on

    def commands(self, count: int, name: str) -> list[PlaceOrder]:
        """So many orders of the mix."""
        return [self._command(*MIX[n % len(MIX)], f"{name}/{n}", n) for n in range(count)]

    def _command(self, kind: OrderKind, how: str, token: str, n: int) -> PlaceOrder:
        account, number = next(self._lines)
        fields: dict[str, object] = {
            "token": token,
            "kind": kind,
            "account_number": account,
            "number": number,
            "required_on": add_working_days(self._on, PROVIDE_LEAD_DAYS + n % 40, NATION),
            "contact_name": "The customer",
            "contact_phone": "447700900000",
            "consented_by": "The customer",
        }
        match kind:
            case OrderKind.PROVIDE:
                fields |= {"number": None, "product_codes": ("LINE-RES",), "address_key": next(self._vacant)}
            case OrderKind.FEATURES:
                fields |= {"product_codes": ("THREE-WAY",)}
            case OrderKind.CARE:
                fields |= {"care_level": "4"}
            case OrderKind.DIRECTORY:
                fields |= {"emergency_name": "Somebody Else"}
            case OrderKind.MOVE:
                fields |= {"address_key": next(self._vacant), "keeps_number": False}
            case OrderKind.TAKEOVER:
                mover, _ = next(self._lines)
                fields |= {"account_number": mover, "product_codes": ("LINE-RES",), "address_key": self._address_of[number]}
            case _:
                pass
        if kind in {OrderKind.PROVIDE, OrderKind.TAKEOVER, OrderKind.MOVE}:
            fields |= {"directory_kind": DirectoryEntryKind.EX_DIRECTORY, "emergency_name": "The customer"}
        if how:
            slot_on = add_working_days(self._on, PROVIDE_LEAD_DAYS - 1 + n % 40, NATION)
            fields |= {"appointment": Slot(slot_on=slot_on, half_day=HalfDay.AM if n % 2 else HalfDay.PM)}
        return PlaceOrder(**fields)  # type: ignore[arg-type]


def _addresses() -> TextClause:
    return text(
        "SELECT n.number, s.address_key FROM css.service_number n JOIN css.service v ON v.id = n.service_id"
        " JOIN css.line l ON l.id = v.line_id JOIN css.site s ON s.id = l.site_id WHERE n.ends_at IS NULL"
    )


def _round(place: Place, dealt: _Dealt, orders: int, at_once: int, past: int, at: datetime) -> Found:
    """Place so many orders by so many processes; the first of each warm it up and are not counted."""
    each = math.ceil(orders / at_once)
    warming = len(MIX)
    work = [dealt.commands(each + warming, f"bench/{past}/{n}") for n in range(at_once)]
    ready, start = _FORK.Barrier(at_once + 1), _FORK.Event()
    results = _FORK.SimpleQueue()
    url = place.engine.url.render_as_string(hide_password=False)
    people = [_FORK.Process(target=_place_all, args=(url, mine, warming, at, ready, start, results), daemon=True) for mine in work]
    place.engine.dispose()  # what branches off makes an engine of its own, and shares no connection (docs/decisions/0099)
    for one in people:
        one.start()
    ready.wait(timeout=300)
    began = clock.perf_counter()
    start.set()
    told = [timed for _ in people for timed in results.get()]
    seconds = clock.perf_counter() - began
    for one in people:
        one.join(timeout=30)
    done = sorted(timed.seconds for timed in told if not timed.refused)
    for why, times in Counter(timed.refused for timed in told if timed.refused).most_common(3):
        print(f"{times} refused: {why}")
    kinds = {timed.kind for timed in told}
    return Found(
        past=past,
        at_once=at_once,
        orders=len(done),
        refused=len(told) - len(done),
        a_second=len(done) / seconds,
        p50_ms=_share(done, 50),
        p95_ms=_share(done, 95),
        p99_ms=_share(done, 99),
        worst_ms=1000 * done[-1],
        p95_by_kind_ms={kind: _share(sorted(one.seconds for one in told if one.kind == kind and not one.refused), 95) for kind in kinds},
    )


def _share(seconds: Sequence[float], percent: int) -> float:
    """The least time within which so many in a hundred came, in milliseconds."""
    return 1000 * seconds[max(0, math.ceil(len(seconds) * percent / 100) - 1)] if seconds else 0.0


def _place_all(url: str, commands: list[PlaceOrder], warming: int, at: datetime, ready: object, start: object, results: object) -> None:
    """One process: warm up, wait for the others, place one order after another."""
    engine = make_engine(url, application="css bench orders")
    for command in commands[:warming]:
        _one(engine, command, at)
    ready.wait(timeout=300)  # type: ignore[attr-defined]
    start.wait()  # type: ignore[attr-defined]
    told = [_one(engine, command, at) for command in commands[warming:]]
    results.put(told)  # type: ignore[attr-defined]
    engine.dispose()


def _one(engine: object, command: PlaceOrder, at: datetime) -> Timed:
    began = clock.perf_counter()
    refused = ""
    try:
        with transaction(engine) as session:  # type: ignore[arg-type]
            place_order(session, command, by=AMY, at=at)
    except CssError as error:
        refused = str(error)
    return Timed(command.kind.value, clock.perf_counter() - began, refused)


def _plain(found: Found) -> dict[str, object]:
    return {
        "past_orders": found.past,
        "at_once": found.at_once,
        "orders": found.orders,
        "refused": found.refused,
        "a_second": round(found.a_second, 1),
        "p50_ms": round(found.p50_ms, 1),
        "p95_ms": round(found.p95_ms, 1),
        "p99_ms": round(found.p99_ms, 1),
        "worst_ms": round(found.worst_ms, 1),
        "p95_by_kind_ms": {kind: round(ms, 1) for kind, ms in sorted(found.p95_by_kind_ms.items())},
    }
