"""Working calendars: in which hours of the week something is open, on which days it is not, and what a care level promises."""

from __future__ import annotations

from datetime import date, time

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from css.core.words import NationCode
from css.db.base import Base, Id, SmallNumber, choice

_MINUTES = "opens_minute BETWEEN 0 AND 1439 AND closes_minute BETWEEN 1 AND 1440 AND opens_minute < closes_minute"


class WorkingCalendar(Base):
    """Hours by which something is reckoned: a care level's clock, an engineer's shift, an answer's time limit."""

    __tablename__ = "working_calendar"
    __table_args__ = ({"schema": "css"},)

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    time_zone: Mapped[str] = mapped_column(server_default="Europe/London")
    """IANA name: the clocks on the wall by which it opens and closes."""
    keeps_bank_holidays: Mapped[bool] = mapped_column(Boolean)
    """Whether it is closed on the bank holidays of the nation it is asked for."""


class WorkingSpan(Base):
    """Open hours of one weekday, by the clock on the wall, from a day on: the latest that has begun for the calendar counts."""

    __tablename__ = "working_span"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday_of_week"),
        CheckConstraint(_MINUTES, name="opens_before_it_closes"),
        ExcludeConstraint(
            ("calendar_code", "="),
            ("starts_on", "="),
            ("weekday", "="),
            (text("int4range(opens_minute, closes_minute)"), "&&"),
            name="ex_working_span_overlap",
            using="gist",
        ),
        {"schema": "css"},
    )

    id: Mapped[Id]
    calendar_code: Mapped[str] = mapped_column(ForeignKey("css.working_calendar.code"))
    starts_on: Mapped[date]
    weekday: Mapped[SmallNumber] = mapped_column(Integer)
    """ISO: 1 is Monday, 7 Sunday."""
    opens_minute: Mapped[SmallNumber] = mapped_column(Integer)
    """Minutes after midnight."""
    closes_minute: Mapped[SmallNumber] = mapped_column(Integer)
    """Minutes after midnight; 1440 is the midnight that ends the day."""


class CalendarException(Base):
    """A day that is not as its weekday: other hours, or none. Several rows a day are several spans."""

    __tablename__ = "calendar_exception"
    __table_args__ = (
        CheckConstraint(f"(opens_minute IS NULL AND closes_minute IS NULL) OR ({_MINUTES})", name="opens_before_it_closes"),
        Index(
            "uq_calendar_exception_day",
            "calendar_code",
            "day",
            "nation",
            "opens_minute",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        {"schema": "css"},
    )

    id: Mapped[Id]
    calendar_code: Mapped[str] = mapped_column(ForeignKey("css.working_calendar.code"))
    day: Mapped[date]
    """The day, by the calendar's own clocks."""
    nation: Mapped[NationCode | None] = mapped_column(choice(NationCode, "nation"))
    """None: in every nation."""
    opens_minute: Mapped[SmallNumber | None] = mapped_column(Integer)
    """Minutes after midnight; None: closed all day."""
    closes_minute: Mapped[SmallNumber | None] = mapped_column(Integer)
    """None: closed all day."""
    reason: Mapped[str]


class CareLevelTerms(Base):
    """What a care level promises for faults accepted from a day on: the latest row that has begun counts."""

    __tablename__ = "care_level_terms"
    __table_args__ = (
        CheckConstraint("num_nonnulls(days, same_day_by, minutes) = 1", name="one_promise"),
        CheckConstraint("(same_day_by IS NULL) = (next_day_by IS NULL)", name="same_or_next_day"),
        CheckConstraint("days BETWEEN 0 AND 30", name="days_in_reach"),
        CheckConstraint("minutes > 0", name="minutes_count"),
        {"schema": "css"},
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    rank: Mapped[SmallNumber] = mapped_column(Integer)
    """The better the promise, the higher."""
    promise: Mapped[str]
    """In words, as a screen shows it."""
    calendar_code: Mapped[str] = mapped_column(ForeignKey("css.working_calendar.code"))
    """Whose days count, and by which pauses are measured."""
    days: Mapped[SmallNumber | None] = mapped_column(Integer)
    """By 23:59 so many counted days after the day of acceptance."""
    same_day_by: Mapped[time | None]
    """Accepted at or before this time: by 23:59 the same day."""
    next_day_by: Mapped[time | None]
    """Accepted after it: by this time the next day."""
    minutes: Mapped[SmallNumber | None] = mapped_column(Integer)
    """So many open minutes after acceptance."""
