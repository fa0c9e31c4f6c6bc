"""What the calls of a bill were, with a small chart; the numbers most was spent on; and what became of allowances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from billing.bill_pdf.ink import Style, mm, pt
from billing.bill_pdf.sheet import GREY, HAIRLINE, LEFT, RIGHT, Sheets
from billing.bill_pdf.words import clock, day_and_month, figures, minutes, short_date
from billing.document import AllowanceUse, BillDocument, UsageRow, last_day
from css.core.calendar import Period
from css.core.money import Money, Price, to_money

CALLS: Final = mm(84)
DURATION: Final = mm(104)
PRICE: Final = mm(121)
LAST_CALLS: Final = mm(135)
LAST_PRICE: Final = mm(152)
"""Right edges; the bars stand behind them."""
BARS: Final = mm(157)
INDENT: Final = mm(4)

NUMBER: Final = mm(76)
MONTH: Final = mm(99)
GIVEN: Final = mm(140)
BROUGHT: Final = mm(154)
USED: Final = mm(166)
UNUSED: Final = mm(178)
TRACK: Final = mm(50)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the summary: a class, a band of it, or all calls."""

    words: str
    row: UsageRow
    """The sums."""
    is_class: bool = True


def summary_entries(document: BillDocument, *, with_class: bool = False) -> Iterator[Entry]:
    """Each class with its sums, and below it its bands where there are several; ``with_class`` says of a band whose it is."""
    if document.usage is None:
        return
    for charge_class, of_class in groupby(document.usage.rows, key=lambda row: row.charge_class):
        rows = tuple(of_class)
        if len(rows) == 1:
            yield Entry(f"{charge_class}, {rows[0].band.lower()}" if rows[0].band else charge_class, rows[0])
            continue
        yield Entry(charge_class, added_up(rows))
        for row in rows:
            yield Entry(f"{charge_class}, {row.band.lower()}" if with_class else row.band, row, is_class=False)


def added_up(rows: Sequence[UsageRow]) -> UsageRow:
    """Rows as one."""
    return UsageRow(
        charge_class="",
        band="",
        call_count=sum(row.call_count for row in rows),
        duration_seconds=sum(row.duration_seconds for row in rows),
        price=Price(sum(row.price.millionths for row in rows)),
        previous_count=sum(row.previous_count for row in rows),
        previous_duration_seconds=sum(row.previous_duration_seconds for row in rows),
        previous_price=Price(sum(row.previous_price.millionths for row in rows)),
    )


def pounds(price: Price) -> Money:
    """What a table of sums shows of a price."""
    return to_money(price)


def draw_usage(sheets: Sheets) -> None:
    """Calls by class and band beside those of the last bill, with bars, and what the comparison comes to."""
    document, look = sheets.document, sheets.look
    usage = document.usage
    if usage is None:
        return
    entries = list(summary_entries(document))
    sheets.y += pt(100)
    sheets.heading("Your calls at a glance", min(len(entries) + 4, 9) * look.lead, "Before VAT and before anything is taken off, in pounds")
    _heads(sheets)
    highest = max((max(one.row.price, one.row.previous_price).millionths for one in entries if one.is_class), default=0)
    for one in entries:
        if sheets.need(look.lead + pt(60)):
            _heads(sheets)
        sheets.y += look.lead + (pt(15) if one.is_class else -pt(10))
        _entry(sheets, one, look.body if one.is_class else look.note)
        if one.is_class:
            _bars(sheets, one.row, highest)
    sheets.y += pt(38)
    sheets.ink.rule(LEFT, sheets.y, RIGHT - LEFT, look.brand, 50)
    sheets.need(look.lead * 2)
    sheets.y += look.lead
    _entry(sheets, Entry("All calls", added_up(usage.rows)), look.strong)
    if usage.remark:
        sheets.y += pt(20)
        sheets.paragraph(usage.remark, look.body)
    sheets.y += pt(60)
    _top_numbers(sheets)


def _heads(sheets: Sheets) -> None:
    usage, look = sheets.document.usage, sheets.look
    sheets.y += pt(110)
    ink, y = sheets.ink, sheets.y
    ink.text(LEFT, y, "Calls to", look.note)
    for x, words in ((CALLS, "Calls"), (DURATION, "Duration"), (PRICE, "£")):
        ink.right(x, y, words, look.note)
    small = pt(46)
    ink.box(BARS, y - small, small, small, look.brand)
    ink.text(BARS + pt(75), y, "now", look.note)
    if usage is not None and usage.previous_bill:
        ink.right(LAST_PRICE, y, "Last bill: calls, £", look.note)
        ink.box(BARS + mm(14), y - small, small, small, HAIRLINE)
        ink.text(BARS + mm(14) + pt(75), y, "last bill", look.note)
    sheets.y += pt(40)
    ink.rule(LEFT, sheets.y, RIGHT - LEFT, look.brand, 50)


def _entry(sheets: Sheets, one: Entry, style: Style) -> None:
    document, look, row = sheets.document, sheets.look, one.row
    ink, y = sheets.ink, sheets.y
    x = LEFT if one.is_class else LEFT + INDENT
    ink.text(x, y, style.fit(look.faces.spell(one.words), CALLS - x - mm(13)), style)
    ink.right(CALLS, y, f"{row.call_count:,}", style)
    ink.right(DURATION, y, clock(row.duration_seconds), style)
    ink.right(PRICE, y, figures(pounds(row.price)), style)
    if document.usage is not None and document.usage.previous_bill:
        then = Style(style.face, style.size, GREY)
        if row.previous_count:
            ink.right(LAST_CALLS, y, f"{row.previous_count:,}", then)
            ink.right(LAST_PRICE, y, figures(pounds(row.previous_price)), then)
        else:
            ink.right(LAST_PRICE, y, "none", then)


def _bars(sheets: Sheets, row: UsageRow, highest: int) -> None:
    """This bill's bar and the last one's thinner below it."""
    for price, rise, height, ink in ((row.price, pt(72), pt(48), sheets.look.brand), (row.previous_price, pt(16), pt(30), HAIRLINE)):
        if price.millionths > 0:
            sheets.ink.box(BARS, sheets.y - rise, max(price.millionths * (RIGHT - BARS) // highest, pt(6)), height, ink)


def _top_numbers(sheets: Sheets) -> None:
    usage, look = sheets.document.usage, sheets.look
    if usage is None or not usage.top_numbers:
        return
    sheets.need(look.lead * (len(usage.top_numbers) + 2))
    sheets.y += look.lead
    ink, spell = sheets.ink, look.faces.spell
    ink.text(LEFT, sheets.y, "Numbers you spent most on", look.subheading)
    for x, words in ((CALLS, "Calls"), (DURATION, "Duration"), (PRICE, "£")):
        ink.right(x, sheets.y, words, look.note)
    sheets.y += pt(40)
    ink.rule(LEFT, sheets.y, PRICE - LEFT, look.brand, 50)
    for one in usage.top_numbers:
        sheets.y += look.lead
        ink.text(LEFT, sheets.y, look.body.fit(spell(one.number), mm(28)), look.body)
        ink.text(LEFT + mm(29), sheets.y, look.note.fit(spell(one.destination), CALLS - LEFT - mm(40)), look.note)
        ink.right(CALLS, sheets.y, f"{one.call_count:,}", look.body)
        ink.right(DURATION, sheets.y, clock(one.duration_seconds), look.body)
        ink.right(PRICE, sheets.y, figures(pounds(one.price)), look.body)
    sheets.y += pt(100)


def draw_allowances(sheets: Sheets) -> None:
    """What each allowance gave in a month, what was used and what is left, with a bar of the share used."""
    document, look = sheets.document, sheets.look
    if not document.allowances:
        return
    rolls_over = any(one.rolled_in_seconds or one.left_seconds for one in document.allowances)
    height = look.lead + pt(80)
    sheets.y += pt(100)
    sheets.heading("Your inclusive minutes", min(len(document.allowances) + 2, 6) * height, "In minutes, or minutes:seconds")
    _allowance_heads(sheets, rolls_over=rolls_over)
    for one in document.allowances:
        if sheets.need(height):
            _allowance_heads(sheets, rolls_over=rolls_over)
        sheets.y += look.lead
        _allowance(sheets, one, rolls_over=rolls_over)


def unused_seconds(one: AllowanceUse) -> int:
    """What was not used; ``left_seconds`` is what of it is not lost."""
    return one.granted_seconds + one.rolled_in_seconds - one.used_seconds


def _edges(*, rolls_over: bool) -> tuple[int, int]:
    """Right edges of what was used and of what is left: without the columns of rollover they move out."""
    return (USED, UNUSED) if rolls_over else (BROUGHT + mm(10), RIGHT)


def _month(month: Period) -> str:
    """By its first and last day, the year once: it cannot be mistaken and has to fit."""
    return f"{day_and_month(month.starts_on)} to {short_date(last_day(month))}"


def _allowance_heads(sheets: Sheets, *, rolls_over: bool) -> None:
    look = sheets.look
    sheets.y += pt(110)
    ink, y = sheets.ink, sheets.y
    ink.text(NUMBER, y, "Number", look.note)
    ink.text(MONTH, y, "Month", look.note)
    used, unused = _edges(rolls_over=rolls_over)
    heads = ((GIVEN, "Given"), (used, "Used"), (unused, "Left"))
    for x, words in (*heads, *(((BROUGHT, "Brought in"), (RIGHT, "Carried on")) if rolls_over else ())):
        ink.right(x, y, words, look.note)
    sheets.y += pt(40)
    ink.rule(LEFT, sheets.y, RIGHT - LEFT, look.brand, 50)


def _allowance(sheets: Sheets, one: AllowanceUse, *, rolls_over: bool) -> None:
    look, ink, y = sheets.look, sheets.ink, sheets.y
    body, spell = look.body, look.faces.spell
    ink.text(LEFT, y, body.fit(spell(one.description), NUMBER - LEFT - mm(2)), body)
    if one.service_number:
        ink.text(NUMBER, y, body.fit(spell(one.service_number), MONTH - NUMBER - mm(1)), body)
    else:
        ink.text(NUMBER, y, "all lines", look.note)
    ink.text(MONTH, y, _month(one.month), body)
    ink.right(GIVEN, y, minutes(one.granted_seconds), body)
    used, unused = _edges(rolls_over=rolls_over)
    ink.right(used, y, minutes(one.used_seconds), body)
    ink.right(unused, y, minutes(unused_seconds(one)), look.strong)
    if rolls_over:
        ink.right(BROUGHT, y, minutes(one.rolled_in_seconds), body)
        ink.right(RIGHT, y, minutes(one.left_seconds), body)
    sheets.y += pt(35)
    all_seconds = one.granted_seconds + one.rolled_in_seconds
    ink.box(LEFT, sheets.y, TRACK, pt(28), HAIRLINE)
    if all_seconds and one.used_seconds:
        ink.box(LEFT, sheets.y, max(TRACK * min(one.used_seconds, all_seconds) // all_seconds, pt(6)), pt(28), look.brand)
    sheets.y += pt(45)
