-- name: chosen
-- The open records that a selection names, in order. Leans on ix_usage_set_aside_open, or on pk_usage_set_aside for records named.
-- example: {"district": "ZZ", "reason_code": "CSS412E", "supplier": null, "numbers": "44163296%", "file": null, "chain": null, "since": "2026-01-01", "before": null, "records": null}
SELECT u.usage_record_id, u.chain_id IS NOT NULL AS is_part, coalesce(u.duration_seconds, 0) AS duration_seconds
  FROM billing.usage_set_aside u
 WHERE u.district_code = :district AND u.is_open
   AND (:reason_code IS NULL OR u.reason_code = :reason_code)
   AND (:supplier IS NULL OR u.supplier = :supplier)
   AND (:numbers IS NULL OR u.charged_number LIKE :numbers)
   AND (CAST(:file AS bigint) IS NULL OR u.usage_file_id = CAST(:file AS bigint))
   AND (:chain IS NULL OR u.chain_id = :chain)
   AND (CAST(:since AS date) IS NULL OR u.set_aside_on >= CAST(:since AS date))
   AND (CAST(:before AS date) IS NULL OR u.set_aside_on < CAST(:before AS date))
   AND (CAST(:records AS bigint[]) IS NULL OR u.usage_record_id = ANY(CAST(:records AS bigint[])))
 ORDER BY u.usage_record_id

-- name: mendable
-- Open records, after one, of a reason that can mend itself: whose number has since come into service, or whose tariff may have.
-- Those of the night's own files were tried a moment ago. Leans on ix_usage_set_aside_open and ex_service_number_in_use.
-- example: {"district": "ZZ", "business_date": "2026-01-31", "after": 0, "limit": 50000, "of_numbers": ["CSS412E", "CSS413E"], "of_prices": ["CSS414E", "CSS416E"]}
SELECT u.usage_record_id
  FROM billing.usage_set_aside u
 WHERE u.district_code = :district AND u.is_open AND u.chain_id IS NULL AND u.usage_record_id > :after
   AND u.set_aside_on < :business_date
   AND (u.reason_code = ANY(CAST(:of_prices AS text[]))
        OR u.reason_code = ANY(CAST(:of_numbers AS text[]))
           AND EXISTS (SELECT 1 FROM css.service_number n JOIN css.service s ON s.id = n.service_id
                        WHERE n.number = u.charged_number AND n.starts_at <= u.started_at
                          AND (n.ends_at IS NULL OR n.ends_at > u.started_at OR s.end_recorded_on > :business_date)
                          AND s.district_code = :district AND s.start_recorded_on <= :business_date))
 ORDER BY u.usage_record_id
 LIMIT :limit

-- name: records
-- Open records by their ids, with what they say; parts of long calls are no records to price by themselves.
-- example: {"district": "ZZ", "records": [120000017]}
SELECT u.usage_record_id, u.supplier, u.leg, u.charged_number, u.other_number, u.started_at, u.duration_seconds
  FROM billing.usage_set_aside u
 WHERE u.district_code = :district AND u.is_open AND u.chain_id IS NULL AND u.usage_record_id = ANY(CAST(:records AS bigint[]))

-- name: duplicate
-- A record that was judged a duplicate, held until the transaction ends.
-- example: {"district": "ZZ", "record": 120000017}
SELECT u.usage_record_id, u.supplier, u.outcome, u.settled_as, u.chain_id, u.leg, u.charged_number, u.other_number, u.started_at,
       u.duration_seconds
  FROM billing.usage_set_aside u
 WHERE u.district_code = :district AND u.usage_record_id = :record
   FOR UPDATE

-- name: settle
-- Say how records were settled; gives how many there were to settle. Leans on pk_usage_set_aside.
-- example: {"district": "ZZ", "records": [120000017], "outcomes": ["rated"], "settled_on": "2026-01-31", "settled_by": "AMY", "words": "Order came late."}
WITH done AS (
  UPDATE billing.usage_set_aside u
     SET is_open = FALSE, settled_as = r.outcome, settled_on = :settled_on, settled_by = :settled_by, settled_words = :words
    FROM unnest(CAST(:records AS bigint[]), CAST(:outcomes AS text[])) AS r (usage_record_id, outcome)
   WHERE u.district_code = :district AND u.usage_record_id = r.usage_record_id
     AND u.settled_as IS NULL AND u.outcome IN ('suspended', 'duplicate')
  RETURNING 1)
SELECT count(*) FROM done

-- name: keep_waiting
-- Give open records the reason for which they wait now; gives how many had another. Leans on pk_usage_set_aside.
-- example: {"district": "ZZ", "records": [120000017], "codes": ["CSS413E"], "words": ["The number was not in service."]}
WITH done AS (
  UPDATE billing.usage_set_aside u
     SET reason_code = r.code, words = r.words
    FROM unnest(CAST(:records AS bigint[]), CAST(:codes AS text[]), CAST(:words AS text[])) AS r (usage_record_id, code, words)
   WHERE u.district_code = :district AND u.usage_record_id = r.usage_record_id AND u.is_open
     AND (u.reason_code, u.words) IS DISTINCT FROM (r.code, r.words)
  RETURNING 1)
SELECT count(*) FROM done

-- name: by_age
-- The open records of a district by reason, counted by how many business dates they have waited. Leans on ix_usage_set_aside_open.
-- example: {"district": "ZZ", "today": "2026-01-31", "reason_code": null, "older": 0, "numbers": null}
SELECT u.reason_code, min(u.words) AS words, count(*) AS record_count, CAST(coalesce(sum(u.duration_seconds), 0) AS bigint) AS duration_seconds,
       count(*) FILTER (WHERE CAST(:today AS date) - u.set_aside_on <= 7) AS days_to_7,
       count(*) FILTER (WHERE CAST(:today AS date) - u.set_aside_on BETWEEN 8 AND 30) AS days_8_to_30,
       count(*) FILTER (WHERE CAST(:today AS date) - u.set_aside_on BETWEEN 31 AND 90) AS days_31_to_90,
       count(*) FILTER (WHERE CAST(:today AS date) - u.set_aside_on > 90) AS days_over_90,
       min(u.set_aside_on) AS oldest_on
  FROM billing.usage_set_aside u
 WHERE u.district_code = :district AND u.is_open
   AND (:reason_code IS NULL OR u.reason_code = :reason_code)
   AND (:numbers IS NULL OR u.charged_number LIKE :numbers)
   AND CAST(:today AS date) - u.set_aside_on >= :older
 GROUP BY u.reason_code
 ORDER BY u.reason_code

-- name: listed
-- Open records one by one, oldest first. Leans on ix_usage_set_aside_open.
-- example: {"district": "ZZ", "today": "2026-01-31", "reason_code": "CSS412E", "older": 8, "numbers": "4416%", "limit": 100}
SELECT u.usage_record_id, u.set_aside_on, u.supplier, u.reason_code, u.words, u.leg, u.charged_number, u.other_number, u.started_at,
       u.duration_seconds, u.chain_id, u.part_number, u.raw
  FROM billing.usage_set_aside u
 WHERE u.district_code = :district AND u.is_open
   AND (:reason_code IS NULL OR u.reason_code = :reason_code)
   AND (:numbers IS NULL OR u.charged_number LIKE :numbers)
   AND CAST(:today AS date) - u.set_aside_on >= :older
 ORDER BY u.set_aside_on, u.usage_record_id
 LIMIT :limit

-- name: kept_of_night
-- What was set aside of the files that a night took in, duplicates left out: when they came (unreadable records, which nobody can
-- settle, and parts of long calls), or for want of a price; and how much of it is unsettled. Leans on ix_usage_file_business_date
-- and ix_usage_set_aside_usage_file_id.
-- example: {"district": "ZZ", "business_date": "2026-01-31", "at_intake": false}
SELECT count(*) AS record_count, count(*) FILTER (WHERE u.settled_as IS NULL) AS unsettled_count
  FROM billing.usage_file f
  JOIN billing.usage_set_aside u ON u.usage_file_id = f.id AND u.district_code = f.district_code
 WHERE f.district_code = :district AND f.business_date = :business_date AND u.outcome <> 'duplicate'
   AND (u.outcome = 'rejected' OR u.chain_id IS NOT NULL) = :at_intake

-- name: unreadable_of_night
-- How many records of the files that a night took in could not be read: nobody can mend them but the carrier. Leans on
-- ix_usage_file_business_date and ix_usage_set_aside_usage_file_id.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT count(*)
  FROM billing.usage_file f
  JOIN billing.usage_set_aside u ON u.usage_file_id = f.id AND u.district_code = f.district_code
 WHERE f.district_code = :district AND f.business_date = :business_date AND u.outcome = 'rejected'

-- name: of_night
-- What was set aside of the files that a night took in, by the reason it has now: reason, words of one of them, how many. Leans on
-- ix_usage_file_business_date and ix_usage_set_aside_usage_file_id.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT u.reason_code, min(u.words) AS words, count(*) AS record_count
  FROM billing.usage_file f
  JOIN billing.usage_set_aside u ON u.usage_file_id = f.id
 WHERE f.district_code = :district AND f.business_date = :business_date
 GROUP BY u.reason_code
 ORDER BY u.reason_code
