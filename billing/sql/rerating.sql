-- name: ranges
-- The blocks of the files that may hold the calls, as ranges of record ids. A night takes what was made until the day after
-- it, so that no file of an earlier night than the one before a day holds calls of that day. Leans on
-- ix_usage_file_business_date.
-- example: {"district": "ZZ", "usage_file_id": null, "supplier": null, "from_on": "2026-01-01", "per_file": 10000000}
SELECT b.usage_file_id * CAST(:per_file AS bigint) + b.first_line AS first,
       b.usage_file_id * CAST(:per_file AS bigint) + b.first_line + b.line_count - 1 AS last
  FROM billing.usage_file f
  JOIN billing.usage_block b ON b.usage_file_id = f.id
 WHERE f.district_code = :district
   AND (CAST(:usage_file_id AS bigint) IS NULL OR f.id = :usage_file_id)
   AND (CAST(:supplier AS text) IS NULL OR f.supplier = :supplier)
   AND (CAST(:from_on AS date) IS NULL OR f.business_date >= CAST(:from_on AS date) - 1)
 ORDER BY b.usage_file_id, b.first_line;

-- name: rows
-- Every row of the calls of a range of records that were chosen: their first prices and all differences since, oldest first.
-- Leans on ix_rated_call_usage_record_id.
-- example: {"district": "ZZ", "first": 10000001, "last": 10050000, "tariff_code": null, "from_at": null, "before": null, "number": "441632%"}
WITH priced AS (
  SELECT r.*
    FROM billing.rated_call r
   WHERE r.district_code = :district AND r.usage_record_id BETWEEN :first AND :last
     AND (CAST(:from_at AS timestamptz) IS NULL OR r.started_at >= :from_at)
     AND (CAST(:before AS timestamptz) IS NULL OR r.started_at < :before)
     AND (CAST(:number AS text) IS NULL OR r.charged_number LIKE :number)
     -- Whom it was to is forgotten (billing.actions.forgetting): it can be priced no more, and its bill no more be disputed.
     AND right(r.other_number, 6) <> 'xxxxxx'),
of_tariff AS (
  SELECT t.id
    FROM billing.tariff f
    JOIN billing.tariff_version v ON v.tariff_id = f.id
    JOIN billing.tariff_rate t ON t.tariff_version_id = v.id
   WHERE f.code = :tariff_code)
SELECT p.usage_record_id, p.rerating_id, p.account_id, p.service_id, p.leg, p.charged_number, p.other_number, p.started_at, p.duration_seconds,
       p.call_count, p.tariff_rate_id, p.charge_class, p.destination, p.band, p.chargeable_units, p.net_millionths, p.gross_millionths,
       p.vat_basis_points, p.service_rate_id, p.service_net_millionths, p.wholesale_rate_id, p.wholesale_net_millionths, p.is_itemised,
       p.zero_reason
  FROM priced p
 WHERE CAST(:tariff_code AS text) IS NULL
    OR p.usage_record_id IN (SELECT c.usage_record_id FROM priced c
                              WHERE c.tariff_rate_id IN (SELECT id FROM of_tariff) OR c.service_rate_id IN (SELECT id FROM of_tariff)
                                 OR c.wholesale_rate_id IN (SELECT id FROM of_tariff))
 ORDER BY p.rerating_id NULLS FIRST, p.usage_record_id;

-- name: accounts
-- What people call these accounts.
-- example: {"accounts": [1]}
SELECT a.id, a.number FROM css.account a WHERE a.id = ANY(:accounts);

-- name: differences
-- The differences of a re-rating by account, the largest first. Leans on uq_rated_call_rerating.
-- example: {"district": "ZZ", "rerating": 1, "limit": 100}
SELECT a.number AS account_number, count(*) AS call_count, sum(r.net_millionths) AS net_millionths,
       sum(r.wholesale_net_millionths) AS wholesale_net_millionths
  FROM billing.rated_call r
  JOIN css.account a ON a.id = r.account_id
 WHERE r.district_code = :district AND r.rerating_id = :rerating
 GROUP BY a.number
 ORDER BY abs(sum(r.net_millionths)) DESC, a.number
 LIMIT :limit;

-- name: calls
-- The calls of a re-rating, in order of record. Leans on uq_rated_call_rerating.
-- example: {"district": "ZZ", "rerating": 1, "limit": 100}
SELECT r.usage_record_id, a.number AS account_number, r.charged_number, r.other_number, r.started_at, r.call_count, r.net_millionths
  FROM billing.rated_call r
  JOIN css.account a ON a.id = r.account_id
 WHERE r.district_code = :district AND r.rerating_id = :rerating
 ORDER BY r.usage_record_id, r.account_id
 LIMIT :limit;
