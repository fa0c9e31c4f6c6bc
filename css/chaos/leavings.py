"""All that a night leaves, as values that can be compared: every row of every table, and every file to the byte.

Keys that the database counts are replaced by what else a row is known by, or by its place: a transaction that is rolled back
leaves a gap in them, branches of the net may come in another order, and nobody reads them. Attempts are left out, being what
a disturbed night must have more of; so are instants of the machine's own clock.
"""

from __future__ import annotations

import email
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class by its name
from sqlalchemy import make_url

Row = tuple[Any, ...]

ATTEMPTS: Final = frozenset({"batch.job_execution", "batch.step_attempt"})
"""A disturbed night has more of them; looked at for themselves."""
OF_ATTEMPTS: Final = frozenset({"job_execution_id"})
"""Columns that say which attempt it was."""
OF_THE_MACHINES_CLOCK: Final = frozenset(
    {("batch.step_execution", "progressed_at"), ("batch.block", "done_at"), ("batch.resource_use", "taken_at")}
)
"""Instants for whoever watches; the night's own instants are told it, and are compared."""
OF_THE_RUN: Final = "morning-report"
"""What tells of attempts and of how long they took is there after every night, and is not the same after a disturbed one."""
OF_BYTES: Final = frozenset({"sha256", "byte_count", "bytes", "content"})
"""Columns that say what is in a file."""
OF_SUMS: Final = OF_BYTES - {"content"}
"""Columns that differ with every instant that is in a file."""
NAMES_OF_SUMS: Final = ("SHA256SUMS", "manifest")
INSTANTS: Final = re.compile(
    rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?|(\w{3}, )?\d{1,2} \w{3} \d{4} \d\d:\d\d(:\d\d)? [+-]\d{4}"
)
"""As documents, mails and records write them."""
RECORDS_PER_FILE: Final = 10_000_000
"""A usage record's key is its file's key times this, and its line."""
SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Leavings:
    """What is there: rows by table, digests by path."""

    rows: Mapping[str, tuple[Row, ...]]
    files: Mapping[str, str]


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A bare connection, and nothing of the product's between us and the rows."""
    parsed = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg2.connect(parsed, application_name="css chaos")) as connection:
        yield connection


def leavings(url: str, home: Path, *, but_for_instants: bool = False) -> Leavings:
    """Everything in the database and below the directory.

    ``but_for_instants`` is for nights that were told different times: dates stay, instants go, wherever they are written, and
    with them the sums and sizes of the files that have them.
    """
    if not but_for_instants:
        return Leavings(_rows(url, _plain), _files(home, _plain_file))
    return Leavings(_rows(url, _untimed, without=OF_SUMS), _files(home, _untimed_file))


def differences(expected: Leavings, found: Leavings) -> tuple[str, ...]:
    """What differs, a sentence each; nothing when they are the same."""
    return (*_differing_rows(expected.rows, found.rows), *_differing_files(expected.files, found.files))


@dataclass(slots=True)
class _Table:
    """A table, its columns, which of them point where, and by what else than its key a row is known."""

    name: str
    columns: list[str] = field(default_factory=list)
    points_to: dict[str, str] = field(default_factory=dict)
    known_by: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def is_numbered(self) -> bool:
        return "id" in self.columns


_CATALOG: Final = """
SELECT n.nspname || '.' || c.relname, a.attname,
       (SELECT fn.nspname || '.' || fc.relname FROM pg_constraint k JOIN pg_class fc ON fc.oid = k.confrelid
          JOIN pg_namespace fn ON fn.oid = fc.relnamespace
         WHERE k.contype = 'f' AND k.conrelid = c.oid AND k.conkey = ARRAY[a.attnum] LIMIT 1)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'public')
 ORDER BY 1, a.attnum
"""
_KEYS: Final = """
SELECT n.nspname || '.' || c.relname,
       (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey))
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE k.contype = 'u' AND NOT c.relispartition
 ORDER BY 1, k.conname
"""


def _rows(url: str, plain: Callable[[object], object], without: frozenset[str] = frozenset()) -> dict[str, tuple[Row, ...]]:
    with connected(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.execute(_CATALOG)
        tables: dict[str, _Table] = {}
        for name, column, target in cursor.fetchall():
            table = tables.setdefault(name, _Table(name))
            table.columns.append(column)
            if target is not None:
                table.points_to[column] = target
        cursor.execute(_KEYS)
        for name, columns in cursor.fetchall():
            if name in tables:
                tables[name].known_by.append(tuple(columns))
        raw: dict[str, list[Row]] = {}
        for table in tables.values():
            if table.name in ATTEMPTS:
                continue
            cursor.execute(f"SELECT * FROM {table.name} ORDER BY {'id' if table.is_numbered else '1'}")  # noqa: S608 - names of the catalog
            raw[table.name] = cursor.fetchall()
    return dict(_without_keys(tables, raw, plain, without))


def _without_keys(
    tables: Mapping[str, _Table], raw: Mapping[str, list[Row]], plain: Callable[[object], object], without: frozenset[str]
) -> Iterator[tuple[str, tuple[Row, ...]]]:
    names = _Names(tables, raw, plain)
    for name, rows in raw.items():
        table = tables[name]
        readers = [names.reader(table, column) for column in table.columns]
        # A row's own number is nobody's business: whoever points to it has it under its name.
        left_out = {"id", *OF_ATTEMPTS, *without, *(column for of, column in OF_THE_MACHINES_CLOCK if of == name)}
        kept = [n for n, column in enumerate(table.columns) if column not in left_out]
        bytes_of = {n for n in kept if table.columns[n] in OF_BYTES}
        cleaned = [tuple(None if n in bytes_of and _tells_of_run(row) else readers[n](row[n]) for n in kept) for row in rows]
        yield name, tuple(sorted(cleaned, key=repr))


class _Names:
    """What a row is called instead of its number: by what else it is known, or by its place among those of its table."""

    def __init__(self, tables: Mapping[str, _Table], raw: Mapping[str, list[Row]], plain: Callable[[object], object]) -> None:
        self._plain = plain
        self._tables = tables
        self._raw = raw
        self._by_name = {name.partition(".")[2]: name for name in tables}
        self._found: dict[str, dict[object, object]] = {}

    def reader(self, table: _Table, column: str) -> Callable[[Any], object]:
        """What makes a column's values comparable."""
        target = table.points_to.get(column) or (self._by_name.get(column.removesuffix("_id")) if column.endswith("_id") else None)
        if target in self._raw and target is not None and self._tables[target].is_numbered:
            known = self._of(target)
            return lambda value: known.get(value, value)
        if column.endswith("record_id"):
            files = self._of("billing.usage_file")
            return lambda value: _record(value, files)
        return self._plain

    def _of(self, name: str) -> dict[object, object]:
        if name not in self._found:
            self._found[name] = {}  # for a table that points to itself
            self._found[name] = dict(self._named(self._tables[name]))
        return self._found[name]

    def _named(self, table: _Table) -> Iterator[tuple[object, object]]:
        rows = self._raw[table.name]
        number = table.columns.index("id")
        key = next((key for key in table.known_by if not OF_ATTEMPTS & set(key)), ())
        readers = [(table.columns.index(column), self.reader(table, column)) for column in key]
        for place, row in enumerate(rows, start=1):
            known = tuple(reader(row[n]) for n, reader in readers)
            yield row[number], known if known and None not in known else place


def _tells_of_run(row: Row) -> bool:
    return any(isinstance(value, str) and OF_THE_RUN in value for value in row)


def _record(value: object, files: Mapping[object, object]) -> object:
    if not isinstance(value, int):
        return value
    file, line = divmod(value, RECORDS_PER_FILE)
    return files.get(file, file), line


def _plain(value: object) -> object:
    if isinstance(value, memoryview):
        return hashlib.sha256(_without_record_keys(value.tobytes())).hexdigest()
    if isinstance(value, str):
        return _without_record_keys(value.encode()).decode()
    return value


def _untimed(value: object) -> object:
    if isinstance(value, datetime):
        return None
    if isinstance(value, memoryview):
        return hashlib.sha256(_without_instants(value.tobytes())).hexdigest()
    if isinstance(value, str | dict | list):
        return _without_instants(str(value).encode()).decode()
    return value


def _without_instants(content: bytes) -> bytes:
    return INSTANTS.sub(b"T", _without_record_keys(content))


def _plain_file(path: Path) -> bytes:
    return _without_record_keys(path.read_bytes())


def _untimed_file(path: Path) -> bytes:
    """Of a mail what it says and what it brings along, of sums nothing: they are of files that have instants."""
    if path.name.startswith(NAMES_OF_SUMS):
        return b""
    content = path.read_bytes()
    if path.suffix != ".eml":
        return _without_instants(content)
    parts = [part for part in email.message_from_bytes(content).walk() if not part.is_multipart()]
    heads = content.partition(b"\n\n")[0]
    return _without_instants(b"\n".join((heads, *(bytes(part.get_payload(decode=True) or b"") for part in parts))))


def _without_record_keys(content: bytes) -> bytes:
    """A duplicate names the record before it by the key of its file."""
    return re.sub(rb"record [0-9]+/", b"record N/", content)


def _files(home: Path, read: Callable[[Path], bytes]) -> dict[str, str]:
    found = {}
    for path in sorted(home.rglob("*")):
        if path.is_file():
            name = str(path.relative_to(home))
            found[name] = "" if OF_THE_RUN in name else hashlib.sha256(read(path)).hexdigest()
    return found


def _differing_rows(expected: Mapping[str, tuple[Row, ...]], found: Mapping[str, tuple[Row, ...]]) -> Iterator[str]:
    for name in sorted({*expected, *found}):
        before, after = expected.get(name, ()), found.get(name, ())
        if before == after:
            continue
        missing = [row for row in before if row not in after]
        more = [row for row in after if row not in before]
        yield f"{name}: {len(before)} rows expected, {len(after)} found; missing {_shown(missing)}; too many {_shown(more)}"


def _differing_files(expected: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    for path in sorted({*expected, *found}):
        if path not in found:
            yield f"file {path} is missing"
        elif path not in expected:
            yield f"file {path} should not be there"
        elif expected[path] != found[path]:
            yield f"file {path} has other bytes"


def _shown(rows: list[Row]) -> str:
    return "; ".join(str(row)[:400] for row in rows[:SHOWN]) + (f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else "") or "none"
