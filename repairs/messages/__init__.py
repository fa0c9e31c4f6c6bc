"""XML to command, and what became of a fault to XML: ``schemas/fault-1.xsd``. Nothing here decides or reads the database."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from lxml import etree

from css.core.errors import CssError
from css.xml import (
    Element,
    MessageError,
    MessageHeader,
    Party,
    add,
    add_errors,
    add_header,
    add_optional,
    document,
    find,
    instant_text,
    read_header,
    required,
    to_bytes,
)
from repairs.messages.ids import conversation_of, message_id
from repairs.messages.reading import (
    Amended,
    Confirmed,
    FaultAsked,
    Submitted,
    fault_named,
    path_of,
    read_amend_fault,
    read_cancel_fault,
    read_confirm_clear,
    read_list_my_open_faults,
    read_query_fault,
    read_submit_fault,
)
from repairs.messages.writing import HISTORY_MAX, add_fault, add_history, add_summary, add_text, add_warnings
from repairs.queries.copies import FaultCopy, FaultSnapshot, UnfinishedPage, UpdateRow

__all__ = [
    "FAULT_SNAPSHOT",
    "FAULT_UPDATE",
    "OPEN_FAULT_LIST",
    "Amended",
    "Answer",
    "Confirmed",
    "FaultAsked",
    "Submitted",
    "conversation_of",
    "fault_named",
    "fault_refused",
    "fault_snapshot_message",
    "fault_update",
    "message_id",
    "open_fault_list",
    "question_refused",
    "read_amend_fault",
    "read_cancel_fault",
    "read_confirm_clear",
    "read_list_my_open_faults",
    "read_query_fault",
    "read_submit_fault",
    "refusal_kind",
]

NAMESPACE: Final = "{urn:css:fault:1}"
SCHEMA_VERSION: Final = "1.0"
FAULT_UPDATE: Final = "FaultUpdate"
FAULT_SNAPSHOT: Final = "FaultSnapshot"
OPEN_FAULT_LIST: Final = "OpenFaultList"
_REFUSALS: Final = {
    "SubmitFault": ("FAULT_REJECTED", "The fault was not taken."),
    "AmendFault": ("AMENDMENT_REJECTED", "The fault was not amended; it stands as it did."),
    "CancelFault": ("CANCELLATION_REJECTED", "The fault was not cancelled; it stands as it did."),
    "ConfirmClear": ("CONFIRMATION_REJECTED", "The answer to the clear was not taken; the fault stands as it did."),
}
"""What answers a message that was refused, and its sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What stands in the header of the answer to a message."""

    root: Element
    """The message."""
    source_key: str
    """Of the answer; its id is made from it."""
    sender: Party
    """Ourselves."""
    receiver: Party
    """Who asked."""
    at: datetime


def refusal_kind(message_type: str) -> str:
    """What kind of FaultUpdate answers a refused message: ``FAULT_REJECTED``."""
    return _REFUSALS[message_type][0]


def fault_update(  # noqa: PLR0913 - an update is an event, told by whom to whom, in which conversation and when
    copy: FaultCopy,
    event: UpdateRow,
    *,
    number: int,
    source_key: str,
    conversation_id: str,
    sender: Party,
    receiver: Party,
    at: datetime,
    ref_to_message_id: str | None = None,
) -> bytes:
    """The FaultUpdate that tells a partner of one event, with the fault in full. The same event gives the same bytes.

    Args:
        copy: the fault as the deed left it.
        event: what happened.
        number: of the update, among those of the fault.
        source_key: of the event; the message's id is made from it.
        conversation_id: in which it is told.
        sender: ourselves.
        receiver: whose fault it is.
        at: when it is told.
        ref_to_message_id: the message of which it is the direct result.
    """
    root = document(f"{NAMESPACE}{FAULT_UPDATE}")
    add_header(
        root,
        MessageHeader(
            message_id=message_id(source_key),
            message_type=FAULT_UPDATE,
            schema_version=SCHEMA_VERSION,
            conversation_id=conversation_id,
            ref_to_message_id=ref_to_message_id,
            sender=sender,
            receiver=receiver,
            created_at=at,
            sequence_no=number,
        ),
    )
    update = add(root, "Update")
    add(update, "Kind", event.kind)
    add(update, "SequenceNo", str(number))
    add_optional(update, "IssuedAt", instant_text(event.occurred_at))
    add_text(update, "Text", event.words)
    add_warnings(update, event.warnings)
    add_fault(update, copy)
    return to_bytes(root, indented=True)


def fault_refused(answer: Answer, error: CssError, *, copy: FaultCopy | None = None) -> bytes:
    """The FaultUpdate that answers a message refused by a rule, with every reason and the path of what asked for it.

    ``copy`` is the fault the message was about, as it stands; None when the partner has no such fault, or of a SubmitFault, which is
    given back as it was asked.
    """
    root = _begun(FAULT_UPDATE, answer)
    kind, words = _REFUSALS[read_header(answer.root).message_type]
    update = add(root, "Update")
    add(update, "Kind", kind)
    add_optional(update, "IssuedAt", instant_text(answer.at))
    add(update, "Text", words)
    add_errors(update, _entries(answer.root, error))
    if kind == "FAULT_REJECTED":
        asked = add(update, "Asked")
        for part in required(find(answer.root, "Fault"), "SubmitFault/Fault").iterchildren("*"):
            if etree.QName(part).localname != "Extension":
                asked.append(deepcopy(part))
    elif copy is not None:
        add_fault(update, copy)
    return to_bytes(root, indented=True)


def fault_snapshot_message(answer: Answer, snapshot: FaultSnapshot) -> bytes:
    """The answer to a QueryFault."""
    root = _begun(FAULT_SNAPSHOT, answer)
    block = add(root, "Snapshot")
    add_optional(block, "TakenAt", instant_text(answer.at))
    add(block, "LastUpdate", str(snapshot.copy.last_update))
    add_fault(block, snapshot.copy)
    add_history(block, snapshot.history[-HISTORY_MAX:])
    return to_bytes(root, indented=True)


def open_fault_list(answer: Answer, page: UnfinishedPage) -> bytes:
    """The answer to a ListMyOpenFaults."""
    root = _begun(OPEN_FAULT_LIST, answer)
    block = add(root, "Page")
    add_optional(block, "TakenAt", instant_text(answer.at))
    if page.faults:
        faults = add(block, "Faults")
        for row in page.faults:
            add_summary(faults, row)
    add(block, "Last", "true" if page.is_last else "false")
    return to_bytes(root, indented=True)


def question_refused(message_type: str, answer: Answer, error: CssError) -> bytes:
    """The answer to a question, saying why there is none."""
    root = _begun(message_type, answer)
    add_errors(root, _entries(answer.root, error))
    return to_bytes(root, indented=True)


def _begun(message_type: str, answer: Answer) -> Element:
    asked = read_header(answer.root)
    root = document(f"{NAMESPACE}{message_type}")
    add_header(
        root,
        MessageHeader(
            message_id=message_id(answer.source_key),
            message_type=message_type,
            schema_version=SCHEMA_VERSION,
            conversation_id=asked.conversation_id,
            ref_to_message_id=asked.message_id,
            sender=answer.sender,
            receiver=answer.receiver,
            created_at=answer.at,
        ),
    )
    return root


def _entries(root: Element, error: CssError) -> tuple[MessageError, ...]:
    """Why a message was refused, each reason once, with the path of the element in it that asked for what cannot be."""
    entries = (replace(entry, path=path_of(root, entry.path)) for entry in MessageError.of_error(error))
    return tuple(dict.fromkeys(entries))
