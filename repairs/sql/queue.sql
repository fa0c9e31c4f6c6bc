-- The faults of the work queue as it shows them. Which they are is asked in repairs.queries.queue, by what it is narrowed by.

-- name: rows
-- The faults of one page as the queue shows them. Leans on uq_fault_number, uq_visit_fault_live and ex_service_number_in_use.
-- example: {"numbers": ["ZZF00000018"]}
SELECT f.number, f.kind, f.state, f.symptom_code, f.is_total_loss, f.care_level, f.reported_at, f.due_at, f.original_due_at,
       f.place_words, f.is_repeat, f.is_expedited, f.outage_id, f.owner_code, f.craft, f.location, f.chase_count, f.accept_by_at,
       f.hazard_notes IS NOT NULL AS is_hazard, a.number AS account_number, p.code AS provider_code,
       f.is_priority OR coalesce(c.is_vulnerable, false) AS is_vulnerable,
       e.code AS exchange_code, b.code AS cabinet_code, d.code AS distribution_point_code, split_part(s.postcode, ' ', 1) AS area,
       s.premises, s.street, g.code AS engineer_code, t.slot_on, t.half_day,
       (SELECT n.number FROM css.service v JOIN css.service_number n ON n.service_id = v.id
         WHERE v.line_id = coalesce(l.auxiliary_of_id, l.id) ORDER BY n.starts_at DESC LIMIT 1) AS telephone_number
  FROM repairs.fault f
  JOIN css.provider p ON p.id = f.provider_id
  JOIN css.exchange e ON e.id = f.exchange_id
  LEFT JOIN css.account a ON a.id = f.account_id
  LEFT JOIN css.customer c ON c.id = a.customer_id
  LEFT JOIN css.line l ON l.id = f.line_id
  LEFT JOIN css.site s ON s.id = l.site_id
  LEFT JOIN css.pair r ON r.id = l.pair_id
  LEFT JOIN css.distribution_point d ON d.id = r.distribution_point_id
  LEFT JOIN css.cabinet b ON b.id = d.cabinet_id
  LEFT JOIN repairs.visit w ON w.fault_id = f.id AND w.ended_at IS NULL
  LEFT JOIN repairs.engineer g ON g.id = w.engineer_id
  LEFT JOIN css.appointment t ON t.id = f.appointment_id
 WHERE f.number = ANY(:numbers);
