"""The database says no first: the name of the constraint that was hurt becomes a room's own refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.exc import DBAPIError, IntegrityError

    from css.core.errors import CssError


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
