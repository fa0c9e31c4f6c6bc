"""A carrier's file as it is read: in blocks of whole lines, plain or compressed, in memory that no file can exceed.

The control record is the last line, so what it says is known at the end; what it is compared with is counted on the way.
Whether a file is compressed is seen from its first bytes, not from its name. Limits stand for everything that a broken
or hostile file could make large: bytes, what a compressed file swells to, lines, and the length of one line.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import BufferedReader
from pathlib import Path
from typing import IO, Final

from billing.rules.usage_control import CONTROL_BYTES_MAX, Control, read_control
from billing.rules.usage_layouts import has_heading, layout_of
from billing.rules.usage_lines import BYTE_ORDER_MARK, LINE_BYTES_MAX
from css.core.errors import BadMessage

PLAIN_BYTES_MAX = 64 << 30
GZIP_BYTES_MAX = 8 << 30
"""What a compressed file may come to when it is read."""
GZIP_RATIO_MAX = 200
"""Call records shrink to a tenth or a thirtieth; what shrinks to less was made to fill a disk."""
GZIP_SMALL_BYTES = 16 << 20
"""Up to here nobody asks for the ratio: a few hundred equal lines are no attack."""

BLOCK_LINES = 50_000
BLOCK_BYTES_MAX = 16 << 20
BLOCK_BYTES_MIN = 64 << 10
READ_BYTES = 1 << 20
HELD_BYTES_MAX = 64 << 10
"""Of a line whose end is not in sight; longer than any line that is kept, and than any control record."""

_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_TAIL_BYTES: Final = 4 * CONTROL_BYTES_MAX
_GLANCES_MAX: Final = 1024


@dataclass(frozen=True, slots=True)
class Whole:
    """What was found of a file when all of it has been read."""

    control: Control
    records_sha256: str
    """Of every byte before the control record, decompressed."""
    sha256: str
    """Of every byte, decompressed."""
    byte_count: int
    """Decompressed."""


class CarrierFile:
    """One reading of a file. ``blocks`` gives its lines; when they have all been drawn, ``whole`` says what they were.

    Refusals are BadMessage: CSS406E larger than is taken, CSS420E no control record at its end, CSS650E and CSS651E a
    compressed file cut short or damaged, CSS652E one that swells beyond measure, CSS653E a heading that names no columns,
    CSS662E a pipe, which can be read once only.
    An OSError when it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._records = hashlib.sha256()
        self._byte_count = 0
        self._last_line = b""
        self._heading = b""
        self.layout = ""
        """Known when the first block is."""

    def blocks(self) -> Iterator[bytes]:
        """The records in order: blocks of whole lines of about ``BLOCK_LINES``, never more than ``BLOCK_BYTES_MAX`` bytes.

        In a layout with a heading every block begins with it. Of a line longer than anything that is read, only so much
        is in it that a reader sees that it is too long.
        """
        for lines in self._lines():
            if not self.layout:
                lines = self._without_heading(lines)  # noqa: PLW2901 - the first line of the file is told from the others here
            for part in _of_few_lines(lines):
                yield self._heading + part

    @property
    def whole(self) -> Whole:
        """What the control record says and what it is to be compared with; CSS420E when the last line is not one."""
        control = read_control(self._last_line)
        everything = self._records.copy()
        everything.update(self._last_line)
        return Whole(control, self._records.hexdigest(), everything.hexdigest(), self._byte_count)

    @property
    def last_line(self) -> bytes:
        """The line that ``blocks`` keeps back, as a block of its own: where a file has no control record it is a record."""
        if not self.layout:
            self.layout = layout_of(self._last_line.strip(b"\r\n"))
        return self._heading + self._last_line

    def _without_heading(self, lines: bytes) -> bytes:
        first, _, rest = lines.lstrip(b"\r\n").partition(b"\n")
        self.layout = layout_of(first.rstrip(b"\r"))
        if not has_heading(self.layout):
            return lines
        self._heading = first.rstrip(b"\r").removeprefix(BYTE_ORDER_MARK) + b"\n"
        return rest

    def _lines(self) -> Iterator[bytes]:
        """Whole lines in pieces of about a block, all but the last line that is not blank; that one is kept."""
        gathered: list[bytes] = []
        size, wanted, in_long_line = 0, 0, False
        with _opened(self._path) as stream:
            for piece in _pieces(stream, shown_name(self._path)):
                self._byte_count += len(piece)
                if in_long_line:
                    through, newline, rest = piece.partition(b"\n")
                    self._records.update(through + newline)
                    in_long_line, piece = not newline, rest  # noqa: PLW2901 - what is left of it when the long line has ended
                gathered.append(piece)
                size += len(piece)
                wanted = wanted or _bytes_of_block(piece)
                if size < wanted:
                    continue
                ready, held = _all_but_last_line(b"".join(gathered))
                if len(held) > HELD_BYTES_MAX:
                    # No control record is so long, nor has so many blank lines after it: it is a record like the others.
                    in_long_line = b"\n" not in held
                    self._records.update(ready + held)
                    ready, held = ready + (held[: LINE_BYTES_MAX + 1] + b"\n" if in_long_line else held), b""
                else:
                    self._records.update(ready)
                wanted = _bytes_of_block(ready)
                gathered, size = [held], len(held)
                if ready:
                    yield ready
        ready, self._last_line = _all_but_last_line(b"".join(gathered))
        self._records.update(ready)
        if ready:
            yield ready


def file_control(path: Path) -> Control:
    """What a file's control record says, without reading the rest where that can be helped. Refusals as of ``CarrierFile``."""
    with _opened(path) as stream:
        if _is_gzip(stream):
            about = os.fstat(stream.fileno())
            return _control_inside(path, about.st_ino, about.st_size, about.st_mtime_ns)
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL_BYTES))
        return read_control(_all_but_last_line(stream.read())[1])


def content_sha256(path: Path) -> str:
    """What tells a file's content from another, whatever it is called and however compressed.

    Where it cannot be decompressed, that of its bytes as they are. An OSError when it cannot be read.
    """
    digest = hashlib.sha256()
    with _opened(path) as stream:
        try:
            for piece in _pieces(stream, shown_name(path)):
                digest.update(piece)
        except BadMessage:
            stream.seek(0)
            return hashlib.file_digest(stream, "sha256").hexdigest()
    return digest.hexdigest()


def is_gzip(path: Path) -> bool:
    """Whether a file is compressed, whatever its name says."""
    with _opened(path) as stream:
        return _is_gzip(stream)


def shown_name(path: Path) -> str:
    """The name of a file as text that can be stored, whatever bytes it is made of."""
    return path.name.encode("utf-8", "backslashreplace").decode()


@lru_cache(maxsize=_GLANCES_MAX)
def _control_inside(path: Path, _inode: int, _size: int, _modified_ns: int) -> Control:
    """Of a compressed file, which must be read whole to see its end; asked again of the same file it is not read again."""
    tail = b""
    with _opened(path) as stream:
        for piece in _pieces(stream, shown_name(path)):
            tail = (tail + piece)[-_TAIL_BYTES:]
    return read_control(_all_but_last_line(tail)[1])


def _all_but_last_line(content: bytes) -> tuple[bytes, bytes]:
    """The lines before the last one that is not blank, and that one with whatever ends it."""
    end = len(content.rstrip(b"\r\n"))
    start = content.rfind(b"\n", 0, end) + 1
    return content[:start], content[start:]


def _bytes_of_block(sample: bytes) -> int:
    """How many bytes make a block, by the lines just seen."""
    lines = max(sample.count(b"\n"), 1)
    return min(max(len(sample) * BLOCK_LINES // lines, BLOCK_BYTES_MIN), BLOCK_BYTES_MAX - 2 * READ_BYTES)


def _of_few_lines(lines: bytes) -> Iterator[bytes]:
    """The lines in pieces that are not many times ``BLOCK_LINES``: after long lines may come a million short ones."""
    if lines.count(b"\n") <= 2 * BLOCK_LINES:
        yield lines
        return
    middle = lines.index(b"\n", len(lines) // 2 - 1) + 1
    for half in (lines[:middle], lines[middle:]):
        if half:
            yield from _of_few_lines(half)


def _opened(path: Path) -> BufferedReader:
    """The file from its beginning. A pipe is refused: how a file is packed is seen before it is read, and its end is read twice."""
    stream = path.open("rb")
    if stream.seekable():
        return stream
    stream.close()
    sentence = "{file} is not a file that can be read twice; save what comes through it to a file first."
    raise BadMessage("CSS662E", sentence, file=str(path).encode("utf-8", "backslashreplace").decode())


def _is_gzip(stream: IO[bytes]) -> bool:
    is_gzip = stream.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    stream.seek(0)
    return is_gzip


def _pieces(stream: IO[bytes], name: str) -> Iterator[bytes]:
    """The decompressed bytes, at most ``READ_BYTES`` at a time."""
    compressed = _is_gzip(stream)
    limit, count = (GZIP_BYTES_MAX, 0) if compressed else (PLAIN_BYTES_MAX, 0)
    for piece in _inflated(stream, name) if compressed else iter(lambda: stream.read(READ_BYTES), b""):
        count += len(piece)
        if count > limit:
            raise BadMessage(
                "CSS406E", "{file} is larger than the {limit} bytes taken at once. Ask for it in parts.", file=name, limit=limit
            )
        yield piece


def _inflated(stream: IO[bytes], name: str) -> Iterator[bytes]:
    """As ``gzip`` would give it, members one after another, but never more at once than we asked for."""
    read = given = 0
    decoder = zlib.decompressobj(_GZIP_WINDOW)
    try:
        while packed := stream.read(READ_BYTES // 4):
            read += len(packed)
            while packed:
                if decoder.eof:
                    packed = packed.lstrip(b"\0")  # padding, as tapes have it
                    if not packed:
                        break
                    decoder = zlib.decompressobj(_GZIP_WINDOW)
                piece = decoder.decompress(packed, READ_BYTES)
                packed = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
                given += len(piece)
                if given > GZIP_SMALL_BYTES and given > read * GZIP_RATIO_MAX:
                    raise BadMessage("CSS652E", "{file} swells to more than {ratio} times its size.", file=name, ratio=GZIP_RATIO_MAX)
                if piece:
                    yield piece
        while not decoder.eof and (piece := decoder.decompress(b"", READ_BYTES)):
            yield piece
    except zlib.error:
        raise BadMessage("CSS651E", "{file} is compressed and damaged.", file=name) from None
    if not decoder.eof:
        raise BadMessage("CSS650E", "{file} is compressed and cut short.", file=name)
