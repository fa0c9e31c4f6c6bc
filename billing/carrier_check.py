"""What a night would make of a carrier's file, as far as the file alone can tell; nothing is stored and no database is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from billing.carrier_file import CarrierFile, Whole, file_control
from billing.rules.rejects import accepted, rejected
from billing.rules.usage_control import Tally, control_faults, tally_of
from billing.rules.usage_layouts import UK_STANDARD_CDR, parse_block
from billing.rules.usage_lines import ANY_TIME, Window


@dataclass(frozen=True, slots=True)
class ReasonFound:
    """One reason for which records would be set aside."""

    code: str
    count: int
    first_line: int
    words: str
    """Of the first of them."""


@dataclass(frozen=True, slots=True)
class FileChecked:
    """A file that is whole."""

    layout: str
    whole: Whole
    tally: Tally
    part_count: int
    """Readable records that are parts of long calls."""
    legs: dict[str, int]
    """Readable records by leg."""
    reasons: tuple[ReasonFound, ...]
    """By code."""

    @property
    def set_aside_count(self) -> int:
        return sum(reason.count for reason in self.reasons)


def check_file(path: Path, window: Window = ANY_TIME, read: Callable[[int], None] = lambda _bytes: None) -> FileChecked:
    """Read a file from end to end, in bounded memory. ``read`` is told of the bytes of each block.

    A call later than its file is set aside whatever the window is.

    BadMessage as the night would refuse it (CSS406E, CSS420E to CSS422E, CSS650E to CSS653E); an OSError when it cannot be read.
    """
    file = CarrierFile(path)
    window = window.of_file_made(file_control(path).created_at)
    tally, parts, legs = Tally(), 0, dict[str, int]()
    reasons: dict[str, ReasonFound] = {}
    for content in file.blocks():
        block = parse_block(file.layout, content, tally.record_count + 1, window)
        tally += tally_of(block)
        good = accepted(block)
        parts += good["chain_id"].count()
        for leg, count in good["leg"].value_counts().iter_rows():
            legs[leg] = legs.get(leg, 0) + count
        for found in _reasons(rejected(block)):
            before = reasons.get(found.code)
            reasons[found.code] = (
                found if before is None else ReasonFound(found.code, before.count + found.count, before.first_line, before.words)
            )
        read(len(content))
    whole = file.whole
    faults = control_faults(whole.control, tally, whole.records_sha256)
    if faults:
        raise faults[0]
    return FileChecked(file.layout or UK_STANDARD_CDR, whole, tally, parts, legs, tuple(reasons[code] for code in sorted(reasons)))


def _reasons(bad: pl.DataFrame) -> list[ReasonFound]:
    if bad.is_empty():
        return []
    by_code = bad.group_by("reject_code").agg(pl.len(), pl.col("line_number").first(), pl.col("reject_text").first())
    return [ReasonFound(*row) for row in by_code.iter_rows()]
