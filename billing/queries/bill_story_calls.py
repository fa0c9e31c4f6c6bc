"""The calls behind the lines of a bill: by which prices they were charged, the dearest of them, and what re-rating changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import Row
from sqlalchemy.orm import Session

from billing.model import Bill
from billing.queries.account_terms import Taxed, taxed_at_cut
from billing.queries.retaxed import Since, retaxed_at_cut
from billing.rules.explain_facts import CallSeen, CallsPriced, Rerated
from billing.rules.file_outcomes import RECORDS_PER_FILE
from billing.rules.lines import PER_CORRECTION, PER_RETAXED
from billing.rules.privacy import masked
from billing.rules.retaxing import NOTHING, MovedKey, moved_calls
from billing.rules.vat import Tax, VatHistory, tax_at
from billing.words import LineKind, TariffState
from css.core.calendar import start_of_day
from css.core.money import Price
from css.core.phone import display_number
from css.core.words import Itemisation, PriceBasis, VatCode, VatStatus
from css.db.sql import block

DEAREST_SHOWN: Final = 5


class _Key(NamedTuple):
    """What says which line a call is on."""

    is_correction: bool
    number: str
    charge_class: str
    band: str
    tax: Tax


@dataclass(frozen=True, slots=True)
class CallsOfLines:
    """By the number of the line."""

    priced: Mapping[int, Sequence[CallsPriced]] = field(default_factory=dict)
    dearest: Mapping[int, Sequence[CallSeen]] = field(default_factory=dict)
    reratings: Mapping[int, Sequence[Rerated]] = field(default_factory=dict)

    def of(self, line_number: int) -> tuple[Sequence[CallsPriced], Sequence[CallSeen], Sequence[Rerated]]:
        """Of one line."""
        return self.priced.get(line_number, ()), self.dearest.get(line_number, ()), self.reratings.get(line_number, ())


def calls_of_lines(session: Session, bill: Bill, lines: Iterable[Row[Any]], opened_on: date, *, itemisation: Itemisation) -> CallsOfLines:
    """The calls of these lines of a bill; nothing is read where none of them is of calls."""
    wanted = {
        _Key(
            row.unit == PER_CORRECTION, row.number, row.charge_class, row.band, Tax(row.vat_category, row.vat_basis_points)
        ): row.line_number
        for row in lines
        if row.kind == LineKind.CALLS and row.unit != PER_RETAXED
    }
    if not wanted:
        return CallsOfLines()
    history = vat_history(session, bill)
    window = {
        "district": bill.district_code,
        "account": bill.account_id,
        "after": bill.usage_after,
        "through": bill.usage_through,
        "opened": opened_on,
        "turns": [start_of_day(day) for day in history.changes],
    }

    def line_of(row: Row[Any], *, is_correction: bool) -> int | None:
        tax = tax_at(history.terms[row.turn].status, VatCode.STANDARD, row.vat_basis_points)
        return wanted.get(_Key(is_correction, row.charged_number, row.charge_class, row.band, tax))

    priced, dearest, reratings = (
        defaultdict[int, list[CallsPriced]](list),
        defaultdict[int, list[CallSeen]](list),
        defaultdict[int, list[Rerated]](list),
    )
    sums = session.execute(block("billing", "story.calls"), window).all()
    prices = _prices(session, sums)
    for row in sums:
        if (line := line_of(row, is_correction=False)) is not None:
            priced[line].append(_priced(row, prices))
    if itemisation is not Itemisation.NONE:
        for row in session.execute(block("billing", "story.dearest_calls"), {**window, "limit": DEAREST_SHOWN}):
            if (line := line_of(row, is_correction=False)) is not None:
                dearest[line].append(_seen(row, itemisation))
    for row in session.execute(block("billing", "story.reratings"), window):
        if (line := line_of(row, is_correction=True)) is not None:
            reratings[line].append(_rerated(row))
    return CallsOfLines(priced, dearest, reratings)


def vat_history(session: Session, bill: Bill) -> VatHistory:
    """How the account was taxed when, as far as was recorded by the bill's cut."""
    return taxed_by(session, bill).history


def taxed_by(session: Session, bill: Bill) -> Taxed:
    """The same, with what of it the bill before did not know."""
    said = {bill.account_id: VatStatus(bill.payer["vat_status"])}
    return taxed_at_cut(session, said, {bill.account_id: bill.usage_after}, bill.usage_through)[bill.account_id]


def calls_moved(session: Session, bill: Bill, lines: Iterable[Row[Any]]) -> Mapping[int, Price]:
    """Of the lines of a bill that move calls to another VAT, by number, what they move exactly; nothing is read where none does."""
    wanted = [row for row in lines if row.unit == PER_RETAXED]
    if not wanted or bill.usage_after is None:
        return {}
    since = Since(bill.usage_after, taxed_by(session, bill).changes)
    taken = retaxed_at_cut(session, bill.district_code, {bill.account_id: since}).get(bill.account_id, NOTHING)
    moved = moved_calls(taken.calls)
    keys = {
        row.line_number: MovedKey(row.number, row.charge_class, row.band, Tax(row.vat_category, row.vat_basis_points), row.net < 0)
        for row in wanted
    }
    return {line: moved[key].net for line, key in keys.items() if key in moved}


def _prices(session: Session, sums: Sequence[Row[Any]]) -> Mapping[int, Row[Any]]:
    rates = {row.tariff_rate_id for row in sums} | {row.service_rate_id for row in sums if row.service_rate_id is not None}
    return {row.rate_id: row for row in session.execute(block("billing", "story.prices"), {"rates": sorted(rates)})}


def _priced(row: Row[Any], prices: Mapping[int, Row[Any]]) -> CallsPriced:
    price, service = prices.get(row.tariff_rate_id), prices.get(row.service_rate_id or 0)
    return CallsPriced(
        tariff_code=None if price is None else price.code,
        version=None if price is None else price.version,
        state=None if price is None else TariffState(price.state),
        starts_on=None if price is None else price.starts_on,
        ends_on=None if price is None else price.ends_on,
        basis=None if price is None else PriceBasis(price.basis),
        prefix="" if price is None else price.prefix,
        destination="" if price is None else price.destination,
        price_words="" if price is None else price_words(price),
        service_tariff=None if service is None else f"{service.code} version {service.version}",
        call_count=row.call_count,
        duration_seconds=int(row.duration_seconds),
        units=int(row.units),
        net=Price(int(row.net_millionths)),
        service_net=None if row.service_net_millionths is None else Price(int(row.service_net_millionths)),
    )


def price_words(price: Row[Any]) -> str:
    """A price of calls as the tariff has it: ``set-up 9.9p, 5.9p per 60 s``."""
    said = [f"set-up {_pence(price.setup_price)}"] if price.setup_price else []
    for since, once, unit, each in zip(price.from_seconds, price.step_prices, price.unit_seconds, price.unit_prices, strict=True):
        if since is None:
            continue
        terms = [f"{_pence(once)} once"] if once else []
        terms += [f"{_pence(each)} per {unit} s"] if unit else []
        said.append(f"{f'from {since} s ' if since else ''}{' and '.join(terms) or 'nothing'}")
    if price.minimum_price:
        said.append(f"at least {_pence(price.minimum_price)}")
    if price.maximum_price is not None:
        said.append(f"at most {_pence(price.maximum_price)}")
    return ", ".join(said)


def _pence(value: object) -> str:
    return f"{Price.of(str(value))}p"


def _seen(row: Row[Any], itemisation: Itemisation) -> CallSeen:
    number = display_number(row.other_number)
    return CallSeen(
        record=record_words(row.usage_record_id),
        started_at=row.started_at,
        other_number=masked(number) if itemisation is Itemisation.MASKED else number,
        destination=row.destination,
        duration_seconds=row.duration_seconds,
        net=Price(int(row.net_millionths)),
    )


def record_words(record: int) -> str:
    """A usage record as people name it: the file's id and the line, ``12/345``."""
    file, line = divmod(record, RECORDS_PER_FILE)
    return f"{file}/{line}"


def _rerated(row: Row[Any]) -> Rerated:
    return Rerated(
        rerating_id=row.rerating_id,
        done_on=row.rated_on,
        done_by=row.done_by,
        reason=row.reason,
        call_count=row.call_count,
        net=Price(int(row.net_millionths)),
    )
