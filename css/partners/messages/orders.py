"""Messages about orders, onto the verbs of orders."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from css.core.errors import BadMessage, CssError, NotFound
from css.partners.messages.kinds import Asked, Command, Document, refusal_key
from css.xml import read_text
from orders.actions import amend_order, cancel_order, cancel_other, place_order
from orders.commands.orders import CancelOther
from orders.messages import (
    ORDER_UPDATE,
    amend_order_command,
    cancel_order_command,
    message_id,
    order_refused,
    refusal_kind,
    submit_order_command,
)
from orders.queries.cards import OrderCopy, order_card


def _submit(session: Session, asked: Asked) -> str:
    placed = place_order(session, submit_order_command(asked.root), by=asked.partner.actor, at=asked.at)
    return f"Order {placed.order_number} placed."


def _amend(session: Session, asked: Asked) -> str:
    changed = amend_order(session, amend_order_command(asked.root), by=asked.partner.actor, at=asked.at)
    return f"Order {changed.order_number} amended."


def _cancel(session: Session, asked: Asked) -> str:
    command = cancel_order_command(asked.root)
    if isinstance(command, CancelOther):
        stopped = cancel_other(session, command, by=asked.partner.actor, at=asked.at)
        return f"Order {stopped.order_number} and the order that takes its line stopped."
    cancelled = cancel_order(session, command, by=asked.partner.actor, at=asked.at)
    return f"Order {cancelled.order_number} cancelled."


def _refused(session: Session, asked: Asked, refusal: CssError) -> Document:
    """It is no event of an order, whether there is one or not, so it is a document only."""
    source_key = refusal_key(asked, refusal_kind(asked.header.message_type))
    body = order_refused(
        asked.root,
        refusal,
        source_key=source_key,
        sender=asked.us,
        receiver=asked.partner.party,
        at=asked.at,
        copy=_order_named(session, asked),
    )
    return Document(source_key, message_id(source_key), ORDER_UPDATE, body)


def _order_named(session: Session, asked: Asked) -> OrderCopy | None:
    """The order that a message is about, as it stands; None when it is about none that the partner has."""
    number = read_text(asked.root, "Amendment/OrderNumber") or read_text(asked.root, "Cancellation/OrderNumber")
    if number is None:
        return None
    try:
        return order_card(session, number, by=asked.partner.actor)
    except (NotFound, BadMessage):
        return None


COMMANDS: Final = {
    "SubmitOrder": Command(_submit, _refused),
    "AmendOrder": Command(_amend, _refused),
    "CancelOrder": Command(_cancel, _refused),
}
