"""The end of a call: one row on the contact log, what was promised, and the caller check over. And keeping the promise."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.care.actions.callers import end_checks
from css.care.actions.contacts import END_OF_DAY, promise
from css.care.commands import CompleteFollowUp, FollowUpCompleted, WrappedUp, WrapUp
from css.care.model import CallerCheck, Contact, FollowUp
from css.care.rules.caller import OPEN_FOR
from css.care.rules.wrap_up import WRAP_REASONS, reference_in
from css.care.words import CallerKind, CheckOutcome, Direction
from css.core.actor import Actor
from css.core.calendar import london_date, london_instant, to_london
from css.core.errors import BadMessage, Conflict, NotFound, Refusals, Refused
from css.core.ids import IdKind, expect_id
from css.core.phone import parse_number
from css.master.accounts import Account
from css.master.customers import Customer
from css.master.districts import BusinessDate
from css.master.guiding import number_in_use

WORDS_LENGTH_MAX: Final = 2000
AHEAD_MAX: Final = timedelta(days=366)


@answered
def wrap_up(session: Session, command: WrapUp, *, by: Actor, at: datetime) -> WrappedUp:
    """Put a call on the contact log with what was promised, and close what its caller check opened.

    One contact; one follow-up if a day or a time is named, a call-back if there is a number to ring. A reason that keeps
    a promise ends the earliest that is open on the account.

    Raises:
        NotFound: CSS105E no such account.
        Refused: CSS111E not our own staff, CSS133E the follow-up lies in the past, CSS907E a call-back without a time or a
            number, CSS908E nothing is promised on the account, CSS909E further ahead than a year, CSS914E a time that is past.
        BadMessage: CSS906E no such reason, CSS910E the note is too long; those of ``parse_number`` and ``expect_id``.
    """
    account, customer = _account(session, command.account_number, by)
    wrong = Refusals()
    reason = WRAP_REASONS.get(command.reason_code.strip().upper())
    if not command.reason_code.strip():
        wrong.add(BadMessage("CSS906E", "Key the two letters of a reason; F4 lists them.", element="reason_code"))
    elif reason is None:
        sentence = "{code!r} is no reason of ours; F4 lists them."
        wrong.add(BadMessage("CSS906E", sentence, code=command.reason_code[:10], element="reason_code"))
    words = " ".join(command.words.split())
    if len(words) > WORDS_LENGTH_MAX:
        wrong.add(BadMessage("CSS910E", "A note has {most} characters at the most.", most=WORDS_LENGTH_MAX, element="words"))
    ring = wrong.reading(lambda: parse_number(command.call_back_number, element="call_back_number") if command.call_back_number else None)
    due_at = wrong.reading(lambda: _due_at(session, command, customer, at))
    wrong.tell()
    assert reason is not None
    check = _open_check(session, customer, command.operator_session_id, by=by, at=at)
    caller_name = (command.caller_name or "").strip() or None if check is None else check.caller_name
    contact = Contact(
        district_code=customer.district_code,
        customer_id=customer.id,
        account_id=account.id,
        line_id=_line_id(session, command.number, account, at),
        channel=command.channel,
        direction=reason.direction,
        caller_name=caller_name,
        is_verified=check is not None and check.outcome is CheckOutcome.PASSED,
        topic=reason.topic,
        reason_code=reason.code,
        reference=reference_in(words),
        words=words or f"{reason.words[0].upper()}{reason.words[1:]}.",
        outcome=command.outcome or reason.outcome,
        follow_up_on=None if due_at is None else london_date(due_at),
        occurred_at=at,
        recorded_by=by.name,
    )
    session.add(contact)
    session.flush()
    kept = _keep_promise(session, account, contact, by=by, at=at) if reason.keeps_promise else None
    promised = promise(session, contact, due_at, ring, by) if due_at is not None else None
    ended = end_checks(session, customer.id, command.operator_session_id, by=by, at=at)
    told = {
        "reason_code": reason.code,
        "words": contact.words,
        "outcome": contact.outcome,
        "due_at": due_at,
        "telephone": ring,
        "promised": promised,
        "kept": kept,
        "checks_ended": ended,
    }
    record(session, by=by, at=at, verb="wrap_up", subject=("account", account.number), after=told)
    session.flush()
    return WrappedUp(contact_id=contact.id, words=contact.words, follow_up_id=promised, kept_follow_up_id=kept, checks_ended=ended)


@answered
def complete_follow_up(session: Session, command: CompleteFollowUp, *, by: Actor, at: datetime) -> FollowUpCompleted:
    """Say that what was promised is done, and put what came of it on the contact log.

    Raises:
        NotFound: CSS911E no such follow-up.
        Conflict: CSS912E it is done already, CSS913E somebody changed it meanwhile.
        Refused: CSS111E not our own staff.
        BadMessage: CSS132E nothing was said, CSS910E too much.
    """
    _staff_only(by)
    words = " ".join(command.words.split())
    if not words:
        raise BadMessage("CSS132E", "Say in a few words what was said and done.", element="words")
    if len(words) > WORDS_LENGTH_MAX:
        raise BadMessage("CSS910E", "A note has {most} characters at the most.", most=WORDS_LENGTH_MAX, element="words")
    follow_up = session.get(FollowUp, command.follow_up_id, with_for_update=True, populate_existing=True)
    if follow_up is None:
        raise NotFound("CSS911E", "There is no follow-up {number}.", number=command.follow_up_id, element="follow_up_id")
    if follow_up.done_at is not None:
        sentence = "{who} has done that already: {words}"
        raise Conflict("CSS912E", sentence, who=follow_up.done_by, words=follow_up.done_words, element="follow_up_id")
    if command.row_version is not None and command.row_version != follow_up.row_version:
        raise Conflict("CSS913E", "Somebody changed the follow-up meanwhile; look at it again.", element="row_version")
    promise = session.get_one(Contact, follow_up.contact_id)
    contact = Contact(
        district_code=promise.district_code,
        customer_id=promise.customer_id,
        account_id=promise.account_id,
        line_id=promise.line_id,
        channel=promise.channel,
        direction=Direction.OUTBOUND,
        caller_name=promise.caller_name,
        is_verified=False,
        topic=promise.topic,
        reason_code=None,
        reference=promise.reference,
        words=words,
        outcome=command.outcome,
        follow_up_on=None,
        occurred_at=at,
        recorded_by=by.name,
    )
    session.add(contact)
    _done(follow_up, words, by=by, at=at)
    session.flush()
    after = {"contact_id": contact.id, "words": words, "outcome": command.outcome}
    record(session, by=by, at=at, verb="complete_follow_up", subject=("follow-up", str(follow_up.id)), after=after)
    session.flush()
    return FollowUpCompleted(follow_up_id=follow_up.id, contact_id=contact.id)


def _staff_only(by: Actor) -> None:
    if by.is_partner:
        raise Refused("CSS111E", "{who} may not do this; it needs {need}.", who=by.name, need="our own staff")


def _account(session: Session, number: str, by: Actor) -> tuple[Account, Customer]:
    _staff_only(by)
    number = expect_id(number, IdKind.ACCOUNT, element="account_number")
    statement = select(Account, Customer).join(Customer, Customer.id == Account.customer_id).where(Account.number == number)
    row = session.execute(statement).one_or_none()
    if row is None:
        raise NotFound("CSS105E", "There is no account {number}.", number=number, element="account_number")
    return row.Account, row.Customer


def _due_at(session: Session, command: WrapUp, customer: Customer, at: datetime) -> datetime | None:
    """By when what is promised is to be done; the end of the day where only a day is named."""
    if command.call_back_at is None and command.follow_up_on is None:
        if command.call_back_number:
            raise Refused("CSS907E", "Say when to ring {number}.", number=command.call_back_number, element="follow_up_on")
        return None
    if command.call_back_at is not None:
        if not command.call_back_number:
            raise Refused("CSS907E", "Say which number to ring then.", element="call_back_number")
        if command.call_back_at <= at:
            sentence = "{when} is past; a call-back has a time to come."
            raise Refused("CSS914E", sentence, when=f"{to_london(command.call_back_at):%H:%M}", element="follow_up_on")
        due_at = command.call_back_at
    else:
        assert command.follow_up_on is not None
        # A day is past when the business date is, which may be behind the clock or ahead of it.
        today = session.execute(select(BusinessDate.current_on).where(BusinessDate.district_code == customer.district_code)).scalar_one()
        if command.follow_up_on < today:
            raise Refused("CSS133E", "A follow-up on {day} is in the past.", day=command.follow_up_on, element="follow_up_on")
        due_at = london_instant(command.follow_up_on, END_OF_DAY)
    if due_at > at + AHEAD_MAX:
        raise Refused("CSS909E", "A follow-up is within a year; after that nobody remembers what it was about.", element="follow_up_on")
    return due_at


def _open_check(session: Session, customer: Customer, session_id: int | None, *, by: Actor, at: datetime) -> CallerCheck | None:
    """The last check that is open now to the asker; one with a caller before one without."""
    statement = select(CallerCheck).where(
        CallerCheck.customer_id == customer.id,
        CallerCheck.operator_code == by.name,
        CallerCheck.operator_session_id.is_not_distinct_from(session_id),
        CallerCheck.outcome != CheckOutcome.FAILED,
        CallerCheck.ended_at.is_(None),
        CallerCheck.checked_at > at - OPEN_FOR,
    )
    newest = statement.order_by(CallerCheck.caller_kind == CallerKind.NOBODY, CallerCheck.checked_at.desc(), CallerCheck.id.desc())
    return session.execute(newest.limit(1)).scalar_one_or_none()


def _line_id(session: Session, number: str | None, account: Account, at: datetime) -> int | None:
    """The line of the number in hand, if it is the account's."""
    guided = number_in_use(session, parse_number(number), at) if number else None
    return guided.line_id if guided is not None and guided.account_id == account.id else None


def _keep_promise(session: Session, account: Account, contact: Contact, *, by: Actor, at: datetime) -> int:
    statement = (
        select(FollowUp)
        .join(Contact, Contact.id == FollowUp.contact_id)
        .where(Contact.account_id == account.id, FollowUp.done_at.is_(None))
        .order_by(FollowUp.due_at, FollowUp.id)
        .limit(1)
        .with_for_update(of=FollowUp)
        .execution_options(populate_existing=True)
    )
    follow_up = session.execute(statement).scalar_one_or_none()
    if follow_up is None:
        sentence = "Nothing is promised on account {number} that is not done; choose another reason."
        raise Refused("CSS908E", sentence, number=account.number, element="reason_code")
    _done(follow_up, contact.words, by=by, at=at)
    session.flush()
    return follow_up.id


def _done(follow_up: FollowUp, words: str, *, by: Actor, at: datetime) -> None:
    follow_up.done_at, follow_up.done_by, follow_up.done_words = at, by.name, words
    follow_up.row_version += 1
