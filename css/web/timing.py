"""How long a request takes and how much of it the database: for the Server-Timing header, which the status line reads."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from flask import g, has_request_context
from sqlalchemy import Engine, event

_TIMED: Final = "_css_timed"


@dataclass(slots=True)
class Timing:
    """One request's clock, in seconds of a monotonic counter."""

    began: float
    database: float = 0
    statements: int = 0

    @classmethod
    def start(cls) -> Timing:
        return cls(time.perf_counter())

    @property
    def header(self) -> str:
        total = (time.perf_counter() - self.began) * 1000
        return f'db;dur={self.database * 1000:.1f};desc="{self.statements}", total;dur={total:.1f}'


def time_statements(engine: Engine) -> None:
    """Count every statement of this engine into the request it is sent in; a second time changes nothing."""
    if getattr(engine, _TIMED, False):
        return
    setattr(engine, _TIMED, True)
    event.listen(engine, "before_cursor_execute", _before)
    event.listen(engine, "after_cursor_execute", _after)


def _before(connection: Any, *_: object) -> None:  # noqa: ANN401 - SQLAlchemy's own interface
    connection.info["css_began"] = time.perf_counter()


def _after(connection: Any, *_: object) -> None:  # noqa: ANN401
    timing: Timing | None = getattr(g, "timing", None) if has_request_context() else None
    if timing is not None:
        timing.database += time.perf_counter() - connection.info["css_began"]
        timing.statements += 1
