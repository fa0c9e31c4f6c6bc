"""A carrier for tests: calls written down as UK Standard CDR with the control record that agrees with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from billing.rules.usage_control import control_of, write_control
from billing.rules.usage_record import write_records

Call = tuple[str, str, datetime, int]
"""Calling number, number dialled, when it began, seconds."""

_SCHEMA = {
    "caller": pl.String(),
    "dialled": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
    "supplier_record_id": pl.String(),
}


def carrier_file(calls: Sequence[Call], *, sequence: int = 1, made_at: datetime, supplier: str = "NTHTEL", damaged: int = 0) -> bytes:
    """A whole file of these calls; the first ``damaged`` of them are spoilt in a way that the control record agrees with."""
    frame = pl.DataFrame([(*call, f"R{n}") for n, call in enumerate(calls)], schema=_SCHEMA, orient="row")
    records = write_records(frame).replace(b'"V",', b'"?",', damaged) if damaged else write_records(frame)
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
