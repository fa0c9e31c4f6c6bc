"""Quoting an order: it is placed and taken back, so that the quote says exactly what placing would."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from billing.queries.first_bill import FirstBill
from css import audit
from css.core.actor import Actor
from css.db.engine import taken_back
from css.quotes.effect import Effect
from css.quotes.placing import place_with_effect
from css.quotes.script import script_of
from orders.actions.quoting import keep_quote
from orders.commands.orders import PlaceOrder
from orders.commands.quotes import OrderQuoted, QuoteOrder, Told, ToldBill, ToldLine
from orders.queries.dates import first_dates
from orders.rules.charges import is_number_chosen
from orders.words import OrderKind, PlantOutcome

NOBODY_YET = "whoever agrees"
"""Stands for whoever will agree, where an order cannot be placed without: a quote is what they are asked to agree to."""


@audit.answered
def quote_order(session: Session, command: QuoteOrder, *, by: Actor, at: datetime) -> OrderQuoted:
    """Say what an order would cost and when it could be had, and keep what was told as a quote. No plant, number or slot is kept.

    Charges once and a month by the prices of the segment, the minimum term, the plant, the dates, what is left of a minimum term
    that it breaks, the first bill after it, and the words to read out.

    Raises:
        CssError: what ``place_order`` refuses, but for who agrees.
    """
    order = replace(
        command.order,
        token="",
        quote_number=None,
        customer_reference=None,
        consented_by=command.order.consented_by or NOBODY_YET,
    )
    with taken_back(session):
        effect = place_with_effect(session, order, by=by, at=at)
        earliest = first_dates(
            session,
            effect.card.district_code,
            order.kind,
            outcome=effect.card.plant_outcome,
            needs_visit=effect.card.plant_outcome in {PlantOutcome.SPARE_PAIR, PlantOutcome.BUILD},
            most=1,
        )
        told = _told(effect, order, earliest[0] if earliest else None)
    session.expire_all()
    return keep_quote(session, command.order, told, by=by, at=at)


def _told(effect: Effect, order: PlaceOrder, earliest_on: date | None) -> Told:
    card, worth = effect.card, effect.worth
    is_asked = is_number_chosen(order.kind, order.number, order.new_number)
    is_kept = is_asked or (card.number is not None and not _gets_a_number(effect, order))
    holds = worth.holds(card.committed_on)
    return Told(
        number=card.number if is_kept else None,
        plant_outcome=card.plant_outcome,
        required_on=card.required_on,
        earliest_on=earliest_on,
        committed_on=card.committed_on,
        slot_on=card.slot_on,
        half_day=card.half_day,
        term_months=effect.term_months,
        term_ends_on=effect.term_ends_on,
        items=holds.items,
        charges=holds.charges,
        monthly_net=effect.monthly.net,
        monthly_gross=effect.monthly.gross,
        once_net=effect.once.net,
        once_gross=effect.once.gross,
        first_bill=None if effect.first is None else _bill(effect.first),
        script=script_of(effect, is_kept=is_kept),
    )


def _gets_a_number(effect: Effect, order: PlaceOrder) -> bool:
    """Whether the house chooses a number for it: a new line has none before, another line may get another one."""
    is_new = order.kind is OrderKind.PROVIDE or (order.kind is OrderKind.START and not order.number)
    return is_new or effect.card.old_number is not None


def _bill(first: FirstBill) -> ToldBill:
    return ToldBill(
        bill_on=first.bill_on,
        charged_to=first.charged_to,
        lines=tuple(ToldLine(words=one.words, starts_on=one.starts_on, ends_on=one.ends_on, net=one.net) for one in first.lines),
        net=first.net,
        gross=first.gross,
        is_final=first.is_final,
        early_net=first.early_net,
        early_gross=first.early_gross,
    )
