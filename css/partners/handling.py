"""Doing what stored messages ask, through the same verbs as the screens.

The verb's rows, the answers in the outbox and the state of the message change in one transaction. A partner's messages are
handled one at a time in the order they were received (its lane); partners do not wait for each other. A rule's "no" is told
to the partner; a fault of ours leaves the message waiting and lets the next one pass.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.core.clock import Clock
from css.core.errors import Conflict, CssError, Unavailable
from css.db.engine import transaction
from css.handover import next_outbox_sequence, put_in_outbox
from css.master.providers import Provider
from css.partners.keys import Partner, own_party, partner_of
from css.partners.messages import COMMANDS, QUESTIONS, Asked, Document
from css.partners.model import InboxMessage, InboxState
from css.xml import read_header, read_message

TRIES_MAX: Final = 5
"""How often handling is begun when the database says that somebody else was at the same rows."""
TRIES_AT_ONCE: Final = 2
"""The same, while the partner waits for its answer."""
LANE_WAIT: Final = "5s"
"""How long to wait for whoever handles the message before ours."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Drained:
    """What one round over the waiting messages did."""

    done: int = 0
    refused: int = 0
    left: int = 0
    """Still waiting: handling them failed by a fault of ours, which the log names, or somebody else holds the rows."""

    def __add__(self, other: Drained) -> Drained:
        return Drained(self.done + other.done, self.refused + other.refused, self.left + other.left)


def drain(engine: Engine, *, clock: Clock, provider_code: str | None = None) -> Drained:
    """Handle every message that waits, of one partner or of all, also those that failed before.

    Raises:
        NotFound: CSS104E, no such provider does business with us.
        Unavailable: the database is; what was handled before stays handled.
    """
    with transaction(engine) as session:
        partners = [partner_of(session, code) for code in ([provider_code] if provider_code else _waited_for(session))]
    total = Drained()
    for partner in partners:
        total += work_lane(engine, partner, clock=clock)
    return total


def _waited_for(session: Session) -> list[str]:
    """Codes of the active providers with messages that wait. Leans on ix_inbox_message_waiting."""
    waiting = select(InboxMessage.provider_id).where(InboxMessage.state == InboxState.RECEIVED)
    return list(
        session.execute(select(Provider.code).where(Provider.is_active, Provider.id.in_(waiting)).order_by(Provider.code)).scalars()
    )


def work_lane(engine: Engine, partner: Partner, *, clock: Clock, up_to_id: int | None = None, at_once: bool = False) -> Drained:
    """Handle a partner's waiting messages in order, each in a transaction of its own.

    Args:
        engine: each message opens a transaction of its own on it.
        partner: whose lane.
        clock: tells each message's instant.
        up_to_id: stop after this row, so that one request is not kept by those behind it.
        at_once: the partner waits for its answer: do not try again what failed before, and give up soon.
    """
    total = Drained()
    last_id = 0
    while last_id != up_to_id:
        handled = _handle_next(engine, partner, clock, last_id, up_to_id, at_once=at_once)
        if handled is None:
            break
        last_id, state = handled
        total += Drained(
            done=int(state is InboxState.DONE), refused=int(state is InboxState.REFUSED), left=int(state is InboxState.RECEIVED)
        )
    return total


def _handle_next(
    engine: Engine, partner: Partner, clock: Clock, after_id: int, up_to_id: int | None, *, at_once: bool
) -> tuple[int, InboxState] | None:
    """Handle the next row of the lane; its id and the state it is in now, None when there is none or the lane is held."""
    waiting_id: int | None = None
    for _ in range(TRIES_AT_ONCE if at_once else TRIES_MAX):
        waiting_id = None
        try:
            with transaction(engine) as session:
                message = _next_waiting(session, partner, after_id, up_to_id, at_once=at_once)
                if message is None:
                    return None
                waiting_id = message.id
                _handle(session, partner, message, at=clock.now())
                return message.id, message.state
        except Unavailable:
            raise
        except Conflict as trouble:
            # The refusals of rules never come so far: this is the database, and the whole may succeed a second time.
            _log.warning("handling begun again", extra={"provider": partner.code, "code": trouble.code})
        except Exception as trouble:
            if waiting_id is None:
                raise
            _log.exception("handling failed", extra={"provider": partner.code, "inbox_id": waiting_id})
            _set_aside(engine, waiting_id, trouble)
            break
    return None if waiting_id is None else (waiting_id, InboxState.RECEIVED)


def _next_waiting(session: Session, partner: Partner, after_id: int, up_to_id: int | None, *, at_once: bool) -> InboxMessage | None:
    session.execute(text(f"SET LOCAL lock_timeout = '{LANE_WAIT}'"))
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"partners.lane/{partner.code}", 0))))
    statement = select(InboxMessage).where(
        InboxMessage.provider_id == partner.provider_id, InboxMessage.state == InboxState.RECEIVED, InboxMessage.id > after_id
    )
    if up_to_id is not None:
        statement = statement.where(InboxMessage.id <= up_to_id)
    if at_once:
        statement = statement.where(InboxMessage.outcome_code.is_(None))
    # Asked under the lock, in a statement of its own: it sees what the last holder committed. Leans on ix_inbox_message_waiting.
    return session.execute(statement.order_by(InboxMessage.id).limit(1)).scalar()


def _handle(session: Session, partner: Partner, message: InboxMessage, *, at: datetime) -> None:
    root = read_message(message.body)
    header = read_header(root)
    asked = Asked(partner, root, header, own_party(session), at)
    try:
        # What the verb wrote before it refused is taken back; the refusal itself is kept.
        with session.begin_nested():
            message.outcome_words = _do(session, asked)
        message.outcome_code, message.state = None, InboxState.DONE
    except Unavailable:
        raise
    except CssError as refusal:
        _tell_refusal(session, asked, refusal)
        message.outcome_code, message.outcome_words, message.state = refusal.code, str(refusal), InboxState.REFUSED
    message.handled_at = at
    session.flush()
    _log.info("message handled", extra={"provider": partner.code, "message_id": header.message_id, "state": message.state.value})


def _do(session: Session, asked: Asked) -> str:
    """Do or answer what is asked; what was done, in a sentence."""
    command = COMMANDS.get(asked.header.message_type)
    if command is not None:
        return command.do(session, asked)
    answer = QUESTIONS[asked.header.message_type].answer(session, asked, None)
    _leave(session, asked, answer)
    return f"{answer.message_type} left in the outbox."


def _tell_refusal(session: Session, asked: Asked, refusal: CssError) -> None:
    name = asked.header.message_type
    told = COMMANDS[name].refused(session, asked, refusal) if name in COMMANDS else QUESTIONS[name].answer(session, asked, refusal)
    _leave(session, asked, told)


def _leave(session: Session, asked: Asked, answer: Document) -> None:
    """Leave the answer to a message in the partner's outbox."""
    put_in_outbox(
        session,
        provider_id=asked.partner.provider_id,
        sequence=next_outbox_sequence(session, asked.partner.provider_id),
        source_key=answer.source_key,
        message_id=answer.message_id,
        message_type=answer.message_type,
        conversation_id=asked.header.conversation_id,
        ref_to_message_id=asked.header.message_id,
        body=answer.body,
        at=asked.at,
    )


def _set_aside(engine: Engine, waiting_id: int, trouble: Exception) -> None:
    """Mark a row that could not be handled, so that requests pass it by until ``drain`` comes."""
    with transaction(engine) as session:
        session.execute(
            update(InboxMessage)
            .where(InboxMessage.id == waiting_id, InboxMessage.state == InboxState.RECEIVED)
            .values(outcome_code="CSS555E", outcome_words=f"Handling failed ({type(trouble).__name__}); the log says how.")
        )
