"""What calls cost: the trade's known facts, then each convention of the rating rule by an example."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import polars as pl
import pytest

from billing.reference import VAT_STANDARD, reference_book
from billing.rules.rating import CALL_COLUMNS, PRICED_COLUMNS, rate, version_in_force
from billing.rules.rejects import REJECTS, accepted, rejected
from billing.rules.tariff import BANDS, NO_PRICE, Rate, TariffBook, TariffVersion
from billing.rules.tariff_table import AMOUNT_MAX_MILLIONTHS, TariffTable, compile_tariffs
from css.core.calendar import Period, london_instant
from css.core.money import Price, gross_from_net, net_from_gross, to_money
from css.core.words import PriceBasis

LANDLINE = "441632960123"
MONDAY = london_instant(date(2024, 1, 15), time(10))
TWOPENCE, THREEPENCE = Price.of("2"), Price.of("3")


@pytest.fixture(scope="module")
def reference() -> TariffTable:
    return compile_tariffs(reference_book())


def calls(*rows: tuple[int, str, datetime, int]) -> pl.DataFrame:
    """Calls as ``rate`` takes them: tariff version, number dialled, start, seconds."""
    return pl.DataFrame(rows, schema=CALL_COLUMNS, orient="row")


def priced(table: TariffTable, version: int, dialled: str, started_at: datetime, seconds: int) -> dict[str, Any]:
    return rate(calls((version, dialled, started_at, seconds)), table).row(0, named=True)


def at(day: date, wall: str) -> datetime:
    return london_instant(day, time.fromisoformat(wall))


def tariff(
    *,
    setup: Price = TWOPENCE,
    unit_price: Price = THREEPENCE,
    minimum: Price = NO_PRICE,
    rounding: int = 1,
    basis: PriceBasis = PriceBasis.NET,
    prefixes: tuple[str, ...] = ("44",),
) -> TariffTable:
    """One tariff, number 1, alike in every band: net, 2p and 3p a minute to 44; a test changes what it is about."""
    rates = tuple(
        Rate(number * 10 + place, prefix, band, "ANY", f"To {prefix}", setup, unit_price, minimum)
        for number, prefix in enumerate(prefixes)
        for place, band in enumerate(BANDS)
    )
    version = TariffVersion(1, "T", 1, Period(date(2010, 1, 1)), basis, 60, time(7), time(19), rates, rounding)
    return compile_tariffs(TariffBook((version,), VAT_STANDARD))


class TestKnownFacts:
    def test_an_hour_by_day_in_april_2010_is_three_pounds_sixty_four_with_vat(self, reference: TariffTable) -> None:
        call = priced(reference, 2, LANDLINE, at(date(2010, 4, 6), "10:00"), 3600)
        assert call["gross_millionths"] == 363_900_000
        assert to_money(Price(call["gross_millionths"])).sterling == "£3.64"
        assert call["band"] == "day"
        # The published price holds VAT at 17.5%; 309.702128 net is what the bill's VAT is reckoned on.
        assert call["net_millionths"] == 309_702_128
        assert call["vat_basis_points"] == 1750

    def test_the_same_hour_on_31_march_2010_at_six_is_evening_and_free(self, reference: TariffTable) -> None:
        call = priced(reference, 1, LANDLINE, at(date(2010, 3, 31), "18:00"), 3600)
        assert (call["band"], call["gross_millionths"]) == ("evening", 0)

    def test_a_day_later_six_in_the_evening_is_still_day(self, reference: TariffTable) -> None:
        call = priced(reference, 2, LANDLINE, at(date(2010, 4, 1), "18:00"), 3600)
        assert (call["band"], call["gross_millionths"]) == ("day", 363_900_000)

    def test_two_minutes_and_two_seconds_are_three_minutes(self, reference: TariffTable) -> None:
        call = priced(reference, 2, LANDLINE, at(date(2010, 4, 6), "10:00"), 122)
        assert call["chargeable_units"] == 3
        assert call["gross_millionths"] == 9_900_000 + 3 * 5_900_000

    @pytest.mark.parametrize(
        ("wall", "band"),
        [("06:59:59", "evening"), ("07:00:00", "day"), ("18:59:59", "day"), ("19:00:00", "evening"), ("00:00:00", "evening")],
    )
    def test_the_band_is_that_of_the_first_second(self, reference: TariffTable, wall: str, band: str) -> None:
        # An hour from 18:59:59 is priced by day throughout: the start decides.
        assert priced(reference, 2, LANDLINE, at(date(2010, 4, 6), wall), 3600)["band"] == band

    def test_saturday_and_sunday_are_weekend_all_day(self, reference: TariffTable) -> None:
        assert [priced(reference, 2, LANDLINE, at(date(2010, 4, day), "12:00"), 60)["band"] for day in (9, 10, 11, 12)] == [
            "day",
            "weekend",
            "weekend",
            "day",
        ]

    def test_freephone_costs_nothing_and_stays_off_the_itemised_bill(self, reference: TariffTable) -> None:
        call = priced(reference, 2, "448081570000", at(date(2010, 4, 6), "10:00"), 600)
        assert (call["gross_millionths"], call["is_itemised"], call["charge_class"]) == (0, False, "FREE")


class TestConventions:
    def test_nothing_answered_nothing_charged(self) -> None:
        dear = tariff(minimum=Price.of("50"))
        call = priced(dear, 1, LANDLINE, MONDAY, 0)
        assert (call["chargeable_units"], call["net_millionths"], call["gross_millionths"]) == (0, 0, 0)
        assert call["reject_code"] is None

    def test_a_minimum_charge_holds_the_set_up_too(self) -> None:
        dear = tariff(minimum=Price.of("8"))
        by_minutes = {minutes: priced(dear, 1, LANDLINE, MONDAY, minutes * 60)["net_millionths"] for minutes in (1, 2, 3)}
        assert by_minutes == {1: 8_000_000, 2: 8_000_000, 3: 11_000_000}

    def test_the_call_is_rounded_half_up_in_the_basis_it_is_published_in(self) -> None:
        tenth = tariff(setup=Price.of("0.05"), unit_price=NO_PRICE, rounding=100_000)
        assert priced(tenth, 1, LANDLINE, MONDAY, 1)["net_millionths"] == 100_000
        just_under = tariff(setup=Price(49_999), unit_price=NO_PRICE, rounding=100_000)
        assert priced(just_under, 1, LANDLINE, MONDAY, 1)["net_millionths"] == 0

    @pytest.mark.parametrize("basis", [PriceBasis.NET, PriceBasis.GROSS])
    def test_the_other_side_of_vat_is_the_core_s_own_sum(self, basis: PriceBasis) -> None:
        odd = tariff(setup=Price(1_234_567), unit_price=Price(7), basis=basis)
        call = priced(odd, 1, LANDLINE, MONDAY, 61)
        percent = VAT_STANDARD[-1].percent
        published = Price(1_234_567 + 2 * 7)
        if basis is PriceBasis.NET:
            assert (call["net_millionths"], call["gross_millionths"]) == (
                published.millionths,
                gross_from_net(published, percent).millionths,
            )
        else:
            assert (call["net_millionths"], call["gross_millionths"]) == (
                net_from_gross(published, percent).millionths,
                published.millionths,
            )

    def test_vat_is_that_of_the_london_date_the_call_starts_on(self) -> None:
        last, first = at(date(2011, 1, 3), "23:59:59"), at(date(2011, 1, 4), "00:00:00")
        assert [priced(tariff(), 1, LANDLINE, start, 60)["vat_basis_points"] for start in (last, first)] == [1750, 2000]

    def test_bands_follow_london_clocks_in_summer(self) -> None:
        # 06:30 UTC on a July Monday is 07:30 in London: day. In January it is still evening.
        assert priced(tariff(), 1, LANDLINE, datetime(2024, 7, 1, 6, 30, tzinfo=UTC), 60)["band"] == "day"
        assert priced(tariff(), 1, LANDLINE, datetime(2024, 1, 1, 6, 30, tzinfo=UTC), 60)["band"] == "evening"


class TestLongestPrefix:
    @pytest.mark.parametrize(
        ("dialled", "prefix", "destination"),
        [
            ("442079460123", "4420", "London"),
            ("442890180123", "4428", "Northern Ireland"),
            ("442380180123", "442", "UK landline"),
            ("447624123456", "447624", "Isle of Man mobile"),
            ("447612345678", "4476", "Pager"),
            ("353123456789", "353", "Ireland"),
            ("358123456789", "358", "Finland"),
            ("359123456789", "35", "Europe"),
            ("118500", "118", "Directory enquiries"),
            ("441184960123", "441", "UK landline"),
            ("123", "123", "Speaking clock"),
            ("12315550123", "1", "North America"),
            ("100", "100", "Operator"),
        ],
    )
    def test_decides(self, reference: TariffTable, dialled: str, prefix: str, destination: str) -> None:
        call = priced(reference, 2, dialled, MONDAY, 60)
        assert (call["prefix"], call["destination"]) == (prefix, destination)

    def test_gaps_between_nested_prefixes_fall_back_to_the_prefix_round_them(self) -> None:
        nested = tariff(prefixes=("44", "4416", "44163", "4418", "4419", "449"))
        found = {
            dialled: priced(nested, 1, dialled, MONDAY, 60)["prefix"]
            for dialled in (
                "441500000000",
                "441600000000",
                "441640000000",
                "441630000000",
                "441700000000",
                "441999999999",
                "442000000000",
                "449999999999",
            )
        }
        assert found == {
            "441500000000": "44",
            "441600000000": "4416",
            "441640000000": "4416",
            "441630000000": "44163",
            "441700000000": "44",
            "441999999999": "4419",
            "442000000000": "44",
            "449999999999": "449",
        }


class TestRejects:
    def test_each_reason_has_its_sentence_and_no_price(self, reference: TariffTable) -> None:
        frame = rate(
            calls(
                (2, LANDLINE, MONDAY, -1),
                (99, LANDLINE, MONDAY, 60),
                (1, LANDLINE, MONDAY, 60),
                (2, "0", MONDAY, 60),
                (2, "999999999999", MONDAY, 60),
                (2, LANDLINE, MONDAY, 2**62),
                (2, LANDLINE, MONDAY, 60),
            ),
            reference,
        )
        assert frame["reject_code"].to_list() == ["CSS407E", "CSS415E", "CSS415E", "CSS416E", None, "CSS418E", None]
        assert frame["reject_text"][3] == "No destination of the tariff begins the number dialled '0'."
        set_aside = rejected(frame)
        assert set_aside.select(name for name in PRICED_COLUMNS if not name.startswith("reject_")).null_count().row(0) == (5,) * 12
        assert accepted(frame).null_count().sum_horizontal().item() == 0
        assert set_aside.height + accepted(frame).height == frame.height

    def test_a_day_without_vat_on_file(self) -> None:
        without = compile_tariffs(replace(reference_book(), vat=()))
        assert priced(without, 2, LANDLINE, MONDAY, 60)["reject_code"] == "CSS417E"

    def test_nulls_are_faults_not_crashes(self, reference: TariffTable) -> None:
        frame = rate(pl.DataFrame([(2, None, None, None), (None, LANDLINE, None, 5)], schema=CALL_COLUMNS, orient="row"), reference)
        assert frame["reject_code"].to_list() == ["CSS407E", "CSS415E"]

    def test_the_largest_amount_is_the_last_one_taken(self) -> None:
        dear = tariff(setup=NO_PRICE, unit_price=Price(10**12))
        at_most = AMOUNT_MAX_MILLIONTHS // 10**12 * 60
        assert priced(dear, 1, LANDLINE, MONDAY, at_most)["net_millionths"] == AMOUNT_MAX_MILLIONTHS
        assert priced(dear, 1, LANDLINE, MONDAY, at_most + 1)["reject_code"] == "CSS418E"

    def test_every_code_has_a_sentence_that_ends(self) -> None:
        assert all(sentence.endswith(".") and sentence.count("{") <= 1 for sentence in REJECTS.values())


class TestFrame:
    def test_order_and_other_columns_pass_through(self, reference: TariffTable) -> None:
        frame = calls((2, LANDLINE, MONDAY, 60), (2, "0", MONDAY, 60), (2, "442079460123", MONDAY, 60)).with_columns(
            record_key=pl.Series([9, 8, 7])
        )
        out = rate(frame.lazy(), reference)
        assert out["record_key"].to_list() == [9, 8, 7]
        assert out.columns == [*frame.columns, *PRICED_COLUMNS]
        assert {name: out.schema[name] for name in PRICED_COLUMNS} == PRICED_COLUMNS

    def test_no_calls_no_rows(self, reference: TariffTable) -> None:
        assert rate(calls(), reference).shape == (0, len(CALL_COLUMNS) + len(PRICED_COLUMNS))

    def test_the_version_in_force_is_that_of_the_call_s_own_london_date(self, reference: TariffTable) -> None:
        midnight = at(date(2010, 4, 1), "00:00")
        frame = pl.DataFrame(
            {
                "tariff_code": ["RES", "RES", "BUS", "GONE", None, "RES"],
                "started_at": [
                    datetime(2010, 3, 31, 22, 59, 59, tzinfo=UTC),
                    midnight,
                    midnight,
                    midnight,
                    midnight,
                    datetime(2009, 9, 30, tzinfo=UTC),
                ],
            },
            schema={"tariff_code": pl.String(), "started_at": pl.Datetime("us", "UTC")},
        )
        out = version_in_force(frame, reference)
        assert out["tariff_version_id"].to_list() == [1, 2, 4, None, None, None]
        assert out["reject_code"].to_list() == [None, None, None, "CSS414E", "CSS414E", "CSS414E"]
