"""What must be true of all records of orders, whatever was done to them: each statement finds what breaks one rule of them."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, TextClause, text

from orders.rules.lifecycle import MOVES
from orders.words import KciKind, OrderState

_OPEN: Final = "('acknowledged', 'committed', 'held')"
_LEGAL: Final = ", ".join(
    f"('{was}', '{kci}', '{state}')"
    for was, kci, state in sorted(
        {("", KciKind.ACKNOWLEDGED.value, OrderState.ACKNOWLEDGED.value), ("", KciKind.CREATED.value, OrderState.COMMITTED.value)}
        | {(state.value, moved.kci.value, moved.state.value) for state, moves in MOVES.items() for moved in moves.values()}
    )
)
"""Every event there can be: the state before, its kind, the state after."""

_PLANT: Final = {
    "a pair in two living lines": """
        SELECT pair_id FROM css.line WHERE ends_on IS NULL AND pair_id IS NOT NULL GROUP BY pair_id HAVING count(*) > 1""",
    "a pair whose state is not its line's": """
        SELECT p.id, p.state, l.id, l.state FROM css.pair p LEFT JOIN css.line l ON l.pair_id = p.id AND l.ends_on IS NULL
         WHERE p.state <> CASE l.state WHEN 'working' THEN 'working' WHEN 'stopped' THEN 'stopped' ELSE 'spare' END
           AND NOT (p.state = 'faulty' AND coalesce(l.state, 'planned') = 'planned')""",
    "a planned line without an open order": f"""
        SELECT l.id FROM css.line l WHERE l.state = 'planned'
           AND NOT EXISTS (SELECT FROM orders.customer_order o
                            WHERE o.state IN {_OPEN} AND o.caused_by_id IS NULL AND o.kind IN ('provide', 'port-in', 'move', 'lines')
                              AND o.line_id = coalesce(l.auxiliary_of_id, l.id))""",
    "a working line with not one main service, or not one number at it": """
        SELECT l.id FROM css.line l
         WHERE (l.state = 'working' AND l.auxiliary_of_id IS NULL)::int <> ALL (ARRAY[
                 (SELECT count(*) FROM css.service s JOIN css.product p ON p.id = s.product_id
                   WHERE s.line_id = l.id AND s.ends_on IS NULL AND p.kind = 'line'),
                 (SELECT count(*) FROM css.service s JOIN css.service_number n ON n.service_id = s.id AND n.ends_at IS NULL
                   WHERE s.line_id = l.id AND s.ends_on IS NULL)])
            OR (l.state = 'working' AND l.auxiliary_of_id IS NULL) <> EXISTS (
                 SELECT FROM css.service s JOIN css.product p ON p.id = s.product_id AND p.kind = 'line'
                   JOIN css.service_number n ON n.service_id = s.id AND n.ends_at IS NULL
                  WHERE s.line_id = l.id AND s.ends_on IS NULL)""",
    "something that works, or a number, on a line that does not work": """
        SELECT l.id, s.id FROM css.line l JOIN css.service s ON s.line_id = l.id LEFT JOIN css.service_number n ON n.service_id = s.id
         WHERE (l.state <> 'working' OR l.auxiliary_of_id IS NOT NULL)
           AND (s.ends_on IS NULL OR n.number IS NOT NULL AND n.ends_at IS NULL)""",
    "a line that is not its services' account's": """
        SELECT l.id, s.id FROM css.line l
          JOIN css.service s ON s.line_id = l.id AND s.ends_on IS NULL JOIN css.account a ON a.id = s.account_id
         WHERE (l.account_id, l.provider_id, l.provider_id) IS DISTINCT FROM (s.account_id, s.provider_id, a.provider_id)""",
    "a stopped line that is somebody's": "SELECT id FROM css.line WHERE state = 'stopped' AND account_id IS NOT NULL",
    "an auxiliary line beside none, or stopped, or of another": """
        SELECT x.id FROM css.line x JOIN css.line l ON l.id = x.auxiliary_of_id
         WHERE x.ends_on IS NULL
           AND ((x.state, x.site_id) NOT IN (('working', l.site_id), ('planned', l.site_id))
                OR (x.state = 'working' AND (l.state <> 'working' OR (x.account_id, x.provider_id) <> (l.account_id, l.provider_id)))
                OR (x.state = 'planned' AND l.ends_on IS NOT NULL))""",
    "auxiliary lines that are not what is paid for": """
        SELECT l.id FROM css.line l WHERE l.auxiliary_of_id IS NULL
           AND (SELECT count(*) FROM css.line x WHERE x.auxiliary_of_id = l.id AND x.state = 'working')
               <> (SELECT coalesce(sum(s.quantity), 0) FROM css.service s JOIN css.product p ON p.id = s.product_id AND p.code = 'AUX-LINE'
                    WHERE s.line_id = l.id AND s.ends_on IS NULL)""",
    "a listing on a line that does not work, or a working line with not one": """
        SELECT l.id FROM css.line l
         WHERE (l.state = 'working' AND l.auxiliary_of_id IS NULL)::int
               <> (SELECT count(*) FROM css.line_listing g WHERE g.line_id = l.id AND g.ends_on IS NULL)""",
    "a bar on a line that does not work": """
        SELECT l.id FROM css.line l JOIN css.line_bar b ON b.line_id = l.id AND b.ends_at IS NULL
         WHERE l.state <> 'working' OR l.auxiliary_of_id IS NOT NULL""",
    "a care level that is not the one paid for": """
        SELECT s.id FROM css.service s JOIN css.product m ON m.id = s.product_id AND m.kind = 'line'
         WHERE s.ends_on IS NULL
           AND s.care_level IS DISTINCT FROM coalesce((SELECT p.care_level FROM css.service c
                                                         JOIN css.product p ON p.id = c.product_id AND p.kind = 'care'
                                                        WHERE c.line_id = s.line_id AND c.ends_on IS NULL), m.care_level)""",
}
_NUMBERS: Final = {
    "a number in use or promised twice": f"""
        SELECT number FROM (SELECT number FROM css.service_number WHERE ends_at IS NULL
                             UNION ALL SELECT kept_number FROM orders.customer_order WHERE kept_number IS NOT NULL AND state IN {_OPEN}
                             UNION ALL SELECT number FROM css.number_reservation WHERE starts_at <= :at AND ends_at > :at) n
         GROUP BY number HAVING count(*) > 1""",
    "a number in use or promised that another network has": f"""
        SELECT p.number FROM css.ported_number p
         WHERE p.direction = 'out' AND p.ends_on IS NULL
           AND (EXISTS (SELECT FROM css.service_number n WHERE n.number = p.number AND n.ends_at IS NULL)
                OR EXISTS (SELECT FROM css.number_reservation r WHERE r.number = p.number AND r.starts_at <= :at AND r.ends_at > :at)
                OR EXISTS (SELECT FROM orders.customer_order o
                            WHERE o.kept_number = p.number AND o.kind <> 'port-in' AND o.state IN {_OPEN}))""",
    "a number of another network with nobody using it, or used and not ported": """
        SELECT coalesce(p.number, n.number)
          FROM (SELECT number FROM css.ported_number WHERE direction = 'in' AND ends_on IS NULL) p
          FULL JOIN (SELECT number FROM css.service_number u WHERE ends_at IS NULL AND NOT EXISTS (
                       SELECT FROM css.number_block b WHERE u.number BETWEEN b.first_number AND b.last_number)) n ON n.number = p.number
         WHERE p.number IS NULL OR n.number IS NULL""",
    "a number, task or slot kept for a dead order": f"""
        SELECT o.number, o.state FROM orders.customer_order o
         WHERE o.state NOT IN {_OPEN}
           AND (o.kept_number IS NOT NULL
                OR EXISTS (SELECT FROM orders.order_task t WHERE t.order_id = o.id AND t.state IN ('open', 'failed'))
                OR EXISTS (SELECT FROM css.appointment a
                            WHERE (a.id = o.appointment_id OR a.reference = o.number) AND a.state IN ('held', 'booked')))""",
}
_ORDERS: Final = {
    "a slot that is no open order's, or not its order's": f"""
        SELECT a.number, a.reference FROM css.appointment a
          LEFT JOIN orders.customer_order o ON o.number = a.reference AND o.appointment_id = a.id AND o.state IN {_OPEN}
          LEFT JOIN css.line l ON l.id = o.line_id
         WHERE a.state = 'booked' AND (o.id IS NULL OR (a.site_id, a.provider_id, a.skill) <> (l.site_id, o.provider_id, 'install'))
            OR a.state = 'held' AND a.reference IS NOT NULL""",
    "a visit after the day the order is worked for": f"""
        SELECT o.number, a.slot_on, o.target_on FROM orders.customer_order o JOIN css.appointment a ON a.id = o.appointment_id
         WHERE o.state IN {_OPEN} AND a.state = 'booked' AND a.slot_on > o.target_on""",
    "more visits promised than there are": """
        SELECT exchange_id, slot_on, half_day FROM css.appointment
         WHERE state = 'booked' OR (state = 'held' AND held_until_at > :at)
         GROUP BY exchange_id, skill, slot_on, half_day
        HAVING count(*) > CASE WHEN extract(isodow FROM slot_on) < 6 THEN :capacity ELSE 0 END""",
    "an open order without its hold, or a hold without its open order": f"""
        SELECT o.number, h.reference
          FROM (SELECT * FROM orders.customer_order WHERE state IN {_OPEN}) o
          FULL JOIN (SELECT * FROM css.hold WHERE ends_at IS NULL) h ON h.source_key = 'order/' || o.number
         WHERE o.id IS NULL OR h.id IS NULL
            OR (h.account_id, h.line_id, h.kind, h.reference)
               <> (o.account_id, o.line_id, CASE WHEN o.is_treatment THEN 'treatment' ELSE 'open-order' END, o.number)""",
    "an open order that nobody works on, or an unsolicited cease with work of its own": f"""
        SELECT o.number FROM orders.customer_order o
         WHERE o.state IN {_OPEN}
           AND (o.caused_by_id IS NULL)
               <> EXISTS (SELECT FROM orders.order_task t WHERE t.order_id = o.id AND t.state IN ('open', 'failed'))""",
    "a completed order with work undone": """
        SELECT o.number FROM orders.customer_order o JOIN orders.order_task t ON t.order_id = o.id
         WHERE o.state = 'completed' AND (t.state <> 'done' OR t.done_on IS NULL)""",
    "a promise taken back": """
        SELECT number FROM orders.customer_order WHERE target_on < committed_on OR (target_on IS NULL) <> (no_return_at IS NULL)
            OR (no_return_at AT TIME ZONE 'Europe/London')::date NOT BETWEEN target_on - 6 AND target_on""",
    "an open order on a line that is not there for it": f"""
        SELECT o.number, o.kind, l.state FROM orders.customer_order o JOIN css.line l ON l.id = o.line_id
          LEFT JOIN css.line f ON f.id = o.from_line_id
          LEFT JOIN orders.customer_order c ON c.caused_by_id = o.id
         WHERE o.state IN {_OPEN} AND o.kind <> 'restore'  -- it is in nobody's way, and finds its bar or refuses when it is done
           AND CASE WHEN o.kind IN ('provide', 'start', 'move') OR (o.kind = 'port-in' AND o.old_number IS NULL)
                    THEN l.state NOT IN ('planned', 'stopped') OR (l.state = 'planned') <> (o.plant_outcome <> 'restart')
                             AND NOT (o.kind = 'move' AND l.state = 'stopped')
                         OR (o.kind = 'move' AND (f.state, f.account_id) IS DISTINCT FROM ('working', o.account_id))
                    ELSE (l.state, l.account_id) IS DISTINCT FROM ('working', coalesce(c.account_id, o.account_id)) END""",
    "two orders on one line": f"""
        SELECT line_id FROM (SELECT line_id, kind FROM orders.customer_order WHERE state IN {_OPEN} AND caused_by_id IS NULL
                              UNION ALL SELECT from_line_id, kind FROM orders.customer_order
                                         WHERE state IN {_OPEN} AND from_line_id IS NOT NULL) o
         GROUP BY line_id, kind = 'restore' HAVING count(*) > 1""",
    "an unsolicited cease that does not stand as its cause stands": f"""
        SELECT o.number, o.state, c.number, c.state
          FROM orders.customer_order o LEFT JOIN orders.customer_order c ON c.caused_by_id = o.id
         WHERE (o.kind IN ('takeover', 'transfer', 'transfer-with-changes')) <> (c.id IS NOT NULL)
            OR (o.state IN {_OPEN} AND (c.state, c.committed_on, c.target_on, c.no_return_at)
                                       <> (o.state, o.committed_on, o.target_on, o.no_return_at))
            OR c.id IS NOT NULL AND 'completed' IN (o.state, c.state) AND (o.state, o.done_on) IS DISTINCT FROM (c.state, c.done_on)
            OR o.state = 'cancelled' AND c.state <> 'cancelled' OR o.state = 'terminated' AND c.state NOT IN ('cancelled', 'terminated')
            OR c.account_id = o.account_id""",
}
_DONE: Final = {
    "a completed order whose services are not there, or not gone": """
        SELECT o.number, i.item_number FROM orders.customer_order o JOIN orders.order_item i ON i.order_id = o.id
          LEFT JOIN orders.customer_order cause ON cause.id = o.caused_by_id
          LEFT JOIN css.service s ON s.id = i.service_id
         WHERE o.state = 'completed'
           AND CASE i.action
                 WHEN 'add' THEN (s.starts_on, s.order_number, s.product_id, s.quantity, s.account_id, s.line_id)
                                 IS DISTINCT FROM (o.done_on, o.number, i.product_id, i.quantity, o.account_id, o.line_id)
                 WHEN 'remove' THEN (s.ends_on, s.end_order_number, s.product_id, s.quantity, s.account_id, s.line_id, s.end_reason IS NULL)
                                 IS DISTINCT FROM (o.done_on, coalesce(cause.number, o.number), i.product_id, i.quantity, o.account_id,
                                                   o.line_id, FALSE)
                 ELSE (s.product_id, s.quantity, s.account_id, s.line_id, s.starts_on <= o.done_on, coalesce(s.ends_on >= o.done_on, TRUE))
                                 IS DISTINCT FROM (i.product_id, i.quantity, o.account_id, o.line_id, TRUE, TRUE) END""",
    "a service begun or ended by an order that was not done": """
        SELECT s.id FROM css.service s LEFT JOIN orders.customer_order o ON o.number IN (s.order_number, s.end_order_number)
         WHERE coalesce(s.order_number, s.end_order_number) IS NOT NULL AND o.state IS DISTINCT FROM 'completed'""",
    "a move that left something behind": """
        SELECT o.number FROM orders.customer_order o JOIN css.service s ON s.line_id = o.from_line_id
         WHERE o.kind = 'move' AND o.state = 'completed' AND s.end_order_number = o.number
           AND (s.end_reason <> 'moved' OR NOT EXISTS (
                 SELECT FROM css.service n WHERE n.line_id = o.line_id AND n.order_number = o.number
                    AND (n.product_id, n.quantity) = (s.product_id, s.quantity) AND n.starts_on = s.ends_on
                    AND n.minimum_term_ends_on IS NOT DISTINCT FROM s.minimum_term_ends_on))""",
}
_TOLD: Final = {
    "a stream of events with a gap": """
        SELECT o.number FROM orders.customer_order o LEFT JOIN orders.kci_event k ON k.order_id = o.id
         GROUP BY o.id HAVING (min(k.sequence), max(k.sequence)) IS DISTINCT FROM (1, count(k.id)::int)""",
    "an event that could not be, or out of its time": f"""
        SELECT number, sequence, was, kind, state
          FROM (SELECT o.number, k.sequence, k.kind, k.order_copy->>'state' AS state, k.occurred_at, o.caused_by_id,
                       coalesce(lag(k.order_copy->>'state') OVER stream, '') AS was, lag(k.occurred_at) OVER stream AS before_at
                  FROM orders.kci_event k JOIN orders.customer_order o ON o.id = k.order_id
                WINDOW stream AS (PARTITION BY k.order_id ORDER BY k.sequence)) e
         WHERE (was, kind, state) NOT IN (VALUES {_LEGAL}) OR occurred_at < before_at
            OR was = '' AND (kind = 'CREATED') <> (caused_by_id IS NOT NULL)""",
    "an order that is not as was told last": """
        SELECT o.number, k.sequence, k.order_copy FROM orders.customer_order o
          JOIN LATERAL (SELECT * FROM orders.kci_event k WHERE k.order_id = o.id ORDER BY k.sequence DESC LIMIT 1) k ON TRUE
          LEFT JOIN css.appointment a ON a.id = o.appointment_id
         WHERE (k.order_copy->>'state', (k.order_copy->>'required_on')::date, (k.order_copy->>'committed_on')::date,
                (k.order_copy->>'target_on')::date, k.order_copy->>'number', (k.order_copy->>'slot_on')::date, k.order_copy->>'slot_state',
                (k.order_copy->>'done_on')::date)
               IS DISTINCT FROM (o.state, o.required_on, o.committed_on, o.target_on, o.telephone_number, a.slot_on, a.state, o.done_on)""",
    "an event that went to nobody, or to the wrong ones": """
        SELECT o.number, k.sequence, k.told FROM orders.kci_event k JOIN orders.customer_order o ON o.id = k.order_id
          JOIN css.provider p ON p.id = o.provider_id
         WHERE k.told <> CASE WHEN p.is_own_retail THEN ARRAY['contact'] ELSE ARRAY['order/' || o.number || '/kci/' || k.sequence] END
            OR NOT p.is_own_retail AND NOT EXISTS (
                 SELECT FROM css.outbox_message m WHERE m.provider_id = o.provider_id AND m.source_key = k.told[1])""",
    "an outbox with a gap": """
        SELECT m.provider_id FROM css.outbox_message m LEFT JOIN css.outbox_counter c ON c.provider_id = m.provider_id
         GROUP BY m.provider_id, c.last_sequence
        HAVING (min(m.sequence), max(m.sequence), c.last_sequence) IS DISTINCT FROM (1, count(*), count(*))""",
    "a request of debt that has no order of its own": """
        SELECT r.source_key FROM css.order_request r LEFT JOIN orders.customer_order o ON o.number = r.taken_order_number
         WHERE r.taken_order_number IS NOT NULL AND o.is_treatment IS DISTINCT FROM TRUE""",
}
TRUTHS: Final = _PLANT | _NUMBERS | _ORDERS | _DONE | _TOLD
"""What must never be found, by its name."""


def _all_at_once() -> TextClause:
    looks = [f"SELECT '{what.replace(chr(39), chr(39) * 2)}' AS what, q::text AS found FROM ({query}) q" for what, query in TRUTHS.items()]
    return text("\nUNION ALL ".join(looks))


_LOOK: Final = _all_at_once()


def broken(connection: Connection, **known: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - what statements are given
    """Every rule that is broken, with what breaks it."""
    return [(row.what, row.found) for row in connection.execute(_LOOK, known)]
