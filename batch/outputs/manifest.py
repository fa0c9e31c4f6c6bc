"""The manifest of a generation: ``SHA256SUMS``, which ``sha256sum -c`` reads, and ``manifest.json``, which programs read.

``SHA256SUMS`` has every file of the generation and ``manifest.json``; the catalogue has its own hash. So whoever has the
catalogue's sixty-four letters can prove every byte, with the ordinary tools of any machine.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Final

from css.whole_file import sync_folder, whole

SUMS: Final = "SHA256SUMS"
MANIFEST: Final = "manifest.json"
OWN_NAMES: Final = frozenset({SUMS, MANIFEST})
FORM: Final = "css generation 1"
CHUNK_BYTES: Final = 1 << 20
_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *](.+)")


@dataclass(frozen=True, slots=True)
class FileSum:
    """A file as the manifest has it."""

    name: str
    """Below the generation's directory, with ``/`` between."""
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Head:
    """What a manifest says of its generation besides its files. No instant of writing: every attempt writes the same bytes."""

    dataset: str
    generation: int
    business_date: date
    net: str
    step: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as it was written."""

    sha256: str
    """Of ``SHA256SUMS``: what the catalogue keeps."""
    file_count: int
    byte_count: int


def write_manifest(directory: Path, head: Head, files: Iterable[FileSum]) -> Manifest:
    """Write both files of the manifest of these files, which come in the order of their names, however many there are.

    The same files give the same bytes. An OSError when the disk does not take them.
    """
    with whole(directory / SUMS) as sums, whole(directory / MANIFEST) as told:
        made = _manifest(head, files, sums.write, told.write)
    sync_folder(directory)
    return made


def manifest_of(head: Head, files: Iterable[FileSum]) -> Manifest:
    """What ``write_manifest`` would have written, and nothing is."""
    return _manifest(head, files, len, len)


def _manifest(head: Head, files: Iterable[FileSum], sums: Callable[[bytes], object], told: Callable[[bytes], object]) -> Manifest:
    """Give the bytes of both files piece by piece to whoever takes them."""
    digest_of_sums, digest_of_json = hashlib.sha256(), hashlib.sha256()
    file_count, byte_count = 0, 0

    def sum_line(digest: str, name: str) -> None:
        line = f"{digest}  {name}\n".encode()
        digest_of_sums.update(line)
        sums(line)

    def tell(words: str) -> None:
        digest_of_json.update(words.encode())
        told(words.encode())

    tell(_opening(head))
    for each in files:
        tell(("," if file_count else "") + "\n  " + json.dumps({"name": each.name, "bytes": each.bytes, "sha256": each.sha256}))
        sum_line(each.sha256, each.name)
        file_count, byte_count = file_count + 1, byte_count + each.bytes
    tell(f'\n ],\n "file_count": {file_count},\n "byte_count": {byte_count}\n}}\n')
    sum_line(digest_of_json.hexdigest(), MANIFEST)
    return Manifest(digest_of_sums.hexdigest(), file_count, byte_count)


def _opening(head: Head) -> str:
    said = {"form": FORM, **asdict(head), "business_date": head.business_date.isoformat()}
    return json.dumps(said, indent=1, ensure_ascii=False).removesuffix("\n}") + ',\n "files": ['


def read_sums(sums: bytes) -> Iterator[tuple[str, str]]:
    """Name and hash of each file of a ``SHA256SUMS``; a line that is none is passed over, its file then counts as strange."""
    for line in sums.decode("utf-8", "replace").splitlines():
        found = _LINE.fullmatch(line)
        if found:
            yield found[2], found[1]


def sums_of(files: Mapping[str, bytes]) -> tuple[FileSum, ...]:
    """Size and hash of files in memory, in the order of their names."""
    return tuple(FileSum(name, len(files[name]), hashlib.sha256(files[name]).hexdigest()) for name in sorted(files))


def sum_of_file(path: Path) -> tuple[int, str]:
    """Size and hash of a file on the disk, read piece by piece; a link is not followed. An OSError when it cannot be read."""
    if path.is_symlink() or not path.is_file():
        raise FileNotFoundError(2, "no such file", str(path))
    digest, size = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        while piece := file.read(CHUNK_BYTES):
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()


def is_safe_name(name: str) -> bool:
    """Whether a name stays below its directory, can stand in a line of ``SHA256SUMS`` and is not hidden or the manifest's own."""
    parts = PurePosixPath(name).parts
    return (
        bool(parts)
        and "/".join(parts) == name
        and not any(part.startswith(".") or part == "/" for part in parts)
        and name not in OWN_NAMES
        and name.isprintable()
        and "\\" not in name
    )
