-- The work list: first the open orders of a district in short, so that the rule can rank them, then those of one page in full.

-- name: open
-- The open orders of a district that are looked for, in short, with all their risk is judged by. Tasks and slots are looked at
-- once for the whole district. Leans on ix_customer_order_open and ix_order_task_open.
-- example: {"district": "ZZ", "provider": null, "state": null, "kind": null, "owner": null, "problem": null, "exchange": null, "placed_by": "2026-03-02", "most": 20000}
WITH work AS MATERIALIZED (
  SELECT t.order_id, count(*) FILTER (WHERE t.state = 'failed') AS failed_tasks,
         min(t.due_on) FILTER (WHERE t.state = 'open' AND t.kind <> 'survey') AS task_due_on,
         min(t.due_on) FILTER (WHERE t.kind = 'survey') AS survey_due_on,
         min(t.due_on) FILTER (WHERE t.kind = 'field') AS visit_due_on
    FROM orders.order_task t
   WHERE t.district_code = :district AND t.state IN ('open', 'failed')
   GROUP BY t.order_id
)
SELECT o.number, o.state, o.committed_on, o.target_on, o.escalation, coalesce(w.failed_tasks, 0) AS failed_tasks, w.task_due_on,
       w.survey_due_on, CASE WHEN v.state IN ('held', 'booked') THEN NULL ELSE w.visit_due_on END AS visit_due_on,
       coalesce(v.state = 'missed', FALSE) AS is_missed,
       CASE WHEN o.state = 'held' THEN (SELECT max(k.occurred_at) FROM orders.kci_event k
                                         WHERE k.order_id = o.id AND k.kind = 'DELAY') END AS held_at
  FROM orders.customer_order o
  LEFT JOIN work w ON w.order_id = o.id
  LEFT JOIN css.appointment v ON v.id = o.appointment_id
 WHERE o.district_code = :district AND o.state IN ('acknowledged', 'committed', 'held')
   AND (CAST(:state AS text) IS NULL OR o.state = :state)
   AND (CAST(:kind AS text) IS NULL OR o.kind = :kind)
   AND (CAST(:owner AS text) IS NULL OR o.owner = :owner)
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

-- name: facts
-- What the risk of some orders is judged by. Leans on uq_customer_order_number and uq_order_task_order_id_task_number.
-- example: {"numbers": ["ZZO00000018"]}
SELECT o.number, o.state, o.committed_on, o.target_on, o.owner, o.escalation, o.chase_count, coalesce(w.failed_tasks, 0) AS failed_tasks,
       w.task_due_on, w.survey_due_on, CASE WHEN v.state IN ('held', 'booked') THEN NULL ELSE w.visit_due_on END AS visit_due_on,
       coalesce(v.state = 'missed', FALSE) AS is_missed,
       CASE WHEN o.state = 'held' THEN (SELECT max(k.occurred_at) FROM orders.kci_event k
                                         WHERE k.order_id = o.id AND k.kind = 'DELAY') END AS held_at
  FROM orders.customer_order o
  LEFT JOIN css.appointment v ON v.id = o.appointment_id
  LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE t.state = 'failed') AS failed_tasks,
                            min(t.due_on) FILTER (WHERE t.state = 'open' AND t.kind <> 'survey') AS task_due_on,
                            min(t.due_on) FILTER (WHERE t.kind = 'survey') AS survey_due_on,
                            min(t.due_on) FILTER (WHERE t.kind = 'field') AS visit_due_on
                       FROM orders.order_task t
                      WHERE t.order_id = o.id AND t.state IN ('open', 'failed')) w ON TRUE
 WHERE o.number = ANY(:numbers);

-- name: risks
-- The open orders of all districts, or of one provider's, counted by what their risk is judged by: the rule judges each
-- different case once. Leans on ix_customer_order_open and ix_order_task_open.
-- example: {"provider": null}
WITH work AS MATERIALIZED (
  SELECT t.order_id, count(*) FILTER (WHERE t.state = 'failed') AS failed_tasks,
         min(t.due_on) FILTER (WHERE t.state = 'open' AND t.kind <> 'survey') AS task_due_on,
         min(t.due_on) FILTER (WHERE t.kind = 'survey') AS survey_due_on,
         min(t.due_on) FILTER (WHERE t.kind = 'field') AS visit_due_on
    FROM orders.order_task t
   WHERE t.state IN ('open', 'failed')
   GROUP BY t.order_id
)
SELECT o.state, o.committed_on, o.target_on, coalesce(w.failed_tasks, 0) AS failed_tasks, w.task_due_on, w.survey_due_on,
       CASE WHEN v.state IN ('held', 'booked') THEN NULL ELSE w.visit_due_on END AS visit_due_on,
       coalesce(v.state = 'missed', FALSE) AS is_missed, d.nation, t.current_on, NULL AS held_at, count(*) AS orders,
       count(*) FILTER (WHERE o.escalation > 0) AS escalated
  FROM orders.customer_order o
  JOIN css.business_date t ON t.district_code = o.district_code
  JOIN css.district d ON d.code = o.district_code
  LEFT JOIN work w ON w.order_id = o.id
  LEFT JOIN css.appointment v ON v.id = o.appointment_id
 WHERE o.state IN ('acknowledged', 'committed', 'held')
   AND (CAST(:provider AS text) IS NULL OR o.provider_id = (SELECT p.id FROM css.provider p WHERE p.code = :provider))
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;

-- name: rows
-- The orders of one page as the list shows them, with what holds up a held one. Leans on uq_customer_order_number.
-- example: {"numbers": ["ZZO00000018"]}
SELECT o.number, o.kind, o.state, p.code AS provider_code, a.number AS account_number, o.telephone_number, o.required_on, o.committed_on,
       o.target_on, o.placed_on, e.code AS exchange_code, split_part(s.postcode, ' ', 1) AS area, v.slot_on, v.half_day, o.owner,
       o.escalation, o.chase_count,
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
