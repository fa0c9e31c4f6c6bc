-- The work list: first the open orders of a district in short, so that the rule can rank them, then those of one page in full.

-- name: open
-- The open orders of a district that are looked for, in short. Leans on ix_customer_order_open.
-- example: {"district": "ZZ", "provider": null, "state": null, "problem": null, "exchange": null, "placed_by": "2026-03-02", "most": 20000}
SELECT o.number, o.state, o.committed_on, o.target_on
  FROM orders.customer_order o
 WHERE o.district_code = :district AND o.state IN ('acknowledged', 'committed', 'held')
   AND (CAST(:state AS text) IS NULL OR o.state = :state)
   AND o.placed_on <= :placed_by
   AND (CAST(:provider AS text) IS NULL OR o.provider_id = (SELECT p.id FROM css.provider p WHERE p.code = :provider))
   AND (CAST(:exchange AS text) IS NULL
        OR EXISTS (SELECT FROM css.line l JOIN css.site s ON s.id = l.site_id JOIN css.exchange e ON e.id = s.exchange_id
                    WHERE l.id = o.line_id AND e.code = :exchange))
   AND (CAST(:problem AS text) IS NULL
        OR (o.state = 'held'
            AND (SELECT k.problem_code FROM orders.kci_event k
                  WHERE k.order_id = o.id AND k.kind = 'DELAY' ORDER BY k.sequence DESC LIMIT 1) = :problem))
 ORDER BY o.target_on, o.id
 LIMIT :most;

-- name: rows
-- The orders of one page as the list shows them, with what holds up a held one. Leans on uq_customer_order_number.
-- example: {"numbers": ["ZZO00000018"]}
SELECT o.number, o.kind, o.state, p.code AS provider_code, a.number AS account_number, o.telephone_number, o.required_on, o.committed_on,
       o.target_on, o.placed_on, e.code AS exchange_code, split_part(s.postcode, ' ', 1) AS area, v.slot_on, v.half_day,
       CASE WHEN o.state = 'held' THEN (SELECT k.problem_code FROM orders.kci_event k
                                         WHERE k.order_id = o.id AND k.kind = 'DELAY' ORDER BY k.sequence DESC LIMIT 1) END AS problem_code
  FROM orders.customer_order o
  JOIN css.provider p ON p.id = o.provider_id
  JOIN css.account a ON a.id = o.account_id
  JOIN css.line l ON l.id = o.line_id
  JOIN css.site s ON s.id = l.site_id
  JOIN css.exchange e ON e.id = s.exchange_id
  LEFT JOIN css.appointment v ON v.id = o.appointment_id
 WHERE o.number = ANY(:numbers);

-- name: standing
-- Where a district's business has got to, and whose bank holidays count.
-- example: {"district": "ZZ"}
SELECT t.current_on, d.nation
  FROM css.business_date t
  JOIN css.district d ON d.code = t.district_code
 WHERE t.district_code = :district;

-- name: exchanges
-- The exchanges of a district, to choose from. Leans on uq_exchange_district_code_code.
-- example: {"district": "ZZ"}
SELECT e.code, e.name FROM css.exchange e WHERE e.district_code = :district ORDER BY e.code;
