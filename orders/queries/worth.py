"""What an order is worth as it stands: what starts and stops by it, and what it costs once. Money of bills is billing's to say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.ids import IdKind, expect_id
from css.core.money import Price
from css.core.words import EndReason, PriceKind, ProductKind, Segment, VatCode
from css.master.accounts import Account
from css.master.districts import business_date
from css.master.products import Product, ProductPrice, seen_on
from css.master.providers import Provider
from orders.commands.quotes import ToldCharge, ToldItem
from orders.model import CustomerOrder, OrderItem
from orders.queries.cards import no_order
from orders.queries.charges import PricedCharge, priced_cancellation, priced_completion
from orders.rules.charges import What, end_reason
from orders.rules.lifecycle import OPEN_STATES
from orders.rules.quotes import Holds
from orders.words import ItemAction, OrderKind


@dataclass(frozen=True, slots=True, kw_only=True)
class WorthItem:
    """A product of an order, and what a month of one of it costs on the day."""

    action: ItemAction
    product_code: str
    product_name: str
    kind: ProductKind
    quantity: int
    service_id: int | None
    """The service that is ended or kept."""
    minimum_term_months: int
    is_riding: bool
    """Something else works over the line by it: an alarm, broadband."""
    net_rental: Price | None
    gross_rental: Price | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorthCharge:
    """Something an order costs once."""

    what: What
    product_code: str
    words: str
    """As the bill says it."""
    quantity: int
    net_price: Price
    """For one."""
    gross_price: Price
    vat_code: VatCode


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWorth:
    """An order as far as money goes, were it done on a day."""

    order_number: str
    kind: OrderKind
    account_number: str
    segment: Segment
    number: str | None
    on: date
    """The day worked for, else the one required, else the business date: prices are those of that day."""
    items: tuple[WorthItem, ...]
    charges: tuple[WorthCharge, ...]
    end_reason: EndReason
    """Why services end that end by it."""
    continues: bool
    """What it keeps ends on one line and goes on on another."""

    def holds(self, committed_on: date | None) -> Holds:
        """What of it a quote tells."""
        return Holds(
            committed_on=committed_on,
            items=tuple(
                ToldItem(
                    action=item.action,
                    product_code=item.product_code,
                    product_name=item.product_name,
                    quantity=item.quantity,
                    net_rental=item.net_rental,
                    gross_rental=item.gross_rental,
                )
                for item in self.items
            ),
            charges=tuple(
                ToldCharge(
                    product_code=charge.product_code,
                    words=charge.words,
                    quantity=charge.quantity,
                    net_price=charge.net_price,
                    gross_price=charge.gross_price,
                )
                for charge in self.charges
            ),
        )


def order_worth(session: Session, order_number: str, *, by: Actor) -> OrderWorth:
    """What an order starts, stops and costs once, were it done on the day it is worked for. Four statements.

    Raises:
        NotFound: CSS202E, no such order, or another provider's. BadMessage: CSS052E to CSS055E.
    """
    found = _order(session, order_number, by)
    return worth_of(session, found.order, segment=found.segment, account_number=found.account_number)


def worth_of(session: Session, order: CustomerOrder, *, segment: Segment, account_number: str = "") -> OrderWorth:
    """The same for an order in hand."""
    on = order.done_on or order.target_on or max(order.required_on, business_date(session, order.district_code))
    rows = session.execute(
        select(OrderItem, Product, ProductPrice)
        .join(Product, Product.id == OrderItem.product_id)
        .outerjoin(
            ProductPrice,
            (ProductPrice.product_id == Product.id)
            & (ProductPrice.kind == PriceKind.RENTAL)
            & (ProductPrice.segment == segment)
            & seen_on(on),
        )
        .where(OrderItem.order_id == order.id)
        .order_by(OrderItem.item_number)
    )
    return OrderWorth(
        order_number=order.number,
        kind=order.kind,
        account_number=account_number,
        segment=segment,
        number=order.telephone_number,
        on=on,
        items=tuple(
            WorthItem(
                action=row.OrderItem.action,
                product_code=row.Product.code,
                product_name=row.Product.name,
                kind=row.Product.kind,
                quantity=row.OrderItem.quantity,
                service_id=row.OrderItem.service_id,
                minimum_term_months=row.Product.minimum_term_months,
                is_riding=row.Product.is_riding,
                net_rental=None if row.ProductPrice is None else row.ProductPrice.net_price,
                gross_rental=None if row.ProductPrice is None else row.ProductPrice.gross_price,
            )
            for row in rows
        ),
        charges=_told(priced_completion(session, order, segment=segment, on=on)),
        end_reason=_end_reason(order),
        continues=order.kind is OrderKind.MOVE,
    )


def cancellation_charges(session: Session, order_number: str, *, by: Actor) -> tuple[WorthCharge, ...]:
    """What giving up an open order today would cost whoever placed it; nothing for one that has ended.

    Whether it still can be given up is another matter: the order says its point of no return.

    Raises:
        NotFound: CSS202E, no such order, or another provider's. BadMessage: CSS052E to CSS055E.
    """
    found = _order(session, order_number, by)
    order = found.order
    if order.state not in OPEN_STATES:
        return ()
    today = business_date(session, order.district_code)
    return _told(priced_cancellation(session, order, was=order.state, segment=found.segment, on=today))


@dataclass(frozen=True, slots=True)
class _Found:
    order: CustomerOrder
    segment: Segment
    account_number: str


def _order(session: Session, order_number: str, by: Actor) -> _Found:
    number = expect_id(order_number, IdKind.ORDER, element="order_number")
    row = session.execute(
        select(CustomerOrder, Account.segment, Account.number.label("account_number"), Provider.code)
        .join(Account, Account.id == CustomerOrder.account_id)
        .join(Provider, Provider.id == CustomerOrder.provider_id)
        .where(CustomerOrder.number == number)
    ).one_or_none()
    if row is None or (by.is_partner and row.code != by.provider_code):
        raise no_order(number)
    return _Found(row.CustomerOrder, row.segment, row.account_number)


def _end_reason(order: CustomerOrder) -> EndReason:
    if order.kind is OrderKind.MOVE:
        return EndReason.MOVED
    if order.kind is OrderKind.PORT_OUT:
        return EndReason.PORTED_OUT
    if order.kind is not OrderKind.CEASE:
        return EndReason.CHANGED
    if order.caused_by_id is not None:
        return EndReason.TRANSFERRED  # or taken over, which is owed alike: whose order takes the line is not looked up for it
    return end_reason(order.reason_code)


def _told(charges: tuple[PricedCharge, ...]) -> tuple[WorthCharge, ...]:
    return tuple(
        WorthCharge(
            what=charge.what,
            product_code=charge.product_code,
            words=charge.words,
            quantity=charge.quantity,
            net_price=charge.net_price,
            gross_price=charge.gross_price,
            vat_code=charge.vat_code,
        )
        for charge in charges
    )
