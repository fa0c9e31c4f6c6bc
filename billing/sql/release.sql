-- name: hold_run
-- A run, held until the transaction ends: releasing, approving and taking back wait for each other. Calculating does not wait,
-- because its bills only refer to the run.
-- example: {"run": 1}
SELECT r.id, r.district_code, r.business_date, r.issue_at, r.sampled_at, r.sampled_by, r.approved_by
  FROM billing.bill_run r
 WHERE r.id = :run
   FOR NO KEY UPDATE;

-- name: to_approve
-- The bills of a run that would get their numbers, and what they come to.
-- example: {"run": 1}
SELECT count(*) AS bill_count, coalesce(sum(b.invoice_gross), 0) AS invoice_gross
  FROM billing.bill b
 WHERE b.bill_run_id = :run AND b.state = 'calculated';

-- name: waiting
-- Calculated bills of a district up to a run's cut, in the order they get their numbers. Credit notes have numbers of their own.
-- Leans on ix_bill_not_issued.
-- example: {"district": "ZZ", "cut": "2026-01-31"}
SELECT b.id, b.kind
  FROM billing.bill b
 WHERE b.district_code = :district AND b.state <> 'issued' AND b.state = 'calculated' AND b.usage_through <= :cut
 ORDER BY b.account_id, b.usage_through
   FOR UPDATE OF b;

-- name: held
-- How many bills of a run wait for a person.
-- example: {"run": 1}
SELECT count(*) FROM billing.bill b WHERE b.bill_run_id = :run AND b.state = 'held';

-- name: begin_series
-- Begin a series of bill numbers where there is none yet.
-- example: {"series": "ZZ"}
INSERT INTO billing.bill_series (series, last_serial) VALUES (:series, 0) ON CONFLICT DO NOTHING;

-- name: take_serials
-- Take so many serials at once. The row stays locked until the transaction ends: no gap, no number twice.
-- example: {"series": "ZZ", "count": 1}
UPDATE billing.bill_series SET last_serial = last_serial + :count WHERE series = :series RETURNING last_serial;

-- name: give_numbers
-- Give bills their numbers.
-- example: {"series": "ZZ", "bills": [1], "serials": [1], "numbers": ["ZZB00000014"]}
UPDATE billing.bill b
   SET series = :series, serial = n.serial, number = n.number, state = 'released'
  FROM unnest(CAST(:bills AS bigint[]), CAST(:serials AS bigint[]), CAST(:numbers AS text[])) AS n (id, serial, number)
 WHERE b.id = n.id AND b.state = 'calculated'
RETURNING b.invoice_gross;

-- name: sampled
-- A sample of the run's bills is printed; whoever approved an earlier one has not seen it.
-- example: {"run": 1, "at": "2026-01-31T23:00:00+00:00", "by": "night/root"}
UPDATE billing.bill_run
   SET sampled_at = :at, sampled_by = :by, approved_by = NULL, approved_at = NULL, approved_words = NULL
 WHERE id = :run;

-- name: approved
-- Somebody has looked at the sample and lets the run go out.
-- example: {"run": 1, "at": "2026-01-31T23:00:00+00:00", "by": "BILL01", "words": "Looked at."}
UPDATE billing.bill_run SET approved_by = :by, approved_at = :at, approved_words = :words WHERE id = :run;

-- name: not_sampled
-- The sample is no longer what would go out.
-- example: {"run": 1}
UPDATE billing.bill_run
   SET sampled_at = NULL, sampled_by = NULL, approved_by = NULL, approved_at = NULL, approved_words = NULL
 WHERE id = :run;
