"""Working hours as people write them: lines like "Mon-Fri 08:00-12:30, 13:00-17:00" and "Sat all day". Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from css.core.errors import BadMessage
from css.core.working_hours import DAY_MINUTES, Span

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ALL_DAY: Final = "all day"
EVERY_DAY: Final = "every day"
WHOLE_DAY: Final = (Span(0, DAY_MINUTES),)
LINES_MAX: Final = 40
LENGTH_MAX: Final = 200

Days = tuple[tuple[Span, ...], ...]
"""Monday to Sunday."""

_PLACES: Final = {name.lower(): place for place, name in enumerate(WEEKDAYS)}
_SPAN: Final = re.compile(r"^([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)\Z")
_DAYS: Final = re.compile(r"^(every day|[a-z]{3}(?:-[a-z]{3})?(?: *, *[a-z]{3}(?:-[a-z]{3})?)*) +(.+)\Z", re.IGNORECASE | re.DOTALL)


def read_week(lines: Iterable[str], *, element: str = "hours") -> Days:
    """The hours of a week from lines that each name days and their times; days that none names are closed.

    Errors: CSS838E cannot be read, or no hours at all; CSS839E two spans of a day overlap.
    """
    days: list[list[Span]] = [[] for _ in WEEKDAYS]
    listed = _few(lines, element)
    if not listed:
        raise _unread("", element)
    for line in listed:
        found = _DAYS.match(line.strip())
        if found is None:
            raise _unread(line, element)
        for weekday in _read_days(found[1], line, element):
            days[weekday].extend(_read_times(found[2], line, element))
    return tuple(_in_order(spans, WEEKDAYS[weekday], element) for weekday, spans in enumerate(days))


def read_day(lines: Iterable[str], *, element: str = "hours") -> tuple[Span, ...]:
    """The hours of one day from lines of times; none for closed. Errors: CSS838E, CSS839E."""
    spans = [span for line in _few(lines, element) for span in _read_times(line, line, element)]
    return _in_order(spans, "the day", element)


def week_words(days: Days) -> tuple[str, ...]:
    """The lines from which ``read_week`` makes these hours: days with the same hours on one line."""
    alike: dict[tuple[Span, ...], list[int]] = {}
    for weekday, spans in enumerate(days):
        if spans:
            alike.setdefault(spans, []).append(weekday)
    return tuple(f"{days_words(tuple(weekdays))} {span_words(spans)}" for spans, weekdays in alike.items())


def span_words(spans: tuple[Span, ...]) -> str:
    """A day's hours: "08:00-12:30, 13:00-17:00", "all day" or "closed"."""
    if spans == WHOLE_DAY:
        return ALL_DAY
    return ", ".join(f"{_clock(span.opens_minute)}-{_clock(span.closes_minute)}" for span in spans) or "closed"


def days_words(weekdays: tuple[int, ...]) -> str:
    """Weekdays (0 is Monday) as a sentence names them: "Mon-Fri", "Mon, Wed", "Mon-Wed, Sat", "every day"."""
    if len(weekdays) == len(WEEKDAYS):
        return EVERY_DAY
    runs: list[list[int]] = []
    for weekday in sorted(weekdays):
        if runs and runs[-1][-1] == weekday - 1:
            runs[-1].append(weekday)
        else:
            runs.append([weekday])
    return ", ".join(WEEKDAYS[run[0]] if len(run) == 1 else f"{WEEKDAYS[run[0]]}-{WEEKDAYS[run[-1]]}" for run in runs)


def _few(lines: Iterable[str], element: str) -> list[str]:
    listed = list(lines)
    if len(listed) > LINES_MAX or any(len(line) > LENGTH_MAX for line in listed):
        raise _unread(listed[0], element)
    return listed


def _read_days(text: str, line: str, element: str) -> list[int]:
    if text.lower() == EVERY_DAY:
        return list(range(len(WEEKDAYS)))
    weekdays: list[int] = []
    for part in text.lower().split(","):
        first, _, last = part.strip().partition("-")
        last = last or first
        if first not in _PLACES or last not in _PLACES or _PLACES[first] > _PLACES[last]:
            raise _unread(line, element)
        weekdays.extend(range(_PLACES[first], _PLACES[last] + 1))
    if len(set(weekdays)) < len(weekdays):
        raise _unread(line, element)
    return weekdays


def _read_times(text: str, line: str, element: str) -> tuple[Span, ...]:
    if text.strip().lower() == ALL_DAY:
        return WHOLE_DAY
    return tuple(_read_span(part.strip(), line, element) for part in text.split(","))


def _read_span(text: str, line: str, element: str) -> Span:
    found = _SPAN.match(text)
    if found is None:
        raise _unread(line, element)
    opens = int(found[1]) * 60 + int(found[2])
    closes = DAY_MINUTES if found[3] is None else int(found[3]) * 60 + int(found[4])
    if opens >= closes:
        raise _unread(line, element)
    return Span(opens, closes)


def _in_order(spans: Iterable[Span], day: str, element: str) -> tuple[Span, ...]:
    ordered = tuple(sorted(spans))
    for early, late in pairwise(ordered):
        if early.closes_minute > late.opens_minute:
            raise BadMessage(
                "CSS839E",
                "The hours of {day} overlap: {one} and {other}.",
                day=day,
                one=span_words((early,)),
                other=span_words((late,)),
                element=element,
            )
    return ordered


def _unread(line: str, element: str) -> BadMessage:
    sentence = "{line!r} is no line of hours; write {like}."
    like = 'days and times like "Mon-Fri 08:00-12:30, 13:00-17:00", "Sat all day" or, of one day, "08:00-12:00"'
    return BadMessage("CSS838E", sentence, line=line[:40], like=like, element=element)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
