-- name: calls
-- What bills up to each account's last cut have taken of the calls of some days, with what re-rating made of it, added up. A call
-- may be rated any number of nights after it was made, and a week before it where the business date lags behind the calendar.
-- Leans on ix_rated_call_rated_on_account_id.
-- example: {"district": "ZZ", "accounts": [1], "places": [0], "starts": ["2026-01-01"], "from_at": ["2026-01-01T00:00:00+00:00"], "until_at": ["2026-02-01T00:00:00+00:00"], "last_cuts": ["2026-01-31"]}
WITH taken AS (
  SELECT k.account_id, k.place, r.usage_record_id, r.charged_number, r.charge_class, r.band, r.vat_basis_points,
         min(r.service_id) AS service_id, min(r.started_at) AS started_at, sum(r.net_millionths) AS net_millionths
    FROM unnest(CAST(:accounts AS bigint[]), CAST(:places AS integer[]), CAST(:starts AS date[]), CAST(:from_at AS timestamptz[]),
                CAST(:until_at AS timestamptz[]), CAST(:last_cuts AS date[])) AS k (account_id, place, starts_on, from_at, until_at, last_cut)
    JOIN css.account a ON a.id = k.account_id
   CROSS JOIN LATERAL (SELECT greatest(a.opened_on, k.starts_on - 7) AS first_night) f
   CROSS JOIN LATERAL generate_series(0, k.last_cut - f.first_night) AS n (night)
   CROSS JOIN LATERAL (SELECT x.* FROM billing.rated_call x
                        WHERE x.district_code = :district AND x.account_id = k.account_id AND x.rated_on = f.first_night + n.night
                          AND x.started_at >= coalesce(k.from_at, '-infinity') AND x.started_at < k.until_at AND x.net_millionths <> 0
                       OFFSET 0) r
   GROUP BY k.account_id, k.place, r.usage_record_id, r.charged_number, r.charge_class, r.band, r.vat_basis_points
  HAVING sum(r.net_millionths) <> 0)
SELECT account_id, place, min(service_id) AS service_id, charged_number, charge_class, band, vat_basis_points, count(*) AS call_count,
       sum(net_millionths) AS net_millionths, min(started_at) AS first_at, max(started_at) AS last_at
  FROM taken
 GROUP BY account_id, place, charged_number, charge_class, band, vat_basis_points
 ORDER BY account_id, charged_number, charge_class, band, vat_basis_points, place;

-- name: items
-- The items of some days on bills up to each account's last cut, and at which tax how much of each stands, corrections of its VAT
-- counted in. Leans on uq_bill_line_billable_item_id and uq_bill_line_bill_id_line_number.
-- example: {"accounts": [1], "starts": ["2026-01-01"], "ends": ["2026-02-01"], "last_cuts": ["2026-01-31"]}
SELECT i.account_id, l.id AS line_id, l.service_id, l.product_id, l.number, l.words, l.reference, l.nominal_code, i.vat_code, i.occurs_on,
       l.quantity, l.unit_price, l.net AS charged, t.vat_category, t.vat_basis_points, sum(t.net) AS net
  FROM unnest(CAST(:accounts AS bigint[]), CAST(:starts AS date[]), CAST(:ends AS date[]), CAST(:last_cuts AS date[]))
       AS k (account_id, starts_on, ends_on, last_cut)
  JOIN css.billable_item i ON i.account_id = k.account_id AND i.occurs_on >= k.starts_on AND i.occurs_on < k.ends_on
  JOIN billing.bill_line l ON l.billable_item_id = i.id AND l.account_id = k.account_id
  JOIN billing.bill o ON o.id = l.bill_id AND o.usage_through <= k.last_cut
  JOIN billing.bill b ON b.account_id = k.account_id AND b.usage_through <= k.last_cut
  JOIN billing.bill_line t ON t.bill_id = b.id AND t.kind = 'one-off' AND (t.id = l.id OR t.corrects_line_id = l.id)
 GROUP BY i.account_id, l.id, i.id, t.vat_category, t.vat_basis_points
 ORDER BY i.account_id, i.id, t.vat_category, t.vat_basis_points;
