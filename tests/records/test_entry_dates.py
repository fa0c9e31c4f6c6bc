"""Days that make no sense are refused where they are keyed, and refusals say one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billing.actions.adjustments import adjust_account, credit_bill_line
from billing.actions.groups import join_group
from billing.actions.prices import set_product_price
from billing.actions.statements import make_statement
from billing.credit_commands import AdjustAccount, CreditBillLine, JoinGroup, MakeStatement
from billing.terms_commands import SetProductPrice
from css.core.errors import CssError, Several
from css.core.money import ZERO, Money, Price
from css.core.words import Segment
from css.master.accounts import Account
from css.master.products import Product, ProductPrice
from tests import builders
from tests.records.billed import at, bills, night

START, FEBRUARY = date(2026, 1, 15), date(2026, 2, 5)


@pytest.fixture
def home(session: Session) -> builders.BuiltAccount:
    zz = builders.district(session, on=START, sites=6)
    account = builders.account(session, zz, cycle_day=5)
    builders.working_line(session, zz, account, starts_on=START)
    return account


def test_a_price_starts_neither_before_its_product_nor_longer_ago_than_bills_are_put_right(
    session: Session, home: builders.BuiltAccount
) -> None:
    assert home.id
    wanted = SetProductPrice(
        product_code="LINE-RES", segment=Segment.RESIDENTIAL, price=Price.of(2500), starts_on=date(1999, 4, 2), reason="x"
    )
    first = session.execute(
        select(ProductPrice.starts_on).join(Product).where(Product.code == "LINE-RES").order_by(ProductPrice.starts_on).limit(1)
    ).scalar_one()
    for day in (date(1999, 4, 2), date(first.year - 1, 12, 31), date(2020, 1, 14)):
        with pytest.raises(CssError) as refusal:
            set_product_price(session, replace(wanted, starts_on=day), by=builders.OPERATOR, at=at(START))
        assert refusal.value.code == "CSS748E"
    session.execute(update(ProductPrice).where(ProductPrice.starts_on == first).values(starts_on=date(2000, 1, 1)))
    with pytest.raises(CssError, match="on 2020-01-15 or later"):
        set_product_price(session, replace(wanted, starts_on=date(2020, 1, 14)), by=builders.OPERATOR, at=at(START))
    assert set_product_price(session, replace(wanted, starts_on=date(2020, 1, 15)), by=builders.OPERATOR, at=at(START)).rows


def test_nothing_is_charged_or_stated_for_days_before_the_account_was_opened(session: Session, home: builders.BuiltAccount) -> None:
    supply = AdjustAccount(account_number=home.number, amount=Money(1200), nominal_code="VISITS", words="Socket", reason="Asked")
    with pytest.raises(CssError, match="was opened on 2026-01-15") as refusal:
        adjust_account(session, replace(supply, occurs_on=date(2019, 1, 1)), by=builders.OPERATOR, at=at(START))
    assert refusal.value.code == "CSS809E"
    with pytest.raises(CssError, match="was opened on 2026-01-15") as refusal:
        make_statement(session, MakeStatement(account_number=home.number, starts_on=date(2026, 1, 14)), by=builders.OPERATOR, at=at(START))
    assert refusal.value.code == "CSS814E"
    assert adjust_account(session, replace(supply, occurs_on=START), by=builders.OPERATOR, at=at(START)).net == Money(1200)
    made = make_statement(session, MakeStatement(account_number=home.number, starts_on=START), by=builders.OPERATOR, at=at(START))
    assert made.statement_id


def test_each_wrong_amount_has_its_own_words(session: Session, home: builders.BuiltAccount) -> None:
    supply = AdjustAccount(account_number=home.number, amount=ZERO, nominal_code="VISITS", words="Socket", reason="Asked")
    with pytest.raises(CssError, match="a charge is positive, a credit negative") as refusal:
        adjust_account(session, supply, by=builders.OPERATOR, at=at(START))
    assert refusal.value.code == "CSS804E"
    night(session, FEBRUARY)
    number = bills(session, home)[0].number or ""
    whole = CreditBillLine(bill_number=number, amount=Money(100), reason="Fault")
    with pytest.raises(CssError, match="credited whole"):
        credit_bill_line(session, whole, by=builders.OPERATOR, at=at(FEBRUARY))
    with pytest.raises(CssError, match="more than nothing"):
        credit_bill_line(session, replace(whole, line_number=1, amount=ZERO), by=builders.OPERATOR, at=at(FEBRUARY))


def test_an_account_that_joins_itself_reads_one_sentence(session: Session, home: builders.BuiltAccount) -> None:
    other = builders.account(session, cycle_day=5)
    session.execute(update(Account).where(Account.id == home.id).values(group_account_id=other.id))
    with pytest.raises(CssError, match="its own group") as refusal:
        join_group(session, JoinGroup(account_number=home.number, group_account_number=home.number), by=builders.OPERATOR, at=at(START))
    assert not isinstance(refusal.value, Several)
