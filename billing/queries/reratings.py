"""Re-ratings that were done: why, of which calls, and what they came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.model import UsageRerating
from billing.rerating_commands import CallDifference
from css.core.actor import Actor
from css.core.errors import NotFound
from css.core.money import Price
from css.db.sql import block

ACCOUNTS_MAX: Final = 100
CALLS_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RerateRow:
    """One re-rating in a list."""

    rerating_id: int
    business_date: date
    selection: dict[str, Any]
    """What was asked for."""
    reason: str
    done_by: str
    done_at: datetime
    looked_at_count: int
    changed_count: int
    net: Price
    """Sum of the differences before VAT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDifference:
    """What a re-rating changes for one account."""

    account_number: str
    call_count: int
    net: Price
    wholesale_net: Price
    """What its provider's charges change by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReratingCard:
    """A re-rating on one page."""

    rerating: RerateRow
    accounts: tuple[AccountDifference, ...]
    """The largest first, at most a hundred."""
    calls: tuple[CallDifference, ...]
    """In order of record, at most a hundred."""


def reratings(session: Session, district_code: str, limit: int = 50) -> tuple[RerateRow, ...]:
    """The last re-ratings of a district, the latest first."""
    found = session.execute(
        select(UsageRerating).where(UsageRerating.district_code == district_code).order_by(UsageRerating.id.desc()).limit(limit)
    ).scalars()
    return tuple(_row(row) for row in found)


def rerating_card(session: Session, rerating_id: int, *, by: Actor) -> ReratingCard:
    """One re-rating with what it changed. Errors: CSS726E there is none, or the asker is a partner."""
    row = session.get(UsageRerating, rerating_id)
    if row is None or by.is_partner:
        raise NotFound("CSS726E", "There is no re-rating {rerating}.", rerating=rerating_id, element="rerating_id")
    asked = {"district": row.district_code, "rerating": rerating_id}
    accounts = session.execute(block("billing", "rerating.differences"), asked | {"limit": ACCOUNTS_MAX})
    calls = session.execute(block("billing", "rerating.calls"), asked | {"limit": CALLS_MAX})
    return ReratingCard(
        rerating=_row(row),
        accounts=tuple(
            AccountDifference(
                account_number=one.account_number,
                call_count=one.call_count,
                net=Price(int(one.net_millionths)),
                wholesale_net=Price(int(one.wholesale_net_millionths or 0)),
            )
            for one in accounts
        ),
        calls=tuple(
            CallDifference(
                usage_record_id=one.usage_record_id,
                account_number=one.account_number,
                charged_number=one.charged_number,
                other_number=one.other_number,
                started_at=one.started_at,
                call_count=one.call_count,
                net=Price(one.net_millionths),
            )
            for one in calls
        ),
    )


def _row(row: UsageRerating) -> RerateRow:
    return RerateRow(
        rerating_id=row.id,
        business_date=row.business_date,
        selection=row.selection,
        reason=row.reason,
        done_by=row.done_by,
        done_at=row.done_at,
        looked_at_count=row.looked_at_count,
        changed_count=row.changed_count,
        net=Price(row.net_millionths),
    )
