"""Whose faults somebody sees. Pure."""

from __future__ import annotations

from enum import StrEnum

from css.core.actor import Actor
from css.core.words import Role


class Eyes(StrEnum):
    """How much of the faults somebody sees."""

    ALL = "all"
    OF_PROVIDER = "of-provider"
    """A partner: those of its own customers."""
    OF_VISITS = "of-visits"
    """A contractor: those that were ever given to them."""


def eyes_of(by: Actor) -> Eyes:
    """How much an actor sees. Whoever is a contractor and something else besides sees with the other eyes."""
    if by.is_partner:
        return Eyes.OF_PROVIDER
    is_contractor = by.kind == "operator" and Role.CONTRACTOR.value in by.roles and not by.roles - {Role.CONTRACTOR.value}
    return Eyes.OF_VISITS if is_contractor else Eyes.ALL


def sees_only_own_visits(by: Actor) -> bool:
    """Whether somebody sees no fault but those that were given to them: a contractor and nothing else."""
    return eyes_of(by) is Eyes.OF_VISITS
