"""Telephone numbers an order takes: chosen or the next free one, reserved beforehand or not, ours or of another network.

Whoever takes a number holds a lock on it until the transaction ends, whether an order keeps it or somebody reserves it; what is
known of it is read after the lock was got. So of two who want it one gets it, and the other is told.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from css.core.errors import BadMessage, NotFound, Refused
from css.core.phone import SHORT_CODE_DIGITS_MAX, UK, parse_number
from css.core.words import PortDirection
from css.db.sql import block
from css.master.numbers import Network, PortedNumber
from orders.actions.find import just_taken
from orders.model import CustomerOrder
from orders.number_facts import available_numbers, facts_of_number, is_ours, quarantine
from orders.rules.plant import NumberFacts, number_fault, port_in_fault

LOOKS_MAX: Final = 3
"""How often another number is looked for when the one found was taken in the same moment."""


def take_next_number(session: Session, exchange_id: int, exchange_name: str, at: datetime, *, element: str = "address_key") -> str:
    """The next number the exchange can give out, kept from others until the transaction ends.

    Raises:
        Refused: CSS229E, there is none. Conflict: CSS231E, others were quicker, again and again.
    """
    for _ in range(LOOKS_MAX):
        found = available_numbers(session, exchange_id, at=at, is_taken=True)
        if not found:
            raise Refused("CSS229E", "{exchange} exchange has no free number left.", exchange=exchange_name, element=element)
        # Whoever had the lock on it may have kept it after the look began and before the lock was ours.
        if not session.execute(block("orders", "numbers.is_promised"), {"number": found[0], "at": at}).scalar_one():
            return found[0]
    raise just_taken("The telephone number")


def take_number(
    session: Session,
    wanted: str,
    *,
    exchange_id: int,
    exchange_name: str,
    account_id: int | None,
    provider_id: int,
    at: datetime,
    element: str = "number",
) -> str:
    """A number somebody chose, if it can be had, kept from others until the transaction ends; as E.164 digits.

    To ``account_id`` it may go back although it rests, and to ``provider_id`` although it is reserved, by itself.

    Raises:
        Refused: CSS224E to CSS227E, CSS262E, CSS263E. BadMessage: CSS080E to CSS083E.
    """
    number = parse_number(wanted, element=element)
    facts = _facts_once_taken(session, number, exchange_id, account_id, provider_id, at)
    fault = number_fault(facts, exchange_name=exchange_name, rests=quarantine(session), at=at, element=element)
    if fault is not None:
        raise fault
    return number


def take_ported_number(
    session: Session, wanted: str, *, exchange_id: int, exchange_name: str, provider_id: int, at: datetime, element: str = "new_number"
) -> str:
    """A number that is to come from another network to a line of an exchange, kept from others until the transaction ends.

    Raises:
        Refused: CSS225E, CSS226E, CSS264E, CSS265E. BadMessage: CSS080E to CSS083E.
    """
    number = parse_number(wanted, element=element)
    if not number.startswith(UK) or len(number) <= SHORT_CODE_DIGITS_MAX:
        raise BadMessage(
            "CSS081E", "{text!r} is not a whole UK telephone number; write it like 01632 960123.", element=element, text=wanted[:40]
        )
    facts = _facts_once_taken(session, number, exchange_id, None, provider_id, at)
    fault = port_in_fault(facts, exchange_name=exchange_name, element=element)
    if fault is not None:
        raise fault
    return number


def _facts_once_taken(
    session: Session, number: str, exchange_id: int, account_id: int | None, provider_id: int, at: datetime
) -> NumberFacts:
    session.execute(block("orders", "numbers.take"), {"number": number})
    return facts_of_number(session, number, exchange_id=exchange_id, account_id=account_id, provider_id=provider_id, at=at)


def spend_reservation(session: Session, order: CustomerOrder, *, at: datetime) -> None:
    """An order keeps a number: what its provider reserved it by is spent.

    Raises:
        Conflict: CSS231E, somebody else reserved it in this very moment.
    """
    if order.kept_number is None:
        return
    spent = session.execute(
        block("orders", "numbers.spend_reservation"), {"number": order.kept_number, "order_number": order.number, "at": at}
    ).scalars()
    if any(provider_id != order.provider_id for provider_id in spent):
        raise just_taken("The telephone number")


def read_network(session: Session, code: str | None) -> str:
    """The other network of a port, by its code.

    Raises:
        NotFound: CSS266E, there is none.
    """
    asked = (code or "").strip().upper()
    known = {row.code: row.name for row in session.execute(select(Network.code, Network.name).order_by(Network.code))}
    if asked in known:
        return asked
    choice = ", ".join(f"{each} ({name})" for each, name in known.items()) or "none"
    raise NotFound("CSS266E", "There is no network {code}; choose from {known}.", code=asked[:8], known=choice, element="network_code")


def bring_in(session: Session, order: CustomerOrder, number: str, *, on: date) -> None:
    """A number works with us from a day: one of another network is marked as brought in, one of ours is back."""
    if is_ours(session, number):
        _end_port(session, number, on)
    else:
        _mark(session, order, number, PortDirection.IN, on)


def send_out(session: Session, order: CustomerOrder, number: str, *, on: date) -> None:
    """A number works with another network from a day: one of ours is marked as gone, another network's is with us no longer."""
    if is_ours(session, number):
        _mark(session, order, number, PortDirection.OUT, on)
    else:
        _end_port(session, number, on)


def give_back(session: Session, order: CustomerOrder, *, on: date) -> None:
    """What an order leaves unused of another network's numbers goes back to that network; called when an order is done."""
    numbers = sorted({number for number in (order.telephone_number, order.old_number) if number})
    if numbers:
        session.execute(block("orders", "numbers.give_back"), {"numbers": numbers, "on": on})


def _mark(session: Session, order: CustomerOrder, number: str, direction: PortDirection, on: date) -> None:
    session.add(PortedNumber(number=number, direction=direction, network_code=order.network_code, starts_on=on, order_number=order.number))


def _end_port(session: Session, number: str, on: date) -> None:
    session.execute(
        update(PortedNumber).where(PortedNumber.number == number, PortedNumber.ends_on.is_(None)).values(ends_on=on),
        execution_options={"synchronize_session": "fetch"},
    )
