"""One stream of all that happened on an account, whoever's room it is from: contacts, orders, faults, bills, payments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import chain

from billing.queries.accounts import BillRow, StatementRow
from billing.queries.adjustments import AdjustmentRow
from css.care.queries import ContactRow
from css.care.words import Direction, Outcome
from css.core.calendar import london_date, start_of_day
from css.core.ids import format_id
from css.core.phone import display_number
from css.master.approvals import AskedRow
from css.web.filters import day, order_title
from orders.queries.cards import OrderRow
from repairs.queries.cards import FaultRow


class View(StrEnum):
    """What of the stream is shown; F11 goes to the next."""

    ALL = "all"
    CONTACTS = "contacts"
    ORDERS = "orders"
    FAULTS = "faults"
    BILLS = "bills"
    PAYMENTS = "payments"

    @property
    def following(self) -> View:
        """What F11 shows after it."""
        views = list(View)
        return views[(views.index(self) + 1) % len(views)]


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened."""

    view: View
    on: date
    """In London."""
    at: datetime | None
    """None where only the day is known."""
    about: str
    words: str
    flag: str = ""
    """What is not settled."""
    caller: str = ""
    by: str = ""
    opens: tuple[str, str] | None = None
    """The screen and number behind it."""

    @property
    def key(self) -> datetime:
        """For the order of the stream: a day without a time stands at its beginning."""
        return self.at or start_of_day(self.on)


def stream(
    contacts: Iterable[ContactRow],
    orders: Iterable[OrderRow],
    faults: Iterable[FaultRow],
    bills: Iterable[BillRow],
    ledger: Iterable[StatementRow],
    credits_given: Iterable[AdjustmentRow] = (),
    credits_asked: Iterable[AskedRow] = (),
) -> tuple[Moment, ...]:
    """All of it, newest first; what happened at one moment as it came."""
    found = chain(
        _of_contacts(contacts),
        _of_orders(orders),
        _of_faults(faults),
        _of_bills(bills),
        _of_ledger(ledger),
        _of_credits(credits_given, credits_asked),
    )
    return tuple(sorted(found, key=lambda one: one.key, reverse=True))


def _of_contacts(contacts: Iterable[ContactRow]) -> Iterator[Moment]:
    for one in contacts:
        way = "in" if one.direction is Direction.INBOUND else "out"
        reference = f" {format_id(one.reference)}" if one.reference else ""
        yield Moment(
            View.CONTACTS,
            london_date(one.occurred_at),
            one.occurred_at,
            f"{one.channel.value} {way}, {one.topic.value}{reference}",
            one.words,
            "" if one.outcome is Outcome.SOLVED else one.outcome.value.replace("-", " "),
            f"{one.caller_name or ''}{' ✓' if one.is_verified else ''}".strip(),
            one.recorded_by,
        )


def _of_orders(orders: Iterable[OrderRow]) -> Iterator[Moment]:
    for one in orders:
        number = f", {display_number(one.number)}" if one.number else ""
        words = f"{order_title(one.kind)} ordered{number}; now {one.state.value}"
        about = f"order {format_id(one.order_number)}"
        flag = one.jeopardy.value if one.jeopardy else ""
        yield Moment(View.ORDERS, london_date(one.placed_at), one.placed_at, about, words, flag, opens=("OR03", one.order_number))


def _of_faults(faults: Iterable[FaultRow]) -> Iterator[Moment]:
    for one in faults:
        about, opens = f"fault {format_id(one.fault_number)}", ("FL03", one.fault_number)
        number = f", {display_number(one.number)}" if one.number else ""
        reported = f"Reported: {one.symptom_words}{number}"
        yield Moment(View.FAULTS, london_date(one.reported_at), one.reported_at, about, reported, opens=opens)
        if one.cleared_at is not None:
            yield Moment(View.FAULTS, london_date(one.cleared_at), one.cleared_at, about, f"Now {one.state.value}", opens=opens)


def _of_bills(bills: Iterable[BillRow]) -> Iterator[Moment]:
    for one in bills:
        if one.number is not None:
            words = f"{one.invoice_gross.sterling}; {one.amount_due.sterling} due by {day(one.due_on)}"
            kind = one.kind.value.replace("-", " ")
            yield Moment(View.BILLS, one.issue_on, None, f"{kind} {format_id(one.number)}", words, opens=("BL03", one.number))


def _of_ledger(ledger: Iterable[StatementRow]) -> Iterator[Moment]:
    """Payments and what else changed the balance; bills speak for themselves."""
    for one in ledger:
        if not one.source_key.startswith("bill/"):
            yield Moment(View.PAYMENTS, one.business_date, None, "account", f"{one.words}: {one.amount.sterling}")


def _of_credits(given: Iterable[AdjustmentRow], asked: Iterable[AskedRow]) -> Iterator[Moment]:
    """What was credited or charged outside a bill's own lines, also while no bill shows it yet, and what waits for a second person."""
    for one in given:
        about = f"bill {format_id(one.credited_bill)} line {one.credited_line}" if one.credited_bill else "account"
        opens = ("BL03", one.taken_by) if one.taken_by else None
        words = f"{one.words}: {one.net.sterling} before VAT"
        flag = "on the next bill" if one.is_waiting else ""
        yield Moment(View.BILLS, one.business_date, None, about, words, flag, by=one.made_by, opens=opens)
    for request in asked:
        words, flag = request.words, "waits for a second person"
        yield Moment(View.BILLS, london_date(request.asked_at), request.asked_at, "asked for", words, flag, by=request.asked_by)
