"""Bills as they were posted, with everything the document shows: a constant number of statements for any number of bills."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billing.document import Address, Supplier
from billing.house_papers import BANK, CONTACTS, registered_text, trading_name
from billing.rules.compose import (
    Allowance,
    CallMade,
    Outside,
    Payer,
    PostedBill,
    PostedLine,
    Received,
    Source,
    electronic_address,
)
from billing.rules.usage_summary import UsageBefore, UsageLine
from billing.rules.vat import Tax, VatSum
from billing.words import BillKind, BillState, Leg, LineKind, OutsideKind, PaymentMethod
from css.core.calendar import Period
from css.core.errors import NotFound
from css.core.money import Money, Price
from css.core.words import BillMedium, Itemisation, PaymentMeans, Segment, VatStatus
from css.db.sql import block
from css.master.providers import Provider

PAST_BILLS_SHOWN = 6
NOT_NUMBERED = "not numbered"
"""What stands for the number of a bill in a sample."""


@dataclass(frozen=True, slots=True)
class AsPosted:
    """A bill as posted, with what is known of it besides."""

    bill_id: int
    account_id: int
    district_code: str
    business_date: date
    """Of its run."""
    issue_at: datetime
    state: BillState
    bill: PostedBill


def supplier(session: Session) -> Supplier:
    """Whose bills these are: the own retail arm, for its own customers and for the providers it serves.

    NotFound CSS444E when there is none.
    """
    row = session.execute(select(Provider).where(Provider.is_own_retail)).scalar_one_or_none()
    if row is None or row.vat_number is None:
        raise NotFound("CSS444E", "No provider is our own retail arm, or it has no VAT number: nobody can send bills.")
    address = Address(tuple(row.address_lines), row.postcode)
    return Supplier(
        trading_name=trading_name(row.name),
        legal_name=row.name,
        address=address,
        vat_number=row.vat_number,
        registered_text=registered_text(row.name, address),
        electronic_address=electronic_address(row.endpoint),
        bank=BANK,
        contacts=CONTACTS,
    )


def bills_as_posted(
    session: Session, bill_ids: Sequence[int], *, with_calls: bool = True, unnumbered: bool = False
) -> tuple[AsPosted, ...]:
    """Numbered bills and what they show, in order of id; without the itemised calls where only the invoice is wanted.

    With ``unnumbered`` those that have no number yet too, for a sample of a run before it goes out.
    """
    found = session.execute(block("billing", "render.bills"), {"bills": list(bill_ids), "numbered": not unnumbered}).all()
    bills = [row.id for row in found]
    windows = {"bills": bills, "previous": [row.previous_cut for row in found]}
    lines = _by_bill(session, "render.lines", {"bills": bills})
    vat = _by_bill(session, "render.vat", {"bills": bills})
    payments = _by_bill(session, "render.payments", windows)
    outside = _by_bill(session, "render.outside", windows)
    past = _by_bill(session, "render.past", {"bills": bills, "limit": PAST_BILLS_SHOWN})
    corrected = _by_bill(session, "render.corrected", {"bills": bills})
    usage = _by_bill(session, "render.previous_usage", {"bills": bills})
    allowances = _by_bill(session, "render.allowances", {"bills": bills})
    sources = _by_bill(session, "render.sources", windows)
    calls = _calls(session, found) if with_calls else {}
    return tuple(
        AsPosted(
            row.id,
            row.account_id,
            row.district_code,
            row.business_date,
            row.issue_at,
            BillState(row.state),
            PostedBill(
                number=row.number or NOT_NUMBERED,
                kind=BillKind(row.kind),
                payer=_payer(row.payer),
                issue_on=row.issue_on,
                period=Period(row.period_starts_on, row.period_ends_on),
                due_on=row.due_on,
                calls_after=row.usage_after,
                calls_through=row.usage_through,
                brought_forward=Money(row.brought_forward),
                invoice_net=Money(row.invoice_net),
                invoice_vat=Money(row.invoice_vat),
                invoice_gross=Money(row.invoice_gross),
                amount_due=Money(row.amount_due),
                lines=tuple(_line(line) for line in lines[row.id]),
                vat=tuple(VatSum(Tax(one.vat_category, one.vat_basis_points), Money(one.net), Money(one.vat)) for one in vat[row.id]),
                payments=tuple(Received(one.received_on, PaymentMethod(one.method), Money(one.amount)) for one in payments[row.id]),
                outside=tuple(
                    Outside(OutsideKind(one.kind), one.entered_on, one.words, Money(one.amount), one.reference) for one in outside[row.id]
                ),
                calls=calls.get(row.id, ()),
                past=tuple((one.issue_on, Money(one.invoice_gross)) for one in past[row.id]),
                corrects=tuple((one.number, one.issue_on) for one in corrected[row.id]),
                usage_before=_usage_before(usage[row.id]),
                allowances=tuple(_allowance(one) for one in allowances[row.id]),
                sources=tuple(
                    Source(one.account_number, one.name, one.number, one.issue_on, Money(one.invoice_gross), Money(one.amount))
                    for one in sources[row.id]
                ),
            ),
        )
        for row in found
    )


def _by_bill(session: Session, name: str, parameters: Mapping[str, object]) -> Mapping[int, Sequence[Row[Any]]]:
    found: dict[int, Sequence[Row[Any]]] = defaultdict(tuple)
    rows = session.execute(block("billing", name), parameters)
    for bill_id, of_bill in groupby(rows, key=attrgetter("bill_id")):
        found[bill_id] = tuple(of_bill)
    return found


def _payer(kept: dict[str, Any]) -> Payer:
    return Payer(
        account_number=kept["account_number"],
        name=kept["name"],
        address_lines=tuple(kept["address_lines"]),
        postcode=kept["postcode"],
        segment=Segment(kept["segment"]),
        vat_status=VatStatus(kept["vat_status"]),
        vat_number=kept["vat_number"],
        payment_means=PaymentMeans(kept["payment_means"]),
        mandate_reference=kept["mandate_reference"],
        medium=BillMedium(kept["medium"]),
        endpoint=kept["endpoint"],
        # Bills calculated before this was kept showed all their calls and were paid by their own account.
        itemisation=Itemisation(kept.get("itemisation", Itemisation.FULL)),
        paid_by=kept.get("paid_by"),
    )


def _line(row: Row[Any]) -> PostedLine:
    return PostedLine(
        line_number=row.line_number,
        kind=LineKind(row.kind),
        words=row.words,
        net=Money(row.net),
        tax=Tax(row.vat_category, row.vat_basis_points),
        quantity=row.quantity,
        unit=row.unit,
        unit_price=None if row.unit_price is None else Price.of(row.unit_price),
        price_per=row.price_per,
        number=row.number,
        reference=row.reference,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        charge_class=row.charge_class,
        band=row.band,
        duration_seconds=row.duration_seconds,
        is_promotion=row.is_promotion,
    )


def _usage_before(rows: Sequence[Row[Any]]) -> UsageBefore | None:
    if not rows:
        return None
    lines = tuple(
        UsageLine(one.charge_class, one.band, int(one.call_count), int(one.duration_seconds or 0), Money(int(one.net)))
        for one in rows
        if one.charge_class is not None and one.band is not None
    )
    return UsageBefore(bill_number=rows[0].number, days=rows[0].days, lines=lines)


def _allowance(row: Row[Any]) -> Allowance:
    return Allowance(
        row.words,
        row.number,
        row.month_starts_on,
        row.month_ends_on,
        row.granted_seconds,
        row.rolled_in_seconds,
        row.used_seconds,
        int(row.left_seconds),
    )


def _calls(session: Session, bills: Sequence[Row[Any]]) -> Mapping[int, Sequence[CallMade]]:
    """By district, because the table is cut by it; a block's bills are all of one. Calls that must not be shown are not read."""
    found: dict[int, list[CallMade]] = defaultdict(list)
    shown = [row for row in bills if row.payer.get("itemisation") != Itemisation.NONE]
    for district in sorted({row.district_code for row in shown}):
        ids = [row.id for row in shown if row.district_code == district]
        for row in session.execute(block("billing", "render.calls"), {"district": district, "bills": ids}):
            service_net = row.service_net_millionths
            found[row.bill_id].append(
                CallMade(
                    row.charged_number,
                    Leg(row.leg),
                    row.other_number,
                    row.started_at,
                    int(row.duration_seconds),
                    row.charge_class,
                    row.destination,
                    row.band,
                    Price(int(row.net_millionths)),
                    None if service_net is None else Price(int(service_net)),
                    row.vat_basis_points,
                    row.is_correction,
                )
            )
    return found
