"""Who may do what to money."""

from __future__ import annotations

from typing import Final, Literal

from css.core.actor import Actor
from css.core.errors import Refused
from css.core.words import Role

_CASHIERS: Final = frozenset({Role.CLERK.value, Role.BILLING.value, Role.SUPERVISOR.value})
_BILLING: Final = frozenset({Role.BILLING.value, Role.SUPERVISOR.value})


def require_may(by: Actor, deed: Literal["take payments", "release bills"]) -> None:
    """Our own people take payments; billing and supervisors let held bills go; the night and the system may both.

    Raises:
        Refused: CSS443E, the actor may not.
    """
    roles = _CASHIERS if deed == "take payments" else _BILLING
    if by.is_partner or (by.kind == "operator" and not roles & by.roles):
        raise Refused("CSS443E", "{who} may not {deed}.", who=by.name, deed=deed)
