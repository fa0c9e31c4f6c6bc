"""What all messages share, read and written in one place: the types of ``common-1.xsd``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from lxml import etree

from css.core.errors import BadMessage, CssError, Several
from css.xml.gateway import Element
from css.xml.reading import children, find, read_flag, read_instant, read_text, read_whole, required
from css.xml.validation import FAULTS_MAX, XmlFault
from css.xml.writing import add, add_optional, clean_text, instant_text

COMMON: Final = "{urn:css:common:1}"
Severity = Literal["ERROR", "WARNING", "INFORMATION"]
_SEVERITY: Final[dict[str, Severity]] = {"E": "ERROR", "W": "WARNING", "I": "INFORMATION"}
_SENTENCE_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Party:
    """Who sends or receives: a number in a scheme, ``Party("999900001", "DUNS")``."""

    id: str
    scheme: str


@dataclass(frozen=True, slots=True)
class MessageHeader:
    """The header of every message. Ids are UUIDs in small letters."""

    message_id: str
    message_type: str
    """The name of the root element."""
    conversation_id: str
    sender: Party
    receiver: Party
    created_at: datetime
    schema_version: str = "1.0"
    ref_to_message_id: str | None = None
    """In answers: the message answered."""
    sequence_no: int | None = None
    """From us: counts the messages of the conversation from 1."""
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class MessageError:
    """One entry of an error list."""

    severity: Severity
    code: str
    text: str
    path: str | None = None
    line: int | None = None

    @classmethod
    def of_fault(cls, fault: XmlFault) -> MessageError:
        return cls(_SEVERITY[fault.code[-1]], fault.code, fault.text, fault.path, fault.line)

    @classmethod
    def of_error(cls, error: CssError) -> tuple[MessageError, ...]:
        """One entry for each error held; only what the sentence says, so a refusal may be sent as it is."""
        if isinstance(error, Several):
            return tuple(entry for each in error.errors for entry in cls.of_error(each))
        line = error.fields.get("line")
        return (cls(_SEVERITY[error.code[-1]], error.code, str(error), error.element, line if isinstance(line, int) else None),)


def read_header(root: Element) -> MessageHeader:
    """The header of a valid message.

    Raises:
        BadMessage: CSS522E when MessageType is not the root's name.
    """
    header = required(find(root, "Header"), "Header")
    message_type = required(read_text(header, "MessageType"), "Header/MessageType")
    if message_type != etree.QName(root).localname:
        raise BadMessage("CSS522E", "MessageType must be the name of the root element.", element="Header/MessageType")
    reference = read_text(header, "RefToMessageId")
    return MessageHeader(
        message_id=required(read_text(header, "MessageId"), "Header/MessageId").lower(),
        message_type=message_type,
        conversation_id=required(read_text(header, "ConversationId"), "Header/ConversationId").lower(),
        sender=_party(header, "Sender"),
        receiver=_party(header, "Receiver"),
        created_at=required(read_instant(header, "CreatedAt"), "Header/CreatedAt"),
        schema_version=required(read_text(header, "SchemaVersion"), "Header/SchemaVersion"),
        ref_to_message_id=None if reference is None else reference.lower(),
        sequence_no=read_whole(header, "SequenceNo"),
        is_test=bool(read_flag(header, "Test")),
    )


def add_header(root: Element, header: MessageHeader) -> None:
    """Write the header as the first child of the root."""
    block = add(root, "Header")
    add(block, f"{COMMON}MessageId", header.message_id)
    add(block, f"{COMMON}MessageType", header.message_type)
    add(block, f"{COMMON}SchemaVersion", header.schema_version)
    add(block, f"{COMMON}ConversationId", header.conversation_id)
    add_optional(block, f"{COMMON}RefToMessageId", header.ref_to_message_id)
    for name, party in (("Sender", header.sender), ("Receiver", header.receiver)):
        element = add(block, f"{COMMON}{name}")
        add(element, "Id", party.id)
        add(element, "Scheme", party.scheme)
    add_optional(block, f"{COMMON}CreatedAt", instant_text(header.created_at))
    add_optional(block, f"{COMMON}SequenceNo", None if header.sequence_no is None else str(header.sequence_no))
    if header.is_test:
        add(block, f"{COMMON}Test", "true")


def add_contact(parent: Element, element: str, name: str, telephone: str) -> None:
    """A contact under the given element name; the telephone number as ``+44...``."""
    contact = add(parent, element)
    add(contact, f"{COMMON}Name", name)
    add(contact, f"{COMMON}TelephoneNumber", telephone)


def add_address(
    parent: Element, element: str, *, premises: str, town: str, postcode: str, street: str | None = None, locality: str | None = None
) -> None:
    """An address of premises under the given element name."""
    address = add(parent, element)
    add(address, f"{COMMON}Premises", premises)
    add_optional(address, f"{COMMON}Street", street)
    add_optional(address, f"{COMMON}Locality", locality)
    add(address, f"{COMMON}Town", town)
    add(address, f"{COMMON}Postcode", postcode)


def add_errors(parent: Element, errors: tuple[MessageError, ...]) -> None:
    """An error list, nothing when there are none; at most as many as the schema holds, each sentence cut to fit."""
    if not errors:
        return
    block = add(parent, "Errors")
    for entry in errors[:FAULTS_MAX]:
        error = add(block, f"{COMMON}Error")
        add(error, "Severity", entry.severity)
        add(error, "Code", entry.code)
        add_optional(error, "Path", entry.path)
        add_optional(error, "LineNo", None if entry.line is None else str(entry.line))
        add(error, "Text", clean_text(entry.text)[:_SENTENCE_MAX])


def read_errors(parent: Element) -> tuple[MessageError, ...]:
    """The error list of a valid message."""
    severities: dict[str, Severity] = {severity: severity for severity in _SEVERITY.values()}
    return tuple(
        MessageError(
            severity=severities[required(read_text(error, "Severity"), "Severity")],
            code=required(read_text(error, "Code"), "Code"),
            text=required(read_text(error, "Text"), "Text"),
            path=read_text(error, "Path"),
            line=read_whole(error, "LineNo"),
        )
        for error in children(parent, "Errors/Error")
    )


def _party(header: Element, name: str) -> Party:
    return Party(
        id=required(read_text(header, f"{name}/Id"), f"Header/{name}/Id"),
        scheme=required(read_text(header, f"{name}/Scheme"), f"Header/{name}/Scheme"),
    )
