-- name: released
-- The bills of a block that are released and not in the ledger, with what moves their cycles on.
-- example: {"bills": [1]}
SELECT b.id, b.account_id, b.kind, r.cycle_on, b.usage_through, b.invoice_gross, a.cycle_day, a.frequency, a.cycle_month_group,
       greatest(b.usage_through, d.closed_through + 1) AS posted_on
  FROM billing.bill b
  JOIN billing.bill_run_account r ON r.bill_run_id = b.bill_run_id AND r.account_id = b.account_id
  JOIN css.account a ON a.id = b.account_id
  JOIN css.business_date d ON d.district_code = b.district_code
 WHERE b.id = ANY(:bills) AND b.state = 'released'
 ORDER BY b.id
   FOR UPDATE OF b;

-- name: enter
-- One journal entry for each bill that has anything to post: lines may make nothing of each other.
-- example: {"bills": [1], "dates": ["2026-01-31"], "at": "2026-01-31T23:00:00+00:00"}
INSERT INTO billing.journal_entry (source_key, district_code, business_date, words, entered_at)
SELECT 'bill/' || b.id, b.district_code, p.posted_on, 'Bill ' || b.number, :at
  FROM unnest(CAST(:bills AS bigint[]), CAST(:dates AS date[])) AS p (id, posted_on)
  JOIN billing.bill b ON b.id = p.id
 WHERE b.invoice_gross <> 0
    OR EXISTS (SELECT 1 FROM billing.bill_line l WHERE l.bill_id = b.id GROUP BY l.nominal_code HAVING sum(l.net) <> 0)
    OR EXISTS (SELECT 1 FROM billing.bill_vat v WHERE v.bill_id = b.id GROUP BY v.vat_basis_points HAVING sum(v.vat) <> 0)
 ORDER BY b.id;

-- name: post
-- Both sides of the entries: the account owes the invoice, revenue by nominal and VAT by rate have earned it.
-- example: {"bills": [1]}
INSERT INTO billing.posting (journal_entry_id, nominal_code, account_id, business_date, amount)
SELECT e.id, s.nominal_code, s.account_id, e.business_date, s.amount
  FROM (SELECT b.id AS bill_id, 1 AS side, 'DEBTORS' AS nominal_code, 0 AS basis_points, b.account_id, b.invoice_gross AS amount
          FROM billing.bill b
         WHERE b.id = ANY(:bills)
        UNION ALL
        SELECT l.bill_id, 2, l.nominal_code, 0, NULL, -sum(l.net)
          FROM billing.bill_line l
         WHERE l.bill_id = ANY(:bills)
         GROUP BY l.bill_id, l.nominal_code
        UNION ALL
        SELECT v.bill_id, 3, 'VAT-OUTPUT', v.vat_basis_points, NULL, -sum(v.vat)
          FROM billing.bill_vat v
         WHERE v.bill_id = ANY(:bills)
         GROUP BY v.bill_id, v.vat_basis_points) s
  JOIN billing.journal_entry e ON e.source_key = 'bill/' || s.bill_id
 WHERE s.amount <> 0
 ORDER BY e.id, s.side, s.nominal_code, s.basis_points;

-- name: mark_posted
-- The bills stand in the ledger.
-- example: {"bills": [1]}
UPDATE billing.bill SET state = 'posted' WHERE id = ANY(:bills) AND state = 'released';
