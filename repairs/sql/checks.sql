-- The books of repairs: what is stored twice, or follows from something stored, is the same on both sides.

-- name: one_open_interval
-- An open fault has one interval that lasts, a fault that ended none. Leans on uq_clock_interval_last.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('Fault %s is %s and its clock %s.', f.number, f.state, CASE WHEN f.is_open THEN 'is stopped' ELSE 'still runs' END) AS words
  FROM repairs.fault f
  LEFT JOIN repairs.clock_interval i ON i.fault_id = f.id AND i.ends_at IS NULL
 WHERE f.district_code = :district AND f.is_open = (i.id IS NULL)
 ORDER BY f.id LIMIT :limit;

-- name: intervals_meet
-- The intervals of an open fault's clock begin with its acceptance and follow each other without a gap.
-- Leans on ix_fault_due.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('The clock of fault %s has an interval from %s where the one before ends %s.', x.number, x.starts_at, x.meets_at) AS words
  FROM (SELECT f.id, f.number, i.starts_at,
               coalesce(lag(i.ends_at) OVER (PARTITION BY f.id ORDER BY i.starts_at, i.ends_at NULLS LAST, i.id), f.accepted_at) AS meets_at
          FROM repairs.fault f JOIN repairs.clock_interval i ON i.fault_id = f.id
         WHERE f.district_code = :district AND f.is_open) x
 WHERE x.starts_at <> x.meets_at
 ORDER BY x.id, x.starts_at LIMIT :limit;

-- name: never_moved
-- A fault whose clock never stood, and for which nothing was bought, is due when it was first promised. Leans on ix_fault_due.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('Fault %s is due %s; nothing has moved it from %s.', f.number, f.due_at, f.original_due_at) AS words
  FROM repairs.fault f
 WHERE f.district_code = :district AND f.is_open AND NOT f.is_expedited AND f.due_at <> f.original_due_at
   AND NOT EXISTS (SELECT FROM repairs.clock_interval i WHERE i.fault_id = f.id AND i.state IN ('parked', 'customer-held'))
 ORDER BY f.id LIMIT :limit;

-- name: moved
-- The open faults whose deadline may have moved: their clock has stood, or a better level was bought. Leans on ix_fault_due.
-- example: {"district": "ZZ"}
SELECT f.id
  FROM repairs.fault f
 WHERE f.district_code = :district AND f.is_open
   AND (f.is_expedited OR EXISTS (SELECT FROM repairs.clock_interval i WHERE i.fault_id = f.id AND i.state IN ('parked', 'customer-held')))
 ORDER BY f.id;

-- name: outages_open
-- An open fault hangs on no outage that is over. Leans on ix_fault_due.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('Fault %s is %s and hangs on outage %s, which is %s.', f.number, f.state, o.id, o.state) AS words
  FROM repairs.fault f JOIN repairs.outage o ON o.id = f.outage_id
 WHERE f.district_code = :district AND f.is_open AND o.state <> 'open'
 ORDER BY f.id LIMIT :limit;

-- name: visits_agree
-- Who has a fault, and where it stands, agree. Leans on ix_fault_due, uq_visit_fault_live.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('Fault %s is %s and its visit is %s.', x.number, x.state, coalesce(x.visit_state, 'none')) AS words
  FROM (SELECT f.id, f.number, f.state, v.state AS visit_state
          FROM repairs.fault f LEFT JOIN repairs.visit v ON v.fault_id = f.id AND v.ended_at IS NULL
         WHERE f.district_code = :district AND f.is_open
        UNION ALL
        SELECT f.id, f.number, f.state, v.state
          FROM repairs.visit v JOIN repairs.fault f ON f.id = v.fault_id
         WHERE f.district_code = :district AND v.ended_at IS NULL AND NOT f.is_open) x
 WHERE coalesce(x.visit_state, 'none') <> CASE WHEN x.state IN ('issued', 'on-site') THEN x.state ELSE 'none' END
 ORDER BY x.id LIMIT :limit;

-- name: holds_stand
-- Debt treatment is held back by every open fault of a line, and by none that ended. Leans on ix_fault_due, uq_hold_standing.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('Fault %s is %s and %s', x.number, x.state, x.fault) AS words
  FROM (SELECT f.id, f.number, f.state, 'nothing is held back for it.' AS fault
          FROM repairs.fault f
         WHERE f.district_code = :district AND f.is_open AND f.account_id IS NOT NULL
           AND NOT EXISTS (SELECT FROM css.hold h WHERE h.source_key = 'fault/' || f.number AND h.ends_at IS NULL)
        UNION ALL
        SELECT f.id, f.number, f.state, 'debt treatment is still held back for it.'
          FROM css.hold h JOIN repairs.fault f ON f.number = h.reference
         WHERE h.kind = 'open-fault' AND h.ends_at IS NULL AND f.district_code = :district AND NOT f.is_open) x
 ORDER BY x.id LIMIT :limit;

-- name: stories_whole
-- The events of an open fault count from 1 without a gap. Leans on ix_fault_due, uq_fault_event_fault_id_sequence.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('Fault %s has %s events, the last is number %s.', f.number, e.events, e.last) AS words
  FROM repairs.fault f
 CROSS JOIN LATERAL (SELECT count(*) AS events, max(x.sequence) AS last FROM repairs.fault_event x WHERE x.fault_id = f.id) e
 WHERE f.district_code = :district AND f.is_open AND (e.events = 0 OR e.events <> e.last)
 ORDER BY f.id LIMIT :limit;

-- name: partners_told
-- The last update that is counted of an open fault of a partner's lies in its outbox. Leans on ix_fault_due, uq_outbox_message_source_key.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('Fault %s was told of %s times, and the last is not in the outbox.', f.number, c.last_update) AS words
  FROM repairs.fault f
  JOIN repairs.fault_conversation c ON c.fault_id = f.id
 WHERE f.district_code = :district AND f.is_open AND c.last_update > 0
   AND NOT EXISTS (SELECT FROM css.outbox_message m WHERE m.source_key = format('fault/%s/update/%s', f.number, c.last_update))
 ORDER BY f.id LIMIT :limit;

-- name: one_problem_a_kind
-- A fault belongs to one open problem of a kind at most, and the faults of a problem count from 1.
-- example: {"district": "ZZ", "limit": 50}
SELECT x.words
  FROM (SELECT format('Fault %s belongs to %s problems of its %s.', f.number, count(*), p.kind) AS words
          FROM repairs.problem p
          JOIN repairs.problem_fault m ON m.problem_id = p.id
          JOIN repairs.fault f ON f.id = m.fault_id
         WHERE p.district_code = :district AND p.state = 'open'
         GROUP BY f.number, p.kind
        HAVING count(*) > 1
        UNION ALL
        SELECT format('Problem %s has %s faults, the last is number %s.', p.id, count(m.fault_id), coalesce(max(m.position), 0))
          FROM repairs.problem p LEFT JOIN repairs.problem_fault m ON m.problem_id = p.id
         WHERE p.district_code = :district AND p.state = 'open'
         GROUP BY p.id
        HAVING count(m.fault_id) = 0 OR count(m.fault_id) <> max(m.position)) x
 ORDER BY x.words LIMIT :limit;
