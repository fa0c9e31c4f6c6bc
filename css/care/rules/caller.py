"""Whether what a caller says is what we hold, and how often may be asked.

The operator keys what the caller says and the program compares, so the right answer is on no screen. Case, accents, spaces
and punctuation never decide; anything else does: a phrase with a letter wrong is a wrong phrase.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from css.core.address import parse_postcode
from css.core.errors import CssError
from css.core.money import Money

TRIES: Final = 3
TRIED_WITHIN: Final = timedelta(minutes=15)
"""So many wrong answers for one customer within this time, whoever asked, close the question..."""
CLOSED_FOR: Final = timedelta(minutes=15)
"""...for this long."""
OPEN_FOR: Final = timedelta(minutes=30)
"""How long a right answer opens a customer's record to who asked, unless the call is wrapped up before."""
RECENT_BILLS: Final = 3
"""Of how many bills the caller may have one to hand."""
LETTER_MARKS_MIN: Final = 4
"""Letters and digits of what a letter is found by."""

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ORDINALS: Final = frozenset({"st", "nd", "rd", "th", "of"})
_YEAR_DIGITS: Final = 4
_CENTURY: Final = 100
_RUN_TOGETHER: Final = (6, 8)
"""Digits of a date keyed without marks: 050361, 05031961."""
_MONTH_LETTERS: Final = 3


@dataclass(frozen=True, slots=True)
class HeldAddress:
    """An address a customer may give: where the bill goes, or where a line is."""

    lines: tuple[str, ...]
    """House and street first."""
    postcode: str


@dataclass(frozen=True, slots=True)
class RecentBill:
    """What stands on top of a bill that was sent."""

    issued_on: date
    amount_due: Money


@dataclass(frozen=True, slots=True)
class DayMonth:
    """A date as it was said; the year with two digits, four, or not at all."""

    day: int
    month: int
    year: int | None

    def is_of(self, held: date) -> bool:
        """Whether it can be that date."""
        years = {None, held.year, held.year % _CENTURY}
        return (self.day, self.month) == (held.day, held.month) and self.year in years


def plain(text: str) -> str:
    """Letters and digits alone, without accents or case."""
    parts = unicodedata.normalize("NFKD", text).casefold()
    return "".join(mark for mark in parts if mark.isalnum())


def same_phrase(said: str, held: str | None) -> bool:
    """Whether the phrase is the one agreed. A phrase without a letter or digit in it can be said by nobody."""
    return bool(plain(held or "")) and plain(said) == plain(held or "")


def same_birth(said: str, held: date | None) -> bool:
    """Whether the date of birth is right: day, month and year in that order, the month in words or figures."""
    heard = read_day_month(said)
    return held is not None and heard is not None and heard.year is not None and heard.is_of(held)


def read_day_month(said: str) -> DayMonth | None:
    """A date as people say it: ``5/3/61``, ``05 03 1961``, ``5th March 1961``, ``050361``, ``1961-03-05``; the year may be missing."""
    parts = [part for part in re.findall(r"[0-9]+|[^\W\d_]+", said.casefold()) if part not in _ORDINALS]
    if len(parts) == 1 and parts[0].isascii() and parts[0].isdigit() and len(parts[0]) in _RUN_TOGETHER:
        parts = [parts[0][:2], parts[0][2:4], parts[0][4:]]
    if len(parts) not in {2, 3}:
        return None
    if len(parts[0]) == _YEAR_DIGITS and len(parts) > 2:  # noqa: PLR2004 - year, month, day
        parts.reverse()
    day, month, year = (*parts, None)[:3] if len(parts) == 2 else parts  # noqa: PLR2004 - no year
    numbers = [day, _month_number(month), year]
    if not all(part is None or (part.isascii() and part.isdigit() and len(part) in {1, 2, _YEAR_DIGITS}) for part in numbers):
        return None
    return DayMonth(int(day), int(_month_number(month)), None if year is None else int(year))


def _month_number(said: str) -> str:
    if len(said) >= _MONTH_LETTERS and said[:_MONTH_LETTERS] in _MONTHS:
        return str(_MONTHS.index(said[:_MONTH_LETTERS]) + 1)
    return said


def same_address(said: str, held: Iterable[HeldAddress]) -> bool:
    """Whether it is one of the customer's addresses: the postcode and the house, and nothing that is not in the address.

    The house is its numbers, or its name where it has none. Street and town may be said too; the order is free.
    """
    return any(_is_address(said, one) for one in held)


def _is_address(said: str, held: HeldAddress) -> bool:
    outward, inward = held.postcode.casefold().split(" ")
    rest = re.sub(rf"\b{outward} *{inward}\b", " ", " ".join(said.casefold().split()), count=1)
    if rest == " ".join(said.casefold().split()):
        return False
    words = _words(rest)
    first = _words(held.lines[0]) if held.lines else []
    numbers = [word for word in first if any(map(str.isdigit, word))]
    house = numbers or first
    known = {word for line in held.lines for word in _words(line)}
    return bool(house) and set(house) <= set(words) <= known


def _words(text: str) -> list[str]:
    return [word for word in map(plain, re.split(r"[\s,;/]+", text)) if word]


def names_letter(said: str) -> bool:
    """Whether it can be the date or the reference of a letter: somebody must be able to find it again."""
    return any(map(str.isdigit, said)) and (sum(map(str.isalnum, said)) >= LETTER_MARKS_MIN or read_day_month(said) is not None)


def names_postcode(said: str) -> bool:
    """Whether there is a whole postcode in it."""
    words = said.split()
    for n in range(len(words)):
        for pair in (words[n], "".join(words[n : n + 2])):
            try:
                parse_postcode(pair)
            except CssError:
                continue
            return True
    return False


def same_bill(said: str, bills: Iterable[RecentBill]) -> bool:
    """Whether it is the amount due and the date of a recent bill: ``45.67 5 mar``. The amount alone is many people's."""
    amount, _, day = " ".join(said.split()).partition(" ")
    heard = read_day_month(day)
    try:
        due = Money.parse(amount)
    except CssError:
        return False
    return heard is not None and any(bill.amount_due == due and heard.is_of(bill.issued_on) for bill in bills)


def closed_until(wrong_at: Iterable[datetime], at: datetime) -> datetime | None:
    """Until when nothing is asked, from the instants of the wrong answers for a customer; none when it may be asked."""
    last = sorted(wrong_at)[-TRIES:]
    if len(last) < TRIES or last[-1] - last[0] >= TRIED_WITHIN or at >= last[-1] + CLOSED_FOR:
        return None
    return last[-1] + CLOSED_FOR


def tries_left(wrong_at: Iterable[datetime], at: datetime) -> int:
    """How many more wrong answers there can be before the question closes."""
    wrong = list(wrong_at)
    if closed_until(wrong, at) is not None:
        return 0
    # A closing that has passed is settled: what led to it does not count towards the next.
    return TRIES - sum(at - when < TRIED_WITHIN for when in wrong)
