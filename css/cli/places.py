"""Districts as they are keyed at the command line."""

from __future__ import annotations


def read_district(typed: str) -> str:
    """``zz`` is ZZ: a district is two capital letters, and the screens take them in either case too.

    Given to Typer as the ``callback`` of whatever argument is a district.
    """
    return typed.strip().upper()
