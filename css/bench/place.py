"""A place to measure in: a temporary server with our tables, and an evening in a synthetic district that is all billed tonight."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

import polars as pl
from sqlalchemy import Engine, text

from css.db.engine import make_engine, transaction
from css.db.migrate import upgrade
from css.db.server import temporary
from css.demo.life import Diary
from css.demo.plan import DISTRICT, DemoPlan
from css.demo.run import build
from css.demo.traffic import calls_of_day, deliver, file_of_day
from css.migrations import reference
from css.settings import settings

NIGHT_OF = date(2026, 3, 5)
"""The business date that is measured; the district was taken over four days before."""
DAYS_OF_CALLS = 5
SEED = 1


@dataclass(frozen=True, slots=True)
class Place:
    """An empty database with reference data, and a directory; both gone when the measuring is done."""

    engine: Engine
    home: Path
    durable: bool


@contextmanager
def place(*, durable: bool) -> Iterator[Place]:
    """A server of its own: on the disk and durable as an installation's is, or in memory. Never the installation's own."""
    print("Starting a temporary server ...", file=sys.stderr)
    below = Path(tempfile.gettempdir()) if durable else None
    with (
        tempfile.TemporaryDirectory(prefix="css-bench-") as home,
        temporary(durable=durable, binaries=settings().postgres_bin, below=below) as url,
    ):
        engine = make_engine(url, application="css bench")
        upgrade(engine)
        with transaction(engine) as session:
            reference.load(session)
        try:
            yield Place(engine, Path(home), durable)
        finally:
            engine.dispose()


def evening(made: Place, lines: int, *, calls: bool = True) -> Diary:
    """Build a district on the evening of ``NIGHT_OF``: every account is billed tonight, and the carrier's file has come.

    The file holds the demo's calls of ``DAYS_OF_CALLS`` days; without ``calls`` there is none yet.
    """
    print(f"Building a district of {lines:,} lines ...", file=sys.stderr)
    diary, _ = build(made.engine, DemoPlan(lines=lines, days=1, seed=SEED))
    with transaction(made.engine) as session:
        session.execute(text("UPDATE css.account SET cycle_day = :day, frequency = 'monthly'"), {"day": NIGHT_OF.day})
        session.execute(
            text("UPDATE css.business_date SET current_on = :night, closed_through = :before"),
            {"night": NIGHT_OF, "before": NIGHT_OF - timedelta(days=1)},
        )
    if calls:
        bring(made, _calls(diary))
    return diary


def bring(made: Place, calls: pl.DataFrame) -> Path:
    """Deliver calls as the demo's carrier does: in one file, one record in a thousand damaged."""
    content = file_of_day(NIGHT_OF, 1, calls, Random(SEED))  # noqa: S311 - dice, and they must fall alike every time
    return deliver(made.home / "incoming" / DISTRICT, NIGHT_OF, 1, content)


def _calls(diary: Diary) -> pl.DataFrame:
    rng = Random(SEED)  # noqa: S311 - as above
    days = (NIGHT_OF - timedelta(days=n) for n in range(DAYS_OF_CALLS))
    return pl.concat([calls_of_day(day, diary.lines, rng) for day in days]).sort("started_at", "supplier_record_id")
