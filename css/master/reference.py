"""The reference data of the master files: VAT rates, products with their prices, and two providers to begin with."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from css.core.words import HalfDay, Skill
from css.master import working_reference
from css.master.appointments import SlotPattern
from css.master.numbers import Network, Quarantine
from css.master.price_list import BOOK_OPENS, PRODUCTS, VAT_RATES, dated_prices
from css.master.products import Product, ProductPrice, VatRate
from css.master.providers import Provider

RETAIL: Final = "RETAIL"
"""The own retail arm: whose telephone company this is. Its name and numbers stand on every bill."""
PARTNER: Final = "BRACKWAT"
"""A wholesale partner, who orders by XML."""
WHOLESALE_TARIFF: Final = "WHS"
"""What the network charges the own retail arm for calls; billing's reference tariffs have it."""

PROVIDERS: Final = (
    # The companies do not exist. The VAT numbers have agreeing check digits, as the rules for e-invoices ask, and are
    # among the nine hundred and ninety-nine millions, where none was given out.
    {
        "code": RETAIL,
        "name": "Wrenford Telephones plc",
        "party_id": "999900001",
        "is_own_retail": True,
        "address_lines": ["Wrenford House", "1 Exchange Square", "Wrenford"],
        "postcode": "ZZ1 1AA",
        "vat_number": "GB999999973",
        "endpoint": "9932:GB999999973",
        "wholesale_tariff_code": WHOLESALE_TARIFF,
    },
    {
        "code": PARTNER,
        "name": "Brackwater Networks Ltd",
        "party_id": "999900123",
        "is_own_retail": False,
        "address_lines": ["2nd Floor, The Maltings", "Quay Street", "Brackwater"],
        "postcode": "ZZ9 9ZZ",
        "vat_number": "GB999999931",
        "endpoint": "9932:GB999999931",
        "wholesale_tariff_code": None,
    },
)


NETWORKS: Final = (
    # The companies do not exist.
    {"code": "KELDER", "name": "Kelder Telecom"},
    {"code": "NORSEA", "name": "Norsea Communications"},
)
"""Other networks, with which numbers are ported."""

QUARANTINE: Final = (
    # So that those who ring the old subscriber have learned it before they reach a new one. A choice of the house.
    {"starts_on": BOOK_OPENS, "days": 90},
)

WEEKDAY_VISITS: Final = 12
SATURDAY_VISITS: Final = 4
SATURDAY: Final = 6
SLOT_PATTERN: Final = tuple(
    {
        "exchange_id": None,
        "skill": skill,
        "weekday": weekday,
        "half_day": half_day,
        "capacity": SATURDAY_VISITS if weekday == SATURDAY else WEEKDAY_VISITS,
        "starts_on": BOOK_OPENS,
    }
    for skill in Skill
    for weekday in range(1, SATURDAY + 1)
    for half_day in HalfDay
)
"""What an exchange's area can do in a half-day until somebody says otherwise for it."""


def load(session: Session) -> None:
    """Put the reference data into a database; what is there already stays as it is, so a second time changes nothing."""
    rates = [{"code": r.code, "starts_on": r.starts_on, "ends_on": r.ends_on, "percent": r.percent} for r in VAT_RATES]
    session.execute(insert(VatRate).on_conflict_do_nothing(), rates)
    session.execute(insert(Provider).on_conflict_do_nothing(), list(PROVIDERS))
    session.execute(insert(Network).on_conflict_do_nothing(), list(NETWORKS))
    session.execute(insert(Quarantine).on_conflict_do_nothing(), list(QUARANTINE))
    session.execute(insert(SlotPattern).on_conflict_do_nothing(), list(SLOT_PATTERN))
    working_reference.load(session)
    session.execute(insert(Product).on_conflict_do_nothing(), _products())
    ids = {row.code: row.id for row in session.execute(select(Product.code, Product.id))}
    prices = [
        {
            "product_id": ids[price.product_code],
            "kind": price.kind,
            "segment": price.segment,
            "starts_on": price.starts_on,
            "ends_on": price.ends_on,
            "basis": price.basis,
            "net_price": price.net_price,
            "gross_price": price.gross_price,
        }
        for price in dated_prices()
    ]
    # The exclusion constraint is the key here: a price for a day that has one already is not put in.
    session.execute(insert(ProductPrice).on_conflict_do_nothing(), prices)


def _products() -> list[dict[str, object]]:
    return [
        {
            "code": product.code,
            "name": product.name,
            "kind": product.kind,
            "segments": [segment.value for segment in product.segments],
            "minimum_term_months": product.minimum_term_months,
            "care_level": product.care_level,
            "tariff_code": product.tariff_code,
            "nominal_code": product.nominal_code,
            "vat_code": product.vat_code,
            "needs_visit": product.needs_visit,
            "is_riding": product.is_riding,
            "is_orderable": product.is_orderable,
        }
        for product in PRODUCTS
    ]
