"""The reference data: loaded once however often, whole for every day of the book, and safe to show."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from stdnum.gb import vat

from css.core.address import is_sample_postcode
from css.core.money import Percent, Price
from css.core.pricing import vat_percent_on
from css.core.words import PriceBasis, PriceKind, Segment, VatCode
from css.master.price_list import BOOK_OPENS, PRODUCTS, DatedPrice, dated_prices
from css.master.products import Product, ProductPrice, VatRate, price_on, vat_rates
from css.master.providers import Provider
from css.master.reference import load
from css.master.working_calendars import CareLevelTerms, WorkingCalendar, WorkingSpan
from css.master.working_reference import CARE_LEVELS
from tests.builders import product_id


def test_loading_again_changes_nothing(session: Session) -> None:
    def counted() -> list[int]:
        return [
            session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (VatRate, Product, ProductPrice, Provider, WorkingCalendar, WorkingSpan, CareLevelTerms)
        ]

    before = counted()
    load(session)
    assert counted() == before
    assert min(before) > 0


@pytest.mark.parametrize(
    ("day", "percent"),
    [
        (date(1979, 6, 18), "15"),
        (date(1991, 3, 31), "15"),
        (date(1991, 4, 1), "17.5"),
        (date(2008, 11, 30), "17.5"),
        (date(2008, 12, 1), "15"),
        (date(2009, 12, 31), "15"),
        (date(2010, 1, 1), "17.5"),
        (date(2011, 1, 3), "17.5"),
        (date(2011, 1, 4), "20"),
        (date(2026, 3, 2), "20"),
    ],
)
def test_vat_is_that_of_the_day(session: Session, day: date, percent: str) -> None:
    assert vat_percent_on(vat_rates(session), VatCode.STANDARD, day) == Percent.of(percent)


def test_a_quoted_price_stands_while_the_rate_of_vat_moves_the_other_figure(session: Session) -> None:
    """£12.00 with VAT in it across 4 January 2011, from 17.5% to 20%; £13.75 without."""
    homes, firms = product_id(session, "LINE-RES"), product_id(session, "LINE-BUS")
    before, after = (price_on(session, homes, PriceKind.RENTAL, Segment.RESIDENTIAL, day) for day in (date(2011, 1, 3), date(2011, 1, 4)))
    assert before is not None
    assert after is not None
    assert (before.basis, before.gross_price, before.net_price) == (PriceBasis.GROSS, Price.of(1200), Price.of("1021.276596"))
    assert (after.gross_price, after.net_price) == (Price.of(1200), Price.of(1000))
    assert before.ends_on == after.starts_on == date(2011, 1, 4)
    quoted_net = price_on(session, firms, PriceKind.RENTAL, Segment.BUSINESS, date(2011, 1, 3))
    assert quoted_net is not None
    assert (quoted_net.basis, quoted_net.net_price, quoted_net.gross_price) == (PriceBasis.NET, Price.of(1375), Price.of("1615.625"))


def test_line_rental_changes_on_the_first_of_april(session: Session) -> None:
    line = product_id(session, "LINE-RES")
    april = date(2026, 4, 1)
    before, after = (price_on(session, line, PriceKind.RENTAL, Segment.RESIDENTIAL, day) for day in (april - timedelta(1), april))
    assert before is not None
    assert after is not None
    assert (before.gross_price, after.gross_price) == (Price.of(2260), Price.of(2340))


def test_every_price_runs_from_the_opening_of_the_book_without_a_gap() -> None:
    def key(price: DatedPrice) -> tuple[str, str, str]:
        return (price.product_code, price.kind, price.segment)

    for _, group in groupby(dated_prices(), key):
        prices = list(group)
        assert prices[0].starts_on == BOOK_OPENS
        assert prices[-1].ends_on is None
        assert [price.ends_on for price in prices[:-1]] == [price.starts_on for price in prices[1:]]


def test_there_is_no_price_before_the_book_opens(session: Session) -> None:
    assert price_on(session, product_id(session, "LINE-RES"), PriceKind.RENTAL, Segment.RESIDENTIAL, date(2009, 9, 30)) is None


def test_what_is_no_supply_has_no_vat_in_it(session: Session) -> None:
    fee = price_on(session, product_id(session, "LATE-PAYMENT"), PriceKind.ONE_OFF, Segment.RESIDENTIAL, date(2026, 3, 2))
    assert fee is not None
    assert fee.net_price == fee.gross_price == Price.of(750)


def test_care_levels_on_sale_are_those_there_are() -> None:
    assert {product.care_level for product in PRODUCTS if product.care_level} <= {level.code for level in CARE_LEVELS}


def test_providers_may_be_shown(session: Session) -> None:
    providers = session.execute(select(Provider)).scalars().all()
    assert [provider.code for provider in providers if provider.is_own_retail] == ["RETAIL"]
    for provider in providers:
        assert is_sample_postcode(provider.postcode)
        # The 999 999 9xx block: well formed for the rules of e-invoices, given to nobody.
        assert provider.vat_number is not None
        assert provider.vat_number.startswith("GB9999999")
        assert vat.is_valid(provider.vat_number)
