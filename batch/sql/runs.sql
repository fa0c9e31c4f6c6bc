-- What the console shows of a run besides its own rows: how long its steps usually take, how far their blocks are, what changed.

-- name: durations
-- How long each step of a net took in the latest runs of a district before one, in whole seconds, newest first; at most so many a
-- step. Leans on uq_job_instance_net_business_date_district_code_parameter_key and uq_step_execution_current.
-- example: {"net": "night", "district": "ZZ", "before": "2026-03-02", "runs": 10}
SELECT s.step, i.business_date, CAST(extract(epoch FROM s.ended_at - s.started_at) AS bigint) AS seconds, s.read_count,
       (SELECT count(*) FROM batch.job_execution x WHERE x.job_instance_id = i.id) AS attempts
  FROM (SELECT j.id, j.business_date FROM batch.job_instance j
         WHERE j.net = :net AND j.district_code IS NOT DISTINCT FROM nullif(:district, '') AND j.parameter_key = '' AND j.state = 'completed' AND j.business_date < :before
         ORDER BY j.business_date DESC LIMIT :runs) i
  JOIN batch.step_execution s ON s.job_instance_id = i.id AND s.superseded_at IS NULL
 WHERE s.state = 'completed' AND s.ended_at IS NOT NULL
 ORDER BY s.ordinal, i.business_date DESC;

-- name: blocks
-- How many blocks each step of a run has, and how many are done. Leans on uq_block_step_execution_id_block_number.
-- example: {"instance": 1}
SELECT s.step, count(*) AS block_count, count(*) FILTER (WHERE b.state = 'done') AS done_count,
       coalesce(sum(b.last_key - b.first_key + 1) FILTER (WHERE b.state = 'waiting'), 0) AS keys_waiting
  FROM batch.step_execution s
  JOIN batch.block b ON b.step_execution_id = s.id
 WHERE s.job_instance_id = :instance AND s.superseded_at IS NULL
 GROUP BY s.step;

-- name: version
-- Whether anything has moved in a district's latest run or among what is set aside and open. Leans on ix_reject_open.
-- example: {"district": "ZZ"}
SELECT i.id, i.state,
       (SELECT count(*) FROM batch.job_execution x WHERE x.job_instance_id = i.id) AS attempts,
       (SELECT count(*) FROM batch.step_execution s WHERE s.job_instance_id = i.id AND s.superseded_at IS NULL) AS steps,
       (SELECT count(*) FROM batch.step_execution s WHERE s.job_instance_id = i.id AND s.superseded_at IS NULL AND s.state = 'completed') AS done,
       (SELECT coalesce(sum(s.read_count + s.written_count + s.filtered_count + s.rejected_count), 0)
          FROM batch.step_execution s WHERE s.job_instance_id = i.id AND s.superseded_at IS NULL) AS counted,
       (SELECT count(*) FROM batch.reject r WHERE r.job_instance_id = i.id AND r.state = 'open') AS open_rejects
  FROM batch.job_instance i
 WHERE i.district_code IS NOT DISTINCT FROM nullif(:district, '')
 ORDER BY i.business_date > (SELECT max(d.current_on) FROM css.business_date d WHERE :district IN ('', d.district_code)),
          i.business_date DESC, i.id DESC
 LIMIT 1;
