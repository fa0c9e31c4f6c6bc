"""Forgetting whom calls were to, once nobody may ask any more: figures, dates and destinations stay, numbers go.

What is emptied is empty for good; a second time finds nothing to do. Which date is long enough ago is the caller's to say.
"""

from __future__ import annotations

import gzip
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from css.db.sql import block

FILES_AT_ONCE: Final = 5
"""Of some hundreds of thousand records each."""
EMPTY: Final = gzip.compress(b"", mtime=0)
HIDDEN: Final = "xxxxxx"
"""In place of a number's last six digits, as wherever the house shows a number without saying it."""


def forget_records(session: Session, district_code: str, *, since: date, before: date) -> int:
    """Empty the lines of a few files taken between two dates, the second not included; how many records they held, 0 when none is left.

    Files of which a record was never rated or still waits are passed over. With the lines go what was set aside of them and settled,
    and the keys by which the same call would be known again.
    """
    where = {"district": district_code, "since": since, "before": before}
    sizes = {"files": FILES_AT_ONCE, "empty": EMPTY, "empty_bytes": len(EMPTY)}
    rows = session.execute(block("billing", "forgetting.records"), where | sizes).all()
    files = sorted({row.usage_file_id for row in rows})
    if files:
        session.execute(block("billing", "forgetting.set_aside"), {"district": district_code, "files": files})
        session.execute(block("billing", "forgetting.keys"), {"district": district_code, "files": files})
    return sum(row.line_count for row in rows)


def days_to_forget(session: Session, district_code: str, *, since: date, before: date) -> tuple[date, ...]:
    """The dates of rating, the second not included, of which some call still says whom it was to."""
    asked = {"district": district_code, "since": since, "before": before}
    return tuple(row.rated_on for row in session.execute(block("billing", "forgetting.days"), asked))


def forget_numbers(session: Session, district_code: str, rated_on: date) -> int:
    """Hide the last six digits of whom a date's calls were to; how many calls. Short codes are nobody's number and stay.

    Calls of an account that has had no bill since, or that disputes one, are passed over.
    """
    done = session.execute(block("billing", "forgetting.numbers"), {"district": district_code, "rated_on": rated_on})
    return int(done.rowcount)  # type: ignore[attr-defined]
