-- What partners are told of their faults.

-- name: copies
-- Faults in full as a partner is told of them, each with what its clock does at an instant, the slot, the outage and the last test.
-- Leans on pk_fault, ex_clock_interval_overlap, ix_service_line_id, ix_line_auxiliary_of_id.
-- example: {"faults": [1], "at": "2026-03-02T10:00:00Z"}
SELECT f.id, f.number AS fault_number, f.provider_id, f.state, f.symptom_code, f.is_total_loss, f.words, f.caller_name, f.contact_name,
       f.contact_phone, f.access_notes, f.hazard_notes, f.visit_notes, f.equipment_checked, f.power_checked, f.charge_band, f.forced_reason,
       f.care_level, f.line_care_level, f.is_priority, f.expedited_at, f.reported_at, f.accepted_at, f.original_due_at, f.due_at, f.breached_at,
       f.location, f.is_repeat, f.is_early_life, f.chase_count, f.cleared_at, f.clear_code, f.clear_words, f.accept_by_at, f.clear_count,
       c.conversation_id, c.customer_reference, coalesce(c.last_update, 0) AS last_update, a.number AS account_number, s.address_key, s.premises,
       s.street, s.town, s.postcode, v.number AS appointment_number, v.slot_on, v.half_day, v.state AS appointment_state, o.id AS outage_id,
       o.began_at AS outage_began_at, o.expected_at AS outage_expected_at, o.ended_at AS outage_ended_at, o.message AS outage_message,
       t.id AS line_test_id, t.outcome AS test_outcome, t.diagnosis_code, t.diagnosis, t.finished_at AS tested_at,
       (SELECT n.number
          FROM css.service w
          JOIN css.service_number n ON n.service_id = w.id
         WHERE w.line_id = coalesce(l.auxiliary_of_id, f.line_id) AND n.starts_at <= coalesce(f.cleared_at, f.accepted_at)
         ORDER BY n.starts_at DESC
         LIMIT 1) AS telephone_number,
       CASE WHEN l.auxiliary_of_id IS NOT NULL
            THEN 1 + (SELECT count(*) FROM css.line_place_v x
                       WHERE x.auxiliary_of_id = l.auxiliary_of_id AND x.line_id <= l.line_id
                         AND (x.state = 'working' OR x.line_id = l.line_id))
             END AS line_place,
       k.state AS clock_state, k.starts_at AS clock_starts_at, k.ends_at AS clock_ends_at, k.reason AS clock_reason, k.words AS clock_words,
       m.cause AS mborc_cause
  FROM repairs.fault f
  LEFT JOIN repairs.fault_conversation c ON c.fault_id = f.id
  LEFT JOIN css.account a ON a.id = f.account_id
  LEFT JOIN css.line_place_v l ON l.line_id = f.line_id
  LEFT JOIN css.site s ON s.id = l.site_id
  LEFT JOIN css.appointment v ON v.id = f.appointment_id
  LEFT JOIN repairs.outage o ON o.id = f.outage_id
  LEFT JOIN repairs.line_test t ON t.id = f.line_test_id
  LEFT JOIN LATERAL (SELECT i.state, i.starts_at, i.ends_at, i.reason, i.words, i.mborc_id
                       FROM repairs.clock_interval i
                      WHERE i.fault_id = f.id AND f.is_open AND i.starts_at <= :at AND (i.ends_at IS NULL OR i.ends_at > :at)
                      ORDER BY i.starts_at DESC, i.id DESC
                      LIMIT 1) k ON true
  LEFT JOIN repairs.mborc m ON m.id = k.mborc_id
 WHERE f.id = ANY(CAST(:faults AS bigint[]));

-- name: number_updates
-- The next numbers of so many updates on each of some faults, with the conversation each belongs to: its own where it has none yet.
-- example: {"faults": [1], "counts": [2], "conversations": ["3f0c6a52-7d1e-4b7a-9a55-0c8f2d6e4b11"]}
INSERT INTO repairs.fault_conversation AS c (fault_id, provider_id, conversation_id, last_update)
SELECT f.id, f.provider_id, CAST(n.conversation AS uuid), n.updates
  FROM unnest(CAST(:faults AS bigint[]), CAST(:counts AS integer[]), CAST(:conversations AS text[])) AS n(fault_id, updates, conversation)
  JOIN repairs.fault f ON f.id = n.fault_id
    ON CONFLICT (fault_id) DO UPDATE SET last_update = c.last_update + excluded.last_update
RETURNING c.fault_id, c.last_update, c.conversation_id;

-- name: parties
-- We ourselves and some partners, by which messages name them. Leans on pk_provider.
-- example: {"providers": [2]}
SELECT p.id, p.party_id, (SELECT w.party_id FROM css.provider w WHERE w.is_own_retail ORDER BY w.id LIMIT 1) AS own_party_id
  FROM css.provider p
 WHERE p.id = ANY(CAST(:providers AS bigint[]));

-- name: unfinished
-- What a partner's faults are that have not come to their end: open, or cleared and not yet answered. By number, after one of them.
-- Leans on ix_fault_due, ix_fault_accept_by.
-- example: {"provider": "BRACKWAT", "after": "", "most": 101}
SELECT f.number AS fault_number, c.customer_reference, f.state, f.symptom_code, f.due_at, f.cleared_at, f.accept_by_at, f.clear_count,
       coalesce(c.last_update, 0) AS last_update, f.outage_id,
       (SELECT n.number
          FROM css.service w
          JOIN css.service_number n ON n.service_id = w.id
         WHERE w.line_id = coalesce(l.auxiliary_of_id, f.line_id) AND n.starts_at <= coalesce(f.cleared_at, f.accepted_at)
         ORDER BY n.starts_at DESC
         LIMIT 1) AS telephone_number
  FROM repairs.fault f
  JOIN css.line_place_v l ON l.line_id = f.line_id
  JOIN css.provider p ON p.id = f.provider_id
  LEFT JOIN repairs.fault_conversation c ON c.fault_id = f.id
 WHERE p.code = :provider AND f.kind = 'line' AND (f.is_open OR f.state = 'cleared') AND f.number > :after
 ORDER BY f.number
 LIMIT :most;

-- name: named
-- One fault of a partner's line, by its number or by what the partner calls it. Leans on uq_fault_number,
-- uq_fault_conversation_provider_id_customer_reference.
-- example: {"provider": "BRACKWAT", "number": "ZZF00001237", "reference": null}
SELECT f.id
  FROM repairs.fault f
  JOIN css.provider p ON p.id = f.provider_id
 WHERE p.code = :provider AND f.kind = 'line'
   AND (f.number = CAST(:number AS text)
        OR f.id = (SELECT c.fault_id FROM repairs.fault_conversation c
                    WHERE c.provider_id = p.id AND c.customer_reference = CAST(:reference AS text)));
