"""How many due times a second one core reckons, over five years of holidays, all care levels and all nations."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from itertools import product
from random import Random
from typing import Any, Final

from css.bench.place import SEED
from css.core.calendar import NATIONS, Nation, london_instant
from css.master.care_levels import book_of
from css.master.working_reference import CALENDARS, CARE_LEVELS

TARGET_A_SECOND: Final = 100_000
YEARS: Final = 5
FIRST_YEAR: Final = 2026
_TIMES: Final = 3
"""The best of so many counts: what else the machine did meanwhile is not the program's."""

_Asked = tuple[str, datetime, Nation]
"""A level, when it was accepted, and where."""


def due_times(count: int = 100_000) -> dict[str, Any]:
    """Due times a second: the instant alone, with its sentence, and an office's hours added to and measured; and the laying out in ms."""
    dice = Random(SEED)  # noqa: S311 - dice for a measurement
    begins = london_instant(date(FIRST_YEAR, 1, 1), time())
    seconds = YEARS * 365 * 24 * 60 * 60
    book = book_of(CALENDARS, CARE_LEVELS, begins.date())
    asked = [(dice.choice(book.codes), begins + timedelta(seconds=dice.randrange(seconds)), dice.choice(NATIONS)) for _ in range(count)]
    office = book.hours("OFFICE", NATIONS[0])
    length, end = timedelta(minutes=1080), begins + timedelta(seconds=seconds)

    begun = clock.perf_counter()
    for nation, calendar in product(NATIONS, CALENDARS):
        book.hours(calendar.code, nation).between(begins, end)
    laid_out = clock.perf_counter() - begun
    due = _rate(asked, lambda one: book.due_at(*one))
    return {
        "years": YEARS,
        "count": count,
        "laid_out_ms": round(1000 * laid_out, 1),
        "due_a_second": due,
        "with_words_a_second": _rate(asked[: count // 10], lambda one: book.deadline(*one)),
        "add_a_second": _rate(asked, lambda one: office.add(one[1], length)),
        "between_a_second": _rate(asked, lambda one: office.between(one[1], end)),
        "target_a_second": TARGET_A_SECOND,
        "is_met": due >= TARGET_A_SECOND,
    }


def _rate(asked: Sequence[_Asked], doing: Callable[[_Asked], object]) -> int:
    """How many a second, at best."""
    best = float("inf")
    for _ in range(_TIMES):
        begun = clock.perf_counter()
        for one in asked:
            doing(one)
        best = min(best, clock.perf_counter() - begun)
    return round(len(asked) / best)
