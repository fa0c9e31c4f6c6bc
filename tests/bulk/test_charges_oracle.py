"""Nights of billing over random histories in the database, against a slow obvious oracle that counts day by day.

Accounts of every cycle, segment and VAT status start and cease services, learn of it late and change their mind; nights
run between. In the end each service must have been charged what counting its days gives, to the penny for each period,
price and rate of VAT; and the books must balance.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from billing.checks import check_books
from billing.model import AccountCycle, BillLine
from css.core.calendar import billing_period_containing
from css.core.money import round_half_up
from css.core.words import BillFrequency, PriceKind, Segment, VatStatus
from css.db.engine import transaction
from css.master.accounts import Account
from css.master.lines import Line
from css.master.products import ProductPrice
from css.master.reference import PARTNER
from css.master.services import Service
from tests import builders
from tests.records.billed import night

BEGINS = date(2026, 1, 10)
NIGHTS = 14
ACCOUNTS = 12
FEATURES = ("CALLER-DISPLAY", "CALL-WAITING", "VOICEMAIL-1571")
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Charged:
    """Under which figures may meet."""

    service_id: int
    period_starts_on: date
    price_id: int
    category: str


def _account(session: Session, zz: builders.BuiltDistrict, dice: random.Random) -> builders.BuiltAccount:
    segment = dice.choice(list(Segment))
    others: dict[str, Any] = {
        "cycle_day": dice.randint(1, 31),
        "frequency": dice.choice(list(BillFrequency)),
        "cycle_month_group": dice.randint(1, 3),
    }
    if segment is Segment.WHOLESALE:
        others |= {"provider_code": PARTNER, "vat_status": VatStatus.REVERSE_CHARGE, "vat_number": "GB999999931"}
    elif dice.random() < 0.2:
        others |= {"vat_status": VatStatus.EXEMPT}
    return builders.account(session, zz, **({"segment": segment} | others))


def _happen(session: Session, zz: builders.BuiltDistrict, today: date, dice: random.Random) -> None:
    """What a day brings to each line: a feature added, now or long ago; features ended so; a cease put right; a line ended."""
    for account, line in session.execute(select(Account, Line).join(Line, Line.account_id == Account.id)).all():
        services = list(session.execute(select(Service).where(Service.line_id == line.id)).scalars())
        main = next(service for service in services if service.care_level is not None)
        features = [service for service in services if service is not main]
        working = [service for service in services if service.ends_on is None]
        what = dice.randint(0, 9)
        if what < 3 and main in working:
            _add_feature(session, zz, account, services, today, dice)
        elif what < 6:
            _end([service for service in working if service is not main], today, dice.randint(0, 50))
        elif what < 8 and main in working:
            for service in features:
                service.ends_on = service.end_recorded_on = None
        elif dice.random() < 0.1:
            _end(working, today, 0)
    session.flush()


def _add_feature(
    session: Session, zz: builders.BuiltDistrict, account: Account, services: list[Service], today: date, dice: random.Random
) -> None:
    code = dice.choice(FEATURES)
    if all(service.product_id != builders.product_id(session, code) for service in services):
        starts_on = max(services[0].starts_on, today - timedelta(days=dice.randint(0, 40)))
        to = builders.built_account(session, account.number, "")
        added = builders.service(session, services[0].line_id, to, code, where=zz, starts_on=starts_on)
        session.execute(update(Service).where(Service.id == added).values(start_recorded_on=today, care_level=None))


def _end(services: list[Service], today: date, days_ago: int) -> None:
    for service in services:
        service.ends_on, service.end_recorded_on = max(service.starts_on, today - timedelta(days=days_ago)), today


def _should_be(session: Session) -> dict[Charged, int]:
    """Pence by counting every day of every service up to where its account is charged."""
    prices: dict[tuple[int, str], list[ProductPrice]] = defaultdict(list)
    for price in session.execute(select(ProductPrice).where(ProductPrice.kind == PriceKind.RENTAL)).scalars():
        prices[price.product_id, price.segment].append(price)
    exact: dict[Charged, Fraction] = defaultdict(Fraction)
    rows = session.execute(
        select(Service, Account, AccountCycle)
        .join(Account, Account.id == Service.account_id)
        .join(AccountCycle, AccountCycle.account_id == Service.account_id)
        .where(AccountCycle.usage_billed_through.is_not(None))
    ).all()
    for service, account, cycle in rows:
        seen = cycle.usage_billed_through
        if seen is None or service.start_recorded_on > seen:
            continue
        known_end = service.ends_on if service.end_recorded_on is not None and service.end_recorded_on <= seen else None
        until = min(known_end or date.max, cycle.next_bill_on)
        category = {"exempt": "E", "reverse-charge": "AE"}.get(account.vat_status, "S")
        day = service.starts_on
        while day < until:
            period = billing_period_containing(day, account.cycle_day, account.frequency.months, account.cycle_month_group)
            (price,) = (
                one
                for one in prices[service.product_id, account.segment]
                if one.starts_on <= day and (one.ends_on is None or day < one.ends_on)
            )
            key = Charged(service.id, period.starts_on, price.id, category)
            exact[key] += Fraction(price.net_price.millionths, 1_000_000) * account.frequency.months * service.quantity / period.days
            day += ONE_DAY
    return {key: pence for key, pence in ((key, round_half_up(amount)) for key, amount in exact.items()) if pence}


def _was(session: Session) -> dict[Charged, int]:
    sums: dict[Charged, int] = defaultdict(int)
    for line in session.execute(select(BillLine).where(BillLine.rental_period_starts_on.is_not(None))).scalars():
        assert line.service_id is not None
        assert line.product_price_id is not None
        assert line.rental_period_starts_on is not None
        sums[Charged(line.service_id, line.rental_period_starts_on, line.product_price_id, line.vat_category)] += line.net.pence
    return {key: pence for key, pence in sums.items() if pence}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_histories_are_charged_what_counting_days_gives(fresh_engine: Engine, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a story, not a secret
    today = BEGINS
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=BEGINS, pairs=ACCOUNTS, sites=ACCOUNTS)
        for _ in range(ACCOUNTS):
            account = _account(session, zz, dice)
            starts_on = BEGINS + timedelta(days=dice.randint(0, 25))
            builders.working_line(session, zz, account, starts_on=starts_on, care_level="1")
    for _ in range(NIGHTS):
        today += timedelta(days=dice.randint(1, 25))
        with transaction(fresh_engine) as session:
            session.execute(text("UPDATE css.business_date SET current_on = :today"), {"today": today})
            _happen(session, zz, today, dice)
        with transaction(fresh_engine) as session:
            night(session, today, tmp_path)
            session.execute(text("UPDATE billing.bill SET state = 'calculated' WHERE state = 'held'"))
        with transaction(fresh_engine) as session:
            assert check_books(session, "ZZ") == ()
    # A quarter without news, so that every account is billed on what is known now; those held before it, a night later.
    for quiet in (100, 101):
        with transaction(fresh_engine) as session:
            night(session, today + timedelta(days=quiet), tmp_path)
    with transaction(fresh_engine) as session:
        assert _was(session) == _should_be(session)
        corrections = session.execute(text("SELECT count(*) FROM billing.bill_line WHERE corrects_line_id IS NOT NULL")).scalar_one()
    assert corrections > 10, "a history that never changes its mind proves little"
