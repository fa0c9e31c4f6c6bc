"""The figures of a run beside its sample: a page for the person who looks, and the same as rows for a program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from billing.commands import SetAside
from billing.rules.run_figures import KindSum, RunFigures
from billing.rules.sampling import Candidate, Chosen
from css.core.money import Money, total

CHANGES_SHOWN: Final = 10
LIST_SHOWN: Final = 200
"""Held and parked on the page; the rows have all of them."""
WIDTH: Final = 96


def largest_changes(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The bills that differ most from the bill before, the largest first; first bills have none."""
    known = [bill for bill in candidates if bill.last_gross is not None]
    return tuple(sorted(known, key=lambda bill: (-abs(bill.change.pence), bill.account_id))[:CHANGES_SHOWN])


def summary_text(figures: RunFigures, candidates: Sequence[Candidate], chosen: Sequence[Chosen], faults: Sequence[SetAside]) -> str:
    """The page, 96 columns: sums by kind, the sample and why, the largest changes, what is held and parked."""
    going = [one for one in figures.kinds if not one.is_held]
    parts = [
        _head(figures, going),
        _kinds(figures),
        ["", f"{'lines':<28}{'count':>10}{'before VAT':>18}", "-" * WIDTH],
        [f"{one.kind.value:<28}{one.line_count:>10,}{one.net.sterling:>18}" for one in figures.line_kinds],
        ["", f"The sample: {len(chosen)} of {len(candidates)} bills.", "-" * WIDTH],
        [f"{_bill(one.candidate)}  {one.why}" for one in chosen],
        ["", "The largest changes against the bill before:" if largest_changes(candidates) else "No bill has one before it.", "-" * WIDTH],
        [f"{_bill(one)}  was {(one.last_gross or one.change).sterling}, {_sign(one.change)}" for one in largest_changes(candidates)],
        ["", f"Documents that contradict themselves: {len(faults)}." if faults else "Every document of the sample adds up.", "-" * WIDTH],
        [f"{one.raw}  {one.code} {one.words}" for one in faults],
        ["", f"Held: {len(figures.held):,}. None of these goes out before somebody lets it go.", "-" * WIDTH],
        [f"{one.account_number}  {one.invoice_gross.sterling:>14}  {one.hold_code} {one.hold_words}" for one in figures.held[:LIST_SHOWN]],
        _more(len(figures.held)),
        ["", f"Parked: {len(figures.parked):,}. The next night tries these again.", "-" * WIDTH],
        [f"{one.account_number}  {one.parked_code} {one.parked_words}" for one in figures.parked[:LIST_SHOWN]],
        _more(len(figures.parked)),
        [""],
    ]
    return "\n".join(line.rstrip() for part in parts for line in part)


def _head(figures: RunFigures, going: Sequence[KindSum]) -> list[str]:
    what = f"{sum(one.bill_count for one in going):,} bills of {total(one.invoice_gross for one in going).sterling} wait for their numbers"
    return [
        f"CSS SAMPLE OF BILLS   district {figures.district_code}   business date {figures.business_date:%a %d %b %Y}",
        "=" * WIDTH,
        f"{figures.account_count:,} accounts to bill; {what}; {len(figures.held):,} held, {len(figures.parked):,} parked.",
    ]


def _kinds(figures: RunFigures) -> list[str]:
    heading = f"{'bills':<28}{'count':>10}{'before VAT':>18}{'VAT':>12}{'invoices':>14}{'to pay':>14}"
    return ["", heading, "-" * WIDTH, *map(_kind, figures.kinds)]


def _kind(one: KindSum) -> str:
    name = f"{one.kind.value}{', held' if one.is_held else ''}"
    amounts = f"{one.invoice_net.sterling:>18}{one.invoice_vat.sterling:>12}{one.invoice_gross.sterling:>14}{one.amount_due.sterling:>14}"
    return f"{name:<28}{one.bill_count:>10,}{amounts}"


def _bill(one: Candidate) -> str:
    return f"{one.account_number}  {one.kind.value:<12}{one.invoice_gross.sterling:>14}"


def _sign(change: Money) -> str:
    return f"{'+' if change.pence > 0 else ''}{change.sterling}"


def _more(count: int) -> list[str]:
    return [f"and {count - LIST_SHOWN:,} more; summary.csv has them all."] if count > LIST_SHOWN else []


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
