"""What is known of telephone numbers: how long they rest, which are to be had, and what stands against one."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from css.core.words import PortDirection
from css.db.sql import block
from css.master.numbers import Quarantine
from orders.rules.plant import NumberFacts, Rest, resting


@cache
def _quarantine() -> Select[*tuple[Any, ...]]:
    return select(Quarantine.starts_on, Quarantine.days).order_by(Quarantine.starts_on)


def quarantine(session: Session) -> tuple[Rest, ...]:
    """How long numbers rest after a cease, by the day they were ceased."""
    return tuple(Rest(row.starts_on, row.days) for row in session.execute(_quarantine()))


def resting_ranges(rests: tuple[Rest, ...], at: datetime) -> str:
    """The periods of ``rules.plant.resting`` as PostgreSQL writes them."""
    periods = (
        f'["{since.isoformat()}",' + ("" if until is None else f'"{until.isoformat()}"') + ")" for since, until in resting(rests, at)
    )
    return "{" + ",".join(periods) + "}"


def available_numbers(
    session: Session, exchange_id: int, *, at: datetime, ending: str = "", limit: int = 1, is_taken: bool = False
) -> tuple[str, ...]:
    """The lowest numbers the exchange can give to anybody; ``is_taken`` keeps them from others until the transaction ends."""
    wanted = {
        "exchange_id": exchange_id,
        "resting": resting_ranges(quarantine(session), at),
        "at": at,
        "ending": ending,
        "limit": limit,
        "is_taken": is_taken,
    }
    return tuple(session.execute(block("orders", "numbers.available"), wanted).scalars())


def facts_of_number(
    session: Session, number: str, *, exchange_id: int, account_id: int | None, provider_id: int, at: datetime
) -> NumberFacts:
    """What is known of a number (E.164 digits) that an account asks for."""
    wanted = {"number": number, "exchange_id": exchange_id, "account_id": account_id or 0, "provider_id": provider_id, "at": at}
    row = session.execute(block("orders", "numbers.known"), wanted).one()
    return NumberFacts(
        number=number,
        is_of_exchange=row.is_of_exchange,
        is_in_use=row.is_in_use,
        is_reserved=row.is_reserved,
        last_ended_at=row.last_ended_at,
        is_own=row.is_own,
        is_held=row.is_held,
        is_ours=row.is_ours,
        ported=None if row.ported is None else PortDirection(row.ported),
        area_number=row.area_number,
    )


def is_ours(session: Session, number: str) -> bool:
    """Whether a number is in a block of ours, whoever has it now."""
    return bool(session.execute(block("orders", "numbers.is_ours"), {"number": number}).scalar_one())
