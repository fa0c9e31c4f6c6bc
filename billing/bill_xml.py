"""The bill as an e-invoice: UBL 2.1 Invoice, or CreditNote when the invoice total is below zero (decision 0020).

Every bill follows EN 16931. A buyer with an electronic address gets Peppol BIS Billing 3.0, which is EN 16931 with
more rules; the identifiers at the head say which. Balance, payments, late fees and compensation are no part of the
invoice: the payable amount is the invoice total, and one note names the amount due on the account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from billing.document import (
    Address,
    BillDocument,
    BillLine,
    Customer,
    ElectronicAddress,
    SourceBill,
    Supplier,
    VatSummaryRow,
)
from billing.ubl import new_root, part, pounds, say, say_amount, say_period
from css.core.errors import BadMessage
from css.core.money import Money
from css.xml import Element, children, read_date, read_money, read_stored, read_text, to_bytes

EN_16931: Final = "urn:cen.eu:en16931:2017"
PEPPOL_BILLING: Final = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PEPPOL_PROFILE: Final = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"

# UNCL 4461 and UNCL 1001, UNCL 1153 as EN 16931 lists them.
_DIRECT_DEBIT: Final = "49"
_CREDIT_TRANSFER: Final = "30"
_NOT_DEFINED: Final = "1"
_INVOICED_OBJECT: Final = "130"

_NOTED: Final = re.compile(r"GBP (-?[0-9]+\.[0-9]{2})\b")
_BROKEN_PROMISES: Final = frozenset({"compensation", "guarantee"})
NOTED_MAX: Final = 10
"""Credits that the note names; the bill has them all."""


def render_ubl(document: BillDocument) -> bytes:
    """The e-invoice as UTF-8 XML; the same document gives the same bytes. Expects a document that ``check`` passes."""
    return to_bytes(_document(document), indented=True)


def _document(document: BillDocument) -> Element:
    """Elements in the order of the schema's sequence; the two documents differ in four names and in one date."""
    name = "CreditNote" if document.is_credit else "Invoice"
    root = new_root(name)
    if document.customer.electronic_address is None:
        say(root, "CustomizationID", EN_16931)
    else:
        say(root, "CustomizationID", PEPPOL_BILLING)
        say(root, "ProfileID", PEPPOL_PROFILE)
    say(root, "ID", document.bill_number)
    say(root, "IssueDate", document.issued_on.isoformat())
    if document.is_credit:
        say(root, "TaxPointDate", document.issued_on.isoformat())
        say(root, "CreditNoteTypeCode", "381")
        say(root, "Note", _note(document))
    else:
        if document.due_on is not None:
            say(root, "DueDate", document.due_on.isoformat())
        say(root, "InvoiceTypeCode", "380")
        say(root, "Note", _note(document))
        say(root, "TaxPointDate", document.issued_on.isoformat())
    say(root, "DocumentCurrencyCode", "GBP")
    say(root, "BuyerReference", document.account_number)
    say_period(root, "InvoicePeriod", document.supply_period)
    for corrected in document.corrects:
        reference = part(part(root, "BillingReference"), "InvoiceDocumentReference")
        say(reference, "ID", corrected.number)
        say(reference, "IssueDate", corrected.issued_on.isoformat())
    for source in document.sources:
        _source(root, source)
    _supplier(root, document.supplier)
    _customer(root, document.customer)
    _payment_means(root, document)
    _tax_total(root, document)
    _monetary_total(root, document)
    for line in document.lines:
        _line(root, line, credit=document.is_credit)
    return root


def _note(document: BillDocument) -> str:
    """The one note that Peppol allows. It tells a reader of the invoice alone why another sum is asked for, and for which fault."""
    said = (
        f"Amount due on account {document.account_number}: GBP {document.amount_due}, with balance brought forward, payments and "
        "items outside the scope of VAT, none of which is part of this document."
    )
    given = [item for item in document.outside_items if item.kind in _BROKEN_PROMISES and item.reference]
    told = [f"{item.description}, {item.reference}, GBP {item.amount}" for item in given[:NOTED_MAX]]
    if len(given) > NOTED_MAX:
        told.append(f"{len(given) - NOTED_MAX} more on the bill")
    return f"{said} Credited so: {'; '.join(told)}." if told else said


def _source(root: Element, source: SourceBill) -> None:
    """A member's bill, which is an invoice of its own: a reference and a sentence are all that EN 16931 allows of it."""
    reference = part(root, "AdditionalDocumentReference")
    say(reference, "ID", source.bill_number)
    said = f"VAT invoice of {source.issued_on.isoformat()} on account {source.account_number}, {source.name}"
    say(reference, "DocumentDescription", f"{said}: total GBP {source.invoice_total}; GBP {source.amount} is asked for on this account.")


def _supplier(root: Element, supplier: Supplier) -> None:
    party = part(part(root, "AccountingSupplierParty"), "Party")
    _endpoint(party, supplier.electronic_address)
    say(part(party, "PartyName"), "Name", supplier.trading_name)
    _address(party, supplier.address)
    _vat_registration(party, supplier.vat_number)
    legal = part(party, "PartyLegalEntity")
    say(legal, "RegistrationName", supplier.legal_name)
    say(legal, "CompanyID", supplier.company_number)
    say(legal, "CompanyLegalForm", supplier.registered_text)


def _customer(root: Element, customer: Customer) -> None:
    party = part(part(root, "AccountingCustomerParty"), "Party")
    _endpoint(party, customer.electronic_address)
    _address(party, customer.address)
    _vat_registration(party, customer.vat_number)
    say(part(party, "PartyLegalEntity"), "RegistrationName", customer.name)
    if customer.attention:
        say(part(party, "Contact"), "Name", customer.attention)


def _endpoint(party: Element, address: ElectronicAddress | None) -> None:
    if address is not None:
        say(party, "EndpointID", address.value, schemeID=address.scheme)


def _address(party: Element, address: Address) -> None:
    """The last line is the post town; UBL has two named street lines and one more."""
    *streets, town = address.lines
    street, more, *others = (*streets, "", "")
    element = part(party, "PostalAddress")
    say(element, "StreetName", street)
    say(element, "AdditionalStreetName", more)
    say(element, "CityName", town)
    say(element, "PostalZone", address.postcode)
    rest = ", ".join(part for part in others if part)
    if rest:
        say(part(element, "AddressLine"), "Line", rest)
    say(part(element, "Country"), "IdentificationCode", address.country_code)


def _vat_registration(party: Element, vat_number: str) -> None:
    if vat_number:
        scheme = part(party, "PartyTaxScheme")
        say(scheme, "CompanyID", vat_number)
        say(part(scheme, "TaxScheme"), "ID", "VAT")


def _payment_means(root: Element, document: BillDocument) -> None:
    means, bank = part(root, "PaymentMeans"), document.supplier.bank
    reference = document.account_number if document.slip is None else document.slip.reference
    if document.payment.kind == "direct_debit":
        say(means, "PaymentMeansCode", _DIRECT_DEBIT)
        say(means, "PaymentID", reference)
        say(part(means, "PaymentMandate"), "ID", document.payment.mandate_reference)
    elif bank is None:
        say(means, "PaymentMeansCode", _NOT_DEFINED)
        say(means, "PaymentID", reference)
    else:
        say(means, "PaymentMeansCode", _CREDIT_TRANSFER)
        say(means, "PaymentID", reference)
        account = part(means, "PayeeFinancialAccount")
        say(account, "ID", bank.account_number)
        say(account, "Name", bank.name)
        say(part(account, "FinancialInstitutionBranch"), "ID", bank.sort_code)


def _tax_total(root: Element, document: BillDocument) -> None:
    total, credit = part(root, "TaxTotal"), document.is_credit
    _amount(total, "TaxAmount", document.invoice_vat, credit=credit)
    for row in document.vat_summary:
        subtotal = part(total, "TaxSubtotal")
        _amount(subtotal, "TaxableAmount", row.net, credit=credit)
        _amount(subtotal, "TaxAmount", row.vat, credit=credit)
        category = part(subtotal, "TaxCategory")
        say(category, "ID", row.category)
        say(category, "Percent", str(row.rate))
        for name, text in _reasons(row):
            say(category, name, text)
        say(part(category, "TaxScheme"), "ID", "VAT")


def _reasons(row: VatSummaryRow) -> Iterator[tuple[str, str]]:
    if row.category == "AE":
        yield "TaxExemptionReasonCode", "VATEX-EU-AE"
    if row.reason:
        yield "TaxExemptionReason", row.reason


def _monetary_total(root: Element, document: BillDocument) -> None:
    totals = part(root, "LegalMonetaryTotal")
    for name, amount in (
        ("LineExtensionAmount", document.invoice_net),
        ("TaxExclusiveAmount", document.invoice_net),
        ("TaxInclusiveAmount", document.invoice_total),
        ("PayableAmount", document.invoice_total),
    ):
        _amount(totals, name, amount, credit=document.is_credit)


def _line(root: Element, line: BillLine, *, credit: bool) -> None:
    element = part(root, "CreditNoteLine" if credit else "InvoiceLine")
    say(element, "ID", str(line.line_no))
    quantity = -line.quantity if credit else line.quantity
    say(element, "CreditedQuantity" if credit else "InvoicedQuantity", str(quantity), unitCode=line.unit)
    _amount(element, "LineExtensionAmount", line.net, credit=credit)
    if line.period is not None:
        say_period(element, "InvoicePeriod", line.period)
    if line.service_number:
        reference = part(element, "DocumentReference")
        say(reference, "ID", line.service_number)
        say(reference, "DocumentTypeCode", _INVOICED_OBJECT)
    item = part(element, "Item")
    say(item, "Name", line.description)
    category = part(item, "ClassifiedTaxCategory")
    say(category, "ID", line.vat_category)
    say(category, "Percent", str(line.vat_rate))
    say(part(category, "TaxScheme"), "ID", "VAT")
    for name, value in _properties(line):
        held = part(item, "AdditionalItemProperty")
        say(held, "Name", name)
        say(held, "Value", value)
    _price(element, line)


def _properties(line: BillLine) -> Iterator[tuple[str, str]]:
    if line.reference:
        yield "Reference", line.reference
    if line.call_count is not None:
        yield ("Calls corrected" if line.is_correction else "Calls"), str(line.call_count)
    if line.duration_seconds is not None:
        yield "Duration in seconds", str(line.duration_seconds)


def _price(element: Element, line: BillLine) -> None:
    """A line without a price for one is priced whole: its net amount for its quantity, so that the product still fits."""
    price = part(element, "Price")
    if line.unit_price is None:
        amount, basis = str(line.net if line.net.pence >= 0 else -line.net), abs(line.quantity)
    else:
        amount, basis = pounds(line.unit_price), line.price_per
    say(price, "PriceAmount", amount, currencyID="GBP")
    if basis != 1:
        say(price, "BaseQuantity", str(basis), unitCode=line.unit)


def _amount(parent: Element, name: str, amount: Money, *, credit: bool) -> None:
    """Amounts on a credit note are the other way round, so that what is given back stands without a sign."""
    say_amount(parent, name, -amount if credit else amount)


def verify_amounts(document: BillDocument, xml: bytes) -> list[str]:
    """Where a stored e-invoice says another thing than its document: totals, VAT rows, lines, numbers and dates.

    The nightly books check asks this of bills it did not render itself, so it reads the XML by paths of its own and shares
    nothing with the writer. Returns sentences; empty when they agree.
    """
    try:
        root = read_stored(xml)
    except BadMessage as error:
        return [f"The e-invoice cannot be read: {error.text}"]
    return verify_tree(document, root)


def verify_tree(document: BillDocument, root: Element) -> list[str]:
    """The same of an e-invoice that is parsed already."""
    is_credit = etree.QName(root).localname == "CreditNote"
    wanted, found = dict(_wanted(document)), dict(_found(root, -1 if is_credit else 1))
    faults = [] if is_credit == document.is_credit else [f"The total {document.invoice_total} stands on the wrong kind of e-invoice."]
    faults += [
        f"{what}: the document says {wanted.get(what, 'nothing')}, the e-invoice {found.get(what, 'nothing')}."
        for what in sorted(wanted.keys() | found.keys())
        if wanted.get(what) != found.get(what)
    ]
    return faults


def _wanted(document: BillDocument) -> Iterator[tuple[str, object]]:
    yield "bill number", document.bill_number
    yield "account number", document.account_number
    yield "date of issue", document.issued_on
    yield "net total", document.invoice_net
    yield "VAT total", document.invoice_vat
    yield "invoice total", document.invoice_total
    yield "amount payable", document.invoice_total
    yield "amount due in the note", str(document.amount_due)
    for row in document.vat_summary:
        yield f"VAT {row.category} {row.rate}", (row.net, row.vat)
    for line in document.lines:
        yield f"line {line.line_no}", (line.net, line.vat_category, str(line.vat_rate))


def _found(root: Element, sign: int) -> Iterator[tuple[str, object]]:
    def money(where: Element, path: str) -> Money | None:
        amount = read_money(where, path)
        return None if amount is None else amount * sign

    yield "bill number", read_text(root, "ID")
    yield "account number", read_text(root, "BuyerReference")
    yield "date of issue", read_date(root, "IssueDate")
    yield "net total", money(root, "LegalMonetaryTotal/TaxExclusiveAmount")
    yield "VAT total", money(root, "TaxTotal/TaxAmount")
    yield "invoice total", money(root, "LegalMonetaryTotal/TaxInclusiveAmount")
    yield "amount payable", money(root, "LegalMonetaryTotal/PayableAmount")
    noted = _NOTED.search(read_text(root, "Note") or "")
    yield "amount due in the note", noted and noted[1]
    for row in children(root, "TaxTotal/TaxSubtotal"):
        name = f"VAT {read_text(row, 'TaxCategory/ID')} {read_text(row, 'TaxCategory/Percent')}"
        yield name, (money(row, "TaxableAmount"), money(row, "TaxAmount"))
    for line in children(root, "CreditNoteLine" if sign < 0 else "InvoiceLine"):
        category, rate = (read_text(line, f"Item/ClassifiedTaxCategory/{name}") for name in ("ID", "Percent"))
        yield f"line {read_text(line, 'ID')}", (money(line, "LineExtensionAmount"), category, rate)
