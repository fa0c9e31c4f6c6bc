"""Which of several lines lie beneath failed plant, for a page that shows them together."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from css.master.lines import Line
from css.master.plant import Cabinet, DistributionPoint, Pair
from repairs.model import Outage
from repairs.rules.outages import told_words
from repairs.words import OutageState


def lines_beneath(session: Session, line_ids: tuple[int, ...]) -> dict[int, str]:
    """The lines that lie beneath an open outage, each with what its customer is told. One statement, none for no lines.

    Whose lines they are is the asker's to have made sure of: it is told of lines by their ids.
    """
    if not line_ids:
        return {}
    rows = session.execute(
        select(Line.id, Outage.message, Outage.expected_at)
        .join(Pair, Pair.id == Line.pair_id)
        .join(DistributionPoint, DistributionPoint.id == Pair.distribution_point_id)
        .join(Cabinet, Cabinet.id == DistributionPoint.cabinet_id)
        .join(
            Outage,
            or_(
                Outage.exchange_id == Cabinet.exchange_id,
                Outage.cabinet_id == Cabinet.id,
                Outage.distribution_point_id == DistributionPoint.id,
            ),
        )
        .where(Line.id.in_(line_ids), Outage.state == OutageState.OPEN)
        .order_by(Outage.id.desc())
    )
    return {row.id: told_words(row.message, row.expected_at) for row in rows}
