"""A file of orders as commands: CSV, the first row naming fields of ``PlaceOrder``, a row an order.

An empty cell is a field that is not given. Several products stand in one cell with blanks between; a switch is ``true`` or
``false``; a slot has two columns, ``appointment.slot_on`` and ``appointment.half_day``. Rows are counted as a spreadsheet
counts them: the first row is 1, the first order row 2. Pure: text in, commands and faults out.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, fields
from typing import Any, Final, get_args, get_origin, get_type_hints

from css.core.codec import from_plain, phrase
from css.core.errors import BadMessage, CssError, Several
from orders.commands.orders import PlaceOrder, Slot

ORDERS_MAX: Final = 1_000
_NOT_BY_FILE: Final = frozenset({"token", "schema_major", "appointment"})
"""The file has one token; of a slot the two halves are columns."""
_HINTS: Final = get_type_hints(PlaceOrder)
FIELDS: Final[dict[str, str]] = {
    **{field.name: phrase(_HINTS[field.name]) for field in fields(PlaceOrder) if field.name not in _NOT_BY_FILE},
    **{f"appointment.{name}": phrase(hint) for name, hint in get_type_hints(Slot).items()},
}
"""The columns there can be, and what each takes."""


@dataclass(frozen=True, slots=True)
class RowOrder:
    """An order and the row it stands in."""

    row: int
    order: PlaceOrder


@dataclass(frozen=True, slots=True)
class FileRead:
    """The orders that can be read, and everything that is wrong with the other rows."""

    orders: tuple[RowOrder, ...]
    faults: tuple[CssError, ...]


def read_orders(text: str) -> FileRead:
    """The orders of a file.

    Args:
        text: the file, with or without the mark of its encoding at the beginning.

    Raises:
        BadMessage: CSS276E, what was given is no file of orders at all. What is wrong with single rows is among the faults, each
            with ``rows[N].field`` as its element: CSS060E to CSS062E, CSS276E and what values are refused for.
    """
    rows = _rows(text)
    header = _header(rows)
    orders: list[RowOrder] = []
    faults: list[CssError] = []
    for row, cells in rows[1:]:
        try:
            orders.append(RowOrder(row, _order(header, cells)))
        except CssError as error:
            faults += at_row(error, row)
    return FileRead(tuple(orders), tuple(faults))


def at_row(error: CssError, row: int) -> list[CssError]:
    """What is wrong with a row, each fault of it by itself, said and marked with the number of the row."""
    found = error.errors if isinstance(error, Several) else (error,)
    return [
        type(fault)(
            fault.code,
            "Row {row}: {sentence}",
            row=row,
            sentence=str(fault),
            field=fault.element,
            element=f"rows[{row}].{fault.element}" if fault.element else f"rows[{row}]",
        )
        for fault in found
    ]


def _unreadable(why: str) -> BadMessage:
    return BadMessage("CSS276E", "The file cannot be read as orders: {why}.", why=why, element="csv")


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """The rows that are not empty, the header first, each with its number."""
    try:
        read = list(enumerate(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True), start=1))
    except csv.Error as error:
        raise _unreadable(f"it is no CSV, {error}") from None
    rows = [(row, cells) for row, cells in read if any(cell.strip() for cell in cells)]
    if len(rows) <= 1:
        raise _unreadable("there is no order in it; the first row names the fields, an order stands in each of the others")
    if len(rows) - 1 > ORDERS_MAX:
        raise _unreadable(f"there are {len(rows) - 1:,} orders in it, and {ORDERS_MAX:,} is the most")
    return rows


def _header(rows: list[tuple[int, list[str]]]) -> list[str]:
    names = [cell.strip().lower() for cell in rows[0][1]]
    unknown = [name or "a column without a name" for name in names if name not in FIELDS]
    if unknown:
        raise _unreadable(f"no field of an order is {', '.join(name[:40] for name in unknown[:10])}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _unreadable(f"{', '.join(twice)} is named twice")
    return names


def _order(header: list[str], cells: list[str]) -> PlaceOrder:
    """The command a row says."""
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        raise _unreadable(f"the row has {len(cells)} values, and there are {len(header)} fields")
    plain: dict[str, Any] = {}
    slot: dict[str, str] = {}
    for name, cell in zip(header, cells, strict=False):
        value = cell.strip()
        outer, _, inner = name.partition(".")
        if value and inner:
            slot[inner] = value
        elif value:
            plain[outer] = _value(outer, value)
    if slot:
        plain["appointment"] = slot
    return from_plain(plain, PlaceOrder)


def _value(name: str, text: str) -> str | int | bool | list[str]:
    """A cell as the plain value its field takes; what does not fit is left for the codec to refuse."""
    hint = _HINTS[name]
    if get_origin(hint) is tuple:
        return text.split()
    kinds = get_args(hint) or (hint,)
    if bool in kinds and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if int in kinds and text.isascii() and text.isdigit() and len(text) <= len(str(ORDERS_MAX)):
        return int(text)
    return text
