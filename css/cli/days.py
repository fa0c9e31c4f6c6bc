"""Days as they are keyed at the command line."""

from __future__ import annotations

from datetime import date

from css.core.errors import BadMessage


def read_day(text: str) -> date:
    """``2026-01-31``. BadMessage CSS608E for what is no date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadMessage("CSS608E", "{text!r} is not a date; write it like 2026-01-31.", text=text[:20]) from None


def read_day_if_given(text: str) -> date | None:
    """The same, and None for an option that was not given."""
    return read_day(text) if text else None
