-- name: failures
-- An account's promises not kept about one order or fault, with what was entered for each, where it stands in the books, and the
-- bill that took it: the first whose cut is not before its business date. Leans on ix_service_failure_account_id_business_date,
-- uq_outside_item_source_key, uq_journal_entry_source_key.
-- example: {"account": 1, "reference": "ZZF00000018"}
SELECT f.source_key, f.line_id, f.kind, f.issue_on, f.promised_at, f.put_right_at, f.care_level, f.customer_held, f.is_guaranteed,
       f.guarantee_ends_at, f.is_total_loss, f.business_date, a.segment, p.is_own_retail, d.nation,
       o.kind AS item_kind, o.amount, o.words, o.entered_on, o.business_date AS item_business_date,
       (SELECT g.nominal_code FROM billing.journal_entry e JOIN billing.posting g ON g.journal_entry_id = e.id
         WHERE e.source_key = 'outside/' || o.source_key AND g.account_id IS NULL) AS nominal_code,
       b.number AS bill_number, b.state AS bill_state, c.next_bill_on, c.is_finished
  FROM css.service_failure f
  JOIN css.account a ON a.id = f.account_id
  JOIN css.provider p ON p.id = a.provider_id
  JOIN css.district d ON d.code = f.district_code
  LEFT JOIN billing.outside_item o ON o.source_key = f.source_key
  LEFT JOIN billing.account_cycle c ON c.account_id = f.account_id
  LEFT JOIN LATERAL (SELECT x.number, x.state FROM billing.bill x
                      WHERE x.account_id = o.account_id AND x.usage_through >= o.business_date
                      ORDER BY x.usage_through LIMIT 1) b ON TRUE
 WHERE f.account_id = :account AND f.reference = :reference
 ORDER BY f.id;

-- name: days
-- The days credited on a line, by whichever promise they were credited for. Leans on pk_credited_day.
-- example: {"line": 1}
SELECT c.kind, c.day, c.source_key, c.amount, f.reference
  FROM billing.credited_day c
  LEFT JOIN css.service_failure f ON f.source_key = c.source_key
 WHERE c.line_id = :line
 ORDER BY c.kind, c.day;

-- name: charges
-- What one order or fault left for an account to pay, and the bill it is on. Leans on ix_billable_item_account_id_business_date,
-- uq_bill_line_billable_item_id.
-- example: {"account": 1, "reference": "ZZF00000018"}
SELECT i.source_key, i.words, i.quantity, i.occurs_on, i.basis, i.net_price, i.gross_price, l.net AS billed_net, b.number AS bill_number,
       b.state AS bill_state, c.next_bill_on, c.is_finished
  FROM css.billable_item i
  LEFT JOIN billing.bill_line l ON l.billable_item_id = i.id
  LEFT JOIN billing.bill b ON b.id = l.bill_id
  LEFT JOIN billing.account_cycle c ON c.account_id = i.account_id
 WHERE i.account_id = :account AND i.reference = :reference
 ORDER BY i.id;
