"""What stands on the audit trail, in the words of the desk: what a program keeps for itself is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final

from css.core.errors import CssError
from css.core.ids import identify
from css.core.money import Money
from css.master.audit_trail import AuditRow
from css.web.filters import day, instant, number, telephone

UNSAID: Final = frozenset({"token", "row_version", "operator_session_id", "password_hash", "message_code"})
"""A press's token, a record's version: for the program."""
MONEY: Final = frozenset(
    {"amount", "balance", "net", "vat", "gross", "credit_limit", "deposit", "opening", "closing", "amount_due", "invoice_gross"}
)
NOTHING: Final = (None, "", 0, "0.00")
_DAY: Final = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_INSTANT: Final = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*\Z")
_TELEPHONE: Final = re.compile(r"^44[0-9]{9,10}\Z")
_IDENTIFIER: Final = re.compile(r"^[A-Z]{3}[0-9]{8}\Z")
_POUNDS: Final = re.compile(r"^-?[0-9]+\.[0-9]{2}\Z")


def changes(row: AuditRow) -> tuple[tuple[str, str, str], ...]:
    """What changed: (what, what it was, what it became). A counter of nothing is not told where it was nothing before."""
    was, became = row.before or {}, row.after or {}
    return tuple(
        (name.replace("_", " "), before, after)
        for name in dict.fromkeys((*was, *became))
        if name not in UNSAID and not (_is_nothing(was.get(name)) and _is_nothing(became.get(name)))
        for before, after in [(told(name, was.get(name)), told(name, became.get(name)))]
        if before or after
    )


def _is_nothing(value: object) -> bool:
    return not isinstance(value, bool) and value in NOTHING


def told(name: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A JSON value as a person at a desk reads it; ``name`` is what it is the value of."""
    match value:
        case None | "" | []:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(filter(None, (told(name, one) for one in value)))
        case dict():
            return "; ".join(_parts(value))
        case _:
            return _text(name, str(value))


def _parts(value: dict[str, Any]) -> Iterator[str]:
    for name, one in value.items():
        if name not in UNSAID and (text := told(name, one)):
            yield f"{name.replace('_', ' ')} {text}"


def _text(name: str, text: str) -> str:
    shown = text
    try:
        if _DAY.match(text):
            shown = day(date.fromisoformat(text))
        elif _INSTANT.match(text):
            shown = instant(datetime.fromisoformat(text))
        elif _TELEPHONE.match(text):
            shown = telephone(text)
        elif _IDENTIFIER.match(text):
            shown = number(identify(text).value)
        elif name in MONEY and _POUNDS.match(text):
            shown = Money.parse(text).sterling
    except (CssError, ValueError):
        # Whatever looks like one of ours and is none stands as it was written.
        return text
    return shown
