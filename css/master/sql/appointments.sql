-- The appointment book: how many visits a half-day of an exchange's area has for a skill, and how many are promised.
-- A promise is an appointment that is booked, or held and not yet past its time.

-- name: count
-- What a half-day can do and has promised, asked with its slot_day row locked. Those past their time are marked so, so that
-- whoever held one is told the same. Leans on ix_appointment_slot and uq_slot_pattern_exchange_id_skill_weekday_half_day_starts_on.
-- example: {"exchange_id": 1, "skill": "install", "slot_on": "2026-03-09", "half_day": "AM", "day_capacity": null, "beside": 0, "at": "2026-03-02T10:00:00Z"}
WITH past AS (
  UPDATE css.appointment a SET state = 'lapsed'
   WHERE a.exchange_id = :exchange_id AND a.skill = :skill AND a.slot_on = :slot_on AND a.half_day = :half_day
     AND a.state = 'held' AND a.held_until_at <= CAST(:at AS timestamptz)
  RETURNING a.id
)
SELECT coalesce(CAST(:day_capacity AS integer),
                (SELECT p.capacity
                   FROM css.slot_pattern p
                  WHERE (p.exchange_id = :exchange_id OR p.exchange_id IS NULL) AND p.skill = :skill
                    AND p.weekday = extract(isodow FROM CAST(:slot_on AS date)) AND p.half_day = :half_day
                    AND p.starts_on <= CAST(:slot_on AS date)
                  ORDER BY p.exchange_id NULLS LAST, p.starts_on DESC
                  LIMIT 1),
                0) AS capacity,
       (SELECT count(*)
          FROM css.appointment a
         WHERE a.exchange_id = :exchange_id AND a.skill = :skill AND a.slot_on = :slot_on AND a.half_day = :half_day
           AND (a.state = 'booked' OR (a.state = 'held' AND a.held_until_at > CAST(:at AS timestamptz)))
           AND a.id <> :beside) AS promised;

-- name: grid
-- Every half-day of some days of an exchange's area: what it can do, whether that was set for the day, what is held and booked.
-- Leans on ix_appointment_slot, uq_slot_day_exchange_id_skill_slot_on_half_day and
-- uq_slot_pattern_exchange_id_skill_weekday_half_day_starts_on.
-- example: {"exchange_id": 1, "skills": ["install", "repair"], "first": "2026-03-02", "last": "2026-03-08", "at": "2026-03-02T10:00:00Z"}
WITH promised AS (
  SELECT a.skill, a.slot_on, a.half_day,
         count(*) FILTER (WHERE a.state = 'held') AS held, count(*) FILTER (WHERE a.state = 'booked') AS booked
    FROM css.appointment a
   WHERE a.exchange_id = :exchange_id AND a.skill = ANY(:skills)
     AND a.slot_on BETWEEN CAST(:first AS date) AND CAST(:last AS date)
     AND (a.state = 'booked' OR (a.state = 'held' AND a.held_until_at > CAST(:at AS timestamptz)))
   GROUP BY a.skill, a.slot_on, a.half_day
)
SELECT d.slot_on, k.skill, h.half_day, coalesce(s.capacity, p.capacity, 0) AS capacity, s.capacity IS NOT NULL AS is_set,
       coalesce(n.held, 0) AS held, coalesce(n.booked, 0) AS booked
  FROM (SELECT CAST(g AS date) AS slot_on FROM generate_series(CAST(:first AS date), CAST(:last AS date), interval '1 day') g) d
 CROSS JOIN unnest(CAST(:skills AS text[])) k (skill)
 CROSS JOIN (VALUES ('AM'), ('PM')) h (half_day)
  LEFT JOIN css.slot_day s
    ON s.exchange_id = :exchange_id AND s.skill = k.skill AND s.slot_on = d.slot_on AND s.half_day = h.half_day
  LEFT JOIN LATERAL (SELECT t.capacity
                       FROM css.slot_pattern t
                      WHERE (t.exchange_id = :exchange_id OR t.exchange_id IS NULL) AND t.skill = k.skill
                        AND t.weekday = extract(isodow FROM d.slot_on) AND t.half_day = h.half_day AND t.starts_on <= d.slot_on
                      ORDER BY t.exchange_id NULLS LAST, t.starts_on DESC
                      LIMIT 1) p ON true
  LEFT JOIN promised n ON n.skill = k.skill AND n.slot_on = d.slot_on AND n.half_day = h.half_day
 ORDER BY d.slot_on, k.skill, h.half_day;

-- name: over
-- How many promised visits are over what the patterns give, from a day on, on some weekdays. Days with a number of their own are
-- another matter. Leans on ix_appointment_slot and uq_slot_pattern_exchange_id_skill_weekday_half_day_starts_on.
-- example: {"exchange_id": null, "skill": "install", "weekdays": [1, 2], "half_days": ["AM"], "from": "2026-03-09", "at": "2026-03-02T10:00:00Z"}
SELECT CAST(coalesce(sum(greatest(n.promised - coalesce(p.capacity, 0), 0)), 0) AS integer) AS over
  FROM (SELECT a.exchange_id, a.slot_on, a.half_day, count(*) AS promised
          FROM css.exchange e
          JOIN css.appointment a ON a.exchange_id = e.id
         WHERE (CAST(:exchange_id AS bigint) IS NULL OR e.id = :exchange_id)
           AND a.skill = :skill AND a.slot_on >= CAST(:from AS date) AND a.half_day = ANY(:half_days)
           AND extract(isodow FROM a.slot_on) = ANY(CAST(:weekdays AS integer[]))
           AND (a.state = 'booked' OR (a.state = 'held' AND a.held_until_at > CAST(:at AS timestamptz)))
         GROUP BY a.exchange_id, a.slot_on, a.half_day) n
  LEFT JOIN css.slot_day s
    ON s.exchange_id = n.exchange_id AND s.skill = :skill AND s.slot_on = n.slot_on AND s.half_day = n.half_day
  LEFT JOIN LATERAL (SELECT t.capacity
                       FROM css.slot_pattern t
                      WHERE (t.exchange_id = n.exchange_id OR t.exchange_id IS NULL) AND t.skill = :skill
                        AND t.weekday = extract(isodow FROM n.slot_on) AND t.half_day = n.half_day AND t.starts_on <= n.slot_on
                      ORDER BY t.exchange_id NULLS LAST, t.starts_on DESC
                      LIMIT 1) p ON true
 WHERE s.capacity IS NULL;
