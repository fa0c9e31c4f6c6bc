"""Killing a process at each of its durable points: before and after every commit, and round every rename of a file.

The child installs the traps itself, so the product carries no hook for it. ``CSS_TEST_KILL_AT=n`` kills the process, as
``kill -9`` does, when the n-th point is reached, and ``CSS_TEST_KILL_AT="before rename"`` at the first of that name;
without it the points are only counted.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

from css.chaos.branching import branching

_reached = 0
KILL_AT = "CSS_TEST_KILL_AT"


def point(name: str) -> None:
    """One durable point: die here if it is our turn."""
    global _reached  # noqa: PLW0603 - counts for the life of the child
    _reached += 1
    if os.environ.get(KILL_AT) in {str(_reached), name}:
        os.kill(os.getpid(), signal.SIGKILL)


def set_traps() -> None:
    """Call in the child before the work under test."""
    event.listen(Session, "before_commit", lambda _session: point("before commit"))
    event.listen(Session, "after_commit", lambda _session: point("after commit"))
    wrap_renames()


def wrap_renames() -> None:
    """A point before and after each rename of a file."""
    for name in ("rename", "replace", "link"):
        _wrap(name)


def _wrap(name: str) -> None:
    real = getattr(os, name)

    def trapped(*args: object, **kwargs: object) -> object:
        point(f"before {name}")
        result = real(*args, **kwargs)
        point(f"after {name}")
        return result

    setattr(os, name, trapped)


def points_reached() -> int:
    """How many points this process has passed."""
    return _reached


def run_child(
    module: str, arguments: list[str], *, kill_at: int | str = 0, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m module arguments`` to its end or to its death; a negative return code is the signal."""
    env = {**os.environ, **(environment or {}), KILL_AT: str(kill_at)}
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=root, env=env, capture_output=True, text=True, check=False, timeout=300
    )


def branch_off(child: Callable[..., None], *words: object, home: Path) -> tuple[int, int]:
    """Run ``child(*words, points)`` in a process of its own, to its end or to its death.

    It branches off from a process that has the child's module imported: importing takes longer than most of what is killed.
    Its exit status, negative for a signal; and the number it wrote into the file ``points``, 0 when it wrote none.
    """
    points = home / "points"
    process = branching(child.__module__).Process(target=child, args=(*words, str(points)))
    process.start()
    process.join(100)
    assert process.exitcode is not None, "it hangs"
    passed = int(points.read_text(encoding="ascii")) if points.exists() else 0
    points.unlink(missing_ok=True)
    return process.exitcode, passed
