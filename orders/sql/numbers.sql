-- Which telephone numbers an exchange can give out.

-- name: free
-- The lowest numbers that nobody has, was promised, or had lately, and that end in some digits. One that is taken stays
-- locked until the transaction ends, and those that others are taking are passed over, so that orders taken at one moment get
-- different numbers without waiting; to choose from, nothing is locked.
-- Blocks are looked through 256 numbers at a time, so that what is found early costs little however large the exchange.
-- Numbers in use are found through ex_service_number_in_use, those promised through uq_customer_order_number_reserved.
-- example: {"exchange_id": 1, "free_if_ended_by": "2026-01-31T00:00:00Z", "ending": "23", "limit": 8, "is_taken": true}
WITH stretch AS MATERIALIZED (
  SELECT start AS first_number, least(start + 255, b.last_number::bigint) AS last_number
    FROM css.number_block b
   CROSS JOIN LATERAL generate_series(b.first_number::bigint, b.last_number::bigint, 256) AS start
   WHERE b.exchange_id = :exchange_id
   ORDER BY start
)
SELECT free.number::text
  FROM stretch s
 CROSS JOIN LATERAL (
        SELECT candidate AS number FROM generate_series(s.first_number, s.last_number) AS candidate
         WHERE candidate::text LIKE '%' || CAST(:ending AS text)
        EXCEPT
        (SELECT n.number::bigint
           FROM css.service_number n
          WHERE n.number BETWEEN s.first_number::text AND s.last_number::text AND length(n.number) = length(s.first_number::text)
            AND (n.ends_at IS NULL OR n.ends_at > :free_if_ended_by)
          UNION ALL
         SELECT o.telephone_number::bigint
           FROM orders.customer_order o
          WHERE o.telephone_number BETWEEN s.first_number::text AND s.last_number::text
            AND length(o.telephone_number) = length(s.first_number::text)
            AND o.kind = 'provide' AND o.state IN ('acknowledged', 'committed', 'held'))
        ORDER BY number
      ) free
 WHERE CASE WHEN CAST(:is_taken AS boolean) THEN pg_try_advisory_xact_lock(hashtextextended('number/' || free.number, 0)) ELSE TRUE END
 LIMIT :limit;

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
