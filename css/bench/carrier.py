"""A carrier's file of any size, written in pieces: a night's calls of a district's lines, made without rolling a million dice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

import polars as pl

from billing.rules.usage_control import Control, write_control
from billing.rules.usage_record import write_records
from css.core.calendar import start_of_day
from css.demo.traffic import LONGEST_SECONDS, MEAN_SECONDS, SUPPLIER, dialled_number

PIECE = 200_000
NUMBERS_DIALLED = 5000
DURATIONS = 10_007
STRAYS_PERMILLE = 2
DAMAGED_PERMILLE = 1
ID_NIGHT_DIGITS = 5
"""The supplier's record ids begin with the count of his nights, and so rise from file to file."""
_SPREAD = 2_654_435_761
"""Multiplied by this, neighbouring counts lie far apart."""


def write_night(incoming: Path, numbers: Sequence[str], count: int, *, night: date, sequence: int, seed: int) -> Path:
    """Write one file of so many calls, in the order they began, and rename it when it is whole; one in a thousand is damaged."""
    rng = Random(seed)  # noqa: S311 - dice, and they must fall alike every time
    strays = [f"441632{960000 + n}" for n in range(max(1, len(numbers) * STRAYS_PERMILLE // 1000))]
    charged = pl.Series([*numbers, *strays], dtype=pl.String)
    other = pl.Series([dialled_number(rng) for _ in range(NUMBERS_DIALLED)], dtype=pl.String)
    lasted = pl.Series([min(LONGEST_SECONDS, int(rng.expovariate(1 / MEAN_SECONDS))) for _ in range(DURATIONS)], dtype=pl.Int64)
    incoming.mkdir(parents=True, exist_ok=True)
    path = incoming / f"{SUPPLIER}_{night:%Y%m%d}_{sequence:06d}.csv"
    digest, seconds = hashlib.sha256(), 0
    with path.with_suffix(".part").open("wb") as stream:
        for start in range(0, count, PIECE):
            calls = _calls(start, min(start + PIECE, count), count, night, sequence, (charged, other, lasted))
            seconds += int(calls["duration_seconds"].sum())
            records = write_records(calls)
            digest.update(records)
            stream.write(records)
        made_at = datetime.combine(night + timedelta(days=1), time(1), UTC)
        stream.write(write_control(Control(SUPPLIER, sequence, made_at, count, seconds, digest.hexdigest())))
    return path.with_suffix(".part").rename(path)


def _calls(first: int, last: int, count: int, night: date, sequence: int, kinds: tuple[pl.Series, pl.Series, pl.Series]) -> pl.DataFrame:
    charged, other, lasted = kinds
    n = pl.int_range(first, last, dtype=pl.Int64, eager=True)
    dice = n * _SPREAD % 2**32
    return pl.DataFrame(
        {
            "leg": pl.repeat("outgoing", last - first, eager=True),
            "call_type": (n * 7919 % 1000 < DAMAGED_PERMILLE).replace_strict({True: "?", False: "V"}, return_dtype=pl.String),
            "charged_number": charged.gather(dice % len(charged)),
            "other_number": other.gather(dice // 7 % len(other)),
            "started_at": (n * 86_399 // count * 1_000_000).cast(pl.Duration("us")) + start_of_day(night),
            "duration_seconds": lasted.gather(dice % len(lasted)),
            "supplier_record_id": pl.select(pl.lit(f"{sequence:0{ID_NIGHT_DIGITS}d}") + pl.lit(n).cast(pl.String).str.zfill(8)).to_series(),
        }
    )
