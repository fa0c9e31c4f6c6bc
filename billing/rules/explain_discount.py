"""Why a discount off calls is what it is: by which benefit, for which calls, in which order, and what is left of an allowance.

The calls are gone through as they were when the bill was made (``billing.rules.benefits``), so the list is the rule's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from billing.rules.explain_facts import ChangeKind, Covered, DiscountGiven, LineFacts
from billing.rules.explain_rental import cause_words, compared
from billing.rules.explain_sum import Part, part, step, sum_of
from billing.rules.explain_words import clock, day, plural, span
from billing.words import BenefitKind, BenefitScope
from css.core.phone import display_number

ORDER: Final = (
    "Off each call come, in this order: inclusive minutes, friends' numbers, options, volume; each takes its share of what the ones "
    "before it have left. Nothing comes off a service charge, and all of it comes off before VAT."
)
SHOULD_BE: Final = "What should be taken off the month's calls to date, call by call in the order they were made"


def discount_parts(line: LineFacts) -> tuple[Part, ...]:
    """What should be taken off, less what was; nothing where the calls on file do not make the line."""
    given = line.discount
    if given is None:
        return ()
    due = part(SHOULD_BE, (step(_call(one), one.sum) for one in given.covered))
    parts = (due, *compared(line))
    return parts if sum_of(parts) == line.net else ()


def _call(one: Covered) -> str:
    number = f", {one.other_number}" if one.other_number else ""
    return f"{one.record}, {day(one.on)}{number}, {clock(one.duration_seconds)}: {one.words}"


def discount_words(line: LineFacts) -> Iterator[str]:
    """Which benefit gave it, in which month, on what terms, and what became of an allowance."""
    given = line.discount
    if given is None:
        yield "A discount off calls."
        return
    month = "calendar month" if given.kind == BenefitKind.VOLUME else "month"
    when = span(given.month_starts_on, given.month_ends_on)
    yield f"{given.words} ({given.code}), which {line.product_name} gives for {_whose(given, line)}, in the {month} {when}."
    yield from given.terms
    if given.granted_seconds is not None:
        used = given.used_seconds or 0
        yield (
            f"Granted for the month {clock(given.granted_seconds)}, rolled over from before {clock(given.rolled_in_seconds or 0)}, "
            f"used by this bill's cut {clock(used)}, left {clock(given.granted_seconds + (given.rolled_in_seconds or 0) - used)}, "
            f"of which {clock(given.left_seconds or 0)} may still be used in the month after."
        )
    has = "has" if len(given.covered) == 1 else "have"
    yield f"{plural(len(given.covered), 'call')} of the month {has} something taken off by it. {ORDER}"
    before = [mate for mate in line.mates if not mate.is_on_this_bill]
    if before:
        yield f"By {day(line.cut)} more was known of the month than when the bill before was made; the line is the difference."
        for change in line.changes:
            if _concerns(change.kind, change.of_id, line):
                yield cause_words(change)


def _whose(given: DiscountGiven, line: LineFacts) -> str:
    match given.scope:
        case BenefitScope.LINE:
            return f"the calls of {display_number(line.number)}" if line.number else "the calls of one line"
        case BenefitScope.ACCOUNT:
            return "all lines of the account together"
        case BenefitScope.GROUP:
            return "the account, by what the whole group spent"


def _concerns(kind: ChangeKind, of_id: int, line: LineFacts) -> bool:
    match kind:
        case ChangeKind.BENEFIT_START | ChangeKind.BENEFIT_END:
            return of_id == line.benefit_id
        case ChangeKind.SERVICE_START | ChangeKind.SERVICE_END | ChangeKind.FRIEND_START | ChangeKind.FRIEND_END:
            return of_id == line.service_id
        case _:
            return False
