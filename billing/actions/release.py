"""Releasing bills: numbers are given here, serially and once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.commands import BillReleased, BlockTotals, ReleaseBill
from billing.model import Bill, BillRun
from billing.queries.accounts import account_named
from billing.queries.at_cut import run_at_cut
from billing.rules.permission import require_may
from billing.words import BillState
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Conflict, NotFound, Refused
from css.core.ids import IdKind, make_id
from css.core.money import Money
from css.db.sql import block


def release_run(session: Session, run_id: int, *, by: Actor, at: datetime) -> BlockTotals:
    """Give every calculated bill of the run, and of earlier runs let go since, its number, in order of account.

    One transaction, serial under the row lock of the district's series: numbers have no gap, and their order does not
    depend on who calculated what first. Held bills of the run are filtered. A second call finds nothing left.

    Raises:
        NotFound: CSS434E, no such run. Refused: CSS058E, the numbers are used up.
    """
    run = run_at_cut(session, run_id)
    # The series is locked before the bills are listed, or two releases at once could each list what the other numbers.
    series = run.district_code
    session.execute(block("billing", "release.begin_series"), {"series": series})
    session.execute(block("billing", "release.take_serials"), {"series": series, "count": 0})
    bills = session.execute(block("billing", "release.waiting"), {"district": run.district_code, "cut": run.cut}).scalars().all()
    held = session.execute(block("billing", "release.held"), {"run": run_id}).scalar_one()
    last = session.execute(block("billing", "release.take_serials"), {"series": series, "count": len(bills)}).scalar_one()
    serials = range(last - len(bills) + 1, last + 1)
    numbers = [make_id(run.district_code, IdKind.BILL, serial) for serial in serials]
    gross = session.execute(
        block("billing", "release.give_numbers"), {"series": series, "bills": list(bills), "serials": list(serials), "numbers": numbers}
    ).scalars()
    amount = Money(sum(gross))
    audit.record(
        session,
        by=by,
        at=at,
        verb="release_run",
        subject=("bill run", f"{run.district_code} {run.cut}"),
        after={"bills": len(bills), "held": held, "from": numbers[:1], "to": numbers[-1:], "invoice_gross": str(amount)},
    )
    return BlockTotals(read=len(bills) + held, written=len(bills), filtered=held, amount=amount)


@audit.answered
def release_bill(session: Session, command: ReleaseBill, *, by: Actor, at: datetime) -> BillReleased:
    """Let a held bill go: the next ``release_run`` gives it its number. Why it was held stays on it.

    Raises:
        NotFound: CSS105E no such account, CSS437E the account has no bill of that date.
        Conflict: CSS438E, the bill is not held. Refused: CSS439E no reason given, CSS443E the actor may not.
    """
    require_may(by, "release bills")
    account = account_named(session, command.account_number, by)
    bill = session.execute(
        select(Bill)
        .join(BillRun, BillRun.id == Bill.bill_run_id)
        .where(Bill.account_id == account.account_id, BillRun.business_date == command.business_date)
        .with_for_update(of=Bill)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if bill is None:
        raise NotFound(
            "CSS437E",
            "Account {account} has no bill made on {date}.",
            account=account.number,
            date=command.business_date,
            element="business_date",
        )
    if bill.state is not BillState.HELD:
        raise Conflict(
            "CSS438E",
            "The bill of {date} for account {account} is {state}, not held.",
            date=command.business_date,
            account=account.number,
            state=bill.state.value,
        )
    if not command.reason.strip():
        raise Refused("CSS439E", "Say why the bill may go out.", element="reason")
    bill.state = BillState.CALCULATED
    session.flush()
    audit.record(
        session,
        by=by,
        at=at,
        verb="release_bill",
        subject=("account", account.number),
        before={"state": BillState.HELD.value, "hold_code": bill.hold_code},
        after=to_plain(command),
    )
    return BillReleased(account_number=account.number, state=bill.state)
