-- Outages: what stands above a line, which faults are beneath, and who is told.

-- name: place
-- Where a pair is joined, with the exchange's door held in common: nobody declares an outage there until the transaction ends.
-- Leans on pk_pair.
-- example: {"pair": 1}
SELECT b.exchange_id, b.id AS cabinet_id, d.id AS distribution_point_id,
       pg_advisory_xact_lock_shared(7, CAST(b.exchange_id AS integer)) IS NULL AS is_held
  FROM css.pair r
  JOIN css.distribution_point d ON d.id = r.distribution_point_id
  JOIN css.cabinet b ON b.id = d.cabinet_id
 WHERE r.id = :pair;

-- name: door
-- The exchange's door held alone: reports under way are waited for, new ones wait.
-- example: {"exchange": 1}
SELECT pg_advisory_xact_lock(7, CAST(:exchange AS integer));

-- name: beneath
-- The open faults of lines beneath a piece of plant that hang on no outage yet, locked in the order of their ids.
-- Leans on ix_fault_due, uq_line_pair_id_live.
-- example: {"district": "ZZ", "exchange": 1, "cabinet": null, "point": null}
SELECT f.id
  FROM repairs.fault f
  JOIN css.line l ON l.id = f.line_id
  JOIN css.pair r ON r.id = l.pair_id
  JOIN css.distribution_point d ON d.id = r.distribution_point_id
  JOIN css.cabinet b ON b.id = d.cabinet_id
 WHERE f.district_code = :district AND f.is_open AND f.kind = 'line' AND f.outage_id IS NULL
   AND (CAST(:exchange AS bigint) IS NULL OR b.exchange_id = :exchange)
   AND (CAST(:cabinet AS bigint) IS NULL OR b.id = :cabinet)
   AND (CAST(:point AS bigint) IS NULL OR d.id = :point)
 ORDER BY f.id
   FOR UPDATE OF f;

-- name: elsewhere
-- How many open faults beneath a piece of plant hang on another outage already.
-- Leans on ix_fault_outage_id.
-- example: {"district": "ZZ", "exchange": 1, "cabinet": null, "point": null, "outage": 1}
SELECT count(*)
  FROM repairs.fault f
  JOIN css.line l ON l.id = f.line_id
  JOIN css.pair r ON r.id = l.pair_id
  JOIN css.distribution_point d ON d.id = r.distribution_point_id
  JOIN css.cabinet b ON b.id = d.cabinet_id
 WHERE f.district_code = :district AND f.is_open AND f.outage_id IS NOT NULL AND f.outage_id <> :outage
   AND (CAST(:exchange AS bigint) IS NULL OR b.exchange_id = :exchange)
   AND (CAST(:cabinet AS bigint) IS NULL OR b.id = :cabinet)
   AND (CAST(:point AS bigint) IS NULL OR d.id = :point);

-- name: attached
-- The open faults that hang on an outage, locked in the order of their ids. Leans on ix_fault_outage_id.
-- example: {"outage": 1}
SELECT f.id FROM repairs.fault f WHERE f.outage_id = :outage AND f.is_open ORDER BY f.id FOR UPDATE;

-- name: hang
-- Faults that are locked hang on an outage from now, or on none.
-- example: {"outage": 1, "faults": [1]}
UPDATE repairs.fault SET outage_id = :outage, row_version = row_version + 1 WHERE id = ANY(CAST(:faults AS bigint[]));

-- name: tell
-- The same event on each of many faults that are locked, numbered on without gap; gives those of which a partner is to be told.
-- Leans on uq_fault_event_fault_id_sequence.
-- example: {"faults": [1], "deed": "inform", "at": "2026-03-02T10:00:00Z", "who": "TESTER", "words": "It will take longer."}
WITH told AS (
  INSERT INTO repairs.fault_event (fault_id, sequence, deed, state, occurred_at, done_by, words)
  SELECT f.id, 1 + coalesce((SELECT max(e.sequence) FROM repairs.fault_event e WHERE e.fault_id = f.id), 0), :deed, f.state, :at, :who, :words
    FROM repairs.fault f
   WHERE f.id = ANY(CAST(:faults AS bigint[]))
   ORDER BY f.id
  RETURNING id, fault_id
)
SELECT t.id, t.fault_id
  FROM told t
  JOIN repairs.fault f ON f.id = t.fault_id AND f.kind = 'line'
  JOIN css.provider p ON p.id = f.provider_id AND NOT p.is_own_retail
 ORDER BY t.id;

-- name: exchange_of
-- The exchange in whose area an outage is. Leans on pk_outage.
-- example: {"outage": 1}
SELECT coalesce(o.exchange_id, b.exchange_id, g.exchange_id) AS exchange_id
  FROM repairs.outage o
  LEFT JOIN css.cabinet b ON b.id = o.cabinet_id
  LEFT JOIN css.distribution_point d ON d.id = o.distribution_point_id
  LEFT JOIN css.cabinet g ON g.id = d.cabinet_id
 WHERE o.id = :outage;

-- name: places
-- Which pieces of plant some outages are of. Leans on pk_outage.
-- example: {"outages": [1]}
SELECT o.id, o.kind, e.code AS exchange_code, b.code AS cabinet_code, d.code AS distribution_point_code
  FROM repairs.outage o
  LEFT JOIN css.distribution_point d ON d.id = o.distribution_point_id
  LEFT JOIN css.cabinet b ON b.id = coalesce(o.cabinet_id, d.cabinet_id)
  JOIN css.exchange e ON e.id = coalesce(o.exchange_id, b.exchange_id)
 WHERE o.id = ANY(CAST(:outages AS bigint[]));

-- name: others_over
-- Of faults whose outage was none after all: the largest outage that is open above each. Leans on uq_outage_exchange_id_open,
-- uq_outage_cabinet_id_open, uq_outage_distribution_point_id_open.
-- example: {"faults": [1]}
SELECT f.id AS fault_id, o.id AS outage_id
  FROM repairs.fault f
  JOIN css.line l ON l.id = f.line_id
  JOIN css.pair r ON r.id = l.pair_id
  JOIN css.distribution_point d ON d.id = r.distribution_point_id
  JOIN css.cabinet b ON b.id = d.cabinet_id
 CROSS JOIN LATERAL (SELECT x.id
                       FROM repairs.outage x
                      WHERE x.state = 'open'
                        AND (x.exchange_id = b.exchange_id OR x.cabinet_id = b.id OR x.distribution_point_id = d.id)
                      ORDER BY x.exchange_id NULLS LAST, x.cabinet_id NULLS LAST
                      LIMIT 1) o
 WHERE f.id = ANY(CAST(:faults AS bigint[]))
 ORDER BY f.id;

-- name: outages
-- The outages of a district, open ones first, with how many faults hang on each. Leans on ix_outage_district_code_began_at, ix_fault_outage_id.
-- example: {"district": "ZZ", "outage": null, "ended": true, "most": 100, "provider": null, "engineer": null}
SELECT o.id, o.district_code, o.kind, o.state, e.code AS exchange_code, b.code AS cabinet_code, d.code AS distribution_point_code,
       o.began_at, o.expected_at, o.ended_at, o.cause, o.message, o.clear_code, o.declared_by, o.declared_at, o.row_version,
       o.exchange_id, o.cabinet_id, o.distribution_point_id, h.open_faults, h.faults
  FROM repairs.outage o
  LEFT JOIN css.distribution_point d ON d.id = o.distribution_point_id
  LEFT JOIN css.cabinet b ON b.id = coalesce(o.cabinet_id, d.cabinet_id)
  JOIN css.exchange e ON e.id = coalesce(o.exchange_id, b.exchange_id)
 CROSS JOIN LATERAL (SELECT count(*) AS faults, count(*) FILTER (WHERE f.is_open) AS open_faults
                       FROM repairs.fault f
                      WHERE f.outage_id = o.id
                        AND (CAST(:provider AS text) IS NULL OR f.provider_id = (SELECT p.id FROM css.provider p WHERE p.code = :provider))
                        AND (CAST(:engineer AS text) IS NULL
                             OR EXISTS (SELECT FROM repairs.visit v JOIN repairs.engineer g ON g.id = v.engineer_id
                                         WHERE v.fault_id = f.id AND g.code = :engineer))) h
 WHERE (CAST(:district AS text) IS NULL OR o.district_code = :district)
   AND (CAST(:outage AS bigint) IS NULL OR o.id = :outage)
   AND (:ended OR o.state = 'open')
 ORDER BY o.state <> 'open', o.began_at DESC, o.id DESC
 LIMIT :most;

-- name: lines
-- The working lines beneath a piece of plant, and the customers on them who depend on theirs. Leans on uq_line_pair_id_live.
-- example: {"exchange": 1, "cabinet": null, "point": null, "provider": null}
SELECT count(*) AS lines, count(DISTINCT c.id) FILTER (WHERE c.is_vulnerable) AS vulnerable_customers
  FROM css.cabinet b
  JOIN css.distribution_point d ON d.cabinet_id = b.id
  JOIN css.pair r ON r.distribution_point_id = d.id
  JOIN css.line l ON l.pair_id = r.id AND l.ends_on IS NULL
  JOIN css.account a ON a.id = l.account_id
  JOIN css.customer c ON c.id = a.customer_id
 WHERE l.state = 'working'
   AND (CAST(:exchange AS bigint) IS NULL OR b.exchange_id = :exchange)
   AND (CAST(:cabinet AS bigint) IS NULL OR b.id = :cabinet)
   AND (CAST(:point AS bigint) IS NULL OR d.id = :point)
   AND (CAST(:provider AS text) IS NULL OR l.provider_id = (SELECT p.id FROM css.provider p WHERE p.code = :provider));

-- name: faults
-- The faults that hang on an outage, open ones and those that depend on their line first. Leans on ix_fault_outage_id.
-- example: {"outage": 1, "most": 200, "provider": null, "engineer": null}
SELECT f.number, f.state, f.symptom_code, f.reported_at, f.due_at, f.cleared_at, a.number AS account_number, p.code AS provider_code,
       c.is_vulnerable, d.code AS distribution_point_code,
       (SELECT n.number FROM css.service v JOIN css.service_number n ON n.service_id = v.id
         WHERE v.line_id = f.line_id ORDER BY n.starts_at DESC LIMIT 1) AS telephone_number
  FROM repairs.fault f
  JOIN css.account a ON a.id = f.account_id
  JOIN css.customer c ON c.id = a.customer_id
  JOIN css.provider p ON p.id = f.provider_id
  JOIN css.line l ON l.id = f.line_id
  LEFT JOIN css.pair r ON r.id = l.pair_id
  LEFT JOIN css.distribution_point d ON d.id = r.distribution_point_id
 WHERE f.outage_id = :outage
   AND (CAST(:provider AS text) IS NULL OR p.code = :provider)
   AND (CAST(:engineer AS text) IS NULL
        OR EXISTS (SELECT FROM repairs.visit v JOIN repairs.engineer g ON g.id = v.engineer_id WHERE v.fault_id = f.id AND g.code = :engineer))
 ORDER BY f.is_open DESC, c.is_vulnerable DESC, f.due_at, f.number
 LIMIT :most;

-- name: over_line
-- The largest open outage above a line, looked at without holding anything. Leans on uq_outage_exchange_id_open,
-- uq_outage_cabinet_id_open, uq_outage_distribution_point_id_open.
-- example: {"line": 1, "provider": null}
SELECT o.id, o.kind, e.code AS exchange_code, b.code AS cabinet_code, d.code AS distribution_point_code, o.began_at, o.expected_at, o.message
  FROM css.line l
  JOIN css.provider p ON p.id = l.provider_id
  JOIN css.pair r ON r.id = l.pair_id
  JOIN css.distribution_point d ON d.id = r.distribution_point_id
  JOIN css.cabinet b ON b.id = d.cabinet_id
  JOIN css.exchange e ON e.id = b.exchange_id
  JOIN repairs.outage o ON o.state = 'open' AND (o.exchange_id = e.id OR o.cabinet_id = b.id OR o.distribution_point_id = d.id)
 WHERE l.id = :line AND (CAST(:provider AS text) IS NULL OR p.code = :provider)
 ORDER BY o.exchange_id NULLS LAST, o.cabinet_id NULLS LAST
 LIMIT 1;
