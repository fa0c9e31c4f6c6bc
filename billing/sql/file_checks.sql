-- name: invoices
-- The e-invoice of every recent bill says the bill's number, account, totals, VAT and amount due. Looked for as our writer writes
-- them; a credit note has its amounts the other way round. That there is an e-invoice asks checks.files_there.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('The e-invoice of bill %s has another %s than the bill.', b.number, string_agg(w.what, ' and ' ORDER BY w.ordinality)) AS words
  FROM billing.bill b
  JOIN css.account a ON a.id = b.account_id
  JOIN billing.bill_file f ON f.bill_id = b.id AND f.kind = 'xml'
 CROSS JOIN LATERAL (SELECT CASE WHEN b.invoice_gross < 0 THEN -1 ELSE 1 END AS side) s
 CROSS JOIN LATERAL (SELECT to_char(s.side * b.invoice_net / 100.0, 'FM99999999999999990.00') AS net,
                            to_char(s.side * b.invoice_vat / 100.0, 'FM99999999999999990.00') AS vat,
                            to_char(s.side * b.invoice_gross / 100.0, 'FM99999999999999990.00') AS gross,
                            to_char(b.amount_due / 100.0, 'FM99999999999999990.00') AS due) m
 CROSS JOIN LATERAL ROWS FROM (
         unnest(ARRAY['bill number', 'account', 'net total', 'VAT total', 'invoice total', 'amount payable', 'amount due']),
         unnest(ARRAY['<cbc:ID>' || b.number || '</cbc:ID>', '<cbc:BuyerReference>' || a.number || '</cbc:BuyerReference>',
                      '<cbc:TaxExclusiveAmount currencyID="GBP">' || m.net || '</cbc:TaxExclusiveAmount>',
                      '<cbc:TaxAmount currencyID="GBP">' || m.vat || '</cbc:TaxAmount>',
                      '<cbc:TaxInclusiveAmount currencyID="GBP">' || m.gross || '</cbc:TaxInclusiveAmount>',
                      '<cbc:PayableAmount currencyID="GBP">' || m.gross || '</cbc:PayableAmount>',
                      '<cbc:Note>Amount due on account ' || a.number || ': GBP ' || m.due || ','])) WITH ORDINALITY AS w (what, wanted, ordinality)
 WHERE b.district_code = :district AND b.usage_through > :since AND b.state IN ('posted', 'issued')
   AND position(convert_to(w.wanted, 'UTF8') IN f.content) = 0
 GROUP BY b.id, b.number
 ORDER BY b.id LIMIT :limit;
