"""Prices laid over prices, rates of VAT announced, minimum terms broken, promotions: charged by difference, seen from the next cut on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from billing.actions.prices import announce_vat_rate, set_product_price
from billing.terms_commands import AnnounceVatRate, ProductPriceSet, SetProductPrice, VatRateAnnounced
from css.core.actor import Actor
from css.core.calendar import ONE_DAY
from css.core.errors import CssError, Refused
from css.core.money import Money, Percent, Price
from css.core.words import PriceKind, ProductKind, Role, Segment, VatCode
from css.db.engine import transaction
from css.master.accounts import AccountPromotion
from css.master.districts import roll_business_date
from css.master.products import Product, price_on, vat_rates
from css.master.queries import product_prices, products
from css.master.reference import RETAIL
from css.master.services import Service
from tests import builders
from tests.race import until_somebody_waits
from tests.records.billed import at, begin, bills, cease, finish, lines, night

START = date(2026, 1, 15)
FEBRUARY, MARCH, APRIL = date(2026, 2, 5), date(2026, 3, 5), date(2026, 4, 5)
BILLING = Actor("operator", "BILL1", RETAIL, frozenset({Role.BILLING.value}))
HOME = Segment.RESIDENTIAL


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


@pytest.fixture
def home(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    """A residential line from 15 January on an account billed on the 5th: 1883.333333 pence net; from April 1950."""
    account = builders.account(session, zz, cycle_day=5)
    return builders.working_line(session, zz, account, starts_on=START)


def priced(session: Session, pence: str, starts_on: date, on: date, **others: object) -> ProductPriceSet:
    roll_business_date(session, "ZZ", to=on)
    fields: dict[str, Any] = {"product_code": "line-res", "segment": HOME, "price": Price.of(pence), "starts_on": starts_on}
    return set_product_price(session, SetProductPrice(**{"reason": "Slip in the list."} | fields | others), by=BILLING, at=at(on))


def announced(session: Session, rate: str, starts_on: date, on: date, **others: object) -> VatRateAnnounced:
    roll_business_date(session, "ZZ", to=on)
    fields: dict[str, Any] = {"code": VatCode.STANDARD, "percent": Percent.of(rate), "starts_on": starts_on, "reason": "The budget."}
    return announce_vat_rate(session, AnnounceVatRate(**fields | others), by=BILLING, at=at(on))


# --- prices ---------------------------------------------------------------------------------------------------------


def test_a_price_from_a_day_in_the_past_corrects_the_days_it_changes(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    answer = priced(session, "2400", date(2026, 1, 20), date(2026, 2, 10))
    # Quoted with VAT like the one before it, and up to the next price on the list.
    (row,) = answer.rows
    assert (row.starts_on, row.ends_on, row.net_price, row.gross_price) == (
        date(2026, 1, 20),
        date(2026, 4, 1),
        Price.of(2000),
        Price.of(2400),
    )
    night(session, MARCH)
    second = bills(session, home.account)[1]
    # 15 to 19 January at the old price are 303.76, so 16 of the 21 days go back: 304 - 1276; at the new one they cost 1032.26.
    assert lines(session, second) == [
        ("Residential line", 2000),
        ("Residential line, credit for 16 of 31 days", -972),
        ("Residential line, 16 of 31 days", 1032),
        ("Residential line, credit for 28 of 28 days", -1883),
        ("Residential line, 27 of 31 days", 1742),
        ("Residential line, 4 of 31 days", 252),
    ]
    # Laid once more over some of those days: only they are corrected, in the middle of a charge that stands.
    priced(session, "1800", date(2026, 2, 10), date(2026, 3, 10), ends_on=date(2026, 2, 20))
    night(session, APRIL)
    third = bills(session, home.account)[2]
    # 10 of 28 days: 714.29 of 2000 go back, 535.71 of 1500 are charged.
    assert lines(session, third)[1:] == [
        ("Residential line, credit for 10 of 28 days", -714),
        ("Residential line, 10 of 28 days", 536),
    ]


def test_a_cut_that_is_frozen_does_not_see_a_price_or_a_rate(session: Session, home: builders.BuiltLine) -> None:
    run_id = begin(session, FEBRUARY)
    priced(session, "2400", date(2026, 1, 20), date(2026, 2, 6))
    announced(session, "15", date(2026, 2, 10), date(2026, 2, 6))
    finish(session, run_id, FEBRUARY)
    (first,) = bills(session, home.account)
    assert lines(session, first) == [("Residential line", 1883), ("Residential line, 21 of 31 days", 1276)]
    assert first.invoice_vat == Money(632)
    # The next one does: 5 of 28 days at 20%, 23 at 15% with another net price.
    night(session, MARCH)
    assert ("Residential line, 23 of 28 days", 1714) in lines(session, bills(session, home.account)[1])


def test_a_price_without_a_next_one_is_for_good_and_is_seen_wherever_a_price_is_read(session: Session, zz: builders.BuiltDistrict) -> None:
    answer = priced(session, "2500", date(2026, 5, 1), START)
    assert [row.ends_on for row in answer.rows] == [None]
    line_id = builders.product_id(session, "LINE-RES")
    seen = [price_on(session, line_id, PriceKind.RENTAL, HOME, day) for day in (date(2026, 4, 30), date(2026, 5, 1))]
    assert [row.gross_price for row in seen if row] == [Price.of(2340), Price.of(2500)]
    (offered,) = [one for one in products(session, HOME, date(2026, 5, 1)) if one.code == "LINE-RES"]
    assert [one.gross_price for one in offered.prices if one.kind is PriceKind.RENTAL] == [Price.of(2500)]
    (card,) = product_prices(session, "LINE-RES")
    assert [(one.recorded_on, one.reason) for one in card.prices if one.recorded_on] == [(START, "Slip in the list.")]
    with pytest.raises(Refused) as same:
        priced(session, "2500", date(2026, 5, 1), START)
    assert same.value.code == "CSS737E"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"product_code": "NOTHING"}, "CSS731E"),
        ({"ends_on": START}, "CSS732E"),
        ({"price": Price.of(-1)}, "CSS733E"),
        ({"reason": " "}, "CSS734E"),
        ({"segment": Segment.BUSINESS}, "CSS735E"),
        ({"kind": PriceKind.ONE_OFF}, "CSS735E"),
        ({"kind": PriceKind.CONNECTION, "starts_on": START - ONE_DAY}, "CSS736E"),
    ],
)
def test_what_is_wrong_with_a_price_is_told(session: Session, zz: builders.BuiltDistrict, fields: dict[str, Any], code: str) -> None:
    with pytest.raises(CssError) as refusal:
        priced(session, "2400", **{"starts_on": START, "on": START} | fields)
    assert refusal.value.code == code


def test_of_two_who_set_a_price_at_once_the_second_sees_the_first(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        builders.district(session, on=START)

    command = SetProductPrice(product_code="LINE-RES", segment=HOME, price=Price.of(2500), starts_on=date(2026, 5, 1), reason="A rise.")

    def set_it() -> ProductPriceSet:
        with transaction(fresh_engine) as session:
            return set_product_price(session, command, by=BILLING, at=at(START))

    with ThreadPoolExecutor(1) as pool:
        with transaction(fresh_engine) as session:
            set_product_price(session, command, by=BILLING, at=at(START))
            second = pool.submit(set_it)
            until_somebody_waits(fresh_engine)
        with pytest.raises(Refused) as refusal:
            second.result()
    assert refusal.value.code == "CSS737E"
    with transaction(fresh_engine) as session:
        assert session.execute(text("SELECT count(*) FROM css.product_price WHERE recorded_on IS NOT NULL")).scalar() == 1


# --- rates of VAT ---------------------------------------------------------------------------------------------------


def test_a_rate_announced_changes_net_prices_that_were_quoted_with_vat(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    answer = announced(session, "17.5", date(2026, 3, 15), date(2026, 2, 10))
    assert answer.prices > 50
    line_id = builders.product_id(session, "LINE-RES")
    price = price_on(session, line_id, PriceKind.RENTAL, HOME, date(2026, 3, 15))
    assert price is not None
    assert (price.net_price, price.gross_price, price.ends_on) == (Price.of("1923.404255"), Price.of(2260), date(2026, 4, 1))
    bus = price_on(session, builders.product_id(session, "LINE-BUS"), PriceKind.RENTAL, Segment.BUSINESS, date(2026, 3, 15))
    assert bus is not None
    assert (bus.net_price, bus.gross_price) == (Price.of(2550), Price.of("2996.25"))
    night(session, MARCH)
    second = bills(session, home.account)[1]
    # 10 of 31 days at 20%: 607.53; 17 at 17.5%: 1054.77; 4 from April at 1991.489362: 256.97.
    assert lines(session, second) == [
        ("Residential line, 10 of 31 days", 608),
        ("Residential line, 17 of 31 days", 1055),
        ("Residential line, 4 of 31 days", 257),
    ]
    # 608 at 20% are 121.6, 1312 at 17.5% are 229.6.
    assert second.invoice_vat == Money(122 + 230)
    # Put off: the day between has the old rate again.
    announced(session, "20", date(2026, 3, 15), date(2026, 3, 10))
    announced(session, "17.5", date(2026, 3, 16), date(2026, 3, 10))
    standard = [(row.starts_on, str(row.percent)) for row in vat_rates(session) if row.code is VatCode.STANDARD][-3:]
    assert standard == [(date(2011, 1, 4), "20"), (date(2026, 3, 15), "20"), (date(2026, 3, 16), "17.5")]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"starts_on": START}, "CSS739E"),
        ({"percent": Percent.of("100.01")}, "CSS738E"),
        ({"percent": Percent.of(20)}, "CSS737E"),
        ({"code": VatCode.ZERO}, "CSS740E"),
        ({"reason": ""}, "CSS734E"),
    ],
)
def test_what_is_wrong_with_a_rate_is_told(session: Session, zz: builders.BuiltDistrict, fields: dict[str, Any], code: str) -> None:
    with pytest.raises(CssError) as refusal:
        announced(session, "17.5", **{"starts_on": date(2026, 3, 1), "on": START} | fields)
    assert refusal.value.code == code


# --- minimum terms --------------------------------------------------------------------------------------------------


def bound(session: Session, line: builders.BuiltLine, until: date) -> None:
    session.execute(update(Service).where(Service.id == line.service_id).values(minimum_term_ends_on=until))


def test_a_broken_minimum_term_is_charged_and_put_right_by_difference(session: Session, home: builders.BuiltLine) -> None:
    bound(session, home, date(2027, 1, 15))
    night(session, FEBRUARY)
    cease(session, home, date(2026, 2, 20))
    night(session, date(2026, 2, 20))
    final = bills(session, home.account)[1]
    # From 20 February to 14 January: ten months, and 26 of the 31 days from 20 December, at 750 net: 8129.03.
    assert lines(session, final)[1] == (
        "Early end of Residential line: 10 months and 26 of 31 days of the minimum term left, at £7.50 a month",
        8129,
    )
    # It had ended on 15 February already, as is learned later: eleven whole months.
    session.execute(
        update(Service).where(Service.id == home.service_id).values(ends_on=date(2026, 2, 15), end_recorded_on=date(2026, 2, 25))
    )
    session.execute(text("UPDATE billing.account_cycle SET is_finished = FALSE"))
    night(session, date(2026, 2, 25))
    more = bills(session, home.account)[2]
    assert ("Early end of Residential line, amount put right", 8250 - 8129) in lines(session, more)


def test_a_service_that_moves_breaks_no_term(session: Session, zz: builders.BuiltDistrict, home: builders.BuiltLine) -> None:
    bound(session, home, date(2027, 1, 15))
    night(session, FEBRUARY)
    cease(session, home, date(2026, 2, 20))
    builders.working_line(session, zz, home.account, starts_on=date(2026, 2, 21))
    night(session, MARCH)
    assert not [words for words, _ in lines(session, bills(session, home.account)[1]) if "Early end" in words]


# --- promotions -----------------------------------------------------------------------------------------------------


def test_a_promotion_is_credited_by_the_day_until_its_end(session: Session, home: builders.BuiltLine) -> None:
    product = Product(
        code="LOYAL-5",
        name="Loyalty credit",
        kind=ProductKind.PROMOTION,
        segments=["residential"],
        nominal_code="DISCOUNTS",
        vat_code=VatCode.STANDARD,
    )
    session.add(product)
    session.flush()
    priced(session, "-600", date(2026, 1, 1), START, product_code="LOYAL-5")
    session.add(
        AccountPromotion(
            account_id=home.account.id,
            line_id=home.id,
            product_id=product.id,
            starts_on=date(2026, 1, 25),
            ends_on=date(2026, 3, 15),
            start_recorded_on=date(2026, 1, 25),
            reason="Stayed.",
            given_by="BILL1",
        )
    )
    session.flush()
    night(session, FEBRUARY)
    (first,) = bills(session, home.account)
    # 11 of 31 days of 500 net are 177.42, and a month ahead.
    assert [one for one in lines(session, first) if "Loyalty" in one[0]] == [
        ("Loyalty credit", -500),
        ("Loyalty credit, 11 of 31 days", -177),
    ]
    # Taken away on 1 March, learned on the 3rd: 4 of the 28 days charged ahead are taken back; nothing more is given.
    given = session.execute(select(AccountPromotion)).scalar_one()
    given.ended_on, given.end_recorded_on = date(2026, 3, 1), date(2026, 3, 3)
    session.flush()
    night(session, MARCH)
    second = bills(session, home.account)[1]
    assert [one for one in lines(session, second) if "Loyalty" in one[0]] == [("Loyalty credit, taken back for 4 of 28 days", 71)]
