"""What one person did, in what the next is told: a step that was left out before a rerun, and who was first of two."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from batch.control import night_verb, rerun_step
from batch.control.commands import NightTold, RerunStep
from batch.model import StepControl
from batch.nets import NETS
from batch.words import InstanceState, StepState
from css.core.errors import CssError
from tests import builders
from tests.batch.told_night import AT, CHORES, DAY, SAM, SUE, run_of

DONE = StepState.COMPLETED


@pytest.fixture(autouse=True)
def _nets(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    builders.district(session)
    monkeypatch.setitem(NETS, "chores", CHORES)


def rerun(session: Session, step: str, *, is_started: bool = True) -> NightTold:
    command = RerunStep(net="chores", district_code="ZZ", business_date=DAY, step=step, reason="Because.", is_started=is_started)
    return rerun_step(session, command, by=SAM, at=AT, approved_by=SUE)


def refusal(session: Session, step: str) -> str:
    with pytest.raises(CssError) as refused:
        rerun(session, step)
    return refused.value.text


def test_a_rerun_says_of_what_somebody_left_out_that_it_stays_so(session: Session) -> None:
    run = run_of(session, CHORES, InstanceState.STOPPED, wash=DONE, dry=StepState.SKIPPED)
    session.add(StepControl(job_instance_id=run, step="dry", skipped_at=AT, skipped_by="SUE", skip_reason="Hot."))
    session.flush()
    seen = night_verb(session, "rerun", "ZZ", DAY, "wash", by=SAM, at=AT, net="chores")
    assert seen.consequences[1] == "dry: stays left out, as SUE said: Hot. Rerun of dry itself does it."
    seen = night_verb(session, "rerun", "ZZ", DAY, "dry", by=SAM, at=AT, net="chores")
    assert seen.consequences == ("dry: was skipped; it is looked at again.",)
    rerun(session, "wash")
    assert session.execute(select(StepControl.skipped_by)).scalar_one() == "SUE", "as it was said"


def test_whoever_is_second_to_run_a_step_again_is_told_who_was_first(session: Session) -> None:
    run_of(session, CHORES, InstanceState.COMPLETED, wash=DONE, dry=DONE)
    rerun(session, "wash", is_started=False)
    for step in ("wash", "dry"):
        assert refusal(session, step) == (
            f"CSS635E The chores run of ZZ for 2 March 2026: {step} is to be run again already, as SAM said of wash at 03:00 on "
            "3 March 2026: Because. Start takes it up."
        )
    assert refusal(session, "write").startswith("CSS638E Step write has not begun in this run")
