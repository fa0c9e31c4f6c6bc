-- name: waiting
-- Of these bills, those rendered and not issued, with what a notice and a letter say; a bill's files come all or none. Their
-- rows are locked: one dispatcher does each.
-- example: {"bills": [1]}
SELECT b.id, b.number, b.kind, b.district_code, r.business_date, r.issue_at, b.issue_on, b.period_starts_on, b.period_ends_on, b.due_on,
       b.invoice_gross, b.amount_due, b.payer, a.number AS account_number, p.id AS provider_id, p.is_own_retail, p.party_id,
       o.party_id AS own_party_id, o.name AS own_name
  FROM billing.bill b
  JOIN billing.bill_run r ON r.id = b.bill_run_id
  JOIN css.account a ON a.id = b.account_id
  JOIN css.provider p ON p.id = a.provider_id
  JOIN css.provider o ON o.is_own_retail
 WHERE b.id = ANY(:bills) AND b.state = 'posted'
   AND EXISTS (SELECT 1 FROM billing.bill_file f WHERE f.bill_id = b.id)
 ORDER BY b.serial
   FOR UPDATE OF b;

-- name: files
-- The files of these bills.
-- example: {"bills": [1]}
SELECT f.bill_id, f.kind, f.file_name, f.sha256, f.content
  FROM billing.bill_file f
 WHERE f.bill_id = ANY(:bills)
 ORDER BY f.bill_id, f.kind;

-- name: mark_issued
-- The bills are out.
-- example: {"bills": [1]}
UPDATE billing.bill SET state = 'issued' WHERE id = ANY(:bills) AND state = 'posted';
