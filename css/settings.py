"""What the environment says, read once into a frozen ``Settings``. Nothing else in the house reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast, get_args

from css.core.errors import BadMessage

Executor = Literal["local", "processes", "cluster"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
WORKERS_MAX = 256
LANES_MAX = 16


@dataclass(frozen=True, slots=True)
class Settings:
    """The choices of one installation. Build it with ``read``; tests build it by hand."""

    home: Path
    """Where the private database server, its logs and everything the program writes live. Always absolute."""
    database_url: str | None = None
    """The PostgreSQL to use; ``None`` means the private server under ``home``."""
    executor: Executor = "local"
    """Where the night's blocks of work run: in this process, in local processes, or on a cluster."""
    workers: int = 2
    """How many blocks run at once when the executor is not ``local``."""
    lanes: int = 2
    """How many steps of a net run at once where the net lets them."""
    log_level: LogLevel = "INFO"
    debug: bool = False
    """Show the traceback of our own faults. Never on for operators: it may carry what customers told us."""
    postgres_bin: Path | None = None
    """Directory of PostgreSQL programs to use instead of those in the wheel."""
    durable: bool = True
    """Whether the private server waits for the disk. Off only for throw-away data: a power cut may lose all of it."""
    secret_key: str | None = None
    """Signs the screens' cookies; ``None`` means the one kept under ``home``."""
    push_networks: str | None = None
    """Networks, ``10.20.0.0/16``, with commas between, to which partners' documents may be pushed beside public addresses."""
    push_certificates: Path | None = None
    """Authorities, in one PEM file, whose certificates a partner's server may show; ``None`` means the system's."""
    folders: Path | None = None
    """The folder of all partners' drop folders; ``None`` means ``partners`` under ``home``."""

    @property
    def log_file(self) -> Path:
        return self.home / "log" / "css.log"

    @property
    def partner_folders(self) -> Path:
        return self.folders or self.home / "partners"


def read(environment: Mapping[str, str]) -> Settings:
    """Settings from variables named ``CSS_…``; an unset or empty one has its default, a wrong one is refused (CSS001E)."""
    given = _Given(environment)
    return Settings(
        home=given.path("HOME") or Path.cwd() / "var",
        database_url=given.text("DATABASE_URL"),
        executor=cast("Executor", given.one_of("EXECUTOR", get_args(Executor), "local")),
        workers=given.number("WORKERS", min(os.cpu_count() or 2, WORKERS_MAX), WORKERS_MAX),
        lanes=given.number("LANES", 2, LANES_MAX),
        log_level=cast("LogLevel", given.one_of("LOG_LEVEL", get_args(LogLevel), "INFO")),
        debug=given.switch("DEBUG", default=False),
        postgres_bin=given.path("POSTGRES_BIN"),
        durable=given.switch("DURABLE", default=True),
        secret_key=given.text("SECRET_KEY"),
        push_networks=given.text("PUSH_NETWORKS"),
        push_certificates=given.path("PUSH_CERTIFICATES"),
        folders=given.path("PARTNER_FOLDERS"),
    )


@dataclass(frozen=True, slots=True)
class _Given:
    """The environment, read by kind."""

    environment: Mapping[str, str]

    def text(self, name: str) -> str | None:
        return self.environment.get(f"CSS_{name}", "").strip() or None

    def one_of(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.text(name) or default
        if value not in allowed:
            raise _refused(name, value, "one of " + ", ".join(allowed))
        return value

    def number(self, name: str, default: int, largest: int) -> int:
        value = self.text(name) or str(default)
        if not (value.isascii() and value.isdigit() and 1 <= int(value) <= largest):
            raise _refused(name, value, f"a number from 1 to {largest}")
        return int(value)

    def switch(self, name: str, *, default: bool) -> bool:
        value = (self.text(name) or ("yes" if default else "no")).lower()
        if value not in {"yes", "no", "1", "0", "true", "false"}:
            raise _refused(name, value, "yes or no")
        return value in {"yes", "1", "true"}

    def path(self, name: str) -> Path | None:
        value = self.text(name)
        if value is None:
            return None
        if not value.isprintable():
            raise _refused(name, value, "the path of a directory")
        try:
            return Path(os.path.abspath(Path(value).expanduser()))  # noqa: PTH100 - resolve() would follow a link the owner may move
        except (OSError, RuntimeError, ValueError):
            raise _refused(name, value, "the path of a directory") from None


@cache
def settings() -> Settings:
    """The settings of this process."""
    return read(os.environ)


def _refused(name: str, value: str, wanted: str) -> BadMessage:
    return BadMessage("CSS001E", "CSS_{name} is {value!r}; it must be {wanted}.", name=name, value=value[:80], wanted=wanted)
