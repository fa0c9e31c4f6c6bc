"""What of the faults an asker may be shown, as one condition for every question about them.

A partner sees its own customers', a contractor what was ever given to them. Every query of faults adds ``seen``; a test asks all of
them as a contractor who has none.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, select, true

from css.core.actor import Actor
from css.core.errors import Refused
from css.master.providers import Provider
from repairs.model import Engineer, Fault, Visit
from repairs.rules.seeing import Eyes, eyes_of

__all__ = ["Eyes", "asker", "eyes_of", "require_staff_eyes", "seen"]


def seen(eyes: Eyes) -> ColumnElement[bool]:
    """The condition on ``Fault``; to be asked with the values of ``asker``."""
    if eyes is Eyes.OF_PROVIDER:
        return Fault.provider_id == select(Provider.id).where(Provider.code == bindparam("asking_provider")).scalar_subquery()
    if eyes is Eyes.OF_VISITS:
        return exists().where(Visit.fault_id == Fault.id, Visit.engineer_id == Engineer.id, Engineer.code == bindparam("asking_engineer"))
    return true()


def asker(by: Actor) -> dict[str, Any]:
    """Who asks, for a statement with ``seen`` in it, and for the named ones of ``repairs/sql``."""
    eyes = eyes_of(by)
    return {
        "asking_provider": by.provider_code if eyes is Eyes.OF_PROVIDER else None,
        "asking_engineer": by.name if eyes is Eyes.OF_VISITS else None,
    }


def require_staff_eyes(by: Actor, what: str) -> None:
    """What shows everybody's faults together is for our own desk and control.

    Raises:
        Refused: CSS315E, a partner or a contractor asks.
    """
    if eyes_of(by) is not Eyes.ALL:
        raise Refused("CSS315E", "{who} may not {deed} faults.", who=by.name, deed=what)
