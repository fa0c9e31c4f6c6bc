-- name: waiting
-- Calculated bills of a district up to a run's cut, in the order they get their numbers. Leans on ix_bill_not_issued.
-- example: {"district": "ZZ", "cut": "2026-01-31"}
SELECT b.id
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
