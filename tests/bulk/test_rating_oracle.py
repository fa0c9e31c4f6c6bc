"""The rating rule against a slow, obvious one: it walks each call unit by unit, in fractions, written from the conventions alone.

The tariffs are made up afresh for every seed: nested prefixes, steps of any unit, caps, minima, roundings, net and gross,
versions that follow each other, split at the bands or not, with bank holidays or without, access and service charges,
wholesale. The calls crowd where mistakes live: band edges, midnights, the two nights the clocks change, bank holidays, leap
days, the days VAT or the tariff changed, nought seconds, a day and longer, figures near the largest amount.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from billing.reference import VAT_STANDARD
from billing.rules.rating import CALL_COLUMNS, PRICED_COLUMNS, price
from billing.rules.rating_components import components
from billing.rules.rating_part import DURATION_MAX_SECONDS
from billing.rules.tariff import BANDS, Band, Rate, Step, TariffBook, TariffVersion
from billing.rules.tariff_table import AMOUNT_MAX_MILLIONTHS, compile_tariffs
from billing.words import Boundary, TariffKind
from css.core.calendar import NATIONS, Nation, Period, is_bank_holiday
from css.core.money import Price, round_half_up
from css.core.words import PriceBasis

LONDON = ZoneInfo("Europe/London")
CALLS_PER_SEED = 800
HOURS_MANY = 5 * 3600
BAND_BY_MINUTE: dict[tuple[time, time, Nation | None, int], Band] = {}
Call = tuple[str, str | None, str, datetime, int]

EDGES = [
    datetime(2010, 3, 28, 1, tzinfo=UTC),  # clocks go forward
    datetime(2010, 10, 31, 1, tzinfo=UTC),  # and back
    datetime(2010, 3, 26, 23, tzinfo=UTC),  # into those weekends
    datetime(2010, 10, 29, 22, tzinfo=UTC),
    datetime(2010, 4, 2, 6, tzinfo=UTC),  # Good Friday
    datetime(2010, 8, 2, 6, tzinfo=UTC),  # a bank holiday in Scotland alone
    datetime(2009, 12, 28, 7, tzinfo=UTC),  # a substitute for Boxing Day
    datetime(2012, 2, 29, tzinfo=UTC),
    datetime(2008, 12, 1, tzinfo=UTC),  # VAT changes
    datetime(2010, 1, 1, tzinfo=UTC),
    datetime(2011, 1, 4, tzinfo=UTC),
    datetime(2010, 3, 31, 23, tzinfo=UTC),  # London midnight in summer, and new tariffs
    datetime(2010, 4, 6, 6, tzinfo=UTC),  # the day begins, and ends
    datetime(2010, 4, 6, 18, tzinfo=UTC),
    datetime(2010, 4, 9, 17, tzinfo=UTC),  # a Friday evening
    datetime(2010, 4, 11, 23, tzinfo=UTC),  # Monday begins
]


@pytest.mark.parametrize("seed", range(4))
def test_calls_are_priced_alike(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - made-up calls, not secrets
    book = made_up_book(rng)
    calls = [made_up_call(rng, book) for _ in range(CALLS_PER_SEED)]
    frame = price(pl.DataFrame(calls, schema=CALL_COLUMNS, orient="row"), compile_tariffs(book))
    expected = [oracle(book, *call) for call in calls]
    found = frame.select(name for name in PRICED_COLUMNS if name != "reject_text").rows(named=True)
    wrong = [(call, want, got) for call, want, got in zip(calls, expected, found, strict=True) if want != got]
    assert not wrong, f"{len(wrong)} calls priced otherwise, the first: {wrong[0]}"
    # Every branch was met: otherwise the agreement says less than it seems to.
    met = {name: Counter(row[name] for row in found) for name in ("reject_code", "band", "zero_reason", "wholesale_reject_code")}
    assert set(met["reject_code"]) == {None, "CSS407E", "CSS414E", "CSS416E", "CSS418E", "CSS450E"}
    assert set(met["band"]) == {None, *BANDS}
    assert set(met["zero_reason"]) == {None, "free", "unanswered", "included"}
    assert set(met["wholesale_reject_code"]) >= {None, "CSS414E", "CSS416E"}
    assert met["reject_code"][None] > CALLS_PER_SEED / 3
    assert sum(row["service_rate_id"] is not None for row in found) > CALLS_PER_SEED / 50


@pytest.mark.parametrize("seed", [4])
def test_the_components_of_every_call_add_up_to_its_price(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - made-up calls, not secrets
    book = made_up_book(rng)
    table = compile_tariffs(book)
    calls = pl.DataFrame([made_up_call(rng, book) for _ in range(CALLS_PER_SEED)], schema=CALL_COLUMNS, orient="row")
    bases = {version.tariff_version_id: version.basis for version in book.versions}
    taken_apart: dict[int, list[dict[str, Any]]] = {}
    for row in components(calls, table).rows(named=True):
        taken_apart.setdefault(row["call_index"], []).append(row)
    met = Counter(row["component"] for rows in taken_apart.values() for row in rows)
    assert len(met) == 11, met
    for index, call in enumerate(price(calls, table).rows(named=True)):
        rows = taken_apart.get(index, [])
        if call["reject_code"] is not None:
            assert rows == []
            continue
        assert [row["ordinal"] for row in rows] == list(range(1, len(rows) + 1))
        net, gross = call["net_millionths"], call["gross_millionths"]
        published, other = (gross, net) if bases[call["tariff_version_id"]] is PriceBasis.GROSS else (net, gross)
        assert sum(row["amount_millionths"] for row in rows if row["component"] != "vat") == published
        assert sum(row["amount_millionths"] for row in rows) == other
        own = [row["units"] or 0 for row in rows if row["tariff_code"] == call["tariff_code"]]
        assert sum(own) == call["chargeable_units"]
        for row in rows:
            if row["component"] == "units":
                assert row["units"] * row["unit_price_millionths"] == row["amount_millionths"]


@dataclass(frozen=True)
class Part:
    """What one tariff charges."""

    version: TariffVersion
    rate: Rate
    band: Band
    units: int
    net: int
    gross: int


def oracle(
    book: TariffBook, tariff_code: str, wholesale_code: str | None, number: str, started_at: datetime, seconds: int
) -> dict[str, Any]:
    """What the conventions say of one call, step by step."""
    nothing = dict.fromkeys(name for name in PRICED_COLUMNS if name != "reject_text")
    if seconds < 0:
        return nothing | {"reject_code": "CSS407E"}
    retail = part(book, tariff_code, number, started_at, seconds)
    if isinstance(retail, str):
        return nothing | {"reject_code": retail}
    service: Part | None = None
    if retail.rate.is_access_charge:
        assert retail.version.service_tariff_code is not None
        found = part(book, retail.version.service_tariff_code, number, started_at, seconds)
        if isinstance(found, str):
            return nothing | {"reject_code": "CSS418E" if found == "CSS418E" else "CSS450E"}
        service = found
    wholesale = None if wholesale_code is None else part(book, wholesale_code, number, started_at, seconds)
    net = retail.net + (service.net if service else 0)
    reason = "free" if retail.rate.is_free else "unanswered" if seconds == 0 else "included"
    return {
        "tariff_version_id": retail.version.tariff_version_id,
        "rate_id": retail.rate.rate_id,
        "charge_class": retail.rate.charge_class,
        "prefix": retail.rate.prefix,
        "destination": retail.rate.destination,
        "is_itemised": retail.rate.is_itemised,
        "band": retail.band,
        "chargeable_units": retail.units,
        "net_millionths": net,
        "gross_millionths": retail.gross + (service.gross if service else 0),
        "vat_basis_points": int(vat_percent(book, london_day(started_at)) * 100),
        "service_rate_id": service.rate.rate_id if service else None,
        "service_net_millionths": service.net if service else None,
        "wholesale_rate_id": wholesale.rate.rate_id if isinstance(wholesale, Part) else None,
        "wholesale_net_millionths": wholesale.net if isinstance(wholesale, Part) else None,
        "zero_reason": reason if net == 0 else None,
        "reject_code": None,
        "wholesale_reject_code": wholesale if isinstance(wholesale, str) else None,
    }


def part(book: TariffBook, code: str, number: str, started_at: datetime, seconds: int) -> Part | str:
    """What one tariff charges for the call, or why it cannot tell."""
    day = london_day(started_at)
    version = next((one for one in book.versions if one.tariff_code == code and one.period.contains(day)), None)
    if version is None:
        return "CSS414E"
    begins = [one for one in version.rates if one.is_short_code == (len(number) <= 6) and number.startswith(one.prefix)]
    if not begins:
        return "CSS416E"
    prefix = max(begins, key=lambda one: len(one.prefix)).prefix
    by_band = {one.band: one for one in begins if one.prefix == prefix}
    band = band_at(version, started_at)
    rate = by_band[band]
    if seconds > DURATION_MAX_SECONDS:
        return "CSS418E"
    units, amount = 0, Fraction(0)
    if seconds and not rate.is_free:
        units, charge = walk(version, by_band, started_at, max(seconds, version.minimum_seconds))
        charge = max(charge, rate.minimum.millionths)
        if rate.maximum is not None:
            charge = min(charge, rate.maximum.millionths)
        multiple = version.price_rounding_millionths
        amount = Fraction(round_half_up(Fraction(charge, multiple)) * multiple)
    if amount > AMOUNT_MAX_MILLIONTHS:
        return "CSS418E"
    with_vat = 1 + vat_percent(book, day) / 100
    is_gross = version.basis is PriceBasis.GROSS
    net, gross = (amount / with_vat, amount) if is_gross else (amount, amount * with_vat)
    return Part(version, rate, band, units, round_half_up(net), round_half_up(gross))


def walk(version: TariffVersion, by_band: dict[Band, Rate], started_at: datetime, seconds: int) -> tuple[int, int]:
    """Units and charge, one unit after the other."""
    first = band_at(version, started_at)

    def rate_after(elapsed: int) -> Rate:
        if version.boundary is Boundary.START:
            return by_band[first]
        return by_band[band_at(version, started_at + timedelta(seconds=elapsed))]

    units, charge = 0, by_band[first].setup.millionths
    grid = by_band[first].steps
    for number, step in enumerate(grid):
        if seconds <= step.from_second:
            break
        charge += rate_after(step.from_second).steps[number].price.millionths
        ends = min([seconds, *(later.from_second for later in grid[number + 1 : number + 2])])
        elapsed = step.from_second
        while step.unit_seconds and elapsed < ends:
            charge += rate_after(elapsed).steps[number].unit_price.millionths
            units += 1
            elapsed += step.unit_seconds
    return units, charge


def band_at(version: TariffVersion, instant: datetime) -> Band:
    """The band; asked once a minute, for no band begins within one."""
    key = version.daytime_from, version.daytime_to, version.bank_holidays, int(instant.timestamp()) // 60
    if key not in BAND_BY_MINUTE:
        BAND_BY_MINUTE[key] = band_on_the_clock(version, instant)
    return BAND_BY_MINUTE[key]


def band_on_the_clock(version: TariffVersion, instant: datetime) -> Band:
    local = instant.astimezone(LONDON)
    if local.weekday() >= 5 or (version.bank_holidays and is_bank_holiday(local.date(), version.bank_holidays)):
        return "weekend"
    return "day" if version.daytime_from <= local.time() < version.daytime_to else "evening"


def london_day(instant: datetime) -> date:
    return instant.astimezone(LONDON).date()


def vat_percent(book: TariffBook, day: date) -> Fraction:
    return next(Fraction(row.percent.decimal) for row in book.vat if row.starts_on <= day and (row.ends_on is None or day < row.ends_on))


def made_up_book(rng: random.Random) -> TariffBook:
    cuts = [date(2008, 1, 1), date(2009, 7, 1), date(2010, 4, 1), None]
    versions: list[TariffVersion] = []
    usual = made_up_prefixes(rng, {("1", False), ("44", False), ("118", True), ("123", True), ("99", True)}, 30)
    for code, kind in (
        ("ONE", TariffKind.RETAIL),
        ("TWO", TariffKind.RETAIL),
        ("SERVICE", TariffKind.SERVICE),
        ("WHOLESALE", TariffKind.WHOLESALE),
    ):
        for number, (starts_on, ends_on) in enumerate(pairwise(cuts)):
            assert starts_on is not None
            if code == "WHOLESALE" and number == 0:
                continue
            version_id = len(versions) + 1
            boundary = rng.choice(list(Boundary))
            known = set(rng.sample(sorted(usual), len(usual) * 2 // 3)) if kind is not TariffKind.RETAIL else usual
            multiple = rng.choice([1, 7, 100_000, 1_000_000])
            versions.append(
                TariffVersion(
                    version_id,
                    code,
                    number,
                    Period(starts_on, ends_on),
                    rng.choice(list(PriceBasis)),
                    time(rng.choice([0, 1, 6, 7]), rng.choice([0, 30])),
                    time(rng.choice([18, 19, 23])),
                    tuple(made_up_rates(rng, version_id, made_up_prefixes(rng, known, len(known) + 10), kind, boundary, multiple)),
                    multiple,
                    boundary,
                    rng.choice([None, *NATIONS]),
                    rng.choice([0, 1, 30, 61]),
                    "SERVICE" if kind is TariffKind.RETAIL else None,
                    kind,
                )
            )
    return TariffBook(tuple(versions), VAT_STANDARD)


def made_up_prefixes(rng: random.Random, known: set[tuple[str, bool]], count: int) -> set[tuple[str, bool]]:
    prefixes = set(known)
    # Growing a digit on prefixes already there makes them nest, which is where matching goes wrong.
    while len(prefixes) < count:
        prefix, is_short_code = rng.choice(sorted(prefixes))
        if len(prefix) < (6 if is_short_code else 12):
            prefixes.add((prefix + str(rng.randrange(10)), is_short_code))
        prefixes.add((str(rng.randrange(1, 999)), False))
    return prefixes


def made_up_rates(
    rng: random.Random, version_id: int, prefixes: set[tuple[str, bool]], kind: TariffKind, boundary: Boundary, multiple: int
) -> list[Rate]:
    rates: list[Rate] = []
    for prefix, is_short_code in sorted(prefixes):
        is_free = rng.random() < 0.1
        is_access = kind is TariffKind.RETAIL and not is_free and rng.random() < 0.2
        is_nought = rng.random() < 0.1
        grid = made_up_grid(rng)
        for band in BANDS:
            its_grid = grid if boundary is Boundary.SPLIT else made_up_grid(rng)
            least = 0 if is_nought or rng.random() < 0.5 else made_up_price(rng).millionths
            minimum = Price(least - least % multiple)
            most = minimum.millionths + made_up_price(rng).millionths + multiple
            rates.append(
                Rate(
                    version_id * 1000 + len(rates),
                    prefix,
                    band,
                    rng.choice(["GEO", "MOB", "FREE"]),
                    f"To {prefix}",
                    Price(0) if is_nought else made_up_price(rng),
                    tuple(
                        Step(
                            from_second,
                            unit_seconds,
                            made_up_price(rng) if unit_seconds and not is_nought else Price(0),
                            made_up_price(rng) if rng.random() < 0.4 and not is_nought else Price(0),
                        )
                        for from_second, unit_seconds in its_grid
                    ),
                    minimum,
                    Price(min(most - most % multiple, 10**12 - 10**12 % multiple)) if rng.random() < 0.2 else None,
                    is_itemised=rng.random() < 0.8,
                    is_short_code=is_short_code,
                    is_free=is_free,
                    is_access_charge=is_access,
                )
            )
    return rates


def made_up_grid(rng: random.Random) -> list[tuple[int, int]]:
    begins = [0, *sorted(rng.sample([1, 59, 60, 61, 300, 1000, 3600, 86_400, rng.randrange(2, 5000)], rng.choice([0, 0, 1, 2, 3])))]
    return [(begin, rng.choice([0, 1, 6, 30, 60, 61, 3600, 86_400])) for begin in sorted(set(begins))]


def made_up_price(rng: random.Random) -> Price:
    return Price(rng.choice([0, 1, 49_999, 50_000, 5_900_000, 9_900_000, rng.randrange(10**8), rng.randrange(10 ** rng.randrange(8, 13))]))


def made_up_call(rng: random.Random, book: TariffBook) -> Call:
    started_at = rng.choice(EDGES) + timedelta(seconds=rng.choice([-3601, -3600, -1, 0, 1, 3599, 3600, rng.randrange(-90_000, 90_000)]))
    if rng.random() < 0.4:
        started_at = datetime(2008, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(5 * 365 * 86_400))
    if rng.random() < 0.01:
        started_at = datetime(2007, 12, 31, 23, 59, 59, tzinfo=UTC)
    started_at += timedelta(microseconds=rng.choice([0, 0, 1, 500_000, 999_999]))
    seconds = rng.choice([0, 1, 59, 60, 61, 122, 3599, 3600, 3601, HOURS_MANY, -1, rng.randrange(1000), rng.randrange(20_000)])
    if rng.random() < 0.04:
        # Long ones are few, or the oracle would walk for hours.
        seconds = rng.choice([86_399, 86_400, 86_401, 90_000, 7 * 86_400, rng.randrange(300_000), DURATION_MAX_SECONDS + 1, 2**62])
    code = rng.choice(["ONE", "TWO"] * 20 + ["GONE"])
    wholesale = rng.choice([None, None, "WHOLESALE", "WHOLESALE", "WHOLESALE", "GONE"])
    return code, wholesale, made_up_number(rng, book), started_at, seconds


def made_up_number(rng: random.Random, book: TariffBook) -> str:
    if rng.random() < 0.05:
        return str(rng.randrange(1, 10 ** rng.randrange(1, 16)))
    rate = rng.choice(rng.choice(book.versions[:6]).rates)
    lengths = [3, 6, 7, 12, 15] if rng.random() < 0.2 else [6] if rate.is_short_code else [7, 12, 15]
    return (rate.prefix + str(rng.randrange(10**14)))[: rng.choice(lengths)]
