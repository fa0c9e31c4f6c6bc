-- What the console shows of a run besides its own rows: how long its steps usually take, how far their blocks are, what changed.

-- name: durations
-- How long each step of a net took in the latest runs of a district before one, in whole seconds, pauses
-- between attempts left out, newest first; at most so many a step. Leans on uq_job_instance_net_business_date_district_code_parameter_key and uq_step_execution_current.
-- example: {"net": "night", "district": "ZZ", "before": "2026-03-02", "runs": 10}
SELECT s.step, i.business_date, CAST(extract(epoch FROM s.ended_at - s.started_at - batch.paused(s.id)) AS bigint) AS seconds, s.read_count,
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
-- What the console shows of a place, as a fingerprint: its open runs with their steps and what they were told, and its business date; of
-- everywhere the last attempt begun, the items set aside and the alarms. A run that is over changes no more until it is open again.
-- Asked every two seconds, so it walks over nothing that grows with the years: 2 to 4 ms with 29,000 runs and 87,000 open items. Leans on
-- ix_job_instance_open, uq_step_execution_job_instance_id_step_generation, uq_step_control_job_instance_id_step, ix_alarm_open,
-- ix_reject_open, pk_job_execution and pk_reject.
-- example: {"district": "ZZ"}
SELECT (SELECT md5(string_agg(concat((i.id, i.state, i.priority, i.held_at, i.forced_at, i.stop_asked_at, i.start_asked_at, i.claimed_until), steps.told, controls.told),
                              '|' ORDER BY i.id))
          FROM batch.job_instance i
          CROSS JOIN LATERAL (
               SELECT string_agg(CAST((s.id, s.state, s.read_count, s.written_count, s.filtered_count, s.rejected_count, s.message_code) AS text), '' ORDER BY s.id) AS told
                 FROM batch.step_execution s WHERE s.job_instance_id = i.id AND s.superseded_at IS NULL) steps
          CROSS JOIN LATERAL (
               SELECT string_agg(CAST((c.step, c.held_at, c.skipped_at, c.forced_at) AS text), '' ORDER BY c.id) AS told
                 FROM batch.step_control c WHERE c.job_instance_id = i.id) controls
         WHERE i.state NOT IN ('completed', 'skipped') AND i.district_code IS NOT DISTINCT FROM nullif(:district, '')) AS open_runs,
       (SELECT max(d.current_on) FROM css.business_date d WHERE d.district_code = :district) AS current_on,
       (SELECT max(x.id) FROM batch.job_execution x) AS last_attempt,
       (SELECT max(r.id) FROM batch.reject r) AS last_reject,
       (SELECT count(*) FROM (SELECT FROM batch.reject r WHERE r.state = 'open' LIMIT 10000) r) AS open_rejects,
       alarms.open_count, alarms.last_id, alarms.times
  FROM (SELECT count(*) AS open_count, max(a.id) AS last_id, sum(a.times) AS times
          FROM batch.alarm a WHERE a.ended_at IS NULL AND a.seen_at IS NULL) alarms;
