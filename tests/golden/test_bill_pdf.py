"""The printed bill: golden texts, amounts that agree with the document and the e-invoice, and a page that can be read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pypdfium2
import pytest

from billing.bill_pdf import render_pdf
from billing.bill_pdf.words import clock, each, figures, how_many, pence, span, vat_number
from billing.document import (
    LINE_GROUPS,
    Address,
    BillDocument,
    CorrectedBill,
    Customer,
    Message,
    OutsideItem,
    PastBill,
    PaymentMeans,
    PaymentReceived,
    PaymentSlip,
)
from css.core.calendar import Period
from css.core.money import Money, Percent, Price
from tests.golden import builders, documents
from tests.golden.golden_file import assert_golden
from tests.golden.printed import digest, overlaps, runs, text, texts

LEFT_EDGE, RIGHT_EDGE, SHEET_EDGE = 590, 5480, 120
"""In tenths of a point: what a printer and an envelope leave of a sheet."""


@pytest.fixture(scope="module")
def printed() -> dict[str, bytes]:
    """Every golden document, rendered once."""
    return {name: render_pdf(build()) for name, build in documents.GOLDEN.items()}


@pytest.mark.parametrize("name", documents.GOLDEN)
def test_printed_text_is_the_golden_file(name: str, printed: dict[str, bytes]) -> None:
    assert_golden(f"{name}.txt", text(printed[name]))


def test_what_is_drawn_is_what_was_drawn(printed: dict[str, bytes]) -> None:
    """Guards the pinned versions: issued bills are stored, but a bill must not change its face unnoticed."""
    assert_golden("drawn.sha256", "".join(f"{digest(pdf)}  {name}\n" for name, pdf in printed.items()))


def _printed_amounts(document: BillDocument) -> Iterator[str]:
    """Every amount of the document as the paper must show it, with the CR that says which way it goes."""

    def with_sign(amount: Money) -> str:
        return figures(amount) + (" CR" if amount < Money(0) else "")

    yield f"£{with_sign(document.amount_due)}"
    yield f"£{with_sign(document.invoice_total)}"
    yield f"£{with_sign(document.brought_forward)}"
    for line in document.lines:
        yield with_sign(line.net)
    for row in document.vat_summary:
        yield with_sign(row.net)
        yield with_sign(row.vat)
    for payment in document.payments:
        yield with_sign(-payment.amount)
    for item in document.outside_items:
        yield with_sign(item.amount)
    for listed in document.call_lists:
        yield pence(listed.price)
        yield from (pence(call.price) for call in listed.calls)


@pytest.mark.parametrize("name", documents.GOLDEN)
def test_every_amount_of_the_document_is_printed(name: str, printed: dict[str, bytes]) -> None:
    words = " ".join(text(printed[name]).split())
    missing = [amount for amount in _printed_amounts(documents.GOLDEN[name]()) if amount not in words]
    assert missing == []


def test_two_totals_are_named(printed: dict[str, bytes]) -> None:
    document, words = documents.small(), " ".join(text(printed["small"]).split())
    assert f"Invoice total £{document.invoice_total}" in words
    assert f"Amount due £{document.amount_due}" in words
    assert document.amount_due != document.invoice_total


@pytest.mark.parametrize("name", documents.GOLDEN)
def test_nothing_prints_over_anything_or_off_the_sheet(name: str, printed: dict[str, bytes]) -> None:
    assert overlaps(printed[name]) == []
    assert _strays(printed[name]) == []


def _strays(pdf: bytes) -> list[str]:
    return [run.words for run in runs(pdf) if run.left < LEFT_EDGE or run.right > RIGHT_EDGE or run.bottom < SHEET_EDGE]


def test_pages_are_numbered_of_how_many(printed: dict[str, bytes]) -> None:
    pages = texts(printed["quarterly"])
    assert len(pages) > 3
    assert all(f"Page {number} of {len(pages)}" in page for number, page in enumerate(pages, 1))


def test_address_lies_in_the_window(printed: dict[str, bytes]) -> None:
    """A sheet folded in three shows 20 to 100 mm from the left and 57 to 89 mm from the top, wherever it slips in the envelope."""
    millimetre = 28.346
    customer = builders.FIRM
    address = {customer.name, customer.attention, *customer.address.lines, customer.address.postcode}
    shown = [run for run in runs(printed["business"]) if run.page == 1 and run.words.strip() in address]
    assert {run.words.strip() for run in shown} == address
    for run in shown:
        assert 20 * millimetre <= run.left
        assert run.right <= 100 * millimetre
        assert 57 * millimetre <= 8419 - run.top
        assert 8419 - run.bottom <= 89 * millimetre


def test_slip_shows_reference_amount_and_code_line(printed: dict[str, bytes]) -> None:
    document, words = documents.small(), " ".join(texts(printed["small"])[0].split())
    assert document.slip is not None
    assert "Payment slip" in words
    assert document.slip.reference in words
    assert " ".join(document.slip.code_line.split()) in words


def test_direct_debit_needs_no_slip(printed: dict[str, bytes]) -> None:
    words = text(printed["direct_debit"])
    assert "Payment slip" not in words
    assert "Direct Debit on 15 April 2026" in words
    assert "WREN40821736" in words


@pytest.mark.parametrize("name", ["large_print", "at_a_glance_large", "consolidated_large"])
def test_large_print_is_large(name: str, printed: dict[str, bytes]) -> None:
    """Nothing before the bank's own slip is smaller than the capitals of 16 point, but the address and the small brand on top."""
    document, found = documents.GOLDEN[name](), runs(printed[name])
    slip_top = 8419 - 2160 * 2835 // 1000 if document.slip is not None else 0
    assert ("How to pay" in text(printed[name])) == (document.slip is not None)
    low = [run for run in found if run.words.strip() and run.words.strip()[0].isalnum() and run.top - run.bottom < 85]
    last_page = max(run.page for run in found)
    customer = document.customer
    address = {customer.name, customer.attention, *customer.address.lines, customer.address.postcode}
    heads = {builders.SUPPLIER.trading_name}
    assert [run for run in low if not (run.page == last_page and run.top < slip_top) and run.words.strip() not in address | heads] == []


def test_only_bills_that_need_more_letters_embed_a_font(printed: dict[str, bytes]) -> None:
    assert b"SourceSansPro" not in printed["small"]
    assert b"SourceSansPro" in printed["welsh"]
    words = text(printed["welsh"])
    assert "Ms Siân Llŵyd-O'Brien & Žofie Dvořák" in words
    assert "Tŷ'r Ŵyn <Bach>" in words


def test_a_letter_that_no_font_has_is_spelled_plainly() -> None:
    customer = replace(builders.CUSTOMER, name="Mr 田 (Ta)\tﬃ Smith\x07")
    assert "Mr ? (Ta) ffi Smith" in text(render_pdf(replace(documents.small(), customer=customer)))


def test_letters_typed_in_two_parts_are_joined() -> None:
    customer = replace(builders.CUSTOMER, name="Ms Sia\u0302n Prys")
    pdf = render_pdf(replace(documents.small(), customer=customer))
    assert "Ms Siân Prys" in text(pdf)
    assert b"SourceSansPro" not in pdf


def test_credit_is_marked_cr_and_explained() -> None:
    words = text(render_pdf(documents.final_credit()))
    assert "CR marks an amount in your favour" in words
    assert "Nothing to pay" in words
    assert "CR" not in text(render_pdf(documents.exempt_mix()))


def test_properties_name_the_bill(printed: dict[str, bytes]) -> None:
    with pypdfium2.PdfDocument(printed["small"]) as opened:
        found = opened.get_metadata_dict()
    assert found["Title"] == "Your bill ZZR0001042, 1 April 2026"
    assert found["Author"] == "Wrenford Telephones"
    assert b"/Lang (en-GB)" in printed["small"]
    assert b"/DisplayDocTitle true" in printed["small"]


def test_three_thousand_calls_stay_readable() -> None:
    listed = [builders.calls(f"01632 960 {500 + index}", 1000, index + 1) for index in range(3)]
    document = builders.document([builders.calls_line(held.calls[0].line_no or 0, held) for held in listed], call_lists=tuple(listed))
    pdf = render_pdf(document)
    assert overlaps(pdf) == []
    assert text(pdf).count("1,000 calls lasting") == 3


LONG = "Extraordinarily long words about something quite ordinary, explained at length and then once more "


def _crowded(count: int, *, large_print: bool, has_slip: bool) -> BillDocument:
    """Everything as long, as many and as large as it comes."""
    big = 123456789
    quarter = Period(date(2025, 12, 28), date(2026, 3, 28))
    lines = [
        builders.line(
            index + 1,
            LONG * (1 + index % 3),
            big * (-1) ** index,
            group=LINE_GROUPS[index // 6],
            service_number="CIRCUIT/ZZ/123456789-AB" if index % 2 else "",
            period=quarter,
            reference=f"Order ZZO0417724 {'x' * 90}",
        )
        for index in range(24)
    ]
    lines += [builders.line(index + 1, LONG, -5, group="discount", vat_rate=Percent.of(f"{index - 20}.5")) for index in range(24, 29)]
    lists = (builders.calls("01632 960 123 ext 4567890", 61, 30), builders.calls("020 7946 0999", 3, 31))
    lines += [builders.calls_line(index, listed, LONG) for index, listed in enumerate(lists, 30)]
    supplier = replace(
        builders.SUPPLIER,
        trading_name="The Amalgamated Wrenford & District Telephone Company",
        legal_name=LONG,
        registered_text=LONG * 3,
        contacts=builders.SUPPLIER.contacts * 2,
        address=Address(("A very long house name indeed",) * 6, "ZZ1 1AA"),
    )
    street = ("Flat 123, Some Very Long House Name Indeed", "A Street", "Another Street", "Hamlet of Verylonghamletname", "Longtown")
    built = builders.document(
        lines,
        supplier=supplier,
        customer=Customer(f"Professor {LONG}", Address(street, "ZZ1 1AA"), "business", "GB999999981", None, f"Attention of {LONG}"),
        payments=tuple(PaymentReceived(date(2026, 3, index + 1), f"Card {LONG}", Money(big)) for index in range(count)),
        outside_items=tuple(OutsideItem("compensation", date(2026, 3, 1), LONG, Money(-big), f"Fault {LONG}") for _ in range(count)),
        brought_forward=Money(big * 20),
        messages=(Message(LONG, LONG * 5),) * 3,
        history=tuple(PastBill("Sept 2025", Money(big * (-1) ** index)) for index in range(7)),
        corrects=(CorrectedBill("ZZB0000290", date(2026, 3, 1)),) * 3,
        call_lists=lists,
        large_print=large_print,
        payment=PaymentMeans("other") if has_slip else PaymentMeans("direct_debit", "WREN40821736" + "X" * 40),
    )
    return replace(built, slip=PaymentSlip("ZZ40821736 7 0000 1111 2222 3333", "<" + "0" * 60) if has_slip else None)


@pytest.mark.parametrize("count", [0, 2, 9])
@pytest.mark.parametrize("large_print", [False, True])
@pytest.mark.parametrize("has_slip", [False, True])
def test_the_longest_of_everything_still_prints_apart(count: int, large_print: bool, has_slip: bool) -> None:
    pdf = render_pdf(_crowded(count, large_print=large_print, has_slip=has_slip))
    assert overlaps(pdf) == []
    assert _strays(pdf) == []
    if count > 6 and not large_print:
        assert "Your account since the last bill" in text(pdf)


def test_the_same_document_gives_the_same_bytes_in_another_process() -> None:
    script = (
        "import hashlib; from billing.bill_pdf import render_pdf; from tests.golden.documents import GOLDEN;"
        "print(hashlib.sha256(b''.join(render_pdf(build()) for build in GOLDEN.values())).hexdigest())"
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


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (span(Period(date(2026, 3, 1), date(2026, 4, 1))), "1 Mar to 31 Mar 2026"),
        (span(Period(date(2025, 12, 28), date(2026, 3, 28))), "28 Dec 2025 to 27 Mar 2026"),
        (span(Period(date(2026, 3, 1), date(2026, 3, 2))), "1 Mar 2026"),
        (clock(122), "2:02"),
        (clock(3723), "1:02:03"),
        (clock(19_440_771), "5,400:12:51"),
        (figures(Money(-123450)), "1,234.50"),
        (pence(Price.of("5.833333")), "5.8"),
        (pence(Price.of("0.05")), "0.1"),
        (pence(Price.of("1234.55")), "1,234.6"),
        (each(Price.of(1699)), "£16.99"),
        (each(Price.of("5.833333")), "5.8333p"),
        (vat_number("GB999999973"), "GB 999 9999 73"),
        (vat_number("GB999999973001"), "GB999999973001"),
        (how_many(builders.line(1, "x", 5097, quantity=3, unit="MON", unit_price=Price.of(1699))), "3 months at £16.99"),
        (
            how_many(builders.line(1, "x", -658, quantity=-12, unit="DAY", unit_price=Price.of(1699), price_per=31)),
            "12 days at £16.99 for 31 days",
        ),
        (how_many(builders.line(1, "x", 1699, unit_price=Price.of(1699))), ""),
        (how_many(builders.line(1, "x", 5000, quantity=4, unit_price=Price.of(1250))), "4 at £12.50"),
    ],
)
def test_words(found: str, wanted: str) -> None:
    assert found == wanted
