-- name: givers
-- The services of these accounts that give a benefit, as far as was recorded by the cut; and those of an account's group whose
-- benefits are for the whole group. Days are those on which both service and benefit are in force.
-- Leans on ix_service_account_id.
-- example: {"accounts": [1], "cut": "2026-01-31", "issue_at": "2026-01-31T23:00:00+00:00"}
WITH had AS (
  SELECT k.account_id, k.group_id, s.id AS service_id, k.had_by, s.line_id, s.quantity, b.id AS benefit_id, b.kind, b.scope,
         s.starts_on AS service_starts_on, s.start_recorded_on,
         CASE WHEN s.end_recorded_on <= :cut THEN s.ends_on END AS service_ends_on,
         CASE WHEN s.end_recorded_on <= :cut THEN s.end_recorded_on END AS service_end_recorded_on,
         b.starts_on, b.recorded_on,
         CASE WHEN b.end_recorded_on <= :cut THEN b.ends_on END AS ends_on,
         CASE WHEN b.end_recorded_on <= :cut THEN b.end_recorded_on END AS end_recorded_on
    FROM (SELECT id AS account_id, id AS had_by, coalesce(group_account_id, id) AS group_id
            FROM css.account WHERE id = ANY(:accounts)
           UNION ALL
          SELECT id, group_account_id, group_account_id FROM css.account WHERE id = ANY(:accounts) AND group_account_id IS NOT NULL) k
    JOIN css.service s ON s.account_id = k.had_by
    JOIN billing.benefit b ON b.product_id = s.product_id AND (k.had_by = k.account_id OR b.scope = 'group')
   WHERE s.start_recorded_on <= :cut AND coalesce(b.recorded_on <= :cut, TRUE))
SELECT h.*, n.number
  FROM had h
  LEFT JOIN LATERAL (SELECT sn.number
                       FROM css.service l JOIN css.service_number sn ON sn.service_id = l.id
                      WHERE l.line_id = h.line_id AND l.account_id = h.had_by AND sn.starts_at <= :issue_at
                      ORDER BY sn.starts_at DESC, sn.id DESC LIMIT 1) n ON TRUE
 ORDER BY h.account_id, h.benefit_id, h.service_id;

-- name: posted_discounts
-- What was taken off the calls of these accounts on all bills before this cut's. Leans on ix_bill_line_account_id_compared.
-- example: {"accounts": [1], "cut": "2026-01-31"}
SELECT l.account_id, l.id, l.benefit_id, l.service_id, l.benefit_month_starts_on, l.vat_category, l.vat_basis_points, l.number, l.net,
       l.ends_on
  FROM billing.bill_line l
  JOIN billing.bill b ON b.id = l.bill_id
 WHERE l.account_id = ANY(:accounts) AND l.kind = 'discount' AND l.benefit_id IS NOT NULL AND b.usage_through < :cut
 ORDER BY l.id;

-- name: definitions
-- Benefits and the steps of those that go by volume.
-- example: {"benefits": [1]}
SELECT b.id, b.code, b.kind, b.scope, b.words, b.charge_classes, b.bands, b.allowance_seconds, b.unit_seconds, b.rollover_months,
       b.is_prorated, b.percent, b.best_percent, b.is_graduated, b.rank,
       s.from_amount AS step_from_amount, s.percent AS step_percent
  FROM billing.benefit b
  LEFT JOIN billing.benefit_step s ON s.benefit_id = b.id
 WHERE b.id = ANY(:benefits)
 ORDER BY b.id, s.from_amount;

-- name: friends
-- The numbers named for these services, as far as was recorded by the cut.
-- example: {"services": [1], "cut": "2026-01-31"}
SELECT f.service_id, f.number, f.is_best, f.starts_on, f.start_recorded_on,
       CASE WHEN f.end_recorded_on <= :cut THEN f.ends_on END AS ends_on,
       CASE WHEN f.end_recorded_on <= :cut THEN f.end_recorded_on END AS end_recorded_on
  FROM billing.friend_number f
 WHERE f.service_id = ANY(:services) AND f.start_recorded_on <= :cut
 ORDER BY f.service_id, f.starts_on, f.id;

-- name: friends_moved
-- The numbers named for services that went on at other premises are named for what they went on as, from the day of the move.
-- A second time changes nothing: what was carried over is no longer open. Leans on ix_service_account_id.
-- example: {"district": "ZZ", "cut": "2026-01-31"}
WITH left_behind AS (
  UPDATE billing.friend_number f
     SET ends_on = greatest(f.starts_on, s.ends_on), end_recorded_on = s.end_recorded_on
    FROM css.service s
    JOIN css.service n ON n.account_id = s.account_id AND n.product_id = s.product_id AND n.order_number = s.end_order_number
   WHERE s.id = f.service_id AND f.ends_on IS NULL AND s.district_code = :district
     AND s.end_reason = 'moved' AND s.end_recorded_on <= :cut
  RETURNING n.id AS service_id, f.number, f.is_best, greatest(f.starts_on, n.starts_on) AS starts_on, n.start_recorded_on)
INSERT INTO billing.friend_number (service_id, number, is_best, starts_on, start_recorded_on)
SELECT b.service_id, b.number, b.is_best, b.starts_on, b.start_recorded_on
  FROM left_behind b
 WHERE NOT EXISTS (SELECT FROM billing.friend_number f WHERE f.service_id = b.service_id AND f.number = b.number AND f.ends_on IS NULL);

-- name: stored_months
-- What the last bill before this cut's made of each allowance in each month. Leans on ix_allowance_month_account_id.
-- example: {"accounts": [1], "cut": "2026-01-31"}
SELECT DISTINCT ON (m.account_id, m.benefit_id, m.service_id, m.month_starts_on)
       m.account_id, m.benefit_id, m.service_id, m.month_starts_on, m.month_ends_on, m.granted_seconds, m.rolled_in_seconds,
       m.used_seconds, m.left_seconds
  FROM billing.allowance_month m
  JOIN billing.bill b ON b.id = m.bill_id
 WHERE m.account_id = ANY(:accounts) AND b.usage_through < :cut
 ORDER BY m.account_id, m.benefit_id, m.service_id, m.month_starts_on, b.usage_through DESC, m.id DESC;

-- name: first_new_calls
-- When the earliest call began of those rated, or put right, after each account's last cut: of the account itself; and, of accounts
-- whose discount goes by the spend of their group, of the whole group. Read night by night, as calculate.calls says.
-- Leans on ix_rated_call_rated_on_account_id.
-- example: {"district": "ZZ", "accounts": [1], "afters": ["2025-12-31"], "grouped": [true], "cut": "2026-01-31"}
WITH due AS (
  SELECT k.account_id, k.grouped, coalesce(k.after + 1, f.first_night) AS first_night
    FROM unnest(CAST(:accounts AS bigint[]), CAST(:afters AS date[]), CAST(:grouped AS boolean[])) AS k (account_id, after, grouped)
   CROSS JOIN (SELECT min(rated_on) AS first_night FROM billing.rated_call WHERE district_code = :district) f),
looked_at AS (
  SELECT d.account_id, d.account_id AS other_id, d.first_night, TRUE AS is_own FROM due d
   UNION ALL
  SELECT d.account_id, o.id, d.first_night, FALSE
    FROM due d
    JOIN css.account a ON a.id = d.account_id AND d.grouped
    JOIN css.account o ON o.id = coalesce(a.group_account_id, a.id) OR o.group_account_id = coalesce(a.group_account_id, a.id))
SELECT k.account_id, k.is_own, min(r.started_at) AS first_at
  FROM looked_at k
 CROSS JOIN LATERAL generate_series(0, CAST(:cut AS date) - k.first_night) AS n (night)
 CROSS JOIN LATERAL (SELECT x.started_at FROM billing.rated_call x
                      WHERE x.district_code = :district AND x.account_id = k.other_id AND x.rated_on = k.first_night + n.night
                     OFFSET 0) r
 GROUP BY k.account_id, k.is_own
 ORDER BY k.account_id, k.is_own;

-- name: calls
-- The calls of these accounts from an instant on, as at the cut: each call's first price and all differences since, added up, in
-- the words of the last of them. A call may be rated any number of nights after it was made, and a week before it where the
-- business date lags behind the calendar by no more; so the nights from a week before the instant are read, one by one.
-- Leans on ix_rated_call_rated_on_account_id.
-- example: {"district": "ZZ", "accounts": [1], "days": ["2026-01-01"], "from_at": ["2026-01-01T00:00:00+00:00"], "cut": "2026-01-31"}
SELECT t.account_id, t.usage_record_id, s.line_id, t.started_at, t.other_number, t.charge_class, t.band, t.duration_seconds,
       t.net_millionths, t.vat_basis_points
  FROM (
  SELECT r.account_id, r.usage_record_id,
         (array_agg(r.service_id ORDER BY r.rerating_id DESC NULLS LAST))[1] AS service_id,
         min(r.started_at) AS started_at,
         (array_agg(r.other_number ORDER BY r.rerating_id DESC NULLS LAST))[1] AS other_number,
         (array_agg(r.charge_class ORDER BY r.rerating_id DESC NULLS LAST))[1] AS charge_class,
         (array_agg(r.band ORDER BY r.rerating_id DESC NULLS LAST))[1] AS band,
         sum(r.duration_seconds) AS duration_seconds,
         sum(r.net_millionths - coalesce(r.service_net_millionths, 0)) AS net_millionths,
         min(r.vat_basis_points) AS vat_basis_points
    FROM unnest(CAST(:accounts AS bigint[]), CAST(:days AS date[]), CAST(:from_at AS timestamptz[])) AS k (account_id, day, from_at)
   CROSS JOIN LATERAL generate_series(-7, CAST(:cut AS date) - k.day) AS n (night)
   CROSS JOIN LATERAL (SELECT x.* FROM billing.rated_call x
                        WHERE x.district_code = :district AND x.account_id = k.account_id AND x.rated_on = k.day + n.night
                          AND x.started_at >= k.from_at
                       OFFSET 0) r
   GROUP BY r.account_id, r.usage_record_id
  HAVING sum(r.call_count) > 0 AND sum(r.net_millionths - coalesce(r.service_net_millionths, 0)) <> 0) t
  JOIN css.service s ON s.id = t.service_id
 ORDER BY t.account_id, t.started_at, t.usage_record_id;

-- name: group_spend
-- What each of these groups, the group account and all its members, spent in each month by class and band, service charges left out:
-- read like benefits.calls.
-- example: {"district": "ZZ", "groups": [1], "day": "2026-01-01", "months": ["2026-01-01"], "starts": ["2026-01-01T00:00:00+00:00"], "ends": ["2026-02-01T00:00:00+00:00"], "cut": "2026-01-31"}
SELECT t.group_id, m.month, t.charge_class, t.band, sum(t.net_millionths) AS net_millionths
  FROM (
  SELECT k.group_id, r.account_id, r.usage_record_id, min(r.started_at) AS started_at,
         (array_agg(r.charge_class ORDER BY r.rerating_id DESC NULLS LAST))[1] AS charge_class,
         (array_agg(r.band ORDER BY r.rerating_id DESC NULLS LAST))[1] AS band,
         sum(r.net_millionths - coalesce(r.service_net_millionths, 0)) AS net_millionths
    FROM (SELECT id AS group_id, id AS account_id FROM css.account WHERE id = ANY(:groups)
           UNION ALL SELECT group_account_id, id FROM css.account WHERE group_account_id = ANY(:groups)) k
   CROSS JOIN LATERAL generate_series(-7, CAST(:cut AS date) - CAST(:day AS date)) AS n (night)
   CROSS JOIN LATERAL (SELECT x.* FROM billing.rated_call x
                        WHERE x.district_code = :district AND x.account_id = k.account_id AND x.rated_on = CAST(:day AS date) + n.night
                       OFFSET 0) r
   GROUP BY k.group_id, r.account_id, r.usage_record_id
  HAVING sum(r.call_count) > 0) t
  JOIN unnest(CAST(:months AS date[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[])) AS m (month, starts_at, ends_at)
    ON t.started_at >= m.starts_at AND t.started_at < m.ends_at
 GROUP BY t.group_id, m.month, t.charge_class, t.band
 ORDER BY t.group_id, m.month, t.charge_class, t.band;
