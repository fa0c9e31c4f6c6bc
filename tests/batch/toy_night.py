"""A small net over a table of its own, run as a child process so that it can be killed. Arguments: url, home, workers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from batch.engine import RunOutcome, run_net
from batch.net import BlockStep, Context, Counts, KeyRange, LoopStep, Net, RejectedItem, SingleStep, Total, Work, cut
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.core.money import Money
from css.db.engine import make_engine
from tests.batch.killing import points_reached, set_traps

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
NIGHT = Actor(kind="batch", name="toy", provider_code="RETAIL", door="night")
ITEMS = 60


def begin(session: Session, context: Context) -> Work:
    """Write one row: doing it twice would show."""
    session.execute(text("INSERT INTO public.toy_event (words) VALUES ('begun ' || :day)"), {"day": context.business_date.isoformat()})
    return Work(Counts(1, 1))


def take_one(session: Session, _context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    """Five items, one a transaction."""
    last = int(checkpoint.get("last", 0))
    if last == 5:
        return None
    session.execute(text("INSERT INTO public.toy_event (words) VALUES ('item ' || :n)"), {"n": last + 1})
    return Work(Counts(1, 1)), {"last": last + 1}


def all_keys(session: Session, _context: Context) -> Sequence[KeyRange]:
    """The keys there are; the net under test must ask only once."""
    return cut([int(row[0]) for row in session.execute(text("SELECT id FROM public.toy_item ORDER BY id"))], 7)


def double(session: Session, _context: Context, first: int, last: int) -> Work:
    """Double each item, reject every seventh."""
    rows = session.execute(
        text("SELECT id FROM public.toy_item WHERE id BETWEEN :first AND :last ORDER BY id"), {"first": first, "last": last}
    )
    keys = [int(row[0]) for row in rows]
    good = [key for key in keys if key % 7]
    bad = [key for key in keys if key % 7 == 0]
    for key in good:
        session.execute(text("INSERT INTO public.toy_result (id, doubled) VALUES (:id, :doubled)"), {"id": key, "doubled": key * 2})
    rejects = tuple(RejectedItem(f"toy/{key}", "CSS699E", "every seventh", str(key)) for key in bad)
    return Work(Counts(len(keys), len(good), 0, len(bad)), rejects, (Total("doubled", len(good), Money(sum(key * 2 for key in good))),))


TOY = Net.in_line(
    "toy",
    "A toy night.",
    (
        SingleStep("begin", "Begin", begin),
        LoopStep("items", "Take items", take_one),
        BlockStep("double", "Double", all_keys, double, in_parallel=True),
        SingleStep("end", "End", begin),
    ),
)


def make_tables(session: Session, district: str) -> None:
    """The toy's own tables and a district to run in."""
    session.execute(text("CREATE TABLE public.toy_event (id bigint GENERATED ALWAYS AS IDENTITY, words text)"))
    session.execute(text("CREATE TABLE public.toy_item (id bigint PRIMARY KEY)"))
    session.execute(text("CREATE TABLE public.toy_result (id bigint PRIMARY KEY, doubled bigint)"))
    session.execute(text("INSERT INTO public.toy_item SELECT generate_series(1, :n)"), {"n": ITEMS})
    session.execute(
        text("INSERT INTO css.district (code, name, nation) VALUES (:code, 'Toy', 'england-and-wales') ON CONFLICT DO NOTHING"),
        {"code": district},
    )


def context(home: Path, district: str = "ZY") -> Context:
    """What the toy night is told."""
    return Context(district_code=district, business_date=date(2026, 3, 1), at=AT, by=NIGHT, home=home)


def run(url: str, home: Path, workers: int = 1) -> RunOutcome:
    """One attempt at the toy night."""
    engine = make_engine(url)
    try:
        return run_net(engine, TOY, context(home), clock=FixedClock(AT), workers=workers)
    finally:
        engine.dispose()


if __name__ == "__main__":
    set_traps()
    outcome = run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    told = outcome.error.code if outcome.error else "-"
    print(outcome.return_code, outcome.attempt, points_reached(), told)  # noqa: T201 - what the parent reads
