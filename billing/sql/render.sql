-- name: bills
-- Bills as posted, with the cut of the bill before each.
-- example: {"bills": [1]}
SELECT b.id, b.number, b.kind, b.state, b.account_id, b.district_code, b.issue_on, b.period_starts_on, b.period_ends_on, b.due_on,
       b.usage_after, b.usage_through, b.brought_forward, b.invoice_net, b.invoice_vat, b.invoice_gross, b.amount_due, b.payer,
       r.issue_at, r.business_date,
       (SELECT max(e.usage_through) FROM billing.bill e
         WHERE e.account_id = b.account_id AND e.usage_through < b.usage_through) AS previous_cut
  FROM billing.bill b
  JOIN billing.bill_run r ON r.id = b.bill_run_id
 WHERE b.id = ANY(:bills) AND b.number IS NOT NULL
 ORDER BY b.id;

-- name: lines
-- Their lines.
-- example: {"bills": [1]}
SELECT l.bill_id, l.line_number, l.kind, l.words, l.net, l.vat_category, l.vat_basis_points, l.quantity, l.unit, l.unit_price,
       l.price_per, l.number, l.reference, l.starts_on, l.ends_on, l.charge_class, l.band, l.duration_seconds
  FROM billing.bill_line l
 WHERE l.bill_id = ANY(:bills)
 ORDER BY l.bill_id, l.line_number;

-- name: vat
-- Their VAT.
-- example: {"bills": [1]}
SELECT v.bill_id, v.vat_category, v.vat_basis_points, v.net, v.vat
  FROM billing.bill_vat v
 WHERE v.bill_id = ANY(:bills)
 ORDER BY v.bill_id, v.vat_category, v.vat_basis_points;

-- name: payments
-- Payments between each bill's cut and the one before.
-- example: {"bills": [1], "previous": [null]}
SELECT b.id AS bill_id, p.received_on, p.method, p.amount
  FROM unnest(CAST(:bills AS bigint[]), CAST(:previous AS date[])) AS k (id, previous_cut)
  JOIN billing.bill b ON b.id = k.id
  JOIN billing.payment p ON p.account_id = b.account_id AND p.business_date <= b.usage_through
   AND p.business_date > coalesce(k.previous_cut, '-infinity')
 ORDER BY b.id, p.received_on, p.id;

-- name: outside
-- Late fees and compensation between each bill's cut and the one before; what was worth nothing is not shown.
-- example: {"bills": [1], "previous": [null]}
SELECT b.id AS bill_id, o.kind, o.entered_on, o.words, o.amount, o.reference
  FROM unnest(CAST(:bills AS bigint[]), CAST(:previous AS date[])) AS k (id, previous_cut)
  JOIN billing.bill b ON b.id = k.id
  JOIN billing.outside_item o ON o.account_id = b.account_id AND o.business_date <= b.usage_through
   AND o.business_date > coalesce(k.previous_cut, '-infinity')
 WHERE o.amount <> 0
 ORDER BY b.id, o.entered_on, o.id;

-- name: calls
-- Calls that may be shown, as each bill has taken them, and the corrections of earlier ones. Night by night, as when the
-- bill was calculated. Leans on ix_rated_call_rated_on_account_id.
-- example: {"district": "ZZ", "bills": [1]}
WITH taken AS (
  SELECT b.id, b.account_id, b.usage_through, coalesce(b.usage_after + 1, greatest(a.opened_on, f.first_night)) AS first_night
    FROM billing.bill b
    JOIN css.account a ON a.id = b.account_id
   CROSS JOIN (SELECT min(rated_on) AS first_night FROM billing.rated_call WHERE district_code = :district) f
   WHERE b.id = ANY(:bills))
SELECT t.id AS bill_id, r.charged_number, r.rerating_id IS NOT NULL AS is_correction, min(r.leg) AS leg, min(r.other_number) AS other_number,
       min(r.started_at) AS started_at, sum(r.duration_seconds) AS duration_seconds, r.charge_class, min(r.destination) AS destination,
       r.band, sum(r.net_millionths) AS net_millionths, sum(r.service_net_millionths) AS service_net_millionths, r.vat_basis_points
  FROM taken t
 CROSS JOIN LATERAL generate_series(0, t.usage_through - t.first_night) AS n (night)
 CROSS JOIN LATERAL (SELECT x.* FROM billing.rated_call x
                      WHERE x.district_code = :district AND x.account_id = t.account_id AND x.rated_on = t.first_night + n.night
                        AND x.is_itemised
                     OFFSET 0) r
 GROUP BY t.id, r.usage_record_id, r.charged_number, is_correction, r.charge_class, r.band, r.vat_basis_points
HAVING bool_and(r.rerating_id IS NULL) OR sum(r.net_millionths) <> 0
 ORDER BY t.id, r.charged_number, is_correction, started_at, r.usage_record_id;

-- name: past
-- Up to so many bills before each, for the chart.
-- example: {"bills": [1], "limit": 6}
SELECT b.id AS bill_id, e.issue_on, e.invoice_gross
  FROM billing.bill b
 CROSS JOIN LATERAL (SELECT p.issue_on, p.invoice_gross, p.usage_through FROM billing.bill p
                      WHERE p.account_id = b.account_id AND p.usage_through < b.usage_through
                      ORDER BY p.usage_through DESC LIMIT :limit) e
 WHERE b.id = ANY(:bills)
 ORDER BY b.id, e.usage_through;

-- name: corrected
-- The bills that lines of these correct: those of the rentals put right, and those that had taken the calls re-rated since.
-- A call is rated the day before it began at the earliest: a night takes what was made until the day after.
-- Leans on ix_rated_call_rated_on_account_id.
-- example: {"bills": [1]}
WITH rerated AS (
  SELECT l.bill_id, min(l.starts_on) - 1 AS first_night FROM billing.bill_line l WHERE l.bill_id = ANY(:bills) AND l.unit = 'correction' GROUP BY l.bill_id),
seen AS (
  SELECT b.id AS bill_id, b.account_id, r.usage_record_id, r.rerating_id, r.rated_on, r.rated_on > b.usage_after AS is_taken
    FROM rerated k
    JOIN billing.bill b ON b.id = k.bill_id
   CROSS JOIN LATERAL generate_series(0, b.usage_through - k.first_night) AS n (night)
   CROSS JOIN LATERAL (SELECT x.* FROM billing.rated_call x
                        WHERE x.district_code = b.district_code AND x.account_id = b.account_id AND x.rated_on = k.first_night + n.night
                       OFFSET 0) r)
SELECT l.bill_id, e.number, e.issue_on
  FROM billing.bill_line l
  JOIN billing.bill_line w ON w.id = l.corrects_line_id
  JOIN billing.bill e ON e.id = w.bill_id
 WHERE l.bill_id = ANY(:bills) AND e.number IS NOT NULL
 UNION
SELECT c.bill_id, e.number, e.issue_on
  FROM seen c
  JOIN seen o ON o.bill_id = c.bill_id AND o.usage_record_id = c.usage_record_id AND o.rerating_id IS NULL AND NOT o.is_taken
  JOIN billing.bill e ON e.account_id = o.account_id AND e.usage_through >= o.rated_on AND (e.usage_after IS NULL OR e.usage_after < o.rated_on)
 WHERE c.is_taken AND c.rerating_id IS NOT NULL AND e.number IS NOT NULL
 ORDER BY bill_id, issue_on, number;

-- name: without_files
-- Of these posted bills, those without files; their rows are locked, so that one renderer does each.
-- example: {"bills": [1]}
SELECT b.id
  FROM billing.bill b
 WHERE b.id = ANY(:bills) AND b.state = 'posted'
   AND NOT EXISTS (SELECT 1 FROM billing.bill_file f WHERE f.bill_id = b.id)
 ORDER BY b.id
   FOR UPDATE OF b;
