"""The directory that carriers' files come in by: a file is there whole under its name, or it is not there."""

from __future__ import annotations

import os
from pathlib import Path


def put_in(incoming: Path, name: str, content: bytes) -> Path:
    """Put a file where the night collects it: written under another name, pushed to the disk, then renamed."""
    incoming.mkdir(parents=True, exist_ok=True)
    path = incoming / name
    beside = path.with_suffix(".part")
    with beside.open("wb") as stream:
        stream.write(content)
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
