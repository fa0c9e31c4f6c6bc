"""Other people's tools read our schemas and samples as we do: xmllint, xmlschema, zeep, and xsdata's classes.

The first two judge: they take every valid message and refuse every invalid one. The other two read messages into objects and check
what they need for that; so they take every valid message whole, and refuse what has other elements than it should.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import xmlschema
from lxml import etree
from xsdata.formats.dataclass.context import XmlContext
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata.formats.dataclass.serializers import XmlSerializer
from zeep.exceptions import XMLParseError
from zeep.loader import parse_xml
from zeep.transports import Transport
from zeep.xsd import Schema as ZeepSchema

import schemas
from css.partners.pages.soap import message_in
from css.xml import Element, check, read_header, read_message, schema_for, to_bytes, validate
from tests.partners import invalid_values
from tests.partners.samples import INVALID, VALID, parsed

FOREIGN = {"no-namespace.xml", "unknown-family.xml", "unknown-message.xml", "unknown-version.xml"}
"""Messages of no schema of ours: there is nothing to read them by."""
OTHER_NAMES = {
    "2-action-of-version-1.xml",
    "2-amendment-of-the-account.xml",
    "2-amendment-without-order.xml",
    "2-cancellation-without-order.xml",
    "2-update-without-a-state.xml",
    "unknown-element.xml",
    "wrong-namespace.xml",
}
"""Refused by whatever makes objects of messages at all."""
OUT_OF_ORDER = {
    "2-cancellation-reason-first.xml",
    "2-quantity-before-change.xml",
    "elements-out-of-order.xml",
    "extension-not-last.xml",
    "features-past-the-limit.xml",
    "type-substituted.xml",
}
"""zeep goes by the order of the schema, xsdata by names alone."""
MISSING_OR_NOT_LISTED = {
    "2-consent-without-a-name.xml",
    "2-feature-change-unknown.xml",
    "code-not-in-list.xml",
    "contact-without-telephone.xml",
    "element-in-a-value.xml",
    "element-missing-at-the-end.xml",
    "tariff-band-unknown.xml",
}
"""xsdata's classes know what they need and what is listed; zeep takes what is there."""

Tree = tuple[str, str, list["Tree"]]


def family_of(root: Element) -> str:
    """The schema to read a message by; of one that is foreign, any."""
    return schemas.by_namespace().get(etree.QName(root).namespace or "", "order-1")


# xmllint


@pytest.fixture(scope="module")
def linted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    """What xmllint says of every sample and of every invalid value, by name: a run for each schema."""
    if shutil.which("xmllint") is None:
        pytest.skip("there is no xmllint here")
    values = tmp_path_factory.mktemp("values")
    for number, case in enumerate(invalid_values.load()):
        (values / f"value-{number}.xml").write_bytes(to_bytes(invalid_values.broken(case)))
    files: defaultdict[str, list[Path]] = defaultdict(list)
    for path in (*VALID, *INVALID, *sorted(values.iterdir())):
        files[family_of(read_message(path.read_bytes()))].append(path)
    told: dict[str, bool] = {}
    for name, paths in files.items():
        words = ["xmllint", "--noout", "--nonet", "--schema", str(schemas.DIRECTORY / f"{name}.xsd"), *map(str, paths)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
        lines = done.stderr.splitlines()
        told |= {Path(line.removesuffix(" validates")).name: True for line in lines if line.endswith(" validates")}
        told |= {Path(line.removesuffix(" fails to validate")).name: False for line in lines if line.endswith(" fails to validate")}
    return told


def test_xmllint_takes_the_valid_and_refuses_the_invalid(linted: dict[str, bool]) -> None:
    wanted = {path.name: True for path in VALID} | {path.name: False for path in INVALID}
    wanted |= {f"value-{number}.xml": False for number in range(len(invalid_values.load()))}
    assert {name: said for name, said in linted.items() if said is not wanted[name]} == {}
    assert set(linted) == set(wanted)


# xmlschema


@pytest.fixture(scope="module")
def validators() -> dict[str, xmlschema.XMLSchema]:
    return {name: xmlschema.XMLSchema(str(schemas.DIRECTORY / f"{name}.xsd"), allow="local") for name in schemas.names()}


@pytest.mark.parametrize("sample", VALID, ids=lambda path: path.stem)
def test_xmlschema_takes_the_valid(sample: Path, validators: dict[str, xmlschema.XMLSchema]) -> None:
    validators[family_of(parsed(sample))].validate(str(sample))


@pytest.mark.parametrize("sample", INVALID, ids=lambda path: path.stem)
def test_xmlschema_refuses_the_invalid(sample: Path, validators: dict[str, xmlschema.XMLSchema]) -> None:
    assert not validators[family_of(parsed(sample))].is_valid(str(sample))


def test_xmlschema_refuses_every_invalid_value(validators: dict[str, xmlschema.XMLSchema]) -> None:
    taken = []
    for case in invalid_values.load():
        root = invalid_values.broken(case)
        if validators[family_of(root)].is_valid(etree.ElementTree(root)):
            taken.append(case["breaks"])
    assert taken == []


# zeep


@pytest.fixture(scope="module")
def readers() -> dict[str, ZeepSchema]:
    found = {}
    for name in schemas.names():
        path = schemas.DIRECTORY / f"{name}.xsd"
        transport = Transport()  # type: ignore[no-untyped-call]
        node = parse_xml(path.read_bytes(), transport, base_url=str(path))  # type: ignore[arg-type]
        found[name] = ZeepSchema(node, transport, str(path))  # type: ignore[no-untyped-call]
    return found


@pytest.mark.parametrize("sample", VALID, ids=lambda path: path.stem)
def test_zeep_reads_the_valid(sample: Path, readers: dict[str, ZeepSchema]) -> None:
    root = parsed(sample)
    reader = readers[family_of(root)]
    value = reader.get_element(str(root.tag)).parse(root, reader)  # type: ignore[no-untyped-call]
    if family_of(root) in schemas.FILES:
        return
    header = read_header(root)
    assert value.Header.MessageId == header.message_id
    assert value.Header.CreatedAt == header.created_at


@pytest.mark.parametrize("name", sorted(OTHER_NAMES | OUT_OF_ORDER))
def test_zeep_refuses_what_has_other_elements_or_another_order(name: str, readers: dict[str, ZeepSchema]) -> None:
    root = parsed(schemas.SAMPLES / "invalid" / name)
    reader = readers[family_of(root)]
    with pytest.raises(XMLParseError):
        reader.get_element(str(root.tag)).parse(root, reader)  # type: ignore[no-untyped-call]


# xsdata


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Element], type]]:
    """The class that xsdata makes of a message; they are made here, of the files a partner has."""
    place = tmp_path_factory.mktemp("classes")
    given = place / "given"
    given.mkdir()
    for path in (*schemas.DIRECTORY.glob("*.xsd"), schemas.DIRECTORY / "partner-1.wsdl"):
        shutil.copy(path, given)
    # xsdata calls ruff by its name to lay its classes out.
    path_of_tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    words = [sys.executable, "-m", "xsdata", "generate", str(given), "--package", "partner_of_ours", "--structure-style", "namespaces"]
    made = subprocess.run(
        words, cwd=place, env={**os.environ, "PATH": path_of_tools}, capture_output=True, text=True, check=False, timeout=120
    )
    assert made.returncode == 0, made.stderr
    sys.path.insert(0, str(place))

    def class_of(root: Element) -> type:
        family, _, major = family_of(root).rpartition("-")
        module = importlib.import_module(f"partner_of_ours.css.{family}.mod_{major}")
        found: type = getattr(module, etree.QName(root).localname)
        return found

    yield class_of
    sys.path.remove(str(place))
    for name in [name for name in sys.modules if name.startswith("partner_of_ours")]:
        del sys.modules[name]


CONTEXT = XmlContext()
STRICT = XmlParser(
    context=CONTEXT,
    config=ParserConfig(fail_on_unknown_properties=True, fail_on_unknown_attributes=True, fail_on_converter_warnings=True),
)


def tree(element: Element) -> Tree:
    """What a document says: names, values without spaces around them, order."""
    text = "" if len(element) else (element.text or "").strip()
    return str(element.tag), text, [tree(child) for child in element]


@pytest.mark.parametrize("sample", VALID, ids=lambda path: path.stem)
def test_the_classes_of_xsdata_read_the_valid_and_write_them_again(sample: Path, classes: Callable[[Element], type]) -> None:
    root = parsed(sample)
    value: object = STRICT.from_bytes(sample.read_bytes(), classes(root))
    written = read_message(XmlSerializer(context=CONTEXT).render(value).encode())
    assert tree(written) == tree(root)
    assert validate(written, schema_for(written, schemas.names())) == ()
    if family_of(root) in schemas.messages():
        check(written)


@pytest.mark.parametrize("name", sorted(OTHER_NAMES | MISSING_OR_NOT_LISTED))
def test_the_classes_of_xsdata_refuse_other_names_missing_elements_and_codes_not_listed(
    name: str, classes: Callable[[Element], type]
) -> None:
    path = schemas.SAMPLES / "invalid" / name
    with pytest.raises(Exception, match=r"Unknown property|missing \d+ required|Failed to convert|support child nodes"):
        STRICT.from_bytes(path.read_bytes(), classes(parsed(path)))


def test_the_envelope_that_xsdata_makes_of_the_wsdl_holds_the_message(classes: Callable[[Element], type]) -> None:
    sample = schemas.SAMPLES / "valid" / "submit-order-2-provide.xml"
    order: object = STRICT.from_bytes(sample.read_bytes(), classes(parsed(sample)))
    service = importlib.import_module("partner_of_ours.css.partner.mod_1")
    envelope = service.Orders2SubmitOrderInput
    sent = XmlSerializer(context=CONTEXT).render(envelope(body=envelope.Body(submit_order=order))).encode()
    assert tree(message_in(sent, service.Orders2SubmitOrder.soap_action)) == tree(parsed(sample))


def test_what_is_foreign_is_nothing_to_any_of_them(readers: dict[str, ZeepSchema]) -> None:
    for name in FOREIGN:
        root = parsed(schemas.SAMPLES / "invalid" / name)
        reader = readers[family_of(root)]
        with pytest.raises(Exception, match=r"No element|Unable to resolve element"):
            reader.get_element(str(root.tag))
