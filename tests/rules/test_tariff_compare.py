"""What differs between two versions, in words; and what a release makes of the versions beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest

from billing.rules.tariff import BANDS, NO_PRICE, Rate, Step, TariffVersion
from billing.rules.tariff_compare import compare_versions
from billing.rules.tariff_release import Released, Standing, release_plan
from billing.words import Boundary
from css.core.calendar import Period
from css.core.errors import Refused
from css.core.money import Price
from css.core.words import PriceBasis

JANUARY, JULY, NEXT = date(2026, 1, 1), date(2026, 7, 1), date(2027, 1, 1)


def _rates(prefix: str = "4420", **changed: object) -> tuple[Rate, ...]:
    fields: dict[str, Any] = {
        "charge_class": "GEO",
        "destination": "London",
        "setup": Price.of("9.9"),
        "steps": (Step(0, 60, Price.of("5.9")),),
        **changed,
    }
    return tuple(Rate(0, prefix, band, **fields) for band in BANDS)


def _version(*rates: tuple[Rate, ...]) -> TariffVersion:
    every = tuple(rate for some in rates for rate in some)
    return TariffVersion(0, "T", 1, Period(JANUARY), PriceBasis.GROSS, time(7), time(19), every)


OLD = _version(_rates())
START, SPLIT = "the band in which it starts", "the band in which each unit begins"


def _words(new: TariffVersion, old: TariffVersion = OLD) -> list[tuple[str, str]]:
    return [(change.kind, change.words) for change in compare_versions(old, new)]


def test_the_same_prices_under_other_ids_do_not_differ() -> None:
    assert compare_versions(OLD, replace(OLD, version=2, tariff_version_id=9, rates=tuple(reversed(OLD.rates)))) == ()


@pytest.mark.parametrize(
    ("rates", "told"),
    [
        (_rates(setup=Price.of("10.9")), ("rose", "GEO London (4420) rose: set-up 9.9p to 10.9p.")),
        (_rates(setup=NO_PRICE), ("fell", "GEO London (4420) fell: set-up 9.9p to 0p.")),
        (_rates(steps=(Step(0, 60, Price.of("5.833")),)), ("fell", "GEO London (4420) fell: each 60 s 5.9p to 5.833p.")),
        (
            _rates(setup=NO_PRICE, steps=(Step(0, 60, Price.of(7)),)),
            ("changed", "GEO London (4420) changed: set-up 9.9p to 0p; each 60 s 5.9p to 7p."),
        ),
        (
            _rates(steps=(Step(0, 1, Price.of("0.1")),)),
            ("changed", "GEO London (4420) changed: 0.1p each 1 s, where it was 5.9p each 60 s."),
        ),
        (
            _rates(steps=(Step(0, 0, NO_PRICE, Price.of(12)), Step(3600, 60, Price.of("5.9")))),
            ("changed", "GEO London (4420) changed: 12p, then 5.9p each 60 s from second 3600, where it was 5.9p each 60 s."),
        ),
        (_rates(maximum=Price.of(60)), ("fell", "GEO London (4420) fell: at most 60p now.")),
        (_rates(minimum=Price.of(11)), ("rose", "GEO London (4420) rose: minimum 0p to 11p.")),
        (_rates(is_free=True), ("changed", "GEO London (4420) changed: free to callers now.")),
        (_rates(is_itemised=False), ("changed", "GEO London (4420) changed: not itemised any more.")),
        (_rates(destination="Greater London"), ("changed", "GEO Greater London (4420) changed: was GEO London.")),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) and isinstance(value[0], str) else "",
)
def test_a_price_that_differs_is_told(rates: tuple[Rate, ...], told: tuple[str, str]) -> None:
    assert _words(_version(rates)) == [told]


def test_a_maximum_taken_away_is_a_rise() -> None:
    assert _words(OLD, _version(_rates(maximum=Price.of(60)))) == [("rose", "GEO London (4420) rose: no maximum any more, which was 60p.")]


def test_bands_and_prefixes_that_change_alike_are_told_together() -> None:
    dear = Price.of(12)
    new = _version(
        tuple(replace(rate, setup=dear) if rate.band != "weekend" else rate for prefix in ("4420", "4421") for rate in _rates(prefix))
    )
    old = _version(_rates("4420"), _rates("4421"))
    assert _words(new, old) == [("rose", "GEO London (4420, 4421; day, evening) rose: set-up 9.9p to 12p.")]
    many = [_rates(str(prefix)) for prefix in range(4410, 4420)]
    dearer = [tuple(replace(rate, setup=dear) for rate in rates) for rates in many]
    (change,) = compare_versions(_version(*many), _version(*dearer))
    assert len(change.prefixes) == 10
    assert "(4410, 4411, 4412, 4413, 4414, 4415 and 4 more)" in change.words


def test_what_comes_and_goes_is_told_with_its_price() -> None:
    told = _words(
        _version(_rates("353", charge_class="INT1", destination="Ireland", steps=(Step(0, 60, Price.of(19)),), maximum=Price.of(600)))
    )
    assert told == [
        ("came", "INT1 Ireland (353) is priced now, at set-up 9.9p, 19p each 60 s, at most 600p."),
        ("went", "GEO London (4420) is not named any more; it cost set-up 9.9p, 5.9p each 60 s."),
    ]
    free = _words(_version(_rates(), _rates("4480", charge_class="FREE", destination="Freephone", is_free=True)))
    assert free == [("came", "FREE Freephone (4480) is priced now, at nothing.")]


def test_the_terms_are_told_first() -> None:
    new = replace(
        OLD,
        basis=PriceBasis.NET,
        boundary=Boundary.SPLIT,
        daytime_from=time(6),
        bank_holidays="scotland",
        minimum_seconds=30,
        price_rounding_millionths=100_000,
        service_tariff_code="SC",
        rates=tuple(replace(rate, setup=NO_PRICE) for rate in OLD.rates),
    )
    told = _words(new)
    assert [kind for kind, _ in told] == ["term"] * 7 + ["fell"]
    assert [words for _, words in told[:7]] == [
        "Prices are gross of VAT; from the new version on, net: figures of the two do not compare one to one.",
        f"A call that runs from band to band is priced by {START}; from the new version on, {SPLIT}.",
        "Daytime is 07:00 to 19:00; from the new version on, 06:00 to 19:00.",
        "Bank holidays are ordinary days; from the new version on, weekend (scotland).",
        "An answered call counts as at least 0 seconds; from the new version on, 30 seconds.",
        "A call's price is exact; from the new version on, rounded to 0.1p.",
        "Service charges are none of another tariff; from the new version on, those of tariff SC.",
    ]


def _plan(period: Period, released: dict[int, Period], today: date | None = None) -> tuple[tuple[int, ...], tuple[int, ...], str]:
    plan = release_plan(Standing("T", 9, period), [Released(number, its) for number, its in released.items()], today)
    return plan.cut, plan.superseded, plan.words


@pytest.mark.parametrize(
    ("period", "released", "cut", "superseded"),
    [
        (Period(JULY), {}, (), ()),
        (Period(JULY), {1: Period(JANUARY)}, (1,), ()),
        (Period(JULY), {1: Period(JANUARY, JULY)}, (), ()),
        (Period(JULY), {1: Period(JANUARY, NEXT)}, (1,), ()),
        (Period(JANUARY), {1: Period(JANUARY)}, (), (1,)),
        (Period(JANUARY), {1: Period(JULY)}, (), (1,)),
        (Period(JANUARY), {1: Period(JANUARY, JULY), 2: Period(JULY)}, (), (1, 2)),
        (Period(JULY), {1: Period(JANUARY, NEXT), 2: Period(NEXT)}, (1,), (2,)),
        (Period(JULY, NEXT), {1: Period(JANUARY, NEXT), 2: Period(NEXT)}, (1,), ()),
        (Period(JANUARY, NEXT), {1: Period(JULY, NEXT)}, (), (1,)),
        (Period(JANUARY, JULY), {1: Period(JULY)}, (), ()),
    ],
)
def test_what_a_release_does(period: Period, released: dict[int, Period], cut: tuple[int, ...], superseded: tuple[int, ...]) -> None:
    found = _plan(period, released)
    assert found[:2] == (cut, superseded)
    left = {
        number: Period(its.starts_on, period.starts_on) if number in cut else its
        for number, its in released.items()
        if number not in superseded
    }
    assert not any(its.overlap(period) for its in left.values()), "no two versions for a day"


@pytest.mark.parametrize(
    ("period", "released"),
    [
        (Period(JULY, NEXT), {1: Period(JANUARY)}),
        (Period(JANUARY, JULY), {1: Period(JANUARY)}),
        (Period(JANUARY, JULY), {1: Period(JANUARY, NEXT)}),
    ],
)
def test_no_day_loses_its_price(period: Period, released: dict[int, Period]) -> None:
    with pytest.raises(Refused) as refusal:
        _plan(period, released)
    assert refusal.value.code == "CSS688E"


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        (lambda: _plan(Period(JULY), {}, JULY), None),
        (lambda: _plan(Period(JULY), {}, NEXT), "Calls priced already that started from 2026-07-01 on keep their price"),
        (
            lambda: _plan(Period(JANUARY, JULY), {2: Period(JULY)}, NEXT),
            "started from 2026-01-01 on and before 2026-07-01 keep their price",
        ),
        (lambda: _plan(Period(JULY), {}, None), None),
    ],
)
def test_calls_already_priced_are_spoken_of(deed: Callable[[], tuple[object, object, str]], said: str | None) -> None:
    words = deed()[2]
    assert (said in words) if said else ("rerate" not in words)
