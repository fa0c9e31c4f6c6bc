"""Numbers of counters that never take one back: a transaction that was killed leaves a gap in them, as ``css.master.serials`` says.

The next attempt would give another number, and everything that names it would differ from the undisturbed night for a reason that is
none. So before an attempt begins a counter is put back to the last number that was kept. Numbers that may have no gap, those of bills,
are rows, and are compared as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from psycopg2.extensions import cursor

from css.chaos.leavings import connected

KEPT: Final[Mapping[str, str]] = {
    "css.order_serial": "SELECT coalesce(max(substr(number, 4, 7)::bigint), 0) FROM orders.customer_order",
    "repairs.problem_id_seq": "SELECT coalesce(max(id), 0) FROM repairs.problem",
}
"""The counters a night takes numbers from that people read, and how far what is kept has come."""
TAKERS: Final = frozenset({"take-requests", "find-problems"})
"""The steps that take them."""
_AT_WORK: Final = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'css night%'"


def counters(url: str) -> dict[str, int]:
    """How far each counter has come."""
    with connected(url) as connection, connection.cursor() as cursor:
        return {name: _asked(cursor, f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {name}") for name in KEPT}  # noqa: S608 - a name of ours


def close_gaps(url: str, evening: Mapping[str, int]) -> None:
    """Put each counter back to the last number that is kept, or to where it was in the evening; not while an attempt is at work."""
    with connected(url) as connection:
        connection.autocommit = True
        _put_back(connection.cursor(), evening)


def _put_back(cursor: cursor, evening: Mapping[str, int]) -> None:
    with cursor:
        if _asked(cursor, _AT_WORK):
            return
        for name, kept in KEPT.items():
            last = max(evening[name], _asked(cursor, kept))
            cursor.execute("SELECT setval(%s, %s, %s)", (name, max(last, 1), last > 0))


def _asked(cursor: cursor, statement: str) -> int:
    cursor.execute(statement)
    row = cursor.fetchone()
    assert row is not None, "it counts"
    return int(row[0])
