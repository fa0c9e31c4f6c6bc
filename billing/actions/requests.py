"""Bills between two cycle dates: asked for, and done without after all."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.model import BillRequest
from billing.queries.account_terms import standing_of
from billing.queries.accounts import account_named
from billing.rules.permission import require_may
from billing.run_commands import BillRequestCancelled, BillRequested, CancelBillRequest, RequestBill
from billing.words import BillKind
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Conflict, NotFound, Refused
from css.master.accounts import Account
from css.master.districts import business_date


@audit.answered
def request_bill(session: Session, command: RequestBill, *, by: Actor, at: datetime) -> BillRequested:
    """Ask for an interim bill: calls and items up to the business date, rentals as far as they are charged; the cycle stays.

    The night of the business date makes it, or no bill of its own where the account is due one anyway.

    Raises:
        NotFound: CSS105E, no such account.
        Refused: CSS443E the actor may not, CSS789E no reason given. Conflict: CSS791E, one is asked for already.
    """
    require_may(by, "ask for bills")
    account = account_named(session, command.account_number, by)
    if not command.reason.strip():
        raise Refused("CSS789E", "Say why; the audit trail keeps it.", element="reason")
    today = business_date(session, account.district_code)
    # One after another for an account: two who ask at once ask for one bill.
    session.execute(select(Account.id).where(Account.id == account.account_id).with_for_update(key_share=True)).scalar_one()
    waiting = _waiting(session, account.account_id, BillKind.INTERIM)
    if waiting is not None:
        raise Conflict(
            "CSS791E",
            "An interim bill for account {account} was asked for on {date} by {who} already; the next night makes it.",
            account=account.number,
            date=waiting.requested_on,
            who=waiting.requested_by,
        )
    session.add(
        BillRequest(
            district_code=account.district_code,
            account_id=account.account_id,
            kind=BillKind.INTERIM,
            reason=command.reason,
            requested_on=today,
            requested_by=by.name,
        )
    )
    session.flush()
    audit.record(session, by=by, at=at, verb="request_bill", subject=("account", account.number), after=to_plain(command))
    is_due = standing_of(session, account.account_id).next_bill_on <= today
    return BillRequested(account_number=account.number, kind=BillKind.INTERIM, requested_on=today, is_due_anyway=is_due)


@audit.answered
def cancel_bill_request(session: Session, command: CancelBillRequest, *, by: Actor, at: datetime) -> BillRequestCancelled:
    """Do without a bill that was asked for and that no night has taken up.

    Raises:
        NotFound: CSS105E no such account, CSS792E nothing is asked for, or a night has it already.
        Refused: CSS443E, the actor may not.
    """
    require_may(by, "ask for bills")
    account = account_named(session, command.account_number, by)
    request = _waiting(session, account.account_id, command.kind)
    if request is None:
        raise NotFound(
            "CSS792E",
            "No {kind} bill is asked for on account {account} that a night has not taken up.",
            kind=command.kind.value,
            account=account.number,
            element="account_number",
        )
    requested_on = request.requested_on
    before = {"reason": request.reason, "requested_on": requested_on.isoformat(), "requested_by": request.requested_by}
    session.delete(request)
    session.flush()
    audit.record(
        session, by=by, at=at, verb="cancel_bill_request", subject=("account", account.number), before=before, after=to_plain(command)
    )
    return BillRequestCancelled(account_number=account.number, kind=command.kind, requested_on=requested_on)


def _waiting(session: Session, account_id: int, kind: BillKind) -> BillRequest | None:
    """The request that waits, held: a night that is freezing its cut takes it wholly before or wholly after."""
    return session.execute(
        select(BillRequest)
        .where(BillRequest.account_id == account_id, BillRequest.kind == kind, BillRequest.bill_run_id.is_(None))
        .order_by(BillRequest.id)
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
