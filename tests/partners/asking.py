"""A partner's questions, and a look at the answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine

from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.access.keys import partner_of
from css.partners.intake.inbox import Answer
from css.partners.pages import asking
from css.xml import Element, MessageHeader, add, add_header, check, document, find, read_errors, to_bytes
from tests.partners.speaking import AT, US, Parts, header, opened, put

BLOCKS = {"ReserveAppointment": "Request", "ReleaseAppointment": "Release"}
NEEDED = {
    "QueryOrder": ("WithEvents", "true"),
    "ListMyOpenOrders": ("Limit", "200"),
    "ListMyLines": ("Limit", "200"),
    "LinePlantQuery": ("WithOrderables", "true"),
    "AppointmentQuery": ("Limit", "20"),
}
"""What a question always says, for tests to which it does not matter."""


def enquiry(message_type: str, parts: Parts | None = None, *, head: MessageHeader | None = None, **elements: str) -> bytes:
    """A message of the family, which had better be valid; the keywords are its elements in sequence, ``parts`` what stands after them.

    What it must say and is not given is added.
    """
    head = replace(head or header(), message_type=message_type, schema_version="1.0")
    root = document(f"{{urn:css:enquiry:1}}{message_type}")
    add_header(root, head)
    block = add(root, BLOCKS.get(message_type, "Query"))
    put(block, _whole(message_type, [*elements.items(), *(parts or [])]))
    check(root)
    return to_bytes(root, indented=True)


def _whole(message_type: str, parts: Parts) -> Parts:
    needed = NEEDED.get(message_type)
    names = [name for name, _ in parts]
    if needed is None or needed[0] in names:
        return parts
    place = names.index("AccountNumber") if "AccountNumber" in names else len(parts)
    return [*parts[:place], needed, *parts[place:]]


def ask(engine: Engine, data: bytes, provider_code: str = PARTNER, *, at: datetime = AT) -> Answer:
    with transaction(engine) as session:
        partner = partner_of(session, provider_code)
    return asking.ask(engine, partner, data, at=at, us=US)


def answer_of(answer: Answer | bytes) -> Element:
    """The Answer of a document of ours, which had better be valid."""
    root = opened(answer if isinstance(answer, bytes) else answer.body)
    found = find(root, "Answer")
    assert found is not None, to_bytes(root).decode()
    return found


def codes_of(answer: Answer | bytes) -> list[tuple[str, str | None]]:
    """Code and path of every error of an answer."""
    return [(error.code, error.path) for error in read_errors(answer_of(answer))]
