-- name: rows
-- Every row of one call: its first price and the differences of re-ratings, with the bill that took each by its frozen cut.
-- Leans on ix_rated_call_usage_record_id and ix_bill_account_id.
-- example: {"district": "ZZ", "record": 10000001}
SELECT r.usage_record_id, r.rerating_id, r.rated_on, r.account_id, a.number AS account_number, v.code AS provider_code, r.service_id,
       p.code AS product_code, p.name AS product_name, r.leg, r.charged_number, r.other_number, r.started_at, r.duration_seconds,
       r.call_count, r.tariff_rate_id, r.charge_class, r.destination, r.band, r.chargeable_units, r.net_millionths, r.gross_millionths,
       r.vat_basis_points, r.service_rate_id, r.service_net_millionths, r.wholesale_rate_id, r.wholesale_net_millionths, r.is_itemised,
       r.zero_reason, g.reason, g.done_by, b.id AS bill_id, b.number AS bill_number, b.issue_on, b.state AS bill_state
  FROM billing.rated_call r
  JOIN css.account a ON a.id = r.account_id
  JOIN css.provider v ON v.id = a.provider_id
  LEFT JOIN css.service s ON s.id = r.service_id
  LEFT JOIN css.product p ON p.id = s.product_id
  LEFT JOIN billing.usage_rerating g ON g.id = r.rerating_id
  LEFT JOIN LATERAL (SELECT x.id, x.number, x.issue_on, x.state FROM billing.bill x
                      WHERE x.account_id = r.account_id AND x.usage_through >= r.rated_on AND (x.usage_after IS NULL OR x.usage_after < r.rated_on)
                      ORDER BY x.usage_through LIMIT 1) b ON TRUE
 WHERE r.district_code = :district AND r.usage_record_id = :record
 ORDER BY r.rerating_id NULLS FIRST, r.account_id;

-- name: file_of
-- The file of a record, whose district it is.
-- example: {"usage_file_id": 1}
SELECT f.id, f.district_code, f.supplier, f.sequence, f.layout, f.file_name, f.business_date, f.record_count
  FROM billing.usage_file f
 WHERE f.id = :usage_file_id;

-- name: block_of
-- The block of a file in which a line stands. Leans on uq_usage_block_usage_file_id_first_line.
-- example: {"usage_file_id": 1, "line": 1}
SELECT b.first_line, b.line_count, b.raw
  FROM billing.usage_block b
 WHERE b.usage_file_id = :usage_file_id AND b.first_line <= :line
 ORDER BY b.first_line DESC
 LIMIT 1;

-- name: aside_of
-- What was set aside of a record, if anything was, and how that was settled. Leans on pk_usage_set_aside.
-- example: {"district": "ZZ", "record": 10000001}
SELECT s.outcome, s.reason_code, s.words, s.set_aside_on, s.original_record_id, s.settled_as, s.settled_on, s.settled_by, s.settled_words
  FROM billing.usage_set_aside s
 WHERE s.district_code = :district AND s.usage_record_id = :record;

-- name: number_of
-- When the number was that service's, round the call. Leans on ix_service_number_service_id.
-- example: {"service": 1, "number": "441632960123", "at": "2026-01-31T12:00:00+00:00"}
SELECT n.starts_at, n.ends_at
  FROM css.service_number n
 WHERE n.service_id = :service AND n.number = :number AND n.starts_at <= :at AND (n.ends_at IS NULL OR n.ends_at > :at);

-- name: versions_of_rates
-- The tariff versions that some stored prices are of, as they stand now.
-- example: {"rates": [1]}
SELECT r.id AS rate_id, r.prefix, r.is_short_code, v.id, t.code, v.version, v.state, v.starts_on, v.ends_on, v.basis
  FROM billing.tariff_rate r
  JOIN billing.tariff_version v ON v.id = r.tariff_version_id
  JOIN billing.tariff t ON t.id = v.tariff_id
 WHERE r.id = ANY(:rates);

-- name: calls_of_number
-- The calls charged to a number in a time, by the accounts that have or had it, night by night.
-- Leans on ix_rated_call_rated_on_account_id.
-- example: {"number": "441632960123", "from_at": "2026-01-30T00:00:00+00:00", "before": "2026-01-31T00:00:00+00:00", "first_night": "2026-01-28", "limit": 100}
WITH had AS (
  SELECT DISTINCT s.district_code, s.account_id
    FROM css.service_number n
    JOIN css.service s ON s.id = n.service_id
   WHERE n.number = :number),
nights AS (
  SELECT h.district_code, h.account_id,
         greatest(CAST(:first_night AS date), (SELECT min(f.rated_on) FROM billing.rated_call f WHERE f.district_code = h.district_code)) AS first_night,
         (SELECT max(l.rated_on) FROM billing.rated_call l WHERE l.district_code = h.district_code) AS last_night
    FROM had h)
SELECT r.usage_record_id, a.number AS account_number, v.code AS provider_code, min(r.leg) AS leg, min(r.other_number) AS other_number,
       min(r.started_at) AS started_at, sum(r.duration_seconds) AS duration_seconds, min(r.destination) AS destination,
       sum(r.call_count) AS call_count, sum(r.net_millionths) AS net_millionths, sum(r.gross_millionths) AS gross_millionths,
       min(r.zero_reason) AS zero_reason, count(r.rerating_id) AS difference_count
  FROM nights k
 CROSS JOIN LATERAL generate_series(0, k.last_night - k.first_night) AS n (night)
 CROSS JOIN LATERAL (SELECT x.* FROM billing.rated_call x
                      WHERE x.district_code = k.district_code AND x.account_id = k.account_id AND x.rated_on = k.first_night + n.night
                        AND x.charged_number = :number AND x.started_at >= :from_at AND x.started_at < :before
                     OFFSET 0) r
  JOIN css.account a ON a.id = k.account_id
  JOIN css.provider v ON v.id = a.provider_id
 GROUP BY r.usage_record_id, a.number, v.code
 ORDER BY started_at, r.usage_record_id, a.number
 LIMIT :limit;
