"""Where the serials of readable numbers come from: one PostgreSQL sequence a kind, shared by the districts of a database.

A sequence never waits, so two people taking orders at once do not queue behind each other; the price is a gap where a
transaction was rolled back, which nobody minds in an account or order number. Bills and credit notes may have no gap:
their serials are billing's own (``billing.bill_series``) and are not given out here.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Sequence, func, select
from sqlalchemy.orm import Session

from css.core.errors import Breach
from css.core.ids import IdKind, make_id
from css.db.ddl import stored

SERIALS: Final = {
    IdKind.ACCOUNT: Sequence("account_serial", schema="css"),
    IdKind.APPOINTMENT: Sequence("appointment_serial", schema="css"),
    IdKind.CUSTOMER: Sequence("customer_serial", schema="css"),
    IdKind.FAULT: Sequence("fault_serial", schema="css"),
    IdKind.ORDER: Sequence("order_serial", schema="css"),
    IdKind.PAYMENT: Sequence("payment_serial", schema="css"),
    IdKind.QUOTE: Sequence("quote_serial", schema="css"),
}
"""The kinds numbered here."""

for _serial in SERIALS.values():
    # Alembic does not see sequences by themselves, so they are stored statements like views and triggers. Without an
    # upper bound of their own: past seven digits ``make_id`` says so in our words (CSS058E).
    stored(f"css.{_serial.name}", f"CREATE SEQUENCE css.{_serial.name}", f"DROP SEQUENCE css.{_serial.name}")


def next_number(session: Session, district_code: str, kind: IdKind) -> str:
    """Take the next number of a kind in a district, as it is stored: ``ZZO00000015``.

    Raises:
        Refused: CSS058E, the numbers of that kind are used up.
    """
    return next_numbers(session, district_code, kind, 1)[0]


def next_numbers(session: Session, district_code: str, kind: IdKind, count: int) -> tuple[str, ...]:
    """Take ``count`` numbers of a kind at once, in one statement: for whoever writes many rows together. Errors as above."""
    serial = SERIALS.get(kind)
    if serial is None:
        msg = f"numbers of kind {kind.name} are not given out here"
        raise Breach(msg)
    serials = session.execute(select(serial.next_value()).select_from(func.generate_series(1, count).alias("one"))).scalars()
    return tuple(make_id(district_code, kind, number) for number in serials)
