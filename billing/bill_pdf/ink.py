"""Ink on paper: fonts, measured text and marks, as operators of a PDF page.

Geometry is whole hundredths of a point, x from the left edge and y down from the top edge of the sheet, so there is no
binary fraction anywhere in the room and the same bill is the same bytes. Text goes to the page as ready operators: a
call by call drawing interface costs four times as much (decision 0021).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, Protocol

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

SHEET_WIDTH: Final = 59528
SHEET_HEIGHT: Final = 84189
"""A4."""

_STANDARD_FONTS: Final = ("Helvetica", "Helvetica-Bold", "Courier-Bold")
_EMBEDDED_FONTS: Final = ("SourceSansPro-Regular", "SourceSansPro-Bold")
_CODE_PAGE: Final = "cp1252"


def mm(millimetres: int) -> int:
    """Millimetres in hundredths of a point."""
    return millimetres * 28346 // 100


def pt(tenths: int) -> int:
    """Tenths of a point in hundredths: ``pt(95)`` is 9.5 point."""
    return tenths * 10


class Face(Protocol):
    """A font at work in one document."""

    widths: dict[str, int]
    """In thousandths of the size."""

    def measure(self, words: str) -> int:
        """How wide the words stand, in thousandths of the size."""

    def pieces(self, words: str) -> Iterable[tuple[str, str]]:
        """The words as (font resource, string operand) in order; one piece unless a font has to be cut into subsets."""


@cache
def _code_page() -> dict[int, str]:
    """Every character of the standard fonts' encoding as a PDF string operand writes it."""
    operands: dict[int, str] = {}
    for code in range(32, 256):
        character = bytes([code]).decode(_CODE_PAGE, errors="ignore")
        if character and unicodedata.category(character) != "Cc":
            operands[ord(character)] = f"\\{code:03o}" if not character.isascii() or character in "\\()" else character
    return operands


@cache
def _standard_widths(name: str) -> dict[str, int]:
    widths = pdfmetrics.getFont(name).widths
    return {chr(code): widths[chr(code).encode(_CODE_PAGE)[0]] for code in _code_page()}


WORDS_KEPT: Final = 1 << 14
"""Bills say the same words again and again: so many are measured and written once in a process."""


@lru_cache(WORDS_KEPT)
def _operand(words: str) -> str:
    return f"({words.translate(_code_page())})"


@lru_cache(WORDS_KEPT)
def _standard_measure(name: str, words: str) -> int:
    return sum(map(_standard_widths(name).__getitem__, words))


class StandardFace:
    """One of the fonts every PDF reader has, under WinAnsi encoding; nothing is embedded."""

    def __init__(self, name: str, resource: str) -> None:
        self.widths = _standard_widths(name)
        self._name = name
        self._resource = resource

    def measure(self, words: str) -> int:
        """How wide the words stand, in thousandths of the size."""
        return _standard_measure(self._name, words)

    def pieces(self, words: str) -> Iterable[tuple[str, str]]:
        """All of it in one piece."""
        return ((self._resource, _operand(words)),)


@cache
def _embedded_font(name: str) -> TTFont:
    font = TTFont(name, str(files("font_source_sans_pro") / "files" / f"{name}.ttf"))
    pdfmetrics.registerFont(font)
    return font


@lru_cache(WORDS_KEPT)
def _embedded_measure(name: str, words: str) -> int:
    return sum(map(_embedded_widths(name).__getitem__, words))


@cache
def _embedded_widths(name: str) -> dict[str, int]:
    return {chr(code): int(width) for code, width in _embedded_font(name).face.charWidths.items()}


class EmbeddedFace:
    """A TrueType font of which the letters used are embedded in the document."""

    def __init__(self, name: str, canvas: Canvas) -> None:
        self.widths = _embedded_widths(name)
        self._name = name
        self._font = _embedded_font(name)
        # reportlab keys a font's subsets by its document object and offers no public way to it.
        self._pdf = canvas._doc  # type: ignore[attr-defined]  # noqa: SLF001

    def measure(self, words: str) -> int:
        """How wide the words stand, in thousandths of the size."""
        return _embedded_measure(self._name, words)

    def pieces(self, words: str) -> Iterable[tuple[str, str]]:
        """Cut where the letters fall into another subset of the font; the first one holds more than most bills need."""
        for subset, codes in self._font.splitString(words, self._pdf):
            yield self._font.getSubsetInternalName(subset, self._pdf), f"<{codes.hex()}>"


@dataclass(frozen=True, slots=True)
class Faces:
    """The fonts of one document and the characters it has to spell otherwise."""

    regular: Face
    bold: Face
    code: Face
    spelling: dict[int, str]
    joins: bool
    """Whether some letters came in parts, accent apart, and have to be joined."""

    def spell(self, words: str) -> str:
        """The words in characters that the fonts have."""
        if self.joins:
            words = unicodedata.normalize("NFC", words)
        return words.translate(self.spelling) if self.spelling else words


def faces_for(canvas: Canvas, texts: Iterable[str]) -> Faces:
    """The fonts for these texts: the standard ones where their encoding has every letter, else embedded ones for all.

    A letter that neither has is spelled without its accents, or as a question mark; control characters are blanks.
    """
    for name in _STANDARD_FONTS:
        canvas.setFont(name, 10)  # which names them /F1, /F2, /F3 in the document
    said = "".join(texts)
    joins = not unicodedata.is_normalized("NFC", said)
    used = set(unicodedata.normalize("NFC", said))
    blanks = {ord(letter): " " for letter in used if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    strange = {letter for letter in used if ord(letter) not in _code_page() and ord(letter) not in blanks}
    regular, bold, code = (StandardFace(name, f"/F{index}") for index, name in enumerate(_STANDARD_FONTS, 1))
    if not strange:
        return Faces(regular, bold, code, blanks, joins)
    embedded = [EmbeddedFace(name, canvas) for name in _EMBEDDED_FONTS]
    known = embedded[0].widths.keys() & embedded[1].widths.keys()
    spelling = blanks | {ord(letter): _plain(letter, known) for letter in strange if letter not in known}
    return Faces(embedded[0], embedded[1], code, spelling, joins)


def _plain(letter: str, known: Iterable[str]) -> str:
    kept = [part for part in unicodedata.normalize("NFKD", letter) if part in known]
    return "".join(kept) or "?"


@dataclass(frozen=True, slots=True)
class Style:
    """A font, a size in hundredths of a point and an ink."""

    face: Face
    size: int
    colour: str
    """Red, green and blue as a PDF operand, ``"0.1 0.2 0.3"``."""

    def width(self, words: str) -> int:
        """How wide the words stand."""
        return self.face.measure(words) * self.size // 1000

    def fit(self, words: str, room: int) -> str:
        """The words, or as many of their first letters as fit with an ellipsis."""
        if self.width(words) <= room:
            return words
        while words and self.width(words + "…") > room:
            words = words[:-1].rstrip()
        return words + "…"

    def wrap(self, words: str, room: int) -> list[str]:
        """The words in lines no wider than ``room``; a single word that is wider is cut."""
        lines: list[str] = []
        held = ""
        for word in self._words(words, room):
            longer = f"{held} {word}" if held else word
            if held and self.width(longer) > room:
                lines.append(held)
                held = word
            else:
                held = longer
        return [*lines, held] if held else lines

    def _words(self, words: str, room: int) -> Iterator[str]:
        for whole in words.split():
            word = whole
            while self.width(word) > room and len(word) > 1:
                most = next(count for count in range(len(word) - 1, 0, -1) if count == 1 or self.width(word[:count]) <= room)
                yield word[:most]
                word = word[most:]
            yield word


class Ink:
    """The marks of one page, in the order they are made."""

    def __init__(self) -> None:
        self._marks: list[str] = []
        self._in_text = False
        self._font: tuple[str, int] = ("", 0)
        self._colour = ""

    def text(self, x: int, y: int, words: str, style: Style) -> None:
        """Words from ``x`` on the base line ``y``."""
        marks = self._marks
        if not self._in_text:
            marks.append("BT")
            self._in_text = True
        if style.colour != self._colour:
            marks.append(f"{style.colour} rg")
            self._colour = style.colour
        place = f"1 0 0 1 {x} {SHEET_HEIGHT - y} Tm "
        for resource, operand in style.face.pieces(words):
            if (resource, style.size) != self._font:
                marks.append(f"{resource} {style.size} Tf")
                self._font = (resource, style.size)
            marks.append(f"{place}{operand} Tj")
            place = ""

    def right(self, x: int, y: int, words: str, style: Style) -> None:
        """Words that end at ``x``."""
        self.text(x - style.width(words), y, words, style)

    def centre(self, x: int, y: int, words: str, style: Style) -> None:
        """Words about ``x``."""
        self.text(x - style.width(words) // 2, y, words, style)

    def slanted(self, words: str, style: Style) -> None:
        """Words across the whole sheet, rising, about its middle."""
        width = style.width(words)
        # Half a capital's height to the right and down, so that the letters' middle lies on the sheet's diagonal.
        half = style.size * 35 // 100
        x, y = SHEET_WIDTH // 2 - width * 3 // 10 + half * 8 // 10, SHEET_HEIGHT // 2 - width * 4 // 10 - half * 6 // 10
        # Along the long side of a 3-4-5 triangle, so that the turn is exact in one place.
        turn = f"0.6 0.8 -0.8 0.6 {x} {y} Tm "
        shown = " ".join(f"{resource} {style.size} Tf {operand} Tj" for resource, operand in style.face.pieces(words))
        self._draw(f"BT {style.colour} rg {turn}{shown} ET")
        self._font, self._colour = ("", 0), style.colour

    def box(self, x: int, y: int, width: int, height: int, colour: str) -> None:
        """A filled rectangle with its top left corner at ``x``, ``y``."""
        self.shape(f"{x} {SHEET_HEIGHT - y - height} {width} {height} re", colour)

    def frame(self, x: int, y: int, width: int, height: int, colour: str, weight: int = 60) -> None:
        """A rectangle's outline."""
        self._draw(f"{colour} RG {weight} w {x} {SHEET_HEIGHT - y - height} {width} {height} re S")

    def rule(self, x: int, y: int, width: int, colour: str, weight: int = 40, dash: str = "") -> None:
        """A horizontal line; ``dash`` as the PDF operand writes its lengths."""
        drawn = f"{colour} RG {weight} w {x} {SHEET_HEIGHT - y} m {x + width} {SHEET_HEIGHT - y} l S"
        self._draw(f"[{dash}] 0 d {drawn} [] 0 d" if dash else drawn)

    def shape(self, path: str, colour: str) -> None:
        """A filled path in the sheet's own coordinates, y upward."""
        self._colour = colour
        self._draw(f"{colour} rg {path} f")

    def stroke(self, path: str, colour: str, weight: int) -> None:
        """A path drawn with a round pen."""
        self._draw(f"{colour} RG {weight} w 1 J {path} S 0 J")

    def _draw(self, marks: str) -> None:
        if self._in_text:
            self._marks.append("ET")
            self._in_text = False
        self._marks.append(marks)

    def operators(self) -> str:
        """The page's content. The first operator makes a hundredth of a point the unit."""
        end = ["ET"] if self._in_text else []
        return "\n".join(["0.01 0 0 0.01 0 0 cm", *self._marks, *end])
