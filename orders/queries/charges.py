"""What an order costs once, at the price of a day: when it is done, when it is given up. Nothing is left for billing here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from css.core.money import Price, gross_from_net
from css.core.pricing import vat_percent_on
from css.core.words import NationCode, PriceBasis, PriceKind, ProductKind, Segment, VatCode
from css.master.districts import District
from css.master.products import Product, ProductPrice, seen_on, vat_rates
from css.master.services import Service
from orders.model import CustomerOrder, KciEvent, OrderItem, OrderTask
from orders.rules.charges import (
    Charge,
    Charged,
    Ordered,
    What,
    abortive_visit,
    cancellation_charges,
    completion_charges,
    fees_of,
    is_ours,
    may_charge,
)
from orders.rules.problems import promised_day
from orders.words import KciKind, OrderState, TaskKind, TaskState


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedCharge:
    """One charge of an order at the price of a day."""

    what: What
    product_id: int
    product_code: str
    words: str
    """As the bill says it."""
    quantity: int
    basis: PriceBasis
    net_price: Price
    """For one."""
    gross_price: Price
    vat_code: VatCode
    service_id: int | None
    """The service it is for, else the line's main one; None where nothing works on the line."""


def priced_completion(session: Session, order: CustomerOrder, *, segment: Segment, on: date) -> tuple[PricedCharge, ...]:
    """What an order costs once if it is done on a day, in one statement (three where planning found a price)."""
    if not may_charge(order.kind, order.excess_price):
        return ()
    return _priced(session, order, segment=segment, on=on, choose=completion_charges, words=_completion_words)


def priced_cancellation(session: Session, order: CustomerOrder, *, was: OrderState, segment: Segment, on: date) -> tuple[PricedCharge, ...]:
    """What giving up an order costs on a business date, and nothing is left for billing. At most six statements."""
    if was is OrderState.ACKNOWLEDGED or order.caused_by_id is not None or order.committed_on is None:
        return ()
    problems = session.execute(
        select(KciEvent.problem_code).where(
            KciEvent.order_id == order.id, KciEvent.kind.in_((KciKind.DELAY, KciKind.REAPPOINTED)), KciEvent.problem_code.is_not(None)
        )
    ).scalars()
    ours = is_ours(tuple(problems))
    built = order.excess_price is not None and bool(
        session.execute(
            select(OrderTask.id).where(OrderTask.order_id == order.id, OrderTask.kind == TaskKind.PLANT, OrderTask.state == TaskState.DONE)
        ).first()
    )
    nation: NationCode = session.execute(select(District.nation).where(District.code == order.district_code)).scalar_one()
    promised_on = promised_day(order.committed_on, order.required_on, nation.value)

    def choose(charged: Charged) -> tuple[Charge, ...]:
        return cancellation_charges(charged, was=was, promised_on=promised_on, on=on, is_ours=ours, is_built=built)

    return _priced(session, order, segment=segment, on=on, choose=choose, words=_cancellation_words)


def priced_visit(session: Session, order: CustomerOrder, *, segment: Segment, on: date, words: str) -> tuple[PricedCharge, ...]:
    """What a visit in vain costs on a day."""
    return _priced(session, order, segment=segment, on=on, choose=lambda _: (abortive_visit(),), words=lambda _, __: words)


def _completion_words(charge: Charge, name: str) -> str:
    return f"Connection of {name[:1].lower()}{name[1:]}" if charge.what is What.CONNECTION else name


def _cancellation_words(charge: Charge, name: str) -> str:
    if charge.what in {What.CANCELLATION, What.EXCESS}:
        return name
    return f"{_completion_words(charge, name)}, given up on the day"


def _priced(
    session: Session,
    order: CustomerOrder,
    *,
    segment: Segment,
    on: date,
    choose: Callable[[Charged], Iterable[Charge]],
    words: Callable[[Charge, str], str],
) -> tuple[PricedCharge, ...]:
    """The charges chosen for an order as its items stand, at the prices of a day; one without a price is none."""
    main_service_id = (
        select(Service.id)
        .join(Product, Product.id == Service.product_id)
        .where(Service.line_id == order.line_id, Service.account_id == order.account_id, Service.ends_on.is_(None))
        .where(Product.kind == ProductKind.LINE)
        .correlate(None)
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Product, ProductPrice, OrderItem, main_service_id.label("main_service_id"))
        .outerjoin(OrderItem, (OrderItem.product_id == Product.id) & (OrderItem.order_id == order.id))
        .outerjoin(
            ProductPrice,
            (ProductPrice.product_id == Product.id)
            & ProductPrice.kind.in_((PriceKind.CONNECTION, PriceKind.ONE_OFF))
            & (ProductPrice.segment == segment)
            & seen_on(on),
        )
        .where(or_(Product.code.in_(fees_of(order.kind)), OrderItem.id.is_not(None)))
        .order_by(OrderItem.item_number, Product.code)
    ).all()
    items = {row.OrderItem.id: (row.OrderItem, row.Product) for row in rows if row.OrderItem is not None}
    chosen = tuple(
        choose(
            Charged(
                kind=order.kind,
                items=tuple(Ordered(product.code, product.kind, item.action, item.quantity) for item, product in items.values()),
                is_number_chosen=order.is_number_chosen,
                excess_price=order.excess_price,
                is_unsolicited=order.caused_by_id is not None,
            )
        )
    )
    products: dict[str, Product] = {row.Product.code: row.Product for row in rows}
    prices = {(row.Product.code, row.ProductPrice.kind): row.ProductPrice for row in rows if row.ProductPrice is not None}
    services = {row.Product.code: row.OrderItem.service_id for row in rows if row.OrderItem is not None}
    main: int | None = next((row.main_service_id for row in rows), None)
    rates = vat_rates(session) if any(charge.price is not None for charge in chosen) else ()
    found: list[PricedCharge] = []
    for charge in chosen:
        product = products[charge.product_code]
        listed = prices.get((charge.product_code, charge.price_kind))
        if charge.price is not None:
            percent = vat_percent_on(rates, product.vat_code, on)
            price = (PriceBasis.NET, charge.price, gross_from_net(charge.price, percent))
        elif listed is not None:
            price = (listed.basis, listed.net_price, listed.gross_price)
        else:
            continue
        found.append(
            PricedCharge(
                what=charge.what,
                product_id=product.id,
                product_code=product.code,
                words=words(charge, product.name),
                quantity=charge.quantity,
                basis=price[0],
                net_price=price[1],
                gross_price=price[2],
                vat_code=product.vat_code,
                service_id=services.get(product.code) or main,
            )
        )
    return tuple(found)
