"""Building XML: a root, its parts in schema order, its bytes.

Every text goes through ``clean_text`` here, once, so that nothing a customer or operator typed can make a document that
cannot be read back. Serialising the same tree gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final

from lxml import etree

from css.core.errors import Breach
from css.xml.gateway import Element

_NEW_LINE: Final = re.compile("\r\n|[\r\x85\u2028\u2029]")
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 forbids, and the C1 controls, which it only discourages but which are never text."""


def clean_text(text: str) -> str:
    """Text fit for XML: one kind of new line, and no character that XML forbids. Everything else stays as typed."""
    return _ILLEGAL.sub("", _NEW_LINE.sub("\n", text))


def document(tag: str, prefixes: Mapping[str | None, str] | None = None) -> Element:
    """A new root element.

    Args:
        tag: in Clark notation, ``{urn:css:order:1}OrderUpdate``.
        prefixes: namespaces by prefix, None for the default one. Left out, the root's own becomes the default and
            ``c`` stands for the common types. Give every namespace here, or it is declared again on each element.
    """
    if prefixes is None:
        prefixes = {None: str(etree.QName(tag).namespace), "c": "urn:css:common:1"}
    return etree.Element(tag, nsmap=dict(prefixes))  # type: ignore[arg-type]  # the stubs forget the default namespace


def add(parent: Element, name: str, text: str | None = None) -> Element:
    """A new last child: a leaf with its text, or a container when no text is given.

    Args:
        parent: the element it goes into.
        name: a bare name is in the parent's namespace; otherwise Clark notation.
        text: a leaf's value.

    Raises:
        Breach: the text is empty once cleaned; an optional element that has no value is left out (``add_optional``).
    """
    if name[0] != "{":
        home = str(parent.tag)
        name = home[: home.rindex("}") + 1] + name
    child = etree.SubElement(parent, name)
    if text is not None:
        cleaned = clean_text(text)
        if not cleaned.strip(" \t\n"):
            msg = f"empty element {name}"
            raise Breach(msg)
        child.text = cleaned
    return child


def add_optional(parent: Element, name: str, text: str | None) -> None:
    """A leaf when there is something to say, nothing otherwise."""
    if text is not None and clean_text(text).strip(" \t\n"):
        add(parent, name, text)


def date_text(day: date | None) -> str | None:
    """A day as XML writes it; None stays None."""
    return None if day is None else day.isoformat()


def instant_text(at: datetime | None) -> str | None:
    """An instant in UTC with ``Z``, with microseconds only where there are any; None stays None.

    Raises:
        Breach: the instant has no zone.
    """
    if at is None:
        return None
    if at.tzinfo is None:
        msg = "an instant without a zone"
        raise Breach(msg)
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def to_bytes(root: Element, *, indented: bool = False) -> bytes:
    """The document in UTF-8 with its declaration. ``indented`` adds line breaks for human readers, in the tree too."""
    if indented:
        etree.indent(root)
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written + b"\n" if indented else written


def canonical(root: Element) -> bytes:
    """Exclusive canonical XML 1.0 without comments: two documents that mean the same give the same bytes."""
    written: bytes = etree.tostring(root, method="c14n", exclusive=True, with_comments=False)
    return written
