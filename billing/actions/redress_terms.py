"""Changing what broken promises cost and where that stands in the books: from a day to come on, never what is owed already."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from billing.model import CompensationPolicy, CompensationRate, GuaranteeRate, Nominal, OutsideNominal
from billing.redress_commands import RedressSet, SetCompensationPolicy, SetCompensationRate, SetGuaranteeRate, SetOutsideNominal
from billing.rules.permission import require_may
from billing.words import NominalKind, OutsideKind
from css import audit
from css.core.actor import Actor
from css.core.calendar import day_words
from css.core.codec import to_plain
from css.core.errors import BadMessage, Refusals, Refused
from css.core.money import ZERO, Money
from css.core.words import FailureKind
from css.db.base import Base
from css.master.districts import latest_business_date
from css.master.working_calendars import CareLevelTerms

AMOUNT_MAX: Final = Money(1_000_00)
WORKING_DAYS_MAX: Final = 20
DAYS_MAX: Final = 366
_MAY: Final = "set what broken promises cost"


@audit.answered
def set_compensation_rate(session: Session, command: SetCompensationRate, *, by: Actor, at: datetime) -> RedressSet:
    """Set an amount of automatic compensation for what begins from a day on. A row for that day is replaced.

    Raises:
        Refused: CSS443E; CSS890E and BadMessage CSS891E at once as ``Several``.
    """
    require_may(by, _MAY)
    wrong = _from_a_day_to_come(session, command.starts_on)
    _check_amount(wrong, command.amount)
    wrong.tell()
    return _set(session, CompensationRate, ("kind", "starts_on"), command, by=by, at=at)


@audit.answered
def set_compensation_policy(session: Session, command: SetCompensationPolicy, *, by: Actor, at: datetime) -> RedressSet:
    """Set how the days of late repairs are counted for what is reported from a day on. A row for that day is replaced.

    Raises:
        Refused: CSS443E; CSS890E and BadMessage CSS891E at once as ``Several``.
    """
    require_may(by, _MAY)
    wrong = _from_a_day_to_come(session, command.starts_on)
    _check_number(wrong, command.working_days, 0, WORKING_DAYS_MAX, "working_days")
    wrong.tell()
    return _set(session, CompensationPolicy, ("starts_on",), command, by=by, at=at)


@audit.answered
def set_guarantee_rate(session: Session, command: SetGuaranteeRate, *, by: Actor, at: datetime) -> RedressSet:
    """Set what a wholesale guarantee comes to for what begins from a day on. A row for that day is replaced.

    Raises:
        Refused: CSS443E; CSS890E, CSS892E and BadMessage CSS891E at once as ``Several``.
    """
    require_may(by, _MAY)
    wrong = _from_a_day_to_come(session, command.starts_on)
    _check_amount(wrong, command.amount)
    if command.days_max is not None:
        _check_number(wrong, command.days_max, 1, DAYS_MAX, "days_max")
    levels = set(session.execute(select(CareLevelTerms.code)).scalars()) if command.care_level else set[str]()
    if command.care_level and (command.kind is not FailureKind.DELAYED_REPAIR or command.care_level not in levels):
        sentence = "{level!r} is no care level, or a {kind} has none; leave it empty for all."
        wrong.add(
            Refused("CSS892E", sentence, level=command.care_level[:20], kind=command.kind.value.replace("-", " "), element="care_level")
        )
    wrong.tell()
    return _set(session, GuaranteeRate, ("kind", "care_level", "starts_on"), command, by=by, at=at)


@audit.answered
def set_outside_nominal(session: Session, command: SetOutsideNominal, *, by: Actor, at: datetime) -> RedressSet:
    """Let what is owed outside the invoice stand against another nominal from a business date on. What is posted stays.

    Raises:
        Refused: CSS443E; CSS890E, CSS893E at once as ``Several``.
    """
    require_may(by, _MAY)
    wrong = _from_a_day_to_come(session, command.starts_on)
    found = session.get(Nominal, command.nominal_code)
    if command.kind is OutsideKind.TRANSFER:
        wrong.add(Refused("CSS893E", "A transfer to a group stands against what clears it, and nothing else.", element="kind"))
    elif found is None or found.kind not in {NominalKind.INCOME, NominalKind.EXPENSE}:
        sentence = "{code!r} is no nominal of income or expense."
        wrong.add(Refused("CSS893E", sentence, code=command.nominal_code[:20], element="nominal_code"))
    wrong.tell()
    return _set(session, OutsideNominal, ("kind", "starts_on"), command, by=by, at=at)


def _from_a_day_to_come(session: Session, starts_on: date) -> Refusals:
    """It begins after every district's business date: nothing under way changes beneath somebody's hands."""
    wrong, on = Refusals(), latest_business_date(session)
    if starts_on <= on:
        wrong.add(Refused("CSS890E", "It can begin from the day after {on} on, the business date.", on=day_words(on), element="starts_on"))
    return wrong


def _check_amount(wrong: Refusals, amount: Money) -> None:
    if not ZERO <= amount <= AMOUNT_MAX:
        wrong.add(BadMessage("CSS891E", "The amount is from nothing to {most}.", most=AMOUNT_MAX.sterling, element="amount"))


def _check_number(wrong: Refusals, number: int, least: int, most: int, name: str) -> None:
    if not least <= number <= most:
        what = name.replace("_", " ").capitalize()
        wrong.add(BadMessage("CSS891E", "{what} are {least} to {most}.", what=what, least=least, most=most, element=name))


def _set(
    session: Session,
    table: type[Base],
    key: tuple[str, ...],
    command: SetCompensationRate | SetCompensationPolicy | SetGuaranteeRate | SetOutsideNominal,
    *,
    by: Actor,
    at: datetime,
) -> RedressSet:
    names = [column.name for column in table.__table__.columns]
    values: dict[str, Any] = {name: getattr(command, name) for name in names}
    row = insert(table).values(values)
    changed = {name: row.excluded[name] for name in names if name not in key}
    session.execute(row.on_conflict_do_update(index_elements=key, set_=changed))
    what = table.__tablename__.replace("_", "-")
    verb = f"set_{table.__tablename__}"
    audit.record(session, by=by, at=at, verb=verb, subject=(what, str(command.starts_on)), after=to_plain(command))
    return RedressSet(starts_on=command.starts_on)
