"""Damage: plant that somebody saw broken or dangerous. It names a place and no line, and whoever goes makes it safe."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import london_date
from css.core.errors import NotFound, Refusals, Refused
from css.core.ids import IdKind
from css.core.phone import parse_number
from css.core.words import NationCode
from css.master.care_levels import care_book
from css.master.districts import District
from css.master.plant import Exchange, no_exchange
from css.master.providers import Provider
from css.master.serials import next_number
from repairs.actions.clock import start_clock
from repairs.actions.working import record, require_may, tell
from repairs.commands.faults import FaultReported, ReportDamage
from repairs.model import Fault
from repairs.reference import policy_on
from repairs.rules.report import contact_faults, moment_faults, too_long
from repairs.words import FaultKind, FaultState, Location

DAMAGE: Final = "DMG"
"""The symptom of every damage report."""


@audit.answered
def report_damage(session: Session, command: ReportDamage, *, by: Actor, at: datetime) -> FaultReported:
    """Take a report of damage at a place: it waits for the next engineer at once. With a hazard the better of two levels counts.

    Nobody is compensated for it and no debt is held back: it has neither line nor account.

    Raises:
        NotFound: CSS827E, no such exchange in the district.
        Refused: CSS304E, CSS305E, CSS307E, CSS315E the actor may not, CSS321E no place; with what ``parse_number`` says, all at once.
    """
    require_may(by, "report")
    wrong = Refusals()
    if not command.place_words.strip():
        wrong.add(Refused("CSS321E", "Say where the damage is, so that an engineer finds it.", element="place_words"))
    wrong.add(*contact_faults(command.contact_name), *moment_faults(command.reported_at, at))
    wrong.add(
        *too_long(
            words=command.words,
            contact_name=command.contact_name,
            hazard_notes=command.hazard_notes,
            place_words=command.place_words,
        )
    )
    phone = wrong.reading(lambda: parse_number(command.contact_phone, element="contact_phone"))
    exchange_id = wrong.reading(lambda: _exchange(session, command))
    wrong.tell()
    assert phone is not None, "what could not be read has been told"
    assert exchange_id is not None, "what was not found has been told"
    today, hazard = london_date(at), (command.hazard_notes or "").strip() or None
    nation = session.execute(select(District.nation).where(District.code == command.district_code)).scalar_one()
    policy = policy_on(session, today)
    level = policy.damage_level if hazard is None else policy.hazard_level
    deadline = care_book(session, today).deadline(level, at, NationCode(nation).value)
    fault = Fault(
        number=next_number(session, command.district_code, IdKind.FAULT),
        kind=FaultKind.DAMAGE,
        district_code=command.district_code,
        provider_id=_provider(session, by),
        exchange_id=exchange_id,
        place_words=command.place_words.strip(),
        state=FaultState.QUEUED,
        symptom_code=DAMAGE,
        is_total_loss=False,
        words=command.words.strip() or None,
        contact_name=command.contact_name.strip(),
        contact_phone=phone,
        hazard_notes=hazard,
        equipment_checked=False,
        power_checked=False,
        care_level=level,
        line_care_level=level,
        location=Location.LN,
        reported_at=command.reported_at or at,
        accepted_at=at,
        original_due_at=deadline.due_at,
        due_at=deadline.due_at,
        reported_by=by.name,
    )
    session.add(fault)
    session.flush()
    start_clock(session, fault, by=by, at=at)
    tell(session, fault, "report", f"Damage reported: {fault.place_words}. {deadline.words}", by=by, at=at)
    record(session, fault, command, "report_damage", None, by=by, at=at)
    return FaultReported(
        fault_number=fault.number, state=fault.state, care_level=level, due_at=deadline.due_at, deadline_words=deadline.words
    )


def _exchange(session: Session, command: ReportDamage) -> int:
    found = session.execute(
        select(Exchange.id).where(Exchange.district_code == command.district_code, Exchange.code == command.exchange_code)
    ).scalar_one_or_none()
    if found is None:
        raise no_exchange(command.district_code, command.exchange_code)
    return found


def _provider(session: Session, by: Actor) -> int:
    """A partner's report is the partner's; anybody else's is the own retail arm's, whose desk it came to."""
    whose = Provider.code == by.provider_code if by.is_partner else Provider.is_own_retail
    found = session.execute(select(Provider.id).where(whose).order_by(Provider.id).limit(1)).scalar_one_or_none()
    if found is None:
        raise NotFound("CSS104E", "There is no provider {code} doing business with us.", code=by.provider_code, element="provider_code")
    return found
