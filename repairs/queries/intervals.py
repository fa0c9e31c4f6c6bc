"""What a fault's clock is reckoned from, as the rules take it: its intervals, what was promised for it, and which MBORC covers it."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session

from css.core.calendar import Nation, london_date
from css.master.care_levels import care_book
from css.master.districts import District
from css.master.lines import Line
from css.master.plant import DistributionPoint, Pair
from repairs.model import ClockInterval, Fault, Mborc
from repairs.reference import policy_on
from repairs.rules.clock import Cover, Interval, Promise
from repairs.words import Activity


def intervals_of(session: Session, fault_id: int) -> tuple[Interval, ...]:
    """A fault's intervals in order, with the cause of each MBORC."""
    rows = session.execute(
        select(ClockInterval, Mborc.cause)
        .outerjoin(Mborc, Mborc.id == ClockInterval.mborc_id)
        .where(ClockInterval.fault_id == fault_id)
        .order_by(ClockInterval.starts_at, ClockInterval.ends_at.nulls_last(), ClockInterval.id)
        .execution_options(populate_existing=True)
    )
    return tuple(_interval(row.ClockInterval, row.cause) for row in rows)


def promises_of(session: Session, fault: Fault) -> tuple[Promise, ...]:
    """What was promised for a fault: its own level from the acceptance, and a bought one from when it was bought."""
    nation = nation_of(session, fault.district_code)
    accepted_on = london_date(fault.accepted_at)
    book = care_book(session, accepted_on)
    own = fault.care_level
    if fault.is_expedited:
        own = fault.line_care_level
        if fault.is_priority:
            own = book.better(own, policy_on(session, accepted_on).priority_level)
    bought_at_once = fault.is_expedited and fault.expedited_at == fault.accepted_at
    due_at = book.due_at(own, fault.accepted_at, nation) if bought_at_once else fault.original_due_at
    first = Promise(own, fault.accepted_at, due_at, book.hours(own, nation))
    if not fault.is_expedited or fault.expedited_at is None:
        return (first,)
    later = care_book(session, london_date(fault.expedited_at))
    level = fault.care_level
    return (first, Promise(level, fault.expedited_at, later.due_at(level, fault.expedited_at, nation), later.hours(level, nation)))


def nation_of(session: Session, district_code: str) -> Nation:
    """In which nation a district lies: whose bank holidays it keeps."""
    nation = session.execute(select(District.nation).where(District.code == district_code)).scalar_one()
    return nation.value


def covers_of(session: Session, fault: Fault, since: datetime) -> list[Cover]:
    """The MBORCs that were in force for a fault at any time after ``since``."""
    asked = {"district": fault.district_code, "exchange": fault.exchange_id, "line": fault.line_id, "since": since}
    return [Cover(*row) for row in session.execute(_covers(), asked)]


@cache
def _covers() -> Select[*tuple[Any, ...]]:
    """Built once, as every report asks it (docs/decisions/0143). Uses ix_mborc_in_force."""
    cabinet = (
        select(DistributionPoint.cabinet_id)
        .join(Pair, Pair.distribution_point_id == DistributionPoint.id)
        .join(Line, Line.pair_id == Pair.id)
        .where(Line.id == bindparam("line"))
        .scalar_subquery()
    )
    return select(Mborc.id, Mborc.starts_at, Mborc.ends_at, Mborc.cause).where(
        Mborc.district_code == bindparam("district"),
        Mborc.activity == Activity.REPAIR,
        or_(Mborc.ends_at.is_(None), Mborc.ends_at > bindparam("since")),
        or_(
            Mborc.exchange_id.is_(None) & Mborc.cabinet_id.is_(None),
            Mborc.exchange_id == bindparam("exchange"),
            Mborc.cabinet_id == cabinet,
        ),
    )


def _interval(row: ClockInterval, cause: str | None) -> Interval:
    """A stored interval as the rules take it."""
    return Interval(
        row.state, row.starts_at, row.ends_at, row.reason, row.words, row.mborc_id, cause, begun_by=row.begun_by, ended_by=row.ended_by
    )
