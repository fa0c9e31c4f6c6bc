"""Which bills of a run are printed for a person to look at: the same ones whoever asks, and one of everything that may go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from billing.words import BillKind
from css.core.money import ZERO, Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A bill that waits for its number."""

    bill_id: int
    account_id: int
    account_number: str
    kind: BillKind
    medium: str
    segment: str
    invoice_gross: Money
    line_count: int
    call_count: int
    last_gross: Money | None
    """The invoice total of the bill before; None for a first one."""

    @property
    def change(self) -> Money:
        """Against the last bill; of a first one all of it."""
        return self.invoice_gross - (self.last_gross or ZERO)

    @property
    def is_compared(self) -> bool:
        """Whether the bill before says anything of it: a first one has none, and a credit note is about something else."""
        return self.last_gross is not None and self.kind is not BillKind.CREDIT_NOTE

    @property
    def length(self) -> int:
        """What makes it long on paper."""
        return self.line_count + self.call_count


@dataclass(frozen=True, slots=True)
class Chosen:
    """A bill of the sample, and what it is an example of."""

    candidate: Candidate
    why: str


Measure = Callable[[Candidate], int]


def choose_sample(candidates: Sequence[Candidate], count: int) -> tuple[Chosen, ...]:
    """At most ``count`` bills in order of account: one of each kind, the smallest, the longest, the largest changes, one of each
    medium and segment, and others at even distances. Where ``count`` is too small, the first of these.

    What a bill is an example of is said of it, also where it was chosen for something else already.
    """
    bills = sorted(candidates, key=lambda bill: (bill.account_id, bill.bill_id))
    reasons: dict[int, list[str]] = {}
    for why, bill in _examples(bills):
        if bill.bill_id in reasons or len(reasons) < count:
            reasons.setdefault(bill.bill_id, []).append(why)
    others = [bill for bill in bills if bill.bill_id not in reasons]
    wanted = min(count - len(reasons), len(others))
    for place in range(wanted):
        reasons[others[place * len(others) // wanted].bill_id] = ["one of the others"]
    return tuple(Chosen(bill, ", ".join(reasons[bill.bill_id])) for bill in bills if bill.bill_id in reasons)


def _examples(bills: Sequence[Candidate]) -> Iterator[tuple[str, Candidate]]:
    if not bills:
        return
    for kind in BillKind:
        yield from _largest(f"the largest of kind {kind.value}", [bill for bill in bills if bill.kind is kind])
    yield "the smallest", min(bills, key=lambda bill: bill.invoice_gross.pence)
    yield "the longest", max(bills, key=lambda bill: bill.length)
    known = [bill for bill in bills if bill.is_compared]
    if known:
        yield "the largest rise", max(known, key=lambda bill: bill.change.pence)
        yield "the largest fall", min(known, key=lambda bill: bill.change.pence)
    yield from _largest("the largest first bill", [bill for bill in bills if bill.last_gross is None])
    for medium in sorted({bill.medium for bill in bills}):
        yield from _largest(f"goes by {medium}", [bill for bill in bills if bill.medium == medium])
    for segment in sorted({bill.segment for bill in bills}):
        yield from _largest(f"of segment {segment}", [bill for bill in bills if bill.segment == segment])


def _largest(why: str, bills: Sequence[Candidate]) -> Iterator[tuple[str, Candidate]]:
    """The first of the largest, by account."""
    if bills:
        yield why, max(bills, key=lambda bill: bill.invoice_gross.pence)
