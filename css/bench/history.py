"""Years of usage on file in a few minutes: a night that was rated, copied backwards in time by the server itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine, text

from css.bench.carrier import ID_NIGHT_DIGITS

_FILES = """
INSERT INTO billing.usage_file (district_code, supplier, sequence, layout, file_name, sha256, byte_count, created_at, record_count,
                                to_rate_count, duration_seconds, business_date)
SELECT f.district_code, f.supplier, f.sequence - :days, f.layout, f.file_name || '.' || :days, md5(f.sha256 || :days), f.byte_count,
       f.created_at - make_interval(days => :days), f.record_count, f.to_rate_count, f.duration_seconds, f.business_date - :days
  FROM billing.usage_file f WHERE f.id = :of RETURNING id
"""
_KEYS = """
INSERT INTO billing.usage_call_key (district_code, call_hour, usage_file_id, page, calls)
SELECT k.district_code, k.call_hour - make_interval(days => :days), :file, k.page, k.calls
  FROM billing.usage_call_key k WHERE k.usage_file_id = :of
"""
_IDS = """
INSERT INTO billing.usage_id_key (usage_file_id, page, district_code, supplier, received_on, id_length, first_id, last_id, ids)
SELECT :file, k.page, k.district_code, k.supplier, k.received_on - :days, k.id_length,
       lpad(CAST(CAST(left(k.first_id, :digits) AS integer) - :days AS text), :digits, '0') || substr(k.first_id, :digits + 1),
       lpad(CAST(CAST(left(k.last_id, :digits) AS integer) - :days AS text), :digits, '0') || substr(k.last_id, :digits + 1), k.ids
  FROM billing.usage_id_key k WHERE k.usage_file_id = :of
"""
_CALLS = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
  FROM pg_attribute WHERE attrelid = 'billing.rated_call'::regclass AND attnum > 0 AND NOT attisdropped
"""
_CHANGED = {
    "usage_record_id": "usage_record_id + (:file - :of) * 10000000",
    "rated_on": "rated_on - :days",
    "started_at": "started_at - make_interval(days => :days)",
}


def fill_history(engine: Engine, usage_file_id: int, rows: int, streams: int) -> int:
    """Copy a rated file's calls and keys so often, a night earlier each time, that ``rows`` calls are there; returns how many.

    Its raw blocks are not copied: nothing that a night does looks at another night's.
    """
    with engine.begin() as connection:
        statement = text("SELECT count(*) FROM billing.rated_call WHERE usage_record_id / 10000000 = :of")
        night = int(connection.execute(statement, {"of": usage_file_id}).scalar_one())
    nights = -(-rows // night)
    with ThreadPoolExecutor(streams) as pool:
        list(pool.map(lambda days: _copy_back(engine, usage_file_id, days), range(1, nights + 1)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
        connection.execute(text("CHECKPOINT"))
    return nights * night


def _copy_back(engine: Engine, usage_file_id: int, days: int) -> None:
    with engine.begin() as connection:
        names = str(connection.execute(text(_CALLS)).scalar_one()).split(", ")
        told = {"of": usage_file_id, "days": days, "digits": ID_NIGHT_DIGITS}
        told["file"] = connection.execute(text(_FILES), told).scalar_one()
        connection.execute(text(_KEYS), told)
        connection.execute(text(_IDS), told)
        values = ", ".join(_CHANGED.get(name, name) for name in names)
        calls = f"INSERT INTO billing.rated_call ({', '.join(names)}) SELECT {values} FROM billing.rated_call WHERE {{}}"  # noqa: S608 - our own columns
        # By the night, which the first index finds; the file alone would read everything.
        of_night = "rated_on = (SELECT business_date FROM billing.usage_file WHERE id = :of) AND usage_record_id / 10000000 = :of"
        connection.execute(text(calls.format(of_night)), told)
