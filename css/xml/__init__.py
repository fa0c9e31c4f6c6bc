"""XML, in and out: the only place that parses, validates or serialises it.

``gateway`` turns bytes from outside into a tree or refuses them; ``validation`` says everything that is wrong with a
tree, in words; ``reading`` takes values out of a valid tree; ``writing`` builds a tree and its bytes; ``common`` reads
and writes what all our messages share (header, parties, contacts, addresses, errors).
"""

from __future__ import annotations

from css.xml.common import (
    COMMON,
    MessageError,
    MessageHeader,
    Party,
    add_address,
    add_contact,
    add_errors,
    add_header,
    read_errors,
    read_header,
)
from css.xml.gateway import ELEMENTS_MAX, MESSAGE_BYTES_MAX, Element, read_message, read_stored
from css.xml.reading import (
    children,
    find,
    read_date,
    read_decimal,
    read_flag,
    read_instant,
    read_money,
    read_text,
    read_whole,
    required,
)
from css.xml.validation import FAULTS_MAX, XmlFault, check, schema_for, validate
from css.xml.writing import add, add_optional, canonical, clean_text, date_text, document, instant_text, to_bytes

__all__ = [
    "COMMON",
    "ELEMENTS_MAX",
    "FAULTS_MAX",
    "MESSAGE_BYTES_MAX",
    "Element",
    "MessageError",
    "MessageHeader",
    "Party",
    "XmlFault",
    "add",
    "add_address",
    "add_contact",
    "add_errors",
    "add_header",
    "add_optional",
    "canonical",
    "check",
    "children",
    "clean_text",
    "date_text",
    "document",
    "find",
    "instant_text",
    "read_date",
    "read_decimal",
    "read_errors",
    "read_flag",
    "read_header",
    "read_instant",
    "read_message",
    "read_money",
    "read_stored",
    "read_text",
    "read_whole",
    "required",
    "schema_for",
    "to_bytes",
    "validate",
]
