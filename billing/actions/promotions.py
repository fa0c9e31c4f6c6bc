"""Promotions: credits every month until a date, given to an account and taken away. Bills charge them like rentals of a negative price."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.benefit_commands import EndPromotion, GivePromotion, PromotionAnswer
from billing.queries.accounts import account_named
from billing.rules.permission import require_may
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import BadMessage, Breach, NotFound, Refusals, Refused
from css.core.phone import parse_number
from css.core.words import ProductKind
from css.master.accounts import Account, AccountPromotion
from css.master.districts import business_date
from css.master.guiding import number_in_use
from css.master.products import Product

QUANTITY_MAX = 1000


@audit.answered
def give_promotion(session: Session, command: GivePromotion, *, by: Actor, at: datetime) -> PromotionAnswer:
    """Give an account a credit every month from a date until a date; days gone by are credited by the next bill.

    Raises:
        NotFound: CSS105E no such account, CSS775E no promotion of that code for its kind of customer, CSS766E the number is no line of
            the account's.
        BadMessage: CSS774E no reason, CSS776E the days or the quantity; errors of ``expect_id`` and ``parse_number``.
        Refused: CSS443E, the actor may not.
    """
    require_may(by, "give promotions")
    named = account_named(session, command.account_number, by)
    account = session.execute(select(Account.segment, Account.opened_on).where(Account.id == named.account_id)).one()
    today = business_date(session, named.district_code)
    wrong = Refusals()
    product = session.execute(
        select(Product.id, Product.segments).where(Product.code == command.product_code, Product.kind == ProductKind.PROMOTION)
    ).one_or_none()
    if product is None or account.segment.value not in product.segments:
        wrong.add(
            NotFound(
                "CSS775E",
                "There is no promotion {product} for {segment} accounts.",
                product=command.product_code[:40],
                segment=account.segment.value,
                element="product_code",
            )
        )
    if command.starts_on < account.opened_on:
        wrong.add(BadMessage("CSS776E", "The account was opened on {opened_on}.", opened_on=account.opened_on, element="starts_on"))
    if command.ends_on <= command.starts_on:
        wrong.add(BadMessage("CSS776E", "A promotion ends after it starts.", element="ends_on"))
    if not 0 < command.quantity <= QUANTITY_MAX:
        wrong.add(BadMessage("CSS776E", "The quantity is 1 to {most}.", most=QUANTITY_MAX, element="quantity"))
    if not command.reason.strip():
        wrong.add(BadMessage("CSS774E", "Say why; the reason is kept.", element="reason"))
    line_id = wrong.reading(lambda: _line_of(session, named.account_id, command.number, by, at))
    wrong.tell()
    if product is None:
        msg = "a promotion without a product was not refused"
        raise Breach(msg)
    row = AccountPromotion(
        account_id=named.account_id,
        line_id=line_id,
        product_id=product.id,
        quantity=command.quantity,
        starts_on=command.starts_on,
        ends_on=command.ends_on,
        start_recorded_on=today,
        reason=command.reason.strip(),
        given_by=by.name,
    )
    session.add(row)
    session.flush()
    audit.record(
        session, by=by, at=at, verb="give_promotion", subject=("account", named.number), after={"promotion": row.id, **to_plain(command)}
    )
    return _answer(row, named.number, command.product_code)


@audit.answered
def end_promotion(session: Session, command: EndPromotion, *, by: Actor, at: datetime) -> PromotionAnswer:
    """Take a promotion away before its time; what was credited for days after it is charged back by the next bill.

    Raises:
        NotFound: CSS105E no such account, CSS777E it has no such promotion.
        BadMessage: CSS774E, no reason; errors of ``expect_id``.
        Refused: CSS443E the actor may not, CSS778E it was ended already, or the day is not within it.
    """
    require_may(by, "give promotions")
    named = account_named(session, command.account_number, by)
    today = business_date(session, named.district_code)
    row = session.execute(
        select(AccountPromotion)
        .where(AccountPromotion.id == command.promotion_id, AccountPromotion.account_id == named.account_id)
        .with_for_update()
    ).scalar_one_or_none()
    if row is None:
        raise NotFound(
            "CSS777E",
            "Account {account} has no promotion {promotion}; `css ask promotions` lists them.",
            account=named.number,
            promotion=command.promotion_id,
            element="promotion_id",
        )
    if not command.reason.strip():
        raise BadMessage("CSS774E", "Say why; the reason is kept.", element="reason")
    ends_on = command.ends_on or today
    if row.ended_on is not None or not row.starts_on <= ends_on <= row.ends_on:
        raise Refused(
            "CSS778E",
            "The promotion runs from {starts_on} until {ends_on}; it is ended once, on a day between.",
            starts_on=row.starts_on,
            ends_on=row.ended_on or row.ends_on,
            element="ends_on",
        )
    row.ended_on, row.end_recorded_on = ends_on, today
    session.flush()
    audit.record(session, by=by, at=at, verb="end_promotion", subject=("account", named.number), after=to_plain(command))
    code = session.execute(select(Product.code).where(Product.id == row.product_id)).scalar_one()
    return _answer(row, named.number, code)


def _line_of(session: Session, account_id: int, number: str, by: Actor, at: datetime) -> int | None:
    if not number.strip():
        return None
    found = number_in_use(session, parse_number(number), at, by=by)
    if found is None or found.account_id != account_id:
        raise NotFound("CSS766E", "No line of the account answers to {number} now.", number=number[:40], element="number")
    return found.line_id


def _answer(row: AccountPromotion, account_number: str, product_code: str) -> PromotionAnswer:
    ends_on: date = row.ends_on if row.ended_on is None else row.ended_on
    return PromotionAnswer(
        promotion_id=row.id,
        account_number=account_number,
        product_code=product_code,
        quantity=row.quantity,
        starts_on=row.starts_on,
        ends_on=ends_on,
    )
