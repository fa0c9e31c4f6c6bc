-- The tasks of orders: those of one, and those a work group has to do.

-- name: of_order
-- The tasks of an order in their places. Leans on uq_customer_order_number and uq_order_task_order_id_task_number.
-- example: {"number": "ZZO00000018", "provider": null}
SELECT o.number AS order_number, o.kind AS order_kind, o.state AS order_state, t.task_number, t.kind, t.owner, t.state, t.due_on, t.checks,
       t.problem_code, t.words, t.attempts, t.done_on, t.done_at, t.done_by
  FROM orders.customer_order o
  JOIN css.provider p ON p.id = o.provider_id
  LEFT JOIN orders.order_task t ON t.order_id = o.id
 WHERE o.number = :number AND (CAST(:provider AS text) IS NULL OR p.code = :provider)
 ORDER BY t.task_number;

-- name: to_do
-- What a work group has to do in a district by a day, the oldest first, with what else of the order is not done yet. Leans on
-- ix_order_task_open and uq_order_task_order_id_task_number.
-- example: {"district": "ZZ", "owner": "field", "due_by": "2026-03-09", "after_due": "2026-03-01", "after_id": 0, "most": 50}
SELECT t.id, o.number AS order_number, o.kind AS order_kind, o.state AS order_state, t.kind, t.owner, t.state, t.due_on, t.problem_code,
       t.words, t.attempts, o.target_on, s.address_key, s.premises, s.street, s.town, s.postcode, e.code AS exchange_code,
       o.telephone_number, v.slot_on, v.half_day, v.state AS slot_state, o.hazard_notes, o.visit_notes, o.contact_name, o.contact_phone,
       ARRAY(SELECT u.kind FROM orders.order_task u
              WHERE u.order_id = t.order_id AND u.id <> t.id AND u.state IN ('open', 'failed')
              ORDER BY u.task_number) AS undone
  FROM orders.order_task t
  JOIN orders.customer_order o ON o.id = t.order_id
  JOIN css.line l ON l.id = o.line_id
  JOIN css.site s ON s.id = l.site_id
  JOIN css.exchange e ON e.id = s.exchange_id
  LEFT JOIN css.appointment v ON v.id = o.appointment_id
 WHERE t.district_code = :district AND t.owner = :owner AND t.state IN ('open', 'failed') AND t.due_on <= :due_by
   AND (t.due_on, t.id) > (:after_due, :after_id)
 ORDER BY t.due_on, t.id
 LIMIT :most;

-- name: waiting
-- How much each work group of a district has to do, and how much of it is overdue or failed. Leans on ix_order_task_open.
-- example: {"district": "ZZ", "on": "2026-03-02"}
SELECT t.owner, count(*) AS tasks, count(*) FILTER (WHERE t.due_on < :on) AS overdue, count(*) FILTER (WHERE t.state = 'failed') AS failed
  FROM orders.order_task t
 WHERE t.district_code = :district AND t.state IN ('open', 'failed')
 GROUP BY t.owner;
