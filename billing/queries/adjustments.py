"""Adjustments as they stand at a cut, and as people look at them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from billing.queries.accounts import account_named
from billing.rules.adjustments import AdjustmentLeft, Adjustments, BillCredit, Charge, CreditedCharge, CreditedLine, charge_of
from billing.rules.vat import Tax
from billing.words import LineKind
from css.core.actor import Actor
from css.core.money import Money, Percent
from css.db.sql import block

ADJUSTMENTS_MAX = 200


def adjustments_at_cut(session: Session, account_ids: Sequence[int], cut: date) -> Mapping[int, Adjustments]:
    """What bills of these accounts have to take, and what they were credited before; accounts without any are not in it."""
    parameters = {"accounts": list(account_ids), "cut": cut}
    left: dict[int, list[AdjustmentLeft]] = defaultdict(list)
    for row in session.execute(block("billing", "adjustments.left"), parameters):
        left[row.account_id].append(_left(row))
    charges: dict[int, list[CreditedCharge]] = defaultdict(list)
    for row in session.execute(block("billing", "adjustments.charges"), parameters):
        charges[row.account_id].append(_charge(row))
    bills = _bills(session, {one.credits.bill_id for of_account in left.values() for one in of_account if one.credits})
    return {
        account_id: Adjustments(
            left=tuple(left[account_id]),
            charges=tuple(charges[account_id]),
            bills=tuple(bill for bill_id in _credited(left[account_id]) for bill in bills.get(bill_id, ())),
        )
        for account_id in {*left, *charges}
    }


def _credited(left: Sequence[AdjustmentLeft]) -> tuple[int, ...]:
    return tuple(sorted({one.credits.bill_id for one in left if one.credits}))


def _left(row: Row[Any]) -> AdjustmentLeft:
    line = None
    if row.line_id is not None:
        line = CreditedLine(
            line_id=row.line_id,
            bill_id=row.bill_id,
            bill_number=row.bill_number,
            number=row.number,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            service_id=row.service_id,
            product_id=row.product_id,
            charge=charge_of(LineKind(row.kind), row.service_id, row.rental_period_starts_on),
        )
    return AdjustmentLeft(
        adjustment_id=row.id,
        words=row.words,
        net=Money(row.net),
        tax=Tax(row.vat_category, row.vat_basis_points),
        nominal_code=row.nominal_code,
        occurs_on=row.occurs_on,
        credits=line,
    )


def _charge(row: Row[Any]) -> CreditedCharge:
    return CreditedCharge(
        charge=Charge(row.service_id, None if row.is_termination else row.rental_period_starts_on),
        line_id=row.line_id,
        bill_number=row.bill_number,
        number=row.number,
        tax=Tax(row.vat_category, row.vat_basis_points),
        nominal_code=row.nominal_code,
        charged=Money(int(row.charged)),
        credited=Money(int(row.credited)),
        taken_back=Money(int(row.taken_back)),
    )


def _bills(session: Session, bill_ids: set[int]) -> Mapping[int, Sequence[BillCredit]]:
    """What was given back of each bill so far."""
    found: dict[int, list[BillCredit]] = defaultdict(list)
    if bill_ids:
        for row in session.execute(block("billing", "adjustments.bills"), {"bills": sorted(bill_ids)}):
            tax = Tax(row.vat_category, row.vat_basis_points)
            found[row.bill_id].append(BillCredit(bill_id=row.bill_id, tax=tax, net=Money(int(row.net))))
    return found


@dataclass(frozen=True, slots=True)
class AdjustmentRow:
    """A credit or a charge that somebody made, and where it went."""

    business_date: date
    words: str
    reason: str
    net: Money
    vat_category: str
    vat_percent: Percent
    nominal_code: str
    made_by: str
    approved_by: str | None
    credited_bill: str | None
    credited_line: int | None
    taken_by: str | None
    """The bill or credit note it stands on; None while it waits or that has no number yet."""
    is_waiting: bool
    """No bill has taken it."""


def adjustments_of_account(session: Session, account_number: str, *, by: Actor, limit: int = ADJUSTMENTS_MAX) -> tuple[AdjustmentRow, ...]:
    """The adjustments of an account, the latest first. Errors: CSS105E and those of ``expect_id``."""
    account = account_named(session, account_number, by)
    rows = session.execute(
        block("billing", "adjustments.of_account"), {"account": account.account_id, "limit": min(limit, ADJUSTMENTS_MAX)}
    )
    return tuple(
        AdjustmentRow(
            business_date=row.business_date,
            words=row.words,
            reason=row.reason,
            net=Money(row.net),
            vat_category=row.vat_category,
            vat_percent=Percent(row.vat_basis_points),
            nominal_code=row.nominal_code,
            made_by=row.made_by,
            approved_by=row.approved_by,
            credited_bill=row.credited_bill,
            credited_line=row.credited_line,
            taken_by=row.taken_by,
            is_waiting=row.state is None,
        )
        for row in rows
    )
