"""What a broken promise is worth by now, by the rule that will decide it: to be told before anything is entered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from billing.model import CreditedDay
from billing.queries.redress_terms import terms_now
from billing.rules.compensation import owed_from, policy_on, rate_on
from billing.rules.failures import DayVerdict, Failure, Held, words_of
from billing.rules.guarantees import row_on
from billing.rules.redress import owed_for
from billing.words import OutsideKind
from css.core.actor import Actor
from css.core.calendar import london_date
from css.core.errors import NotFound
from css.core.ids import IdKind, expect_id
from css.core.money import ZERO, Money
from css.core.words import FailureKind, NationCode, Segment
from css.master.accounts import Account
from css.master.districts import District
from css.master.providers import Provider


@dataclass(frozen=True, slots=True)
class RepairWorth:
    """What the rule would give for a repair put right at an instant, were the line dead by a fault of ours."""

    amount: Money
    words: str
    owed_from: datetime
    """From when the first amount is owed: put right by then, nothing is."""
    daily: Money
    """Each amount; nothing where the account is none that is compensated."""
    kind: OutsideKind = OutsideKind.COMPENSATION
    """Automatic compensation, or a wholesale guarantee."""
    days: tuple[DayVerdict, ...] = ()
    """Every day that was looked at, and why it counts or does not."""
    credited: Money = ZERO
    """What the line was credited for these days already; ``amount`` is all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairFacts:
    """A repair whose worth is asked for, as repairs know it."""

    account_number: str
    line_id: int | None = None
    reported_at: datetime
    put_right_at: datetime
    due_at: datetime | None = None
    """The care level's deadline, by which a guarantee is judged."""
    care_level: str | None = None
    held: Held = ()
    is_total_loss: bool = True
    is_guaranteed: bool = True
    guarantee_ends_at: datetime | None = None


def repair_worth(session: Session, account_number: str, *, reported_at: datetime, put_right_at: datetime, by: Actor) -> RepairWorth:
    """The compensation of a repair that nobody held up; nothing is entered. A guarantee is judged by the fault's own deadline.

    Raises:
        NotFound: CSS105E no such account, or it is another provider's.
    """
    number = expect_id(account_number, IdKind.ACCOUNT, element="account_number")
    return worth_of(session, RepairFacts(account_number=number, reported_at=reported_at, put_right_at=put_right_at), by=by)


def worth_of(session: Session, facts: RepairFacts, *, by: Actor) -> RepairWorth:
    """What a repair comes to by the one rule, in at most five statements; nothing is entered.

    Raises:
        NotFound: CSS105E no such account, or it is another provider's.
    """
    row = _account(session, facts.account_number, by)
    terms = terms_now(session)
    reported_on = london_date(facts.reported_at)
    policy = policy_on(terms.policies, reported_on)
    compensated_from = owed_from(reported_on, policy, row.nation.value)
    promised_at = facts.due_at or compensated_from
    failure = Failure(
        kind=FailureKind.DELAYED_REPAIR,
        issue_on=reported_on,
        promised_at=promised_at,
        put_right_at=facts.put_right_at,
        nation=row.nation.value,
        segment=row.segment,
        is_own_retail=row.is_own_retail,
        care_level=facts.care_level,
        held=facts.held,
        is_guaranteed=facts.is_guaranteed,
        guarantee_ends_at=facts.guarantee_ends_at,
        is_total_loss=facts.is_total_loss,
    )
    owed = owed_for(failure, terms)
    is_guarantee = owed.kind is OutsideKind.GUARANTEE
    if is_guarantee and facts.due_at is None:
        return RepairWorth(ZERO, "A guarantee is judged by the deadline of the fault: ask by its number.", promised_at, ZERO, owed.kind)
    # What a day would be worth is told before the first is owed, too.
    each = row_on(terms.guarantees, failure.kind, failure.care_level, reported_on) if is_guarantee else None
    if is_guarantee:
        daily = each.amount if each is not None and failure.is_guaranteed else ZERO
    else:
        dead = replace(failure, put_right_at=max(facts.put_right_at, compensated_from.replace(second=1)), held=())
        daily = (rate_on(terms.rates, failure.kind, reported_on) or ZERO) if owed_for(dead, terms).days else ZERO
    return RepairWorth(
        amount=owed.amount,
        words=words_of(failure, owed, len(owed.days)),
        owed_from=promised_at if is_guarantee else compensated_from,
        daily=daily,
        kind=owed.kind,
        days=owed.verdicts,
        credited=_credited(session, facts.line_id, owed.days),
    )


def _account(session: Session, number: str, by: Actor) -> Row[Segment, str, bool, NationCode]:
    row = session.execute(
        select(Account.segment, Provider.code, Provider.is_own_retail, District.nation)
        .join(Provider, Provider.id == Account.provider_id)
        .join(District, District.code == Account.district_code)
        .where(Account.number == number)
    ).one_or_none()
    if row is None or (by.is_partner and row.code != by.provider_code):
        raise NotFound("CSS105E", "There is no account {number}.", number=number, element="account_number")
    return row


def _credited(session: Session, line_id: int | None, days: tuple[Any, ...]) -> Money:
    if line_id is None or not days:
        return ZERO
    given = select(func.sum(CreditedDay.amount)).where(
        CreditedDay.line_id == line_id, CreditedDay.kind == FailureKind.DELAYED_REPAIR, CreditedDay.day.in_(days)
    )
    return session.execute(given).scalar() or ZERO
