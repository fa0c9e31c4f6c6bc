-- What the clock of the night looks at besides the runs themselves.

-- name: under_way
-- The steps of runs marked running that are not at their end, since when the attempt under way is at each, and the middle one of how long
-- each took in the last ten completed runs. A step that was begun by an attempt before is not late by the pause between them.
-- Leans on ix_job_instance_open, uq_step_execution_current, uq_step_attempt_step_execution_id_job_execution_id and
-- uq_job_instance_net_business_date_district_code_parameter_key.
-- example: {}
SELECT i.id AS job_instance_id, s.step, coalesce(a.started_at, s.started_at) AS started_at, s.progressed_at, u.usual_seconds
  FROM batch.job_instance i
  JOIN batch.step_execution s ON s.job_instance_id = i.id AND s.superseded_at IS NULL AND s.state = 'running'
  LEFT JOIN batch.step_attempt a ON a.step_execution_id = s.id AND a.job_execution_id = s.job_execution_id
  LEFT JOIN LATERAL (
       SELECT CAST(percentile_disc(0.5) WITHIN GROUP (ORDER BY t.seconds) AS bigint) AS usual_seconds
         FROM (SELECT extract(epoch FROM o.ended_at - o.started_at) AS seconds
                 FROM batch.job_instance j
                 JOIN batch.step_execution o ON o.job_instance_id = j.id AND o.step = s.step AND o.superseded_at IS NULL
                WHERE j.net = i.net AND j.district_code IS NOT DISTINCT FROM i.district_code AND j.parameter_key = ''
                  AND j.state = 'completed' AND j.business_date < i.business_date AND o.state = 'completed' AND o.ended_at IS NOT NULL
                ORDER BY j.business_date DESC
                LIMIT 10) t) u ON TRUE
 WHERE i.state = 'running'
 ORDER BY i.id, s.ordinal;
