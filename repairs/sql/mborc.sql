-- Matters beyond our reasonable control: what they do to the clocks of all open faults of an area at once.

-- name: faults
-- The open faults of an area, and those whose clock is under an MBORC already; locked in the order of their ids, so that nobody turns a clock meanwhile.
-- example: {"district": "ZZ", "exchange": null, "cabinet": null, "mborc": 1}
SELECT f.id
  FROM repairs.fault f
 WHERE f.is_open AND f.district_code = :district
   AND ((CAST(:exchange AS bigint) IS NULL OR f.exchange_id = :exchange)
        AND (CAST(:cabinet AS bigint) IS NULL
             OR f.line_id IN (SELECT l.id FROM css.distribution_point t
                                JOIN css.pair p ON p.distribution_point_id = t.id
                                JOIN css.line l ON l.pair_id = p.id
                               WHERE t.cabinet_id = :cabinet))
        OR f.id IN (SELECT i.fault_id FROM repairs.clock_interval i WHERE i.mborc_id = :mborc))
 ORDER BY f.id
   FOR UPDATE OF f;

-- name: within
-- Which of some faults lie in an area.
-- example: {"faults": [1], "exchange": null, "cabinet": null}
SELECT f.id
  FROM repairs.fault f
 WHERE f.id = ANY(CAST(:faults AS bigint[]))
   AND (CAST(:exchange AS bigint) IS NULL OR f.exchange_id = :exchange)
   AND (CAST(:cabinet AS bigint) IS NULL
        OR f.line_id IN (SELECT l.id FROM css.distribution_point t
                           JOIN css.pair p ON p.distribution_point_id = t.id
                           JOIN css.line l ON l.pair_id = p.id
                          WHERE t.cabinet_id = :cabinet));

-- name: cut
-- What a clock does across an instant becomes two intervals that meet there. Leans on ex_clock_interval_overlap.
-- example: {"faults": [1], "state": "running", "mborc": null, "instant": "2026-01-31T12:00:00Z", "who": "NIGHT"}
WITH across AS (
    SELECT i.id, i.ends_at, i.ended_by
      FROM repairs.clock_interval i
     WHERE i.fault_id = ANY(CAST(:faults AS bigint[])) AND i.state = :state AND (CAST(:mborc AS bigint) IS NULL OR i.mborc_id = :mborc)
       AND i.starts_at < :instant AND (i.ends_at IS NULL OR i.ends_at > :instant)
), ended AS (
    UPDATE repairs.clock_interval i
       SET ends_at = :instant, ended_by = :who
      FROM across
     WHERE i.id = across.id
    RETURNING i.fault_id, i.state, i.reason, i.words, i.mborc_id, across.ends_at AS until_at, across.ended_by AS until_by
)
INSERT INTO repairs.clock_interval (fault_id, state, starts_at, ends_at, reason, words, mborc_id, begun_by, ended_by)
SELECT fault_id, state, :instant, until_at, reason, words, mborc_id, :who, until_by
  FROM ended;

-- name: cover
-- Clocks that run from an instant on, until another where there is one, run under an MBORC.
-- example: {"faults": [1], "mborc": 1, "starts": "2026-01-31T12:00:00Z", "ends": null}
UPDATE repairs.clock_interval i
   SET state = 'mborc', mborc_id = :mborc
 WHERE i.fault_id = ANY(CAST(:faults AS bigint[])) AND i.state = 'running' AND i.starts_at >= :starts
   AND (CAST(:ends AS timestamptz) IS NULL OR i.ends_at <= :ends);

-- name: uncover
-- Clocks under an MBORC that is lifted run as ever from that instant on. Leans on ix_clock_interval_mborc_id.
-- example: {"faults": [1], "mborc": 1, "ends": "2026-01-31T12:00:00Z"}
UPDATE repairs.clock_interval i
   SET state = 'running', mborc_id = NULL
 WHERE i.fault_id = ANY(CAST(:faults AS bigint[])) AND i.mborc_id = :mborc AND i.starts_at >= :ends;
