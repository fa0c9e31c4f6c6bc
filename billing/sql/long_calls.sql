-- name: chains
-- Long calls with parts that wait, in order, after one. Leans on ix_usage_set_aside_chain.
-- example: {"district": "ZZ", "supplier": "NTHTEL", "chain": "G17", "limit": 2000}
SELECT u.supplier, u.chain_id
  FROM billing.usage_set_aside u
 WHERE u.district_code = :district AND u.is_open AND u.chain_id IS NOT NULL AND (u.supplier, u.chain_id) > (:supplier, :chain)
 GROUP BY u.supplier, u.chain_id
 ORDER BY u.supplier, u.chain_id
 LIMIT :limit

-- name: chains_of
-- The long calls that open parts belong to.
-- example: {"district": "ZZ", "records": [120000017]}
SELECT u.supplier, u.chain_id
  FROM billing.usage_set_aside u
 WHERE u.district_code = :district AND u.is_open AND u.chain_id IS NOT NULL AND u.usage_record_id = ANY(CAST(:records AS bigint[]))
 GROUP BY u.supplier, u.chain_id
 ORDER BY u.supplier, u.chain_id

-- name: parts
-- The parts of long calls that wait, and those that were priced. Leans on ix_usage_set_aside_chain and
-- ix_usage_set_aside_chain_settled.
-- example: {"district": "ZZ", "suppliers": ["NTHTEL"], "chains": ["G17"]}
SELECT u.usage_record_id, u.supplier, u.chain_id, u.part_number, u.is_last_part, u.leg, u.charged_number, u.other_number, u.started_at,
       u.duration_seconds, u.set_aside_on, u.is_open
  FROM unnest(CAST(:suppliers AS text[]), CAST(:chains AS text[])) AS c (supplier, chain_id)
  JOIN billing.usage_set_aside u
    ON u.district_code = :district AND u.supplier = c.supplier AND u.chain_id = c.chain_id AND u.is_open
UNION ALL
SELECT u.usage_record_id, u.supplier, u.chain_id, u.part_number, u.is_last_part, u.leg, u.charged_number, u.other_number, u.started_at,
       u.duration_seconds, u.set_aside_on, u.is_open
  FROM unnest(CAST(:suppliers AS text[]), CAST(:chains AS text[])) AS c (supplier, chain_id)
  JOIN billing.usage_set_aside u
    ON u.district_code = :district AND u.supplier = c.supplier AND u.chain_id = c.chain_id
   AND u.settled_as IN ('rated', 'zero-rated') AND u.outcome = 'suspended'

-- name: waiting
-- Long calls of which parts wait, each as far as it has come. Leans on ix_usage_set_aside_chain.
-- example: {"district": "ZZ", "limit": 100}
SELECT u.supplier, u.chain_id, max(u.reason_code) AS reason_code, max(u.words) AS words,
       array_agg(coalesce(u.part_number, 0) ORDER BY u.part_number) AS part_numbers, bool_or(coalesce(u.is_last_part, FALSE)) AS has_last,
       CAST(coalesce(sum(u.duration_seconds), 0) AS bigint) AS duration_seconds, min(u.charged_number) AS charged_number,
       min(u.started_at) AS started_at, max(u.set_aside_on) AS newest_on
  FROM billing.usage_set_aside u
 WHERE u.district_code = :district AND u.is_open AND u.chain_id IS NOT NULL
 GROUP BY u.supplier, u.chain_id
 ORDER BY u.supplier, u.chain_id
 LIMIT :limit
