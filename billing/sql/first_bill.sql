-- name: going_on
-- What keeps an account going beside its services: orders open on it but this one, accounts it pays for; whether its final bill is out.
-- example: {"account": 1, "order": "ZZO00000123"}
SELECT EXISTS (SELECT 1 FROM orders.open_order_v o WHERE o.account_id = a.id AND o.number IS DISTINCT FROM :order) AS has_other_orders,
       EXISTS (SELECT 1 FROM css.account m WHERE m.group_account_id = a.id AND m.is_paid_by_group) AS has_members
  FROM css.account a
 WHERE a.id = :account;
