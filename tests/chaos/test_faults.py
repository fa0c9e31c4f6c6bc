"""Whatever befalls the night but a kill: it is done in the end, and everything is as an undisturbed night leaves it."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from sqlalchemy import text

from css.chaos.attempts import Harm, Outcome
from css.chaos.every import KILLED
from css.chaos.faults import Fault, play
from css.chaos.faults_machine import no_space
from css.chaos.run import FAULTS
from css.chaos.stage import Stage
from css.chaos.traps import Deed, Place, wants_space
from css.db.engine import transaction

SEED = 1
OTHERS = [fault for fault in FAULTS if fault.name != "kill"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", OTHERS, ids=lambda fault: fault.name)
def test_it_makes_no_difference(stage: Stage, fault: Fault) -> None:
    for finding in play(stage, fault, SEED, 1):
        assert not finding.wrong, f"{finding.where}: {' '.join(finding.wrong)}"


@pytest.mark.timeout(300)
def test_a_full_disk_is_known_by_the_words_of_the_system_where_the_code_has_other_causes_too(stage: Stage) -> None:
    """A carrier's file that cannot be put away for want of room is CSS614E; a directory that is somebody else's is as well."""
    fault = next(fault for fault in FAULTS if fault.name == "spool-disk")
    with stage.ground.copied(stage.evening) as moment:
        at = next(name for step, name in stage.points if step == "collect-usage" and wants_space(name))
        outcome = stage.attempt(moment, Harm(Deed.NO_SPACE, Place(at, 1)))
        assert (outcome.return_code, outcome.code) == (16, "CSS614E")
        assert no_space(outcome) == ()
        assert no_space(replace(outcome, words="A carrier's file cannot be read or put away: in: Permission denied.")) != ()
        assert no_space(replace(outcome, return_code=8)) != ()
    for finding in play(stage, fault, 61177, 4):
        assert not finding.wrong, f"{finding.where}: {' '.join(finding.wrong)}"


@pytest.mark.timeout(300)
def test_what_is_not_as_it_was_is_named(stage: Stage) -> None:
    """The comparison itself: a penny, a missing row, a byte, a file too many and one half written are each told."""
    with stage.ground.copied(stage.evening) as moment:
        assert stage.attempt(moment).is_over
        assert stage.judge(moment) == ()
        engine = stage.ground.engine(moment)
        with transaction(engine) as session:
            # Behind the back of the triggers, which would refuse both.
            for table in ("billing.posting", "css.audit_event"):
                session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            session.execute(text("UPDATE billing.posting SET amount = amount + 1 WHERE id = (SELECT max(id) FROM billing.posting)"))
            session.execute(text("DELETE FROM css.audit_event WHERE id = (SELECT max(id) FROM css.audit_event)"))
        engine.dispose()
        bills = sorted((moment.home / "spool" / "bills").rglob("*.pdf"))
        bills[0].write_bytes(bills[0].read_bytes() + b" ")
        shutil.copy(bills[1], bills[1].with_name("again.pdf"))
        bills[1].with_name(f".{bills[1].name}.part").write_bytes(b"half")
        told = " ".join(stage.judge(moment))
    for wanted in (
        "billing.posting: ",
        "css.audit_event: ",
        f"{bills[0].name} has other bytes",
        "again.pdf should not be there",
        "debits are not credits",
        f"{bills[0].name} is not what was stored",
        ".part was left half written",
    ):
        assert wanted in told, told


@pytest.mark.timeout(300)
def test_a_number_drawn_twice_and_an_attempt_left_running_are_told(stage: Stage) -> None:
    with stage.ground.copied(stage.evening) as moment:
        killed = stage.attempt(moment, Harm(at=Place("", 200)))
        assert killed.status == KILLED
        told = " ".join(stage.judge(moment))
        assert "attempt 1 at the night is still marked running" in told
        assert stage.finish(moment) == ()
        attempts = stage.attempts(moment)
        assert [(one.state, one.return_code, one.message_code) for one in attempts] == [("failed", 16, "CSS610E"), ("completed", 4, None)]
        engine = stage.ground.engine(moment)
        with transaction(engine) as session:
            session.execute(text("UPDATE billing.bill_series SET last_serial = last_serial + 1"))
        engine.dispose()
        assert "is missing or there twice" in " ".join(stage.judge(moment))


@pytest.mark.timeout(300)
def test_a_trap_is_no_part_of_the_night(stage: Stage) -> None:
    """A place that never comes harms nothing, and every deed comes where it was told to."""
    with stage.ground.copied(stage.evening) as moment:
        outcome: Outcome = stage.attempt(moment, Harm(Deed.RAISE, Place("after commit", 10_000)))
        assert outcome.is_over
        assert outcome.points == stage.points or sorted(outcome.points) == sorted(stage.points)
        assert stage.judge(moment) == ()
