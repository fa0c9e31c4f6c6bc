-- name: open_date
-- The last date whose books are closed: what is newer is looked at call by call and file by file.
-- example: {"district": "ZZ"}
SELECT closed_through FROM css.business_date WHERE district_code = :district;

-- name: entries_balance
-- Debits equal credits in every entry, and none is empty.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('Entry %s is out by %s pence.', e.source_key, coalesce(p.amount::text, 'everything: it has no postings, 0')) AS words
  FROM billing.journal_entry e
 CROSS JOIN LATERAL (SELECT sum(g.amount) AS amount FROM billing.posting g WHERE g.journal_entry_id = e.id) p
 WHERE e.district_code = :district AND e.business_date > :since AND coalesce(p.amount, 1) <> 0
 ORDER BY e.id LIMIT :limit;

-- name: bills_add_up
-- The lines of a bill, its VAT and its totals are one sum, and its lines are numbered without gap.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('Bill %s of account %s: lines make %s, VAT rows are on %s with %s VAT, the bill says %s with %s; %s lines, the last is number %s.',
              coalesce(b.number, 'not numbered'), a.number, l.net, v.net, v.vat, b.invoice_net, b.invoice_vat, l.line_count, l.last_line) AS words
  FROM billing.bill b
  JOIN css.account a ON a.id = b.account_id
 CROSS JOIN LATERAL (SELECT sum(x.net) AS net, count(*) AS line_count, max(x.line_number) AS last_line
                       FROM billing.bill_line x WHERE x.bill_id = b.id) l
 CROSS JOIN LATERAL (SELECT sum(x.net) AS net, sum(x.vat) AS vat FROM billing.bill_vat x WHERE x.bill_id = b.id) v
 WHERE b.district_code = :district AND b.usage_through > :since
   AND (l.net, v.net, v.vat, l.line_count) IS DISTINCT FROM (b.invoice_net, b.invoice_net, b.invoice_vat, l.last_line)
 ORDER BY b.id LIMIT :limit;

-- name: vat_of_lines
-- The VAT rows of a bill are on exactly its lines, category by category and rate by rate.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('Bill %s: VAT %s at %s hundredths of a percent is on %s where the lines make %s.', b.number, x.vat_category, x.vat_basis_points, x.vat_net, x.line_net) AS words
  FROM billing.bill b
 CROSS JOIN LATERAL (SELECT u.vat_category, u.vat_basis_points, sum(u.line_net) AS line_net, sum(u.vat_net) AS vat_net
                       FROM (SELECT vat_category, vat_basis_points, net AS line_net, 0 AS vat_net FROM billing.bill_line WHERE bill_id = b.id
                             UNION ALL
                             SELECT vat_category, vat_basis_points, 0, net FROM billing.bill_vat WHERE bill_id = b.id) u
                      GROUP BY u.vat_category, u.vat_basis_points
                     HAVING sum(u.line_net) <> sum(u.vat_net)) x
 WHERE b.district_code = :district AND b.usage_through > :since
 ORDER BY b.id LIMIT :limit;

-- name: bills_posted
-- Every bill that is posted or issued stands in the ledger with its own amounts: debtors, revenue and VAT.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('Bill %s for %s with %s VAT is posted as %s owed, %s revenue, %s VAT.', b.number, b.invoice_gross, b.invoice_vat,
              p.debtors, p.revenue, p.vat) AS words
  FROM billing.bill b
 CROSS JOIN LATERAL (SELECT coalesce(sum(g.amount) FILTER (WHERE g.nominal_code = 'DEBTORS'), 0) AS debtors,
                            -coalesce(sum(g.amount) FILTER (WHERE g.nominal_code = 'VAT-OUTPUT'), 0) AS vat,
                            -coalesce(sum(g.amount) FILTER (WHERE g.nominal_code NOT IN ('DEBTORS', 'VAT-OUTPUT')), 0) AS revenue
                       FROM billing.journal_entry e JOIN billing.posting g ON g.journal_entry_id = e.id
                      WHERE e.source_key = 'bill/' || b.id) p
 WHERE b.district_code = :district AND b.usage_through > :since AND b.state IN ('posted', 'issued')
   AND (p.debtors, p.revenue, p.vat) IS DISTINCT FROM (b.invoice_gross, b.invoice_net, b.invoice_vat)
 ORDER BY b.id LIMIT :limit;

-- name: entries_without_source
-- Nothing stands in the ledger that no bill, payment or outside item accounts for.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('Entry %s records nothing that exists.', e.source_key) AS words
  FROM billing.journal_entry e
 WHERE e.district_code = :district AND e.business_date > :since AND e.reverses_entry_id IS NULL
   AND NOT CASE split_part(e.source_key, '/', 1)
             WHEN 'bill' THEN EXISTS (SELECT 1 FROM billing.bill b
                                       WHERE b.id = CAST(split_part(e.source_key, '/', 2) AS bigint) AND b.state IN ('posted', 'issued'))
             WHEN 'payment' THEN EXISTS (SELECT 1 FROM billing.payment p WHERE p.number = split_part(e.source_key, '/', 2))
             WHEN 'outside' THEN EXISTS (SELECT 1 FROM billing.outside_item o WHERE o.source_key = substr(e.source_key, 9))
             ELSE FALSE END
 ORDER BY e.id LIMIT :limit;

-- name: account_balances
-- What an account owes by the ledger is its bills and outside items less its payments.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('Account %s owes %s pence by the ledger; its bills are %s, outside items %s, payments %s.', a.number,
              coalesce(g.owed, 0), coalesce(b.gross, 0), coalesce(o.outside, 0), coalesce(p.paid, 0)) AS words
  FROM css.account a
  LEFT JOIN (SELECT account_id, sum(amount) AS owed FROM billing.posting WHERE account_id IS NOT NULL GROUP BY account_id) g ON g.account_id = a.id
  LEFT JOIN (SELECT account_id, sum(invoice_gross) AS gross FROM billing.bill
              WHERE state IN ('posted', 'issued') GROUP BY account_id) b ON b.account_id = a.id
  LEFT JOIN (SELECT account_id, sum(amount) AS outside FROM billing.outside_item GROUP BY account_id) o ON o.account_id = a.id
  LEFT JOIN (SELECT account_id, sum(amount) AS paid FROM billing.payment GROUP BY account_id) p ON p.account_id = a.id
 WHERE a.district_code = :district
   AND coalesce(g.owed, 0) <> coalesce(b.gross, 0) + coalesce(o.outside, 0) - coalesce(p.paid, 0)
 ORDER BY a.id LIMIT :limit;

-- name: amounts_due
-- The amount due on a bill is what the ledger said at its cut without it, plus the bill.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('Bill %s asks for %s pence; by the ledger %s were owed at its cut and the invoice is %s.', b.number, b.amount_due,
              g.owed - o.posted, b.invoice_gross) AS words
  FROM billing.bill b
 CROSS JOIN LATERAL (SELECT coalesce(sum(p.amount), 0) AS owed
                       FROM billing.posting p
                      WHERE p.account_id = b.account_id AND p.business_date <= b.usage_through) g
 CROSS JOIN LATERAL (SELECT coalesce(sum(p.amount), 0) AS posted
                       FROM billing.journal_entry e JOIN billing.posting p ON p.journal_entry_id = e.id
                      WHERE e.source_key = 'bill/' || b.id AND p.account_id = b.account_id AND p.business_date <= b.usage_through) o
 WHERE b.district_code = :district AND b.usage_through > :since AND b.number IS NOT NULL
   AND b.amount_due <> g.owed - o.posted + b.invoice_gross
 ORDER BY b.id LIMIT :limit;

-- name: balances_carried
-- What a bill brings forward is what the one before asked for.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('Bill %s brings forward %s pence where the bill before it asked for %s.', b.number, b.brought_forward, coalesce(e.amount_due, 0)) AS words
  FROM billing.bill b
  LEFT JOIN LATERAL (SELECT amount_due FROM billing.bill p
                      WHERE p.account_id = b.account_id AND p.usage_through < b.usage_through
                      ORDER BY p.usage_through DESC LIMIT 1) e ON TRUE
 WHERE b.district_code = :district AND b.usage_through > :since AND b.brought_forward <> coalesce(e.amount_due, 0)
 ORDER BY b.id LIMIT :limit;

-- name: numbers_without_gap
-- The bills of a series, and the credit notes of theirs, are numbered from 1 without gap, and the series knows the last.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('Series %s has given %s numbers, %s bills carry one, the highest is %s.', s.series, s.last_serial, b.bills, b.highest) AS words
  FROM billing.bill_series s
 CROSS JOIN LATERAL (SELECT count(*) AS bills, coalesce(max(serial), 0) AS highest FROM billing.bill WHERE series = s.series) b
 WHERE s.series IN (:district, :district || 'N') AND (s.last_serial <> b.bills OR s.last_serial <> b.highest)
 LIMIT :limit;

-- name: files_there
-- Every issued bill has its PDF and its e-invoice, and a firm's recent one its data file (rules/papers.py); older ones were
-- issued before there was any. Whether calls ought to be among the files is known to who reads the bill.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('Bill %s is issued without its %s.', b.number, string_agg(w.kind, ' and ' ORDER BY w.kind)) AS words
  FROM billing.bill b
 CROSS JOIN LATERAL (VALUES ('pdf'), ('xml'),
                            (CASE WHEN b.usage_through > :since AND b.payer->>'segment' IN ('business', 'wholesale') THEN 'csv' END)) AS w (kind)
  LEFT JOIN billing.bill_file f ON f.bill_id = b.id AND f.kind = w.kind
 WHERE b.district_code = :district AND b.state = 'issued' AND w.kind IS NOT NULL AND f.bill_id IS NULL
 GROUP BY b.id, b.number
 ORDER BY b.id LIMIT :limit;

-- name: files_unspoilt
-- The files of recent bills are what was rendered.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('The %s of bill %s is not what was rendered.', f.kind, b.number) AS words
  FROM billing.bill b JOIN billing.bill_file f ON f.bill_id = b.id
 WHERE b.district_code = :district AND b.usage_through > :since AND encode(sha256(f.content), 'hex') <> f.sha256
 ORDER BY b.id LIMIT :limit;

-- name: run_accounts
-- Every account on a run's list has its bill, is parked with a reason, or had nothing to bill and moved on.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('Account %s was to be billed on %s and was not.', a.number, r.business_date) AS words
  FROM billing.bill_run r
  JOIN billing.bill_run_account k ON k.bill_run_id = r.id
  JOIN css.account a ON a.id = k.account_id
  JOIN billing.account_cycle c ON c.account_id = k.account_id
 WHERE r.district_code = :district AND r.business_date > :since AND k.parked_code IS NULL
   AND (c.usage_billed_through IS NULL OR c.usage_billed_through < r.business_date)
   AND NOT EXISTS (SELECT 1 FROM billing.bill b WHERE b.bill_run_id = r.id AND b.account_id = k.account_id)
 ORDER BY a.id LIMIT :limit;

-- name: services_charged
-- A service that works is charged up to its account's next cycle date, on accounts billed since then. (One that costs
-- nothing has no lines.) One whose end was recorded after the last cut is left to the next bill: which end that cut knew, if it
-- knew any, is not kept.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('Service %s (%s) on account %s works and is charged only up to %s, not to %s.', s.id, p.code, a.number,
              coalesce(l.charged_until::text, 'no day'), c.next_bill_on) AS words
  FROM css.service s
  JOIN css.account a ON a.id = s.account_id
  JOIN css.product p ON p.id = s.product_id
  JOIN billing.account_cycle c ON c.account_id = s.account_id
  LEFT JOIN (SELECT service_id, max(ends_on) AS charged_until
               FROM billing.bill_line WHERE kind IN ('rental', 'part-period') AND net > 0 GROUP BY service_id) l ON l.service_id = s.id
 WHERE s.district_code = :district AND NOT c.is_finished AND c.usage_billed_through > :since
   AND s.start_recorded_on <= c.usage_billed_through AND s.starts_on < c.next_bill_on
   AND s.end_recorded_on IS NULL
   AND EXISTS (SELECT 1 FROM css.product_price r
                WHERE r.product_id = s.product_id AND r.kind = 'rental' AND r.segment = a.segment AND r.net_price > 0
                  AND r.starts_on < c.next_bill_on AND (r.ends_on IS NULL OR r.ends_on >= c.next_bill_on)
                  -- One laid over it, seen by the last bill or not: what the rental comes to then is not for this check to say.
                  AND NOT EXISTS (SELECT 1 FROM css.product_price o
                                   WHERE o.product_id = r.product_id AND o.kind = r.kind AND o.segment = r.segment
                                     AND o.recorded_on IS NOT NULL
                                     AND o.starts_on < c.next_bill_on AND (o.ends_on IS NULL OR o.ends_on >= c.next_bill_on)
                                     AND o.net_price <= 0))
   AND (l.charged_until IS NULL OR l.charged_until < c.next_bill_on)
 ORDER BY s.id LIMIT :limit;

-- name: ended_not_charged
-- Nothing is charged for periods that begin when a service has ended, on accounts billed since then.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('Service %s on account %s ended on %s and is charged %s pence for later periods.', s.id, a.number, s.ends_on, sum(l.net)) AS words
  FROM css.service s
  JOIN css.account a ON a.id = s.account_id
  JOIN billing.account_cycle c ON c.account_id = s.account_id
  JOIN billing.bill_line l ON l.account_id = s.account_id AND l.service_id = s.id AND l.kind IN ('rental', 'part-period')
 WHERE s.district_code = :district AND c.usage_billed_through > :since AND s.end_recorded_on <= c.usage_billed_through AND l.rental_period_starts_on >= s.ends_on
 GROUP BY s.id, a.number, s.ends_on
HAVING sum(l.net) <> 0
 ORDER BY s.id LIMIT :limit;

-- name: items_taken
-- What was left on the shelf before an account's last cut is on a bill.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('Item %s left on %s is on no bill of account %s.', i.source_key, i.business_date, a.number) AS words
  FROM css.billable_item i
  JOIN css.account a ON a.id = i.account_id
  JOIN billing.account_cycle c ON c.account_id = i.account_id
 WHERE i.district_code = :district AND i.business_date <= c.usage_billed_through
   AND NOT EXISTS (SELECT 1 FROM billing.bill_line l WHERE l.billable_item_id = i.id)
 ORDER BY i.id LIMIT :limit;

-- name: failures_taken
-- Broken promises of nights gone by are compensated, or known to be worth nothing.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('Service failure %s left on %s was not taken.', f.source_key, f.business_date) AS words
  FROM css.service_failure f
 WHERE f.district_code = :district
   AND f.business_date <= (SELECT max(business_date) FROM billing.bill_run WHERE district_code = :district)
   AND NOT EXISTS (SELECT 1 FROM billing.outside_item o WHERE o.source_key = f.source_key)
 ORDER BY f.id LIMIT :limit;

-- name: days_credited
-- What was credited for broken promises is what its days come to, and each of these days belongs to one.
-- Leans on uq_outside_item_source_key.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('%s days worth %s pence are credited for %s, where the account was given %s.', d.days, d.pence, d.source_key, coalesce(-o.amount, 0)) AS words
  FROM (SELECT c.source_key, count(*) AS days, sum(c.amount) AS pence, min(c.line_id) AS line_id FROM billing.credited_day c GROUP BY c.source_key) d
  JOIN css.line l ON l.id = d.line_id AND l.district_code = :district
  LEFT JOIN billing.outside_item o ON o.source_key = d.source_key
 WHERE d.pence IS DISTINCT FROM -o.amount
 ORDER BY d.source_key LIMIT :limit;

-- name: calls_of_files
-- The calls rated with a file's blocks are as many as the blocks say, and cost as much. Those rated later, when a record that
-- waited was settled, are counted by calls_of_settled. Leans on ix_usage_set_aside_settled_on.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
WITH priced AS (
  SELECT c.usage_record_id / 10000000 AS usage_file_id, count(*) AS calls, sum(c.net_millionths) AS millionths
    FROM billing.rated_call c
   WHERE c.district_code = :district AND c.rated_on > :since AND c.rerating_id IS NULL
     AND NOT EXISTS (SELECT 1 FROM billing.usage_set_aside s
                      WHERE s.district_code = :district AND s.settled_on > :since AND s.usage_record_id = c.usage_record_id)
   GROUP BY 1),
blocks AS (
  SELECT f.id AS usage_file_id, sum(r.rated_count + r.zero_rated_count) AS calls, sum(r.net_millionths) AS millionths
    FROM billing.usage_file f
    JOIN billing.usage_block b ON b.usage_file_id = f.id
    JOIN billing.rated_block r ON r.usage_block_id = b.id AND r.rated_on > :since
   WHERE f.district_code = :district AND f.business_date > :since
   GROUP BY f.id)
SELECT format('Usage file %s: its blocks rated %s calls for %s millionths of a penny; %s are there, for %s.', usage_file_id,
              coalesce(b.calls, 0), coalesce(b.millionths, 0), coalesce(p.calls, 0), coalesce(p.millionths, 0)) AS words
  FROM blocks b FULL JOIN priced p USING (usage_file_id)
 WHERE (coalesce(b.calls, 0), coalesce(b.millionths, 0)) <> (coalesce(p.calls, 0), coalesce(p.millionths, 0))
 ORDER BY usage_file_id LIMIT :limit;

-- name: calls_of_settled
-- A record settled as rated or zero-rated has one rated call, a long call has one for all its parts (or two, where a carrier
-- has used its id again), and what was settled otherwise has none. Leans on ix_usage_set_aside_settled_on.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('Record %s, settled on %s as %s, has %s rated calls.', min(s.usage_record_id), s.settled_on, min(s.settled_as), count(c.usage_record_id)) AS words
  FROM billing.usage_set_aside s
  LEFT JOIN billing.rated_call c ON c.district_code = :district AND c.rated_on > :since AND c.rated_on = s.settled_on
                                AND c.usage_record_id = s.usage_record_id AND c.rerating_id IS NULL
 WHERE s.district_code = :district AND s.settled_on > :since
 GROUP BY s.settled_on, s.supplier, coalesce(s.chain_id, ''), CASE WHEN s.chain_id IS NULL THEN s.usage_record_id END
HAVING CASE WHEN min(s.chain_id) IS NULL THEN count(c.usage_record_id) <> CAST(bool_or(s.settled_as IN ('rated', 'zero-rated')) AS integer)
            ELSE (count(c.usage_record_id) = 0) = bool_or(s.settled_as IN ('rated', 'zero-rated')) END
 ORDER BY 1 LIMIT :limit;

-- name: calls_of_records
-- Every rated call prices a record that came: a line of a file of its district.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('Rated call %s prices a record that never came.', c.usage_record_id) AS words
  FROM billing.rated_call c
  LEFT JOIN billing.usage_file f ON f.id = c.usage_record_id / 10000000 AND f.district_code = :district
 WHERE c.district_code = :district AND c.rated_on > :since
   AND (f.id IS NULL OR c.usage_record_id % 10000000 NOT BETWEEN 1 AND f.record_count)
 ORDER BY c.usage_record_id LIMIT :limit;

-- name: calls_of_services
-- Every rated call is of a service whose number it was when it began, on that service's account, unless re-rating has taken it
-- back. One interval that covers the first and the last call of a number is enough; only the numbers for which there is none
-- are looked at call by call. (MATERIALIZED, or PostgreSQL looks at every call before it knows which numbers are in doubt.)
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
WITH used AS (
  SELECT service_id, account_id, charged_number, min(started_at) AS first_at, max(started_at) AS last_at
    FROM billing.rated_call
   WHERE district_code = :district AND rated_on > :since AND call_count >= 0
   GROUP BY service_id, account_id, charged_number),
doubtful AS MATERIALIZED (
  SELECT u.service_id, u.account_id, u.charged_number FROM used u
   WHERE NOT EXISTS (SELECT 1 FROM css.service_number n JOIN css.service s ON s.id = n.service_id
                      WHERE n.service_id = u.service_id AND s.account_id = u.account_id AND n.number = u.charged_number
                        AND n.starts_at <= u.first_at AND (n.ends_at IS NULL OR u.last_at < n.ends_at))),
suspect AS (
  SELECT r.usage_record_id, r.service_id, r.account_id
    FROM doubtful d
    JOIN billing.rated_call r ON r.district_code = :district AND r.rated_on > :since AND r.account_id = d.account_id
                             AND r.service_id = d.service_id AND r.charged_number = d.charged_number AND r.call_count >= 0
   WHERE NOT EXISTS (SELECT 1 FROM css.service_number n JOIN css.service s ON s.id = n.service_id
                      WHERE n.service_id = r.service_id AND s.account_id = r.account_id AND n.number = r.charged_number
                        AND n.starts_at <= r.started_at AND (n.ends_at IS NULL OR r.started_at < n.ends_at)))
SELECT format('Rated call %s is of service %s, whose number it was not then.', c.usage_record_id, c.service_id) AS words
  FROM suspect c
 WHERE NOT EXISTS (SELECT 1 FROM billing.rated_call b
                    WHERE b.district_code = :district AND b.rated_on > :since AND b.rerating_id IS NOT NULL AND b.call_count < 0
                      AND b.usage_record_id = c.usage_record_id AND b.account_id = c.account_id)
 ORDER BY c.usage_record_id LIMIT :limit;

-- name: calls_billed
-- The calls a bill has taken are the calls its lines charge: as many, as long, and the same sum to half a penny a line; and so
-- the corrections of calls. What moves calls of bills before to another VAT takes none.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
WITH recent AS (
  SELECT b.id, b.number, b.account_id, b.usage_through, coalesce(b.usage_after + 1, greatest(a.opened_on, f.first_night)) AS first_night
    FROM billing.bill b
    JOIN css.account a ON a.id = b.account_id
   CROSS JOIN (SELECT min(rated_on) AS first_night FROM billing.rated_call WHERE district_code = :district) f
   WHERE b.district_code = :district AND b.usage_through > :since)
SELECT format('Bill %s: %s calls of %s seconds for %s millionths of a penny are taken, and %s corrections for %s; its lines charge %s calls of %s seconds for %s pence, and %s corrections for %s.',
              coalesce(b.number, 'of account ' || b.account_id), c.calls, c.seconds, c.millionths, c.corrections, c.corrected, l.calls, l.seconds,
              l.net, l.corrections, l.corrected) AS words
  FROM recent b
 CROSS JOIN LATERAL (
   SELECT count(*) FILTER (WHERE k.is_call) AS calls, coalesce(sum(k.seconds), 0) AS seconds,
          coalesce(sum(k.millionths) FILTER (WHERE k.is_call), 0) AS millionths,
          count(*) FILTER (WHERE NOT k.is_call) AS corrections, coalesce(sum(k.millionths) FILTER (WHERE NOT k.is_call), 0) AS corrected
     FROM (SELECT r.rerating_id IS NULL AS is_call, sum(r.duration_seconds) AS seconds, sum(r.net_millionths) AS millionths
             FROM generate_series(0, b.usage_through - b.first_night) AS n (night)
            CROSS JOIN LATERAL (SELECT x.* FROM billing.rated_call x
                                 WHERE x.district_code = :district AND x.account_id = b.account_id AND x.rated_on = b.first_night + n.night
                                   AND (x.net_millionths <> 0 OR x.is_itemised AND x.rerating_id IS NULL)
                                OFFSET 0) r
            GROUP BY r.usage_record_id, is_call, r.charged_number, r.charge_class, r.band, r.vat_basis_points
           HAVING bool_and(r.rerating_id IS NULL) OR sum(r.net_millionths) <> 0) k) c
 CROSS JOIN LATERAL (
   SELECT coalesce(sum(quantity) FILTER (WHERE unit = 'call'), 0) AS calls, coalesce(sum(duration_seconds), 0) AS seconds,
          coalesce(sum(net) FILTER (WHERE unit = 'call'), 0) AS net, count(*) FILTER (WHERE unit = 'call') AS line_count,
          coalesce(sum(abs(quantity)) FILTER (WHERE unit <> 'call'), 0) AS corrections,
          coalesce(sum(net) FILTER (WHERE unit <> 'call'), 0) AS corrected, count(*) FILTER (WHERE unit <> 'call') AS correction_count
     FROM billing.bill_line x WHERE x.bill_id = b.id AND x.kind = 'calls' AND x.unit <> 'vat-correction') l
 WHERE c.calls <> l.calls OR c.seconds <> l.seconds OR abs(c.millionths - l.net * 1000000) > l.line_count * 500000
    OR c.corrections <> l.corrections OR abs(c.corrected - l.corrected * 1000000) > l.correction_count * 500000
 ORDER BY b.id LIMIT :limit;

-- name: windows_meet
-- A bill takes calls from where the one before it stopped, or later when there was nothing between: none twice, none left out.
-- A credit note takes none, and none from the bill after it.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('Bill %s takes calls after %s, but the bill before it stopped at %s.', coalesce(b.number, 'of account ' || b.account_id),
              coalesce(b.usage_after::text, 'the beginning'), coalesce(e.usage_through::text, 'the beginning')) AS words
  FROM billing.bill b
  JOIN css.account a ON a.id = b.account_id
 CROSS JOIN (SELECT min(rated_on) AS first_night FROM billing.rated_call WHERE district_code = :district) f
  LEFT JOIN LATERAL (SELECT max(p.usage_through) AS usage_through FROM billing.bill p
                      WHERE p.account_id = b.account_id AND p.usage_through < b.usage_through AND p.kind <> 'credit-note') e ON TRUE
 CROSS JOIN LATERAL (SELECT coalesce(e.usage_through + 1, greatest(a.opened_on, f.first_night)) AS first_night) w
 WHERE b.district_code = :district AND b.usage_through > :since AND b.kind <> 'credit-note'
   AND (coalesce(b.usage_after, '-infinity') < coalesce(e.usage_through, '-infinity')
        OR EXISTS (SELECT 1
                     FROM generate_series(0, b.usage_after - w.first_night) AS n (night)
                    CROSS JOIN LATERAL (SELECT 1 FROM billing.rated_call r
                                         WHERE r.district_code = :district AND r.account_id = b.account_id AND r.rated_on = w.first_night + n.night
                                           AND (r.net_millionths <> 0 OR r.is_itemised AND r.rerating_id IS NULL)
                                        OFFSET 0) r))
 ORDER BY b.id LIMIT :limit;

-- name: credits_within
-- No bill was credited with more than it charged at a rate of VAT, discounts and promotions taken off, and a credit stands on its
-- bill with the amount it was made for. Leans on ix_adjustment_bill_line_id and uq_bill_line_bill_id_line_number.
-- example: {"district": "ZZ", "limit": 50}
SELECT format('Bill %s charges %s pence at %s of %s hundredths of a percent and is credited with %s.', b.number, v.net, c.vat_category, c.vat_basis_points, c.net) AS words
  FROM (SELECT l.bill_id, l.vat_category, l.vat_basis_points, -sum(a.net) AS net
          FROM billing.adjustment a JOIN billing.bill_line l ON l.id = a.bill_line_id
         WHERE a.district_code = :district
         GROUP BY l.bill_id, l.vat_category, l.vat_basis_points) c
  JOIN billing.bill b ON b.id = c.bill_id
 CROSS JOIN LATERAL (SELECT sum(o.net) AS net FROM billing.bill_line o
                      WHERE o.bill_id = c.bill_id AND o.vat_category = c.vat_category AND o.vat_basis_points = c.vat_basis_points
                        AND (o.net > 0 OR o.kind = 'discount' OR o.promotion_id IS NOT NULL)) v
 WHERE c.net > v.net
UNION ALL
SELECT format('Adjustment %s of %s pence stands on a bill with %s.', a.id, a.net, l.net)
  FROM billing.adjustment a JOIN billing.bill_line l ON l.adjustment_id = a.id
 WHERE a.district_code = :district AND l.net <> a.net
 LIMIT :limit;

-- name: transfers_meet
-- What was taken off a member for its bill was put on its group account, and every posted bill that a group pays was carried over.
-- Leans on pk_bill.
-- example: {"district": "ZZ", "since": "2026-01-30", "limit": 50}
SELECT format('Bill %s asks for %s pence, of which %s were taken off its account and %s put on another.', b.number, b.amount_due,
              -coalesce(t.member, 0), coalesce(t.carried, 0)) AS words
  FROM billing.bill b
 CROSS JOIN LATERAL (SELECT sum(o.amount) FILTER (WHERE o.account_id = b.account_id) AS member,
                            sum(o.amount) FILTER (WHERE o.account_id <> b.account_id) AS carried
                       FROM billing.outside_item o
                      WHERE o.source_key IN ('transfer/' || b.id || '/member', 'transfer/' || b.id || '/group')) t
 WHERE b.district_code = :district AND b.usage_through > :since AND b.state IN ('posted', 'issued') AND b.payer ->> 'paid_by' IS NOT NULL
   AND (coalesce(-t.member, 0), coalesce(t.carried, 0)) <> (b.amount_due, b.amount_due)
 ORDER BY b.id LIMIT :limit;

-- name: clearing_is_nil
-- Between members' bills and the group accounts that pay them nothing is left over.
-- example: {"district": "ZZ"}
SELECT format('GROUP-CLEARING stands at %s pence.', sum(g.amount)) AS words
  FROM billing.posting g
  JOIN billing.journal_entry e ON e.id = g.journal_entry_id
 WHERE e.district_code = :district AND g.nominal_code = 'GROUP-CLEARING'
HAVING sum(g.amount) <> 0;

-- name: closed_months_stay
-- What a closed month says was debited and credited, nominal by nominal, is what the ledger has for its days.
-- example: {"district": "ZZ", "limit": 50}
WITH now AS (
  SELECT c.starts_on, g.nominal_code, coalesce(sum(g.amount) FILTER (WHERE g.amount > 0), 0) AS debits,
         coalesce(-sum(g.amount) FILTER (WHERE g.amount < 0), 0) AS credits
    FROM billing.period_close c
    JOIN billing.journal_entry e ON e.district_code = c.district_code AND e.business_date >= c.starts_on AND e.business_date < c.ends_on
    JOIN billing.posting g ON g.journal_entry_id = e.id
   WHERE c.district_code = :district AND c.kind = 'month'
   GROUP BY c.starts_on, g.nominal_code),
kept AS (
  SELECT n.starts_on, n.nominal_code, n.debits, n.credits
    FROM billing.period_close c
    JOIN billing.period_nominal n ON n.district_code = c.district_code AND n.kind = c.kind AND n.starts_on = c.starts_on
   WHERE c.district_code = :district AND c.kind = 'month')
SELECT format('Month %s is closed with %s pence debited and %s credited to %s; the ledger now has %s and %s.',
              to_char(coalesce(k.starts_on, w.starts_on), 'YYYY-MM'), coalesce(k.debits, 0), coalesce(k.credits, 0),
              coalesce(k.nominal_code, w.nominal_code), coalesce(w.debits, 0), coalesce(w.credits, 0)) AS words
  FROM kept k FULL JOIN now w ON w.starts_on = k.starts_on AND w.nominal_code = k.nominal_code
 WHERE (coalesce(k.debits, 0), coalesce(k.credits, 0)) <> (coalesce(w.debits, 0), coalesce(w.credits, 0))
 ORDER BY coalesce(k.starts_on, w.starts_on), coalesce(k.nominal_code, w.nominal_code) LIMIT :limit;

-- name: issued_bills
-- Recent bills that have files, to be read back.
-- example: {"district": "ZZ", "since": "2026-01-30"}
SELECT b.id
  FROM billing.bill b
 WHERE b.district_code = :district AND b.usage_through > :since AND b.state IN ('posted', 'issued')
   AND EXISTS (SELECT 1 FROM billing.bill_file f WHERE f.bill_id = b.id)
 ORDER BY b.id;

-- name: files
-- The stored files of these bills, of these kinds.
-- example: {"bills": [1], "kinds": ["xml"]}
SELECT f.bill_id, f.kind, f.content FROM billing.bill_file f WHERE f.bill_id = ANY(:bills) AND f.kind = ANY(:kinds) ORDER BY f.bill_id, f.kind;

-- name: posted_amounts
-- What the ledger has for these bills, nought for nothing.
-- example: {"bills": [1]}
SELECT b.id AS bill_id, CAST(coalesce(sum(g.amount) FILTER (WHERE g.nominal_code = 'DEBTORS'), 0) AS bigint) AS debtors,
       CAST(-coalesce(sum(g.amount) FILTER (WHERE g.nominal_code = 'VAT-OUTPUT'), 0) AS bigint) AS vat,
       CAST(-coalesce(sum(g.amount) FILTER (WHERE g.nominal_code NOT IN ('DEBTORS', 'VAT-OUTPUT')), 0) AS bigint) AS revenue
  FROM billing.bill b
  LEFT JOIN billing.journal_entry e ON e.source_key = 'bill/' || b.id
  LEFT JOIN billing.posting g ON g.journal_entry_id = e.id
 WHERE b.id = ANY(:bills)
 GROUP BY b.id
 ORDER BY b.id;
