"""FetchDocument in a test area: a document of its outbox inside an answer."""

from __future__ import annotations

from sqlalchemy.orm import Session

from css.core.errors import CssError
from css.partners.messages.delivery import DELIVERY
from css.partners.messages.kinds import Asked, Document, refusal_key
from css.partners.model import SandboxArea
from css.partners.sandbox.area import fetch
from css.xml import MessageError, MessageHeader, add, add_errors, add_header, document, read_stored, read_whole, required, to_bytes
from orders.messages import message_id


def deliver(session: Session, area: SandboxArea, asked: Asked, error: CssError | None) -> Document:
    """The next document after a number, or why there is none."""
    key = refusal_key(asked, "Delivery")
    root = document(DELIVERY)
    add_header(
        root,
        MessageHeader(
            message_id=message_id(key),
            message_type="Delivery",
            conversation_id=asked.header.conversation_id,
            ref_to_message_id=asked.header.message_id,
            sender=asked.us,
            receiver=asked.partner.party,
            created_at=asked.at,
        ),
    )
    if error is not None:
        add_errors(root, MessageError.of_error(error))
        return Document(key, message_id(key), "Delivery", to_bytes(root, indented=True))
    found = fetch(session, area, required(read_whole(asked.root, "Fetch/After"), "FetchDocument/Fetch/After"), at=asked.at)
    add(root, "LastSequence", str(area.last_sequence))
    if found is not None:
        block = add(root, "Delivered")
        add(block, "Sequence", str(found.sequence))
        add(block, "PossibleDuplicate", "true" if found.is_possible_duplicate else "false")
        add(block, "MessageId", found.message_id)
        add(block, "MessageType", found.message_type)
        add(block, "Extension").append(read_stored(found.body))
    return Document(key, message_id(key), "Delivery", to_bytes(root, indented=True))
