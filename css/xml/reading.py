"""Values out of a message that its schema has already passed.

Paths are local names from the parent down (``Contact/Name``): within a valid message they are unambiguous, whichever
namespace a shared type brings with it. The schema languages leave some freedom in how a value is written; these
readers remove it: white space collapses, ``+1.0`` is ``1.0``, a letter of a UUID has one case, an instant is UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, TypeVar

from css.core.errors import BadMessage
from css.core.money import Money
from css.xml.gateway import Element

Value = TypeVar("Value")

_SPACE: Final = re.compile(r"[ \t\r\n]+")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_WHOLE: Final = re.compile(r"[+-]?[0-9]+")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})")
_DIGITS_MAX: Final = 40
_PENCE: Final = 100


def find(parent: Element, path: str) -> Element | None:
    """The first element at a path, None when it is absent."""
    return parent.find("/".join(f"{{*}}{name}" for name in path.split("/")))


def children(parent: Element, path: str) -> Iterator[Element]:
    """Every element at a path, in order: ``children(order, "Features/Feature")``."""
    return parent.iterfind("/".join(f"{{*}}{name}" for name in path.split("/")))


def required(value: Value | None, path: str) -> Value:
    """The value, which the schema has made sure of.

    Raises:
        BadMessage: CSS521E when it is absent all the same, because nobody asked the schema.
    """
    if value is None:
        raise BadMessage("CSS521E", "{path} is missing.", element=path, path=path)
    return value


def read_text(parent: Element, path: str) -> str | None:
    """The text of a leaf with white space collapsed; None when the element is absent or blank."""
    leaf = find(parent, path)
    if leaf is None:
        return None
    return _SPACE.sub(" ", leaf.text or "").strip(" ") or None


def read_decimal(parent: Element, path: str) -> Decimal | None:
    """An exact decimal; ``-0`` and ``+0.00`` are zero without a sign. Digits after the point are kept as sent."""
    text = _matching(parent, path, _DECIMAL)
    if text is None:
        return None
    value = Decimal(text)
    return value or abs(value)


def read_whole(parent: Element, path: str) -> int | None:
    """A whole number."""
    text = _matching(parent, path, _WHOLE)
    return None if text is None else int(text)


def read_money(parent: Element, path: str) -> Money | None:
    """An amount in pounds as Money."""
    value = read_decimal(parent, path)
    if value is None:
        return None
    pence = value * _PENCE
    if pence != pence.to_integral_value():
        raise _unreadable(path)
    return Money(int(pence))


def read_date(parent: Element, path: str) -> date | None:
    """A day."""
    text = _matching(parent, path, _DATE)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _unreadable(path) from None


def read_instant(parent: Element, path: str) -> datetime | None:
    """An instant, aware, in UTC."""
    text = _matching(parent, path, _INSTANT)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _unreadable(path) from None


def read_flag(parent: Element, path: str) -> bool | None:
    """``true`` or ``false``."""
    text = read_text(parent, path)
    if text not in {None, "true", "false"}:
        raise _unreadable(path)
    return text == "true" if text else None


def _matching(parent: Element, path: str, form: re.Pattern[str]) -> str | None:
    text = read_text(parent, path)
    if text is not None and (len(text) > _DIGITS_MAX or not form.fullmatch(text)):
        raise _unreadable(path)
    return text


def _unreadable(path: str) -> BadMessage:
    return BadMessage("CSS520E", "{path} cannot be read.", element=path, path=path)
