-- How each side of each joint of the night is falsified: what a careless hand, or a fault of ours, could have done.
-- Headings say step, joint and side. :night is the business date, :run its bill run, :step_execution the step's record.

-- collect-usage / lines of files / came
UPDATE billing.usage_file SET record_count = record_count + 1 WHERE business_date = :night;

-- collect-usage / lines of files / went
DELETE FROM billing.usage_block WHERE usage_file_id = (SELECT max(id) FROM billing.usage_file WHERE
    business_date = :night);

-- collect-usage / records sorted / came
UPDATE billing.usage_file SET record_count = record_count + 1 WHERE business_date = :night;

-- collect-usage / records sorted / went
UPDATE billing.usage_file SET to_rate_count = to_rate_count - 1 WHERE business_date = :night;

-- rate-usage / records rated / came
UPDATE billing.usage_file SET to_rate_count = to_rate_count - 1 WHERE business_date = :night;

-- rate-usage / records rated / went
DELETE FROM billing.rated_call WHERE ctid = (SELECT c.ctid FROM billing.rated_call c JOIN billing.usage_file f
    ON f.id = c.usage_record_id / 10000000 WHERE c.rated_on = :night AND f.business_date = :night AND
    c.net_millionths > 0 AND NOT EXISTS (SELECT FROM billing.usage_set_aside s WHERE s.usage_record_id =
    c.usage_record_id) LIMIT 1);

-- rate-usage / calls and their price / came
UPDATE billing.rated_block SET net_millionths = net_millionths + 1000000 WHERE rated_on = :night;

-- rate-usage / calls and their price / went
UPDATE billing.rated_call SET net_millionths = net_millionths + 1000000 WHERE ctid = (SELECT c.ctid FROM
    billing.rated_call c JOIN billing.usage_file f ON f.id = c.usage_record_id / 10000000 WHERE c.rated_on =
    :night AND f.business_date = :night AND c.net_millionths > 0 AND NOT EXISTS (SELECT FROM
    billing.usage_set_aside s WHERE s.usage_record_id = c.usage_record_id) LIMIT 1);

-- replay-usage / records that waited / came
UPDATE billing.usage_set_aside SET is_open = FALSE, outcome = 'suspended', settled_as = 'rated', settled_on =
    :night WHERE usage_record_id = (SELECT s.usage_record_id FROM billing.usage_set_aside s JOIN
    billing.usage_file f ON f.id = s.usage_file_id WHERE f.business_date = :night AND s.chain_id IS NULL ORDER
    BY s.is_open DESC, 1 LIMIT 1);

-- replay-usage / records that waited / went
WITH s AS (UPDATE billing.usage_set_aside SET is_open = FALSE, outcome = 'suspended', settled_as = 'rated',
    settled_on = :night WHERE usage_record_id = (SELECT s.usage_record_id FROM billing.usage_set_aside s JOIN
    billing.usage_file f ON f.id = s.usage_file_id WHERE f.business_date = :night AND s.chain_id IS NULL ORDER
    BY s.is_open DESC, 1 LIMIT 1) RETURNING usage_record_id) INSERT INTO billing.rated_call SELECT
    (jsonb_populate_record(c, jsonb_build_object('usage_record_id', s.usage_record_id))).* FROM s,
    billing.rated_call c, generate_series(1, 2) WHERE c.ctid = (SELECT c.ctid FROM billing.rated_call c JOIN
    billing.usage_file f ON f.id = c.usage_record_id / 10000000 WHERE c.rated_on = :night AND f.business_date
    = :night AND c.net_millionths > 0 AND NOT EXISTS (SELECT FROM billing.usage_set_aside s WHERE
    s.usage_record_id = c.usage_record_id) LIMIT 1);

-- assemble-calls / long calls / came
UPDATE billing.usage_set_aside SET is_open = FALSE, outcome = 'suspended', settled_as = 'rated', settled_on =
    :night, chain_id = 'LOST' WHERE usage_record_id = (SELECT s.usage_record_id FROM billing.usage_set_aside s
    JOIN billing.usage_file f ON f.id = s.usage_file_id WHERE f.business_date = :night AND s.chain_id IS NULL
    ORDER BY s.is_open DESC, 1 LIMIT 1);

-- assemble-calls / long calls / went
WITH s AS (UPDATE billing.usage_set_aside SET is_open = FALSE, outcome = 'suspended', settled_as = 'rated',
    settled_on = :night, chain_id = CAST(usage_record_id AS text) WHERE usage_record_id IN (SELECT
    usage_record_id FROM billing.usage_set_aside LIMIT 2) RETURNING usage_record_id) INSERT INTO
    billing.rated_call SELECT (jsonb_populate_record(c, jsonb_build_object('usage_record_id',
    s.usage_record_id))).* FROM (SELECT max(usage_record_id) AS usage_record_id FROM s) s, billing.rated_call
    c WHERE c.ctid = (SELECT c.ctid FROM billing.rated_call c JOIN billing.usage_file f ON f.id =
    c.usage_record_id / 10000000 WHERE c.rated_on = :night AND f.business_date = :night AND c.net_millionths >
    0 AND NOT EXISTS (SELECT FROM billing.usage_set_aside s WHERE s.usage_record_id = c.usage_record_id) LIMIT
    1);

-- close-usage / outcomes of records / came
UPDATE billing.usage_file SET record_count = record_count + 1 WHERE business_date = :night;

-- close-usage / outcomes of records / went
DELETE FROM billing.usage_set_aside WHERE usage_record_id = (SELECT s.usage_record_id FROM
    billing.usage_set_aside s JOIN billing.usage_file f ON f.id = s.usage_file_id WHERE f.business_date =
    :night AND s.chain_id IS NULL ORDER BY s.is_open , 1 LIMIT 1);

-- compensate / broken promises / came
INSERT INTO css.service_failure SELECT (jsonb_populate_record(f, jsonb_build_object('id', 900000,
    'source_key', 'again'))).* FROM css.service_failure f WHERE source_key = 'chaos/missed-visit';

-- compensate / broken promises / went
DELETE FROM billing.outside_item WHERE source_key = 'chaos/missed-visit';

-- compensate / compensation / came
UPDATE billing.outside_item SET amount = amount - 100 WHERE source_key = 'chaos/missed-visit';

-- compensate / compensation / went
UPDATE billing.posting SET amount = amount + 100 WHERE id = (SELECT p.id FROM billing.posting p JOIN
    billing.journal_entry e ON e.id = p.journal_entry_id WHERE e.source_key = 'outside/chaos/missed-visit' AND
    p.nominal_code = 'DEBTORS' ORDER BY p.id LIMIT 1);

-- freeze-cut / accounts to bill / came
UPDATE batch.control_total SET item_count = item_count + 1 WHERE step = 'freeze-cut' AND name = 'accounts to bill' AND job_instance_id = (SELECT max(id) FROM batch.job_instance WHERE net = 'night');

-- freeze-cut / accounts to bill / went
DELETE FROM billing.bill_run_account WHERE bill_run_id = :run AND account_id = (SELECT max(account_id) FROM
    billing.bill_run_account);

-- calculate / accounts to bills / came
INSERT INTO billing.bill_run_account (bill_run_id, account_id, kind, cycle_on, is_group) VALUES (:run, 900000,
    'bill', :night, FALSE);

-- calculate / accounts to bills / went
DELETE FROM billing.bill WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run AND NOT EXISTS
    (SELECT FROM billing.bill_run_account k WHERE k.bill_run_id = b.bill_run_id AND k.account_id =
    b.account_id AND k.is_group) ORDER BY b.id LIMIT 1);

-- calculate / lines to bills / came
UPDATE billing.bill_line SET net = net + 1 WHERE bill_id = (SELECT b.id FROM billing.bill b WHERE
    b.bill_run_id = :run AND NOT EXISTS (SELECT FROM billing.bill_run_account k WHERE k.bill_run_id =
    b.bill_run_id AND k.account_id = b.account_id AND k.is_group) ORDER BY b.id LIMIT 1) AND line_number = 1;

-- calculate / lines to bills / went
UPDATE billing.bill SET invoice_net = invoice_net + 7, invoice_gross = invoice_gross + 7, amount_due =
    amount_due + 7 WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run AND NOT EXISTS
    (SELECT FROM billing.bill_run_account k WHERE k.bill_run_id = b.bill_run_id AND k.account_id =
    b.account_id AND k.is_group) ORDER BY b.id LIMIT 1);

-- calculate / rated calls to bills / came
DELETE FROM billing.rated_call c USING billing.bill b JOIN billing.bill_line l ON l.bill_id = b.id WHERE l.id
    = (SELECT l.id FROM billing.bill_line l JOIN billing.bill b ON b.id = l.bill_id WHERE l.kind = 'calls' AND
    l.unit = 'call' AND b.bill_run_id = :run AND NOT EXISTS (SELECT FROM billing.bill_run_account k WHERE
    k.bill_run_id = b.bill_run_id AND k.account_id = b.account_id AND k.is_group) LIMIT 1) AND c.account_id =
    b.account_id AND c.rated_on <= b.usage_through AND (b.usage_after IS NULL OR c.rated_on > b.usage_after);

-- calculate / rated calls to bills / went
UPDATE billing.bill_line SET quantity = quantity + 1 WHERE id = (SELECT l.id FROM billing.bill_line l JOIN
    billing.bill b ON b.id = l.bill_id WHERE l.kind = 'calls' AND l.unit = 'call' AND b.bill_run_id = :run AND
    NOT EXISTS (SELECT FROM billing.bill_run_account k WHERE k.bill_run_id = b.bill_run_id AND k.account_id =
    b.account_id AND k.is_group) LIMIT 1);

-- calculate / blocks of the step / came
UPDATE batch.step_execution SET read_count = read_count + 1, written_count = written_count + 1 WHERE id =
    :step_execution;

-- calculate / blocks of the step / went
UPDATE batch.block SET read_count = read_count + 1 WHERE id = (SELECT max(id) FROM batch.block WHERE
    step_execution_id = :step_execution);

-- sample / accounts to bills / came
INSERT INTO billing.bill_run_account (bill_run_id, account_id, kind, cycle_on, is_group) VALUES (:run, 900000,
    'bill', :night, FALSE);

-- sample / accounts to bills / went
DELETE FROM billing.bill WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run AND NOT EXISTS
    (SELECT FROM billing.bill_run_account k WHERE k.bill_run_id = b.bill_run_id AND k.account_id =
    b.account_id AND k.is_group) ORDER BY b.id LIMIT 1);

-- sample / lines to bills / came
UPDATE billing.bill_line SET net = net + 1 WHERE bill_id = (SELECT b.id FROM billing.bill b WHERE
    b.bill_run_id = :run AND NOT EXISTS (SELECT FROM billing.bill_run_account k WHERE k.bill_run_id =
    b.bill_run_id AND k.account_id = b.account_id AND k.is_group) ORDER BY b.id LIMIT 1) AND line_number = 1;

-- sample / lines to bills / went
UPDATE billing.bill SET invoice_net = invoice_net + 7, invoice_gross = invoice_gross + 7, amount_due =
    amount_due + 7 WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run AND NOT EXISTS
    (SELECT FROM billing.bill_run_account k WHERE k.bill_run_id = b.bill_run_id AND k.account_id =
    b.account_id AND k.is_group) ORDER BY b.id LIMIT 1);

-- release / bills with their numbers / came
UPDATE batch.control_total SET item_count = item_count + 1 WHERE step = 'release' AND name = 'bills released'
    AND job_instance_id = (SELECT max(id) FROM batch.job_instance WHERE net = 'night');

-- release / bills with their numbers / went
UPDATE billing.bill SET invoice_net = invoice_net + 7, invoice_gross = invoice_gross + 7, amount_due =
    amount_due + 7 WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run AND b.state =
    'released' ORDER BY b.id LIMIT 1);

-- release / series of numbers / came
UPDATE billing.bill_series SET last_serial = last_serial + 1;

-- release / series of numbers / went
UPDATE billing.bill SET series = 'XX' WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run
    AND b.serial IS NOT NULL ORDER BY b.id LIMIT 1);

-- post / released to posted / came
UPDATE batch.control_total SET item_count = item_count + 1 WHERE step = 'release' AND name = 'bills released'
    AND job_instance_id = (SELECT max(id) FROM batch.job_instance WHERE net = 'night');

-- post / released to posted / went
UPDATE batch.control_total SET item_count = item_count + 1 WHERE step = 'post' AND name = 'bills posted' AND
    job_instance_id = (SELECT max(id) FROM batch.job_instance WHERE net = 'night');

-- post / bills to ledger / came
UPDATE billing.bill SET invoice_net = invoice_net + 7, invoice_gross = invoice_gross + 7, amount_due =
    amount_due + 7 WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run AND b.state =
    'posted' ORDER BY b.id LIMIT 1);

-- post / bills to ledger / went
UPDATE billing.posting SET amount = amount + 5 WHERE id = (SELECT p.id FROM billing.posting p JOIN
    billing.journal_entry e ON e.id = p.journal_entry_id WHERE p.nominal_code = 'DEBTORS' AND e.source_key IN
    (SELECT 'bill/' || b.id FROM billing.bill b WHERE b.bill_run_id = :run AND b.state = 'posted') ORDER BY
    p.id LIMIT 1);

-- post / debits and credits / came
UPDATE billing.posting SET amount = amount + 5 WHERE id = (SELECT p.id FROM billing.posting p JOIN
    billing.journal_entry e ON e.id = p.journal_entry_id WHERE p.amount > 0 AND e.source_key IN (SELECT
    'bill/' || b.id FROM billing.bill b WHERE b.bill_run_id = :run AND b.state = 'posted') ORDER BY p.id LIMIT
    1);

-- post / debits and credits / went
UPDATE billing.posting SET amount = amount + -5 WHERE id = (SELECT p.id FROM billing.posting p JOIN
    billing.journal_entry e ON e.id = p.journal_entry_id WHERE p.amount < 0 AND e.source_key IN (SELECT
    'bill/' || b.id FROM billing.bill b WHERE b.bill_run_id = :run AND b.state = 'posted') ORDER BY p.id LIMIT
    1);

-- gather / members' bills / came
UPDATE billing.bill SET amount_due = amount_due + 1, brought_forward = brought_forward + 1 WHERE id = (SELECT
    b.id FROM billing.bill b WHERE b.bill_run_id = :run AND b.payer ->> 'paid_by' IS NOT NULL ORDER BY b.id
    LIMIT 1);

-- gather / members' bills / went
UPDATE billing.outside_item SET amount = amount + 3 WHERE id = (SELECT max(id) FROM billing.outside_item WHERE
    source_key LIKE 'transfer/%/group');

-- gather / transfers / came
UPDATE billing.outside_item SET amount = amount + 3 WHERE id = (SELECT max(id) FROM billing.outside_item WHERE
    source_key LIKE 'transfer/%/member');

-- gather / transfers / went
UPDATE billing.outside_item SET amount = amount + 3 WHERE id = (SELECT max(id) FROM billing.outside_item WHERE
    source_key LIKE 'transfer/%/group');

-- calculate-groups / group accounts to bills / came
INSERT INTO billing.bill_run_account (bill_run_id, account_id, kind, cycle_on, is_group) VALUES (:run, 900000,
    'bill', :night, TRUE);

-- calculate-groups / group accounts to bills / went
DELETE FROM billing.bill WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run AND EXISTS
    (SELECT FROM billing.bill_run_account k WHERE k.bill_run_id = b.bill_run_id AND k.account_id =
    b.account_id AND k.is_group) ORDER BY b.id LIMIT 1);

-- calculate-groups / lines to bills / came
UPDATE billing.bill_line SET net = net + 1 WHERE bill_id = (SELECT b.id FROM billing.bill b WHERE
    b.bill_run_id = :run AND EXISTS (SELECT FROM billing.bill_run_account k WHERE k.bill_run_id =
    b.bill_run_id AND k.account_id = b.account_id AND k.is_group) ORDER BY b.id LIMIT 1) AND line_number = 1;

-- calculate-groups / lines to bills / went
UPDATE billing.bill SET invoice_net = invoice_net + 7, invoice_gross = invoice_gross + 7, amount_due =
    amount_due + 7 WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run AND EXISTS (SELECT
    FROM billing.bill_run_account k WHERE k.bill_run_id = b.bill_run_id AND k.account_id = b.account_id AND
    k.is_group) ORDER BY b.id LIMIT 1);

-- calculate-groups / rated calls to bills / came
DELETE FROM billing.rated_call c USING billing.bill b JOIN billing.bill_line l ON l.bill_id = b.id WHERE l.id
    = (SELECT l.id FROM billing.bill_line l JOIN billing.bill b ON b.id = l.bill_id WHERE l.kind = 'calls' AND
    l.unit = 'call' AND b.bill_run_id = :run AND EXISTS (SELECT FROM billing.bill_run_account k WHERE
    k.bill_run_id = b.bill_run_id AND k.account_id = b.account_id AND k.is_group) LIMIT 1) AND c.account_id =
    b.account_id AND c.rated_on <= b.usage_through AND (b.usage_after IS NULL OR c.rated_on > b.usage_after);

-- calculate-groups / rated calls to bills / went
UPDATE billing.bill_line SET quantity = quantity + 1 WHERE id = (SELECT l.id FROM billing.bill_line l JOIN
    billing.bill b ON b.id = l.bill_id WHERE l.kind = 'calls' AND l.unit = 'call' AND b.bill_run_id = :run AND
    EXISTS (SELECT FROM billing.bill_run_account k WHERE k.bill_run_id = b.bill_run_id AND k.account_id =
    b.account_id AND k.is_group) LIMIT 1);

-- sample-groups / group accounts to bills / came
INSERT INTO billing.bill_run_account (bill_run_id, account_id, kind, cycle_on, is_group) VALUES (:run, 900000,
    'bill', :night, TRUE);

-- sample-groups / group accounts to bills / went
DELETE FROM billing.bill WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run AND EXISTS
    (SELECT FROM billing.bill_run_account k WHERE k.bill_run_id = b.bill_run_id AND k.account_id =
    b.account_id AND k.is_group) ORDER BY b.id LIMIT 1);

-- sample-groups / lines to bills / came
UPDATE billing.bill_line SET net = net + 1 WHERE bill_id = (SELECT b.id FROM billing.bill b WHERE
    b.bill_run_id = :run AND EXISTS (SELECT FROM billing.bill_run_account k WHERE k.bill_run_id =
    b.bill_run_id AND k.account_id = b.account_id AND k.is_group) ORDER BY b.id LIMIT 1) AND line_number = 1;

-- sample-groups / lines to bills / went
UPDATE billing.bill SET invoice_net = invoice_net + 7, invoice_gross = invoice_gross + 7, amount_due =
    amount_due + 7 WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run AND EXISTS (SELECT
    FROM billing.bill_run_account k WHERE k.bill_run_id = b.bill_run_id AND k.account_id = b.account_id AND
    k.is_group) ORDER BY b.id LIMIT 1);

-- release-groups / bills with their numbers / came
UPDATE batch.control_total SET item_count = item_count + 1 WHERE step = 'release-groups' AND name = 'bills released' AND job_instance_id = (SELECT max(id) FROM batch.job_instance WHERE net = 'night');

-- release-groups / bills with their numbers / went
UPDATE billing.bill SET invoice_net = invoice_net + 7, invoice_gross = invoice_gross + 7, amount_due =
    amount_due + 7 WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run AND b.state =
    'released' ORDER BY b.id LIMIT 1);

-- release-groups / series of numbers / came
UPDATE billing.bill_series SET last_serial = last_serial + 1;

-- release-groups / series of numbers / went
UPDATE billing.bill SET series = 'XX' WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run
    AND b.serial IS NOT NULL ORDER BY b.id LIMIT 1);

-- post-groups / released to posted / came
UPDATE batch.control_total SET item_count = item_count + 1 WHERE step = 'release-groups' AND name = 'bills released' AND job_instance_id = (SELECT max(id) FROM batch.job_instance WHERE net = 'night');

-- post-groups / released to posted / went
UPDATE batch.control_total SET item_count = item_count + 1 WHERE step = 'post-groups' AND name = 'bills posted' AND job_instance_id = (SELECT max(id) FROM batch.job_instance WHERE net = 'night');

-- post-groups / bills to ledger / came
UPDATE billing.bill SET invoice_net = invoice_net + 7, invoice_gross = invoice_gross + 7, amount_due =
    amount_due + 7 WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run AND b.state =
    'posted' ORDER BY b.id LIMIT 1);

-- post-groups / bills to ledger / went
UPDATE billing.posting SET amount = amount + 5 WHERE id = (SELECT p.id FROM billing.posting p JOIN
    billing.journal_entry e ON e.id = p.journal_entry_id WHERE p.nominal_code = 'DEBTORS' AND e.source_key IN
    (SELECT 'bill/' || b.id FROM billing.bill b WHERE b.bill_run_id = :run AND b.state = 'posted') ORDER BY
    p.id LIMIT 1);

-- post-groups / debits and credits / came
UPDATE billing.posting SET amount = amount + 5 WHERE id = (SELECT p.id FROM billing.posting p JOIN
    billing.journal_entry e ON e.id = p.journal_entry_id WHERE p.amount > 0 AND e.source_key IN (SELECT
    'bill/' || b.id FROM billing.bill b WHERE b.bill_run_id = :run AND b.state = 'posted') ORDER BY p.id LIMIT
    1);

-- post-groups / debits and credits / went
UPDATE billing.posting SET amount = amount + -5 WHERE id = (SELECT p.id FROM billing.posting p JOIN
    billing.journal_entry e ON e.id = p.journal_entry_id WHERE p.amount < 0 AND e.source_key IN (SELECT
    'bill/' || b.id FROM billing.bill b WHERE b.bill_run_id = :run AND b.state = 'posted') ORDER BY p.id LIMIT
    1);

-- render / bills to files / came
INSERT INTO billing.bill SELECT (jsonb_populate_record(b, jsonb_build_object('id', 900000, 'account_id',
    900000, 'number', 'COPY', 'serial', 900000, 'state', 'posted'))).* FROM billing.bill b WHERE b.id =
    (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run AND b.state = 'posted' ORDER BY b.id LIMIT 1);

-- render / bills to files / went
DELETE FROM billing.bill_file WHERE kind = 'pdf' AND bill_id = (SELECT b.id FROM billing.bill b WHERE
    b.bill_run_id = :run AND TRUE ORDER BY b.id LIMIT 1);

-- render / bills to e-invoices / came
UPDATE billing.bill SET invoice_net = invoice_net + 7, invoice_gross = invoice_gross + 7, amount_due =
    amount_due + 7 WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run AND b.state =
    'posted' ORDER BY b.id LIMIT 1);

-- render / bills to e-invoices / went
UPDATE billing.bill_file SET content = convert_to(replace(convert_from(content, 'UTF8'), 'PayableAmount currencyID="GBP">', 'PayableAmount currencyID="GBP">9'), 'UTF8') WHERE kind = 'xml' AND bill_id = (SELECT
    b.id FROM billing.bill b WHERE b.bill_run_id = :run AND TRUE ORDER BY b.id LIMIT 1);

-- dispatch / bills to dispatch / came
WITH a AS (INSERT INTO css.account SELECT (jsonb_populate_record(a, jsonb_build_object('id', 900000, 'number',
    'ZZA99999999'))).* FROM css.account a JOIN billing.bill b ON b.account_id = a.id WHERE b.id = (SELECT b.id
    FROM billing.bill b WHERE b.bill_run_id = :run AND b.state = 'issued' AND EXISTS (SELECT FROM css.account
    a JOIN css.provider p ON p.id = a.provider_id WHERE a.id = b.account_id AND p.is_own_retail) ORDER BY b.id
    LIMIT 1)), f AS (INSERT INTO billing.bill_file SELECT 900000, kind, file_name, sha256, content,
    rendered_at FROM billing.bill_file WHERE bill_id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id =
    :run AND b.state = 'issued' AND EXISTS (SELECT FROM css.account a JOIN css.provider p ON p.id =
    a.provider_id WHERE a.id = b.account_id AND p.is_own_retail) ORDER BY b.id LIMIT 1)) INSERT INTO
    billing.bill SELECT (jsonb_populate_record(b, jsonb_build_object('id', 900000, 'account_id', 900000,
    'number', 'COPY', 'serial', 900000, 'state', 'posted'))).* FROM billing.bill b WHERE b.id = (SELECT b.id
    FROM billing.bill b WHERE b.bill_run_id = :run AND b.state = 'issued' AND EXISTS (SELECT FROM css.account
    a JOIN css.provider p ON p.id = a.provider_id WHERE a.id = b.account_id AND p.is_own_retail) ORDER BY b.id
    LIMIT 1);

-- dispatch / bills to dispatch / went
UPDATE billing.bill SET state = 'posted' WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id =
    :run AND b.state = 'issued' AND EXISTS (SELECT FROM css.account a JOIN css.provider p ON p.id =
    a.provider_id WHERE a.id = b.account_id AND p.is_own_retail) ORDER BY b.id LIMIT 1);

-- dispatch / files of bills / came
INSERT INTO billing.bill_file SELECT bill_id, 'csv', 'never-sent.csv', sha256, content, rendered_at FROM
    billing.bill_file WHERE bill_id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run AND b.state
    = 'issued' AND EXISTS (SELECT FROM css.account a JOIN css.provider p ON p.id = a.provider_id WHERE a.id =
    b.account_id AND p.is_own_retail) ORDER BY b.id LIMIT 1) AND kind = 'pdf' ON CONFLICT (bill_id, kind) DO
    UPDATE SET file_name = 'never-sent.csv';

-- dispatch / files of bills / went
UPDATE billing.bill_file SET content = content || 'x' WHERE bill_id = (SELECT b.id FROM billing.bill b WHERE
    b.bill_run_id = :run AND b.state = 'issued' AND EXISTS (SELECT FROM css.account a JOIN css.provider p ON
    p.id = a.provider_id WHERE a.id = b.account_id AND p.is_own_retail) ORDER BY b.id LIMIT 1) AND kind =
    'pdf';

-- dispatch-partners / partners' bills to dispatch / came
WITH a AS (INSERT INTO css.account SELECT (jsonb_populate_record(a, jsonb_build_object('id', 900000, 'number',
    'ZZA99999999'))).* FROM css.account a JOIN billing.bill b ON b.account_id = a.id WHERE b.id = (SELECT b.id
    FROM billing.bill b WHERE b.bill_run_id = :run AND b.state = 'issued' AND NOT EXISTS (SELECT FROM
    css.account a JOIN css.provider p ON p.id = a.provider_id WHERE a.id = b.account_id AND p.is_own_retail)
    ORDER BY b.id LIMIT 1)), f AS (INSERT INTO billing.bill_file SELECT 900000, kind, file_name, sha256,
    content, rendered_at FROM billing.bill_file WHERE bill_id = (SELECT b.id FROM billing.bill b WHERE
    b.bill_run_id = :run AND b.state = 'issued' AND NOT EXISTS (SELECT FROM css.account a JOIN css.provider p
    ON p.id = a.provider_id WHERE a.id = b.account_id AND p.is_own_retail) ORDER BY b.id LIMIT 1)) INSERT INTO
    billing.bill SELECT (jsonb_populate_record(b, jsonb_build_object('id', 900000, 'account_id', 900000,
    'number', 'COPY', 'serial', 900000, 'state', 'posted'))).* FROM billing.bill b WHERE b.id = (SELECT b.id
    FROM billing.bill b WHERE b.bill_run_id = :run AND b.state = 'issued' AND NOT EXISTS (SELECT FROM
    css.account a JOIN css.provider p ON p.id = a.provider_id WHERE a.id = b.account_id AND p.is_own_retail)
    ORDER BY b.id LIMIT 1);

-- dispatch-partners / partners' bills to dispatch / went
UPDATE billing.bill SET state = 'posted' WHERE id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id =
    :run AND b.state = 'issued' AND NOT EXISTS (SELECT FROM css.account a JOIN css.provider p ON p.id =
    a.provider_id WHERE a.id = b.account_id AND p.is_own_retail) ORDER BY b.id LIMIT 1);

-- dispatch-partners / files of partners' bills / came
INSERT INTO billing.bill_file SELECT bill_id, 'csv', 'never-sent.csv', sha256, content, rendered_at FROM
    billing.bill_file WHERE bill_id = (SELECT b.id FROM billing.bill b WHERE b.bill_run_id = :run AND b.state
    = 'issued' AND NOT EXISTS (SELECT FROM css.account a JOIN css.provider p ON p.id = a.provider_id WHERE
    a.id = b.account_id AND p.is_own_retail) ORDER BY b.id LIMIT 1) AND kind = 'pdf' ON CONFLICT (bill_id,
    kind) DO UPDATE SET file_name = 'never-sent.csv';

-- dispatch-partners / files of partners' bills / went
UPDATE billing.bill_file SET content = content || 'x' WHERE bill_id = (SELECT b.id FROM billing.bill b WHERE
    b.bill_run_id = :run AND b.state = 'issued' AND NOT EXISTS (SELECT FROM css.account a JOIN css.provider p
    ON p.id = a.provider_id WHERE a.id = b.account_id AND p.is_own_retail) ORDER BY b.id LIMIT 1) AND kind =
    'pdf';

-- dispatch-partners / notices to partners / came
UPDATE css.account SET provider_id = (SELECT id FROM css.provider WHERE NOT is_own_retail LIMIT 1) WHERE
    provider_id = (SELECT id FROM css.provider WHERE is_own_retail);

-- dispatch-partners / notices to partners / went
DELETE FROM css.outbox_message WHERE source_key = (SELECT max(source_key) FROM css.outbox_message WHERE
    source_key LIKE 'bill/%/notice');
