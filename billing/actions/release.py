"""Releasing bills: numbers are given here, serially and once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.actions.approve import hold_run, require_approved
from billing.actions.sound import CONTRADICTS, sound_document
from billing.commands import BillReleased, BlockTotals, ReleaseBill
from billing.model import Bill, BillRun
from billing.queries.accounts import account_named
from billing.queries.as_posted import bills_as_posted, supplier
from billing.queries.at_cut import run_at_cut
from billing.rules.permission import require_may
from billing.words import BillKind, BillState
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Conflict, NotFound, Refused
from css.core.ids import IdKind, make_id
from css.core.money import Money, total
from css.db.sql import block


def release_run(session: Session, run_id: int, *, by: Actor, at: datetime) -> BlockTotals:
    """Give every calculated bill of the run, and of earlier runs let go since, its number, in order of account.

    One transaction, serial under the row lock of the district's series: numbers have no gap, and their order does not
    depend on who calculated what first. Held bills of the run are filtered. A second call finds nothing left.

    Raises:
        NotFound: CSS434E, no such run.
        Refused: CSS780E, the district wants its bills approved and nobody has; CSS058E, the numbers are used up.
    """
    run = run_at_cut(session, run_id)
    require_approved(session, hold_run(session, run_id))
    series = {IdKind.BILL: run.district_code, IdKind.CREDIT_NOTE: credit_note_series(run.district_code)}
    # The series are locked before the bills are listed, or two releases at once could each list what the other numbers.
    for name in series.values():
        session.execute(block("billing", "release.begin_series"), {"series": name})
        session.execute(block("billing", "release.take_serials"), {"series": name, "count": 0})
    waiting = session.execute(block("billing", "release.waiting"), {"district": run.district_code, "cut": run.cut}).all()
    held = session.execute(block("billing", "release.held"), {"run": run_id}).scalar_one()
    bills = {
        IdKind.BILL: [row.id for row in waiting if row.kind != BillKind.CREDIT_NOTE],
        IdKind.CREDIT_NOTE: [row.id for row in waiting if row.kind == BillKind.CREDIT_NOTE],
    }
    numbered = [_number(session, run.district_code, kind, series[kind], ids) for kind, ids in bills.items() if ids]
    amount = total(gross for _, gross in numbered)
    audit.record(
        session,
        by=by,
        at=at,
        verb="release_run",
        subject=("bill run", f"{run.district_code} {run.cut}"),
        after={
            "bills": len(waiting),
            "held": held,
            "from": [numbers[0] for numbers, _ in numbered],
            "to": [numbers[-1] for numbers, _ in numbered],
            "invoice_gross": str(amount),
        },
    )
    return BlockTotals(read=len(waiting) + held, written=len(waiting), filtered=held, amount=amount)


def credit_note_series(district_code: str) -> str:
    """Credit notes are numbered apart from bills, without gap like them."""
    return f"{district_code}{IdKind.CREDIT_NOTE.value}"


def _number(session: Session, district_code: str, kind: IdKind, series: str, bill_ids: Sequence[int]) -> tuple[Sequence[str], Money]:
    """Give bills the next numbers of a series; the numbers, and the bills' invoice totals together."""
    last = session.execute(block("billing", "release.take_serials"), {"series": series, "count": len(bill_ids)}).scalar_one()
    serials = range(last - len(bill_ids) + 1, last + 1)
    numbers = [make_id(district_code, kind, serial) for serial in serials]
    parameters = {"series": series, "bills": list(bill_ids), "serials": list(serials), "numbers": numbers}
    gross = session.execute(block("billing", "release.give_numbers"), parameters).scalars()
    return numbers, Money(sum(gross))


@audit.answered
def release_bill(session: Session, command: ReleaseBill, *, by: Actor, at: datetime) -> BillReleased:
    """Let a held bill go: the next ``release_run`` gives it its number. Why it was held stays on it.

    Raises:
        NotFound: CSS105E no such account, CSS437E the account has no bill of that date.
        Conflict: CSS438E, the bill is not held. Refused: CSS439E no reason given, CSS443E the actor may not, CSS445E the bill's
            document contradicts itself still: it could be numbered, and never sent.
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
    if bill.hold_code == CONTRADICTS:
        (found,) = bills_as_posted(session, [bill.id], unnumbered=True)
        sound_document(found.bill, supplier(session))
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
