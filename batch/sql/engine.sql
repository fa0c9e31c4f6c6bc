-- What the engine sends for every step and every block: each as much as can be told the server at once.

-- name: open_step
-- Begin a step that has no record yet and about which nobody has decided anything: its record and this attempt's, while nobody
-- has asked the run to stop and the attempt is the running one, which whoever ends it waits to change. Nothing when any of that is otherwise.
-- Its commit does not wait for the disk: should the server die, the beginning is lost with whatever came after it, and the step
-- begins anew. Leans on uq_step_execution_current and uq_step_control_job_instance_id_step.
-- example: {"instance": 1, "execution": 1, "step": "freeze-cut", "ordinal": 3, "at": "2026-03-02T02:15:00+00:00"}
WITH ours AS (SELECT x.id, set_config('synchronous_commit', 'off', true)
                FROM batch.job_execution x
               WHERE x.id = :execution AND x.state = 'running'
                 AND NOT EXISTS (SELECT FROM batch.step_control c WHERE c.job_instance_id = :instance AND c.step = :step)
                 AND NOT EXISTS (SELECT FROM batch.job_instance i WHERE i.id = :instance AND i.stop_asked_at IS NOT NULL)
                 FOR SHARE OF x),
     made AS (INSERT INTO batch.step_execution (job_instance_id, job_execution_id, step, generation, ordinal, state, started_at)
              SELECT :instance, ours.id, :step,
                     (SELECT coalesce(max(s.generation), 0) + 1 FROM batch.step_execution s WHERE s.job_instance_id = :instance AND s.step = :step),
                     :ordinal, 'running', CAST(:at AS timestamptz)
                FROM ours
                  ON CONFLICT DO NOTHING
           RETURNING id, generation),
     attempt AS (INSERT INTO batch.step_attempt (step_execution_id, job_execution_id, state, started_at)
                 SELECT made.id, :execution, 'running', CAST(:at AS timestamptz) FROM made)
SELECT made.id, made.generation
  FROM made;

-- name: close_step
-- End a step, under the fence, and what this attempt did of it: the step's counts without those of the attempts before.
-- Leans on pk_step_execution and uq_step_attempt_step_execution_id_job_execution_id.
-- example: {"id": 1, "execution": 1, "state": "failed", "attempt_state": "failed", "at": "2026-03-02T02:15:00+00:00", "code": "CSS615E", "words": "Stopped."}
WITH closed AS (UPDATE batch.step_execution s
                   SET state = :state, ended_at = CAST(:at AS timestamptz), message_code = CAST(:code AS text), message_words = CAST(:words AS text)
                 WHERE s.id = :id AND s.job_execution_id = :execution AND s.state = 'running'
             RETURNING s.id, s.read_count, s.written_count, s.filtered_count, s.rejected_count),
     attempt AS (UPDATE batch.step_attempt a
                    SET state = :attempt_state, ended_at = CAST(:at AS timestamptz),
                        message_code = CAST(:code AS text), message_words = CAST(:words AS text),
                        read_count = c.read_count - coalesce(o.read_count, 0), written_count = c.written_count - coalesce(o.written_count, 0),
                        filtered_count = c.filtered_count - coalesce(o.filtered_count, 0),
                        rejected_count = c.rejected_count - coalesce(o.rejected_count, 0)
                   FROM closed c
                   LEFT JOIN (SELECT b.step_execution_id, sum(b.read_count) AS read_count, sum(b.written_count) AS written_count,
                                     sum(b.filtered_count) AS filtered_count, sum(b.rejected_count) AS rejected_count
                                FROM batch.step_attempt b
                               WHERE b.step_execution_id = :id AND b.job_execution_id <> :execution
                               GROUP BY b.step_execution_id) o ON o.step_execution_id = c.id
                  WHERE a.step_execution_id = c.id AND a.job_execution_id = :execution AND a.state = 'running')
SELECT c.read_count, c.written_count, c.filtered_count, c.rejected_count
  FROM closed c;

-- name: claim_block
-- Take a block inside the transaction that does it: a second worker waits for this one's end. Nothing when it is done already,
-- or the step is another attempt's now. Leans on pk_block and pk_step_execution.
-- example: {"block": 1, "step": 1, "execution": 1}
SELECT b.id
  FROM batch.block b
 WHERE b.id = :block AND b.state = 'waiting'
   AND EXISTS (SELECT FROM batch.step_execution s WHERE s.id = :step AND s.job_execution_id = :execution AND s.state = 'running')
   FOR NO KEY UPDATE OF b;

-- name: record
-- What a transaction of a step did, under the fence: its counts, its checkpoint (none: as it was), its totals, by name and in
-- their order, and the block that was done (none: 0). Whether somebody has asked the run to stop; nothing when the step is another
-- attempt's now, and then nothing of the transaction may stay. Leans on pk_step_execution, pk_block and
-- uq_control_total_job_instance_id_step_generation_name.
-- example: {"id": 1, "execution": 1, "instance": 1, "step": "post", "generation": 1, "block": 1, "read": 2, "written": 1, "filtered": 1, "rejected": 0, "checkpoint": "{}", "names": ["bills"], "counts": [1], "amounts": [null]}
WITH done AS (UPDATE batch.block
                 SET state = 'done', job_execution_id = :execution, done_at = clock_timestamp(),
                     read_count = :read, written_count = :written, filtered_count = :filtered, rejected_count = :rejected
               WHERE id = :block),
     totals AS (INSERT INTO batch.control_total AS t (job_instance_id, step, generation, name, item_count, amount)
                SELECT :instance, :step, :generation, n.name, n.item_count, n.amount
                  FROM unnest(CAST(:names AS text[]), CAST(:counts AS bigint[]), CAST(:amounts AS bigint[])) AS n (name, item_count, amount)
                    ON CONFLICT (job_instance_id, step, generation, name)
                    -- "Not counted" is kept apart from zero on both sides of the sum.
                    DO UPDATE SET item_count = coalesce(t.item_count + excluded.item_count, excluded.item_count),
                                  amount = coalesce(t.amount + excluded.amount, excluded.amount))
UPDATE batch.step_execution s
   SET read_count = s.read_count + :read, written_count = s.written_count + :written,
       filtered_count = s.filtered_count + :filtered, rejected_count = s.rejected_count + :rejected,
       checkpoint = coalesce(CAST(:checkpoint AS jsonb), s.checkpoint), progressed_at = clock_timestamp()
 WHERE s.id = :id AND s.job_execution_id = :execution AND s.state = 'running'
RETURNING (SELECT i.stop_asked_at IS NOT NULL FROM batch.job_instance i WHERE i.id = :instance) AS is_stop_asked;
