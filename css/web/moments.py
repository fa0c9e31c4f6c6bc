"""A moment that was, as people key it: ``14:30``, ``-1 16:30`` for yesterday, ``8/3/26 9:15``, ``8 Mar 9.15``; by London clocks."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Final

from css.care.rules.caller import read_day_month
from css.core.calendar import london_date, london_instant
from css.core.errors import BadMessage
from css.web.form import read_day

_TIME: Final = re.compile(r"^([01]?[0-9]|2[0-3])[:.]([0-5][0-9])\Z")
_AGO: Final = re.compile(r"^-([0-9]{1,3})\Z")


def read_moment(text: str, at: datetime, *, element: str) -> datetime:
    """The moment in UTC. A time alone is today's, ``-1`` before it yesterday's; a day without its year is the last of that name.

    Raises:
        BadMessage: CSS938E, it has no time of day. CSS365E, its day is none.
    """
    *before, last = text.split() or [""]
    found = _TIME.match(last)
    if found is None:
        sentence = "{typed!r} has no time of day; key it like 14:30, or -1 16:30 for yesterday, or 8/3/26 9:15."
        raise BadMessage("CSS938E", sentence, typed=text[:30], element=element)
    today = london_date(at)
    return london_instant(_day(" ".join(before), today, element) if before else today, time(int(found[1]), int(found[2])))


def read_moment_ahead(text: str, at: datetime, *, element: str) -> datetime:
    """A moment to come, in UTC. A time alone is today's, ``+1`` before it tomorrow's. Whether it lies ahead is the verb's to say.

    Raises:
        BadMessage: CSS967E, it has no time of day. CSS365E, its day is none.
    """
    *before, last = text.split() or [""]
    found = _TIME.match(last)
    if found is None:
        sentence = "{typed!r} has no time of day; key it like 18:00, or +1 12:00 for tomorrow, or 8/3/26 9:15."
        raise BadMessage("CSS967E", sentence, typed=text[:30], element=element)
    today = london_date(at)
    on = read_day(" ".join(before), today, element=element) if before else today
    return london_instant(on, time(int(found[1]), int(found[2])))


def _day(typed: str, today: date, element: str) -> date:
    ago = _AGO.match(typed)
    if ago is not None:
        return today - timedelta(days=int(ago[1]))
    heard = read_day_month(typed)
    if heard is None or heard.year is not None:
        return read_day(typed, today, element=element)
    year = today.year - ((heard.month, heard.day) > (today.month, today.day))
    return read_day(f"{heard.day}/{heard.month}/{year}", today, element=element)
