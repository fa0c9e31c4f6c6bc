"""Which files an issued bill has: the one place that says it, asked when it is rendered and when its files are counted."""

from __future__ import annotations

from typing import Final

from billing.document import BillDocument, CustomerKind
from billing.words import BillFileKind

WITH_DATA: Final[frozenset[CustomerKind]] = frozenset({"business", "wholesale"})
"""Who gets the data file: those who have a program to read it."""


def files_of(document: BillDocument) -> tuple[BillFileKind, ...]:
    """The files of a bill: always the PDF and the e-invoice, its itemised calls where it may show any, the data file for firms.

    A bill that shows no calls has no file of them either: what the document leaves out is in none of its files.
    """
    files = [BillFileKind.PDF, BillFileKind.XML]
    if document.call_lists:
        files.append(BillFileKind.CALLS)
    if document.customer.kind in WITH_DATA:
        files.append(BillFileKind.DATA)
    return tuple(files)
