"""The work queue of faults page by page, and one fault's clock: for whoever sees that faults are put right in time."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import Nation, require_aware
from css.core.deadline import care_deadline
from css.core.errors import BadMessage
from css.db.sql import block
from css.master.districts import District
from repairs.model import Fault
from repairs.queries.cards import FaultCard, fault_card
from repairs.rules.clock import ClockPart, clock_of
from repairs.rules.report import SYMPTOMS
from repairs.words import FaultState

PAGE_ROWS: Final = 25
PAGE_ROWS_MAX: Final = 100
LOOKED_AT_MAX: Final = 20_000
"""Open faults of one district: a bad storm."""
REPEAT_DAYS: Final = 30
"""A fault so soon after another on the same line is a repeat: the measure the trade uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """An open fault as the queue shows it."""

    fault_number: str
    state: FaultState
    symptom_code: str
    symptom_words: str
    is_total_loss: bool
    care_level: str
    reported_at: datetime
    due_at: datetime
    was_moved: bool
    """Whether it is due at another time than was first promised."""
    account_number: str
    provider_code: str
    number: str | None
    exchange_code: str
    cabinet_code: str | None
    distribution_point_code: str | None
    area: str
    """The outward half of the postcode."""
    premises: str
    street: str
    is_repeat: bool
    """Another fault on the line was put right within 30 days before."""
    is_vulnerable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """One page of the queue. ``back`` and ``forward`` are what to give as ``after`` for the pages beside it; None without one."""

    rows: tuple[QueueRow, ...]
    total: int
    late: int
    """How many of all are past due."""
    first_place: int
    back: str | None
    forward: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultClock:
    """A fault with its time: how the deadline was reckoned, and what the clock has done since."""

    card: FaultCard
    nation: Nation
    deadline_words: str
    """How the first deadline is reached, in a sentence to read out."""
    parts: tuple[ClockPart, ...]
    is_late: bool


def queue_page(  # noqa: PLR0913 - a list is narrowed by each of them
    session: Session,
    district_code: str,
    *,
    by: Actor,
    at: datetime,
    care_level: str | None = None,
    area: str | None = None,
    exchange_code: str | None = None,
    only_vulnerable: bool = False,
    only_repeats: bool = False,
    after: str = "",
    limit: int = PAGE_ROWS,
) -> QueuePage:
    """A page of the open faults of a district, soonest due first, in two statements.

    A place in the queue is a key, so that faults that come and go meanwhile shift nothing; ``after`` is one from a page
    before, empty for the first. ``area`` is the outward half of a postcode.

    Raises:
        BadMessage: CSS931E, ``after`` is no place of a list.
    """
    wanted = {
        "district": district_code,
        "provider": by.provider_code if by.is_partner else None,
        "level": care_level,
        "area": area,
        "exchange": exchange_code,
        "vulnerable": only_vulnerable,
        "repeats": only_repeats,
        "most": LOOKED_AT_MAX,
        "repeat_days": REPEAT_DAYS,
    }
    keys = [(row.due_at, row.number) for row in session.execute(block("repairs", "queue.open"), wanted)]
    limit = max(1, min(limit, PAGE_ROWS_MAX))
    start = bisect_right(keys, _place(after)) if after else 0
    shown = keys[start : start + limit]
    numbers = {"numbers": [number for _, number in shown], "repeat_days": REPEAT_DAYS}
    found = {row.number: _queue_row(row) for row in session.execute(block("repairs", "queue.rows"), numbers)} if shown else {}
    return QueuePage(
        rows=tuple(found[number] for _, number in shown if number in found),
        total=len(keys),
        late=bisect_right(keys, (at - timedelta(microseconds=1), "~")),
        first_place=start + 1 if shown else 0,
        back=None if not start else "" if start <= limit else _key(keys[start - limit - 1]),
        forward=_key(shown[-1]) if start + limit < len(keys) else None,
    )


def queue_version(session: Session, district_code: str, *, at: datetime) -> str:
    """A fingerprint of a district's queue, from one cheap statement: the same means that nothing on the page has changed.

    What is due in so many minutes changes by itself, so the minute is part of it.
    """
    row = session.execute(block("repairs", "queue.version"), {"district": district_code}).one()
    return f"{row.open_count}.{row.last_id}.{row.ids}.{row.versions}.{require_aware(at):%Y%m%d%H%M}"


def fault_clock(session: Session, fault_number: str, *, by: Actor, at: datetime) -> FaultClock:
    """A fault in full with its clock, in three statements.

    Raises:
        NotFound: CSS313E, none of that number for the asker.
    """
    card = fault_card(session, fault_number, by=by)
    nation: Nation = (
        session.execute(
            select(District.nation).join(Fault, Fault.district_code == District.code).where(Fault.number == card.summary.fault_number)
        )
        .scalar_one()
        .value
    )
    summary = card.summary
    ended_at = summary.cleared_at
    if summary.state is FaultState.WITHDRAWN:
        ended_at = card.events[-1].occurred_at
    return FaultClock(
        card=card,
        nation=nation,
        deadline_words=care_deadline(summary.care_level, card.accepted_at, nation).words,
        parts=clock_of(reported_at=summary.reported_at, accepted_at=card.accepted_at, due_at=summary.due_at, ended_at=ended_at, at=at),
        is_late=summary.state is not FaultState.WITHDRAWN and (summary.cleared_at or at) > summary.due_at,
    )


def _key(place: tuple[datetime, str]) -> str:
    due_at, number = place
    return f"{require_aware(due_at):%Y%m%dT%H%M%S.%f}.{number}"


def _place(after: str) -> tuple[datetime, str]:
    instant, _, number = after.rpartition(".")
    try:
        return datetime.strptime(f"{instant}+0000", "%Y%m%dT%H%M%S.%f%z"), number
    except ValueError:
        sentence = "{after!r} is no place in a list; start at its first page."
        raise BadMessage("CSS931E", sentence, after=after[:40], element="after") from None


def _queue_row(row: Row[Any]) -> QueueRow:
    symptom = SYMPTOMS.get(row.symptom_code)
    return QueueRow(
        fault_number=row.number,
        state=FaultState(row.state),
        symptom_code=row.symptom_code,
        symptom_words=symptom.words if symptom else row.symptom_code,
        is_total_loss=row.is_total_loss,
        care_level=row.care_level,
        reported_at=row.reported_at,
        due_at=row.due_at,
        was_moved=row.due_at != row.original_due_at,
        account_number=row.account_number,
        provider_code=row.provider_code,
        number=row.telephone_number,
        exchange_code=row.exchange_code,
        cabinet_code=row.cabinet_code,
        distribution_point_code=row.distribution_point_code,
        area=row.area,
        premises=row.premises,
        street=row.street,
        is_repeat=row.is_repeat,
        is_vulnerable=row.is_vulnerable,
    )
