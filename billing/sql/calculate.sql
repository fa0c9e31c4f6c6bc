-- name: accounts
-- The accounts of a block that still need their bill of this run.
-- example: {"run": 1, "accounts": [1], "cut": "2026-01-31"}
SELECT r.account_id, r.kind, r.cycle_on, c.usage_billed_through, a.number, a.opened_on, a.segment, a.vat_status, a.vat_number,
       a.cycle_day, a.frequency, a.cycle_month_group, a.billing_name, a.billing_address_lines, a.billing_postcode,
       a.payment_means, a.mandate_reference, a.medium, a.email, a.endpoint, a.itemisation,
       CASE WHEN a.is_paid_by_group THEN g.number END AS paid_by
  FROM billing.bill_run_account r
  JOIN css.account a ON a.id = r.account_id
  LEFT JOIN css.account g ON g.id = a.group_account_id
  JOIN billing.account_cycle c ON c.account_id = r.account_id
 WHERE r.bill_run_id = :run AND r.account_id = ANY(:accounts) AND r.parked_code IS NULL
   AND (c.usage_billed_through IS NULL OR c.usage_billed_through < :cut)
   AND NOT EXISTS (SELECT 1 FROM billing.bill b WHERE b.bill_run_id = r.bill_run_id AND b.account_id = r.account_id)
 ORDER BY r.account_id;

-- name: services
-- Services as far as was recorded by the cut, with the number of their line. Leans on ix_service_account_id.
-- example: {"accounts": [1], "cut": "2026-01-31", "issue_at": "2026-01-31T23:00:00+00:00"}
WITH line_number AS (
  SELECT DISTINCT ON (s.account_id, s.line_id) s.account_id, s.line_id, n.number
    FROM css.service s JOIN css.service_number n ON n.service_id = s.id
   WHERE s.account_id = ANY(:accounts) AND n.starts_at <= :issue_at
   ORDER BY s.account_id, s.line_id, n.starts_at DESC, n.id DESC)
SELECT s.account_id, s.id, s.product_id, s.quantity, s.starts_on,
       CASE WHEN s.end_recorded_on <= :cut THEN s.ends_on END AS ends_on, n.number, s.order_number, s.line_id,
       s.minimum_term_ends_on, CASE WHEN s.end_recorded_on <= :cut THEN s.end_reason END AS end_reason
  FROM css.service s
  LEFT JOIN line_number n ON n.account_id = s.account_id AND n.line_id = s.line_id
 WHERE s.account_id = ANY(:accounts) AND s.start_recorded_on <= :cut
 ORDER BY s.account_id, s.id;

-- name: promotions
-- Credits given for every month, as far as was recorded by the cut: charged like services of a negative price.
-- Leans on ix_account_promotion_account_id.
-- example: {"accounts": [1], "cut": "2026-01-31", "issue_at": "2026-01-31T23:00:00+00:00"}
SELECT p.account_id, p.id, p.product_id, p.quantity, p.starts_on,
       CASE WHEN p.end_recorded_on <= :cut THEN p.ended_on ELSE p.ends_on END AS ends_on, n.number
  FROM css.account_promotion p
  LEFT JOIN LATERAL (SELECT sn.number
                       FROM css.service s JOIN css.service_number sn ON sn.service_id = s.id
                      WHERE s.line_id = p.line_id AND s.account_id = p.account_id AND sn.starts_at <= :issue_at
                      ORDER BY sn.starts_at DESC, sn.id DESC LIMIT 1) n ON TRUE
 WHERE p.account_id = ANY(:accounts) AND p.start_recorded_on <= :cut
 ORDER BY p.account_id, p.id;

-- name: posted_rentals
-- What was charged for rentals, on all bills before this run's. Leans on ix_bill_line_account_id_rental.
-- example: {"accounts": [1]}
SELECT l.account_id, l.id, l.service_id, l.promotion_id, l.rental_period_starts_on, l.product_price_id, l.vat_category,
       l.vat_basis_points, l.net, l.starts_on, l.ends_on, l.unit
  FROM billing.bill_line l
 WHERE l.account_id = ANY(:accounts) AND l.kind IN ('rental', 'part-period')
 ORDER BY l.id;

-- name: posted_terminations
-- What was charged for broken minimum terms, on all bills before this run's. Leans on ix_bill_line_account_id_compared.
-- example: {"accounts": [1]}
SELECT l.account_id, l.id, l.service_id, l.product_price_id, l.vat_category, l.vat_basis_points, l.net, l.starts_on, l.ends_on
  FROM billing.bill_line l
 WHERE l.account_id = ANY(:accounts) AND l.kind = 'termination' AND l.kind IN ('termination', 'discount')
 ORDER BY l.id;

-- name: items
-- What orders and repairs left for these accounts by the cut and no bill has taken.
-- example: {"accounts": [1], "cut": "2026-01-31"}
SELECT i.account_id, i.id, i.service_id, i.product_id, n.number, i.words, i.reference, i.quantity, i.net_price, i.vat_code, i.occurs_on
  FROM css.billable_item i
  LEFT JOIN LATERAL (SELECT sn.number
                       FROM css.service s JOIN css.service_number sn ON sn.service_id = s.id
                      WHERE s.line_id = i.line_id AND s.account_id = i.account_id
                      ORDER BY sn.starts_at DESC, sn.id DESC LIMIT 1) n ON TRUE
 WHERE i.account_id = ANY(:accounts) AND i.business_date <= :cut
   AND NOT EXISTS (SELECT 1 FROM billing.bill_line l WHERE l.billable_item_id = i.id)
 ORDER BY i.account_id, i.id;

-- name: calls
-- Calls rated since the last bill's cut, added up, and the corrections that re-rating made to earlier ones, each call's
-- differences being one. Free calls that must not show on a bill are left out: they cost nothing. An account is read night
-- by night, because that is how the index lies: OFFSET 0 keeps PostgreSQL from reading the table instead. Where the way an
-- account is taxed changed, the calls of each day's status are added up apart.
-- Leans on ix_rated_call_rated_on_account_id.
-- example: {"district": "ZZ", "accounts": [1], "cut": "2026-01-31", "changed": [], "changes": []}
WITH due AS (
  SELECT c.account_id, c.account_id = ANY(CAST(:changed AS bigint[])) AS is_changed,
         coalesce(c.usage_billed_through + 1, greatest(a.opened_on, f.first_night)) AS first_night
    FROM billing.account_cycle c
    JOIN css.account a ON a.id = c.account_id
   CROSS JOIN (SELECT min(rated_on) AS first_night FROM billing.rated_call WHERE district_code = :district) f
   WHERE c.account_id = ANY(:accounts)),
taken AS (
  SELECT d.account_id, min(r.service_id) AS service_id, r.charged_number, r.rerating_id IS NOT NULL AS is_correction, r.charge_class,
         r.band, r.vat_basis_points, min(r.started_at) AS started_at, sum(r.duration_seconds) AS duration_seconds,
         sum(r.net_millionths) AS net_millionths,
         CASE WHEN d.is_changed
              THEN (SELECT count(*) FROM unnest(CAST(:changed AS bigint[]), CAST(:changes AS date[])) AS v (account_id, starts_on)
                     WHERE v.account_id = d.account_id AND v.starts_on <= CAST(r.started_at AT TIME ZONE 'Europe/London' AS date))
              ELSE 0 END AS status_place
    FROM due d
   CROSS JOIN LATERAL generate_series(0, CAST(:cut AS date) - d.first_night) AS n (night)
   CROSS JOIN LATERAL (SELECT x.* FROM billing.rated_call x
                        WHERE x.district_code = :district AND x.account_id = d.account_id AND x.rated_on = d.first_night + n.night
                          AND (x.net_millionths <> 0 OR x.is_itemised AND x.rerating_id IS NULL)
                       OFFSET 0) r
   GROUP BY d.account_id, r.usage_record_id, r.charged_number, is_correction, r.charge_class, r.band, r.vat_basis_points,
            status_place
  HAVING bool_and(r.rerating_id IS NULL) OR sum(r.net_millionths) <> 0)
SELECT account_id, min(service_id) AS service_id, charged_number, is_correction, charge_class, band, vat_basis_points,
       count(*) AS call_count, sum(duration_seconds) AS duration_seconds, sum(net_millionths) AS net_millionths,
       min(started_at) AS first_at, max(started_at) AS last_at
  FROM taken
 GROUP BY account_id, charged_number, is_correction, charge_class, band, vat_basis_points, status_place
 ORDER BY account_id, charged_number, is_correction, charge_class, band, vat_basis_points, status_place;

-- name: past_bills
-- The last bills of these accounts, the latest first, and the end of the last period that a bill was about: a credit note is
-- about none. Leans on ix_bill_account_id.
-- example: {"accounts": [1], "limit": 6}
SELECT p.account_id, p.kind, d.period_ends_on, p.amount_due, p.invoice_gross
  FROM unnest(CAST(:accounts AS bigint[])) AS k (account_id)
 CROSS JOIN LATERAL (SELECT b.account_id, b.kind, b.amount_due, b.invoice_gross, b.usage_through
                       FROM billing.bill b WHERE b.account_id = k.account_id
                      ORDER BY b.usage_through DESC LIMIT :limit) p
  LEFT JOIN LATERAL (SELECT b.period_ends_on FROM billing.bill b
                      WHERE b.account_id = k.account_id AND b.kind <> 'credit-note'
                      ORDER BY b.usage_through DESC LIMIT 1) d ON TRUE
 ORDER BY p.account_id, p.usage_through DESC;

-- name: balances
-- Payments and outside items since the last bill's cut, and what the ledger says at this one.
-- example: {"accounts": [1], "cut": "2026-01-31"}
SELECT k.account_id,
       (SELECT coalesce(sum(p.amount), 0) FROM billing.payment p
         WHERE p.account_id = k.account_id AND p.business_date <= :cut AND p.business_date > coalesce(b.through, '-infinity')) AS payments,
       (SELECT coalesce(sum(o.amount), 0) FROM billing.outside_item o
         WHERE o.account_id = k.account_id AND o.business_date <= :cut AND o.business_date > coalesce(b.through, '-infinity')) AS outside,
       (SELECT coalesce(sum(g.amount), 0) FROM billing.posting g
         WHERE g.account_id = k.account_id AND g.business_date <= :cut) AS ledger
  FROM unnest(CAST(:accounts AS bigint[])) AS k (account_id)
  LEFT JOIN LATERAL (SELECT max(usage_through) AS through FROM billing.bill WHERE account_id = k.account_id) b ON TRUE;

-- name: bill_ids
-- Draw ids for bills about to be written.
-- example: {"count": 1}
SELECT nextval(pg_get_serial_sequence('billing.bill', 'id')) AS id FROM generate_series(1, :count) ORDER BY id;

-- name: hold
-- Hold bills that would contradict themselves, whatever else they are held for.
-- example: {"bills": [1], "words": ["x"], "code": "CSS445E"}
UPDATE billing.bill b
   SET state = 'held', hold_code = :code, hold_words = concat_ws(' ', k.words, b.hold_words)
  FROM unnest(CAST(:bills AS bigint[]), CAST(:words AS text[])) AS k (id, words)
 WHERE b.id = k.id AND b.number IS NULL;
