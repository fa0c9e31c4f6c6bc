"""Why a rental, a part of one, a correction of it or a promotional credit is what it is.

Such lines come by difference, so the explanation is one: what should have been charged to date under the line's key, minus
what was. The days that stand are put together from the posted lines themselves, up to and with the bill asked about, so a
bill of years ago is explained as it was, whatever came after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from billing.rules.difference import AMOUNT_ONLY, BY_THE_DAY, BY_THE_MONTH
from billing.rules.explain_facts import Change, ChangeKind, DatedPrice, LineFacts, Mate
from billing.rules.explain_sum import Part, part, pence_of, step, sum_of, times
from billing.rules.explain_words import day, lines_of, span
from css.core.calendar import ONE_DAY
from css.core.money import ZERO, Money, to_money, total
from css.core.words import PriceBasis

SHOULD_BE: Final = "What should have been charged to date"
WAS_CHARGED: Final = "Less what was charged before"
ELSEWHERE: Final = "Less what stands on another line of this bill"


@dataclass(frozen=True, slots=True)
class _Standing:
    """What is charged under a key once this bill is out."""

    days: int
    spans: tuple[tuple[date, date], ...]
    period_days: int
    units: int
    """How often the monthly price is due in the period: months times quantity."""


def rental_parts(line: LineFacts) -> tuple[Part, ...]:
    """The sums; nothing where the figures on file do not make the line."""
    standing = _standing(line)
    price = line.price
    if price is None or standing is None:
        return ()
    over = 1 if standing.days == standing.period_days else standing.period_days
    factors = (standing.units,) if over == 1 else (standing.units, standing.days)
    words = _stands(standing)
    parts = (
        part(SHOULD_BE if line.mates else words, (step(words, times(price.net_price, *factors, over=over)),)),
        *compared(line),
    )
    return parts if sum_of(parts) == line.net else ()


def compared(line: LineFacts) -> Iterator[Part]:
    """What was charged under the key already: on bills before, and on this bill's other line."""
    before = [mate for mate in line.mates if not mate.is_on_this_bill]
    beside = [mate for mate in line.mates if mate.is_on_this_bill]
    if before:
        yield part(WAS_CHARGED, (step(_charged(mate), pence_of(-mate.net)) for mate in before))
    if beside:
        yield part(ELSEWHERE, (step(_charged(mate), pence_of(-mate.net)) for mate in beside))


def _charged(mate: Mate) -> str:
    what = "gives back" if mate.net < ZERO else "charges"
    when = f" for {span(mate.starts_on, mate.ends_on)}" if mate.starts_on and mate.ends_on else ""
    where = f"line {mate.line_number} of this bill" if mate.is_on_this_bill else lines_of(mate.bill_number, mate.line_number)
    return f"{where} {what} {abs_of(mate.net).sterling}{when}"


def abs_of(amount: Money) -> Money:
    """Without its sign."""
    return -amount if amount < ZERO else amount


def _standing(line: LineFacts) -> _Standing | None:
    """The days that are charged once this bill is out, from the lines under the key; None where they do not say it."""
    lines = (*line.mates, _as_mate(line))
    price = line.price
    if price is None or not price.net_price.millionths:
        return None
    units = next((found for one in lines if (found := _units(one, price)) is not None), None)
    if units is None:
        return None
    period_days = next((one.price_per for one in lines if one.unit == BY_THE_DAY), 0) or next(
        ((one.ends_on - one.starts_on).days for one in lines if one.unit == BY_THE_MONTH and one.starts_on and one.ends_on), 0
    )
    if not period_days:
        return None
    counted = sum(_sign(one, price) * (period_days if one.unit == BY_THE_MONTH else abs(one.quantity)) for one in lines if _has_days(one))
    charged = total(one.net for one in lines)
    # A correction of days that lie apart says them from the first to the last, and the one after it may count those between: then
    # the days that stand are those nearest to the count that make what is charged.
    standing = min(
        (n for n in range(period_days + 1) if to_money(price.net_price * units, Fraction(n, period_days)) == charged),
        key=lambda n: abs(n - counted),
        default=counted,
    )
    spans = tuple(_level(lines, price))
    is_plain = standing == sum((ends - starts).days for starts, ends in spans)
    return _Standing(standing, spans if is_plain else (), period_days, units)


def _has_days(one: Mate) -> bool:
    """A line that puts an amount right leaves the days."""
    return one.unit != AMOUNT_ONLY


def _sign(one: Mate, price: DatedPrice) -> int:
    return 1 if (one.net > ZERO) == (price.net_price.millionths > 0) else -1


def _as_mate(line: LineFacts) -> Mate:
    return Mate(
        bill_number=None,
        line_number=line.line_number,
        is_on_this_bill=True,
        net=line.net,
        starts_on=line.starts_on,
        ends_on=line.ends_on,
        quantity=line.quantity,
        unit=line.unit,
        unit_price=line.unit_price,
        price_per=line.price_per,
    )


def _units(one: Mate, price: DatedPrice) -> int | None:
    if one.unit == BY_THE_MONTH:
        return abs(one.quantity)
    if one.unit == BY_THE_DAY and one.unit_price is not None:
        times_price, left = divmod(one.unit_price.millionths, abs(price.net_price.millionths))
        return times_price if not left else None
    return None


def _level(lines: Sequence[Mate], price: DatedPrice) -> Iterator[tuple[date, date]]:
    """Days charged less days given back, put together."""
    steps: dict[date, int] = {}
    for one in lines:
        if _has_days(one) and one.starts_on is not None and one.ends_on is not None:
            sign = _sign(one, price)
            steps[one.starts_on] = steps.get(one.starts_on, 0) + sign
            steps[one.ends_on] = steps.get(one.ends_on, 0) - sign
    level, since = 0, None
    for at in sorted(steps):
        level += steps[at]
        if level > 0 and since is None:
            since = at
        elif level <= 0 and since is not None:
            yield since, at
            since = None


def _stands(standing: _Standing) -> str:
    if not standing.days:
        return f"no day of the {standing.period_days} is to be charged"
    which = " and ".join(span(starts, ends) for starts, ends in standing.spans)
    units = "" if standing.units == 1 else f", the monthly price {standing.units} times in the period"
    if standing.days == standing.period_days:
        return f"{which or 'every day of it'}, the whole period{units}"
    return f"{standing.days} of {standing.period_days} days of the period{', ' if which else ''}{which}{units}"


def rental_words(line: LineFacts) -> Iterator[str]:
    """What is charged for and why, sentence by sentence; the sums are told by the parts."""
    yield _what(line)
    if line.price is not None:
        yield price_words(line.price, "credit" if line.promotion is not None else "price")
    yield from _life(line)
    yield from causes(line)


def _what(line: LineFacts) -> str:
    name = line.product_name or line.words
    over = f" for {span(line.starts_on, line.ends_on)}" if line.starts_on and line.ends_on else ""
    if any(not mate.is_on_this_bill for mate in line.mates):
        return f"It puts right what was charged for {name}{over}: what should have been charged to date, minus what was."
    kind = "A promotional credit" if line.promotion is not None else "Rental"
    if line.starts_on is not None and line.starts_on >= line.period_ends_on:
        return f"{kind} of {name}{over}, in advance."
    return f"{kind} of {name}{over}, for days before this bill's date that no bill has charged."


def price_words(price: DatedPrice, called: str = "price", per: str = "a month") -> str:
    """The dated price: since when, how much, how it was published, and who learned of it when."""
    until = "" if price.ends_on is None else f" to {day(price.ends_on - ONE_DAY)}"
    published = f"published as {price.gross_price} pence with VAT" if price.basis is PriceBasis.GROSS else "published without VAT"
    said = f"The {called} in force from {day(price.starts_on)}{until} is {price.net_price} pence {per} net, {published}."
    if price.recorded_on is not None:
        because = f": {price.reason}" if price.reason else ""
        said += f" It was recorded on {day(price.recorded_on)} and lies over the list{because}{'' if because.endswith('.') else '.'}"
    return said


def _life(line: LineFacts) -> Iterator[str]:
    service = line.service
    if service is None:
        return
    if line.promotion is not None:
        given = line.promotion
        because = f" ({given.reason})" if given.reason else ""
        when = f"from {day(given.starts_on)} to {day(given.ends_on - ONE_DAY)}"
        yield f"{given.given_by} gave it on {day(service.start_recorded_on)}{because}, {when}."
        if service.ends_on is not None and service.ends_on < given.ends_on:
            yield f"It was taken away from {day(service.ends_on)} on, before its time."
        return
    order = f" by order {service.order_number}" if service.order_number else ""
    ends = "" if service.ends_on is None else f" and ended on {day(service.ends_on)}, its last day being {day(service.ends_on - ONE_DAY)}"
    yield f"The service began on {day(service.starts_on)}{order}{ends}."


def causes(line: LineFacts) -> Iterator[str]:
    """What was recorded since the last bill and changes these days; that nothing was is said of a correction."""
    is_correction = any(not mate.is_on_this_bill for mate in line.mates)
    if not is_correction and not _is_of_the_past(line):
        return
    found = [change for change in line.changes if touching(change, line) and (is_correction or not _is_plain(change))]
    for change in sorted(found, key=lambda one: (one.recorded_on, one.kind, one.of_id, one.from_on)):
        yield cause_words(change)
    if is_correction and not found:
        yield "Nothing recorded about the account since the last bill explains it: a price or a rate of VAT was changed where it stands."


def _is_plain(change: Change) -> bool:
    """A service recorded on the day it began: no more than was told already."""
    return change.kind in {ChangeKind.SERVICE_START, ChangeKind.PROMOTION_START} and change.recorded_on == change.from_on


def _is_of_the_past(line: LineFacts) -> bool:
    return line.starts_on is not None and line.starts_on < line.period_ends_on


def touching(change: Change, line: LineFacts) -> bool:
    """Whether something recorded since the last bill is about what the line is for, and about days of it."""
    if line.starts_on is None or line.ends_on is None:
        return False
    touches = change.from_on < line.ends_on and (change.until_on is None or change.until_on > line.starts_on)
    match change.kind:
        case ChangeKind.SERVICE_START | ChangeKind.SERVICE_END:
            return line.promotion_id is None and change.of_id == line.service_id
        case ChangeKind.PROMOTION_START | ChangeKind.PROMOTION_END:
            return change.of_id == line.promotion_id
        case ChangeKind.PRICE:
            return change.of_id == line.product_id and touches
        case ChangeKind.VAT_STATUS | ChangeKind.VAT_RATE | ChangeKind.CYCLE:
            return touches
        case _:
            return False


_CAUSES: Final = {
    ChangeKind.SERVICE_START: "the service began on {on}{because}",
    ChangeKind.SERVICE_END: "the service ended on {on}",
    ChangeKind.PRICE: "another price from {on}{until}{because}",
    ChangeKind.VAT_STATUS: "the account's VAT status from {on} on is {words}",
    ChangeKind.VAT_RATE: "another rate of VAT from {on}{until}{because}",
    ChangeKind.CYCLE: "the account is billed {words} from {on} on",
    ChangeKind.PROMOTION_START: "the credit begins on {on}",
    ChangeKind.PROMOTION_END: "the credit ended on {on}",
    ChangeKind.BENEFIT_START: "{words} begins on {on}",
    ChangeKind.BENEFIT_END: "{words} ended on {on}",
    ChangeKind.FRIEND_START: "{words} was named from {on} on",
    ChangeKind.FRIEND_END: "{words} was named no more from {on} on",
}


def cause_words(change: Change) -> str:
    """One thing recorded since the last bill."""
    said = _CAUSES[change.kind].format(
        on=day(change.from_on),
        until="" if change.until_on is None else f" to {day(change.until_on - ONE_DAY)}",
        because=f" ({change.words})" if change.words else "",
        words=change.words,
    )
    return f"Recorded on {day(change.recorded_on)}: {said}."
