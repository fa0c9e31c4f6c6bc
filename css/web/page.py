"""A screen with the functions that serve it: one line in ``css.web.screens`` is all the registration there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Response

from css.web.desk import Desk
from css.web.screen import Screen

Arguments = tuple[str, ...]
"""What stands behind the code, in the address or on the command line."""
Posted = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """``show`` answers a look, ``act`` a key pressed on what was keyed; a screen that only shows has no ``act``."""

    screen: Screen
    show: Callable[[Desk, Arguments], Response]
    act: Callable[[Desk, Arguments, Posted], Response] | None = None
