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

from billing.document import Address, BillDocument, BillLine, Customer, ElectronicAddress, Supplier, VatSummaryRow, last_day
from css.core.calendar import Period
from css.core.errors import BadMessage
from css.core.money import Money, Price
from css.xml import Element, add, children, clean_text, read_date, read_message, read_money, read_text, to_bytes
from css.xml import document as new_document

EN_16931: Final = "urn:cen.eu:en16931:2017"
PEPPOL_BILLING: Final = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PEPPOL_PROFILE: Final = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"

_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
_CAC: Final = f"{{{_UBL}CommonAggregateComponents-2}}"
_CBC: Final = f"{{{_UBL}CommonBasicComponents-2}}"
_PREFIXES: Final[dict[str | None, str]] = {"cac": f"{_UBL}CommonAggregateComponents-2", "cbc": f"{_UBL}CommonBasicComponents-2"}

# UNCL 4461 and UNCL 1001, UNCL 1153 as EN 16931 lists them.
_DIRECT_DEBIT: Final = "49"
_CREDIT_TRANSFER: Final = "30"
_NOT_DEFINED: Final = "1"
_INVOICED_OBJECT: Final = "130"

_NOTED: Final = re.compile(r"GBP (-?[0-9]+\.[0-9]{2})\b")
_ELEMENTS_MAX: Final = 100_000_000
"""Our own e-invoices may be longer than what a partner may send."""


def render_ubl(document: BillDocument) -> bytes:
    """The e-invoice as UTF-8 XML; the same document gives the same bytes. Expects a document that ``check`` passes."""
    return to_bytes(_document(document), indented=True)


def _document(document: BillDocument) -> Element:
    """Elements in the order of the schema's sequence; the two documents differ in four names and in one date."""
    name = "CreditNote" if document.is_credit else "Invoice"
    root = new_document(f"{{{_UBL}{name}-2}}{name}", {None: f"{_UBL}{name}-2", **_PREFIXES})
    if document.customer.electronic_address is None:
        _say(root, "CustomizationID", EN_16931)
    else:
        _say(root, "CustomizationID", PEPPOL_BILLING)
        _say(root, "ProfileID", PEPPOL_PROFILE)
    _say(root, "ID", document.bill_number)
    _say(root, "IssueDate", document.issued_on.isoformat())
    if document.is_credit:
        _say(root, "TaxPointDate", document.issued_on.isoformat())
        _say(root, "CreditNoteTypeCode", "381")
        _say(root, "Note", _note(document))
    else:
        if document.due_on is not None:
            _say(root, "DueDate", document.due_on.isoformat())
        _say(root, "InvoiceTypeCode", "380")
        _say(root, "Note", _note(document))
        _say(root, "TaxPointDate", document.issued_on.isoformat())
    _say(root, "DocumentCurrencyCode", "GBP")
    _say(root, "BuyerReference", document.account_number)
    _period(root, document.supply_period)
    for corrected in document.corrects:
        reference = _open(_open(root, "BillingReference"), "InvoiceDocumentReference")
        _say(reference, "ID", corrected.number)
        _say(reference, "IssueDate", corrected.issued_on.isoformat())
    _supplier(root, document.supplier)
    _customer(root, document.customer)
    _payment_means(root, document)
    _tax_total(root, document)
    _monetary_total(root, document)
    for line in document.lines:
        _line(root, line, credit=document.is_credit)
    return root


def _note(document: BillDocument) -> str:
    """The one note that Peppol allows. It tells a reader of the invoice alone why another sum is asked for."""
    return (
        f"Amount due on account {document.account_number}: GBP {document.amount_due}, with balance brought forward, payments and "
        "items outside the scope of VAT, none of which is part of this document."
    )


def _supplier(root: Element, supplier: Supplier) -> None:
    party = _open(_open(root, "AccountingSupplierParty"), "Party")
    _endpoint(party, supplier.electronic_address)
    _say(_open(party, "PartyName"), "Name", supplier.trading_name)
    _address(party, supplier.address)
    _vat_registration(party, supplier.vat_number)
    legal = _open(party, "PartyLegalEntity")
    _say(legal, "RegistrationName", supplier.legal_name)
    _say(legal, "CompanyID", supplier.company_number)
    _say(legal, "CompanyLegalForm", supplier.registered_text)


def _customer(root: Element, customer: Customer) -> None:
    party = _open(_open(root, "AccountingCustomerParty"), "Party")
    _endpoint(party, customer.electronic_address)
    _address(party, customer.address)
    _vat_registration(party, customer.vat_number)
    _say(_open(party, "PartyLegalEntity"), "RegistrationName", customer.name)
    if customer.attention:
        _say(_open(party, "Contact"), "Name", customer.attention)


def _endpoint(party: Element, address: ElectronicAddress | None) -> None:
    if address is not None:
        _say(party, "EndpointID", address.value, schemeID=address.scheme)


def _address(party: Element, address: Address) -> None:
    """The last line is the post town; UBL has two named street lines and one more."""
    *streets, town = address.lines
    street, more, *others = (*streets, "", "")
    element = _open(party, "PostalAddress")
    _say(element, "StreetName", street)
    _say(element, "AdditionalStreetName", more)
    _say(element, "CityName", town)
    _say(element, "PostalZone", address.postcode)
    rest = ", ".join(part for part in others if part)
    if rest:
        _say(_open(element, "AddressLine"), "Line", rest)
    _say(_open(element, "Country"), "IdentificationCode", address.country_code)


def _vat_registration(party: Element, vat_number: str) -> None:
    if vat_number:
        scheme = _open(party, "PartyTaxScheme")
        _say(scheme, "CompanyID", vat_number)
        _say(_open(scheme, "TaxScheme"), "ID", "VAT")


def _payment_means(root: Element, document: BillDocument) -> None:
    means, bank = _open(root, "PaymentMeans"), document.supplier.bank
    reference = document.account_number if document.slip is None else document.slip.reference
    if document.payment.kind == "direct_debit":
        _say(means, "PaymentMeansCode", _DIRECT_DEBIT)
        _say(means, "PaymentID", reference)
        _say(_open(means, "PaymentMandate"), "ID", document.payment.mandate_reference)
    elif bank is None:
        _say(means, "PaymentMeansCode", _NOT_DEFINED)
        _say(means, "PaymentID", reference)
    else:
        _say(means, "PaymentMeansCode", _CREDIT_TRANSFER)
        _say(means, "PaymentID", reference)
        account = _open(means, "PayeeFinancialAccount")
        _say(account, "ID", bank.account_number)
        _say(account, "Name", bank.name)
        _say(_open(account, "FinancialInstitutionBranch"), "ID", bank.sort_code)


def _tax_total(root: Element, document: BillDocument) -> None:
    total, credit = _open(root, "TaxTotal"), document.is_credit
    _amount(total, "TaxAmount", document.invoice_vat, credit=credit)
    for row in document.vat_summary:
        subtotal = _open(total, "TaxSubtotal")
        _amount(subtotal, "TaxableAmount", row.net, credit=credit)
        _amount(subtotal, "TaxAmount", row.vat, credit=credit)
        category = _open(subtotal, "TaxCategory")
        _say(category, "ID", row.category)
        _say(category, "Percent", str(row.rate))
        for name, text in _reasons(row):
            _say(category, name, text)
        _say(_open(category, "TaxScheme"), "ID", "VAT")


def _reasons(row: VatSummaryRow) -> Iterator[tuple[str, str]]:
    if row.category == "AE":
        yield "TaxExemptionReasonCode", "VATEX-EU-AE"
    if row.reason:
        yield "TaxExemptionReason", row.reason


def _monetary_total(root: Element, document: BillDocument) -> None:
    totals = _open(root, "LegalMonetaryTotal")
    for name, amount in (
        ("LineExtensionAmount", document.invoice_net),
        ("TaxExclusiveAmount", document.invoice_net),
        ("TaxInclusiveAmount", document.invoice_total),
        ("PayableAmount", document.invoice_total),
    ):
        _amount(totals, name, amount, credit=document.is_credit)


def _line(root: Element, line: BillLine, *, credit: bool) -> None:
    element = _open(root, "CreditNoteLine" if credit else "InvoiceLine")
    _say(element, "ID", str(line.line_no))
    quantity = -line.quantity if credit else line.quantity
    _say(element, "CreditedQuantity" if credit else "InvoicedQuantity", str(quantity), unitCode=line.unit)
    _amount(element, "LineExtensionAmount", line.net, credit=credit)
    if line.period is not None:
        _period(element, line.period)
    if line.service_number:
        reference = _open(element, "DocumentReference")
        _say(reference, "ID", line.service_number)
        _say(reference, "DocumentTypeCode", _INVOICED_OBJECT)
    item = _open(element, "Item")
    _say(item, "Name", line.description)
    category = _open(item, "ClassifiedTaxCategory")
    _say(category, "ID", line.vat_category)
    _say(category, "Percent", str(line.vat_rate))
    _say(_open(category, "TaxScheme"), "ID", "VAT")
    for name, value in _properties(line):
        held = _open(item, "AdditionalItemProperty")
        _say(held, "Name", name)
        _say(held, "Value", value)
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
    price = _open(element, "Price")
    if line.unit_price is None:
        pounds, basis = str(line.net if line.net.pence >= 0 else -line.net), abs(line.quantity)
    else:
        pounds, basis = _pounds(line.unit_price), line.price_per
    _say(price, "PriceAmount", pounds, currencyID="GBP")
    if basis != 1:
        _say(price, "BaseQuantity", str(basis), unitCode=line.unit)


def _pounds(price: Price) -> str:
    """A price in pounds, exact: at least two places, at most the eight that millionths of a penny need."""
    whole, rest = divmod(price.millionths, 100_000_000)
    return f"{whole}.{f'{rest:08d}'.rstrip('0').ljust(2, '0')}"


def _period(parent: Element, period: Period) -> None:
    element = _open(parent, "InvoicePeriod")
    _say(element, "StartDate", period.starts_on.isoformat())
    _say(element, "EndDate", last_day(period).isoformat())


def _amount(parent: Element, name: str, amount: Money, *, credit: bool) -> None:
    """Amounts on a credit note are the other way round, so that what is given back stands without a sign."""
    _say(parent, name, str(-amount if credit else amount), currencyID="GBP")


def _open(parent: Element, name: str) -> Element:
    return add(parent, _CAC + name)


def _say(parent: Element, name: str, text: str, **attributes: str) -> None:
    """One leaf, its white space collapsed; nothing at all for an empty text, because an empty element is an error."""
    cleaned = " ".join(clean_text(text).split())
    if cleaned:
        leaf = add(parent, _CBC + name, cleaned)
        for attribute, value in attributes.items():
            leaf.set(attribute, value)


def verify_amounts(document: BillDocument, xml: bytes) -> list[str]:
    """Where a stored e-invoice says another thing than its document: totals, VAT rows, lines, numbers and dates.

    The nightly books check asks this of bills it did not render itself, so it reads the XML by paths of its own and shares
    nothing with the writer. Returns sentences; empty when they agree.
    """
    try:
        root = read_message(xml, limit_bytes=len(xml), limit_elements=_ELEMENTS_MAX)
    except BadMessage as error:
        return [f"The e-invoice cannot be read: {error.text}"]
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
