-- name: bills
-- The bills of a run that have no number yet, or that of one account, with how many lines they have; their rows are locked.
-- example: {"run": 1, "account": null}
SELECT b.id, b.account_id, b.kind, b.state, b.hold_code, b.invoice_net, b.invoice_vat, b.invoice_gross, b.amount_due,
       (SELECT count(*) FROM billing.bill_line l WHERE l.bill_id = b.id) AS line_count
  FROM billing.bill b
 WHERE b.bill_run_id = :run AND b.state IN ('calculated', 'held')
   AND (CAST(:account AS bigint) IS NULL OR b.account_id = :account)
 ORDER BY b.account_id
   FOR UPDATE OF b;

-- name: numbered
-- How many bills of a run have their numbers.
-- example: {"run": 1}
SELECT count(*) FROM billing.bill b WHERE b.bill_run_id = :run AND b.number IS NOT NULL;

-- name: drop_allowances
-- What these bills had reckoned of allowances.
-- example: {"bills": [1]}
DELETE FROM billing.allowance_month WHERE bill_id = ANY(:bills);

-- name: drop_vat
-- Their VAT.
-- example: {"bills": [1]}
DELETE FROM billing.bill_vat WHERE bill_id = ANY(:bills);

-- name: drop_lines
-- Their lines; items and adjustments on them are free again.
-- example: {"bills": [1]}
DELETE FROM billing.bill_line WHERE bill_id = ANY(:bills);

-- name: drop_bills
-- The bills themselves, as long as they have no numbers.
-- example: {"bills": [1]}
DELETE FROM billing.bill WHERE id = ANY(:bills) AND state IN ('calculated', 'held');

-- name: mark
-- Say of accounts of a run why they have no bill of it.
-- example: {"run": 1, "accounts": [1], "code": "CSS785W", "words": "Taken back: a price was wrong."}
UPDATE billing.bill_run_account
   SET parked_code = :code, parked_words = :words
 WHERE bill_run_id = :run AND account_id = ANY(:accounts);

-- name: parked
-- Accounts of a run that were parked, and not because their bill was taken back.
-- example: {"run": 1, "marks": ["CSS785W", "CSS786W"]}
SELECT k.account_id
  FROM billing.bill_run_account k
 WHERE k.bill_run_id = :run AND k.parked_code IS NOT NULL AND k.parked_code <> ALL(:marks)
 ORDER BY k.account_id;

-- name: to_make_again
-- Accounts of a run whose bill was taken back to be made again from the same cut. One asked for between two cycle dates is
-- made again only while somebody still asks for it.
-- example: {"run": 1, "mark": "CSS785W", "is_group": false, "limit": 250}
SELECT k.account_id
  FROM billing.bill_run_account k
  JOIN billing.bill_run r ON r.id = k.bill_run_id
 WHERE k.bill_run_id = :run AND k.parked_code = :mark AND k.is_group = :is_group
   AND (k.kind IN ('bill', 'final')
        OR EXISTS (SELECT 1 FROM billing.bill_request q
                    WHERE q.account_id = k.account_id AND q.kind = k.kind AND q.bill_run_id IS NULL AND q.requested_on <= r.business_date))
 ORDER BY k.account_id
 LIMIT :limit;

-- name: take_up
-- They are to be billed by their run after all.
-- example: {"run": 1, "accounts": [1]}
UPDATE billing.bill_run_account
   SET parked_code = NULL, parked_words = NULL
 WHERE bill_run_id = :run AND account_id = ANY(:accounts);

-- name: take_requests
-- Requests of accounts that a run makes bills for once more are its own again.
-- example: {"run": 1, "accounts": [1]}
UPDATE billing.bill_request q
   SET bill_run_id = r.id
  FROM billing.bill_run r
 WHERE r.id = :run AND q.account_id = ANY(:accounts) AND q.bill_run_id IS NULL AND q.requested_on <= r.business_date;

-- name: free_requests
-- Requests that a run had taken for bills it takes back: they wait again.
-- example: {"run": 1, "accounts": [1]}
UPDATE billing.bill_request SET bill_run_id = NULL WHERE bill_run_id = :run AND account_id = ANY(:accounts);

-- name: number_of
-- The number of an account's bill of a run.
-- example: {"run": 1, "account": 1}
SELECT b.number FROM billing.bill b WHERE b.bill_run_id = :run AND b.account_id = :account AND b.number IS NOT NULL;
