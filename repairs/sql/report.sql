-- What whoever takes a fault report must know of the line, in one look.

-- name: line
-- A line with the plant it is on, whom it serves and what works on it now. Leans on the primary keys and ix_service_line_id.
-- example: {"line_id": 1, "account_id": 1, "day": "2026-01-31"}
SELECT l.id AS line_id, l.pair_id, l.site_id, l.starts_on, s.exchange_id, s.address_key, p.distribution_point_id, b.id AS cabinet_id,
       d.nation, c.is_vulnerable,
       ARRAY(SELECT q.code FROM css.service v JOIN css.product q ON q.id = v.product_id
              WHERE v.line_id = coalesce(l.auxiliary_of_id, l.id) AND v.starts_on <= :day AND (v.ends_on IS NULL OR v.ends_on > :day)) AS products,
       (SELECT f.number FROM repairs.fault f
         WHERE f.line_id = l.id AND f.is_open ORDER BY f.forced_reason IS NOT NULL, f.id LIMIT 1) AS open_fault,
       (SELECT o.number FROM orders.open_order_v o
         WHERE o.line_id = coalesce(l.auxiliary_of_id, l.id) ORDER BY o.order_id LIMIT 1) AS open_order
  FROM css.line l
  JOIN css.site s ON s.id = l.site_id
  JOIN css.district d ON d.code = l.district_code
  JOIN css.account a ON a.id = :account_id
  JOIN css.customer c ON c.id = a.customer_id
  LEFT JOIN css.pair p ON p.id = l.pair_id
  LEFT JOIN css.distribution_point t ON t.id = p.distribution_point_id
  LEFT JOIN css.cabinet b ON b.id = t.cabinet_id
 WHERE l.id = :line_id;

-- name: auxiliary
-- The further lines of an installation, in the order they were put in. Leans on ix_line_auxiliary_of_id.
-- example: {"line_id": 1}
SELECT l.id AS line_id
  FROM css.line l
 WHERE l.auxiliary_of_id = :line_id AND l.state = 'working'
 ORDER BY l.id;
