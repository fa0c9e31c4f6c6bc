"""A closed month or quarter as CSV: the trial balance, the VAT, and every other figure, for whoever calculates on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from billing.queries.periods import PeriodCard
from billing.rules.period import Figure
from billing.words import FigureSubject
from css.core.money import Money

NOMINAL_COLUMNS: Final = ("district", "starts_on", "nominal_code", "name", "opening", "debits", "credits", "closing")
VAT_COLUMNS: Final = ("district", "starts_on", "vat_category", "vat_percent", "tax_point", "bill_count", "net", "vat")
FIGURE_COLUMNS: Final = ("district", "starts_on", "subject", "key", "item_count", "of_which_count", "duration_seconds", "amount")


def period_files(card: PeriodCard, name: str) -> Mapping[str, bytes]:
    """The three files by name. UTF-8, lines ended as RFC 4180 says; amounts in pounds and pence, credits with a minus."""
    place = (card.close.district_code, card.close.starts_on.isoformat())
    nominals = (
        (*place, one.nominal_code, one.name, *map(str, (one.opening, one.debits, one.credits, one.closing))) for one in card.nominals
    )
    vat = (
        (
            *place,
            one.vat_category,
            f"{one.vat_basis_points // 100}.{one.vat_basis_points % 100:02d}",
            "earlier" if one.is_earlier else "within",
            one.bill_count,
            str(one.net),
            str(one.vat),
        )
        for one in card.vat
    )
    figures = (
        (
            *place,
            one.subject.value,
            one.key,
            one.item_count,
            _or_empty(one.of_which_count),
            _or_empty(one.duration_seconds),
            _or_empty(one.amount),
        )
        for one in all_figures(card)
    )
    return {
        f"{name}-trial-balance.csv": _csv(NOMINAL_COLUMNS, nominals),
        f"{name}-vat.csv": _csv(VAT_COLUMNS, vat),
        f"{name}-figures.csv": _csv(FIGURE_COLUMNS, figures),
    }


def all_figures(card: PeriodCard) -> Iterable[Figure]:
    """Those of every subject, in the order of the subjects."""
    for subject in FigureSubject:
        yield from getattr(card, subject.value.replace("-", "_"))


def _or_empty(value: int | Money | None) -> str:
    return "" if value is None else str(value)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(columns)
    writer.writerows(rows)
    return stream.getvalue().encode("utf-8")
