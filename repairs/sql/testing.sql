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

-- name: piece_on_way
-- Every piece of plant on the way of a pair, with its codes. Leans on the primary keys and uq_line_pair_id_live.
-- example: {"pair_id": 1}
SELECT x.id AS exchange_id, x.district_code, x.code AS exchange_code, b.id AS cabinet_id, b.code AS cabinet_code,
       t.id AS distribution_point_id, t.code AS distribution_point_code, p.id AS pair_id, p.pair_number,
       s.id AS site_id, s.address_key, s.premises, s.street
  FROM css.pair p
  JOIN css.distribution_point t ON t.id = p.distribution_point_id
  JOIN css.cabinet b ON b.id = t.cabinet_id
  JOIN css.exchange x ON x.id = b.exchange_id
  LEFT JOIN css.line l ON l.pair_id = p.id AND l.ends_on IS NULL
  LEFT JOIN css.site s ON s.id = l.site_id
 WHERE p.id = :pair_id;

-- name: piece_by_codes
-- The same by codes, as far down as they go; what has no such code, or was not named, is null. Leans on the unique codes.
-- example: {"district_code": "ZZ", "exchange_code": "WREN", "cabinet_code": "C1", "distribution_point_code": "DP1", "pair_number": 1}
SELECT x.id AS exchange_id, x.district_code, x.code AS exchange_code, b.id AS cabinet_id, b.code AS cabinet_code,
       t.id AS distribution_point_id, t.code AS distribution_point_code, p.id AS pair_id, p.pair_number,
       s.id AS site_id, s.address_key, s.premises, s.street
  FROM css.exchange x
  LEFT JOIN css.cabinet b ON b.exchange_id = x.id AND b.code = :cabinet_code
  LEFT JOIN css.distribution_point t ON t.cabinet_id = b.id AND t.code = :distribution_point_code
  LEFT JOIN css.pair p ON p.distribution_point_id = t.id AND p.pair_number = :pair_number
  LEFT JOIN css.line l ON l.pair_id = p.id AND l.ends_on IS NULL
  LEFT JOIN css.site s ON s.id = l.site_id
 WHERE x.district_code = :district_code AND x.code = :exchange_code;

-- name: tests
-- One line test, or those of a line, newest first, with what the asker may see: a partner what was asked for while a service of its
-- own was on the line, a contractor the lines of faults that were given to them. Leans on pk_line_test and ix_line_test_line_id.
-- example: {"line_test_id": null, "line_id": 1, "provider_code": null, "engineer_code": null, "shown": 20}
SELECT t.id AS line_test_id, t.line_id, n.number, t.kind, t.state, t.progress_percent, t.asked_at, t.asked_by, t.finished_at, t.fault_number,
       t.outcome, t.diagnosis_code, t.diagnosis, t.location, t.condition, t.needs_appointment, t.report_advised, t.line_stability,
       t.network_stability, t.stability_words, t.distance_metres, t.measured, n.care_level AS service_level, f.symptom_code
  FROM repairs.line_test t
  JOIN css.line l ON l.id = t.line_id
  LEFT JOIN repairs.fault f ON f.number = t.fault_number
  LEFT JOIN LATERAL (
       SELECT u.number, v.care_level
         FROM css.service v JOIN css.service_number u ON u.service_id = v.id
        WHERE v.line_id = coalesce(l.auxiliary_of_id, l.id)
        ORDER BY u.starts_at DESC, u.id DESC LIMIT 1) n ON true
 WHERE (t.id = CAST(:line_test_id AS bigint) OR t.line_id = CAST(:line_id AS bigint))
   AND (CAST(:provider_code AS text) IS NULL OR EXISTS (
        SELECT 1 FROM css.service v JOIN css.provider o ON o.id = v.provider_id
         WHERE v.line_id = coalesce(l.auxiliary_of_id, l.id) AND o.code = :provider_code
           AND v.starts_on <= (t.asked_at AT TIME ZONE 'Europe/London')::date
           AND (v.ends_on IS NULL OR v.ends_on > (t.asked_at AT TIME ZONE 'Europe/London')::date)))
   AND (CAST(:engineer_code AS text) IS NULL OR EXISTS (
        SELECT 1 FROM repairs.fault g JOIN repairs.visit w ON w.fault_id = g.id JOIN repairs.engineer e ON e.id = w.engineer_id
         WHERE g.line_id = t.line_id AND e.code = :engineer_code))
 ORDER BY t.asked_at DESC, t.id DESC
 LIMIT :shown;

-- name: troubles
-- What is, or was, physically wrong with the plant of a district, newest first. What is broken now is found by the indexes of each
-- piece; what ever was is read through.
-- example: {"district_code": "ZZ", "mended": false, "shown": 100}
SELECT x.id AS plant_trouble_id, x.element, e.code AS exchange_code, b.code AS cabinet_code, t.code AS distribution_point_code, p.pair_number,
       s.address_key, x.condition, x.is_intermittent, x.distance_metres, x.starts_at, x.ends_at, x.words, x.set_by
  FROM css.plant_trouble x
  LEFT JOIN css.site s ON s.id = x.site_id
  LEFT JOIN css.pair p ON p.id = x.pair_id
  LEFT JOIN css.distribution_point t ON t.id = coalesce(x.distribution_point_id, p.distribution_point_id, s.distribution_point_id)
  LEFT JOIN css.cabinet b ON b.id = coalesce(x.cabinet_id, t.cabinet_id)
  JOIN css.exchange e ON e.id = coalesce(x.exchange_id, b.exchange_id, s.exchange_id)
 WHERE e.district_code = :district_code AND (x.ends_at IS NOT NULL) = :mended
 ORDER BY x.starts_at DESC, x.id DESC
 LIMIT :shown;
