-- What whoever takes an order is shown before it is placed: the plant at the address.

-- name: at_address
-- An address, what there is for a new line, and where its district's business has got to; an installation of several lines is one.
-- Leans on ix_line_site_id, uq_customer_order_open_on_line, ix_pair_spare and uq_line_pair_id_live.
-- example: {"address_key": "A6750000001"}
SELECT s.id AS site_id, s.address_key, s.district_code, s.exchange_id, s.match, e.name AS exchange_name, d.nation, t.current_on,
       (SELECT count(*) FROM css.line l WHERE l.site_id = s.id AND l.state = 'working' AND l.auxiliary_of_id IS NULL) AS working_lines,
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
  JOIN css.exchange e ON e.id = s.exchange_id
  JOIN css.district d ON d.code = s.district_code
  JOIN css.business_date t ON t.district_code = s.district_code
 WHERE s.address_key = :address_key;
