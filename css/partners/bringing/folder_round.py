"""What a round over drop folders needs and what it did; and how files are named there."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from css.core.clock import Clock

CONTROL: Final = ".ctl"
MESSAGE: Final = ".xml"
ANSWER: Final = ".ack.xml"
KEPT: Final = ".ack"
CONTROL_BYTES_MAX: Final = 65_536
FILE_CONTROL: Final = "{urn:css:delivery:1}FileControl"


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What one round over folders did."""

    taken: int = 0
    """Messages answered RECEIVED or DUPLICATE."""
    rejected: int = 0
    waiting: int = 0
    """Files that are not touched yet: without control file, or not fitting it and still young."""
    brought: int = 0
    """Documents put into folders."""
    kept: int = 0
    """Documents moved away because the partner has them."""
    troubled: int = 0
    """Partners whose folder could not be used; the log says why."""
    busy: int = 0
    """Partners left alone because somebody else is at them."""

    def __add__(self, other: Exchanged) -> Exchanged:
        return Exchanged(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class Office:
    """What all of a round needs."""

    engine: Engine
    clock: Clock
    directory: Path
    """The folder of all partners' folders."""
    stop: threading.Event
    handle: bool
    """Whether messages are handled before they are answered."""
