"""A day's calls, and the carrier that writes them down: UK Standard CDR with its control record, whole or not there.

Volumes and mixes are the trade's of about 2010; the numbers called are those reserved for fiction, at home by the
regulator's drama ranges, abroad by the North American 555-01xx and the French 01 99 00. Of 084, 087 and 118 none is
reserved: 0845 464x and five digits after 118 are what a record may hold and nobody can have, being too short.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from batch.incoming import put_in
from billing.rules.usage_control import control_of, write_control
from billing.rules.usage_record import write_records
from billing.words import Leg
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
DIVERTED_PERMILLE = 12
"""Calls to a line of ours that it sent on, and pays for from there."""
REVERSED_PERMILLE = 2
"""Calls to a line of ours that agreed to pay."""

# A thousand numbers of each area are kept for drama and the rest of it is somebody's: the prefixes leave three digits free.
_GEOGRAPHIC = (
    *("441134960", "441214960", "441314960", "441414960", "441514960", "441614960"),
    *("441914980", "442079460", "442890180", "442920180"),
)
_LOCAL_RATE = tuple(f"44845464{digit}" for digit in "0123568")
_ENQUIRIES = tuple(f"118{digits}" for digits in ("00", "01", "02"))
_KINDS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (750, _GEOGRAPHIC),
    (100, ("447700900",)),
    (60, ("443069990",)),
    (40, ("448081570",)),
    (30, ("121255501", "171855501", "33199000")),
    (14, _LOCAL_RATE),
    (3, ("449098790",)),
    (2, _ENQUIRIES),
)
_LENGTH = {"1": 11, "3": 11, "4": 12}
"""Digits of a full number by its country's first digit."""
_WHOLE: Final = frozenset((*_LOCAL_RATE, *_ENQUIRIES))


@dataclass(frozen=True, slots=True)
class Call:
    """A call, or a part of one, as a carrier has it."""

    charged_number: str
    other_number: str
    started_at: datetime
    duration_seconds: int
    leg: Leg = Leg.OUTGOING
    chain_id: str | None = None
    part_number: int | None = None
    is_last_part: bool | None = None
    supplier_record_id: str = ""


CALL_COLUMNS: Final = {
    "charged_number": pl.String(),
    "other_number": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
    "leg": pl.String(),
    "chain_id": pl.String(),
    "part_number": pl.Int64(),
    "is_last_part": pl.Boolean(),
    "supplier_record_id": pl.String(),
}


def call_frame(calls: Sequence[Call]) -> pl.DataFrame:
    """Calls as the writers of files take them, in the order they began."""
    rows = [tuple(getattr(call, name) for name in CALL_COLUMNS) for call in calls]
    return pl.DataFrame(rows, schema=CALL_COLUMNS, orient="row").sort("started_at", "supplier_record_id")


def dialled_number(rng: random.Random) -> str:
    """A number somebody rings, from the ranges kept for fiction, in the mix of the trade."""
    kinds = rng.choices([prefixes for _, prefixes in _KINDS], [weight for weight, _ in _KINDS])[0]
    prefix = rng.choice(kinds)
    if prefix in _WHOLE:
        return prefix
    length = _LENGTH[prefix[0]]
    return prefix + str(rng.randrange(10 ** (length - len(prefix)))).zfill(length - len(prefix))


def calls_of_day(day: date, lines: list[LiveLine], rng: random.Random) -> pl.DataFrame:
    """The calls made on a London day, in the order they began."""
    count = int(len(lines) * CALLS_PER_LINE * rng.uniform(0.9, 1.1))
    hours = rng.choices(range(24), HOUR_WEIGHTS, k=count)
    calls = []
    for n, hour in enumerate(hours):
        stray = rng.randrange(1000) < STRAY_PERMILLE
        charged = f"441632{960000 + rng.randrange(1000)}" if stray else rng.choice(lines).number
        wall = time(hour, rng.randrange(60), rng.randrange(60))
        seconds = min(LONGEST_SECONDS, int(rng.expovariate(1 / MEAN_SECONDS)))
        die = rng.randrange(1000)
        record_id = f"{day:%Y%m%d}{n:08d}"
        if die < DIVERTED_PERMILLE:
            leg, other = Leg.DIVERTED, f"447700900{rng.randrange(1000):03d}"
        elif die < DIVERTED_PERMILLE + REVERSED_PERMILLE:
            leg, other = Leg.REVERSE, f"{rng.choice(_GEOGRAPHIC)}{rng.randrange(1000):03d}"
        else:
            leg, other = Leg.OUTGOING, dialled_number(rng)
        calls.append(Call(charged, other, london_instant(day, wall), seconds, leg, supplier_record_id=record_id))
    return call_frame(calls)


def file_of_day(day: date, sequence: int, calls: pl.DataFrame, rng: random.Random) -> bytes:
    """The carrier's file: the records, a few of them damaged on the way, and the control record that agrees with them."""
    lines = write_records(calls).splitlines(keepends=True)
    for n in range(len(lines)):
        if rng.randrange(1000) < DAMAGED_PERMILLE:
            lines[n] = lines[n].replace(b'"V",', b'"?",', 1)
    return closed(b"".join(lines), calls, day, sequence, SUPPLIER)


def closed(records: bytes, calls: pl.DataFrame, day: date, sequence: int, supplier: str) -> bytes:
    """Records with the control record that agrees with them, made in the night after the day."""
    made_at = datetime.combine(day + timedelta(days=1), time(1, 0), UTC)
    return records + write_control(control_of(records, calls, supplier=supplier, sequence=sequence, created_at=made_at))


def deliver(incoming: Path, day: date, sequence: int, content: bytes, supplier: str = SUPPLIER, ending: str = "csv") -> Path:
    """Leave the day's file where the night collects it, named as the trade does: supplier, day, sequence."""
    return put_in(incoming, f"{supplier}_{day:%Y%m%d}_{sequence:06d}.{ending}", content)
