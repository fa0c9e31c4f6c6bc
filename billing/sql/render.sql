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
-- Calls that may be shown, as each bill has taken them. Leans on ix_rated_call_account_id_rated_on.
-- example: {"district": "ZZ", "bills": [1]}
SELECT b.id AS bill_id, c.caller, c.dialled, c.started_at, c.duration_seconds, c.charge_class, c.destination, c.band,
       c.net_millionths, c.vat_basis_points
  FROM billing.bill b
  JOIN billing.rated_call c ON c.district_code = :district AND c.account_id = b.account_id AND c.rated_on <= b.usage_through
   AND c.rated_on > coalesce(b.usage_after, '-infinity')
 WHERE b.id = ANY(:bills) AND c.is_itemised
 ORDER BY b.id, c.caller, c.started_at, c.usage_record_id;

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
-- The bills that lines of these correct.
-- example: {"bills": [1]}
SELECT DISTINCT l.bill_id, e.number, e.issue_on
  FROM billing.bill_line l
  JOIN billing.bill_line w ON w.id = l.corrects_line_id
  JOIN billing.bill e ON e.id = w.bill_id
 WHERE l.bill_id = ANY(:bills) AND e.number IS NOT NULL
 ORDER BY l.bill_id, e.issue_on, e.number;

-- name: without_files
-- Of these posted bills, those without files; their rows are locked, so that one renderer does each.
-- example: {"bills": [1]}
SELECT b.id
  FROM billing.bill b
 WHERE b.id = ANY(:bills) AND b.state = 'posted'
   AND NOT EXISTS (SELECT 1 FROM billing.bill_file f WHERE f.bill_id = b.id)
 ORDER BY b.id
   FOR UPDATE OF b;
