"""Floors, rooms and pure rules: the import contracts of pyproject.toml hold."""

from __future__ import annotations

import subprocess
import sys

from tests.house.source import ROOT


def test_every_import_contract_is_kept() -> None:
    # In a process of its own: the linter silences every logger it finds, and later tests read the log.
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout
