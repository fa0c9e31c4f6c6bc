-- The fault work queue of a district, in short and page by page.

-- name: open
-- The open faults that are looked for, soonest due first, in short. A repeat is a fault on a line that had another one put right
-- not long before. Leans on ix_fault_due and ix_fault_account_id.
-- example: {"district": "ZZ", "provider": null, "level": null, "area": null, "exchange": null, "vulnerable": false, "repeats": false, "most": 20000, "repeat_days": 30}
SELECT f.number, f.due_at
  FROM repairs.fault f
  JOIN css.account a ON a.id = f.account_id
  JOIN css.customer c ON c.id = a.customer_id
  JOIN css.line l ON l.id = f.line_id
  JOIN css.site s ON s.id = l.site_id
 WHERE f.district_code = :district AND f.is_open
   AND (CAST(:provider AS text) IS NULL OR f.provider_id = (SELECT p.id FROM css.provider p WHERE p.code = :provider))
   AND (CAST(:level AS text) IS NULL OR f.care_level = :level)
   AND (CAST(:area AS text) IS NULL OR s.postcode LIKE :area || ' %')
   AND (CAST(:exchange AS text) IS NULL OR EXISTS (SELECT FROM css.exchange e WHERE e.id = s.exchange_id AND e.code = :exchange))
   AND (NOT :vulnerable OR c.is_vulnerable)
   AND (NOT :repeats OR EXISTS (SELECT FROM repairs.fault o
                                 WHERE o.account_id = f.account_id AND o.line_id = f.line_id AND o.id <> f.id
                                   AND o.cleared_at > f.reported_at - make_interval(days => :repeat_days)
                                   AND o.cleared_at <= f.reported_at))
 ORDER BY f.due_at, f.number
 LIMIT :most;

-- name: rows
-- The faults of one page as the queue shows them. Leans on uq_fault_number, ix_fault_account_id and ex_service_number_in_use.
-- example: {"numbers": ["ZZF00000018"], "repeat_days": 30}
SELECT f.number, f.state, f.symptom_code, f.is_total_loss, f.care_level, f.reported_at, f.due_at, f.original_due_at,
       a.number AS account_number, p.code AS provider_code, c.is_vulnerable,
       e.code AS exchange_code, b.code AS cabinet_code, d.code AS distribution_point_code, split_part(s.postcode, ' ', 1) AS area,
       s.premises, s.street,
       (SELECT n.number FROM css.service v JOIN css.service_number n ON n.service_id = v.id
         WHERE v.line_id = f.line_id ORDER BY n.starts_at DESC LIMIT 1) AS telephone_number,
       EXISTS (SELECT FROM repairs.fault o
                WHERE o.account_id = f.account_id AND o.line_id = f.line_id AND o.id <> f.id
                  AND o.cleared_at > f.reported_at - make_interval(days => :repeat_days) AND o.cleared_at <= f.reported_at) AS is_repeat
  FROM repairs.fault f
  JOIN css.account a ON a.id = f.account_id
  JOIN css.customer c ON c.id = a.customer_id
  JOIN css.provider p ON p.id = f.provider_id
  JOIN css.line l ON l.id = f.line_id
  JOIN css.site s ON s.id = l.site_id
  JOIN css.exchange e ON e.id = s.exchange_id
  LEFT JOIN css.pair r ON r.id = l.pair_id
  LEFT JOIN css.distribution_point d ON d.id = r.distribution_point_id
  LEFT JOIN css.cabinet b ON b.id = d.cabinet_id
 WHERE f.number = ANY(:numbers);

-- name: version
-- Whether anything in a district's queue has changed: how many, which, and how often they were changed. Leans on ix_fault_due.
-- example: {"district": "ZZ"}
SELECT count(*) AS open_count, coalesce(max(f.id), 0) AS last_id, coalesce(sum(f.id), 0) AS ids, coalesce(sum(f.row_version), 0) AS versions
  FROM repairs.fault f
 WHERE f.district_code = :district AND f.is_open;
