"""What a PDF says and where it says it, read back with another program than the one that wrote it."""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass
from typing import Final

import pypdfium2
import pypdfium2.raw as pdfium

STREAM: Final = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


def texts(pdf: bytes) -> list[str]:
    """The text of each page, in reading order."""
    with pypdfium2.PdfDocument(pdf) as opened:
        return ["\n".join(page.get_textpage().get_text_range().split("\r\n")) for page in opened]


def text(pdf: bytes) -> str:
    """All of it, pages parted by a line."""
    return "\n---\n".join(texts(pdf)) + "\n"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of text and the space its letters take, in points from the bottom left."""

    page: int
    words: str
    left: int
    bottom: int
    right: int
    top: int


def runs(pdf: bytes) -> list[Run]:
    """Every run of text with its box, rounded to tenths of a point and shrunk by one, so that touching is no overlap."""
    found: list[Run] = []
    with pypdfium2.PdfDocument(pdf) as opened:
        for number, page in enumerate(opened, 1):
            for run in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT], textpage=page.get_textpage()):
                left, bottom, right, top = (round(edge * 10) for edge in run.get_bounds())
                found.append(Run(number, run.extract(), left + 1, bottom + 1, right - 1, top - 1))
    return found


def overlaps(pdf: bytes) -> list[tuple[Run, Run]]:
    """Pairs of runs that print over each other."""
    found: list[tuple[Run, Run]] = []
    boxes = sorted(runs(pdf), key=lambda run: (run.page, run.bottom))
    for index, one in enumerate(boxes):
        for other in boxes[index + 1 :]:
            if other.page != one.page or other.bottom >= one.top:
                break
            if one.left < other.right and other.left < one.right:
                found.append((one, other))
    return found


def digest(pdf: bytes) -> str:
    """A fingerprint of what is drawn, whatever the compressor: the file with its streams unpacked and their lengths left out."""
    hashed = hashlib.sha256()
    for stream in STREAM.findall(pdf):
        try:
            hashed.update(zlib.decompress(stream))
        except zlib.error:
            hashed.update(stream)
    return hashed.hexdigest()
