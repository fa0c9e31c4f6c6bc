-- name: left
-- Adjustments of these accounts up to a cut that no bill has taken, with the lines they credit. Leans on
-- ix_adjustment_account_id and uq_bill_line_adjustment_id.
-- example: {"accounts": [1], "cut": "2026-01-31"}
SELECT a.account_id, a.id, a.words, a.net, a.vat_category, a.vat_basis_points, a.nominal_code, a.occurs_on, l.id AS line_id, l.bill_id,
       b.number AS bill_number, l.kind, l.number, l.starts_on, l.ends_on, l.service_id, l.product_id, l.rental_period_starts_on
  FROM billing.adjustment a
  LEFT JOIN billing.bill_line l ON l.id = a.bill_line_id
  LEFT JOIN billing.bill b ON b.id = l.bill_id
 WHERE a.account_id = ANY(:accounts) AND a.business_date <= :cut
   AND NOT EXISTS (SELECT 1 FROM billing.bill_line t WHERE t.adjustment_id = a.id)
 ORDER BY a.account_id, a.id;

-- name: charges
-- What these accounts were credited of rentals and terminations up to a cut, and what those charges come to by now: under one
-- service and period whatever the prices, taxes and corrections were. Leans on ix_adjustment_account_id,
-- ix_bill_line_account_id_rental and ix_bill_line_account_id_compared.
-- example: {"accounts": [1], "cut": "2026-01-31"}
WITH credit AS (
  SELECT l.account_id, l.kind = 'termination' AS is_termination, l.service_id, l.rental_period_starts_on, max(l.id) AS line_id,
         -coalesce(sum(a.net) FILTER (WHERE EXISTS (SELECT 1 FROM billing.bill_line t WHERE t.adjustment_id = a.id)), 0) AS credited
    FROM billing.adjustment a
    JOIN billing.bill_line l ON l.id = a.bill_line_id
   WHERE a.account_id = ANY(:accounts) AND a.business_date <= :cut
     AND l.kind IN ('rental', 'part-period', 'termination') AND l.service_id IS NOT NULL
   GROUP BY l.account_id, is_termination, l.service_id, l.rental_period_starts_on)
SELECT c.account_id, c.is_termination, c.service_id, c.rental_period_starts_on, c.line_id, b.number AS bill_number, x.number,
       x.vat_category, x.vat_basis_points, x.nominal_code, c.credited,
       CASE WHEN c.is_termination
            THEN (SELECT coalesce(sum(l.net), 0) FROM billing.bill_line l
                   WHERE l.account_id = c.account_id AND l.kind = 'termination' AND l.service_id = c.service_id)
            ELSE (SELECT coalesce(sum(l.net), 0) FROM billing.bill_line l
                   WHERE l.account_id = c.account_id AND l.kind IN ('rental', 'part-period') AND l.service_id = c.service_id
                     AND l.rental_period_starts_on = c.rental_period_starts_on) END AS charged,
       (SELECT coalesce(sum(t.net), 0)
          FROM billing.bill_line t
          JOIN billing.bill_line o ON o.id = t.corrects_line_id
         WHERE t.account_id = c.account_id AND t.kind = 'adjustment' AND t.adjustment_id IS NULL AND o.service_id = c.service_id
           AND (o.kind = 'termination') = c.is_termination
           AND o.rental_period_starts_on IS NOT DISTINCT FROM c.rental_period_starts_on) AS taken_back
  FROM credit c
  JOIN billing.bill_line x ON x.id = c.line_id
  JOIN billing.bill b ON b.id = x.bill_id
 ORDER BY c.account_id, c.line_id;

-- name: bills
-- What bills have given back of some others, rate by rate, positive and before VAT. Leans on uq_bill_line_bill_id_line_number,
-- ix_adjustment_bill_line_id and uq_bill_line_adjustment_id.
-- example: {"bills": [1]}
SELECT l.bill_id, l.vat_category, l.vat_basis_points, -sum(t.net) AS net
  FROM billing.bill_line l
  JOIN billing.adjustment a ON a.bill_line_id = l.id
  JOIN billing.bill_line t ON t.adjustment_id = a.id
 WHERE l.bill_id = ANY(:bills)
 GROUP BY l.bill_id, l.vat_category, l.vat_basis_points
 ORDER BY l.bill_id, l.vat_category, l.vat_basis_points;

-- name: credited_lines
-- The lines of a bill that charge something, with what was credited of each, of the charge it belongs to, and of what the bill
-- charges at its rate of VAT, discounts and promotions taken off. Leans on uq_bill_line_bill_id_line_number, ix_adjustment_bill_line_id, ix_bill_line_account_id_rental and ix_bill_line_account_id_compared.
-- example: {"bill": 1}
SELECT l.id, l.line_number, l.kind, l.words, l.net, l.vat_category, l.vat_basis_points, l.nominal_code, l.service_id, l.rental_period_starts_on,
       l.service_id IS NOT NULL AND l.kind IN ('rental', 'part-period', 'termination') AS is_compared,
       (SELECT -coalesce(sum(a.net), 0) FROM billing.adjustment a WHERE a.bill_line_id = l.id) AS credited,
       c.charged, c.charge_credited,
       (SELECT sum(o.net) FROM billing.bill_line o
         WHERE o.bill_id = l.bill_id AND o.vat_category = l.vat_category AND o.vat_basis_points = l.vat_basis_points
           AND (o.net > 0 OR o.kind = 'discount' OR o.promotion_id IS NOT NULL)) AS rate_net,
       (SELECT -coalesce(sum(a.net), 0)
          FROM billing.bill_line o JOIN billing.adjustment a ON a.bill_line_id = o.id
         WHERE o.bill_id = l.bill_id AND o.vat_category = l.vat_category AND o.vat_basis_points = l.vat_basis_points) AS rate_credited
  FROM billing.bill_line l
 CROSS JOIN LATERAL (
   SELECT CASE WHEN l.service_id IS NULL THEN l.net
               WHEN l.kind = 'termination'
               THEN (SELECT sum(o.net) FROM billing.bill_line o
                      WHERE o.account_id = l.account_id AND o.kind = 'termination' AND o.service_id = l.service_id)
               WHEN l.kind IN ('rental', 'part-period')
               THEN (SELECT sum(o.net) FROM billing.bill_line o
                      WHERE o.account_id = l.account_id AND o.kind IN ('rental', 'part-period') AND o.service_id = l.service_id
                        AND o.rental_period_starts_on = l.rental_period_starts_on)
               ELSE l.net END AS charged,
          CASE WHEN l.service_id IS NULL OR l.kind NOT IN ('rental', 'part-period', 'termination')
               THEN (SELECT -coalesce(sum(a.net), 0) FROM billing.adjustment a WHERE a.bill_line_id = l.id)
               ELSE (SELECT -coalesce(sum(a.net), 0)
                       FROM billing.adjustment a JOIN billing.bill_line o ON o.id = a.bill_line_id
                      WHERE a.account_id = l.account_id AND o.service_id = l.service_id
                        AND o.rental_period_starts_on IS NOT DISTINCT FROM l.rental_period_starts_on
                        AND (o.kind = 'termination') = (l.kind = 'termination') AND o.kind IN ('rental', 'part-period', 'termination'))
                  - (SELECT coalesce(sum(t.net), 0)
                       FROM billing.bill_line t JOIN billing.bill_line o ON o.id = t.corrects_line_id
                      WHERE t.account_id = l.account_id AND t.kind = 'adjustment' AND t.adjustment_id IS NULL AND o.service_id = l.service_id
                        AND (o.kind = 'termination') = (l.kind = 'termination')
                        AND o.rental_period_starts_on IS NOT DISTINCT FROM l.rental_period_starts_on) END AS charge_credited) c
 WHERE l.bill_id = :bill AND l.net > 0
 ORDER BY l.line_number;

-- name: given_today
-- What somebody has credited an account with on a business date without a second person, positive. Leans on ix_adjustment_account_id.
-- example: {"account": 1, "made_by": "CLERK1", "business_date": "2026-01-31"}
SELECT -coalesce(sum(a.net), 0)
  FROM billing.adjustment a
 WHERE a.account_id = :account AND a.made_by = :made_by AND a.business_date = :business_date AND a.approved_by IS NULL AND a.net < 0;

-- name: of_account
-- The adjustments of an account, the latest first, with what they credit and the bill that took them. Leans on ix_adjustment_account_id.
-- example: {"account": 1, "limit": 100}
SELECT a.id, a.words, a.reason, a.net, a.vat_category, a.vat_basis_points, a.nominal_code, a.business_date, a.made_by, a.approved_by,
       c.number AS credited_bill, l.line_number AS credited_line, b.number AS taken_by, b.state
  FROM billing.adjustment a
  LEFT JOIN billing.bill_line l ON l.id = a.bill_line_id
  LEFT JOIN billing.bill c ON c.id = l.bill_id
  LEFT JOIN billing.bill_line t ON t.adjustment_id = a.id
  LEFT JOIN billing.bill b ON b.id = t.bill_id
 WHERE a.account_id = :account
 ORDER BY a.id DESC
 LIMIT :limit;
