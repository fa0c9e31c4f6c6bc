"""What the options on the price list take off calls: the reference benefits, each of one product.

Inclusive minutes and friends are for calls to UK landlines and 03 numbers, which count like landlines (domain rule); minutes
for mobiles too. Friends and family is what it was in its day: 10% off up to fifteen numbers and 20% off the best one.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from billing.model import Benefit, BenefitStep
from billing.words import BenefitKind, BenefitScope
from css.core.money import Money, Percent
from css.master.price_list import BOOK_OPENS
from css.master.products import Product

LANDLINES: Final = ("GEO", "UKW")
ORDINARY: Final = (*LANDLINES, "MOB")
ABROAD: Final = ("INT1", "INT2", "INT3")

BENEFITS: Final[tuple[dict[str, Any], ...]] = (
    {
        "code": "MINUTES-100",
        "kind": BenefitKind.ALLOWANCE,
        "scope": BenefitScope.LINE,
        "words": "100 inclusive minutes",
        "charge_classes": ORDINARY,
        "allowance_seconds": 100 * 60,
    },
    {
        "code": "MINUTES-500",
        "kind": BenefitKind.ALLOWANCE,
        "scope": BenefitScope.ACCOUNT,
        "words": "500 shared inclusive minutes",
        "charge_classes": ORDINARY,
        "allowance_seconds": 500 * 60,
        "rollover_months": 1,
    },
    {
        "code": "FRIENDS",
        "kind": BenefitKind.FRIENDS,
        "scope": BenefitScope.LINE,
        "words": "Friends and family",
        "charge_classes": LANDLINES,
        "percent": Percent.of(10),
        "best_percent": Percent.of(20),
        "numbers_max": 15,
    },
    {
        "code": "INTL-25",
        "kind": BenefitKind.OPTION,
        "scope": BenefitScope.ACCOUNT,
        "words": "International option, 25% off",
        "charge_classes": ABROAD,
        "percent": Percent.of(25),
    },
    {
        "code": "VOLUME-BUS",
        "kind": BenefitKind.VOLUME,
        "scope": BenefitScope.GROUP,
        "words": "Volume discount",
        "charge_classes": (*ORDINARY, *ABROAD),
        "is_graduated": True,
    },
)
"""Each is given by the product of the same code, for calls from the opening of the price list on."""
_WITHOUT: Final = {
    "bands": None,
    "allowance_seconds": None,
    "rollover_months": 0,
    "percent": None,
    "best_percent": None,
    "numbers_max": None,
    "is_graduated": False,
}
STEPS: Final[dict[str, tuple[tuple[Money, Percent], ...]]] = {
    "VOLUME-BUS": (
        (Money(20_00), Percent.of(5)),
        (Money(100_00), Percent.of(10)),
        (Money(500_00), Percent.of(15)),
    ),
}


def load_benefits(session: Session) -> None:
    """Put them into a database; a benefit that is there already stays as it is, so a second time changes nothing."""
    there = set(session.execute(select(Benefit.code)).scalars())
    products = {row.code: row.id for row in session.execute(select(Product.code, Product.id))}
    new = [benefit for benefit in BENEFITS if benefit["code"] not in there]
    rows = [{**_WITHOUT, **benefit, "product_id": products[benefit["code"]], "starts_on": BOOK_OPENS} for benefit in new]
    if not rows:
        return
    made = session.execute(insert(Benefit).returning(Benefit.id, Benefit.code), rows).all()
    steps = [
        {"benefit_id": row.id, "from_amount": amount, "percent": percent} for row in made for amount, percent in STEPS.get(row.code, ())
    ]
    if steps:
        session.execute(insert(BenefitStep), steps)
