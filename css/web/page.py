"""A screen with the functions that serve it: one line in ``css.web.screens`` is all the registration there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flask import Response

from css.web.desk import Desk
from css.web.form import Form
from css.web.screen import Screen

Arguments = tuple[str, ...]
"""What stands behind the code, in the address or on the command line."""
ARGUMENTS_MAX: Final = 4
Posted = Mapping[str, str]
Values = Sequence[tuple[str, str]]
"""Valid values of a field: code and words."""


@dataclass(frozen=True, slots=True)
class Page:
    """``show`` answers a look, ``act`` a key pressed on what was keyed; a screen that only shows has no ``act``.

    ``prompt`` gives the values a field may have for what is keyed now: this line, this date. ``version`` is a cheap
    fingerprint of what a polled screen shows: while it is the same, nothing is sent again.
    """

    screen: Screen
    show: Callable[[Desk, Arguments], Response]
    act: Callable[[Desk, Arguments, Posted], Response] | None = None
    prompt: Callable[[Desk, Arguments, Form, str], Values] | None = None
    version: Callable[[Desk, Arguments], str] | None = None
