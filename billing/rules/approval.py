"""Who may approve a run: somebody else than the person whose night printed its sample."""

from __future__ import annotations

from typing import Final

from css.core.actor import Actor
from css.core.errors import Refused

OPERATOR_CODE_LENGTH: Final = 8


def night_person(batch_name: str) -> str:
    """Who ran a night, as the command line names that person in other deeds: ``night/alice`` is ``ALICE``."""
    return batch_name.rpartition("/")[2].upper()[:OPERATOR_CODE_LENGTH]


def require_another(by: Actor, sampled_by: str | None) -> None:
    """Two people see to it that bills go out: one runs the night, the other looks at what it made.

    Raises:
        Refused: CSS783E, it is the same person, or the night itself.
    """
    if sampled_by is None:
        return
    if by.kind in {"batch", "system"} or by.name.upper() in {night_person(sampled_by), sampled_by.upper()}:
        raise Refused(
            "CSS783E",
            "{who} ran the night that made these bills; somebody else looks at the sample and approves them, "
            "signed on as themselves, or with --by at the command line.",
            who=by.name,
        )
