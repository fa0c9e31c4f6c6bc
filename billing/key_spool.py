"""Keys by the ten million, looked up exactly, in a memory that hardly grows with them.

A row is looked for in three steps, each for the few that the one before lets through. A sieve of a few bits a key says of
nearly every new row that it was never seen. What is left is searched by half a hash in an index of eight bytes a key. What
is found there is read from the disk and compared as text, every character. The hash only finds and never decides, and it
lives no longer than the process: polars may change it from version to version.

Keys are put on the disk in columns, which costs little to write and to read back. Only those among which something is
searched are written once more as text: a file without repetitions never comes to that.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import polars as pl

RECORD: Final = "record_id"
"""The column of the record that bears the key."""

_SEPARATOR: Final = "\x1f"
_HALF: Final = 1 << 32
_ROWS_PER_FENCE: Final = 16
_INDEX_ROWS: Final = (300_000, 2_000_000)
"""Indexes smaller than this are put together to one when they add up to it."""
_LAYER_BITS: Final = (16, 19, 22)
"""A layer of the sieve has two to the power of so many words of 64 bits; the last size repeats (32 MiB)."""
_KEYS_PER_WORD: Final = 3
"""With three bits a key, one new row in two hundred is then let through and looked for in vain."""
_MASKS: Final = pl.Series(
    [1 << (n & 63) | 1 << ((n >> 4) * 29 + 11 & 63) | 1 << ((n >> 6) * 23 + (n & 15) * 5 + 37 & 63) for n in range(4096)],
    dtype=pl.UInt64(),
)
"""Which bits a key sets in its word, by twelve bits of its hash."""


class KnownKeys:
    """Keys seen so far, each with the record that bears it.

    No part of a key may hold a line feed or the character 31, or be an empty text; a part that is null equals another that
    is null. Keys are added once: who adds a key that is there already has not looked. ``path`` is of a new file, the
    caller's to remove, and there must be disk for about 160 bytes a key.
    """

    def __init__(self, key: Mapping[str, pl.DataType], path: Path) -> None:
        self._key = list(key)
        # The record first: a line that began with a key could begin with a byte order mark, which a reader takes away.
        self._kinds = {RECORD: pl.Int64(), **key}
        self._sieve = _Sieve()
        self._indexes: list[pl.Series] = []
        """Half a hash and the number of a row in one integer, in order."""
        self._segments: list[_Segment] = []
        self._first_rows: list[int] = []
        self._file = path.open("w+b", buffering=0)
        self._ends_at = 0

    def close(self) -> None:
        """Nothing can be looked for any more."""
        self._file.close()

    def hashed(self, rows: pl.DataFrame) -> pl.Series:
        """What ``find`` and ``add`` want to be given with these rows. Rows of one key have one hash."""
        return rows.select(pl.struct(self._key).hash()).to_series()

    def find(self, rows: pl.DataFrame, hashes: pl.Series) -> pl.Series:
        """The record that bears each row's key, null where none does; ``rows`` has the columns of the key."""
        known = pl.repeat(None, rows.height, dtype=pl.Int64(), eager=True).alias(RECORD)
        through = self._sieve.lets_through(hashes)
        found = self._bearers(hashes.filter(through)) if through.any() else {}
        if not found:
            return known
        asked = rows.select(pl.int_range(pl.len()).alias("row"), self._text().alias("text")).filter(through)
        hits = [(row, found[text]) for row, text in asked.rows() if text in found]
        return known.scatter([row for row, _ in hits], [record for _, record in hits])

    def add(self, rows: pl.DataFrame, hashes: pl.Series, *, own: bool) -> None:
        """Remember the keys of rows, which have the columns of the key and ``record_id``; ``own`` ones are given out again."""
        if rows.is_empty():
            return
        self._sieve.add(hashes)
        first = self._segments[-1].next_row if self._segments else 0
        numbers = pl.int_range(first, first + rows.height, dtype=pl.UInt64(), eager=True)
        self._index((hashes // _HALF * _HALF + numbers).sort())
        columns = BytesIO()
        kept = rows.select(pl.col(name).cast(kind) for name, kind in self._kinds.items())
        # The older form holds the texts of these rows alone; the newer would hold whatever they were cut from.
        kept.write_ipc(columns, compression="uncompressed", compat_level=pl.CompatLevel.oldest())
        self._segments.append(_Segment(first, rows.height, self._append(columns), columns.tell(), own=own))
        self._first_rows.append(first)

    def stop_looking(self) -> None:
        """Give up the memory that ``find`` needs; what was added can still be read by ``own_rows``."""
        self._sieve = _Sieve()
        self._indexes = []

    def own_rows(self) -> Iterator[pl.DataFrame]:
        """The own keys and their records in the order in which they were added, as many at a time as came at a time."""
        for segment in self._segments:
            if segment.own:
                yield self._read_back(segment).select(*self._key, RECORD)

    def _text(self) -> pl.Expr:
        """A key as its line has it."""
        parts = [pl.col(name).cast(self._kinds[name]).to_physical().cast(pl.String).fill_null("") for name in self._key]
        return pl.concat_str(parts, separator=_SEPARATOR)

    def _index(self, index: pl.Series) -> None:
        self._indexes.append(index)
        for limit in _INDEX_ROWS:
            small = [one for one in self._indexes if len(one) < limit]
            if sum(map(len, small)) >= limit:
                self._indexes = [one for one in self._indexes if len(one) >= limit]
                self._indexes.append(pl.concat(small).sort())

    def _bearers(self, hashes: pl.Series) -> dict[str, int]:
        """Record by text, of all keys that have one of these hashes, and perhaps of some more."""
        halves = (hashes // _HALF * _HALF).unique().sort()
        lasts = halves + (_HALF - 1)
        rows: set[int] = set()
        for index in self._indexes:
            first, after = index.search_sorted(halves), index.search_sorted(lasts, side="right")
            hit = first < after
            if hit.any():
                places = pl.select(pl.int_ranges(first.filter(hit), after.filter(hit)).explode()).to_series()
                rows.update(index.gather(places) % _HALF)
        return dict(self._lines(sorted(rows)))

    def _lines(self, rows: list[int]) -> Iterator[tuple[str, int]]:
        """Text and record of rows, which come in order: those between two fences are read together."""
        read: tuple[_Segment, int] | None = None
        lines: list[str] = []
        for row in rows:
            segment = self._segments[bisect_right(self._first_rows, row) - 1]
            fence, place = divmod(row - segment.first_row, _ROWS_PER_FENCE)
            if read is None or read[0] is not segment or read[1] != fence:
                read = segment, fence
                fences = self._fences(segment)
                self._file.seek(fences[fence])
                lines = self._file.read(fences[fence + 1] - fences[fence]).decode().split("\n")
            record, _, text = lines[place].partition(_SEPARATOR)
            yield text, int(record)

    def _fences(self, segment: _Segment) -> array[int]:
        """Where the lines of a segment are, which are written the first time that something is searched among them."""
        if segment.fences is None:
            lines = self._read_back(segment).select(pl.col(name).to_physical() for name in self._kinds)
            written = BytesIO()
            lines.write_csv(written, include_header=False, separator=_SEPARATOR, quote_style="never")
            start = self._append(written)
            ends = start + _line_lengths(lines).cum_sum()
            assert ends[-1] - start == written.tell(), "a line of the spool is not as long as its parts"
            segment.fences = array("q", [start, *ends.gather_every(_ROWS_PER_FENCE, _ROWS_PER_FENCE - 1), ends[-1]])
        return segment.fences

    def _read_back(self, segment: _Segment) -> pl.DataFrame:
        self._file.seek(segment.start)
        rows = pl.read_ipc(BytesIO(self._file.read(segment.byte_count)))
        assert rows.height == segment.row_count, "the spool does not give back what was put in it"
        return rows

    def _append(self, content: BytesIO) -> int:
        """Where in the file it begins."""
        start = self._file.seek(self._ends_at)
        self._file.write(content.getbuffer())
        self._ends_at += content.tell()
        return start


@dataclass(slots=True)
class _Segment:
    """The rows written by one call of ``add``."""

    first_row: int
    row_count: int
    start: int
    byte_count: int
    own: bool
    fences: array[int] | None = None
    """Where in the file every sixteenth of its lines begins, and where the last ends; None while it has none."""

    @property
    def next_row(self) -> int:
        return self.first_row + self.row_count


def _line_lengths(lines: pl.DataFrame) -> pl.Series:
    """Of the parts, and a separator or line feed after each."""
    return lines.select(pl.sum_horizontal(_width(part) for part in lines) + lines.width).to_series()


def _width(part: pl.Series) -> pl.Expr:
    """How many bytes each value is written with."""
    if part.dtype == pl.String():
        return pl.col(part.name).str.len_bytes().cast(pl.Int64).fill_null(0)
    least, most = part.min(), part.max()
    if least is None:
        return pl.lit(0, dtype=pl.Int64())
    assert isinstance(least, int), "a part of a key is text or a whole number"
    assert isinstance(most, int), "a part of a key is text or a whole number"
    if least < 0 or part.has_nulls():
        return pl.col(part.name).cast(pl.String).str.len_bytes().cast(pl.Int64).fill_null(0)
    # Numbers of one column are nearly of one width: comparing with the powers of ten between is faster than writing them.
    wider = [(pl.col(part.name) >= 10**digits).cast(pl.Int64) for digits in range(len(str(least)), len(str(most)))]
    return pl.sum_horizontal(pl.lit(len(str(least)), dtype=pl.Int64()), *wider)


class _Sieve:
    """Says of a hash that it was never added, or that it may have been. A key sets three bits of one word."""

    def __init__(self) -> None:
        self._layers: list[_Layer] = []

    def lets_through(self, hashes: pl.Series) -> pl.Series:
        """Which rows may have been added."""
        through = pl.repeat(value=False, n=len(hashes), dtype=pl.Boolean(), eager=True)
        for layer in self._layers:
            through |= layer.lets_through(hashes)
        return through

    def add(self, hashes: pl.Series) -> None:
        if not self._layers or self._layers[-1].is_full:
            self._layers.append(_Layer(_LAYER_BITS[min(len(self._layers), len(_LAYER_BITS) - 1)]))
        self._layers[-1].add(hashes)


class _Layer:
    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._words = pl.zeros(1 << bits, dtype=pl.UInt64(), eager=True)
        self._added = 0

    @property
    def is_full(self) -> bool:
        return self._added >= _KEYS_PER_WORD << self._bits

    def lets_through(self, hashes: pl.Series) -> pl.Series:
        masks = _masks(hashes)
        return self._words.gather(self._places(hashes)) & masks == masks

    def add(self, hashes: pl.Series) -> None:
        self._added += len(hashes)
        places, masks = self._places(hashes), _masks(hashes)
        # Two keys of one word cannot both be written at once: what was overwritten goes round again.
        while len(places):
            self._words.scatter(places, self._words.gather(places) | masks)
            lost = self._words.gather(places) & masks != masks
            places, masks = places.filter(lost), masks.filter(lost)

    def _places(self, hashes: pl.Series) -> pl.Series:
        return (hashes // (1 << (64 - self._bits))).cast(pl.UInt32)


def _masks(hashes: pl.Series) -> pl.Series:
    return _MASKS.gather(hashes % len(_MASKS))
