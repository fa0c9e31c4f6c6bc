"""What there is of benefits, and what an account has of them: definitions, friends' numbers, allowances, promotions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from billing.benefit_commands import VolumeStep
from billing.model import AllowanceMonth, Benefit, BenefitStep, Bill, FriendNumber
from billing.queries.accounts import account_named
from billing.words import BenefitKind, BenefitScope
from css.core.actor import Actor
from css.core.errors import NotFound
from css.core.money import Percent
from css.core.phone import display_number, parse_number
from css.master.accounts import AccountPromotion
from css.master.products import Product
from css.master.providers import Provider
from css.master.services import Service, ServiceNumber

MONTHS_MAX = 500


@dataclass(frozen=True, slots=True)
class BenefitCard:
    """A benefit, whole."""

    code: str
    product_code: str
    kind: BenefitKind
    scope: BenefitScope
    words: str
    starts_on: date
    ends_on: date | None
    recorded_on: date | None
    end_recorded_on: date | None
    charge_classes: tuple[str, ...]
    bands: tuple[str, ...]
    """Empty for all of them."""
    allowance_seconds: int | None
    unit_seconds: int
    rollover_months: int
    is_prorated: bool
    percent: Percent | None
    best_percent: Percent | None
    numbers_max: int | None
    is_graduated: bool
    steps: tuple[VolumeStep, ...]
    rank: int


@dataclass(frozen=True, slots=True)
class FriendRow:
    """A number named for a line, now or once."""

    product_code: str
    friend_number: str
    is_best: bool
    starts_on: date
    ends_on: date | None
    start_recorded_on: date
    end_recorded_on: date | None


@dataclass(frozen=True, slots=True)
class AllowanceRow:
    """What became of an allowance in one month, by the last bill that reckoned it."""

    benefit_code: str
    words: str
    number: str | None
    """The telephone number of the line; None where the account shares it."""
    month_starts_on: date
    month_ends_on: date
    granted_seconds: int
    rolled_in_seconds: int
    used_seconds: int
    unused_seconds: int
    """Granted and rolled in, less used."""
    left_seconds: int
    """Of them, what may still be used in the month after."""
    bill_number: str | None


@dataclass(frozen=True, slots=True)
class PromotionRow:
    """A promotion given to an account."""

    promotion_id: int
    product_code: str
    name: str
    quantity: int
    starts_on: date
    ends_on: date
    """As promised."""
    ended_on: date | None
    """When it was taken away before its time."""
    reason: str
    given_by: str


def benefits(session: Session) -> tuple[BenefitCard, ...]:
    """Every benefit there is or was, by kind and code."""
    return _cards(session)


def benefit_card(session: Session, code: str) -> BenefitCard:
    """One benefit. NotFound CSS763E when there is none of that code."""
    found = _cards(session, code)
    if not found:
        raise NotFound("CSS763E", "There is no benefit {code}; `css ask benefits` lists them.", code=code[:40], element="code")
    return found[0]


def _cards(session: Session, code: str | None = None) -> tuple[BenefitCard, ...]:
    statement = select(Benefit, Product.code.label("product_code")).join(Product, Product.id == Benefit.product_id)
    rows = session.execute(
        (statement if code is None else statement.where(Benefit.code == code)).order_by(Benefit.kind, Benefit.code)
    ).all()
    steps: dict[int, list[VolumeStep]] = defaultdict(list)
    for step in session.execute(select(BenefitStep).order_by(BenefitStep.benefit_id, BenefitStep.from_amount)).scalars():
        steps[step.benefit_id].append(VolumeStep(from_amount=step.from_amount, percent=step.percent))
    return tuple(
        BenefitCard(
            code=one.code,
            product_code=product_code,
            kind=one.kind,
            scope=one.scope,
            words=one.words,
            starts_on=one.starts_on,
            ends_on=one.ends_on,
            recorded_on=one.recorded_on,
            end_recorded_on=one.end_recorded_on,
            charge_classes=tuple(one.charge_classes),
            bands=tuple(one.bands or ()),
            allowance_seconds=one.allowance_seconds,
            unit_seconds=one.unit_seconds,
            rollover_months=one.rollover_months,
            is_prorated=one.is_prorated,
            percent=one.percent,
            best_percent=one.best_percent,
            numbers_max=one.numbers_max,
            is_graduated=one.is_graduated,
            steps=tuple(steps[one.id]),
            rank=one.rank,
        )
        for one, product_code in rows
    )


def friends(session: Session, number: str, *, by: Actor) -> tuple[FriendRow, ...]:
    """The numbers named for the line that answers, or answered last, to a number; the latest first.

    Errors: CSS766E, no line of theirs ever did; CSS080E to CSS083E, no telephone number.
    """
    digits = parse_number(number)
    line = session.execute(
        select(Service.line_id, Service.account_id, Provider.code)
        .join(ServiceNumber, ServiceNumber.service_id == Service.id)
        .join(Provider, Provider.id == Service.provider_id)
        .where(ServiceNumber.number == digits)
        .order_by(ServiceNumber.starts_at.desc())
        .limit(1)
    ).one_or_none()
    if line is None or (by.is_partner and line.code != by.provider_code):
        raise NotFound("CSS766E", "No line answers to {number}.", number=display_number(digits), element="number")
    rows = session.execute(
        select(FriendNumber, Product.code)
        .join(Service, Service.id == FriendNumber.service_id)
        .join(Product, Product.id == Service.product_id)
        .where(Service.line_id == line.line_id, Service.account_id == line.account_id)
        .order_by(FriendNumber.starts_on.desc(), FriendNumber.number)
    ).all()
    return tuple(
        FriendRow(code, one.number, one.is_best, one.starts_on, one.ends_on, one.start_recorded_on, one.end_recorded_on)
        for one, code in rows
    )


def allowances(session: Session, account_number: str, *, by: Actor, limit: int = MONTHS_MAX) -> tuple[AllowanceRow, ...]:
    """What the account has had of inclusive minutes and used of them, the latest month first. Errors: CSS105E and of ``expect_id``."""
    account = account_named(session, account_number, by)
    main = aliased(Service)
    number = (
        select(ServiceNumber.number)
        .join(main, main.id == ServiceNumber.service_id)
        .where(main.account_id == account.account_id, main.line_id == Service.line_id)
        .order_by(ServiceNumber.starts_at.desc())
        .limit(1)
        .correlate(Service)
        .scalar_subquery()
    )
    rows = session.execute(
        select(AllowanceMonth, Benefit.code, Benefit.words, Benefit.scope, Bill.number, number)
        .join(Benefit, Benefit.id == AllowanceMonth.benefit_id)
        .join(Bill, Bill.id == AllowanceMonth.bill_id)
        .join(Service, Service.id == AllowanceMonth.service_id)
        .where(AllowanceMonth.account_id == account.account_id)
        .ext(distinct_on(AllowanceMonth.month_starts_on, AllowanceMonth.benefit_id, AllowanceMonth.service_id))
        .order_by(
            AllowanceMonth.month_starts_on.desc(),
            AllowanceMonth.benefit_id,
            AllowanceMonth.service_id,
            Bill.usage_through.desc(),
        )
        .limit(min(limit, MONTHS_MAX))
    ).all()
    return tuple(
        AllowanceRow(
            benefit_code=code,
            words=words,
            number=line_number if scope is BenefitScope.LINE else None,
            month_starts_on=month.month_starts_on,
            month_ends_on=month.month_ends_on,
            granted_seconds=month.granted_seconds,
            rolled_in_seconds=month.rolled_in_seconds,
            used_seconds=month.used_seconds,
            unused_seconds=month.granted_seconds + month.rolled_in_seconds - month.used_seconds,
            left_seconds=sum(month.left_seconds),
            bill_number=bill_number,
        )
        for month, code, words, scope, bill_number, line_number in rows
    )


def promotions(session: Session, account_number: str, *, by: Actor) -> tuple[PromotionRow, ...]:
    """The promotions given to an account, the latest first. Errors: CSS105E and those of ``expect_id``."""
    account = account_named(session, account_number, by)
    rows = session.execute(
        select(AccountPromotion, Product.code, Product.name)
        .join(Product, Product.id == AccountPromotion.product_id)
        .where(AccountPromotion.account_id == account.account_id)
        .order_by(AccountPromotion.starts_on.desc(), AccountPromotion.id.desc())
    ).all()
    return tuple(
        PromotionRow(one.id, code, name, one.quantity, one.starts_on, one.ends_on, one.ended_on, one.reason, one.given_by)
        for one, code, name in rows
    )
