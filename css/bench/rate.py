"""Calls: what it takes to price one, against what it takes to read and to keep it."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import polars as pl

from billing.actions import usage
from billing.queries.tariffs import tariff_book
from billing.rules.rating import rate, version_in_force
from billing.rules.tariff_table import compile_tariffs
from billing.rules.usage_control import cut_control
from billing.rules.usage_record import lines_of, parse_records
from css.bench.place import NIGHT_OF, SEED, Place, bring, evening
from css.bench.table import Measured, show, timed, times
from css.core.calendar import start_of_day
from css.db.engine import transaction
from css.demo.life import AMY
from css.demo.people import LiveLine
from css.demo.plan import DISTRICT
from css.demo.traffic import dialled_number

TITLE = "rate: pricing calls against reading and keeping them (one process, one connection)"
LINES = 1000
NUMBERS_DIALLED = 5000
BLOCK = 100_000
"""As many calls as the night rates in one transaction."""


def run(place: Place, calls: int) -> None:
    """Measure and print."""
    rows = measure(place, calls)
    end_to_end = rows[-1]
    show(TITLE, rows, [f"From file to stored price: {end_to_end.rate:,.0f} calls a second (aim: 10,000 on two to four cores)."])


def measure(place: Place, count: int) -> list[Measured]:
    """Each part alone, then the two verbs of the night from a carrier's file to priced calls."""
    diary = evening(place, LINES)
    frame = _calls(diary.lines, count)
    path = bring(place, frame)
    with timed() as reading:
        parsed = parse_records(lines_of(cut_control(usage.file_content(path))[0]), usage.window_of(NIGHT_OF))
    assert parsed.height == count, "the file holds what was put into it"

    with transaction(place.engine) as session:
        book = tariff_book(session)
    with timed() as compiling:
        tariff = compile_tariffs(book)
    dated = version_in_force(frame.with_columns(tariff_code=pl.lit(book.versions[0].tariff_code)), tariff)
    dated = dated.drop("reject_code", "reject_text")
    rate(dated.head(1000), tariff)  # the first call of all pays for loading the library's parts
    with timed() as pricing:
        priced = rate(dated, tariff)

    rated = priced.with_columns(
        usage_record_id=pl.int_range(pl.len(), dtype=pl.Int64), account_id=pl.lit(1, pl.Int64), service_id=pl.lit(1, pl.Int64)
    )
    with timed() as storing:
        for start in range(0, count, BLOCK):
            with transaction(place.engine) as session:
                usage.store_rated(session, DISTRICT, rated.slice(start, BLOCK), business_date=NIGHT_OF - timedelta(days=1))

    with timed() as whole:
        _from_file_to_price(place, count)

    stored = Measured("storing (COPY, rated_call)", count, storing.seconds)
    measured = Measured("the rating rule", count, pricing.seconds)
    read = Measured("reading the file", count, reading.seconds)
    return [
        Measured("the tariff, compiled once a block", sum(len(version.rates) for version in book.versions), compiling.seconds),
        Measured(read.what, count, read.seconds, times(read, stored)),
        Measured(measured.what, count, measured.seconds, times(measured, stored)),
        stored,
        Measured("file to stored price", count, whole.seconds),
    ]


def _from_file_to_price(place: Place, count: int) -> None:
    path = next((place.home / "incoming" / DISTRICT).glob("*.csv"))
    with transaction(place.engine) as session:
        taken = usage.collect_file(session, DISTRICT, path, business_date=NIGHT_OF, by=AMY, at=start_of_day(NIGHT_OF + timedelta(days=1)))
    assert taken.totals.read == count, taken.words
    with transaction(place.engine) as session:
        ranges = usage.ranges_to_rate(session, DISTRICT, NIGHT_OF, BLOCK)
    for first, last, _ in ranges:
        with transaction(place.engine) as session:
            usage.rate_block(session, DISTRICT, first, last, business_date=NIGHT_OF)


def _calls(lines: list[LiveLine], count: int) -> pl.DataFrame:
    """Calls of one day from the district's lines, in the mix of the trade."""
    rng = Random(SEED)  # noqa: S311 - dice, and they must fall alike every time
    dialled = [dialled_number(rng) for _ in range(NUMBERS_DIALLED)]
    return pl.DataFrame(
        {
            "caller": rng.choices([line.number for line in lines], k=count),
            "dialled": rng.choices(dialled, k=count),
            "started_at": [start_of_day(NIGHT_OF) + timedelta(seconds=n * 86_399 // count) for n in range(count)],
            "duration_seconds": [min(10_800, int(rng.expovariate(1 / 180))) for _ in range(count)],
            "supplier_record_id": [f"B{n:09d}" for n in range(count)],
        },
        schema_overrides={"started_at": pl.Datetime("us", "UTC")},
    )
