"""Who is at the command line."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from css.core.actor import Actor

NOBODY = "OWNER"
"""Said where the operating system has no name for whoever runs the program, as in some containers."""


def system_user() -> str:
    """The name of whoever is signed on to the operating system."""
    try:
        return getpass.getuser() or NOBODY
    except (KeyError, OSError):  # what is raised for a user without a name differs between versions of Python
        return NOBODY


def the_asker() -> Actor:
    """Whoever is signed on to the operating system, acting for the own retail arm with every role: the owner's door."""
    from css.core.actor import Actor  # noqa: PLC0415 - what only says who is there loads no tables
    from css.core.words import Role  # noqa: PLC0415
    from css.master.reference import RETAIL  # noqa: PLC0415

    return Actor("operator", system_user().upper()[:8], RETAIL, frozenset(role.value for role in Role), "command line")
