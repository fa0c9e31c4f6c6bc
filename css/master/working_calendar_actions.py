"""Changing working calendars and care levels: from a day to come on, so that what was promised stays promised.

A fault keeps the level it was accepted under; its due time is stored. What its clock reckons after a pause goes by the hours
as they are then.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import day_words
from css.core.codec import to_plain
from css.core.errors import BadMessage, CssError, Refusals, Refused
from css.core.hours_words import Days, read_day, read_week
from css.core.working_hours import Span, zone_named
from css.master.care_levels import forget_care_book, no_calendar
from css.master.districts import latest_business_date
from css.master.operator_changes import require_supervisor
from css.master.working_calendar_commands import SetCalendarException, SetCareLevel, SetWorkingHours, TermsSet
from css.master.working_calendars import CalendarException, CareLevelTerms, WorkingCalendar, WorkingSpan

CALENDAR_FORM: Final = re.compile(r"^[A-Z][A-Z0-9-]{1,19}\Z")
LEVEL_FORM: Final = re.compile(r"^[A-Z0-9][A-Z0-9.]{0,9}\Z")
WORDS_MAX: Final = 200
DAYS_MAX: Final = 30
MINUTES_MAX: Final = 366 * 24 * 60
RANK_MAX: Final = 1000
YEARS_AHEAD_MAX: Final = 20
LONDON_ZONE: Final = "Europe/London"


@audit.answered
def set_working_hours(session: Session, command: SetWorkingHours, *, by: Actor, at: datetime) -> TermsSet:
    """Set the hours of a calendar's week from a day on; a week set for that day is replaced. Makes the calendar if there is none.

    Raises:
        Refused: CSS111E the actor may not; CSS851E the day. BadMessage: CSS838E, CSS839E the hours, CSS854E the zone, CSS855E
            the code or the name; all at once as ``Several``.
    """
    require_supervisor(by)
    wrong = Refusals()
    code = command.calendar_code.strip().upper()
    calendar = session.get(WorkingCalendar, code, with_for_update=True)
    days = wrong.reading(lambda: read_week(command.hours))
    wrong.add(*day_faults(session, command.starts_on))
    if calendar is None:
        wrong.add(*_form_faults(code, CALENDAR_FORM, "2 to 20 capitals, digits and hyphens, a letter first", "calendar_code"))
        wrong.add(*_word_faults(name=command.name or ""))
        wrong.reading(lambda: zone_named(command.time_zone or LONDON_ZONE))
    else:
        wrong.add(*_kept_faults(calendar, command))
        wrong.add(*(_word_faults(name=command.name) if command.name is not None else ()))
    wrong.tell()
    assert days is not None, "what could not be read has been told"
    if calendar is None:
        calendar = WorkingCalendar(
            code=code,
            name=(command.name or "").strip(),
            time_zone=command.time_zone or LONDON_ZONE,
            keeps_bank_holidays=command.keeps_bank_holidays is not False,
        )
        session.add(calendar)
    elif command.name is not None:
        calendar.name = command.name.strip()
    session.flush()
    _keep_week(session, code, command.starts_on, days)
    _tell(session, command, "set_working_hours", ("working-calendar", code), by=by, at=at)
    return TermsSet(code=code, starts_on=command.starts_on)


@audit.answered
def set_calendar_exception(session: Session, command: SetCalendarException, *, by: Actor, at: datetime) -> TermsSet:
    """Say that a day of a calendar is not as its weekday, in one nation or in all, or that it is so again.

    Raises:
        NotFound: CSS836E no such calendar. Refused: CSS111E the actor may not; CSS851E the day. BadMessage: CSS838E, CSS839E the
            hours, CSS855E no reason; all at once as ``Several``.
    """
    require_supervisor(by)
    wrong = Refusals()
    code = command.calendar_code.strip().upper()
    if session.get(WorkingCalendar, code, with_for_update=True) is None:
        wrong.add(no_calendar(code, dict.fromkeys(_calendar_codes(session))))
    wrong.add(*day_faults(session, command.day, element="day"))
    spans: tuple[Span, ...] | None = ()
    if not command.is_withdrawn:
        spans = wrong.reading(lambda: read_day(command.hours))
        wrong.add(*_word_faults(reason=command.reason))
    wrong.tell()
    at_nation = CalendarException.nation.is_not_distinct_from(command.nation)
    session.execute(
        delete(CalendarException).where(CalendarException.calendar_code == code, CalendarException.day == command.day, at_nation)
    )
    if not command.is_withdrawn:
        where = {"calendar_code": code, "day": command.day, "nation": command.nation, "reason": command.reason.strip()}
        rows = [{**where, **span._asdict()} for span in spans or ()] or [{**where, "opens_minute": None, "closes_minute": None}]
        session.execute(insert(CalendarException), rows)
    _tell(session, command, "set_calendar_exception", ("working-calendar", code), by=by, at=at)
    return TermsSet(code=code, starts_on=command.day)


@audit.answered
def set_care_level(session: Session, command: SetCareLevel, *, by: Actor, at: datetime) -> TermsSet:
    """Set what a care level promises to faults accepted from a day on, or make a new level. Terms set for that day are replaced.

    Raises:
        NotFound: CSS836E no such calendar. Refused: CSS111E the actor may not; CSS851E the day, CSS852E not exactly one promise,
            CSS853E a figure. BadMessage: CSS852E a time, CSS855E the code or the words; all at once as ``Several``.
    """
    require_supervisor(by)
    wrong = Refusals()
    code, calendar_code = command.code.strip().upper(), command.calendar_code.strip().upper()
    wrong.add(*_form_faults(code, LEVEL_FORM, "1 to 10 capitals, digits and points", "code"))
    wrong.add(*day_faults(session, command.starts_on))
    wrong.add(*_word_faults(promise=command.promise))
    codes = _calendar_codes(session)
    if calendar_code not in codes:
        wrong.add(no_calendar(calendar_code, dict.fromkeys(codes)))
    if code in codes:
        wrong.add(Refused("CSS855E", "{code} is a calendar's code; a care level needs another.", code=code, element="code"))
    wrong.add(*figure_faults(rank=(command.rank, 0, RANK_MAX), days=(command.days, 0, DAYS_MAX), minutes=(command.minutes, 1, MINUTES_MAX)))
    same_day_by = wrong.reading(lambda: _read_time(command.same_day_by, "same_day_by"))
    next_day_by = wrong.reading(lambda: _read_time(command.next_day_by, "next_day_by"))
    wrong.add(*_promise_faults(command))
    wrong.tell()
    row = insert(CareLevelTerms).values(
        code=code,
        starts_on=command.starts_on,
        rank=command.rank,
        promise=command.promise.strip(),
        calendar_code=calendar_code,
        days=command.days,
        same_day_by=same_day_by,
        next_day_by=next_day_by,
        minutes=command.minutes,
    )
    names = ("rank", "promise", "calendar_code", "days", "same_day_by", "next_day_by", "minutes")
    session.execute(row.on_conflict_do_update(index_elements=["code", "starts_on"], set_={name: row.excluded[name] for name in names}))
    _tell(session, command, "set_care_level", ("care-level", code), by=by, at=at)
    return TermsSet(code=code, starts_on=command.starts_on)


def _keep_week(session: Session, code: str, starts_on: date, days: Days) -> None:
    session.execute(delete(WorkingSpan).where(WorkingSpan.calendar_code == code, WorkingSpan.starts_on == starts_on))
    rows = [
        {"calendar_code": code, "starts_on": starts_on, "weekday": weekday, **span._asdict()}
        for weekday, spans in enumerate(days, start=1)
        for span in spans
    ]
    session.execute(insert(WorkingSpan), rows)


def _tell(session: Session, command: object, verb: str, subject: tuple[str, str], *, by: Actor, at: datetime) -> None:
    audit.record(session, by=by, at=at, verb=verb, subject=subject, after=to_plain(command))
    session.flush()
    forget_care_book(session)


def _calendar_codes(session: Session) -> list[str]:
    return list(session.execute(select(WorkingCalendar.code).order_by(WorkingCalendar.code)).scalars())


def _kept_faults(calendar: WorkingCalendar, command: SetWorkingHours) -> list[CssError]:
    """A calendar's clocks and its holidays are its own for good: due times were reckoned by them. Another needs another code."""
    kept = (
        ("time_zone", command.time_zone, calendar.time_zone),
        ("keeps_bank_holidays", command.keeps_bank_holidays, calendar.keeps_bank_holidays),
    )
    sentence = "{what} of calendar {code} cannot be changed; make another calendar."
    return [
        Refused("CSS854E", sentence, what=element.replace("_", " ").capitalize(), code=calendar.code, element=element)
        for element, wanted, now in kept
        if wanted is not None and wanted != now
    ]


def _promise_faults(command: SetCareLevel) -> list[CssError]:
    given = [name for name in ("days", "same_day_by", "minutes") if getattr(command, name) is not None]
    if len(given) == 1 and (command.same_day_by is None) == (command.next_day_by is None):
        return []
    sentence = "A level promises one of: days, minutes, or same_day_by together with next_day_by."
    return [Refused("CSS852E", sentence, element=given[1] if len(given) > 1 else "days")]


def day_faults(session: Session, day: date, *, element: str = "starts_on") -> list[CssError]:
    """CSS851E unless it begins after every district's business date: nothing under way changes beneath somebody's hands."""
    on = latest_business_date(session)
    if on < day and day.year <= on.year + YEARS_AHEAD_MAX:
        return []
    sentence = "It can begin from the day after {on}, the business date, and within {years} years."
    return [Refused("CSS851E", sentence, on=day_words(on), years=YEARS_AHEAD_MAX, element=element)]


def _form_faults(code: str, form: re.Pattern[str], words: str, element: str) -> list[CssError]:
    if form.match(code):
        return []
    return [BadMessage("CSS855E", "{code!r} is no such code: it has {words}.", code=code[:40], words=words, element=element)]


def _word_faults(**texts: str) -> list[CssError]:
    return [
        BadMessage("CSS855E", "{what}: 1 to {most} characters.", what=element.capitalize(), most=WORDS_MAX, element=element)
        for element, text in texts.items()
        if not 0 < len(text.strip()) <= WORDS_MAX
    ]


def figure_faults(**figures: tuple[int | None, int, int]) -> list[CssError]:
    """CSS853E for each figure, by its field, that is given and not from the least to the most allowed."""
    return [
        Refused(
            "CSS853E", "{what}: {least} to {most}.", what=element.replace("_", " ").capitalize(), least=least, most=most, element=element
        )
        for element, (figure, least, most) in figures.items()
        if figure is not None and not least <= figure <= most
    ]


def _read_time(text: str | None, element: str) -> time | None:
    if text is None:
        return None
    try:
        found = time.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise BadMessage("CSS852E", "Write the time like 13:00.", element=element)
    return found
