"""The itemised calls: one roomy column for a few, two close ones for many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from billing.bill_pdf.ink import Style, mm, pt
from billing.bill_pdf.sheet import FOOT, GREY, HAIRLINE, HEAD, INK, LEFT, RIGHT, Sheets
from billing.bill_pdf.words import call_notes, clock, day_and_month, list_sum, list_title, pence
from billing.document import Call, CallList
from css.core.money import Price

FEW: Final = 40
"""Up to so many calls stand in one column."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the parts of a call stand, from the left edge of its column."""

    time: int
    number: int
    destination: int
    band: int
    duration: int
    """Right edge."""
    width: int
    """Of the column; the price ends here."""
    size: int
    lead: int


ROOMY: Final = Grid(mm(16), mm(30), mm(68), mm(118), mm(152), RIGHT - LEFT, pt(85), pt(124))
CLOSE: Final = Grid(pt(245), pt(452), pt(1060), pt(1615), pt(2145), pt(2360), pt(68), pt(91))
GUTTER: Final = RIGHT - LEFT - 2 * CLOSE.width


GAP: Final = pt(160)
ROWS_OF_LIST: Final = 5
"""What a list takes besides its calls: heading, column heads, its sum and the room between."""


def draw_calls(sheets: Sheets) -> None:
    """All itemised calls, by telephone number and in order of time."""
    lists = sheets.document.call_lists
    if not lists:
        return
    rows = sum(ROWS_OF_LIST + len(listed.calls) + _note_count(listed) for listed in lists)
    saves = _saves_a_sheet(sheets, rows)
    many = saves or sum(len(listed.calls) for listed in lists) > FEW
    grid = CLOSE if many else ROOMY
    if not saves and sheets.y > FOOT - mm(90 if many else 60):
        sheets.turn()
    else:
        sheets.y += GAP
    sheets.heading("Your calls one by one", grid.lead * 6, "Before VAT; calls to free numbers and helplines are not listed")
    columns = Columns(sheets, grid, rows, 2 if many else 1)
    for listed in lists:
        columns.draw(listed)
    sheets.y = columns.end


def _saves_a_sheet(sheets: Sheets, rows: int) -> bool:
    """Whether the calls end on this sheet in close columns but not in a roomy one."""
    room = sheets.foot - sheets.y - GAP - sheets.look.heading.size - pt(55)
    return CLOSE.lead * ((rows + ROWS_OF_LIST) // 2 + 2) <= room < ROOMY.lead * rows


class Columns:
    """Columns of calls, filled one after the other; on the last sheet as much in each."""

    def __init__(self, sheets: Sheets, grid: Grid, rows: int, count: int) -> None:
        self.sheets, self.grid, self.count = sheets, grid, count
        faces = sheets.look.faces
        self.body, self.strong = Style(faces.regular, grid.size, INK), Style(faces.bold, grid.size, INK)
        self.note = Style(faces.regular, grid.size - pt(4), GREY)
        self.name = Style(faces.bold, grid.size + pt(14), sheets.look.brand)
        self.column, self.top, self.y = 0, sheets.y, sheets.y
        self.end = self.y
        """The lowest point reached on this sheet by any column."""
        self.rows_left = rows
        self.foot = self._column_foot()

    @property
    def x(self) -> int:
        return LEFT + self.column * (self.grid.width + GUTTER)

    def draw(self, listed: CallList) -> None:
        """One telephone number's calls with their heading and their sum."""
        grid = self.grid
        if self.y + grid.lead * 7 > self.foot:
            self._next()
        self._heads(list_title(listed), "")
        day: date | None = None
        for place, call in enumerate(listed.calls):
            notes = call_notes(call, listed)
            if self.y + grid.lead * (2 + len(notes)) > self.foot:
                self._next()
                self._heads(list_title(listed), " (continued)")
                if not self.column:
                    self._carried(listed, place)
                day = None
            self._call(call, notes, with_date=call.started_on != day, with_length=bool(call.duration_seconds) or not listed.is_corrections)
            self.rows_left -= 1 + len(notes)
            day = call.started_on
        self._sum(listed)
        self.rows_left -= ROWS_OF_LIST
        self.end = max(self.end, self.y)

    def _next(self) -> None:
        self.end = max(self.end, self.y)
        self.column += 1
        if self.column == self.count:
            self.sheets.turn()
            self.column, self.top = 0, HEAD - pt(80)
            self.end = self.top
        self.y = self.top
        self.foot = self._column_foot()

    def _column_foot(self) -> int:
        """The sheet's, unless what is left fits on it: then the columns share it."""
        foot, lead = self.sheets.foot, self.grid.lead
        if self.column + 1 >= self.count or self.rows_left * lead > (foot - self.top) * self.count:
            return foot
        # The heading said again over the second column takes its part of it.
        return min(foot, self.top + (self.rows_left + ROWS_OF_LIST) * lead // self.count + 2 * lead)

    def _heads(self, title: str, more: str) -> None:
        ink, grid, x = self.sheets.ink, self.grid, self.x
        self.y += grid.lead * 2 - pt(10)
        ink.text(x, self.y, self.sheets.look.faces.spell(f"{title}{more}"), self.name)
        self.y += grid.lead + pt(10)
        places = (0, grid.time, grid.number, grid.destination, grid.band)
        for place, words in zip(places, ("Date", "Time", "Number called", "To", "Rate"), strict=True):
            ink.text(x + place, self.y, words, self.note)
        ink.right(x + grid.duration, self.y, "Length", self.note)
        ink.right(x + grid.width, self.y, "Pence", self.note)
        ink.rule(x, self.y + pt(26), grid.width, self.sheets.look.brand, 50)
        self.y += pt(20)

    def _carried(self, listed: CallList, count: int) -> None:
        """What the sheets before came to, so that a long list can be followed sheet by sheet."""
        ink, grid, x = self.sheets.ink, self.grid, self.x
        self.y += grid.lead
        price = Price(sum(call.price.millionths for call in listed.calls[:count]))
        ink.text(x, self.y, f"{count:,} {'corrections' if listed.is_corrections else 'calls'} carried over", self.note)
        ink.right(x + grid.width, self.y, pence(price), self.note)

    def _call(self, call: Call, notes: Sequence[str], *, with_date: bool, with_length: bool) -> None:
        ink, grid, x, body = self.sheets.ink, self.grid, self.x, self.body
        spell = self.sheets.look.faces.spell
        self.y += grid.lead
        y = self.y
        if with_date:
            ink.text(x, y, day_and_month(call.started_on), body)
        ink.text(x + grid.time, y, f"{call.started_at.hour:02d}:{call.started_at.minute:02d}", body)
        ink.text(x + grid.number, y, spell(call.number), body)
        ink.text(x + grid.destination, y, body.fit(spell(call.destination), grid.band - grid.destination - pt(20)), body)
        ink.text(x + grid.band, y, spell(call.band), body)
        if with_length:
            ink.right(x + grid.duration, y, clock(call.duration_seconds), body)
        ink.right(x + grid.width, y, pence(call.price), body)
        for note in notes:
            self.y += grid.lead
            ink.text(x + grid.number, self.y, note, self.note)

    def _sum(self, listed: CallList) -> None:
        ink, grid, x = self.sheets.ink, self.grid, self.x
        ink.rule(x, self.y + pt(26), grid.width, HAIRLINE, 40)
        self.y += grid.lead + pt(20)
        ink.text(x, self.y, list_sum(listed), self.strong)
        ink.right(x + grid.width, self.y, pence(listed.price), self.strong)
        self.y += grid.lead // 2


def _note_count(listed: CallList) -> int:
    return sum(len(call_notes(call, listed)) for call in listed.calls)
