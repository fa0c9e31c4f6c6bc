-- The auxiliary lines of multiline installations, and pairs for several lines at once.

-- name: spare_pairs
-- So many spare pairs of a distribution point that are kept for no line, the first ones, locked; fewer where there are fewer.
-- Whoever runs it has run plant.await_spare_pairs before, so nobody else is taking any. Leans on ix_pair_spare and
-- uq_line_pair_id_live.
-- example: {"distribution_point_id": 1, "count": 5}
SELECT p.id
  FROM css.pair p
 WHERE p.distribution_point_id = :distribution_point_id AND p.state = 'spare'
   AND NOT EXISTS (SELECT FROM css.line l WHERE l.pair_id = p.id AND l.ends_on IS NULL)
 ORDER BY p.pair_number
 LIMIT :count
   FOR UPDATE OF p SKIP LOCKED;

-- name: of_installation
-- The auxiliary lines of a line that are there or are to be, the oldest first, locked. Leans on ix_line_auxiliary_of_id.
-- example: {"line_id": 1}
SELECT l.id, l.state, l.pair_id
  FROM css.line l
 WHERE l.auxiliary_of_id = :line_id AND l.ends_on IS NULL
 ORDER BY l.id
   FOR UPDATE OF l;
