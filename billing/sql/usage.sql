-- name: blocks
-- The blocks of the files taken on a business date that are not rated yet, in order: what there is to rate. Leans on
-- ix_usage_file_business_date and the key of usage_block.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT b.usage_file_id, b.first_line, b.line_count
  FROM billing.usage_file f
  JOIN billing.usage_block b ON b.usage_file_id = f.id
 WHERE f.district_code = :district AND f.business_date = :business_date
   AND NOT EXISTS (SELECT 1 FROM billing.rated_block r WHERE r.usage_block_id = b.id)
 ORDER BY b.usage_file_id, b.first_line

-- name: block_of
-- One block with its raw lines and what must be known of its file to read them.
-- example: {"usage_file_id": 1, "first_line": 1}
SELECT b.id, b.usage_file_id, b.first_line, b.line_count, b.raw, f.layout, f.supplier, r.rated_on
  FROM billing.usage_block b
  JOIN billing.usage_file f ON f.id = b.usage_file_id
  LEFT JOIN billing.rated_block r ON r.usage_block_id = b.id
 WHERE b.usage_file_id = :usage_file_id AND b.first_line = :first_line

-- name: set_aside_ids
-- The records of a block that were set aside when it came: they are not rated now. Leans on pk_usage_set_aside.
-- example: {"district": "ZZ", "first": 10000001, "last": 10050000}
SELECT s.usage_record_id
  FROM billing.usage_set_aside s
 WHERE s.district_code = :district AND s.usage_record_id BETWEEN :first AND :last

-- name: assignments
-- Whose each number of a district was, as known by the business date. A number of another district is nobody's here,
-- whether or not that district lies in the same database. Read once a night; it passes over the district's services.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT n.number, n.starts_at, CASE WHEN s.end_recorded_on <= :business_date OR s.ends_on IS NULL THEN n.ends_at END AS ends_at,
       s.id AS service_id, s.account_id, a.provider_id, p.tariff_code, v.wholesale_tariff_code
  FROM css.service s
  JOIN css.service_number n ON n.service_id = s.id
  JOIN css.product p ON p.id = s.product_id
  JOIN css.account a ON a.id = s.account_id
  JOIN css.provider v ON v.id = a.provider_id
 WHERE s.district_code = :district AND s.start_recorded_on <= :business_date

-- name: assignments_of
-- The same for a few numbers. Leans on ex_service_number_in_use.
-- example: {"district": "ZZ", "business_date": "2026-01-31", "numbers": ["441632960123"]}
SELECT n.number, n.starts_at, CASE WHEN s.end_recorded_on <= :business_date OR s.ends_on IS NULL THEN n.ends_at END AS ends_at,
       s.id AS service_id, s.account_id, a.provider_id, p.tariff_code, v.wholesale_tariff_code
  FROM css.service s
  JOIN css.service_number n ON n.service_id = s.id
  JOIN css.product p ON p.id = s.product_id
  JOIN css.account a ON a.id = s.account_id
  JOIN css.provider v ON v.id = a.provider_id
 WHERE s.district_code = :district AND s.start_recorded_on <= :business_date
   AND n.number IN (SELECT unnest(CAST(:numbers AS text[])))

-- name: tariff_stamp
-- What changes when a tariff version is released, ended, superseded or taken back: a handful of rows, read before a block
-- is rated, so that the compiled tariffs are made anew only then.
-- example: {}
SELECT v.id, v.tariff_id, v.starts_on, v.ends_on, v.released_at
  FROM billing.tariff_version v
 WHERE v.state = 'released'
 ORDER BY v.id
