-- name: bills
-- Bills as posted, with the cut of the bill before each. For a sample before any has its number, those without one too.
-- example: {"bills": [1], "numbered": true}
SELECT b.id, b.number, b.kind, b.state, b.account_id, b.district_code, b.issue_on, b.period_starts_on, b.period_ends_on, b.due_on,
       b.usage_after, b.usage_through, b.brought_forward, b.invoice_net, b.invoice_vat, b.invoice_gross, b.amount_due, b.payer,
       r.issue_at, r.business_date,
       (SELECT max(e.usage_through) FROM billing.bill e
         WHERE e.account_id = b.account_id AND e.usage_through < b.usage_through) AS previous_cut
  FROM billing.bill b
  JOIN billing.bill_run r ON r.id = b.bill_run_id
 WHERE b.id = ANY(:bills) AND (b.number IS NOT NULL OR NOT :numbered)
 ORDER BY b.id;

-- name: lines
-- Their lines.
-- example: {"bills": [1]}
SELECT l.bill_id, l.line_number, l.kind, l.words, l.net, l.vat_category, l.vat_basis_points, l.quantity, l.unit, l.unit_price,
       l.price_per, l.number, l.reference, l.starts_on, l.ends_on, l.charge_class, l.band, l.duration_seconds,
       l.promotion_id IS NOT NULL AS is_promotion
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
-- bill was calculated; a credit note's window has no night in it. Leans on ix_rated_call_rated_on_account_id.
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
-- Up to so many bills before each, for the chart. A credit note is no bar of it.
-- example: {"bills": [1], "limit": 6}
SELECT b.id AS bill_id, e.issue_on, e.invoice_gross
  FROM billing.bill b
 CROSS JOIN LATERAL (SELECT p.issue_on, p.invoice_gross, p.usage_through FROM billing.bill p
                      WHERE p.account_id = b.account_id AND p.usage_through < b.usage_through AND p.kind <> 'credit-note'
                      ORDER BY p.usage_through DESC LIMIT :limit) e
 WHERE b.id = ANY(:bills)
 ORDER BY b.id, e.usage_through;

-- name: previous_usage
-- Calls on the last bill before each that took any: by class and band, before anything was taken off and without corrections.
-- One row without a class where there were none.
-- example: {"bills": [1]}
SELECT b.id AS bill_id, e.number, e.usage_through - coalesce(e.usage_after, e.period_starts_on - 1) AS days, l.charge_class, l.band,
       sum(abs(l.quantity)) AS call_count, sum(l.duration_seconds) AS duration_seconds, sum(l.net) AS net
  FROM billing.bill b
 CROSS JOIN LATERAL (SELECT p.id, p.number, p.usage_after, p.usage_through, p.period_starts_on FROM billing.bill p
                      WHERE p.account_id = b.account_id AND p.usage_through < b.usage_through AND p.kind <> 'credit-note'
                        AND p.number IS NOT NULL
                      ORDER BY p.usage_through DESC LIMIT 1) e
  LEFT JOIN billing.bill_line l ON l.bill_id = e.id AND l.kind = 'calls' AND l.unit = 'call'
 WHERE b.id = ANY(:bills) AND b.kind <> 'credit-note'
 GROUP BY b.id, e.number, e.usage_through, e.usage_after, e.period_starts_on, l.charge_class, l.band
 ORDER BY b.id, l.charge_class, l.band;

-- name: allowances
-- What these bills have reckoned of allowances, month by month, with the number of the line where a line has one alone. A month
-- just begun is not told of before something is used of it, unless no other bill will.
-- example: {"bills": [1]}
SELECT m.bill_id, n.words, k.number, m.month_starts_on, m.month_ends_on, m.granted_seconds, m.rolled_in_seconds, m.used_seconds,
       (SELECT coalesce(sum(x.seconds), 0) FROM unnest(m.left_seconds) AS x (seconds)) AS left_seconds
  FROM billing.allowance_month m
  JOIN billing.benefit n ON n.id = m.benefit_id
  JOIN billing.bill b ON b.id = m.bill_id
  JOIN billing.bill_run r ON r.id = b.bill_run_id
  JOIN css.service s ON s.id = m.service_id
  LEFT JOIN LATERAL (SELECT t.number FROM css.service o JOIN css.service_number t ON t.service_id = o.id
                      WHERE o.line_id = s.line_id AND o.account_id = s.account_id AND t.starts_at <= r.issue_at
                      ORDER BY t.starts_at DESC, t.id DESC LIMIT 1) k ON n.scope = 'line'
 WHERE m.bill_id = ANY(:bills) AND m.granted_seconds + m.rolled_in_seconds > 0
   AND (m.month_ends_on <= b.usage_through + 1 OR m.used_seconds > 0 OR b.kind = 'final')
 ORDER BY m.bill_id, n.rank, n.words, k.number NULLS FIRST, m.month_starts_on, m.id;

-- name: sources
-- The members' bills that these ask for: transfers within their days. Leans on ix_outside_item_account_id_business_date.
-- example: {"bills": [1], "previous": [null]}
SELECT b.id AS bill_id, e.payer ->> 'account_number' AS account_number, e.payer ->> 'name' AS name, e.number, e.issue_on, e.invoice_gross,
       o.amount
  FROM unnest(CAST(:bills AS bigint[]), CAST(:previous AS date[])) AS k (id, previous_cut)
  JOIN billing.bill b ON b.id = k.id
  JOIN billing.outside_item o ON o.account_id = b.account_id AND o.business_date <= b.usage_through
   AND o.business_date > coalesce(k.previous_cut, '-infinity')
  JOIN billing.bill e ON e.id = o.source_bill_id AND e.account_id <> b.account_id
 WHERE o.kind = 'transfer' AND o.amount <> 0
 ORDER BY b.id, account_number, e.number;

-- name: corrected
-- The bills that lines of these correct: those of the rentals put right, those with the lines that adjustments credit, and those
-- that had taken the calls re-rated, or taxed otherwise, since.
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
SELECT l.bill_id, e.number, e.issue_on
  FROM billing.bill_line l
  JOIN billing.adjustment a ON a.id = l.adjustment_id
  JOIN billing.bill_line w ON w.id = a.bill_line_id
  JOIN billing.bill e ON e.id = w.bill_id
 WHERE l.bill_id = ANY(:bills) AND e.number IS NOT NULL
 UNION
SELECT c.bill_id, e.number, e.issue_on
  FROM seen c
  JOIN seen o ON o.bill_id = c.bill_id AND o.usage_record_id = c.usage_record_id AND o.rerating_id IS NULL AND NOT o.is_taken
  JOIN billing.bill e ON e.account_id = o.account_id AND e.usage_through >= o.rated_on AND (e.usage_after IS NULL OR e.usage_after < o.rated_on)
   AND e.kind <> 'credit-note'
 WHERE c.is_taken AND c.rerating_id IS NOT NULL AND e.number IS NOT NULL
 UNION
SELECT l.bill_id, e.number, e.issue_on
  FROM billing.bill_line l
  JOIN billing.bill b ON b.id = l.bill_id
 CROSS JOIN LATERAL generate_series(0, b.usage_after - (l.starts_on - 7)) AS n (night)
 CROSS JOIN LATERAL (SELECT x.rated_on FROM billing.rated_call x
                      WHERE x.district_code = b.district_code AND x.account_id = l.account_id AND x.rated_on = l.starts_on - 7 + n.night
                        AND x.charged_number = l.number AND x.charge_class = l.charge_class AND x.band = l.band AND x.net_millionths <> 0
                        AND CAST(x.started_at AT TIME ZONE 'Europe/London' AS date) >= l.starts_on
                        AND CAST(x.started_at AT TIME ZONE 'Europe/London' AS date) < l.ends_on
                     OFFSET 0) r
  JOIN billing.bill e ON e.account_id = l.account_id AND e.usage_through >= r.rated_on AND (e.usage_after IS NULL OR e.usage_after < r.rated_on)
   AND e.kind <> 'credit-note'
 WHERE l.bill_id = ANY(:bills) AND l.unit = 'vat-correction' AND e.number IS NOT NULL
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
