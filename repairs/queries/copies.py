"""A partner's faults as it is told of them: in full, one or many at once, and the list of those that have not come to their end."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import NotFound, Refused
from css.core.ids import IdKind, expect_id
from css.core.words import AppointmentState, HalfDay
from css.db.sql import block
from repairs.model import Fault, FaultEvent
from repairs.queries.charges import NOTHING, Owed, owed_for
from repairs.rules.clock import Interval
from repairs.rules.clock_words import reason_words
from repairs.rules.partner_words import kind_of, words_for_partner
from repairs.words import ClockState, FaultState, Location, ParkReason, TestOutcome

PAGE_MAX: Final = 100
"""Faults on one page of the list, unless fewer are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockCopy:
    """What the clock of an open fault does, and why."""

    state: ClockState
    starts_at: datetime
    ends_at: datetime | None
    """Where it is known beforehand."""
    reason: ParkReason | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCopy:
    """The last line test the fault was judged by."""

    __test__ = False

    line_test_id: int
    outcome: TestOutcome | None
    diagnosis_code: str | None
    words: str | None
    tested_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotCopy:
    """The visit that was promised."""

    appointment_number: str | None
    slot_on: date
    half_day: HalfDay
    state: AppointmentState


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageCopy:
    """The failure of shared plant it hangs on."""

    outage_id: int
    began_at: datetime
    expected_at: datetime | None
    ended_at: datetime | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearCopy:
    """How it was put right, as we say."""

    number: int
    """Counts the clears of a fault from 1."""
    code: str
    words: str | None
    cleared_at: datetime
    is_late: bool
    accept_by_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultCopy:
    """A fault in full as its partner is told of it."""

    fault_id: int
    fault_number: str
    provider_id: int
    customer_reference: str | None
    conversation_id: str | None
    """None while nothing was told of it and nobody asked by a message."""
    last_update: int
    state: FaultState
    account_number: str | None
    number: str | None
    """E.164 digits; of a further line of an installation, the installation's."""
    line_place: int | None
    """Of a further line of an installation: which."""
    address_key: str | None
    premises: str | None
    street: str | None
    town: str | None
    postcode: str | None
    symptom_code: str
    is_total_loss: bool
    words: str | None
    reported_at: datetime
    accepted_at: datetime
    caller_name: str | None
    contact_name: str
    contact_phone: str
    access_notes: str | None
    hazard_notes: str | None
    visit_notes: str | None
    equipment_checked: bool
    power_checked: bool
    charge_band: int
    forced_reason: str | None
    care_level: str
    line_care_level: str
    is_priority: bool
    expedited_at: datetime | None
    original_due_at: datetime
    due_at: datetime
    breached_at: datetime | None
    clock: ClockCopy | None
    """None of a fault nobody works on any more."""
    test: TestCopy | None
    location: Location | None
    slot: SlotCopy | None
    outage: OutageCopy | None
    is_repeat: bool
    is_early_life: bool
    chase_count: int
    clear: ClearCopy | None
    owed: Owed = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRow:
    """One event of a fault as its partner is told of it."""

    kind: str
    occurred_at: datetime
    words: str
    warnings: tuple[str, ...] = ()
    """What should be known or asked besides; told with the event and not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSnapshot:
    """A fault as it stands, and what its partner was told of it."""

    copy: FaultCopy
    history: tuple[UpdateRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedRow:
    """A fault that has not come to its end, as the list says it."""

    fault_number: str
    customer_reference: str | None
    number: str | None
    """E.164 digits."""
    state: FaultState
    symptom_code: str
    due_at: datetime
    cleared_at: datetime | None
    accept_by_at: datetime | None
    clear_count: int
    last_update: int
    is_in_outage: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedPage:
    """Some of a partner's faults, by number."""

    faults: tuple[UnfinishedRow, ...]
    is_last: bool


def fault_copies(
    session: Session, fault_ids: Collection[int], *, at: datetime, owed: Mapping[int, Owed] | None = None
) -> dict[int, FaultCopy]:
    """Faults in full by their id, in one statement however many; ``owed`` is what is known of what they cost."""
    rows = session.execute(block("repairs", "telling.copies"), {"faults": list(fault_ids), "at": at})
    return {row.id: _copy(row, (owed or {}).get(row.id, NOTHING)) for row in rows}


def fault_snapshot(
    session: Session, *, number: str | None = None, reference: str | None = None, by: Actor, at: datetime, with_history: bool = False
) -> FaultSnapshot:
    """A partner's fault as it stands, named by its number or by the partner's own reference.

    Raises:
        BadMessage: CSS052E to CSS055E, the form of the number.
        NotFound: CSS313E, none of that number for the asker; CSS524E, none of that reference.
        Refused: CSS525E, it is named by neither, or by both.
    """
    if (number is None) == (reference is None):
        raise Refused("CSS525E", "Name the fault by its number or by your own reference, one of them.", element="fault_number")
    if number is not None:
        number = expect_id(number, IdKind.FAULT, element="fault_number")
    fault_id = session.execute(
        block("repairs", "telling.named"), {"provider": by.provider_code, "number": number, "reference": reference}
    ).scalar()
    if fault_id is None and number is not None:
        raise NotFound("CSS313E", "There is no fault {fault}.", fault=number, element="fault_number")
    if fault_id is None:
        raise NotFound("CSS524E", "You have no fault with the reference {reference}.", reference=reference, element="customer_reference")
    fault = session.get_one(Fault, fault_id, populate_existing=True)
    copy = fault_copies(session, [fault_id], at=at, owed={fault_id: owed_for(session, fault)})[fault_id]
    return FaultSnapshot(copy=copy, history=_history(session, fault_id) if with_history else ())


def unfinished_faults(session: Session, *, by: Actor, after: str = "", limit: int = PAGE_MAX) -> UnfinishedPage:
    """A partner's faults that are open, or cleared and not answered yet, after one of them by number; at most 100.

    Raises:
        BadMessage: CSS052E to CSS055E, the form of the number.
    """
    after = expect_id(after, IdKind.FAULT, element="after") if after else ""
    most = max(1, min(limit, PAGE_MAX))
    rows = session.execute(block("repairs", "telling.unfinished"), {"provider": by.provider_code, "after": after, "most": most + 1}).all()
    return UnfinishedPage(
        faults=tuple(
            UnfinishedRow(
                fault_number=row.fault_number,
                customer_reference=row.customer_reference,
                number=row.telephone_number,
                state=FaultState(row.state),
                symptom_code=row.symptom_code,
                due_at=row.due_at,
                cleared_at=row.cleared_at,
                accept_by_at=row.accept_by_at,
                clear_count=row.clear_count,
                last_update=row.last_update,
                is_in_outage=row.outage_id is not None,
            )
            for row in rows[:most]
        ),
        is_last=len(rows) <= most,
    )


def _history(session: Session, fault_id: int) -> tuple[UpdateRow, ...]:
    events = session.execute(select(FaultEvent).where(FaultEvent.fault_id == fault_id).order_by(FaultEvent.sequence)).scalars()
    return tuple(
        UpdateRow(kind=kind, occurred_at=event.occurred_at, words=words_for_partner(event.deed or "", event.words))
        for event in events
        if (kind := kind_of(event.deed)) is not None
    )


def _copy(row: Row[Any], owed: Owed) -> FaultCopy:
    return FaultCopy(
        fault_id=row.id,
        fault_number=row.fault_number,
        provider_id=row.provider_id,
        customer_reference=row.customer_reference,
        conversation_id=None if row.conversation_id is None else str(row.conversation_id),
        last_update=row.last_update,
        state=FaultState(row.state),
        account_number=row.account_number,
        number=row.telephone_number,
        line_place=row.line_place,
        address_key=row.address_key,
        premises=row.premises,
        street=row.street,
        town=row.town,
        postcode=row.postcode,
        symptom_code=row.symptom_code,
        is_total_loss=row.is_total_loss,
        words=row.words,
        reported_at=row.reported_at,
        accepted_at=row.accepted_at,
        caller_name=row.caller_name,
        contact_name=row.contact_name,
        contact_phone=row.contact_phone,
        access_notes=row.access_notes,
        hazard_notes=row.hazard_notes,
        visit_notes=row.visit_notes,
        equipment_checked=row.equipment_checked,
        power_checked=row.power_checked,
        charge_band=row.charge_band,
        forced_reason=row.forced_reason,
        care_level=row.care_level,
        line_care_level=row.line_care_level,
        is_priority=row.is_priority,
        expedited_at=row.expedited_at,
        original_due_at=row.original_due_at,
        due_at=row.due_at,
        breached_at=row.breached_at,
        clock=_clock(row),
        test=_test(row),
        location=None if row.location is None else Location(row.location),
        slot=_slot(row),
        outage=_outage(row),
        is_repeat=row.is_repeat,
        is_early_life=row.is_early_life,
        chase_count=row.chase_count,
        clear=_clear(row),
        owed=owed,
    )


def _clock(row: Row[Any]) -> ClockCopy | None:
    if row.clock_state is None:
        return None
    state = ClockState(row.clock_state)
    interval = Interval(state, row.clock_starts_at, row.clock_ends_at, row.clock_reason, row.clock_words, cause=row.mborc_cause)
    return ClockCopy(
        state=state,
        starts_at=row.clock_starts_at,
        ends_at=row.clock_ends_at,
        reason=None if row.clock_reason is None else ParkReason(row.clock_reason),
        words=reason_words(interval),
    )


def _test(row: Row[Any]) -> TestCopy | None:
    if row.line_test_id is None:
        return None
    return TestCopy(
        line_test_id=row.line_test_id,
        outcome=None if row.test_outcome is None else TestOutcome(row.test_outcome),
        diagnosis_code=row.diagnosis_code,
        words=row.diagnosis,
        tested_at=row.tested_at,
    )


def _slot(row: Row[Any]) -> SlotCopy | None:
    if row.slot_on is None:
        return None
    return SlotCopy(
        appointment_number=row.appointment_number,
        slot_on=row.slot_on,
        half_day=HalfDay(row.half_day),
        state=AppointmentState(row.appointment_state),
    )


def _outage(row: Row[Any]) -> OutageCopy | None:
    if row.outage_id is None:
        return None
    return OutageCopy(
        outage_id=row.outage_id,
        began_at=row.outage_began_at,
        expected_at=row.outage_expected_at,
        ended_at=row.outage_ended_at,
        message=row.outage_message,
    )


def _clear(row: Row[Any]) -> ClearCopy | None:
    if row.cleared_at is None:
        return None
    return ClearCopy(
        number=row.clear_count,
        code=row.clear_code,
        words=row.clear_words,
        cleared_at=row.cleared_at,
        is_late=row.cleared_at > row.due_at,
        accept_by_at=row.accept_by_at if row.state == FaultState.CLEARED.value else None,
    )
