"""Deadlines missed and deadlines near: found among all faults of a district, by night a chunk at a time, by day at once.

Both are idempotent by what they write: a fault that was missed says so (``breached_at``), one that was warned of says for which
deadline (``warned_due_at``). A kill between two chunks leaves nothing half said, and running again says nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import Nation, london_date
from css.db.sql import block
from css.master.care_levels import care_book
from css.master.districts import District, no_district
from repairs.actions.beneath import look_again
from repairs.actions.telling import will_tell
from repairs.actions.working import require_may
from repairs.commands.nightly import FaultsMarked, MarkBreaches, WarnOfBreaches
from repairs.reference import policy_on
from repairs.rules.outages import instant_words

SEEN_AT_ONCE: Final = 500
"""Faults in one transaction of the night."""


@audit.answered
def mark_breaches(session: Session, command: MarkBreaches, *, by: Actor, at: datetime) -> FaultsMarked:
    """Mark every open fault of a district whose deadline has passed. The night does the same.

    Raises:
        NotFound: CSS101E. Refused: CSS315E.
    """
    require_may(by, "reckon")
    _nation(session, command.district_code)
    marked, after = 0, 0
    while (done := mark_next_breaches(session, command.district_code, after, until=at, by=by)) is not None:
        count, after = done
        marked += count
    _record(session, "mark_breaches", command.district_code, marked, by=by, at=at)
    return FaultsMarked(faults=marked)


def mark_next_breaches(session: Session, district_code: str, after: int, *, until: datetime, by: Actor) -> tuple[int, int] | None:
    """Mark the next faults due before ``until``, at most 500; how many, and the last of them. None: there are no more.

    The event has the time of the deadline, however late it is written. Nothing is undone by a deadline that moves later.
    """
    sought = {"district": district_code, "after": after, "until": until, "most": SEEN_AT_ONCE}
    missed = session.execute(block("repairs", "nightly.missed"), sought).all()
    if not missed:
        return None
    words = [f"Not mended by {instant_words(row.due_at)}, when it was due." for row in missed]
    _mark(session, missed, "nightly.mark_missed", "breach", words, [row.due_at for row in missed], by=by, at=until)
    return len(missed), missed[-1].id


@audit.answered
def warn_of_breaches(session: Session, command: WarnOfBreaches, *, by: Actor, at: datetime) -> FaultsMarked:
    """Warn of every open fault of a district that falls due within the policy's time from now.

    Raises:
        NotFound: CSS101E. Refused: CSS315E.
    """
    require_may(by, "reckon")
    _nation(session, command.district_code)
    until = at + timedelta(minutes=policy_on(session, london_date(at)).warn_minutes)
    warned, after = 0, 0
    while (done := warn_of_next_breaches(session, command.district_code, after, until=until, by=by, at=at)) is not None:
        count, after = done
        warned += count
    _record(session, "warn_of_breaches", command.district_code, warned, by=by, at=at)
    return FaultsMarked(faults=warned)


def warn_of_next_breaches(
    session: Session, district_code: str, after: int, *, until: datetime, by: Actor, at: datetime
) -> tuple[int, int] | None:
    """Warn of the next faults due from now to ``until``, at most 500; how many, and the last of them. None: there are no more."""
    sought = {"district": district_code, "after": after, "since": at, "until": until, "most": SEEN_AT_ONCE}
    near = session.execute(block("repairs", "nightly.near"), sought).all()
    if not near:
        return None
    words = [f"About to be missed: due {instant_words(row.due_at)}." for row in near]
    _mark(session, near, "nightly.mark_near", "warn", words, [at] * len(near), by=by, at=at)
    return len(near), near[-1].id


def warned_until(session: Session, district_code: str, morning: datetime) -> datetime:
    """Until which deadline the night before ``morning`` warns: so long after the office next opens as the policy warns ahead.

    So whoever comes to work on a Monday, or after Christmas, finds what would be missed before they had their first hours.

    Raises:
        NotFound: CSS101E.
    """
    nation = _nation(session, district_code)
    on = london_date(morning)
    policy = policy_on(session, on)
    hours = care_book(session, on).hours(policy.accept_calendar_code, nation)
    opens = morning if hours.is_open(morning) else hours.next_opening(morning) or morning
    return opens + timedelta(minutes=policy.warn_minutes)


def _mark(
    session: Session,
    rows: Sequence[Row[Any]],
    fact: str,
    deed: str,
    words: Sequence[str],
    instants: Sequence[datetime],
    *,
    by: Actor,
    at: datetime,
) -> None:
    faults = [row.id for row in rows]
    session.execute(block("repairs", fact), {"faults": faults})
    told = {"faults": faults, "words": list(words), "instants": list(instants), "deed": deed, "who": by.name}
    will_tell(session, session.execute(block("repairs", "nightly.tell_each"), told), at=at)
    look_again(session, faults)


def _nation(session: Session, district_code: str) -> Nation:
    found = session.execute(select(District.nation).where(District.code == district_code)).scalar()
    if found is None:
        raise no_district(district_code)
    nation: Nation = found.value
    return nation


def _record(session: Session, verb: str, district_code: str, count: int, *, by: Actor, at: datetime) -> None:
    if count:
        audit.record(session, by=by, at=at, verb=verb, subject=("district", district_code), after={"faults": count})
        session.flush()
