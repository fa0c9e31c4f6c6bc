"""The charts of the morning report: drawn from its facts, each with what it shows in words and with its table.

Drawings of ``reportlab.graphics``: the page to print takes them as they are, a screen takes them as SVG. A colour never says anything
alone: what is unusual has its mark in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from xml.sax.saxutils import escape, unescape

from reportlab.graphics.renderSVG import drawToString
from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth

from batch.report.facts import Facts, ReasonFact, StepFact, TotalFact
from batch.rules.wording import count_of, lasting, percent, shortened

WIDTH: Final = 262
LABEL: Final = 92
ROW: Final = 11
FONT: Final = "Helvetica"
SIZE: Final = 7
INK: Final = HexColor("#1b2733")
BAR: Final = HexColor("#2f6690")
UNUSUAL: Final = HexColor("#c4521b")
USUAL: Final = HexColor("#8a97a3")
SHOWN: Final = 7
"""Bars of a chart; the rest are one."""
NAME_MAX: Final = 27
"""Characters of a total's name beside its bar."""
BROWSERS_ROOM: Final = 5
"""To the right and below: a browser's face may hang lower, and it rounds where it is drawn small."""
FAR: Final = 1000
"""Thousandths: a bar of differences ends where there is twice as much as usual, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart, what it shows, and the same as a table."""

    name: str
    title: str
    finding: str
    """What there is to see, in a sentence."""
    drawing: Drawing
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def figures(facts: Facts) -> tuple[Figure, ...]:
    """The charts that there is something to draw for, in the order of the report."""
    return tuple(figure for figure, _ in _found(facts) if figure is not None)


def not_drawn(facts: Facts) -> tuple[str, ...]:
    """The charts of the report that there is nothing to draw for, each with why."""
    return tuple(words for figure, words in _found(facts) if figure is None)


def _found(facts: Facts) -> tuple[tuple[Figure | None, str], ...]:
    return (
        (_durations(facts), "how long steps took, for none has ended"),
        (_totals(facts), "totals against usual, for there are no earlier nights to compare with"),
        (_nights(facts), "what was set aside night by night, for there are no earlier nights"),
        (_reasons(facts), "what was set aside by reason, for nothing was"),
    )


STYLE: Final = re.compile(r' style="([^"]*)"')
TEXT: Final = re.compile(r"<text ([^>]*)>([^<]*)</text>")


def as_svg(figure: Figure) -> str:
    """For a page: what it shows is its title and description, so that it is read out too. Without styles, which our pages do not allow."""
    drawn: str = drawToString(figure.drawing)
    body = drawn[drawn.index("<g") :]
    width, height = f"{figure.drawing.width + BROWSERS_ROOM:g}", f"{figure.drawing.height + BROWSERS_ROOM:g}"
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    words = f"<title>{escape(figure.title)}</title><desc>{escape(figure.finding)}</desc>"
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}>{words}{TEXT.sub(_in_its_room, STYLE.sub(_attributes, body))}'


def _in_its_room(text: re.Match[str]) -> str:
    """A text as wide as it was reckoned to be, whatever face the browser has for it."""
    width = stringWidth(unescape(text[2]), FONT, SIZE)
    return f'<text textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs" {text[1]}>{text[2]}</text>'


def _attributes(style: re.Match[str]) -> str:
    """A style's properties as attributes; the clipping at the edges is left out, for nothing is drawn beyond them."""
    pairs = (part.split(":", 1) for part in style[1].split(";") if ":" in part)
    return "".join(f' {name.strip()}="{value.strip()}"' for name, value in pairs if name.strip() != "clip-path")


def _canvas(rows: int, extra: int = 0) -> Drawing:
    return Drawing(WIDTH, rows * ROW + 4 + extra)


def _said(x: float, y: float, words: str, *, anchor: Literal["start", "middle", "end"] = "start", colour: Color = INK) -> String:
    return String(x, y, words, fontName=FONT, fontSize=SIZE, fillColor=colour, textAnchor=anchor)


def _bar(x: float, y: float, width: float, colour: Color, height: float = ROW - 4) -> Rect:
    bar = Rect(x, y, max(width, 0.5), max(height, 0.5))
    bar.fillColor, bar.strokeColor = colour, None
    return bar


def _lines(count: int) -> Iterator[float]:
    """The lower edge of each row, from the top."""
    yield from (2 + ROW * (count - 1 - place) for place in range(count))


def _durations(facts: Facts) -> Figure | None:
    """What took longest, against what it usually takes."""
    ended = [step for step in facts.steps if step.seconds is not None]
    if not ended:
        return None
    ranked = sorted(ended, key=lambda step: (-max(step.seconds or 0, step.usual_seconds or 0), step.step))
    rows = [(step.step, step.seconds or 0, step.usual_seconds, step.is_slow) for step in ranked[:SHOWN]]
    if rest := ranked[SHOWN:]:
        rows.append(_rest_of(rest))
    # Where no step took a second every bar is as short as can be drawn.
    longest = max(1, *(max(seconds, usual or 0) for _, seconds, usual, _ in rows))
    room = WIDTH - LABEL - 64
    drawing = _canvas(len(rows))
    for y, (name, seconds, usual, is_slow) in zip(_lines(len(rows)), rows, strict=True):
        drawing.add(_said(0, y + 1, name))
        drawing.add(_bar(LABEL, y, room * seconds / longest, UNUSUAL if is_slow else BAR))
        if usual is not None:
            at = LABEL + room * usual / longest
            drawing.add(Line(at, y - 1.5, at, y + ROW - 2.5, strokeColor=INK, strokeWidth=1))
        drawing.add(_said(WIDTH, y + 1, f"{lasting(seconds)}{' slow' if is_slow else ''}", anchor="end"))
    slow = [step.step for step in ended if step.is_slow]
    finding = f"Slower than usual: {', '.join(slow)}." if slow else "No step was much slower than usual."
    return Figure(
        name="durations",
        title="How long steps took",
        finding=f"{finding} The stroke is what is usual.",
        drawing=drawing,
        header=("Step", "Took", "Usually"),
        rows=tuple((name, lasting(seconds), "-" if usual is None else lasting(usual)) for name, seconds, usual, _ in rows),
    )


def _rest_of(rest: Sequence[StepFact]) -> tuple[str, int, int | None, bool]:
    usual = [step.usual_seconds for step in rest if step.usual_seconds is not None]
    return (f"{count_of(len(rest), 'other')}", sum(step.seconds or 0 for step in rest), sum(usual) if usual else None, False)


def _totals(facts: Facts) -> Figure | None:
    """How far the totals are from those of the nights they are compared with."""
    moved = [(one, one.difference) for one in facts.totals]
    compared = [(one, moved_by) for one, moved_by in moved if moved_by is not None]
    if not compared:
        return None
    chosen = sorted(compared, key=lambda pair: -abs(pair[1]))[: SHOWN + 1]
    rows = [pair for pair in compared if pair in chosen]
    middle = LABEL + 26 + (WIDTH - LABEL - 60) / 2
    reach = (WIDTH - LABEL - 60) / 2
    drawing = _canvas(len(rows))
    drawing.add(Line(middle, 0, middle, len(rows) * ROW + 2, strokeColor=USUAL, strokeWidth=0.5))
    for y, (one, by) in zip(_lines(len(rows)), rows, strict=True):
        width = reach * min(abs(by), FAR) / FAR
        drawing.add(_said(0, y + 1, shortened(one.name, NAME_MAX)))
        drawing.add(_bar(middle if by >= 0 else middle - width, y, width, UNUSUAL if abs(by) >= FAR // 2 else BAR))
        drawing.add(_said(WIDTH, y + 1, f"{percent(by)}{'' if abs(by) < FAR else ' »'}", anchor="end"))
    far = [f"{one.name} {percent(by)}" for one, by in rows if abs(by) >= FAR // 2]
    finding = f"Far from {facts.compared_with}: {'; '.join(far)}." if far else f"All within half of {facts.compared_with}."
    return Figure(
        name="totals",
        title=f"Totals against {facts.compared_with}",
        finding=finding,
        drawing=drawing,
        header=("Total", "Tonight", "Usually"),
        rows=tuple((one.name, *_figures(one)) for one, _ in rows),
    )


def _figures(one: TotalFact) -> tuple[str, str]:
    if one.item_count is not None and one.usual_count is not None:
        return f"{one.item_count:,}", f"{one.usual_count:,}"
    return (one.amount.sterling if one.amount else "-"), (one.usual_amount.sterling if one.usual_amount else "-")


def _nights(facts: Facts) -> Figure | None:
    """What was set aside, night by night."""
    if not facts.nights:
        return None
    counted = [(night.business_date, night.rejected_count) for night in facts.nights] + [(facts.business_date, facts.rejected_count)]
    most = max(1, *(count for _, count in counted))
    height = 4 * ROW
    drawing = _canvas(4, extra=20)
    step = WIDTH / len(counted)
    middle = sorted(count for _, count in counted[:-1])[(len(counted) - 1) // 2]
    usual = 10 + height * middle / most
    for place, (night, count) in enumerate(counted):
        is_tonight = place == len(counted) - 1
        x = place * step
        above = 12 + height * count / most
        # Where it would strike a figure through the line is left out.
        if not above - 1 < usual < above + SIZE:
            drawing.add(Line(x, usual, x + step, usual, strokeColor=USUAL, strokeDashArray=(2, 2)))
        drawing.add(_bar(x + 3, 10, step - 6, UNUSUAL if is_tonight else BAR, height * count / most))
        drawing.add(_said(x + step / 2, 2, f"{night:%d}{' now' if is_tonight else ''}", anchor="middle"))
        drawing.add(_said(x + step / 2, above, f"{count:,}", anchor="middle"))
    tonight = counted[-1][1]
    return Figure(
        name="nights",
        title="Set aside, night by night",
        finding=f"{count_of(tonight, 'item')} tonight; the middle one of the {count_of(len(counted) - 1, 'night')} before is {middle:,}.",
        drawing=drawing,
        header=("Night", "Set aside"),
        rows=tuple((f"{night:%a %d %b}", f"{count:,}") for night, count in reversed(counted)),
    )


def _reasons(facts: Facts) -> Figure | None:
    """Why items were set aside."""
    if not facts.reasons:
        return None
    ranked = sorted(facts.reasons, key=lambda one: (-one.item_count, one.reason_code))
    shown: Sequence[ReasonFact] = ranked[:SHOWN]
    left_over = sum(one.item_count for one in ranked[SHOWN:])
    rows = [(one.reason_code, one.item_count, one.words) for one in shown]
    if left_over:
        rows.append(("others", left_over, count_of(len(ranked) - SHOWN, "other reason")))
    most = max(count for _, count, _ in rows)
    drawing = _canvas(len(rows))
    room = WIDTH - 50 - 40
    for y, (code, count, _) in zip(_lines(len(rows)), rows, strict=True):
        drawing.add(_said(0, y + 1, code))
        drawing.add(_bar(50, y, room * count / most, BAR))
        drawing.add(_said(WIDTH, y + 1, f"{count:,}", anchor="end"))
    first = ranked[0]
    everything = sum(one.item_count for one in ranked)
    return Figure(
        name="reasons",
        title="Set aside, by reason",
        finding=f"Most for {first.reason_code}: {first.item_count:,} of {everything:,}.",
        drawing=drawing,
        header=("Reason", "Items", "One of them"),
        rows=tuple((code, f"{count:,}", words) for code, count, words in rows),
    )
