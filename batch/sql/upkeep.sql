-- What goes when its time of keeping is over.

-- name: take_blocks
-- Delete the blocks of some runs that ended well before a date, and say what they were. Leans on
-- uq_block_step_execution_id_block_number.
-- example: {"before": "2026-01-01", "runs": 50}
WITH old AS (SELECT i.id
               FROM batch.job_instance i
              WHERE i.state = 'completed' AND i.business_date < :before
                AND EXISTS (SELECT 1 FROM batch.step_execution s JOIN batch.block b ON b.step_execution_id = s.id
                             WHERE s.job_instance_id = i.id)
              ORDER BY i.business_date, i.id
              LIMIT :runs),
     gone AS (DELETE FROM batch.block b
               USING batch.step_execution s
               WHERE s.id = b.step_execution_id AND s.job_instance_id IN (SELECT id FROM old)
           RETURNING b.id, b.step_execution_id, b.block_number, b.first_key, b.last_key, b.job_execution_id, b.done_at, b.read_count,
                     b.written_count, b.filtered_count, b.rejected_count)
SELECT i.net, coalesce(i.district_code, '') AS district_code, i.business_date, i.parameter_key, s.step, s.generation,
       g.block_number, g.first_key, g.last_key, e.attempt, g.done_at, g.read_count, g.written_count, g.filtered_count, g.rejected_count,
       i.id AS job_instance_id
  FROM gone g
  JOIN batch.step_execution s ON s.id = g.step_execution_id
  JOIN batch.job_instance i ON i.id = s.job_instance_id
  LEFT JOIN batch.job_execution e ON e.id = g.job_execution_id
 ORDER BY i.business_date, i.id, s.ordinal, s.generation, g.block_number;
