"""Districts: the unit of the night run and of scale-out; and the business date, which is a row and never "today"."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, String, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, Session, mapped_column

from css.core.errors import NotFound
from css.core.words import NationCode
from css.db.base import Base, choice, code_form

TURN_SECONDS: Final = 1
TURNS_MAX: Final = 600
"""Tries of the night to be alone with the date; after them it waits in the desks' own way."""
LOCK_NOT_AVAILABLE: Final = "55P03"


class District(Base):
    """One district: two letters that lead everything people read out, a name, a nation for its holidays."""

    __tablename__ = "district"
    __table_args__ = (code_form("code", "^[A-Z]{2}$", "code_form"), {"schema": "css"})

    code: Mapped[str] = mapped_column(String(2), primary_key=True)
    name: Mapped[str]
    nation: Mapped[NationCode] = mapped_column(choice(NationCode, "nation"))


class BusinessDate(Base):
    """The business date a district is on. What is keyed now belongs to it; the night rolls it before it reads anything."""

    __tablename__ = "business_date"
    __table_args__ = (CheckConstraint("closed_through < current_on", name="closed_before_current"), {"schema": "css"})

    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"), primary_key=True)
    current_on: Mapped[date]
    """Deeds done now are recorded for this date."""
    closed_through: Mapped[date]
    """The night of this date, and of all before it, is finished and balanced."""


def no_district(district_code: str) -> NotFound:
    """CSS101E, for whoever finds that there is no such district."""
    return NotFound(
        "CSS101E", "There is no district {district}; `css ask districts` lists them.", district=district_code[:20], element="district_code"
    )


def business_date(session: Session, district_code: str) -> date:
    """The district's current business date, held in common (FOR SHARE) until the transaction ends.

    Whoever records money or a service asks here, so the night's roll (FOR UPDATE) waits for deeds under way and every
    deed falls wholly before or wholly after the cut.

    Raises:
        NotFound: CSS101E, no such district.
    """
    row = session.get(BusinessDate, district_code, with_for_update={"read": True}, populate_existing=True)
    if row is None:
        raise no_district(district_code)
    return row.current_on


def latest_business_date(session: Session) -> date:
    """The latest of all districts' business dates, all held in common until the transaction ends: for what counts everywhere.

    A district that is behind comes to it in its turn; none that has its cut frozen does.

    Raises:
        NotFound: CSS101E, there are no districts.
    """
    rows = session.execute(
        select(BusinessDate).order_by(BusinessDate.district_code).with_for_update(read=True).execution_options(populate_existing=True)
    ).scalars()
    dates = [row.current_on for row in rows]
    if not dates:
        raise NotFound("CSS101E", "There is no district yet; `css do open-district` opens one.")
    return max(dates)


def roll_business_date(session: Session, district_code: str, *, to: date) -> date:
    """Move the district to ``to`` if it is not there yet; return the date it is on. Waits for deeds under way."""
    _take_turn(session)
    row = session.get(BusinessDate, district_code, with_for_update=True, populate_existing=True)
    if row is None:
        raise no_district(district_code)
    row.current_on = max(row.current_on, to)
    session.flush()
    return row.current_on


def _take_turn(session: Session) -> None:
    """Stand in line with the desks: a new deed joins those that hold the date in common, past whoever waits for it alone, so that
    desks that never rest would keep the night out for ever. The table's own lock is given in order.

    Nobody can key while we stand in that line, so not for long: behind a long deed we step back, let the desks go on, and try again.
    """
    for _ in range(TURNS_MAX):
        try:
            with session.begin_nested():
                session.execute(text(f"SET LOCAL lock_timeout = '{TURN_SECONDS}s'"))
                session.execute(text("LOCK TABLE css.business_date IN EXCLUSIVE MODE"))
                session.execute(text("SET LOCAL lock_timeout = DEFAULT"))
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
                raise
            session.execute(text(f"SELECT pg_sleep({TURN_SECONDS})"))
        else:
            return


def close_business_date(session: Session, district_code: str, *, through: date) -> None:
    """Mark the night of ``through`` finished and balanced."""
    row = session.get(BusinessDate, district_code, with_for_update=True, populate_existing=True)
    assert row is not None, f"district {district_code} has no business date"
    row.closed_through = max(row.closed_through, through)
    session.flush()
