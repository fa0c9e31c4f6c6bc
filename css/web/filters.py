"""How values look on a screen: one way for each kind, as the templates' filters."""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from markupsafe import Markup, escape

from css.core.calendar import ONE_DAY, to_london
from css.core.ids import format_id
from css.core.money import Money, Price, to_money
from css.core.phone import display_number
from css.core.words import BarKind
from orders.rules.kinds import KINDS
from orders.words import OrderKind

_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMERIC: Final = re.compile(r"\b([0-3][0-9])/(0[1-9]|1[0-2])/([0-9]{4})\b")
_LINK: Final = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_STARS: Final = re.compile(r"(\*{1,2})([^*\s](?:[^*]*[^*\s])?)\1")
_KEYED: Final = re.compile(r"`([^`]+)`")
NOTHING: Final = "–"
BARS: Final = {
    BarKind.OUTGOING: "outgoing calls barred",
    BarKind.INCOMING: "incoming calls barred as well",
    BarKind.OUT_OF_SERVICE: "out of service",
}


def day(value: date | None) -> str:
    """``5 Mar 2026``. Not strftime's names: they speak the language of the machine."""
    return NOTHING if value is None else f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def weekday(value: date | None) -> str:
    """``Thu 5 Mar 2026``."""
    return NOTHING if value is None else f"{_WEEKDAYS[value.weekday()]} {day(value)}"


def last_day(value: date | None) -> date | None:
    """The last day inside a period, from its exclusive end."""
    return None if value is None else value - ONE_DAY


def instant(value: datetime | None) -> str:
    """``Thu 5 Mar 2026 10:15`` by London clocks."""
    if value is None:
        return NOTHING
    shown = to_london(value)
    return f"{weekday(shown.date())} {shown:%H:%M}"


def soon(value: datetime | None) -> str:
    """``Thu 5 Mar 10:15``, for what is due in days and not in years."""
    if value is None:
        return NOTHING
    shown = to_london(value)
    return f"{_WEEKDAYS[shown.weekday()]} {shown.day} {_MONTHS[shown.month - 1]} {shown:%H:%M}"


def clock(value: datetime) -> str:
    """``10:15``."""
    return f"{to_london(value):%H:%M}"


def span(minutes: int) -> str:
    """So many minutes as people say it: ``2 d 4 h``, ``3 h 05 min``, ``12 min``."""
    hours, left = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    if days:
        return f"{days} d {hours_left} h"
    return f"{hours} h {left:02} min" if hours else f"{left} min"


def dates(text: str) -> str:
    """A sentence with its days written as everywhere on a screen: ``31/01/2026`` is ``31 Jan 2026``."""
    return _NUMERIC.sub(lambda found: f"{int(found[1])} {_MONTHS[int(found[2]) - 1]} {found[3]}", text)


def sterling(value: Money | None) -> str:
    return NOTHING if value is None else value.sterling


def price(value: Price | None) -> str:
    """A price as a person reads it: in pounds to the penny where it is whole pence, else in pence."""
    if value is None:
        return NOTHING
    rounded = to_money(value)
    return rounded.sterling if Price.of(rounded.pence) == value else f"{value}p"


def telephone(value: str | None) -> str:
    return NOTHING if not value else display_number(value)


def number(value: str | None) -> str:
    """A number of ours in groups for reading aloud."""
    return NOTHING if not value else format_id(value)


def words(value: object) -> str:
    """A code of a closed list as words; nothing as a dash."""
    if value is None or value == "":
        return NOTHING
    return value.value.replace("-", " ") if isinstance(value, StrEnum) else str(value)


def order_title(kind: OrderKind) -> str:
    """What a kind of order is called."""
    return KINDS[kind].title


def bar_words(bar: BarKind) -> str:
    """What a bar keeps from working."""
    return BARS[bar]


def spoken(text: str) -> Markup:
    """A paragraph of the runbook on a screen: without its stars, its links as their words, what is keyed as it is keyed."""
    plain = _STARS.sub(r"\2", _LINK.sub(r"\1", str(escape(" ".join(text.split())))))
    return Markup(_KEYED.sub(r"<code>\1</code>", plain))  # noqa: S704 - escaped above


FILTERS: Final = {
    "spoken": spoken,
    "bar_words": bar_words,
    "order_title": order_title,
    "day": day,
    "weekday": weekday,
    "last_day": last_day,
    "instant": instant,
    "soon": soon,
    "clock": clock,
    "span": span,
    "dates": dates,
    "sterling": sterling,
    "price": price,
    "telephone": telephone,
    "number": number,
    "words": words,
}
