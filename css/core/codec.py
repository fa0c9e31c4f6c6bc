"""Commands, results and rows as plain JSON values, and back; built from the types, so every verb has a door for scripts.

Money travels as the string of pounds and pence ("12.34"), a Price as the string of pence, dates and instants in ISO 8601.
All faults of a document are reported at once, each with the path of the field (BadMessage CSS060E).
"""

# ruff: noqa: ANN401 - this is the one place where values of any type are turned into plain ones and back

from __future__ import annotations

from dataclasses import is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import GenericAlias, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import cattrs
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn

from css.core.errors import BadMessage, CssError, Several
from css.core.money import Money, Percent, Price

T = TypeVar("T")

_converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)


def _strict(kind: type) -> None:
    def read(value: object, _: type) -> object:
        if type(value) is not kind:
            msg = f"expected {kind.__name__}, got {type(value).__name__}"
            raise TypeError(msg)
        return value

    _converter.register_structure_hook(kind, read)


for _kind in (int, str, bool):
    _strict(_kind)


def _text(value: object) -> str:
    if not isinstance(value, str):
        msg = f"expected text, got {type(value).__name__}"
        raise TypeError(msg)
    return value


def _read_instant(value: object, _: type) -> datetime:
    instant = datetime.fromisoformat(_text(value))
    if instant.tzinfo is None:
        msg = "an instant needs its zone, like 2026-04-05T09:30:00+01:00"
        raise ValueError(msg)
    return instant


def _origin(kind: Any) -> Any:
    return get_origin(kind)


def _read_list(kind: Any) -> Any:
    item = get_args(kind)[0]

    def read(value: object, _: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            msg = f"expected a list, got {type(value).__name__}"
            raise TypeError(msg)
        return tuple(_converter.structure(list(value), cast("Any", GenericAlias(list, (item,)))))

    return read


def _read_record(kind: Any) -> Any:
    fields = make_dict_structure_fn(kind, _converter, _cattrs_forbid_extra_keys=True)

    def read(value: object, _: Any) -> Any:
        if not isinstance(value, dict):
            msg = f"expected an object with fields, got {type(value).__name__}"
            raise TypeError(msg)
        return fields(value, kind)

    return read


_converter.register_structure_hook_factory(lambda kind: isinstance(kind, type) and is_dataclass(kind), _read_record)
_converter.register_structure_hook_factory(lambda kind: _origin(kind) is tuple, _read_list)
_converter.register_structure_hook(Money, lambda value, _: Money.parse(_text(value)))
_converter.register_structure_hook(Price, lambda value, _: Price.of(_text(value)))
_converter.register_structure_hook(Percent, lambda value, _: Percent.of(_text(value)))
_converter.register_structure_hook(Decimal, lambda value, _: Decimal(_text(value)))
_converter.register_structure_hook(date, lambda value, _: date.fromisoformat(_text(value)))
_converter.register_structure_hook(datetime, _read_instant)
_converter.register_structure_hook(bytes, lambda value, _: _text(value).encode())


def to_plain(value: Any) -> Any:  # noqa: PLR0911 - one way out a kind of value
    """Anything of ours as JSON values. Fields are kept in order; None stays None."""
    if value is None or (isinstance(value, bool | int | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Money | Price | Percent | Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(to_plain(key)): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [to_plain(item) for item in items]
    if is_dataclass(value) and not isinstance(value, type):
        return {name: to_plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, bytes):
        return value.decode()
    msg = f"{type(value).__name__} has no plain form"
    raise TypeError(msg)


def from_plain(plain: Any, kind: type[T]) -> T:
    """Build a value of a type from JSON values.

    Raises:
        BadMessage: CSS060E for one fault; Several for more, each naming the path of its field.
    """
    try:
        return _converter.structure(plain, kind)
    except BaseValidationError as problem:
        faults = tuple(_faults(problem, ""))
        raise (faults[0] if len(faults) == 1 else Several(faults)) from None
    except CssError:
        raise
    except (TypeError, ValueError, KeyError) as problem:
        raise _fault("", problem) from None


def _fault(path: str, problem: BaseException) -> CssError:
    where = path or "document"
    if isinstance(problem, CssError):
        return BadMessage(problem.code, "{where}: {sentence}", where=where, sentence=str(problem), element=path)
    if isinstance(problem, KeyError):
        return BadMessage("CSS061E", "{where} is missing.", where=f"{path}.{problem.args[0]}".strip("."), element=path)
    if isinstance(problem, cattrs.errors.ForbiddenExtraKeysError):
        return BadMessage(
            "CSS062E", "{where} has fields nobody knows: {extra}.", where=where, extra=", ".join(sorted(problem.extra_fields)), element=path
        )
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
        elif isinstance(inner, KeyError) and step == "":
            found.append(_fault(path, inner))
        else:
            found.append(_fault(here if not isinstance(inner, KeyError) else path, inner))
    return found


def describe(kind: type) -> dict[str, str]:
    """Field name to a phrase for people: type, whether it may be left out. For ``css do VERB --fields``."""
    hints = get_type_hints(kind)
    fields = kind.__dataclass_fields__  # type: ignore[attr-defined]
    described: dict[str, str] = {}
    for name, field in fields.items():
        required = field.default is field.default_factory  # both MISSING
        described[name] = f"{_phrase(hints[name])}{'' if required else ', optional'}"
    return described


def _phrase(hint: Any) -> str:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return " or ".join(_phrase(arg) for arg in get_args(hint) if arg is not type(None))
    if origin in (tuple, list):
        return f"list of {_phrase(get_args(hint)[0])}"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "one of " + ", ".join(str(member.value) for member in hint)
    names = {
        str: "text",
        int: "number",
        bool: "true or false",
        date: "date",
        datetime: "instant",
        Money: "pounds and pence",
        Price: "pence",
    }
    if isinstance(hint, type) and is_dataclass(hint) and hint not in names:
        return "{" + ", ".join(f"{name}: {phrase}" for name, phrase in describe(hint).items()) + "}"
    return names.get(hint, getattr(hint, "__name__", str(hint)))
