"""How much somebody may give away alone, and who stands behind it when it is more."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.rules.permission import require_may
from css.core.actor import Actor
from css.core.errors import Refused
from css.core.money import ZERO, Money
from css.master.operators import Operator

OWNER_LIMIT: Final = Money(100_00)
"""Of whoever runs the program without an operator's code: it must not be the way round everybody else's limit."""


def limit_of(session: Session, actor: Actor) -> Money:
    """The most an actor may give without a second person; nothing for an operator who is not active."""
    if actor.kind != "operator":
        return ZERO
    row = session.execute(select(Operator.credit_limit, Operator.is_active).where(Operator.code == actor.name)).one_or_none()
    if row is None:
        return OWNER_LIMIT
    return row.credit_limit if row.is_active else ZERO


def approved(session: Session, amount: Money, *, by: Actor, approved_by: Actor | None) -> str | None:
    """The name of the second person where one is needed; None where the amount is within the first one's limit.

    ``amount`` is positive: what is given or charged, with what the same person gave the account today. ``approved_by`` has
    signed with a password; a second person who is not needed is not kept.

    Raises:
        Refused: CSS806E above the limit and nobody else has signed, CSS807E whoever has signed may not or not for so much,
            CSS443E may not approve credits at all.
    """
    limit = limit_of(session, by)
    if amount <= limit:
        return None
    if approved_by is None:
        raise Refused(
            "CSS806E",
            "{amount} is above the limit of {who}, {limit}: a second person has to approve it.",
            amount=amount.sterling,
            who=by.name,
            limit=limit.sterling,
            element="amount",
        )
    require_may(approved_by, "approve credits")
    if approved_by.name == by.name:
        sentence = "{who} cannot be the second person as well; let somebody else sign."
        raise Refused("CSS807E", sentence, who=by.name, element="approved_by")
    theirs = limit_of(session, approved_by)
    if amount > theirs:
        raise Refused(
            "CSS807E",
            "{amount} is above the limit of {who} too, which is {limit}. Let somebody with a higher limit sign, or a supervisor give "
            "{who} one: `css do set-credit-limit`.",
            amount=amount.sterling,
            who=approved_by.name,
            limit=theirs.sterling,
            element="approved_by",
        )
    return approved_by.name
