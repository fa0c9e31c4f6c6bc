"""Care levels and working calendars as they are kept in the database: one book, read in one statement and laid out once.

``care_book(session, on)`` is what everybody asks. Within a transaction it is read once; what was laid out for a book goes on
serving every other transaction of the process that reads the same book, word for word, so nothing can be out of date.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property, lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from sqlalchemy.orm import Session

from css.core.calendar import Nation
from css.core.deadline import CareTerms, Deadline, deadline, due_at, no_level
from css.core.errors import NotFound
from css.core.working_hours import CalendarTerms, ExceptionalDay, Span, Week, WorkingHours
from css.db.sql import block

_KEPT: Final = "css.care_book"
"""Under this a session keeps the book it has read, with the transaction it read it in."""
_BOOKS: Final = 8
"""So many different books are kept laid out in one process."""


class _Shelf:
    """Everything of one book, on whatever date."""

    def __init__(self, calendars: Iterable[CalendarTerms], terms: Iterable[CareTerms]) -> None:
        self.calendars = {each.code: each for each in calendars}
        self.terms = tuple(terms)
        self._hours: dict[tuple[str, str], WorkingHours] = {}

    def hours(self, calendar_code: str, nation: Nation) -> WorkingHours:
        key = (calendar_code, nation)
        found = self._hours.get(key)
        if found is None:
            if calendar_code not in self.calendars:
                raise no_calendar(calendar_code, self.calendars)
            found = self._hours.setdefault(key, WorkingHours(self.calendars[calendar_code], nation))
        return found

    @lru_cache(maxsize=64)  # noqa: B019 - shelves are few and kept on purpose
    def book(self, on: date) -> CareBook:
        return CareBook(self, on)


class CareBook:
    """The care levels in force on a day, and the working hours of every calendar."""

    def __init__(self, shelf: _Shelf, on: date) -> None:
        self.on = on
        self._shelf = shelf
        by_code: dict[str, CareTerms] = {}
        for each in sorted(shelf.terms, key=lambda terms: terms.starts_on):
            if each.starts_on <= on:
                by_code[each.code] = each
        self._terms = by_code

    @cached_property
    def levels(self) -> tuple[CareTerms, ...]:
        """All that are in force, in order of rising promise."""
        return tuple(sorted(self._terms.values(), key=lambda terms: (terms.rank, terms.code)))

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Their codes, in order of rising promise."""
        return tuple(terms.code for terms in self.levels)

    @property
    def calendars(self) -> tuple[CalendarTerms, ...]:
        """Every calendar, by its code."""
        return tuple(self._shelf.calendars.values())

    def terms(self, code: str, *, element: str = "care_level") -> CareTerms:
        """What the level of that code ("1", "2", "2.5", ...) promises on the day. Error: CSS070E."""
        try:
            return self._terms[code]
        except KeyError:
            raise no_level(code, ", ".join(self.codes) or "none", element=element) from None

    def better(self, one: str, other: str) -> str:
        """Whichever of two levels promises more; the first of two alike. Error: CSS070E."""
        return one if self.terms(one).rank >= self.terms(other).rank else other

    def hours(self, code: str, nation: Nation) -> WorkingHours:
        """The hours of a calendar in a nation, by the calendar's code, or by a care level's for the calendar it counts by.

        Error: CSS836E no such calendar, CSS071E no such nation.
        """
        terms = self._terms.get(code)
        return self._shelf.hours(code if terms is None else terms.calendar_code, nation)

    def deadline(self, code: str, accepted_at: datetime, nation: Nation) -> Deadline:
        """When a fault accepted at an instant is due under a level, in words too. Errors: CSS070E, CSS071E."""
        terms = self.terms(code)
        return deadline(terms, self._shelf.hours(terms.calendar_code, nation), accepted_at)

    def due_at(self, code: str, accepted_at: datetime, nation: Nation) -> datetime:
        """The instant alone: for reckoning many."""
        terms = self.terms(code)
        return due_at(terms, self._shelf.hours(terms.calendar_code, nation), accepted_at)


@dataclass(frozen=True, slots=True)
class _Read:
    """What a session has read, and in which transaction."""

    transaction: object
    shelf: _Shelf


def care_book(session: Session, on: date) -> CareBook:
    """The care levels in force on a day (London's, of acceptance) and all working calendars; one statement a transaction."""
    transaction = session.get_transaction()
    kept = session.info.get(_KEPT)
    if not isinstance(kept, _Read) or transaction is None or kept.transaction is not transaction:
        shelf = _shelf(session.execute(block("css.master", "working.book")).scalar_one())
        # The statement has begun a transaction if there was none.
        kept = session.info[_KEPT] = _Read(session.get_transaction(), shelf)
    return kept.shelf.book(on)


def forget_care_book(session: Session) -> None:
    """For whoever has just changed a row of it."""
    session.info.pop(_KEPT, None)


def no_calendar(code: str, known: Mapping[str, object], *, element: str = "calendar_code") -> NotFound:
    """CSS836E, for whoever finds that there is no such calendar."""
    listed = ", ".join(known) or "none"
    return NotFound("CSS836E", "{code!r} is not a working calendar; there are {known}.", code=code[:40], known=listed, element=element)


def book_of(calendars: Iterable[CalendarTerms], terms: Iterable[CareTerms], on: date) -> CareBook:
    """A book of values, without a database."""
    return _Shelf(calendars, terms).book(on)


@lru_cache(maxsize=_BOOKS)
def _shelf(text: str) -> _Shelf:
    book = json.loads(text)
    weeks = _weeks(book["spans"])
    exceptions = _exceptions(book["exceptions"])
    calendars = (
        CalendarTerms(code, name, zone, keeps, weeks.get(code, ()), exceptions.get(code, ()))
        for code, name, zone, keeps in book["calendars"]
    )
    return _Shelf(calendars, (_care_terms(row) for row in book["terms"]))


def _weeks(rows: list[list[Any]]) -> dict[str, tuple[Week, ...]]:
    """Rows come in the order of calendar, first day, weekday and opening."""
    weeks: dict[str, list[Week]] = {}
    for (code, starts_on), group in groupby(rows, itemgetter(0, 1)):
        days: list[list[Span]] = [[] for _ in range(7)]
        for _, _, weekday, opens, closes in group:
            days[weekday - 1].append(Span(opens, closes))
        weeks.setdefault(code, []).append(Week(date.fromisoformat(starts_on), tuple(tuple(day) for day in days)))
    return {code: tuple(each) for code, each in weeks.items()}


def _exceptions(rows: list[list[Any]]) -> dict[str, tuple[ExceptionalDay, ...]]:
    days: dict[str, list[ExceptionalDay]] = {}
    for (code, day, nation), group in groupby(rows, itemgetter(0, 1, 2)):
        spans = list(group)
        # One row without hours closes the day, whatever stands beside it.
        is_closed = any(opens is None for _, _, _, opens, _, _ in spans)
        kept = () if is_closed else tuple(Span(opens, closes) for _, _, _, opens, closes, _ in spans)
        days.setdefault(code, []).append(ExceptionalDay(date.fromisoformat(day), nation, kept, spans[0][5]))
    return {code: tuple(each) for code, each in days.items()}


def _care_terms(row: list[Any]) -> CareTerms:
    code, starts_on, rank, promise, calendar_code, days, same_day_by, next_day_by, minutes = row
    return CareTerms(
        code=code,
        starts_on=date.fromisoformat(starts_on),
        rank=rank,
        promise=promise,
        calendar_code=calendar_code,
        days=days,
        same_day_by=None if same_day_by is None else time.fromisoformat(same_day_by),
        next_day_by=None if next_day_by is None else time.fromisoformat(next_day_by),
        minutes=minutes,
    )
