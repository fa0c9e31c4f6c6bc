"""Whose turn it is: a district's nights run in the order of their dates, each once, and skipped dates are passed over."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from batch.model import JobInstance, StepExecution
from batch.rules.readiness import first_open, run_words
from batch.words import InstanceState, StepState
from css.core.errors import Refused
from css.master.districts import BusinessDate

NIGHT_NET: Final = "night"
OPEN_AGAIN: Final = (InstanceState.PLANNED, InstanceState.RUNNING, InstanceState.FAILED, InstanceState.STOPPED)


def next_turn(session: Session, row: BusinessDate) -> date:
    """The night that a district runs next: that of the day after the last one closed, or of the first day after it that is not skipped."""
    skipped = set(
        session.execute(
            select(JobInstance.business_date).where(
                JobInstance.net == NIGHT_NET,
                JobInstance.district_code == row.district_code,
                JobInstance.parameter_key == "",
                JobInstance.state == InstanceState.SKIPPED,
                JobInstance.business_date > row.closed_through,
            )
        ).scalars()
    )
    return first_open(row.closed_through, skipped)


def check_turn(session: Session, row: BusinessDate, business_date: date) -> None:
    """Nights of a district run in order, each once; one of which a step is to be run again may, whatever came after it.

    Raises:
        Refused: CSS604E, an earlier night is not closed; CSS605E, this one is closed already; CSS634E, it is skipped.
    """
    expected = next_turn(session, row)
    if business_date > expected:
        raise Refused(
            "CSS604E",
            "The night of {expected} is not closed in district {district}; run it before {asked}.",
            expected=expected,
            district=row.district_code,
            asked=business_date,
        )
    if row.closed_through < business_date < expected:
        # Passed over and not closed: whatever lies between the last date that was closed and the next turn is skipped.
        raise skipped(run_words(NIGHT_NET, row.district_code, business_date), "run")
    if business_date < expected and not _is_open_again(session, row.district_code, business_date):
        raise Refused(
            "CSS605E",
            "The night of {asked} is closed in district {district}; the next one is {expected}.",
            asked=business_date,
            district=row.district_code,
            expected=expected,
        )


def skipped(run: str, verb: str) -> Refused:
    """Refused CSS634E: the run was left out. ``run`` in words, with a capital."""
    return Refused("CSS634E", "{run} is skipped: there is nothing to {verb}. Release undoes it.", run=run, verb=verb)


def _is_open_again(session: Session, district_code: str, business_date: date) -> bool:
    """Whether a night that rolled its date is to be run once more though its date is closed: a step of it is run again."""
    rolled = (
        select(StepExecution.id)
        .join(JobInstance, JobInstance.id == StepExecution.job_instance_id)
        .where(
            JobInstance.net == NIGHT_NET,
            JobInstance.district_code == district_code,
            JobInstance.business_date == business_date,
            JobInstance.parameter_key == "",
            JobInstance.state.in_(OPEN_AGAIN),
            StepExecution.step == "roll-date",
            StepExecution.state == StepState.COMPLETED,
            StepExecution.superseded_at.is_(None),
        )
    )
    return bool(session.execute(select(rolled.exists())).scalar_one())
