-- Lines at an address that an order could take or start. Who has them is told to nobody.

-- name: occupied
-- The working lines of a site that have a number, and what each is; an installation of several is the line with the number.
-- Nothing is locked: whoever takes one locks it and looks again. Leans on ix_line_site_id and ix_service_number_service_id.
-- example: {"site_id": 1}
SELECT l.id AS line_id, n.number
  FROM css.line l
  JOIN css.service s ON s.line_id = l.id AND s.ends_on IS NULL
  JOIN css.service_number n ON n.service_id = s.id AND n.ends_at IS NULL
 WHERE l.site_id = :site_id AND l.state = 'working' AND l.auxiliary_of_id IS NULL
 ORDER BY l.id;

-- name: stopped
-- A stopped line of a site that no open order works on, locked, with the number it had last and whose that was; with a number
-- the one that had it. It waits for whoever has the line locked: uq_customer_order_open_on_line then says who was first.
-- Leans on ix_line_site_id, ix_service_line_id and ix_service_number_service_id.
-- example: {"site_id": 1, "number": null}
SELECT l.id AS line_id, last.number, last.account_id
  FROM css.line l
  JOIN css.pair p ON p.id = l.pair_id
  LEFT JOIN LATERAL (SELECT n.number, s.account_id
                       FROM css.service s
                       JOIN css.service_number n ON n.service_id = s.id
                      WHERE s.line_id = l.id
                      ORDER BY n.ends_at DESC NULLS FIRST, n.id DESC
                      LIMIT 1) last ON TRUE
 WHERE l.site_id = :site_id AND l.state = 'stopped' AND p.state = 'stopped' AND l.auxiliary_of_id IS NULL
   AND (CAST(:number AS text) IS NULL OR last.number = :number)
   AND NOT EXISTS (SELECT FROM orders.customer_order o WHERE o.line_id = l.id AND o.state IN ('acknowledged', 'committed', 'held'))
 ORDER BY l.id
 LIMIT 1
   FOR UPDATE OF l;
