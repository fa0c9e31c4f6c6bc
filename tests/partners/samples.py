"""The samples of messages, walked through with the types that the schemas give their elements."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import schemas
from css.xml import Element, read_message

XSD = "{http://www.w3.org/2001/XMLSchema}"
VALID = sorted((schemas.SAMPLES / "valid").glob("*.xml"))
INVALID = sorted((schemas.SAMPLES / "invalid").glob("*.xml"))
EXPECTED = json.loads((schemas.SAMPLES / "expected.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Node:
    """An element of a sample and its type, in Clark notation."""

    element: Element
    type: str


def typed(root: Element) -> Iterator[Node]:
    """Every element of a valid message that our schemas give a type; not what lies in an Extension."""
    kinds = schemas._children()

    def below(element: Element, kind: str) -> Iterator[Node]:
        yield Node(element, kind)
        parts = kinds.get(kind, {})
        for child in element:
            if str(child.tag) in parts:
                yield from below(child, parts[str(child.tag)])

    yield from below(root, kinds[""][str(root.tag)])


@cache
def simple_types() -> dict[str, Element]:
    """Each simple type of the schemas, in Clark notation, with its restriction."""
    return {
        f"{{{schemas.namespace(name)}}}{kind.get('name')}": restriction
        for name in schemas.names()
        for kind in schemas.source(name).iterchildren(f"{XSD}simpleType")
        for restriction in kind.iterchildren(f"{XSD}restriction")
    }


@cache
def complex_types() -> dict[str, Element]:
    """Each complex type of the schemas, in Clark notation."""
    return {
        f"{{{schemas.namespace(name)}}}{kind.get('name')}": kind
        for name in schemas.names()
        for kind in schemas.source(name).iterchildren(f"{XSD}complexType")
    }


def parsed(sample: Path) -> Element:
    return read_message(sample.read_bytes())
