"""Ending an attempt: at its next block, or at once.

Who is killed is fenced first of all: whatever its process still does is refused by the repository, wherever it runs. That its
connections are ended and its process too, where it is on this machine, only makes it quick.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path
from typing import Final

from batch import repository
from batch.control.deeds import Deed, Outlook, Verb, already, capital, refuse_ended
from batch.control.runs import Run
from batch.model import JobExecution
from batch.rules.readiness import KILLED
from batch.rules.wording import clock_words
from batch.words import ExecutionState
from css.core.errors import Refused


def _running(run: Run) -> JobExecution | None:
    found = run.attempt
    return found if found is not None and found.state is ExecutionState.RUNNING else None


def _refuse_idle(run: Run, verb: str) -> JobExecution:
    refuse_ended(run, verb)
    attempt = _running(run)
    if attempt is None:
        raise Refused("CSS636E", "{run} is not running: there is nothing to {verb}.", run=capital(run.words), verb=verb)
    return attempt


def _consider_stop(deed: Deed) -> Outlook:
    run = deed.run
    attempt = _refuse_idle(run, "stop")
    if not run.is_alive:
        sentence = "The process of attempt {attempt} is gone without a word; start takes the run up again, kill marks the attempt as over."
        raise Refused("CSS636E", sentence, attempt=attempt.attempt)
    asked = run.planned.stop_asked_at
    if asked is not None:
        raise already("{run} was told to stop at {since} already.", run, since=clock_words(asked))
    return Outlook(
        (
            f"Attempt {attempt.attempt} ends when it has committed the block or item it is at; what was committed stays.",
            "The run is stopped then, and goes on from there when somebody starts it.",
        )
    )


def _stop(deed: Deed) -> None:
    deed.run.planned.stop_asked_at = deed.at


def _consider_kill(deed: Deed) -> Outlook:
    run = deed.run
    attempt = _refuse_idle(run, "kill")
    place = f"process {attempt.process_id} on {attempt.host}"
    first = f"Attempt {attempt.attempt}, {place}, is ended at once and writes nothing more; what it has not committed is gone."
    if not run.is_alive:
        first = f"Attempt {attempt.attempt}, {place}, is gone already; it is marked as over."
    return Outlook((first, "It goes on from its last commit when somebody starts it; no clock does so by itself."))


def _kill(deed: Deed) -> None:
    run = deed.run
    instance = run.planned
    attempt = _running(run)
    if attempt is not None and run.is_alive:
        _end_process(attempt)
    # First the connections: a process that hangs in the middle of a transaction holds the rows that are to be marked.
    repository.end_connections(deed.session, instance.id)
    repository.fail_attempt(deed.session, instance.id, deed.at, KILLED, f"Killed by {deed.by.name}: {deed.reason}")
    deed.session.expire(instance)
    instance.stop_asked_at = instance.start_asked_at = instance.claimed_until = None


def _end_process(attempt: JobExecution) -> None:
    """Kill the attempt's process if it is on this machine and is one that runs nights and nothing else."""
    if attempt.host != socket.gethostname() or attempt.process_id == os.getpid():
        return
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{attempt.process_id}/cmdline").read_bytes().split(b"\0")
        if b"night" in words and b"run" in words:
            os.kill(attempt.process_id, signal.SIGKILL)


STOP: Final = Verb("stop", _consider_stop, _stop)
KILL: Final = Verb("kill", _consider_kill, _kill)
