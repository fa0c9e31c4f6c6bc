"""FetchDocument: a document of the outbox inside an answer, for partners whose way has no headers to say what it is."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from css.core.errors import CssError, Refused
from css.partners.messages.kinds import Asked, Document, Question, refusal_key
from css.partners.outgoing.outbox import Fetched, fetch
from css.xml import (
    Element,
    MessageError,
    MessageHeader,
    add,
    add_errors,
    add_header,
    document,
    read_stored,
    read_whole,
    required,
    to_bytes,
)
from orders.messages import message_id

DELIVERY: Final = "{urn:css:delivery:1}Delivery"


def _answer(session: Session, asked: Asked, error: CssError | None) -> Document:
    """The answer; or one that says no, to a question that would have its answer, and the document in it, put into the outbox again."""
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
    if error is None and not asked.answering:
        error = Refused("CSS579E", "A document is fetched at queries or by SOAP, where it is answered at once.", element="FetchDocument")
    if error is None:
        after = required(read_whole(asked.root, "Fetch/After"), "FetchDocument/Fetch/After")
        _add_fetched(root, fetch(session, asked.partner, after))
    else:
        add_errors(root, MessageError.of_error(error))
    return Document(key, message_id(key), "Delivery", to_bytes(root, indented=True))


def _add_fetched(root: Element, found: Fetched) -> None:
    add(root, "LastSequence", str(found.last_sequence))
    if found.document is None:
        return
    block = add(root, "Delivered")
    add(block, "Sequence", str(found.document.sequence))
    add(block, "PossibleDuplicate", "true" if found.is_possible_duplicate else "false")
    add(block, "MessageId", found.document.message_id)
    add(block, "MessageType", found.document.message_type)
    add(block, "Extension").append(read_stored(found.document.body))


# As the house: what is fetched is noted. What is read is read behind the wall all the same.
QUESTIONS: Final = {"FetchDocument": Question(_answer, is_of_plant=True, is_noted=True)}
