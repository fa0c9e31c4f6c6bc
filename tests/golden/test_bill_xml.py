"""The e-invoice: golden files, the published rules, and what happens when a figure is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from lxml import etree

from billing.bill_xml import EN_16931, PEPPOL_BILLING, render_ubl, verify_amounts
from billing.document import BillDocument
from billing.document_check import check
from css.core.money import Money, Price
from tests.golden import builders, documents
from tests.golden.e_documents import E_DOCUMENTS
from tests.golden.golden_file import assert_golden
from tests.golden.rule_files import all_faults, en_16931_faults, peppol_faults, rules_named, schema_faults

GOLDEN = documents.GOLDEN | E_DOCUMENTS
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"


@pytest.mark.parametrize("name", GOLDEN)
def test_e_invoice_is_the_golden_file(name: str) -> None:
    assert_golden(f"{name}.xml", render_ubl(GOLDEN[name]()).decode())


@pytest.mark.parametrize("name", GOLDEN)
def test_e_invoice_passes_schema_and_rules(name: str) -> None:
    assert all_faults(render_ubl(GOLDEN[name]())) == []


@pytest.mark.parametrize("name", GOLDEN)
def test_e_invoice_says_what_the_document_says(name: str) -> None:
    document = GOLDEN[name]()
    assert verify_amounts(document, render_ubl(document)) == []


def test_only_a_buyer_with_an_electronic_address_gets_peppol() -> None:
    consumer, firm = render_ubl(documents.small()).decode(), render_ubl(documents.business()).decode()
    assert f"<cbc:CustomizationID>{EN_16931}</cbc:CustomizationID>" in consumer
    assert "ProfileID" not in consumer
    assert f"<cbc:CustomizationID>{PEPPOL_BILLING}</cbc:CustomizationID>" in firm
    assert "ProfileID" in firm


def test_balance_and_payments_stay_outside_the_invoice() -> None:
    document = documents.small()
    xml = render_ubl(document).decode()
    assert document.amount_due != document.invoice_total
    assert f'<cbc:PayableAmount currencyID="GBP">{document.invoice_total}</cbc:PayableAmount>' in xml
    assert "PrepaidAmount" not in xml
    assert "Late payment" not in xml
    assert f"GBP {document.amount_due}," in xml


def test_a_negative_total_makes_a_credit_note_with_positive_amounts() -> None:
    xml = render_ubl(documents.credit_note())
    root = etree.fromstring(xml)
    assert etree.QName(root).localname == "CreditNote"
    assert root.find(f".//{CBC}DueDate") is None
    assert all(not (element.text or "").startswith("-") for element in root.iter(f"{CBC}LineExtensionAmount", f"{CBC}PayableAmount"))


def _replaced(xml: bytes, name: str, text: str) -> bytes:
    """The XML with its first element of that name saying something else."""
    root = etree.fromstring(xml)
    element = next(root.iter(f"{CBC}{name}"))
    assert element.text != text
    element.text = text
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("PayableAmount", "1.00", "BR-CO-16"),
        ("TaxInclusiveAmount", "1.00", "BR-CO-15"),
        ("TaxExclusiveAmount", "1.00", "BR-CO-13"),
        ("LineExtensionAmount", "1.00", "BR-CO-10"),
        ("TaxAmount", "9.99", "BR-CO-14"),
        ("TaxableAmount", "1.00", "BR-S-08"),
        ("CompanyID", "999999973", "BR-CO-09"),
        ("PayableAmount", "1.001", "BR-DEC-18"),
        ("EndDate", "2025-01-01", "BR-29"),
        ("PriceAmount", "-1.00", "BR-27"),
    ],
)
def test_a_broken_figure_breaks_an_en_16931_rule(name: str, text: str, rule: str) -> None:
    """The rules are really run: each of these must be noticed."""
    assert rule in rules_named(en_16931_faults(_replaced(render_ubl(documents.small()), name, text)))


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("PriceAmount", "99.00", "PEPPOL-EN16931-R120"),
        ("BuyerReference", "", "PEPPOL-EN16931-R008"),
        ("ProfileID", "urn:other", "PEPPOL-EN16931-R007"),
    ],
)
def test_a_broken_business_bill_breaks_a_peppol_rule(name: str, text: str, rule: str) -> None:
    assert rule in rules_named(peppol_faults(_replaced(render_ubl(documents.business()), name, text)))


def test_a_missing_element_breaks_the_schema() -> None:
    root = etree.fromstring(render_ubl(documents.small()))
    root.remove(next(root.iter(f"{CBC}IssueDate")))
    assert schema_faults(etree.tostring(root))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"invoice_total": Money(2964)}, "invoice total"),
        ({"amount_due": Money(1)}, "amount due in the note"),
        ({"bill_number": "ZZR9"}, "bill number"),
        ({"lines": documents.small().lines[:-1]}, "line 5"),
        ({"vat_summary": ()}, "VAT S 20"),
    ],
)
def test_verify_amounts_names_what_differs(changed: dict[str, object], said: str) -> None:
    document = documents.small()
    faults = verify_amounts(replace(document, **changed), render_ubl(document))  # type: ignore[arg-type]  # any field
    assert any(fault.startswith(said) for fault in faults), faults


def test_text_cannot_break_the_xml() -> None:
    document = builders.document([builders.line(1, "Rental\x00 \x1b[1m]]> <b>&amp;\n\nnext\ud800", 100)])
    xml = render_ubl(document)
    assert all_faults(xml) == []
    assert "Rental [1m]]> <b>&amp; next" in [element.text for element in etree.fromstring(xml).iter(f"{CBC}Name")]


def test_prices_are_exact_to_a_millionth_of_a_penny() -> None:
    document = builders.document([builders.line(1, "Calls", 58, quantity=10, unit="MIN", unit_price=Price.of("5.833333"))])
    assert check(document) == []
    assert '<cbc:PriceAmount currencyID="GBP">0.05833333</cbc:PriceAmount>' in render_ubl(document).decode()


def test_the_same_document_gives_the_same_bytes_in_another_process() -> None:
    script = (
        "import hashlib; from billing.bill_xml import render_ubl; from tests.golden.documents import GOLDEN;"
        "print(hashlib.sha256(b''.join(render_ubl(build()) for build in GOLDEN.values())).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Pacific/Auckland"))
    }
    assert len(digests) == 1


BROKEN: dict[str, tuple[BillDocument, str]] = {
    "a line that no summary row carries": (replace(documents.small(), vat_summary=()), "no row in the summary"),
    "VAT that is not the percentage": (
        replace(documents.small(), vat_summary=(replace(documents.small().vat_summary[0], vat=Money(1)),)),
        "not 0.01",
    ),
    "an invoice total that does not add up": (replace(documents.small(), invoice_total=Money(1)), "The invoice total 0.01"),
    "an amount due that forgets a payment": (replace(documents.small(), payments=()), "The amount due"),
    "a gap in the line numbers": (replace(documents.small(), lines=documents.small().lines[1:]), "not numbered"),
    "a call list that lost a call": (
        replace(documents.small(), call_lists=tuple(replace(held, calls=held.calls[1:]) for held in documents.small().call_lists)),
        "do not add up",
    ),
    "money owed without a date": (replace(documents.small(), due_on=None), "no due date"),
    "a price that does not explain its line": (
        builders.document([builders.line(1, "Rental", 1699, unit_price=Price.of(1500))]),
        "quantity and unit price make 15.00",
    ),
    "reverse charge without a VAT number": (
        replace(documents.wholesale(), customer=replace(builders.CARRIER, vat_number="")),
        "reverse charge needs",
    ),
    "an e-invoice with no sender": (
        replace(documents.business(), supplier=replace(builders.SUPPLIER, electronic_address=None)),
        "no electronic address to send from",
    ),
    "Direct Debit without a mandate": (
        replace(documents.direct_debit(), payment=replace(documents.direct_debit().payment, mandate_reference="")),
        "without a mandate",
    ),
    "a credit note that corrects nothing": (replace(documents.credit_note(), corrects=()), "names the bill it corrects"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_check_names_what_does_not_add_up(case: str) -> None:
    document, said = BROKEN[case]
    assert any(said in fault for fault in check(document)), check(document)


@pytest.mark.parametrize("name", GOLDEN)
def test_every_golden_document_adds_up(name: str) -> None:
    assert check(GOLDEN[name]()) == []
