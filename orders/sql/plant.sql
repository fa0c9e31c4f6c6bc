-- What a line can be made of at a site. Each of the first two takes what it finds: the row stays locked until the
-- transaction ends, and what somebody else is taking is passed over.

-- name: stopped_line
-- A stopped line of a site that no open order works on. Leans on ix_line_site_id and uq_customer_order_open_on_line.
-- example: {"site_id": 1}
SELECT l.id AS line_id
  FROM css.line l
  JOIN css.pair p ON p.id = l.pair_id
 WHERE l.site_id = :site_id AND l.state = 'stopped' AND p.state = 'stopped'
   AND NOT EXISTS (SELECT FROM orders.customer_order o WHERE o.line_id = l.id AND o.state IN ('acknowledged', 'committed', 'held'))
 ORDER BY l.id
 LIMIT 1
   FOR UPDATE OF l SKIP LOCKED;

-- name: spare_pair
-- The first spare pair of a distribution point that is kept for no line. Leans on ix_pair_spare and uq_line_pair_id_live.
-- example: {"distribution_point_id": 1}
SELECT p.id
  FROM css.pair p
 WHERE p.distribution_point_id = :distribution_point_id AND p.state = 'spare'
   AND NOT EXISTS (SELECT FROM css.line l WHERE l.pair_id = p.id AND l.ends_on IS NULL)
 ORDER BY p.pair_number
 LIMIT 1
   FOR UPDATE OF p SKIP LOCKED;

-- name: await_spare_pairs
-- Wait for whoever is taking the last spare pairs of a distribution point, so that the next look sees how it went.
-- example: {"distribution_point_id": 1}
SELECT p.id
  FROM css.pair p
 WHERE p.distribution_point_id = :distribution_point_id AND p.state = 'spare'
   AND NOT EXISTS (SELECT FROM css.line l WHERE l.pair_id = p.id AND l.ends_on IS NULL)
 ORDER BY p.id
   FOR UPDATE OF p;

-- name: stopped_lines
-- The stopped lines of a site that no open order works on, each with the number it had last and whether somebody else has that now
-- or is to have it. Leans on ix_line_site_id, ix_service_line_id, ix_service_number_service_id, ex_service_number_in_use,
-- uq_customer_order_number_reserved, ix_number_reservation_number and ex_ported_number_twice.
-- example: {"site_id": 1, "at": "2026-05-01T00:00:00Z"}
SELECT l.id AS line_id, last.number, last.ends_at,
       EXISTS (SELECT FROM css.service_number n WHERE n.number = last.number AND n.ends_at IS NULL)
       OR EXISTS (SELECT FROM orders.customer_order o
                   WHERE o.kept_number = last.number AND o.state IN ('acknowledged', 'committed', 'held'))
       OR EXISTS (SELECT FROM css.number_reservation r WHERE r.number = last.number AND r.starts_at <= :at AND r.ends_at > :at)
       OR EXISTS (SELECT FROM css.ported_number t WHERE t.number = last.number AND t.direction = 'out' AND t.ends_on IS NULL)
       OR NOT EXISTS (SELECT FROM css.number_block b
                       WHERE length(b.first_number) = length(last.number) AND last.number BETWEEN b.first_number AND b.last_number)
         AS is_number_gone
  FROM css.line l
  JOIN css.pair p ON p.id = l.pair_id AND p.state = 'stopped'
  LEFT JOIN LATERAL (SELECT n.number, n.ends_at
                       FROM css.service s
                       JOIN css.service_number n ON n.service_id = s.id
                      WHERE s.line_id = l.id
                      ORDER BY n.ends_at DESC NULLS FIRST, n.id DESC
                      LIMIT 1) last ON TRUE
 WHERE l.site_id = :site_id AND l.state = 'stopped'
   AND NOT EXISTS (SELECT FROM orders.customer_order o WHERE o.line_id = l.id AND o.state IN ('acknowledged', 'committed', 'held'))
 ORDER BY l.id;
