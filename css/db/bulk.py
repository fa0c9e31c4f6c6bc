"""Rows and frames in and out of the database by COPY: fifty to four hundred thousand rows a second and connection.

Rows go in PostgreSQL's text form, frames as CSV, in which polars and PostgreSQL agree that ``""`` is an empty text and
nothing at all is NULL. Everything happens inside the caller's transaction.
"""

from __future__ import annotations

import json
import tempfile
from binascii import hexlify
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

import psycopg2
from sqlalchemy import Connection, TextClause
from sqlalchemy.dialects.postgresql import psycopg2 as dialect_module
from sqlalchemy.orm import Session

from css.core.money import Money, Percent, Price
from css.db.faults import of_driver

if TYPE_CHECKING:
    import polars as pl

FRAME_SLICE_ROWS = 100_000
"""A frame is written in slices, so that its text never lies in memory whole."""
STREAM_BYTES = 1 << 18
SPOOL_BYTES = 64 << 20
_DIALECT = dialect_module.dialect()  # type: ignore[no-untyped-call]
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class _Cursor(Protocol):
    @property
    def rowcount(self) -> int: ...
    def copy_expert(self, sql: str, file: object) -> None: ...
    def execute(self, query: str, parameters: Mapping[str, Any] | None = None) -> None: ...
    def fetchone(self) -> tuple[Any, ...] | None: ...
    def mogrify(self, query: str, parameters: Mapping[str, Any]) -> bytes: ...
    def close(self) -> None: ...


def copy_rows(session: Session | Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Add rows to a table (``schema.table``); returns how many. The rows are drawn one by one, never all held.

    A value may be None, text, int, bool, Decimal, date, aware datetime, bytes, a dict (JSON), or our Money, Price and
    Percent; anything else, and a naive datetime, is a TypeError. A hurt constraint is an IntegrityError as ever.
    """
    return _copy_in(session, table, ", ".join(columns), "", _Stream(_lines(rows, len(columns))))


def copy_frame(session: Session | Connection, table: str, frame: pl.DataFrame) -> int:
    """Add a frame to a table; its columns are named as the table's. Returns how many rows. Floats are a TypeError."""
    floats = [name for name, kind in frame.schema.items() if kind.is_float()]
    if floats:
        msg = f"no float goes into a table: {', '.join(floats)}"
        raise TypeError(msg)
    if frame.is_empty():
        return 0
    slices = (_csv(frame.slice(start, FRAME_SLICE_ROWS)) for start in range(0, frame.height, FRAME_SLICE_ROWS))
    return _copy_in(session, table, ", ".join(frame.columns), " (FORMAT csv)", _Stream(slices))


def read_frame(
    session: Session | Connection, statement: TextClause, schema: Mapping[str, pl.DataType | type[pl.DataType]], **parameters: object
) -> pl.DataFrame:
    """What a SELECT gives, as a frame of exactly this schema; its columns are found by name.

    Instants come as ``Datetime("us", "UTC")``, exact decimals as ``Decimal(precision, scale)``.
    """
    import polars as pl  # noqa: PLC0415 - a tenth of a second that a screen need not pay

    kinds = {name: kind() if isinstance(kind, type) else kind for name, kind in schema.items()}
    columns = ", ".join(_as_readable(name, kind) for name, kind in kinds.items())
    carried = {name: _carrier(kind) for name, kind in kinds.items()}
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as file:
        _copy_out(session, statement, parameters, f"COPY (SELECT {columns} FROM (%s) AS q) TO STDOUT (FORMAT csv)", file)  # noqa: S608 - names of our own schema
        if file.tell() == 0:
            return pl.DataFrame(schema=kinds)
        file.seek(0)
        found = pl.read_csv(file.read(), has_header=False, new_columns=list(carried), schema_overrides=list(carried.values()))
    return found.select(pl.col(name).cast(kind) for name, kind in kinds.items())


def copy_to_file(session: Session | Connection, statement: TextClause, file: IO[bytes], **parameters: object) -> int:
    """Write what a SELECT gives to a file as CSV with a heading; returns how many rows."""
    return _copy_out(session, statement, parameters, "COPY (%s) TO STDOUT (FORMAT csv, HEADER)", file)


def _lines(rows: Iterable[Sequence[object]], width: int) -> Iterator[bytes]:
    for row in rows:
        if len(row) != width:
            msg = f"a row of {len(row)} values for {width} columns"
            raise ValueError(msg)
        if any(isinstance(value, bytes) and len(value) > STREAM_BYTES for value in row):
            yield from _long_line(row)
        else:
            yield ("\t".join([_field(value) for value in row]) + "\n").encode()


def _long_line(row: Sequence[object]) -> Iterator[bytes]:
    """Piece by piece: written whole, a file of a hundred megabytes would lie here five times, twice as long each time."""
    for place, value in enumerate(row):
        if place:
            yield b"\t"
        if isinstance(value, bytes):
            yield b"\\\\x"
            yield from (hexlify(value[start : start + STREAM_BYTES]) for start in range(0, len(value), STREAM_BYTES))
        else:
            yield _field(value).encode()
    yield b"\n"


def _field(value: object) -> str:  # noqa: C901, PLR0911 - one line a kind, the commonest first; a table of types would miss subclasses
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, date) and (not isinstance(value, datetime) or value.tzinfo is not None):
        return value.isoformat()
    if isinstance(value, Money):
        return str(value.pence)
    if isinstance(value, Price):
        return f"{value.pence:f}"
    if isinstance(value, Percent):
        return f"{value.decimal:f}"
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    if isinstance(value, dict):
        return _text(json.dumps(value, ensure_ascii=False))
    msg = f"no column holds a {type(value).__name__}" + (" without its zone" if isinstance(value, datetime) else "")
    raise TypeError(msg)


def _text(value: str) -> str:
    if "\x00" in value:
        raise ValueError("PostgreSQL cannot hold the character NUL in a text")
    return value.translate(_ESCAPES)


def _csv(frame: pl.DataFrame) -> bytes:
    out = BytesIO()
    # One column alone could hold the two characters that end a COPY; in quotes they are data.
    frame.write_csv(out, include_header=False, quote_style="necessary" if frame.width > 1 else "non_numeric")
    return out.getvalue()


def _as_readable(name: str, kind: pl.DataType) -> str:
    """How PostgreSQL is to write a column so that polars reads it back exactly."""
    import polars as pl  # noqa: PLC0415

    if isinstance(kind, pl.Datetime):
        return f'(extract(epoch FROM "{name}") * 1000000)::bigint'
    if isinstance(kind, pl.Boolean):
        return f'"{name}"::int'
    return f'"{name}"'


def _carrier(kind: pl.DataType) -> pl.DataType:
    import polars as pl  # noqa: PLC0415

    if isinstance(kind, pl.Datetime):
        return pl.Int64()
    if isinstance(kind, pl.Boolean):
        return pl.Int8()
    if isinstance(kind, pl.Decimal):
        return pl.String()
    return kind


class _Stream:
    """The file that COPY reads from: the chunks as they are made, joined to pieces worth sending."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._piece = b""
        self._taken = 0
        self.fault: Exception | None = None
        """What went wrong in making a chunk: libpq only says that reading failed, so the caller asks here."""

    def read(self, size: int) -> bytes:
        try:
            return self._read(size)
        except Exception as fault:
            self.fault = fault
            raise

    def _read(self, size: int) -> bytes:
        if self._taken == len(self._piece):
            self._piece, self._taken = self._next_piece(size), 0
        # By position: libpq asks for 8 kB at a time, and cutting them off a slice of a frame would copy the megabytes that
        # are left once for each.
        part = self._piece[self._taken : self._taken + size]
        self._taken += len(part)
        return part

    def _next_piece(self, size: int) -> bytes:
        parts, length = [], 0
        while length < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            parts.append(chunk)
            length += len(chunk)
        return b"".join(parts)


def _copy_in(session: Session | Connection, table: str, columns: str, form: str, stream: _Stream) -> int:
    cursor = _cursor(session)
    statement = f"COPY {table} ({columns}) FROM STDIN{form}"
    try:
        cursor.execute("SELECT row_security_active(%(table)s)", {"table": table})
        if cursor.fetchone() == (True,):
            return _copy_round(cursor, table, columns, form, stream)
        cursor.copy_expert(statement, stream)
    except psycopg2.Error as error:
        if stream.fault is not None:
            raise stream.fault from None
        raise of_driver(error, statement) from error
    else:
        return cursor.rowcount
    finally:
        cursor.close()


def _copy_round(cursor: _Cursor, table: str, columns: str, form: str, stream: _Stream) -> int:
    """By way of a table of its own: COPY goes into no table whose row rules hold for us too, as they do for an owner who is neither
    superuser nor BYPASSRLS. Twice the work; ``docs/partner-security.md`` says how such an owner is spared it.
    """
    cursor.execute(f"CREATE TEMPORARY TABLE css_copied ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA")  # noqa: S608 - names of our own schema
    cursor.copy_expert(f"COPY pg_temp.css_copied ({columns}) FROM STDIN{form}", stream)
    cursor.execute(f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM pg_temp.css_copied")  # noqa: S608 - as above
    count = cursor.rowcount
    cursor.execute("DROP TABLE pg_temp.css_copied")
    return count


def _copy_out(session: Session | Connection, statement: TextClause, parameters: Mapping[str, object], wrapped: str, file: object) -> int:
    compiled = statement.bindparams(**parameters).compile(dialect=_DIALECT)
    cursor = _cursor(session)
    try:
        select = cursor.mogrify(str(compiled), compiled.params).decode()
        cursor.copy_expert(wrapped.replace("%s", select.rstrip().rstrip(";"), 1), file)
    except psycopg2.Error as error:
        raise of_driver(error, str(compiled)) from error
    else:
        return cursor.rowcount
    finally:
        cursor.close()


def _cursor(session: Session | Connection) -> _Cursor:
    if isinstance(session, Session):
        session.flush()
        session = session.connection()
    return cast("_Cursor", session.connection.cursor())
