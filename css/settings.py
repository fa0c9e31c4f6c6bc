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
    log_level: LogLevel = "INFO"
    debug: bool = False
    """Show the traceback of our own faults. Never on for operators: it may carry what customers told us."""
    postgres_bin: Path | None = None
    """Directory of PostgreSQL programs to use instead of those in the wheel."""
    durable: bool = True
    """Whether the private server waits for the disk. Off only for throw-away data: a power cut may lose all of it."""
    secret_key: str | None = None
    """Signs the screens' cookies; ``None`` means the one kept under ``home``."""

    @property
    def log_file(self) -> Path:
        return self.home / "log" / "css.log"


def read(environment: Mapping[str, str]) -> Settings:
    """Settings from variables named ``CSS_…``; an unset or empty one has its default, a wrong one is refused (CSS001E)."""

    def text(name: str) -> str | None:
        return environment.get(f"CSS_{name}", "").strip() or None

    def one_of(name: str, allowed: tuple[str, ...], default: str) -> str:
        value = text(name) or default
        if value not in allowed:
            raise _refused(name, value, "one of " + ", ".join(allowed))
        return value

    def switch(name: str, *, default: bool) -> bool:
        value = (text(name) or ("yes" if default else "no")).lower()
        if value not in {"yes", "no", "1", "0", "true", "false"}:
            raise _refused(name, value, "yes or no")
        return value in {"yes", "1", "true"}

    def path(name: str) -> Path | None:
        value = text(name)
        if value is None:
            return None
        if "\x00" in value or "\n" in value:
            raise _refused(name, value, "the path of a directory")
        try:
            return Path(os.path.abspath(Path(value).expanduser()))  # noqa: PTH100 - resolve() would follow a link the owner may move
        except (OSError, RuntimeError):
            raise _refused(name, value, "the path of a directory") from None

    workers = text("WORKERS") or str(min(os.cpu_count() or 2, WORKERS_MAX))
    if not (workers.isascii() and workers.isdigit() and 1 <= int(workers) <= WORKERS_MAX):
        raise _refused("WORKERS", workers, f"a number from 1 to {WORKERS_MAX}")
    return Settings(
        home=path("HOME") or Path.cwd() / "var",
        database_url=text("DATABASE_URL"),
        executor=cast("Executor", one_of("EXECUTOR", get_args(Executor), "local")),
        workers=int(workers),
        log_level=cast("LogLevel", one_of("LOG_LEVEL", get_args(LogLevel), "INFO")),
        debug=switch("DEBUG", default=False),
        postgres_bin=path("POSTGRES_BIN"),
        durable=switch("DURABLE", default=True),
        secret_key=text("SECRET_KEY"),
    )


@cache
def settings() -> Settings:
    """The settings of this process."""
    return read(os.environ)


def _refused(name: str, value: str, wanted: str) -> BadMessage:
    return BadMessage("CSS001E", "CSS_{name} is {value!r}; it must be {wanted}.", name=name, value=value[:80], wanted=wanted)
