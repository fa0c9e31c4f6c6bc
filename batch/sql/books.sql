-- The books of the night itself: what the job repository says must hold together like the ledger does. Rows are differences.
-- A :district of NULL is the runs of the whole house.

-- name: counts_close
-- What a completed step read it has written, left alone or set aside, and its attempts together did as much as the step says.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('Step %s of the %s net for %s: %s read; %s written, %s left alone, %s set aside; its attempts read %s.', s.step, i.net, i.business_date,
              s.read_count, s.written_count, s.filtered_count, s.rejected_count, coalesce(a.read_count, 0)) AS words
  FROM batch.job_instance i
  JOIN batch.step_execution s ON s.job_instance_id = i.id
 CROSS JOIN LATERAL (SELECT count(*) AS attempts, sum(t.read_count) AS read_count, sum(t.written_count) AS written_count,
                            sum(t.filtered_count) AS filtered_count, sum(t.rejected_count) AS rejected_count
                       FROM batch.step_attempt t WHERE t.step_execution_id = s.id) a
 WHERE i.district_code IS NOT DISTINCT FROM :district AND s.state = 'completed'
   AND (s.read_count <> s.written_count + s.filtered_count + s.rejected_count
        -- Steps of before attempts were written down have none.
        OR a.attempts > 0 AND (a.read_count, a.written_count, a.filtered_count, a.rejected_count)
                              IS DISTINCT FROM (s.read_count, s.written_count, s.filtered_count, s.rejected_count))
 ORDER BY s.id LIMIT :limit;

-- name: blocks_done
-- Every block of a completed step is done, and they read together what the step read.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('Step %s of the %s net for %s read %s; its %s blocks read %s, and %s of them are not done.', s.step, i.net, i.business_date,
              s.read_count, b.blocks, b.read_count, b.waiting) AS words
  FROM batch.job_instance i
  JOIN batch.step_execution s ON s.job_instance_id = i.id
 CROSS JOIN LATERAL (SELECT count(*) AS blocks, sum(k.read_count) AS read_count, count(*) FILTER (WHERE k.state <> 'done') AS waiting
                       FROM batch.block k WHERE k.step_execution_id = s.id) b
 WHERE i.district_code IS NOT DISTINCT FROM :district AND s.state = 'completed' AND b.blocks > 0
   AND (b.waiting > 0 OR b.read_count <> s.read_count)
 ORDER BY s.id LIMIT :limit;

-- name: joints_balance
-- Both sides of every joint of a completed step are one.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('Step %s of the %s net for %s is completed, and its joint %s is not balanced: %s.', s.step, i.net, i.business_date, b.joint,
              coalesce(b.difference, 'its sides differ')) AS words
  FROM batch.job_instance i
  JOIN batch.balance b ON b.job_instance_id = i.id
  JOIN batch.step_execution s ON s.job_instance_id = i.id AND s.step = b.step AND s.generation = b.generation
 WHERE i.district_code IS NOT DISTINCT FROM :district AND s.state = 'completed'
   AND (b.difference IS NOT NULL OR b.in_count IS DISTINCT FROM b.out_count OR b.in_amount IS DISTINCT FROM b.out_amount)
 ORDER BY b.id LIMIT :limit;

-- name: rejects_counted
-- What was set aside stands in the counts of a step, and says its reason; a settled one says when, by whom and what became of it.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('Reject %s (%s) of step %s for %s is not counted by it.', min(r.id), min(r.source_key), r.step, i.business_date) AS words
  FROM batch.job_instance i
  JOIN batch.reject r ON r.job_instance_id = i.id
 CROSS JOIN LATERAL (SELECT coalesce(sum(s.rejected_count), 0) AS rejected_count FROM batch.step_execution s
                      WHERE s.job_instance_id = i.id AND s.step = r.step) c
 WHERE i.district_code IS NOT DISTINCT FROM :district
 GROUP BY i.id, i.business_date, r.step, c.rejected_count
HAVING count(*) > c.rejected_count
UNION ALL
SELECT format(CASE WHEN r.state = 'open' THEN 'Reject %s (%s) is %s, and says that it is settled.'
                   ELSE 'Reject %s (%s) is %s without saying when, by whom or why.' END, r.id, r.source_key, r.state)
  FROM batch.job_instance i
  JOIN batch.reject r ON r.job_instance_id = i.id
 WHERE i.district_code IS NOT DISTINCT FROM :district
   AND CASE WHEN r.state = 'open' THEN num_nonnulls(r.settled_at, r.settled_by, r.settled_words) > 0
            ELSE num_nulls(r.settled_at, r.settled_by, r.settled_words) > 0 END
 LIMIT :limit;

-- name: attempts_ended
-- A completed run has ended with an attempt that completed it, none of its attempts runs, and none of its steps is left undone.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('The %s net for %s is completed, and %s.', i.net, i.business_date,
              CASE WHEN e.running > 0 THEN 'an attempt of it runs' WHEN e.completed = 0 THEN 'no attempt completed it'
                   ELSE format('step %s is %s', u.step, u.state) END) AS words
  FROM batch.job_instance i
 CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE x.state = 'running') AS running, count(*) FILTER (WHERE x.state = 'completed') AS completed
                       FROM batch.job_execution x WHERE x.job_instance_id = i.id) e
  LEFT JOIN LATERAL (SELECT s.step, s.state FROM batch.step_execution s
                      WHERE s.job_instance_id = i.id AND s.superseded_at IS NULL AND s.state NOT IN ('completed', 'skipped', 'not-needed')
                        -- An optional one may have failed, and an alarm says so.
                        AND NOT (s.state = 'failed' AND EXISTS (SELECT 1 FROM batch.alarm m WHERE m.job_instance_id = i.id AND m.step = s.step AND m.kind = 'optional'))
                      ORDER BY s.ordinal LIMIT 1) u ON TRUE
 WHERE i.district_code IS NOT DISTINCT FROM :district AND i.state = 'completed' AND (e.running > 0 OR e.completed = 0 OR u.step IS NOT NULL)
 ORDER BY i.id LIMIT :limit;

-- name: nights_in_order
-- A night is completed after every earlier one of its district was completed or left out.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('The night of %s is %s, though that of %s is completed.', i.business_date, i.state, l.business_date) AS words
  FROM batch.job_instance i
 CROSS JOIN LATERAL (SELECT max(x.business_date) AS business_date FROM batch.job_instance x
                      WHERE x.net = 'night' AND x.district_code = i.district_code AND x.state = 'completed') l
 WHERE i.district_code IS NOT DISTINCT FROM :district AND i.net = 'night' AND i.business_date < l.business_date
   AND i.state NOT IN ('completed', 'skipped')
   -- One of which a step is to be run again goes back, and says so.
   AND NOT EXISTS (SELECT 1 FROM batch.job_execution e WHERE e.job_instance_id = i.id AND e.state = 'completed')
 ORDER BY i.business_date LIMIT :limit;

-- name: notices_in_order
-- The messages in every partner's outbox are numbered from 1 without gap, and the counter knows the last.
-- example: {"limit": 50}
SELECT format('The outbox of %s has given %s numbers; %s messages carry one, the highest is %s.', p.code, coalesce(c.last_sequence, 0), m.messages, m.highest) AS words
  FROM css.provider p
  LEFT JOIN css.outbox_counter c ON c.provider_id = p.id
 CROSS JOIN LATERAL (SELECT count(*) AS messages, coalesce(max(o.sequence), 0) AS highest FROM css.outbox_message o WHERE o.provider_id = p.id) m
 WHERE coalesce(c.last_sequence, 0) <> m.highest OR m.messages <> m.highest
 ORDER BY p.code LIMIT :limit;
