"""Who has which telephone number, and what has become of the others: reads. A partner sees whose a number is only when it is its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.phone import parse_number
from css.core.words import PortDirection
from css.db.sql import block
from css.master.numbers import Network, NumberReservation, PortedNumber
from css.master.providers import Provider
from orders.number_facts import facts_of_number, quarantine, resting_ranges
from orders.rules.plant import NumberState, number_state, rested_at

USES_SHOWN = 20
ROWS_MAX = 500
NOBODY = 0
"""No provider's id: whose reservation it is does not matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberUse:
    """Somebody's use of a number."""

    account_number: str
    provider_code: str
    line_id: int
    starts_at: datetime
    ends_at: datetime | None
    """Exclusive; None while it is in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberCard:
    """One number: what has become of it, by whom it is promised, and who had it."""

    number: str
    state: NumberState
    exchange_code: str | None
    """None for a number that is not of our range."""
    exchange_name: str | None
    order_number: str | None
    """The open order that keeps it."""
    reserved_for: str | None
    """The provider it is reserved for ..."""
    reserved_until_at: datetime | None
    """... and until when."""
    rests_until_at: datetime | None
    """Of one that rests."""
    ported: PortDirection | None
    network_code: str | None
    """Whence it came or whither it went."""
    network_name: str | None
    ported_on: date | None
    uses: tuple[NumberUse, ...]
    """The latest first; to a partner its own."""


def number_card(session: Session, number: str, *, by: Actor, at: datetime) -> NumberCard:
    """What is known of a number at an instant; of one nobody knows, that it is not ours.

    Raises:
        BadMessage: CSS080E to CSS083E.
    """
    digits = parse_number(number)
    promised = session.execute(block("orders", "numbers.promises"), {"number": digits, "at": at}).one()
    facts = facts_of_number(session, digits, exchange_id=promised.exchange_id or 0, account_id=None, provider_id=NOBODY, at=at)
    rests = quarantine(session)
    state = number_state(facts, rests=rests, at=at)
    uses = session.execute(block("orders", "numbers.uses"), {"number": digits, "limit": USES_SHOWN})
    is_order_seen = not by.is_partner or promised.order_provider_code == by.provider_code
    is_held_seen = not by.is_partner or promised.reserved_provider_code == by.provider_code
    return NumberCard(
        number=digits,
        state=state,
        exchange_code=promised.exchange_code,
        exchange_name=promised.exchange_name,
        order_number=promised.order_number if is_order_seen else None,
        reserved_for=promised.reserved_provider_code if is_held_seen else None,
        reserved_until_at=promised.reserved_until_at if is_held_seen else None,
        rests_until_at=rested_at(rests, facts.last_ended_at) if state is NumberState.RESTING and facts.last_ended_at else None,
        ported=facts.ported,
        network_code=promised.network_code,
        network_name=promised.network_name,
        ported_on=promised.ported_on,
        uses=tuple(_use(row) for row in uses if not by.is_partner or row.provider_code == by.provider_code),
    )


def _use(row: Row[Any]) -> NumberUse:
    return NumberUse(
        account_number=row.account_number,
        provider_code=row.provider_code,
        line_id=row.line_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservedNumber:
    """A number that is kept while an order is talked about."""

    number: str
    provider_code: str
    reserved_by: str
    reserved_at: datetime
    reserved_until_at: datetime


def reserved_numbers(session: Session, *, by: Actor, at: datetime, limit: int = ROWS_MAX) -> tuple[ReservedNumber, ...]:
    """The numbers reserved at an instant, those that lapse first before the others; a partner's own only."""
    statement = (
        select(NumberReservation, Provider.code)
        .join(Provider, Provider.id == NumberReservation.provider_id)
        .where(NumberReservation.starts_at <= at, NumberReservation.ends_at > at)
        .order_by(NumberReservation.ends_at, NumberReservation.number)
        .limit(max(1, min(limit, ROWS_MAX)))
    )
    if by.is_partner:
        statement = statement.where(Provider.code == by.provider_code)
    return tuple(
        ReservedNumber(
            number=row.NumberReservation.number,
            provider_code=row.code,
            reserved_by=row.NumberReservation.reserved_by,
            reserved_at=row.NumberReservation.starts_at,
            reserved_until_at=row.NumberReservation.ends_at,
        )
        for row in session.execute(statement)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PortedRow:
    """A number that came from another network or went to one, from a day until it went back."""

    number: str
    direction: PortDirection
    network_code: str
    network_name: str
    starts_on: date
    ends_on: date | None
    order_number: str | None


def ported_numbers(
    session: Session, *, network_code: str = "", direction: PortDirection | None = None, limit: int = ROWS_MAX
) -> tuple[PortedRow, ...]:
    """The numbers that are with the other network, or with us, at present; the latest first."""
    statement = (
        select(PortedNumber, Network.name)
        .join(Network, Network.code == PortedNumber.network_code)
        .where(PortedNumber.ends_on.is_(None))
        .order_by(PortedNumber.starts_on.desc(), PortedNumber.number)
        .limit(max(1, min(limit, ROWS_MAX)))
    )
    if network_code.strip():
        statement = statement.where(PortedNumber.network_code == network_code.strip().upper())
    if direction is not None:
        statement = statement.where(PortedNumber.direction == direction)
    return tuple(
        PortedRow(
            number=row.PortedNumber.number,
            direction=row.PortedNumber.direction,
            network_code=row.PortedNumber.network_code,
            network_name=row.name,
            starts_on=row.PortedNumber.starts_on,
            ends_on=row.PortedNumber.ends_on,
            order_number=row.PortedNumber.order_number,
        )
        for row in session.execute(statement)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRow:
    """Another network with which numbers are ported."""

    code: str
    name: str


def networks(session: Session) -> tuple[NetworkRow, ...]:
    """The other networks, to choose from."""
    rows = session.execute(select(Network.code, Network.name).order_by(Network.code))
    return tuple(NetworkRow(code=row.code, name=row.name) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberStock:
    """The numbers of an exchange: how many there are, and what has become of them. Each counts once."""

    exchange_code: str
    exchange_name: str
    size: int
    in_use: int
    ported_out: int
    kept: int
    reserved: int
    resting: int
    free: int


def number_stock(session: Session, district_code: str, *, at: datetime) -> tuple[NumberStock, ...]:
    """What each exchange of a district has left, by its code. It reads every number in use there: not for a page's every turn."""
    wanted = {"district": district_code, "at": at, "resting": resting_ranges(quarantine(session), at)}
    return tuple(
        NumberStock(
            exchange_code=row.exchange_code,
            exchange_name=row.exchange_name,
            size=row.size,
            in_use=row.in_use,
            ported_out=row.ported_out,
            kept=row.kept,
            reserved=row.reserved,
            resting=row.resting,
            free=row.size - row.in_use - row.ported_out - row.kept - row.reserved - row.resting,
        )
        for row in session.execute(block("orders", "numbers.stock"), wanted)
    )
