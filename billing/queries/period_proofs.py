"""What must be one in a month or quarter: each proof compares a figure that is kept with one come by in another way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from billing.queries.period_ledger import PeriodAsked, closing_balances, ledger_by_nominal
from billing.queries.periods import figures_kept, months_kept
from billing.rules.period import Figure, PeriodFigures
from billing.words import FigureSubject, NominalCode, PeriodKind
from css.core.money import Money, total
from css.db.sql import block

NO_FAILURE: Final = "no-failure"
"""The promise of what was given for none (``period.failures``)."""


@dataclass(frozen=True, slots=True)
class ProofSide:
    """One side: what it is, how many, how much."""

    words: str
    item_count: int | None = None
    amount: Money | None = None


Proof = Callable[[Session, PeriodAsked], tuple[ProofSide, ProofSide]]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two figures that should be one."""

    proof: str
    one: ProofSide
    other: ProofSide

    @property
    def words(self) -> str:
        """Both sides, and what lies between them."""
        return f"{self.proof}: {_said(self.one)}, {_said(self.other)}{self._apart}."

    @property
    def _apart(self) -> str:
        if self.one.amount is None or self.other.amount is None or self.one.amount == self.other.amount:
            return ""
        return f"; the difference is {(self.one.amount - self.other.amount).sterling}"


def _said(side: ProofSide) -> str:
    figures = [str(side.item_count)] if side.item_count is not None else []
    figures += [side.amount.sterling] if side.amount is not None else []
    return f"{side.words} {' of '.join(figures)}"


def disagreements(session: Session, asked: PeriodAsked) -> tuple[Disagreement, ...]:
    """Everything in the kept figures of a period that is not what it should be; empty when they may stand."""
    compared = ((name, *proof(session, asked)) for name, proof in PROOFS[asked.kind].items())
    return tuple(
        Disagreement(name, one, other) for name, one, other in compared if (one.item_count, one.amount) != (other.item_count, other.amount)
    )


def debits_and_credits(session: Session, asked: PeriodAsked) -> tuple[ProofSide, ProofSide]:
    """What was debited in the period was credited in it."""
    nominals = figures_kept(session, asked).nominals
    return (
        ProofSide("debits of the trial balance", amount=total(one.debits for one in nominals)),
        ProofSide("its credits", amount=total(one.credits for one in nominals)),
    )


def carried_on(session: Session, asked: PeriodAsked) -> tuple[ProofSide, ProofSide]:
    """Of every nominal the opening balance and what was entered are what the whole ledger has at the end."""
    nominals = figures_kept(session, asked).nominals
    not_so = [one.nominal_code for one in nominals if not one.carries_on]
    named = f" (not {', '.join(not_so)})" if not_so else ""
    return (
        ProofSide("nominals of the trial balance", len(nominals)),
        ProofSide(f"nominals whose opening and movement make their closing balance{named}", len(nominals) - len(not_so)),
    )


def opened_as_left(session: Session, asked: PeriodAsked) -> tuple[ProofSide, ProofSide]:
    """Every nominal opens with what the last close left; in the first period with what the ledger had before."""
    kept = figures_kept(session, asked)
    left = closing_balances(session, asked)
    if left is None:
        left = {one.nominal_code: one.before for one in ledger_by_nominal(session, asked)}
    codes = sorted(left.keys() | {one.nominal_code for one in kept.nominals})
    not_so = [code for code in codes if kept.nominal(code).opening != left.get(code, Money(0))]
    named = f" (not {', '.join(not_so)})" if not_so else ""
    return (
        ProofSide("nominals of the trial balance and of what was left before", len(codes)),
        ProofSide(f"nominals that open with what was left{named}", len(codes) - len(not_so)),
    )


def vat_as_entered(session: Session, asked: PeriodAsked) -> tuple[ProofSide, ProofSide]:
    """The VAT of the bills is what the trial balance has under VAT on supplies."""
    kept = figures_kept(session, asked)
    nominal = kept.nominal(NominalCode.VAT_OUTPUT)
    return (
        ProofSide("VAT of the bills by rate", amount=total(one.vat for one in kept.vat)),
        ProofSide("credited to VAT-OUTPUT", amount=nominal.credits - nominal.debits),
    )


def revenue_as_entered(session: Session, asked: PeriodAsked) -> tuple[ProofSide, ProofSide]:
    """What the lines of the bills charge is what their entries earned."""
    return (
        ProofSide("lines of the bills before VAT", amount=figures_kept(session, asked).sum_of(FigureSubject.REVENUE)),
        ProofSide("credited to income by their entries", amount=_entered(session, asked, "bill")[1]),
    )


def supplies_taxed(session: Session, asked: PeriodAsked) -> tuple[ProofSide, ProofSide]:
    """Every line of the bills stands under a rate of VAT, and nothing else does."""
    kept = figures_kept(session, asked)
    return (
        ProofSide("lines of the bills before VAT", amount=kept.sum_of(FigureSubject.REVENUE)),
        ProofSide("supplies by rate of VAT", amount=total(one.net for one in kept.vat)),
    )


def payments_as_entered(session: Session, asked: PeriodAsked) -> tuple[ProofSide, ProofSide]:
    """Money that came in was taken off what is owed."""
    return (
        ProofSide("payments by means", amount=figures_kept(session, asked).sum_of(FigureSubject.PAYMENTS)),
        ProofSide("taken off debtors by their entries", amount=-_entered(session, asked, "payment")[0]),
    )


def outside_as_entered(session: Session, asked: PeriodAsked) -> tuple[ProofSide, ProofSide]:
    """What changed what is owed outside the invoice was entered as much."""
    return (
        ProofSide("outside items by kind", amount=figures_kept(session, asked).sum_of(FigureSubject.OUTSIDE)),
        ProofSide("put on debtors by their entries", amount=_entered(session, asked, "outside")[0]),
    )


def failures_as_entered(session: Session, asked: PeriodAsked) -> tuple[ProofSide, ProofSide]:
    """What was given for promises on the shelf was entered as much, promise by promise."""
    figures = figures_kept(session, asked).of(FigureSubject.FAILURES)
    others = [one for one in figures if one.key.endswith(f"/{NO_FAILURE}")]
    given = [one for one in figures if one not in others]
    without = f", without{_said(_of_figures('', others))} for no promise on the shelf," if others else ""
    entered = session.execute(block("billing", "period.failures_entered"), asked.bounds).one()
    return (
        _of_figures(f"compensation and guarantees{without}", given),
        ProofSide("entries for promises on the shelf", entered.entry_count, Money(entered.debtors)),
    )


def _of_figures(words: str, figures: Sequence[Figure]) -> ProofSide:
    return ProofSide(words, sum(one.item_count for one in figures), total(one.amount for one in figures if one.amount is not None))


def debtors_by_account(session: Session, asked: PeriodAsked) -> tuple[ProofSide, ProofSide]:
    """What accounts owe by age, less what they have in credit, is the debtors' balance."""
    kept = figures_kept(session, asked)
    return (
        ProofSide("debtors by age, less credit", amount=kept.sum_of(FigureSubject.DEBTORS)),
        ProofSide("the balance of DEBTORS", amount=kept.nominal(NominalCode.DEBTORS).closing),
    )


def debtors_moved(session: Session, asked: PeriodAsked) -> tuple[ProofSide, ProofSide]:
    """What is owed changed by what was billed and entered outside the bills, less what was paid."""
    kept = figures_kept(session, asked)
    nominal = kept.nominal(NominalCode.DEBTORS)
    billed = kept.sum_of(FigureSubject.REVENUE) + total(one.vat for one in kept.vat)
    return (
        ProofSide(
            "billed with VAT, and outside, less payments",
            amount=billed + kept.sum_of(FigureSubject.OUTSIDE) - kept.sum_of(FigureSubject.PAYMENTS),
        ),
        ProofSide("what DEBTORS moved by", amount=nominal.debits - nominal.credits),
    )


def quarter_of_ledger(session: Session, asked: PeriodAsked) -> tuple[ProofSide, ProofSide]:
    """The three months added up are what the ledger has for the whole quarter."""
    kept = {one.nominal_code: (one.opening, one.debits, one.credits, one.closing) for one in figures_kept(session, asked).nominals}
    now = {one.nominal_code: (one.before, one.debits, one.credits, one.closing) for one in ledger_by_nominal(session, asked)}
    not_so = sorted(code for code in kept.keys() | now.keys() if kept.get(code) != now.get(code))
    named = f" (not {', '.join(not_so)})" if not_so else ""
    codes = len(kept.keys() | now.keys())
    return (
        ProofSide("nominals of the three months added up", codes),
        ProofSide(f"nominals the ledger has the same for{named}", codes - len(not_so)),
    )


def vat_of_months(session: Session, asked: PeriodAsked) -> tuple[ProofSide, ProofSide]:
    """The quarter's VAT is that of its three months."""
    months = months_kept(session, asked)
    return (
        ProofSide(
            "VAT of the quarter's bills", _bills(figures_kept(session, asked)), total(one.vat for one in figures_kept(session, asked).vat)
        ),
        ProofSide(
            "VAT of the three months",
            sum(_bills(month) for month in months),
            total(one.vat for month in months for one in month.vat),
        ),
    )


def _bills(figures: PeriodFigures) -> int:
    return sum(one.bill_count for one in figures.vat)


def _entered(session: Session, asked: PeriodAsked, source: str) -> tuple[Money, Money]:
    """What entries of one source put on debtors, and on what stands against them besides VAT."""
    rows = session.execute(block("billing", "period.entered_by_source"), asked.bounds)
    return next(((Money(row.debtors), Money(row.others)) for row in rows if row.source == source), (Money(0), Money(0)))


_ALWAYS: Final[Mapping[str, Proof]] = {
    "debits and credits": debits_and_credits,
    "nominals carried on": carried_on,
    "VAT by rate": vat_as_entered,
    "supplies by rate": supplies_taxed,
    "revenue by kind": revenue_as_entered,
    "payments": payments_as_entered,
    "outside the invoice": outside_as_entered,
    "broken promises": failures_as_entered,
    "debtors by age": debtors_by_account,
    "debtors moved": debtors_moved,
}
PROOFS: Final[Mapping[PeriodKind, Mapping[str, Proof]]] = {
    PeriodKind.MONTH: {"opened as left": opened_as_left, **_ALWAYS},
    PeriodKind.QUARTER: {"three months": quarter_of_ledger, "VAT of the months": vat_of_months, **_ALWAYS},
}
"""By kind of period, in the order in which they are looked at."""
