-- name: member_bills
-- Bills up to a run's cut that are in the ledger and that a group account pays, by what each has kept of its payer, and that
-- were not gathered. A bill of nothing is not asked for. The group's own side lies on the cut, where its bill of this night
-- finds it; past that bill if there is one already. Leans on ix_bill_not_issued and uq_outside_item_source_key.
-- example: {"district": "ZZ", "cut": "2026-01-31"}
SELECT b.id, b.number, b.account_id, b.amount_due, m.number AS account_number, g.id AS group_account_id, g.number AS group_account_number,
       d.current_on,
       greatest(CAST(:cut AS date), d.closed_through + 1,
                (SELECT max(p.usage_through) + 1 FROM billing.bill p WHERE p.account_id = g.id AND p.usage_through >= :cut)) AS group_on
  FROM billing.bill b
  JOIN css.account m ON m.id = b.account_id
  JOIN css.account g ON g.number = b.payer ->> 'paid_by'
  JOIN css.business_date d ON d.district_code = b.district_code
 WHERE b.district_code = :district AND b.state <> 'issued' AND b.state = 'posted' AND b.usage_through <= :cut AND b.amount_due <> 0
   AND NOT EXISTS (SELECT 1 FROM billing.outside_item o WHERE o.source_key = 'transfer/' || b.id || '/member')
 ORDER BY b.serial
   FOR UPDATE OF b;

-- name: waiting_to_be_billed
-- Whether any of these accounts is on the list of a run and has not got so far: its bill is still to be decided.
-- Leans on pk_bill_run_account.
-- example: {"district": "ZZ", "accounts": [1]}
SELECT a.number
  FROM billing.bill_run r
  JOIN billing.bill_run_account k ON k.bill_run_id = r.id
  JOIN billing.account_cycle c ON c.account_id = k.account_id
  JOIN css.account a ON a.id = k.account_id
 WHERE r.district_code = :district AND r.business_date > (SELECT closed_through FROM css.business_date WHERE district_code = :district)
   AND k.account_id = ANY(:accounts) AND k.parked_code IS NULL
   AND (c.usage_billed_through IS NULL OR c.usage_billed_through < r.business_date)
   AND NOT EXISTS (SELECT 1 FROM billing.bill b WHERE b.bill_run_id = r.id AND b.account_id = k.account_id)
 ORDER BY a.number
 LIMIT 1;
