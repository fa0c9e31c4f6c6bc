-- name: failures
-- Service failures of a block that billing has not taken, with whose they are. Their rows are locked: one taker at a time.
-- example: {"failures": [1]}
SELECT f.id, f.source_key, f.account_id, f.line_id, f.kind, f.reference, f.issue_on, f.promised_at, f.put_right_at, f.care_level,
       f.customer_held, f.is_guaranteed, f.guarantee_ends_at, f.is_total_loss, a.segment, p.is_own_retail, d.nation
  FROM css.service_failure f
  JOIN css.account a ON a.id = f.account_id
  JOIN css.provider p ON p.id = a.provider_id
  JOIN css.district d ON d.code = f.district_code
 WHERE f.id = ANY(:failures)
   AND NOT EXISTS (SELECT 1 FROM billing.outside_item o WHERE o.source_key = f.source_key)
 ORDER BY f.id
   FOR UPDATE OF f;

-- name: credit_days
-- Days credited now, each once for a line and a kind of failure: a day that was credited before, or is being credited by somebody
-- else this moment, is not given back. In one order, so that nobody waits for each other.
-- example: {"lines": [1], "kinds": ["delayed-repair"], "days": ["2026-01-19"], "keys": ["fault/ZZF00000018/delayed-repair"], "amounts": [998]}
INSERT INTO billing.credited_day (line_id, kind, day, source_key, amount)
SELECT n.line_id, n.kind, n.day, n.source_key, n.amount
  FROM unnest(CAST(:lines AS bigint[]), CAST(:kinds AS text[]), CAST(:days AS date[]), CAST(:keys AS text[]), CAST(:amounts AS bigint[]))
       WITH ORDINALITY AS n (line_id, kind, day, source_key, amount, place)
 ORDER BY n.line_id, n.kind, n.day, n.place
    ON CONFLICT DO NOTHING
RETURNING source_key, day, amount;

-- name: enter
-- One journal entry for each item of these that changes what is owed.
-- example: {"keys": ["fault/ZZF00000018/delayed-repair"], "district": "ZZ", "at": "2026-01-31T23:00:00+00:00"}
INSERT INTO billing.journal_entry (source_key, district_code, business_date, words, entered_at)
SELECT 'outside/' || o.source_key, :district, o.business_date, o.words, :at
  FROM billing.outside_item o
 WHERE o.source_key = ANY(:keys) AND o.amount <> 0
 ORDER BY o.id;

-- name: post
-- Both sides: what the account owes changes, and what its kind stands for changes by as much the other way: the nominal that
-- billing.outside_nominal names for its business date.
-- example: {"keys": ["fault/ZZF00000018/delayed-repair"]}
INSERT INTO billing.posting (journal_entry_id, nominal_code, account_id, business_date, amount)
SELECT e.id, s.nominal_code, CASE WHEN s.side = 1 THEN o.account_id END, o.business_date, CASE WHEN s.side = 1 THEN o.amount ELSE -o.amount END
  FROM billing.outside_item o
  JOIN billing.journal_entry e ON e.source_key = 'outside/' || o.source_key
 CROSS JOIN LATERAL (VALUES (1, 'DEBTORS'),
                            (2, (SELECT n.nominal_code FROM billing.outside_nominal n
                                  WHERE n.kind = o.kind AND n.starts_on <= o.business_date
                                  ORDER BY n.starts_on DESC LIMIT 1))) AS s (side, nominal_code)
 WHERE o.source_key = ANY(:keys) AND o.amount <> 0
 ORDER BY e.id, s.side;

-- name: next_id
-- Draw the id of an item about to be entered by hand: its key is made of it.
SELECT nextval(pg_get_serial_sequence('billing.outside_item', 'id'));
