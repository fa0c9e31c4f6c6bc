"""What waits for a person in the rooms, asked of each room."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from batch.report.facts import Waiting
from billing.queries.accounts import held_sum
from billing.queries.runs import run_of_night
from billing.queries.suspense import unreadable_of_night, waiting_usage
from css.core.actor import Actor
from orders.queries.requests import count_waiting_order_requests
from repairs.queries.problems import breach_count

LATE: Final = "CSS460W"
"""A call that began too long ago: no night tries it again."""


def waiting_of(session: Session, district: str, business_date: date, *, other_rejects: int, by: Actor) -> Waiting:
    """What waits in a district as things stand now; of the whole house only what was set aside."""
    if not district:
        return Waiting(other_rejects=other_rejects)
    held = held_sum(session, district)
    run = run_of_night(session, district, business_date)
    aside = waiting_usage(session, district)
    usage = [row for row in aside if row.reason_code != LATE]
    missed = breach_count(session, district, business_date, by=by)
    return Waiting(
        held_bills=held.bill_count,
        held_amount=held.invoice_gross,
        parked_accounts=run.parked_count if run else 0,
        usage_records=sum(row.record_count for row in usage),
        usage_late=sum(row.record_count for row in aside if row.reason_code == LATE),
        usage_unreadable=unreadable_of_night(session, district, business_date),
        usage_oldest_on=min((row.oldest_on for row in usage), default=None),
        order_requests=count_waiting_order_requests(session, district, by=by),
        other_rejects=other_rejects,
        missed_faults=missed.missed,
        missed_open=missed.not_mended,
    )
