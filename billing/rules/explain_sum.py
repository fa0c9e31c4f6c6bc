"""The sums of an explanation, as they are printed: the explanation is reckoned from its own words, so it cannot say another sum."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from css.core.errors import Breach
from css.core.money import Money, Price, round_half_up, total

SHOWN_PLACES: Final = 6
_TOKEN: Final = re.compile(r" *([+-]|x|/|[0-9]+(?:\.[0-9]+)?) *")


@dataclass(frozen=True, slots=True)
class Step:
    """One amount of a part: what it is, the sum as one would key it, and what the sum comes to."""

    words: str
    sum: str
    """In pence: ``1883.333333 x 21 / 31``."""
    pence: str
    """What it comes to, cut to six places where it goes on for ever; the part adds up the exact figures."""


@dataclass(frozen=True, slots=True)
class Part:
    """Steps that are added up exactly and rounded once, half up; the parts of a line add up to it."""

    words: str
    steps: tuple[Step, ...]
    amount: Money


def step(words: str, sum_words: str) -> Step:
    """A step of a sum in pence."""
    return Step(words, sum_words, shown(reckon(sum_words)))


def part(words: str, steps: Iterable[Step]) -> Part:
    """A part of these steps, rounded."""
    kept = tuple(steps)
    return Part(words, kept, Money(round_half_up(exact_sum(kept))))


def exact_sum(steps: Sequence[Step]) -> Fraction:
    """What the steps come to before rounding."""
    return sum((reckon(one.sum) for one in steps), start=Fraction(0))


def sum_of(parts: Iterable[Part]) -> Money:
    """What the parts come to."""
    return total(one.amount for one in parts)


def pence_of(money: Money) -> str:
    """Posted money as a sum writes it."""
    return str(money.pence)


def times(price: Price, *factors: int, over: int = 1) -> str:
    """A price times whole numbers, over one: ``1950 x 15 / 30``. A factor of 1 is written all the same, since it counts something."""
    said = " x ".join((str(price), *map(str, factors)))
    return said if over == 1 else f"{said} / {over}"


def reckon(sum_words: str) -> Fraction:
    """What a printed sum comes to, exactly: products and quotients first, from the left. ``Breach`` for what is no sum."""
    total_pence, product, sign, operator, place, wants_number = Fraction(0), Fraction(0), 1, "+", 0, True
    while place < len(sum_words):
        found = _TOKEN.match(sum_words, place)
        if found is None:
            raise _no_sum(sum_words)
        token, place = found[1], found.end()
        if token[0].isdigit():
            if not wants_number:
                raise _no_sum(sum_words)
            number = sign * Fraction(token)
            if operator == "x":
                product *= number
            elif operator == "/":
                product /= number
            else:
                total_pence, product = total_pence + product, number if operator == "+" else -number
            wants_number, sign = False, 1
        elif wants_number:
            # A minus before a number: -15.
            if token != "-":  # noqa: S105 - no pass word
                raise _no_sum(sum_words)
            sign = -sign
        else:
            operator, wants_number = token, True
    if wants_number:
        raise _no_sum(sum_words)
    return total_pence + product


def shown(pence: Fraction) -> str:
    """To six places, without noughts at the end: ``1275.806451``."""
    scaled = abs(pence.numerator) * 10**SHOWN_PLACES // pence.denominator
    whole, decimals = divmod(scaled, 10**SHOWN_PLACES)
    said = f"{whole}.{decimals:0{SHOWN_PLACES}d}".rstrip("0").rstrip(".")
    return f"-{said}" if pence < 0 and scaled else said


def _no_sum(sum_words: str) -> Breach:
    return Breach(f"an explanation printed {sum_words!r}, which is no sum")
