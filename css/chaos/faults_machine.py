"""What happens to the machine: the database server is stopped at once, its disk is full, the disk of the files is full."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Final

from css.chaos.attempts import Harm, Outcome
from css.chaos.faults import Fault, in_a_step, of_a_file, somewhere
from css.chaos.ground import Moment
from css.chaos.soundness import half_written
from css.chaos.stage import Stage
from css.chaos.traps import Deed
from css.whole_file import FULL

DISK_FULL: Final = frozenset({"CSS005E", "CSS968E"})
"""Codes that are of a full disk alone. Any other is of one where its sentence passes on that the system said so."""
SAID_FULL: Final = tuple(os.strerror(number) for number in sorted(FULL))


def restart_the_server(stage: Stage, moment: Moment, rng: Random) -> tuple[str, tuple[str, ...]]:
    """PostgreSQL is stopped as by a power cut, in the middle of a step, and started again."""
    step, place = somewhere(stage, rng, in_a_step)
    where = f"{step}: {place}"
    running = stage.begin(moment, Harm(Deed.TELL, place))
    if not running.wait_for_point():
        return where, (f"it did not come there but ended with {running.ended()}",)
    stage.ground.server.stop("immediate")
    stage.ground.server.start()
    running.go_on()
    return where, (*_infrastructure(running.ended()), *stage.finish(moment))


def fill_the_database_disk(stage: Stage, moment: Moment, rng: Random) -> tuple[str, tuple[str, ...]]:
    """No file of the server can grow any more: the kernel refuses, as it does on a full disk (PostgreSQL treats the two alike)."""
    step, place = somewhere(stage, rng, in_a_step)
    where = f"{step}: {place}"
    running = stage.begin(moment, Harm(Deed.TELL, place))
    if not running.wait_for_point():
        return where, (f"it did not come there but ended with {running.ended()}",)
    with _no_file_grows(stage) as is_limited:
        running.go_on()
        outcome = running.ended()
    # A full disk of the log is a panic: the server comes back by itself, or is started.
    stage.ground.server.start()
    if outcome.is_over:
        return f"{where} ({'nothing grew after it' if is_limited else 'not tried: no limit can be set here'})", stage.judge(moment)
    return where, (*_infrastructure(outcome), *stage.finish(moment))


@contextmanager
def _no_file_grows(stage: Stage) -> Iterator[bool]:
    """A limit of zero bytes for what processes of the server write to files, those to come included; whether that could be had."""
    status = stage.ground.server.status()
    backends = [row[0] for row in stage.ground.ask("SELECT pid FROM pg_stat_activity WHERE datname LIKE 'chaos%'")]
    pids = [pid for pid in (status.pid, *backends) if pid is not None]
    limited = [_limit(pid, "0", status.user) for pid in pids]
    try:
        yield all(limited)
    finally:
        for pid in pids:
            _limit(pid, "unlimited", status.user)


def _limit(pid: int, size: str, user: str) -> bool:
    """The soft limit alone, as the server's own user: nobody else may, and the hard one could not be taken back."""
    command = ["prlimit", "--pid", str(pid), f"--fsize={size}:"]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid", user, "--regid", str(pwd.getpwnam(user).pw_gid), "--clear-groups", *command]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - our own words
    except OSError:
        return False


def fill_the_spool(stage: Stage, moment: Moment, rng: Random) -> tuple[str, tuple[str, ...]]:
    """Writing a file fails for want of space from some point on: nothing half written stays, and there is room the next time."""
    step, place = somewhere(stage, rng, of_a_file)
    outcome = stage.attempt(moment, Harm(Deed.NO_SPACE, place))
    left = half_written(moment.home)
    return f"{step}: {place}", (*no_space(outcome), *left, *stage.finish(moment))


def use_a_small_disk(stage: Stage, moment: Moment, rng: Random) -> tuple[str, tuple[str, ...]]:
    """The spool lies on a real file system that is too small for the night, and is made larger afterwards."""
    spool = moment.home / "spool"
    kib = rng.randrange(1, 8) * stage.spool_bytes // 8 // 1024
    where = f"{kib} KiB of {stage.spool_bytes // 1024}"
    if not _mount(spool, kib):
        return f"{where}: not tried, for no file system can be mounted here", ()
    try:
        outcome = stage.attempt(moment)
        left = half_written(moment.home)
        subprocess.run(["mount", "-o", "remount,size=64m", str(spool)], check=True)  # noqa: S603, S607 - the system's own
        if outcome.is_over:
            return f"{where} (it was enough)", stage.judge(moment)
        return where, (*no_space(outcome), *left, *stage.finish(moment))
    finally:
        subprocess.run(["umount", "-l", str(spool)], check=True)  # noqa: S603, S607 - as above


def _mount(spool: Path, kib: int) -> bool:
    before = spool.with_name("spool-before")
    spool.rename(before)
    spool.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "css-chaos", str(spool)]
    with suppress(OSError):
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:  # noqa: S603 - our own words
            shutil.copytree(before, spool, dirs_exist_ok=True)
            shutil.rmtree(before)
            return True
    spool.rmdir()
    before.rename(spool)
    return False


def _infrastructure(outcome: Outcome) -> tuple[str, ...]:
    """What is not our fault ends with 16, or with a sentence that has a code, never with a traceback."""
    well = outcome.return_code == 16 if outcome.return_code is not None else outcome.code is not None  # noqa: PLR2004 - the return code of a machine's fault
    return () if well else (f"it ended with {outcome}",)


def no_space(outcome: Outcome) -> tuple[str, ...]:
    """It ends with 16 and says that the disk is full: by a code of its own, or in the system's words, as of a carrier's file (CSS614E)."""
    is_said = outcome.code in DISK_FULL or (outcome.code is not None and any(said in outcome.words for said in SAID_FULL))
    return () if outcome.return_code == 16 and is_said else (f"it ended with {outcome}",)  # noqa: PLR2004 - as above


FAULTS: Final = (
    Fault("server", "PostgreSQL is stopped at once in the middle of a step, and started again", restart_the_server, 2),
    Fault("database-disk", "no file of the database can grow", fill_the_database_disk, 2),
    Fault("spool-disk", "no file can be written for want of space", fill_the_spool, 4),
    Fault("small-disk", "the spool is a real file system that is too small", use_a_small_disk, 1),
)
