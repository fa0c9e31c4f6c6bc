-- name: cycles
-- From when bills of accounts came round how, as far as was recorded by each one's cut. Leans on ix_account_cycle_term_account_id.
-- example: {"accounts": [1], "cuts": ["2026-01-31"]}
SELECT t.account_id, t.starts_on, t.cycle_day, t.frequency, t.cycle_month_group
  FROM unnest(CAST(:accounts AS bigint[]), CAST(:cuts AS date[])) AS k (account_id, cut)
  JOIN css.account_cycle_term t ON t.account_id = k.account_id AND t.recorded_on <= k.cut
 ORDER BY t.account_id, t.recorded_on, t.id;

-- name: vat_statuses
-- From when accounts were taxed how, as far as was recorded by the cut. Leans on ix_account_vat_status_account_id.
-- example: {"accounts": [1], "cut": "2026-01-31"}
SELECT account_id, starts_on, vat_status, recorded_on
  FROM css.account_vat_status
 WHERE account_id = ANY(:accounts) AND recorded_on <= :cut
 ORDER BY account_id, recorded_on, id;

-- name: standing
-- Where an account stands in its cycle, and whether it ever had a bill, one of nothing included, or is about to have one.
-- example: {"account": 1}
SELECT a.id AS account_id, a.opened_on, a.cycle_day, a.frequency, a.cycle_month_group, c.next_bill_on, c.usage_billed_through,
       c.usage_billed_through IS NOT NULL OR EXISTS (SELECT 1 FROM billing.bill b WHERE b.account_id = a.id) AS was_billed
  FROM css.account a
  LEFT JOIN billing.account_cycle c ON c.account_id = a.id
 WHERE a.id = :account;
