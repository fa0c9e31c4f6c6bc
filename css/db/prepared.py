"""Statements that PostgreSQL plans once a connection instead of every time: for a process that sends the same few hundred all day.

A screen's statements join six or eight tables to find one row: measured on the customer's page, planning took seven times as long as
executing. psycopg2 cannot prepare, PostgreSQL can be asked to: a SELECT that SQLAlchemy has in its own cache is sent as
``PREPARE`` the first time on a connection and as ``EXECUTE`` from then on. PostgreSQL itself decides after five times whether one plan is
good for all values; where it is not, it goes on planning as before. (Reasons: docs/decisions/0143.)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import psycopg2
import psycopg2.errors
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Engine, Integer, String, event
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.engine.interfaces import CacheStats, ExceptionContext
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine

PREPARED_MAX: Final = 400
"""A connection: an IN of another length is another statement, and each keeps its plan in the server's memory."""
_HELD: Final = "css_prepared"
_ON: Final = "_css_prepares"
_PARAMETER: Final = re.compile(r"%\((\w+)\)s|%%")
_TYPES: Final = (
    (Boolean, "boolean"),
    (BigInteger, "bigint"),
    (Integer, "bigint"),
    (DateTime, "timestamptz"),
    (Date, "date"),
    (String, "text"),
)


def prepare_statements(engine: Engine) -> None:
    """Prepare this engine's repeated SELECTs from now on; a second time changes nothing."""
    if not getattr(engine, _ON, False):
        setattr(engine, _ON, True)
        event.listen(engine, "before_cursor_execute", _prepared, retval=True)
        event.listen(engine, "handle_error", _outlived)


def _outlived(context: ExceptionContext) -> None:
    """A plan that outlived its table's old shape, after an upgrade beside a running server: the connection goes, and its plans with it."""
    error = context.original_exception
    if isinstance(error, psycopg2.errors.FeatureNotSupported) and "cached plan" in str(error):
        context.is_disconnect = True


def _prepared(
    connection: Any,  # noqa: ANN401 - SQLAlchemy's own interface, as the next lines
    cursor: Any,  # noqa: ANN401 - of the driver
    statement: str,
    parameters: Any,  # noqa: ANN401 - of whatever kind the statement takes
    context: DefaultExecutionContext | None,
    executemany: bool,  # noqa: FBT001 - given by position
) -> tuple[str, Any]:
    """The statement to send: as it is, or the EXECUTE of one that this connection holds."""
    if executemany or context is None or context.cache_hit is not CacheStats.CACHE_HIT or not isinstance(context.compiled, SQLCompiler):
        return statement, parameters
    if not statement.startswith("SELECT"):
        return statement, parameters
    held: dict[str, str] = connection.info.setdefault(_HELD, {})
    execute = held.get(statement)
    if execute is None:
        if len(held) >= PREPARED_MAX:
            return statement, parameters
        execute = held[statement] = _prepare(cursor, statement, f"css_{len(held)}", _kinds(context.compiled))
    return (execute, parameters) if execute else (statement, parameters)


def _prepare(cursor: Any, statement: str, name: str, kinds: dict[str, str]) -> str:  # noqa: ANN401 - of the driver
    """Prepare it; the text that executes it, or nothing when it cannot be prepared: then it goes on as it always did."""
    body, names = _numbered(statement)
    declared = f" ({', '.join(kinds.get(one, 'unknown') for one in names)})" if names else ""
    # The transaction must outlive a refusal: a parameter whose kind PostgreSQL cannot tell, or an operator it has not for it.
    cursor.execute("SAVEPOINT css_prepare")
    try:
        cursor.execute(f"PREPARE {name}{declared} AS {body}")
    except psycopg2.Error:
        cursor.execute("ROLLBACK TO SAVEPOINT css_prepare")
        return ""
    finally:
        cursor.execute("RELEASE SAVEPOINT css_prepare")
    values = ", ".join(f"%({one})s" for one in names)
    return f"EXECUTE {name} ({values})" if names else f"EXECUTE {name}"


@lru_cache(maxsize=2000)
def _numbered(statement: str) -> tuple[str, tuple[str, ...]]:
    """The statement with $1, $2 … for its named parameters, and their names in that order."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return f"${names.setdefault(found[1], len(names) + 1)}" if found[1] else "%"

    return _PARAMETER.sub(number, statement), tuple(names)


def _kinds(compiled: SQLCompiler) -> dict[str, str]:
    """What SQLAlchemy knows of each parameter's kind, as PostgreSQL calls it. An array's or a document's is left to be inferred."""
    return {name: kind for bind, name in compiled.bind_names.items() if (kind := _kind(bind.type))}


def _kind(type_: TypeEngine[Any]) -> str:
    while isinstance(type_, TypeDecorator):
        type_ = type_.impl_instance
    return next((word for of, word in _TYPES if isinstance(type_, of)), "")
