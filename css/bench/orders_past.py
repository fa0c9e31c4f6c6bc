"""Orders of the past for a measurement: completed ones on the lines there are, with items, tasks and events, made by the server.

Rows of the shape the verbs leave, but for the copies in the events, which are one word long: nothing reads them here.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from css.demo.plan import DISTRICT

_LINES: Final = """
CREATE TEMP TABLE IF NOT EXISTS past_line AS
SELECT row_number() OVER (ORDER BY l.id * 7919 % 100003) - 1 AS n, l.id AS line_id, l.account_id, l.provider_id, p.id AS product_id
  FROM css.line l CROSS JOIN (SELECT id FROM css.product WHERE code = 'CALLER-DISPLAY') p
 WHERE l.account_id IS NOT NULL AND l.state = 'working'
"""
_ORDERS: Final = """
INSERT INTO orders.customer_order (number, district_code, provider_id, account_id, line_id, kind, state, conversation_id, required_on,
  committed_on, target_on, contact_name, contact_phone, placed_on, placed_at, placed_by, done_on, completed_at, row_version)
SELECT 'past' || g, CAST(:district AS text), l.provider_id, l.account_id, l.line_id,
       CASE WHEN g % 3 = 0 THEN 'provide' ELSE 'features' END, 'completed', 'past' || g, d.day, d.day, d.day,
       'The customer', '447700900000', d.day - 7,
       CAST(d.day - 7 AS timestamp) AT TIME ZONE 'Europe/London', 'AMY', d.day, CAST(d.day AS timestamp) AT TIME ZONE 'UTC', 2
  FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) g
  JOIN past_line l ON l.n = g % (SELECT count(*) FROM past_line)
 CROSS JOIN LATERAL (SELECT CAST(:on AS date) - 1 - CAST(g % 3000 AS integer) AS day) d
"""
_ITEMS: Final = """
INSERT INTO orders.order_item (order_id, item_number, action, product_id)
SELECT o.id, 1, 'add', (SELECT id FROM css.product WHERE code = 'CALLER-DISPLAY') FROM orders.customer_order o WHERE o.id > :after
"""
_EVENTS: Final = """
INSERT INTO orders.kci_event (order_id, sequence, kind, occurred_at, words, order_copy, told)
SELECT o.id, k.n, k.kind, o.placed_at, 'As it was.', '{"past": true}', '{contact}'
  FROM orders.customer_order o
 CROSS JOIN (VALUES (1, 'ACKNOWLEDGED'), (2, 'COMMITTED'), (3, 'COMPLETED')) AS k (n, kind)
 WHERE o.id > :after
"""
_TASKS: Final = """
INSERT INTO orders.order_task (order_id, task_number, district_code, kind, owner, state, due_on, done_on, done_at, done_by)
SELECT o.id, t.n, o.district_code, t.kind, t.owner, 'done', o.target_on, o.done_on, o.completed_at, 'FIELD'
  FROM orders.customer_order o
 CROSS JOIN (VALUES (1, 'number', 'numbering'), (2, 'exchange', 'exchange')) AS t (n, kind, owner)
 WHERE o.id > :after
"""


def bring_past_to(session: Session, orders: int, on: date) -> None:
    """Add completed orders until there are so many of them, the latest completed the day before ``on``."""
    session.execute(text(_LINES))
    have = session.execute(text("SELECT count(*) FROM orders.customer_order WHERE number LIKE 'past%'")).scalar_one()
    if have >= orders:
        return
    after = session.execute(select(func.coalesce(func.max(text("id")), 0)).select_from(text("orders.customer_order"))).scalar_one()
    session.execute(text(_ORDERS), {"first": have + 1, "last": orders, "on": on, "district": DISTRICT})
    for statement in (_ITEMS, _EVENTS, _TASKS):  # three tables
        session.execute(text(statement), {"after": after})
