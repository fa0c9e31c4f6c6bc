"""A closed month or quarter as tables: one set of words and figures for paper, for CSV and for a screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from billing.queries.periods import PeriodCard
from billing.rules.period import DEBT_AGES, IN_CREDIT, Figure, VatFigure, VatReturn
from billing.words import FigureSubject, PeriodKind
from css.core.money import Money, Percent, total

Cell = str | int | Money | None
"""What stands in a cell: words, a count, an amount, or nothing."""


@dataclass(frozen=True, slots=True)
class Table:
    """A section of the report."""

    key: str
    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sums: tuple[Cell, ...] = ()
    """Its last line, where there is anything to add up."""
    note: str = ""
    """What the reader must know to read it right."""


CATEGORIES: Final = {"S": "Standard and reduced rate", "Z": "Zero rate", "E": "Exempt", "AE": "Reverse charge"}
KEY_WORDS: Final[Mapping[str, str]] = {
    "rental": "Rentals, whole periods",
    "part-period": "Rentals, parts of periods",
    "termination": "Early termination",
    "one-off": "One-off charges",
    "calls": "Calls",
    "discount": "Discounts on calls",
    "adjustment": "Credits and charges by hand",
    "compensation": "Automatic compensation",
    "guarantee": "Wholesale guarantees",
    "late-fee": "Late payment charges",
    "goodwill": "Goodwill",
    "transfer": "Members' bills, asked for on group accounts",
    "not-due": "Not due yet",
    "to-30": "Up to 30 days overdue",
    "31-60": "31 to 60 days overdue",
    "over-60": "Over 60 days overdue",
    IN_CREDIT: "Accounts in credit",
    "rentals": "Rentals",
    "items": "What orders and repairs left",
    "adjustments": "Credits and charges by hand",
    "bank-transfer": "Bank transfer",
    "direct-debit": "Direct Debit",
    "delayed-repair": "delayed repair",
    "missed-appointment": "missed appointment",
    "delayed-start": "delayed start",
    "to-7": "up to 7 days",
    "8-30": "8 to 30 days",
    "31-90": "31 to 90 days",
    "over-90": "over 90 days",
}
"""What keys, and the parts of keys with a stroke in them, are to people; any other says itself."""
HEADINGS: Final[Mapping[FigureSubject, tuple[str, str]]] = {
    FigureSubject.REVENUE: ("Revenue by kind of bill line", "Before VAT, as billed."),
    FigureSubject.PAYMENTS: ("Money that came in", ""),
    FigureSubject.OUTSIDE: ("Outside the invoice", "What changed what is owed without being a supply. CR lowers it."),
    FigureSubject.FAILURES: ("Broken promises", "Compensation and guarantees, by the promise."),
    FigureSubject.CREDITS: ("Credits by operator", "Adjustments before VAT; goodwill. Signed: by a second person."),
    FigureSubject.DEBTORS: ("Debts by age", "Charges that are open, as on statements of account: money that came in paid the oldest."),
    FigureSubject.UNBILLED: (
        "Supplied and not billed",
        "Before VAT and before what comes off calls: an estimate until it is billed. Rentals by the day.",
    ),
    FigureSubject.DEFERRED: ("Billed for days after", "Rentals in advance, straight by the day."),
    FigureSubject.WAITING_USAGE: ("Usage that waits", "Records without a price yet; what they come to is not known."),
    FigureSubject.ORDERS: ("Orders completed", "In time: on or before the day promised when they were committed."),
    FigureSubject.FAULTS: ("Faults cleared, by care level", "In time: before their deadline, pauses allowed for."),
}
SHORTER: Final[Mapping[str, str]] = {
    "compensation": "compensation",
    "guarantee": "guarantee",
    "adjustment": "credits of bills",
    "goodwill": "goodwill",
}
"""The same in a key of two parts, where there is less room."""
TIMED: Final = frozenset({FigureSubject.ORDERS, FigureSubject.FAULTS})


def key_words(key: str) -> str:
    """A key as people read it: ``compensation/missed-appointment`` is Compensation, missed appointment."""
    words = {**KEY_WORDS, **SHORTER} if "/" in key else KEY_WORDS
    said = ", ".join(words.get(part, part) for part in key.split("/"))
    return said[:1].upper() + said[1:]


def tables(card: PeriodCard) -> tuple[Table, ...]:
    """Every section that has anything to say, in the order of the page."""
    subjects = {subject: getattr(card, subject.replace("-", "_")) for subject in HEADINGS}
    found = [_trial_balance(card), _vat(card.vat), *((_return(card.vat_return),) if card.vat_return else ())]
    return (*found, *(_figures(subject, figures) for subject, figures in subjects.items() if figures))


def _trial_balance(card: PeriodCard) -> Table:
    rows = card.nominals
    return Table(
        "trial-balance",
        "Trial balance",
        ("Nominal", "Name", "Opening £", "Debits £", "Credits £", "Closing £"),
        tuple((one.nominal_code, one.name, one.opening, one.debits, one.credits, one.closing) for one in rows),
        (
            "",
            "Sum",
            total(one.opening for one in rows),
            total(one.debits for one in rows),
            total(one.credits for one in rows),
            total(one.closing for one in rows),
        ),
        "A balance without CR is a debit.",
    )


def _vat(figures: Iterable[VatFigure]) -> Table:
    rows = tuple(figures)
    return Table(
        "vat",
        "VAT by rate",
        ("Supplies", "Rate", "Tax point", "Bills", "Net £", "VAT £"),
        tuple(
            (
                CATEGORIES.get(one.vat_category, one.vat_category),
                f"{Percent(one.vat_basis_points)} %",
                "earlier" if one.is_earlier else "within",
                one.bill_count,
                one.net,
                one.vat,
            )
            for one in rows
        ),
        ("Sum", "", "", None, total(one.net for one in rows), total(one.vat for one in rows)),
        "Earlier: bills held before and let go in the period.",
    )


def _return(boxes: VatReturn) -> Table:
    return Table(
        "vat-return",
        "VAT return, this district's part",
        ("Box", "What", "£"),
        (
            ("1", "VAT due on sales", boxes.box_1),
            ("2", "VAT on goods from the EU (N. Ireland)", boxes.box_2),
            ("3", "Boxes 1 and 2", boxes.box_3),
            ("6", "Sales before VAT, whole pounds", boxes.box_6),
        ),
        note="Boxes 4, 5, 7, 8 and 9 come from purchases, which are not kept here.",
    )


def _figures(subject: FigureSubject, figures: tuple[Figure, ...]) -> Table:
    heading, note = HEADINGS[subject]
    if subject in TIMED:
        rows: tuple[tuple[Cell, ...], ...] = tuple((key_words(one.key), one.item_count, one.of_which_count, _share(one)) for one in figures)
        whole = Figure(subject, "", sum(one.item_count for one in figures), of_which_count=sum(one.of_which_count or 0 for one in figures))
        return Table(
            subject, heading, ("Kind", "Count", "In time", "%"), rows, ("Sum", whole.item_count, whole.of_which_count, _share(whole)), note
        )
    if subject is FigureSubject.WAITING_USAGE:
        waiting = tuple((key_words(one.key), one.item_count, minutes(one.duration_seconds)) for one in figures)
        sums = ("Sum", sum(one.item_count for one in figures), minutes(sum(one.duration_seconds or 0 for one in figures)))
        return Table(subject, heading, ("Reason and age", "Records", "Minutes"), waiting, sums, note)
    if subject is FigureSubject.CREDITS:
        given = tuple((key_words(one.key), one.item_count, one.of_which_count, one.amount) for one in figures)
        return Table(
            subject,
            heading,
            ("Operator", "Count", "Signed", "£"),
            given,
            ("Sum", sum(one.item_count for one in figures), None, _sum(figures)),
            note,
        )
    return Table(
        subject,
        heading,
        ("Kind", "Count", "£"),
        tuple((key_words(one.key), one.item_count, one.amount) for one in _in_order(subject, figures)),
        ("Sum", None, _sum(figures)),
        note,
    )


def _in_order(subject: FigureSubject, figures: tuple[Figure, ...]) -> tuple[Figure, ...]:
    order = (*DEBT_AGES, IN_CREDIT)
    return tuple(sorted(figures, key=lambda one: order.index(one.key))) if subject is FigureSubject.DEBTORS else figures


def _sum(figures: Iterable[Figure]) -> Money:
    return total(one.amount for one in figures if one.amount is not None)


def _share(figure: Figure) -> str:
    """In whole hundredths, cut and not rounded: 99.9 % in time is not all of them."""
    return "" if not figure.item_count else str((figure.of_which_count or 0) * 100 // figure.item_count)


def minutes(seconds: int | None) -> int:
    """Whole minutes, begun ones too."""
    return -(-(seconds or 0) // 60)


def title(card: PeriodCard) -> str:
    """What stands above it all."""
    return f"{'Quarter' if card.close.kind is PeriodKind.QUARTER else 'Month'} end"
