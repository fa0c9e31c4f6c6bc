"""How an account is billed and taxed, and since when, for people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.queries.account_terms import standing_of
from billing.queries.accounts import account_named
from css.core.actor import Actor
from css.core.words import BillFrequency, VatStatus
from css.master.accounts import Account, AccountCycleTerm, AccountVatStatus


@dataclass(frozen=True, slots=True)
class CycleRow:
    """One row of an account's log of cycles."""

    starts_on: date
    cycle_day: int
    frequency: BillFrequency
    cycle_month_group: int
    recorded_on: date | None
    """None for how it was opened."""


@dataclass(frozen=True, slots=True)
class VatStatusRow:
    """One row of an account's log of VAT statuses."""

    starts_on: date
    vat_status: VatStatus
    recorded_on: date | None
    """None for how it was opened."""


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """How an account is billed and taxed, and since when; rows in the order they were recorded, each over those before it."""

    account_number: str
    opened_on: date
    charged_to: date
    next_bill_on: date
    cycles: tuple[CycleRow, ...]
    vat_statuses: tuple[VatStatusRow, ...]


def account_terms(session: Session, account_number: str, *, by: Actor) -> AccountTerms:
    """How an account is billed and taxed by date. Errors: CSS105E and those of ``expect_id``."""
    named = account_named(session, account_number, by)
    account = session.get_one(Account, named.account_id, populate_existing=True)
    standing = standing_of(session, account.id)
    cycles = session.execute(
        select(AccountCycleTerm)
        .where(AccountCycleTerm.account_id == account.id)
        .order_by(AccountCycleTerm.recorded_on, AccountCycleTerm.id)
    ).scalars()
    statuses = session.execute(
        select(AccountVatStatus)
        .where(AccountVatStatus.account_id == account.id)
        .order_by(AccountVatStatus.recorded_on, AccountVatStatus.id)
    ).scalars()
    # The first row of a log is how the account was opened; without a log the account's own row says it.
    cycle_rows = [CycleRow(row.starts_on, row.cycle_day, row.frequency, row.cycle_month_group, row.recorded_on) for row in cycles]
    cycle_rows[:1] = [replace(row, recorded_on=None) for row in cycle_rows[:1]] or [
        CycleRow(account.opened_on, account.cycle_day, account.frequency, account.cycle_month_group, None)
    ]
    status_rows = [VatStatusRow(row.starts_on, row.vat_status, row.recorded_on) for row in statuses]
    status_rows[:1] = [replace(row, recorded_on=None) for row in status_rows[:1]] or [
        VatStatusRow(account.opened_on, account.vat_status, None)
    ]
    return AccountTerms(
        account.number, account.opened_on, standing.charged_to, standing.next_bill_on, tuple(cycle_rows), tuple(status_rows)
    )
