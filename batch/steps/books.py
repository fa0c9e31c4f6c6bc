"""The books are checked at the end of every net; a difference of a penny stops it."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from batch.balance.books import find_breaches
from batch.net import Context, Counts, SingleStep, Total, Work
from batch.steps import reruns, told_days
from css.core.errors import Refused

SHOWN_MAX = 20


def check(session: Session, context: Context) -> Work:
    """Make every check of the books: of the district, or in a net of the house of every district and of the house.

    What lies on the disk is left to ``css check books`` and ``css check spool``: a file lost long ago is no reason to keep a date open.

    Raises:
        Refused: CSS620E with the differences in words; the date stays open until they are explained.
    """
    breaches = find_breaches(session, context.district_code)
    if breaches:
        shown = " ".join(breach.words for breach in breaches[:SHOWN_MAX])
        more = f" (and {len(breaches) - SHOWN_MAX} more)" if len(breaches) > SHOWN_MAX else ""
        raise Refused("CSS620E", "The books do not balance: {differences}{more}", differences=shown, more=more)
    return Work(Counts(1, 1), totals=(Total("differences in the books", 0),))


BOOKS = SingleStep("check-books", "Check the books", check, doc=told_days.BOOKS, rerun=reruns.CHECKED)

LOOKED_AT = replace(BOOKS, may_be_skipped=True, skip_words="Nobody looked at the books once more; css check books does.")
"""The same in a net that goes on without it, and so may be left out."""
