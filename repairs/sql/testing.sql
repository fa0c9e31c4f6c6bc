-- Testing lines. What the simulated test head may read is in the first block: topology and what is broken, no record's opinion.

-- name: way
-- The way of a pair from the exchange to the premises, with whatever was broken on it between two instants: a row for each, or one
-- with nothing. Leans on the primary keys and uq_line_pair_id_live; what was ever broken is read through.
-- example: {"pair_id": 1, "from_at": "2026-01-31T12:00:00Z", "to_at": "2026-01-31T12:00:40Z"}
SELECT b.id AS cabinet_id, t.id AS distribution_point_id,
       x.id, x.element, x.condition, x.is_intermittent, x.distance_metres, x.starts_at, x.ends_at
  FROM css.pair p
  JOIN css.distribution_point t ON t.id = p.distribution_point_id
  JOIN css.cabinet b ON b.id = t.cabinet_id
  LEFT JOIN css.line l ON l.pair_id = p.id AND l.ends_on IS NULL
  LEFT JOIN css.plant_trouble x
    ON (x.exchange_id = b.exchange_id OR x.cabinet_id = b.id OR x.distribution_point_id = t.id OR x.pair_id = p.id OR x.site_id = l.site_id)
   AND x.starts_at <= :to_at AND (x.ends_at IS NULL OR x.ends_at > :from_at)
 WHERE p.id = :pair_id
 ORDER BY x.id;
