"""How tests order numbers: reserve one, change one, bring one in, let one go."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from css.core.actor import Actor
from orders.actions.reserve import release_number, reserve_number
from orders.commands.numbers import NumberReleased, NumberReserved, ReleaseNumber, ReserveNumber
from orders.commands.orders import PlaceOrder
from orders.words import OrderKind
from tests.builders import AT, CLERK, BuiltAccount, BuiltDistrict

FOREIGN: Final = "441632970123"
"""Of the exchange's area, and in none of our blocks."""


def reserve(
    session: Session, zz: BuiltDistrict, number: str | None = None, *, by: Actor = CLERK, at: datetime = AT, **others: object
) -> NumberReserved:
    fields: dict[str, Any] = {"address_key": zz.gold[0].address_key, "number": number}
    return reserve_number(session, ReserveNumber(**fields | others), by=by, at=at)


def release(session: Session, number: str, *, by: Actor = CLERK, at: datetime = AT) -> NumberReleased:
    return release_number(session, ReleaseNumber(number=number), by=by, at=at)


def a_renumber(account: BuiltAccount, number: str, new_number: str | None = None, **others: object) -> PlaceOrder:
    fields: dict[str, object] = {"number": number, "new_number": new_number, "required_on": date(2026, 3, 4)}
    return _order(account, OrderKind.RENUMBER, **fields | others)


def a_port_in(account: BuiltAccount, new_number: str = FOREIGN, **others: object) -> PlaceOrder:
    """To a working line by ``number``, or to a new one by ``address_key``."""
    fields: dict[str, object] = {
        "new_number": new_number,
        "network_code": "KELDER",
        "authority": "LOA-2026-17",
        "consented_by": "Ada Tansley",
        "required_on": date(2026, 3, 11),
    }
    return _order(account, OrderKind.PORT_IN, **fields | others)


def a_new_line(zz: BuiltDistrict, site: int = 0) -> dict[str, Any]:
    """What a port in says of the new line it is for."""
    return {
        "address_key": zz.gold[site].address_key,
        "product_codes": ("LINE-RES",),
        "directory_name": "Tansley A",
        "emergency_name": "Mrs Ada Tansley",
    }


def a_port_out(account: BuiltAccount, number: str, **others: object) -> PlaceOrder:
    return _order(account, OrderKind.PORT_OUT, number=number, **{"network_code": "NORSEA", "required_on": date(2026, 3, 11)} | others)


def _order(account: BuiltAccount, kind: OrderKind, **others: object) -> PlaceOrder:
    fields: dict[str, Any] = {
        "kind": kind,
        "account_number": account.number,
        "contact_name": "Ada Tansley",
        "contact_phone": "07700 900123",
    }
    return PlaceOrder(**fields | others)


def ports(session: Session) -> list[tuple[str, str, str, date, date | None]]:
    """Number, direction, network, from and to of every port, the oldest first."""
    found = session.execute(text("SELECT number, direction, network_code, starts_on, ends_on FROM css.ported_number ORDER BY id"))
    return [tuple(row) for row in found]
