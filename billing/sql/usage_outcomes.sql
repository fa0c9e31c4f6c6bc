-- What became of the records of usage files.

-- name: sums
-- The books of each file taken after one business date and through another, or of one of them, counted where they lie. Leans on
-- ix_usage_file_business_date, the key of usage_block by file, pk_rated_block and ix_usage_set_aside_usage_file_id.
-- example: {"district": "ZZ", "after": "2026-01-30", "through": "2026-01-31", "file": null}
SELECT f.id, f.file_name, f.record_count, f.to_rate_count, b.line_count, b.misplaced_blocks, b.unrated_blocks, b.rated_count,
       b.zero_rated_count, b.suspended_by_rating, b.net_millionths, a.duplicate_count, a.suspended_count, a.rejected_count
  FROM billing.usage_file f
 CROSS JOIN LATERAL (
   SELECT coalesce(sum(k.line_count), 0) AS line_count, count(*) FILTER (WHERE k.first_line <> k.expected_line) AS misplaced_blocks,
          count(*) FILTER (WHERE r.usage_block_id IS NULL) AS unrated_blocks, coalesce(sum(r.rated_count), 0) AS rated_count,
          coalesce(sum(r.zero_rated_count), 0) AS zero_rated_count, coalesce(sum(r.suspended_count), 0) AS suspended_by_rating,
          coalesce(sum(r.net_millionths), 0) AS net_millionths
     FROM (SELECT x.id, x.first_line, x.line_count, coalesce(lag(x.first_line + x.line_count) OVER (ORDER BY x.first_line), 1) AS expected_line
             FROM billing.usage_block x WHERE x.usage_file_id = f.id) k
     LEFT JOIN billing.rated_block r ON r.usage_block_id = k.id) b
 CROSS JOIN LATERAL (
   SELECT count(*) FILTER (WHERE s.outcome = 'duplicate') AS duplicate_count, count(*) FILTER (WHERE s.outcome = 'suspended') AS suspended_count,
          count(*) FILTER (WHERE s.outcome = 'rejected') AS rejected_count
     FROM billing.usage_set_aside s WHERE s.usage_file_id = f.id) a
 WHERE f.district_code = :district AND f.business_date > :after AND f.business_date <= :through
   AND (CAST(:file AS bigint) IS NULL OR f.id = :file)
 ORDER BY f.id;

-- name: reasons
-- What was set aside of a file: by what it was at first, why, and how it was settled. Leans on ix_usage_set_aside_usage_file_id.
-- example: {"file": 1}
SELECT s.outcome, s.reason_code, s.settled_as, count(*) AS record_count, coalesce(sum(s.duration_seconds), 0) AS duration_seconds,
       min(s.usage_record_id) AS first_record_id, (array_agg(s.words ORDER BY s.usage_record_id))[1] AS words
  FROM billing.usage_set_aside s
 WHERE s.usage_file_id = :file
 GROUP BY s.outcome, s.reason_code, s.settled_as
 ORDER BY s.outcome, s.reason_code, s.settled_as NULLS FIRST;

-- name: files
-- The latest files of a district, or those of one night, the newest first. Leans on ix_usage_file_business_date.
-- example: {"district": "ZZ", "business_date": null, "limit": 20}
SELECT f.id AS usage_file_id, f.business_date, f.supplier, f.sequence, f.file_name, f.record_count, f.duration_seconds, b.rated_count, b.zero_rated_count,
       a.duplicate_count, a.suspended_count, a.rejected_count, a.open_count, b.unrated_blocks, b.net_millionths
  FROM (SELECT * FROM billing.usage_file x
         WHERE x.district_code = :district AND (CAST(:business_date AS date) IS NULL OR x.business_date = :business_date)
         ORDER BY x.business_date DESC, x.id DESC LIMIT :limit) f
 CROSS JOIN LATERAL (
   SELECT count(*) FILTER (WHERE r.usage_block_id IS NULL) AS unrated_blocks, CAST(coalesce(sum(r.rated_count), 0) AS bigint) AS rated_count,
          CAST(coalesce(sum(r.zero_rated_count), 0) AS bigint) AS zero_rated_count, coalesce(sum(r.net_millionths), 0) AS net_millionths
     FROM billing.usage_block k LEFT JOIN billing.rated_block r ON r.usage_block_id = k.id
    WHERE k.usage_file_id = f.id) b
 CROSS JOIN LATERAL (
   SELECT count(*) FILTER (WHERE s.outcome = 'duplicate') AS duplicate_count, count(*) FILTER (WHERE s.outcome = 'suspended') AS suspended_count,
          count(*) FILTER (WHERE s.outcome = 'rejected') AS rejected_count, count(*) FILTER (WHERE s.is_open) AS open_count
     FROM billing.usage_set_aside s WHERE s.usage_file_id = f.id) a
 ORDER BY f.business_date DESC, f.id DESC;

-- name: set_aside
-- Records set aside in a district, of one night and outcome or of all, the newest file first. Leans on pk_usage_set_aside.
-- example: {"district": "ZZ", "set_aside_on": null, "outcome": null, "reason_code": null, "limit": 100}
SELECT s.usage_record_id, s.supplier, s.outcome, s.reason_code, s.words, s.raw, s.set_aside_on, s.original_record_id, s.settled_as,
       s.settled_on, s.settled_by, s.settled_words
  FROM billing.usage_set_aside s
 WHERE s.district_code = :district AND (CAST(:set_aside_on AS date) IS NULL OR s.set_aside_on = :set_aside_on)
   AND (:outcome IS NULL OR s.outcome = :outcome) AND (:reason_code IS NULL OR s.reason_code = :reason_code)
 ORDER BY s.usage_record_id DESC LIMIT :limit;

-- name: record
-- One record: the block its line lies in, and what was set aside or priced of it. Leans on pk_usage_set_aside
-- and on the key of usage_block by file.
-- example: {"record": 10000001}
SELECT f.district_code, f.id AS usage_file_id, f.file_name, f.layout, f.supplier, f.business_date, b.first_line, b.raw AS block, r.rated_on AS block_rated_on,
       s.outcome, s.reason_code, s.words, s.original_record_id, s.settled_as, s.settled_on, s.settled_by, s.settled_words
  FROM billing.usage_file f
  JOIN billing.usage_block b ON b.usage_file_id = f.id
  LEFT JOIN billing.rated_block r ON r.usage_block_id = b.id
  LEFT JOIN billing.usage_set_aside s ON s.district_code = f.district_code AND s.usage_record_id = :record
 WHERE f.id = CAST(:record AS bigint) / 10000000
   AND CAST(:record AS bigint) % 10000000 BETWEEN b.first_line AND b.first_line + b.line_count - 1;

-- name: prices
-- What was charged for a record, and what re-rating made of it. Leans on ix_rated_call_usage_record_id.
-- example: {"district": "ZZ", "record": 10000001}
SELECT count(*) FILTER (WHERE c.rerating_id IS NULL) AS call_count, count(*) FILTER (WHERE c.rerating_id IS NOT NULL) AS correction_count,
       coalesce(sum(c.net_millionths), 0) AS net_millionths, min(c.zero_reason) AS zero_reason, min(c.destination) AS destination
  FROM billing.rated_call c
 WHERE c.district_code = :district AND c.usage_record_id = :record;
