"""Everything that is wrong with a message against its schema, at once, in words that quote names but never values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from typing import Final

from lxml import etree

import schemas
from css.core.errors import BadMessage
from css.xml.gateway import Element, line_of

FAULTS_MAX: Final = 100
"""As many as an Acknowledgement holds; past that the last one says that more follow."""
PART_MAX: Final = 1000
"""Of a long list, how many are looked at together."""
COUNTED_MIN: Final = 100_000
"""No schema of ours allows a list fewer; whether a longer one is too long is told by the whole of it, its faults being few by then."""
_NAME_SHOWN: Final = 40
_EXPECTED_SHOWN: Final = 8
_PATH_SHOWN: Final = 1000
_STEP: Final = re.compile(r"^(?:(?P<prefix>[^:\[]+):)?(?P<name>[^:\[]+)(?:\[(?P<number>[0-9]+)\])?$")
_EXPECTED: Final = re.compile(r"\{[^{}]*\}([A-Za-z0-9_]+)")
_ATTRIBUTE_FAULTS: Final = frozenset(
    {
        "SCHEMAV_CVC_TYPE_3_1_1",
        "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1",
        "SCHEMAV_CVC_COMPLEX_TYPE_3_2_2",
        "SCHEMAV_CVC_ELT_3_1",
        "SCHEMAV_CVC_ELT_4_1",
        "SCHEMAV_CVC_ELT_4_2",
        "SCHEMAV_CVC_ELT_4_3",
    }
)
"""A stray attribute, a wrong or missing one, xsi:nil, xsi:type."""


@dataclass(frozen=True, slots=True)
class XmlFault:
    """One thing wrong with a message."""

    code: str
    path: str
    """Element names from the root down, ``SubmitOrder/Order/Features/Feature[2]/ProductCode``."""
    line: int
    text: str
    """A sentence; it may quote names of elements and what the schema asks for, never a value sent."""

    def error(self) -> BadMessage:
        """The same as an exception, for doors that raise."""
        return BadMessage(
            self.code, "{sentence} ({path}, line {line})", element=self.path, sentence=self.text, path=self.path, line=self.line
        )


def schema_for(root: Element, among: Sequence[str] | None = None) -> str:
    """The name of the schema that a document claims to follow.

    Args:
        root: of the document.
        among: the schemas that will do; left out, those of messages between partners and us.

    Raises:
        BadMessage: CSS510E when there is no such message, family or version.
    """
    name = etree.QName(root)
    names = schemas.messages() if among is None else among
    known = schemas.by_namespace().get(name.namespace or "")
    if known is None or known not in names:
        spoken = ", ".join(schemas.namespace(each) for each in names if schemas.roots(each))
        raise BadMessage("CSS510E", "The root element is in no namespace of ours; we speak {spoken}.", spoken=spoken)
    if name.localname not in schemas.roots(known):
        raise BadMessage(
            "CSS510E",
            "{namespace} has no such message; it has {messages}.",
            namespace=schemas.namespace(known),
            messages=", ".join(sorted(schemas.roots(known))) or "none",
        )
    return known


def validate(root: Element, schema_name: str, long_list: str | None = None) -> tuple[XmlFault, ...]:
    """All faults of a message, in document order, up to ``FAULTS_MAX``; none when it is valid.

    Below an element that does not belong where it stands, nothing more is said about its parent's later children.

    Args:
        root: of the message.
        schema_name: what it must follow.
        long_list: the local name of a child of the root that holds any number of one element and nothing else. It is looked at in
            parts, for the time the parser takes to tell a fault grows with the siblings that stand before it.
    """
    schema = schemas.load(schema_name)
    faults: dict[str, XmlFault] = {}
    for part, listed, start in _parts(root, long_list):
        if schema.validate(part):
            continue
        for entry in schema.error_log:  # type: ignore[attr-defined]  # the stubs forget that a log is a list
            if len(faults) == FAULTS_MAX:
                break
            element = _locate(part, entry.path or "")
            fault = _fault(_counterpart(root, element, listed, start), entry)
            # The first is the cause: a value of the wrong form is often reported again as a value of the wrong type.
            faults.setdefault(fault.path, fault)
        if len(faults) == FAULTS_MAX:
            break
    found = tuple(faults.values())
    if len(found) < FAULTS_MAX:
        return found
    last = found[-1]
    return (*found[:-1], XmlFault("CSS518E", last.path, last.line, f"There are more faults than the {FAULTS_MAX - 1} listed."))


def check(root: Element) -> None:
    """Refuse a message that is not valid against the schema its root names.

    Raises:
        BadMessage: the first fault, CSS510E to CSS517E.
    """
    faults = validate(root, schema_for(root))
    if faults:
        raise faults[0].error()


def _parts(root: Element, long_list: str | None) -> Iterator[tuple[Element, Element | None, int]]:
    """The message with a part of its long list at a time: a copy, the list in it, and where in the whole list the part begins."""
    lists = [] if long_list is None else [child for child in root if etree.QName(child).localname == long_list]
    if len(lists) != 1 or len(lists[0]) <= PART_MAX:
        yield root, None, 0
        return
    for start in range(0, len(lists[0]), PART_MAX):
        part = _emptied(root)
        listed = part
        for child in root:
            if child is lists[0]:
                listed = _emptied(child)
                listed.extend(deepcopy(each) for each in islice(child, start, start + PART_MAX))
                part.append(listed)
            else:
                part.append(deepcopy(child))
        yield part, listed, start
    if len(lists[0]) > COUNTED_MIN:
        yield root, None, 0


def _emptied(element: Element) -> Element:
    """A copy without the children."""
    copy = etree.Element(element.tag, dict(element.attrib), nsmap=element.nsmap)  # type: ignore[arg-type,misc]  # None is the default namespace
    copy.text, copy.tail = element.text, element.tail
    return copy


def _counterpart(root: Element, element: Element, listed: Element | None, start: int) -> Element:
    """The element of the message of which a part holds a copy."""
    if listed is None:
        return element
    steps: list[int] = []
    here = element
    while (above := here.getparent()) is not None:
        steps.append(above.index(here) + (start if above is listed else 0))
        here = above
    found = root
    for step in reversed(steps):
        found = found[step]
    return found


def _fault(element: Element, entry: etree._LogEntry) -> XmlFault:
    kind = entry.type_name
    name = _shown(element)
    if kind == "SCHEMAV_ELEMENT_CONTENT":
        code, text = _misplaced(element, name, entry.message)
    elif kind == "SCHEMAV_CVC_ELT_1":
        code, text = "CSS510E", f"{name} is no message of this schema."
    elif kind in _ATTRIBUTE_FAULTS:
        code, text = "CSS516E", f"{name} has an attribute that is not allowed there."
    elif kind in {"SCHEMAV_CVC_COMPLEX_TYPE_2_3", "SCHEMAV_CVC_TYPE_3_1_2"}:
        holds = "elements, not text" if kind == "SCHEMAV_CVC_COMPLEX_TYPE_2_3" else "text, not elements"
        code, text = "CSS515E", f"{name} holds {holds}."
    else:
        code, text = _misformed(element, name)
    return XmlFault(code, _path(element), line_of(element), text)


def _misplaced(element: Element, name: str, message: str) -> tuple[str, str]:
    # Only what follows the marker is read: names from the schema, never the value or name that was sent.
    expected = _EXPECTED.findall(message.rpartition("Expected is")[2]) if "Expected is" in message else []
    wanted = ", ".join(expected[:_EXPECTED_SHOWN]) + (", ..." if len(expected) > _EXPECTED_SHOWN else "")
    if "Missing child element" in message:
        wanted = _missing(element) or wanted
        return "CSS512E", f"{name} is not complete; expected {wanted}." if wanted else f"{name} is empty."
    if name in expected:
        return "CSS511E", f"{name} is in the wrong namespace."
    if wanted:
        return "CSS511E", f"{name} is not expected here; expected {wanted}."
    before = element.getprevious()
    if before is not None and before.tag == element.tag:
        return "CSS511E", f"There are more {name} elements than allowed."
    return "CSS511E", f"{name} is not expected here."


def _missing(element: Element) -> str:
    """The next element that an incomplete one must have, empty when the schemas do not say.

    What the parser expects are all that may come before it too, of which it names ten, so that the one required may not be among them.
    """
    there = {child.tag for child in element.iterchildren("*")}
    return next((etree.QName(tag).localname for tag in schemas.required_of(_lineage(element)) if tag not in there), "")


def _lineage(element: Element) -> tuple[str, ...]:
    """The tags from the root down to the element."""
    return (*reversed([str(above.tag) for above in element.iterancestors()]), str(element.tag))


def _misformed(element: Element, name: str) -> tuple[str, str]:
    if not len(element) and not (element.text or "").strip(" \t\r\n"):
        return "CSS514E", f"{name} is empty; give it a value or leave it out."
    form = schemas.form_of(_lineage(element))
    if form:
        return "CSS513E", f"{name} must be {form}."
    return "CSS517E", f"{name} is not as the schema asks."


def _locate(root: Element, path: str) -> Element:
    """The element a libxml2 node path points to, or the nearest one above it.

    Such a path counts an element without prefix among all its siblings (``*[3]``) and one with a prefix among its
    namesakes, and its prefixes are the message's own, so it cannot be given to an XPath engine.
    """
    here = root
    for step in path.strip("/").split("/")[1:]:
        parts = _STEP.match(step)
        if parts is None:
            break
        kin = [child for child in here.iterchildren("*") if parts["name"] == "*" or _is(child, parts["prefix"], parts["name"])]
        number = int(parts["number"] or 1)
        if number > len(kin):
            break
        here = kin[number - 1]
    return here


def _is(child: Element, prefix: str | None, name: str) -> bool:
    return child.prefix == prefix and etree.QName(child).localname == name


def _shown(element: Element) -> str:
    name = etree.QName(element).localname
    return name if len(name) <= _NAME_SHOWN else name[:_NAME_SHOWN] + "..."


def _path(element: Element) -> str:
    steps: list[str] = []
    here: Element | None = element
    while here is not None:
        above = here.getparent()
        tag = here.tag
        namesakes = 1 if above is None else sum(1 for _ in above.iterchildren(tag))
        number = 1 + sum(1 for _ in here.itersiblings(tag, preceding=True))
        steps.append(_shown(here) + (f"[{number}]" if namesakes > 1 else ""))
        here = above
    path = "/".join(reversed(steps))
    return path if len(path) <= _PATH_SHOWN else "..." + path[3 - _PATH_SHOWN :]
