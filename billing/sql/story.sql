-- name: lines
-- Lines of a bill with all that they point to: price, service, item, adjustment, promotion, benefit.
-- example: {"bill": 1, "line": null, "through": "2026-01-31"}
SELECT l.id, l.line_number, l.kind, l.words, l.number, l.reference, l.starts_on, l.ends_on, l.quantity, l.unit, l.unit_price, l.price_per,
       l.duration_seconds, l.net, l.vat_category, l.vat_basis_points, l.charge_class, l.band, l.service_id, l.product_id, l.product_price_id,
       l.rental_period_starts_on, l.billable_item_id, l.promotion_id, l.benefit_id, l.benefit_month_starts_on, l.adjustment_id,
       coalesce(d.name, ed.name) AS product_name,
       p.starts_on AS price_starts_on, p.ends_on AS price_ends_on, p.basis AS price_basis, p.net_price, p.gross_price,
       p.recorded_on AS price_recorded_on, p.reason AS price_reason,
       s.starts_on AS service_starts_on, s.start_recorded_on AS service_start_recorded_on,
       CASE WHEN s.end_recorded_on <= :through THEN s.ends_on END AS service_ends_on,
       CASE WHEN s.end_recorded_on <= :through THEN s.end_recorded_on END AS service_end_recorded_on,
       CASE WHEN s.end_recorded_on <= :through THEN s.end_reason END AS service_end_reason,
       s.quantity AS service_quantity, s.order_number AS service_order_number, s.minimum_term_ends_on,
       i.source_key AS item_source_key, i.quantity AS item_quantity, i.basis AS item_basis, i.net_price AS item_net_price,
       i.gross_price AS item_gross_price, i.occurs_on AS item_occurs_on, i.business_date AS item_business_date,
       a.reason AS adjustment_reason, a.made_by, a.approved_by, a.business_date AS adjustment_business_date,
       a.occurs_on AS adjustment_occurs_on, c.line_number AS credited_line, c.words AS credited_words, cb.number AS credited_bill,
       g.starts_on AS promotion_starts_on, g.ends_on AS promotion_ends_on, g.start_recorded_on AS promotion_recorded_on,
       CASE WHEN g.end_recorded_on <= :through THEN g.ended_on END AS promotion_ended_on,
       CASE WHEN g.end_recorded_on <= :through THEN g.end_recorded_on END AS promotion_end_recorded_on,
       g.quantity AS promotion_quantity, g.given_by, g.reason AS promotion_reason,
       t.line_number AS retaxed_line, t.words AS retaxed_words, tb.number AS retaxed_bill
  FROM billing.bill_line l
  LEFT JOIN css.product d ON d.id = l.product_id
  LEFT JOIN css.product_price p ON p.id = l.product_price_id
  LEFT JOIN css.service s ON s.id = l.service_id
  LEFT JOIN css.billable_item i ON i.id = l.billable_item_id
  LEFT JOIN billing.adjustment a ON a.id = l.adjustment_id
  LEFT JOIN billing.bill_line c ON c.id = a.bill_line_id
  LEFT JOIN billing.bill cb ON cb.id = c.bill_id
  LEFT JOIN css.account_promotion g ON g.id = l.promotion_id
  LEFT JOIN billing.bill_line t ON t.id = l.corrects_line_id AND l.kind = 'one-off'
  LEFT JOIN billing.bill tb ON tb.id = t.bill_id
  LEFT JOIN billing.benefit e ON e.id = l.benefit_id
  LEFT JOIN css.product ed ON ed.id = e.product_id
 WHERE l.bill_id = :bill AND (CAST(:line AS integer) IS NULL OR l.line_number = :line)
 ORDER BY l.line_number;

-- name: mates
-- Of these lines the others under the same key, up to the bill they are on: what each was compared with.
-- Leans on ix_bill_line_account_id_rental and ix_bill_line_account_id_compared: each has its own branch, for an OR of both kinds would read
-- every bill line there is (0.7 s at two million of them).
-- example: {"bill": 1, "line": null}
SELECT l.line_number AS of_line, b.number AS bill_number, m.line_number, m.bill_id = l.bill_id AS is_on_this_bill, m.net, m.starts_on,
       m.ends_on, m.quantity, m.unit, m.unit_price, m.price_per
  FROM billing.bill_line l
  JOIN billing.bill o ON o.id = l.bill_id
  JOIN LATERAL (SELECT r.* FROM billing.bill_line r
                 WHERE r.account_id = l.account_id AND r.kind IN ('rental', 'part-period') AND l.kind IN ('rental', 'part-period')
                UNION ALL
                SELECT r.* FROM billing.bill_line r
                 WHERE r.account_id = l.account_id AND r.kind IN ('termination', 'discount') AND r.kind = l.kind) m
    ON m.id <> l.id
   AND m.vat_category = l.vat_category AND m.vat_basis_points = l.vat_basis_points
   AND m.service_id IS NOT DISTINCT FROM l.service_id AND m.promotion_id IS NOT DISTINCT FROM l.promotion_id
   AND m.product_price_id IS NOT DISTINCT FROM l.product_price_id
   AND m.rental_period_starts_on IS NOT DISTINCT FROM l.rental_period_starts_on
   AND m.benefit_id IS NOT DISTINCT FROM l.benefit_id AND m.benefit_month_starts_on IS NOT DISTINCT FROM l.benefit_month_starts_on
  JOIN billing.bill b ON b.id = m.bill_id AND b.usage_through <= o.usage_through
 WHERE l.bill_id = :bill AND (CAST(:line AS integer) IS NULL OR l.line_number = :line)
   AND l.kind IN ('rental', 'part-period', 'termination', 'discount')
 ORDER BY l.line_number, b.usage_through, m.line_number;

-- name: changes
-- What was recorded about an account after one cut and up to another that changes what should have been charged. The first row of a
-- log says what had been before it, which is no change.
-- example: {"account": 1, "after": "2025-12-31", "through": "2026-01-31"}
WITH products AS (SELECT DISTINCT product_id FROM css.service WHERE account_id = :account
                  UNION SELECT product_id FROM css.account_promotion WHERE account_id = :account)
SELECT 'service-start' AS kind, s.id AS of_id, s.starts_on AS from_on, CAST(NULL AS date) AS until_on, s.start_recorded_on AS recorded_on,
       coalesce('order ' || s.order_number, '') AS words
  FROM css.service s WHERE s.account_id = :account AND s.start_recorded_on > :after AND s.start_recorded_on <= :through
UNION ALL
SELECT 'service-end', s.id, s.ends_on, NULL, s.end_recorded_on, ''
  FROM css.service s WHERE s.account_id = :account AND s.end_recorded_on > :after AND s.end_recorded_on <= :through
UNION ALL
SELECT 'price', p.product_id, p.starts_on, p.ends_on, p.recorded_on, coalesce(p.reason, '')
  FROM css.product_price p JOIN css.account a ON a.id = :account AND a.segment = p.segment
 WHERE p.product_id IN (SELECT product_id FROM products) AND p.recorded_on > :after AND p.recorded_on <= :through
UNION ALL
SELECT 'vat-status', v.account_id, v.starts_on, NULL, v.recorded_on, v.vat_status
  FROM css.account_vat_status v
 WHERE v.account_id = :account AND v.recorded_on > :after AND v.recorded_on <= :through
   AND v.id <> (SELECT min(f.id) FROM css.account_vat_status f WHERE f.account_id = :account)
UNION ALL
SELECT 'vat-rate', r.id, r.starts_on, r.ends_on, r.recorded_on, r.code || ' ' || r.percent || '%'
  FROM css.vat_rate r WHERE r.recorded_on > :after AND r.recorded_on <= :through
UNION ALL
SELECT 'cycle', t.account_id, t.starts_on, NULL, t.recorded_on, t.frequency || ', on day ' || t.cycle_day
  FROM css.account_cycle_term t
 WHERE t.account_id = :account AND t.recorded_on > :after AND t.recorded_on <= :through
   AND t.id <> (SELECT min(f.id) FROM css.account_cycle_term f WHERE f.account_id = :account)
UNION ALL
SELECT 'promotion-start', g.id, g.starts_on, NULL, g.start_recorded_on, g.reason
  FROM css.account_promotion g WHERE g.account_id = :account AND g.start_recorded_on > :after AND g.start_recorded_on <= :through
UNION ALL
SELECT 'promotion-end', g.id, g.ended_on, NULL, g.end_recorded_on, ''
  FROM css.account_promotion g WHERE g.account_id = :account AND g.end_recorded_on > :after AND g.end_recorded_on <= :through
UNION ALL
SELECT 'benefit-start', e.id, e.starts_on, e.ends_on, e.recorded_on, e.words
  FROM billing.benefit e WHERE e.product_id IN (SELECT product_id FROM products) AND e.recorded_on > :after AND e.recorded_on <= :through
UNION ALL
SELECT 'benefit-end', e.id, e.ends_on, NULL, e.end_recorded_on, e.words
  FROM billing.benefit e WHERE e.product_id IN (SELECT product_id FROM products) AND e.end_recorded_on > :after AND e.end_recorded_on <= :through
UNION ALL
SELECT 'friend-start', f.service_id, f.starts_on, NULL, f.start_recorded_on, f.number
  FROM billing.friend_number f JOIN css.service s ON s.id = f.service_id AND s.account_id = :account
 WHERE f.start_recorded_on > :after AND f.start_recorded_on <= :through
UNION ALL
SELECT 'friend-end', f.service_id, f.ends_on, NULL, f.end_recorded_on, f.number
  FROM billing.friend_number f JOIN css.service s ON s.id = f.service_id AND s.account_id = :account
 WHERE f.end_recorded_on > :after AND f.end_recorded_on <= :through
 ORDER BY recorded_on, kind, of_id, from_on;

-- name: payments
-- What came in between a bill's cut and that of the bill before it.
-- example: {"account": 1, "after": "2025-12-31", "through": "2026-01-31"}
SELECT p.received_on, p.method, p.number, p.amount
  FROM billing.payment p
 WHERE p.account_id = :account AND p.business_date > :after AND p.business_date <= :through
 ORDER BY p.received_on, p.id;

-- name: outside
-- What changed the amount due in that time without being a supply.
-- example: {"account": 1, "after": "2025-12-31", "through": "2026-01-31"}
SELECT o.kind, o.entered_on, o.words, o.reference, o.amount
  FROM billing.outside_item o
 WHERE o.account_id = :account AND o.business_date > :after AND o.business_date <= :through AND o.amount <> 0
 ORDER BY o.entered_on, o.id;

-- name: calls
-- The calls that a bill took, by the line that charges them and the price they were charged by. The days on which the account's
-- VAT status changed part them as they parted the lines. Night by night, as when the bill was calculated.
-- Leans on ix_rated_call_rated_on_account_id.
-- example: {"district": "ZZ", "account": 1, "after": null, "through": "2026-01-31", "opened": "2026-01-01", "turns": []}
WITH first_night AS (
  SELECT coalesce(CAST(:after AS date) + 1, greatest(CAST(:opened AS date), min(rated_on))) AS night
    FROM billing.rated_call WHERE district_code = :district)
SELECT r.charged_number, r.charge_class, r.band, r.vat_basis_points, w.turn, r.tariff_rate_id, r.service_rate_id,
       count(*) AS call_count, sum(r.duration_seconds) AS duration_seconds, sum(r.chargeable_units) AS units,
       sum(r.net_millionths) AS net_millionths, sum(r.service_net_millionths) AS service_net_millionths
  FROM first_night f
 CROSS JOIN LATERAL generate_series(0, CAST(:through AS date) - f.night) AS n (night)
 CROSS JOIN LATERAL (SELECT x.* FROM billing.rated_call x
                      WHERE x.district_code = :district AND x.account_id = :account AND x.rated_on = f.night + n.night
                        AND x.rerating_id IS NULL AND (x.net_millionths <> 0 OR x.is_itemised)
                     OFFSET 0) r
 CROSS JOIN LATERAL (SELECT count(*) AS turn FROM unnest(CAST(:turns AS timestamptz[])) AS t (at) WHERE t.at <= r.started_at) w
 GROUP BY r.charged_number, r.charge_class, r.band, r.vat_basis_points, w.turn, r.tariff_rate_id, r.service_rate_id
 ORDER BY sum(r.net_millionths) DESC, r.tariff_rate_id, r.service_rate_id;

-- name: dearest_calls
-- Of each line of calls the dearest that may be shown.
-- Leans on ix_rated_call_rated_on_account_id.
-- example: {"district": "ZZ", "account": 1, "after": null, "through": "2026-01-31", "opened": "2026-01-01", "turns": [], "limit": 5}
WITH first_night AS (
  SELECT coalesce(CAST(:after AS date) + 1, greatest(CAST(:opened AS date), min(rated_on))) AS night
    FROM billing.rated_call WHERE district_code = :district),
ranked AS (
  SELECT r.charged_number, r.charge_class, r.band, r.vat_basis_points, w.turn, r.usage_record_id, r.started_at, r.other_number,
         r.destination, r.duration_seconds, r.net_millionths,
         row_number() OVER (PARTITION BY r.charged_number, r.charge_class, r.band, r.vat_basis_points, w.turn
                                ORDER BY r.net_millionths DESC, r.started_at, r.usage_record_id) AS place
    FROM first_night f
   CROSS JOIN LATERAL generate_series(0, CAST(:through AS date) - f.night) AS n (night)
   CROSS JOIN LATERAL (SELECT x.* FROM billing.rated_call x
                        WHERE x.district_code = :district AND x.account_id = :account AND x.rated_on = f.night + n.night
                          AND x.rerating_id IS NULL AND x.is_itemised
                       OFFSET 0) r
   CROSS JOIN LATERAL (SELECT count(*) AS turn FROM unnest(CAST(:turns AS timestamptz[])) AS t (at) WHERE t.at <= r.started_at) w)
SELECT * FROM ranked WHERE place <= :limit ORDER BY charged_number, charge_class, band, vat_basis_points, turn, place;

-- name: reratings
-- What re-ratings did to calls of a line of corrections, each record's differences being one: those that come to nothing are on
-- no line.
-- Leans on ix_rated_call_rated_on_account_id.
-- example: {"district": "ZZ", "account": 1, "after": null, "through": "2026-01-31", "opened": "2026-01-01", "turns": []}
WITH first_night AS (
  SELECT coalesce(CAST(:after AS date) + 1, greatest(CAST(:opened AS date), min(rated_on))) AS night
    FROM billing.rated_call WHERE district_code = :district),
taken AS (
  SELECT r.charged_number, r.charge_class, r.band, r.vat_basis_points, w.turn, r.usage_record_id, r.rerating_id, r.rated_on, r.net_millionths,
         sum(r.net_millionths) OVER (PARTITION BY r.usage_record_id, r.charged_number, r.charge_class, r.band, r.vat_basis_points) AS together
    FROM first_night f
   CROSS JOIN LATERAL generate_series(0, CAST(:through AS date) - f.night) AS n (night)
   CROSS JOIN LATERAL (SELECT x.* FROM billing.rated_call x
                        WHERE x.district_code = :district AND x.account_id = :account AND x.rated_on = f.night + n.night
                          AND x.rerating_id IS NOT NULL AND x.net_millionths <> 0
                       OFFSET 0) r
   CROSS JOIN LATERAL (SELECT count(*) AS turn FROM unnest(CAST(:turns AS timestamptz[])) AS t (at) WHERE t.at <= r.started_at) w)
SELECT t.charged_number, t.charge_class, t.band, t.vat_basis_points, t.turn, t.rerating_id, t.rated_on, g.done_by, g.reason,
       count(DISTINCT t.usage_record_id) AS call_count, sum(t.net_millionths) AS net_millionths
  FROM taken t
  LEFT JOIN billing.usage_rerating g ON g.id = t.rerating_id
 WHERE t.together <> 0
 GROUP BY t.charged_number, t.charge_class, t.band, t.vat_basis_points, t.turn, t.rerating_id, t.rated_on, g.done_by, g.reason
 ORDER BY t.rated_on, t.rerating_id;

-- name: prices
-- Prices of calls in words' raw material: the version they are of, and their steps from the first second on.
-- example: {"rates": [1]}
SELECT r.id AS rate_id, r.prefix, r.destination, r.setup_price, r.minimum_price, r.maximum_price, t.code, v.version, v.state, v.starts_on,
       v.ends_on, v.basis,
       array_agg(s.from_second ORDER BY s.from_second) AS from_seconds, array_agg(s.price ORDER BY s.from_second) AS step_prices,
       array_agg(s.unit_seconds ORDER BY s.from_second) AS unit_seconds, array_agg(s.unit_price ORDER BY s.from_second) AS unit_prices
  FROM billing.tariff_rate r
  JOIN billing.tariff_version v ON v.id = r.tariff_version_id
  JOIN billing.tariff t ON t.id = v.tariff_id
  LEFT JOIN billing.tariff_rate_step s ON s.tariff_rate_id = r.id
 WHERE r.id = ANY(:rates)
 GROUP BY r.id, t.id, v.id;

-- name: taken_back
-- Of lines that take credits back: what their charge comes to once the bill is out, what was credited of it, and what was taken back
-- before. Leans on ix_bill_line_account_id_rental, ix_bill_line_account_id_compared and ix_adjustment_bill_line_id.
-- example: {"bill": 1, "line": null}
WITH asked AS (
  SELECT t.line_number AS of_line, t.account_id, o.kind = 'termination' AS is_termination, o.service_id, o.rental_period_starts_on, b.usage_through
    FROM billing.bill_line t
    JOIN billing.bill b ON b.id = t.bill_id
    JOIN billing.bill_line o ON o.id = t.corrects_line_id
   WHERE t.bill_id = :bill AND (CAST(:line AS integer) IS NULL OR t.line_number = :line) AND t.kind = 'adjustment' AND t.adjustment_id IS NULL),
of_charge AS (
  SELECT q.of_line, l.id, l.net, q.usage_through
    FROM asked q
    JOIN billing.bill_line l ON l.account_id = q.account_id AND l.kind IN ('rental', 'part-period', 'termination')
     AND (l.kind = 'termination') = q.is_termination AND l.service_id = q.service_id
     AND l.rental_period_starts_on IS NOT DISTINCT FROM q.rental_period_starts_on
    JOIN billing.bill b ON b.id = l.bill_id AND b.usage_through <= q.usage_through)
SELECT q.of_line, (SELECT sum(c.net) FROM of_charge c WHERE c.of_line = q.of_line) AS charged,
       (SELECT -coalesce(sum(t.net), 0)
          FROM of_charge c
          JOIN billing.adjustment a ON a.bill_line_id = c.id
          JOIN billing.bill_line t ON t.adjustment_id = a.id
          JOIN billing.bill b ON b.id = t.bill_id AND b.usage_through <= c.usage_through
         WHERE c.of_line = q.of_line) AS credited,
       (SELECT coalesce(sum(t.net), 0)
          FROM of_charge c
          JOIN billing.bill_line t ON t.corrects_line_id = c.id AND t.kind = 'adjustment' AND t.adjustment_id IS NULL
          JOIN billing.bill b ON b.id = t.bill_id AND b.usage_through < c.usage_through
         WHERE c.of_line = q.of_line) AS taken_back
  FROM asked q
 ORDER BY q.of_line;

-- name: cycle
-- How an account's bills come round, for one that never changed that.
-- example: {"account": 1}
SELECT a.id AS account_id, a.cycle_day, a.frequency, a.cycle_month_group FROM css.account a WHERE a.id = :account;
