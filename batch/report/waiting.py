"""What waits for a person in the rooms, asked of each room."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from batch.report.facts import Waiting
from billing.queries.accounts import held_bills
from billing.queries.runs import run_of_night
from billing.queries.suspense import waiting_usage
from css.core.actor import Actor
from css.core.money import total
from orders.queries.requests import waiting_order_requests
from repairs.queries.problems import breaches

LATE: Final = "CSS460W"
"""A call that began too long ago: no night tries it again."""


def waiting_of(session: Session, district: str, business_date: date, *, open_rejects: int, by: Actor) -> Waiting:
    """What waits in a district as things stand now; of the whole house only what was set aside."""
    if not district:
        return Waiting(open_rejects=open_rejects)
    held = held_bills(session, district)
    run = run_of_night(session, district, business_date)
    aside = waiting_usage(session, district)
    usage = [row for row in aside if row.reason_code != LATE]
    missed = breaches(session, district, business_date, by=by, limit=200)
    return Waiting(
        held_bills=len(held),
        held_amount=total(bill.invoice_gross for bill in held),
        parked_accounts=run.parked_count if run else 0,
        usage_records=sum(row.record_count for row in usage),
        usage_late=sum(row.record_count for row in aside if row.reason_code == LATE),
        usage_oldest_on=min((row.oldest_on for row in usage), default=None),
        order_requests=len(waiting_order_requests(session, district, by=by)),
        open_rejects=open_rejects,
        missed_faults=len(missed),
        missed_open=sum(fault.cleared_at is None for fault in missed),
    )
