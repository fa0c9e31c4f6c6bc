"""``css orders``: a file of orders, checked whole and accepted whole."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from css.core.errors import BadMessage, CssError, Several

if TYPE_CHECKING:
    from orders.commands.bulk import PlacedInBulk

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Orders: place those of a file.")

FILE_BYTES_MAX = 5_000_000
STATUS_REFUSED = 2


@app.callback()
def orders() -> None:
    """Orders: place those of a file."""


@app.command()
def load(
    file: Annotated[Path | None, typer.Argument(help="CSV in UTF-8, the first row naming the fields; - for standard input.")] = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Say what would come of it, and do nothing.")] = False,
    fields: Annotated[bool, typer.Option("--fields", help="List the fields a file may have, and do nothing.")] = False,
    by: Annotated[str, typer.Option("--by", help="The operator who does it, and gives a password.")] = "",
) -> int:
    """Place the orders of a file: all of them or none. The same file again is answered as the first time, and places nothing."""
    if fields:
        _list_fields()
        return 0
    if file is None or (by and str(file) == "-"):
        raise BadMessage("CSS002E", "{sentence}", sentence="Say which file: css orders load FILE. With --by it cannot be standard input.")
    from css import tables as _tables  # noqa: F401, PLC0415 - every room's tables, so that keys across rooms resolve
    from css.cli.acting import acting  # noqa: PLC0415 - after the words are understood
    from css.cli.progress import counting_of  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415
    from orders.actions.bulk import place_orders_in_bulk  # noqa: PLC0415
    from orders.commands.bulk import PlaceOrdersInBulk  # noqa: PLC0415

    content = _read(file)
    # A check leaves nothing to be answered again.
    token = "" if check else f"orders/{hashlib.sha256(content).hexdigest()}"
    command = PlaceOrdersInBulk(token=token, csv=content.decode("utf-8-sig"), only_checks=check)
    actor, at = acting(by)
    try:
        with counting_of("Orders looked at") as watch, transaction(database()) as session:
            answer = place_orders_in_bulk(session, command, by=actor, at=at, watch=watch)
    except CssError as error:
        return _refused(error)
    _print(answer)
    return 0


def _read(file: Path) -> bytes:
    content = sys.stdin.buffer.read(FILE_BYTES_MAX + 1) if str(file) == "-" else _bytes_of(file)
    if len(content) > FILE_BYTES_MAX:
        why = f"it has more than {FILE_BYTES_MAX:,} bytes"
        raise BadMessage("CSS276E", "The file cannot be read as orders: {why}.", why=why)
    return content


def _bytes_of(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(FILE_BYTES_MAX + 1)


def _refused(error: CssError) -> int:
    """Every fault on a line of its own, in the order of the rows."""
    faults = error.errors if isinstance(error, Several) else (error,)
    rows = {int(str(fault.fields["row"])) for fault in faults if "row" in fault.fields}
    for fault in sorted(faults, key=lambda fault: int(str(fault.fields.get("row", 0)))):
        field = fault.fields.get("field")
        print(f"{fault.text}" + (f" [{field}]" if field else ""), file=sys.stderr)
    if rows:
        print(f"Refused for {len(faults):,} faults in {len(rows):,} rows; no order was placed.", file=sys.stderr)
    return STATUS_REFUSED


def _print(answer: PlacedInBulk) -> None:
    for order in answer.orders:
        day = "not promised yet" if order.committed_on is None else f"promised by {order.committed_on.isoformat()}"
        said = order.order_number if answer.is_placed else "would be taken"
        print(f"{said:<14}  {order.number or '-':<13}  required {order.required_on.isoformat()}, {day}")
    what = "placed" if answer.is_placed else "would be placed; nothing was done"
    print(f"{len(answer.orders):,} orders {what}.", file=sys.stderr)


def _list_fields() -> None:
    from orders.bulk import FIELDS  # noqa: PLC0415

    width = max(map(len, FIELDS))
    for name, words in FIELDS.items():
        print(f"{name:<{width}}  {words}")
