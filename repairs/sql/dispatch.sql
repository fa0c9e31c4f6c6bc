-- Who gets which fault.

-- name: waiting
-- What waits for an engineer of these crafts in these areas: the soonest due, all that are due at the same instant as the last of them,
-- and everything whose slot has begun. The order among them is the rule's. Leans on ix_fault_due.
-- example: {"district": "ZZ", "areas": [1], "crafts": ["home"], "begun_on": "2026-03-02", "begun_half": "AM", "most": 100}
(SELECT f.id, f.number, f.due_at, f.care_level, f.is_priority OR coalesce(c.is_vulnerable, false) AS is_vulnerable,
        CAST(NULL AS date) AS slot_on, CAST(NULL AS text) AS half_day
   FROM repairs.fault f
   LEFT JOIN css.account a ON a.id = f.account_id
   LEFT JOIN css.customer c ON c.id = a.customer_id
  WHERE f.district_code = :district AND f.is_open AND f.outage_id IS NULL
    AND f.state = 'queued'
    AND f.exchange_id = ANY(:areas) AND (f.craft IS NULL OR f.craft = ANY(:crafts))
  ORDER BY f.due_at
  FETCH FIRST :most ROWS WITH TIES)
UNION ALL
(SELECT f.id, f.number, f.due_at, f.care_level, f.is_priority OR coalesce(c.is_vulnerable, false), p.slot_on, p.half_day
   FROM repairs.fault f
   JOIN css.appointment p ON p.id = f.appointment_id
   LEFT JOIN css.account a ON a.id = f.account_id
   LEFT JOIN css.customer c ON c.id = a.customer_id
  WHERE f.district_code = :district AND f.is_open AND f.outage_id IS NULL AND f.state = 'appointed'
    AND f.exchange_id = ANY(:areas) AND (f.craft IS NULL OR f.craft = ANY(:crafts))
    AND (p.slot_on, p.half_day) <= (CAST(:begun_on AS date), CAST(:begun_half AS text))
  ORDER BY p.slot_on, p.half_day
  FETCH FIRST :most ROWS WITH TIES);

-- name: first_free
-- The first of these faults, in the order given, that still waits and that nobody else is just changing; it is locked. Leans on pk_fault.
-- example: {"ids": [1, 2]}
SELECT f.id, f.number
  FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS o (id, place)
  JOIN repairs.fault f ON f.id = o.id
 WHERE f.outage_id IS NULL AND f.state IN ('queued', 'appointed')
 ORDER BY o.place
 LIMIT 1
   FOR UPDATE OF f SKIP LOCKED;

-- name: engineers
-- Engineers with what they can do and what they have. Leans on ix_engineer_district_code and uq_visit_engineer_live.
-- example: {"district": "ZZ", "engineer": null, "craft": null, "exchange": null, "also_gone": false}
SELECT g.id, g.code, g.name, g.firm, g.district_code, g.calendar_code, g.is_active, g.row_version,
       ARRAY(SELECT k.craft FROM repairs.engineer_craft k WHERE k.engineer_id = g.id ORDER BY k.craft) AS crafts,
       ARRAY(SELECT e.code FROM repairs.engineer_area r JOIN css.exchange e ON e.id = r.exchange_id
              WHERE r.engineer_id = g.id ORDER BY e.code) AS exchange_codes,
       f.number AS fault_number, v.state AS visit_state, v.issued_at, v.arrived_at
  FROM repairs.engineer g
  LEFT JOIN repairs.visit v ON v.engineer_id = g.id AND v.ended_at IS NULL
  LEFT JOIN repairs.fault f ON f.id = v.fault_id
 WHERE (CAST(:district AS text) IS NULL OR g.district_code = :district)
   AND (CAST(:engineer AS text) IS NULL OR g.code = :engineer)
   AND (:also_gone OR g.is_active)
   AND (CAST(:craft AS text) IS NULL OR EXISTS (SELECT FROM repairs.engineer_craft k WHERE k.engineer_id = g.id AND k.craft = :craft))
   AND (CAST(:exchange AS text) IS NULL OR EXISTS (SELECT FROM repairs.engineer_area r JOIN css.exchange e ON e.id = r.exchange_id
                                                    WHERE r.engineer_id = g.id AND e.code = :exchange))
 ORDER BY g.code;

-- name: visits
-- What an engineer has, and had from an instant to another, newest first. Leans on ix_visit_engineer_id_issued_at.
-- example: {"engineer": "JOE", "starts_at": "2026-03-02T00:00:00Z", "ends_at": "2026-03-03T00:00:00Z", "most": 100}
SELECT v.id AS visit_id, v.state AS visit_state, v.issued_at, v.issued_by, v.arrived_at, v.ended_at, v.return_reason,
       v.words AS visit_words, f.number, f.kind, f.state, f.symptom_code, f.care_level, f.due_at, f.words, f.contact_name, f.contact_phone,
       f.access_notes, f.hazard_notes, f.visit_notes, f.location, f.craft, f.charge_band, f.place_words, f.is_repeat,
       f.is_priority OR coalesce(c.is_vulnerable, false) AS is_vulnerable, f.outage_id,
       s.premises, s.street, s.town, s.postcode, e.code AS exchange_code, b.code AS cabinet_code, d.code AS distribution_point_code,
       r.pair_number, t.slot_on, t.half_day,
       (SELECT n.number FROM css.service w JOIN css.service_number n ON n.service_id = w.id
         WHERE w.line_id = coalesce(l.auxiliary_of_id, l.id) ORDER BY n.starts_at DESC LIMIT 1) AS telephone_number
  FROM repairs.visit v
  JOIN repairs.fault f ON f.id = v.fault_id
  JOIN css.exchange e ON e.id = f.exchange_id
  LEFT JOIN css.account a ON a.id = f.account_id
  LEFT JOIN css.customer c ON c.id = a.customer_id
  LEFT JOIN css.line l ON l.id = f.line_id
  LEFT JOIN css.site s ON s.id = l.site_id
  LEFT JOIN css.pair r ON r.id = l.pair_id
  LEFT JOIN css.distribution_point d ON d.id = r.distribution_point_id
  LEFT JOIN css.cabinet b ON b.id = d.cabinet_id
  LEFT JOIN css.appointment t ON t.id = f.appointment_id
 WHERE v.engineer_id = (SELECT g.id FROM repairs.engineer g WHERE g.code = :engineer)
   AND (v.ended_at IS NULL OR (v.issued_at < CAST(:ends_at AS timestamptz) AND v.ended_at >= CAST(:starts_at AS timestamptz)))
 ORDER BY v.ended_at IS NULL DESC, v.issued_at DESC, v.id DESC
 LIMIT :most;

-- name: board
-- The open faults of a district counted by exchange and craft: how many wait, for a slot or for somebody's word, and who has how many.
-- Leans on ix_fault_due.
-- example: {"district": "ZZ", "at": "2026-03-02T10:00:00Z", "soon": "2026-03-02T14:00:00Z", "begun_on": "2026-03-02", "begun_half": "AM"}
SELECT e.code AS exchange_code, e.name AS exchange_name, f.craft,
       count(*) FILTER (WHERE f.outage_id IS NOT NULL) AS in_outage,
       count(*) FILTER (WHERE f.outage_id IS NULL AND f.state IN ('reported', 'tested', 'diagnosed')) AS unjudged,
       count(*) FILTER (WHERE f.outage_id IS NULL AND f.state = 'queued') AS queued,
       count(*) FILTER (WHERE f.outage_id IS NULL AND f.state = 'appointed'
                          AND (t.slot_on, t.half_day) <= (CAST(:begun_on AS date), CAST(:begun_half AS text))) AS slot_begun,
       count(*) FILTER (WHERE f.outage_id IS NULL AND f.state = 'appointed'
                          AND (t.slot_on, t.half_day) > (CAST(:begun_on AS date), CAST(:begun_half AS text))) AS slot_to_come,
       count(*) FILTER (WHERE f.state = 'issued') AS issued,
       count(*) FILTER (WHERE f.state = 'on-site') AS on_site,
       count(*) FILTER (WHERE f.state = 'parked') AS parked,
       count(*) FILTER (WHERE f.due_at < CAST(:at AS timestamptz) AND f.state <> 'parked') AS late,
       count(*) FILTER (WHERE f.due_at >= CAST(:at AS timestamptz) AND f.due_at < CAST(:soon AS timestamptz) AND f.state <> 'parked') AS soon
  FROM repairs.fault f
  JOIN css.exchange e ON e.id = f.exchange_id
  LEFT JOIN css.appointment t ON t.id = f.appointment_id AND f.state = 'appointed'
 WHERE f.district_code = :district AND f.is_open
 GROUP BY e.code, e.name, f.craft
 ORDER BY e.code, f.craft NULLS FIRST;
