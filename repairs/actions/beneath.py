"""What stands above a line: whoever reports a fault asks here first.

A report and an outage's verbs meet at two locks. A report holds the door of its exchange in common, so that none is missed by an
outage being declared at the same instant; and it holds the row of the outage it hangs on in common, so that a clear either
takes the fault along or is over before the fault is there. Neither makes one report wait for another.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from css.db.sql import block
from repairs.model import Fault, Outage
from repairs.words import OutageState


def outage_over(session: Session, pair_id: int | None) -> Outage | None:
    """The open outage a line on this pair hangs on: of several the largest; None where all is well.

    Its row is held in common until the transaction ends, and so is the door of the exchange: no outage is declared there, and
    this one is not cleared, before the caller has committed. To look without holding anything: ``repairs.queries.outages``.
    """
    if pair_id is None:
        return None
    place = session.execute(block("repairs", "outages.place"), {"pair": pair_id}).one()
    return session.execute(
        select(Outage)
        .where(
            Outage.state == OutageState.OPEN,
            or_(
                Outage.exchange_id == place.exchange_id,
                Outage.cabinet_id == place.cabinet_id,
                Outage.distribution_point_id == place.distribution_point_id,
            ),
        )
        # The largest first. One that was just cleared is passed over once its lock is ours, and the next one counts.
        .order_by(Outage.exchange_id.nulls_last(), Outage.cabinet_id.nulls_last())
        .limit(1)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def is_over(session: Session, outage_id: int) -> bool:
    """Whether an outage ended, so that a fault that is open again hangs on nothing. One that has not is held in common."""
    still = select(Outage.id).where(Outage.id == outage_id, Outage.state == OutageState.OPEN)
    return session.execute(still.with_for_update(read=True)).scalar() is None


def hang(session: Session, outage_id: int | None, faults: Sequence[int]) -> None:
    """Let faults that are locked hang on an outage, or on none."""
    session.flush()
    session.execute(block("repairs", "outages.hang"), {"outage": outage_id, "faults": list(faults)})
    look_again(session, faults)


def look_again(session: Session, faults: Sequence[int]) -> None:
    """What was changed behind the session's back is read again when it is looked at."""
    changed = frozenset(faults)
    for one in list(session.identity_map.values()):
        if isinstance(one, Fault) and one.id in changed:
            session.expire(one)
