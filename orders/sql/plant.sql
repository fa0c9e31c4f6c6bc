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

-- name: at_site
-- How many working lines and free stopped lines a site has, and free spare pairs its distribution point. Leans on
-- ix_line_site_id, uq_customer_order_open_on_line, ix_pair_spare and uq_line_pair_id_live.
-- example: {"site_id": 1}
SELECT (SELECT count(*) FROM css.line l WHERE l.site_id = s.id AND l.state = 'working') AS working_lines,
       (SELECT count(*)
          FROM css.line l
          JOIN css.pair p ON p.id = l.pair_id AND p.state = 'stopped'
         WHERE l.site_id = s.id AND l.state = 'stopped'
           AND NOT EXISTS (SELECT FROM orders.customer_order o
                            WHERE o.line_id = l.id AND o.state IN ('acknowledged', 'committed', 'held'))) AS stopped_lines,
       (SELECT count(*)
          FROM css.pair p
         WHERE p.distribution_point_id = s.distribution_point_id AND p.state = 'spare'
           AND NOT EXISTS (SELECT FROM css.line l WHERE l.pair_id = p.id AND l.ends_on IS NULL)) AS spare_pairs
  FROM css.site s
 WHERE s.id = :site_id;
