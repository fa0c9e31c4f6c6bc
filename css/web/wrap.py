"""F2: the end of a call, from whatever screen it ends on. A reason in two letters, a note, perhaps a follow-up or a call-back.

The panel is in ``base.html`` on every page with somebody in hand; its fields are those of ``FIELDS``. Hidden beside them are
``hand`` (the account number), ``hand_telephone`` (the number in hand), ``hand_ring`` (where to ring while that number is in
trouble) and ``wrap_token`` (a fresh one with every page, so that F2 pressed twice is one wrap-up).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from css.care.actions import wrap_up
from css.care.commands import WrappedUp, WrapUp
from css.care.queries import wrap_reasons as reasons
from css.care.rules.caller import read_day_month
from css.core.calendar import london_instant
from css.core.errors import BadMessage, CssError, Refusals, Several
from css.core.marks import has_unseen
from css.core.phone import display_number, parse_number
from css.web.conversation import TOKEN_FORM, new_token
from css.web.desk import Desk
from css.web.filters import soon, weekday
from css.web.form import read_day
from css.web.screen import Field

NUMBER_IN_HAND: Final = "."
LAST_HOUR: Final = 23
LAST_MINUTE: Final = 59
_TIME: Final = re.compile(r"^([0-9]{1,2}):([0-9]{2})\Z")

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
    wrong = Refusals()
    typed = {one.name: posted.get(one.name, "").strip()[: one.length_max] for one in FIELDS}
    for one in FIELDS:
        if has_unseen(typed[one.name]):
            sentence = "{label} has a character in it that cannot be seen; key it again."
            wrong.add(BadMessage("CSS362E", sentence, element=one.name, label=one.label))
    if wrong.found:
        return tuple(Said(error.code, str(error)) for error in wrong.found)
    day, at_time = wrong.reading(lambda: _when(typed["wrap_when"], at_desk)) or (None, None)
    ring = wrong.reading(lambda: _ring(typed["wrap_telephone"], posted.get("hand_ring") or posted.get("hand_telephone", "")))
    if wrong.found:
        return tuple(Said(error.code, str(error)) for error in wrong.found)
    token = posted.get("wrap_token", "")
    command = WrapUp(
        token=token if TOKEN_FORM.match(token) else new_token(),
        account_number=posted.get("hand", "")[:20],
        reason_code=typed["wrap_reason"],
        words=typed["wrap_note"],
        number=posted.get("hand_telephone", "")[:20] or None,
        follow_up_on=day if at_time is None else None,
        call_back_at=at_time,
        call_back_number=ring,
        operator_session_id=at_desk.on_duty.session_id,
    )
    try:
        with at_desk.doing() as session:
            done = wrap_up(session, command, by=at_desk.by, at=at_desk.at)
    except CssError as error:
        errors = error.errors if isinstance(error, Several) else (error,)
        return tuple(Said(one.code, str(one)) for one in errors)
    return (Said("CSS920I", _told(done, day, at_time, ring)),)


def wrap_reasons() -> tuple[tuple[str, str], ...]:
    """Every reason in the order of the list: its two letters and what it means."""
    return tuple((one.code, one.words) for one in reasons())


def _told(done: WrappedUp, day: date | None, at_time: datetime | None, ring: str | None) -> str:
    told = [f"The call is on the contact log: {done.words}"]
    if done.kept_follow_up_id is not None:
        told.append("What was promised is done.")
    if done.follow_up_id is not None:
        when = weekday(day) if at_time is None else soon(at_time)
        told.append(f"You ring {display_number(ring)} on {when}." if ring else f"You follow it up by {when}.")
    return " ".join(told)


def _when(typed: str, at_desk: Desk) -> tuple[date | None, datetime | None]:
    """A day, or a time on a day: ``+3``, ``5 Mar``, ``14:30`` (today), ``+1 9:30``."""
    *before, last = typed.split() or [""]
    found = _TIME.match(last)
    if found is None:
        return (_day(typed, at_desk.today) if typed else None), None
    hour, minute = int(found[1]), int(found[2])
    if hour > LAST_HOUR or minute > LAST_MINUTE:
        raise BadMessage("CSS915E", "{typed} is no time of day; key it like 14:30.", typed=last, element="wrap_when")
    day = _day(" ".join(before), at_desk.today) if before else at_desk.today
    return day, london_instant(day, time(hour, minute))


def _day(typed: str, today: date) -> date:
    """A day as every screen reads it; what is said without its year is the next of that day."""
    heard = read_day_month(typed)
    if heard is None or heard.year is not None:
        return read_day(typed, today, element="wrap_when")
    year = today.year + ((heard.month, heard.day) < (today.month, today.day))
    return read_day(f"{heard.day}/{heard.month}/{year}", today, element="wrap_when")


def _ring(typed: str, in_hand: str) -> str | None:
    if typed == NUMBER_IN_HAND:
        if not in_hand:
            raise BadMessage("CSS916E", "There is no number in hand; key the number to ring.", element="wrap_telephone")
        return parse_number(in_hand, element="wrap_telephone")
    return parse_number(typed, element="wrap_telephone") if typed else None
