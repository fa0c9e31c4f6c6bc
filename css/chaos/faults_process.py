"""What happens to processes: killed again and again, told to end, broken, frozen, cut off, doubled, told another time."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

from batch.repository import LOCK_CLASS
from css.chaos.attempts import Harm, Outcome
from css.chaos.evening import NIGHT_AT
from css.chaos.every import KILLED
from css.chaos.faults import Fault, in_a_step, of_a_commit, somewhere
from css.chaos.ground import Moment
from css.chaos.stage import Stage
from css.chaos.traps import Deed, Place

KILLS_MAX: Final = 8
STOPPED: Final = "CSS670E"
REFUSED: Final = frozenset({"CSS601E", "CSS602E", "CSS603E"})
"""What whoever comes second is told: it is done, it is running, it is being started."""
HELD_UP_SECONDS: Final = 0.5
"""A second runner that waits for a row of the first is let wait so long."""
COUNTS_HOURS: Final = "accept-clears"
CLOCKS: Final = (timedelta(hours=-1), timedelta(days=1))


def kill(stage: Stage, moment: Moment, rng: Random) -> tuple[str, tuple[str, ...]]:
    """One kill anywhere, and the night run again."""
    step, place = somewhere(stage, rng)
    killed = stage.attempt(moment, Harm(at=place))
    wrong = () if killed.status == KILLED else (f"it was not killed but ended with {killed}",)
    return f"{step or 'the net'}: {place}", (*wrong, *stage.finish(moment))


def kill_again_and_again(stage: Stage, moment: Moment, rng: Random) -> tuple[str, tuple[str, ...]]:
    """Several kills, each attempt dying somewhere of its own."""
    at: list[str] = []
    for _ in range(rng.randint(2, KILLS_MAX)):
        place = Place("", rng.randint(1, len(stage.points) // 2))
        outcome = stage.attempt(moment, Harm(at=place))
        if outcome.status != KILLED:
            if not outcome.is_over:
                return ", ".join(at), (f"it ended with {outcome}",)
            break
        at.append(str(place.number))
    where = f"{len(at)} kills, at points {', '.join(at)}"
    return where, (*stage.finish(moment), *_evidence(stage, moment, len(at)))


def _evidence(stage: Stage, moment: Moment, kills: int) -> tuple[str, ...]:
    """Every attempt that was killed is on record as failed, and no other."""
    attempts = stage.attempts(moment)
    dead = [one for one in attempts if one.state == "failed" and one.message_code == "CSS610E"]
    if len(dead) > kills or len(attempts) - len(dead) != 1:
        return (f"after {kills} kills the attempts are {attempts}",)
    return ()


def terminate(stage: Stage, moment: Moment, rng: Random) -> tuple[str, tuple[str, ...]]:
    """SIGTERM: it comes to the end of its block, says that it was stopped, and goes on from there."""
    step, place = somewhere(stage, rng, in_a_step)
    outcome = stage.attempt(moment, Harm(Deed.TERMINATE, place))
    where = f"{step}: {place}"
    if outcome.is_over:
        return where, stage.judge(moment)
    wrong = []
    if (outcome.return_code, outcome.code) != (16, STOPPED):
        wrong.append(f"it ended with {outcome}")
    elif [one.state for one in stage.attempts(moment)] != ["stopped"]:
        wrong.append(f"its attempts are {stage.attempts(moment)}")
    return where, (*wrong, *stage.finish(moment))


def break_down(stage: Stage, moment: Moment, rng: Random) -> tuple[str, tuple[str, ...]]:
    """An exception that nobody foresaw: the step is failed with a code, nothing is left as if it were running."""
    step, place = somewhere(stage, rng, in_a_step)
    outcome = stage.attempt(moment, Harm(Deed.RAISE, place))
    where = f"{step}: {place}"
    wrong = []
    if outcome.return_code is None or outcome.code is None:
        wrong.append(f"it ended with {outcome}")
    if any(one.state == "running" for one in stage.attempts(moment)):
        wrong.append(f"its attempts are {stage.attempts(moment)}")
    return where, (*wrong, *stage.finish(moment))


def freeze(stage: Stage, moment: Moment, rng: Random) -> tuple[str, tuple[str, ...]]:
    """SIGSTOP, its connections ended as the verb ``kill`` ends them, another attempt to the end, SIGCONT: it writes nothing more."""
    step, place = somewhere(stage, rng, in_a_step)
    where = f"{step}: {place}"
    frozen = stage.begin(moment, Harm(Deed.FREEZE, place))
    if not frozen.wait_for_point():
        return where, (f"it was not frozen but ended with {frozen.ended()}",)
    stage.ground.cut_off(moment)
    second = stage.attempt(moment)
    frozen.signal(signal.SIGCONT)
    first = frozen.ended()
    wrong = []
    if not second.is_over:
        wrong.append(f"the second attempt ended with {second}")
    if first.return_code in {0, 4}:
        wrong.append("the frozen attempt thinks that it completed the night")
    return where, (*wrong, *stage.judge(moment))


def lose_the_lock(stage: Stage, moment: Moment, rng: Random) -> tuple[str, tuple[str, ...]]:
    """Only the connection that holds the run is ended: another attempt takes over, and the first is fenced off at its next block."""
    step, place = somewhere(stage, rng, of_a_commit)
    where = f"{step}: {place}"
    first = stage.begin(moment, Harm(Deed.TELL, place))
    if not first.wait_for_point():
        return where, (f"it did not come there but ended with {first.ended()}",)
    held = stage.ground.ask(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND classid = :class "
        "AND database = (SELECT oid FROM pg_database WHERE datname = :name)",
        {"class": LOCK_CLASS, "name": moment.database},
    )
    second = stage.begin(moment)
    second.wait_for_end(HELD_UP_SECONDS)
    first.go_on()
    ends = first.ended(), second.ended()
    wrong = [] if held == [(1,)] else [f"{held} connections held the run"]
    return where, (*wrong, *_one_of(ends, _is_cut_off), *stage.judge(moment))


def _is_cut_off(end: Outcome) -> bool:
    """Fenced, or its connections were ended by the attempt that took over, lest they hold rows it needs."""
    return end.return_code == 16 and end.code is not None  # noqa: PLR2004 - the return code of a machine's fault


def run_twice_at_once(stage: Stage, moment: Moment, rng: Random) -> tuple[str, tuple[str, ...]]:
    """Two start the same night: one runs it, the other is told who does."""
    pause = rng.random() / 2
    first = stage.begin(moment)
    time.sleep(pause)
    second = stage.begin(moment)
    ends = first.ended(), second.ended()
    return f"the second {pause:.2f} s after the first", (*_one_of(ends, lambda end: end.code in REFUSED), *stage.judge(moment))


def _one_of(ends: tuple[Outcome, Outcome], is_told: Callable[[Outcome], bool]) -> tuple[str, ...]:
    """One of two ran the night to its end, and the other was told so."""
    others = [end for end in ends if end.return_code not in {0, 4}]
    return () if len(others) == 1 and is_told(others[0]) else (f"the two ended with: {ends[0]}; {ends[1]}",)


def tell_another_time(stage: Stage, moment: Moment, rng: Random) -> tuple[str, tuple[str, ...]]:
    """Killed, and the machine's clock is an hour slow or a day fast at the next attempt: the night is of the same date, and as it was."""
    early = _to_the_clears(stage)
    step, place = somewhere(stage, rng, lambda step, name: in_a_step(step, name) and step not in early)
    by = rng.choice(CLOCKS)
    killed = stage.attempt(moment, Harm(at=place))
    again = stage.attempt(moment, at=NIGHT_AT + by)
    where = f"{step}: {place}, then {by.total_seconds() / 3600:+.0f} h"
    wrong = [f"it ended with {end}" for end, well in ((killed, killed.status == KILLED), (again, again.is_over)) if not well]
    return where, (*wrong, *stage.judge(moment, but_for_instants=True))


def _to_the_clears(stage: Stage) -> frozenset[str]:
    """The steps up to the one that asks how many hours have passed: told another day, it rightly accepts other clears."""
    steps = list(dict.fromkeys(step for step, name in stage.points if in_a_step(step, name)))
    return frozenset(steps[: steps.index(COUNTS_HOURS) + 1])


def kill_a_worker(stage: Stage, moment: Moment, rng: Random) -> tuple[str, tuple[str, ...]]:
    """One of two worker processes is killed at its work: the night says so, and goes on when it is run again."""
    running = stage.begin(moment, workers=2)
    victims: list[int] = []
    while running.is_alive() and not victims:
        victims = _workers_below(running.pid)
        time.sleep(0.01)
    time.sleep(rng.random() / 4)
    for pid in victims[:1]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    outcome = running.ended()
    where = f"one of {len(victims)} workers" if victims else "no worker was seen"
    if outcome.is_over:
        return where, stage.judge(moment)
    wrong = () if (outcome.return_code, outcome.code) == (16, "CSS613E") else (f"it ended with {outcome}",)
    return where, (*wrong, *stage.finish(moment))


def _workers_below(pid: int) -> list[int]:
    """The worker processes of an attempt: children of its fork server."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents.setdefault(int(entry.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[1]), []).append(
                int(entry.parent.name)
            )
    return [grandchild for child in parents.get(pid, []) for grandchild in parents.get(child, [])]


FAULTS: Final = (
    Fault("kill", "killed (SIGKILL) at one durable write; at every one of them with --every", kill, 8),
    Fault("kills", "killed again and again", kill_again_and_again, 4),
    Fault("terminate", "told to end (SIGTERM): it stops at its next block", terminate, 3),
    Fault("exception", "an exception that nobody foresaw", break_down, 3),
    Fault("freeze", "frozen (SIGSTOP) until another has finished, then woken", freeze, 3),
    Fault("lock", "the connection that holds the run is ended: two attempts at once, one is fenced off", lose_the_lock, 3),
    Fault("two", "two start the same night", run_twice_at_once),
    Fault("clock", "the clock is set back an hour, or forward a day, between two attempts", tell_another_time),
    Fault("worker", "a worker process is killed", kill_a_worker, 1),
)
