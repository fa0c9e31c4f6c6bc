"""Files in a partner's folder: read whole or not at all, written whole or not at all, and never anywhere else.

The partner can write in its folders, so a name there may be a link to a file of ours by the time we open it. Each folder is
held open and every file named within it, without following a link; a name with a path in it is no name here.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from css.partners.access.terms import FOLDER_FORM

NAME_FORM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""As ``FileName`` of ``delivery-1.xsd``."""
TEMPORARY: Final = ".tmp"
_FOLDER_MODE: Final = 0o770
_FILE_MODE: Final = 0o660
_LOOKED_AT: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NotPlainError(Exception):
    """A link, a folder, a pipe, a file with a second name: nothing we read."""


@dataclass(frozen=True, slots=True)
class Box:
    """One folder, held open."""

    descriptor: int

    def names(self) -> list[str]:
        """The names there that have our form and are not temporary, in order; what they name may be anything."""
        with os.scandir(self.descriptor) as entries:
            found = [entry.name for entry in entries]
        return sorted(name for name in found if NAME_FORM.fullmatch(name) and not name.endswith(TEMPORARY))

    def read(self, name: str, limit: int) -> bytes | None:
        """A file's bytes, at most one more than ``limit``; None when there is none of that name.

        Raises:
            NotPlainError: there is something else of that name.
        """
        try:
            opened = os.open(name, _LOOKED_AT, dir_fd=self.descriptor)
        except FileNotFoundError:
            return None
        except OSError:
            # A link (ELOOP), a socket (ENXIO), a file we may not read.
            raise NotPlainError(name) from None
        try:
            seen = os.fstat(opened)
            if not stat.S_ISREG(seen.st_mode) or seen.st_nlink != 1:
                raise NotPlainError(name)
            with os.fdopen(os.dup(opened), "rb") as file:
                return file.read(limit + 1)
        finally:
            os.close(opened)

    def has(self, name: str) -> bool:
        """Whether there is anything of that name."""
        try:
            os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def quiet_seconds(self, name: str) -> float:
        """For how long nothing was written to a file; nothing for one that is not there."""
        try:
            seen = os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return 0
        return time.time() - seen.st_mtime

    def write(self, name: str, data: bytes) -> None:
        """A whole file, or the one that was there before; on the disk when this returns."""
        temporary = name + TEMPORARY
        with suppress(FileNotFoundError):
            # Of a process that died; or a link that somebody put there, which must not be written through.
            os.unlink(temporary, dir_fd=self.descriptor)
        opened = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _FILE_MODE, dir_fd=self.descriptor)
        with os.fdopen(opened, "wb") as file:
            # Whatever mask this process has: the partner comes in by the group of its folder.
            os.fchmod(file.fileno(), _FILE_MODE)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        os.fsync(self.descriptor)

    def move(self, name: str, to: Box) -> None:
        """Move a file into another folder, over one of its name; nothing when it is not there."""
        with suppress(FileNotFoundError):
            os.rename(name, name, src_dir_fd=self.descriptor, dst_dir_fd=to.descriptor)


@dataclass(frozen=True, slots=True)
class Boxes:
    """The folders of one partner."""

    incoming: Box
    """``in``: the partner writes a message and then its control file."""
    answers: Box
    """``answers``: we write the Acknowledgement of each."""
    done: Box
    """``done``: where we move what was answered."""
    outgoing: Box
    """``out``: we write documents, each with its control file; the partner writes that it has them."""
    kept: Box
    """``kept``: where we move what the partner has."""


@contextmanager
def opened(directory: Path, folder: str) -> Iterator[Boxes]:
    """The folders of a partner, made where they are missing, for as long as the block lasts. Errors: OSError."""
    if not FOLDER_FORM.fullmatch(folder):
        raise NotADirectoryError(folder)
    directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    held: list[int] = []
    try:
        held.append(os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        own = _inside(held[0], folder, held)
        yield Boxes(*(Box(_inside(own, name, held)) for name in ("in", "answers", "done", "out", "kept")))
    finally:
        for descriptor in held:
            os.close(descriptor)


def _inside(parent: int, name: str, held: list[int]) -> int:
    is_new = True
    try:
        os.mkdir(name, _FOLDER_MODE, dir_fd=parent)
    except FileExistsError:
        is_new = False
    held.append(os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent))
    if is_new:
        os.fchmod(held[-1], _FOLDER_MODE)
    return held[-1]
