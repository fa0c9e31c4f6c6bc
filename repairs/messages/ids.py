"""Names of our own that never change: the same event has the same message id whenever it is written."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid5

_IDS: Final = UUID("8c3e5a10-64b7-5b0e-9d21-7a4f0e6c2d95")


def message_id(source_key: str) -> str:
    """The id of the message about an event: made from its source key."""
    return str(uuid5(_IDS, source_key))


def conversation_of(fault_number: str) -> str:
    """The conversation of a fault that its partner did not report by a message."""
    return message_id(f"fault/{fault_number}")
