"""The figures of a run beside its sample: a page for the person who looks, and the same as rows for a program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import Final

from billing.commands import SetAside
from billing.rules.run_figures import KindSum, RunFigures
from billing.rules.sampling import Candidate, Chosen
from css.core.money import ZERO, Money, total

CHANGES_SHOWN: Final = 10
LIST_SHOWN: Final = 200
"""Of each list on the page; the rows have all of them."""
WIDTH: Final = 96


def largest_changes(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The bills that differ most from the bill before, the largest first; first bills have none, credit notes are not compared."""
    known = [bill for bill in candidates if bill.is_compared]
    return tuple(sorted(known, key=lambda bill: (-abs(bill.change.pence), bill.account_id))[:CHANGES_SHOWN])


def summary_text(figures: RunFigures, candidates: Sequence[Candidate], chosen: Sequence[Chosen], faults: Sequence[SetAside]) -> str:
    """The page, 96 columns: sums by kind, the sample and why, the largest changes, what is held and parked."""
    going = [one for one in figures.kinds if not one.is_held]
    changes = largest_changes(candidates)
    parts = [
        _head(figures, going),
        _section(f"{'bills':<28}{'count':>10}{'before VAT':>18}{'VAT':>12}{'invoices':>14}{'to pay':>14}", map(_kind, figures.kinds)),
        _section(
            f"{'lines':<28}{'count':>10}{'before VAT':>18}",
            (f"{one.kind.value:<28}{one.line_count:>10,}{one.net.sterling:>18}" for one in figures.line_kinds),
        ),
        _section(f"The sample: {len(chosen)} of {len(candidates)} bills.", (f"{_bill(one.candidate)}  {one.why}" for one in chosen)),
        _section(
            "The largest changes against the bill before:" if changes else "No bill has one before it.",
            (f"{_bill(one)}  was {(one.last_gross or ZERO).sterling}, {_sign(one.change)}" for one in changes),
        ),
        _section(
            f"Documents that contradict themselves: {len(faults)}." if faults else "Every document of the sample adds up.",
            (f"{one.raw}  {one.code} {one.words}" for one in faults),
        ),
        _section(
            f"Held: {len(figures.held):,}. None of these goes out before somebody lets it go." if figures.held else "Nothing is held.",
            (f"{one.account_number}  {one.invoice_gross.sterling:>14}  {one.hold_code} {one.hold_words}" for one in figures.held),
        ),
        _section(
            f"Parked: {len(figures.parked):,}. The next night tries these again." if figures.parked else "Nothing is parked.",
            (f"{one.account_number}  {one.parked_code} {one.parked_words}" for one in figures.parked),
        ),
    ]
    return "\n".join([*(line.rstrip() for part in parts for line in part), ""])


def _section(title: str, rows: Iterable[str]) -> list[str]:
    """What is too long for the page goes on, indented; what are too many are in the rows for programs."""
    given = list(rows)
    lines = [line for row in given[:LIST_SHOWN] for line in wrap(row, WIDTH, subsequent_indent="    ", drop_whitespace=False)]
    more = [f"and {len(given) - LIST_SHOWN:,} more; summary.csv has them all."] if len(given) > LIST_SHOWN else []
    return ["", title, *(["-" * WIDTH] if lines else []), *lines, *more]


def _head(figures: RunFigures, going: Sequence[KindSum]) -> list[str]:
    what = f"{sum(one.bill_count for one in going):,} bills of {total(one.invoice_gross for one in going).sterling} wait for their numbers"
    return [
        f"CSS SAMPLE OF BILLS   district {figures.district_code}   business date {figures.business_date:%a %d %b %Y}",
        "=" * WIDTH,
        f"{figures.account_count:,} accounts to bill; {what}; {len(figures.held):,} held, {len(figures.parked):,} parked.",
    ]


def _kind(one: KindSum) -> str:
    name = f"{one.kind.value}{', held' if one.is_held else ''}"
    amounts = f"{one.invoice_net.sterling:>18}{one.invoice_vat.sterling:>12}{one.invoice_gross.sterling:>14}{one.amount_due.sterling:>14}"
    return f"{name:<28}{one.bill_count:>10,}{amounts}"


def _bill(one: Candidate) -> str:
    return f"{one.account_number}  {one.kind.value:<12}{one.invoice_gross.sterling:>14}"


def _sign(change: Money) -> str:
    return f"{'+' if change.pence > 0 else ''}{change.sterling}"


def summary_csv(figures: RunFigures, candidates: Sequence[Candidate], chosen: Sequence[Chosen]) -> str:
    """The same as rows, the kind of row first: RUN, KIND, LINES, SAMPLE, CHANGE, HELD, PARKED. Amounts are pounds with pence."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(_rows(figures, candidates, chosen))
    return out.getvalue()


def _rows(figures: RunFigures, candidates: Sequence[Candidate], chosen: Sequence[Chosen]) -> Iterator[Sequence[object]]:
    yield (
        "RUN",
        figures.district_code,
        figures.business_date,
        figures.account_count,
        len(candidates),
        len(figures.held),
        len(figures.parked),
    )
    for kind in figures.kinds:
        amounts = (kind.invoice_net, kind.invoice_vat, kind.invoice_gross, kind.amount_due)
        yield "KIND", kind.kind.value, "held" if kind.is_held else "", kind.bill_count, *amounts
    for lines in figures.line_kinds:
        yield "LINES", lines.kind.value, lines.line_count, lines.net
    for one in chosen:
        yield "SAMPLE", one.candidate.account_number, one.candidate.kind.value, one.candidate.invoice_gross, one.why
    for changed in largest_changes(candidates):
        yield "CHANGE", changed.account_number, changed.invoice_gross, changed.last_gross, changed.change
    for held in figures.held:
        yield "HELD", held.account_number, held.kind.value, held.invoice_gross, held.hold_code, held.hold_words
    for parked in figures.parked:
        yield "PARKED", parked.account_number, parked.kind.value, parked.cycle_on, parked.parked_code, parked.parked_words
