"""A carrier for tests: calls written down in either layout with the control record that agrees with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from billing.rules.usage_control import control_of, write_control
from billing.rules.usage_layouts import CSS_CSV, UK_STANDARD_CDR
from billing.rules.usage_native import write_native
from billing.rules.usage_record import write_records

Call = tuple[str, str, datetime, int]
"""Number charged, the other number, when it began, seconds."""

WRITERS = {UK_STANDARD_CDR: write_records, CSS_CSV: write_native}
_SCHEMA = {
    "charged_number": pl.String(),
    "other_number": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
    "supplier_record_id": pl.String(),
}


def frame_of(calls: Sequence[Call], prefix: str = "R") -> pl.DataFrame:
    return pl.DataFrame([(*call, f"{prefix}{n}") for n, call in enumerate(calls)], schema=_SCHEMA, orient="row")


def file_of(frame: pl.DataFrame, *, sequence: int = 1, made_at: datetime, supplier: str = "NTHTEL", layout: str = UK_STANDARD_CDR) -> bytes:
    """A whole file of calls in the columns of a record."""
    records = WRITERS[layout](frame)
    return records + write_control(control_of(records, frame, supplier=supplier, sequence=sequence, created_at=made_at))


def carrier_file(
    calls: Sequence[Call],
    *,
    sequence: int = 1,
    made_at: datetime,
    supplier: str = "NTHTEL",
    damaged: int = 0,
    layout: str = UK_STANDARD_CDR,
    prefix: str | None = None,
) -> bytes:
    """A whole file of these calls; the first ``damaged`` of them are spoilt in a way that the control record agrees with.

    The ids of its records are its own, whatever other file there is.
    """
    frame = frame_of(calls, prefix or f"{sequence}-")
    records = WRITERS[layout](frame)
    if damaged:
        records = records.replace(b'"V",', b'"?",', damaged)
    return records + write_control(control_of(records, frame, supplier=supplier, sequence=sequence, created_at=made_at))


def closed(records: bytes, *, sequence: int = 1, made_at: datetime, count: int, seconds: int) -> bytes:
    """Any bytes at all with a control record that agrees with them."""
    like = pl.DataFrame({"duration_seconds": [seconds] + [0] * (count - 1)}, schema={"duration_seconds": pl.Int64()})
    return records + write_control(control_of(records, like, supplier="NTHTEL", sequence=sequence, created_at=made_at))


def given(directory: Path, content: bytes, name: str = "NTHTEL_20260303_000001.csv") -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_bytes(content)
    return path
