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
-- The same event on each of many faults that are locked, numbered on without gap. Leans on uq_fault_event_fault_id_sequence.
-- example: {"faults": [1], "deed": "inform", "at": "2026-03-02T10:00:00Z", "who": "TESTER", "words": "It will take longer."}
INSERT INTO repairs.fault_event (fault_id, sequence, deed, state, occurred_at, done_by, words)
SELECT f.id, 1 + coalesce((SELECT max(e.sequence) FROM repairs.fault_event e WHERE e.fault_id = f.id), 0), :deed, f.state, :at, :who, :words
  FROM repairs.fault f
 WHERE f.id = ANY(CAST(:faults AS bigint[]));
