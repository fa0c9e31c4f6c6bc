"""Rentals by difference: what should have been charged, minus what was, is what is written.

The two meet under one key: service, period, price, category and rate of VAT. So nothing is charged twice however often
it is worked out, and what is learned late (a cease, a start, another price) comes out as the lines that put it right on
the next bill, naming what they correct. Posted lines are never touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from billing.rules.charges import Charge, PriceBook, RentalKey, ServiceLife, Span, rental
from billing.rules.cycle import AnyCycle
from billing.rules.lines import DraftLine
from billing.words import LineKind
from css.core.errors import Refused
from css.core.money import ZERO, Money, Price, to_money, total

BY_THE_MONTH, BY_THE_DAY, AMOUNT_ONLY = "month", "day", "item"
"""Units of rental lines. The last puts an amount right and leaves the days charged as they were."""


class PostedRental(NamedTuple):
    """A line of an earlier bill."""

    line_id: int
    net: Money
    span: Span
    unit: str


def rental_lines(
    services: Sequence[ServiceLife],
    due: Mapping[RentalKey, Charge],
    posted: Mapping[RentalKey, Sequence[PostedRental]],
    cycle: AnyCycle,
    book: PriceBook,
) -> Iterator[DraftLine]:
    """The lines that bring what was charged to what should have been; none where they agree.

    Args:
        services: the account's, as at the cut.
        due: what should have been charged, of all of them.
        posted: what was, the oldest line first. A key that is not due any more is taken back whole.
        cycle: the account's, to know the length of a period that is taken back.
        book: the night's prices, for names and prices.

    Raises:
        Refused: CSS432E, a rental was charged for a service that is not the account's.
    """
    by_id = {service.identity: service for service in services}
    for key, charge in due.items():
        before = posted.get(key)
        if before is None:
            if charge.amount:
                yield from _first(by_id[key.identity], key, charge, book)
        elif charge.amount.pence != (was := _net(before)).pence:
            yield from _corrections(_Correction(by_id[key.identity], key, charge, before, charge.amount - was), book)
    for key, before in posted.items():
        if key not in due and (difference := -_net(before)):
            service = by_id.get(key.identity)
            if service is None:
                raise Refused(
                    "CSS432E",
                    "A rental was charged for service {service_id}, which is not the account's.",
                    service_id=key.service_id or f"(promotion {key.promotion_id})",
                )
            starts_on = key.period_starts_on
            units = cycle.months_on(starts_on) * service.quantity
            nothing = Charge(ZERO, (), 0, book.price_rows[key.price_id].net_price, cycle.whole_period_of(starts_on), units)
            yield from _corrections(_Correction(service, key, nothing, before, difference), book)


def _net(lines: Sequence[PostedRental]) -> Money:
    return lines[0].net if len(lines) == 1 else Money(sum(line.net.pence for line in lines))


def _first(service: ServiceLife, key: RentalKey, charge: Charge, book: PriceBook) -> Iterator[DraftLine]:
    """The first charge under a key: the whole period by the month, or parts of it by the day, a line for each run of days."""
    name = _name(service, book)
    if charge.days == charge.period.days:
        sign = -1 if charge.amount < ZERO else 1
        yield _line(
            service,
            key,
            book,
            kind=LineKind.RENTAL,
            words=name,
            net=charge.amount,
            quantity=sign * charge.units,
            unit=BY_THE_MONTH,
            unit_price=_unsigned(charge.price),
            span=Span(charge.spans[0].starts_on, charge.spans[-1].ends_on),
        )
        return
    shares = _shares(charge, charge.amount, charge.spans)
    if shares is None:
        # Runs of a day or two that cost next to nothing: no run has a penny of its own.
        shares = [(Span(charge.spans[0].starts_on, charge.spans[-1].ends_on), charge.amount)]
    for span, net in shares:
        days = span.days if len(shares) > 1 else charge.days
        yield _line(
            service,
            key,
            book,
            kind=LineKind.PART_PERIOD,
            words=f"{name}, {days} of {charge.period.days} days",
            net=net,
            quantity=days if net > ZERO else -days,
            unit=BY_THE_DAY,
            unit_price=_price_shown(charge, days, net),
            price_per=charge.period.days,
            reference=service.order_number if span.starts_on == service.starts_on else None,
            span=span,
        )


def _shares(charge: Charge, amount: Money, spans: Sequence[Span]) -> list[tuple[Span, Money]] | None:
    """An amount for days parted over their runs: each rounded by itself, the last takes the odd penny.

    None where the amount is not that of the days: a run would come to nothing, or to the other sign.
    """
    sign = 1 if amount > ZERO else -1
    shares = [(span, rental(charge.price, charge.units, span.days, charge.period.days)) for span in spans[:-1]]
    shares = [(span, net if (net > ZERO) == (sign > 0) else -net) for span, net in shares]
    shares.append((spans[-1], amount - total(net for _, net in shares)))
    return shares if all(net.pence * sign > 0 for _, net in shares) else None


def _price_shown(charge: Charge, days: int, net: Money) -> Price | None:
    """The price for the whole period, where it gives the line to the penny that two roundings may differ by."""
    unit_price = _unsigned(charge.price) * charge.units
    explains = abs(abs(net.pence) - to_money(unit_price, Fraction(days, charge.period.days)).pence) <= 1
    return unit_price if explains else None


@dataclass(frozen=True, slots=True)
class _Correction:
    """A key charged before whose sum is not what it should be."""

    service: ServiceLife
    key: RentalKey
    charge: Charge
    before: Sequence[PostedRental]
    difference: Money

    @property
    def latest_line_id(self) -> int:
        return self.before[-1].line_id


def _corrections(wrong: _Correction, book: PriceBook) -> Iterator[DraftLine]:
    """Days taken back, days added, or both, a line for each run of days; or the amount alone where the days stand or do not explain it.

    Days that lie apart are never one line: the next correction reads from the lines which days stand. The last line takes the
    odd penny of several roundings, so that the lines always make the difference.
    """
    shares = _day_shares(wrong)
    if shares is not None:
        for span, net, words in shares:
            yield _days_line(wrong, book, net, span, words)
        return
    charge = wrong.charge
    spans = charge.spans or tuple(line.span for line in wrong.before)
    yield _line(
        wrong.service,
        wrong.key,
        book,
        kind=LineKind.PART_PERIOD,
        words=f"{_name(wrong.service, book)}, amount put right",
        net=wrong.difference,
        quantity=-1 if wrong.difference < ZERO else 1,
        unit=AMOUNT_ONLY,
        span=Span(spans[0].starts_on, max(span.ends_on for span in spans)),
        corrects=wrong.latest_line_id,
    )


def _day_shares(wrong: _Correction) -> list[tuple[Span, Money, str]] | None:
    """The runs of days taken back and added with what each makes of the difference; None where the days do not explain it."""
    charge, (taken, given) = wrong.charge, _day_changes(wrong.charge, wrong.before)
    credit = ZERO
    if taken:
        days = sum(span.days for span in taken)
        credit = -rental(charge.price, charge.units, days, charge.period.days) if given else wrong.difference
    taken_words = "credit for {days} of {all} days" if charge.price.millionths > 0 else "taken back for {days} of {all} days"
    found: list[tuple[Span, Money, str]] = []
    for spans, amount, against, words in (
        (taken, credit, -charge.price, taken_words),
        (given, wrong.difference - credit, charge.price, "{days} more of {all} days"),
    ):
        if not spans:
            continue
        shares = _shares(charge, amount, spans) if _runs_with(amount, against) else None
        if shares is None:
            return None
        found += [(span, net, words) for span, net in shares]
    return found or None


def _runs_with(amount: Money, price: Price) -> bool:
    """Whether money and price are of one sign: days of a discount taken back raise the bill."""
    return amount != ZERO and (amount > ZERO) == (price.millionths > 0)


def _days_line(wrong: _Correction, book: PriceBook, net: Money, span: Span, words: str) -> DraftLine:
    charge = wrong.charge
    return _line(
        wrong.service,
        wrong.key,
        book,
        kind=LineKind.PART_PERIOD,
        words=f"{_name(wrong.service, book)}, {words.format(days=span.days, all=charge.period.days)}",
        net=net,
        quantity=span.days if net > ZERO else -span.days,
        unit=BY_THE_DAY,
        unit_price=_price_shown(charge, span.days, net),
        price_per=charge.period.days,
        span=span,
        corrects=wrong.latest_line_id,
    )


def _day_changes(should: Charge, was: Sequence[PostedRental]) -> tuple[Sequence[Span], Sequence[Span]]:
    """Which days were charged and should not be, and which the other way round: runs of days, in order."""
    steps: dict[date, int] = {}
    for span, sign in (
        *((span, 1) for span in should.spans),
        *((line.span, -1 if _runs_with(line.net, should.price) else 1) for line in was if line.unit != AMOUNT_ONLY),
    ):
        steps[span.starts_on] = steps.get(span.starts_on, 0) + sign
        steps[span.ends_on] = steps.get(span.ends_on, 0) - sign
    taken: list[Span] = []
    given: list[Span] = []
    level = 0
    for day, next_day in pairwise(sorted(steps)):
        level += steps[day]
        if level:
            runs = taken if level < 0 else given
            if runs and runs[-1].ends_on == day:
                runs[-1] = Span(runs[-1].starts_on, next_day)
            else:
                runs.append(Span(day, next_day))
    return taken, given


def _line(  # noqa: PLR0913 - a line is these facts, each named by its caller
    service: ServiceLife,
    key: RentalKey,
    book: PriceBook,
    *,
    kind: LineKind,
    words: str,
    net: Money,
    quantity: int,
    unit: str,
    span: Span,
    unit_price: Price | None = None,
    price_per: int = 1,
    reference: str | None = None,
    corrects: int | None = None,
) -> DraftLine:
    return DraftLine(
        kind=kind,
        words=words,
        net=net,
        tax=key.tax,
        nominal_code=book.products[service.product_id].nominal_code,
        quantity=quantity,
        unit=unit,
        unit_price=unit_price,
        price_per=price_per,
        number=service.number,
        reference=reference,
        starts_on=span.starts_on,
        ends_on=span.ends_on,
        service_id=service.service_id,
        promotion_id=service.promotion_id,
        product_id=service.product_id,
        product_price_id=key.price_id,
        rental_period_starts_on=key.period_starts_on,
        corrects_line_id=corrects,
    )


def _name(service: ServiceLife, book: PriceBook) -> str:
    name = book.products[service.product_id].name
    return name if service.quantity == 1 else f"{service.quantity} x {name}"


def _unsigned(price: Price) -> Price:
    return -price if price.millionths < 0 else price
