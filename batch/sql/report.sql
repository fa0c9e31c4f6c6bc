-- What the morning report compares a run with, and what the board of the house shows.

-- name: nights_before
-- The latest runs of a net in a district before one that were completed, newest first: what their steps took together in whole
-- seconds, and what they set aside. Leans on uq_job_instance_net_business_date_district_code_parameter_key and
-- uq_step_execution_current.
-- example: {"net": "night", "district": "ZZ", "before": "2026-03-02", "nights": 63}
SELECT i.id, i.business_date,
       CAST(extract(epoch FROM sum(s.ended_at - s.started_at - batch.paused(s.id))) AS bigint) AS seconds,
       CAST(coalesce(sum(s.rejected_count), 0) AS bigint) AS rejected_count
  FROM (SELECT j.id, j.business_date FROM batch.job_instance j
         WHERE j.net = :net AND j.district_code IS NOT DISTINCT FROM nullif(:district, '')
           AND j.parameter_key = '' AND j.state = 'completed' AND j.business_date < :before
         ORDER BY j.business_date DESC LIMIT :nights) i
  LEFT JOIN batch.step_execution s ON s.job_instance_id = i.id AND s.superseded_at IS NULL
 GROUP BY i.id, i.business_date
 ORDER BY i.business_date DESC;

-- name: board
-- The latest run that was begun of each net in each district and of the whole house, with how far it is and what is open of it.
-- Leans on uq_step_execution_current, uq_job_execution_job_instance_id_attempt and ix_reject_open.
-- example: {"since": "2026-01-01"}
SELECT DISTINCT ON (i.district_code, i.net)
       i.id, i.district_code, i.net, i.business_date, i.state, i.must_end_by, i.held_by,
       x.attempt, x.attempt_state, x.started_at, x.ended_at, x.return_code, x.message_code, x.message_words,
       (SELECT count(*) FROM batch.step_execution s
         WHERE s.job_instance_id = i.id AND s.superseded_at IS NULL AND s.state IN ('completed', 'skipped', 'not-needed')) AS steps_done,
       (SELECT min(s.step) FROM batch.step_execution s
         WHERE s.job_instance_id = i.id AND s.superseded_at IS NULL AND s.state IN ('running', 'failed', 'stopped')) AS step_at,
       (SELECT count(*) FROM batch.alarm a WHERE a.job_instance_id = i.id AND a.ended_at IS NULL AND a.seen_at IS NULL) AS open_alarms,
       (SELECT count(*) FROM batch.reject r WHERE r.job_instance_id = i.id AND r.state = 'open') AS open_rejects
  FROM batch.job_instance i
  JOIN LATERAL (SELECT e.attempt, e.state AS attempt_state, e.started_at, e.ended_at, e.return_code, e.message_code, e.message_words FROM batch.job_execution e
                 WHERE e.job_instance_id = i.id ORDER BY e.attempt DESC LIMIT 1) x ON TRUE
 WHERE i.parameter_key = '' AND i.business_date >= :since
 ORDER BY i.district_code NULLS LAST, i.net, i.business_date DESC;

-- name: waiting
-- What waits for a person in each district and of the whole house, whichever run it came from: open alarms and items set aside.
-- Leans on ix_alarm_open and ix_reject_open.
-- example: {}
SELECT w.district_code, CAST(sum(w.alarms) AS bigint) AS alarms, CAST(sum(w.rejects) AS bigint) AS rejects
  FROM (SELECT coalesce(i.district_code, '') AS district_code, count(*) AS alarms, 0 AS rejects
          FROM batch.alarm a
          JOIN batch.job_instance i ON i.id = a.job_instance_id
         WHERE a.ended_at IS NULL AND a.seen_at IS NULL
         GROUP BY 1
         UNION ALL
        SELECT coalesce(i.district_code, ''), 0, count(*)
          FROM batch.reject r
          JOIN batch.job_instance i ON i.id = r.job_instance_id
         WHERE r.state = 'open'
         GROUP BY 1) w
 GROUP BY w.district_code;

-- name: districts
-- Every district with its business date and the date it is closed through.
-- example: {}
SELECT d.code, d.name, b.current_on, b.closed_through
  FROM css.district d
  JOIN css.business_date b ON b.district_code = d.code
 ORDER BY d.code;
