"""The published schemas: they are loaded from here alone, never change, and read their samples."""

from __future__ import annotations

import hashlib
import re
import threading
from pathlib import Path

import pytest
from lxml import etree

import schemas
from css.core.errors import BadMessage
from css.xml import Element, XmlFault, read_header, read_message, schema_for, validate
from tests.partners.samples import EXPECTED, INVALID, VALID

PAGES = sorted((schemas.DIRECTORY.parent / "docs").glob("partner-*.md"))


def local(element: Element) -> str:
    return etree.QName(element).localname


def test_a_published_schema_never_changes() -> None:
    lines = (schemas.DIRECTORY / "published.sha256").read_text(encoding="utf-8").splitlines()
    published = {name: digest for digest, name in (line.split("  ") for line in lines)}
    files = [*schemas.DIRECTORY.glob("*.xsd"), *schemas.DIRECTORY.glob("*.wsdl")]
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
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
        for element in schemas.source(name).iter("{*}element")
    }
    assert defined - shown == set()


def test_the_pages_for_partners_show_a_valid_sample_of_every_message() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"schemas/samples/(?:valid|invalid)/[a-z0-9-]+\.xml", text))
    samples = [schemas.DIRECTORY.parent / path for path in named]
    assert [sample for sample in samples if not sample.exists()] == []
    shown = set()
    for sample in samples:
        if sample.parent.name == "valid":
            root = read_message(sample.read_bytes())
            assert validate(root, schema_for(root)) == ()
            shown.add((schema_for(root), local(root)))
    assert shown == {(name, message) for name in schemas.messages() for message in schemas.roots(name)}
