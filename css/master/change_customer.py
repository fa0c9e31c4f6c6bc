"""What is known of a customer, changed: one deed, everything wrong told at once, never over somebody else's change."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from css.audit import answered, last_changed, record
from css.core.actor import Actor
from css.core.calendar import london_date
from css.core.codec import to_plain
from css.core.errors import Conflict, NotFound, Refusals, Refused
from css.core.ids import IdKind, expect_id
from css.core.words import ContactPointKind, CustomerKind, Role
from css.master.commands import ReachAt
from css.master.customer_commands import ChangeCustomer, CustomerChanged
from css.master.customer_fields import (
    check_birth,
    check_name,
    check_register,
    clean,
    read_language,
    read_phrase,
    read_reach_at,
    require_staff,
)
from css.master.customers import ContactPoint, Customer

KEEPERS: Final = (Role.CLERK, Role.BILLING, Role.SUPERVISOR)
"""Who writes down what customers say of themselves."""
_CHANGES: Final = ("change_customer",)
_TEXTS: Final = ("title", "first_name", "surname", "organisation_name", "company_number", "access_needs")
_PHRASE: Final = "password_phrase"


@answered
def change_customer(session: Session, command: ChangeCustomer, *, by: Actor, at: datetime) -> CustomerChanged:
    """Change what is known of a customer. The audit trail keeps what was and what is; of the phrase only that it changed.

    Whether somebody is a person or an organisation does not change: that is another customer.

    Raises:
        NotFound: CSS102E, no such customer; errors of ``expect_id``.
        Refused: CSS111E the actor may not, CSS157E nothing would change.
        BadMessage: as in ``add_customer``.
        Conflict: CSS150E somebody changed the customer meanwhile: it says who and when.
    """
    require_staff(by, *KEEPERS)
    customer = locked_customer(session, command.customer_number)
    expect_version(session, customer, command.row_version)
    points = _points(session, customer.id)
    wrong = Refusals()
    after = _said(command, customer, at, wrong)
    reach_at = None if command.reach_at is None else wrong.reading(partial(read_reach_at, command.reach_at))
    wrong.tell()
    before = {name: getattr(customer, name) for name in after}
    changed = [name for name in after if after[name] != before[name]]
    if reach_at is not None and set(reach_at) != set(points):
        changed.append("reach_at")
    if not changed:
        raise Refused("CSS157E", "Nothing of customer {number} would change.", number=customer.number)
    if "reach_at" in changed:
        _reach_so(session, customer.id, reach_at or ())
        before["reach_at"], after["reach_at"] = points, reach_at
    for name in changed:
        if name != "reach_at":
            setattr(customer, name, after[name])
    customer.row_version += 1
    session.flush()
    record(
        session,
        by=by,
        at=at,
        verb="change_customer",
        subject=("customer", customer.number),
        before={name: _told(name, before[name]) for name in changed},
        after={name: _told(name, after[name], was=before[name]) for name in changed},
    )
    session.flush()
    return CustomerChanged(customer_number=customer.number, changed=tuple(changed), row_version=customer.row_version)


def locked_customer(session: Session, customer_number: str) -> Customer:
    """The customer, for one change at a time. Errors: CSS102E not found; those of ``expect_id``."""
    number = expect_id(customer_number, IdKind.CUSTOMER, element="customer_number")
    statement = select(Customer).where(Customer.number == number).with_for_update(key_share=True)
    customer = session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()
    if customer is None:
        raise NotFound("CSS102E", "There is no customer {number}.", number=number, element="customer_number")
    return customer


def expect_version(session: Session, customer: Customer, seen: int | None) -> None:
    """Nothing when the customer is as it was seen. Conflict CSS150E, saying who changed it and when."""
    if seen is None or seen == customer.row_version:
        return
    who = last_changed(session, ("customer", customer.number), _CHANGES)
    sentence = "Customer {number} was changed by {who}, after you looked. See what is different and check again."
    raise Conflict("CSS150E", sentence, number=customer.number, who=who)


def _said(command: ChangeCustomer, customer: Customer, at: datetime, wrong: Refusals) -> dict[str, Any]:
    """The fields that the command speaks of, as they will be held."""
    after: dict[str, Any] = {name: clean(said) for name in _TEXTS if (said := getattr(command, name)) is not None}
    if command.forgets_birth or command.born_on is not None:
        after["born_on"] = None if command.forgets_birth else command.born_on
    if command.language is not None:
        after["language"] = wrong.reading(partial(read_language, command.language))
    if command.password_phrase is not None:
        after[_PHRASE] = wrong.reading(partial(read_phrase, command.password_phrase))
    if command.is_vulnerable is not None:
        after["is_vulnerable"] = command.is_vulnerable
    if command.may_market is not None:
        # Said again is said now: a no that nobody had asked for becomes a no that was said.
        after |= {"may_market": command.may_market, "consent_at": at}
    names = {name: after.get(name, getattr(customer, name)) for name in ("surname", "organisation_name", "company_number", "born_on")}
    kind: CustomerKind = customer.kind
    wrong.reading(lambda: check_name(kind, names["surname"], names["organisation_name"]))
    wrong.reading(lambda: check_register(kind, names["born_on"], names["company_number"]))
    wrong.reading(lambda: check_birth(after.get("born_on"), london_date(at)))
    return after


def _points(session: Session, customer_id: int) -> tuple[ReachAt, ...]:
    rows = session.execute(
        select(ContactPoint.kind, ContactPoint.value, ContactPoint.is_preferred)
        .where(ContactPoint.customer_id == customer_id)
        .order_by(ContactPoint.id)
    )
    return tuple(ReachAt(kind=row.kind, value=row.value, is_preferred=row.is_preferred) for row in rows)


def _reach_so(session: Session, customer_id: int, reach_at: tuple[ReachAt, ...]) -> None:
    session.execute(delete(ContactPoint).where(ContactPoint.customer_id == customer_id))
    session.add_all(
        ContactPoint(customer_id=customer_id, kind=ContactPointKind(one.kind), value=one.value, is_preferred=one.is_preferred)
        for one in reach_at
    )


def _told(name: str, value: Any, *, was: Any = None) -> Any:  # noqa: ANN401 - any field's value, as plain JSON
    """A value as the audit trail keeps it: of the phrase only whether there is one, and whether it is another."""
    if name == _PHRASE:
        return "none" if value is None else "set" if was is None else "another"
    return to_plain(value)
