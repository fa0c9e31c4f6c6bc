"""Pins: the commands an operator keeps on top of the menu."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.core.actor import Actor
from css.core.errors import BadMessage, NotFound, Refused
from css.core.marks import has_unseen
from css.master.operators import Operator

PINS_MAX: Final = 9
COMMAND_LENGTH_MAX: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """Keep a command on top of the operator's own menu; one that is there already is taken off."""

    token: str = ""
    command: str
    """A screen's code with what stands behind it, as it is keyed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """What is on top of the menu now, in order."""

    pins: tuple[str, ...]


@answered
def pin(session: Session, command: Pin, *, by: Actor, at: datetime) -> Pinned:
    """Put a command on top of the operator's own menu, at the end of the pins; take it off if it is there.

    Raises:
        NotFound: CSS917E the actor is no operator.
        BadMessage: CSS918E nothing to pin, too long for a line, or with a character in it that cannot be seen.
        Refused: CSS919E there are nine already.
    """
    text = " ".join(command.command.upper().split())
    if not text or len(text) > COMMAND_LENGTH_MAX or has_unseen(text):
        raise BadMessage("CSS918E", "Key what to pin at the command line: a screen's code, like OR01.", element="command")
    operator = session.execute(
        select(Operator).where(Operator.code == by.name).with_for_update().execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if operator is None or by.kind != "operator":
        raise NotFound("CSS917E", "{who} is no operator and has no menu.", who=by.name)
    before = list(operator.pinned)
    after = [one for one in before if one != text] if text in before else [*before, text]
    if len(after) > PINS_MAX:
        raise Refused("CSS919E", "There are {most} pins; take one off first: key it and press F6.", most=PINS_MAX, element="command")
    operator.pinned = after
    session.flush()
    record(session, by=by, at=at, verb="pin", subject=("operator", operator.code), before={"pinned": before}, after={"pinned": after})
    session.flush()
    return Pinned(pins=tuple(after))


def pins(session: Session, operator_code: str) -> tuple[str, ...]:
    """What an operator has pinned, in order."""
    return tuple(session.execute(select(Operator.pinned).where(Operator.code == operator_code)).scalar() or ())
