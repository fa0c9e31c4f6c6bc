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
