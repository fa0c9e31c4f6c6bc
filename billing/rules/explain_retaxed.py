"""Why a line puts the VAT right of calls or of an item that bills before have taken."""

from __future__ import annotations

from collections.abc import Iterator

from billing.rules.explain_facts import ChangeKind, LineFacts
from billing.rules.explain_rental import cause_words
from billing.rules.explain_sum import Part, part, step, sum_of
from billing.rules.explain_words import plural, span
from billing.words import LineKind
from css.core.money import ZERO


def retaxed_parts(line: LineFacts) -> tuple[Part, ...]:
    """What was charged for it, given back or charged again; nothing where the books do not make the line."""
    taken = line.retaxed
    if taken is None:
        return ()
    credited = line.net < ZERO
    words = "What was charged, given back at the VAT it bore" if credited else "What was charged, charged again at the VAT it should bear"
    if line.kind is LineKind.CALLS:
        when = f" of {span(line.starts_on, line.ends_on)}" if line.starts_on and line.ends_on else ""
        of = f"{plural(abs(line.quantity), 'call')}{when}, without VAT"
    else:
        of = f"{taken.of}, without VAT"
    parts = (part(words, (step(of, str(taken.net)),)),)
    return parts if sum_of(parts) == line.net else ()


def retaxed_words(line: LineFacts) -> Iterator[str]:
    """Which way it goes, and what became known since the last bill."""
    if line.net < ZERO:
        yield "What was charged is given back at the VAT it bore; another line charges it at the VAT of the account's status on the day."
    else:
        yield "What was charged is charged anew at the VAT of the account's status on the day; another line gives back what it bore."
    for change in sorted(line.changes, key=lambda one: (one.recorded_on, one.from_on)):
        if change.kind is ChangeKind.VAT_STATUS and line.ends_on is not None and change.from_on < line.ends_on:
            yield cause_words(change)
