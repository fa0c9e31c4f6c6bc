"""Doing what stored messages ask, through the same verbs as the screens.

The verb's rows, the answers in the outbox and the state of the message change in one transaction. A partner's messages are
handled one at a time in the order they were received, those it numbers in the order of their numbers (its lane); partners do not
wait for each other. A rule's "no" is told to the partner; a fault of ours leaves the message waiting and lets the next one pass.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Engine, func, literal, select, text
from sqlalchemy.orm import Session

from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.core.clock import Clock
from css.core.errors import Conflict, CssError, Unavailable
from css.db.engine import transaction
from css.handover import Answering, answering, next_outbox_sequence, put_in_outbox
from css.master.providers import Provider
from css.partners.access.keys import Partner, own_party, partner_in, partner_of
from css.partners.access.terms import terms_of
from css.partners.intake.guarded import answer_question, do_command, tell_refusal
from css.partners.intake.sequencing import given_up, in_turn, refusal_of_gap
from css.partners.intake.story import add_event, attempt_of
from css.partners.messages import COMMANDS, Asked, Document
from css.partners.model import InboxMessage, InboxState, KeyArea
from css.xml import read_header, read_message, read_text

TRIES_MAX: Final = 5
"""How often handling is begun when the database says that somebody else was at the same rows."""
TRIES_AT_ONCE: Final = 2
"""The same, while the partner waits for its answer."""
LANE_WAIT: Final = "5s"
"""How long to wait for whoever handles the message before ours."""
GATEWAY: Final = "gateway"
"""Who is named in a message's story for what nobody asked."""

_ASK_FOR_NEW: Final = ("Submit", "Reserve", "List", "Query")
"""Messages that begin so name nothing that is there already, or change nothing of it."""
_NAMES: Final = ("OrderNumber", "FaultNumber", "AppointmentNumber")
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

    @property
    def handled(self) -> int:
        """How many wait no more."""
        return self.done + self.refused


@dataclass(slots=True)
class _Lane:
    """A walk along a partner's waiting messages."""

    partner: Partner
    up_to_id: int | None
    at_once: bool
    """The partner waits: what failed before is passed by."""
    fresh_only: bool
    waits: bool
    """Whether to wait for whoever else is at this lane; else the walk ends there."""
    last_id: int = 0
    numbered: tuple[str, int] | None = None
    """Conversation and number of the message handled last: the one after it may have come before it."""


def drain(engine: Engine, *, clock: Clock, provider_code: str | None = None) -> Drained:
    """Handle every message that waits, of one partner or of all, also those that failed before.

    Raises:
        NotFound: CSS104E, no such provider does business with us.
        Unavailable: the database is; what was handled before stays handled.
    """
    with transaction(engine) as session:
        partners = [partner_of(session, provider_code)] if provider_code else waited_for(session)
    total = Drained()
    for partner in partners:
        total += work_lane(engine, partner, clock=clock)
    return total


def waited_for(session: Session) -> list[Partner]:
    """The active providers with messages that wait. Leans on ix_inbox_message_waiting, once for each provider."""
    waiting = select(InboxMessage.id).where(InboxMessage.provider_id == Provider.id, InboxMessage.state == InboxState.RECEIVED).exists()
    area = literal(KeyArea.LIVE).label("area")
    rows = session.execute(select(Provider.id, Provider.code, Provider.party_id, area).where(Provider.is_active, waiting))
    return sorted((partner_in(row) for row in rows), key=lambda partner: partner.code)


def work_lane(
    engine: Engine,
    partner: Partner,
    *,
    clock: Clock,
    up_to_id: int | None = None,
    at_once: bool = False,
    fresh_only: bool = False,
    waits: bool = True,
    most: int | None = None,
) -> Drained:
    """Handle a partner's waiting messages in order, each in a transaction of its own.

    Args:
        engine: each message opens a transaction of its own on it.
        partner: whose lane.
        clock: tells each message's instant.
        up_to_id: stop after this row, so that one request is not kept by those behind it.
        at_once: the partner waits for its answer: do not try again what failed before, and give up soon.
        fresh_only: do not try again what failed before.
        waits: wait for whoever else is at this lane; without it the walk ends there.
        most: stop after so many.
    """
    lane = _Lane(partner, up_to_id, at_once, fresh_only or at_once, waits)
    total, count = Drained(), 0
    while count != most:
        state = _handle_next(engine, lane, clock)
        if state is None:
            break
        count += 1
        total += Drained(
            done=int(state is InboxState.DONE), refused=int(state is InboxState.REFUSED), left=int(state is InboxState.RECEIVED)
        )
        if lane.last_id == up_to_id and lane.numbered is None:
            break
    return total


def _handle_next(engine: Engine, lane: _Lane, clock: Clock) -> InboxState | None:
    """Handle the next row of the lane; the state it is in now, None when there is none or the lane is held."""
    waiting: tuple[int, int | None] | None = None
    for _ in range(TRIES_AT_ONCE if lane.at_once else TRIES_MAX):
        waiting = None
        try:
            with transaction(engine) as session:
                at = clock.now()
                found = _next_waiting(session, lane, at)
                if found is None:
                    return None
                message, is_lost = found
                waiting = message.id, message.sequence_no
                # Read before it is handled: a number that is given up is given back.
                following = None if message.sequence_no is None else (message.conversation_id, message.sequence_no)
                _handle(session, lane.partner, message, at=at, is_lost=is_lost)
        except Unavailable:
            raise
        except Conflict as trouble:
            # The refusals of rules never come so far: this is the database, and the whole may succeed a second time.
            _log.warning("handling begun again", extra={"provider": lane.partner.code, "code": trouble.code})
        except Exception as trouble:
            if waiting is None:
                raise
            _log.exception("handling failed", extra={"provider": lane.partner.code, "inbox_id": waiting[0]})
            _set_aside(engine, waiting[0], trouble, at=clock.now())
            break
        else:
            lane.last_id, lane.numbered = max(lane.last_id, message.id), following
            return message.state
    if waiting is None:
        return None
    lane.last_id, lane.numbered = max(lane.last_id, waiting[0]), None
    return InboxState.RECEIVED


def _next_waiting(session: Session, lane: _Lane, at: datetime) -> tuple[InboxMessage, bool] | None:
    """The row whose turn it is, locked with its lane, and whether it is given up because the one before it never came."""
    if lane.waits:
        take_lane(session, lane.partner.code)
    elif not session.execute(select(func.pg_try_advisory_xact_lock(_lane_key(lane.partner.code)))).scalar():
        return None
    # Asked under the lock, in a statement of its own: it sees what the last holder committed. Leans on ix_inbox_message_waiting.
    mine: list[ColumnElement[bool]] = [InboxMessage.provider_id == lane.partner.provider_id, InboxMessage.state == InboxState.RECEIVED]
    if lane.fresh_only:
        mine.append(InboxMessage.outcome_code.is_(None))
    if lane.numbered is not None:
        conversation_id, number = lane.numbered
        # The one after it came before it and was passed by: it is the turn of that one now.
        passed_by = select(InboxMessage).where(
            *mine,
            InboxMessage.conversation_id == conversation_id,
            InboxMessage.sequence_no == number + 1,
            ~InboxMessage.is_test,
            InboxMessage.id < lane.last_id,
        )
        following = session.execute(passed_by).scalar()
        if following is not None:
            return following, False
    ahead = select(InboxMessage).where(*mine, InboxMessage.id > lane.last_id, in_turn())
    if lane.up_to_id is not None:
        ahead = ahead.where(InboxMessage.id <= lane.up_to_id)
    message = session.execute(ahead.order_by(InboxMessage.id).limit(1)).scalar()
    if message is not None:
        return message, False
    if lane.at_once:
        return None
    gap_minutes = terms_of(session, lane.partner).gap_minutes
    lost = session.execute(select(InboxMessage).where(*mine, given_up(at, gap_minutes)).order_by(InboxMessage.id).limit(1)).scalar()
    return None if lost is None else (lost, True)


def _lane_key(partner_code: str) -> ColumnElement[int]:
    return func.hashtextextended(f"partners.lane/{partner_code}", 0)


def take_lane(session: Session, partner_code: str) -> None:
    """Wait for a partner's lane, and have it until the transaction ends.

    Raises:
        Conflict: somebody has had it for long.
    """
    session.execute(text(f"SET LOCAL lock_timeout = '{LANE_WAIT}'"))
    session.execute(select(func.pg_advisory_xact_lock(_lane_key(partner_code))))


def handle_in_turn(session: Session, partner: Partner, inbox_id: int, *, at: datetime) -> InboxMessage:
    """Handle one message in the transaction of whoever has its lane, if nothing of the lane must go before it; else it goes on waiting.

    A fault of ours comes out of here as it is: whoever presses the key sees it, and nothing of it is kept.
    """
    mine = (InboxMessage.provider_id == partner.provider_id, InboxMessage.state == InboxState.RECEIVED, InboxMessage.id <= inbox_id)
    # What failed before is passed by, as a request does.
    turns = (InboxMessage.outcome_code.is_(None) | (InboxMessage.id == inbox_id), in_turn())
    first = session.execute(select(InboxMessage).where(*mine, *turns).order_by(InboxMessage.id).limit(1)).scalar()
    if first is not None and first.id == inbox_id:
        _handle(session, partner, first, at=at, is_lost=False)
        return first
    return session.execute(select(InboxMessage).where(InboxMessage.id == inbox_id)).scalar_one()


def _handle(session: Session, partner: Partner, message: InboxMessage, *, at: datetime, is_lost: bool) -> None:
    root = read_message(message.body)
    header = read_header(root)
    asked = Asked(partner, root, header, own_party(session), at)
    try:
        if is_lost:
            message.sequence_no = None
            raise refusal_of_gap(header)
        # What the verb wrote before it refused is taken back; the refusal itself is kept.
        with session.begin_nested(), answering(session, _in_hand(asked)):
            message.outcome_words = _do(session, asked, message.id)
        message.outcome_code, message.state, message.handled_at = None, InboxState.DONE, at
    except Unavailable:
        raise
    except CssError as refusal:
        _tell_refusal(session, asked, refusal, message.id)
        message.outcome_code, message.outcome_words = refusal.code, str(refusal)
        message.state, message.handled_at = InboxState.REFUSED, at
        add_event(session, message.id, deed="refused", code=refusal.code, words=str(refusal), done_by=GATEWAY, at=at)
    session.flush()
    _log.info("message handled", extra={"provider": partner.code, "message_id": header.message_id, "state": message.state.value})


def _in_hand(asked: Asked) -> Answering:
    """The message as those see it who tell the partner of what came of it."""
    header = asked.header
    numbers = () if header.message_type.startswith(_ASK_FOR_NEW) else (read_text(asked.root, f"*/{name}") for name in _NAMES)
    return Answering(
        provider_id=asked.partner.provider_id,
        message_id=header.message_id,
        conversation_id=header.conversation_id,
        number=next((number for number in numbers if number), None),
    )


def _do(session: Session, asked: Asked, inbox_id: int) -> str:
    """Do or answer what is asked; what was done, in a sentence."""
    if asked.header.message_type in COMMANDS:
        return do_command(session, asked)
    asked = replace(asked, attempt=attempt_of(session, inbox_id))
    answer = answer_question(session, asked)
    _leave(session, asked, answer)
    return f"{answer.message_type} left in the outbox."


def _tell_refusal(session: Session, asked: Asked, refusal: CssError, inbox_id: int) -> None:
    asked = replace(asked, attempt=attempt_of(session, inbox_id))
    _leave(session, asked, tell_refusal(session, asked, refusal))


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


def _set_aside(engine: Engine, waiting_id: int, trouble: Exception, *, at: datetime) -> None:
    """Mark a row that could not be handled, so that requests pass it by until ``drain`` comes."""
    words = f"Handling failed ({type(trouble).__name__}); the log says how."
    with transaction(engine) as session:
        is_waiting = (InboxMessage.id == waiting_id, InboxMessage.state == InboxState.RECEIVED)
        message = session.execute(select(InboxMessage).where(*is_waiting).with_for_update()).scalar()
        if message is None:
            return
        if message.outcome_words != words:
            add_event(session, waiting_id, deed="failed", code="CSS555E", words=words, done_by=GATEWAY, at=at)
        message.outcome_code, message.outcome_words = "CSS555E", words
