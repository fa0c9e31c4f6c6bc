"""The source files of the house, parsed once, for the tests that hold its rules."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("css", "orders", "repairs", "billing", "batch", "schemas")
FROZEN = "css/migrations/versions/"
"""Migrations are never edited, so no rule of today reaches them."""


@cache
def modules(*places: str) -> dict[str, str]:
    """Path from the root to text, of every module below these files or directories; by default of the whole house."""
    found = {}
    for place in places or PACKAGES:
        path = ROOT / place
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            if not name.startswith(FROZEN):
                found[name] = file.read_text(encoding="utf-8")
    return found


@cache
def tree(name: str) -> ast.Module:
    """The syntax tree of one module."""
    return ast.parse(modules()[name], name)


@cache
def texts() -> dict[str, str]:
    """Every text file that git keeps or would keep, by its path from the root; of an unpacked copy without git, those of the house."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    names = listed.stdout.splitlines()
    if listed.returncode or not names:
        names = [
            file.relative_to(ROOT).as_posix()
            for place in (*PACKAGES, "tests", "docs")
            for file in (ROOT / place).rglob("*")
            if file.is_file()
        ]
    found = {}
    for name in names:
        try:
            found[name] = (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
    return found
