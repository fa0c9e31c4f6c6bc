"""F2: the end of a call, from whatever screen it ends on. A reason in two letters, a note, perhaps a follow-up or a call-back.

The panel is in ``base.html`` on every page with somebody in hand; its fields are those of ``FIELDS`` besides ``hand`` (the
account number) and ``wrap_token`` (a fresh one with every page, so that F2 pressed twice is one wrap-up).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from css.web.desk import Desk
from css.web.screen import Field

FIELDS: Final = (
    Field(name="wrap_reason", label="Reason", help="Two letters: what the call was about. F4 lists them.", kind="code", length_max=2),
    Field(
        name="wrap_note",
        label="Note",
        help="What was said and done, if the reason does not say it all; an order, fault or bill number in it is found later.",
        length_max=500,
        width=40,
    ),
    Field(
        name="wrap_when",
        label="Again on",
        help="When we are to do something about it: +3, 5 Mar, 14:30, or +1 14:30. Empty for no follow-up.",
        length_max=20,
        width=11,
    ),
    Field(
        name="wrap_telephone",
        label="Ring",
        help="The number to ring then: with it the follow-up is a call-back. A point (.) is the number in hand.",
        kind="telephone",
        length_max=20,
        width=14,
    ),
)


@dataclass(frozen=True, slots=True)
class Said:
    """A message for the line under the head."""

    code: str
    text: str

    @property
    def is_error(self) -> bool:
        return self.code.endswith("E")


def wrap(at_desk: Desk, posted: Mapping[str, str]) -> tuple[Said, ...]:
    """Wrap up the call about the account in ``posted["hand"]``; commits by itself.

    The messages are to be shown on the page that comes: if any is an error nothing was kept, and the panel comes again,
    open, with what was keyed into it. Otherwise the call is over, and what the caller check opened is closed.
    """
    raise NotImplementedError


def wrap_reasons() -> tuple[tuple[str, str], ...]:
    """Every reason in the order of the list: its two letters and what it means."""
    raise NotImplementedError
