"""Every screen there is. To add one: its record and functions in the module of its family, its template, its line in ``PAGES``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from css.web.page import Page
from css.web.screen import Screen
from css.web.screens import (
    adjustments,
    appointments,
    approvals,
    audit,
    bills,
    customer_change,
    customer_entry,
    customers,
    fault_board,
    fault_problems,
    fault_take,
    faults,
    lines,
    menu,
    news_lines,
    night,
    night_aside,
    night_calendar,
    night_month,
    night_morning,
    night_step,
    night_told,
    operators,
    order_entry,
    order_tasks,
    orders,
    outages,
    partner_message,
    partner_messages,
)
from css.web.screens.sign_on import SIGN


def every_screen() -> Iterator[Screen]:
    """Every screen, the sign-on first, in the order of the menu."""
    yield SIGN
    for page in PAGES.values():
        yield page.screen


PAGES: Final[dict[str, Page]] = {
    page.screen.code: page
    for page in (
        menu.menu(every_screen),
        *customers.PAGES,
        *customer_entry.PAGES,
        *customer_change.PAGES,
        *lines.PAGES,
        *order_entry.PAGES,
        *orders.PAGES,
        *order_tasks.PAGES,
        *appointments.PAGES,
        *faults.PAGES,
        *outages.PAGES,
        *fault_board.PAGES,
        *fault_problems.PAGES,
        *fault_take.PAGES,
        *partner_messages.PAGES,
        *partner_message.PAGES,
        *bills.PAGES,
        *adjustments.PAGES,
        *night.PAGES,
        *night_step.PAGES,
        *night_told.PAGES,
        *night_calendar.PAGES,
        *night_morning.PAGES,
        *night_month.PAGES,
        *night_aside.PAGES,
        *operators.pages(every_screen),
        *approvals.PAGES,
        *audit.PAGES,
        *news_lines.PAGES,
    )
}
