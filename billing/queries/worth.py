"""What a broken promise is worth by now, by the rule that will decide it: to be told before anything is entered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.model import CompensationRate
from billing.rules.compensation import REPAIR_DUE, REPAIR_WORKING_DAYS, CompensationRow, Failure, compensation
from css.core.actor import Actor
from css.core.calendar import Nation, add_working_days, london_date, london_instant
from css.core.errors import NotFound
from css.core.ids import IdKind, expect_id
from css.core.money import Money
from css.core.words import FailureKind
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


def repair_worth(session: Session, account_number: str, *, reported_at: datetime, put_right_at: datetime, by: Actor) -> RepairWorth:
    """The compensation of a repair, in two statements; nothing is entered.

    Raises:
        NotFound: CSS105E no such account, or it is another provider's.
    """
    number = expect_id(account_number, IdKind.ACCOUNT, element="account_number")
    row = session.execute(
        select(Account.segment, Provider.code, Provider.is_own_retail, District.nation)
        .join(Provider, Provider.id == Account.provider_id)
        .join(District, District.code == Account.district_code)
        .where(Account.number == number)
    ).one_or_none()
    if row is None or (by.is_partner and row.code != by.provider_code):
        raise NotFound("CSS105E", "There is no account {number}.", number=number, element="account_number")
    rates = tuple(CompensationRow(rate.kind, rate.starts_on, rate.amount) for rate in session.execute(select(CompensationRate)).scalars())
    nation: Nation = row.nation.value
    reported_on = london_date(reported_at)
    owed_from = london_instant(add_working_days(reported_on, REPAIR_WORKING_DAYS, nation), REPAIR_DUE)

    def worth(instant: datetime) -> tuple[Money, str]:
        failure = Failure(
            kind=FailureKind.DELAYED_REPAIR,
            issue_on=reported_on,
            promised_at=owed_from,
            put_right_at=instant,
            nation=nation,
            segment=row.segment,
            is_own_retail=row.is_own_retail,
        )
        given = compensation(failure, rates)
        return given.amount, given.words

    amount, words = worth(put_right_at)
    # One amount and no more is what the rule gives for the very moment after.
    daily, _ = worth(owed_from.replace(second=1))
    return RepairWorth(amount, words, owed_from, daily)
