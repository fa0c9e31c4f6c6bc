-- What is looked for among all faults of a district: deadlines missed, deadlines near, repeats.

-- name: missed
-- Open faults whose deadline has passed and that nobody marked yet, in the order of their ids. A clock that was stopped before the
-- deadline still stands: nothing is missed then. Leans on ix_fault_due, uq_clock_interval_last.
-- example: {"district": "ZZ", "after": 0, "until": "2026-03-05T00:00:00Z", "most": 500}
SELECT f.id, f.due_at
  FROM repairs.fault f
 WHERE f.district_code = :district AND f.is_open AND f.due_at < :until AND f.breached_at IS NULL AND f.id > :after
   AND NOT EXISTS (SELECT FROM repairs.clock_interval i
                    WHERE i.fault_id = f.id AND i.ends_at IS NULL AND i.state IN ('parked', 'customer-held') AND i.starts_at <= f.due_at)
 ORDER BY f.id
 LIMIT :most
   FOR UPDATE OF f;

-- name: mark_missed
-- The deadline of faults that are locked is missed: a fact.
-- example: {"faults": [1]}
UPDATE repairs.fault SET breached_at = due_at, row_version = row_version + 1 WHERE id = ANY(CAST(:faults AS bigint[])) AND breached_at IS NULL;

-- name: near
-- Open faults that fall due soon, whose clock runs, and that were not warned of for this deadline, in the order of their ids.
-- Leans on ix_fault_due, uq_clock_interval_last.
-- example: {"district": "ZZ", "after": 0, "since": "2026-03-04T02:00:00Z", "until": "2026-03-04T12:00:00Z", "most": 500}
SELECT f.id, f.due_at
  FROM repairs.fault f
 WHERE f.district_code = :district AND f.is_open AND f.due_at >= :since AND f.due_at <= :until AND f.id > :after
   AND f.breached_at IS NULL AND f.warned_due_at IS DISTINCT FROM f.due_at
   AND NOT EXISTS (SELECT FROM repairs.clock_interval i
                    WHERE i.fault_id = f.id AND i.ends_at IS NULL AND i.state IN ('parked', 'customer-held'))
 ORDER BY f.id
 LIMIT :most
   FOR UPDATE OF f;

-- name: mark_near
-- Faults that are locked were warned of for the deadline they have.
-- example: {"faults": [1]}
UPDATE repairs.fault SET warned_due_at = due_at, row_version = row_version + 1 WHERE id = ANY(CAST(:faults AS bigint[]));

-- name: tell_each
-- An event of its own words and instant on each of many faults that are locked; gives those of which a partner is to be told.
-- Leans on uq_fault_event_fault_id_sequence.
-- example: {"faults": [1], "words": ["Missed."], "instants": ["2026-03-04T23:59:00Z"], "deed": "breach", "who": "night"}
WITH told AS (
  INSERT INTO repairs.fault_event (fault_id, sequence, deed, state, occurred_at, done_by, words)
  SELECT f.id, 1 + coalesce((SELECT max(e.sequence) FROM repairs.fault_event e WHERE e.fault_id = f.id), 0), :deed, f.state, t.occurred_at, :who,
         t.words
    FROM unnest(CAST(:faults AS bigint[]), CAST(:words AS text[]), CAST(:instants AS timestamptz[])) AS t(fault_id, words, occurred_at)
    JOIN repairs.fault f ON f.id = t.fault_id
   ORDER BY f.id
  RETURNING id, fault_id
)
SELECT t.id, t.fault_id
  FROM told t
  JOIN repairs.fault f ON f.id = t.fault_id AND f.kind = 'line'
  JOIN css.provider p ON p.id = f.provider_id AND NOT p.is_own_retail
 ORDER BY t.id;

-- name: problems_door
-- One search for problems at a time in a district.
-- example: {"district": "ZZ"}
SELECT pg_advisory_xact_lock(hashtextextended('repairs.problems/' || :district, 0));

-- name: suspects
-- The faults of a time that belong to no problem of a kind, on elements that have an open one or so many of them that there may be one.
-- Leans on ix_problem_fault_fault_id, uq_problem_line_id_open, uq_problem_distribution_point_id_open, uq_problem_cabinet_id_open.
-- example: {"district": "ZZ", "kind": "cabinet", "since": "2026-01-01T00:00:00Z", "until": "2026-03-05T00:00:00Z", "faults": 3}
WITH recent AS MATERIALIZED (
  SELECT f.id AS fault_id, f.reported_at, f.outage_id, f.clear_code,
         CASE :kind WHEN 'line' THEN l.id WHEN 'distribution-point' THEN d.id ELSE d.cabinet_id END AS element_id,
         CASE :kind WHEN 'cabinet' THEN d.id ELSE l.id END AS part_id
    FROM repairs.fault f
    JOIN css.line l ON l.id = f.line_id
    LEFT JOIN css.pair r ON r.id = l.pair_id
    LEFT JOIN css.distribution_point d ON d.id = r.distribution_point_id
   WHERE f.district_code = :district AND f.state <> 'withdrawn' AND f.reported_at >= :since AND f.reported_at < :until
     AND NOT EXISTS (SELECT FROM repairs.problem_fault m JOIN repairs.problem p ON p.id = m.problem_id
                      WHERE m.fault_id = f.id AND p.kind = :kind)
), counted AS (
  SELECT n.*, count(*) OVER (PARTITION BY n.element_id) AS beside FROM recent n WHERE n.element_id IS NOT NULL
), elements AS (
  SELECT c.*, CASE :kind WHEN 'line' THEN (SELECT p.id FROM repairs.problem p WHERE p.state = 'open' AND p.line_id = c.element_id)
                         WHEN 'distribution-point'
                         THEN (SELECT p.id FROM repairs.problem p WHERE p.state = 'open' AND p.distribution_point_id = c.element_id)
                         ELSE (SELECT p.id FROM repairs.problem p WHERE p.state = 'open' AND p.cabinet_id = c.element_id) END AS problem_id
    FROM counted c
)
SELECT s.fault_id, s.reported_at, s.outage_id, s.clear_code, s.element_id, s.part_id, s.problem_id, b.closed_on
  FROM elements s
  LEFT JOIN (SELECT coalesce(p.line_id, p.distribution_point_id, p.cabinet_id) AS element_id, max(p.closed_on) AS closed_on
               FROM repairs.problem p WHERE p.kind = :kind AND p.state = 'closed' AND p.district_code = :district
              GROUP BY 1) b ON b.element_id = s.element_id
 WHERE s.problem_id IS NOT NULL OR s.beside >= :faults
 ORDER BY s.element_id, s.reported_at, s.fault_id;

-- name: join_problem
-- Faults belong to a problem from a night on, counted on in the order given. Leans on pk_problem_fault.
-- example: {"problem": 1, "faults": [1], "on": "2026-03-04"}
INSERT INTO repairs.problem_fault (problem_id, fault_id, added_on, position)
SELECT :problem, t.fault_id, :on, t.place + coalesce((SELECT max(m.position) FROM repairs.problem_fault m WHERE m.problem_id = :problem), 0)
  FROM unnest(CAST(:faults AS bigint[])) WITH ORDINALITY AS t(fault_id, place);

-- name: problems
-- The problems of a district, open ones first, then the latest.
-- example: {"district": "ZZ", "problem": null, "closed": true, "most": 100}
SELECT p.id, p.district_code, p.kind, p.state, p.opened_on, p.last_on, p.closed_on, p.closed_by, p.words, p.row_version,
       e.code AS exchange_code, b.code AS cabinet_code, d.code AS distribution_point_code, p.line_id,
       (SELECT n.number FROM css.service v JOIN css.service_number n ON n.service_id = v.id
         WHERE v.line_id = p.line_id ORDER BY n.starts_at DESC LIMIT 1) AS telephone_number,
       h.faults, h.open_faults
  FROM repairs.problem p
  LEFT JOIN css.line l ON l.id = p.line_id
  LEFT JOIN css.pair r ON r.id = l.pair_id
  LEFT JOIN css.distribution_point d ON d.id = coalesce(p.distribution_point_id, r.distribution_point_id)
  LEFT JOIN css.cabinet b ON b.id = coalesce(p.cabinet_id, d.cabinet_id)
  LEFT JOIN css.exchange e ON e.id = b.exchange_id
 CROSS JOIN LATERAL (SELECT count(*) AS faults, count(*) FILTER (WHERE f.is_open) AS open_faults
                       FROM repairs.problem_fault m JOIN repairs.fault f ON f.id = m.fault_id WHERE m.problem_id = p.id) h
 WHERE (CAST(:district AS text) IS NULL OR p.district_code = :district)
   AND (CAST(:problem AS bigint) IS NULL OR p.id = :problem)
   AND (:closed OR p.state = 'open')
 ORDER BY p.state <> 'open', p.last_on DESC, p.id DESC
 LIMIT :most;

-- name: problem_faults
-- The faults of a problem in the order they were reported. Leans on pk_problem_fault.
-- example: {"problem": 1, "most": 200}
SELECT f.number, f.state, f.symptom_code, f.reported_at, f.cleared_at, f.clear_code, m.added_on, m.position, d.code AS distribution_point_code,
       (SELECT n.number FROM css.service v JOIN css.service_number n ON n.service_id = v.id
         WHERE v.line_id = f.line_id ORDER BY n.starts_at DESC LIMIT 1) AS telephone_number
  FROM repairs.problem_fault m
  JOIN repairs.fault f ON f.id = m.fault_id
  LEFT JOIN css.line l ON l.id = f.line_id
  LEFT JOIN css.pair r ON r.id = l.pair_id
  LEFT JOIN css.distribution_point d ON d.id = r.distribution_point_id
 WHERE m.problem_id = :problem
 ORDER BY m.position
 LIMIT :most;

-- name: breaches
-- The faults of a district whose deadline was missed within a time, the first missed first; and with each how many there are, and
-- how many of them are not mended yet, however few are asked for.
-- example: {"district": "ZZ", "since": "2026-03-04T00:00:00Z", "until": "2026-03-05T00:00:00Z", "provider": null, "engineer": null, "most": 200}
SELECT f.number, f.state, f.care_level, f.breached_at, f.cleared_at, f.due_at, p.code AS provider_code, f.is_open, f.outage_id,
       count(*) OVER () AS missed_count, count(*) FILTER (WHERE f.cleared_at IS NULL) OVER () AS not_mended_count
  FROM repairs.fault f
  JOIN css.provider p ON p.id = f.provider_id
 WHERE f.district_code = :district AND f.breached_at >= :since AND f.breached_at < :until
   AND (CAST(:provider AS text) IS NULL OR p.code = :provider)
   AND (CAST(:engineer AS text) IS NULL
        OR EXISTS (SELECT FROM repairs.visit v JOIN repairs.engineer g ON g.id = v.engineer_id WHERE v.fault_id = f.id AND g.code = :engineer))
 ORDER BY f.breached_at, f.number
 LIMIT :most;
