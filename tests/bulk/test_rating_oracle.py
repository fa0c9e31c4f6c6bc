"""The rating rule against a slow, obvious one: a loop over calls in exact decimals, written from the conventions alone.

The tariffs are made up afresh for every seed: nested prefixes, any unit, any rounding, net and gross, versions that follow
each other. The calls crowd where mistakes live: band edges, midnights, the two nights the clocks change, leap days, the
days VAT or the tariff changed, nought seconds, a day and longer, figures near the largest amount.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, localcontext
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from billing.reference import VAT_STANDARD
from billing.rules.rating import CALL_COLUMNS, PRICED_COLUMNS, rate
from billing.rules.tariff import BANDS, Rate, TariffBook, TariffVersion
from billing.rules.tariff_table import AMOUNT_MAX_MILLIONTHS, compile_tariffs
from css.core.calendar import Period
from css.core.money import Price
from css.core.words import PriceBasis

LONDON = ZoneInfo("Europe/London")
CALLS_PER_SEED = 5_000

EDGES = [
    datetime(2010, 3, 28, 1, tzinfo=UTC),  # clocks go forward
    datetime(2010, 10, 31, 1, tzinfo=UTC),  # and back
    datetime(2012, 2, 29, tzinfo=UTC),
    datetime(2008, 12, 1, tzinfo=UTC),  # VAT changes
    datetime(2010, 1, 1, tzinfo=UTC),
    datetime(2011, 1, 4, tzinfo=UTC),
    datetime(2010, 3, 31, 23, tzinfo=UTC),  # London midnight in summer
    datetime(2010, 4, 5, 6, tzinfo=UTC),
    datetime(2010, 4, 5, 18, tzinfo=UTC),
]


@pytest.mark.parametrize("seed", range(4))
def test_five_thousand_calls_priced_alike(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - made-up calls, not secrets
    book = made_up_book(rng)
    calls = [made_up_call(rng, book) for _ in range(CALLS_PER_SEED)]
    frame = rate(pl.DataFrame(calls, schema=CALL_COLUMNS, orient="row"), compile_tariffs(book))
    with localcontext(prec=60):
        expected = [oracle(book, *call) for call in calls]
    found = frame.select(name for name in PRICED_COLUMNS if name != "reject_text").rows(named=True)
    wrong = [(call, want, got) for call, want, got in zip(calls, expected, found, strict=True) if want != got]
    assert not wrong, f"{len(wrong)} calls priced otherwise, the first: {wrong[0]}"
    # Every branch was met: otherwise the agreement says less than it seems to.
    assert {row["reject_code"] for row in found} == {None, "CSS407E", "CSS415E", "CSS416E", "CSS418E"}
    assert {row["band"] for row in found} == {None, *BANDS}


def oracle(book: TariffBook, version_id: int, dialled: str, started_at: datetime, seconds: int) -> dict[str, Any]:
    """What the conventions say of one call, step by step."""
    if seconds < 0:
        return nothing("CSS407E")
    local = started_at.astimezone(LONDON)
    version = next((one for one in book.versions if one.tariff_version_id == version_id), None)
    if (
        version is None
        or local.date() < version.period.starts_on
        or (version.period.ends_on is not None and local.date() >= version.period.ends_on)
    ):
        return nothing("CSS415E")
    percent = next(
        row.percent.decimal for row in book.vat if row.starts_on <= local.date() and (row.ends_on is None or local.date() < row.ends_on)
    )
    band = "weekend" if local.weekday() >= 5 else "day" if version.daytime_from <= local.time() < version.daytime_to else "evening"
    begins = [
        one for one in version.rates if one.band == band and one.is_short_code == (len(dialled) <= 6) and dialled.startswith(one.prefix)
    ]
    if not begins:
        return nothing("CSS416E")
    chosen = max(begins, key=lambda one: len(one.prefix))
    units = (Decimal(seconds) / version.unit_seconds).to_integral_value(ROUND_CEILING)
    amount = Decimal(0)
    if units:
        amount = max(chosen.setup.millionths + units * chosen.unit_price.millionths, Decimal(chosen.minimum.millionths))
        if units * chosen.unit_price.millionths > AMOUNT_MAX_MILLIONTHS:
            return nothing("CSS418E")
        step = Decimal(version.price_rounding_millionths)
        amount = (amount / step).quantize(Decimal(1), ROUND_HALF_UP) * step
    if amount > AMOUNT_MAX_MILLIONTHS:
        return nothing("CSS418E")
    with_vat = 1 + percent / 100
    is_gross = version.basis is PriceBasis.GROSS
    return {
        "charge_class": chosen.charge_class,
        "prefix": chosen.prefix,
        "destination": chosen.destination,
        "is_itemised": chosen.is_itemised,
        "band": band,
        "rate_id": chosen.rate_id,
        "chargeable_units": int(units),
        "setup_millionths": chosen.setup.millionths,
        "unit_price_millionths": chosen.unit_price.millionths,
        "net_millionths": whole(amount / with_vat if is_gross else amount),
        "gross_millionths": whole(amount if is_gross else amount * with_vat),
        "vat_basis_points": int(percent * 100),
        "reject_code": None,
    }


def whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def nothing(code: str) -> dict[str, Any]:
    return {name: None for name in PRICED_COLUMNS if name != "reject_text"} | {"reject_code": code}


def made_up_book(rng: random.Random) -> TariffBook:
    cuts = [date(2008, 1, 1), date(2009, 7, 1), date(2010, 4, 1), None]
    versions: list[TariffVersion] = []
    for code in ("ONE", "TWO"):
        for number, (starts_on, ends_on) in enumerate(pairwise(cuts)):
            assert starts_on is not None
            version_id = len(versions) + 1
            versions.append(
                TariffVersion(
                    version_id,
                    code,
                    number,
                    Period(starts_on, ends_on),
                    rng.choice(list(PriceBasis)),
                    rng.choice([1, 6, 30, 60, 61, 86_400]),
                    time(rng.choice([6, 7]), rng.choice([0, 30])),
                    time(rng.choice([18, 19])),
                    tuple(made_up_rates(rng, version_id)),
                    rng.choice([1, 7, 100_000, 1_000_000]),
                )
            )
    return TariffBook(tuple(versions), VAT_STANDARD)


def made_up_rates(rng: random.Random, version_id: int) -> list[Rate]:
    prefixes = {("1", False), ("44", False), ("118", True), ("123", True), ("99", True)}
    # Growing a digit on prefixes already there makes them nest, which is where matching goes wrong.
    while len(prefixes) < 60:
        prefix, is_short_code = rng.choice(sorted(prefixes))
        if len(prefix) < (6 if is_short_code else 12):
            prefixes.add((prefix + str(rng.randrange(10)), is_short_code))
        prefixes.add((str(rng.randrange(1, 999)), False))
    return [
        Rate(
            version_id * 1000 + number,
            prefix,
            band,
            rng.choice(["GEO", "MOB", "FREE"]),
            f"To {prefix}",
            made_up_price(rng),
            made_up_price(rng),
            made_up_price(rng),
            is_itemised=rng.random() < 0.8,
            is_short_code=is_short_code,
        )
        for number, (prefix, is_short_code, band) in enumerate((*prefix, band) for prefix in sorted(prefixes) for band in BANDS)
    ]


def made_up_price(rng: random.Random) -> Price:
    return Price(rng.choice([0, 1, 49_999, 50_000, 5_900_000, 9_900_000, rng.randrange(10**8), rng.randrange(10**12)]))


def made_up_call(rng: random.Random, book: TariffBook) -> tuple[int, str, datetime, int]:
    started_at = rng.choice(EDGES) + timedelta(seconds=rng.choice([-3601, -3600, -1, 0, 1, 3599, 3600, rng.randrange(-90_000, 90_000)]))
    if rng.random() < 0.5:
        started_at = datetime(2008, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(5 * 365 * 86_400))
    usual = [one.tariff_version_id for one in book.versions if one.period.contains(started_at.astimezone(LONDON).date())]
    version_id = rng.choice([*usual * 9, rng.randrange(1, len(book.versions) + 2)])
    seconds = rng.choice(
        [0, 1, 59, 60, 61, 122, 3599, 3600, 86_400, 90_000, -1, rng.randrange(1000), rng.randrange(10**6), rng.randrange(10**12)]
    )
    return version_id, made_up_number(rng, book.versions), started_at, seconds


def made_up_number(rng: random.Random, versions: Sequence[TariffVersion]) -> str:
    if rng.random() < 0.2:
        return str(rng.randrange(1, 10 ** rng.randrange(1, 16)))
    number = rng.choice(rng.choice(versions).rates).prefix
    return (number + str(rng.randrange(10**14)))[: rng.choice([3, 6, 7, 12, 15])]
