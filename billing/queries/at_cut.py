"""Everything a block of bills is decided from, as it stood at the cut: a constant number of statements for any number of accounts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billing.model import BillRun
from billing.queries.account_terms import cycles_at_cut, taxed_at_cut
from billing.queries.adjustments import adjustments_at_cut
from billing.queries.benefits_at_cut import Moment, Since, benefits_at_cut
from billing.queries.control import limits_for
from billing.queries.retaxed import Since as TaxedSince
from billing.queries.retaxed import retaxed_at_cut
from billing.rules.adjustments import NONE
from billing.rules.bill import AccountAtCut, PastBill
from billing.rules.charges import PriceBook, Product, RentalKey, ServiceLife, Span
from billing.rules.difference import PostedRental
from billing.rules.items import CallSum, ItemLeft
from billing.rules.retaxing import NOTHING
from billing.rules.terminations import PostedTermination, TerminationKey
from billing.rules.validation import BILLS_AVERAGED
from billing.rules.vat import Tax, VatHistory
from billing.words import BillKind
from css.core.codec import to_plain
from css.core.errors import NotFound
from css.core.money import Money, Price
from css.core.words import EndReason, ProductKind, Segment, VatCode, VatStatus
from css.db.sql import block
from css.master.products import Product as ProductRow
from css.master.products import prices, vat_rates


@dataclass(frozen=True, slots=True)
class RunAtCut:
    """A bill run: its district, its cut, and the instant every bill of it says it was made."""

    run_id: int
    district_code: str
    cut: date
    issue_at: datetime


@dataclass(frozen=True, slots=True)
class AtCut:
    """One account of a block, and the payer as the bill will keep it."""

    account: AccountAtCut
    payer: dict[str, Any]


def run_at_cut(session: Session, run_id: int) -> RunAtCut:
    """The run. NotFound CSS434E when there is none."""
    run = session.get(BillRun, run_id)
    if run is None:
        raise NotFound("CSS434E", "There is no bill run {run}.", run=run_id)
    return RunAtCut(run.id, run.district_code, run.business_date, run.issue_at)


def price_book(session: Session, cut: date, *, of: Collection[str] | None = None) -> PriceBook:
    """All products, prices and VAT rates recorded by the cut: small reference data, read whole for each block.

    With ``of`` only the prices of the products with these codes, for whoever asks about one order while somebody waits.
    """
    rows = session.execute(
        select(ProductRow.id, ProductRow.code, ProductRow.name, ProductRow.nominal_code, ProductRow.vat_code, ProductRow.kind)
    )
    products = [Product(row.id, row.code, row.name, row.nominal_code, row.vat_code, row.kind is ProductKind.ONE_OFF) for row in rows]
    return PriceBook(products, prices(session, as_at=cut, product_codes=of), vat_rates(session, as_at=cut))


def accounts_at_cut(session: Session, run: RunAtCut, account_ids: Sequence[int]) -> tuple[AtCut, ...]:
    """The accounts that still need their bill of this run, in order of id."""
    found = session.execute(
        block("billing", "calculate.accounts"), {"run": run.run_id, "accounts": list(account_ids), "cut": run.cut}
    ).all()
    if not found:
        return ()
    accounts = [row.account_id for row in found]
    cycles = cycles_at_cut(session, found, [run.cut] * len(found))
    taking = {row.account_id: row.usage_billed_through for row in found if row.kind != BillKind.CREDIT_NOTE}
    taxed = taxed_at_cut(session, {row.account_id: VatStatus(row.vat_status) for row in found}, taking, run.cut)
    statuses = {account_id: one.history for account_id, one in taxed.items()}
    changed = {account_id: TaxedSince(last, taxed[account_id].changes) for account_id, last in taking.items() if last is not None}
    retaxed = retaxed_at_cut(session, run.district_code, changed)
    services = services_at_cut(session, accounts, run.cut, run.issue_at)
    promotions = _promotions(session, run, accounts)
    posted = posted_rentals(session, accounts)
    terminations = posted_terminations(session, accounts)
    items = _items(session, run, accounts)
    calls = _calls(session, run, accounts, statuses)
    adjusted = adjustments_at_cut(session, accounts, run.cut)
    benefits = benefits_at_cut(
        session,
        Moment(run.district_code, run.cut, run.issue_at),
        {account_id: Since(last, cycles[account_id], taxed[account_id].changes) for account_id, last in taking.items()},
    )
    past = _past_bills(session, accounts)
    limits = limits_for(session, run.district_code)
    balances = {
        row.account_id: row for row in session.execute(block("billing", "calculate.balances"), {"accounts": accounts, "cut": run.cut})
    }
    return tuple(
        AtCut(
            AccountAtCut(
                account_id=row.account_id,
                account_number=row.number,
                kind=BillKind(row.kind),
                cycle=cycles[row.account_id],
                cycle_on=row.cycle_on,
                cut=run.cut,
                usage_after=row.usage_billed_through,
                opened_on=row.opened_on,
                segment=Segment(row.segment),
                vat_status=statuses[row.account_id],
                services=services.get(row.account_id, ()),
                promotions=promotions.get(row.account_id, ()),
                posted=posted.get(row.account_id, {}),
                terminations=terminations.get(row.account_id, {}),
                items=items.get(row.account_id, ()),
                calls=calls.get(row.account_id, ()),
                retaxed=retaxed.get(row.account_id, NOTHING),
                benefits=benefits.get(row.account_id),
                adjustments=adjusted.get(row.account_id, NONE),
                previous=_previous(past.get(row.account_id, ())),
                payments=Money(int(balances[row.account_id].payments)),
                outside=Money(int(balances[row.account_id].outside)),
                ledger_balance=Money(int(balances[row.account_id].ledger)),
                recent=tuple(Money(bill.invoice_gross) for bill in past.get(row.account_id, ()) if bill.kind != BillKind.CREDIT_NOTE),
                limits=limits,
            ),
            _payer(row) | {"vat_status": statuses[row.account_id].on(run.cut).value},
        )
        for row in found
    )


def _payer(row: Row[Any]) -> dict[str, Any]:
    """Name, address, means and tax particulars as they stand now: what the bill will say, whatever is amended later."""
    names = (
        *("segment", "vat_status", "vat_number", "payment_means", "mandate_reference", "medium", "email", "endpoint"),
        *("itemisation", "paid_by"),
    )
    payer: dict[str, Any] = {
        "account_number": row.number,
        "name": row.billing_name,
        "address_lines": list(row.billing_address_lines),
        "postcode": row.billing_postcode,
    }
    return payer | {name: to_plain(getattr(row, name)) for name in names}


def services_at_cut(session: Session, accounts: Sequence[int], cut: date, issue_at: datetime) -> Mapping[int, Sequence[ServiceLife]]:
    """Every service these accounts ever had as far as was recorded by the cut, each with the number its line had at ``issue_at``."""
    found: dict[int, list[ServiceLife]] = defaultdict(list)
    parameters = {"accounts": list(accounts), "cut": cut, "issue_at": issue_at}
    for (
        account_id,
        service_id,
        product_id,
        quantity,
        starts_on,
        ends_on,
        number,
        order_number,
        line_id,
        term_ends,
        reason,
    ) in session.execute(block("billing", "calculate.services"), parameters):
        why = None if reason is None else EndReason(reason)
        found[account_id].append(
            ServiceLife(service_id, product_id, quantity, starts_on, ends_on, number, order_number, None, line_id, term_ends, why)
        )
    return found


def _promotions(session: Session, run: RunAtCut, accounts: list[int]) -> Mapping[int, Sequence[ServiceLife]]:
    found: dict[int, list[ServiceLife]] = defaultdict(list)
    parameters = {"accounts": accounts, "cut": run.cut, "issue_at": run.issue_at}
    for account_id, promotion_id, product_id, quantity, starts_on, ends_on, number in session.execute(
        block("billing", "calculate.promotions"), parameters
    ):
        found[account_id].append(ServiceLife(None, product_id, quantity, starts_on, ends_on, number, promotion_id=promotion_id))
    return found


def posted_rentals(session: Session, accounts: list[int]) -> Mapping[int, Mapping[RentalKey, Sequence[PostedRental]]]:
    """What these accounts were charged for rentals on every bill so far, by account and key, the oldest line first."""
    found: dict[int, dict[RentalKey, list[PostedRental]]] = defaultdict(dict)
    for (
        account_id,
        line_id,
        service_id,
        promotion_id,
        period_starts_on,
        price_id,
        category,
        basis_points,
        net,
        starts_on,
        ends_on,
        unit,
    ) in session.execute(block("billing", "calculate.posted_rentals"), {"accounts": accounts}):
        key = RentalKey(service_id, period_starts_on, price_id, Tax(category, basis_points), promotion_id)
        found[account_id].setdefault(key, []).append(PostedRental(line_id, Money(net), Span(starts_on, ends_on), unit))
    return found


def posted_terminations(session: Session, accounts: list[int]) -> Mapping[int, Mapping[TerminationKey, Sequence[PostedTermination]]]:
    """What these accounts were charged for broken minimum terms on every bill so far, the oldest line first."""
    found: dict[int, dict[TerminationKey, list[PostedTermination]]] = defaultdict(dict)
    for row in session.execute(block("billing", "calculate.posted_terminations"), {"accounts": accounts}):
        key = TerminationKey(row.service_id, row.product_price_id, Tax(row.vat_category, row.vat_basis_points))
        line = PostedTermination(row.id, Money(row.net), row.starts_on, row.ends_on)
        found[row.account_id].setdefault(key, []).append(line)
    return found


def _items(session: Session, run: RunAtCut, accounts: list[int]) -> Mapping[int, Sequence[ItemLeft]]:
    found: dict[int, list[ItemLeft]] = defaultdict(list)
    for row in session.execute(block("billing", "calculate.items"), {"accounts": accounts, "cut": run.cut}):
        found[row.account_id].append(
            ItemLeft(
                row.id,
                row.service_id,
                row.product_id,
                row.number,
                row.words,
                row.reference,
                row.quantity,
                Price.of(row.net_price),
                VatCode(row.vat_code),
                row.occurs_on,
            )
        )
    return found


def _calls(session: Session, run: RunAtCut, accounts: list[int], statuses: Mapping[int, VatHistory]) -> Mapping[int, Sequence[CallSum]]:
    found: dict[int, list[CallSum]] = defaultdict(list)
    changed = [(account, day) for account in accounts for day in statuses[account].changes]
    parameters = {
        "district": run.district_code,
        "accounts": accounts,
        "cut": run.cut,
        "changed": [account for account, _ in changed],
        "changes": [day for _, day in changed],
    }
    for row in session.execute(block("billing", "calculate.calls"), parameters):
        found[row.account_id].append(
            CallSum(
                row.service_id,
                row.charged_number,
                row.charge_class,
                row.band,
                row.vat_basis_points,
                row.call_count,
                int(row.duration_seconds),
                Price(int(row.net_millionths)),
                row.first_at,
                row.last_at,
                row.is_correction,
            )
        )
    return found


def _past_bills(session: Session, accounts: list[int]) -> Mapping[int, Sequence[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in session.execute(block("billing", "calculate.past_bills"), {"accounts": accounts, "limit": BILLS_AVERAGED}):
        found[row.account_id].append(row)
    return found


def _previous(bills: Sequence[Row[Any]]) -> PastBill | None:
    latest = next(iter(bills), None)
    return None if latest is None else PastBill(period_ends_on=latest.period_ends_on, amount_due=Money(latest.amount_due))
