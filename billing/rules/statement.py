"""A statement of account as a document: what changed what is owed, day by day, and what it came to. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from billing.document import Address, Supplier
from css.core.calendar import Period
from css.core.money import ZERO, Money, total

EventKind = Literal["bill", "credit_note", "payment", "outside"]
AGES: Final = (0, 30, 60)
"""Days past the due date at which a debt is called older."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that changed what is owed."""

    on: date
    kind: EventKind
    words: str
    reference: str
    amount: Money
    """Positive raises what is owed."""


@dataclass(frozen=True, slots=True)
class OpenCharge:
    """A charge of which something is still owed."""

    due_on: date
    amount: Money


@dataclass(frozen=True, slots=True)
class StatementRow:
    """An event, and what was owed after it."""

    event: Event
    balance: Money


@dataclass(frozen=True, slots=True)
class StatementDocument:
    """A statement, whole: everything that is printed."""

    supplier: Supplier
    name: str
    address: Address
    account_number: str
    made_on: date
    period: Period
    """The days it is about."""
    opening: Money
    rows: tuple[StatementRow, ...]
    closing: Money
    ageing: tuple[tuple[str, Money], ...] = ()
    """What is owed by how long it is overdue; empty when nothing is owed."""

    def total_of(self, kind: EventKind) -> Money:
        """What the events of a kind come to."""
        return total(row.event.amount for row in self.rows if row.event.kind == kind)


def with_balances(opening: Money, events: Iterable[Event]) -> Iterator[StatementRow]:
    """Each event with what was owed after it."""
    balance = opening
    for event in events:
        balance += event.amount
        yield StatementRow(event, balance)


def age_of(charge: OpenCharge, on: date) -> int:
    """How old a debt is on a day, as the place of its bucket: 0 when it is not due yet, ``len(AGES)`` at most."""
    return sum(on > charge.due_on + timedelta(days=days) for days in AGES)


def ageing(charges: Iterable[OpenCharge], on: date) -> tuple[tuple[str, Money], ...]:
    """What is owed by how long it is overdue on a day, in the order of age; all buckets, also the empty ones."""
    sums = [ZERO] * (len(AGES) + 1)
    for charge in charges:
        sums[age_of(charge, on)] += charge.amount
    return tuple(zip(("Not due yet", "Up to 30 days overdue", "31 to 60 days overdue", "Over 60 days overdue"), sums, strict=True))


def open_charges(latest_first: Iterable[tuple[date, Money, Money]], owed: Money) -> Iterator[OpenCharge]:
    """What is open of charges, given as (due, amount, what later charges come to): payments have paid the oldest first."""
    for due_on, amount, later in latest_first:
        left = min(amount, owed - later)
        if left > ZERO:
            yield OpenCharge(due_on, left)
