"""What may be wrong with a book of tariffs, each fault named; and that the reference tariffs have none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time

import pytest

from billing.reference import VAT_STANDARD
from billing.rules.tariff import BANDS, Rate, Step, TariffBook, TariffVersion, version_on
from billing.rules.tariff_check import CHECKS, PRICE_MAX_MILLIONTHS, tariff_faults
from billing.rules.tariff_table import compile_tariffs
from billing.words import Boundary, TariffKind
from css.core.calendar import Period
from css.core.errors import Several
from css.core.money import Price
from css.core.words import PriceBasis

RATES = tuple(Rate(number, "44", band, "GEO", "UK", Price.of("2"), (Step(0, 60, Price.of("3")),)) for number, band in enumerate(BANDS))
VERSION = TariffVersion(1, "T", 1, Period(date(2010, 1, 1)), PriceBasis.NET, time(7), time(19), RATES)
SERVICE = TariffVersion(
    2,
    "S",
    1,
    Period(date(2010, 1, 1)),
    PriceBasis.NET,
    time(7),
    time(19),
    tuple(replace(rate, rate_id=rate.rate_id + 50) for rate in RATES),
    kind=TariffKind.SERVICE,
)


def with_rates(change: Callable[[Rate], Rate], version: TariffVersion = VERSION) -> TariffVersion:
    return replace(version, rates=tuple(change(rate) for rate in version.rates))


def with_steps(*steps: Step) -> TariffVersion:
    return with_rates(lambda rate: replace(rate, steps=steps))


def only_by_day(change: Callable[[Rate], Rate]) -> TariffVersion:
    """A version that splits calls and says something of the day that it does not of the other bands."""
    return with_rates(lambda rate: change(rate) if rate.band == "day" else rate, replace(VERSION, boundary=Boundary.SPLIT))


PENNY = Price.of("1")


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
        (with_rates(lambda rate: replace(rate, minimum=Price(-1))), "CSS427E", "minimum"),
        (with_rates(lambda rate: replace(rate, maximum=Price(PRICE_MAX_MILLIONTHS + 1))), "CSS427E", "maximum"),
        (with_steps(Step(0, 60, Price(PRICE_MAX_MILLIONTHS + 1))), "CSS427E", "unit price"),
        (with_steps(Step(0, 60, PENNY, Price(-1))), "CSS427E", "step price"),
        (with_steps(Step(0, -1, PENNY)), "CSS427E", "unit in seconds is -1; it must be 0 to 86400"),
        (with_steps(Step(0, 60, PENNY), Step(10**9, 60, PENNY)), "CSS427E", "step's first second"),
        (replace(VERSION, price_rounding_millionths=0), "CSS427E", "rounding"),
        (replace(VERSION, minimum_seconds=-1), "CSS427E", "minimum in seconds"),
        (with_steps(), "CSS451E", "Tariff T version 1: 44 day must have 1 to 100 steps, the first from second 0 and each later"),
        (with_steps(Step(1, 60, PENNY)), "CSS451E", "the first from second 0"),
        (with_steps(Step(0, 60, PENNY), Step(60, 60, PENNY), Step(60, 60, PENNY)), "CSS451E", "each later than the one before"),
        (with_steps(*(Step(number, 60, PENNY) for number in range(101))), "CSS451E", "1 to 100 steps"),
        (
            with_rates(lambda rate: replace(rate, minimum=PENNY, maximum=Price(999_999))),
            "CSS452E",
            "the maximum of 44 day must not be under",
        ),
        (
            with_rates(lambda rate: replace(rate, maximum=Price(150_000)), replace(VERSION, price_rounding_millionths=100_000)),
            "CSS452E",
            "the maximum of 44 day must not be under its minimum and must be a price that rounding leaves as it is",
        ),
        (
            with_rates(lambda rate: replace(rate, minimum=Price(15_840_000)), replace(VERSION, price_rounding_millionths=100_000)),
            "CSS452E",
            "the minimum of 44 day must be a price that rounding leaves as it is, a multiple of 0.1p.",
        ),
        (replace(VERSION, service_tariff_code="S"), "CSS453E", "adds the service charges of S, which is no service tariff on file"),
        (replace(VERSION, service_tariff_code="T"), "CSS453E", "service charges of T"),
        (with_rates(lambda rate: replace(rate, is_access_charge=True)), "CSS454E", "has access charges (44) but names no service tariff"),
        (
            with_rates(lambda rate: replace(rate, is_access_charge=True), replace(VERSION, kind=TariffKind.WHOLESALE)),
            "CSS455E",
            "Tariff T version 1 is wholesale: only a retail tariff has access charges",
        ),
        (
            only_by_day(lambda rate: replace(rate, steps=(Step(0, 1, PENNY),))),
            "CSS456E",
            "splits calls between bands: 44 must have the same steps and units",
        ),
        (
            only_by_day(lambda rate: replace(rate, steps=(Step(0, 60, PENNY), Step(60, 60, PENNY)))),
            "CSS456E",
            "44 must have the same steps",
        ),
        (only_by_day(lambda rate: replace(rate, is_free=True)), "CSS456E", "and be free or not, in all"),
        (with_steps(Step(0, 0, PENNY)), "CSS459E", "44 day has a price for each unit from second 0, but no unit"),
    ],
)
def test_a_fault_is_named(version: TariffVersion, code: str, sentence: str) -> None:
    faults = tariff_faults(TariffBook((version,), VAT_STANDARD))
    assert {fault.code for fault in faults} == {code}
    assert sentence in str(faults[0])


@pytest.mark.parametrize(
    ("versions", "codes"),
    [
        ((replace(VERSION, service_tariff_code="S"), SERVICE), []),
        ((with_rates(lambda rate: replace(rate, is_access_charge=True), replace(VERSION, service_tariff_code="S")), SERVICE), []),
        ((replace(VERSION, service_tariff_code="S"), replace(SERVICE, kind=TariffKind.WHOLESALE)), ["CSS453E"]),
        ((VERSION, replace(SERVICE, service_tariff_code="S")), ["CSS455E"]),
        (
            (
                with_rates(lambda rate: replace(rate, is_access_charge=True, is_free=True), replace(VERSION, service_tariff_code="S")),
                SERVICE,
            ),
            ["CSS458E"] * 3,
        ),
        (
            (
                replace(VERSION, period=Period(date(2010, 1, 1), date(2011, 1, 1))),
                replace(SERVICE, tariff_code="T", version=2, period=Period(date(2011, 1, 1))),
            ),
            ["CSS457E"],
        ),
    ],
)
def test_tariffs_that_are_put_together_must_fit(versions: tuple[TariffVersion, ...], codes: list[str]) -> None:
    assert [fault.code for fault in tariff_faults(TariffBook(versions, VAT_STANDARD))] == codes


def test_only_the_first_few_of_many_prefixes_are_named() -> None:
    many = tuple(
        replace(rate, rate_id=number * 10 + rate.rate_id, prefix=str(number), is_access_charge=True)
        for number in range(1, 10)
        for rate in RATES
    )
    assert [str(fault) for fault in tariff_faults(TariffBook((replace(VERSION, rates=many),), VAT_STANDARD))] == [
        "Tariff T version 1 has access charges (1, 2, 3, 4, 5 and 4 more) but names no service tariff."
    ]


def test_a_hundred_faults_are_told_and_one_prefix_once() -> None:
    many = tuple(replace(rate, rate_id=number * 10 + rate.rate_id, prefix=f"0{number}") for number in range(1, 201) for rate in RATES)
    faults = [fault.text for fault in tariff_faults(TariffBook((replace(VERSION, rates=many),), VAT_STANDARD))]
    assert (len(faults), len(set(faults))) == (100, 100)


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
    bad = replace(with_rates(lambda rate: replace(rate, setup=Price(-1))), minimum_seconds=-1)
    with pytest.raises(Several) as refused:
        compile_tariffs(TariffBook((bad,), VAT_STANDARD))
    assert len(refused.value.errors) == 4


def test_every_check_is_in_the_list() -> None:
    assert len(set(CHECKS)) == len(CHECKS) == 14


def with_new_ids(version: TariffVersion) -> TariffVersion:
    rates = tuple(replace(rate, rate_id=rate.rate_id + 100) for rate in version.rates)
    return replace(version, tariff_version_id=version.tariff_version_id + 100, rates=rates)
