"""What the first release had taken in and rated, moved into the tables of revision 0002 without loss.

Part of that revision and frozen with it: nothing here may follow later changes of the product, so it has the layouts it
writes in itself and uses none of the product's code. Everything is streamed; a file of ten million lines needs no more
memory than one of a thousand.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

BLOCK_LINES: Final = 20_000
"""The first release rated a file's lines in ranges of 100,000, each in one transaction; so a block was rated whole or not at all."""
LINES_PER_FILE: Final = 10_000_000
PAGE_IDS: Final = 65_536
HOUR: Final = timedelta(hours=1)
NOT_TEXT: Final = "CSS402E"
"""The reason of a line that was not UTF-8 and was kept as Latin-1, with a picture for NUL."""

CALL_COLUMNS: Final = {
    "leg": pl.String(),
    "charged_number": pl.String(),
    "other_number": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
    "part_number": pl.Int64(),
    "line": pl.UInt32(),
}
ID_COLUMNS: Final = {"supplier_record_id": pl.String(), "part_number": pl.Int64(), "line": pl.UInt32()}

PREPARE: Final = (
    "SET LOCAL statement_timeout = 0",
    "CREATE UNIQUE INDEX ON billing.old_usage_record (usage_file_id, line_number)",
    "CREATE INDEX ON billing.old_usage_record (usage_file_id, started_at)",
    "CREATE INDEX ON billing.old_usage_record (district_code, started_at, caller)",
    "CREATE INDEX ON billing.old_rated_call (usage_record_id)",
    # Codes up to 411 were given when a file was read, the others when a record that had been loaded was priced.
    """
    CREATE TABLE billing.old_reject AS
    SELECT id, split_part(source_key, '/', 2)::bigint AS usage_file_id, split_part(source_key, '/', 3)::integer AS line_number,
           reason_code, words, raw, state, substr(reason_code, 4, 3)::integer >= 412 AS was_loaded
      FROM batch.reject
     WHERE source_key ~ '^usage/[0-9]+/[0-9]+$'
    """,
    "CREATE UNIQUE INDEX ON billing.old_reject (usage_file_id, line_number)",
    "ANALYZE billing.old_usage_record, billing.old_rated_call, billing.old_reject",
)
FREE_RATES: Final = "UPDATE billing.tariff_rate SET is_free = TRUE WHERE NOT is_itemised"
SET_ASIDE: Final = """
    INSERT INTO billing.usage_set_aside
           (district_code, usage_record_id, usage_file_id, supplier, outcome, reason_code, words, raw, set_aside_on,
            leg, charged_number, other_number, started_at, duration_seconds, is_open, settled_as, settled_on, settled_by, settled_words)
    SELECT f.district_code, f.id * 10000000 + x.line_number, f.id, f.supplier, CASE WHEN x.was_loaded THEN 'suspended' ELSE 'rejected' END,
           x.reason_code, x.words, x.raw, f.business_date,
           CASE WHEN r.id IS NOT NULL THEN 'outgoing' END, r.caller, r.dialled, r.started_at, r.duration_seconds,
           x.was_loaded AND x.state = 'open', s.settled_as, s.settled_on, s.settled_by, s.settled_words
      FROM billing.old_reject x
      JOIN billing.usage_file f ON f.id = x.usage_file_id
      LEFT JOIN billing.old_usage_record r ON r.usage_file_id = x.usage_file_id AND r.line_number = x.line_number
      LEFT JOIN LATERAL (SELECT 'rejected' AS settled_as, f.business_date AS settled_on, 'system' AS settled_by,
                                'Dropped before the second release.' AS settled_words
                          WHERE x.was_loaded AND x.state <> 'open') s ON TRUE
"""
RATED_CALLS: Final = """
    INSERT INTO billing.rated_call
           (district_code, usage_record_id, rated_on, account_id, service_id, leg, charged_number, other_number, started_at,
            duration_seconds, tariff_rate_id, charge_class, destination, band, chargeable_units, net_millionths, gross_millionths,
            vat_basis_points, is_itemised, zero_reason)
    SELECT district_code, usage_record_id, rated_on, account_id, service_id, 'outgoing', caller, dialled, started_at,
           duration_seconds, tariff_rate_id, charge_class, destination, band, chargeable_units, net_millionths, gross_millionths,
           vat_basis_points, is_itemised,
           CASE WHEN net_millionths <> 0 THEN NULL
                WHEN NOT is_itemised THEN 'free'
                WHEN duration_seconds = 0 THEN 'unanswered'
                ELSE 'included' END
      FROM billing.old_rated_call
     ORDER BY rated_on, usage_record_id / 20000, account_id, started_at, usage_record_id
"""
BLOCK_COUNTS: Final = """
    CREATE TABLE billing.old_block AS
    SELECT b.id, f.business_date, c.rated, c.zero_rated, x.suspended, c.net, l.loaded
      FROM billing.usage_block b
      JOIN billing.usage_file f ON f.id = b.usage_file_id
     CROSS JOIN LATERAL (SELECT f.id * 10000000 + b.first_line AS first, f.id * 10000000 + b.first_line + b.line_count - 1 AS last) k
     CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE net_millionths <> 0) AS rated,
                                count(*) FILTER (WHERE net_millionths = 0) AS zero_rated,
                                coalesce(sum(net_millionths), 0) AS net
                           FROM billing.old_rated_call WHERE usage_record_id BETWEEN k.first AND k.last) c
     CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE was_loaded) AS suspended FROM billing.old_reject
                          WHERE usage_file_id = f.id AND line_number BETWEEN b.first_line AND b.first_line + b.line_count - 1) x
     CROSS JOIN LATERAL (SELECT count(*) AS loaded FROM billing.old_usage_record
                          WHERE usage_file_id = f.id AND line_number BETWEEN b.first_line AND b.first_line + b.line_count - 1) l
"""
RATED_BLOCKS: Final = """
    INSERT INTO billing.rated_block (usage_block_id, rated_on, rated_count, zero_rated_count, suspended_count, net_millionths)
    SELECT id, business_date, rated, zero_rated, suspended, net FROM billing.old_block WHERE rated + zero_rated + suspended = loaded
"""
HALF_RATED: Final = "SELECT count(*) FROM billing.old_block WHERE rated + zero_rated + suspended NOT IN (0, loaded)"
FINISH: Final = (
    "DELETE FROM batch.reject WHERE id IN (SELECT id FROM billing.old_reject)",
    "DROP TABLE billing.old_block, billing.old_reject",
)
LINES: Final = """
    SELECT line_number, raw, NULL AS reason_code FROM billing.old_usage_record
     WHERE usage_file_id = :file AND line_number BETWEEN :first AND :last
    UNION ALL
    SELECT line_number, raw, reason_code FROM billing.old_reject
     WHERE usage_file_id = :file AND line_number BETWEEN :first AND :last AND NOT was_loaded
     ORDER BY line_number
"""
HOURS: Final = "SELECT DISTINCT date_trunc('hour', started_at, 'UTC') FROM billing.old_usage_record WHERE usage_file_id = :file ORDER BY 1"
CALLS: Final = """
    SELECT 'outgoing', r.caller, r.dialled, r.started_at, r.duration_seconds::bigint, NULL::bigint, r.line_number
      FROM billing.old_usage_record r
     WHERE r.usage_file_id = :file AND r.started_at >= :hour AND r.started_at < :end
       AND NOT EXISTS (SELECT 1 FROM billing.old_usage_record x
                        WHERE x.district_code = r.district_code AND x.started_at = r.started_at AND x.caller = r.caller
                          AND x.dialled = r.dialled AND x.duration_seconds = r.duration_seconds AND x.id < r.id)
     ORDER BY r.id
"""
"""A call that the first release took twice is known by its first record."""
IDS: Final = r"""
    SELECT id, NULL::bigint, min(line_number)
      FROM (SELECT line_number, replace(replace(replace(replace(supplier_record_id,
                   E'\\', E'\\\\'), E'\n', E'\\0a'), E'\r', E'\\0d'), E'\x1f', E'\\1f') AS id
              FROM billing.old_usage_record
             WHERE usage_file_id = :file AND supplier_record_id IS NOT NULL) i
     GROUP BY id
     ORDER BY octet_length(id), id COLLATE "C"
"""
"""Control characters are written out, as the keys of the second release have them."""


def move(connection: sa.Connection) -> None:
    """Move it all. RuntimeError when what is there cannot have been left by the first release: then nothing is moved."""
    for statement in (*PREPARE, FREE_RATES):
        connection.exec_driver_sql(statement)
    for code in connection.execute(sa.text("SELECT code FROM css.district ORDER BY code")).scalars().all():
        connection.exec_driver_sql(
            f"CREATE TABLE billing.rated_call_{code.lower()} PARTITION OF billing.rated_call FOR VALUES IN ('{code}')"  # two capitals
        )
    files = connection.execute(
        sa.text("SELECT id, district_code, supplier, record_count, business_date FROM billing.usage_file ORDER BY id")
    )
    for file in files.all():
        _move_blocks(connection, file)
        _write_call_keys(connection, file)
        _write_id_keys(connection, file)
    for statement in (SET_ASIDE, RATED_CALLS, BLOCK_COUNTS):
        connection.exec_driver_sql(statement)
    if connection.execute(sa.text(HALF_RATED)).scalar_one():
        msg = "some calls of a range that is rated together are rated and some are not: run `css check books` before upgrading"
        raise RuntimeError(msg)
    for statement in (RATED_BLOCKS, *FINISH):
        connection.exec_driver_sql(statement)


def _move_blocks(connection: sa.Connection, file: sa.Row[Any]) -> None:
    """The lines of a file, those set aside in their places, as compressed blocks."""
    for first in range(1, file.record_count + 1, BLOCK_LINES):
        last = min(first + BLOCK_LINES - 1, file.record_count)
        lines = connection.execute(sa.text(LINES), {"file": file.id, "first": first, "last": last}).all()
        if [line.line_number for line in lines] != list(range(first, last + 1)):
            msg = f"usage file {file.id}: not every line from {first} to {last} is on file: run `css check books` before upgrading"
            raise RuntimeError(msg)
        raw = b"".join(_bytes_of(line.raw, line.reason_code) + b"\n" for line in lines)
        connection.execute(
            sa.text("INSERT INTO billing.usage_block (usage_file_id, first_line, line_count, raw) VALUES (:file, :first, :count, :raw)"),
            {"file": file.id, "first": first, "count": len(lines), "raw": gzip.compress(raw, 1, mtime=0)},
        )


def _bytes_of(raw: str, reason_code: str | None) -> bytes:
    return raw.replace("\u2400", "\0").encode("latin-1") if reason_code == NOT_TEXT else raw.encode()


def _write_call_keys(connection: sa.Connection, file: sa.Row[Any]) -> None:
    hours = connection.execute(sa.text(HOURS), {"file": file.id}).scalars().all()
    for page, hour in enumerate(hours, start=1):
        rows = connection.execute(sa.text(CALLS), {"file": file.id, "hour": hour, "end": hour + HOUR}).all()
        connection.execute(
            sa.text(
                "INSERT INTO billing.usage_call_key (district_code, call_hour, usage_file_id, page, calls)"
                " VALUES (:district, :hour, :file, :page, :calls)"
            ),
            {"district": file.district_code, "hour": hour, "file": file.id, "page": page, "calls": _parquet(rows, CALL_COLUMNS)},
        )


def _write_id_keys(connection: sa.Connection, file: sa.Row[Any]) -> None:
    for number, page in enumerate(_id_pages(connection, file.id), start=1):
        connection.execute(
            sa.text(
                "INSERT INTO billing.usage_id_key"
                " (usage_file_id, page, district_code, supplier, received_on, id_length, first_id, last_id, ids)"
                " VALUES (:file, :page, :district, :supplier, :received_on, :length, :first, :last, :ids)"
            ),
            {
                "file": file.id,
                "page": number,
                "district": file.district_code,
                "supplier": file.supplier,
                "received_on": file.business_date,
                "length": len(page[0][0].encode()),
                "first": page[0][0],
                "last": page[-1][0],
                "ids": _parquet(page, ID_COLUMNS),
            },
        )


def _id_pages(connection: sa.Connection, usage_file_id: int) -> Iterator[Sequence[sa.Row[Any]]]:
    """The ids of a file in order, so many at a time and all of a page of one length."""
    with connection.execute(sa.text(IDS), {"file": usage_file_id}, execution_options={"stream_results": True}) as found:
        for rows in found.partitions(PAGE_IDS):
            for _, page in groupby(rows, lambda row: len(row[0].encode())):
                yield list(page)


def _parquet(rows: Sequence[sa.Row[Any]], columns: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame([tuple(row) for row in rows], schema=columns, orient="row").write_parquet(
        buffer, compression="zstd", compression_level=1, statistics=False
    )
    return buffer.getvalue()
