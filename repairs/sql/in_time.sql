-- name: cleared
-- Faults cleared between two instants, by the care level that counted, and how many of them before their deadline. One whose clear was
-- rejected since is open again and counts when it is cleared for good.
-- example: {"district": "ZZ", "starts_at": "2026-01-01T00:00:00+00:00", "ends_at": "2026-02-01T00:00:00+00:00"}
SELECT f.care_level, count(*) AS cleared_count, count(*) FILTER (WHERE f.cleared_at <= f.due_at AND f.breached_at IS NULL) AS in_time_count
  FROM repairs.fault f
 WHERE f.district_code = :district AND f.cleared_at >= :starts_at AND f.cleared_at < :ends_at
 GROUP BY f.care_level
 ORDER BY f.care_level;
