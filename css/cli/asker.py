"""Who is at the command line."""

from __future__ import annotations

import getpass

NOBODY = "OWNER"
"""Said where the operating system has no name for whoever runs the program, as in some containers."""


def system_user() -> str:
    """The name of whoever is signed on to the operating system."""
    try:
        return getpass.getuser() or NOBODY
    except (KeyError, OSError):  # what is raised for a user without a name differs between versions of Python
        return NOBODY
