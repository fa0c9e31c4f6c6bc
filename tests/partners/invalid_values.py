"""Writes ``schemas/samples/invalid-values.json``: for every bound of every simple type a value that breaks it, and where to put it.

``python -m tests.partners.invalid_values`` writes it anew after a schema came in or a sample that shows a type was added.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TypedDict

from lxml import etree

import schemas
from css.xml import Element, schema_for, validate
from css.xml.lint_source import facets
from css.xml.validation import _path
from tests.partners.samples import VALID, Node, parsed, simple_types, typed

FILE = schemas.SAMPLES / "invalid-values.json"
UNLIKE = {"boolean": "1", "date": "2026-03-29Z", "dateTime": "2026-03-29T09:30:00"}
"""Values that are good in XML and not with us."""


class Case(TypedDict):
    """A value to be put into a valid sample, which makes it an invalid one."""

    sample: str
    path: str
    value: str
    breaks: str
    """The schema's type and its bound: ``order-2 HazardNotes maxLength``."""
    code: str


def bounds() -> set[str]:
    """Every bound of every simple type that some element has, as ``breaks`` names it."""
    used = {kind for parts in schemas._children().values() for kind in parts.values()}
    return {f"{_shown(kind)} {facet}" for kind, restriction in simple_types().items() if kind in used for facet in facets(restriction)}


def broken(case: Case) -> Element:
    """The message with the value in it."""
    root = parsed(schemas.SAMPLES / "valid" / case["sample"])
    leaf = next(node.element for node in typed(root) if _path(node.element) == case["path"])
    leaf.text = case["value"]
    return root


def cases() -> Iterator[Case]:
    """Every case, in order of schema, type and bound."""
    shown: dict[str, tuple[Path, Node]] = {}
    for sample in VALID:
        for node in typed(parsed(sample)):
            if node.type in simple_types():
                shown.setdefault(node.type, (sample, node))
    for kind, restriction in sorted(simple_types().items(), key=lambda each: _shown(each[0])):
        if kind not in shown:
            continue  # a test says so
        sample, node = shown[kind]
        for facet, limit in facets(restriction).items():
            value = _against(str(restriction.get("base")).partition(":")[2], facet, limit, node.element.text or "")
            case = Case(sample=sample.name, path=_path(node.element), value=value, breaks=f"{_shown(kind)} {facet}", code="")
            root = broken(case)
            (fault, *_) = validate(root, schema_for(root, schemas.names()))
            yield case | {"code": fault.code}


def _shown(kind: str) -> str:
    name = etree.QName(kind)
    return f"{schemas.by_namespace()[str(name.namespace)]} {name.localname}"


def _against(base: str, facet: str, limit: str, good: str) -> str:
    """A value that breaks one bound and, where that can be, no other."""
    value: dict[str, Callable[[], str]] = {
        "minLength": lambda: good[: int(limit) - 1],
        "maxLength": lambda: good + good[-1] * (int(limit) + 1 - len(good)),
        "enumeration": lambda: "NONE-OF-THESE",
        "totalDigits": lambda: "1" * (int(limit) + 1),
        "fractionDigits": lambda: "0." + "1" * (int(limit) + 1),
        "minInclusive": lambda: str(Decimal(limit) - 1),
        "maxInclusive": lambda: str(Decimal(limit) + 1),
        "pattern": lambda: UNLIKE.get(base, "!" + good[1:]),
    }
    return value[facet]()


def written() -> str:
    """What the file should hold."""
    return "[\n" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases()) + "\n]\n"


def load() -> list[Case]:
    """What the file holds."""
    found: list[Case] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
