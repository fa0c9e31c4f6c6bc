"""Balancing: in = out + filtered + rejected at every joint, the books after every net, and what was set aside until it is settled."""

from __future__ import annotations

from batch.balance.books import BookBreach, BookCheck, book_checks, books, find_breaches
from batch.balance.joints import Finding, OutOfBalance, check_joints, keep_findings
from batch.balance.left import left_aside

__all__ = [
    "BookBreach",
    "BookCheck",
    "Finding",
    "OutOfBalance",
    "book_checks",
    "books",
    "check_joints",
    "find_breaches",
    "keep_findings",
    "left_aside",
]
