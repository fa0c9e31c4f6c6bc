-- name: records
-- The records of one block. Leans on pk_usage_record within the district's partition.
-- example: {"district": "ZZ", "first": 10000001, "last": 10100000}
SELECT u.id AS usage_record_id, u.caller, u.dialled, u.started_at, u.duration_seconds, u.raw
  FROM billing.usage_record u
 WHERE u.district_code = :district AND u.id BETWEEN :first AND :last

-- name: assignments
-- Whose each calling number of a block was, as known by the business date. Leans on ex_service_number_in_use. A number of
-- another district is nobody's here, whether or not that district lies in the same database.
-- example: {"district": "ZZ", "first": 10000001, "last": 10100000, "business_date": "2026-01-31"}
SELECT n.number, n.starts_at, CASE WHEN s.end_recorded_on <= :business_date OR s.ends_on IS NULL THEN n.ends_at END AS ends_at,
       s.id AS service_id, s.account_id, p.tariff_code
  FROM css.service_number n
  JOIN css.service s ON s.id = n.service_id
  JOIN css.product p ON p.id = s.product_id
 WHERE s.district_code = :district AND s.start_recorded_on <= :business_date
   AND n.number IN (SELECT DISTINCT u.caller FROM billing.usage_record u
                     WHERE u.district_code = :district AND u.id BETWEEN :first AND :last)

-- name: ranges
-- The records of each file taken on a business date, which are numbered from 1 to their count: what there is to rate.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT f.id, f.record_count
  FROM billing.usage_file f
 WHERE f.district_code = :district AND f.business_date = :business_date
 ORDER BY f.id
