"""The reference data of orders: lead times and points of no return of every kind, dated. Whoever runs the house changes them by rows.

Five working days when an engineer visits and ten between providers are the rule of thumb of the trade; so is 16:00 on the day
before for a line somebody else loses and noon for a number that is ported. The others are the house's choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from typing import Final

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from orders.model import OrderTiming
from orders.rules.timing import Timing
from orders.words import OrderKind, PlantOutcome

BOOK_OPENS: Final = date(2009, 10, 1)
"""As old as the oldest price on the list."""
AFTERNOON: Final = time(16)
NOON: Final = time(12)
PORTING_DAYS: Final = 7
"""Working days that two networks need to pass a number on."""
_NEEDING_A_PAIR: Final = (OrderKind.PROVIDE, OrderKind.PORT_IN, OrderKind.MOVE, OrderKind.LINES)


def _timings() -> Iterator[Timing]:
    for kind in _NEEDING_A_PAIR:
        at = NOON if kind is OrderKind.PORT_IN else AFTERNOON
        # However soon there is a line, the other network must agree to let the number go.
        least = PORTING_DAYS if kind is OrderKind.PORT_IN else 0
        yield Timing(kind, PlantOutcome.RESTART, None, BOOK_OPENS, max(1, least), 1, at)
        yield Timing(kind, PlantOutcome.SPARE_PAIR, True, BOOK_OPENS, max(5, least), 1, at)
        yield Timing(kind, PlantOutcome.SPARE_PAIR, False, BOOK_OPENS, max(2, least), 1, at)
        yield Timing(kind, PlantOutcome.BUILD, None, BOOK_OPENS, 15, 1, at)
    # Without a pair of its own: a number ported to a working line, lines taken off.
    yield Timing(OrderKind.PORT_IN, None, None, BOOK_OPENS, PORTING_DAYS, 1, NOON)
    yield Timing(OrderKind.LINES, None, None, BOOK_OPENS, 2, 1, AFTERNOON)
    yield Timing(OrderKind.PORT_OUT, None, None, BOOK_OPENS, PORTING_DAYS, 1, NOON)
    for kind, days in (
        (OrderKind.CEASE, 2),
        (OrderKind.START, 1),
        (OrderKind.TAKEOVER, 5),
        (OrderKind.TRANSFER, 10),
        (OrderKind.TRANSFER_WITH_CHANGES, 10),
        (OrderKind.SHIFT, 5),
        (OrderKind.RENUMBER, 2),
        (OrderKind.FEATURES, 1),
        (OrderKind.CARE, 1),
        (OrderKind.DIRECTORY, 1),
        (OrderKind.CONVERT, 2),
    ):
        yield Timing(kind, None, None, BOOK_OPENS, days, 1, AFTERNOON)
    # A bar for debt and its lifting are done the same day; until then they may be stopped.
    yield Timing(OrderKind.BAR, None, None, BOOK_OPENS, 0, 0, AFTERNOON)
    yield Timing(OrderKind.RESTORE, None, None, BOOK_OPENS, 0, 0, AFTERNOON)


TIMINGS: Final = tuple(_timings())
"""What a new database begins with."""


def load(session: Session) -> None:
    """Put the reference data into a database; a second time changes nothing."""
    rows = [
        {
            "kind": row.kind,
            "outcome": row.outcome,
            "needs_visit": row.needs_visit,
            "starts_on": row.starts_on,
            "lead_working_days": row.lead_working_days,
            "no_return_working_days": row.no_return_working_days,
            "no_return_time": row.no_return_time,
        }
        for row in TIMINGS
    ]
    session.execute(insert(OrderTiming).on_conflict_do_nothing(), rows)
