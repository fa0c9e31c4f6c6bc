"""BA06 what a month or quarter came to: the closed ones of a district, and one of them with all its tables."""

from __future__ import annotations

from typing import Final

from flask import Response

from billing.bill_pdf.words import sterling
from billing.period_page import Table, tables, title
from billing.queries.periods import closed_periods, month_end, quarter_end
from billing.words import PeriodKind
from css.core.money import Money
from css.core.words import Role
from css.web.desk import Desk
from css.web.form import read_day
from css.web.page import Arguments, Page
from css.web.rendering import address, show
from css.web.screen import Key, ResponseClass, Screen
from css.web.screens.work_lists import place_of

QUARTER: Final = "quarter"
READERS: Final = frozenset({Role.BILLING, Role.SCHEDULER, Role.SUPERVISOR})

BA06: Final = Screen(
    code="BA06",
    title="Months and quarters",
    family="The night",
    help=(
        "The closed months of a district, or with QUARTER behind a date its quarters. Of one of them the trial balance, VAT by rate, and "
        "of a quarter the boxes of its return; revenue, money in, debts by age, what is not billed yet, what was compensated, credits by "
        "operator, orders and faults in time. Closed figures never change. F11 turns between months and quarters, F7 and F8 go to the "
        "ones after and before."
    ),
    roles=READERS,
    response=ResponseClass.R2,
    takes="[district [date [quarter]]]",
    keys=(Key(name="F7", label="after"), Key(name="F8", label="before"), Key(name="F11", label="months, quarters")),
)


def show_period(at_desk: Desk, arguments: Arguments) -> Response:
    kind = PeriodKind.QUARTER if QUARTER in (word.lower() for word in arguments[1:]) else PeriodKind.MONTH
    typed = arguments[1] if len(arguments) > 1 and arguments[1].lower() != QUARTER else ""
    with at_desk.reading() as session:
        places, chosen = place_of(session, arguments)
        listed = closed_periods(session, chosen, kind) if chosen else ()
        on = read_day(typed, at_desk.today) if typed else listed[0].last_on if listed else None
        read = quarter_end if kind is PeriodKind.QUARTER else month_end
        card = read(session, chosen, on) if on is not None else None
    more = (QUARTER,) if kind is PeriodKind.QUARTER else ()
    links = {"F11": address("BA06", chosen, *(() if more else (QUARTER,)))}
    at = next((place for place, one in enumerate(listed) if card and one.starts_on == card.close.starts_on), -1)
    if at > 0:
        links["F7"] = address("BA06", chosen, listed[at - 1].last_on.isoformat(), *more)
    if 0 <= at < len(listed) - 1:
        links["F8"] = address("BA06", chosen, listed[at + 1].last_on.isoformat(), *more)
    return show(
        at_desk,
        BA06,
        links=links,
        places=places,
        chosen=chosen,
        kind=kind,
        listed=listed,
        card=card,
        title=title(card) if card else "",
        tables=tables(card) if card else (),
        figures=_said,
        figure_columns=_figure_columns,
        more=more,
    )


SHARE: Final = "%"
"""Heads a column of figures that are cut, and so come as words."""


def _figure_columns(table: Table) -> tuple[bool, ...]:
    """Which columns have figures: their heads stand right as the figures do."""
    rows = (*table.rows, table.sums) if table.sums else table.rows
    return tuple(head == SHARE or any(isinstance(row[place], Money | int) for row in rows) for place, head in enumerate(table.columns))


def _said(cell: object) -> str:
    """As on paper, whose notes the page has: a credit has its CR."""
    if isinstance(cell, Money):
        return sterling(cell)
    return "" if cell is None else f"{cell:,}" if isinstance(cell, int) else str(cell)


PAGES: Final = (Page(BA06, show_period),)
