"""Seeing to it that a run that was asked to start does: by a clock, or where none looks by a process of its own."""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, func, select, update

from batch.clock.launching import Launch, a_clock_beats, claim_is_over, start, telling_key
from batch.clock.seen import look, waiting_of
from batch.clock.times import LookingTime
from batch.control.commands import NightTold
from batch.model import JobInstance
from batch.nets import NETS
from batch.rules.readiness import TRY_AGAIN_AFTER, Wait
from css.db.engine import transaction

LOG = logging.getLogger(__name__)
NOT_YET: Final = frozenset({Wait.HELD, Wait.EARLIER, Wait.TIME, Wait.BEFORE})
"""What a clock would wait for too."""


def see_to_start(engine: Engine, told: NightTold, *, home: Path) -> str:
    """To be called by a door after its transaction, when the run is asked to start; what comes of it, in a sentence.

    Empty where nothing is to be started. Two doors at once start it once. The wish stands until an attempt has begun, so what cannot
    be started now is started by the clock that comes, or by whoever starts it next.
    """
    if not told.is_start_asked:
        return ""
    with transaction(engine) as session:
        if a_clock_beats(session):
            return "A clock starts it within a quarter of a minute."
        now = LookingTime(engine)(session)
        waiting = waiting_of(look(session, NETS, now), told.job_instance_id)
        if waiting.kind in NOT_YET:
            return f"No clock looks, so nothing starts it yet. {waiting.words}"
        is_ours = JobInstance.id == told.job_instance_id
        row = session.execute(select(JobInstance).where(is_ours)).scalar_one()
        launch = Launch(row.district_code or "", row.business_date, row.net, row.parameter_key)
        key = telling_key(launch.net, launch.district_code, launch.business_date, launch.parameter_key)
        session.execute(select(func.pg_advisory_xact_lock(key)))
        claimed = session.execute(
            update(JobInstance)
            .where(is_ours, JobInstance.start_asked_at.is_not(None), claim_is_over(now))
            .values(claimed_until=now + TRY_AGAIN_AFTER)
            .returning(JobInstance.id)
        ).one_or_none()
    if claimed is None:
        return "Somebody has started it already."
    try:
        log = start(launch, home=home)
    except (OSError, subprocess.SubprocessError) as error:
        LOG.exception("no process could be started")
        with transaction(engine) as session:
            session.execute(update(JobInstance).where(is_ours).values(claimed_until=None))
        return f"It is noted, but no process could be started here: {error}. A clock that comes starts it; when that is mended, start does."
    return f"No clock looks, so it was started here; what it says stands in {log}."
