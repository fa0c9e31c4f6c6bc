"""What bills have taken of days for which an account's VAT status changed since: no statement where none did, which is nearly always."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final, NamedTuple

from sqlalchemy import Row
from sqlalchemy.orm import Session

from billing.rules.retaxing import CallsTaken, ItemTaken, Taken
from billing.rules.vat import StatusChanged, Tax
from css.core.calendar import start_of_day
from css.core.money import Money, Price
from css.core.words import VatCode
from css.db.sql import block

CALENDAR_AHEAD: Final = timedelta(days=8)
"""No call that a night took began so many days after it: a business date lags behind the calendar by a week at the most."""


class Since(NamedTuple):
    """The days of an account that are taxed otherwise than was known at its last bill's cut."""

    last_cut: date
    changes: Sequence[StatusChanged]


def retaxed_at_cut(session: Session, district_code: str, accounts: Mapping[int, Since]) -> Mapping[int, Taken]:
    """By account, the calls and items of those days that bills have taken."""
    changed = [
        (account_id, since.last_cut, place, one) for account_id, since in accounts.items() for place, one in enumerate(since.changes)
    ]
    if not changed:
        return {}
    days = {
        "accounts": [account_id for account_id, _, _, _ in changed],
        "starts": [one.starts_on for _, _, _, one in changed],
        "last_cuts": [last_cut for _, last_cut, _, _ in changed],
    }
    bounds = {
        "district": district_code,
        "places": [place for _, _, place, _ in changed],
        # A status from the account's first day on holds for all days before it, too.
        "from_at": [None if one.starts_on == date.min else start_of_day(one.starts_on) for _, _, _, one in changed],
        "until_at": [start_of_day(min(one.ends_on, last_cut + CALENDAR_AHEAD)) for _, last_cut, _, one in changed],
    }
    found: dict[int, Taken] = defaultdict(Taken)
    calls = session.execute(block("billing", "retaxed.calls"), days | bounds).all()
    for account_id, rows in groupby(calls, key=lambda row: row.account_id):
        found[account_id] = Taken(calls=tuple(_calls(row, accounts[account_id].changes[row.place]) for row in rows))
    items = session.execute(block("billing", "retaxed.items"), days | {"ends": [one.ends_on for _, _, _, one in changed]}).all()
    for account_id, rows in groupby(items, key=lambda row: row.account_id):
        found[account_id] = replace(
            found[account_id], items=tuple(_item(list(same)) for _, same in groupby(rows, key=lambda row: row.line_id))
        )
    return found


def _calls(row: Row[Any], changed: StatusChanged) -> CallsTaken:
    return CallsTaken(
        service_id=row.service_id,
        number=row.charged_number,
        charge_class=row.charge_class,
        band=row.band,
        basis_points=row.vat_basis_points,
        was=changed.was,
        now=changed.now,
        call_count=row.call_count,
        net=Price(int(row.net_millionths)),
        first_at=row.first_at,
        last_at=row.last_at,
    )


def _item(rows: Sequence[Row[Any]]) -> ItemTaken:
    row = rows[0]
    return ItemTaken(
        line_id=row.line_id,
        service_id=row.service_id,
        product_id=row.product_id,
        number=row.number,
        words=row.words,
        reference=row.reference,
        nominal_code=row.nominal_code,
        vat_code=VatCode(row.vat_code),
        occurs_on=row.occurs_on,
        quantity=row.quantity,
        unit_price=None if row.unit_price is None else Price.of(row.unit_price),
        charged=Money(row.charged),
        standing={Tax(one.vat_category, one.vat_basis_points): Money(int(one.net)) for one in rows},
    )
