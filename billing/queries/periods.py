"""Months and quarters as they are kept: their figures, which are closed, and the VAT returns they make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from billing.model import Nominal, PeriodClose, PeriodFigure, PeriodNominal, PeriodVat
from billing.queries.period_ledger import PeriodAsked
from billing.rules.period import (
    Figure,
    NominalFigure,
    PeriodFigures,
    VatFigure,
    VatReturn,
    months_of,
    period_of,
    period_words,
    vat_return,
)
from billing.words import FigureSubject, PeriodKind
from css.core.errors import NotFound
from css.core.money import Money
from css.master.districts import BusinessDate, no_district

PERIODS_MAX = 400


@dataclass(frozen=True, slots=True)
class ClosedPeriod:
    """A month or quarter that is closed."""

    district_code: str
    kind: PeriodKind
    starts_on: date
    last_on: date
    """Its last day."""
    words: str
    """March 2026."""
    figures_sha256: str
    closed_at: datetime
    closed_by: str


@dataclass(frozen=True, slots=True)
class NominalLine:
    """A line of the trial balance, with the nominal's name."""

    nominal_code: str
    name: str
    opening: Money
    debits: Money
    credits: Money
    closing: Money


@dataclass(frozen=True, slots=True)
class PeriodCard:
    """A closed month or quarter on one page."""

    close: ClosedPeriod
    nominals: tuple[NominalLine, ...]
    vat: tuple[VatFigure, ...]
    vat_return: VatReturn | None
    """Of a quarter."""
    revenue: tuple[Figure, ...]
    payments: tuple[Figure, ...]
    outside: tuple[Figure, ...]
    failures: tuple[Figure, ...]
    credits: tuple[Figure, ...]
    debtors: tuple[Figure, ...]
    unbilled: tuple[Figure, ...]
    deferred: tuple[Figure, ...]
    waiting_usage: tuple[Figure, ...]
    orders: tuple[Figure, ...]
    faults: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class HouseReturn:
    """The VAT return of the house for a quarter, from the districts that have closed it."""

    starts_on: date
    words: str
    districts: tuple[str, ...]
    missing: tuple[str, ...]
    """Districts that have not closed it: without them the return is not to be sent."""
    boxes: VatReturn


def figures_kept(session: Session, asked: PeriodAsked) -> PeriodFigures:
    """The figures that are kept of a period, closed or not yet."""
    nominals = session.execute(select(PeriodNominal).where(*of_period(PeriodNominal, asked)).order_by(PeriodNominal.nominal_code)).scalars()
    vat = session.execute(
        select(PeriodVat)
        .where(*of_period(PeriodVat, asked))
        .order_by(PeriodVat.vat_category, PeriodVat.vat_basis_points, PeriodVat.is_earlier)
    ).scalars()
    others = session.execute(
        select(PeriodFigure).where(*of_period(PeriodFigure, asked)).order_by(PeriodFigure.subject, PeriodFigure.key)
    ).scalars()
    return PeriodFigures(
        tuple(NominalFigure(row.nominal_code, row.opening, row.debits, row.credits, row.closing) for row in nominals),
        tuple(VatFigure(row.vat_category, row.vat_basis_points, row.is_earlier, row.bill_count, row.net, row.vat) for row in vat),
        tuple(
            Figure(FigureSubject(row.subject), row.key, row.item_count, row.amount, row.of_which_count, row.duration_seconds)
            for row in others
        ),
    )


def months_kept(session: Session, asked: PeriodAsked) -> tuple[PeriodFigures, ...]:
    """The figures of the closed months of a quarter, the oldest first: three, or fewer in the quarter in which the books began."""
    return tuple(figures_kept(session, month) for month in _months(asked) if is_closed(session, month))


def months_wanting(session: Session, asked: PeriodAsked) -> tuple[PeriodAsked, ...]:
    """The months of a quarter that must be closed before it and are not: all but those before the first that ever was."""
    first: date | None = session.execute(
        select(func.min(PeriodClose.starts_on)).where(
            PeriodClose.district_code == asked.district_code, PeriodClose.kind == PeriodKind.MONTH
        )
    ).scalar_one()
    return tuple(month for month in _months(asked) if (first is None or month.starts_on >= first) and not is_closed(session, month))


def _months(asked: PeriodAsked) -> tuple[PeriodAsked, ...]:
    return tuple(PeriodAsked(asked.district_code, PeriodKind.MONTH, month.starts_on) for month in months_of(asked.period))


def is_closed(session: Session, asked: PeriodAsked) -> bool:
    """Whether the period is closed."""
    return session.execute(select(PeriodClose.id).where(*of_period(PeriodClose, asked))).scalar_one_or_none() is not None


def closed_periods(session: Session, district_code: str, kind: PeriodKind = PeriodKind.MONTH, limit: int = 36) -> tuple[ClosedPeriod, ...]:
    """The closed months or quarters of a district, the latest first. NotFound CSS101E."""
    if session.get(BusinessDate, district_code) is None:
        raise no_district(district_code)
    rows = session.execute(
        select(PeriodClose)
        .where(PeriodClose.district_code == district_code, PeriodClose.kind == kind)
        .order_by(PeriodClose.starts_on.desc())
        .limit(min(limit, PERIODS_MAX))
    ).scalars()
    return tuple(_closed(row) for row in rows)


def month_end(session: Session, district_code: str, day: date) -> PeriodCard:
    """The closed month of a day. NotFound CSS983E when it is not closed."""
    return period_card(session, _asked(district_code, PeriodKind.MONTH, day))


def quarter_end(session: Session, district_code: str, day: date) -> PeriodCard:
    """The closed quarter of a day, with the boxes of its VAT return. NotFound CSS983E when it is not closed."""
    return period_card(session, _asked(district_code, PeriodKind.QUARTER, day))


def house_vat_return(session: Session, day: date) -> HouseReturn:
    """The VAT return of the quarter of a day over all districts, and which of them have not closed it."""
    starts_on = period_of(PeriodKind.QUARTER, day).starts_on
    districts = session.execute(select(BusinessDate.district_code).order_by(BusinessDate.district_code)).scalars().all()
    quarter = (PeriodClose.kind == PeriodKind.QUARTER, PeriodClose.starts_on == starts_on)
    closed = session.execute(select(PeriodClose.district_code).where(*quarter)).scalars().all()
    rows = session.execute(
        select(PeriodVat).where(PeriodVat.kind == PeriodKind.QUARTER, PeriodVat.starts_on == starts_on, PeriodVat.district_code.in_(closed))
    ).scalars()
    figures = [VatFigure(row.vat_category, row.vat_basis_points, row.is_earlier, row.bill_count, row.net, row.vat) for row in rows]
    return HouseReturn(
        starts_on,
        period_words(PeriodKind.QUARTER, starts_on),
        tuple(sorted(closed)),
        tuple(code for code in districts if code not in set(closed)),
        vat_return(figures),
    )


def _asked(district_code: str, kind: PeriodKind, day: date) -> PeriodAsked:
    return PeriodAsked(district_code, kind, period_of(kind, day).starts_on)


def period_card(session: Session, asked: PeriodAsked) -> PeriodCard:
    """A closed month or quarter on one page. NotFound CSS983E when it is not closed."""
    row = session.execute(select(PeriodClose).where(*of_period(PeriodClose, asked))).scalar_one_or_none()
    if row is None:
        if session.get(BusinessDate, asked.district_code) is None:
            raise no_district(asked.district_code)
        raise NotFound(
            "CSS983E",
            "{period} is not closed in district {district}; the {net} net closes it after the night of {last}.",
            period=asked.words,
            district=asked.district_code,
            net=f"{asked.kind}-end",
            last=asked.last_on,
            element="day",
        )
    kept = figures_kept(session, asked)
    names = {nominal.code: nominal.name for nominal in session.execute(select(Nominal)).scalars()}
    return PeriodCard(
        close=_closed(row),
        nominals=tuple(
            NominalLine(one.nominal_code, names[one.nominal_code], one.opening, one.debits, one.credits, one.closing)
            for one in kept.nominals
        ),
        vat=kept.vat,
        vat_return=vat_return(kept.vat) if asked.kind is PeriodKind.QUARTER else None,
        revenue=kept.of(FigureSubject.REVENUE),
        payments=kept.of(FigureSubject.PAYMENTS),
        outside=kept.of(FigureSubject.OUTSIDE),
        failures=kept.of(FigureSubject.FAILURES),
        credits=kept.of(FigureSubject.CREDITS),
        debtors=kept.of(FigureSubject.DEBTORS),
        unbilled=kept.of(FigureSubject.UNBILLED),
        deferred=kept.of(FigureSubject.DEFERRED),
        waiting_usage=kept.of(FigureSubject.WAITING_USAGE),
        orders=kept.of(FigureSubject.ORDERS),
        faults=kept.of(FigureSubject.FAULTS),
    )


def _closed(row: PeriodClose) -> ClosedPeriod:
    asked = PeriodAsked(row.district_code, row.kind, row.starts_on)
    return ClosedPeriod(
        row.district_code, row.kind, row.starts_on, asked.last_on, asked.words, row.figures_sha256, row.closed_at, row.closed_by
    )


def of_period(table: type[PeriodClose | PeriodNominal | PeriodVat | PeriodFigure], asked: PeriodAsked) -> tuple[ColumnElement[bool], ...]:
    """The condition of SQL for rows of a period."""
    return table.district_code == asked.district_code, table.kind == asked.kind, table.starts_on == asked.starts_on
