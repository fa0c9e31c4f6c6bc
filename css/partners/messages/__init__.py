"""Every message a partner may send, by the name of its root element: what it does, what it answers, how a no is told."""

from __future__ import annotations

from typing import Final

from css.partners.messages import appointments, delivery, enquiries, faults, orders
from css.partners.messages.kinds import Asked, Command, Document, Question, refusal_key

__all__ = ["COMMANDS", "QUESTIONS", "TAKEN", "Asked", "Command", "Document", "Question", "refusal_key"]

COMMANDS: Final[dict[str, Command]] = {**orders.COMMANDS, **appointments.COMMANDS, **faults.COMMANDS}
QUESTIONS: Final[dict[str, Question]] = {**enquiries.QUESTIONS, **appointments.QUESTIONS, **delivery.QUESTIONS, **faults.QUESTIONS}
TAKEN: Final = (*COMMANDS, *QUESTIONS)
"""The messages a partner may send."""
