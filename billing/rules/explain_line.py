"""Why a bill line is what it is: the story of every kind of line, with the sums that make it to the penny."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from billing.rules.explain_calls import calls_parts, calls_words
from billing.rules.explain_discount import discount_parts, discount_words
from billing.rules.explain_facts import ItemLived, LineFacts
from billing.rules.explain_rental import price_words, rental_parts, rental_words
from billing.rules.explain_retaxed import retaxed_parts, retaxed_words
from billing.rules.explain_sum import Part, part, pence_of, step, sum_of, times
from billing.rules.explain_termination import termination_parts, termination_words
from billing.rules.explain_words import day
from billing.rules.vat import REASONS, Tax
from billing.words import LineKind
from css.core.money import ZERO, Money, Percent
from css.core.words import PriceBasis


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStory:
    """One line of a bill and why it is what it is."""

    line_number: int
    kind: LineKind
    words: str
    number: str | None
    net: Money
    told: tuple[str, ...]
    """The reasons, sentence by sentence."""
    parts: tuple[Part, ...]
    """The sums: each part is rounded once, and together they are the line."""
    agrees: bool
    """Whether the figures on file make the line. If not, no sums are told."""


def story_of(line: LineFacts) -> LineStory:
    """The story of a line."""
    parts = _parts(line)
    told = [*_words(line)]
    if not parts:
        told.append(
            f"The figures on file do not make {line.net.sterling} any more: something was changed where it stands. The bill stands."
        )
    elif len(parts) > 1:
        told.append(f"Each part is rounded half up to the penny, once; together they are {line.net.sterling}.")
    elif line.kind is not LineKind.ADJUSTMENT:
        told.append(f"Rounded half up to the penny, once: {line.net.sterling}.")
    return LineStory(
        line_number=line.line_number,
        kind=line.kind,
        words=line.words,
        number=line.number,
        net=line.net,
        told=(*told, vat_words(line.tax)),
        parts=parts,
        agrees=bool(parts),
    )


def _parts(line: LineFacts) -> tuple[Part, ...]:
    match line.kind:
        case LineKind.RENTAL | LineKind.PART_PERIOD:
            return rental_parts(line)
        case LineKind.TERMINATION:
            return termination_parts(line)
        case LineKind.CALLS:
            return calls_parts(line)
        case LineKind.DISCOUNT:
            return rental_parts(line) if line.promotion_id is not None else discount_parts(line)
        case LineKind.ONE_OFF:
            return _one_off_parts(line)
        case LineKind.ADJUSTMENT:
            return _adjustment_parts(line)


def _words(line: LineFacts) -> Iterator[str]:
    match line.kind:
        case LineKind.RENTAL | LineKind.PART_PERIOD:
            return rental_words(line)
        case LineKind.TERMINATION:
            return termination_words(line)
        case LineKind.CALLS:
            return calls_words(line)
        case LineKind.DISCOUNT:
            return rental_words(line) if line.promotion_id is not None else discount_words(line)
        case LineKind.ONE_OFF:
            return _one_off_words(line)
        case LineKind.ADJUSTMENT:
            return _adjustment_words(line)


def _one_off_parts(line: LineFacts) -> tuple[Part, ...]:
    item = line.item
    if line.retaxed is not None:
        return retaxed_parts(line)
    if item is None:
        return (part("Nothing is charged", (step("no charge", "0"),)),) if not line.net else ()
    parts = (part("The price of each, times how many", (step(line.words, times(item.net_price, item.quantity)),)),)
    return parts if parts[0].amount == line.net else ()


def _one_off_words(line: LineFacts) -> Iterator[str]:
    item = line.item
    if line.retaxed is not None:
        yield f"{line.retaxed.of} is taxed otherwise."
        yield from retaxed_words(line)
        return
    if item is None:
        yield "Nothing is to be charged, but something is owed or in credit: an invoice needs a line, if only of nothing."
        return
    yield f"{_source(item, line.reference)} It was left for billing on {day(item.business_date)}, and the next bill took it."
    published = f"published as {item.gross_price} pence with VAT" if item.basis is PriceBasis.GROSS else "published without VAT"
    yield f"The price in force on {day(item.occurs_on)} was {item.net_price} pence net for each, {published}."


def _source(item: ItemLived, reference: str | None) -> str:
    room = item.source_key.partition("/")[0]
    named = f" {reference}" if reference else ""
    match room:
        case "order":
            return f"Charged once, for order{named}, done on {day(item.occurs_on)}."
        case "fault" | "repair":
            return f"Charged once, for fault{named}, on {day(item.occurs_on)}."
        case _:
            return f"Charged once{', for' + named if named else ''}, on {day(item.occurs_on)}."


def _adjustment_parts(line: LineFacts) -> tuple[Part, ...]:
    known = line.credits
    if known is None:
        return (part("The amount", (step("as it was put on the account", pence_of(line.net)),)),)
    charged = max(known.charged, ZERO)
    should = [step("credited of it", pence_of(known.credited)), step("less what it comes to", pence_of(-charged))]
    if known.credited <= charged:
        should = [step("nothing: no more was credited than it comes to", "0")]
    parts = (
        part("What should be taken back of the credits of the charge to date", should),
        part("Less what was taken back before", (step("on bills before", pence_of(-known.taken_back)),)),
    )
    return parts if sum_of(parts) == line.net else ()


def _adjustment_words(line: LineFacts) -> Iterator[str]:
    made = line.adjustment
    if line.credits is not None:
        where = f"bill {line.reference}" if line.reference else "an earlier bill"
        yield (
            f"A charge on {where} had been credited by hand, and the charge itself has changed since: credits of a charge never come to "
            "more than the charge, so what is over is taken back, or given again."
        )
    if made is None:
        return
    because = f": {made.reason}" if made.reason else ""
    end = "" if because.endswith(".") else "."
    yield f"{made.made_by} put it on the account on {day(made.business_date)}, for {day(made.occurs_on)}{because}{end}"
    if made.approved_by is not None:
        yield f"It is above what one person may give, and {made.approved_by} approved it."
    if line.credited is not None:
        yield f"It credits {line.credited}, and is taxed and booked as that line was."


def vat_words(tax: Tax) -> str:
    """How the line is taxed."""
    if tax.category in REASONS:
        return f"{REASONS[tax.category]}."
    return "Zero-rated for VAT." if tax.category == "Z" else f"VAT at {Percent(tax.basis_points)}% is reckoned once, on the bill's total."


__all__ = ["LineStory", "price_words", "story_of", "vat_words"]
