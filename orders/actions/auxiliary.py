"""The auxiliary lines of a multiline installation: planned with their pairs, put to work, taken out, handed over.

They are lines with a pair each and nothing else: number, services, listing and bars are the main line's. None is ever
stopped: one that is no longer wanted is taken out and its pair is spare again. Nobody changes them but who holds the lock on
the main line's row, or on the order it is planned for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from css.core.errors import Refused
from css.core.words import LineState, PairState
from css.db.sql import block
from css.master.lines import Line
from css.master.plant import Pair
from orders.actions.find import Asker, ServiceFound
from orders.actions.working import Doing
from orders.model import CustomerOrder
from orders.rules.multiline import AUXILIARY_CODE
from orders.rules.plant import no_pair_yet

_LIVE_PAIRS: Final = (PairState.WORKING, PairState.STOPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Auxiliary:
    """An auxiliary line, its row locked."""

    line_id: int
    state: LineState
    """Planned for an open order, or working."""
    pair_id: int | None


def auxiliaries_of(session: Session, line_id: int) -> tuple[Auxiliary, ...]:
    """The auxiliary lines of a line, those planned for an open order with them, the oldest first, locked."""
    rows = session.execute(block("orders", "lines.of_installation"), {"line_id": line_id})
    return tuple(Auxiliary(line_id=row.id, state=LineState(row.state), pair_id=row.pair_id) for row in rows)


def auxiliary_service(services: Iterable[ServiceFound]) -> ServiceFound | None:
    """The service all auxiliary lines of a line are one of, by its quantity; None on a single line."""
    return next((service for service in services if service.code == AUXILIARY_CODE), None)


def take_spare_pairs(session: Session, distribution_point_id: int | None, count: int) -> tuple[int, ...]:
    """So many spare pairs of a distribution point, or as many as there are, locked. Take them before any single one.

    All spare pairs of the point are locked first and in one order, so that of two who want several one waits for the other,
    and neither holds what the other waits for.
    """
    if distribution_point_id is None or count <= 0:
        return ()
    where = {"distribution_point_id": distribution_point_id}
    session.execute(block("orders", "plant.await_spare_pairs"), where).all()
    return tuple(session.execute(block("orders", "lines.spare_pairs"), where | {"count": count}).scalars())


def plan_auxiliaries(
    session: Session, *, asker: Asker, main_line_id: int, site_id: int, pair_ids: Iterable[int], count: int, on: date
) -> None:
    """Plan so many auxiliary lines of a line: their rows keep the pairs from others; those beyond the pairs wait for building."""
    pairs = list(pair_ids)
    session.add_all(
        Line(
            district_code=asker.district_code,
            provider_id=asker.provider_id,
            account_id=asker.account_id,
            site_id=site_id,
            pair_id=pairs[n] if n < len(pairs) else None,
            state=LineState.PLANNED,
            starts_on=on,
            auxiliary_of_id=main_line_id,
        )
        for n in range(count)
    )
    session.flush()


def lines_to_build(session: Session, order: CustomerOrder) -> tuple[int, ...]:
    """The planned lines of an order that have no pair yet, the main one first: each needs one built. Locked."""
    return tuple(
        session.execute(
            select(Line.id)
            .where(
                (Line.id == order.line_id) | (Line.auxiliary_of_id == order.line_id),
                Line.state == LineState.PLANNED,
                Line.pair_id.is_(None),
            )
            .order_by(Line.auxiliary_of_id.is_not(None), Line.id)
            .with_for_update()
        ).scalars()
    )


def put_to_work(session: Session, doing: Doing) -> int:
    """The auxiliary lines planned for the order work from the day on, each on its pair; how many they are.

    Raises:
        Refused: CSS233E a pair is missing, CSS234E one cannot be used.
    """
    planned = [line for line in auxiliaries_of(session, doing.line.id) if line.state is LineState.PLANNED]
    if not planned:
        return 0
    waiting = [line.line_id for line in planned if line.pair_id is None]
    # One that waited for building takes what is spare now; of the lines of one installation it does not matter which has which.
    found = take_spare_pairs(session, doing.site.distribution_point_id, len(waiting))
    if len(found) < len(waiting):
        raise no_pair_yet(doing.order.number)
    if waiting:
        session.execute(update(Line), [{"id": line_id, "pair_id": pair_id} for line_id, pair_id in zip(waiting, found, strict=True)])
    pair_ids = [*found, *(line.pair_id for line in planned if line.pair_id is not None)]
    jointed = session.execute(
        update(Pair).where(Pair.id.in_(pair_ids), Pair.state == PairState.SPARE).values(state=PairState.WORKING).returning(Pair.id)
    ).all()
    if len(jointed) < len(planned):
        raise Refused(
            "CSS234E",
            "{count} of the pairs kept for order {order} cannot be used; hold the order until they are put right.",
            count=len(planned) - len(jointed),
            order=doing.order.number,
            element="order_number",
        )
    session.execute(
        update(Line)
        .where(Line.id.in_([line.line_id for line in planned]))
        .values(
            state=LineState.WORKING,
            starts_on=doing.done_on,
            provider_id=doing.order.provider_id,
            account_id=doing.order.account_id,
            row_version=Line.row_version + 1,
        )
    )
    return len(planned)


def take_out(session: Session, line_id: int, *, on: date, keep: int = 0) -> int:
    """Take the working auxiliary lines of a line out, the newest first, all but ``keep`` of them; how many they were.

    Their rows stay, and their pairs are spare again.
    """
    working = [line for line in auxiliaries_of(session, line_id) if line.state is LineState.WORKING]
    going = working[keep:]
    if not going:
        return 0
    session.execute(
        update(Pair).where(Pair.id.in_([line.pair_id for line in going]), Pair.state.in_(_LIVE_PAIRS)).values(state=PairState.SPARE),
    )
    session.execute(
        update(Line)
        .where(Line.id.in_([line.line_id for line in going]))
        .values(state=LineState.RECOVERED, ends_on=on, row_version=Line.row_version + 1),
    )
    return len(going)


def hand_over(session: Session, doing: Doing) -> None:
    """The auxiliary lines follow their main line to the order's account and provider."""
    session.execute(
        update(Line)
        .where(Line.auxiliary_of_id == doing.line.id, Line.state == LineState.WORKING)
        .values(provider_id=doing.order.provider_id, account_id=doing.order.account_id, row_version=Line.row_version + 1),
    )
