"""Whom an operator is speaking to, and what a caller can be asked; never the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from css.care.model import CallerCheck
from css.care.rules.caller import CLOSED_FOR, OPEN_FOR, TRIED_WITHIN, closed_until, tries_left
from css.care.words import CallerKind, CheckMethod, CheckOutcome
from css.core.actor import Actor
from css.core.errors import NotFound
from css.core.ids import IdKind, expect_id
from css.core.words import CustomerKind
from css.master.customers import AuthorisedPerson, Customer, display_name
from css.master.districts import BusinessDate

# Every check that can matter now, the newest first; of a number or of an id, built once and asked with values (docs/decisions/0143).
# Both use ix_caller_check_customer_id_checked_at.
_RECENT: Final[Select[*tuple[Any, ...]]] = (
    select(
        CallerCheck.id,
        CallerCheck.operator_code,
        CallerCheck.operator_session_id,
        CallerCheck.caller_kind,
        CallerCheck.caller_name,
        CallerCheck.method,
        CallerCheck.outcome,
        CallerCheck.reason,
        CallerCheck.checked_at,
        CallerCheck.ended_at,
    )
    .where(CallerCheck.checked_at > bindparam("since"))
    .order_by(CallerCheck.checked_at.desc(), CallerCheck.id.desc())
)
_CHECKS_OF_CUSTOMER: Final = _RECENT.where(CallerCheck.customer_id == bindparam("customer_id"))
_CHECKS_OF_NUMBER: Final = _RECENT.where(
    CallerCheck.customer_id == select(Customer.id).where(Customer.number == bindparam("customer_number")).scalar_subquery()
)

_CUSTOMER: Final = (
    select(Customer, BusinessDate.current_on)
    .join(BusinessDate, BusinessDate.district_code == Customer.district_code)
    .where(Customer.number == bindparam("number"))
)
_SPEAKERS: Final = (
    select(AuthorisedPerson)
    .where(
        AuthorisedPerson.customer_id == bindparam("customer_id"),
        AuthorisedPerson.starts_on <= bindparam("day"),
        or_(AuthorisedPerson.ends_on.is_(None), AuthorisedPerson.ends_on > bindparam("day")),
    )
    .order_by(func.lower(AuthorisedPerson.name), AuthorisedPerson.id)
)


@dataclass(frozen=True, slots=True)
class OpenCheck:
    """A check that opens a customer's record to who made it."""

    check_id: int
    caller_kind: CallerKind
    caller_name: str | None
    method: CheckMethod
    outcome: CheckOutcome
    reason: str | None
    checked_at: datetime
    open_until: datetime


@dataclass(frozen=True, slots=True)
class SpeakerRow:
    """Somebody who may speak for the customer."""

    authorised_person_id: int
    name: str
    relation: str
    asked: tuple[CheckMethod, ...]
    """What this person can be asked."""


@dataclass(frozen=True, slots=True)
class CallerState:
    """Where the question who is calling stands, for one operator and one customer."""

    customer_number: str
    customer_name: str
    check: OpenCheck | None
    """The one that opens the record now; none while it is closed to this operator."""
    asked: tuple[CheckMethod, ...]
    """What the customer can be asked; of bills this room knows nothing."""
    speakers: tuple[SpeakerRow, ...]
    """Who else may speak, by name."""
    tries_left: int
    closed_until: datetime | None


def caller_check_of(
    session: Session, customer_number: str, at: datetime, *, by: Actor, operator_session_id: int | None = None
) -> CallerState:
    """Whether a customer's record is open to the asker in this sign-on, and what to ask if it is not.

    Errors: CSS102E no such customer, and those of ``expect_id``. Three statements.
    """
    number = expect_id(customer_number, IdKind.CUSTOMER, element="customer_number")
    row = session.execute(_CUSTOMER, {"number": number}).one_or_none()
    if row is None or by.is_partner:
        raise NotFound("CSS102E", "There is no customer {number}.", number=number, element="customer_number")
    customer: Customer = row.Customer
    checks = session.execute(_CHECKS_OF_CUSTOMER, {"customer_id": customer.id, "since": _since(at)}).all()
    wrong_at = [check.checked_at for check in checks if check.outcome is CheckOutcome.FAILED]
    persons = session.execute(_SPEAKERS, {"customer_id": customer.id, "day": row.current_on}).scalars()
    return CallerState(
        customer_number=number,
        customer_name=display_name(customer.title, customer.first_name, customer.surname, customer.organisation_name),
        check=_open_to(checks, at, by, operator_session_id),
        asked=_asked(
            has_phrase=bool(customer.password_phrase),
            has_birth=customer.born_on is not None and customer.kind is CustomerKind.PERSON,
            has_address=True,
        ),
        speakers=tuple(
            SpeakerRow(
                one.id,
                one.name,
                one.relation,
                _asked(has_phrase=bool(one.password_phrase), has_birth=one.born_on is not None, has_address=False),
            )
            for one in persons
        ),
        tries_left=tries_left(wrong_at, at),
        closed_until=closed_until(wrong_at, at),
    )


def is_caller_checked(
    session: Session, customer_number: str, at: datetime, *, by: Actor, operator_session_id: int | None = None
) -> OpenCheck | None:
    """The check that opens a customer's record to the asker in this sign-on; none while it is closed. One statement."""
    told = {"customer_number": customer_number, "since": _since(at)}
    return _open_to(session.execute(_CHECKS_OF_NUMBER, told).all(), at, by, operator_session_id)


def _since(at: datetime) -> datetime:
    """From when on a check can matter now."""
    return at - max(OPEN_FOR, TRIED_WITHIN + CLOSED_FOR)


def _open_to(checks: Sequence[Row[*tuple[Any, ...]]], at: datetime, by: Actor, session_id: int | None) -> OpenCheck | None:
    """The newest that is the asker's, of this sign-on, right and not over; one with a caller before one without."""
    mine = [
        check
        for check in checks
        if (check.operator_code, check.operator_session_id) == (by.name, session_id)
        and check.outcome is not CheckOutcome.FAILED
        and check.ended_at is None
        and at < check.checked_at + OPEN_FOR
    ]
    if not mine:
        return None
    best = min(mine, key=lambda check: check.caller_kind is CallerKind.NOBODY)
    return OpenCheck(
        best.id,
        best.caller_kind,
        best.caller_name,
        best.method,
        best.outcome,
        best.reason,
        best.checked_at,
        best.checked_at + OPEN_FOR,
    )


def _asked(*, has_phrase: bool, has_birth: bool, has_address: bool) -> tuple[CheckMethod, ...]:
    can = {CheckMethod.PHRASE: has_phrase, CheckMethod.BIRTH: has_birth, CheckMethod.ADDRESS: has_address, CheckMethod.WRITTEN: True}
    return tuple(method for method, is_held in can.items() if is_held)
