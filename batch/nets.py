"""The nets there are, as data."""

from __future__ import annotations

from typing import Final

from batch.net import Net
from batch.steps import bills, books, dates, faults, report, requests, usage_intake, usage_long_calls, usage_rating

NIGHT: Final = Net(
    "night",
    "The night of a district: orders of debt, faults that press, usage in, calls rated, bills made and sent, books checked, date closed.",
    (
        dates.ROLL,
        requests.TAKE,
        faults.MARK,
        faults.WARN,
        faults.ACCEPT,
        faults.PROBLEMS,
        usage_intake.COLLECT,
        usage_rating.RATE,
        usage_long_calls.REPLAY,
        usage_long_calls.ASSEMBLE,
        usage_rating.CLOSE_USAGE,
        bills.COMPENSATE,
        bills.FREEZE,
        bills.CALCULATE,
        bills.SAMPLE,
        bills.RELEASE,
        bills.POST,
        bills.GATHER,
        bills.CALCULATE_GROUPS,
        bills.SAMPLE_GROUPS,
        bills.RELEASE_GROUPS,
        bills.POST_GROUPS,
        bills.RENDER,
        bills.DISPATCH,
        bills.DISPATCH_PARTNERS,
        books.BOOKS,
        dates.CLOSE,
        report.REPORT,
    ),
)

NETS: Final = {net.name: net for net in (NIGHT,)}
