"""Seeing to it that a run that was asked to start does: by a clock, or where none looks by a process of its own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, update

from batch.clock.launching import Launch, a_clock_beats, start
from batch.clock.times import database_now
from batch.control.commands import NightTold
from batch.model import JobInstance
from css.db.engine import transaction

CLAIMED_FOR: Final = timedelta(minutes=5)
"""As long as a clock gives the process that it started."""


def see_to_start(engine: Engine, told: NightTold, *, home: Path) -> str:
    """To be called by a door after its transaction, when the run is asked to start; what comes of it, in a sentence.

    Empty where nothing is to be started. Two doors at once start it once.
    """
    if not told.is_start_asked:
        return ""
    with transaction(engine) as session:
        if a_clock_beats(session):
            return "A clock starts it within a quarter of a minute."
        row = session.execute(
            update(JobInstance)
            .where(JobInstance.id == told.job_instance_id, JobInstance.start_asked_at.is_not(None))
            .values(start_asked_at=None, claimed_until=database_now(session) + CLAIMED_FOR)
            .returning(JobInstance.net, JobInstance.district_code, JobInstance.business_date, JobInstance.parameter_key)
        ).one_or_none()
    if row is None:
        return "Somebody has started it already."
    log = start(Launch(row.district_code or "", row.business_date, row.net, row.parameter_key), home=home)
    return f"No clock looks, so it was started here; what it says stands in {log}."
