-- The keys of calls on file: found by the hour in which a call began, and by the ends of a page of a supplier's ids.

-- name: calls
-- The natural keys of calls that began in some hours. Leans on pk_usage_call_key: keys of other hours cost nothing.
-- example: {"district": "ZZ", "hours": ["2026-01-30T12:00:00+00:00"]}
SELECT k.usage_file_id, k.calls
  FROM billing.usage_call_key k
 WHERE k.district_code = :district AND k.call_hour = ANY(CAST(:hours AS timestamptz[]))
 ORDER BY k.call_hour, k.usage_file_id, k.page;

-- name: pages
-- The pages that may hold some of a supplier's ids, which come as ranges of one length. Leans on ix_usage_id_key_last_id: a
-- page whose last id comes before a range is not looked at.
-- example: {"district": "ZZ", "supplier": "NTHTEL", "since": "2025-01-30", "lengths": [7], "firsts": ["R000001"], "lasts": ["R000002"]}
SELECT DISTINCT k.usage_file_id, k.page, k.id_length, k.first_id, k.last_id
  FROM unnest(CAST(:lengths AS integer[]), CAST(:firsts AS text[]), CAST(:lasts AS text[])) AS g (id_length, first_id, last_id)
  JOIN billing.usage_id_key k ON k.district_code = :district AND k.supplier = :supplier AND k.id_length = g.id_length
                             AND k.last_id >= g.first_id AND k.first_id <= g.last_id
 WHERE k.received_on >= :since
 ORDER BY k.usage_file_id, k.page;

-- name: ids
-- The ids of some pages. Leans on pk_usage_id_key.
-- example: {"files": [1], "pages": [1]}
SELECT k.usage_file_id, k.ids
  FROM unnest(CAST(:files AS bigint[]), CAST(:pages AS integer[])) AS w (usage_file_id, page)
  JOIN billing.usage_id_key k ON k.usage_file_id = w.usage_file_id AND k.page = w.page;
