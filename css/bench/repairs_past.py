"""Open faults for a measurement: as many as a storm leaves, on lines that the reports measured do not touch, made by the server.

Rows of the shape the verbs leave: the fault, its running clock, its first event.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

_LINES: Final = """
CREATE TEMP TABLE stormed ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY l.id) AS n, l.id AS line_id, l.account_id, l.provider_id, l.district_code, s.exchange_id
  FROM css.line l JOIN css.site s ON s.id = l.site_id
 WHERE l.state = 'working' AND l.account_id IS NOT NULL AND l.id <> ALL(:kept)
 LIMIT :faults
"""
_FAULTS: Final = """
INSERT INTO repairs.fault (number, district_code, provider_id, account_id, line_id, exchange_id, state, symptom_code, is_total_loss,
  contact_name, contact_phone, equipment_checked, power_checked, care_level, line_care_level, reported_at, accepted_at,
  original_due_at, due_at, location, craft, reported_by)
SELECT 'storm' || n, district_code, provider_id, account_id, line_id, exchange_id, CASE n % 4 WHEN 0 THEN 'reported' ELSE 'queued' END,
       CASE WHEN n % 3 = 0 THEN 'NSY' ELSE 'NDT' END, n % 3 <> 0, 'The customer', '447700900000', true, true,
       CASE n % 10 WHEN 0 THEN '2' WHEN 1 THEN '4' ELSE '1' END, '1', r.told, r.told, d.due, d.due,
       CASE n % 4 WHEN 0 THEN NULL ELSE 'LN' END, CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN 'overhead' ELSE 'underground' END, 'AMY'
  FROM stormed
 CROSS JOIN LATERAL (SELECT CAST(:at AS timestamptz) - make_interval(secs => n * 4 % 250000) AS told) r
 CROSS JOIN LATERAL (SELECT r.told + interval '60 hours' AS due) d
"""
_CLOCKS: Final = """
INSERT INTO repairs.clock_interval (fault_id, state, starts_at, begun_by)
SELECT f.id, 'running', f.accepted_at, 'AMY' FROM repairs.fault f WHERE f.number LIKE 'storm%'
"""
_EVENTS: Final = """
INSERT INTO repairs.fault_event (fault_id, sequence, deed, state, occurred_at, done_by, words)
SELECT f.id, 1, 'report', 'reported', f.accepted_at, 'AMY', 'Reported: no dial tone.' FROM repairs.fault f WHERE f.number LIKE 'storm%'
"""


def storm(session: Session, faults: int, kept: list[int], at: datetime) -> int:
    """Leave so many faults open, by the age of a few days; none on the lines that are kept. How many it came to."""
    session.execute(text(_LINES), {"kept": kept, "faults": faults})
    session.execute(text(_FAULTS), {"at": at})
    for statement in (_CLOCKS, _EVENTS):  # two tables
        session.execute(text(statement))
    return int(session.execute(text("SELECT count(*) FROM repairs.fault WHERE is_open")).scalar_one())
