-- name: opening
-- What an account owed before a day, by the ledger. Leans on ix_posting_account_id_business_date.
-- example: {"account": 1, "starts_on": "2026-01-01"}
SELECT coalesce(sum(g.amount), 0) FROM billing.posting g WHERE g.account_id = :account AND g.business_date < :starts_on;

-- name: entries
-- Everything that changed what an account owed on some days, in the order it was entered, with what a customer calls it; and bills
-- that came to nothing, which stand in no ledger. Leans on ix_posting_account_id_business_date.
-- example: {"account": 1, "starts_on": "2026-01-01", "ends_on": "2026-02-01"}
SELECT g.business_date, e.id AS entry_id, g.amount, e.words AS entry_words, b.kind AS bill_kind, b.number AS bill_number, b.due_on, p.method,
       p.number AS payment_number, o.kind AS outside_kind, o.words AS outside_words, o.reference
  FROM billing.posting g
  JOIN billing.journal_entry e ON e.id = g.journal_entry_id
  LEFT JOIN billing.bill b ON b.id = CASE WHEN e.source_key LIKE 'bill/%' THEN CAST(split_part(e.source_key, '/', 2) AS bigint) END
  LEFT JOIN billing.payment p ON p.number = CASE WHEN e.source_key LIKE 'payment/%' THEN substr(e.source_key, 9) END
  LEFT JOIN billing.outside_item o ON o.source_key = CASE WHEN e.source_key LIKE 'outside/%' THEN substr(e.source_key, 9) END
 WHERE g.account_id = :account AND g.business_date >= :starts_on AND g.business_date < :ends_on
UNION ALL
SELECT b.usage_through, 0, 0, 'Bill ' || b.number, b.kind, b.number, b.due_on, NULL, NULL, NULL, NULL, NULL
  FROM billing.bill b
 WHERE b.account_id = :account AND b.usage_through >= :starts_on AND b.usage_through < :ends_on
   AND b.state IN ('posted', 'issued') AND b.invoice_gross = 0
 ORDER BY business_date, entry_id;

-- name: open_charges
-- The latest charges of an account that together make what it owes before a day, the latest first, with when each was due:
-- money that came in is taken to have paid the oldest. The last of them may be paid in part.
-- Leans on ix_posting_account_id_business_date.
-- example: {"account": 1, "ends_on": "2026-02-01", "owed": 1000}
SELECT c.business_date, c.amount, c.later, b.number, coalesce(b.due_on, c.business_date) AS due_on
  FROM (SELECT g.business_date, g.amount, e.source_key, e.id,
               sum(g.amount) OVER (ORDER BY g.business_date DESC, e.id DESC) - g.amount AS later
          FROM billing.posting g JOIN billing.journal_entry e ON e.id = g.journal_entry_id
         WHERE g.account_id = :account AND g.business_date < :ends_on AND g.amount > 0) c
  LEFT JOIN billing.bill b ON b.id = CASE WHEN c.source_key LIKE 'bill/%' THEN CAST(split_part(c.source_key, '/', 2) AS bigint) END
 WHERE c.later < :owed
 ORDER BY c.business_date DESC, c.id DESC;

-- name: copied_files
-- The stored files of a bill. Leans on pk_bill_file.
-- example: {"bill": 1}
SELECT f.kind, f.file_name, f.sha256, f.content FROM billing.bill_file f WHERE f.bill_id = :bill ORDER BY f.kind;
