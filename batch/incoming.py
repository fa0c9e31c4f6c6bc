"""The directory that carriers' files come in by: a file is there whole under its name, or it is not there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from css.whole_file import disk_is_full, make_folder, sync_folder, whole

MODE: Final = 0o666
"""As whoever puts a file there makes files: the night that takes it may run under another name."""


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
    try:
        make_folder(incoming)
        with whole(incoming / name, MODE) as stream:
            write(stream)
        sync_folder(incoming)
    except OSError as error:
        raise disk_is_full(error, incoming) or error from error
    return incoming / name
