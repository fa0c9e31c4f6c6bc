-- Matters beyond our reasonable control, as repairs publishes them: they void what was guaranteed for a start.

-- name: first
-- When the first MBORC for provision began to cover a line within a time; narrowed ones are about faults and cover no start.
-- example: {"line_id": 1, "since": "2026-01-02T09:00:00Z", "until": "2026-01-31T09:00:00Z"}
SELECT min(greatest(m.starts_at, CAST(:since AS timestamptz))) AS began_at
  FROM css.line l
  JOIN css.site s ON s.id = l.site_id
  LEFT JOIN css.pair p ON p.id = l.pair_id
  LEFT JOIN css.distribution_point d ON d.id = p.distribution_point_id
  JOIN repairs.mborc_v m ON m.district_code = l.district_code AND m.activity = 'provision' AND m.clear_codes IS NULL
   AND (m.exchange_id IS NULL OR m.exchange_id = s.exchange_id)
   AND (m.cabinet_id IS NULL OR m.cabinet_id = d.cabinet_id)
 WHERE l.id = :line_id
   AND m.starts_at < :until
   AND (m.ends_at IS NULL OR m.ends_at > :since);
