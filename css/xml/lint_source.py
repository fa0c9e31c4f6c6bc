"""A schema file as the house rules look at it: its parts by name, and what a simple type takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from lxml import etree

from css.xml.gateway import Element, line_of

XSD: Final = "{http://www.w3.org/2001/XMLSchema}"
FILE_FORM: Final = re.compile(r"(?P<family>[a-z]+(?:-[a-z]+)*)-(?P<major>[1-9][0-9]*)\.xsd")
_XSD_NAMESPACE: Final = XSD.strip("{}")


@dataclass(frozen=True, slots=True)
class Flaw:
    """Where a rule is broken."""

    name: str
    """Of the type or element at fault; empty when it is the file."""
    line: int
    sentence: str


@dataclass(frozen=True)
class Source:
    """A schema as it is written."""

    path: Path
    root: Element

    def flaw(self, node: Element, sentence: str) -> Flaw:
        """A flaw at a node, known by the nearest name at or above it."""
        return Flaw(self.name_of(node), line_of(node), sentence)

    def name_of(self, node: Element) -> str:
        """The node's own name, or that of what it stands in."""
        here: Element | None = node
        while here is not None and here is not self.root:
            if here.get("name"):
                return str(here.get("name"))
            here = here.getparent()
        return ""

    def all(self, *names: str) -> Iterator[Element]:
        """Every node of these kinds, ``element`` or ``any``, in order of the file; not what stands in documentation."""
        for node in self.root.iter(*(f"{XSD}{name}" for name in names)):
            if next(node.iterancestors(f"{XSD}annotation"), None) is None:
                yield node

    def top(self, *names: str) -> Iterator[Element]:
        """The global ones of these kinds."""
        yield from self.root.iterchildren(*(f"{XSD}{name}" for name in names))

    def is_global(self, node: Element) -> bool:
        return node.getparent() is self.root

    @cached_property
    def namespace(self) -> str:
        return self.root.get("targetNamespace") or ""

    @cached_property
    def simple_types(self) -> dict[str, Element]:
        return {str(kind.get("name")): kind for kind in self.top("simpleType")}

    @cached_property
    def complex_types(self) -> dict[str, Element]:
        return {str(kind.get("name")): kind for kind in self.top("complexType")}

    def resolved(self, node: Element, qualified: str) -> tuple[str, str]:
        """Namespace and local name of a type as the file writes it."""
        prefix, _, local = qualified.rpartition(":")
        return node.nsmap.get(prefix or None, "") or "", local

    def is_built_in(self, node: Element, qualified: str) -> bool:
        return self.resolved(node, qualified)[0] == _XSD_NAMESPACE


def local(node: Element) -> str:
    return etree.QName(node).localname


def is_xsd(node: Element) -> bool:
    return etree.QName(node).namespace == _XSD_NAMESPACE


def parts(kind: Element) -> list[Element]:
    """What a complex type holds, in its sequence."""
    return [each for each in kind.iterfind(f"{XSD}sequence/*") if local(each) != "annotation"]


def facets(restriction: Element) -> dict[str, str]:
    """Facet to value; of a facet that stands there several times, the last."""
    return {local(facet): str(facet.get("value")) for facet in restriction if local(facet) not in {"annotation", "simpleType"}}


def takes(kind: Element, text: str) -> bool:
    """Whether a value has the form of a simple type that restricts a built-in one.

    Raises:
        XMLSchemaParseError: the type is no valid one.
    """
    probe = etree.Element(f"{XSD}schema", nsmap={**_prefixes(kind), "probed": "urn:probe"}, targetNamespace="urn:probe")
    probe.append(deepcopy(kind))
    etree.SubElement(probe, f"{XSD}element", name="Probe", type=f"probed:{kind.get('name')}")
    value = etree.Element("{urn:probe}Probe")
    value.text = text
    return etree.XMLSchema(probe).validate(value)


def _prefixes(node: Element) -> dict[str, str]:
    """The namespaces in force at a node that have a prefix."""
    return {prefix: namespace for prefix, namespace in node.nsmap.items() if prefix}
