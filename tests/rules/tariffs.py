"""Small tariffs for worked examples: a test says what it is about and leaves the rest plain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from itertools import count
from typing import Any, TypedDict, Unpack

import polars as pl

from billing.reference import VAT_STANDARD
from billing.rules.rating import CALL_COLUMNS, price
from billing.rules.tariff import BANDS, Band, Rate, Step, TariffBook, TariffVersion
from billing.rules.tariff_table import TariffTable, compile_tariffs
from billing.words import Boundary, TariffKind
from css.core.calendar import Nation, Period, london_instant
from css.core.money import Price
from css.core.words import PriceBasis

LANDLINE = "441632960123"
MONDAY = london_instant(date(2024, 1, 15), time(10))
PER_MINUTE: Mapping[Band, str] = {"day": "10", "evening": "3", "weekend": "1"}

_ids = count(1)


def p(pence: str) -> Price:
    return Price.of(pence)


def by_minute(pence: str, from_second: int = 0) -> Step:
    return Step(from_second, 60, p(pence))


class RateTerms(TypedDict, total=False):
    minimum: Price
    maximum: Price | None
    is_itemised: bool
    is_short_code: bool
    is_free: bool
    is_access_charge: bool


class VersionTerms(TypedDict, total=False):
    version: int
    period: Period
    basis: PriceBasis
    price_rounding_millionths: int
    boundary: Boundary
    bank_holidays: Nation | None
    minimum_seconds: int
    service_tariff_code: str | None
    kind: TariffKind


def rates(prefix: str, *steps: Step, setup: str = "0", **terms: Unpack[RateTerms]) -> Iterator[Rate]:
    """The same price in every band; of no steps, 3p a minute."""
    for band in BANDS:
        yield Rate(next(_ids), prefix, band, "ANY", f"To {prefix}", p(setup), steps or (by_minute("3"),), **terms)


def banded(prefix: str, pence: Mapping[Band, str] = PER_MINUTE, setup: str = "2", **terms: Unpack[RateTerms]) -> Iterator[Rate]:
    """A price a minute for each band, and a set-up."""
    for band, per_minute in pence.items():
        yield Rate(next(_ids), prefix, band, "ANY", f"To {prefix}", p(setup), (by_minute(per_minute),), **terms)


def version(code: str, *its_rates: Rate, **terms: Unpack[VersionTerms]) -> TariffVersion:
    """Net, in force since 2010, the day from seven to seven."""
    plain = TariffVersion(next(_ids), code, 1, Period(date(2010, 1, 1)), PriceBasis.NET, time(7), time(19), its_rates)
    return replace(plain, **terms)


def table(*versions: TariffVersion) -> TariffTable:
    return compile_tariffs(TariffBook(versions, VAT_STANDARD))


def one(*its_rates: Rate, **terms: Unpack[VersionTerms]) -> TariffTable:
    """A table of one tariff, T."""
    return table(version("T", *its_rates, **terms))


def calls(*rows: tuple[str | None, str | None, str | None, datetime | None, int | None]) -> pl.DataFrame:
    """Calls as ``price`` takes them: tariff, wholesale tariff, number, start, seconds."""
    return pl.DataFrame(rows, schema=CALL_COLUMNS, orient="row")


def priced(
    tariff: TariffTable, seconds: int, started_at: datetime = MONDAY, number: str = LANDLINE, code: str = "T", wholesale: str | None = None
) -> dict[str, Any]:
    return price(calls((code, wholesale, number, started_at, seconds)), tariff).row(0, named=True)


def net(tariff: TariffTable, seconds: int, started_at: datetime = MONDAY, number: str = LANDLINE) -> str:
    """The price before VAT, in pence."""
    call = priced(tariff, seconds, started_at, number)
    assert call["reject_code"] is None, call["reject_text"]
    return str(Price(call["net_millionths"]))


def at(day: str, wall: str) -> datetime:
    """The instant at which London's clocks show that."""
    return london_instant(date.fromisoformat(day), time.fromisoformat(wall))
