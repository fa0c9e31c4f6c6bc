"""A month of the books for tests: its figures kept with the verbs the month's net calls, and closed."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.orm import Session

from billing.actions import periods
from billing.queries.period_ledger import PeriodAsked
from billing.rules.period import PeriodFigures
from billing.words import FigureSubject, PeriodKind
from css.master.districts import close_business_date, roll_business_date
from tests.records.billed import NIGHT, at

BILLING = (*periods.LEDGER_SUBJECTS, FigureSubject.DEBTORS, FigureSubject.WAITING_USAGE)


def month(day: date) -> PeriodAsked:
    """The month of a day."""
    return PeriodAsked("ZZ", PeriodKind.MONTH, day.replace(day=1))


def keep(session: Session, asked: PeriodAsked) -> None:
    """All figures of a month that billing can say."""
    periods.keep_trial_balance(session, asked)
    periods.keep_vat(session, asked)
    periods.keep_figures(session, asked, BILLING)
    periods.keep_unbilled(session, asked)
    session.flush()


def end(session: Session, asked: PeriodAsked) -> None:
    """Every night of it is over."""
    roll_business_date(session, "ZZ", to=asked.last_on + timedelta(days=1))
    close_business_date(session, "ZZ", through=asked.last_on)


def close(session: Session, asked: PeriodAsked) -> PeriodFigures:
    """The nights, the figures and the close."""
    end(session, asked)
    keep(session, asked)
    return periods.close_period(session, asked, by=NIGHT, at=at(asked.last_on))


def close_quarter(session: Session, day: date) -> PeriodFigures:
    """A quarter whose months are closed."""
    asked = PeriodAsked("ZZ", PeriodKind.QUARTER, day)
    periods.keep_quarter(session, asked)
    session.flush()
    return periods.close_period(session, asked, by=NIGHT, at=at(asked.last_on))
