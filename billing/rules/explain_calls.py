"""Why a line of calls, or of corrections of calls, is what it is: by which prices, how many, how long, and what re-rating changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from billing.rules.explain_facts import CallSeen, CallsPriced, LineFacts, Rerated
from billing.rules.explain_retaxed import retaxed_parts, retaxed_words
from billing.rules.explain_sum import Part, part, step, sum_of
from billing.rules.explain_words import clock, day, moment, plural, span
from billing.rules.lines import PER_CORRECTION, PER_RETAXED
from billing.words import TariffState
from css.core.calendar import ONE_DAY
from css.core.words import PriceBasis

HOW_TO_SEE: Final = "`css usage explain` with a call's record takes its price apart."


def calls_parts(line: LineFacts) -> tuple[Part, ...]:
    """The exact sums by price, or by re-rating, rounded once together; nothing where the calls on file do not make the line."""
    if line.unit == PER_RETAXED:
        return retaxed_parts(line)
    if line.unit == PER_CORRECTION:
        steps = tuple(step(_corrected(one), str(one.net)) for one in line.reratings)
        words = "What the calls should have cost, less what was charged for them"
    else:
        steps = tuple(step(_priced(one), str(one.net)) for one in line.calls)
        words = "The calls at their prices"
    parts = (part(words, steps),)
    return parts if steps and sum_of(parts) == line.net else ()


def _priced(one: CallsPriced) -> str:
    price = f" at {one.price_words}" if one.price_words else ""
    service = "" if one.service_net is None else f"; {one.service_net}p of it is the service charge by {one.service_tariff or 'its tariff'}"
    version = "prices no longer on file" if one.tariff_code is None else f"{one.tariff_code} version {one.version}"
    count = f"{plural(one.call_count, 'call')}, {clock(one.duration_seconds)}, {plural(one.units, 'unit')}"
    return f"{one.destination} (numbers that begin with {one.prefix}) by {version}{price}: {count}{service}"


def _corrected(one: Rerated) -> str:
    return f"re-rating {one.rerating_id} of {day(one.done_on)}: {plural(one.call_count, 'call')}"


def calls_words(line: LineFacts) -> Iterator[str]:
    """What was called and charged for, and by which versions of which tariffs."""
    count = abs(line.quantity)
    if line.unit == PER_RETAXED:
        when = span(line.starts_on, line.ends_on) if line.starts_on and line.ends_on else "earlier days"
        yield f"{plural(count, 'call')} of {when}, on bills before, {'is' if count == 1 else 'are'} taxed otherwise."
        yield from retaxed_words(line)
        return
    if line.unit == PER_CORRECTION:
        when = span(line.starts_on, line.ends_on) if line.starts_on and line.ends_on else "earlier days"
        yield f"{plural(count, 'call')} of {when}, on bills before, {'was' if count == 1 else 'were'} priced anew."
        yield from (_rerating(one) for one in line.reratings)
        yield "A difference is taxed at the rate of the day of the call, and rounded once with the others of the line."
        return
    yield (
        f"{plural(count, 'call')} lasting {clock(line.duration_seconds or 0)} together, each priced when it was rated; "
        f"those rated up to {day(line.cut)} that no bill had taken."
    )
    seen = set[tuple[str | None, int | None]]()
    for one in line.calls:
        if one.tariff_code is not None and (one.tariff_code, one.version) not in seen:
            seen.add((one.tariff_code, one.version))
            yield _version(one)
    if line.dearest:
        yield f"The dearest: {'; '.join(map(_seen, line.dearest))}. {HOW_TO_SEE}"
    else:
        yield f"None of them may be shown singly. {HOW_TO_SEE}"


def _version(one: CallsPriced) -> str:
    until = "" if one.ends_on is None else f" to {day(one.ends_on - ONE_DAY)}"
    since = "" if one.starts_on is None else f", in force from {day(one.starts_on)}{until}"
    basis = "with VAT in them" if one.basis is PriceBasis.GROSS else "without VAT"
    later = " It has been superseded since; these calls were charged by it all the same." if one.state is TariffState.SUPERSEDED else ""
    return f"Tariff {one.tariff_code} version {one.version}{since}, its prices published {basis}.{later}"


def _seen(call: CallSeen) -> str:
    where = f"{call.other_number} ({call.destination})"
    return f"{call.record} on {moment(call.started_at)} to {where}, {clock(call.duration_seconds)}, {call.net}p"


def _rerating(one: Rerated) -> str:
    because = f": {one.reason}" if one.reason else ""
    who = f" by {one.done_by}" if one.done_by else ""
    return f"Re-rating {one.rerating_id}{who} on {day(one.done_on)}{because}{'' if because.endswith('.') else '.'}"
