"""Approving a run: somebody has looked at its sample and lets its bills go out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from billing.queries.control import bill_control
from billing.queries.runs import bill_run_id
from billing.rules.approval import require_another
from billing.rules.permission import require_may
from billing.run_commands import ApproveBills, BillsApproved
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import NotFound, Refused
from css.core.money import Money
from css.db.sql import block


@audit.answered
def approve_bills(session: Session, command: ApproveBills, *, by: Actor, at: datetime) -> BillsApproved:
    """Let the bills of a night get their numbers, the sample having been looked at; the night that is run again goes on.

    Raises:
        NotFound: CSS489E, the night has made no bills.
        Refused: CSS443E the actor may not, CSS783E the actor ran the night, CSS784E nothing is said about what was looked at,
            CSS782E no bill of the run waits for its number, CSS781E its sample is not printed yet.
    """
    require_may(by, "approve bills")
    run = hold_run(session, bill_run_id(session, command.district_code, command.business_date))
    if not command.words.strip():
        raise Refused("CSS784E", "Say what you looked at; the run keeps it.", element="words")
    waiting = session.execute(block("billing", "release.to_approve"), {"run": run.id}).one()
    if not waiting.bill_count:
        sentence = "No bill of {district} for {date} waits for its number: there is nothing to approve."
        raise Refused("CSS782E", sentence, district=run.district_code, date=run.business_date, element="business_date")
    if run.sampled_at is None:
        sentence = "The sample of {district} for {date} is not printed, or bills were made again since; run the night, then look at it."
        raise Refused("CSS781E", sentence, district=run.district_code, date=run.business_date, element="business_date")
    require_another(by, run.sampled_by)
    session.execute(block("billing", "release.approved"), {"run": run.id, "by": by.name, "at": at, "words": command.words})
    session.expire_all()
    answer = BillsApproved(
        district_code=run.district_code,
        business_date=run.business_date,
        approved_by=by.name,
        bill_count=waiting.bill_count,
        invoice_gross=Money(int(waiting.invoice_gross)),
    )
    audit.record(
        session,
        by=by,
        at=at,
        verb="approve_bills",
        subject=("bill run", f"{run.district_code} {run.business_date}"),
        before={"approved_by": run.approved_by} if run.approved_by else None,
        after={**to_plain(command), "bills": answer.bill_count, "invoice_gross": str(answer.invoice_gross)},
    )
    return answer


def hold_run(session: Session, run_id: int) -> Row[Any]:
    """The run, held until the transaction ends: releasing, approving and taking back wait for each other.

    Raises:
        NotFound: CSS434E, no such run.
    """
    run = session.execute(block("billing", "release.hold_run"), {"run": run_id}).one_or_none()
    if run is None:
        raise NotFound("CSS434E", "There is no bill run {run}.", run=run_id)
    return run


def require_approved(session: Session, run: Row[Any], sample: str = "the sample") -> None:
    """Nothing to do for a run of which no bill waits, or whose district wants nobody's approval. ``sample`` says where it lies.

    Raises:
        Refused: CSS780E, somebody must approve first.
    """
    if run.approved_by is not None or not bill_control(session, run.district_code).is_approval_required:
        return
    waiting = session.execute(block("billing", "release.to_approve"), {"run": run.id}).one()
    if waiting.bill_count:
        raise Refused(
            "CSS780E",
            "{count:,} {bills} for approval, {gross} in all. Look at {sample}; whoever did not run the night approves them with "
            "`css bills approve {district} {date} --words WORDS --by OPERATOR`. Then run the night again.",
            count=waiting.bill_count,
            bills="bill waits" if waiting.bill_count == 1 else "bills wait",
            gross=Money(int(waiting.invoice_gross)).sterling,
            sample=sample,
            district=run.district_code,
            date=run.business_date,
        )
