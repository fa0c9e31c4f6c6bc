"""Why a call costs what it costs: from the carrier's line to the bill that took it, each step as rows and in words."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import polars as pl
from sqlalchemy import Row
from sqlalchemy.orm import Session

from billing.queries.call_prices import TariffUsed, book_as_charged, tariffs_used
from billing.rules.call_story import Aside, CallFacts, FromFile, Guided, PricedBy, PriceRow, Reckoned, tell
from billing.rules.file_outcomes import RECORDS_PER_FILE
from billing.rules.rating import price
from billing.rules.rating_components import components
from billing.rules.tariff_table import compile_tariffs
from billing.rules.usage_layouts import parse_block
from billing.words import Leg, ZeroReason
from css.core.actor import Actor
from css.core.calendar import ONE_DAY, london_date, start_of_day
from css.core.errors import BadMessage, NotFound
from css.core.money import Percent, Price
from css.core.phone import parse_number
from css.db.sql import block

CALLS_MAX: Final = 100
ABOUT: Final = timedelta(minutes=5)
"""People know when they called to some minutes."""
_RECORD_ID_MAX: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRow:
    """One part of a call's price, as ``billing.rules.rating_components`` gives it."""

    tariff_code: str
    version: int
    component: str
    band: str | None
    prefix: str | None
    from_second: int | None
    seconds: int | None
    units: int | None
    unit_seconds: int | None
    unit_price: Price | None
    amount: Price | None
    """In the tariff's basis; the parts of a tariff add up to its price of the call."""
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallExplained:
    """A call, whole."""

    usage_record_id: int
    words: tuple[str, ...]
    """The story, sentence by sentence."""
    file: FromFile | None
    aside: Aside | None
    """Set when the record was set aside, whatever came of it."""
    call: CallFacts | None
    """None for a record that was never rated."""
    guided: Guided | None
    priced_by: tuple[PricedBy, ...]
    components: tuple[ComponentRow, ...]
    reckoned: Reckoned | None
    agrees: bool
    """Whether the stored prices make what is stored, reckoned again now."""
    rows: tuple[PriceRow, ...]
    """Its first price and every difference since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One call of a number, as it stands on one account."""

    usage_record_id: int
    account_number: str
    leg: Leg
    other_number: str
    started_at: datetime
    duration_seconds: int
    destination: str
    call_count: int
    """1; 0 where the call has gone to another account."""
    net: Price
    gross: Price
    zero_reason: ZeroReason | None
    is_corrected: bool


def explain_call(session: Session, usage_record_id: int, *, by: Actor) -> CallExplained:
    """Why a call costs what it does: the stored line, whose it was, every component of its price, and where it was billed.

    The price is that which stands now, explained by the very prices stored with it, whatever tariff versions came later; a
    call that has changed hands is explained on the account that has it. A partner sees the calls of its own accounts.
    ``calls_of_number`` finds the record's id. NotFound CSS727E when there is no such record.
    """
    file = _file(session, usage_record_id)
    if file is None:
        raise _no_record(usage_record_id)
    asked = {"district": file.district_code, "record": usage_record_id}
    found = session.execute(block("billing", "explain.rows"), asked).all()
    rows = [row for row in found if not by.is_partner or row.provider_code == by.provider_code]
    if by.is_partner and not rows:
        raise _no_record(usage_record_id)
    aside = session.execute(block("billing", "explain.aside_of"), asked).one_or_none()
    where = _from_file(session, file, usage_record_id)
    put_aside = None if aside is None else _aside(aside)
    if not rows:
        return _never_rated(usage_record_id, where, put_aside)
    return _rated(session, usage_record_id, rows, where, put_aside)


def calls_of_number(
    session: Session,
    number: str,
    at: datetime | None = None,
    from_on: date | None = None,
    to_on: date | None = None,
    limit: int = CALLS_MAX,
    *,
    by: Actor,
) -> tuple[CallRow, ...]:
    """The rated calls charged to a number: about an instant (five minutes each way), or from a day to a day, both included.

    A partner sees those of its own accounts. BadMessage CSS728E when no time is given; those of ``parse_number``.
    """
    held = parse_number(number)
    if at is not None:
        since, before = at - ABOUT, at + ABOUT
    elif from_on is not None or to_on is not None:
        first, last = from_on or to_on, to_on or from_on
        assert first is not None, "one of them is given"
        assert last is not None, "one of them is given"
        since, before = start_of_day(first), start_of_day(last + ONE_DAY)
    else:
        raise BadMessage("CSS728E", "Say when: about an instant (at), or from a day (from_on) to a day (to_on).", element="at")
    found = session.execute(
        block("billing", "explain.calls_of_number"),
        # A night takes what was made until the day after it.
        {"number": held, "from_at": since, "before": before, "first_night": london_date(since) - ONE_DAY, "limit": limit},
    )
    return tuple(_call_row(row) for row in found if not by.is_partner or row.provider_code == by.provider_code)


def _no_record(usage_record_id: int) -> NotFound:
    return NotFound("CSS727E", "There is no usage record {record}.", record=usage_record_id, element="usage_record_id")


def _call_row(row: Row[Any]) -> CallRow:
    return CallRow(
        usage_record_id=row.usage_record_id,
        account_number=row.account_number,
        leg=Leg(row.leg),
        other_number=row.other_number,
        started_at=row.started_at,
        duration_seconds=int(row.duration_seconds),
        destination=row.destination,
        call_count=int(row.call_count),
        net=Price(int(row.net_millionths)),
        gross=Price(int(row.gross_millionths)),
        zero_reason=None if row.zero_reason is None else ZeroReason(row.zero_reason),
        is_corrected=row.difference_count > 0,
    )


def _file(session: Session, usage_record_id: int) -> Row[Any] | None:
    """The file of a record, if it has so many."""
    if usage_record_id > _RECORD_ID_MAX:
        return None
    file_id, line = divmod(usage_record_id, RECORDS_PER_FILE)
    row = session.execute(block("billing", "explain.file_of"), {"usage_file_id": file_id}).one_or_none()
    return row if row is not None and 1 <= line <= row.record_count else None


def _from_file(session: Session, file: Row[Any], usage_record_id: int) -> FromFile:
    line = usage_record_id % RECORDS_PER_FILE
    held = session.execute(block("billing", "explain.block_of"), {"usage_file_id": file.id, "line": line}).one_or_none()
    raw = None
    if held is not None and line < held.first_line + held.line_count:
        # Read as the night read it, so that the line is surely the one that was rated.
        records = parse_block(file.layout, gzip.decompress(bytes(held.raw)), held.first_line, None)
        raw = next(iter(records.filter(pl.col("line_number") == line)["raw"].to_list()), None)
    return FromFile(
        file_name=file.file_name,
        supplier=file.supplier,
        sequence=file.sequence,
        line_number=line,
        business_date=file.business_date,
        raw=raw,
    )


def _aside(row: Row[Any]) -> Aside:
    return Aside(
        outcome=row.outcome,
        reason_code=row.reason_code,
        words=row.words,
        set_aside_on=row.set_aside_on,
        settled_as=row.settled_as,
        settled_on=row.settled_on,
        settled_by=row.settled_by,
        settled_words=row.settled_words,
    )


def _never_rated(usage_record_id: int, file: FromFile, aside: Aside | None) -> CallExplained:
    words = tell(file=file, aside=aside, call=None, guided=None, priced_by=(), components=(), reckoned=None, rows=())
    if aside is None:
        words = (*words, "It has not been rated yet.")
    return CallExplained(
        usage_record_id=usage_record_id,
        words=words,
        file=file,
        aside=aside,
        call=None,
        guided=None,
        priced_by=(),
        components=(),
        reckoned=None,
        agrees=False,
        rows=(),
    )


def _rated(session: Session, usage_record_id: int, rows: Sequence[Row[Any]], file: FromFile, aside: Aside | None) -> CallExplained:
    first = rows[0]
    # The account that has the call now, in the words of the latest row that priced it.
    counts = {row.account_id: sum(int(one.call_count) for one in rows if one.account_id == row.account_id) for row in rows}
    latest = next((row for row in reversed(rows) if counts[row.account_id] > 0), rows[-1])
    of_account = [row for row in rows if row.account_id == latest.account_id]
    call = CallFacts(
        leg=Leg(first.leg),
        charged_number=first.charged_number,
        other_number=first.other_number,
        started_at=first.started_at,
        duration_seconds=next(row.duration_seconds for row in rows if row.call_count > 0),
    )
    priced_by: tuple[PricedBy, ...] = ()
    parts: tuple[ComponentRow, ...] = ()
    reckoned = None
    # A partner whose call has gone to another's account sees that it has, and what was given back.
    if counts[latest.account_id] > 0:
        priced_by, parts, again = _priced_again(session, latest, call)
        reckoned = _reckoned(latest, of_account, again)
    guided = _guided(session, latest, call)
    told = tuple(_price_row(row) for row in rows)
    words = tell(
        file=file,
        aside=aside,
        call=call,
        guided=guided,
        priced_by=priced_by,
        components=[part.words for part in parts],
        reckoned=reckoned,
        rows=told,
    )
    return CallExplained(
        usage_record_id=usage_record_id,
        words=words,
        file=file,
        aside=aside,
        call=call,
        guided=guided,
        priced_by=priced_by,
        components=parts,
        reckoned=reckoned,
        agrees=reckoned is None or reckoned.agrees,
        rows=told,
    )


def _priced_again(
    session: Session, row: Row[Any], call: CallFacts
) -> tuple[tuple[PricedBy, ...], tuple[ComponentRow, ...], dict[str, Any]]:
    """The versions the stored prices are of, and what they make of the call: its components, and its price as ``price`` gives it."""
    stored = {"retail": row.tariff_rate_id, "service": row.service_rate_id, "wholesale": row.wholesale_rate_id}
    rates = {part: rate for part, rate in stored.items() if rate is not None}
    used = tariffs_used(session, list(rates.values()))
    priced_by = tuple(_priced_by(part, used[rate]) for part, rate in rates.items() if rate in used)
    if "retail" not in {one.part for one in priced_by}:
        return priced_by, (), {}
    codes = {one.part: one.tariff_code for one in priced_by}
    book = book_as_charged(session, london_date(call.started_at), list(rates.values()), Percent(row.vat_basis_points))
    calls = pl.DataFrame(
        {
            "tariff_code": [codes["retail"]],
            "wholesale_tariff_code": [codes.get("wholesale")],
            "other_number": [call.other_number],
            "started_at": [call.started_at],
            "duration_seconds": [call.duration_seconds],
        },
        schema_overrides={"wholesale_tariff_code": pl.String(), "started_at": pl.Datetime("us", "UTC"), "duration_seconds": pl.Int64()},
    )
    table = compile_tariffs(book)
    parts = tuple(_component(part) for part in components(calls, table).iter_rows(named=True))
    return priced_by, parts, price(calls, table).row(0, named=True)


def _priced_by(part: str, used: TariffUsed) -> PricedBy:
    return PricedBy(
        part=part,
        tariff_code=used.tariff_code,
        version=used.version,
        state=used.state,
        starts_on=used.starts_on,
        ends_on=used.ends_on,
        basis=used.basis,
        prefix=used.prefix,
    )


def _component(part: dict[str, Any]) -> ComponentRow:
    return ComponentRow(
        tariff_code=part["tariff_code"],
        version=part["version"],
        component=part["component"],
        band=part["band"],
        prefix=part["prefix"],
        from_second=part["from_second"],
        seconds=part["seconds"],
        units=part["units"],
        unit_seconds=part["unit_seconds"],
        unit_price=_price(part["unit_price_millionths"]),
        amount=_price(part["amount_millionths"]),
        words=part["words"],
    )


def _reckoned(latest: Row[Any], rows: Sequence[Row[Any]], again: dict[str, Any]) -> Reckoned:
    net = Price(sum(int(row.net_millionths) for row in rows))
    return Reckoned(
        destination=latest.destination,
        charge_class=latest.charge_class,
        band=latest.band,
        net=net,
        gross=Price(sum(int(row.gross_millionths) for row in rows)),
        vat=Percent(latest.vat_basis_points),
        service_net=_sum([row.service_net_millionths for row in rows], has=latest.service_rate_id is not None),
        wholesale_net=_sum([row.wholesale_net_millionths for row in rows], has=latest.wholesale_rate_id is not None),
        zero_reason=None if net or not again.get("zero_reason") else ZeroReason(again["zero_reason"]),
        again_net=_price(again.get("net_millionths")),
        again_gross=_price(again.get("gross_millionths")),
        again_service_net=_price(again.get("service_net_millionths")),
        again_wholesale_net=_price(again.get("wholesale_net_millionths")),
    )


def _price(millionths: int | None) -> Price | None:
    return None if millionths is None else Price(int(millionths))


def _sum(amounts: Sequence[int | None], *, has: bool) -> Price | None:
    return Price(sum(int(amount or 0) for amount in amounts)) if has else None


def _guided(session: Session, row: Row[Any], call: CallFacts) -> Guided:
    asked = {"service": row.service_id, "number": call.charged_number, "at": call.started_at}
    used = session.execute(block("billing", "explain.number_of"), asked).one_or_none()
    return Guided(
        account_number=row.account_number,
        provider_code=row.provider_code,
        service_id=row.service_id,
        product_code=row.product_code or "",
        product_name=row.product_name or "",
        number_since=None if used is None else used.starts_at,
        number_until=None if used is None else used.ends_at,
    )


def _price_row(row: Row[Any]) -> PriceRow:
    return PriceRow(
        account_number=row.account_number,
        rated_on=row.rated_on,
        rerating_id=row.rerating_id,
        reason=row.reason,
        done_by=row.done_by,
        call_count=row.call_count,
        net=Price(row.net_millionths),
        gross=Price(row.gross_millionths),
        bill_number=row.bill_number,
        bill_issued_on=row.issue_on if row.bill_number is not None else None,
        is_on_draft=row.bill_id is not None and row.bill_number is None,
        shows=row.net_millionths != 0 or (row.is_itemised and row.rerating_id is None),
    )
