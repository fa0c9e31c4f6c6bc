-- name: trial_balance
-- The whole ledger of a district by nominal: before some days, on them, and at their end. Every posting is read: that what the last
-- close left is still so is what is to be proved.
-- example: {"district": "ZZ", "starts_on": "2026-01-01", "ends_on": "2026-02-01"}
SELECT g.nominal_code,
       CAST(coalesce(sum(g.amount) FILTER (WHERE e.business_date < :starts_on), 0) AS bigint) AS before,
       CAST(coalesce(sum(g.amount) FILTER (WHERE e.business_date >= :starts_on AND g.amount > 0), 0) AS bigint) AS debits,
       CAST(coalesce(-sum(g.amount) FILTER (WHERE e.business_date >= :starts_on AND g.amount < 0), 0) AS bigint) AS credits,
       CAST(sum(g.amount) AS bigint) AS closing
  FROM billing.journal_entry e
  JOIN billing.posting g ON g.journal_entry_id = e.id
 WHERE e.district_code = :district AND e.business_date < :ends_on
 GROUP BY g.nominal_code
 ORDER BY g.nominal_code;

-- name: vat
-- The VAT of the bills entered on some days, by category, rate and whether their tax point lies before the first of them.
-- Leans on ix_journal_entry_district_code_business_date.
-- example: {"district": "ZZ", "starts_on": "2026-01-01", "ends_on": "2026-02-01"}
SELECT v.vat_category, v.vat_basis_points, b.issue_on < :starts_on AS is_earlier, count(*) AS bill_count,
       CAST(sum(v.net) AS bigint) AS net, CAST(sum(v.vat) AS bigint) AS vat
  FROM billing.journal_entry e
  JOIN billing.bill b ON b.id = CAST(split_part(e.source_key, '/', 2) AS bigint)
  JOIN billing.bill_vat v ON v.bill_id = b.id
 WHERE e.district_code = :district AND e.business_date >= :starts_on AND e.business_date < :ends_on AND e.source_key LIKE 'bill/%'
 GROUP BY v.vat_category, v.vat_basis_points, is_earlier
 ORDER BY v.vat_category, v.vat_basis_points, is_earlier;

-- name: revenue
-- What the bills entered on some days charge before VAT, by kind of line. Leans on ix_journal_entry_district_code_business_date.
-- example: {"district": "ZZ", "starts_on": "2026-01-01", "ends_on": "2026-02-01"}
SELECT l.kind AS key, count(*) AS item_count, CAST(sum(l.net) AS bigint) AS amount
  FROM billing.journal_entry e
  JOIN billing.bill_line l ON l.bill_id = CAST(split_part(e.source_key, '/', 2) AS bigint)
 WHERE e.district_code = :district AND e.business_date >= :starts_on AND e.business_date < :ends_on AND e.source_key LIKE 'bill/%'
 GROUP BY l.kind
 ORDER BY l.kind;

-- name: payments
-- Money that came in on some business dates, by means.
-- example: {"district": "ZZ", "starts_on": "2026-01-01", "ends_on": "2026-02-01"}
SELECT p.method AS key, count(*) AS item_count, CAST(sum(p.amount) AS bigint) AS amount
  FROM billing.payment p
 WHERE p.district_code = :district AND p.business_date >= :starts_on AND p.business_date < :ends_on
 GROUP BY p.method
 ORDER BY p.method;

-- name: outside
-- What changed what is owed on some business dates without being a supply, by kind.
-- example: {"district": "ZZ", "starts_on": "2026-01-01", "ends_on": "2026-02-01"}
SELECT o.kind AS key, count(*) AS item_count, CAST(sum(o.amount) AS bigint) AS amount
  FROM billing.outside_item o
  JOIN css.account a ON a.id = o.account_id
 WHERE a.district_code = :district AND o.business_date >= :starts_on AND o.business_date < :ends_on AND o.amount <> 0
 GROUP BY o.kind
 ORDER BY o.kind;

-- name: failures
-- Compensation and guarantees given on some business dates, by what they are and which promise was broken.
-- example: {"district": "ZZ", "starts_on": "2026-01-01", "ends_on": "2026-02-01"}
SELECT o.kind || '/' || coalesce(f.kind, 'no-failure') AS key, count(*) AS item_count, CAST(sum(o.amount) AS bigint) AS amount
  FROM billing.outside_item o
  JOIN css.account a ON a.id = o.account_id
  LEFT JOIN css.service_failure f ON f.source_key = o.source_key
 WHERE a.district_code = :district AND o.business_date >= :starts_on AND o.business_date < :ends_on AND o.amount <> 0
   AND o.kind IN ('compensation', 'guarantee')
 GROUP BY 1
 ORDER BY 1;

-- name: failures_entered
-- What entries of some days put on accounts for broken promises, told by the promise on the shelf and not by what was given for it.
-- Leans on ix_journal_entry_district_code_business_date and ix_posting_journal_entry_id.
-- example: {"district": "ZZ", "starts_on": "2026-01-01", "ends_on": "2026-02-01"}
SELECT count(*) AS entry_count, CAST(coalesce(sum(g.amount), 0) AS bigint) AS debtors
  FROM billing.journal_entry e
  JOIN css.service_failure f ON f.source_key = substr(e.source_key, length('outside/') + 1)
 CROSS JOIN LATERAL (SELECT coalesce(sum(p.amount), 0) AS amount
                       FROM billing.posting p WHERE p.journal_entry_id = e.id AND p.nominal_code = 'DEBTORS') g
 WHERE e.district_code = :district AND e.business_date >= :starts_on AND e.business_date < :ends_on AND e.source_key LIKE 'outside/%';

-- name: credits
-- What was credited by hand on some business dates, by operator: adjustments before VAT, and goodwill outside it. Whose goodwill it
-- was is known to the audit trail. Leans on ix_audit_event_subject.
-- example: {"district": "ZZ", "starts_on": "2026-01-01", "ends_on": "2026-02-01"}
SELECT c.operator || '/' || c.what AS key, count(*) AS item_count, count(*) FILTER (WHERE c.is_signed) AS of_which_count,
       CAST(sum(c.amount) AS bigint) AS amount
  FROM (SELECT j.made_by AS operator, 'adjustment' AS what, j.approved_by IS NOT NULL AS is_signed, j.net AS amount
          FROM billing.adjustment j
         WHERE j.district_code = :district AND j.business_date >= :starts_on AND j.business_date < :ends_on AND j.net < 0
        UNION ALL
        SELECT coalesce(t.actor_name, 'not known'), 'goodwill', t.after ->> 'approved_by' IS NOT NULL, o.amount
          FROM billing.outside_item o
          JOIN css.account a ON a.id = o.account_id
          LEFT JOIN css.audit_event t ON t.subject_kind = 'account' AND t.subject_number = a.number AND t.verb = 'enter_outside_item'
                                     AND t.after ->> 'source_key' = o.source_key
         WHERE a.district_code = :district AND o.business_date >= :starts_on AND o.business_date < :ends_on AND o.kind = 'goodwill') c
 GROUP BY c.operator, c.what
 ORDER BY c.operator, c.what;

-- name: owed_by_account
-- What is owed at the end of the day before a date, or is in credit, added up account by account for itself.
-- Leans on ix_posting_account_id_business_date.
-- example: {"district": "ZZ", "ends_on": "2026-02-01"}
SELECT count(*) FILTER (WHERE o.owed > 0) AS owing_count, CAST(coalesce(sum(o.owed) FILTER (WHERE o.owed > 0), 0) AS bigint) AS owing,
       count(*) FILTER (WHERE o.owed < 0) AS credit_count, CAST(coalesce(sum(o.owed) FILTER (WHERE o.owed < 0), 0) AS bigint) AS credit
  FROM (SELECT sum(g.amount) AS owed
          FROM billing.posting g JOIN css.account a ON a.id = g.account_id
         WHERE a.district_code = :district AND g.business_date < :ends_on
         GROUP BY g.account_id) o;

-- name: open_charges
-- The latest charges of each account that owes something, which together make what it owes before a day, the latest first, with when
-- each was due: as for a statement of one account. Leans on ix_posting_account_id_business_date.
-- example: {"district": "ZZ", "ends_on": "2026-02-01"}
SELECT c.account_id, c.owed, coalesce(b.due_on, c.business_date) AS due_on, c.amount, c.later
  FROM (SELECT g.account_id, g.business_date, g.amount, e.source_key, e.id, o.owed,
               sum(g.amount) OVER (PARTITION BY g.account_id ORDER BY g.business_date DESC, e.id DESC) - g.amount AS later
          FROM (SELECT g.account_id, sum(g.amount) AS owed
                  FROM billing.posting g JOIN css.account a ON a.id = g.account_id
                 WHERE a.district_code = :district AND g.business_date < :ends_on
                 GROUP BY g.account_id
                HAVING sum(g.amount) > 0) o
          JOIN billing.posting g ON g.account_id = o.account_id AND g.business_date < :ends_on AND g.amount > 0
          JOIN billing.journal_entry e ON e.id = g.journal_entry_id) c
  LEFT JOIN billing.bill b ON b.id = CASE WHEN c.source_key LIKE 'bill/%' THEN CAST(split_part(c.source_key, '/', 2) AS bigint) END
 WHERE c.later < c.owed
 ORDER BY c.account_id, c.business_date DESC, c.id DESC;

-- name: unbilled_calls
-- Calls rated by the end of some days that stand on no bill entered by then, by class; before what comes off calls. A credit note
-- takes no calls. Leans on ix_bill_account_id and ix_rated_call_rated_on_account_id.
-- example: {"district": "ZZ", "ends_on": "2026-02-01"}
SELECT r.charge_class AS key, CAST(sum(r.call_count) AS bigint) AS item_count, CAST(sum(r.duration_seconds) AS bigint) AS duration_seconds,
       sum(r.net_millionths) AS net_millionths
  FROM css.account a
  LEFT JOIN LATERAL (SELECT b.usage_through
                       FROM billing.bill b LEFT JOIN billing.journal_entry e ON e.source_key = 'bill/' || b.id
                      WHERE b.account_id = a.id AND b.kind <> 'credit-note' AND b.state IN ('posted', 'issued')
                        AND b.usage_through < :ends_on AND coalesce(e.business_date, b.usage_through) < :ends_on
                      ORDER BY b.usage_through DESC LIMIT 1) t ON TRUE
  JOIN billing.rated_call r ON r.account_id = a.id AND r.rated_on > coalesce(t.usage_through, '-infinity')
 WHERE a.district_code = :district AND r.district_code = :district AND r.rated_on < :ends_on
 GROUP BY r.charge_class
 ORDER BY r.charge_class;

-- name: unbilled_rentals
-- Services and monthly credits of which days before a date stand on no bill entered by then; and those whose end the last bill did
-- not know, of which days were charged that they did not work. What never cost anything is left out.
-- example: {"district": "ZZ", "ends_on": "2026-02-01"}
WITH entered AS (
  SELECT b.id, b.account_id, b.usage_through
    FROM billing.bill b LEFT JOIN billing.journal_entry e ON e.source_key = 'bill/' || b.id
   WHERE b.district_code = :district AND b.state IN ('posted', 'issued') AND b.usage_through < :ends_on
     AND coalesce(e.business_date, b.usage_through) < :ends_on),
charged AS (
  SELECT coalesce(l.service_id, -l.promotion_id) AS rented_key, max(l.ends_on) AS charged_until, max(t.usage_through) AS billed_through
    FROM entered t JOIN billing.bill_line l ON l.bill_id = t.id
   WHERE l.kind IN ('rental', 'part-period')
   GROUP BY rented_key),
rented AS (
  SELECT s.account_id, s.id AS service_id, CAST(NULL AS bigint) AS promotion_id, s.product_id, s.quantity, s.starts_on,
         CASE WHEN s.end_recorded_on < :ends_on THEN s.ends_on END AS ends_on, s.end_recorded_on
    FROM css.service s
   WHERE s.district_code = :district AND s.start_recorded_on < :ends_on AND s.starts_on < :ends_on
  UNION ALL
  SELECT p.account_id, NULL, p.id, p.product_id, p.quantity, p.starts_on,
         CASE WHEN p.end_recorded_on < :ends_on THEN p.ended_on ELSE p.ends_on END, p.end_recorded_on
    FROM css.account_promotion p
   WHERE p.start_recorded_on < :ends_on AND p.starts_on < :ends_on)
SELECT s.account_id, a.segment, a.vat_status, a.cycle_day, a.frequency, a.cycle_month_group, s.service_id, s.promotion_id, s.product_id,
       s.quantity, s.starts_on, s.ends_on, c.charged_until
  FROM rented s
  JOIN css.account a ON a.id = s.account_id AND a.district_code = :district
  LEFT JOIN charged c ON c.rented_key = coalesce(s.service_id, -s.promotion_id)
 WHERE EXISTS (SELECT 1 FROM css.product_price r
                WHERE r.product_id = s.product_id AND r.kind = 'rental' AND r.segment = a.segment AND r.net_price <> 0)
   AND (coalesce(c.charged_until, s.starts_on) < least(:ends_on, coalesce(s.ends_on, :ends_on))
        OR s.ends_on < least(c.charged_until, :ends_on) AND s.end_recorded_on > c.billed_through)
 ORDER BY s.account_id, s.service_id, s.promotion_id;

-- name: unbilled_items
-- What orders and repairs left by a date, and what was credited or charged by hand, that stands on no bill entered by then.
-- example: {"district": "ZZ", "ends_on": "2026-02-01"}
SELECT u.key, count(*) AS item_count, sum(u.millionths) AS net_millionths
  FROM (SELECT 'items' AS key, i.net_price * i.quantity * 1000000 AS millionths, l.bill_id
          FROM css.billable_item i
          JOIN css.account a ON a.id = i.account_id
          LEFT JOIN billing.bill_line l ON l.billable_item_id = i.id
         WHERE a.district_code = :district AND i.business_date < :ends_on
        UNION ALL
        SELECT 'adjustments', CAST(j.net AS numeric) * 1000000, l.bill_id
          FROM billing.adjustment j
          LEFT JOIN billing.bill_line l ON l.adjustment_id = j.id
         WHERE j.district_code = :district AND j.business_date < :ends_on) u
  LEFT JOIN billing.bill b ON b.id = u.bill_id
  LEFT JOIN billing.journal_entry e ON e.source_key = 'bill/' || u.bill_id
 WHERE b.id IS NULL OR b.state NOT IN ('posted', 'issued') OR coalesce(e.business_date, b.usage_through) >= :ends_on
 GROUP BY u.key
 ORDER BY u.key;

-- name: deferred_rentals
-- Rentals on bills entered by a date that are for days from it on, added up by the days they are for.
-- example: {"district": "ZZ", "ends_on": "2026-02-01"}
SELECT l.starts_on, l.ends_on, count(*) AS item_count, CAST(sum(l.net) AS bigint) AS net
  FROM billing.bill b
  JOIN billing.bill_line l ON l.bill_id = b.id
  LEFT JOIN billing.journal_entry e ON e.source_key = 'bill/' || b.id
 WHERE b.district_code = :district AND b.state IN ('posted', 'issued') AND b.usage_through < :ends_on
   AND coalesce(e.business_date, b.usage_through) < :ends_on AND l.kind IN ('rental', 'part-period') AND l.ends_on > :ends_on
 GROUP BY l.starts_on, l.ends_on
 ORDER BY l.starts_on, l.ends_on;

-- name: waiting_usage
-- Usage that waited at the end of the day before a date, by reason and the business date on which it was set aside.
-- example: {"district": "ZZ", "ends_on": "2026-02-01"}
SELECT u.reason_code, u.set_aside_on, count(*) AS record_count, CAST(coalesce(sum(u.duration_seconds), 0) AS bigint) AS duration_seconds
  FROM billing.usage_set_aside u
 WHERE u.district_code = :district AND u.outcome = 'suspended' AND u.set_aside_on < :ends_on
   AND (u.is_open OR u.settled_on >= :ends_on)
 GROUP BY u.reason_code, u.set_aside_on
 ORDER BY u.reason_code, u.set_aside_on;

-- name: entered_by_source
-- What entries of some days put on accounts and on what stands against them, by what they record: bills, payments, outside items.
-- Leans on ix_journal_entry_district_code_business_date.
-- example: {"district": "ZZ", "starts_on": "2026-01-01", "ends_on": "2026-02-01"}
SELECT split_part(e.source_key, '/', 1) AS source, count(DISTINCT e.id) AS entry_count,
       CAST(coalesce(sum(g.amount) FILTER (WHERE g.nominal_code = 'DEBTORS'), 0) AS bigint) AS debtors,
       CAST(coalesce(-sum(g.amount) FILTER (WHERE g.nominal_code = 'VAT-OUTPUT'), 0) AS bigint) AS vat,
       CAST(coalesce(-sum(g.amount) FILTER (WHERE g.nominal_code NOT IN ('DEBTORS', 'VAT-OUTPUT')), 0) AS bigint) AS others
  FROM billing.journal_entry e
  JOIN billing.posting g ON g.journal_entry_id = e.id
 WHERE e.district_code = :district AND e.business_date >= :starts_on AND e.business_date < :ends_on
 GROUP BY source
 ORDER BY source;

