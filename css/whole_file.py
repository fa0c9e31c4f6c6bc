"""Files that are whole or not there, whatever is killed: what a mailing program or a person finds is never half a bill.

Written beside its place, pushed to the disk, renamed, and the folder pushed after it: a file system may keep a renamed file
and forget its new name. Whoever puts a file on the disk for somebody else to find does it here.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from css.core.errors import Unavailable

FILE_MODE: Final = 0o640
"""Bills are personal: the owner writes, a mailing program of the group reads."""
WRITERS: Final = 8
"""Files pushed to the disk at the same time: it takes several in little more than the time of one."""
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def part_of(path: Path) -> Path:
    """Where a file stands while it is written. The same name at every attempt: what a killed one left behind makes way."""
    return path.with_name(f".{path.name}.part")


@contextmanager
def whole(path: Path, mode: int = FILE_MODE) -> Iterator[IO[bytes]]:
    """A file to write into, which takes its name, in place of any other of that name, when the block ends well.

    Ends it badly, nothing of it stays. ``sync_folder`` makes the new name last. An OSError is the caller's to put in words
    (``cannot_write``).
    """
    beside = part_of(path)
    # A file of its own: whoever was frozen in the middle of writing the same one goes on in a file that has no name any more.
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode), "w+b") as out:  # noqa: PTH123 - the mode is given when it is made
        try:
            yield out
            out.flush()
            os.fsync(out.fileno())
            _claim(out, beside)
            beside.replace(path)
        except BaseException:
            if _is_at(out, beside):
                beside.unlink(missing_ok=True)
            raise


def _claim(out: IO[bytes], beside: Path) -> None:
    if not _is_at(out, beside):
        raise OSError(errno.EBUSY, "somebody else is writing it", str(beside))


def _is_at(out: IO[bytes], path: Path) -> bool:
    """Whether this name is still that of the file we write."""
    try:
        return os.path.samestat(os.fstat(out.fileno()), path.lstat())
    except FileNotFoundError:
        return False


def put_whole(path: Path, content: bytes, mode: int = FILE_MODE) -> None:
    """Have a file with these bytes. One that has them already is left alone; a link of that name is replaced and never followed."""
    if not path.is_symlink() and path.is_file() and path.read_bytes() == content:
        return
    with whole(path, mode) as out:
        out.write(content)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last, too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Have a folder, and its name and those of the folders above it that were made for it on the disk."""
    made = []
    above = folder
    while not above.is_dir():
        made.append(above)
        above = above.parent
    for each in reversed(made):
        each.mkdir(exist_ok=True)
        sync_folder(each.parent)


def put_files(files: Mapping[Path, bytes], mode: int = FILE_MODE) -> None:
    """Have all these files, whole, with their folders, and their names on the disk too.

    One that cannot be written keeps no other from being tried; the OSError of the first such is raised at the end.
    """
    folders = sorted({path.parent for path in files})
    for folder in folders:
        make_folder(folder)
    with ThreadPoolExecutor(WRITERS) as writers:
        tried = [writers.submit(put_whole, path, content, mode) for path, content in files.items()]
    for folder in folders:
        sync_folder(folder)
    for one in tried:
        one.result()


def disk_is_full(error: OSError, place: Path) -> Unavailable | None:
    """The refusal when it is room that is missing; None when it is something else."""
    if error.errno not in FULL:
        return None
    return Unavailable("CSS968E", "There is no room left to write below {place}; nothing half written was left there.", place=str(place))


def cannot_write(error: OSError, place: Path) -> Unavailable:
    """What the disk said, as a refusal: CSS968E, it is full; CSS969E, it cannot be written for another reason."""
    other = Unavailable("CSS969E", "{place} cannot be written: {reason}.", place=str(place), reason=error.strerror or str(error))
    return disk_is_full(error, place) or other
