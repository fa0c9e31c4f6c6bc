"""The technical answer to a message: taken, taken before, or not taken and why. Never whether an order will be done."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from css.core.errors import Breach
from css.xml import (
    MessageError,
    MessageHeader,
    Party,
    add,
    add_errors,
    add_header,
    document,
    find,
    instant_text,
    read_header,
    read_message,
    to_bytes,
)

Result = Literal["RECEIVED", "DUPLICATE", "REJECTED"]

ACKNOWLEDGEMENT: Final = "{urn:css:acknowledgement:1}Acknowledgement"
NOBODY: Final = Party("UNKNOWN", "NONE")
"""Stands for a party we cannot name: whoever calls without a key that we know."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What could be read of a message that is answered, however broken it was."""

    message_id: str | None = None
    conversation_id: str | None = None


def acknowledgement(
    result: Result,
    *,
    us: Party,
    to: Party,
    at: datetime,
    traces: Traces,
    errors: tuple[MessageError, ...] = (),
) -> bytes:
    """An Acknowledgement of a message that reached us at ``at``.

    When the message's conversation could not be read, the answer begins one of its own.
    """
    root = document(ACKNOWLEDGEMENT)
    add_header(
        root,
        MessageHeader(
            message_id=str(uuid.uuid4()),
            message_type="Acknowledgement",
            conversation_id=traces.conversation_id or str(uuid.uuid4()),
            ref_to_message_id=traces.message_id,
            sender=us,
            receiver=to,
            created_at=at,
        ),
    )
    receipt = add(root, "Receipt")
    add(receipt, "Result", result)
    add(receipt, "ReceivedAt", instant_text(at))
    add_errors(receipt, errors)
    return to_bytes(root, indented=True)


def duplicate_of(first: bytes) -> bytes:
    """The first answer again, saying DUPLICATE: the same for every repeat, under one id of its own."""
    root = read_message(first)
    result = find(root, "Receipt/Result")
    message_id = find(root, "Header/MessageId")
    if result is None or message_id is None:
        msg = "a stored acknowledgement that is none"
        raise Breach(msg)
    result.text = "DUPLICATE"
    message_id.text = str(uuid.uuid5(uuid.UUID(read_header(root).message_id), "DUPLICATE"))
    return to_bytes(root)
