"""Money and prices: exact, apart, and rounded in one place."""

import pickle
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css.core.errors import BadMessage
from css.core.money import (
    MILLIONTHS_MAX,
    PENCE_MAX,
    ZERO,
    Money,
    Percent,
    Price,
    gross_from_net,
    net_from_gross,
    percent_of,
    round_half_up,
    to_money,
    total,
)

pence = st.integers(-(10**12), 10**12)
millionths = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", 1200),
        ("12.3", 1230),
        ("12.34", 1234),
        ("0.01", 1),
        ("-3.00", -300),
        ("+3.00", 300),
        ("£1,234.50", 123450),
        ("-£3.00", -300),
        (" 7.50 ", 750),
        ("1,000,000", 100_000_000),
    ],
)
def test_an_amount_is_read_as_people_write_it(text: str, expected: int) -> None:
    assert Money.parse(text) == Money(expected)


@pytest.mark.parametrize(
    "text",
    # The last ones pass for numbers elsewhere: exponents, other scripts' digits, underscores, misplaced commas.
    [
        "",
        "£",
        "-",
        "abc",
        "1.234",
        "12.",
        ".5",
        "1.2.3",
        "£-3",
        "--3",
        "1e3",
        "1E999999999",
        "NaN",
        "Infinity",
        "١٢",
        "1_000",
        "12,34",
        "1,23.00",
    ],
)
def test_what_is_not_pounds_and_pence_is_refused(text: str) -> None:
    with pytest.raises(BadMessage) as refused:
        Money.parse(text)
    assert refused.value.code == "CSS011E"


def test_a_fraction_past_decimal_precision_is_seen() -> None:
    with pytest.raises(BadMessage, match="not an amount"):
        Money.parse("0.01" + "0" * 30 + "1")
    with pytest.raises(BadMessage, match="at most six places"):
        Price.of("1.000000" + "0" * 30 + "1")
    with pytest.raises(BadMessage, match="at most six places"):
        Price.of(Decimal("1.000000" + "0" * 30 + "1"))


@given(pence)
def test_an_amount_survives_both_its_writings(number: int) -> None:
    amount = Money(number)
    assert Money.parse(str(amount)) == amount
    assert Money.parse(amount.sterling) == amount


@pytest.mark.parametrize("wrong", [1.0, Decimal(1), "1", True])
def test_money_is_made_of_whole_pence_only(wrong: object) -> None:
    with pytest.raises(TypeError):
        Money(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Price(wrong)  # type: ignore[arg-type]


def test_money_cannot_meet_a_float_or_a_price() -> None:
    with pytest.raises(TypeError):
        _ = Money(100) * 1.5  # type: ignore[operator]
    with pytest.raises(TypeError):
        _ = Money(100) + Price.of(1)  # type: ignore[operator]
    with pytest.raises(TypeError):
        Price.of(1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Percent.of(17.5)  # type: ignore[arg-type]


def test_an_absurd_amount_is_refused() -> None:
    with pytest.raises(BadMessage) as refused:
        _ = Money(PENCE_MAX) + Money(1)
    assert refused.value.code == "CSS010E"
    with pytest.raises(BadMessage) as refused:
        Price(MILLIONTHS_MAX + 1)
    assert refused.value.code == "CSS010E"


@given(st.lists(pence))
def test_a_total_is_the_sum_of_its_pence(amounts: list[int]) -> None:
    assert total(Money(amount) for amount in amounts) == Money(sum(amounts))


@given(pence, pence)
def test_subtracting_undoes_adding(one: int, two: int) -> None:
    assert Money(one) + Money(two) - Money(two) == Money(one)
    assert Money(one) + -Money(one) == ZERO
    assert (Money(one) < Money(two)) == (one < two)


@pytest.mark.parametrize(
    ("text", "expected"), [("5.833", 5_833_000), ("0.000001", 1), ("-0.5", -500_000), (17, 17_000_000), (Decimal("5.10"), 5_100_000)]
)
def test_a_price_is_read_exactly(text: str | int | Decimal, expected: int) -> None:
    assert Price.of(text) == Price(expected)


@pytest.mark.parametrize(
    "text", ["", "x", "0.0000001", "1e3", "NaN", Decimal("NaN"), Decimal("Infinity"), Decimal("1e-7"), Decimal("1e999999")]
)
def test_what_is_not_a_price_is_refused(text: str | Decimal) -> None:
    with pytest.raises(BadMessage) as refused:
        Price.of(text)
    assert refused.value.code == "CSS012E"


@given(millionths)
def test_a_price_survives_its_writing_and_its_column(number: int) -> None:
    price = Price(number)
    assert Price.of(str(price)) == price
    assert Price.of(price.pence) == price


@pytest.mark.parametrize(
    ("price", "expected"),
    [("0.5", 1), ("0.499999", 0), ("1.5", 2), ("2.5", 3), ("-0.5", -1), ("-2.5", -3), ("363.9", 364), ("0", 0)],
)
def test_halves_go_away_from_zero(price: str, expected: int) -> None:
    assert to_money(Price.of(price)) == Money(expected)


def test_the_sixty_minute_call_of_april_2010_costs_three_pounds_sixty_four() -> None:
    assert to_money(Price.of("9.9") + Price.of("5.9") * 60).sterling == "£3.64"


def test_a_share_of_a_price_is_rounded_once() -> None:
    # 17 of 31 days of £16.99: 9.3170..., not a rounded daily rate times 17 (55p * 17 = £9.35).
    assert to_money(Price.of(1699), Fraction(17, 31)) == Money(932)


@given(millionths, st.fractions(min_value=0, max_value=1))
def test_a_credit_mirrors_its_charge_and_rounding_moves_at_most_half_a_penny(number: int, share: Fraction) -> None:
    charge = to_money(Price(number), share)
    assert to_money(Price(-number), share) == -charge
    assert abs(Fraction(number, 1_000_000) * share - charge.pence) <= Fraction(1, 2)


@given(st.fractions())
def test_rounding_agrees_with_decimals_own(exact: Fraction) -> None:
    slow = int(abs(exact) + Fraction(1, 2))
    assert round_half_up(exact) == (-slow if exact < 0 else slow)


def test_vat_is_taken_half_up_on_the_net_total() -> None:
    assert percent_of(Money(1003), Percent.of(20)) == Money(201)
    assert percent_of(Money(1003), Percent.of("17.5")) == Money(176)
    assert percent_of(Money(-1003), Percent.of(20)) == Money(-201)


@pytest.mark.parametrize(("text", "shown"), [("17.5", "17.5"), (20, "20"), ("0", "0"), ("100", "100"), ("2.05", "2.05")])
def test_a_percentage_is_shown_short(text: str | int, shown: str) -> None:
    assert str(Percent.of(text)) == shown


@pytest.mark.parametrize("text", ["", "x", "17.555", "NaN"])
def test_what_is_not_a_percentage_is_refused(text: str) -> None:
    with pytest.raises(BadMessage) as refused:
        Percent.of(text)
    assert refused.value.code == "CSS013E"


def test_gross_and_net_are_each_others_rounding() -> None:
    # Published in September 2009: 10.370p without VAT is 11.926p with it, to the tenth of a penny shown.
    assert str(gross_from_net(Price.of("10.370"), Percent.of(15))) == "11.9255"
    assert net_from_gross(Price.of("12"), Percent.of(20)) == Price.of("10")


@given(st.integers(0, 10**12), st.integers(0, 2500))
def test_net_and_gross_come_back_to_a_millionth_of_a_penny(number: int, basis_points: int) -> None:
    rate = Percent(basis_points)
    assert net_from_gross(gross_from_net(Price(number), rate), rate) == Price(number)


def test_an_error_survives_the_way_out_of_a_worker_process() -> None:
    with pytest.raises(BadMessage) as refused:
        Money.parse("x")
    arrived = pickle.loads(pickle.dumps(refused.value))  # noqa: S301 - our own bytes
    assert (type(arrived), arrived.text, arrived.fields) == (BadMessage, refused.value.text, refused.value.fields)
