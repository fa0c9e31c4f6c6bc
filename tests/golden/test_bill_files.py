"""The files of a bill beside the e-invoice: call statement and data file, and all of them held against each other."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Final

import pytest
from lxml import etree

from billing import ubl
from billing.actions.render import WRITERS
from billing.amounts_check import Posted, check_files, check_ledger
from billing.data_file import LAYOUT, read_data, render_data
from billing.document import BillDocument, Call, CallList
from billing.document_check import check
from billing.pdf_reading import page_count, rows_of
from billing.rules.papers import files_of
from billing.ubl import STATEMENT_PARTS, schema_faults
from billing.utility_statement import read_statement, render_statement
from billing.words import BillFileKind
from css.core.errors import BadMessage
from css.core.money import Money, Price, to_money
from tests.golden import builders, documents, printed
from tests.golden.e_documents import E_DOCUMENTS
from tests.golden.golden_file import assert_golden
from tests.golden.rule_files import official_schema
from tests.golden.rule_files import schema_faults as official_faults

GOLDEN: Final = documents.GOLDEN | E_DOCUMENTS
WITH_CALLS: Final = [name for name, build in GOLDEN.items() if build().call_lists]
PDF, XML, CALLS, DATA = BillFileKind.PDF, BillFileKind.XML, BillFileKind.CALLS, BillFileKind.DATA
XSD: Final = "{http://www.w3.org/2001/XMLSchema}"
PAGE: Final = Path(__file__).parents[2] / "docs" / "bill-data-file.md"


def files(document: BillDocument) -> dict[BillFileKind, bytes]:
    return {kind: WRITERS[kind](document) for kind in files_of(document)}


def told(document: BillDocument, held: dict[BillFileKind, bytes]) -> list[str]:
    return [fault.words for fault in check_files(document, held)]


# Which files


def test_a_bill_has_the_files_its_customer_can_use() -> None:
    assert files_of(documents.small()) == (PDF, XML, CALLS)
    assert files_of(replace(documents.small(), call_lists=())) == (PDF, XML)
    assert files_of(documents.business()) == (PDF, XML, CALLS, DATA)
    assert files_of(documents.wholesale()) == (PDF, XML, DATA)
    assert files_of(documents.credit_note()) == (PDF, XML, DATA)


@pytest.mark.parametrize("name", GOLDEN)
def test_all_files_of_a_bill_say_the_same(name: str) -> None:
    document = GOLDEN[name]()
    assert check_files(document, files(document), against_schema=True) == []


# The call statement


@pytest.mark.parametrize("name", ["corrected", "masked", "every_group"])
def test_a_statement_is_the_golden_file(name: str) -> None:
    assert_golden(f"{name}.calls.xml", render_statement(GOLDEN[name]()).decode())


@pytest.mark.parametrize("name", WITH_CALLS)
def test_a_statement_is_valid_against_the_official_schema_and_adds_up(name: str) -> None:
    document = GOLDEN[name]()
    xml = render_statement(document)
    assert official_faults(xml) == []
    read = read_statement(xml)
    assert read.faults == ()
    assert read.bill_number == document.bill_number
    assert [(one.call_count, one.duration_seconds, one.price) for one in read.sums] == [
        (len(listed.calls), listed.duration_seconds, listed.price) for listed in document.call_lists
    ]


def test_our_own_root_of_a_statement_is_no_wider_than_the_official_one() -> None:
    """Its parts are parts of the standard's, in its order, and none more often: what it lets through, the standard does."""
    root = etree.parse(official_schema("UtilityStatement"))
    official = {
        str(part.get("ref")): (place, str(part.get("maxOccurs")))
        for place, part in enumerate(root.iter(f"{XSD}element"))
        if part.get("ref")
    }
    places = [official[name][0] for name, _ in STATEMENT_PARTS]
    assert places == sorted(places)
    assert all(official[name][1] in {most, "unbounded"} for name, most in STATEMENT_PARTS)
    needed = {str(part.get("ref")) for part in root.iter(f"{XSD}element") if part.get("ref") and part.get("minOccurs") == "1"}
    assert needed <= {name for name, _ in STATEMENT_PARTS}


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"<cbc:PrivacyCode>FULL</cbc:PrivacyCode>", b""),
        (b"<cbc:CallTime>11:20:05</cbc:CallTime>", b"<cbc:CallTime>yesterday</cbc:CallTime>"),
        (b"<cbc:IssueDate>2026-04-01</cbc:IssueDate>\n<cbc:Util", b"<cbc:Util"),
        (b"<cac:ReceiverParty>", b"<cac:CustomerParty></cac:CustomerParty><cac:ReceiverParty>"),
    ],
)
def test_the_schema_at_run_time_refuses_what_the_official_one_refuses(was: bytes, becomes: bytes) -> None:
    xml = render_statement(documents.corrected())
    assert was in xml
    broken = xml.replace(was, becomes, 1)
    faults = schema_faults(etree.fromstring(broken))
    assert faults
    assert official_faults(broken)
    assert "yesterday" not in " ".join(faults), "what stands in a document is told to nobody"


def test_a_statement_that_is_not_valid_is_told_of_as_it_is_read() -> None:
    document = documents.corrected()
    broken = render_statement(document).replace(b"<cbc:PrivacyCode>FULL</cbc:PrivacyCode>\n", b"")
    faults = check_files(document, files(document) | {CALLS: broken}, against_schema=True)
    assert {fault.code for fault in faults} == {"CSS840E"}
    assert "call statement: SCHEMAV_ELEMENT_CONTENT" in faults[0].words
    assert check_files(document, files(document) | {CALLS: broken}) == []
    for harmed in (broken[:-30], b"<!DOCTYPE x>" + broken, b"no XML at all"):
        (fault,) = check_files(document, files(document) | {CALLS: harmed})
        assert fault.code == "CSS841E"


@pytest.mark.parametrize("name", ["small", "credit_note"])
def test_the_schema_at_run_time_is_that_of_e_invoices_too(name: str) -> None:
    root = etree.fromstring(WRITERS[XML](GOLDEN[name]()))
    assert schema_faults(root) == []
    (number,) = [element for element in root if element.tag == f"{ubl.CBC}ID"]
    root.remove(number)
    assert schema_faults(root)


def test_text_cannot_break_a_statement() -> None:
    made = Call(date(2026, 3, 4), time(11, 20), "<!--&]]>\x00\n\x85", "A & B <Ltd>\ud800", "", 60, Price.of("1.5"), None)
    held = CallList("01632 960 123", (made,), 60, made.price)
    xml = render_statement(builders.document([builders.line(1, "Rental", 100)], call_lists=(held,)))
    assert official_faults(xml) == []
    assert etree.fromstring(xml).findtext(f".//{ubl.CBC}TelecommunicationsServiceCategory") == "A & B <Ltd>"


# The data file


@pytest.mark.parametrize("name", ["every_group", "group_of_a_firm", "corrected"])
def test_a_data_file_is_the_golden_file(name: str) -> None:
    assert_golden(f"{name}.csv", render_data(GOLDEN[name]()).decode().replace("\r\n", "\n"))


@pytest.mark.parametrize("name", GOLDEN)
def test_a_data_file_adds_up_to_the_bill(name: str) -> None:
    document = GOLDEN[name]()
    read = read_data(render_data(document))
    assert read.faults == ()
    assert (read.net, read.vat, read.invoice_total, read.amount_due) == (
        document.invoice_net,
        document.invoice_vat,
        document.invoice_total,
        document.amount_due,
    )


def test_the_page_of_the_data_file_is_its_layout() -> None:
    """A table for each kind of row, whose first column names the columns in order."""
    found: dict[str, tuple[str, ...]] = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        kind = section.splitlines()[0].strip()
        if kind in LAYOUT:
            found[kind] = tuple(re.findall(r"^\| `([a-z0-9_]+)` \|", section, re.MULTILINE))
    assert found == LAYOUT


def test_the_example_of_the_page_is_a_data_file() -> None:
    example = re.search(r"```csv\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    read = read_data(example[1].replace("\n", "\r\n").encode())
    assert read.faults == ()
    assert read.bill_number == documents.corrected().bill_number
    assert example[1] == render_data(documents.corrected()).decode().replace("\r\n", "\n")


def _row_lost(content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(line for place, line in enumerate(lines) if place != len(lines) // 2)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (_row_lost, "row_count"),
        (lambda content: content.replace(b'"21.50"', b'"21.51"', 1), "sha256"),
        (lambda content: content.replace(b"CALL", b"CALLS", 1), "none that we write"),
        (lambda content: content[: len(content) // 2], "none that we write"),
        (lambda content: content.replace(b"Hollin", b"Hellin", 1), "sha256"),
    ],
)
def test_a_data_file_that_was_harmed_is_known_by_itself(harm: Callable[[bytes], bytes], said: str) -> None:
    try:
        found = " ".join(read_data(harm(render_data(documents.business()))).faults)
    except BadMessage as refusal:
        found = str(refusal)
    assert said in found


# All of them against each other


def test_a_pdf_is_read_as_another_program_reads_it() -> None:
    """The words are those that the other reader finds, in standard fonts and in embedded ones."""
    for name in ("small", "welsh", "business", "large_print"):
        pdf = WRITERS[PDF](GOLDEN[name]())
        ours = sorted("".join(word for row in rows_of(pdf) for word in row.words).replace(" ", ""))
        theirs = sorted("".join(printed.texts(pdf)).replace(" ", "").replace("\n", "").replace("\u00ad", "-"))
        assert ours == theirs
        assert page_count(pdf) == len(printed.texts(pdf))


@pytest.mark.parametrize(
    "harm", [lambda pdf: pdf[:-200], lambda pdf: pdf[:9] + pdf[-6:], lambda pdf: pdf.replace(b"/Contents", b"/Nothings")]
)
def test_a_pdf_that_is_not_whole_or_not_ours_is_refused(harm: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BadMessage, match="none that we write"):
        rows_of(harm(WRITERS[PDF](documents.small())))


DEARER: Final = "a bill a penny dearer"


def _dearer(document: BillDocument) -> BillDocument:
    """The same bill with its first line a penny more, everything added up again."""
    first, *others = document.lines
    lines = [replace(first, net=first.net + Money(1), unit_price=None), *others]
    added = builders.document(
        lines, brought_forward=document.brought_forward, payments=document.payments, outside_items=document.outside_items
    )
    names = ("lines", "vat_summary", "invoice_net", "invoice_vat", "invoice_total", "amount_due", "slip")
    return replace(document, **{name: getattr(added, name) for name in names})


def _longer(document: BillDocument) -> BillDocument:
    """The same bill with its first call a tenth of a penny and a second more, its list added up again, its line as it was."""
    listed, *others = document.call_lists
    call, *calls = listed.calls
    changed = replace(call, price=Price(call.price.millionths + 100_000), duration_seconds=call.duration_seconds + 1)
    price = Price(listed.price.millionths + 100_000)
    again = replace(listed, calls=(changed, *calls), price=price, duration_seconds=listed.duration_seconds + 1)
    return replace(document, call_lists=(again, *others))


@pytest.mark.parametrize("kind", [PDF, XML, DATA])
def test_a_file_of_another_amount_is_named_with_the_figure(kind: BillFileKind) -> None:
    document = documents.business()
    other = _dearer(document)
    assert check(other) == []
    faults = told(document, files(document) | {kind: WRITERS[kind](other)})
    name = {PDF: "PDF", XML: "e-invoice", DATA: "data file"}[kind]
    assert all(fault.startswith(name) for fault in faults), faults
    assert {"net total", "invoice total", "amount due"} <= {
        figure for figure in ("net total", "invoice total", "amount due") if figure in " ".join(faults)
    }
    assert str(other.invoice_total) in " ".join(faults)


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name in ("business", "large_print", "welsh") for kind in files_of(GOLDEN[name]()) if kind is not XML],
)
def test_a_file_of_another_call_is_named(name: str, kind: BillFileKind) -> None:
    document = GOLDEN[name]()
    faults = told(document, files(document) | {kind: WRITERS[kind](_longer(document))})
    assert faults == [f"{ {PDF: 'PDF', CALLS: 'call statement', DATA: 'data file'}[kind] }: other call sums than the bill's."]


@pytest.mark.parametrize("name", ["small", "large_print", "welsh", "credit_note", "consolidated"])
def test_the_amount_due_and_the_numbers_on_paper_are_read_wherever_they_stand(name: str) -> None:
    document = GOLDEN[name]()
    held = files(document)
    other = replace(document, bill_number="ZZR0009999", account_number="ZZ 4082 0000", amount_due=document.amount_due + Money(100))
    found = " ".join(told(document, held | {PDF: WRITERS[PDF](other)}))
    assert "bill number ZZR0009999" in found
    assert "account number ZZ40820000" in found
    assert f"amount due {other.amount_due}" in found


def test_a_file_that_is_missing_or_should_not_be_there_is_named() -> None:
    document = documents.business()
    held = files(document)
    assert told(document, {kind: held[kind] for kind in (PDF, XML, CALLS)}) == ["There is no data file."]
    quiet = replace(document, call_lists=())
    assert "There is a call statement that this bill may not have." in told(quiet, files(quiet) | {CALLS: held[CALLS]})


def test_a_file_of_another_bill_is_named() -> None:
    document, other = documents.business(), E_DOCUMENTS["every_group"]()
    for kind in files_of(document):
        assert told(document, files(document) | {kind: files(other)[kind]}), kind


def test_another_figure_in_the_ledger_is_named() -> None:
    document = documents.small()
    right = Posted(document.invoice_total, document.invoice_net, document.invoice_vat)
    assert check_ledger(document, right) == []
    (fault,) = check_ledger(document, replace(right, vat=Money(1)))
    assert fault.words == f"Ledger: VAT total 0.01, the bill has {document.invoice_vat}."


# Privacy


def test_what_a_bill_does_not_show_is_in_none_of_its_files() -> None:
    """The household that wants no calls listed, and the one that wants the last digits hidden: no file says more than the paper."""
    for name in ("unlisted", "masked"):
        document = GOLDEN[name]()
        shown = {call.number for listed in document.call_lists for call in listed.calls}
        held = files(document) | {DATA: render_data(document)}
        text = "".join(content.decode() for kind, content in held.items() if kind is not PDF)
        assert (CALLS in held) == bool(document.call_lists)
        numbers = {row[7] for row in csv.reader(io.StringIO(held[DATA].decode())) if row[0] == "CALL"}
        assert numbers == shown
        assert (name == "unlisted") == (not shown)
        assert all(number in text for number in shown)
        # Every number in full among the others' files is the customer's own or ours.
        own = {line.service_number.replace(" ", "") for line in document.lines} | {
            listed.service_number.replace(" ", "") for listed in document.call_lists
        }
        assert set(re.findall(r"\b0[0-9]{9,10}\b", re.sub(r"(?<=[0-9]) (?=[0-9])", "", text))) <= own


def test_rounding_of_the_list_is_the_moneys() -> None:
    listed = documents.small().call_lists[0]
    assert f">{to_money(listed.price)}</cbc:PayableAmount>" in render_statement(documents.small()).decode()
