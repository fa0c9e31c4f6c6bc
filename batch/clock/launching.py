"""Starting a run in a process of its own, and finding out whether some clock would do so."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import ColumnElement, false, func, select
from sqlalchemy.orm import Session

from batch.model import JobInstance, NightClock
from batch.repository import clocks_beating
from batch.turns import NIGHT_NET

_NO_NAME: Final = re.compile(r"[^A-Za-z0-9-]")
_DETACH: Final = '"$@" </dev/null & '


@dataclass(frozen=True, slots=True)
class Launch:
    """A run to start."""

    district_code: str
    """Empty for a net of the whole house."""
    business_date: date
    net: str = NIGHT_NET
    parameter_key: str = ""


def words_of(launch: Launch, verb: str = "run") -> tuple[str, ...]:
    """The command that runs it, after ``css``, or that tells it something else."""
    return (
        "night",
        verb,
        *((launch.district_code,) if launch.district_code else ()),
        "--date",
        launch.business_date.isoformat(),
        *(("--net", launch.net) if launch.net != NIGHT_NET else ()),
        *(("--key", launch.parameter_key) if launch.parameter_key else ()),
    )


def start_process(launch: Launch) -> subprocess.Popen[bytes]:
    """Start it as a child that goes on when we are gone, and can be waited for. It says what it says where we do."""
    return subprocess.Popen(_command(launch), stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - our own program


def start(launch: Launch, *, home: Path) -> Path:
    """Start it as nobody's child, for a door that does not wait; return the file, below ``home``, in which it says what it says."""
    name = "-".join(filter(None, (launch.net, launch.district_code or "house", launch.business_date.isoformat(), launch.parameter_key)))
    log = home / "log" / f"{_NO_NAME.sub('-', name)}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    # The shell puts it into the background and ends, so that whoever serves requests is left with no child to bury.
    words = ["/bin/sh", "-c", _DETACH, "sh", *_command(launch)]
    with log.open("ab") as out:
        subprocess.run(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, check=True)  # noqa: S603
    return log


def _command(launch: Launch) -> Sequence[str]:
    return [sys.executable, "-m", "css", *words_of(launch)]


def claim_is_over(now: datetime) -> ColumnElement[bool]:
    """Whether nobody is starting a run, as a condition of SQL: whoever was has had his time, or there was none."""
    return JobInstance.claimed_until.is_(None) | (JobInstance.claimed_until <= now)


def is_starting() -> ColumnElement[bool]:
    """Whether a run is asked to start, or somebody started it a moment ago, as a condition of SQL."""
    is_claimed = func.coalesce(JobInstance.claimed_until > func.clock_timestamp(), false())
    return is_claimed | JobInstance.start_asked_at.is_not(None)


def telling_key(net: str, district_code: str, business_date: date, parameter_key: str) -> ColumnElement[int]:
    """The key of the lock that whoever tells a run something holds until it is done; no run is started against it."""
    return func.hashtextextended(f"tell {net}/{district_code}/{business_date}/{parameter_key}", 0)


def last_beat(session: Session) -> datetime | None:
    """When a clock that has not stopped looked last; None when there is none."""
    return session.execute(select(func.max(NightClock.beat_at)).where(NightClock.ended_at.is_(None))).scalar_one()


def a_clock_beats(session: Session) -> bool:
    """Whether some clock will look within a quarter of a minute: then whoever wants a run started asks, and waits for it."""
    return clocks_beating(session) > 0
