"""A call's price told as a story: from the carrier's line to the bill that took it, in sentences anybody can follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from billing.words import Leg, TariffState, ZeroReason
from css.core.calendar import ONE_DAY, london_date, to_london
from css.core.money import Percent, Price
from css.core.phone import display_number
from css.core.words import PriceBasis


@dataclass(frozen=True, slots=True, kw_only=True)
class FromFile:
    """Where the record stands in what the carrier sent."""

    file_name: str
    supplier: str
    sequence: int
    line_number: int
    business_date: date
    """The night that took it in."""
    raw: str | None
    """The line as it came; none where it is not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """What was set aside of a record."""

    outcome: str
    reason_code: str
    words: str
    set_aside_on: date
    settled_as: str | None
    settled_on: date | None
    settled_by: str | None
    settled_words: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """The call itself."""

    leg: Leg
    charged_number: str
    other_number: str
    started_at: datetime
    duration_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Guided:
    """Whose call it is."""

    account_number: str
    provider_code: str
    service_id: int
    product_code: str
    product_name: str
    number_since: datetime | None
    """Since when the number was that service's; none where that is no longer on file."""
    number_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedBy:
    """The tariff version that a price is of."""

    part: str
    """retail, service or wholesale."""
    tariff_code: str
    version: int
    state: TariffState
    starts_on: date
    ends_on: date | None
    basis: PriceBasis
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One row of the call: its first price, or a difference."""

    account_number: str
    rated_on: date
    rerating_id: int | None
    reason: str | None
    """Of the re-rating."""
    done_by: str | None
    call_count: int
    net: Price
    gross: Price
    bill_number: str | None
    """The bill that took it."""
    bill_issued_on: date | None
    is_on_draft: bool
    """A bill has taken it that has no number yet."""
    shows: bool
    """Whether a bill takes notice of it: a free call that is not itemised is on none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoned:
    """What the call comes to, as it stands and as the stored prices make it once more."""

    destination: str
    charge_class: str
    band: str
    net: Price
    gross: Price
    vat: Percent
    service_net: Price | None
    wholesale_net: Price | None
    zero_reason: ZeroReason | None
    again_net: Price | None
    """By the stored prices; none where they give no price."""
    again_gross: Price | None
    again_service_net: Price | None
    again_wholesale_net: Price | None

    @property
    def agrees(self) -> bool:
        """Whether the stored prices make what is stored."""
        return (self.net, self.gross, self.service_net, self.wholesale_net) == (
            self.again_net,
            self.again_gross,
            self.again_service_net,
            self.again_wholesale_net,
        )


INCLUDED_WORDS: Final = "The tariff charges nothing for so much of such a call."
"""Why it costs nothing; of a free destination and of a call not answered the components say it."""
PART_WORDS: Final = {"retail": "Tariff", "service": "The service charge is by tariff", "wholesale": "The provider is charged by tariff"}


def tell(
    *,
    file: FromFile | None,
    aside: Aside | None,
    call: CallFacts | None,
    guided: Guided | None,
    priced_by: Sequence[PricedBy],
    components: Sequence[str],
    reckoned: Reckoned | None,
    rows: Sequence[PriceRow],
) -> tuple[str, ...]:
    """The story in order; what is not known is not told."""
    told = [*_origin(file, aside)]
    if call is not None:
        told.append(_call(call))
    if guided is not None and call is not None:
        told.append(_guided(guided, call))
    if reckoned is not None:
        retail = next((one for one in priced_by if one.part == "retail"), None)
        if retail is not None:
            told.append(f"{_tariff(retail)} {_destination(retail, reckoned)}")
        told += [_tariff(one) for one in priced_by if one.part == "service"]
        told += components
        told += _reckoned(reckoned)
        told += [f"{_tariff(one)} That is {_pence(reckoned.wholesale_net)}." for one in priced_by if one.part == "wholesale"]
    return (*told, *(_row(row) for row in rows))


def _origin(file: FromFile | None, aside: Aside | None) -> Iterator[str]:
    if file is not None:
        yield (
            f"Record {file.line_number:,} of {file.file_name}, sequence {file.sequence} of {file.supplier}, "
            f"taken in by the night of {_day(file.business_date)}."
        )
    if aside is not None:
        yield f"On {_day(aside.set_aside_on)} it was {_outcome(aside.outcome)}: {aside.reason_code} {aside.words}"
        if aside.settled_as is None and aside.outcome == "suspended":
            yield "It waits to be settled and has no price yet."
        elif aside.settled_on is not None:
            because = f": {aside.settled_words}" if aside.settled_words else "."
            who = aside.settled_by or "Somebody"
            yield f"{who} settled it on {_day(aside.settled_on)}, and it was {_settled(aside.settled_as)}{because}"


def _outcome(outcome: str) -> str:
    return {"duplicate": "known as a duplicate", "suspended": "suspended", "rejected": "rejected"}.get(outcome, outcome)


def _settled(outcome: str | None) -> str:
    return "written off" if outcome == "rejected" else str(outcome)


def _call(call: CallFacts) -> str:
    charged, other = display_number(call.charged_number), display_number(call.other_number)
    when = to_london(call.started_at)
    lasted = f"for {_seconds(call.duration_seconds)}" if call.duration_seconds else "and was not answered"
    at = f"On {_day(when.date())} at {when:%H:%M:%S} by London's clocks"
    if call.leg is Leg.DIVERTED:
        return f"{at} {charged} diverted a call to {other} {lasted}; the number that diverts pays for the second leg."
    if call.leg is Leg.REVERSE:
        return f"{at} {other} called {charged}, which agreed to pay, {lasted}."
    return f"{at} {charged} called {other} {lasted}."


def _guided(guided: Guided, call: CallFacts) -> str:
    whose = f"service {guided.service_id} ({guided.product_code}, {guided.product_name}) of account {guided.account_number}"
    provider = f", a customer of {guided.provider_code}"
    number = display_number(call.charged_number)
    if guided.number_since is None:
        return f"It was charged to {whose}{provider}; today the books do not say that {number} was that service's then."
    until = "" if guided.number_until is None else f" until {_moment(guided.number_until)}"
    return f"From {_moment(guided.number_since)}{until} {number} was the number of {whose}{provider}."


def _tariff(used: PricedBy) -> str:
    until = "" if used.ends_on is None else f" to {_day(used.ends_on - ONE_DAY)}"
    basis = "with VAT in them" if used.basis is PriceBasis.GROSS else "without VAT"
    since = " It has been superseded since; the call was charged by it all the same." if used.state is TariffState.SUPERSEDED else ""
    version = f"{PART_WORDS[used.part]} {used.tariff_code} version {used.version}"
    return f"{version}, from {_day(used.starts_on)}{until}, its prices published {basis}.{since}"


def _destination(used: PricedBy, reckoned: Reckoned) -> str:
    where = f"Numbers that begin with {used.prefix} are {reckoned.destination} (class {reckoned.charge_class})"
    return f"{where}; the call began in the {reckoned.band} band."


def _reckoned(reckoned: Reckoned) -> Iterator[str]:
    if reckoned.zero_reason is ZeroReason.INCLUDED:
        yield INCLUDED_WORDS
    service = ""
    if reckoned.service_net is not None:
        service = (
            f", of which {_pence(reckoned.net - reckoned.service_net)} access charge and {_pence(reckoned.service_net)} service charge,"
        )
    vat = f"{_pence(reckoned.gross)} with VAT at {reckoned.vat}%"
    if reckoned.agrees:
        yield f"In all {_pence(reckoned.net)} before VAT{service} and {vat}: reckoned again from the stored prices, and what is stored."
    elif reckoned.again_net is None or reckoned.again_gross is None:
        yield f"Stored is {_pence(reckoned.net)} before VAT{service} and {vat}; the stored prices do not give a price any more."
    else:
        yield (
            f"Stored is {_pence(reckoned.net)} before VAT{service} and {vat}; but the stored prices make {_pence(reckoned.again_net)} "
            f"and {_pence(reckoned.again_gross)}."
        )


def _row(row: PriceRow) -> str:
    return f"{_what(row)} {_where(row)}"


def _what(row: PriceRow) -> str:
    if row.rerating_id is None:
        return f"Rated on {_day(row.rated_on)}: {_pence(row.net)} before VAT for account {row.account_number}."
    moved = {1: " The call came to this account.", -1: " The call left this account."}.get(row.call_count, "")
    because = f" ({row.reason})" if row.reason else ""
    return (
        f"Re-rating {row.rerating_id} by {row.done_by} on {_day(row.rated_on)}{because}: {_pence(row.net)} before VAT "
        f"for account {row.account_number}.{moved}"
    )


def _where(row: PriceRow) -> str:
    if not row.shows:
        return "It costs nothing, and no bill shows it."
    if row.bill_number is not None and row.bill_issued_on is not None:
        return f"Bill {row.bill_number} of {_day(row.bill_issued_on)} took it."
    if row.is_on_draft:
        return "A bill that has no number yet has taken it."
    return "The next bill of the account will take it."


def _pence(price: Price | None) -> str:
    return "no price" if price is None else f"{price}p"


def _seconds(seconds: int) -> str:
    minutes, left = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"
    return f"{clock} ({seconds:,} {'second' if seconds == 1 else 'seconds'})"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _moment(instant: datetime) -> str:
    shown = to_london(instant)
    midnight = shown.hour == shown.minute == shown.second == 0
    return _day(london_date(instant)) if midnight else f"{_day(shown.date())} {shown:%H:%M}"
