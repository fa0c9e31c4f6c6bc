"""Benefits, defined and ended; and the numbers that customers name for a friends' discount."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billing.benefit_commands import (
    BenefitDefined,
    BenefitEnded,
    DefineBenefit,
    DropFriend,
    EndBenefit,
    FriendAnswer,
    NameFriend,
)
from billing.model import Benefit, BenefitStep, FriendNumber
from billing.rules.benefits_check import definition_faults
from billing.rules.permission import require_may
from billing.words import BenefitKind
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import BadMessage, Breach, Conflict, NotFound, Refusals, Refused
from css.core.phone import display_number, parse_number
from css.master.districts import BusinessDate, business_date
from css.master.guiding import Guided, number_in_use
from css.master.products import Product
from css.master.services import Service


@audit.answered
def define_benefit(session: Session, command: DefineBenefit, *, by: Actor, at: datetime) -> BenefitDefined:
    """Let a product take something off calls, from the next cut on; days gone by are put right by the next bills.

    Raises:
        Refused: CSS443E, the actor may not.
        BadMessage: CSS760E, a field of the definition.
        NotFound: CSS761E, no such product.
        Conflict: CSS762E, the code is taken.
    """
    require_may(by, "define benefits")
    wrong = Refusals()
    wrong.add(*definition_faults(command))
    product_id = session.execute(select(Product.id).where(Product.code == command.product_code)).scalar_one_or_none()
    if product_id is None:
        wrong.add(
            NotFound(
                "CSS761E",
                "There is no product {product}; `css ask products` lists them.",
                product=command.product_code[:40],
                element="product_code",
            )
        )
    if session.execute(select(Benefit.id).where(Benefit.code == command.code)).scalar_one_or_none() is not None:
        wrong.add(
            Conflict(
                "CSS762E",
                "There is a benefit {code} already; one ended is not begun again, choose another code.",
                code=command.code,
                element="code",
            )
        )
    wrong.tell()
    if product_id is None:
        msg = "a benefit without a product was not refused"
        raise Breach(msg)
    recorded_on = _next_cut(session)
    benefit = Benefit(
        code=command.code,
        product_id=product_id,
        kind=command.kind,
        scope=command.scope,
        words=command.words.strip(),
        starts_on=command.starts_on,
        ends_on=command.ends_on,
        recorded_on=recorded_on,
        end_recorded_on=None if command.ends_on is None else recorded_on,
        charge_classes=list(command.charge_classes),
        bands=list(command.bands) or None,
        allowance_seconds=command.allowance_seconds,
        unit_seconds=command.unit_seconds,
        rollover_months=command.rollover_months,
        is_prorated=command.is_prorated,
        percent=command.percent,
        best_percent=command.best_percent,
        numbers_max=command.numbers_max,
        is_graduated=command.is_graduated,
        rank=command.rank,
    )
    session.add(benefit)
    session.flush()
    session.add_all(BenefitStep(benefit_id=benefit.id, from_amount=step.from_amount, percent=step.percent) for step in command.steps)
    audit.record(session, by=by, at=at, verb="define_benefit", subject=("benefit", command.code), after=to_plain(command))
    return BenefitDefined(code=command.code, recorded_on=recorded_on)


@audit.answered
def end_benefit(session: Session, command: EndBenefit, *, by: Actor, at: datetime) -> BenefitEnded:
    """Let a benefit end, once. What was given for days from then on is taken back by the next bills.

    Raises:
        Refused: CSS443E the actor may not, CSS764E it has an end already, or would end before it begins.
        BadMessage: CSS774E, no reason.
        NotFound: CSS763E, no such benefit.
    """
    require_may(by, "define benefits")
    benefit = session.execute(select(Benefit).where(Benefit.code == command.code).with_for_update()).scalar_one_or_none()
    if benefit is None:
        raise no_benefit(command.code)
    _require_reason(command.reason)
    if benefit.ends_on is not None:
        raise Refused(
            "CSS764E", "{code} ends on {ends_on} already; it is not changed.", code=command.code, ends_on=benefit.ends_on, element="code"
        )
    if command.ends_on <= benefit.starts_on:
        raise Refused(
            "CSS764E", "{code} begins on {starts_on}; it ends later.", code=command.code, starts_on=benefit.starts_on, element="ends_on"
        )
    recorded_on = _next_cut(session)
    benefit.ends_on, benefit.end_recorded_on = command.ends_on, recorded_on
    audit.record(session, by=by, at=at, verb="end_benefit", subject=("benefit", command.code), after=to_plain(command))
    return BenefitEnded(code=command.code, ends_on=command.ends_on, recorded_on=recorded_on)


def no_benefit(code: str) -> NotFound:
    """CSS763E, for whoever finds that there is no such benefit."""
    return NotFound("CSS763E", "There is no benefit {code}; `css ask benefits` lists them.", code=code[:40], element="code")


def _end_refused(sentence: str, day: date, code: str) -> Refused:
    return Refused("CSS764E", sentence, day=day, code=code, element="ends_on")


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise BadMessage("CSS774E", "Say why; the reason is kept.", element="reason")


def _next_cut(session: Session) -> date:
    """The furthest business date of any district, held until the transaction ends: no cut that is frozen sees what is recorded on it."""
    dates = session.execute(select(BusinessDate.current_on).order_by(BusinessDate.district_code).with_for_update(read=True)).scalars().all()
    if not dates:
        raise Refused("CSS765E", "There is no district yet, and so no business date to record it on.")
    return max(dates)


# --- friends --------------------------------------------------------------------------------------------------------


@audit.answered
def name_friend(session: Session, command: NameFriend, *, by: Actor, at: datetime) -> FriendAnswer:
    """Name a number for the friends' discount of a line.

    Raises:
        BadMessage: CSS080E to CSS083E, no telephone number.
        NotFound: CSS766E, nothing answers to the line's number; CSS767E, the line has no such discount on that day.
        Refused: CSS443E the actor may not, CSS768E the number is the line's own, CSS769E as many are named as may be, CSS770E another is
            the best.
        Conflict: CSS771E, it is named already.
    """
    require_may(by, "name friends")
    line, today = _line(session, command.number, by, at)
    friend = parse_number(command.friend_number, element="friend_number")
    starts_on = command.starts_on or today
    service_id, numbers_max = _friends_discount(session, line, starts_on)
    # One naming after another: as many as may be are counted.
    session.execute(select(Service.id).where(Service.id == service_id).with_for_update()).scalar_one()
    named = (
        session.execute(
            select(FriendNumber).where(
                FriendNumber.service_id == service_id, or_(FriendNumber.ends_on.is_(None), FriendNumber.ends_on > starts_on)
            )
        )
        .scalars()
        .all()
    )
    wrong = Refusals()
    if friend == line.number:
        wrong.add(Refused("CSS768E", "A line is no friend of itself.", element="friend_number"))
    if any(one.number == friend for one in named):
        wrong.add(Conflict("CSS771E", "{friend} is named already.", friend=display_number(friend), element="friend_number"))
    if len(named) >= numbers_max:
        wrong.add(
            Refused("CSS769E", "{count} numbers are named, as many as may be; drop one first.", count=len(named), element="friend_number")
        )
    best = next((one for one in named if one.is_best), None)
    if command.is_best and best is not None:
        wrong.add(
            Refused("CSS770E", "{best} is the best friend already; drop it first.", best=display_number(best.number), element="is_best")
        )
    wrong.tell()
    row = FriendNumber(service_id=service_id, number=friend, is_best=command.is_best, starts_on=starts_on, start_recorded_on=today)
    session.add(row)
    session.flush()
    audit.record(session, by=by, at=at, verb="name_friend", subject=("account", line.account_number), after=to_plain(command))
    return _answer(line, row, len(named) + 1, numbers_max)


@audit.answered
def drop_friend(session: Session, command: DropFriend, *, by: Actor, at: datetime) -> FriendAnswer:
    """Take a number off the friends of a line, from a day on.

    Raises:
        BadMessage: CSS080E to CSS083E, no telephone number.
        NotFound: CSS766E, nothing answers to the line's number; CSS772E, the number is not named, or dropped already.
        Refused: CSS443E the actor may not, CSS773E it would end before it began.
    """
    require_may(by, "name friends")
    line, today = _line(session, command.number, by, at)
    friend = parse_number(command.friend_number, element="friend_number")
    row = session.execute(
        select(FriendNumber)
        .join(Service, Service.id == FriendNumber.service_id)
        .where(
            Service.line_id == line.line_id,
            Service.account_id == line.account_id,
            FriendNumber.number == friend,
            FriendNumber.ends_on.is_(None),
        )
        .with_for_update(of=FriendNumber)
    ).scalar_one_or_none()
    if row is None:
        raise NotFound("CSS772E", "{friend} is not named, or dropped already.", friend=display_number(friend), element="friend_number")
    ends_on = command.ends_on or today
    if ends_on < row.starts_on:
        raise Refused("CSS773E", "It was named from {starts_on} on.", starts_on=row.starts_on, element="ends_on")
    row.ends_on, row.end_recorded_on = ends_on, today
    session.flush()
    audit.record(session, by=by, at=at, verb="drop_friend", subject=("account", line.account_number), after=to_plain(command))
    left = (
        session.execute(select(FriendNumber.id).where(FriendNumber.service_id == row.service_id, FriendNumber.ends_on.is_(None)))
        .scalars()
        .all()
    )
    most = (
        session.execute(
            select(Benefit.numbers_max)
            .join(Service, Service.product_id == Benefit.product_id)
            .where(Service.id == row.service_id, Benefit.kind == BenefitKind.FRIENDS)
            .order_by(Benefit.id)
        )
        .scalars()
        .first()
    )
    return _answer(line, row, len(left), most or 0)


def _line(session: Session, number: str, by: Actor, at: datetime) -> tuple[Guided, date]:
    digits = parse_number(number, element="number")
    found = number_in_use(session, digits, at, by=by)
    if found is None:
        raise NotFound("CSS766E", "No line answers to {number} now.", number=display_number(digits), element="number")
    return found, business_date(session, found.district_code)


def _friends_discount(session: Session, line: Guided, day: date) -> tuple[int, int]:
    """The service on the line that gives a friends' discount on a day, and how many numbers may be named: the first by rank."""
    found = session.execute(
        select(Service.id.label("service_id"), Benefit.numbers_max)
        .join(Benefit, Benefit.product_id == Service.product_id)
        .where(
            Service.line_id == line.line_id,
            Service.account_id == line.account_id,
            Benefit.kind == BenefitKind.FRIENDS,
            Service.starts_on <= day,
            or_(Service.ends_on.is_(None), Service.ends_on > day),
            Benefit.starts_on <= day,
            or_(Benefit.ends_on.is_(None), Benefit.ends_on > day),
        )
        .order_by(Benefit.rank, Benefit.id, Service.id)
        .limit(1)
    ).one_or_none()
    if found is None:
        raise NotFound(
            "CSS767E",
            "{number} has no friends' discount on {day}; order the product for it first.",
            number=display_number(line.number),
            day=day,
            element="number",
        )
    return found.service_id, found.numbers_max or 0


def _answer(line: Guided, row: FriendNumber, named: int, numbers_max: int) -> FriendAnswer:
    return FriendAnswer(
        number=line.number,
        friend_number=row.number,
        is_best=row.is_best,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        named=named,
        numbers_max=numbers_max,
    )
