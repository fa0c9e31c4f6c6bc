"""What a month or quarter comes to, read from the ledger and from what stands behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billing.model import PeriodClose, PeriodNominal
from billing.queries.period_unbilled import unbilled
from billing.rules.period import (
    ChargedDays,
    Figure,
    NominalFigure,
    NominalNow,
    VatFigure,
    after,
    debtors_by_age,
    deferred,
    period_of,
    period_words,
    trial_balance,
    waiting_by_age,
)
from billing.rules.statement import OpenCharge, open_charges
from billing.words import FigureSubject, PeriodKind
from css.core.calendar import ONE_DAY, Period
from css.core.money import Money
from css.db.sql import block


@dataclass(frozen=True, slots=True)
class PeriodAsked:
    """A month or quarter of a district."""

    district_code: str
    kind: PeriodKind
    starts_on: date

    @property
    def period(self) -> Period:
        """Its days."""
        return period_of(self.kind, self.starts_on)

    @property
    def ends_on(self) -> date:
        """The first day after it."""
        return after(self.period)

    @property
    def last_on(self) -> date:
        """Its last day."""
        return self.ends_on - ONE_DAY

    @property
    def words(self) -> str:
        """March 2026."""
        return period_words(self.kind, self.starts_on)

    @property
    def bounds(self) -> dict[str, Any]:
        """What statements about its days want."""
        return {"district": self.district_code, "starts_on": self.starts_on, "ends_on": self.ends_on}

    @property
    def end(self) -> dict[str, Any]:
        """What statements about its end want."""
        return {"district": self.district_code, "ends_on": self.ends_on}


def ledger_by_nominal(session: Session, asked: PeriodAsked) -> tuple[NominalNow, ...]:
    """What the whole ledger says, nominal by nominal."""
    rows = session.execute(block("billing", "period.trial_balance"), asked.bounds)
    return tuple(NominalNow(row.nominal_code, Money(row.before), Money(row.debits), Money(row.credits), Money(row.closing)) for row in rows)


def last_close(session: Session, asked: PeriodAsked) -> date | None:
    """The first day of the latest closed period of the kind before this one; None when there is none."""
    return session.execute(
        select(PeriodClose.starts_on)
        .where(PeriodClose.district_code == asked.district_code, PeriodClose.kind == asked.kind, PeriodClose.starts_on < asked.starts_on)
        .order_by(PeriodClose.starts_on.desc())
        .limit(1)
    ).scalar_one_or_none()


def closing_balances(session: Session, asked: PeriodAsked) -> Mapping[str, Money] | None:
    """What the last close before this period left, by nominal; None when there is none."""
    before = last_close(session, asked)
    if before is None:
        return None
    rows = session.execute(
        select(PeriodNominal.nominal_code, PeriodNominal.closing).where(
            PeriodNominal.district_code == asked.district_code, PeriodNominal.kind == asked.kind, PeriodNominal.starts_on == before
        )
    )
    return {row.nominal_code: row.closing for row in rows}


def trial_balance_of(session: Session, asked: PeriodAsked) -> tuple[NominalFigure, ...]:
    """The trial balance at the end of the period."""
    return trial_balance(ledger_by_nominal(session, asked), closing_balances(session, asked))


def vat_of(session: Session, asked: PeriodAsked) -> tuple[VatFigure, ...]:
    """The VAT of the bills entered in the period."""
    rows = session.execute(block("billing", "period.vat"), asked.bounds)
    return tuple(
        VatFigure(row.vat_category, row.vat_basis_points, row.is_earlier, row.bill_count, Money(row.net), Money(row.vat)) for row in rows
    )


def figures_about(session: Session, asked: PeriodAsked, subject: FigureSubject) -> tuple[Figure, ...]:
    """The figures of one subject that billing itself can say; asking it for another room's is our own mistake."""
    return _READ[subject](session, asked)


def _happened(subject: FigureSubject) -> Callable[[Session, PeriodAsked], tuple[Figure, ...]]:
    def read(session: Session, asked: PeriodAsked) -> tuple[Figure, ...]:
        rows = session.execute(block("billing", f"period.{subject}"), asked.bounds)
        return tuple(_figure(subject, row) for row in rows)

    return read


def _figure(subject: FigureSubject, row: Row[Any]) -> Figure:
    return Figure(subject, row.key, row.item_count, Money(row.amount), getattr(row, "of_which_count", None))


def _debtors(session: Session, asked: PeriodAsked) -> tuple[Figure, ...]:
    credit = session.execute(block("billing", "period.owed_by_account"), asked.end).one()
    return debtors_by_age(_open_charges(session, asked), asked.last_on, credit_count=credit.credit_count, credit=Money(credit.credit))


def _open_charges(session: Session, asked: PeriodAsked) -> Iterator[OpenCharge]:
    rows = session.execute(block("billing", "period.open_charges"), asked.end, execution_options={"yield_per": 10_000})
    for (_, owed), charges in groupby(rows, key=lambda row: (row.account_id, int(row.owed))):
        latest_first = ((row.due_on, Money(int(row.amount)), Money(int(row.later))) for row in charges)
        yield from open_charges(latest_first, Money(owed))


def _unbilled(session: Session, asked: PeriodAsked) -> tuple[Figure, ...]:
    return unbilled(session, asked.district_code, asked.ends_on).figures


def _deferred(session: Session, asked: PeriodAsked) -> tuple[Figure, ...]:
    rows = session.execute(block("billing", "period.deferred_rentals"), asked.end)
    return deferred((ChargedDays(row.starts_on, row.ends_on, row.item_count, Money(row.net)) for row in rows), asked.ends_on)


def _waiting(session: Session, asked: PeriodAsked) -> tuple[Figure, ...]:
    rows = session.execute(block("billing", "period.waiting_usage"), asked.end)
    return waiting_by_age(((row.reason_code, row.set_aside_on, row.record_count, row.duration_seconds) for row in rows), asked.last_on)


_READ: Final[Mapping[FigureSubject, Callable[[Session, PeriodAsked], tuple[Figure, ...]]]] = {
    FigureSubject.REVENUE: _happened(FigureSubject.REVENUE),
    FigureSubject.PAYMENTS: _happened(FigureSubject.PAYMENTS),
    FigureSubject.OUTSIDE: _happened(FigureSubject.OUTSIDE),
    FigureSubject.FAILURES: _happened(FigureSubject.FAILURES),
    FigureSubject.CREDITS: _happened(FigureSubject.CREDITS),
    FigureSubject.DEBTORS: _debtors,
    FigureSubject.UNBILLED: _unbilled,
    FigureSubject.DEFERRED: _deferred,
    FigureSubject.WAITING_USAGE: _waiting,
}
