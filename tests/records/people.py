"""Operators for tests that need several: their rows, without the time a password's hash takes each."""

from __future__ import annotations

from functools import cache

from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.money import ZERO, Money
from css.core.words import Role
from css.master.operators import Operator
from css.master.passwords import hash_password
from css.master.reference import RETAIL

PASSWORD = "a longer phrase"


@cache
def password_hash() -> str:
    """Of ``PASSWORD``, made once."""
    return hash_password(PASSWORD)


def operator(code: str, *roles: Role, door: str = "screen") -> Actor:
    """Somebody of the own retail arm as an action is told of them."""
    return Actor("operator", code, RETAIL, frozenset(role.value for role in roles), door)


def enrol(session: Session, who: Actor, limit: Money = ZERO) -> None:
    """Their row."""
    session.add(
        Operator(
            code=who.name,
            name=who.name.title(),
            team="Desk",
            password_hash=password_hash(),
            roles=sorted(who.roles),
            credit_limit=limit,
            is_active=True,
            row_version=1,
        )
    )
    session.flush()
