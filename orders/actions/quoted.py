"""Placing an order by a quote: it must be the order that was quoted, and what was told must still hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.calendar import day_words
from css.core.codec import from_plain
from css.core.errors import CssError, Refused
from css.core.ids import IdKind, expect_id
from css.core.words import Segment
from orders.actions.find import Asker
from orders.commands.orders import PlaceOrder
from orders.commands.quotes import Told
from orders.model import CustomerOrder, Quote
from orders.queries.quotes import no_quote
from orders.queries.worth import worth_of
from orders.rules.lifecycle import OPEN_STATES
from orders.rules.quotes import changes, differences
from orders.words import OrderState


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteFound:
    """The quote an order is placed by, locked."""

    quote_id: int
    number: str
    told: Told
    consented_by: str | None
    consented_at: datetime | None

    def given_with(self, command: PlaceOrder) -> PlaceOrder:
        """The order with the consent that was given to the quote, where it names nobody itself."""
        return command if (command.consented_by or "").strip() else replace(command, consented_by=self.consented_by)


def find_quote(session: Session, command: PlaceOrder, asker: Asker, on: date) -> tuple[QuoteFound | None, list[CssError]]:
    """The quote an order names, and what is wrong with placing it by that; nothing where it names none.

    CSS052E to CSS055E its form, CSS830E there is none of the account, CSS831E it holds no longer, CSS832E another order was quoted,
    CSS834E it was ordered by.
    """
    if not (command.quote_number or "").strip():
        return None, []
    try:
        number = expect_id(command.quote_number or "", IdKind.QUOTE, element="quote_number")
    except CssError as error:
        return None, [error]
    quote = session.execute(
        select(Quote)
        .where(Quote.number == number, Quote.account_id == asker.account_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar()
    if quote is None:
        return None, [no_quote(number)]
    found = QuoteFound(
        quote_id=quote.id,
        number=number,
        told=from_plain(quote.told, Told),
        consented_by=quote.consented_by,
        consented_at=quote.consented_at,
    )
    faults = [fault for fault in (lapsed_fault(quote, on), _other_order(quote, command), _ordered(session, quote)) if fault is not None]
    return found, faults


def lapsed_fault(quote: Quote, on: date) -> CssError | None:
    """CSS831E when a quote holds no longer on a business date."""
    if on <= quote.valid_through:
        return None
    return Refused(
        "CSS831E",
        "Quote {quote} held until {day}; make a new one.",
        quote=quote.number,
        day=day_words(quote.valid_through),
        element="quote_number",
    )


def _other_order(quote: Quote, command: PlaceOrder) -> CssError | None:
    differing = ("kind",) if quote.kind is not command.kind else differences(from_plain(quote.asked, PlaceOrder), command)
    if not differing:
        return None
    return Refused(
        "CSS832E",
        "Quote {quote} is for another order; it differs in {fields}.",
        quote=quote.number,
        fields=", ".join(name.replace("_", " ") for name in differing),
        element="quote_number",
    )


def _ordered(session: Session, quote: Quote) -> CssError | None:
    order = session.execute(
        select(CustomerOrder.number)
        .where(CustomerOrder.quote_id == quote.id, CustomerOrder.state.in_((*OPEN_STATES, OrderState.COMPLETED)))
        .limit(1)
    ).scalar()
    if order is None:
        return None
    return Refused("CSS834E", "Order {order} was placed by quote {quote} already.", order=order, quote=quote.number, element="quote_number")


def refuse_changed(session: Session, order: CustomerOrder, quote: QuoteFound, segment: Segment) -> None:
    """Refuse an order, written with its items, of which the quote told something that holds no longer (CSS833E)."""
    worth = worth_of(session, order, segment=segment)
    changed = changes(quote.told, worth.holds(order.committed_on))
    if changed:
        raise Refused(
            "CSS833E",
            "What quote {quote} told holds no longer: {changes}. Make a new one.",
            quote=quote.number,
            changes="; ".join(changed),
            element="quote_number",
        )
