"""The published XML schemas, loaded from this package's own files and from nowhere else.

A schema is named by its file without the ending: ``order-1`` is ``order-1.xsd``, namespace ``urn:css:order:1``.
A file listed in ``published.sha256`` never changes; a new message comes in a new file, a breaking change in a new
major version beside the old one. ``samples/`` holds messages every reader must accept and messages it must refuse.
"""

from __future__ import annotations

import re
import threading
from functools import cache
from pathlib import Path
from typing import Final

from lxml import etree

DIRECTORY: Final = Path(__file__).parent
SAMPLES: Final = DIRECTORY / "samples"
FILE_FORM: Final = re.compile(r"^[a-z]+(-[a-z]+)*-[0-9]+\.xsd$")
FILES: Final = frozenset({"tariff-1"})
"""Schemas of files that our own people load, which no partner sends as a message."""
_XSD: Final = "{http://www.w3.org/2001/XMLSchema}"


class _PackageFilesOnly(etree.Resolver):
    """Answers an import with a file of this package; anything else, a URL or a path elsewhere, ends the loading."""

    def resolve(self, system_url: str, public_id: str, context: object) -> object:  # type: ignore[override]  # noqa: ARG002 - lxml passes it, its stubs do not know
        path = Path(system_url)
        if path.parent != DIRECTORY or not FILE_FORM.match(path.name):
            msg = f"schema import outside the package: {system_url}"
            raise ValueError(msg)
        return self.resolve_string(path.read_bytes(), context, base_url=str(path))


@cache
def names() -> tuple[str, ...]:
    """Every schema there is, in order of name."""
    return tuple(sorted(path.stem for path in DIRECTORY.glob("*.xsd")))


@cache
def messages() -> tuple[str, ...]:
    """The schemas of what partners and we send each other, in order of name."""
    return tuple(name for name in names() if name not in FILES)


@cache
def namespace(name: str) -> str:
    """The target namespace of a schema: ``order-1`` is ``urn:css:order:1``.

    Raises:
        KeyError: there is no schema of that name.
    """
    if name not in names():
        raise KeyError(name)
    return f"urn:css:{':'.join(name.rsplit('-', 1))}"


@cache
def by_namespace() -> dict[str, str]:
    """Schema name by target namespace."""
    return {namespace(name): name for name in names()}


def source(name: str) -> etree._Element:
    """The parsed XSD of a schema, fresh, for those who read schemas themselves."""
    namespace(name)
    path = DIRECTORY / f"{name}.xsd"
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    parser.resolvers.add(_PackageFilesOnly())
    return etree.fromstring(path.read_bytes(), parser, base_url=str(path))


_of_this_thread = threading.local()


def load(name: str) -> etree.XMLSchema:
    """The compiled schema, made once for each thread, in about a millisecond.

    A compiled schema keeps the faults of its last document, so two threads that shared one would mix theirs.

    Raises:
        KeyError: there is no schema of that name.
    """
    compiled: dict[str, etree.XMLSchema] = _of_this_thread.__dict__
    if name not in compiled:
        compiled[name] = etree.XMLSchema(source(name))
    return compiled[name]


@cache
def roots(name: str) -> frozenset[str]:
    """The messages of a schema: its global elements, by local name."""
    return frozenset(str(element.get("name")) for element in source(name).findall(f"{_XSD}element"))


@cache
def _children() -> dict[str, dict[str, str]]:
    """Child elements and their types, for each complex type and, under the empty name, for the roots.

    Types and elements are in Clark notation. This reads the plain shape our house rules allow and no other.
    """
    found: dict[str, dict[str, str]] = {"": {}}
    for name in names():
        schema = source(name)
        home = namespace(name)

        def clark(qualified: str | None, schema: etree._Element = schema, home: str = home) -> str:
            prefix, _, local = (qualified or "").rpartition(":")
            return f"{{{schema.nsmap[prefix] if prefix else home}}}{local}"

        for element in schema.findall(f"{_XSD}element"):
            found[""][clark(element.get("name"))] = clark(element.get("type"))
        for kind in schema.findall(f"{_XSD}complexType"):
            found[clark(kind.get("name"))] = {
                f"{{{home}}}{element.get('name')}": clark(element.get("type")) for element in kind.iterfind(f"{_XSD}sequence/{_XSD}element")
            }
    return found


@cache
def _required() -> dict[str, tuple[str, ...]]:
    """The child elements without which each complex type is not complete, in their order; all in Clark notation."""
    return {
        f"{{{namespace(name)}}}{kind.get('name')}": tuple(
            f"{{{namespace(name)}}}{element.get('name')}"
            for element in kind.iterfind(f"{_XSD}sequence/{_XSD}element")
            if element.get("minOccurs") != "0"
        )
        for name in names()
        for kind in source(name).findall(f"{_XSD}complexType")
    }


@cache
def _forms() -> dict[str, str]:
    """What a value of each simple type must be, in words, by type in Clark notation."""
    return {
        f"{{{namespace(name)}}}{kind.get('name')}": " ".join((kind.findtext(f"{_XSD}annotation/{_XSD}documentation") or "").split())
        for name in names()
        for kind in source(name).findall(f"{_XSD}simpleType")
    }


def form_of(tags: tuple[str, ...]) -> str:
    """What the value of an element must be, in words fit to follow "must be"; empty when the schemas do not say.

    Args:
        tags: the element's own tag and its ancestors', in Clark notation, root first.
    """
    return _forms().get(_type_of(tags), "")


def required_of(tags: tuple[str, ...]) -> tuple[str, ...]:
    """The children that an element must have, in the order of the schema and in Clark notation; none when the schemas do not say.

    Args:
        tags: the element's own tag and its ancestors', in Clark notation, root first.
    """
    return _required().get(_type_of(tags), ())


def _type_of(tags: tuple[str, ...]) -> str:
    here = ""
    for tag in tags:
        here = _children().get(here, {}).get(tag, "no such element")
    return here
