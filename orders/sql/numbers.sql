-- Which telephone numbers an exchange can give out.

-- name: available
-- The lowest numbers that nobody has, was promised, has reserved or had lately, that no other network has, and that end in
-- some digits. One that is taken stays locked until the transaction ends, and those that others are taking are passed over,
-- so that orders taken at one moment get different numbers without waiting; to choose from, nothing is locked.
-- Blocks are looked through 256 numbers at a time, so that what is found early costs little however large the exchange.
-- Numbers in use are found through ex_service_number_in_use, those promised through uq_customer_order_number_reserved, those
-- reserved through ix_number_reservation_number, those that went away through ex_ported_number_twice.
-- example: {"exchange_id": 1, "resting": "{[\"2026-01-31 00:00+00\",)}", "at": "2026-05-01T00:00:00Z", "ending": "23", "limit": 8, "is_taken": true}
WITH stretch AS MATERIALIZED (
  SELECT start::text AS first_number, least(start + 255, b.last_number::bigint)::text AS last_number
    FROM css.number_block b
   CROSS JOIN LATERAL generate_series(b.first_number::bigint, b.last_number::bigint, 256) AS start
   WHERE b.exchange_id = :exchange_id
   ORDER BY start
)
SELECT free.number
  FROM stretch s
 CROSS JOIN LATERAL (
        SELECT candidate::text AS number FROM generate_series(s.first_number::bigint, s.last_number::bigint) AS candidate
         WHERE candidate::text LIKE '%' || CAST(:ending AS text)
        EXCEPT
        (SELECT n.number
           FROM css.service_number n
          WHERE n.number BETWEEN s.first_number AND s.last_number AND length(n.number) = length(s.first_number)
            AND (n.ends_at IS NULL OR n.ends_at <@ CAST(:resting AS tstzmultirange))
          UNION ALL
         SELECT o.kept_number
           FROM orders.customer_order o
          WHERE o.kept_number BETWEEN s.first_number AND s.last_number AND length(o.kept_number) = length(s.first_number)
            AND o.state IN ('acknowledged', 'committed', 'held')
          UNION ALL
         SELECT r.number
           FROM css.number_reservation r
          WHERE r.number BETWEEN s.first_number AND s.last_number AND length(r.number) = length(s.first_number)
            AND r.starts_at <= :at AND r.ends_at > :at
          UNION ALL
         SELECT p.number
           FROM css.ported_number p
          WHERE p.number BETWEEN s.first_number AND s.last_number AND length(p.number) = length(s.first_number)
            AND p.direction = 'out' AND p.ends_on IS NULL)
        ORDER BY number
      ) free
 WHERE CASE WHEN CAST(:is_taken AS boolean) THEN pg_try_advisory_xact_lock(hashtextextended('number/' || free.number, 0)) ELSE TRUE END
 LIMIT :limit;

-- name: is_promised
-- Whether a number that was free a moment ago was taken since. Leans on ex_service_number_in_use,
-- uq_customer_order_number_reserved and ix_number_reservation_number.
-- example: {"number": "441632960123", "at": "2026-05-01T00:00:00Z"}
SELECT EXISTS (SELECT FROM orders.customer_order o
                WHERE o.kept_number = :number AND o.state IN ('acknowledged', 'committed', 'held'))
       OR EXISTS (SELECT FROM css.number_reservation r WHERE r.number = :number AND r.starts_at <= :at AND r.ends_at > :at)
       OR EXISTS (SELECT FROM css.service_number n WHERE n.number = :number AND n.ends_at IS NULL);

-- name: take
-- Wait for whoever is taking a number at this moment, and keep it from others until the transaction ends.
-- example: {"number": "441632960123"}
SELECT pg_advisory_xact_lock(hashtextextended('number/' || CAST(:number AS text), 0));

-- name: known
-- What is known of one number: which exchange may give it out, who has it, keeps it or had it last, and whether another network
-- has it. Leans on ex_service_number_in_use, uq_customer_order_number_reserved, ix_number_reservation_number and
-- ex_ported_number_twice.
-- example: {"number": "441632960123", "exchange_id": 1, "account_id": 1, "provider_id": 1, "at": "2026-05-01T00:00:00Z"}
SELECT coalesce(block.exchange_id = :exchange_id, FALSE) AS is_of_exchange,
       block.exchange_id IS NOT NULL AS is_ours,
       EXISTS (SELECT FROM css.service_number n WHERE n.number = :number AND n.ends_at IS NULL) AS is_in_use,
       EXISTS (SELECT FROM orders.customer_order o
                WHERE o.kept_number = :number AND o.state IN ('acknowledged', 'committed', 'held')) AS is_reserved,
       EXISTS (SELECT FROM css.number_reservation r
                WHERE r.number = :number AND r.starts_at <= :at AND r.ends_at > :at AND r.provider_id <> :provider_id) AS is_held,
       (SELECT p.direction FROM css.ported_number p WHERE p.number = :number AND p.ends_on IS NULL) AS ported,
       coalesce((SELECT b.first_number FROM css.number_block b WHERE b.exchange_id = :exchange_id ORDER BY b.first_number LIMIT 1), '')
         AS area_number,
       last.ends_at AS last_ended_at,
       coalesce(last.account_id = :account_id, FALSE) AS is_own
  FROM (VALUES (1)) AS one (row_number)
  LEFT JOIN LATERAL (SELECT b.exchange_id
                       FROM css.number_block b
                      WHERE length(b.first_number) = length(:number) AND :number BETWEEN b.first_number AND b.last_number
                      LIMIT 1) block ON TRUE
  LEFT JOIN LATERAL (SELECT n.ends_at, s.account_id
                       FROM css.service_number n
                       JOIN css.service s ON s.id = n.service_id
                      WHERE n.number = :number AND n.ends_at IS NOT NULL
                      ORDER BY n.ends_at DESC
                      LIMIT 1) last ON TRUE;

-- name: spend_reservation
-- An order has the number now: whatever reserves it ends, and says by whom it was reserved. Leans on ix_number_reservation_number.
-- example: {"number": "441632960123", "order_number": "ZZO00000018", "at": "2026-05-01T00:00:00Z"}
UPDATE css.number_reservation
   SET ends_at = :at, order_number = :order_number
 WHERE number = :number AND starts_at <= :at AND ends_at > :at
RETURNING provider_id;

-- name: is_ours
-- Whether some exchange of the house may give a number out.
-- example: {"number": "441632960123"}
SELECT EXISTS (SELECT FROM css.number_block b
                WHERE length(b.first_number) = length(:number) AND :number BETWEEN b.first_number AND b.last_number);

-- name: give_back
-- Numbers that came from another network and are in use with us no longer go back to it. Leans on ex_ported_number_twice and
-- ex_service_number_in_use.
-- example: {"numbers": ["441632970123"], "on": "2026-05-01"}
UPDATE css.ported_number p
   SET ends_on = greatest(CAST(:on AS date), p.starts_on)
 WHERE p.number = ANY(:numbers) AND p.direction = 'in' AND p.ends_on IS NULL
   AND NOT EXISTS (SELECT FROM css.service_number n WHERE n.number = p.number AND n.ends_at IS NULL);

-- name: uses
-- Who had a number, the latest first. Leans on ex_service_number_in_use.
-- example: {"number": "441632960123", "limit": 20}
SELECT n.starts_at, n.ends_at, s.line_id, a.number AS account_number, p.code AS provider_code
  FROM css.service_number n
  JOIN css.service s ON s.id = n.service_id
  JOIN css.account a ON a.id = s.account_id
  JOIN css.provider p ON p.id = s.provider_id
 WHERE n.number = :number
 ORDER BY n.starts_at DESC, n.id DESC
 LIMIT :limit;

-- name: promises
-- By what a number is promised now: the order that keeps it, who reserved it, which network it came from or went to. Leans on
-- uq_customer_order_number_reserved, ix_number_reservation_number and ex_ported_number_twice.
-- example: {"number": "441632960123", "at": "2026-05-01T00:00:00Z"}
SELECT kept.number AS order_number, kept.code AS order_provider_code, held.code AS reserved_provider_code,
       held.ends_at AS reserved_until_at, ported.network_code, ported.network_name, ported.starts_on AS ported_on,
       e.id AS exchange_id, e.code AS exchange_code, e.name AS exchange_name, e.district_code
  FROM (VALUES (1)) AS one (row_number)
  LEFT JOIN LATERAL (SELECT o.number, p.code
                       FROM orders.customer_order o
                       JOIN css.provider p ON p.id = o.provider_id
                      WHERE o.kept_number = :number AND o.state IN ('acknowledged', 'committed', 'held')) kept ON TRUE
  LEFT JOIN LATERAL (SELECT p.code, r.ends_at
                       FROM css.number_reservation r
                       JOIN css.provider p ON p.id = r.provider_id
                      WHERE r.number = :number AND r.starts_at <= :at AND r.ends_at > :at) held ON TRUE
  LEFT JOIN LATERAL (SELECT t.network_code, w.name AS network_name, t.starts_on
                       FROM css.ported_number t
                       JOIN css.network w ON w.code = t.network_code
                      WHERE t.number = :number AND t.ends_on IS NULL) ported ON TRUE
  LEFT JOIN css.number_block b ON length(b.first_number) = length(:number) AND :number BETWEEN b.first_number AND b.last_number
  LEFT JOIN css.exchange e ON e.id = b.exchange_id;

-- name: stock
-- How many numbers each exchange of a district has, and what has become of them. Each counts once, by the first that is true of it.
-- example: {"district": "ZZ", "resting": "{[\"2026-01-31 00:00+00\",)}", "at": "2026-05-01T00:00:00Z"}
WITH block AS (
  SELECT b.exchange_id, b.first_number, b.last_number
    FROM css.number_block b
    JOIN css.exchange e ON e.id = b.exchange_id
   WHERE e.district_code = :district
), taken AS (
  SELECT DISTINCT ON (u.number) u.number, u.state, k.exchange_id
    FROM block k
   CROSS JOIN LATERAL (
          SELECT n.number, CASE WHEN n.ends_at IS NULL THEN 1 ELSE 5 END AS state
            FROM css.service_number n
           WHERE n.number BETWEEN k.first_number AND k.last_number AND length(n.number) = length(k.first_number)
             AND (n.ends_at IS NULL OR n.ends_at <@ CAST(:resting AS tstzmultirange))
           UNION ALL
          SELECT p.number, 2 FROM css.ported_number p
           WHERE p.number BETWEEN k.first_number AND k.last_number AND length(p.number) = length(k.first_number)
             AND p.direction = 'out' AND p.ends_on IS NULL
           UNION ALL
          SELECT o.kept_number, 3 FROM orders.customer_order o
           WHERE o.kept_number BETWEEN k.first_number AND k.last_number AND length(o.kept_number) = length(k.first_number)
             AND o.state IN ('acknowledged', 'committed', 'held')
           UNION ALL
          SELECT r.number, 4 FROM css.number_reservation r
           WHERE r.number BETWEEN k.first_number AND k.last_number AND length(r.number) = length(k.first_number)
             AND r.starts_at <= :at AND r.ends_at > :at
        ) u
   ORDER BY u.number, u.state
)
SELECT e.code AS exchange_code, e.name AS exchange_name,
       (SELECT coalesce(sum(k.last_number::bigint - k.first_number::bigint + 1), 0) FROM block k WHERE k.exchange_id = e.id)::bigint AS size,
       count(t.number) FILTER (WHERE t.state = 1) AS in_use,
       count(t.number) FILTER (WHERE t.state = 2) AS ported_out,
       count(t.number) FILTER (WHERE t.state = 3) AS kept,
       count(t.number) FILTER (WHERE t.state = 4) AS reserved,
       count(t.number) FILTER (WHERE t.state = 5) AS resting
  FROM css.exchange e
  LEFT JOIN taken t ON t.exchange_id = e.id
 WHERE e.district_code = :district
 GROUP BY e.id
 ORDER BY e.code;
