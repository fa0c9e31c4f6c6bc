"""The reference data of the night: what its steps share, and how much of it there is. ``set-resource`` changes it."""

from __future__ import annotations

from typing import Final

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from batch.model import Resource

RESOURCES: Final = {
    "processors": (2, "Steps that keep every core of a machine busy: rating, calculating, rendering."),
}
"""By name: how many units a new database begins with, and what it stands for."""


def load(session: Session) -> None:
    """Add what is not there; what somebody changed stays."""
    rows = [{"name": name, "capacity": capacity, "words": words} for name, (capacity, words) in RESOURCES.items()]
    session.execute(insert(Resource).on_conflict_do_nothing(), rows)
