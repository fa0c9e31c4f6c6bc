"""What calls cost: the trade's known facts, which price meets which number, and what becomes of a call that has none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest

from billing.reference import VAT_STANDARD, reference_book
from billing.rules.rating import CALL_COLUMNS, PRICED_COLUMNS, price
from billing.rules.rating_part import DURATION_MAX_SECONDS
from billing.rules.rejects import REJECTS, accepted, rejected
from billing.rules.tariff import Step
from billing.rules.tariff_check import PRICE_MAX_MILLIONTHS
from billing.rules.tariff_table import AMOUNT_MAX_MILLIONTHS, TariffTable, compile_tariffs
from billing.words import Boundary
from css.core.calendar import Period
from css.core.money import Price, gross_from_net, net_from_gross, to_money
from css.core.words import PriceBasis
from tests.rules.tariffs import LANDLINE, MONDAY, at, by_minute, calls, one, p, priced, rates, table, version

RES, BUS = "RES", "BUS"
HOUR = 3600


@pytest.fixture(scope="module")
def reference() -> TariffTable:
    return compile_tariffs(reference_book())


class TestKnownFacts:
    def test_an_hour_by_day_in_april_2010_is_three_pounds_sixty_four_with_vat(self, reference: TariffTable) -> None:
        call = priced(reference, HOUR, at("2010-04-06", "10:00"), code=RES)
        assert call["gross_millionths"] == 363_900_000
        assert to_money(Price(call["gross_millionths"])).sterling == "£3.64"
        assert (call["band"], call["chargeable_units"], call["zero_reason"]) == ("day", 60, None)
        # The published price holds VAT at 17.5%; 309.702128 net is what the bill's VAT is reckoned on.
        assert (call["net_millionths"], call["vat_basis_points"]) == (309_702_128, 1750)

    def test_the_same_hour_on_31_march_2010_at_six_is_evening_and_included(self, reference: TariffTable) -> None:
        call = priced(reference, HOUR, at("2010-03-31", "18:00"), code=RES)
        assert (call["band"], call["gross_millionths"], call["zero_reason"]) == ("evening", 0, "included")

    def test_a_day_later_six_in_the_evening_is_still_day(self, reference: TariffTable) -> None:
        call = priced(reference, HOUR, at("2010-04-01", "18:00"), code=RES)
        assert (call["band"], call["gross_millionths"]) == ("day", 363_900_000)

    def test_two_minutes_and_two_seconds_are_three_minutes(self, reference: TariffTable) -> None:
        call = priced(reference, 122, at("2010-04-06", "10:00"), code=RES)
        assert (call["chargeable_units"], call["gross_millionths"]) == (3, 9_900_000 + 3 * 5_900_000)

    @pytest.mark.parametrize(
        ("wall", "band"),
        [("06:59:59", "evening"), ("07:00:00", "day"), ("18:59:59", "day"), ("19:00:00", "evening"), ("00:00:00", "evening")],
    )
    def test_the_band_is_that_of_the_first_second(self, reference: TariffTable, wall: str, band: str) -> None:
        assert priced(reference, HOUR, at("2010-04-06", wall), code=RES)["band"] == band

    def test_saturday_and_sunday_are_weekend_all_day(self, reference: TariffTable) -> None:
        bands = [priced(reference, 60, at(f"2010-04-{day:02}", "12:00"), code=RES)["band"] for day in (9, 10, 11, 12)]
        assert bands == ["day", "weekend", "weekend", "day"]

    def test_freephone_costs_nothing_and_stays_off_the_itemised_bill(self, reference: TariffTable) -> None:
        call = priced(reference, 600, at("2010-04-06", "10:00"), "448081570000", RES)
        assert (call["gross_millionths"], call["is_itemised"], call["charge_class"]) == (0, False, "FREE")
        assert (call["zero_reason"], call["chargeable_units"]) == ("free", 0)


class TestVat:
    @pytest.mark.parametrize("basis", [PriceBasis.NET, PriceBasis.GROSS])
    @pytest.mark.parametrize("unit_price", [7, 8])
    def test_the_other_side_is_the_core_s_own_sum(self, basis: PriceBasis, unit_price: int) -> None:
        odd = one(*rates("44", Step(0, 60, Price(unit_price)), setup="1.234567"), basis=basis)
        call = priced(odd, 61)
        percent = VAT_STANDARD[-1].percent
        # Net of 1.234581 is half a millionth more than it can say; gross of 1.234583 more than half.
        published = Price(1_234_567 + 2 * unit_price)
        net, gross = (
            (published, gross_from_net(published, percent)) if basis is PriceBasis.NET else (net_from_gross(published, percent), published)
        )
        assert (call["net_millionths"], call["gross_millionths"]) == (net.millionths, gross.millionths)

    def test_is_that_of_the_london_date_the_call_starts_on(self) -> None:
        last, first = at("2011-01-03", "23:59:59"), at("2011-01-04", "00:00:00")
        assert [priced(one(*rates("44")), 60, start)["vat_basis_points"] for start in (last, first)] == [1750, 2000]


class TestClocks:
    def test_bands_follow_london_clocks_in_summer(self) -> None:
        # 06:30 UTC on a July Monday is 07:30 in London: day. In January it is still evening.
        plain = one(*rates("44"))
        assert priced(plain, 60, datetime(2024, 7, 1, 6, 30, tzinfo=UTC))["band"] == "day"
        assert priced(plain, 60, datetime(2024, 1, 1, 6, 30, tzinfo=UTC))["band"] == "evening"

    def test_the_version_is_that_of_the_call_s_own_london_date(self) -> None:
        midnight = date(2024, 7, 2)
        two = table(
            version("T", *rates("44"), period=Period(date(2024, 1, 1), midnight)),
            version("T", *rates("44"), period=Period(midnight), version=2),
        )
        first, second = two.versions["tariff_version_id"].to_list()[:2]
        # London's 2 July begins at 23:00 UTC on the first.
        found = [
            priced(two, 60, start)["tariff_version_id"]
            for start in (
                datetime(2024, 7, 1, 22, 59, 59, 999_999, tzinfo=UTC),
                datetime(2024, 7, 1, 23, tzinfo=UTC),
                datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC),
            )
        ]
        assert found == [first, second, None]


class TestLongestPrefix:
    @pytest.mark.parametrize(
        ("number", "prefix", "destination"),
        [
            ("442079460123", "4420", "London"),
            ("442890180123", "4428", "Northern Ireland"),
            ("442380180123", "442", "UK landline"),
            ("447624123456", "447624", "Isle of Man mobile"),
            ("447612345678", "4476", "Pager"),
            ("353123456789", "353", "Ireland"),
            ("358123456789", "358", "Finland"),
            ("359123456789", "35", "Europe"),
            ("441184960123", "441", "UK landline"),
            ("123", "123", "Speaking clock"),
            ("12315550123", "1", "North America"),
            ("100", "100", "Operator"),
        ],
    )
    def test_decides(self, reference: TariffTable, number: str, prefix: str, destination: str) -> None:
        call = priced(reference, 60, MONDAY, number, RES)
        assert (call["prefix"], call["destination"]) == (prefix, destination)

    def test_gaps_between_nested_prefixes_fall_back_to_the_prefix_round_them(self) -> None:
        nested = one(*(rate for prefix in ("44", "4416", "44163", "4418", "4419", "449") for rate in rates(prefix)))
        expected = {
            "441500000000": "44",
            "441600000000": "4416",
            "441640000000": "4416",
            "441630000000": "44163",
            "441700000000": "44",
            "441999999999": "4419",
            "442000000000": "44",
            "449999999999": "449",
        }
        assert {number: priced(nested, 60, MONDAY, number)["prefix"] for number in expected} == expected

    def test_a_short_code_meets_short_numbers_only(self) -> None:
        both = one(*rates("118", is_short_code=True), *rates("11", setup="9"))
        assert [priced(both, 60, MONDAY, number)["prefix"] for number in ("118500", "118", "1185001", "119")] == ["118", "118", "11", None]


class TestRejects:
    def test_each_reason_has_its_sentence_and_no_price(self, reference: TariffTable) -> None:
        frame = price(
            calls(
                (RES, None, LANDLINE, MONDAY, -1),
                ("GONE", None, LANDLINE, MONDAY, 60),
                (RES, BUS, LANDLINE, at("2009-09-30", "23:59:59"), 60),
                (RES, BUS, "0", MONDAY, 60),
                (RES, None, "999999999999", MONDAY, 60),
                (RES, BUS, LANDLINE, MONDAY, 2**62),
                (RES, BUS, LANDLINE, MONDAY, 60),
            ),
            reference,
        )
        assert frame["reject_code"].to_list() == ["CSS407E", "CSS414E", "CSS414E", "CSS416E", None, "CSS418E", None]
        assert frame["reject_text"].to_list()[:4] == [
            "The duration '-1' is not a whole number of seconds, nought or more.",
            "No version of tariff 'GONE' is in force on the day of the call.",
            "No version of tariff 'RES' is in force on the day of the call.",
            "No destination of the tariff begins the number '0'.",
        ]
        set_aside = rejected(frame)
        assert set_aside.select(name for name in PRICED_COLUMNS if not name.startswith("reject_")).null_count().row(0) == (5,) * 17
        assert set_aside.height + accepted(frame).height == frame.height

    def test_a_day_without_vat_on_file(self) -> None:
        without = compile_tariffs(replace(reference_book(), vat=()))
        assert priced(without, 60, code=RES)["reject_code"] == "CSS417E"

    def test_nulls_are_faults_not_crashes(self, reference: TariffTable) -> None:
        frame = price(
            calls((RES, RES, None, None, None), (None, RES, LANDLINE, None, 5), (RES, RES, None, MONDAY, 5), (RES, RES, LANDLINE, None, 5)),
            reference,
        )
        assert frame["reject_code"].to_list() == ["CSS407E", "CSS414E", "CSS416E", "CSS414E"]

    @pytest.mark.parametrize("started_at", [datetime(1984, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2085, 1, 1, tzinfo=UTC)])
    def test_outside_the_calendar_nothing_is_in_force(self, started_at: datetime) -> None:
        assert priced(one(*rates("44"), period=Period(date(1900, 1, 1))), 60, started_at)["reject_code"] == "CSS414E"

    def test_the_largest_amount_is_the_last_one_taken(self) -> None:
        dear = one(*rates("44", Step(0, 60, Price(PRICE_MAX_MILLIONTHS))))
        at_most = AMOUNT_MAX_MILLIONTHS // PRICE_MAX_MILLIONTHS * 60
        assert priced(dear, at_most)["net_millionths"] == AMOUNT_MAX_MILLIONTHS
        assert priced(dear, at_most + 1)["reject_code"] == "CSS418E"

    def test_rounding_does_not_bring_too_large_a_price_back(self) -> None:
        # What a step before has come to is reckoned no further than it matters; a coarse rounding must not undo that.
        steps = Step(0, 1, Price(PRICE_MAX_MILLIONTHS)), by_minute("1", from_second=HOUR)
        assert priced(one(*rates("44", *steps), price_rounding_millionths=10**9), 2 * HOUR)["reject_code"] == "CSS418E"

    def test_no_call_is_longer_than_ninety_days(self) -> None:
        by_day = one(*rates("44", Step(0, 86_400, Price(1))))
        assert priced(by_day, DURATION_MAX_SECONDS)["chargeable_units"] == 90
        assert [priced(by_day, seconds)["reject_code"] for seconds in (DURATION_MAX_SECONDS + 1, 2**63 - 1)] == ["CSS418E"] * 2

    @pytest.mark.parametrize("boundary", list(Boundary))
    def test_the_dearest_second_for_the_longest_call_does_not_overflow(self, boundary: Boundary) -> None:
        dearest = [Step(second, 1, Price(PRICE_MAX_MILLIONTHS), Price(PRICE_MAX_MILLIONTHS)) for second in (0, 1, HOUR)]
        assert priced(one(*rates("44", *dearest), boundary=boundary), DURATION_MAX_SECONDS)["reject_code"] == "CSS418E"
        capped = one(*rates("44", *dearest, maximum=p("5")), boundary=boundary)
        assert priced(capped, DURATION_MAX_SECONDS)["net_millionths"] == 5_000_000

    def test_every_code_has_a_sentence_that_ends(self) -> None:
        assert all(sentence.endswith(".") and sentence.count("{") <= 1 for sentence in REJECTS.values())


class TestFrame:
    def test_order_and_other_columns_pass_through(self, reference: TariffTable) -> None:
        frame = calls((RES, None, LANDLINE, MONDAY, 60), (RES, None, "0", MONDAY, 60), (BUS, RES, "442079460123", MONDAY, 60)).with_columns(
            usage_record_id=pl.Series([9, 8, 7])
        )
        out = price(frame, reference)
        assert out["usage_record_id"].to_list() == [9, 8, 7]
        assert out.columns == [*frame.columns, *PRICED_COLUMNS]
        assert {name: out.schema[name] for name in PRICED_COLUMNS} == PRICED_COLUMNS

    def test_no_calls_no_rows(self, reference: TariffTable) -> None:
        out = price(calls(), reference)
        assert out.shape == (0, len(CALL_COLUMNS) + len(PRICED_COLUMNS))
        assert {name: out.schema[name] for name in PRICED_COLUMNS} == PRICED_COLUMNS

    def test_a_call_costs_the_same_alone_and_among_others(self, reference: TariffTable) -> None:
        rows = calls(*((RES, BUS, number, MONDAY, seconds) for number in (LANDLINE, "0", "123") for seconds in (0, 1, 122, -1)))
        together = price(rows, reference)
        alone = pl.concat([price(rows[index], reference) for index in range(len(rows))])
        assert together.equals(alone)

    def test_without_a_tariff_every_call_is_rejected(self) -> None:
        assert [priced(table(*versions), 60)["reject_code"] for versions in ((), (version("T"),))] == ["CSS414E", "CSS416E"]

    def test_durations_may_come_as_the_tables_hold_them(self, reference: TariffTable) -> None:
        frame = calls((RES, BUS, LANDLINE, MONDAY, 61)).with_columns(pl.col("duration_seconds").cast(pl.Int32))
        out = price(frame, reference)
        assert {name: out.schema[name] for name in PRICED_COLUMNS} == PRICED_COLUMNS
        assert out["chargeable_units"].item() == 2
