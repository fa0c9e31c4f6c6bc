"""Which layouts of usage records there are, how one is told from the other, and how a block of either is read."""

from __future__ import annotations

from typing import Final

import polars as pl

from billing.rules import usage_native, usage_record
from billing.rules.usage_lines import Window

UK_STANDARD_CDR: Final = "uk-standard-cdr"
CSS_CSV: Final = "css-csv"


def layout_of(first_line: bytes) -> str:
    """The layout of a file by its first line.

    BadMessage CSS653E when that is a heading whose columns cannot be used. Whatever is no heading is UK Standard CDR, which
    has none: a file of neither layout then has no readable record.
    """
    if not usage_native.is_heading(first_line):
        return UK_STANDARD_CDR
    usage_native.columns_named(first_line)
    return CSS_CSV


def has_heading(layout: str) -> bool:
    """Whether files of a layout, and every stored block of one, begin with a line that is no record."""
    return layout == CSS_CSV


def parse_block(layout: str, content: bytes, first_line: int, window: Window | None) -> pl.DataFrame:
    """Read a block into ``RECORD_COLUMNS``; the same bytes give the same rows on every day.

    ``content`` is whole lines, the first of them record ``first_line`` of the file; in css-csv they come after the heading.
    Without a window no call is too old or too new.
    """
    if layout == CSS_CSV:
        return usage_native.parse_records(content, first_line, window)
    assert layout == UK_STANDARD_CDR, f"{layout!r} is not a layout"
    return usage_record.parse_records(content, first_line, window)
