-- What a night put into the spool, as it stands in the database: to be catalogued, read back and written again.

-- name: issued
-- How many bills of each run of a district are issued. Leans on uq_bill_run_district_code_business_date.
-- example: {"district": "ZZ", "since": "2026-01-01", "through": "2026-03-01"}
SELECT r.business_date, count(*) AS bills
  FROM billing.bill_run r
  JOIN billing.bill b ON b.bill_run_id = r.id AND b.state = 'issued'
 WHERE r.district_code = :district AND r.business_date BETWEEN :since AND :through
 GROUP BY r.business_date
 ORDER BY r.business_date;

-- name: files
-- The files that went out with the issued bills of a run, some bills at a time in the order of their ids; large print came later.
-- example: {"district": "ZZ", "business_date": "2026-03-01", "after": 0, "bills": 500}
WITH part AS (SELECT b.id
                FROM billing.bill_run r
                JOIN billing.bill b ON b.bill_run_id = r.id AND b.state = 'issued'
               WHERE r.district_code = :district AND r.business_date = :business_date AND b.id > :after
               ORDER BY b.id
               LIMIT :bills)
SELECT f.bill_id, f.file_name, f.sha256, octet_length(f.content) AS bytes
  FROM part
  JOIN billing.bill_file f ON f.bill_id = part.id
 WHERE f.kind <> 'large.pdf'
 ORDER BY f.bill_id, f.kind;

-- name: by_name
-- The same files, all of them in the order of their names.
-- example: {"district": "ZZ", "business_date": "2026-03-01"}
SELECT f.file_name, f.sha256, octet_length(f.content) AS bytes
  FROM billing.bill_run r
  JOIN billing.bill b ON b.bill_run_id = r.id AND b.state = 'issued'
  JOIN billing.bill_file f ON f.bill_id = b.id AND f.kind <> 'large.pdf'
 WHERE r.district_code = :district AND r.business_date = :business_date
 ORDER BY f.file_name COLLATE "C";

-- name: contents
-- The bytes of some of them.
-- example: {"district": "ZZ", "business_date": "2026-03-01", "names": ["ZZB00000012.pdf"]}
SELECT f.file_name, f.sha256, f.content
  FROM billing.bill_run r
  JOIN billing.bill b ON b.bill_run_id = r.id AND b.state = 'issued'
  JOIN billing.bill_file f ON f.bill_id = b.id AND f.kind <> 'large.pdf'
 WHERE r.district_code = :district AND r.business_date = :business_date AND f.file_name = ANY(:names);

-- name: letters
-- What the messages of some issued bills of a run say, with the document in them.
-- example: {"district": "ZZ", "business_date": "2026-03-01", "numbers": ["ZZB00000012"]}
SELECT b.number, b.kind, r.issue_at, b.issue_on, b.due_on, b.amount_due, b.payer, a.number AS account_number, o.name AS own_name,
       f.content AS pdf
  FROM billing.bill_run r
  JOIN billing.bill b ON b.bill_run_id = r.id AND b.state = 'issued'
  JOIN billing.bill_file f ON f.bill_id = b.id AND f.kind = 'pdf'
  JOIN css.account a ON a.id = b.account_id
  JOIN css.provider o ON o.is_own_retail
 WHERE r.district_code = :district AND r.business_date = :business_date AND b.number = ANY(:numbers);

-- name: by_mail
-- The issued bills of a run that were to go by e-mail, and to whom, in the order of their numbers: all of them, or those behind
-- one bill's id and up to another's.
-- example: {"district": "ZZ", "business_date": "2026-03-01", "after": 0, "through": null}
SELECT b.number, b.payer
  FROM billing.bill_run r
  JOIN billing.bill b ON b.bill_run_id = r.id AND b.state = 'issued'
 WHERE r.district_code = :district AND r.business_date = :business_date AND b.payer ->> 'medium' = 'email'
   AND b.id > :after AND (CAST(:through AS bigint) IS NULL OR b.id <= :through)
 ORDER BY b.number COLLATE "C";
