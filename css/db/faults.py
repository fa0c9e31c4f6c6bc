"""What the database server says, as errors of ours: which troubles are its own, and which constraint was hurt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from css.core.errors import Conflict, CssError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.exc import DBAPIError, IntegrityError

_UNAVAILABLE = {
    "53100": ("CSS024E", "The disk of the database server is full; nothing of this was kept."),
    "53300": ("CSS034E", "All connections to the database are in use; try again in a moment."),
    "57P01": ("CSS030E", "The database server ended the connection; nothing of this was kept."),
    "57P02": ("CSS030E", "The database server ended the connection; nothing of this was kept."),
    "57P03": ("CSS020E", "The database server is starting or stopping; try again in a moment."),
    "57014": ("CSS032E", "The database gave up a statement that took too long or was cancelled; nothing of this was kept."),
    "42501": ("CSS040E", "The database user may not do this."),
    "25006": ("CSS040E", "The database is read-only."),
}
_CONFLICT = {
    "40001": ("CSS031E", "Somebody else changed the same records at the same moment; do it again."),
    "40P01": ("CSS031E", "Somebody else changed the same records at the same moment; do it again."),
    "55P03": ("CSS031E", "Somebody else is holding the same records; try again in a moment."),
}
_NOT_THERE = {"3D000", "28P01", "28000"}
_NOT_MIGRATED = {"42P01", "3F000", "42703"}


def fault_of(error: DBAPIError) -> CssError | None:
    """The server's own trouble as an error of ours, or None when the fault is the statement's or the data's."""
    state = sqlstate(error)
    first = _first_line(error)
    if state in _UNAVAILABLE:
        return Unavailable(*_UNAVAILABLE[state])
    if state in _CONFLICT:
        return Conflict(*_CONFLICT[state])
    if state in _NOT_THERE or (state is None and _while_connecting(error)):
        if "starting up" in first or "shutting down" in first or "recovery" in first:
            return Unavailable(*_UNAVAILABLE["57P03"])
        if "too many clients" in first or "connection slots" in first:
            return Unavailable(*_UNAVAILABLE["53300"])
        return Unavailable("CSS020E", "The database cannot be reached: {reason}", reason=first)
    if error.connection_invalidated or (state or "").startswith("08"):
        return Unavailable(*_UNAVAILABLE["57P01"])
    if state in _NOT_MIGRATED:
        return Unavailable("CSS022E", "The database lacks a table or column this program uses: {reason}. Run `css init`.", reason=first)
    return None


def translate(error: IntegrityError, known: Mapping[str, Callable[[], CssError]]) -> CssError | None:
    """The refusal that goes with the constraint that was hurt, by its name; None when the room has none for it.

    Raise it ``from error``. The transaction is lost by then unless the caller wrote inside ``session.begin_nested()``.
    """
    make = known.get(constraint_of(error) or "")
    return None if make is None else make()


def constraint_of(error: DBAPIError) -> str | None:
    """The name of the constraint or unique index that said no."""
    diagnosis = getattr(error.orig, "diag", None)
    name = getattr(diagnosis, "constraint_name", None)
    return str(name) if name else None


def sqlstate(error: DBAPIError) -> str | None:
    """The five characters by which PostgreSQL names the trouble, where it got that far."""
    state = getattr(error.orig, "pgcode", None)
    return str(state) if state else None


def _while_connecting(error: DBAPIError) -> bool:
    return type(error.orig).__name__ == "OperationalError"


def _first_line(error: DBAPIError) -> str:
    """libpq's first sentence, without the address it tried and the DETAIL that may repeat what a customer told us."""
    lines = str(error.orig).strip().splitlines() or ["no reason given"]
    return lines[0].rpartition("FATAL: ")[2].removeprefix("connection to server ").strip().rstrip(".?")
