"""Carriers' files that have not come, though later ones have."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.model import UsageFile


@dataclass(frozen=True, slots=True)
class SequenceGap:
    """Files of a supplier that are missing between two that are here. A file before the first that ever came is not missed."""

    supplier: str
    first: int
    last: int

    @property
    def words(self) -> str:
        """As an alarm."""
        missing = str(self.first) if self.first == self.last else f"{self.first:d} to {self.last:d}"
        return f"CSS429W Of {self.supplier} sequence {missing} has not come."


def sequence_gaps(session: Session, district_code: str) -> tuple[SequenceGap, ...]:
    """What is missing now, by supplier and sequence; a gap that has been filled is none."""
    # uq_usage_file_sequence gives them in this order.
    files = (
        select(
            UsageFile.supplier,
            UsageFile.sequence,
            func.lead(UsageFile.sequence).over(partition_by=UsageFile.supplier, order_by=UsageFile.sequence).label("following"),
        )
        .where(UsageFile.district_code == district_code)
        .subquery()
    )
    rows = session.execute(select(files).where(files.c.following > files.c.sequence + 1).order_by(files.c.supplier, files.c.sequence))
    return tuple(SequenceGap(row.supplier, row.sequence + 1, row.following - 1) for row in rows)
