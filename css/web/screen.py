"""What a screen is, as data: its code, its fields in order, its keys, who may see it, how fast it must be.

The record drives the HTML, the help behind F1, the tables of the operator handbook, the role check and the tests. Codes
and keys are an interface that people's fingers learn: a code is two letters and 01 create, 02 change, 03 display, 04 work
list, 05 and up special, and is never used again for another screen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from css.core.words import Role

SCREEN_CODE: Final = re.compile(r"^[A-Z]{2}[0-9]{2}\Z")
EVERYBODY: Final = frozenset(Role)
"""Whoever is signed on, whatever the role."""


class ResponseClass(StrEnum):
    """How soon the server must have answered, at the 95th percentile of a busy morning."""

    R0 = "R0"
    R1 = "R1"
    R2 = "R2"
    R3 = "R3"
    R4 = "R4"


BUDGET_MILLISECONDS: Final = {ResponseClass.R0: 100, ResponseClass.R1: 250, ResponseClass.R2: 400, ResponseClass.R3: 1000}
"""R0 a prompt, R1 one record or a list page, R2 a composed page or a commit, R3 a free search; R4 runs on by itself."""

FieldKind = Literal["text", "code", "number", "telephone", "date", "money", "yes-no", "password", "words", "hidden"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field to key into."""

    name: str
    """As the command and its errors name it, so that an error finds its field."""
    label: str
    help: str
    """What F1 says: what goes in, in which form, with an example."""
    kind: FieldKind = "text"
    length_max: int = 60
    width: int = 0
    """Characters shown; 0 takes ``length_max``, forty at most."""
    is_required: bool = False
    needed_by: frozenset[str] = frozenset()
    """Deeds that cannot do without it. It has its star there; that it is missing is for the deed's own rules to say."""
    step: str = ""
    """The block of the screen it stands in; empty for a screen without blocks."""
    deeds: frozenset[str] = frozenset()
    """For a screen of several deeds: those it belongs to. Empty for all."""
    leads: frozenset[str] = frozenset()
    """Deeds in which it is said before the other fields of its block."""
    also: frozenset[str] = frozenset()
    """Other names by which errors speak of it."""
    prompts: bool = False
    """F4 asks for values though the field is no code: a free number, a day that can be had."""

    def is_needed(self, deed: str = "") -> bool:
        """Whether a deed cannot do without it."""
        return self.is_required or deed in self.needed_by

    @property
    def columns(self) -> int:
        return self.width or min(self.length_max, 40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a screen."""

    name: str
    """``Enter``, ``F6``, or ``S-F2`` for Shift and F2."""
    label: str
    sends: bool = False
    """Posts the form; otherwise it goes to another page, or acts in the browser alone."""
    roles: frozenset[Role] = EVERYBODY
    deeds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One screen."""

    code: str
    title: str
    family: str
    """What the menu and the handbook list it under."""
    help: str
    roles: frozenset[Role]
    """Who may use it. Nobody, unless named here."""
    response: ResponseClass
    takes: str = ""
    """What may follow the code on the command line, in words."""
    fields: tuple[Field, ...] = ()
    keys: tuple[Key, ...] = ()
    """Its own keys; those that mean the same everywhere are in ``COMMON_KEYS``."""
    converses: bool = False
    """What is keyed into it is kept in a row until it is done or dropped (``css.web.conversation``)."""
    parks: bool = False
    """Half-keyed, it can be put aside for later, by anybody who may use it."""
    discloses: bool = False
    """It shows what only the customer may hear: the caller is made sure of first."""
    polls_seconds: int = 0
    """How often the browser asks whether there is news; 0 for never."""
    is_public: bool = False
    """Shown to whoever is not signed on: the sign-on alone."""
    in_menu: bool = True

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)

    def shown_fields(self, deed: str = "") -> tuple[Field, ...]:
        """The fields of one deed, in the order in which they are said."""
        steps = self.steps
        shown = (field for field in self.fields if not field.deeds or deed in field.deeds)
        return tuple(sorted(shown, key=lambda field: (steps.index(field.step), deed not in field.leads)))

    @property
    def has_codes(self) -> bool:
        """Whether F4 has values to offer."""
        return any(field.kind == "code" or field.prompts for field in self.fields)

    @property
    def steps(self) -> tuple[str, ...]:
        """The blocks in order, each once."""
        return tuple(dict.fromkeys(field.step for field in self.fields))


COMMON_KEYS: Final = (
    Key(name="Enter", label="check", sends=True),
    Key(name="F1", label="help"),
    Key(name="F2", label="wrap up"),
    Key(name="F3", label="leave"),
    Key(name="F4", label="values"),
    Key(name="F5", label="refresh"),
    Key(name="F6", label="commit", sends=True),
    Key(name="F9", label="recall"),
    Key(name="F10", label="command"),
    Key(name="F12", label="back"),
    Key(name="S-F12", label="park", sends=True),
)
"""What these keys mean on every screen (the whole table is in the operator handbook)."""

KEY_MEANINGS: Final = {
    "Enter": "check what is keyed and show its effect; never commits",
    "F1": "help for the field the cursor is in, then for the screen",
    "F2": "note and wrap-up: the reason in two letters, a note, a call-back",
    "F3": "leave: to the customer in hand, else to the menu; what is half-keyed is kept",
    "F4": "valid values of the field the cursor is in",
    "F5": "fetch the data again; what is keyed stays",
    "F6": "commit what was checked",
    "F7 and F8": "a page back and forward, as Page Up and Page Down",
    "F9": "the last command again, to change and send; again for the one before",
    "F10": "to the command line (Ctrl+K does the same)",
    "F11": "more columns, or another view",
    "F12": "one step back, nothing saved",
    "Shift+F12": "park what is half-keyed; the menu and the customer's page take it up again",
    "Shift+F1 to F12": "the screen's own keys, as its key bar says",
    "Up and Down": "move in a list; Enter opens",
}
"""For the handbook and the menu's help: one meaning everywhere."""
