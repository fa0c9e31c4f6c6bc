"""Keeping what was told of an order before it is placed, and that somebody agreed to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Refused
from css.core.ids import IdKind, expect_id
from css.master.districts import business_date
from css.master.providers import Provider
from css.master.serials import next_number
from orders.actions.find import find_account, require_may
from orders.actions.quoted import lapsed_fault
from orders.commands.orders import PlaceOrder
from orders.commands.quotes import ConsentQuote, OrderQuoted, QuoteConsented, Told
from orders.model import Quote
from orders.queries.quotes import no_quote
from orders.rules.content import LENGTHS_MAX
from orders.rules.quotes import valid_through


def keep_quote(session: Session, order: PlaceOrder, told: Told, *, by: Actor, at: datetime) -> OrderQuoted:
    """Keep what was told of an order as a quote of its account.

    For ``css.quotes`` alone, which has rehearsed the order and put together what is told.

    Raises:
        NotFound: CSS200E. Refused: CSS203E. BadMessage: CSS052E to CSS055E.
    """
    require_may(by, "place")
    asker = find_account(session, order.account_number, by)
    on = business_date(session, asker.district_code)
    asked = replace(order, token="", quote_number=None, customer_reference=None, conversation_id="")
    quote = Quote(
        number=next_number(session, asker.district_code, IdKind.QUOTE),
        district_code=asker.district_code,
        provider_id=asker.provider_id,
        account_id=asker.account_id,
        kind=order.kind,
        asked=to_plain(asked),
        told=to_plain(told),
        quoted_at=at,
        quoted_by=by.name,
        valid_through=valid_through(on),
    )
    session.add(quote)
    session.flush()
    audit.record(session, by=by, at=at, verb="quote_order", subject=("quote", quote.number), after=quote.asked)
    return OrderQuoted(
        quote_number=quote.number,
        kind=order.kind,
        account_number=asker.account_number,
        valid_through=quote.valid_through,
        told=told,
    )


@audit.answered
def consent_quote(session: Session, command: ConsentQuote, *, by: Actor, at: datetime) -> QuoteConsented:
    """Record who agreed to what a quote told; an order placed by it takes that over. Said again of the same person it changes nothing.

    Raises:
        NotFound: CSS830E. BadMessage: CSS052E to CSS055E.
        Refused: CSS203E, CSS219E, CSS221E, CSS831E it holds no longer, CSS835E somebody else agreed to it.
    """
    require_may(by, "place")
    number = expect_id(command.quote_number, IdKind.QUOTE, element="quote_number")
    row = session.execute(
        select(Quote, Provider.code)
        .join(Provider, Provider.id == Quote.provider_id)
        .where(Quote.number == number)
        .with_for_update(of=Quote)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None or (by.is_partner and row.code != by.provider_code):
        raise no_quote(number)
    quote: Quote = row.Quote
    name = _read_name(command.consented_by)
    if quote.consented_by is None:
        lapsed = lapsed_fault(quote, business_date(session, quote.district_code))
        if lapsed is not None:
            raise lapsed
        quote.consented_by, quote.consented_at = name, at
        session.flush()
        audit.record(session, by=by, at=at, verb="consent_quote", subject=("quote", number), after=to_plain(command))
    elif quote.consented_by != name:
        raise Refused("CSS835E", "{who} agreed to quote {quote} already.", who=quote.consented_by, quote=number, element="consented_by")
    assert quote.consented_at is not None, "consent has its time (ck_quote_consent_has_time)"
    return QuoteConsented(quote_number=number, consented_by=name, consented_at=quote.consented_at, valid_through=quote.valid_through)


def _read_name(text: str) -> str:
    name, most = text.strip(), LENGTHS_MAX["contact_name"]
    if not name:
        raise Refused("CSS221E", "{what} is needed.", what="Who agreed", element="consented_by")
    if len(name) > most:
        raise Refused("CSS219E", "The {what} has at most {most} characters.", what="name of who agreed", most=most, element="consented_by")
    return name
