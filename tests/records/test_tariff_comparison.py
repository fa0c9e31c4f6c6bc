"""A tariff compared on what customers really called: nothing but the version differs, and nobody's number is shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from sqlalchemy.orm import Session

from billing.actions.rating import RATED_COLUMNS, store_rated
from billing.queries.tariff_comparison import SampledUsage, tariff_comparison
from billing.queries.tariffs import tariff_book
from billing.rules.rating import price
from billing.rules.tariff_compare import content
from billing.rules.tariff_table import compile_tariffs
from billing.words import TariffState
from css.core.errors import BadMessage, NotFound
from css.core.money import Price
from tests import builders
from tests.records.tariff_papers import dearer, load, of_homes, release

MONDAY = date(2026, 3, 2)
SUMMER = date(2026, 7, 1)
LONDON, MOBILE, OF_084, EMERGENCY = "442079460123", "447700900456", "448444960001", "999"


def _rated(session: Session, others: list[str], *, on: date = MONDAY, seconds: int = 90) -> None:
    """A night's calls at the prices that are in force, stored as the night stores them."""
    began = datetime(on.year, on.month, on.day, 10, tzinfo=UTC)
    calls = pl.DataFrame(
        {
            "tariff_code": ["RES"] * len(others),
            "wholesale_tariff_code": ["WHS"] * len(others),
            "other_number": others,
            "started_at": pl.Series([began + timedelta(minutes=n) for n in range(len(others))], dtype=pl.Datetime("us", "UTC")),
            "duration_seconds": [seconds] * len(others),
        }
    )
    priced = price(calls, compile_tariffs(tariff_book(session)))
    assert priced["reject_code"].null_count() == len(others)
    rated = priced.with_columns(
        usage_record_id=pl.int_range(pl.len(), dtype=pl.Int64) + on.toordinal() * 1000,
        account_id=pl.lit(1, dtype=pl.Int64),
        service_id=pl.lit(1, dtype=pl.Int64),
        leg=pl.lit("outgoing"),
        charged_number=pl.lit("441632960001"),
        call_count=pl.lit(1, dtype=pl.Int64),
        tariff_rate_id="rate_id",
    )
    store_rated(session, "ZZ", rated.select(RATED_COLUMNS), rated_on=on)


@pytest.fixture(autouse=True)
def _district(session: Session) -> None:
    builders.district(session, on=MONDAY)


def _usage(session: Session, version: int, **others: int) -> SampledUsage:
    return tariff_comparison(session, "RES", version, **others).usage


def test_every_call_is_priced_by_both(session: Session) -> None:
    _rated(session, [LONDON, LONDON, MOBILE, OF_084, EMERGENCY])
    load(session, dearer(of_homes(4, SUMMER), "1.2"))
    found = _usage(session, 4)
    assert (found.call_count, found.dearer_count, found.cheaper_count, found.equal_count, found.unpriced_count) == (5, 4, 0, 1, 0)
    assert (found.from_night, found.to_night) == (MONDAY, MONDAY)
    assert found.gross_after - found.gross_before == Price.of("4.8")
    assert found.net_after - found.net_before == Price.of(4)
    assert [(each.charge_class, each.call_count, each.dearer_count) for each in found.by_class] == [
        ("FREE", 1, 0),
        ("GEO", 2, 2),
        ("MOB", 1, 1),
        ("NTS84", 1, 1),
    ]
    assert sum(each.net_after.millionths for each in found.by_class) == found.net_after.millionths
    assert [call.net_after - call.net_before for call in found.biggest] == [Price.of(1)] * 4
    assert not any(number in repr(found) for number in (LONDON, MOBILE, OF_084))


def test_only_calls_of_the_older_version_and_of_the_last_nights(session: Session) -> None:
    _rated(session, [LONDON] * 3, on=MONDAY - timedelta(days=30))
    _rated(session, [LONDON] * 2)
    load(session, of_homes(4, SUMMER))
    assert _usage(session, 4).call_count == 2
    assert _usage(session, 4, sample=1).call_count == 1
    assert _usage(session, 4, against=1).call_count == 0
    assert _usage(session, 4).equal_count == 2


def test_without_any_call_there_are_words_alone(session: Session) -> None:
    load(session, dearer(of_homes(4, SUMMER)))
    found = tariff_comparison(session, "RES", 4)
    assert (found.before.version, found.after.state) == (3, TariffState.LOADED)
    assert found.changes
    assert (found.usage.call_count, found.usage.from_night, found.usage.net_after, found.usage.by_class) == (0, None, Price(0), ())


def test_what_the_new_version_does_not_price_counts_in_nothing_else(session: Session) -> None:
    _rated(session, [LONDON, MOBILE])
    version = of_homes(4, SUMMER)
    load(session, replace(version, rates=tuple(rate for rate in version.rates if rate.charge_class != "MOB")))
    found = _usage(session, 4)
    assert (found.call_count, found.unpriced_count, found.equal_count) == (2, 1, 1)
    assert found.net_before == found.net_after


@pytest.mark.parametrize(("code", "calls"), [("WHS", 4), ("SVC", 1)])
def test_wholesale_and_service_tariffs_are_compared_on_the_calls_they_priced(session: Session, code: str, calls: int) -> None:
    _rated(session, [LONDON, MOBILE, OF_084, "441214960123"])
    old = next(version for version in tariff_book(session).versions if version.tariff_code == code)
    load(session, dearer(replace(content(old), version=2, period=of_homes(4, SUMMER).period)))
    found = tariff_comparison(session, code, 2).usage
    assert (found.call_count, found.dearer_count) == (calls, calls)


def test_a_version_is_compared_with_the_one_it_would_follow(session: Session) -> None:
    for number, starts_on in ((4, SUMMER), (5, date(2026, 8, 1)), (6, date(2026, 7, 15)), (7, date(2009, 1, 1))):
        load(session, of_homes(number, starts_on))
    release(session, 4)
    release(session, 5)
    assert [tariff_comparison(session, "RES", number).before.version for number in (5, 6, 7)] == [4, 4, 1]


def test_what_cannot_be_compared_is_refused(session: Session) -> None:
    load(session, replace(of_homes(1, SUMMER), tariff_code="NEW"), name="New")
    for code, version, sample, expected in (
        ("NEW", 1, 10, "CSS690E"),
        ("NEW", 2, 10, "CSS684E"),
        ("NONE", 1, 10, "CSS684E"),
        ("RES", 3, 10**6, "CSS693E"),
    ):
        with pytest.raises((NotFound, BadMessage)) as refusal:
            tariff_comparison(session, code, version, sample=sample)
        assert refusal.value.code == expected
