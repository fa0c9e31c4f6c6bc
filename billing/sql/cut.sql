-- name: accounts_without_cycle
-- Accounts that billing meets for the first time; or one of them, if it is.
-- example: {"district": "ZZ", "cut": "2026-01-31", "account": null}
SELECT a.id AS account_id, a.opened_on, a.cycle_day, a.frequency, a.cycle_month_group
  FROM css.account a
 WHERE a.district_code = :district AND a.opened_on <= :cut
   AND (CAST(:account AS bigint) IS NULL OR a.id = :account)
   AND NOT EXISTS (SELECT 1 FROM billing.account_cycle c WHERE c.account_id = a.id)
 ORDER BY a.id;

-- name: finished_with_service
-- Accounts whose final bill is out and that have service again.
-- example: {"district": "ZZ", "cut": "2026-01-31"}
SELECT a.id AS account_id, min(s.starts_on) AS starts_on, a.cycle_day, a.frequency, a.cycle_month_group
  FROM billing.account_cycle c
  JOIN css.account a ON a.id = c.account_id
  JOIN css.service s ON s.account_id = c.account_id
 WHERE c.district_code = :district AND c.is_finished
   AND s.start_recorded_on <= :cut
   AND NOT coalesce(s.end_recorded_on <= :cut AND s.ends_on <= :cut, FALSE)
 GROUP BY a.id
 ORDER BY a.id;

-- name: finished_with_leftovers
-- Accounts whose final bill is out and for which a call, an item, an adjustment or another account's bill to pay came after it:
-- they get one more. A credit for which a credit note is asked is none of these: the note takes it, and the account stays finished.
-- Only the nights since the run before are looked at: an account is not finished while it has calls of earlier ones (move_cycles).
-- Leans on ix_rated_call_rated_on_account_id.
-- example: {"district": "ZZ", "cut": "2026-01-31"}
SELECT c.account_id
  FROM billing.account_cycle c
 CROSS JOIN (SELECT coalesce((SELECT max(business_date) + 1 FROM billing.bill_run WHERE district_code = :district AND business_date < :cut),
                             (SELECT min(rated_on) FROM billing.rated_call WHERE district_code = :district), :cut) AS first_night) w
 WHERE c.district_code = :district AND c.is_finished
   AND (EXISTS (SELECT 1
                  FROM generate_series(0, CAST(:cut AS date) - greatest(w.first_night, c.usage_billed_through + 1)) AS n (night)
                 CROSS JOIN LATERAL (SELECT 1 FROM billing.rated_call r
                                      WHERE r.district_code = :district AND r.account_id = c.account_id
                                        AND r.rated_on = greatest(w.first_night, c.usage_billed_through + 1) + n.night
                                        AND (r.net_millionths <> 0 OR r.is_itemised AND r.rerating_id IS NULL)
                                     OFFSET 0) r)
        OR EXISTS (SELECT 1 FROM css.billable_item i
                    WHERE i.account_id = c.account_id AND i.business_date <= :cut AND i.business_date > c.usage_billed_through)
        OR EXISTS (SELECT 1 FROM billing.adjustment j
                    WHERE j.account_id = c.account_id AND j.business_date <= :cut
                      AND NOT EXISTS (SELECT 1 FROM billing.bill_line l WHERE l.adjustment_id = j.id)
                      AND NOT (j.bill_line_id IS NOT NULL AND j.net < 0
                               AND EXISTS (SELECT 1 FROM billing.bill_request q
                                            WHERE q.account_id = c.account_id AND q.kind = 'credit-note' AND q.bill_run_id IS NULL
                                              AND q.requested_on <= :cut)))
        OR EXISTS (SELECT 1 FROM billing.outside_item o
                    WHERE o.account_id = c.account_id AND o.business_date <= :cut AND o.business_date > c.usage_billed_through
                      AND o.kind = 'transfer' AND o.amount > 0));

-- name: standings
-- Accounts that may be due a bill: their cycle date has come, their cycle ever changed, nothing of theirs works any more, or
-- one was asked for. One with a bill not yet posted waits for it, because what it owes is not known before. With an account,
-- that one alone.
-- example: {"district": "ZZ", "cut": "2026-01-31", "account": null}
SELECT c.account_id, a.opened_on, a.cycle_day, a.frequency, a.cycle_month_group, c.next_bill_on, c.usage_billed_through, c.is_finished,
       coalesce(s.live_services, 0) AS live_services, s.last_end_on, coalesce(q.kinds, '{}') AS requested,
       EXISTS (SELECT 1 FROM orders.open_order_v o WHERE o.account_id = c.account_id) AS has_open_order,
       EXISTS (SELECT 1 FROM css.account m WHERE m.group_account_id = c.account_id AND m.is_paid_by_group) AS has_members
  FROM billing.account_cycle c
  JOIN css.account a ON a.id = c.account_id
  LEFT JOIN (SELECT account_id,
                    count(*) FILTER (WHERE NOT coalesce(end_recorded_on <= :cut AND ends_on <= :cut, FALSE)) AS live_services,
                    max(ends_on) FILTER (WHERE end_recorded_on <= :cut) AS last_end_on
               FROM css.service
              WHERE district_code = :district AND start_recorded_on <= :cut
              GROUP BY account_id) s ON s.account_id = c.account_id
  LEFT JOIN (SELECT account_id, array_agg(DISTINCT kind) AS kinds
               FROM billing.bill_request
              WHERE district_code = :district AND bill_run_id IS NULL AND requested_on <= :cut
              GROUP BY account_id) q ON q.account_id = c.account_id
  LEFT JOIN (SELECT DISTINCT account_id FROM css.account_cycle_term WHERE recorded_on <= :cut) t ON t.account_id = c.account_id
 WHERE c.district_code = :district AND (CAST(:account AS bigint) IS NULL OR c.account_id = :account)
   AND (q.account_id IS NOT NULL
        OR NOT c.is_finished AND (c.next_bill_on <= :cut OR s.live_services = 0 OR t.account_id IS NOT NULL))
   AND NOT EXISTS (SELECT 1 FROM billing.bill b
                    WHERE b.district_code = :district AND b.account_id = c.account_id
                      AND b.state <> 'issued' AND b.state IN ('calculated', 'held', 'released'))
 ORDER BY c.account_id;

-- name: hold_requests
-- The bills asked for that a run may make, held until it has: one is cancelled before or not at all.
-- example: {"district": "ZZ", "cut": "2026-01-31"}
SELECT q.id
  FROM billing.bill_request q
 WHERE q.district_code = :district AND q.bill_run_id IS NULL AND q.requested_on <= :cut
 ORDER BY q.id
   FOR UPDATE;

-- name: take_requests
-- The bills asked for on these accounts are this run's.
-- example: {"run": 1, "cut": "2026-01-31"}
UPDATE billing.bill_request q
   SET bill_run_id = :run
  FROM billing.bill_run_account r
 WHERE r.bill_run_id = :run AND q.account_id = r.account_id AND q.bill_run_id IS NULL AND q.requested_on <= :cut;

-- name: move_cycles
-- Move accounts on to their next cycle date, once what they used up to the cut is billed. One for which calls were rated
-- since then is not finished, though this was its final bill. An interim bill (finished is null) leaves that as it was.
-- Leans on ix_rated_call_rated_on_account_id.
-- example: {"accounts": [1], "dates": ["2026-02-28"], "finished": [false], "cuts": ["2026-01-31"]}
UPDATE billing.account_cycle c
   SET next_bill_on = m.next_bill_on,
       usage_billed_through = greatest(c.usage_billed_through, m.cut),
       is_finished = coalesce(m.is_finished, c.is_finished) AND NOT EXISTS (
         SELECT 1
           FROM generate_series(1, (SELECT max(rated_on) FROM billing.rated_call l WHERE l.district_code = c.district_code) - m.cut) AS n (night)
          CROSS JOIN LATERAL (SELECT 1 FROM billing.rated_call r
                               WHERE r.district_code = c.district_code AND r.account_id = c.account_id AND r.rated_on = m.cut + n.night
                                 AND (r.net_millionths <> 0 OR r.is_itemised AND r.rerating_id IS NULL)
                              OFFSET 0) r)
  FROM unnest(CAST(:accounts AS bigint[]), CAST(:dates AS date[]), CAST(:finished AS boolean[]), CAST(:cuts AS date[]))
       AS m (account_id, next_bill_on, is_finished, cut)
 WHERE c.account_id = m.account_id;

-- name: take_up_again
-- Put finished accounts back into the cycle.
-- example: {"accounts": [1], "dates": ["2026-02-28"]}
UPDATE billing.account_cycle c
   SET next_bill_on = m.next_bill_on, is_finished = FALSE
  FROM unnest(CAST(:accounts AS bigint[]), CAST(:dates AS date[])) AS m (account_id, next_bill_on)
 WHERE c.account_id = m.account_id;

-- name: park
-- Set accounts of a run aside with the reason.
-- example: {"run": 1, "numbers": ["ZZA00000017"], "codes": ["CSS431E"], "words": ["No price."]}
UPDATE billing.bill_run_account r
   SET parked_code = m.code, parked_words = m.words
  FROM unnest(CAST(:numbers AS text[]), CAST(:codes AS text[]), CAST(:words AS text[])) AS m (number, code, words)
  JOIN css.account a ON a.number = m.number
 WHERE r.bill_run_id = :run AND r.account_id = a.id;

-- name: wait_again
-- Bills asked for on parked accounts wait for the next night, which tries these again.
-- example: {"run": 1, "numbers": ["ZZA00000017"]}
UPDATE billing.bill_request q
   SET bill_run_id = NULL
  FROM css.account a
 WHERE a.number = ANY(:numbers) AND q.account_id = a.id AND q.bill_run_id = :run;
