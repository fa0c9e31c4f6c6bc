-- The calls of one bill, page by page.

-- name: page
-- So many calls of a bill after a place, as its files list them: what may be shown, night by night as it was taken. A posted bill
-- takes no more calls, so a place in it stays what it is. Leans on ix_rated_call_rated_on_account_id.
-- example: {"bill": 1, "district": "ZZ", "after": 0, "limit": 50}
WITH taken AS (
  SELECT b.account_id, b.usage_through, coalesce(b.usage_after + 1, greatest(a.opened_on, f.first_night)) AS first_night
    FROM billing.bill b
    JOIN css.account a ON a.id = b.account_id
   CROSS JOIN (SELECT min(rated_on) AS first_night FROM billing.rated_call WHERE district_code = :district) f
   WHERE b.id = :bill),
called AS (
  SELECT r.usage_record_id, r.charged_number, r.rerating_id IS NOT NULL AS is_correction, min(r.leg) AS leg,
         min(r.other_number) AS other_number, min(r.started_at) AS started_at, sum(r.duration_seconds) AS duration_seconds,
         r.charge_class, min(r.destination) AS destination, r.band, sum(r.net_millionths) AS net_millionths
    FROM taken t
   CROSS JOIN LATERAL generate_series(0, t.usage_through - t.first_night) AS n (night)
   CROSS JOIN LATERAL (SELECT x.* FROM billing.rated_call x
                        WHERE x.district_code = :district AND x.account_id = t.account_id AND x.rated_on = t.first_night + n.night
                          AND x.is_itemised
                       OFFSET 0) r
   GROUP BY r.usage_record_id, r.charged_number, is_correction, r.charge_class, r.band, r.vat_basis_points
  HAVING bool_and(r.rerating_id IS NULL) OR sum(r.net_millionths) <> 0),
placed AS (
  SELECT c.*, count(*) OVER () AS total,
         row_number() OVER (ORDER BY c.charged_number, c.is_correction, c.started_at, c.usage_record_id, c.charge_class, c.band) AS place
    FROM called c)
SELECT p.* FROM placed p WHERE p.place > :after AND p.place <= :after + :limit ORDER BY p.place;
