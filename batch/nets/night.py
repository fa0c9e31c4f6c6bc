"""The night of a district."""

from __future__ import annotations

from datetime import time
from typing import Final

from batch.net import Net, Node, OwnDates, Plan
from batch.steps import bills, books, catalogue, dates, faults, report, requests, set_aside, usage_intake, usage_long_calls, usage_rating
from batch.words import Cycle

HEAVY: Final = {"processors": 1}
"""Steps that keep every core of a machine busy: so many at once in the whole house as ``processors`` has units."""

NIGHT: Final = Net(
    "night",
    "The night of a district: orders of debt, faults that press, usage in, calls rated, bills made and sent, books checked, date closed.",
    (
        Node(dates.ROLL),
        Node(requests.TAKE, ("roll-date",)),
        Node(faults.MARK, ("roll-date",)),
        Node(faults.WARN, ("mark-breaches",), is_optional=True),
        Node(faults.ACCEPT, ("mark-breaches",)),
        Node(faults.PROBLEMS, ("accept-clears",), is_optional=True),
        Node(usage_intake.COLLECT, ("roll-date",)),
        Node(usage_rating.RATE, ("collect-usage",), needs=HEAVY),
        Node(usage_long_calls.REPLAY, ("rate-usage",)),
        Node(usage_long_calls.ASSEMBLE, ("replay-usage",)),
        Node(usage_rating.CLOSE_USAGE, ("assemble-calls",)),
        Node(bills.COMPENSATE, ("take-requests", "mark-breaches", "accept-clears")),
        Node(bills.FREEZE, ("compensate", "close-usage")),
        Node(bills.CALCULATE, ("freeze-cut",), needs=HEAVY),
        Node(bills.SAMPLE, ("calculate",)),
        Node(bills.RELEASE, ("sample",)),
        Node(bills.POST, ("release",)),
        Node(bills.GATHER, ("post",)),
        Node(bills.CALCULATE_GROUPS, ("gather",), when=bills.without_groups, needs=HEAVY),
        Node(bills.SAMPLE_GROUPS, ("calculate-groups",), when=bills.without_groups),
        Node(bills.RELEASE_GROUPS, ("sample-groups",), when=bills.without_groups),
        Node(bills.POST_GROUPS, ("release-groups",), when=bills.without_groups),
        Node(bills.RENDER, ("post-groups",), needs=HEAVY),
        Node(bills.DISPATCH, ("render",)),
        Node(bills.DISPATCH_PARTNERS, ("render",)),
        Node(catalogue.CATALOGUE, ("dispatch", "dispatch-partners")),
        Node(set_aside.SETTLE, ("catalogue",)),
        Node(books.BOOKS, ("settle-rejects", "warn-of-breaches", "find-problems")),
        Node(dates.CLOSE, ("check-books",)),
        Node(report.REPORT, ("close-date",), is_optional=True),
    ),
    # After the hour of London that comes twice or never.
    Plan(Cycle.DAILY, time(2, 15), must_start_by=time(3), must_end_by=time(6), priority=10),
    own_dates=OwnDates("The night closes a date, and the next date waits for it: it runs on every date."),
    may_be_skipped=True,
    skip_words=(
        "The next night that runs does its work with its own: files, faults and orders as they stand then, bills of its cycle days "
        "from the later cut. Its date is closed with that night's, and the desk keys on the same business date until then."
    ),
)
