"""A line test that takes long is done while ``css serve`` runs, whoever presses a key or nobody."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, select

from css.core.clock import SystemClock
from css.db.engine import transaction
from repairs.actions import test_line as have_tested
from repairs.commands.testing import TestLine
from repairs.heads.simulator import FULL_SECONDS
from repairs.model import LineTest
from repairs.words import TestKind, TestState
from tests.house.source import ROOT
from tests.records import faults
from tests.records.faults import BY


def test_nobody_presses_a_key_and_the_test_is_done(fresh_engine: Engine, tmp_path: Path) -> None:
    began_at = SystemClock().now() - timedelta(seconds=FULL_SECONDS)
    with transaction(fresh_engine) as session:
        number = faults.build(session).line.number
        begun = have_tested(session, TestLine(number=number, kind=TestKind.FULL), by=BY, at=began_at)
    assert begun.state is TestState.RUNNING
    url = fresh_engine.url.render_as_string(hide_password=False)
    environment = os.environ | {"CSS_DATABASE_URL": url, "CSS_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "css", "serve", "--port", "0", "--workers", "2"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, cwd=ROOT) as running:
        try:
            until = time.monotonic() + 120
            while _state(fresh_engine) is not TestState.DONE and time.monotonic() < until:
                time.sleep(0.2)
        finally:
            running.terminate()
            assert running.wait(20) == 0
    assert _state(fresh_engine) is TestState.DONE


def _state(engine: Engine) -> TestState:
    with engine.connect() as connection:
        return connection.execute(select(LineTest.state)).scalar_one()
