"""The verbs of orders, by subject: placing, completing, and what happens between.

Each does the whole of its deed in the caller's transaction: the rows, the event the customer is told of (with the
document for a partner in the outbox), what billing must take on its shelf, the audit event. None commits.
"""

from __future__ import annotations

from orders.actions.amend import amend_order
from orders.actions.appointments import miss_appointment
from orders.actions.cancel_other import cancel_other
from orders.actions.commit import commit_order
from orders.actions.complete import complete_order
from orders.actions.place import place_order
from orders.actions.progress import cancel_order, delay_order, inform_order, resume_order, terminate_order
from orders.actions.seeing import chase_order, escalate_order, take_order
from orders.actions.tasks import complete_task, fail_task, retry_task

__all__ = [
    "amend_order",
    "cancel_order",
    "cancel_other",
    "chase_order",
    "commit_order",
    "complete_order",
    "complete_task",
    "delay_order",
    "escalate_order",
    "fail_task",
    "inform_order",
    "miss_appointment",
    "place_order",
    "resume_order",
    "retry_task",
    "take_order",
    "terminate_order",
]
