"""A night whose reader has gone: the pipe is closed, the window is shut. It goes on, and ends as it would have."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from batch.engine import run_net
from batch.model import JobExecution
from batch.net import Context, Net, SingleStep, Step, Unwatched, Work
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.db.engine import transaction
from tests import builders

RUN = [sys.executable, "-m", "css", "night", "run", "ZZ"]
AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
TIMEOUT = 200


@pytest.fixture
def town(fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    with transaction(fresh_engine) as session:
        zz = builders.district(session)
        builders.working_line(session, zz, builders.account(session, zz))
    monkeypatch.setenv("CSS_DATABASE_URL", fresh_engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CSS_WORKERS", "2")
    yield fresh_engine
    fresh_engine.dispose()


def _attempts(engine: Engine) -> list[tuple[str, int | None, str | None]]:
    with transaction(engine) as session:
        rows = session.execute(select(JobExecution).order_by(JobExecution.id)).scalars()
        return [(row.state.value, row.return_code, row.message_code) for row in rows]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("together", [True, False], ids=["both closed", "only the progress closed"])
def test_a_night_goes_on_when_nobody_reads_what_it_says(town: Engine, tmp_path: Path, *, together: bool) -> None:
    """As with `css night run ZZ 2>&1 | head -1`: the status stays the run's own, and no traceback comes at the end."""
    reader, writer = os.pipe()
    os.close(reader)
    said = tmp_path / "said"
    with said.open("wb") as out:
        done = subprocess.run(RUN, stdout=writer if together else out, stderr=writer, check=False, timeout=TIMEOUT)
    os.close(writer)
    assert _attempts(town) == [("completed", 0, None)]
    assert done.returncode == 0
    assert ("is done (return code 0)" in said.read_text(encoding="utf-8")) is not together


@pytest.mark.timeout(300)
def test_a_refusal_that_nobody_reads_has_its_exit_status(town: Engine) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*RUN, "--date", "2027-01-01"], stdout=writer, stderr=writer, check=False, timeout=TIMEOUT)
    os.close(writer)
    assert done.returncode == 2
    assert _attempts(town) == []


@pytest.mark.timeout(300)
def test_a_night_outlives_the_window_it_was_started_in(town: Engine, tmp_path: Path) -> None:
    """The terminal goes while the first step is shown: it hangs up on every process of its session, and cannot be written to any more."""
    ours, theirs = pty.openpty()

    def take_terminal() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(RUN, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, preexec_fn=take_terminal)  # noqa: PLW1509 - no thread runs here yet
    os.close(theirs)
    shown = b""
    while b"--:--" not in shown and b"0:00:0" not in shown:
        shown += os.read(ours, 4096)
    os.close(ours)
    assert process.wait(TIMEOUT) == 0
    assert _attempts(town) == [("completed", 0, None)]
    log = (tmp_path / "home" / "log" / "css.log").read_text(encoding="utf-8")
    assert "Traceback" not in log


class _Deaf(Unwatched):
    """Cannot show anything."""

    def __init__(self, trouble: Exception) -> None:
        self.trouble = trouble
        self.told = 0

    def step_started(self, step: Step, *, total: int | None, done: int) -> None:  # noqa: ARG002 - as every watcher is told
        self.told += 1
        raise self.trouble


@pytest.mark.parametrize("trouble", [BrokenPipeError(32, "Broken pipe"), OSError(5, "Input/output error"), ValueError("closed file")])
def test_a_watcher_that_cannot_show_it_fails_no_step(engine: Engine, tmp_path: Path, trouble: Exception) -> None:
    with transaction(engine) as session:
        session.execute(
            text("INSERT INTO css.district (code, name, nation) VALUES ('ZX', 'Unheard', 'england-and-wales') ON CONFLICT DO NOTHING")
        )
    net = Net.in_line(f"deaf-{type(trouble).__name__}-{trouble.args[0]}", "Two steps.", tuple(_step(name) for name in ("one", "two")))
    watcher = _Deaf(trouble)
    context = Context("ZX", date(2026, 3, 1), AT, Actor("batch", "night/x", "RETAIL", door="night"), tmp_path)
    outcome = run_net(engine, net, context, clock=FixedClock(AT), watcher=watcher)
    assert (outcome.return_code, outcome.error, outcome.steps_done) == (0, None, 2)
    assert watcher.told == 1, "who cannot show it is told no more"


def _step(name: str) -> SingleStep:
    return SingleStep(name, name.capitalize(), lambda _session, _context: Work())
