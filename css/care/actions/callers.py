"""Making sure of a caller: the question is put, the answer compared and written down, right or wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import CursorResult, func, or_, select, update
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.care.commands import CallerChecked, CallerCheckEnded, CheckCaller, EndCallerCheck
from css.care.model import CallerCheck
from css.care.rules.caller import (
    CLOSED_FOR,
    OPEN_FOR,
    TRIED_WITHIN,
    HeldAddress,
    closed_until,
    names_letter,
    names_postcode,
    read_day_month,
    same_address,
    same_bill,
    same_birth,
    same_phrase,
    tries_left,
)
from css.care.words import CallerKind, CheckMethod, CheckOutcome
from css.core.actor import Actor
from css.core.calendar import to_london
from css.core.errors import BadMessage, Breach, NotFound, Refused
from css.core.ids import IdKind, expect_id
from css.core.words import CustomerKind
from css.master.accounts import Account
from css.master.customers import AuthorisedPerson, Customer, display_name
from css.master.districts import BusinessDate
from css.master.lines import Line
from css.master.operators import Operator, OperatorSession
from css.master.services import Service
from css.master.sites import Site

REASON_LETTERS_MIN: Final = 4
SAID_LENGTH_MAX: Final = 200

_OF_PERSONS: Final = frozenset({CheckMethod.PHRASE, CheckMethod.BIRTH, CheckMethod.WRITTEN})
"""What an authorised person can be asked: what is that person's own."""
_KEEPS_WHAT_IS_SAID: Final = frozenset({CheckMethod.WRITTEN, CheckMethod.NONE})
"""What is keyed there is no answer: it says which letter, or why, and somebody may have to show it."""


@answered
def check_caller(session: Session, command: CheckCaller, *, by: Actor, at: datetime) -> CallerChecked:
    """Compare what a caller says with what is held, write down what came of it, and open the record if it is right.

    A wrong answer is an answer and no refusal: it is kept and counts. What cannot be an answer (no date, no postcode) is
    refused and does not. Checks of one customer wait for each other, so that three tries at once are three tries.

    Raises:
        NotFound: CSS102E no such customer, CSS903E no such person may speak for the customer.
        Refused: CSS111E not our own staff, CSS900E the question is closed, CSS901E nothing is held to compare with,
            CSS902E opened without a caller and without a reason, CSS905E the sign-on is somebody else's or over.
        BadMessage: CSS904E the answer cannot be one; those of ``expect_id``.
    """
    customer = customer_for_staff(session, command.customer_number, by, is_locked=True)
    _expect_own_session(session, command.operator_session_id, by)
    person = _person(session, command, customer)
    said = " ".join(command.answer.split())
    if len(said) > SAID_LENGTH_MAX:
        raise BadMessage("CSS904E", "An answer has {most} characters at the most.", most=SAID_LENGTH_MAX, element="answer")
    wrong_at = _wrong_answers(session, customer, at)
    if command.method is CheckMethod.NONE:
        kind, name, outcome = CallerKind.NOBODY, None, _waived(command, said)
    else:
        kind = CallerKind.HOLDER if person is None else CallerKind.AUTHORISED
        name = ((command.caller_name or "").strip() or None) if person is None else person.name
        shut = closed_until(wrong_at, at)
        if shut is not None:
            sentence = "Three answers were wrong. The question is closed until {until}; a fault can be taken and a payment made meanwhile."
            raise Refused("CSS900E", sentence, until=f"{to_london(shut):%H:%M}", element="answer")
        outcome = CheckOutcome.PASSED if _agrees(session, command, said, customer, person) else CheckOutcome.FAILED
    check = CallerCheck(
        district_code=customer.district_code,
        customer_id=customer.id,
        operator_code=by.name,
        operator_session_id=command.operator_session_id,
        caller_kind=kind,
        caller_name=name,
        authorised_person_id=None if person is None else person.id,
        method=command.method,
        outcome=outcome,
        reason=said if command.method in _KEEPS_WHAT_IS_SAID else None,
        checked_at=at,
        ended_at=None,
    )
    session.add(check)
    session.flush()
    told = {"method": command.method, "caller_kind": kind, "caller_name": name, "outcome": outcome, "reason": check.reason}
    record(session, by=by, at=at, verb="check_caller", subject=("customer", customer.number), after=told)
    session.flush()
    if outcome is CheckOutcome.FAILED:
        wrong_at = (*wrong_at, at)
    return CallerChecked(
        check_id=check.id,
        outcome=outcome,
        speaker=name or ("nobody" if kind is CallerKind.NOBODY else customer_name(customer)),
        open_until=None if outcome is CheckOutcome.FAILED else at + OPEN_FOR,
        tries_left=tries_left(wrong_at, at),
        closed_until=closed_until(wrong_at, at),
    )


def open_for_new(session: Session, customer_number: str, operator_session_id: int | None, *, by: Actor, at: datetime) -> None:
    """Open the record of a customer taken on at this very instant to who did it: whoever told us all that is held is the customer.

    For the door that takes customers on, in the same transaction; no verb, since nobody can say it of a customer there is.

    Raises:
        NotFound: CSS102E no such customer.
        Refused: CSS111E not our own staff, CSS905E the sign-on is somebody else's or over.
    """
    customer = customer_for_staff(session, customer_number, by)
    _expect_own_session(session, operator_session_id, by)
    if customer.created_at != at:
        msg = f"customer {customer.number} is not new"
        raise Breach(msg)
    check = CallerCheck(
        district_code=customer.district_code,
        customer_id=customer.id,
        operator_code=by.name,
        operator_session_id=operator_session_id,
        caller_kind=CallerKind.HOLDER,
        method=CheckMethod.NEW,
        outcome=CheckOutcome.PASSED,
        checked_at=at,
    )
    session.add(check)
    told = {"method": check.method, "caller_kind": check.caller_kind, "outcome": check.outcome}
    record(session, by=by, at=at, verb="check_caller", subject=("customer", customer.number), after=told)
    session.flush()


@answered
def end_caller_check(session: Session, command: EndCallerCheck, *, by: Actor, at: datetime) -> CallerCheckEnded:
    """Close a customer's record that a check of the asker's own opened in this sign-on, with nothing on the contact log.

    Raises:
        NotFound: CSS102E no such customer.
        Refused: CSS111E not our own staff.
        BadMessage: those of ``expect_id``.
    """
    customer = customer_for_staff(session, command.customer_number, by)
    ended = end_checks(session, customer.id, command.operator_session_id, by=by, at=at)
    if ended:
        record(session, by=by, at=at, verb="end_caller_check", subject=("customer", customer.number), after={"ended": ended})
    return CallerCheckEnded(ended=ended)


def end_checks(session: Session, customer_id: int, operator_session_id: int | None, *, by: Actor, at: datetime) -> int:
    """End the asker's checks of a customer that are not over yet; how many they were."""
    statement = update(CallerCheck).where(
        CallerCheck.customer_id == customer_id,
        CallerCheck.operator_code == by.name,
        CallerCheck.operator_session_id.is_not_distinct_from(operator_session_id),
        CallerCheck.ended_at.is_(None),
        CallerCheck.outcome != CheckOutcome.FAILED,
        CallerCheck.checked_at > at - OPEN_FOR,
    )
    # Two machines' clocks may differ by a moment; no check ends before it was made.
    ended = session.execute(
        statement.values(ended_at=func.greatest(at, CallerCheck.checked_at)), execution_options={"synchronize_session": False}
    )
    assert isinstance(ended, CursorResult)
    return int(ended.rowcount)


def customer_for_staff(session: Session, number: str, by: Actor, *, is_locked: bool = False) -> Customer:
    """A customer, for our own people. Errors: CSS111E, CSS102E and those of ``expect_id``."""
    if by.is_partner:
        raise Refused("CSS111E", "{who} may not do this; it needs {need}.", who=by.name, need="our own staff")
    number = expect_id(number, IdKind.CUSTOMER, element="customer_number")
    statement = select(Customer).where(Customer.number == number)
    if is_locked:
        # The weakest lock that two checks cannot share: rows that point at the customer may still be added.
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    customer = session.execute(statement).scalar_one_or_none()
    if customer is None:
        raise NotFound("CSS102E", "There is no customer {number}.", number=number, element="customer_number")
    return customer


def customer_name(customer: Customer) -> str:
    """As a screen shows it."""
    return display_name(customer.title, customer.first_name, customer.surname, customer.organisation_name)


def _expect_own_session(session: Session, session_id: int | None, by: Actor) -> None:
    if session_id is None:
        return
    statement = select(OperatorSession.id).join(Operator, Operator.id == OperatorSession.operator_id)
    own = statement.where(OperatorSession.id == session_id, Operator.code == by.name, OperatorSession.ended_at.is_(None))
    if session.execute(own).scalar() is None:
        raise Refused("CSS905E", "That sign-on is over, or is not {who}'s.", who=by.name, element="operator_session_id")


def _person(session: Session, command: CheckCaller, customer: Customer) -> AuthorisedPerson | None:
    if command.authorised_person_id is None:
        return None
    # Read and not held: a caller does not wait for the night.
    today = session.execute(select(BusinessDate.current_on).where(BusinessDate.district_code == customer.district_code)).scalar_one()
    person = session.execute(
        select(AuthorisedPerson).where(
            AuthorisedPerson.id == command.authorised_person_id,
            AuthorisedPerson.customer_id == customer.id,
            AuthorisedPerson.starts_on <= today,
            or_(AuthorisedPerson.ends_on.is_(None), AuthorisedPerson.ends_on > today),
        )
    ).scalar_one_or_none()
    if person is None:
        sentence = "No such person may speak for this customer now; CU02 lists who may."
        raise NotFound("CSS903E", sentence, element="authorised_person_id")
    return person


def _waived(command: CheckCaller, said: str) -> CheckOutcome:
    if command.authorised_person_id is not None or sum(map(str.isalpha, said)) < REASON_LETTERS_MIN:
        raise Refused("CSS902E", "Without a caller, say in a few words why you open the record; it is kept.", element="answer")
    return CheckOutcome.WAIVED


def _wrong_answers(session: Session, customer: Customer, at: datetime) -> tuple[datetime, ...]:
    """When somebody gave a wrong answer for this customer, as far back as it can matter. Uses ix_caller_check_customer_id_checked_at."""
    statement = select(CallerCheck.checked_at).where(
        CallerCheck.customer_id == customer.id,
        CallerCheck.checked_at > at - TRIED_WITHIN - CLOSED_FOR,
        CallerCheck.outcome == CheckOutcome.FAILED,
    )
    return tuple(session.execute(statement).scalars())


def _agrees(session: Session, command: CheckCaller, said: str, customer: Customer, person: AuthorisedPerson | None) -> bool:
    """Whether the answer is right. Errors: CSS901E there is nothing to compare with, CSS904E it cannot be an answer."""
    if person is not None and command.method not in _OF_PERSONS:
        raise _not_askable(person.name)
    holder = customer if person is None else person
    match command.method:
        case CheckMethod.NEW:
            raise _not_askable(customer_name(customer))
        case CheckMethod.WRITTEN:
            return _compared(said, names_letter, "Key the date or the reference of the letter: letter of 2 March.", lambda: True)
        case CheckMethod.PHRASE:
            _expect_held(holder.password_phrase, holder)
            return _compared(said, bool, "Key the phrase as it was said.", lambda: same_phrase(said, holder.password_phrase))
        case CheckMethod.BIRTH:
            firm = person is None and customer.kind is CustomerKind.ORGANISATION
            _expect_held(None if firm else holder.born_on, holder)
            return _compared(said, _is_whole_date, "Key a date of birth with its year: 5 3 1961.", lambda: same_birth(said, holder.born_on))
        case CheckMethod.ADDRESS:
            return _compared(
                said,
                names_postcode,
                "Key the postcode and the house: ZZ4 7QT 14.",
                lambda: same_address(said, _addresses(session, customer)),
            )
        case _:
            _expect_held(command.recent_bills or None, holder)
            return _compared(
                said,
                _is_amount_and_day,
                "Key the amount due and the date of the bill: 45.67 5 mar.",
                lambda: same_bill(said, command.recent_bills),
            )


def _compared(said: str, is_answer: Callable[[str], bool], wanted: str, compare: Callable[[], bool]) -> bool:
    if not is_answer(said):
        raise BadMessage("CSS904E", "{wanted}", wanted=wanted, element="answer")
    return compare()


def _is_whole_date(said: str) -> bool:
    heard = read_day_month(said)
    return heard is not None and heard.year is not None


def _is_amount_and_day(said: str) -> bool:
    return read_day_month(said.partition(" ")[2]) is not None


def _expect_held(held: object, holder: Customer | AuthorisedPerson) -> None:
    if held is None or held == "":
        raise _not_askable(holder.name if isinstance(holder, AuthorisedPerson) else customer_name(holder))


def _not_askable(name: str) -> Refused:
    return Refused("CSS901E", "Nothing of that kind is held for {name}; ask for something else.", name=name, element="method")


def _addresses(session: Session, customer: Customer) -> tuple[HeldAddress, ...]:
    """Where the customer's bills go, and where the lines are that work for the customer."""
    billed = session.execute(select(Account.billing_address_lines, Account.billing_postcode).where(Account.customer_id == customer.id))
    found = [HeldAddress(tuple(row.billing_address_lines), row.billing_postcode) for row in billed]
    lines = session.execute(
        select(Site.premises, Site.street, Site.town, Site.postcode)
        .distinct()
        .join(Line, Line.site_id == Site.id)
        .join(Service, Service.line_id == Line.id)
        .join(Account, Account.id == Service.account_id)
        .where(Account.customer_id == customer.id, Service.ends_on.is_(None))
    )
    return (*found, *(HeldAddress((f"{row.premises} {row.street}", row.town), row.postcode) for row in lines))
