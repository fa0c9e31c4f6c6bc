"""Who looks after the night: who may tell nets, the spool and what was set aside anything, and that they say why."""

from __future__ import annotations

from typing import Final

from css.core.actor import Actor
from css.core.errors import BadMessage, Refused
from css.core.words import Role

KEEPERS: Final = frozenset({Role.SCHEDULER.value, Role.SUPERVISOR.value})
REASON_LENGTH_MAX: Final = 200


def require_keeper(by: Actor) -> None:
    """Error: Refused CSS111E for whoever does not look after the night."""
    if by.kind == "operator" and KEEPERS & by.roles:
        return
    raise Refused("CSS111E", "{who} may not do this; it needs {need}.", who=by.name, need="the role scheduler or supervisor")


def require_reason(reason: str) -> str:
    """The reason without spaces round it. Error: BadMessage CSS630E for none or a long one."""
    words = reason.strip()
    if not words or len(words) > REASON_LENGTH_MAX:
        sentence = "Say why, in at most {most} letters; it is kept with what it leads to."
        raise BadMessage("CSS630E", sentence, most=REASON_LENGTH_MAX, element="reason")
    return words
