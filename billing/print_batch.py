"""What a print room gets beside the bills: a list of the files of one batch, with what it needs to know that all were printed.

Rows of quoted values: a header, one row a bill in order of their numbers, a trailer with the sums. The same bills give the
same bytes, so that a night done again does not look like another batch.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from css.core.words import BillMedium

COLUMNS: Final = ("file_name", "bill_number", "pages", "sha256")


@dataclass(frozen=True, slots=True)
class PrintedBill:
    """A bill to be printed."""

    number: str
    file_name: str
    pages: int
    sha256: str


def batch_name(medium: BillMedium, bills: Sequence[PrintedBill]) -> str:
    """``print-paper-ZZB00000012.csv``: the medium, and the first bill in it, which is in no other batch."""
    return f"print-{medium}-{min(bill.number for bill in bills)}.csv"


def batch_file(medium: BillMedium, bills: Sequence[PrintedBill]) -> bytes:
    """The list of a batch."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(("HEADER", medium, *COLUMNS))
    for bill in sorted(bills, key=lambda one: one.number):
        writer.writerow(("BILL", medium, bill.file_name, bill.number, bill.pages, bill.sha256))
    writer.writerow(("TRAILER", medium, len(bills), sum(bill.pages for bill in bills)))
    return out.getvalue().encode()
