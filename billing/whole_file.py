"""Files that are whole or not there, whatever is killed: what a mailing program or a person finds is never half a bill."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

FILE_MODE: Final = 0o640
"""Bills are personal: the owner writes, a mailing program of the group reads."""


def put_whole(path: Path, content: bytes) -> None:
    """Write the file beside its place, push it to the disk, then rename it. One that has these bytes already is left alone."""
    if path.exists() and path.read_bytes() == content:
        return
    # The same name at every attempt: what a killed one left behind is written over.
    beside = path.with_name(f".{path.name}.part")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE), "wb") as out:  # noqa: PTH123 - the mode is given when it is made
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)


def sync_folder(folder: Path) -> None:
    """Make the names last, too: a file system may keep a renamed file and forget its new name."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
