-- Which telephone numbers an exchange can give out.

-- name: next_free
-- The lowest number that nobody has, was promised, or had lately. It stays locked until the transaction ends, and those
-- that others are taking are passed over, so that orders taken at one moment get different numbers without waiting.
-- Numbers in use are found through ex_service_number_in_use, those promised through uq_customer_order_number_reserved.
-- example: {"exchange_id": 1, "free_if_ended_by": "2026-01-31T00:00:00Z"}
WITH block AS (
  SELECT b.id, b.first_number, b.last_number FROM css.number_block b WHERE b.exchange_id = :exchange_id
), taken AS (
  SELECT b.id, n.number::bigint AS number
    FROM block b
    JOIN css.service_number n ON n.number BETWEEN b.first_number AND b.last_number AND length(n.number) = length(b.first_number)
   WHERE n.ends_at IS NULL OR n.ends_at > :free_if_ended_by
   UNION
  SELECT b.id, o.telephone_number::bigint
    FROM block b
    JOIN orders.customer_order o
      ON o.telephone_number BETWEEN b.first_number AND b.last_number AND length(o.telephone_number) = length(b.first_number)
   WHERE o.kind = 'provide' AND o.state IN ('acknowledged', 'committed', 'held')
   UNION
  SELECT b.id, b.first_number::bigint - 1 FROM block b
), gap AS (
  SELECT t.number + 1 AS first_free,
         coalesce(lead(t.number) OVER (PARTITION BY t.id ORDER BY t.number), b.last_number::bigint + 1) - 1 AS last_free
    FROM taken t
    JOIN block b ON b.id = t.id
), ordered_gap AS MATERIALIZED (
  SELECT g.first_free, g.last_free FROM gap g WHERE g.first_free <= g.last_free ORDER BY g.first_free
)
-- Of a long gap a few hundred are looked at: more people than that do not take orders at one moment.
SELECT free.number::text
  FROM ordered_gap g
 CROSS JOIN LATERAL generate_series(g.first_free, least(g.last_free, g.first_free + 255)) AS free (number)
 WHERE pg_try_advisory_xact_lock(hashtextextended('number/' || free.number, 0))
 LIMIT 1;

-- name: facts
-- What is known of one number: whether the exchange may give it out, who has it or is to have it, who had it last.
-- Leans on ex_service_number_in_use and uq_customer_order_number_reserved.
-- example: {"number": "441632960123", "exchange_id": 1, "account_id": 1}
SELECT EXISTS (SELECT FROM css.number_block b
                WHERE b.exchange_id = :exchange_id AND length(b.first_number) = length(:number)
                  AND :number BETWEEN b.first_number AND b.last_number) AS is_of_exchange,
       EXISTS (SELECT FROM css.service_number n WHERE n.number = :number AND n.ends_at IS NULL) AS is_in_use,
       EXISTS (SELECT FROM orders.customer_order o
                WHERE o.telephone_number = :number AND o.kind = 'provide' AND o.state IN ('acknowledged', 'committed', 'held'))
         AS is_reserved,
       last.ends_at AS last_ended_at,
       coalesce(last.account_id = :account_id, FALSE) AS is_own
  FROM (VALUES (1)) AS one (row_number)
  LEFT JOIN LATERAL (SELECT n.ends_at, s.account_id
                       FROM css.service_number n
                       JOIN css.service s ON s.id = n.service_id
                      WHERE n.number = :number AND n.ends_at IS NOT NULL
                      ORDER BY n.ends_at DESC
                      LIMIT 1) last ON TRUE;
