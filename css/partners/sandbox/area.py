"""A partner's side of its test area: the lock, the numbers, the outbox, and the emptying of it.

Whoever does anything to an area holds the lock of its row until the end of the transaction, so its documents have numbers
without a gap and its events come in the order in which they were due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from css.audit import record
from css.core.actor import Actor
from css.core.errors import Refused
from css.core.ids import IdKind, make_id
from css.core.words import Role
from css.partners.access.keys import Partner, partner_of
from css.partners.model import SandboxArea, SandboxCase, SandboxDocument, SandboxMessage, SandboxPass, SandboxStep

LETTERS: Final = "SX"
"""The district of every number given out here. There is none of that name, so no number of a test is one in earnest."""
DOCUMENTS_MAX: Final = 20_000
"""As many as an area holds before it takes no more messages; then it must be emptied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A document before it has its number."""

    source_key: str
    message_id: str
    message_type: str
    conversation_id: str
    body: bytes
    ref_to_message_id: str | None = None
    passes: int | None = None
    """The number of the scenario whose last word it is."""
    comes_twice: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document as it goes out."""

    sequence: int
    message_id: str
    message_type: str
    body: bytes
    is_possible_duplicate: bool


def lock_area(session: Session, partner: Partner) -> SandboxArea:
    """The partner's area, made at the first look, locked until the transaction ends."""
    session.execute(insert(SandboxArea).values(provider_id=partner.provider_id).on_conflict_do_nothing())
    statement = select(SandboxArea).where(SandboxArea.provider_id == partner.provider_id).with_for_update()
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one()


def next_number(area: SandboxArea, kind: IdKind) -> str:
    """The next number of an order, a fault or an appointment."""
    area.last_serial += 1
    return make_id(LETTERS, kind, area.last_serial)


def source_key(area: SandboxArea, partner: Partner, rest: str) -> str:
    """By what a document of an area is known for ever; no emptying brings it back."""
    return f"sandbox/{partner.code}/{area.resets}/{rest}"


def leave(session: Session, area: SandboxArea, written: Written, *, at: datetime) -> None:
    """Give a document its number and put it where it is fetched."""
    for is_again in (False, True) if written.comes_twice else (False,):
        area.last_sequence += 1
        is_last = not written.comes_twice or is_again
        session.add(
            SandboxDocument(
                provider_id=area.provider_id,
                sequence=area.last_sequence,
                message_id=written.message_id,
                message_type=written.message_type,
                conversation_id=written.conversation_id,
                ref_to_message_id=written.ref_to_message_id,
                scenario=written.passes if is_last else None,
                body=written.body,
                is_possible_duplicate=is_again,
                created_at=at,
            )
        )
    session.flush()


def fetch(session: Session, area: SandboxArea, after: int, *, at: datetime) -> Fetched | None:
    """The first document after a number; None while there is none. Whoever fetches the last word of a scenario has passed it."""
    document = session.execute(
        select(SandboxDocument)
        .where(SandboxDocument.provider_id == area.provider_id, SandboxDocument.sequence > after)
        .order_by(SandboxDocument.sequence)
        .limit(1)
    ).scalar()
    if document is None:
        return None
    came_before = document.fetched_at is not None
    if not came_before:
        document.fetched_at = at
        if document.scenario is not None:
            passed(session, area.provider_id, document.scenario, at=at)
    return Fetched(
        sequence=document.sequence,
        message_id=document.message_id,
        message_type=document.message_type,
        body=document.body,
        is_possible_duplicate=came_before or document.is_possible_duplicate,
    )


def passed(session: Session, provider_id: int, number: int, *, at: datetime) -> None:
    """Write down that a partner has played a scenario to its end."""
    statement = insert(SandboxPass).values(provider_id=provider_id, scenario=number, first_at=at, last_at=at)
    again = {"times": SandboxPass.times + 1, "last_at": at}
    session.execute(statement.on_conflict_do_update(index_elements=["provider_id", "scenario"], set_=again))


def plan(session: Session, case: SandboxCase, after_seconds: list[int], *, at: datetime, first_step: int = 0) -> None:
    """Write down when the steps of a case will happen, counted from the first."""
    session.add_all(
        SandboxStep(
            provider_id=case.provider_id,
            case_id=case.id,
            step=number,
            due_at=at + timedelta(seconds=seconds / case.speed),
        )
        for number, seconds in enumerate(after_seconds, start=first_step)
    )
    session.flush()


def drop_plan(session: Session, case: SandboxCase) -> None:
    """Nothing more happens to a case by itself."""
    session.execute(delete(SandboxStep).where(SandboxStep.case_id == case.id))


def empty(session: Session, partner: Partner, *, at: datetime) -> None:
    """Empty a partner's area: messages, orders, documents, and the numbers of the outbox. What was passed stays passed."""
    area = lock_area(session, partner)
    for table in (SandboxStep, SandboxCase, SandboxDocument, SandboxMessage):
        session.execute(delete(table).where(table.provider_id == partner.provider_id))
    area.last_sequence, area.last_serial = 0, 0
    area.resets += 1
    area.reset_at = at
    session.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetSandbox:
    """Empty a partner's test area, for one who asks us to."""

    token: str = ""
    provider_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxEmptied:
    """The answer: what was in it."""

    provider_code: str
    documents: int
    messages: int


def reset_sandbox(session: Session, command: ResetSandbox, *, by: Actor, at: datetime) -> SandboxEmptied:
    """Empty a partner's test area; what it has passed stays.

    Raises:
        Refused: CSS111E the actor may not. NotFound: CSS104E no such provider.
    """
    if by.is_partner or Role.SUPERVISOR not in by.roles:
        raise Refused("CSS111E", "{who} may not do this; it needs {need}.", who=by.name, need=f"the role {Role.SUPERVISOR}")
    partner = partner_of(session, command.provider_code)
    counts = [
        int(session.execute(select(func.count()).select_from(table).where(table.provider_id == partner.provider_id)).scalar_one())
        for table in (SandboxDocument, SandboxMessage)
    ]
    empty(session, partner, at=at)
    after = {"documents": counts[0], "messages": counts[1]}
    record(session, by=by, at=at, verb="reset_sandbox", subject=("provider", partner.code), after=after)
    session.flush()
    return SandboxEmptied(provider_code=partner.code, documents=counts[0], messages=counts[1])
