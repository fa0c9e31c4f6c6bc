"""Forgetting whom calls were to, once nobody may ask any more: figures, dates and destinations stay, numbers go.

What is emptied is empty for good; a second time finds nothing to do. Which date is long enough ago is the caller's to say.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from css.db.sql import block

FILES_AT_ONCE: Final = 5
"""Of some hundreds of thousand records each."""
ACCOUNTS_AT_ONCE: Final = 2000
"""With their calls of a date: some tens of thousands."""
EMPTY: Final = gzip.compress(b"", mtime=0)


@dataclass(frozen=True, slots=True)
class Emptied:
    """What of some carriers' files was emptied."""

    records: int
    last_file_id: int
    """Of those files; the next are behind it."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """Of some accounts and dates the calls whose numbers were hidden."""

    calls: int
    rated_on: date
    account_id: int
    """With the date the last of them; the next are behind it."""


def forget_records(session: Session, district_code: str, *, since: date, before: date, after: int) -> Emptied | None:
    """Empty the lines of a few files taken between two dates, the second not included, and behind one; None when none is left.

    Files of which a record was never rated or still waits are passed over. With the lines go what was set aside of them and settled,
    and the keys by which the same call would be known again.
    """
    where = {"district": district_code, "since": since, "before": before, "after": after}
    sizes = {"files": FILES_AT_ONCE, "empty": EMPTY, "empty_bytes": len(EMPTY)}
    rows = session.execute(block("billing", "forgetting.records"), where | sizes).all()
    files = sorted({row.usage_file_id for row in rows})
    if not files:
        return None
    session.execute(block("billing", "forgetting.set_aside"), {"district": district_code, "files": files})
    session.execute(block("billing", "forgetting.keys"), {"district": district_code, "files": files})
    return Emptied(sum(row.line_count for row in rows), files[-1])


def day_to_forget(session: Session, district_code: str, *, since: date, before: date) -> date | None:
    """The first date between two, the second not included, on which calls were rated, whatever they still say; None when there is none."""
    asked = {"district": district_code, "since": since, "before": before}
    return session.execute(block("billing", "forgetting.day"), asked).scalar()


def note_calls(session: Session, district_code: str, rated_on: date) -> None:
    """Note whose calls of a date still say whom they were to: from now on ``forget_numbers`` looks at them until they do not."""
    session.execute(block("billing", "forgetting.note"), {"district": district_code, "rated_on": rated_on})


def forget_numbers(session: Session, district_code: str, *, before: date, after: tuple[date, int]) -> Hidden | None:
    """Hide the last six digits of whom calls were to that were noted, of some accounts and dates behind one; None when none is left.

    Short codes are nobody's number and stay. Calls of an account that has had no bill since, or that disputes one, are passed over and
    stay noted.
    """
    asked = {"district": district_code, "before": before, "after_on": after[0], "after_account": after[1], "accounts": ACCOUNTS_AT_ONCE}
    row = session.execute(block("billing", "forgetting.numbers"), asked).one_or_none()
    return None if row is None else Hidden(row.call_count, row.rated_on, row.account_id)
