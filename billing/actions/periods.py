"""Closing a month or quarter: its figures are kept, proved against the ledger, and then they stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from billing.model import PeriodClose, PeriodFigure, PeriodNominal, PeriodVat
from billing.queries.period_ledger import PeriodAsked, figures_about, last_close, trial_balance_of, vat_of
from billing.queries.period_proofs import disagreements
from billing.queries.period_unbilled import unbilled
from billing.queries.periods import figures_kept, is_closed, months_kept, months_wanting, of_period
from billing.rules.period import Figure, NominalFigure, PeriodFigures, VatFigure, added_up, period_of, period_words
from billing.words import FigureSubject, PeriodKind
from css import audit
from css.core.actor import Actor
from css.core.calendar import ONE_DAY
from css.core.errors import Refused
from css.master.districts import BusinessDate, no_district

LEDGER_SUBJECTS: Final = (
    FigureSubject.REVENUE,
    FigureSubject.PAYMENTS,
    FigureSubject.OUTSIDE,
    FigureSubject.FAILURES,
    FigureSubject.CREDITS,
)


def require_turn(session: Session, asked: PeriodAsked) -> None:
    """Months are closed in order, each once, when the nights of their days are; a quarter when its months are.

    Raises:
        NotFound: CSS101E. Refused: CSS981E something before it is not closed, CSS982E it is closed already.
    """
    row = session.execute(select(BusinessDate).where(BusinessDate.district_code == asked.district_code)).scalar_one_or_none()
    if row is None:
        raise no_district(asked.district_code)
    if is_closed(session, asked):
        raise Refused(
            "CSS982E",
            "{period} is closed in district {district}: its figures stand. What is found later is entered in an open month.",
            period=asked.words,
            district=asked.district_code,
        )
    wanting = _wanting(session, asked, row)
    if wanting:
        raise Refused(
            "CSS981E",
            "{period} cannot be closed in district {district} yet: {wanting}.",
            period=asked.words,
            district=asked.district_code,
            wanting=wanting,
        )


def _wanting(session: Session, asked: PeriodAsked, dates: BusinessDate) -> str:
    if dates.closed_through < asked.last_on:
        return f"its nights are closed through {dates.closed_through}, not through {asked.last_on}"
    if asked.kind is PeriodKind.QUARTER:
        missing = [month.words for month in months_wanting(session, asked)]
        return f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not closed" if missing else ""
    before = last_close(session, asked)
    expected = period_of(PeriodKind.MONTH, asked.starts_on - ONE_DAY).starts_on
    if before is not None and before < expected:
        return f"{period_words(PeriodKind.MONTH, expected)} is not closed"
    return ""


def keep_trial_balance(session: Session, asked: PeriodAsked) -> int:
    """Keep the trial balance; how many lines it has. Keeping it again before the close is keeping it once."""
    return _keep_nominals(session, asked, trial_balance_of(session, asked))


def keep_vat(session: Session, asked: PeriodAsked) -> int:
    """Keep the VAT by rate; how many rows it has."""
    return _keep_vat(session, asked, vat_of(session, asked))


def keep_figures(session: Session, asked: PeriodAsked, subjects: Sequence[FigureSubject]) -> int:
    """Keep what billing itself says about these subjects; how many figures."""
    return sum(keep_said(session, asked, subject, figures_about(session, asked, subject)) for subject in subjects)


def keep_unbilled(session: Session, asked: PeriodAsked) -> tuple[int, tuple[str, ...]]:
    """Keep what is accrued and deferred; how many figures, and what has no price, in words."""
    found = unbilled(session, asked.district_code, asked.ends_on)
    count = keep_said(session, asked, FigureSubject.UNBILLED, found.figures)
    return count + keep_figures(session, asked, (FigureSubject.DEFERRED,)), found.without_price


def keep_said(session: Session, asked: PeriodAsked, subject: FigureSubject, figures: Sequence[Figure]) -> int:
    """Keep figures that somebody else has counted: another room's orders, faults."""
    session.execute(delete(PeriodFigure).where(*of_period(PeriodFigure, asked), PeriodFigure.subject == subject))
    rows = [
        {
            **_key(asked),
            "subject": figure.subject,
            "key": figure.key,
            "item_count": figure.item_count,
            "of_which_count": figure.of_which_count,
            "duration_seconds": figure.duration_seconds,
            "amount": figure.amount,
        }
        for figure in figures
    ]
    if rows:
        session.execute(insert(PeriodFigure), rows)
    return len(rows)


def keep_quarter(session: Session, asked: PeriodAsked) -> int:
    """Keep what the three months make together; how many rows."""
    figures = added_up(months_kept(session, asked), vat_of(session, asked))
    count = _keep_nominals(session, asked, figures.nominals) + _keep_vat(session, asked, figures.vat)
    return count + sum(keep_said(session, asked, subject, figures.of(subject)) for subject in FigureSubject)


def close_period(session: Session, asked: PeriodAsked, *, by: Actor, at: datetime) -> PeriodFigures:
    """Prove the figures that are kept, and let them stand: from now on nothing changes them, and nothing is entered for their days.

    Raises:
        NotFound: CSS101E. Refused: CSS981E and CSS982E it is not its turn; CSS984E two figures that should be one are not.
    """
    require_turn(session, asked)
    found = disagreements(session, asked)
    if found:
        raise Refused(
            "CSS984E",
            "{period} of district {district} does not close. {differences}",
            period=asked.words,
            district=asked.district_code,
            differences=" ".join(one.words for one in found),
        )
    figures = figures_kept(session, asked)
    session.add(PeriodClose(**_key(asked), ends_on=asked.ends_on, figures_sha256=figures.sha256, closed_at=at, closed_by=by.name))
    session.flush()
    audit.record(
        session,
        by=by,
        at=at,
        verb="close_period",
        subject=("district", asked.district_code),
        after={"kind": asked.kind.value, "starts_on": asked.starts_on.isoformat(), "figures_sha256": figures.sha256},
    )
    return figures


def drop_figures(session: Session, asked: PeriodAsked, subjects: Sequence[FigureSubject] = ()) -> None:
    """Throw kept figures of a period away that is not closed, so that they are counted anew; without subjects, all of them."""
    if subjects:
        session.execute(delete(PeriodFigure).where(*of_period(PeriodFigure, asked), PeriodFigure.subject.in_(subjects)))
        return
    for table in (PeriodNominal, PeriodVat, PeriodFigure):
        session.execute(delete(table).where(*of_period(table, asked)))


def _keep_nominals(session: Session, asked: PeriodAsked, figures: Sequence[NominalFigure]) -> int:
    session.execute(delete(PeriodNominal).where(*of_period(PeriodNominal, asked)))
    rows = [
        {
            **_key(asked),
            "nominal_code": one.nominal_code,
            "opening": one.opening,
            "debits": one.debits,
            "credits": one.credits,
            "closing": one.closing,
        }
        for one in figures
    ]
    if rows:
        session.execute(insert(PeriodNominal), rows)
    return len(rows)


def _keep_vat(session: Session, asked: PeriodAsked, figures: Sequence[VatFigure]) -> int:
    session.execute(delete(PeriodVat).where(*of_period(PeriodVat, asked)))
    rows = [
        {
            **_key(asked),
            "vat_category": one.vat_category,
            "vat_basis_points": one.vat_basis_points,
            "is_earlier": one.is_earlier,
            "bill_count": one.bill_count,
            "net": one.net,
            "vat": one.vat,
        }
        for one in figures
    ]
    if rows:
        session.execute(insert(PeriodVat), rows)
    return len(rows)


def _key(asked: PeriodAsked) -> dict[str, Any]:
    return {"district_code": asked.district_code, "kind": asked.kind, "starts_on": asked.starts_on}
