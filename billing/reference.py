"""The reference tariffs: what a fresh district charges for calls until somebody loads a tariff of their own.

Two retail tariffs over the same prefixes, each of two bands: evening and weekend cost alike. ``RES`` is for homes and
publishes its prices with VAT in them; ``BUS`` is for firms and publishes them without. From 1 July 2015 both charge for
access alone where 084, 087, 09 and 118 are called, and ``SVC`` adds the service charge of the number called, which is the
same for everybody. ``WHS`` is what the network charges a provider for the same calls, by the second.

Landline and 03 calls of ``RES`` cost what BT's published prices were on each side of 1 April 2010, with the daytime of each
side, and the service charges are within the regulator's caps (domain rules); the other figures are plausible, not
anybody's. The ids are only numbers in order: whoever stores the book gives its own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.actions.tariffs import store_book
from billing.model import Tariff
from billing.reference_benefits import load_benefits
from billing.reference_ledger import load_ledger
from billing.reference_prices import (
    ACCESS_CLASSES,
    FIRMS,
    FIRMS_FROM_JULY_2015,
    HOMES_FROM_APRIL_2010,
    HOMES_FROM_JULY_2015,
    HOMES_TO_MARCH_2010,
    NETWORK,
    call_rates,
    service_rates,
)
from billing.rules.tariff import TariffBook, TariffVersion
from billing.words import Boundary, TariffKind
from css.core.calendar import Period
from css.core.money import Percent
from css.core.pricing import VatRow
from css.core.words import PriceBasis, VatCode

RESIDENTIAL_TARIFF: Final = "RES"
BUSINESS_TARIFF: Final = "BUS"
SERVICE_TARIFF: Final = "SVC"
WHOLESALE_TARIFF: Final = "WHS"
TARIFF_NAMES: Final = {
    RESIDENTIAL_TARIFF: "Evening and Weekend for homes",
    BUSINESS_TARIFF: "Standard for firms",
    SERVICE_TARIFF: "Service charges",
    WHOLESALE_TARIFF: "Wholesale calls",
}

AUTUMN_2009: Final = date(2009, 10, 1)
APRIL_2010: Final = date(2010, 4, 1)
"""When the day began to run from seven to seven, and the prices of homes rose."""
JULY_2015: Final = date(2015, 7, 1)
"""When the price of calls to 084, 087, 09 and 118 was taken apart into access charge and service charge."""

VAT_STANDARD: Final = tuple(
    VatRow(number, VatCode.STANDARD, starts_on, ends_on, Percent.of(percent))
    for number, (starts_on, ends_on, percent) in enumerate(
        (
            (date(1991, 4, 1), date(2008, 12, 1), "17.5"),
            (date(2008, 12, 1), date(2010, 1, 1), "15"),
            (date(2010, 1, 1), date(2011, 1, 4), "17.5"),
            (date(2011, 1, 4), None, "20"),
        ),
        start=1,
    )
)
"""The standard rate by date (domain rule). A district's own rates are rows of ``css.vat_rate``; these serve quotes and tests."""


def reference_book() -> TariffBook:
    """The whole of it, ready to store or to compile."""
    homes, firms, gross, net = RESIDENTIAL_TARIFF, BUSINESS_TARIFF, PriceBasis.GROSS, PriceBasis.NET
    first, second, third = Period(AUTUMN_2009, APRIL_2010), Period(APRIL_2010, JULY_2015), Period(JULY_2015)
    old_day, new_day = (time(6), time(18)), (time(7), time(19))
    return TariffBook(
        versions=(
            TariffVersion(1, homes, 1, first, gross, *old_day, tuple(call_rates(1, 60, HOMES_TO_MARCH_2010))),
            TariffVersion(2, homes, 2, second, gross, *new_day, tuple(call_rates(2, 60, HOMES_FROM_APRIL_2010))),
            TariffVersion(3, firms, 1, first, net, *old_day, tuple(call_rates(3, 6, FIRMS))),
            TariffVersion(4, firms, 2, second, net, *new_day, tuple(call_rates(4, 6, FIRMS))),
            # Some companies charge a bank holiday as a weekend (domain fact); ours does homes that kindness.
            TariffVersion(
                5,
                homes,
                3,
                third,
                gross,
                *new_day,
                tuple(call_rates(5, 60, HOMES_FROM_JULY_2015, ACCESS_CLASSES)),
                bank_holidays="england-and-wales",
                service_tariff_code=SERVICE_TARIFF,
            ),
            TariffVersion(
                6,
                firms,
                3,
                third,
                net,
                *new_day,
                tuple(call_rates(6, 6, FIRMS_FROM_JULY_2015, ACCESS_CLASSES)),
                service_tariff_code=SERVICE_TARIFF,
            ),
            TariffVersion(7, SERVICE_TARIFF, 1, third, gross, *new_day, tuple(service_rates(7)), kind=TariffKind.SERVICE),
            TariffVersion(
                8,
                WHOLESALE_TARIFF,
                1,
                Period(AUTUMN_2009),
                net,
                *new_day,
                tuple(call_rates(8, 1, NETWORK)),
                boundary=Boundary.SPLIT,
                kind=TariffKind.WHOLESALE,
            ),
        ),
        vat=VAT_STANDARD,
    )


def load(session: Session) -> None:
    """Put billing's reference data into a database; a second time changes nothing.

    A tariff that is there already is left as it is, whatever its versions: the price of a call is nobody's to change by
    bringing a database to a new release. Somebody loads the new version and a second person releases it.
    """
    load_ledger(session)
    load_benefits(session)
    there = set(session.execute(select(Tariff.code)).scalars())
    book = reference_book()
    store_book(session, replace(book, versions=tuple(one for one in book.versions if one.tariff_code not in there)), TARIFF_NAMES)
