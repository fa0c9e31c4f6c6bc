"""What can be asked about the pairs a line was moved between to clear its faults."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from css.core.actor import Actor
from css.master.plant import DistributionPoint, Pair
from repairs.model import Fault, PairChange
from repairs.queries.seen import asker, eyes_of, seen

LIST_MAX: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PairChangeRow:
    """A line moved from one pair to another of its distribution point."""

    fault_number: str
    distribution_point_code: str
    from_pair: int
    to_pair: int
    changed_at: datetime
    done_by: str


def pair_changes(session: Session, line_id: int, *, by: Actor) -> tuple[PairChangeRow, ...]:
    """A line's, newest first, at most 50, as far as the asker may see their faults. Uses ix_pair_change_line_id."""
    before, after = aliased(Pair), aliased(Pair)
    rows = session.execute(
        select(
            Fault.number.label("fault_number"),
            DistributionPoint.code.label("distribution_point_code"),
            before.pair_number.label("from_pair"),
            after.pair_number.label("to_pair"),
            PairChange.changed_at,
            PairChange.done_by,
        )
        .join(Fault, Fault.id == PairChange.fault_id)
        .join(before, before.id == PairChange.from_pair_id)
        .join(after, after.id == PairChange.to_pair_id)
        .join(DistributionPoint, DistributionPoint.id == after.distribution_point_id)
        .where(PairChange.line_id == line_id, seen(eyes_of(by)))
        .order_by(PairChange.changed_at.desc(), PairChange.id.desc())
        .limit(LIST_MAX),
        asker(by),
    )
    return tuple(PairChangeRow(**row._mapping) for row in rows)  # noqa: SLF001 - its public name
