"""What may be wrong with a book of tariffs, each fault named; and that the reference tariffs have none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time

import pytest

from billing.reference import VAT_STANDARD
from billing.rules.tariff import BANDS, Rate, TariffBook, TariffVersion, version_on
from billing.rules.tariff_check import CHECKS, PRICE_MAX_MILLIONTHS, tariff_faults
from billing.rules.tariff_table import compile_tariffs
from css.core.calendar import Period
from css.core.errors import Several
from css.core.money import Price
from css.core.words import PriceBasis

RATES = tuple(Rate(number, "44", band, "GEO", "UK", Price.of("2"), Price.of("3")) for number, band in enumerate(BANDS))
VERSION = TariffVersion(1, "T", 1, Period(date(2010, 1, 1)), PriceBasis.NET, 60, time(7), time(19), RATES)


def with_rates(change: Callable[[Rate], Rate]) -> TariffVersion:
    return replace(VERSION, rates=tuple(change(rate) for rate in RATES))


@pytest.mark.parametrize(
    ("version", "code", "sentence"),
    [
        (replace(VERSION, rates=RATES[:2]), "CSS423E", "Tariff T version 1 has no rate for 44 in band weekend."),
        (replace(VERSION, rates=(*RATES, replace(RATES[0], rate_id=9))), "CSS424E", "Tariff T version 1 has rate 44 day more than once."),
        (replace(VERSION, daytime_from=time(19)), "CSS425E", "Tariff T version 1: the day from 19:00:00 to 19:00:00 must run forward"),
        (replace(VERSION, daytime_to=time(19, 0, 30)), "CSS425E", "between whole minutes"),
        (with_rates(lambda rate: replace(rate, prefix="+44")), "CSS426E", "prefix '+44' must be 1 to 12 digits"),
        (with_rates(lambda rate: replace(rate, prefix="0118")), "CSS426E", "without plus or leading nought"),
        (with_rates(lambda rate: replace(rate, prefix="")), "CSS426E", "prefix ''"),
        (with_rates(lambda rate: replace(rate, prefix="1" * 13)), "CSS426E", "1 to 12 digits"),
        (with_rates(lambda rate: replace(rate, prefix="1185001", is_short_code=True)), "CSS426E", "1 to 6 digits"),
        (with_rates(lambda rate: replace(rate, setup=Price(-1))), "CSS427E", "44 day set-up (millionths) is -1; it must be 0 to"),
        (with_rates(lambda rate: replace(rate, unit_price=Price(PRICE_MAX_MILLIONTHS + 1))), "CSS427E", "unit price"),
        (with_rates(lambda rate: replace(rate, minimum=Price(-1))), "CSS427E", "minimum"),
        (replace(VERSION, unit_seconds=0), "CSS427E", "unit in seconds is 0"),
        (replace(VERSION, price_rounding_millionths=0), "CSS427E", "rounding"),
    ],
)
def test_a_fault_is_named(version: TariffVersion, code: str, sentence: str) -> None:
    faults = tariff_faults(TariffBook((version,), VAT_STANDARD))
    assert {fault.code for fault in faults} == {code}
    assert sentence in str(faults[0])


def test_two_versions_for_one_day() -> None:
    twice = TariffBook((VERSION, replace(with_new_ids(VERSION), period=Period(date(2012, 1, 1), date(2013, 1, 1)))), VAT_STANDARD)
    assert [fault.text for fault in tariff_faults(twice)] == [
        "CSS419E Tariff T has two entries for one day: from 2010-01-01 to further notice and from 2012-01-01 to 2013-01-01."
    ]


def test_versions_that_meet_do_not_overlap() -> None:
    first = replace(VERSION, period=Period(date(2010, 1, 1), date(2012, 1, 1)))
    second = replace(with_new_ids(VERSION), period=Period(date(2012, 1, 1)))
    book = TariffBook((first, second), VAT_STANDARD)
    assert tariff_faults(book) == ()
    assert [version_on(book, "T", day) for day in (date(2009, 12, 31), date(2011, 12, 31), date(2012, 1, 1))] == [None, first, second]


def test_the_same_id_twice() -> None:
    faults = tariff_faults(TariffBook((VERSION, replace(VERSION, tariff_code="OTHER")), VAT_STANDARD))
    assert [fault.code for fault in faults] == ["CSS424E"] * 4


def test_a_book_with_faults_is_not_compiled_and_all_are_named() -> None:
    bad = replace(with_rates(lambda rate: replace(rate, setup=Price(-1))), unit_seconds=0)
    with pytest.raises(Several) as refused:
        compile_tariffs(TariffBook((bad,), VAT_STANDARD))
    assert len(refused.value.errors) == 4


def test_every_check_is_in_the_list() -> None:
    assert len(set(CHECKS)) == len(CHECKS) == 6


def with_new_ids(version: TariffVersion) -> TariffVersion:
    rates = tuple(replace(rate, rate_id=rate.rate_id + 100) for rate in version.rates)
    return replace(version, tariff_version_id=version.tariff_version_id + 100, rates=rates)
