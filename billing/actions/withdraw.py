"""Taking bills back before they have numbers: as if they had not been made, but for the audit trail.

A bill without a number has been sent to nobody and stands in no ledger, so its rows go; what it had taken, items, adjustments
and requests, is free again, and calls, rentals and discounts are decided anew. What has a number is never taken back: a
credit note puts it right.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from billing.actions.approve import hold_run
from billing.actions.calculate import calculate_block
from billing.commands import BlockTotals
from billing.queries.accounts import account_named
from billing.queries.runs import bill_run_id
from billing.rules.permission import require_may
from billing.run_commands import BillWithdrawn, RunWithdrawn, WithdrawBill, WithdrawRun
from billing.words import BillKind
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Conflict, NotFound, Refused
from css.core.money import Money, total
from css.db.sql import block

AGAIN: Final = "CSS785W"
"""Parked because its bill was taken back, and is made again by the same run while its night is not past the sample."""
LEFT_OUT: Final = "CSS786W"
"""Parked because its bill was taken back and the next night makes it."""
AGAIN_BLOCK: Final = 250


@audit.answered
def withdraw_bill(session: Session, command: WithdrawBill, *, by: Actor, at: datetime) -> BillWithdrawn:
    """Take back a calculated or held bill: its rows go, and the account is billed again by this night or by the next.

    Raises:
        NotFound: CSS105E no such account, CSS489E no such run, CSS437E the account has no bill of that date.
        Conflict: CSS788E, the bill has its number.
        Refused: CSS443E the actor may not, CSS789E no reason given.
    """
    require_may(by, "withdraw bills")
    account = account_named(session, command.account_number, by)
    _require_reason(command.reason)
    run = hold_run(session, bill_run_id(session, account.district_code, command.business_date))
    found = session.execute(block("billing", "withdraw.bills"), {"run": run.id, "account": account.account_id}).all()
    if not found:
        raise _not_there(session, run, account.account_id, account.number)
    (bill,) = found
    _take_back(session, run, found, command.reason, until_next_night=command.until_next_night)
    audit.record(
        session,
        by=by,
        at=at,
        verb="withdraw_bill",
        subject=("account", account.number),
        before=_as_it_was(bill),
        after=to_plain(command),
    )
    return BillWithdrawn(
        account_number=account.number,
        business_date=run.business_date,
        kind=BillKind(bill.kind),
        invoice_gross=Money(bill.invoice_gross),
        line_count=bill.line_count,
        until_next_night=command.until_next_night,
    )


@audit.answered
def withdraw_run(session: Session, command: WithdrawRun, *, by: Actor, at: datetime) -> RunWithdrawn:
    """Take back all bills of a run while none has its number, and take its parked accounts up again.

    Raises:
        NotFound: CSS489E, the night has not frozen its cut.
        Conflict: CSS787E, bills of the run have their numbers.
        Refused: CSS443E the actor may not, CSS789E no reason given.
    """
    require_may(by, "withdraw bills")
    _require_reason(command.reason)
    run = hold_run(session, bill_run_id(session, command.district_code, command.business_date))
    numbered = session.execute(block("billing", "withdraw.numbered"), {"run": run.id}).scalar_one()
    if numbered:
        raise Conflict(
            "CSS787E",
            "{district} for {date}: {count:,} {bills} already; what is wrong there is put right by credit notes.",
            count=numbered,
            bills="bill has its number" if numbered == 1 else "bills have their numbers",
            district=run.district_code,
            date=run.business_date,
        )
    found = session.execute(block("billing", "withdraw.bills"), {"run": run.id, "account": None}).all()
    parked = session.execute(block("billing", "withdraw.parked"), {"run": run.id, "marks": [AGAIN, LEFT_OUT]}).scalars().all()
    _take_back(session, run, found, command.reason, until_next_night=command.until_next_night, parked=parked)
    answer = RunWithdrawn(
        district_code=run.district_code,
        business_date=run.business_date,
        bill_count=len(found),
        invoice_gross=total(Money(bill.invoice_gross) for bill in found),
        parked_count=len(parked),
        until_next_night=command.until_next_night,
    )
    audit.record(
        session,
        by=by,
        at=at,
        verb="withdraw_run",
        subject=("bill run", f"{run.district_code} {run.business_date}"),
        before={"bills": answer.bill_count, "invoice_gross": str(answer.invoice_gross), "parked": answer.parked_count},
        after=to_plain(command),
    )
    return answer


def take_up_again(session: Session, run_id: int) -> int:
    """Let the step that calculates make the bills again that were taken back for it, all of them; how many accounts that is.

    Raises:
        NotFound: CSS434E, no such run.
    """
    hold_run(session, run_id)
    taken = 0
    for groups in (False, True):
        parameters = {"run": run_id, "mark": AGAIN, "is_group": groups, "limit": None}
        accounts = session.execute(block("billing", "withdraw.to_make_again"), parameters).scalars().all()
        if accounts:
            chosen = {"run": run_id, "accounts": list(accounts)}
            session.execute(block("billing", "withdraw.take_up"), chosen)
            session.execute(block("billing", "withdraw.take_requests"), chosen)
            taken += len(accounts)
    session.expire_all()
    return taken


def make_again(session: Session, run_id: int, *, groups: bool = False, by: Actor, at: datetime) -> BlockTotals | None:
    """Make some of the bills again that were taken back for it, from the run's own cut; None when none is left.

    Raises:
        NotFound: CSS434E, no such run.
    """
    hold_run(session, run_id)
    parameters = {"run": run_id, "mark": AGAIN, "is_group": groups, "limit": AGAIN_BLOCK}
    accounts = session.execute(block("billing", "withdraw.to_make_again"), parameters).scalars().all()
    if not accounts:
        return None
    chosen = {"run": run_id, "accounts": list(accounts)}
    session.execute(block("billing", "withdraw.take_up"), chosen)
    session.execute(block("billing", "withdraw.take_requests"), chosen)
    session.expire_all()
    return calculate_block(session, run_id, accounts, by=by, at=at)


def _take_back(
    session: Session, run: Row[Any], bills: Sequence[Row[Any]], reason: str, *, until_next_night: bool, parked: Sequence[int] = ()
) -> None:
    ids = {"bills": [bill.id for bill in bills]}
    for rows in ("allowances", "vat", "lines", "bills"):
        session.execute(block("billing", f"withdraw.drop_{rows}"), ids)
    accounts = [*(bill.account_id for bill in bills), *parked]
    session.execute(block("billing", "withdraw.free_requests"), {"run": run.id, "accounts": accounts})
    code, what = (LEFT_OUT, "Left to the next night") if until_next_night else (AGAIN, "Taken back to be made again")
    mark = {"run": run.id, "accounts": accounts, "code": code, "words": f"{what}: {reason.strip()}"}
    session.execute(block("billing", "withdraw.mark"), mark)
    if not until_next_night:
        # What will go out is not what was looked at: the sample and its approval no longer count.
        session.execute(block("billing", "release.not_sampled"), {"run": run.id})
    session.expire_all()


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused("CSS789E", "Say why; the audit trail keeps it.", element="reason")


def _not_there(session: Session, run: Row[Any], account_id: int, account_number: str) -> NotFound | Conflict:
    number = session.execute(block("billing", "withdraw.number_of"), {"run": run.id, "account": account_id}).scalar_one_or_none()
    if number is None:
        sentence = "Account {account} has no bill made on {date}."
        return NotFound("CSS437E", sentence, account=account_number, date=run.business_date, element="business_date")
    sentence = "The bill of {date} for account {account} has its number, {number}; a credit note puts it right."
    return Conflict("CSS788E", sentence, date=run.business_date, account=account_number, number=number)


def _as_it_was(bill: Row[Any]) -> dict[str, Any]:
    amounts = {name: str(Money(getattr(bill, name))) for name in ("invoice_net", "invoice_vat", "invoice_gross", "amount_due")}
    return {"kind": bill.kind, "state": bill.state, "hold_code": bill.hold_code, "lines": bill.line_count, **amounts}
