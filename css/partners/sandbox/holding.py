"""A half-day that is held in a test area."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.codec import from_plain
from css.core.errors import NotFound, Refused
from css.core.ids import IdKind, expect_id
from css.core.slots import state_at
from css.core.words import AppointmentState
from css.master.appointment_commands import SlotHeld
from css.partners.model import SandboxArea, SandboxCase, SandboxMatter


def held_slot(session: Session, area: SandboxArea, number: str, *, at: datetime) -> tuple[SandboxCase, SlotHeld]:
    """A half-day that is held still.

    Raises:
        BadMessage: CSS052E to CSS055E. NotFound: CSS819E. Refused: CSS820E.
    """
    wanted = expect_id(number, IdKind.APPOINTMENT, element="appointment_number")
    case = session.execute(
        select(SandboxCase).where(
            SandboxCase.provider_id == area.provider_id,
            SandboxCase.matter == SandboxMatter.APPOINTMENT,
            SandboxCase.number == wanted,
        )
    ).scalar()
    if case is None:
        raise NotFound("CSS819E", "There is no appointment {number}.", number=wanted, element="appointment_number")
    held = from_plain(case.standing, SlotHeld)
    state = state_at(held.state, held.held_until_at, at)
    if state is not AppointmentState.HELD:
        sentence = "Appointment {number} is {state}; that cannot be done to it any more."
        raise Refused("CSS820E", sentence, number=wanted, state=state.value, element="appointment_number")
    return case, held
