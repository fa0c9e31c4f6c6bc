"""Each convention of charging by amounts worked by hand: steps, bounds, bands, bank holidays, service charges, wholesale."""

from __future__ import annotations

from datetime import date

import pytest

from billing.rules.tariff import BANDS, Band, Rate, Step
from billing.rules.tariff_table import TariffTable
from billing.words import Boundary, TariffKind
from css.core.calendar import Nation, Period
from css.core.money import Price
from css.core.words import PriceBasis
from tests.rules.tariffs import LANDLINE, MONDAY, at, banded, by_minute, net, one, p, priced, rates, table, version

NOUGHT = p("0")
START, SPLIT = Boundary.START, Boundary.SPLIT


class TestSteps:
    @pytest.mark.parametrize(
        ("what", "steps", "expected"),
        [
            ("whole minutes begun", [by_minute("3")], {1: "3", 60: "3", 61: "6", 122: "9"}),
            (
                "capped for an hour, then by the minute",
                [Step(0, 0, NOUGHT, p("10")), by_minute("5", 3600)],
                {1: "10", 3600: "10", 3601: "15", 7200: "310"},
            ),
            ("an hour free, then by the minute", [Step(0, 0, NOUGHT), by_minute("9", 3600)], {1: "0", 3600: "0", 3601: "9", 3722: "27"}),
            # Two minutes begin in the first 90 seconds, and both are charged whole; the next step counts its own from there.
            (
                "a unit cut short by the next step",
                [by_minute("10"), by_minute("5", 90)],
                {60: "10", 90: "20", 91: "25", 150: "25", 151: "30"},
            ),
            ("a price on reaching a step", [by_minute("1"), Step(120, 60, p("1"), p("50"))], {120: "2", 121: "53", 180: "53", 181: "54"}),
            ("three tiers", [by_minute("10"), by_minute("5", 60), by_minute("1", 120)], {60: "10", 61: "15", 121: "16", 181: "17"}),
            ("by the second, unrounded", [Step(0, 1, p("0.0933"))], {1: "0.0933", 10: "0.933", 3600: "335.88"}),
            ("by the call", [Step(0, 0, NOUGHT, p("600"))], {1: "600", 86_400: "600"}),
            ("a day at a time", [Step(0, 86_400, p("100"))], {86_399: "100", 86_400: "100", 86_401: "200", 90 * 86_400: "9000"}),
        ],
    )
    def test_charge_what_is_begun(self, what: str, steps: list[Step], expected: dict[int, str]) -> None:
        tariff = one(*rates("44", *steps))
        assert {seconds: net(tariff, seconds) for seconds in expected} == expected, what

    def test_a_capped_mobile_call(self) -> None:
        # 8p and a fixed price for up to sixty minutes (domain rule), then by the minute.
        capped = one(*rates("44", Step(0, 0, NOUGHT, p("12.5")), by_minute("15", 3600), setup="8"))
        assert [net(capped, seconds) for seconds in (1, 3600, 3601)] == ["20.5", "20.5", "35.5"]
        assert [priced(capped, seconds)["chargeable_units"] for seconds in (3600, 3601)] == [0, 1]

    def test_mobile_style_is_by_the_second_after_a_least_duration_and_then_rounded(self) -> None:
        mobile = one(*rates("44", Step(0, 1, p("0.0933"))), minimum_seconds=30, price_rounding_millionths=100_000)
        # 30 x 0.0933 = 2.799, 31 x 0.0933 = 2.8923.
        assert [net(mobile, seconds) for seconds in (0, 1, 30, 31)] == ["0", "2.8", "2.8", "2.9"]

    def test_a_least_duration_may_reach_a_step(self) -> None:
        long = one(*rates("44", by_minute("1"), by_minute("20", 60)), minimum_seconds=61)
        assert net(long, 1) == "21"


class TestBounds:
    def test_a_minimum_charge_holds_the_set_up_too(self) -> None:
        dear = one(*rates("44", setup="2", minimum=p("8")))
        assert [net(dear, minutes * 60) for minutes in (1, 2, 3)] == ["8", "8", "11"]

    def test_a_maximum_holds_all_of_it(self) -> None:
        capped = one(*rates("44", setup="2", maximum=p("10")))
        assert [net(capped, minutes * 60) for minutes in (1, 2, 3, 1440)] == ["5", "8", "10", "10"]

    def test_the_call_is_rounded_half_up_in_the_basis_it_is_published_in(self) -> None:
        tenth = one(*rates("44", Step(0, 0, NOUGHT), setup="0.05"), price_rounding_millionths=100_000)
        assert net(tenth, 1) == "0.1"
        just_under = one(*rates("44", Step(0, 0, NOUGHT), setup="0.049999"), price_rounding_millionths=100_000)
        assert net(just_under, 1) == "0"
        gross = one(*rates("44", Step(0, 0, NOUGHT), setup="0.25"), price_rounding_millionths=100_000, basis=PriceBasis.GROSS)
        assert priced(gross, 1)["gross_millionths"] == 300_000


class TestNothingToPay:
    @pytest.mark.parametrize(
        ("rate", "seconds", "reason", "units"),
        [
            (list(rates("44", setup="2", minimum=p("50"))), 0, "unanswered", 0),
            (list(rates("44", is_free=True)), 60, "free", 0),
            (list(rates("44", is_free=True)), 0, "free", 0),
            (list(rates("44", Step(0, 0, NOUGHT), by_minute("9", 3600))), 3600, "included", 0),
            (list(rates("44", Step(0, 60, NOUGHT))), 61, "included", 2),
        ],
    )
    def test_has_its_reason(self, rate: list[Rate], seconds: int, reason: str, units: int) -> None:
        call = priced(one(*rate), seconds)
        assert (call["net_millionths"], call["gross_millionths"], call["zero_reason"], call["chargeable_units"]) == (0, 0, reason, units)

    def test_a_price_has_none(self) -> None:
        assert priced(one(*rates("44", Step(0, 60, Price(1)))), 1)["zero_reason"] is None


class TestBoundary:
    """10p a minute by day, 3p in the evening, 1p at weekends, and 2p set-up."""

    @pytest.mark.parametrize(
        ("day", "wall", "seconds", "by_start", "split"),
        [
            ("2024-01-15", "18:59:59", 1, "12", "12"),
            ("2024-01-15", "18:59:59", 60, "12", "12"),  # the unit has begun by day, and runs on
            ("2024-01-15", "18:59:59", 61, "22", "15"),
            ("2024-01-15", "18:59:59", 3600, "602", "189"),  # 2 + 10 + 59 x 3
            ("2024-01-15", "18:58:00", 120, "22", "22"),  # ends as the evening begins
            ("2024-01-15", "18:58:00", 121, "32", "25"),
            ("2024-01-15", "06:59:30", 90, "8", "15"),
            ("2024-01-15", "23:59:00", 120, "8", "8"),  # midnight between two evenings is no edge
            ("2024-01-19", "23:59:00", 120, "8", "6"),  # Friday into Saturday
            ("2024-01-20", "23:59:00", 120, "4", "4"),
            ("2024-01-21", "23:59:00", 120, "4", "6"),  # Sunday into Monday
            ("2024-01-21", "23:59:00", 0, "0", "0"),
            ("2024-02-29", "18:59:00", 120, "22", "15"),  # leap day
            ("2024-01-15", "10:00:00", 86_400, "14402", "9362"),  # 2 + 720 x 10 + 720 x 3
            ("2024-01-15", "10:00:00", 7 * 86_400, "100802", "49682"),  # 2 + 3600 x 10 + 3600 x 3 + 2880 x 1
            ("2024-03-31", "00:00:00", 23 * 3600, "1382", "1382"),  # that Sunday lasts 23 hours
            ("2024-03-31", "00:00:00", 23 * 3600 + 60, "1383", "1385"),
            ("2024-10-27", "00:00:00", 25 * 3600, "1502", "1502"),  # and that one 25
            ("2024-10-27", "00:00:00", 25 * 3600 + 60, "1503", "1505"),
            ("2024-03-30", "23:59:00", 23 * 3600 + 120, "1384", "1386"),
        ],
    )
    def test_by_start_or_split(self, day: str, wall: str, seconds: int, by_start: str, split: str) -> None:
        found = [net(one(*banded("44"), boundary=boundary), seconds, at(day, wall)) for boundary in (START, SPLIT)]
        assert found == [by_start, split]

    def test_a_step_s_price_is_that_of_the_band_in_which_it_is_reached(self) -> None:
        def steps(unit: str, once: str) -> tuple[Step, ...]:
            return by_minute(unit), Step(120, 60, p(unit), p(once))

        of_band: dict[Band, tuple[Step, ...]] = {"day": steps("10", "50"), "evening": steps("3", "20"), "weekend": steps("1", "7")}
        its = [Rate(number, "44", band, "ANY", "To 44", p(str(number)), of_band[band]) for number, band in enumerate(BANDS, 1)]
        tariff = one(*its, boundary=SPLIT)
        # Set-up 1p by day; minutes begin at 18:58:30 and 18:59:30 by day; the step is reached at 19:00:30: 20p and 3p.
        assert net(tariff, 121, at("2024-01-15", "18:58:30")) == "44"
        # A second earlier it is not reached.
        assert net(tariff, 120, at("2024-01-15", "18:58:30")) == "21"

    def test_minimum_maximum_and_rate_are_those_of_the_start(self) -> None:
        bounds = dict(zip(BANDS, (("5", "30"), ("50", "60"), ("0", "1")), strict=True))
        its = [
            Rate(number, "44", band, "ANY", f"To 44 by {band}", NOUGHT, (by_minute("10"),), p(bounds[band][0]), p(bounds[band][1]))
            for number, band in enumerate(BANDS, 1)
        ]
        call = priced(one(*its, boundary=SPLIT), 3600, at("2024-01-15", "18:59:00"))
        assert (call["net_millionths"], call["band"], call["rate_id"], call["destination"]) == (30_000_000, "day", 1, "To 44 by day")

    def test_a_least_duration_runs_over_the_edge_too(self) -> None:
        assert net(one(*banded("44"), boundary=SPLIT, minimum_seconds=61), 1, at("2024-01-15", "18:59:30")) == "15"

    def test_the_version_is_that_of_the_start(self) -> None:
        new_year = date(2024, 1, 16)
        both = table(
            version("T", *banded("44"), boundary=SPLIT, period=Period(date(2024, 1, 1), new_year)),
            version("T", *banded("44", setup="900"), boundary=SPLIT, period=Period(new_year), version=2),
        )
        assert net(both, 120, at("2024-01-15", "23:59:00")) == "8"

    def test_tariffs_with_other_hours_beside_each_other(self) -> None:
        both = table(
            version("T", *banded("44"), boundary=SPLIT),
            version("U", *banded("44"), boundary=SPLIT, bank_holidays="scotland"),
        )
        second_of_january = at("2024-01-02", "18:59:00")
        assert [priced(both, 120, second_of_january, code=code)["net_millionths"] for code in "TU"] == [15_000_000, 4_000_000]


class TestBankHolidays:
    @pytest.mark.parametrize(
        ("day", "weekend_in"),
        [
            ("2024-03-29", {"england-and-wales", "scotland", "northern-ireland"}),  # Good Friday
            ("2024-04-01", {"england-and-wales", "northern-ireland"}),  # Easter Monday
            ("2024-01-02", {"scotland"}),
            ("2024-07-12", {"northern-ireland"}),
            ("2026-12-28", {"england-and-wales", "scotland", "northern-ireland"}),  # for Boxing Day, a Saturday
            ("2024-04-02", set[str]()),
            ("2024-03-30", {None, "england-and-wales", "scotland", "northern-ireland"}),  # a Saturday is one anyhow
        ],
    )
    def test_are_weekend_where_the_tariff_says_so(self, day: str, weekend_in: set[str | None]) -> None:
        nations: tuple[Nation | None, ...] = (None, "england-and-wales", "scotland", "northern-ireland")
        found = {nation for nation in nations if priced(one(*rates("44"), bank_holidays=nation), 60, at(day, "12:00"))["band"] == "weekend"}
        assert found == weekend_in

    @pytest.mark.parametrize(
        ("day", "wall", "nation", "expected"),
        [
            ("2024-03-28", "23:59:00", None, "8"),
            ("2024-03-28", "23:59:00", "england-and-wales", "6"),  # into Good Friday
            ("2024-03-29", "06:59:00", None, "15"),
            ("2024-03-29", "06:59:00", "england-and-wales", "4"),
            ("2024-04-01", "23:59:00", "england-and-wales", "6"),  # out of Easter Monday
        ],
    )
    def test_have_edges(self, day: str, wall: str, nation: Nation | None, expected: str) -> None:
        assert net(one(*banded("44"), boundary=SPLIT, bank_holidays=nation), 120, at(day, wall)) == expected


@pytest.fixture(scope="module")
def two_tariffs() -> TariffTable:
    return table(
        version(
            "T",
            *(rate for prefix in ("4484", "4487", "449") for rate in rates(prefix, by_minute("12"), is_access_charge=True)),
            *rates("118", by_minute("12"), is_short_code=True, is_access_charge=True),
            *rates("441"),
            service_tariff_code="S",
            basis=PriceBasis.GROSS,
        ),
        version(
            "S",
            *rates("44844", by_minute("5.833")),
            *rates("44871", by_minute("10.833")),
            *rates("44909", Step(0, 0, NOUGHT, p("500"))),
            *rates("118", by_minute("200"), setup="200", is_short_code=True),
            *rates("118500", by_minute("100"), setup="300", is_short_code=True),
            kind=TariffKind.SERVICE,
            period=Period(date(2015, 7, 1)),
        ),
    )


class TestServiceCharge:
    """A gross access charge of 12p a minute; net service charges at and about their caps."""

    @pytest.mark.parametrize(
        ("number", "seconds", "net_price", "gross_price", "service_net"),
        [
            ("448441234567", 122, "47.499", "56.9988", "17.499"),  # 3 x 12 / 1.2 + 3 x 5.833
            ("448711234567", 60, "20.833", "24.9996", "10.833"),
            ("449091234567", 60, "510", "612", "500"),  # by the call
            ("118500", 60, "410", "492", "400"),
            ("118118", 60, "410", "492", "400"),
            ("118118", 61, "620", "744", "600"),
        ],
    )
    def test_is_added_to_the_access_charge(
        self, two_tariffs: TariffTable, number: str, seconds: int, net_price: str, gross_price: str, service_net: str
    ) -> None:
        call = priced(two_tariffs, seconds, MONDAY, number)
        found = [str(Price(call[name])) for name in ("net_millionths", "gross_millionths", "service_net_millionths")]
        assert found == [net_price, gross_price, service_net]
        assert call["service_rate_id"] not in {None, call["rate_id"]}

    def test_its_own_prefix_is_the_longest_of_its_own_tariff(self, two_tariffs: TariffTable) -> None:
        one_of, other = (priced(two_tariffs, 60, MONDAY, number)["service_rate_id"] for number in ("118118", "118500"))
        assert one_of != other

    def test_other_numbers_have_none(self, two_tariffs: TariffTable) -> None:
        call = priced(two_tariffs, 60)
        assert (call["service_rate_id"], call["service_net_millionths"]) == (None, None)

    def test_unanswered_costs_nothing(self, two_tariffs: TariffTable) -> None:
        call = priced(two_tariffs, 0, MONDAY, "448441234567")
        assert (call["net_millionths"], call["service_net_millionths"], call["zero_reason"]) == (0, 0, "unanswered")

    @pytest.mark.parametrize(("number", "day"), [("448451234567", "2024-01-15"), ("448441234567", "2015-06-30")])
    def test_not_on_file_is_a_reason(self, two_tariffs: TariffTable, number: str, day: str) -> None:
        call = priced(two_tariffs, 60, at(day, "12:00"), number)
        assert call["reject_code"] == "CSS450E"
        assert call["reject_text"] == f"No service charge is on file for the number '{number}' on the day of the call."
        assert (call["net_millionths"], call["service_net_millionths"], call["rate_id"]) == (None, None, None)


@pytest.fixture(scope="module")
def retail_and_wholesale() -> TariffTable:
    return table(
        version("T", *rates("44")),
        version("W", *rates("441", Step(0, 1, p("0.01")), setup="0.5"), kind=TariffKind.WHOLESALE, period=Period(date(2024, 1, 1))),
    )


class TestWholesale:
    def test_is_the_same_rule_over_the_provider_s_tariff(self, retail_and_wholesale: TariffTable) -> None:
        call = priced(retail_and_wholesale, 122, wholesale="W")
        assert (call["net_millionths"], call["wholesale_net_millionths"]) == (9_000_000, 1_720_000)
        assert call["wholesale_rate_id"] not in {None, call["rate_id"]}

    @pytest.mark.parametrize(
        ("wholesale", "number", "day", "code"),
        [
            (None, LANDLINE, "2024-01-15", None),
            ("GONE", LANDLINE, "2024-01-15", "CSS414E"),
            ("W", LANDLINE, "2023-12-31", "CSS414E"),
            ("W", "442079460123", "2024-01-15", "CSS416E"),
        ],
    )
    def test_does_not_hold_the_customer_s_price_up(
        self, retail_and_wholesale: TariffTable, wholesale: str | None, number: str, day: str, code: str | None
    ) -> None:
        call = priced(retail_and_wholesale, 60, at(day, "12:00"), number, wholesale=wholesale)
        assert (call["reject_code"], call["net_millionths"]) == (None, 3_000_000)
        assert (call["wholesale_rate_id"], call["wholesale_net_millionths"], call["wholesale_reject_code"]) == (None, None, code)

    def test_of_a_rejected_call_there_is_none(self, retail_and_wholesale: TariffTable) -> None:
        call = priced(retail_and_wholesale, -1, wholesale="W")
        assert (call["reject_code"], call["wholesale_net_millionths"], call["wholesale_reject_code"]) == ("CSS407E", None, None)
