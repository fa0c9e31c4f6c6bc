"""How far a partner has come with its test area: which scenarios it has played to their end, and what is still asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from css.partners.access.keys import Partner, in_force, partner_of
from css.partners.model import KeyArea, PartnerKey, SandboxPass
from css.partners.sandbox.fault_scenarios import ABOVE_ORDERS, FAULTS
from css.partners.sandbox.scenarios import SCENARIOS

ASKED_FOR: Final = (
    *(0, 2, 3, 7, 103, 205, 306, 401, 501, 599, 602, 651, 652, 801, 803, 805, 806, 807),
    *(ABOVE_ORDERS + number for number in (0, 1, 3, 102, 301, 501, 601, 602)),
)
"""What a partner plays before it goes live: a choice of the house. One of each kind of answer, and all trouble on the way."""


class Stage(StrEnum):
    """Where a partner stands."""

    IN_TEST = "in-test"
    READY = "ready"
    """It has played all that is asked for; nobody has given it a live key."""
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedRow:
    """A scenario that was played to its end."""

    scenario: int
    title: str
    times: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxProgress:
    """How far a partner has come."""

    provider_code: str
    stage: Stage
    missing: tuple[int, ...]
    """What is asked for and was not passed yet."""
    passed: tuple[PassedRow, ...]


def sandbox_progress(session: Session, provider_code: str, *, at: datetime) -> SandboxProgress:
    """Which scenarios a partner has passed, and whether it may go live.

    Raises:
        NotFound: CSS104E.
    """
    return progress_of(session, partner_of(session, provider_code), at=at)


def progress_of(session: Session, partner: Partner, *, at: datetime) -> SandboxProgress:
    """The same of a partner that is known."""
    rows = session.execute(
        select(SandboxPass).where(SandboxPass.provider_id == partner.provider_id).order_by(SandboxPass.scenario)
    ).scalars()
    passed = tuple(
        PassedRow(
            scenario=row.scenario,
            title=_title(row.scenario),
            times=row.times,
            first_at=row.first_at,
            last_at=row.last_at,
        )
        for row in rows
    )
    missing = tuple(sorted(set(ASKED_FOR) - {row.scenario for row in passed}))
    is_live = session.execute(
        select(exists().where(PartnerKey.provider_id == partner.provider_id, *in_force(PartnerKey, at, KeyArea.LIVE)))
    ).scalar_one()
    stage = Stage.LIVE if is_live else Stage.IN_TEST if missing else Stage.READY
    return SandboxProgress(provider_code=partner.code, stage=stage, missing=missing, passed=passed)


def _title(number: int) -> str:
    found = FAULTS.get(number) or SCENARIOS.get(number)
    return "no longer played" if found is None else found.title


def _shown(number: int) -> str:
    return f"F{number - ABOVE_ORDERS:03d}" if number in FAULTS else f"{number:03d} "


def progress_text(found: SandboxProgress) -> str:
    """The same for a partner's eyes, a line a scenario."""
    lines = [f"{found.provider_code}: {found.stage.value}", ""]
    lines += [f"passed   {_shown(row.scenario)}  {row.title} ({row.times})" for row in found.passed]
    lines += [f"missing  {_shown(number)}  {_title(number)}" for number in found.missing]
    return "\n".join(lines) + "\n"
