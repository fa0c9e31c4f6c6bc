-- What a provider has with us, walked page by page in the order of its numbers: each page begins after the last number of the
-- one before, so a walk of any length needs no more than a page, and nothing that stays is missed or met twice.

-- name: open_orders
-- A page of a provider's open orders by number, with the last event of each. Leans on ix_customer_order_open_of_provider and
-- uq_kci_event_order_id_sequence.
-- example: {"provider_id": 1, "account": null, "after": "", "most": 201}
SELECT o.number, o.customer_reference, o.conversation_id, o.kind, o.state, o.reason_code, a.number AS account_number, o.telephone_number,
       s.address_key, o.required_on, o.target_on, o.committed_on, o.placed_at,
       (SELECT max(k.sequence) FROM orders.kci_event k WHERE k.order_id = o.id) AS last_sequence
  FROM orders.customer_order o
  JOIN css.account a ON a.id = o.account_id
  JOIN css.line_place_v l ON l.line_id = o.line_id
  JOIN css.site s ON s.id = l.site_id
 WHERE o.provider_id = :provider_id AND o.state IN ('acknowledged', 'committed', 'held') AND o.number > :after
   AND (CAST(:account AS text) IS NULL OR a.number = :account)
 ORDER BY o.number
 LIMIT :most;

-- name: lines
-- A page of a provider's working lines by telephone number, each with what works on it. The page is cut before anything is looked
-- up for it. Of a provider with many lines the numbers in use are walked in their order (ix_service_number_in_use); of one with
-- few its lines are taken (ix_line_working_of_provider) and put in order. Leans besides on ix_service_line_id,
-- ix_service_number_service_id, ix_line_auxiliary_of_id, ix_line_bar_line_id, ix_customer_order_line_id and
-- uq_customer_order_open_from_line.
-- example: {"provider_id": 1, "account": null, "after": "", "most": 201}
WITH page AS MATERIALIZED (
  SELECT n.number, v.id AS service_id, v.line_id, v.account_id, v.product_id, v.care_level, v.starts_on, l.site_id
    FROM css.service_number n
    JOIN css.service v ON v.id = n.service_id
    JOIN css.line l ON l.id = v.line_id
   WHERE n.ends_at IS NULL AND n.number > :after
     AND v.provider_id = :provider_id AND l.provider_id = :provider_id AND l.state = 'working'
     AND (CAST(:account AS text) IS NULL OR v.account_id = (SELECT a.id FROM css.account a WHERE a.number = :account))
   ORDER BY n.number
   LIMIT :most
)
SELECT page.number, a.number AS account_number, s.address_key, s.postcode, p.code AS product_code, page.care_level, page.starts_on,
       (SELECT json_agg(json_build_array(x.code, f.quantity) ORDER BY x.code)
          FROM css.service f
          JOIN css.product x ON x.id = f.product_id
         WHERE f.line_id = page.line_id AND f.ends_on IS NULL AND f.id <> page.service_id AND x.kind <> 'care') AS features,
       (SELECT count(*) FROM css.line x WHERE x.auxiliary_of_id = page.line_id AND x.state = 'working') AS auxiliary_lines,
       (SELECT array_agg(b.kind ORDER BY b.kind) FROM css.line_bar b WHERE b.line_id = page.line_id AND b.ends_at IS NULL) AS bars,
       coalesce(
         (SELECT min(o.number)
            FROM orders.customer_order o
           WHERE o.line_id = page.line_id AND o.provider_id = :provider_id AND o.state IN ('acknowledged', 'committed', 'held')),
         (SELECT o.number
            FROM orders.customer_order o
           WHERE o.from_line_id = page.line_id AND o.provider_id = :provider_id AND o.state IN ('acknowledged', 'committed', 'held'))
       ) AS open_order
  FROM page
  JOIN css.account a ON a.id = page.account_id
  JOIN css.site s ON s.id = page.site_id
  JOIN css.product p ON p.id = page.product_id
 ORDER BY page.number;
