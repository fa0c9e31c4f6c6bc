"""A bill as it would be today: made by the night's own verbs, explained, and taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.actions.calculate import calculate_block
from billing.actions.run import list_one_account
from billing.model import BillRequest, BillRun, BillRunAccount
from billing.queries.accounts import AccountNamed, account_named
from billing.queries.bill_story import BillStory, bill_story
from billing.words import BillKind
from css.core.actor import Actor
from css.core.calendar import ONE_DAY, start_of_day
from css.core.errors import Refused
from css.db.engine import taken_back
from css.master.districts import BusinessDate


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What billing an account today would come to. Nothing of it is kept."""

    account_number: str
    business_date: date
    parked: str | None
    """Why the account could not be billed, with the code of the message; None when it could."""
    bill: BillStory | None
    """The bill with every line explained; None when there is none: the account is parked, or nothing is to be charged or owed."""


def dry_run_bill(session: Session, account_number: str, *, by: Actor) -> DryRun:
    """The bill of an account as if it were billed at the current business date, with its lines and why; nothing is kept.

    It is the night's path and no other: the account is put on the list of a run, the verb that calculates bills makes this
    one, and the transaction goes back to where it was. Where neither a cycle bill nor a final one is due the bill is interim,
    as one that is asked for today would be.

    Raises:
        NotFound: CSS105E no such account, or it is another provider's.
        Refused: CSS870E, a bill of the account is under way; what it owes is not known before that is out.
    """
    account = account_named(session, account_number, by)
    today = session.execute(select(BusinessDate.current_on).where(BusinessDate.district_code == account.district_code)).scalar_one()
    with taken_back(session):
        return _rehearsed(session, account, today, by)


def _rehearsed(session: Session, account: AccountNamed, today: date, by: Actor) -> DryRun:
    at = start_of_day(today + ONE_DAY)
    run = BillRun(district_code=account.district_code, business_date=today, issue_at=at)
    asked = BillRequest(
        district_code=account.district_code,
        account_id=account.account_id,
        kind=BillKind.INTERIM,
        reason="Dry run",
        requested_on=today,
        requested_by=by.name,
    )
    session.add_all((run, asked))
    session.flush()
    if not list_one_account(session, run.id, account.district_code, today, account.account_id):
        raise Refused("CSS870E", "A bill of account {account} is under way; wait until it is out.", account=account.number)
    done = calculate_block(session, run.id, (account.account_id,), by=by, at=at)
    parked = session.execute(
        select(BillRunAccount.parked_code, BillRunAccount.parked_words).where(
            BillRunAccount.bill_run_id == run.id, BillRunAccount.parked_code.is_not(None)
        )
    ).one_or_none()
    return DryRun(
        account_number=account.number,
        business_date=today,
        parked=None if parked is None else f"{parked.parked_code} {parked.parked_words}",
        bill=bill_story(session, account.number, by=by) if done.written else None,
    )
