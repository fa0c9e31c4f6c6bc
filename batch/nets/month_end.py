"""The end of a month and of a quarter of a district, after the night of the last day."""

from __future__ import annotations

from datetime import time
from functools import partial
from typing import Final

from batch.net import Before, Net, Node, OwnDates, Plan
from batch.steps import month_end as month
from batch.steps import quarter_end as quarter
from batch.steps.books import BOOKS
from batch.words import Cycle
from billing.rules.period import require_ended
from billing.words import PeriodKind

MONTH_END: Final = Net(
    "month-end",
    "The month of a district's books: trial balance, VAT, revenue, debts by age, what is unbilled, service in time; proved and closed.",
    (
        Node(month.TURN),
        Node(month.TRIAL_BALANCE, ("month-turn",)),
        Node(month.VAT, ("trial-balance",)),
        Node(month.HAPPENED, ("vat-by-rate",)),
        Node(month.DEBTORS, ("trial-balance",)),
        Node(month.UNBILLED, ("month-turn",)),
        Node(month.WAITING, ("month-turn",)),
        Node(month.SERVICE, ("month-turn",)),
        Node(month.CLOSE, ("month-figures", "debtors-by-age", "unbilled", "waiting-usage", "orders-and-faults")),
        Node(BOOKS, ("close-month",)),
        Node(month.REPORT, ("check-books",)),
    ),
    Plan(Cycle.MONTH_END, time(2, 15), must_start_by=time(7), must_end_by=time(8), priority=30),
    before=(Before("night"),),
    own_dates=OwnDates(
        "It closes a month, and every later month waits for that: it runs for the last day of each.",
        partial(require_ended, PeriodKind.MONTH),
    ),
    require_turn=partial(month.require_turn, kind=PeriodKind.MONTH),
)
QUARTER_END: Final = Net(
    "quarter-end",
    "The quarter of a district's books: its three months added up, with the boxes of the VAT return; proved and closed.",
    (
        Node(quarter.TURN),
        Node(quarter.ADD_UP, ("quarter-turn",)),
        Node(quarter.CLOSE, ("add-months",)),
        Node(BOOKS, ("close-quarter",)),
        Node(quarter.REPORT, ("check-books",)),
    ),
    Plan(Cycle.QUARTER_END, time(2, 15), must_start_by=time(8), must_end_by=time(9), priority=40),
    before=(Before("month-end"),),
    own_dates=OwnDates(
        "It closes a quarter, and every later quarter waits for that: it runs for the last day of each.",
        partial(require_ended, PeriodKind.QUARTER),
    ),
    require_turn=partial(month.require_turn, kind=PeriodKind.QUARTER),
)
