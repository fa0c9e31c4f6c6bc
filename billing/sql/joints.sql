-- The joints of a night: at each what came in and what became of it, counted where either lies and not as anybody told.
-- Every block gives in_count, in_pence, out_count and out_pence, NULL where nothing is counted or added up.

-- name: lines_of_files
-- Records of the night's files as their control records say, and the lines that were kept of them. Leans on
-- ix_usage_file_business_date.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT coalesce(sum(f.record_count), 0) AS in_count, NULL AS in_pence, coalesce(sum(b.line_count), 0) AS out_count, NULL AS out_pence
  FROM billing.usage_file f
 CROSS JOIN LATERAL (SELECT coalesce(sum(x.line_count), 0) AS line_count FROM billing.usage_block x WHERE x.usage_file_id = f.id) b
 WHERE f.district_code = :district AND f.business_date = :business_date;

-- name: records_sorted
-- Records of the night's files, and those that went to be rated or were set aside when they came. Leans on
-- ix_usage_set_aside_usage_file_id.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT coalesce(sum(f.record_count), 0) AS in_count, NULL AS in_pence,
       coalesce(sum(f.to_rate_count + a.set_aside_count), 0) AS out_count, NULL AS out_pence
  FROM billing.usage_file f
 CROSS JOIN LATERAL (SELECT count(*) AS set_aside_count FROM billing.usage_set_aside s
                      WHERE s.usage_file_id = f.id AND (s.outcome <> 'suspended' OR s.chain_id IS NOT NULL)) a
 WHERE f.district_code = :district AND f.business_date = :business_date;

-- name: records_rated
-- Records of the night's files that went to be rated, and the calls rated of them and those that have no price yet. A record
-- replayed by hand on the same date has both; it is counted where it waited. Leans on ix_rated_call_rated_on_account_id and
-- ix_usage_set_aside_usage_file_id.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
WITH files AS (
  SELECT f.id, f.to_rate_count FROM billing.usage_file f WHERE f.district_code = :district AND f.business_date = :business_date)
SELECT (SELECT coalesce(sum(to_rate_count), 0) FROM files) AS in_count, NULL AS in_pence,
       (SELECT count(*) FROM files f JOIN billing.usage_set_aside s ON s.usage_file_id = f.id
         WHERE s.outcome = 'suspended' AND s.chain_id IS NULL)
       + (SELECT count(*) FROM billing.rated_call c JOIN files f ON f.id = c.usage_record_id / 10000000
           WHERE c.district_code = :district AND c.rated_on = :business_date AND c.rerating_id IS NULL
             AND NOT EXISTS (SELECT 1 FROM billing.usage_set_aside s
                              WHERE s.district_code = :district AND s.settled_on = :business_date AND s.usage_record_id = c.usage_record_id)) AS out_count,
       NULL AS out_pence;

-- name: calls_rated
-- Calls and their price as the night's blocks say, and as the calls themselves do. Leans on ix_rated_call_rated_on_account_id.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT b.calls AS in_count, round(b.millionths / 1000000.0) AS in_pence, c.calls AS out_count, round(c.millionths / 1000000.0) AS out_pence
  FROM (SELECT coalesce(sum(r.rated_count + r.zero_rated_count), 0) AS calls, coalesce(sum(r.net_millionths), 0) AS millionths
          FROM billing.usage_file f
          JOIN billing.usage_block k ON k.usage_file_id = f.id
          JOIN billing.rated_block r ON r.usage_block_id = k.id
         WHERE f.district_code = :district AND f.business_date = :business_date) b
 CROSS JOIN (SELECT count(*) AS calls, coalesce(sum(x.net_millionths), 0) AS millionths
               FROM billing.rated_call x
               JOIN billing.usage_file f ON f.id = x.usage_record_id / 10000000 AND f.district_code = :district AND f.business_date = :business_date
              WHERE x.district_code = :district AND x.rated_on = :business_date AND x.rerating_id IS NULL
                AND NOT EXISTS (SELECT 1 FROM billing.usage_set_aside s
                                 WHERE s.district_code = :district AND s.settled_on = :business_date AND s.usage_record_id = x.usage_record_id)) c;

-- name: calls_settled
-- Records that waited and were settled with a price on the night's date, parts of long calls left out, and the calls rated of
-- them. Leans on ix_usage_set_aside_settled_on and ix_rated_call_rated_on_account_id.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
WITH settled AS MATERIALIZED (
  SELECT s.usage_record_id FROM billing.usage_set_aside s
   WHERE s.district_code = :district AND s.settled_on = :business_date AND s.settled_as IN ('rated', 'zero-rated') AND s.chain_id IS NULL)
SELECT (SELECT count(*) FROM settled) AS in_count, NULL AS in_pence,
       (SELECT count(*) FROM settled s
          JOIN billing.rated_call c ON c.district_code = :district AND c.rated_on = :business_date AND c.rerating_id IS NULL
                                   AND c.usage_record_id = s.usage_record_id) AS out_count, NULL AS out_pence;

-- name: long_calls_settled
-- Long calls whose parts were settled with a price on the night's date, and those of them that have a rated call. (A carrier
-- that has used an id again has two of one name.) Leans on ix_usage_set_aside_settled_on and ix_rated_call_rated_on_account_id.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
WITH settled AS MATERIALIZED (
  SELECT s.supplier, s.chain_id, s.usage_record_id FROM billing.usage_set_aside s
   WHERE s.district_code = :district AND s.settled_on = :business_date AND s.settled_as IN ('rated', 'zero-rated') AND s.chain_id IS NOT NULL)
SELECT (SELECT count(*) FROM (SELECT DISTINCT supplier, chain_id FROM settled) d) AS in_count, NULL AS in_pence,
       (SELECT count(*) FROM (SELECT DISTINCT s.supplier, s.chain_id FROM settled s
          JOIN billing.rated_call c ON c.district_code = :district AND c.rated_on = :business_date AND c.rerating_id IS NULL
                                   AND c.usage_record_id = s.usage_record_id) d) AS out_count, NULL AS out_pence;

-- name: records_with_outcome
-- Records of the night's files, and their outcomes: priced, duplicate, suspended, rejected. Leans on
-- ix_usage_set_aside_usage_file_id.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT coalesce(sum(f.record_count), 0) AS in_count, NULL AS in_pence, coalesce(sum(b.priced + a.set_aside_count), 0) AS out_count, NULL AS out_pence
  FROM billing.usage_file f
 CROSS JOIN LATERAL (SELECT coalesce(sum(r.rated_count + r.zero_rated_count), 0) AS priced
                       FROM billing.usage_block k JOIN billing.rated_block r ON r.usage_block_id = k.id WHERE k.usage_file_id = f.id) b
 CROSS JOIN LATERAL (SELECT count(*) AS set_aside_count FROM billing.usage_set_aside s WHERE s.usage_file_id = f.id) a
 WHERE f.district_code = :district AND f.business_date = :business_date;

-- name: failures_taken
-- Broken promises on the shelf that no earlier night had taken, and those of them that stand on an account. Leans on
-- uq_outside_item_source_key.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT count(*) AS in_count, NULL AS in_pence, count(o.id) AS out_count, NULL AS out_pence
  FROM css.service_failure f
  LEFT JOIN billing.outside_item o ON o.source_key = f.source_key
 WHERE f.district_code = :district AND f.business_date <= :business_date AND (o.id IS NULL OR o.business_date >= :business_date);

-- name: failures_posted
-- What was given for broken promises on the night's date, and what the ledger has of it. Leans on uq_outside_item_source_key
-- and uq_journal_entry_source_key.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT count(*) AS in_count, coalesce(sum(-o.amount), 0) AS in_pence, count(g.amount) AS out_count, coalesce(sum(-g.amount), 0) AS out_pence
  FROM css.service_failure f
  JOIN billing.outside_item o ON o.source_key = f.source_key
  LEFT JOIN LATERAL (SELECT sum(p.amount) AS amount
                       FROM billing.journal_entry e
                       JOIN billing.posting p ON p.journal_entry_id = e.id AND p.nominal_code = 'DEBTORS'
                      WHERE e.source_key = 'outside/' || o.source_key) g ON TRUE
 WHERE f.district_code = :district AND o.business_date = :business_date AND o.amount <> 0;

-- name: accounts_listed
-- Accounts on the run's list: the first side is for whoever counted them.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT 0 AS in_count, NULL AS in_pence, count(*) AS out_count, NULL AS out_pence
  FROM billing.bill_run r JOIN billing.bill_run_account k ON k.bill_run_id = r.id
 WHERE r.district_code = :district AND r.business_date = :business_date;

-- name: accounts_billed
-- Accounts on the run's list, groups or others, and what became of them: a bill, parked, nothing to bill. Leans on
-- uq_bill_bill_run_id_account_id.
-- example: {"district": "ZZ", "business_date": "2026-01-31", "is_group": false}
SELECT count(*) AS in_count, NULL AS in_pence,
       count(*) FILTER (WHERE b.id IS NOT NULL OR k.parked_code IS NOT NULL OR c.usage_billed_through >= r.business_date) AS out_count, NULL AS out_pence
  FROM billing.bill_run r
  JOIN billing.bill_run_account k ON k.bill_run_id = r.id
  LEFT JOIN billing.account_cycle c ON c.account_id = k.account_id
  LEFT JOIN billing.bill b ON b.bill_run_id = r.id AND b.account_id = k.account_id
 WHERE r.district_code = :district AND r.business_date = :business_date AND k.is_group = :is_group;

-- name: lines_billed
-- What the run's bills come to with their VAT, and what their lines and their VAT rows do. Leans on uq_bill_line_bill_id_line_number.
-- example: {"district": "ZZ", "business_date": "2026-01-31", "is_group": false}
SELECT coalesce(sum(l.line_count), 0) AS in_count, coalesce(sum(l.net + v.vat), 0) AS in_pence,
       coalesce(sum(l.last_line), 0) AS out_count, coalesce(sum(b.invoice_gross), 0) AS out_pence
  FROM billing.bill_run r
  JOIN billing.bill_run_account k ON k.bill_run_id = r.id
  JOIN billing.bill b ON b.bill_run_id = r.id AND b.account_id = k.account_id
 CROSS JOIN LATERAL (SELECT count(*) AS line_count, coalesce(max(x.line_number), 0) AS last_line, coalesce(sum(x.net), 0) AS net
                       FROM billing.bill_line x WHERE x.bill_id = b.id) l
 CROSS JOIN LATERAL (SELECT coalesce(sum(x.vat), 0) AS vat FROM billing.bill_vat x WHERE x.bill_id = b.id) v
 WHERE r.district_code = :district AND r.business_date = :business_date AND k.is_group = :is_group;

-- name: calls_billed
-- The calls that the run's bills have taken, and the calls that their lines charge. A bill takes what was rated after the cut
-- before it and up to its own. Leans on ix_rated_call_rated_on_account_id and uq_bill_line_bill_id_line_number.
-- example: {"district": "ZZ", "business_date": "2026-01-31", "is_group": false}
WITH recent AS (
  SELECT b.id, b.account_id, b.usage_through, coalesce(b.usage_after + 1, greatest(a.opened_on, f.first_night)) AS first_night
    FROM billing.bill_run u
    JOIN billing.bill_run_account k ON k.bill_run_id = u.id
    JOIN billing.bill b ON b.bill_run_id = u.id AND b.account_id = k.account_id
    JOIN css.account a ON a.id = b.account_id
   CROSS JOIN (SELECT min(rated_on) AS first_night FROM billing.rated_call WHERE district_code = :district) f
   WHERE u.district_code = :district AND u.business_date = :business_date AND k.is_group = :is_group)
SELECT coalesce(sum(c.calls), 0) AS in_count, NULL AS in_pence, coalesce(sum(l.calls), 0) AS out_count, NULL AS out_pence
  FROM recent b
 CROSS JOIN LATERAL (
   SELECT count(*) AS calls
     FROM generate_series(0, b.usage_through - b.first_night) AS n (night)
    CROSS JOIN LATERAL (SELECT 1 FROM billing.rated_call x
                         WHERE x.district_code = :district AND x.account_id = b.account_id AND x.rated_on = b.first_night + n.night
                           AND x.rerating_id IS NULL AND (x.net_millionths <> 0 OR x.is_itemised)
                        OFFSET 0) r) c
 CROSS JOIN LATERAL (SELECT coalesce(sum(x.quantity), 0) AS calls FROM billing.bill_line x
                      WHERE x.bill_id = b.id AND x.kind = 'calls' AND x.unit = 'call') l;

-- name: bills_numbered
-- Bills of the district that have their numbers and are not in the ledger: the first side is for whoever numbered them. Leans
-- on ix_bill_not_issued.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT 0 AS in_count, 0 AS in_pence, count(*) AS out_count, coalesce(sum(b.invoice_gross), 0) AS out_pence
  FROM billing.bill b
 WHERE b.district_code = :district AND b.state <> 'issued' AND b.state = 'released' AND b.usage_through <= :business_date;

-- name: numbers_given
-- Numbers that the series of the district have given, and the bills that carry one. Leans on uq_bill_series_serial.
-- example: {"district": "ZZ"}
SELECT coalesce(sum(s.last_serial), 0) AS in_count, NULL AS in_pence, coalesce(sum(n.bills), 0) AS out_count, NULL AS out_pence
  FROM billing.bill_series s
 CROSS JOIN LATERAL (SELECT count(*) AS bills FROM billing.bill b WHERE b.series = s.series) n
 WHERE s.series IN (:district, :district || 'N');

-- name: bills_in_ledger
-- Posted bills that are not issued and come to something, and what the ledger says their accounts owe for them. Leans on
-- ix_bill_not_issued, uq_journal_entry_source_key and ix_posting_journal_entry_id.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT count(*) FILTER (WHERE b.invoice_gross <> 0) AS in_count, coalesce(sum(b.invoice_gross), 0) AS in_pence,
       count(g.amount) AS out_count, coalesce(sum(g.amount), 0) AS out_pence
  FROM billing.bill b
  LEFT JOIN LATERAL (SELECT sum(p.amount) AS amount
                       FROM billing.journal_entry e
                       JOIN billing.posting p ON p.journal_entry_id = e.id AND p.nominal_code = 'DEBTORS'
                      WHERE e.source_key = 'bill/' || b.id) g ON TRUE
 WHERE b.district_code = :district AND b.state <> 'issued' AND b.state = 'posted' AND b.usage_through <= :business_date;

-- name: debits_and_credits
-- Debits and credits of the entries of posted bills that are not issued. Leans on ix_bill_not_issued, uq_journal_entry_source_key
-- and ix_posting_journal_entry_id.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT NULL AS in_count, coalesce(sum(p.amount) FILTER (WHERE p.amount > 0), 0) AS in_pence,
       NULL AS out_count, coalesce(sum(-p.amount) FILTER (WHERE p.amount < 0), 0) AS out_pence
  FROM billing.bill b
  JOIN billing.journal_entry e ON e.source_key = 'bill/' || b.id
  JOIN billing.posting p ON p.journal_entry_id = e.id
 WHERE b.district_code = :district AND b.state <> 'issued' AND b.state = 'posted' AND b.usage_through <= :business_date;

-- name: bills_carried
-- Posted bills, not issued, that a group account pays, and what was put on group accounts for them. Leans on ix_bill_not_issued
-- and uq_outside_item_source_key.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT count(*) AS in_count, coalesce(sum(b.amount_due), 0) AS in_pence, count(o.id) AS out_count, coalesce(sum(o.amount), 0) AS out_pence
  FROM billing.bill b
  LEFT JOIN billing.outside_item o ON o.source_key = 'transfer/' || b.id || '/group'
 WHERE b.district_code = :district AND b.state <> 'issued' AND b.state = 'posted' AND b.usage_through <= :business_date
   AND b.payer ->> 'paid_by' IS NOT NULL AND b.amount_due <> 0;

-- name: bills_taken_off
-- What was taken off members for posted bills, not issued, that a group account pays, and what was put on group accounts. Leans
-- on ix_bill_not_issued and uq_outside_item_source_key.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT count(m.id) AS in_count, coalesce(sum(-m.amount), 0) AS in_pence, count(g.id) AS out_count, coalesce(sum(g.amount), 0) AS out_pence
  FROM billing.bill b
  LEFT JOIN billing.outside_item m ON m.source_key = 'transfer/' || b.id || '/member'
  LEFT JOIN billing.outside_item g ON g.source_key = 'transfer/' || b.id || '/group'
 WHERE b.district_code = :district AND b.state <> 'issued' AND b.state = 'posted' AND b.usage_through <= :business_date
   AND b.payer ->> 'paid_by' IS NOT NULL;

-- name: bills_rendered
-- Posted bills that are not issued, and those of them that have their PDF and their e-invoice. Leans on ix_bill_not_issued.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT count(*) AS in_count, coalesce(sum(b.invoice_gross), 0) AS in_pence,
       count(*) FILTER (WHERE f.kinds = 2) AS out_count, coalesce(sum(b.invoice_gross) FILTER (WHERE f.kinds = 2), 0) AS out_pence
  FROM billing.bill b
 CROSS JOIN LATERAL (SELECT count(*) AS kinds FROM billing.bill_file x WHERE x.bill_id = b.id AND x.kind IN ('pdf', 'xml')) f
 WHERE b.district_code = :district AND b.state <> 'issued' AND b.state = 'posted' AND b.usage_through <= :business_date;

-- name: not_rendered
-- Posted bills that are not issued and lack their PDF or their e-invoice: few, or something is very wrong. Leans on ix_bill_not_issued.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT b.number, b.invoice_gross
  FROM billing.bill b
 WHERE b.district_code = :district AND b.state <> 'issued' AND b.state = 'posted' AND b.usage_through <= :business_date
   AND (SELECT count(*) FROM billing.bill_file x WHERE x.bill_id = b.id AND x.kind IN ('pdf', 'xml')) <> 2
 ORDER BY b.id;

-- name: invoices_rendered
-- What posted bills with files come to, and what their e-invoices ask to be paid for them, read in the bytes as our writer
-- writes them; a credit note has its amount the other way round. Leans on ix_bill_not_issued.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT count(*) AS in_count, coalesce(sum(b.invoice_gross), 0) AS in_pence, count(x.pence) AS out_count, coalesce(sum(x.pence), 0) AS out_pence
  FROM billing.bill b
  JOIN billing.bill_file f ON f.bill_id = b.id AND f.kind = 'xml'
 CROSS JOIN LATERAL (SELECT position(CAST('<cbc:PayableAmount currencyID="GBP">' AS bytea) IN f.content) AS starts) p
 CROSS JOIN LATERAL (SELECT CASE WHEN p.starts > 0
                                 THEN CAST(substring(encode(substring(f.content FROM p.starts + 36 FOR 24), 'escape') FROM '^-?[0-9]+\.[0-9][0-9]') AS numeric) * 100
                                      * CASE WHEN b.invoice_gross < 0 THEN -1 ELSE 1 END END AS pence) x
 WHERE b.district_code = :district AND b.state <> 'issued' AND b.state = 'posted' AND b.usage_through <= :business_date;

-- name: bills_issued
-- Bills of the run that are in the ledger and have their files, of partners or of others, and those of them that are issued.
-- Leans on uq_bill_bill_run_id_account_id.
-- example: {"district": "ZZ", "business_date": "2026-01-31", "is_own_retail": true}
SELECT count(*) AS in_count, coalesce(sum(b.invoice_gross), 0) AS in_pence,
       count(*) FILTER (WHERE b.state = 'issued') AS out_count, coalesce(sum(b.invoice_gross) FILTER (WHERE b.state = 'issued'), 0) AS out_pence
  FROM billing.bill_run r
  JOIN billing.bill b ON b.bill_run_id = r.id
  JOIN css.account a ON a.id = b.account_id
  JOIN css.provider p ON p.id = a.provider_id
 WHERE r.district_code = :district AND r.business_date = :business_date AND p.is_own_retail = :is_own_retail AND b.state IN ('posted', 'issued')
   AND EXISTS (SELECT 1 FROM billing.bill_file f WHERE f.bill_id = b.id);

-- name: not_issued
-- Bills of the run that have their files and are not issued: few, or something is very wrong.
-- example: {"district": "ZZ", "business_date": "2026-01-31", "is_own_retail": true}
SELECT b.number, b.invoice_gross
  FROM billing.bill_run r
  JOIN billing.bill b ON b.bill_run_id = r.id
  JOIN css.account a ON a.id = b.account_id
  JOIN css.provider p ON p.id = a.provider_id
 WHERE r.district_code = :district AND r.business_date = :business_date AND p.is_own_retail = :is_own_retail AND b.state = 'posted'
   AND EXISTS (SELECT 1 FROM billing.bill_file f WHERE f.bill_id = b.id)
 ORDER BY b.id;

-- name: files_of_issued
-- The files that went out with the run's issued bills, of partners or of others: what they are called and how large they are. A
-- copy in large print was made later, when somebody asked for it, and lies elsewhere.
-- example: {"district": "ZZ", "business_date": "2026-01-31", "is_own_retail": true}
SELECT f.file_name, octet_length(f.content) AS byte_count
  FROM billing.bill_run r
  JOIN billing.bill b ON b.bill_run_id = r.id
  JOIN css.account a ON a.id = b.account_id
  JOIN css.provider p ON p.id = a.provider_id
  JOIN billing.bill_file f ON f.bill_id = b.id AND f.kind <> 'large.pdf'
 WHERE r.district_code = :district AND r.business_date = :business_date AND p.is_own_retail = :is_own_retail AND b.state = 'issued';

-- name: notices_left
-- Issued bills of the run that partners are told of, and the notices in their outboxes. Leans on uq_outbox_message_source_key.
-- example: {"district": "ZZ", "business_date": "2026-01-31"}
SELECT count(*) AS in_count, NULL AS in_pence, count(o.id) AS out_count, NULL AS out_pence
  FROM billing.bill_run r
  JOIN billing.bill b ON b.bill_run_id = r.id
  JOIN css.account a ON a.id = b.account_id
  JOIN css.provider p ON p.id = a.provider_id
  LEFT JOIN css.outbox_message o ON o.source_key = 'bill/' || b.number || '/notice'
 WHERE r.district_code = :district AND r.business_date = :business_date AND NOT p.is_own_retail AND b.state = 'issued';
