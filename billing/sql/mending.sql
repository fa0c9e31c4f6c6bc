-- Whether what a night set aside has been mended since.

-- name: files
-- Of these names of carriers' files, refused by a night, those that a later night took in. (One that came before may be why it was
-- refused.) Leans on ix_usage_file_business_date.
-- example: {"district": "ZZ", "names": ["NTHTEL_20260302_000001.csv"], "dates": ["2026-03-02"]}
SELECT DISTINCT ON (n.name, n.refused_on) n.name AS subject, n.refused_on,
       format('A file of this name was taken in for %s, as file %s.', f.business_date, f.id) AS words
  FROM unnest(CAST(:names AS text[]), CAST(:dates AS date[])) AS n (name, refused_on)
  JOIN billing.usage_file f ON f.district_code = :district AND f.business_date > n.refused_on AND f.file_name = n.name
 ORDER BY n.name, n.refused_on, f.id DESC;

-- name: accounts
-- Of these accounts, those billed since the cut that could not bill them, with a bill or with nothing to bill; a bill that is held
-- or has no number yet is none.
-- example: {"numbers": ["ZZA00000017"], "cuts": ["2026-02-05"]}
SELECT a.number AS subject, n.cut,
       coalesce('Billed with ' || b.number || '.', format('Nothing was to be billed up to %s.', c.usage_billed_through)) AS words
  FROM unnest(CAST(:numbers AS text[]), CAST(:cuts AS date[])) AS n (number, cut)
  JOIN css.account a ON a.number = n.number
  LEFT JOIN billing.account_cycle c ON c.account_id = a.id
  LEFT JOIN LATERAL (SELECT x.number FROM billing.bill x
                      WHERE x.account_id = a.id AND x.usage_through >= n.cut AND x.number IS NOT NULL AND x.kind <> 'credit-note'
                      ORDER BY x.usage_through LIMIT 1) b ON TRUE
 WHERE b.number IS NOT NULL OR c.usage_billed_through >= n.cut;

-- name: bills
-- These bills as they stand: whether they have their files, whether these are what was rendered, and whether they are out.
-- example: {"numbers": ["ZZB00000014"]}
SELECT b.id, b.number AS subject, b.state = 'issued' AS is_issued, f.kinds = 2 AS has_files, coalesce(f.sound, FALSE) AS is_sound
  FROM billing.bill b
 CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE x.kind IN ('pdf', 'xml')) AS kinds,
                            bool_and(encode(sha256(x.content), 'hex') = x.sha256) AS sound
                       FROM billing.bill_file x WHERE x.bill_id = b.id) f
 WHERE b.number = ANY(:numbers);
