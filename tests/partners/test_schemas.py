"""The published schemas: our house rules, their samples, and other people's tools reading both."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import xmlschema
from lxml import etree
from zeep.loader import parse_xml
from zeep.transports import Transport
from zeep.xsd import Schema as ZeepSchema

import schemas
from css.core.errors import BadMessage
from css.xml import Element, XmlFault, read_header, read_message, schema_for, validate

XSD = "{http://www.w3.org/2001/XMLSchema}"
VALID = sorted((schemas.SAMPLES / "valid").glob("*.xml"))
INVALID = sorted((schemas.SAMPLES / "invalid").glob("*.xml"))
EXPECTED = json.loads((schemas.SAMPLES / "expected.json").read_text(encoding="utf-8"))
GUIDE = schemas.DIRECTORY.parent / "docs" / "partner-xml-guide.md"

PLAIN_TAGS = {"schema", "import", "annotation", "documentation", "element", "simpleType", "complexType", "sequence", "any", "restriction"}
FACETS = {"minLength", "maxLength", "pattern", "enumeration", "totalDigits", "fractionDigits", "minInclusive", "maxInclusive"}
NEVER = {"nillable", "default", "fixed", "abstract", "substitutionGroup", "mixed", "ref", "block", "final", "form"}
NEEDED_FACETS = {
    "xs:token": [{"minLength", "maxLength"}, {"enumeration"}],
    "xs:string": [{"minLength", "maxLength"}],
    "xs:decimal": [{"totalDigits", "fractionDigits"}],
    "xs:integer": [{"minInclusive", "maxInclusive"}],
    "xs:boolean": [{"pattern"}],
    "xs:date": [{"pattern"}],
    "xs:dateTime": [{"pattern"}],
}


def local(element: Element) -> str:
    return etree.QName(element).localname


def house_faults(schema: Element) -> Iterator[str]:
    """What a schema does that our house rules forbid (the cheap half; rules about time need a second file)."""
    if schema.get("blockDefault") != "#all" or schema.get("elementFormDefault") != "qualified":
        yield "blockDefault is #all and elements are qualified"
    if not re.fullmatch(r"urn:css:[a-z-]+:[1-9][0-9]*", schema.get("targetNamespace") or ""):
        yield "the target namespace ends in the major version"
    own_types = {str(kind.get("name")) for kind in schema.iterchildren(f"{XSD}simpleType", f"{XSD}complexType")}
    for node in schema.iter("*"):
        tag = local(node)
        if tag not in PLAIN_TAGS | FACETS:
            yield f"no {tag}"
        yield from (f"no {name}" for name in NEVER & {str(name) for name in node.attrib})
        name = node.get("name")
        if name is not None and not re.fullmatch(r"[A-Z][A-Za-z0-9]{1,31}", name):
            yield f"{name} is no UpperCamelCase name of at most 32"
        if tag == "import" and not re.fullmatch(r"[a-z-]+-[0-9]+\.xsd", node.get("schemaLocation") or ""):
            yield "imports are relative"
        if tag == "element":
            yield from element_faults(schema, node, own_types)
        yield from type_faults(schema, node)


def type_faults(schema: Element, node: Element) -> Iterator[str]:
    tag = local(node)
    if tag in {"simpleType", "complexType"} and node.getparent() is not schema:
        yield "types are named and global"
    if tag == "simpleType" and not (node.findtext(f"{XSD}annotation/{XSD}documentation") or "").strip():
        yield f"{node.get('name')} does not say what it must be"
    if tag == "restriction":
        facets = {local(facet): str(facet.get("value")) for facet in node}
        if not any(needed <= set(facets) for needed in NEEDED_FACETS.get(str(node.get("base")), [])):
            yield f"{type_of(node)} has no bounds"
        if facets.get("fractionDigits") not in {None, "2", "6"}:
            yield "two decimals for money, six for rates"
    if tag == "any" and (type_of(node), node.get("namespace"), node.get("processContents")) != ("Extension", "##other", "lax"):
        yield "any only in Extension, ##other, lax"


def element_faults(schema: Element, node: Element, own_types: set[str]) -> Iterator[str]:
    kind = node.get("type") or ""
    if not (kind in own_types or (":" in kind and not kind.startswith("xs:"))):
        yield f"{node.get('name')} has no named type of ours"
    if node.getparent() is schema:
        return
    if node.get("minOccurs") not in {None, "0"}:
        yield "optional is minOccurs 0, and nothing else is said with it"
    siblings = [*node.itersiblings(preceding=True), node, *node.itersiblings()]
    if node.get("maxOccurs") is not None and (len(siblings) > 1 or node.get("minOccurs") == "0" or not node.get("maxOccurs", "").isdigit()):
        yield f"{node.get('name')} repeats outside a container of its own, or without a limit"
    is_extension = kind.rpartition(":")[2] == "Extension"
    if is_extension != (node.get("name") == "Extension") or (is_extension and (siblings[-1] is not node or node.get("minOccurs") != "0")):
        yield "Extension is optional and last in its sequence"


def type_of(node: Element) -> str:
    return next(str(kind.get("name")) for kind in node.iterancestors(f"{XSD}simpleType", f"{XSD}complexType"))


@pytest.mark.parametrize("name", schemas.names())
def test_schemas_keep_the_house_rules(name: str) -> None:
    assert list(house_faults(schemas.source(name))) == []
    assert schemas.source(name).get("targetNamespace") == schemas.namespace(name)


@pytest.mark.parametrize(
    ("was", "becomes", "fault"),
    [
        ("xs:sequence", "xs:all", "no all"),
        ("xs:sequence", "xs:choice", "no choice"),
        ('type="c:Day"/>', 'type="c:Day" nillable="true"/>', "no nillable"),
        ('type="c:Day"/>', 'type="c:Day" default="2026-01-01"/>', "no default"),
        ('type="c:Day"/>', 'type="xs:date"/>', "Date has no named type of ours"),
        ('name="HazardNotes"', 'name="hazard_notes"', "hazard_notes is no UpperCamelCase name of at most 32"),
        ('<xs:maxLength value="50"/>', "", "CustomerReference has no bounds"),
        ("<xs:documentation>hazard notes of 1 to 50 characters</xs:documentation>", "", "HazardNotes does not say what it must be"),
        ('blockDefault="#all"', "", "blockDefault is #all and elements are qualified"),
        ("urn:css:order:1", "urn:css:order", "the target namespace ends in the major version"),
        ('schemaLocation="common-1.xsd"', 'schemaLocation="http://example.com/common-1.xsd"', "imports are relative"),
        ('maxOccurs="30"', 'maxOccurs="unbounded"', "Feature repeats outside a container of its own, or without a limit"),
        ('name="Kind" type="DirectoryEntryKind"', 'name="Kind" type="DirectoryEntryKind" maxOccurs="2"', "Kind repeats"),
        (
            '<xs:element name="Order" type="OrderRequest"/>',
            '<xs:element name="Extension" type="c:Extension"/><xs:element name="Order" type="OrderRequest"/>',
            "Extension is optional and last in its sequence",
        ),
    ],
)
def test_a_schema_that_breaks_a_house_rule_is_found(was: str, becomes: str, fault: str) -> None:
    source = (schemas.DIRECTORY / "order-1.xsd").read_text(encoding="utf-8")
    assert was in source
    faults = list(house_faults(etree.fromstring(source.replace(was, becomes).encode())))
    assert any(found.startswith(fault) for found in faults), faults


def test_a_published_schema_never_changes() -> None:
    lines = (schemas.DIRECTORY / "published.sha256").read_text(encoding="utf-8").splitlines()
    published = {name: digest for digest, name in (line.split("  ") for line in lines)}
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in schemas.DIRECTORY.glob("*.xsd")}
    assert published == sums, "a published file is frozen: put the change in a new file, and add that to published.sha256"


def test_no_schema_is_loaded_from_outside_the_package(tmp_path: Path) -> None:
    for outside in ("http://example.com/common-1.xsd", str(tmp_path / "common-1.xsd"), "../schemas/../../etc/passwd"):
        with pytest.raises(ValueError, match="outside the package"):
            schemas._PackageFilesOnly().resolve(outside, "", None)


def test_two_threads_never_share_a_compiled_schema() -> None:
    seen: list[etree.XMLSchema] = []
    thread = threading.Thread(target=lambda: seen.append(schemas.load("order-1")))
    thread.start()
    thread.join()
    assert seen[0] is not schemas.load("order-1")
    assert schemas.load("order-1") is schemas.load("order-1")


def test_an_unknown_schema_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        schemas.load("../order-1")


@pytest.mark.parametrize("sample", VALID, ids=lambda path: path.stem)
def test_valid_samples_are_read(sample: Path) -> None:
    root = read_message(sample.read_bytes())
    family = schema_for(root, schemas.names())
    assert validate(root, family) == ()
    if family in schemas.messages():
        assert read_header(root).message_type == local(root)


def test_a_file_of_ours_is_no_message_of_a_partner() -> None:
    for sample in VALID:
        root = read_message(sample.read_bytes())
        if schema_for(root, schemas.names()) in schemas.FILES:
            with pytest.raises(BadMessage) as refusal:
                schema_for(root)
            assert refusal.value.code == "CSS510E"
            assert "tariff" not in str(refusal.value)


@pytest.mark.parametrize("sample", INVALID, ids=lambda path: path.stem)
def test_invalid_samples_are_refused_for_the_reason_written_beside_them(sample: Path) -> None:
    root = read_message(sample.read_bytes())
    found: list[dict[str, object]]
    try:
        faults: tuple[XmlFault, ...] = validate(root, schema_for(root, schemas.names()))
        found = [{"code": fault.code, "path": fault.path, "line": fault.line} for fault in faults]
    except BadMessage as refusal:
        found = [{"code": refusal.code}]
    assert found == EXPECTED[sample.name]


def test_every_invalid_sample_has_its_reason() -> None:
    assert set(EXPECTED) == {sample.name for sample in INVALID}
    assert all(EXPECTED.values())


def test_every_element_of_every_schema_stands_in_a_valid_sample() -> None:
    shown = {str(node.tag) for sample in VALID for node in read_message(sample.read_bytes()).iter("*")}
    defined = {
        f"{{{schemas.namespace(name)}}}{element.get('name')}"
        for name in schemas.names()
        for element in schemas.source(name).iter(f"{XSD}element")
    }
    assert defined - shown == set()


@pytest.fixture(scope="module")
def others() -> dict[str, tuple[xmlschema.XMLSchema, ZeepSchema]]:
    """Our schemas as two other people's libraries load them."""
    loaded = {}
    for name in schemas.names():
        path = schemas.DIRECTORY / f"{name}.xsd"
        transport = Transport()  # type: ignore[no-untyped-call]
        node = parse_xml(path.read_bytes(), transport, base_url=str(path))  # type: ignore[arg-type]
        reader = ZeepSchema(node, transport, str(path))  # type: ignore[no-untyped-call]
        loaded[name] = (xmlschema.XMLSchema(str(path), allow="local"), reader)
    return loaded


@pytest.mark.parametrize("sample", VALID, ids=lambda path: path.stem)
def test_other_libraries_read_the_valid_samples(sample: Path, others: dict[str, tuple[xmlschema.XMLSchema, ZeepSchema]]) -> None:
    root = read_message(sample.read_bytes())
    family = schema_for(root, schemas.names())
    checker, reader = others[family]
    checker.validate(str(sample))
    value = reader.get_element(str(root.tag)).parse(root, reader)  # type: ignore[no-untyped-call]
    if family in schemas.FILES:
        return
    header = read_header(root)
    assert value.Header.MessageId == header.message_id
    assert value.Header.CreatedAt == header.created_at


@pytest.mark.parametrize("sample", INVALID, ids=lambda path: path.stem)
def test_another_validator_refuses_the_invalid_samples(sample: Path, others: dict[str, tuple[xmlschema.XMLSchema, ZeepSchema]]) -> None:
    root = read_message(sample.read_bytes())
    family = schemas.by_namespace().get(etree.QName(root).namespace or "", "order-1")
    assert not others[family][0].is_valid(str(sample))


def test_the_guide_shows_a_valid_sample_of_every_message() -> None:
    named = set(re.findall(r"schemas/samples/(?:valid|invalid)/[a-z0-9-]+\.xml", GUIDE.read_text(encoding="utf-8")))
    samples = [schemas.DIRECTORY.parent / path for path in named]
    assert [sample for sample in samples if not sample.exists()] == []
    shown = set()
    for sample in samples:
        if sample.parent.name == "valid":
            root = read_message(sample.read_bytes())
            assert validate(root, schema_for(root)) == ()
            shown.add((schema_for(root), local(root)))
    assert shown == {(name, message) for name in schemas.messages() for message in schemas.roots(name)}
