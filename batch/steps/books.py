"""The books are checked at the end of every night; a difference of a penny stops it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from batch.net import Context, Counts, SingleStep, Total, Work
from billing.checks import check_books
from css.core.errors import Refused
from repairs.checks import check_faults

SHOWN_MAX = 20


def check(session: Session, context: Context) -> Work:
    """Run every check of the books.

    Raises:
        Refused: CSS620E with the differences in words; the date stays open until they are explained.
    """
    differences = (*check_books(session, context.district_code), *check_faults(session, context.district_code))
    if differences:
        shown = " ".join(str(difference) for difference in differences[:SHOWN_MAX])
        more = f" (and {len(differences) - SHOWN_MAX} more)" if len(differences) > SHOWN_MAX else ""
        raise Refused("CSS620E", "The books do not balance: {differences}{more}", differences=shown, more=more)
    return Work(Counts(1, 1), totals=(Total("differences in the books", 0),))


BOOKS = SingleStep("check-books", "Check the books", check)
