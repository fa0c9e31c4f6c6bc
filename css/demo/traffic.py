"""A day's calls, and the carrier that writes them down: UK Standard CDR with its control record, whole or not there.

Volumes and mixes are the trade's of about 2010; the numbers called are those reserved for fiction, at home by the
regulator's drama ranges, abroad by the North American 555-01xx and the French 01 99 00.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl

from batch.incoming import put_in
from billing.rules.usage_control import control_of, write_control
from billing.rules.usage_record import write_records
from css.core.calendar import london_instant
from css.demo.people import LiveLine

SUPPLIER = "NTHTEL"
CALLS_PER_LINE = 3.0
MEAN_SECONDS = 180
LONGEST_SECONDS = 3 * 3600
HOUR_WEIGHTS = (1, 1, 1, 1, 1, 1, 2, 8, 30, 48, 52, 50, 46, 42, 40, 44, 52, 62, 74, 84, 92, 60, 28, 8)
"""Calls started in each hour of a London day; the evening is the busiest."""
STRAY_PERMILLE = 2
"""Calls from numbers that are not ours, as every carrier's file has a few."""
DAMAGED_PERMILLE = 1
"""Records that cannot be read."""

# A thousand numbers of each area are kept for drama and the rest of it is somebody's: the prefixes leave three digits free.
_GEOGRAPHIC = (
    *("441134960", "441214960", "441314960", "441414960", "441514960", "441614960"),
    *("441914980", "442079460", "442890180", "442920180"),
)
_KINDS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (750, _GEOGRAPHIC),
    (100, ("447700900",)),
    (60, ("443069990",)),
    (40, ("448081570",)),
    (30, ("121255501", "171855501", "33199000")),
    (3, ("449098790",)),
)
_LENGTH = {"1": 11, "3": 11, "4": 12}
"""Digits of a full number by its country's first digit."""


def dialled_number(rng: random.Random) -> str:
    """A number somebody rings, from the ranges kept for fiction, in the mix of the trade."""
    kinds = rng.choices([prefixes for _, prefixes in _KINDS], [weight for weight, _ in _KINDS])[0]
    prefix = rng.choice(kinds)
    length = _LENGTH[prefix[0]]
    return prefix + str(rng.randrange(10 ** (length - len(prefix)))).zfill(length - len(prefix))


def calls_of_day(day: date, lines: list[LiveLine], rng: random.Random) -> pl.DataFrame:
    """The calls made on a London day, in the order they began."""
    count = int(len(lines) * CALLS_PER_LINE * rng.uniform(0.9, 1.1))
    hours = rng.choices(range(24), HOUR_WEIGHTS, k=count)
    rows = []
    for n, hour in enumerate(hours):
        stray = rng.randrange(1000) < STRAY_PERMILLE
        caller = f"441632{960000 + rng.randrange(1000)}" if stray else rng.choice(lines).number
        wall = time(hour, rng.randrange(60), rng.randrange(60))
        seconds = min(LONGEST_SECONDS, int(rng.expovariate(1 / MEAN_SECONDS)))
        rows.append((caller, dialled_number(rng), london_instant(day, wall), seconds, f"{day:%Y%m%d}{n:08d}"))
    schema = {
        "caller": pl.String(),
        "dialled": pl.String(),
        "started_at": pl.Datetime("us", "UTC"),
        "duration_seconds": pl.Int64(),
        "supplier_record_id": pl.String(),
    }
    return pl.DataFrame(rows, schema=schema, orient="row").sort("started_at", "supplier_record_id")


def file_of_day(day: date, sequence: int, calls: pl.DataFrame, rng: random.Random) -> bytes:
    """The carrier's file: the records, a few of them damaged on the way, and the control record that agrees with them."""
    lines = write_records(calls).splitlines(keepends=True)
    for n in range(len(lines)):
        if rng.randrange(1000) < DAMAGED_PERMILLE:
            lines[n] = lines[n].replace(b'"V",', b'"?",', 1)
    records = b"".join(lines)
    made_at = datetime.combine(day + timedelta(days=1), time(1, 0), UTC)
    return records + write_control(control_of(records, calls, supplier=SUPPLIER, sequence=sequence, created_at=made_at))


def deliver(incoming: Path, day: date, sequence: int, content: bytes) -> Path:
    """Leave the day's file where the night collects it, named as the trade does: supplier, day, sequence."""
    return put_in(incoming, f"{SUPPLIER}_{day:%Y%m%d}_{sequence:06d}.csv", content)
