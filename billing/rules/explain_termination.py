"""Why an early termination costs what it does: the months of the minimum term that were left, at the price of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from billing.rules.explain_facts import LineFacts
from billing.rules.explain_rental import cause_words, compared, price_words, touching
from billing.rules.explain_sum import Part, Step, part, step, sum_of, times
from billing.rules.explain_words import day, plural
from billing.rules.terminations import TermLeft, term_left
from css.core.money import total
from css.core.words import EndReason

_END_WORDS: Final = {
    EndReason.CEASED: "it was given up",
    EndReason.CHANGED: "what works on the line was changed",
    EndReason.MOVED: "it went on at other premises",
    EndReason.TAKEN_OVER: "another occupant took the line over",
    EndReason.TRANSFERRED: "the line went to another provider",
    EndReason.PORTED_OUT: "the number went to another network",
    EndReason.DEBT: "what was owed was not paid",
    EndReason.DECEASED: "whoever had it has died",
    EndReason.OUR_FAULT: "we could not provide what was promised",
}


def termination_parts(line: LineFacts) -> tuple[Part, ...]:
    """Whole months and days over days of their month, less what was charged before; nothing where that does not make the line.

    What was left of the term is the line's own days; of a line that puts another right, what is on file of the service.
    """
    for left in (_own(line), _on_file(line)):
        due = part("What should have been charged to date for the rest of the minimum term", _due(line, left))
        parts = (due, *compared(line))
        if sum_of(parts) == line.net:
            return parts
    return ()


def _due(line: LineFacts, left: TermLeft | None) -> Iterator[Step]:
    is_nothing = not line.net + total(mate.net for mate in line.mates)
    if is_nothing or left is None or line.price is None or line.service is None:
        yield step("nothing: the term was not broken, as is known by now", "0")
        return
    price, quantity = line.price.net_price, line.service.quantity
    if left.months:
        yield step(f"{plural(left.months, 'whole month')}", times(price, quantity, left.months))
    if left.days:
        of_month = f"{left.days} of the {left.days_in_month} days of the month after them"
        yield step(of_month, times(price, quantity, left.days, over=left.days_in_month))


def _own(line: LineFacts) -> TermLeft | None:
    return None if line.starts_on is None or line.ends_on is None else term_left(line.starts_on, line.ends_on)


def _on_file(line: LineFacts) -> TermLeft | None:
    ends_on = None if line.service is None else line.service.ends_on
    term_ends_on = None if line.service is None else line.service.minimum_term_ends_on
    return None if ends_on is None or term_ends_on is None or ends_on >= term_ends_on else term_left(ends_on, term_ends_on)


def termination_words(line: LineFacts) -> Iterator[str]:
    """The minimum term, when it was broken, and what is left of it."""
    service, left = line.service, _on_file(line) if line.mates else _own(line)
    name = line.product_name or "The service"
    if service is not None and left is not None:
        yield (
            f"{name} began on {day(service.starts_on)} with a minimum term up to {day(left.ends_on)} and ended on {day(left.starts_on)}: "
            f"{left.words} of the term were left."
        )
    elif service is not None:
        yield f"{name} began on {day(service.starts_on)}; a charge for its minimum term is put right."
    if service is not None and service.end_reason is not None:
        yield f"It ended because {_END_WORDS[service.end_reason]}."
    if line.price is not None:
        yield price_words(line.price, "price for a month of the term that is left")
    yield (
        "A service that another of the same product takes over within a day was moved, and nothing is charged; nor is it where whoever "
        "had it has died or we could not provide what was promised."
    )
    for change in line.changes:
        if touching(change, line):
            yield cause_words(change)
