"""The work queue of faults page by page: for whoever sees that faults are put right in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, bindparam, func, literal, select, tuple_
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import require_aware
from css.core.errors import BadMessage
from css.core.slots import SlotOf
from css.core.words import HalfDay
from css.db.sql import block
from css.master.accounts import Account
from css.master.customers import Customer
from css.master.lines import Line
from css.master.plant import Exchange
from css.master.sites import Site
from repairs.model import Engineer, Fault, Visit
from repairs.queries.seen import asker, seen
from repairs.rules.report import SYMPTOMS
from repairs.rules.seeing import Eyes, eyes_of
from repairs.words import Craft, FaultKind, FaultState, Location

PAGE_ROWS: Final = 25
PAGE_ROWS_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """An open fault as the queue shows it. Damage has no account, no line and no address, but a place."""

    fault_number: str
    kind: FaultKind
    state: FaultState
    symptom_code: str
    symptom_words: str
    is_total_loss: bool
    care_level: str
    reported_at: datetime
    due_at: datetime
    was_moved: bool
    """Whether it is due at another time than was first promised."""
    account_number: str | None
    provider_code: str
    number: str | None
    exchange_code: str
    cabinet_code: str | None
    distribution_point_code: str | None
    area: str | None
    """The outward half of the postcode."""
    premises: str | None
    street: str | None
    place_words: str | None
    """Of damage: where it is."""
    is_repeat: bool
    """Another fault on the line was put right shortly before; how shortly is the policy's to say."""
    is_vulnerable: bool
    is_hazard: bool
    """Something there may hurt somebody."""
    is_expedited: bool
    is_in_outage: bool
    """It hangs on failed plant, and goes with it."""
    outage_id: int | None
    owner_code: str | None
    """The operator who sees it through."""
    location: Location | None
    """The main fault location; None while nobody knows."""
    craft: Craft | None
    """Who must go; None where anybody may."""
    engineer_code: str | None
    """Who has it now."""
    chase_count: int
    slot: SlotOf | None
    """The visit the customer was promised."""
    accept_by_at: datetime | None = None
    """Of a clear that waits for an answer: when silence accepts it."""


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
class QueueFilter:
    """What the queue is narrowed by; each that is None or False narrows nothing."""

    care_level: str | None = None
    area: str | None = None
    exchange_code: str | None = None
    only_vulnerable: bool = False
    only_repeats: bool = False
    state: FaultState | None = None
    kind: FaultKind | None = None
    craft: Craft | None = None
    owner_code: str | None = None
    engineer_code: str | None = None
    """Who has it now."""
    outage_id: int | None = None
    in_outage: bool | None = None
    """True for what hangs on an outage, False for what does not."""
    only_moved: bool = False


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
    state: FaultState | None = None,
    kind: FaultKind | None = None,
    craft: Craft | None = None,
    owner_code: str | None = None,
    engineer_code: str | None = None,
    outage_id: int | None = None,
    in_outage: bool | None = None,
    only_moved: bool = False,
    after: str = "",
    limit: int = PAGE_ROWS,
) -> QueuePage:
    """A page of the open faults of a district, soonest due first, in three statements; a fourth from the third page on.

    A place in the queue is a key, so that faults that come and go meanwhile shift nothing; ``after`` is one from a page
    before, empty for the first. ``area`` is the outward half of a postcode; the other criteria are those of ``QueueFilter``.
    Of what is not open any more it lists only clears that wait for an answer, and only for the state ``cleared``.

    Raises:
        BadMessage: CSS931E, ``after`` is no place of a list.
    """
    wanted = QueueFilter(
        care_level=care_level,
        area=area,
        exchange_code=exchange_code,
        only_vulnerable=only_vulnerable,
        only_repeats=only_repeats,
        state=state,
        kind=kind,
        craft=craft,
        owner_code=owner_code,
        engineer_code=engineer_code,
        outage_id=outage_id,
        in_outage=in_outage,
        only_moved=only_moved,
    )
    place = _place(after) if after else None
    is_there = Fault.state == FaultState.CLEARED if wanted.state is FaultState.CLEARED else Fault.is_open
    narrowed = [Fault.district_code == district_code, is_there, seen(eyes_of(by)), *_conditions(wanted)]
    limit = max(1, min(limit, PAGE_ROWS_MAX))
    before = literal(0) if place is None else func.count().filter(_columns <= tuple_(*place))
    counts = session.execute(
        select(func.count().label("total"), func.count().filter(Fault.due_at < at).label("late"), before.label("before")).where(*narrowed),
        asker(by),
    ).one()
    ahead = select(Fault.due_at, Fault.number).where(*narrowed).order_by(Fault.due_at, Fault.number).limit(limit + 1)
    keys = session.execute(ahead if place is None else ahead.where(_columns > tuple_(*place)), asker(by)).all()
    shown = [number for _, number in keys[:limit]]
    found = {row.number: _queue_row(row) for row in session.execute(block("repairs", "queue.rows"), {"numbers": shown})} if shown else {}
    back = None if not counts.before else ""
    if place is not None and counts.before > limit:
        behind = select(Fault.due_at, Fault.number).where(*narrowed, _columns <= tuple_(*place))
        step_back = behind.order_by(Fault.due_at.desc(), Fault.number.desc()).offset(limit).limit(1)
        back = _key(session.execute(step_back, asker(by)).one())
    return QueuePage(
        rows=tuple(found[number] for number in shown if number in found),
        total=counts.total,
        late=counts.late,
        first_place=counts.before + 1 if shown else 0,
        back=back,
        forward=_key(keys[limit - 1]) if len(keys) > limit else None,
    )


def queue_version(session: Session, district_code: str, *, at: datetime, by: Actor | None = None) -> str:
    """A fingerprint of a district's queue, from one cheap statement: the same means that nothing on the page has changed.

    What is due in so many minutes changes by itself, so the minute is part of it. ``by`` narrows it to what the asker sees.
    """
    eyes = Eyes.ALL if by is None else eyes_of(by)
    row = session.execute(_version(eyes), {"district": district_code, **({} if by is None else asker(by))}).one()
    return f"{row.open_count}.{row.last_id}.{row.ids}.{row.versions}.{require_aware(at):%Y%m%d%H%M}"


@cache
def _version(eyes: Eyes) -> Select[int, int, int, int]:
    """Built once, asked with values (docs/decisions/0143). Uses ix_fault_due."""
    return select(
        func.count().label("open_count"),
        func.coalesce(func.max(Fault.id), 0).label("last_id"),
        func.coalesce(func.sum(Fault.id), 0).label("ids"),
        func.coalesce(func.sum(Fault.row_version), 0).label("versions"),
    ).where(Fault.district_code == bindparam("district"), Fault.is_open, seen(eyes))


_columns = tuple_(Fault.due_at, Fault.number)


def _conditions(wanted: QueueFilter) -> Iterator[ColumnElement[bool]]:
    """Only what is asked for is in the statement, so that a queue that is not narrowed touches nothing but its index."""
    if wanted.care_level is not None:
        yield Fault.care_level == wanted.care_level
    if wanted.state not in {None, FaultState.CLEARED}:
        yield Fault.state == wanted.state
    if wanted.kind is not None:
        yield Fault.kind == wanted.kind
    if wanted.craft is not None:
        yield Fault.craft == wanted.craft
    if wanted.owner_code is not None:
        yield Fault.owner_code == wanted.owner_code.strip().upper()
    if wanted.outage_id is not None:
        yield Fault.outage_id == wanted.outage_id
    if wanted.in_outage is not None:
        yield Fault.outage_id.is_not(None) if wanted.in_outage else Fault.outage_id.is_(None)
    if wanted.only_repeats:
        yield Fault.is_repeat.is_(True)
    if wanted.only_moved:
        yield Fault.due_at != Fault.original_due_at
    yield from _conditions_elsewhere(wanted)


def _conditions_elsewhere(wanted: QueueFilter) -> Iterator[ColumnElement[bool]]:
    """Those that other tables answer."""
    if wanted.area is not None:
        in_area = select(Line.id).join(Site, Site.id == Line.site_id).where(Site.postcode.like(f"{wanted.area} %"))
        yield Fault.line_id.in_(in_area)
    if wanted.exchange_code is not None:
        yield Fault.exchange_id.in_(select(Exchange.id).where(Exchange.code == wanted.exchange_code))
    if wanted.only_vulnerable:
        depends = select(Account.id).join(Customer, Customer.id == Account.customer_id).where(Customer.is_vulnerable)
        yield Fault.account_id.in_(depends)
    if wanted.engineer_code is not None:
        code = wanted.engineer_code.strip().upper()
        has = select(Visit.fault_id).join(Engineer, Engineer.id == Visit.engineer_id).where(Engineer.code == code, Visit.ended_at.is_(None))
        yield Fault.id.in_(has)


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
        kind=FaultKind(row.kind),
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
        place_words=row.place_words,
        is_repeat=row.is_repeat,
        is_vulnerable=row.is_vulnerable,
        is_hazard=row.is_hazard,
        is_expedited=row.is_expedited,
        is_in_outage=row.outage_id is not None,
        outage_id=row.outage_id,
        owner_code=row.owner_code,
        location=None if row.location is None else Location(row.location),
        craft=None if row.craft is None else Craft(row.craft),
        engineer_code=row.engineer_code,
        chase_count=row.chase_count,
        slot=None if row.slot_on is None else SlotOf(row.slot_on, HalfDay(row.half_day)),
        accept_by_at=row.accept_by_at,
    )
