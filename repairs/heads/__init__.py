"""Test heads: what measures a pair. The room judges what they measured and knows of none how it does it.

``HEADS`` has them by the name that ``line_test.head`` keeps, so that a slow test is asked for where it was begun. The only one
so far is the simulator, which measures a simulated world.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy.orm import Session

from repairs.heads.head import Ask, Head, HeadError, Running
from repairs.heads.simulator import Simulator

__all__ = ["CHOSEN", "HEADS", "Ask", "Head", "HeadError", "Running", "head_named"]

CHOSEN: Final = "SIM"
"""The one that new tests are given to."""
HEADS: Final[dict[str, Callable[[Session], Head]]] = {"SIM": Simulator}


def head_named(session: Session, name: str) -> Head:
    """A test head by its name.

    Raises:
        HeadError: there is none of that name any more.
    """
    made = HEADS.get(name)
    if made is None:
        raise HeadError(f"There is no test head {name} any more.")
    return made(session)
