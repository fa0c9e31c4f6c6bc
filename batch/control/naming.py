"""Which run is meant where somebody names a net and a district and no date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, case, or_, select
from sqlalchemy.orm import Session

from batch.control.deeds import business_date_of
from batch.control.runs import find_run, last_planned
from batch.model import JobExecution, JobInstance
from batch.repository import of_district
from batch.turns import NIGHT_NET, next_turn
from batch.words import InstanceState


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRun:
    """A run by its name; there need be none of it yet."""

    net: str
    district_code: str
    business_date: date
    parameter_key: str = ""


def run_at_hand(session: Session, net: str, district_code: str, business_date: date | None = None, parameter_key: str = "") -> NamedRun:
    """The run of that date. Where none is named one that has begun and is not finished comes first: the one that runs, else the oldest.

    Else it is the next: of a district's night the one whose turn it is, planned or not, and of another net the next to start, or the last.
    Whoever runs, starts, watches or tells a run something without a date means the same one.

    Raises:
        NotFound: CSS600E no such net, CSS101E no such district, CSS633E nothing of it is planned.
        BadMessage: CSS631E a district for a net of the whole house or none for another.
        Refused: CSS980E it is not planned, and the net does not run for that date.
    """
    asked = NamedRun(net=net, district_code=district_code, business_date=business_date or date.min, parameter_key=parameter_key)
    found_run = find_run(session, asked)  # what is wrong with the name is said first
    if business_date is not None:
        if found_run.row is None:
            # Neither planned nor run for it by hand: such a run would fail, and stand before every later one for good.
            found_run.net.require_date(business_date)
        return asked
    is_night = net == NIGHT_NET and not parameter_key
    found = session.execute(
        select(JobInstance.business_date)
        .where(
            JobInstance.net == net,
            of_district(district_code),
            JobInstance.parameter_key == parameter_key,
            JobInstance.state.not_in((InstanceState.COMPLETED, InstanceState.SKIPPED)),
            # A night that is only planned may be far ahead of the one whose turn it is.
            *((_has_begun(),) if is_night else ()),
        )
        .order_by(
            case((JobInstance.state == InstanceState.RUNNING, 0), (_has_begun(), 1), else_=2),
            JobInstance.business_date,
        )
        .limit(1)
    ).scalar_one_or_none()
    if found is None:
        found = (
            next_turn(session, business_date_of(session, district_code))
            if is_night
            else last_planned(session, net, district_code, parameter_key)
        )
    return NamedRun(net=net, district_code=district_code, business_date=found, parameter_key=parameter_key)


def _has_begun() -> ColumnElement[bool]:
    """Whether a run was ever at work. One of which a step is to be run again is planned anew, and has begun all the same."""
    has_attempt = select(JobExecution.id).where(JobExecution.job_instance_id == JobInstance.id).exists()
    return or_(JobInstance.state.in_((InstanceState.RUNNING, InstanceState.FAILED, InstanceState.STOPPED)), has_attempt)


def last_begun(session: Session, net: str, district_code: str, business_date: date | None = None, parameter_key: str = "") -> NamedRun:
    """The run of that date; where none is named the last that has begun. Errors as for ``run_at_hand``."""
    if business_date is not None:
        return run_at_hand(session, net, district_code, business_date, parameter_key)
    found = session.execute(
        select(JobInstance.business_date)
        .where(
            JobInstance.net == net,
            of_district(district_code),
            JobInstance.parameter_key == parameter_key,
            JobInstance.state.not_in((InstanceState.PLANNED, InstanceState.SKIPPED)),
        )
        .order_by(JobInstance.business_date.desc())
        .limit(1)
    ).scalar_one_or_none()
    return run_at_hand(session, net, district_code, found, parameter_key)
