"""The morning report says what is known of a night, also of one that stopped."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from batch import nets, queries
from batch.engine import run_net
from batch.net import Context
from batch.steps import books
from batch.steps.report import morning_report
from billing.checks import Difference
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.db.engine import transaction
from tests import builders
from tests.scenarios.nights import run_night

BALANCED = "The books balance."


def _report(engine: Engine, home: Path) -> str:
    with transaction(engine) as session:
        instance = queries.instance_id(session, "ZZ", builders.DAY)
        by = Actor("batch", "night", "RETAIL", door="night")
        return morning_report(session, Context("ZZ", builders.DAY, builders.AT, by, home, instance))


def test_a_night_that_stopped_is_not_said_to_balance(fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction(fresh_engine) as session:
        builders.district(session)
    with monkeypatch.context() as patched:
        patched.setattr(books, "check_books", lambda *_: (Difference("bills_add_up", "Bill ZZB00000014 is a penny out."),))
        at = builders.AT + timedelta(days=1)
        context = Context("ZZ", builders.DAY, at, Actor("batch", "night", "RETAIL", door="night"), tmp_path)
        outcome = run_net(fresh_engine, nets.NIGHT, context, clock=FixedClock(at))
    assert outcome.error is not None
    assert outcome.error.code == "CSS620E"
    assert outcome.return_code == 12
    stopped = _report(fresh_engine, tmp_path)
    assert "check-books       failed" in stopped
    assert BALANCED not in stopped
    run_night(fresh_engine, "ZZ", builders.DAY, tmp_path)
    finished = _report(fresh_engine, tmp_path)
    assert BALANCED in finished
    assert (tmp_path / "spool" / "ZZ" / builders.DAY.isoformat() / "morning-report.txt").read_text(encoding="utf-8") == finished
