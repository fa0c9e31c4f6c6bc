-- name: versions
-- The terms of tariff versions, by code and number: those in force some day, and those named by their id.
-- example: {"including": [1]}
SELECT v.id, t.code, t.name, t.kind, v.version, v.starts_on, v.ends_on, v.basis, v.daytime_from, v.daytime_to, v.price_rounding_millionths,
       v.boundary, v.bank_holiday_nation, v.minimum_seconds, s.code AS service_code
  FROM billing.tariff_version v
  JOIN billing.tariff t ON t.id = v.tariff_id
  LEFT JOIN billing.tariff s ON s.id = v.service_tariff_id
 WHERE v.state = 'released' OR v.id = ANY (:including)
 ORDER BY t.code, v.version

-- name: rates
-- Every price of some versions, amounts in millionths of a penny. Leans on
-- uq_tariff_rate_tariff_version_id_prefix_is_short_code_band where they are few.
-- example: {"versions": [1, 2]}
SELECT r.id, r.tariff_version_id, r.prefix, r.band, r.charge_class, r.destination,
       (r.setup_price * 1000000)::bigint, (r.minimum_price * 1000000)::bigint, (r.maximum_price * 1000000)::bigint,
       r.is_itemised, r.is_short_code, r.is_free, r.is_access_charge
  FROM billing.tariff_rate r
 WHERE r.tariff_version_id = ANY (:versions)
 ORDER BY r.id

-- name: steps
-- The steps of every price of some versions, in order, amounts in millionths of a penny. Leans on ix_tariff_rate_step_tariff_rate_id.
-- example: {"versions": [1, 2]}
SELECT s.tariff_rate_id, s.from_second, s.unit_seconds, (s.unit_price * 1000000)::bigint, (s.price * 1000000)::bigint
  FROM billing.tariff_rate_step s
  JOIN billing.tariff_rate r ON r.id = s.tariff_rate_id
 WHERE r.tariff_version_id = ANY (:versions)
 ORDER BY s.tariff_rate_id, s.from_second

-- name: standing
-- Every version of every tariff, or of one, and how it stands: the list people look at.
-- Leans on uq_tariff_version_tariff_id_version.
-- example: {"code": "RES"}
SELECT v.id, t.code, t.name, t.kind, v.version, v.state, v.starts_on, v.ends_on, v.basis, v.boundary, v.daytime_from, v.daytime_to,
       v.bank_holiday_nation, v.minimum_seconds, v.price_rounding_millionths, s.code AS service_code,
       (SELECT count(*) FROM billing.tariff_rate r WHERE r.tariff_version_id = v.id AND r.band = 'day') AS prefix_count,
       v.loaded_by, v.loaded_at, v.released_by, v.released_at, v.document_sha256
  FROM billing.tariff_version v
  JOIN billing.tariff t ON t.id = v.tariff_id
  LEFT JOIN billing.tariff s ON s.id = v.service_tariff_id
 WHERE CAST(:code AS text) IS NULL OR t.code = :code
 ORDER BY t.code, v.version

-- name: recent_calls
-- What customers really called lately at the prices of one version: the newest of the last nights, so many looked through at most.
-- The kind of its tariff says which of a call's prices it gave. Leans on ix_rated_call_rated_on_account_id.
-- example: {"version": 1, "kind": "retail", "days": 7, "looked_at": 1000000, "sample": 10000}
SELECT c.other_number, c.started_at, c.duration_seconds, c.rated_on
  FROM (SELECT n.other_number, n.started_at, n.duration_seconds, n.rated_on,
               CASE :kind WHEN 'wholesale' THEN n.wholesale_rate_id WHEN 'service' THEN n.service_rate_id ELSE n.tariff_rate_id END AS rate_id
          FROM billing.rated_call n
         WHERE n.rated_on > (SELECT max(m.rated_on) FROM billing.rated_call m) - CAST(:days AS integer) AND n.rerating_id IS NULL
         ORDER BY n.rated_on DESC
         LIMIT :looked_at) c
  JOIN billing.tariff_rate r ON r.id = c.rate_id
 WHERE r.tariff_version_id = :version
 LIMIT :sample

-- name: rate_ids
-- So many new ids for rates, taken at once.
-- example: {"how_many": 3}
SELECT nextval(pg_get_serial_sequence('billing.tariff_rate', 'id')) FROM generate_series(1, :how_many)
