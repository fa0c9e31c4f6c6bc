"""``css gateway`` as a process, over a test's own database."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from tests.house.source import ROOT

PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Running:
    """What runs."""

    url: str
    """Of the gateway: ``http://127.0.0.1:1234/partner/v1``."""
    port: int
    process: subprocess.Popen[str]
    log: Path

    def children(self) -> list[int]:
        """The processes beside the parent, in the order they were made."""
        pids = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text("ascii", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self.process.pid and fields[0] != "Z":
                pids.append(int(path.parent.name))
        return sorted(pids)

    def resident_kb(self) -> int:
        """The largest resident set among the processes."""
        return max(_resident_kb(pid) for pid in self.children())

    def said(self) -> str:
        """The log."""
        return self.log.read_text("utf-8") if self.log.exists() else ""


def _resident_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text("ascii", errors="replace").splitlines()
    return int(next((line for line in lines if line.startswith("VmRSS")), "VmRSS: 0").split()[1])


@contextmanager
def gateway(engine: Engine, home: Path, *words: str, ended: int = 0) -> Iterator[Running]:
    """Run ``css gateway --port 0`` and more words until the end of the block, then see it end with a status."""
    environment = os.environ | {"CSS_DATABASE_URL": engine.url.render_as_string(hide_password=False), "CSS_HOME": str(home)}
    command = [sys.executable, "-m", "css", "gateway", "--port", "0", *words]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"(https?://127\.0\.0\.1:(\d+)/partner/v1)/", said)
            assert found, f"css gateway said {said!r}"
            yield Running(found[1], int(found[2]), process, home / "log" / "css.log")
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(PATIENCE_SECONDS)
        assert status == ended


def until(moment: float) -> bool:
    """Whether patience that began at a moment has not ended."""
    time.sleep(0.02)
    return time.monotonic() - moment < PATIENCE_SECONDS
