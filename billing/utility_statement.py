"""The itemised calls as UBL 2.1 UtilityStatement: the second document beside the e-invoice, which it names (decision 0118).

One SubscriberConsumption for each list of calls on the bill, and in it one supply line for each invoice line that charges
them, whose ID is that line's. Amounts of calls are pounds before VAT, exact to a millionth of a penny; times are London's.
It tells what the document shows and nothing more: what the customer asked not to be shown is not here either.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from billing.document import BillDocument, Call, CallLeg, CallList
from billing.ubl import CAC, CBC, UBL, compiled_schema, faults_told, one_line, pounds
from css.core.errors import BadMessage
from css.core.money import Price, to_money
from css.xml import Element

CUSTOMIZATION: Final = "urn:css:telephone-calls:1"
STATEMENT_TYPE: Final = "TELECOMMUNICATIONS"
CALLS: Final = "CALLS"
CORRECTIONS: Final = "CORRECTIONS"
SUPPLY_WORDS: Final = {CALLS: "Itemised calls", CORRECTIONS: "Corrections of earlier calls"}
PRIVACY: Final = {"full": "FULL", "masked": "MASKED", "none": "NONE"}
LEG_CODES: Final[dict[CallLeg, str]] = {"outgoing": "OUTGOING", "diverted": "DIVERTED", "reverse": "REVERSE"}
NO_LINE: Final = "0"
"""The ID of the supply line of calls that no line of the invoice charges by itself."""
_NOTE: Final = "Before VAT and before discounts; the invoice named here is what is charged."
_POUND: Final = 100_000_000
"""Millionths of a penny."""
_LEG_END: Final = "</cbc:TelecommunicationsServiceCategoryCode>"
_SERVICE, _QUANTITY, _PRICE = CAC + "TelecommunicationsService", CBC + "Quantity", CBC + "CallExtensionAmount"
_LINE_SUM, _LIST_SUM, _KIND = CBC + "LineExtensionAmount", CBC + "TotalAmount", CBC + "TelecommunicationsSupplyTypeCode"
_POINT, _PARENT, _LIST = CAC + "UtilityConsumptionPoint", CAC + "ParentDocumentReference", CAC + "SubscriberConsumption"
_READ: Final = (_SERVICE, _LINE_SUM, _LIST_SUM, _KIND, _POINT, _PARENT, _LIST)


def render_statement(document: BillDocument) -> bytes:
    """The calls of a bill as UTF-8 XML; the same document gives the same bytes. Expects a document with call lists.

    A bill has sixty calls or sixty thousand, and a tree of them costs ten times what their text does (decision 0118): so
    this is written as text, every value of it escaped, and nobody stores it before it is parsed and held against the schema.
    """
    out, count = io.BytesIO(), 0
    # Piece by piece: a bill of two thousand pages has a quarter of a million calls, whose text is not to lie here twice.
    out.write(_head(document).encode())
    for listed in document.call_lists:
        out.writelines(piece.encode() for piece in _consumption(document, listed, count))
        count += len(listed.calls)
    out.write(b"</UtilityStatement>\n")
    return out.getvalue()


def _head(document: BillDocument) -> str:
    number, issued_on, supplier = _text(document.bill_number), document.issued_on.isoformat(), document.supplier
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<UtilityStatement xmlns="{UBL}UtilityStatement-2" xmlns:cac="{CAC[1:-1]}" xmlns:cbc="{CBC[1:-1]}">
<cbc:CustomizationID>{CUSTOMIZATION}</cbc:CustomizationID>
<cbc:ID>{number}-CALLS</cbc:ID>
<cbc:IssueDate>{issued_on}</cbc:IssueDate>
<cbc:UtilityStatementTypeCode>{STATEMENT_TYPE}</cbc:UtilityStatementTypeCode>
<cbc:Note>{_NOTE}</cbc:Note>
<cbc:DocumentCurrencyCode>GBP</cbc:DocumentCurrencyCode>
<cac:ParentDocumentReference>
<cbc:ID>{number}</cbc:ID>
<cbc:IssueDate>{issued_on}</cbc:IssueDate>
<cbc:DocumentTypeCode>{381 if document.is_credit else 380}</cbc:DocumentTypeCode>
</cac:ParentDocumentReference>
<cac:SenderParty>
<cac:PartyName><cbc:Name>{_text(supplier.trading_name)}</cbc:Name></cac:PartyName>
<cac:PartyTaxScheme><cbc:CompanyID>{_text(supplier.vat_number)}</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
</cac:SenderParty>
<cac:ReceiverParty>
<cac:PartyIdentification><cbc:ID>{_text(document.account_number)}</cbc:ID></cac:PartyIdentification>
<cac:PartyName><cbc:Name>{_text(document.customer.name)}</cbc:Name></cac:PartyName>
</cac:ReceiverParty>
"""


def _consumption(document: BillDocument, listed: CallList, before: int) -> Iterator[str]:
    """One list of calls; they are numbered through the whole statement, so it takes how many came before."""
    days, number = [call.started_on for call in listed.calls], _text(listed.service_number)
    kind = CORRECTIONS if listed.is_corrections else CALLS
    yield f"""<cac:SubscriberConsumption>
<cac:UtilityConsumptionPoint><cbc:ID>{number}</cbc:ID></cac:UtilityConsumptionPoint>
<cac:Consumption>
<cac:MainPeriod><cbc:StartDate>{min(days)}</cbc:StartDate><cbc:EndDate>{max(days)}</cbc:EndDate></cac:MainPeriod>
<cac:TelecommunicationsSupply>
<cbc:TelecommunicationsSupplyType>{SUPPLY_WORDS[kind]}</cbc:TelecommunicationsSupplyType>
<cbc:TelecommunicationsSupplyTypeCode>{kind}</cbc:TelecommunicationsSupplyTypeCode>
<cbc:PrivacyCode>{PRIVACY[document.itemisation]}</cbc:PrivacyCode>
<cbc:TotalAmount currencyID="GBP">{pounds(listed.price)}</cbc:TotalAmount>
"""
    by_line: dict[int | None, list[Call]] = {}
    for call in listed.calls:
        by_line.setdefault(call.line_no, []).append(call)
    for line_no, calls in by_line.items():
        yield f"""<cac:TelecommunicationsSupplyLine>
<cbc:ID>{NO_LINE if line_no is None else line_no}</cbc:ID>
<cbc:PhoneNumber>{number}</cbc:PhoneNumber>
<cbc:LineExtensionAmount currencyID="GBP">{pounds(Price(sum(call.price.millionths for call in calls)))}</cbc:LineExtensionAmount>
"""
        yield from (_call(call, place) for place, call in enumerate(calls, before + 1))
        yield "</cac:TelecommunicationsSupplyLine>\n"
        before += len(calls)
    yield f"""</cac:TelecommunicationsSupply>
<cac:LegalMonetaryTotal><cbc:PayableAmount currencyID="GBP">{to_money(listed.price)}</cbc:PayableAmount></cac:LegalMonetaryTotal>
</cac:Consumption>
</cac:SubscriberConsumption>
"""


def _call(call: Call, place: int) -> str:
    """One call on a line of its own; what it lacks is left out, because an empty element is an error."""
    to, band, base, duty = call.destination, call.band, "", ""
    if call.service_charge is not None and call.access_charge is not None:
        base = f'<cbc:CallBaseAmount currencyID="GBP">{pounds(call.access_charge)}</cbc:CallBaseAmount>'
        duty = (
            f'<cac:CallDuty><cbc:Amount currencyID="GBP">{pounds(call.service_charge)}</cbc:Amount>'
            "<cbc:Duty>Service charge</cbc:Duty><cbc:DutyCode>SERVICE</cbc:DutyCode></cac:CallDuty>"
        )
    return (
        f"<cac:TelecommunicationsService><cbc:ID>{place}</cbc:ID><cbc:CallDate>{call.started_on}</cbc:CallDate>"
        f"<cbc:CallTime>{call.started_at}</cbc:CallTime><cbc:ServiceNumberCalled>{_text(call.number)}</cbc:ServiceNumberCalled>"
        + (f"<cbc:TelecommunicationsServiceCategory>{_text(to)}</cbc:TelecommunicationsServiceCategory>" if to else "")
        + ("" if call.leg == "outgoing" else f"<cbc:TelecommunicationsServiceCategoryCode>{LEG_CODES[call.leg]}{_LEG_END}")
        + f'<cbc:Quantity unitCode="SEC">{call.duration_seconds}</cbc:Quantity>'
        + (f"<cbc:TelecommunicationsServiceCall>{_text(band)}</cbc:TelecommunicationsServiceCall>" if band else "")
        + f'{base}<cbc:CallExtensionAmount currencyID="GBP">{pounds(call.price)}</cbc:CallExtensionAmount>{duty}'
        "</cac:TelecommunicationsService>\n"
    )


def _text(value: str) -> str:
    """A value as it stands between tags: on one line, and with nothing in it that is markup."""
    cleaned = one_line(value)
    if "&" in cleaned or "<" in cleaned or ">" in cleaned:
        return cleaned.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return cleaned


@dataclass(frozen=True, slots=True)
class CallSum:
    """What one list of calls comes to, by its own calls."""

    service_number: str
    is_corrections: bool
    call_count: int
    duration_seconds: int
    price: Price


@dataclass(frozen=True, slots=True)
class StatementRead:
    """A UtilityStatement read back."""

    bill_number: str
    sums: tuple[CallSum, ...]
    faults: tuple[str, ...]
    """Where it contradicts itself: totals that are not those of its calls."""
    schema_faults: tuple[str, ...] = ()
    """Where it is not as the schema asks, when that was asked."""


def read_statement(xml: bytes, *, against_schema: bool = False) -> StatementRead:
    """A stored statement's calls added up again, by paths of its own that share nothing with the writer.

    Calls are let go of as they are read, so a statement of any length takes little memory.

    Args:
        xml: the whole statement.
        against_schema: whether it is held against the schema too, as it is read.

    Raises:
        BadMessage: CSS841E, it is no XML, or an amount or number in it is none.
    """
    if b"<!DOCTYPE" in xml:
        raise _unreadable()
    events = etree.iterparse(
        io.BytesIO(xml),
        tag=_READ,
        schema=compiled_schema() if against_schema else None,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    reading = _Reading()
    try:
        for _, element in events:
            reading.take(element)
    except etree.XMLSyntaxError as error:
        faults = faults_told(events.error_log)
        if not faults:
            raise _unreadable() from error
        return StatementRead(reading.bill_number, tuple(reading.sums), tuple(reading.faults), tuple(faults))
    return StatementRead(reading.bill_number, tuple(reading.sums), tuple(reading.faults))


class _Reading:
    """What has been read of a statement so far."""

    def __init__(self) -> None:
        self.bill_number = ""
        self.sums: list[CallSum] = []
        self.faults: list[str] = []
        self._begin("")

    def _begin(self, number: str) -> None:
        self._number, self._is_corrections = number, False
        self._count = self._seconds = self._millionths = self._lines = self._told = 0

    def take(self, element: Element) -> None:
        """One of the elements of ``_READ``, at its end."""
        tag = element.tag
        if tag == _SERVICE:
            self._call(element)
        elif tag == _LINE_SUM:
            self._lines += _millionths(element.text)
        elif tag == _LIST_SUM:
            self._told = _millionths(element.text)
        elif tag == _KIND:
            self._is_corrections = element.text == CORRECTIONS
        elif tag == _POINT:
            self._begin(element.findtext(f"{CBC}ID") or "")
        elif tag == _PARENT:
            self.bill_number = element.findtext(f"{CBC}ID") or ""
        else:
            self.sums.append(CallSum(self._number, self._is_corrections, self._count, self._seconds, Price(self._millionths)))
            if not self._told == self._lines == self._millionths:
                self.faults.append(f"The calls of {self._number} do not make the totals of their lines and of their list.")

    def _call(self, element: Element) -> None:
        for leaf in element.iterchildren(_QUANTITY, _PRICE):
            if leaf.tag == _PRICE:
                self._millionths += _millionths(leaf.text)
            else:
                self._seconds += _whole(leaf.text)
        self._count += 1
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)


def _whole(text: str | None) -> int:
    digits = (text or "").removeprefix("-")
    if not digits.isdigit():
        raise _unreadable()
    return -int(digits) if text != digits else int(digits)


def _millionths(text: str | None) -> int:
    """Pounds with up to eight places as millionths of a penny."""
    sign, digits = (-1, text[1:]) if text and text.startswith("-") else (1, text or "")
    whole, _, places = digits.partition(".")
    if not (whole.isdigit() and (places or "0").isdigit() and len(places) <= 8):  # noqa: PLR2004 - a pound's millionths of a penny
        raise _unreadable()
    return sign * (int(whole) * _POUND + int(places.ljust(8, "0")))


def _unreadable() -> BadMessage:
    return BadMessage("CSS841E", "A number in the file is none that we write.")
