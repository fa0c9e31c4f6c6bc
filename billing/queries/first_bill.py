"""What an order will put on a bill, by the rules that will make the bill: an estimate, and nothing is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.queries.account_terms import AccountStanding, standing_of, vat_histories
from billing.queries.at_cut import posted_rentals, posted_terminations, price_book, services_at_cut
from billing.queries.bills import BillVatRow
from billing.rules.charges import Charge, PriceBook, RentalKey, ServiceLife, Span, rentals_due
from billing.rules.cycle import AnyCycle
from billing.rules.difference import BY_THE_DAY, BY_THE_MONTH, PostedRental, rental_lines
from billing.rules.items import ItemLeft, item_lines
from billing.rules.lines import DraftLine, in_printing_order
from billing.rules.terminations import termination_lines, terminations_due
from billing.rules.vat import VatHistory, vat_of
from billing.words import LineKind
from css.core.actor import Actor
from css.core.calendar import ONE_DAY, add_months, start_of_day
from css.core.errors import NotFound
from css.core.ids import IdKind, expect_id
from css.core.money import ZERO, Money, Percent, Price, total
from css.core.words import EndReason, PriceKind, Segment, VatCode
from css.db.sql import block
from css.master.accounts import Account
from css.master.districts import BusinessDate
from css.master.products import Product, ProductPrice, seen_on
from css.master.providers import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A product that starts to work."""

    product_code: str
    quantity: int = 1
    number: str | None = None
    """The telephone number of its line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A service of the account that stops."""

    service_id: int
    product_code: str
    reason: EndReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """Something that is charged once."""

    product_code: str
    words: str
    quantity: int
    net_price: Price
    """For one."""
    vat_code: VatCode


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWorth:
    """What is done on a day, as far as bills go."""

    on: date
    begun: tuple[Begun, ...] = ()
    ended: tuple[Ended, ...] = ()
    once: tuple[Once, ...] = ()
    order_number: str | None = None
    """The order it is done by: while another is open on the account there is no final bill."""

    @property
    def product_codes(self) -> frozenset[str]:
        """Every product it is about."""
        rented = {one.product_code for one in self.begun} | {one.product_code for one in self.ended}
        return frozenset(rented | {one.product_code for one in self.once})


@dataclass(frozen=True, slots=True)
class EstimatedLine:
    """One line as the bill will have it."""

    words: str
    starts_on: date
    ends_on: date
    """Exclusive; the day after for what happens once."""
    net: Money
    """Less than nothing where rent that was paid comes back."""
    kind: LineKind = LineKind.RENTAL
    """A line of kind termination is for what is left of a minimum term."""


@dataclass(frozen=True, slots=True)
class FirstBill:
    """What an order puts on the first bill after it: calls, and whatever else is on that bill, come on top."""

    bill_on: date
    """When the bill is made."""
    charged_to: date
    """Up to which day rentals are on it, exclusive: they are charged in advance."""
    lines: tuple[EstimatedLine, ...]
    vat: tuple[BillVatRow, ...]
    net: Money
    gross: Money
    is_final: bool = False
    """Nothing of the account works any more: it is its last bill."""
    early_net: Money = ZERO
    """Of it what is charged for minimum terms that are broken, before VAT."""
    early_gross: Money = ZERO
    """The same with VAT."""


@dataclass(frozen=True, slots=True)
class _Known:
    """An account as bills are made for it."""

    account: Account
    today: date
    standing: AccountStanding
    status: VatHistory
    book: PriceBook

    @property
    def cycle(self) -> AnyCycle:
        return self.standing.cycle

    @property
    def segment(self) -> Segment:
        return self.account.segment


def first_bill(session: Session, account_number: str, product_codes: Sequence[str], starts_on: date, *, by: Actor) -> FirstBill:
    """What products that start to work on a day put on the account's next bill, by the prices known now.

    The rental of the days up to the bill and of the period after it, and what it costs to be connected, each rounded as the
    bill rounds it; VAT once on their sum. A product nobody knows is left out.

    Raises:
        NotFound: CSS105E no such account, or it is another provider's; CSS431E a product has no price on a day.
    """
    account, _ = _account(session, account_number, by)
    rows = session.execute(
        select(ProductPrice, Product)
        .join(Product, Product.id == ProductPrice.product_id)
        .where(
            Product.code.in_(product_codes),
            ProductPrice.kind == PriceKind.CONNECTION,
            ProductPrice.segment == account.segment,
            seen_on(starts_on),
        )
        .order_by(Product.code)
    ).all()
    once = tuple(
        Once(
            product_code=row.Product.code,
            words=f"Connection of {row.Product.name[:1].lower()}{row.Product.name[1:]}",
            quantity=1,
            net_price=row.ProductPrice.net_price,
            vat_code=row.Product.vat_code,
        )
        for row in rows
    )
    begun = tuple(Begun(product_code=code) for code in product_codes)
    return bill_after(session, account_number, OrderWorth(on=starts_on, begun=begun, once=once), by=by)


def bill_after(session: Session, account_number: str, worth: OrderWorth, *, by: Actor) -> FirstBill:
    """What something done on a day puts on the account's first bill after it, by what is known now. Eleven statements at most.

    Rentals of what starts, those of what stops up to its last day less what was paid beyond it, minimum terms that are broken,
    and what is charged once: the lines the bill will have for these services, rounded as it rounds them. Where other bills
    come before it, they are taken to charge what would be due without the order.

    Raises:
        NotFound: CSS105E no such account, or it is another provider's; CSS431E a product has no price on a day.
    """
    account, today = _account(session, account_number, by)
    standing = standing_of(session, account.id)
    status = vat_histories(session, {account.id: account.vat_status}, today)[account.id]
    codes = worth.product_codes
    known = _Known(account, today, standing, status, price_book(session, today, of=codes))
    # All that is recorded by now, whatever night comes next.
    services = services_at_cut(session, (account.id,), today, start_of_day(add_months(today, 1))).get(account.id, ())
    is_final = _is_last(session, account.id, services, worth)
    bill_on, charged_to = _when(known.standing, worth.on, today, is_final=is_final)
    lines = in_printing_order(
        [
            *_compared(session, known, services, worth, bill_on=bill_on, charged_to=charged_to),
            *item_lines(_items(worth, known.book), status, known.book),
        ]
    )
    vat = vat_of((line.tax, line.net) for line in lines)
    early = vat_of((line.tax, line.net) for line in lines if line.kind is LineKind.TERMINATION)
    net, early_net = total(one.net for one in vat), total(one.net for one in early)
    return FirstBill(
        bill_on=bill_on,
        charged_to=charged_to,
        lines=tuple(_estimated(line, worth.on) for line in lines),
        vat=tuple(BillVatRow(one.tax.category, Percent(one.tax.basis_points), one.net, one.vat) for one in vat),
        net=net,
        gross=net + total(one.vat for one in vat),
        is_final=is_final,
        early_net=early_net,
        early_gross=early_net + total(one.vat for one in early),
    )


def _account(session: Session, account_number: str, by: Actor) -> tuple[Account, date]:
    number = expect_id(account_number, IdKind.ACCOUNT, element="account_number")
    row = session.execute(
        select(Account, Provider.code, BusinessDate.current_on)
        .join(Provider, Provider.id == Account.provider_id)
        .join(BusinessDate, BusinessDate.district_code == Account.district_code)
        .where(Account.number == number)
    ).one_or_none()
    if row is None or (by.is_partner and row.code != by.provider_code):
        raise NotFound("CSS105E", "There is no account {number}.", number=number, element="account_number")
    return row.Account, row.current_on


def _is_last(session: Session, account_id: int, services: Iterable[ServiceLife], worth: OrderWorth) -> bool:
    """Whether nothing of the account works after it, and nothing else keeps it going."""
    ended = {one.service_id for one in worth.ended}
    if worth.begun or not ended or any(service.service_id not in ended and service.ends_on is None for service in services):
        return False
    row = session.execute(block("billing", "first_bill.going_on"), {"account": account_id, "order": worth.order_number}).one()
    return not (row.has_other_orders or row.has_members)


def _when(standing: AccountStanding, on: date, today: date, *, is_final: bool) -> tuple[date, date]:
    """When the first bill is made that knows of it, and up to which day it charges."""
    if is_final:
        return max(on, today), on
    cycle = standing.cycle
    bill_on = standing.next_bill_on if on <= standing.next_bill_on else cycle.bill_after(cycle.next_after(on - ONE_DAY))
    return bill_on, cycle.next_after(bill_on)


def _compared(
    session: Session, known: _Known, services: Sequence[ServiceLife], worth: OrderWorth, *, bill_on: date, charged_to: date
) -> list[DraftLine]:
    """The lines that are found by difference: of what starts and what stops, and of nothing else."""
    ids = {product.code: product.product_id for product in known.book.products.values()}
    reasons = {one.service_id: one.reason for one in worth.ended}
    before = [service for service in services if service.service_id in reasons]
    after = [replace(service, ends_on=worth.on, end_reason=reasons[service.service_id or 0]) for service in before]
    # They have no ids yet; none that was ever given is less than nothing.
    begun = [
        ServiceLife(-place, ids[one.product_code], one.quantity, worth.on, None, one.number, worth.order_number)
        for place, one in enumerate(worth.begun, start=1)
        if one.product_code in ids
    ]
    touched = [*after, *begun]
    others = [service for service in services if service.service_id not in reasons]
    due = _due(touched, known, charged_to)
    owed = terminations_due([*others, *touched], known.segment, known.status, known.book)
    mine = {service.service_id for service in after}
    posted = _posted(session, known, before, bill_on) if before else {}
    charged = posted_terminations(session, [known.account.id]).get(known.account.id, {}) if before else {}
    return [
        *rental_lines(touched, due, posted, known.cycle, known.book),
        *termination_lines(
            touched,
            {key: one for key, one in owed.items() if key.service_id in mine},
            {key: lines for key, lines in charged.items() if key.service_id in mine},
            known.book,
        ),
    ]


def _due(services: Iterable[ServiceLife], known: _Known, until: date) -> dict[RentalKey, Charge]:
    due: dict[RentalKey, Charge] = {}
    for service in services:
        due.update(rentals_due(service, known.cycle, until, known.segment, known.status, known.book))
    return due


def _posted(session: Session, known: _Known, services: Sequence[ServiceLife], bill_on: date) -> Mapping[RentalKey, Sequence[PostedRental]]:
    """What will have been charged for services when a bill is made: what has been, or what a bill in between will charge."""
    last = known.cycle.latest_bill(bill_on - ONE_DAY)
    if last < known.standing.next_bill_on:
        mine = {service.service_id for service in services}
        charged = posted_rentals(session, [known.account.id]).get(known.account.id, {})
        return {key: lines for key, lines in charged.items() if key.service_id in mine}
    due = _due(services, known, known.cycle.next_after(last))
    return {
        key: [PostedRental(0, charge.amount, Span(charge.spans[0].starts_on, charge.spans[-1].ends_on), _unit(charge))]
        for key, charge in due.items()
    }


def _unit(charge: Charge) -> str:
    return BY_THE_MONTH if charge.days == charge.period.days else BY_THE_DAY


def _items(worth: OrderWorth, book: PriceBook) -> Iterable[ItemLeft]:
    ids = {product.code: product.product_id for product in book.products.values()}
    for place, one in enumerate(worth.once, start=1):
        yield ItemLeft(
            billable_item_id=place,
            service_id=None,
            product_id=ids[one.product_code],
            number=None,
            words=one.words,
            reference=worth.order_number or "",
            quantity=one.quantity,
            net_price=one.net_price,
            vat_code=one.vat_code,
            occurs_on=worth.on,
        )


def _estimated(line: DraftLine, on: date) -> EstimatedLine:
    return EstimatedLine(line.words, line.starts_on or on, line.ends_on or on + ONE_DAY, line.net, line.kind)
