"""What was supplied by a day and stands on no bill: calls, rentals, items left by orders and repairs. An estimate until it is billed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from billing.queries.account_terms import cycles_at_cut, vat_histories
from billing.queries.at_cut import price_book
from billing.rules.charges import PriceBook, ServiceLife, rentals_due
from billing.rules.cycle import AnyCycle
from billing.rules.period import Figure, accrued
from billing.rules.vat import VatHistory
from billing.words import FigureSubject
from css.core.calendar import ONE_DAY
from css.core.errors import NotFound
from css.core.money import ZERO, Money, total
from css.core.words import Segment, VatStatus
from css.db.sql import block


@dataclass(frozen=True, slots=True)
class Unbilled:
    """What is accrued, and what could not be reckoned."""

    figures: tuple[Figure, ...]
    without_price: tuple[str, ...]
    """Services of which days have no price, in words: their bills wait for one too."""


def unbilled(session: Session, district_code: str, ends_on: date) -> Unbilled:
    """What is unbilled of the days before ``ends_on``, before VAT and before what comes off calls, each sum rounded once.

    Rentals are reckoned by the rule that charges them, for the days that no bill has: what the next bill puts right of
    days that were billed is not in it, except days after an end that the last bill did not know.
    """
    asked = {"district": district_code, "ends_on": ends_on}
    calls = tuple(
        Figure(
            FigureSubject.UNBILLED,
            f"calls/{row.key}",
            row.item_count,
            accrued(int(row.net_millionths)),
            duration_seconds=row.duration_seconds,
        )
        for row in session.execute(block("billing", "period.unbilled_calls"), asked)
    )
    rows = session.execute(block("billing", "period.unbilled_rentals"), asked).all()
    wanting: list[str] = []
    sums = tuple(_rentals(session, rows, ends_on, wanting))
    rentals = (Figure(FigureSubject.UNBILLED, "rentals", len(sums), total(sums)),) if sums else ()
    items = tuple(
        Figure(FigureSubject.UNBILLED, row.key, row.item_count, accrued(int(row.net_millionths)))
        for row in session.execute(block("billing", "period.unbilled_items"), asked)
    )
    return Unbilled(tuple(sorted((*calls, *rentals, *items), key=lambda one: one.key)), tuple(wanting))


def _rentals(session: Session, rows: Any, ends_on: date, wanting: list[str]) -> Iterator[Money]:  # noqa: ANN401 - rows of a statement
    if not rows:
        return
    cut = ends_on - ONE_DAY
    by_account = {row.account_id: row for row in rows}
    cycles = cycles_at_cut(session, list(by_account.values()), [cut] * len(by_account))
    histories = vat_histories(session, {account: VatStatus(row.vat_status) for account, row in by_account.items()}, cut)
    book = price_book(session, cut)
    told: dict[str, int] = defaultdict(int)
    for row in rows:
        try:
            yield _rental(row, cycles[row.account_id], histories[row.account_id], book, ends_on)
        except NotFound as lacking:
            told[str(lacking)] += 1
    wanting += [f"{words} ({count} services)" for words, count in sorted(told.items())]


def _rental(row: Row[Any], cycle: AnyCycle, history: VatHistory, book: PriceBook, ends_on: date) -> Money:
    """Of one service: the days it worked that were not charged, less those charged that it did not work."""
    life = ServiceLife(row.service_id, row.product_id, row.quantity, row.starts_on, row.ends_on, None, promotion_id=row.promotion_id)
    charged_until = row.charged_until or row.starts_on
    segment = Segment(row.segment)

    def between(starts_on: date, until: date) -> Money:
        if until <= starts_on:
            return ZERO
        due = rentals_due(replace(life, starts_on=starts_on, ends_on=None), cycle, until, segment, history, book)
        return total(charge.amount for charge in due.values())

    worked_until = min(ends_on, row.ends_on or ends_on)
    if charged_until <= worked_until:
        return between(max(charged_until, row.starts_on), worked_until)
    return -between(max(worked_until, row.starts_on), min(charged_until, ends_on))
