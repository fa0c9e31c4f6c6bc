"""Nights of billing over random histories in the database, against a slow obvious oracle that counts day by day.

Accounts of every cycle, segment and VAT status start and cease services, learn of it late and change their mind; cycles and
VAT statuses change, prices are laid over days long charged, a rate of VAT is announced, minimum terms are broken, credits
given and taken away, bills asked for between; nights run all the while. In the end each service must have been charged what
counting its days gives, to the penny for each period, price and rate of VAT; and the books must balance.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from billing.actions.account_terms import change_cycle, set_vat_status
from billing.actions.prices import announce_vat_rate, set_product_price
from billing.checks import check_books
from billing.model import AccountCycle, BillLine, BillRequest
from billing.terms_commands import AnnounceVatRate, ChangeCycle, SetProductPrice, SetVatStatus
from billing.words import BillKind, LineKind
from css.core.calendar import add_months, billing_period_containing
from css.core.errors import Refused
from css.core.money import Percent, Price, round_half_up
from css.core.words import BillFrequency, PriceKind, ProductKind, Segment, VatCode, VatStatus
from css.db.engine import transaction
from css.master.accounts import Account, AccountCycleTerm, AccountPromotion, AccountVatStatus
from css.master.lines import Line
from css.master.products import Product, ProductPrice, VatRate
from css.master.reference import PARTNER
from css.master.services import Service
from tests import builders
from tests.records.billed import at, night

BEGINS = date(2026, 1, 10)
NIGHTS = 12
ACCOUNTS = 10
FEATURES = ("CALLER-DISPLAY", "CALL-WAITING", "VOICEMAIL-1571")
ONE_DAY = timedelta(days=1)
BY = builders.SYSTEM


@dataclass(frozen=True)
class Charged:
    """Under which figures may meet. A broken term has no period."""

    service_id: int | None
    promotion_id: int | None
    period_starts_on: date | None
    price_id: int
    category: str
    basis_points: int


# --- what happens ---------------------------------------------------------------------------------------------------


def _account(session: Session, zz: builders.BuiltDistrict, dice: random.Random) -> builders.BuiltAccount:
    segment = dice.choice(list(Segment))
    others: dict[str, Any] = {"cycle_day": dice.randint(1, 31), "frequency": _often(dice), "cycle_month_group": dice.randint(1, 12)}
    if segment is Segment.WHOLESALE:
        others |= {"provider_code": PARTNER, "vat_status": VatStatus.REVERSE_CHARGE}
    elif dice.random() < 0.2:
        others |= {"vat_status": VatStatus.EXEMPT}
    return builders.account(session, zz, **({"segment": segment, "vat_number": "GB999999931"} | others))


def _often(dice: random.Random) -> BillFrequency:
    return dice.choices(list(BillFrequency), [6, 3, 1])[0]


def _happen(session: Session, zz: builders.BuiltDistrict, today: date, dice: random.Random) -> None:
    """What a day brings to each line: a feature added, now or long ago; features ended so; a cease put right; a line ended."""
    for account, line in session.execute(select(Account, Line).join(Line, Line.account_id == Account.id).order_by(Account.id)).all():
        services = list(session.execute(select(Service).where(Service.line_id == line.id).order_by(Service.id)).scalars())
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
        _change_terms(session, account, line, today, dice)
    for _ in range(dice.randint(0, 2)):
        _lay_price(session, today, dice)


def _change_terms(session: Session, account: Account, line: Line, today: date, dice: random.Random) -> None:
    """How the account is billed changes; a verb that finds nothing to change refuses."""
    what = dice.randint(0, 14)
    day = max(account.opened_on, today - timedelta(days=dice.randint(0, 60)))
    with suppress(Refused):
        if what == 0:
            cycle = {"cycle_day": dice.randint(1, 31), "frequency": _often(dice), "cycle_month_group": dice.randint(1, 12)}
            change_cycle(session, ChangeCycle(account_number=account.number, **cycle), by=BY, at=at(today))  # type: ignore[arg-type]
        elif what == 1:
            status = dice.choice(list(VatStatus))
            command = SetVatStatus(account_number=account.number, vat_status=status, starts_on=day, reason="A letter came.")
            set_vat_status(session, command, by=BY, at=at(today))
        elif what == 2:
            _promise(session, account, line, today, dice)
        elif what == 3:
            for given in session.execute(select(AccountPromotion).where(AccountPromotion.account_id == account.id)).scalars():
                given.ended_on = min(given.ends_on, max(given.starts_on, today - timedelta(days=dice.randint(0, 40))))
                given.end_recorded_on = today
        elif what == 4:
            asked = {"kind": BillKind.INTERIM, "reason": "Asked", "requested_on": today, "requested_by": "BILL1"}
            session.add(BillRequest(district_code=account.district_code, account_id=account.id, **asked))
    session.flush()


def _promise(session: Session, account: Account, line: Line, today: date, dice: random.Random) -> None:
    starts_on = max(account.opened_on, today - timedelta(days=dice.randint(-20, 30)))
    session.add(
        AccountPromotion(
            account_id=account.id,
            line_id=dice.choice([None, line.id]),
            product_id=builders.product_id(session, "LOYAL-5"),
            quantity=dice.randint(1, 2),
            starts_on=starts_on,
            ends_on=starts_on + timedelta(days=dice.randint(0, 150)),
            start_recorded_on=today,
            reason="Stayed.",
            given_by="BILL1",
        )
    )


def _lay_price(session: Session, today: date, dice: random.Random) -> None:
    if dice.random() < 0.1:
        percent = dice.choice(["15", "17.5", "20"])
        announced = AnnounceVatRate(
            code=VatCode.STANDARD, percent=Percent.of(percent), starts_on=today + timedelta(days=dice.randint(1, 90)), reason="The budget."
        )
        with suppress(Refused):
            announce_vat_rate(session, announced, by=BY, at=at(today))
        return
    code, segment = dice.choice([(code, segment) for code in FEATURES for segment in Segment] + [("LINE-RES", Segment.RESIDENTIAL)])
    starts_on = today + timedelta(days=dice.randint(-70, 40))
    ends_on = dice.choice([None, starts_on + timedelta(days=dice.randint(1, 60))])
    price = Price.of(f"{dice.randint(0, 3000)}.{dice.randint(0, 999999):06}")
    kind = dice.choice([PriceKind.RENTAL, PriceKind.RENTAL, PriceKind.TERMINATION])
    laid = SetProductPrice(
        product_code=code, segment=segment, kind=kind, price=price, starts_on=starts_on, ends_on=ends_on, reason="A slip."
    )
    with suppress(Refused):
        set_product_price(session, laid, by=BY, at=at(today))


def _add_feature(
    session: Session, zz: builders.BuiltDistrict, account: Account, services: list[Service], today: date, dice: random.Random
) -> None:
    code = dice.choice(FEATURES)
    if all(service.product_id != builders.product_id(session, code) for service in services):
        starts_on = max(services[0].starts_on, today - timedelta(days=dice.randint(0, 40)))
        to = builders.built_account(session, account.number, "")
        added = builders.service(session, services[0].line_id, to, code, where=zz, starts_on=starts_on)
        term = dice.choice([None, starts_on + timedelta(days=dice.randint(1, 400))])
        values = {"start_recorded_on": today, "care_level": None, "minimum_term_ends_on": term}
        session.execute(update(Service).where(Service.id == added).values(**values))


def _end(services: list[Service], today: date, days_ago: int) -> None:
    for service in services:
        service.ends_on, service.end_recorded_on = max(service.starts_on, today - timedelta(days=days_ago)), today


# --- what it should come to -----------------------------------------------------------------------------------------


class Rented(NamedTuple):
    """A service or a promotion, as it was known at the account's last cut."""

    service_id: int | None
    promotion_id: int | None
    product_id: int
    quantity: int
    starts_on: date
    ends_on: date | None
    term_ends_on: date | None


@dataclass
class Known:
    """Everything there is, to be asked for what was known at a cut."""

    prices: dict[tuple[int, PriceKind, str], list[ProductPrice]]
    rates: Sequence[VatRate]
    vat_codes: dict[int, VatCode]

    def price(self, product_id: int, kind: PriceKind, segment: str, day: date, seen: date) -> ProductPrice | None:
        found: ProductPrice | None = _on_top(self.prices.get((product_id, kind, segment), ()), day, seen)
        return found

    def tax(self, product_id: int, status: VatStatus, day: date, seen: date) -> tuple[str, int]:
        if status is not VatStatus.STANDARD:
            return ("E" if status is VatStatus.EXEMPT else "AE"), 0
        rate = _on_top((one for one in self.rates if one.code is self.vat_codes[product_id]), day, seen)
        assert rate is not None
        return "S", rate.percent.basis_points


def _on_top(rows: Iterable[Any], day: date, seen: date) -> Any:  # noqa: ANN401 - rows of two kinds
    """Of the rows that hold the day the one recorded last."""
    known = [
        one
        for one in rows
        if (one.recorded_on is None or one.recorded_on <= seen) and one.starts_on <= day and (one.ends_on is None or day < one.ends_on)
    ]
    return max(known, key=lambda one: (one.recorded_on or date.min, one.id), default=None)


def _said(log: Sequence[Any], day: date, seen: date) -> Any:  # noqa: ANN401 - rows of two logs
    """What a log says of a day: the row recorded last of those that start by then; before all of them the first."""
    known = sorted((one for one in log if one.recorded_on <= seen), key=lambda one: (one.recorded_on, one.id))
    return next((one for one in reversed(known) if one.starts_on <= day), known[0] if known else None)


def _last_start(log: Sequence[Any], day: date, seen: date) -> date:
    """From when the cycle of a day is in force; for the one the account began with from ever."""
    known = sorted((one for one in log if one.recorded_on <= seen), key=lambda one: (one.recorded_on, one.id))
    said = _said(log, day, seen)
    over = [one for one in known if one.starts_on <= said.starts_on]
    return said.starts_on if any(one.starts_on < said.starts_on for one in over) else date.min


def _should_be(session: Session) -> dict[Charged, int]:
    """Pence by counting every day of everything rented up to where its account is charged."""
    prices: dict[tuple[int, PriceKind, str], list[ProductPrice]] = defaultdict(list)
    for row in session.execute(select(ProductPrice)).scalars():
        prices[row.product_id, row.kind, row.segment].append(row)
    known = Known(
        prices,
        session.execute(select(VatRate)).scalars().all(),
        {row.id: row.vat_code for row in session.execute(select(Product)).scalars()},
    )
    cycles, statuses = _by_account(session, AccountCycleTerm), _by_account(session, AccountVatStatus)
    exact: dict[Charged, Fraction] = defaultdict(Fraction)
    for account, cycle in session.execute(select(Account, AccountCycle).join(AccountCycle, AccountCycle.account_id == Account.id)).all():
        seen = cycle.usage_billed_through
        if seen is None:
            continue
        rented = [*_rented(session, account.id, seen)]
        until = cycle.next_bill_on
        if all(one.ends_on is not None for one in rented if one.service_id is not None):
            # A final bill charges up to the last day of service, and a credit for every month goes no further.
            until = min(until, max(one.ends_on for one in rented if one.service_id is not None and one.ends_on is not None))
        for one in rented:
            day = one.starts_on
            while day < min(one.ends_on or date.max, until):
                said = _said(cycles[account.id], day, seen) or account
                months = BillFrequency(said.frequency).months
                period = billing_period_containing(day, said.cycle_day, months, said.cycle_month_group)
                begun = period.starts_on if said is account else max(period.starts_on, _last_start(cycles[account.id], day, seen))
                price = known.price(one.product_id, PriceKind.RENTAL, account.segment, day, seen)
                assert price is not None
                tax = known.tax(one.product_id, _status(statuses, account, day, seen), day, seen)
                key = Charged(one.service_id, one.promotion_id, begun, price.id, *tax)
                exact[key] += Fraction(price.net_price.millionths, 1_000_000) * months * one.quantity / period.days
                day += ONE_DAY
            if one.term_ends_on is not None and one.ends_on is not None and one.starts_on < one.ends_on < one.term_ends_on:
                price = known.price(one.product_id, PriceKind.TERMINATION, account.segment, one.ends_on, seen)
                if price is not None:
                    tax = known.tax(one.product_id, _status(statuses, account, one.ends_on, seen), one.ends_on, seen)
                    left = Fraction(price.net_price.millionths, 1_000_000) * one.quantity * _months(one.ends_on, one.term_ends_on)
                    exact[Charged(one.service_id, None, None, price.id, *tax)] += left
    return {key: pence for key, pence in ((key, round_half_up(amount)) for key, amount in exact.items()) if pence}


def _status(statuses: dict[int, list[Any]], account: Account, day: date, seen: date) -> VatStatus:
    said = _said(statuses[account.id], day, seen)
    return VatStatus(said.vat_status if said else account.vat_status)


def _months(starts_on: date, ends_on: date) -> Fraction:
    """Whole months, one after the other, and the days of the one that is not whole."""
    months = 0
    while add_months(starts_on, months + 1) <= ends_on:
        months += 1
    begun, over = add_months(starts_on, months), add_months(starts_on, months + 1)
    return months + Fraction((ends_on - begun).days, (over - begun).days)


def _by_account(session: Session, table: Any) -> dict[int, list[Any]]:  # noqa: ANN401 - two logs
    found: dict[int, list[Any]] = defaultdict(list)
    for row in session.execute(select(table)).scalars():
        found[row.account_id].append(row)
    return found


def _rented(session: Session, account_id: int, seen: date) -> Iterable[Rented]:
    for row in session.execute(select(Service).where(Service.account_id == account_id, Service.start_recorded_on <= seen)).scalars():
        known_end = row.ends_on if row.end_recorded_on is not None and row.end_recorded_on <= seen else None
        yield Rented(row.id, None, row.product_id, row.quantity, row.starts_on, known_end, row.minimum_term_ends_on)
    wanted = (AccountPromotion.account_id == account_id, AccountPromotion.start_recorded_on <= seen)
    for given in session.execute(select(AccountPromotion).where(*wanted)).scalars():
        taken = given.end_recorded_on is not None and given.end_recorded_on <= seen
        ends_on = given.ended_on if taken else given.ends_on
        yield Rented(None, given.id, given.product_id, given.quantity, given.starts_on, ends_on, None)


def _was(session: Session) -> dict[Charged, int]:
    sums: dict[Charged, int] = defaultdict(int)
    compared = (LineKind.RENTAL, LineKind.PART_PERIOD, LineKind.TERMINATION)
    for line in session.execute(select(BillLine).where(BillLine.kind.in_(compared))).scalars():
        assert line.product_price_id is not None
        key = (line.service_id, line.promotion_id, line.rental_period_starts_on, line.product_price_id)
        sums[Charged(*key, line.vat_category, line.vat_basis_points)] += line.net.pence
    return {key: pence for key, pence in sums.items() if pence}


@pytest.mark.parametrize("seed", [1, 2])
def test_random_histories_are_charged_what_counting_days_gives(fresh_engine: Engine, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a story, not a secret
    today = BEGINS
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=BEGINS, pairs=ACCOUNTS, sites=ACCOUNTS)
        _credit_product(session)
        for _ in range(ACCOUNTS):
            account = _account(session, zz, dice)
            starts_on = BEGINS + timedelta(days=dice.randint(0, 25))
            line = builders.working_line(session, zz, account, starts_on=starts_on, care_level="1")
            term = starts_on + timedelta(days=dice.randint(30, 400))
            session.execute(update(Service).where(Service.id == line.service_id).values(minimum_term_ends_on=term))
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
    # More than a year without news, so that every account is billed on what is known now; those held before it, a night later.
    for quiet in (100, 101, 470, 471):
        with transaction(fresh_engine) as session:
            night(session, today + timedelta(days=quiet), tmp_path)
            session.execute(text("UPDATE billing.bill SET state = 'calculated' WHERE state = 'held'"))
    with transaction(fresh_engine) as session:
        assert _was(session) == _should_be(session)
        counts = session.execute(
            text(
                "SELECT count(*) FILTER (WHERE corrects_line_id IS NOT NULL) AS corrections, count(promotion_id) AS promotions,"
                " count(*) FILTER (WHERE kind = 'termination') AS terminations FROM billing.bill_line"
            )
        ).one()
        changes = session.execute(
            text("SELECT (SELECT count(*) FROM css.account_cycle_term), (SELECT count(*) FROM css.account_vat_status)")
        ).one()
    assert min(counts) > 0, "a history in which nothing of that sort happens proves little"
    assert counts.corrections > 20
    assert min(changes) > 4


def _credit_product(session: Session) -> None:
    segments = [segment.value for segment in Segment]
    product = Product(
        code="LOYAL-5",
        name="Loyalty credit",
        kind=ProductKind.PROMOTION,
        segments=segments,
        nominal_code="DISCOUNTS",
        vat_code=VatCode.STANDARD,
    )
    session.add(product)
    session.flush()
    for segment in Segment:
        command = SetProductPrice(
            product_code="LOYAL-5", segment=segment, price=Price.of("-433.333333"), starts_on=date(2025, 1, 1), reason="A new credit."
        )
        set_product_price(session, command, by=BY, at=datetime.combine(BEGINS, datetime.min.time()).astimezone())
