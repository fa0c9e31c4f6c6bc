"""The verbs of orders, by subject: placing, completing, and what happens between.

Each does the whole of its deed in the caller's transaction: the rows, the event the customer is told of (with the
document for a partner in the outbox), what billing must take on its shelf, the audit event. None commits.
"""

from __future__ import annotations

from orders.actions.cancel_other import cancel_other
from orders.actions.complete import complete_order
from orders.actions.place import place_order
from orders.actions.progress import cancel_order, delay_order, resume_order

__all__ = ["cancel_order", "cancel_other", "complete_order", "delay_order", "place_order", "resume_order"]
