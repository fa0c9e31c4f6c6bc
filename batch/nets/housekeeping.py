"""The house's own net, once every district's night is over."""

from __future__ import annotations

from datetime import time
from typing import Final

from batch.net import Before, Net, Node, Plan
from batch.steps import books, upkeep
from batch.upkeep.backup import only_on_sundays
from batch.words import Cycle

HOUSEKEEPING: Final = Net(
    "housekeeping",
    "The house after its nights: the spool read back, the database backed up, and what has had its time put away or thrown away.",
    (
        Node(upkeep.DISKS),
        Node(upkeep.VERIFY, ("look-at-disks",)),
        Node(upkeep.BACKUP, ("look-at-disks",)),
        Node(upkeep.REHEARSE, ("backup",), when=only_on_sundays, is_optional=True, cut_off=time(7)),
        # Behind the backup: what goes is in it once more.
        Node(upkeep.ARCHIVE, ("backup",)),
        Node(upkeep.FILES, ("backup",)),
        Node(upkeep.COPIES, ("backup",)),
        Node(upkeep.FORGET, ("backup",)),
        Node(upkeep.GENERATIONS, ("backup", "rehearse-restore", "verify-spool", "archive-runs")),
        # A difference is told and stops nothing here: each night looked at its own books, and one that failed is not over.
        Node(books.LOOKED_AT, ("throw-outputs-away", "throw-files-away", "throw-copies-away", "forget-calls"), is_optional=True),
    ),
    Plan(Cycle.DAILY, time(4), must_start_by=time(7), must_end_by=time(9), priority=90),
    before=(Before("night", every_district=True, until=time(7)),),
    is_of_house=True,
    may_be_skipped=True,
    skip_words="There is no backup of that night, and what has had its time goes with the next.",
    may_run_extra=True,
)
