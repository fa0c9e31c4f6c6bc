"""Engineers, what they have to do, and the board of who waits where for whom.

The board and the other engineers are for our own desk and control. A contractor asks about nobody but themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import ONE_DAY, Nation, london_date, start_of_day
from css.core.errors import NotFound
from css.core.slots import SlotOf
from css.core.words import HalfDay
from css.db.sql import block
from repairs.queries.seen import require_staff_eyes
from repairs.queries.shifts import is_on_shift
from repairs.queries.times import nation_of
from repairs.rules.dispatch import latest_begun
from repairs.rules.report import SYMPTOMS
from repairs.rules.seeing import Eyes, eyes_of
from repairs.words import Craft, FaultKind, FaultState, Location, ReturnReason, VisitState

VISITS_MAX: Final = 100
SOON: Final = timedelta(hours=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineerRow:
    """Somebody who mends lines, with what they can do and what they have."""

    code: str
    name: str
    district_code: str
    firm: str | None
    """The contractor's; None for our own."""
    crafts: tuple[Craft, ...]
    exchange_codes: tuple[str, ...]
    """Where they work."""
    calendar_code: str
    """The shift."""
    is_active: bool
    is_on_shift: bool
    fault_number: str | None
    """What they have now."""
    visit_state: VisitState | None
    since: datetime | None
    """Since when: on site, or issued."""
    row_version: int

    @property
    def is_free(self) -> bool:
        """Whether something can be given to them now."""
        return self.is_active and self.is_on_shift and self.fault_number is None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineerVisit:
    """A fault that an engineer has or had, with what must be known on the way there."""

    visit_id: int
    visit_state: VisitState
    issued_at: datetime
    issued_by: str
    arrived_at: datetime | None
    ended_at: datetime | None
    return_reason: ReturnReason | None
    visit_words: str | None
    fault_number: str
    kind: FaultKind
    state: FaultState
    symptom_code: str
    symptom_words: str
    care_level: str
    due_at: datetime
    number: str | None
    """Telephone number, E.164 digits."""
    address: str
    """Of damage, the place in words."""
    exchange_code: str
    cabinet_code: str | None
    distribution_point_code: str | None
    pair_number: int | None
    words: str | None
    contact_name: str
    contact_phone: str
    access_notes: str | None
    hazard_notes: str | None
    visit_notes: str | None
    location: Location | None
    craft: Craft | None
    charge_band: int
    is_repeat: bool
    is_vulnerable: bool
    is_in_outage: bool
    slot: SlotOf | None

    @property
    def is_live(self) -> bool:
        """Whether the engineer has it now."""
        return self.ended_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineerCard:
    """An engineer with the work of a day."""

    engineer: EngineerRow
    on: date
    visits: tuple[EngineerVisit, ...]
    """What they have first, then what ended that day, newest first."""
    done: int
    """How many of the day's ended with the clear."""
    returned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """The open faults of an exchange's area that need one craft, and who could go."""

    exchange_code: str
    exchange_name: str
    craft: Craft | None
    """None: anybody may go, or nobody has said who must."""
    waiting: int
    """For the next engineer: in the queue, or with a slot that has begun."""
    slot_to_come: int
    unjudged: int
    """Reported or tested, and nobody has said where it goes."""
    issued: int
    on_site: int
    parked: int
    in_outage: int
    late: int
    """Past due and not parked, wherever they stand."""
    soon: int
    """Due within four hours."""
    free_engineers: tuple[str, ...]
    """On shift, with the craft and the area, and nothing to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchBoard:
    """Who waits where for whom in a district."""

    rows: tuple[BoardRow, ...]
    on_shift: int
    free: int
    """Engineers of the district on shift, and those of them with nothing to do."""


def engineers(
    session: Session,
    district_code: str,
    *,
    by: Actor,
    at: datetime,
    craft: Craft | None = None,
    exchange_code: str | None = None,
    also_gone: bool = False,
) -> tuple[EngineerRow, ...]:
    """The engineers of a district by code, those who do not work here any more only with ``also_gone``.

    A contractor finds themselves alone.

    Raises:
        Refused: CSS315E, a partner asks.
    """
    only = None
    if eyes_of(by) is Eyes.OF_VISITS:
        only = by.name
    else:
        require_staff_eyes(by, "dispatch")
    return _engineers(session, at, district=district_code, engineer=only, craft=craft, exchange=exchange_code, also_gone=also_gone)


def engineer_card(session: Session, engineer_code: str, *, by: Actor, at: datetime, on: date | None = None) -> EngineerCard:
    """An engineer with the work of a day, in London; today without one. A contractor finds themselves alone.

    Raises:
        NotFound: CSS341E, no such engineer for the asker.
        Refused: CSS315E, a partner asks.
    """
    eyes = eyes_of(by)
    if eyes is not Eyes.OF_VISITS:
        require_staff_eyes(by, "dispatch")
    wanted = engineer_code.strip().upper()
    found = _engineers(session, at, district=None, engineer=wanted, craft=None, exchange=None, also_gone=True)
    if not found or (eyes is Eyes.OF_VISITS and wanted != by.name):
        raise NotFound("CSS341E", "There is no engineer {code}.", code=wanted[:8], element="engineer_code")
    day = on or london_date(at)
    visits = _visits(session, wanted, day)
    that_day = [one for one in visits if one.ended_at is not None]
    return EngineerCard(
        engineer=found[0],
        on=day,
        visits=visits,
        done=sum(one.visit_state is VisitState.DONE for one in that_day),
        returned=sum(one.visit_state is VisitState.RETURNED for one in that_day),
    )


def engineer_day(session: Session, *, by: Actor, at: datetime, on: date | None = None) -> EngineerCard | None:
    """The asker's own visits, where the asker is an engineer; None where not."""
    if by.kind != "operator":
        return None
    found = _engineers(session, at, district=None, engineer=by.name, craft=None, exchange=None, also_gone=True)
    return engineer_card(session, by.name, by=by, at=at, on=on) if found else None


def dispatch_board(session: Session, district_code: str, *, by: Actor, at: datetime) -> DispatchBoard:
    """The open faults of a district by exchange and craft, and the engineers who could go, in two or three statements.

    Raises:
        Refused: CSS315E, a partner or a contractor asks.
    """
    require_staff_eyes(by, "dispatch")
    begun = latest_begun(at)
    told = {"district": district_code, "at": at, "soon": at + SOON, "begun_on": begun.slot_on, "begun_half": begun.half_day.value}
    rows = session.execute(block("repairs", "dispatch.board"), told).all()
    staff = _engineers(session, at, district=district_code, engineer=None, craft=None, exchange=None, also_gone=False)
    return DispatchBoard(
        rows=tuple(_board_row(row, staff) for row in rows),
        on_shift=sum(one.is_on_shift for one in staff),
        free=sum(one.is_free for one in staff),
    )


def _board_row(row: Row[Any], staff: tuple[EngineerRow, ...]) -> BoardRow:
    craft = None if row.craft is None else Craft(row.craft)
    free = [one.code for one in staff if one.is_free and row.exchange_code in one.exchange_codes and (craft is None or craft in one.crafts)]
    return BoardRow(
        exchange_code=row.exchange_code,
        exchange_name=row.exchange_name,
        craft=craft,
        waiting=row.queued + row.slot_begun,
        slot_to_come=row.slot_to_come,
        unjudged=row.unjudged,
        issued=row.issued,
        on_site=row.on_site,
        parked=row.parked,
        in_outage=row.in_outage,
        late=row.late,
        soon=row.soon,
        free_engineers=tuple(free),
    )


def _engineers(
    session: Session,
    at: datetime,
    *,
    district: str | None,
    engineer: str | None,
    craft: Craft | None,
    exchange: str | None,
    also_gone: bool,
) -> tuple[EngineerRow, ...]:
    told = {
        "district": district,
        "engineer": engineer,
        "craft": None if craft is None else craft.value,
        "exchange": exchange,
        "also_gone": also_gone,
    }
    rows = session.execute(block("repairs", "dispatch.engineers"), told).all()
    nations = {code: nation_of(session, code) for code in {row.district_code for row in rows}}
    return tuple(_engineer(session, row, at, nations[row.district_code]) for row in rows)


def _engineer(session: Session, row: Row[Any], at: datetime, nation: Nation) -> EngineerRow:
    return EngineerRow(
        code=row.code,
        name=row.name,
        district_code=row.district_code,
        firm=row.firm,
        crafts=tuple(Craft(craft) for craft in row.crafts),
        exchange_codes=tuple(row.exchange_codes),
        calendar_code=row.calendar_code,
        is_active=row.is_active,
        is_on_shift=row.is_active and is_on_shift(session, row.calendar_code, nation, at),
        fault_number=row.fault_number,
        visit_state=None if row.visit_state is None else VisitState(row.visit_state),
        since=row.arrived_at or row.issued_at,
        row_version=row.row_version,
    )


def _visits(session: Session, engineer_code: str, day: date) -> tuple[EngineerVisit, ...]:
    after = min(day, date.max - ONE_DAY) + ONE_DAY  # the last day of all has none after it, and nobody works on it
    told = {"engineer": engineer_code, "starts_at": start_of_day(day), "ends_at": start_of_day(after), "most": VISITS_MAX}
    return tuple(_visit(row) for row in session.execute(block("repairs", "dispatch.visits"), told))


def _visit(row: Row[Any]) -> EngineerVisit:
    symptom = SYMPTOMS.get(row.symptom_code)
    return EngineerVisit(
        visit_id=row.visit_id,
        visit_state=VisitState(row.visit_state),
        issued_at=row.issued_at,
        issued_by=row.issued_by,
        arrived_at=row.arrived_at,
        ended_at=row.ended_at,
        return_reason=None if row.return_reason is None else ReturnReason(row.return_reason),
        visit_words=row.visit_words,
        fault_number=row.number,
        kind=FaultKind(row.kind),
        state=FaultState(row.state),
        symptom_code=row.symptom_code,
        symptom_words=symptom.words if symptom else row.symptom_code,
        care_level=row.care_level,
        due_at=row.due_at,
        number=row.telephone_number,
        address=row.place_words or f"{row.premises} {row.street}, {row.town} {row.postcode}",
        exchange_code=row.exchange_code,
        cabinet_code=row.cabinet_code,
        distribution_point_code=row.distribution_point_code,
        pair_number=row.pair_number,
        words=row.words,
        contact_name=row.contact_name,
        contact_phone=row.contact_phone,
        access_notes=row.access_notes,
        hazard_notes=row.hazard_notes,
        visit_notes=row.visit_notes,
        location=None if row.location is None else Location(row.location),
        craft=None if row.craft is None else Craft(row.craft),
        charge_band=row.charge_band,
        is_repeat=row.is_repeat,
        is_vulnerable=row.is_vulnerable,
        is_in_outage=row.outage_id is not None,
        slot=None if row.slot_on is None else SlotOf(row.slot_on, HalfDay(row.half_day)),
    )
