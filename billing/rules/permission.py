"""Who may do what to money."""

from __future__ import annotations

from typing import Final, Literal

from css.core.actor import Actor
from css.core.errors import Refused
from css.core.words import Role

_CASHIERS: Final = frozenset({Role.CLERK.value, Role.BILLING.value, Role.SUPERVISOR.value})
_BILLING: Final = frozenset({Role.BILLING.value, Role.SUPERVISOR.value})
_TARIFF_KEEPERS: Final = frozenset({Role.BILLING.value})
_BILL_APPROVERS: Final = frozenset({Role.BILLING.value})
_SUPERVISORS: Final = frozenset({Role.SUPERVISOR.value})

Deed = Literal[
    "take payments",
    "release bills",
    "approve bills",
    "withdraw bills",
    "ask for bills",
    "set limits for bills",
    "replay usage",
    "approve late usage",
    "price incomplete calls",
    "write off usage",
    "accept duplicates",
    "re-rate calls",
    "define benefits",
    "name friends",
    "give promotions",
    "load tariffs",
    "release tariffs",
    "credit bills",
    "approve credits",
    "change groups",
    "send copies",
    "make statements",
    "set prices",
    "change VAT statuses",
    "change how accounts are billed",
    "set what broken promises cost",
]

_MAY: Final[dict[Deed, frozenset[str]]] = {
    "take payments": _CASHIERS,
    "release bills": _BILLING,
    "approve bills": _BILL_APPROVERS,
    "withdraw bills": _BILLING,
    "ask for bills": _CASHIERS,
    "set limits for bills": _SUPERVISORS,
    "replay usage": _BILLING,
    "re-rate calls": _BILLING,
    "define benefits": _BILLING,
    "name friends": _CASHIERS,
    "give promotions": _BILLING,
    "approve late usage": _BILLING,
    "price incomplete calls": _BILLING,
    "write off usage": _SUPERVISORS,
    "accept duplicates": _SUPERVISORS,
    "load tariffs": _TARIFF_KEEPERS,
    "release tariffs": _BILLING,
    "credit bills": _CASHIERS,
    "approve credits": _BILLING,
    "change groups": _BILLING,
    "send copies": _CASHIERS,
    "make statements": _CASHIERS,
    "set prices": _TARIFF_KEEPERS,
    "change VAT statuses": _BILLING,
    "change how accounts are billed": _CASHIERS,
    "set what broken promises cost": _BILLING,
}


def require_may(by: Actor, deed: Deed) -> None:
    """Our own people take payments; billing lets held bills go and puts usage right; what costs us a charge, or charges
    somebody twice, is for supervisors. The night and the system may all of it, partners nothing.

    Raises:
        Refused: CSS443E, the actor may not.
    """
    roles = _MAY[deed]
    if by.is_partner or (by.kind == "operator" and not roles & by.roles):
        raise Refused("CSS443E", "{who} may not {deed}.", who=by.name, deed=deed)
