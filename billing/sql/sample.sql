-- name: candidates
-- The bills of a run that go out when it is released, with what a sample is chosen by; of the group accounts, or of the others.
-- example: {"run": 1, "is_group": false}
SELECT b.id, b.account_id, a.number AS account_number, b.kind, b.payer ->> 'medium' AS medium, b.payer ->> 'segment' AS segment,
       b.invoice_gross, l.line_count, l.call_count, e.invoice_gross AS last_gross
  FROM billing.bill b
  JOIN billing.bill_run_account k ON k.bill_run_id = b.bill_run_id AND k.account_id = b.account_id
  JOIN css.account a ON a.id = b.account_id
 CROSS JOIN LATERAL (SELECT count(*) AS line_count, coalesce(sum(n.quantity) FILTER (WHERE n.unit = 'call'), 0) AS call_count
                       FROM billing.bill_line n WHERE n.bill_id = b.id) l
  LEFT JOIN LATERAL (SELECT p.invoice_gross FROM billing.bill p
                      WHERE p.account_id = b.account_id AND p.usage_through < b.usage_through AND p.kind <> 'credit-note'
                      ORDER BY p.usage_through DESC LIMIT 1) e ON TRUE
 WHERE b.bill_run_id = :run AND k.is_group = :is_group AND b.state <> 'held'
 ORDER BY b.account_id;

-- name: by_kind
-- What the bills of a run come to, by kind, held ones apart.
-- example: {"run": 1}
SELECT b.kind, b.state = 'held' AS is_held, count(*) AS bill_count, sum(b.invoice_net) AS invoice_net, sum(b.invoice_vat) AS invoice_vat,
       sum(b.invoice_gross) AS invoice_gross, sum(b.amount_due) AS amount_due
  FROM billing.bill b
 WHERE b.bill_run_id = :run
 GROUP BY b.kind, is_held
 ORDER BY is_held, b.kind;

-- name: by_line_kind
-- What the lines of the bills of a run come to, by kind; held bills are left out.
-- example: {"run": 1}
SELECT l.kind, count(*) AS line_count, sum(l.net) AS net
  FROM billing.bill b
  JOIN billing.bill_line l ON l.bill_id = b.id
 WHERE b.bill_run_id = :run AND b.state <> 'held'
 GROUP BY l.kind
 ORDER BY l.kind;

-- name: held
-- The held bills of a run and why.
-- example: {"run": 1}
SELECT a.number AS account_number, b.kind, b.invoice_gross, b.hold_code, b.hold_words
  FROM billing.bill b
  JOIN css.account a ON a.id = b.account_id
 WHERE b.bill_run_id = :run AND b.state = 'held'
 ORDER BY b.account_id;

-- name: parked
-- The parked accounts of a run, why, and the night that has billed them since.
-- example: {"run": 1}
SELECT a.number AS account_number, k.kind, k.cycle_on, k.parked_code, k.parked_words,
       (SELECT min(b.usage_through) FROM billing.bill b WHERE b.account_id = k.account_id AND b.usage_through > r.business_date) AS billed_on
  FROM billing.bill_run_account k
  JOIN billing.bill_run r ON r.id = k.bill_run_id
  JOIN css.account a ON a.id = k.account_id
 WHERE k.bill_run_id = :run AND k.parked_code IS NOT NULL
 ORDER BY k.account_id;

-- name: runs
-- The runs of a district, the newest first, or that of one night, with what became of their accounts and bills.
-- example: {"district": "ZZ", "night": null, "limit": 30}
SELECT r.id, r.business_date, r.issue_at, r.sampled_at, r.sampled_by, r.approved_by, r.approved_at, r.approved_words,
       k.account_count, k.parked_count, b.bill_count, b.waiting_count, b.held_count, b.numbered_count, b.issued_count, b.invoice_gross
  FROM (SELECT * FROM billing.bill_run
         WHERE district_code = :district AND business_date = coalesce(CAST(:night AS date), business_date)
         ORDER BY business_date DESC LIMIT :limit) r
 CROSS JOIN LATERAL (SELECT count(*) AS account_count, count(c.parked_code) AS parked_count
                       FROM billing.bill_run_account c WHERE c.bill_run_id = r.id) k
 CROSS JOIN LATERAL (SELECT count(*) AS bill_count, count(*) FILTER (WHERE x.state = 'calculated') AS waiting_count,
                            count(*) FILTER (WHERE x.state = 'held') AS held_count, count(x.number) AS numbered_count,
                            count(*) FILTER (WHERE x.state = 'issued') AS issued_count,
                            coalesce(sum(x.invoice_gross), 0) AS invoice_gross
                       FROM billing.bill x WHERE x.bill_run_id = r.id) b
 ORDER BY r.business_date DESC;
