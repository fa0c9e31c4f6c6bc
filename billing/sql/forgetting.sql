-- What PECR regulations 7 and 8 ask for: of a call that was billed long ago the figures stay, whom it was to goes.

-- name: records
-- Empty the blocks of some files that were taken before a date, all rated and nothing of them waiting; say which, and how many
-- records they held. Those of lower numbers were looked at before. Leans on ix_usage_file_business_date and
-- uq_usage_block_usage_file_id_first_line.
-- example: {"district": "ZZ", "since": "2023-01-01", "before": "2024-01-01", "after": 0, "files": 5, "empty": "", "empty_bytes": 20}
WITH old AS (SELECT f.id
               FROM billing.usage_file f
              WHERE f.district_code = :district AND f.business_date >= :since AND f.business_date < :before AND f.id > :after
                AND EXISTS (SELECT 1 FROM billing.usage_block b WHERE b.usage_file_id = f.id AND octet_length(b.raw) > :empty_bytes)
                AND NOT EXISTS (SELECT 1 FROM billing.usage_block b WHERE b.usage_file_id = f.id
                                   AND NOT EXISTS (SELECT 1 FROM billing.rated_block r WHERE r.usage_block_id = b.id))
                AND NOT EXISTS (SELECT 1 FROM billing.usage_set_aside s WHERE s.usage_file_id = f.id AND s.is_open)
              ORDER BY f.id
              LIMIT :files)
UPDATE billing.usage_block b SET raw = :empty
  FROM old
 WHERE b.usage_file_id = old.id AND octet_length(b.raw) > :empty_bytes
RETURNING b.usage_file_id, b.line_count;

-- name: set_aside
-- Of the records of these files that were set aside and settled, whom they were to and what their lines said.
-- example: {"district": "ZZ", "files": [1]}
UPDATE billing.usage_set_aside s
   SET raw = '', other_number = CASE WHEN length(s.other_number) > 6 THEN left(s.other_number, -6) || 'xxxxxx' ELSE s.other_number END
 WHERE s.district_code = :district AND s.usage_file_id = ANY(:files) AND NOT s.is_open AND s.raw <> '';

-- name: keys
-- The pages of natural keys of these files: the same call, come again now, would be too late to be billed.
-- example: {"district": "ZZ", "files": [1]}
DELETE FROM billing.usage_call_key k WHERE k.district_code = :district AND k.usage_file_id = ANY(:files);

-- name: day
-- The first date on which calls were rated, without reading the calls of any other. Leans on ix_rated_call_rated_on_account_id.
-- example: {"district": "ZZ", "since": "2023-01-01", "before": "2024-01-01"}
SELECT c.rated_on
  FROM billing.rated_call c
 WHERE c.district_code = :district AND c.rated_on >= :since AND c.rated_on < :before
 ORDER BY c.rated_on
 LIMIT 1;

-- name: note
-- Whose calls rated on a date still say whom they were to. Short codes are nobody's number. Leans on
-- ix_rated_call_rated_on_account_id.
-- example: {"district": "ZZ", "rated_on": "2024-01-01"}
INSERT INTO billing.call_to_forget (district_code, rated_on, account_id)
SELECT DISTINCT c.district_code, c.rated_on, c.account_id
  FROM billing.rated_call c
 WHERE c.district_code = :district AND c.rated_on = :rated_on
   AND length(c.other_number) > 6 AND right(c.other_number, 6) <> 'xxxxxx'
    ON CONFLICT DO NOTHING;

-- name: numbers
-- Of the calls noted of some accounts and dates, behind those looked at before: the last six digits of whom they were to, where the
-- account has had a bill since and disputes nothing. Leans on pk_call_to_forget, ix_rated_call_rated_on_account_id,
-- ix_bill_account_id and ix_hold_account_id_live.
-- example: {"district": "ZZ", "before": "2024-01-01", "after_on": "2023-01-01", "after_account": 0, "accounts": 2000}
WITH due AS MATERIALIZED (
        SELECT n.rated_on, n.account_id
          FROM billing.call_to_forget n
         WHERE n.district_code = :district AND n.rated_on < :before AND (n.rated_on, n.account_id) > (:after_on, :after_account)
           AND EXISTS (SELECT 1 FROM billing.bill b JOIN billing.bill_run r ON r.id = b.bill_run_id
                        WHERE b.account_id = n.account_id AND b.state = 'issued' AND r.business_date >= n.rated_on)
           AND NOT EXISTS (SELECT 1 FROM css.hold h WHERE h.account_id = n.account_id AND h.kind = 'dispute' AND h.ends_at IS NULL)
         ORDER BY n.rated_on, n.account_id
         LIMIT :accounts),
     hidden AS (
        UPDATE billing.rated_call c
           SET other_number = left(c.other_number, -6) || 'xxxxxx'
          FROM due d
         WHERE c.district_code = :district AND c.rated_on = d.rated_on AND c.account_id = d.account_id
           AND length(c.other_number) > 6 AND right(c.other_number, 6) <> 'xxxxxx'
        RETURNING c.account_id),
     let_go AS (
        DELETE FROM billing.call_to_forget n
         USING due d
         WHERE n.district_code = :district AND n.rated_on = d.rated_on AND n.account_id = d.account_id)
SELECT d.rated_on, d.account_id, (SELECT count(*) FROM hidden) AS call_count
  FROM due d
 ORDER BY d.rated_on DESC, d.account_id DESC
 LIMIT 1;
