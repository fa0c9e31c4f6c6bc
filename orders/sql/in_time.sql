-- name: completed
-- Orders completed between two instants, by kind, and how many of them on or before the day that was promised when they were
-- committed. One is completed when we are told: the month in which that is does not change.
-- example: {"district": "ZZ", "starts_at": "2026-01-01T00:00:00+00:00", "ends_at": "2026-02-01T00:00:00+00:00"}
SELECT o.kind, count(*) AS completed_count, count(*) FILTER (WHERE o.done_on <= o.committed_on) AS in_time_count
  FROM orders.customer_order o
 WHERE o.district_code = :district AND o.completed_at >= :starts_at AND o.completed_at < :ends_at
 GROUP BY o.kind
 ORDER BY o.kind;
