"""What the first bill of something ordered will have on it, by the rules that will make it: an estimate, and nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.queries.account_terms import standing_of, vat_histories
from billing.queries.at_cut import price_book
from billing.queries.bills import BillVatRow
from billing.rules.charges import ServiceLife, rentals_due
from billing.rules.items import ItemLeft, item_lines
from billing.rules.vat import Tax, vat_of
from css.core.actor import Actor
from css.core.calendar import ONE_DAY
from css.core.errors import NotFound
from css.core.ids import IdKind, expect_id
from css.core.money import ZERO, Money, Percent
from css.core.words import PriceKind
from css.master.accounts import Account
from css.master.districts import BusinessDate
from css.master.products import Product, ProductPrice, seen_on
from css.master.providers import Provider


@dataclass(frozen=True, slots=True)
class EstimatedLine:
    """One line as the bill will have it."""

    words: str
    starts_on: date
    ends_on: date
    """Exclusive; the day after for what happens once."""
    net: Money


@dataclass(frozen=True, slots=True)
class FirstBill:
    """What an order adds to the first bill after it: calls, and whatever else is on that bill, come on top."""

    bill_on: date
    """When the bill is made."""
    charged_to: date
    """Up to which day rentals are on it, exclusive: they are charged in advance."""
    lines: tuple[EstimatedLine, ...]
    vat: tuple[BillVatRow, ...]
    net: Money
    gross: Money


def first_bill(session: Session, account_number: str, product_codes: Sequence[str], starts_on: date, *, by: Actor) -> FirstBill:
    """What products that start to work on a day add to the account's next bill, by the prices known now. Ten statements.

    The rental of the days up to the bill and of the period after it, and what it costs to be connected, each rounded as the
    bill rounds it; VAT once on their sum.

    Raises:
        NotFound: CSS105E no such account, or it is another provider's; CSS431E a product has no price on a day.
    """
    number = expect_id(account_number, IdKind.ACCOUNT, element="account_number")
    row = session.execute(
        select(Account, Provider.code, BusinessDate.current_on)
        .join(Provider, Provider.id == Account.provider_id)
        .join(BusinessDate, BusinessDate.district_code == Account.district_code)
        .where(Account.number == number)
    ).one_or_none()
    if row is None or (by.is_partner and row.code != by.provider_code):
        raise NotFound("CSS105E", "There is no account {number}.", number=number, element="account_number")
    account: Account = row.Account
    standing = standing_of(session, account.id)
    cycle = standing.cycle
    bill_on = standing.next_bill_on if starts_on <= standing.next_bill_on else cycle.bill_after(cycle.next_after(starts_on - ONE_DAY))
    charged_to = cycle.next_after(bill_on)
    status = vat_histories(session, {account.id: account.vat_status}, row.current_on)[account.id]
    book = price_book(session, row.current_on, of=product_codes)
    codes = [book_product.product_id for code in product_codes for book_product in book.products.values() if book_product.code == code]
    connections = session.execute(
        select(ProductPrice, Product)
        .join(Product, Product.id == ProductPrice.product_id)
        .where(
            ProductPrice.product_id.in_(codes),
            ProductPrice.kind == PriceKind.CONNECTION,
            ProductPrice.segment == account.segment,
            seen_on(starts_on),
        )
        .order_by(Product.code)
    ).all()
    rentals = [
        (book.products[product_id].name, key.tax, charge.spans[0].starts_on, charge.spans[-1].ends_on, charge.amount)
        for product_id in codes
        for key, charge in rentals_due(
            ServiceLife(service_id=None, product_id=product_id, quantity=1, starts_on=starts_on, ends_on=None, number=None),
            cycle,
            charged_to,
            account.segment,
            status,
            book,
        ).items()
    ]
    items = [
        ItemLeft(
            billable_item_id=place,
            service_id=None,
            product_id=found.Product.id,
            number=None,
            words=f"Connection of {found.Product.name[:1].lower()}{found.Product.name[1:]}",
            reference="",
            quantity=1,
            net_price=found.ProductPrice.net_price,
            vat_code=found.Product.vat_code,
            occurs_on=starts_on,
        )
        for place, found in enumerate(connections, start=1)
    ]
    once = [(line.words, line.tax, starts_on, starts_on + ONE_DAY, line.net) for line in item_lines(items, status, book)]
    taxed: list[tuple[Tax, Money]] = [(tax, net) for _, tax, _, _, net in (*rentals, *once)]
    vat = vat_of(taxed)
    net = sum((amount for _, amount in taxed), start=ZERO)
    return FirstBill(
        bill_on=bill_on,
        charged_to=charged_to,
        lines=tuple(EstimatedLine(words, first, last, amount) for words, _, first, last, amount in (*rentals, *once)),
        vat=tuple(BillVatRow(one.tax.category, Percent(one.tax.basis_points), one.net, one.vat) for one in vat),
        net=net,
        gross=net + sum((one.vat for one in vat), start=ZERO),
    )
