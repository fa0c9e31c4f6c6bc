"""Commands, results and rows as plain JSON values, and back; built from the types, so every verb has a door for scripts.

Money travels as the string of pounds and pence ("12.34"), a Price as the string of pence, dates, times and instants in ISO
8601, bytes as the text they are in UTF-8, or else as ``base64:`` and that.
All faults of a document are reported at once, each with the path of the field (BadMessage CSS060E).
"""

# ruff: noqa: ANN401 - this is the one place where values of any type are turned into plain ones and back

from __future__ import annotations

import base64
import re
from dataclasses import MISSING, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import Enum, StrEnum
from functools import cache
from types import GenericAlias, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import cattrs
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn

from css.core.errors import BadMessage, CssError, Several
from css.core.money import Money, Percent, Price

T = TypeVar("T")

INTEGER_MAX = 2**63 - 1
"""The largest whole number a column can hold, either side of nought."""

_converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)

_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number with a fraction",
    str: "text",
    list: "a list",
    tuple: "a list",
    dict: "an object with fields",
    type(None): "nothing",
}
"""What the values of JSON are to people."""


def _expected(kind: type, value: object) -> TypeError:
    return TypeError(f"expected {_WORDS[kind]}, not {_WORDS.get(type(value), type(value).__name__)}")


def _text(value: object) -> str:
    if type(value) is not str:
        raise _expected(str, value)
    # JSON can spell both, and PostgreSQL can hold neither.
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("the text holds a character that cannot be kept")
    return value


def _whole_number(value: object, _: Any) -> int:
    if type(value) is not int:
        raise _expected(int, value)
    if abs(value) > INTEGER_MAX:
        raise ValueError("the number is too large")
    return value


def _switch(value: object, _: Any) -> bool:
    if type(value) is not bool:
        raise _expected(bool, value)
    return value


def _exact(value: object, _: Any) -> Decimal:
    try:
        number = Decimal(_text(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError(f"{str(value)[:40]!r} is not a number")
    return number


def _day(value: object, _: Any) -> date:
    text = _text(value)
    if not _DAY_FORM.match(text):
        raise ValueError(f"{text[:40]!r} is not a date; write it like 2026-04-05")
    return date.fromisoformat(text)


def _bytes(value: object, _: Any) -> bytes:
    text = _text(value)
    return base64.b64decode(text.removeprefix(_BASE64), validate=True) if text.startswith(_BASE64) else text.encode()


def _instant(value: object, _: Any) -> datetime:
    instant = datetime.fromisoformat(_text(value))
    if instant.tzinfo is None:
        raise ValueError("an instant needs its zone, like 2026-04-05T09:30:00+01:00")
    return instant


@cache
def _by_value(kind: type[StrEnum]) -> dict[str, StrEnum]:
    return {member.value: member for member in kind}


def _word(value: object, kind: Any) -> str:
    """Text, or a word of a closed list: these are text too, and the converter asks here for both."""
    text = _text(value)
    if kind is str:
        return text
    words = _by_value(kind)
    if text not in words:
        raise ValueError(f"{text[:40]!r} is none of {', '.join(words)}")
    return words[text]


def _read_list(kind: Any) -> Any:
    item = get_args(kind)[0]

    def read(value: object, _: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise _expected(list, value)
        return tuple(_converter.structure(list(value), cast("Any", GenericAlias(list, (item,)))))

    return read


def _read_choice(kind: Any) -> Any:
    words = get_args(kind)

    def read(value: object, _: Any) -> str:
        text = _text(value)
        if text not in words:
            raise ValueError(f"{text[:40]!r} is none of {', '.join(words)}")
        return text

    return read


def _read_record(kind: Any) -> Any:
    fields = make_dict_structure_fn(kind, _converter, _cattrs_forbid_extra_keys=True)

    def read(value: object, _: Any) -> Any:
        if not isinstance(value, dict):
            raise _expected(dict, value)
        return fields(value, kind)

    return read


_BASE64 = "base64:"
_DAY_FORM = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")

_converter.register_structure_hook_factory(lambda kind: isinstance(kind, type) and is_dataclass(kind), _read_record)
_converter.register_structure_hook_factory(lambda kind: cast("Any", get_origin(kind)) is tuple, _read_list)
_converter.register_structure_hook_factory(lambda kind: cast("Any", get_origin(kind)) is Literal, _read_choice)
for _kind, _read in (
    (str, _word),
    (int, _whole_number),
    (bool, _switch),
    (Decimal, _exact),
    (date, _day),
    (datetime, _instant),
    (Money, lambda value, _: Money.parse(_text(value))),
    (Price, lambda value, _: Price.of(_text(value))),
    (Percent, lambda value, _: Percent.of(_text(value))),
    (bytes, _bytes),
):
    _converter.register_structure_hook(_kind, _read)


def to_plain(value: Any) -> Any:  # noqa: PLR0911 - one way out a kind of value
    """Anything of ours as JSON values. Fields are kept in order; None stays None."""
    if value is None or (isinstance(value, bool | int | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Money | Price | Percent | Decimal):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(to_plain(key)): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [to_plain(item) for item in items]
    if is_dataclass(value) and not isinstance(value, type):
        return {name: to_plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, bytes):
        return _bytes_as_text(value)
    msg = f"{type(value).__name__} has no plain form"
    raise TypeError(msg)


def _bytes_as_text(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = "\x00"
    is_plain = "\x00" not in text and not text.startswith(_BASE64)
    return text if is_plain else _BASE64 + base64.b64encode(value).decode()


def from_plain(plain: Any, kind: type[T], *, path: str = "") -> T:
    """Build a value of a type from JSON values. ``path`` is what a fault calls the value, where it is not a whole document.

    Raises:
        BadMessage: CSS060E for one fault; Several for more, each naming the path of its field.
    """
    try:
        return _converter.structure(plain, kind)
    except BaseValidationError as problem:
        faults = tuple(_faults(problem, path))
        raise (faults[0] if len(faults) == 1 else Several(faults)) from None
    except CssError as problem:
        raise (_fault(path, problem) if path else problem) from None
    except (TypeError, ValueError) as problem:
        raise _fault(path, problem) from None


def _fault(path: str, problem: BaseException) -> CssError:
    where = path or "document"
    if isinstance(problem, CssError):
        return BadMessage(problem.code, "{where}: {sentence}", where=where, sentence=str(problem), element=path)
    if isinstance(problem, KeyError):
        missing = f"{path}.{problem.args[0]}".lstrip(".")
        return BadMessage("CSS061E", "{where} is missing.", where=missing, element=missing)
    if isinstance(problem, cattrs.errors.ForbiddenExtraKeysError):
        extra = ", ".join(str(name)[:40] for name in sorted(problem.extra_fields)[:10])
        return BadMessage("CSS062E", "{where} has fields nobody knows: {extra}.", where=where, extra=extra, element=path)
    return BadMessage("CSS060E", "{where}: {why}.", where=where, why=str(problem).rstrip("."), element=path)


def _faults(problem: BaseValidationError, path: str) -> list[CssError]:
    found: list[CssError] = []
    for inner in problem.exceptions:
        note = next((n for n in getattr(inner, "__notes__", ()) if hasattr(n, "name") or hasattr(n, "index")), None)
        name, index = getattr(note, "name", None), getattr(note, "index", None)
        step = f".{name}" if name is not None else f"[{index}]" if index is not None else ""
        here = f"{path}{step}".lstrip(".")
        if isinstance(inner, BaseValidationError):
            found.extend(_faults(inner, here))
        else:
            # Of a field that is missing the fault itself says the name; the step to it leads nowhere.
            found.append(_fault(path if isinstance(inner, KeyError) else here, inner))
    return found


def describe(kind: type) -> dict[str, str]:
    """Field name to a phrase for people: type, whether it may be left out. For ``css do VERB --fields``."""
    hints = get_type_hints(kind)
    described: dict[str, str] = {}
    for name, field in kind.__dataclass_fields__.items():  # type: ignore[attr-defined]
        is_required = field.default is MISSING and field.default_factory is MISSING
        described[name] = phrase(hints[name]) + ("" if is_required else ", optional")
    return described


def phrase(hint: Any) -> str:
    """A type in words for people: ``date``, ``one of AM, PM``, ``list of text``."""
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(phrase(arg) for arg in get_args(hint) if arg is not type(None))
    if get_origin(hint) in (tuple, list):
        return f"list of {phrase(get_args(hint)[0])}"
    if get_origin(hint) is Literal or (isinstance(hint, type) and issubclass(hint, StrEnum)):
        return "one of " + ", ".join(get_args(hint) or _by_value(hint))
    if not isinstance(hint, type):
        return str(hint)
    names = {
        str: "text",
        int: "number",
        bool: "true or false",
        date: "date",
        datetime: "instant",
        Money: "pounds and pence",
        Price: "pence",
        Percent: "per cent",
    }
    if is_dataclass(hint) and hint not in names:
        return "{" + ", ".join(f"{name}: {said}" for name, said in describe(hint).items()) + "}"
    return names.get(hint, hint.__name__)
