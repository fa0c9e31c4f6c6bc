"""The shelves between rooms: what one room leaves and another takes, never a call between them.

A shelf row has a source key, so leaving twice is leaving once. The outbox carries documents to partners; billable items
and service failures wait for billing; order requests wait for orders; holds are respected by debt and orders.
"""

from __future__ import annotations

from css.handover.answering import Answering, answering, message_answered
from css.handover.holds import Hold, HoldRow, holds_of_account, holds_on, lift_hold, place_hold
from css.handover.outbox import (
    OutboxCounter,
    OutboxMessage,
    OutboxRow,
    next_outbox_sequence,
    outbox_after,
    outbox_last_sequence,
    outbox_next,
    put_in_outbox,
)
from css.handover.requests import OrderRequest, leave_order_request, order_requests_follow
from css.handover.shelves import (
    BillableItem,
    ItemToBill,
    ServiceFailure,
    leave_billable_items,
    leave_service_failure,
    noting_failures,
)

__all__ = [
    "Answering",
    "BillableItem",
    "Hold",
    "HoldRow",
    "ItemToBill",
    "OrderRequest",
    "OutboxCounter",
    "OutboxMessage",
    "OutboxRow",
    "ServiceFailure",
    "answering",
    "holds_of_account",
    "holds_on",
    "leave_billable_items",
    "leave_order_request",
    "leave_service_failure",
    "lift_hold",
    "message_answered",
    "next_outbox_sequence",
    "noting_failures",
    "order_requests_follow",
    "outbox_after",
    "outbox_last_sequence",
    "outbox_next",
    "place_hold",
    "put_in_outbox",
]
