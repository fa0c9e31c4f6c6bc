"""The directory that carriers' files come in by: a file is there whole under its name, or it is not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO


def put_in(incoming: Path, name: str, content: bytes) -> Path:
    """Put a file where the night collects it: written under another name, pushed to the disk, then renamed."""
    return _put(incoming, name, lambda stream: stream.write(content))


def copy_in(incoming: Path, name: str, source: Path) -> Path:
    """Put a copy of a file there, of any size; an OSError when it cannot be read."""

    def copy(stream: IO[bytes]) -> None:
        with source.open("rb") as original:
            shutil.copyfileobj(original, stream, 1 << 20)

    return _put(incoming, name, copy)


def _put(incoming: Path, name: str, write: Callable[[IO[bytes]], object]) -> Path:
    incoming.mkdir(parents=True, exist_ok=True)
    path = incoming / name
    beside = incoming / f"{name}.part"
    with beside.open("wb") as stream:
        write(stream)
        stream.flush()
        os.fsync(stream.fileno())
    beside.rename(path)
    # The new name lies in the directory, and a power cut could still take it back.
    handle = os.open(incoming, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return path
