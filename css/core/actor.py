"""Who is acting. Every action is told; nothing in the house looks it up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["operator", "partner", "batch", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does a deed: an operator at the desk, a partner by XML, a net of the night, or the system itself."""

    kind: ActorKind
    name: str
    """Operator code, provider code, or net name: what the audit trail shows."""
    provider_code: str
    """The provider acted for; a partner sees only its own accounts, lines, orders and faults."""
    roles: frozenset[str] = frozenset()
    door: str = "command line"
    """Screen, XML, command line or night: the audit trail keeps it."""

    @property
    def is_partner(self) -> bool:
        return self.kind == "partner"
