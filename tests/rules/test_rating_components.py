"""Charges taken apart: each component of worked examples, with its words; and that what does not add up is not explained."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from billing.rules import rating_components, rating_split
from billing.rules.rating import CALL_COLUMNS
from billing.rules.rating_components import COMPONENT_COLUMNS, components
from billing.rules.tariff import Step
from billing.rules.tariff_table import TariffTable
from billing.words import Boundary, TariffKind
from css.core.errors import Breach
from css.core.money import Price
from css.core.words import PriceBasis
from tests.rules.tariffs import LANDLINE, MONDAY, at, banded, by_minute, calls, one, p, rates, table, version


def apart(tariff: TariffTable, seconds: int, number: str = LANDLINE, day: str = "2024-01-15", wall: str = "10:00") -> list[dict[str, Any]]:
    return components(calls(("T", None, number, at(day, wall), seconds)), tariff).rows(named=True)


def told(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(row["component"], str(Price(row["amount_millionths"])), row["words"]) for row in rows]


def test_a_plain_call_of_a_gross_tariff() -> None:
    gross = one(*rates("44", by_minute("5.9"), setup="9.9"), basis=PriceBasis.GROSS)
    rows = apart(gross, 3600, day="2010-04-06")
    assert told(rows) == [
        ("setup", "9.9", "Set-up 9.9p."),
        ("units", "354", "60 units of 60 seconds at 5.9p each, day, from second 0."),
        ("vat", "-54.197872", "Of this, VAT at 17.5%."),
    ]
    assert rows[1] == {
        "call_index": 0,
        "ordinal": 2,
        "tariff_code": "T",
        "version": 1,
        "component": "units",
        "band": "day",
        "prefix": "44",
        "from_second": 0,
        "seconds": 3600,
        "units": 60,
        "unit_seconds": 60,
        "unit_price_millionths": 5_900_000,
        "amount_millionths": 354_000_000,
        "words": rows[1]["words"],
    }


def test_a_call_split_between_bands() -> None:
    assert told(apart(one(*banded("44"), boundary=Boundary.SPLIT), 121, wall="18:58:30")) == [
        ("setup", "2", "Set-up 2p."),
        ("units", "20", "2 units of 60 seconds at 10p each, day, from second 0."),
        ("units", "3", "1 unit of 60 seconds at 3p each, evening, from second 120."),
        ("vat", "5", "VAT at 20% added."),
    ]


def test_steps_each_with_its_own_price_before_its_units() -> None:
    capped = one(*rates("44", Step(0, 0, p("0"), p("12.5")), Step(3600, 60, p("15"), p("1")), setup="8"))
    assert told(apart(capped, 3601))[:-1] == [
        ("setup", "8", "Set-up 8p."),
        ("step", "12.5", "12.5p once, day, on reaching second 0."),
        ("units", "0", "3600 seconds not charged by time, day, from second 0."),
        ("step", "1", "1p once, day, on reaching second 3600."),
        ("units", "15", "1 unit of 60 seconds at 15p each, day, from second 3600."),
    ]


def test_bounds_and_rounding() -> None:
    tariff = one(
        *rates("44", Step(0, 1, p("0.0933")), minimum=p("3.1"), maximum=p("6")), minimum_seconds=30, price_rounding_millionths=100_000
    )
    assert told(apart(tariff, 1))[:-1] == [
        ("minimum-seconds", "0", "The call lasted 1 second and is charged as 30 seconds."),
        ("units", "2.799", "30 units of 1 second at 0.0933p each, day, from second 0."),
        ("minimum", "0.301", "Brought up to the minimum of 3.1p."),
    ]
    assert told(apart(tariff, 40))[:-1] == [
        ("units", "3.732", "40 units of 1 second at 0.0933p each, day, from second 0."),
        ("rounding", "-0.032", "Rounded to a multiple of 0.1p."),
    ]
    assert told(apart(tariff, 100))[:-1] == [
        ("units", "9.33", "100 units of 1 second at 0.0933p each, day, from second 0."),
        ("maximum", "-3.33", "Held to the maximum of 6p."),
    ]


def test_an_access_charge_and_the_service_charge_of_another_basis() -> None:
    both = table(
        version("T", *rates("4484", by_minute("12"), is_access_charge=True), service_tariff_code="S", basis=PriceBasis.GROSS),
        version("S", *rates("44844", by_minute("5.833")), kind=TariffKind.SERVICE, version=7),
    )
    rows = apart(both, 122, "448441234567")
    assert told(rows) == [
        ("units", "36", "Access charge: 3 units of 60 seconds at 12p each, day, from second 0."),
        ("units", "17.499", "Service charge: 3 units of 60 seconds at 5.833p each, day, from second 0."),
        ("basis", "3.4998", "Service charge: VAT at 20% added, as the access charge is published."),
        ("vat", "-9.4998", "Of this, VAT at 20%."),
    ]
    assert [(row["tariff_code"], row["version"], row["prefix"]) for row in rows] == [
        ("T", 1, "4484"),
        ("S", 7, "44844"),
        ("S", 7, "44844"),
        ("T", 1, "4484"),
    ]


def test_why_a_call_costs_nothing() -> None:
    assert told(apart(one(*rates("44", is_free=True)), 60)) == [("free", "0", "Free to callers.")]
    assert told(apart(one(*rates("44")), 0)) == [("unanswered", "0", "The call was not answered.")]
    assert [words for _, _, words in told(apart(one(*rates("44", Step(0, 0, p("0")))), 60))] == [
        "60 seconds not charged by time, day, from second 0."
    ]


def test_several_calls_keep_their_rows_and_rejected_ones_have_none() -> None:
    frame = components(
        calls(("T", None, LANDLINE, MONDAY, 60), ("GONE", None, LANDLINE, MONDAY, 60), ("T", None, LANDLINE, MONDAY, 0)), one(*rates("44"))
    )
    assert frame.select("call_index", "ordinal").rows() == [(0, 1), (0, 2), (2, 1)]
    assert frame.schema == COMPONENT_COLUMNS


def test_no_calls_no_rows() -> None:
    assert components(pl.DataFrame(schema=CALL_COLUMNS), one(*rates("44"))).shape == (0, len(COMPONENT_COLUMNS))


def test_what_does_not_add_up_is_a_breach(monkeypatch: pytest.MonkeyPatch) -> None:
    def dearer(calls: pl.DataFrame, tariff: TariffTable) -> pl.DataFrame:
        return taken(calls, tariff).with_columns(pl.col("unit_price") + 1)

    taken = rating_split.pieces
    monkeypatch.setattr(rating_components, "pieces", dearer)
    with pytest.raises(Breach, match="the components of call 0"):
        apart(one(*rates("44")), 60)
