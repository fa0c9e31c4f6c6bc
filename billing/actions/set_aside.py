"""Keeping a record that is not rated when it comes: duplicate, suspended or rejected, with its reason and its raw text."""

from __future__ import annotations

from typing import Final

import polars as pl
from sqlalchemy.orm import Session

from billing.rules.file_outcomes import RECORDS_PER_FILE
from billing.words import UsageOutcome
from css.core.errors import Breach
from css.db.bulk import copy_frame

NEEDED: Final = {
    "district_code": pl.String(),
    "usage_record_id": pl.Int64(),
    "supplier": pl.String(),
    "outcome": pl.String(),
    "reason_code": pl.String(),
    "words": pl.String(),
    "raw": pl.String(),
    "set_aside_on": pl.Date(),
}
"""What a frame given to ``set_aside`` must have. ``outcome`` is duplicate, suspended or rejected."""

KNOWN: Final = {
    "original_record_id": pl.Int64(),
    "leg": pl.String(),
    "charged_number": pl.String(),
    "other_number": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
    "chain_id": pl.String(),
    "part_number": pl.Int64(),
    "is_last_part": pl.Boolean(),
}
"""What it may have; NULL where the column or its value is missing."""

__all__ = ["KNOWN", "NEEDED", "RECORDS_PER_FILE", "set_aside"]


def set_aside(session: Session, frame: pl.DataFrame) -> int:
    """Store records that were set aside, by COPY; returns how many. Suspended ones are open.

    The frame has the columns of ``NEEDED`` and may have those of ``KNOWN``; others are left out. Its records must have
    their file on file. A column that is missing is a ``Breach``; a record set aside twice is an IntegrityError.
    """
    missing = sorted(set(NEEDED) - set(frame.columns))
    if missing:
        msg = f"set aside without {', '.join(missing)}"
        raise Breach(msg)
    given = [pl.col(name).cast(kind) for name, kind in (NEEDED | KNOWN).items() if name in frame.columns]
    rows = frame.select(
        *given,
        usage_file_id=pl.col("usage_record_id") // RECORDS_PER_FILE,
        is_open=pl.col("outcome") == UsageOutcome.SUSPENDED.value,
    )
    return copy_frame(session, "billing.usage_set_aside", rows)
