"""What a bill's PDF says, read back from its bytes: enough of PDF for the files we write, and no more.

The books compare what a customer reads on paper with what was posted, so this shares nothing with the drawing but the form
of a file: objects by the cross-reference table, one compressed stream a page, text placed by ``Tm`` and shown by ``Tj``
(``billing.bill_pdf.ink``). Any other file, and any page in another form, is refused: a check that skips is none.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from css.core.errors import BadMessage

_START: Final = re.compile(rb"startxref\s+([0-9]+)\s+%%EOF\s*\Z")
_TABLE: Final = re.compile(rb"xref\s+0 ([0-9]+)\s")
_ENTRY: Final = re.compile(rb"([0-9]{10}) [0-9]{5} n")
_LENGTH: Final = re.compile(rb"/Length ([0-9]+)[ \r\n/>]")
_CONTENTS: Final = re.compile(rb"/Contents ([0-9]+) 0 R")
_KIDS: Final = re.compile(rb"/Kids \[([ 0-9R\r\n]+)\]")
_NUMBER: Final = re.compile(rb"([0-9]+) 0 R")
_FONT: Final = re.compile(rb"/Name (/F[0-9+]+) .*?(?:/ToUnicode ([0-9]+) 0 R|\Z)", re.DOTALL)
_LETTER: Final = re.compile(rb"<([0-9A-F]{2})> <([0-9A-F]{4,8})>")
_RUN: Final = re.compile(r"1 0 0 1 -?[0-9]+ (-?[0-9]+) Tm \(([^)]*)\) Tj")
_MARK: Final = re.compile(rb"(/F[0-9+]+) [0-9]+ Tf|1 0 0 1 -?[0-9]+ (-?[0-9]+) Tm |\(([^)]*)\) Tj|<([0-9a-f]*)> Tj")
_OCTAL: Final = re.compile(r"\\([0-7]{3})")
_CODE_PAGE: Final = "cp1252"


class Row(NamedTuple):
    """Words drawn one after the other on one base line of one page."""

    page: int
    """From 1."""
    words: tuple[str, ...]


def rows_of(pdf: bytes, *, widest: int | None = None) -> list[Row]:
    """The text of a bill's PDF in drawing order.

    Args:
        pdf: the whole file.
        widest: rows of more words are left out, if a number is given. Of a bill of two thousand pages nearly all rows are calls.

    Raises:
        BadMessage: CSS841E, it is no PDF of ours, or not whole.
    """
    try:
        return [row for row in _rows(pdf) if widest is None or len(row.words) <= widest]
    except (zlib.error, ValueError, KeyError, IndexError, AttributeError) as error:
        raise BadMessage("CSS841E", "The PDF is none that we write, or it is not whole.") from error


def page_count(pdf: bytes) -> int:
    """How many pages a PDF of ours has. Raises as ``rows_of``."""
    try:
        return len(_pages(_objects(pdf)))
    except (ValueError, KeyError, IndexError, AttributeError) as error:
        raise BadMessage("CSS841E", "The PDF is none that we write, or it is not whole.") from error


def _rows(pdf: bytes) -> Iterator[Row]:
    objects = _objects(pdf)
    letters = _letters(objects)
    for page, contents in enumerate(_pages(objects), 1):
        place: str | None = None
        held: list[str] = []
        for at, words in _shown(_stream(objects[contents]), letters):
            if at != place and held:
                yield Row(page, tuple(held))
                held = []
            place = at
            held.append(words)
        if held:
            yield Row(page, tuple(held))


def _objects(pdf: bytes) -> Mapping[int, bytes]:
    """Every object's bytes by its number, as the table at the end says where they begin."""
    start = int(_match(_START.search(pdf[-64:]))[1])
    table = _match(_TABLE.match(pdf, start))
    begins = [int(entry[1]) for entry in _ENTRY.finditer(pdf, table.end())]
    if len(begins) != int(table[1]) - 1:
        raise ValueError(start)
    ends = dict(zip(sorted(begins), [*sorted(begins)[1:], start], strict=True))
    return {number: pdf[begin : ends[begin]] for number, begin in enumerate(begins, 1)}


def _match(found: re.Match[bytes] | None) -> re.Match[bytes]:
    if found is None:
        raise ValueError
    return found


def _pages(objects: Mapping[int, bytes]) -> list[int]:
    """The numbers of the pages' contents, in order."""
    tree = next(held for held in objects.values() if b"/Type /Pages" in held)
    kids = [int(kid[1]) for kid in _NUMBER.finditer(_match(_KIDS.search(tree))[1])]
    return [int(_match(_CONTENTS.search(objects[kid]))[1]) for kid in kids]


def _stream(held: bytes) -> bytes:
    length = int(_match(_LENGTH.search(held))[1])
    begin = held.index(b"stream") + len(b"stream")
    begin += 2 if held[begin : begin + 2] == b"\r\n" else 1
    return zlib.decompress(held[begin : begin + length])


def _letters(objects: Mapping[int, bytes]) -> Mapping[bytes, Mapping[int, str]]:
    """For each embedded subset of a font, which letter a code of it is; the others have the standard encoding."""
    found: dict[bytes, Mapping[int, str]] = {}
    for held in objects.values():
        if b"/Type /Font\n" in held or b"/Type /Font " in held:
            font = _match(_FONT.search(held))
            if font[2] is not None:
                found[font[1]] = _codes(_stream(objects[int(font[2])]))
    return found


def _codes(table: bytes) -> Mapping[int, str]:
    return {int(code, 16): bytes.fromhex(letter.decode()).decode("utf-16-be") for code, letter in _LETTER.findall(table)}


def _shown(content: bytes, letters: Mapping[bytes, Mapping[int, str]]) -> Iterator[tuple[str, str]]:
    """Each run of words with its base line; a run cut into subsets of its font comes whole."""
    if b"> Tj" not in content:
        # Nearly every bill: standard fonts, one piece a run. Five times as fast as mark by mark.
        yield from ((line, _unescaped(text) if "\\" in text else text) for line, text in _RUN.findall(content.decode("ascii")))
        return
    font, line, held = b"", "", ""
    for mark in _MARK.finditer(content):
        named, placed, standard, embedded = mark.groups()
        if standard is not None:
            held += _unescaped(standard.decode("ascii"))
        elif embedded is not None:
            held += "".join(letters[font][code] for code in bytes.fromhex(embedded.decode()))
        elif named is not None:
            font = named
        else:
            if held:
                yield line, held
            line, held = placed.decode(), ""
    if held:
        yield line, held


def _unescaped(text: str) -> str:
    return _OCTAL.sub(lambda octal: bytes([int(octal[1], 8)]).decode(_CODE_PAGE), text)
