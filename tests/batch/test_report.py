"""The morning report says what is known of a night, also of one that stopped."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from batch import nets, queries
from batch.balance import BookBreach
from batch.engine import run_net
from batch.net import Context
from batch.report.facts import Facts
from batch.report.reading import read
from batch.report.text import as_text
from batch.report.writing import as_undisturbed, files_of, write_stopped
from batch.steps import books
from batch.words import InstanceState
from css.core.actor import Actor
from css.core.calendar import london_instant
from css.core.clock import FixedClock
from css.db.engine import transaction
from tests import builders
from tests.scenarios.nights import run_night

BALANCED = "The books balance."
BY = Actor("batch", "night", "RETAIL", door="night")


def _context(engine: Engine, home: Path) -> Context:
    with transaction(engine) as session:
        instance = queries.instance_id(session, "ZZ", builders.DAY)
    return Context("ZZ", builders.DAY, builders.AT + timedelta(days=1), BY, home, instance)


def _facts(engine: Engine, home: Path) -> Facts:
    with transaction(engine) as session:
        return read(session, _context(engine, home).job_instance_id, by=BY)


def test_a_night_that_stopped_is_reported_at_once_and_again_when_it_is_done(
    fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction(fresh_engine) as session:
        builders.district(session)
    with monkeypatch.context() as patched:
        patched.setattr(books, "find_breaches", lambda *_: (BookBreach("bills-add-up", "ZZ", "Bill ZZB00000014 is a penny out."),))
        at = london_instant(builders.DAY + timedelta(days=1), time(2, 15))
        outcome = run_net(fresh_engine, nets.NIGHT, Context("ZZ", builders.DAY, at, BY, tmp_path), clock=FixedClock(at))
    assert outcome.error is not None
    assert outcome.error.code == "CSS620E"
    assert outcome.return_code == 12
    facts = _facts(fresh_engine, tmp_path)
    assert (facts.state, facts.is_done, facts.is_balanced, facts.return_code) == (InstanceState.FAILED, False, False, 12)
    stopped = as_text(facts)
    assert "check-books        failed" in stopped
    assert "FAILED in attempt 1 with return code 12." in stopped
    assert "Find the cause before anything else" in stopped
    assert BALANCED not in stopped

    with transaction(fresh_engine) as session:
        paths = write_stopped(session, _context(fresh_engine, tmp_path))
    left = tmp_path / "spool" / "ZZ" / builders.DAY.isoformat()
    assert {Path(path) for path in paths} == {left / "morning-report.txt", left / "morning-report.pdf"}
    assert (left / "morning-report.txt").read_text(encoding="utf-8") == stopped

    run_night(fresh_engine, "ZZ", builders.DAY, tmp_path)
    finished = _facts(fresh_engine, tmp_path)
    assert BALANCED in as_text(finished)
    assert "Done in 0 s, at the 2nd attempt. Return code 0." in as_text(finished)
    assert "1  03 Mar 02:15:00 to 02:15:00  failed, return code 12  by night" in as_text(finished)
    published = tmp_path / "spool" / "morning-report" / "ZZ" / builders.DAY.isoformat()
    # What the night leaves does not tell how often it was begun: it has the bytes of one that nothing disturbed.
    expected = files_of(as_undisturbed(finished))
    assert {name: (published / name).read_bytes() for name in expected} == expected
    assert b"attempt" not in expected["morning-report.txt"]
    assert not list(left.glob("morning-report.*")), "the report of the stop made way for that of the end"
