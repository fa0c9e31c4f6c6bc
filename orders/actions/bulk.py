"""Orders by file: checked whole, accepted whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.errors import CssError, Refusals
from orders.actions.place import place_order
from orders.bulk import RowOrder, at_row, read_orders
from orders.commands.bulk import PlacedInBulk, PlaceOrdersInBulk
from orders.commands.orders import OrderPlaced

Watch = Callable[[int, int], None]
"""Told how many orders are done, and how many there are."""


class _UndoneError(Exception):
    """What a check placed, and what stood before a refused row, goes, even if whoever asked goes on."""


@audit.answered
def place_orders_in_bulk(
    session: Session, command: PlaceOrdersInBulk, *, by: Actor, at: datetime, watch: Watch | None = None
) -> PlacedInBulk:
    """Place every order of a file as if somebody keyed them one after the other, or none: a row that is refused refuses the file.

    Rows compete for lines, pairs, numbers and slots in the order in which they stand. All of the file is looked at, and
    everything that is wrong with it told at once, each fault with its row (``rows[N].field``).

    Raises:
        BadMessage: CSS276E; CSS060E to CSS062E of values.
        NotFound, Refused, Conflict: whatever ``place_order`` refuses; several of them at once as ``Several``.
    """
    read = read_orders(command.csv)
    wrong = Refusals()
    wrong.add(*read.faults)
    placed: list[OrderPlaced] = []
    try:
        with session.begin_nested():
            _place(session, read.orders, placed, wrong, by=by, at=at, watch=watch)
            _undo(is_wanted=bool(wrong.found) or command.only_checks)
    except _UndoneError:
        wrong.tell()
        return PlacedInBulk(is_placed=False, orders=tuple(placed))
    digest = hashlib.sha256(command.csv.encode()).hexdigest()
    numbers = [order.order_number for order in placed]
    after = {"sha256": digest, "order_count": len(numbers), "first": numbers[0], "last": numbers[-1]}
    audit.record(session, by=by, at=at, verb="place_orders_in_bulk", subject=("order file", digest[:12]), after=after)
    return PlacedInBulk(is_placed=True, orders=tuple(placed))


def _undo(*, is_wanted: bool) -> None:
    if is_wanted:
        raise _UndoneError


def _place(
    session: Session,
    rows: Sequence[RowOrder],
    placed: list[OrderPlaced],
    wrong: Refusals,
    *,
    by: Actor,
    at: datetime,
    watch: Watch | None,
) -> None:
    """Place the orders of the rows one after the other; what is refused goes into ``wrong``."""
    for done, row in enumerate(rows, start=1):
        try:
            placed.append(place_order(session, row.order, by=by, at=at))
        except CssError as error:
            wrong.add(*at_row(error, row.row))
        if watch is not None:
            watch(done, len(rows))
