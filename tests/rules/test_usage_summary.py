"""What the calls of a bill were: sums by class and band, the bill before, the numbers most was spent on, and what may be shown."""

from __future__ import annotations

import pytest

from billing.rules.privacy import is_free_to_call, is_masked, masked
from billing.rules.usage_summary import NumberCalled, UsageBefore, UsageLine, usage_summary
from css.core.money import Money, Price

MARCH_DAYS = 31


def line(charge_class: str, band: str, count: int, seconds: int, pence: int) -> UsageLine:
    return UsageLine(charge_class, band, count, seconds, Money(pence))


def called(number: str, pence: str, seconds: int = 60) -> NumberCalled:
    return NumberCalled(number, "Wrenford", seconds, Price.of(pence))


def before(*lines: UsageLine, days: int = MARCH_DAYS) -> UsageBefore:
    return UsageBefore(bill_number="ZZB00000012", days=days, lines=lines)


def test_lines_of_several_numbers_are_one_row_and_the_classes_stand_in_their_order() -> None:
    summary = usage_summary(
        [
            line("MOB", "evening", 2, 200, 50),
            line("GEO", "weekend", 1, 10, 7),
            line("GEO", "day", 3, 300, 30),
            line("ZZZ-OWN", "night", 1, 9, 3),
            line("GEO", "day", 4, 400, 41),
        ],
        [],
        days=MARCH_DAYS,
        before=None,
    )
    assert summary is not None
    assert [(row.charge_class, row.band, row.call_count, row.duration_seconds, row.price) for row in summary.rows] == [
        ("UK landlines", "Day", 7, 700, Price.of(71)),
        ("UK landlines", "Weekend", 1, 10, Price.of(7)),
        ("UK mobiles", "Evening", 2, 200, Price.of(50)),
        ("ZZZ-OWN", "night", 1, 9, Price.of(3)),
    ]
    assert (summary.previous_bill, summary.remark) == ("", "")


def test_a_class_of_the_bill_before_alone_has_a_row_too() -> None:
    summary = usage_summary([line("GEO", "day", 1, 60, 10)], [], days=MARCH_DAYS, before=before(line("INT1", "day", 2, 90, 40)))
    assert summary is not None
    assert [
        (row.charge_class, row.call_count, row.previous_count, row.previous_duration_seconds, row.previous_price) for row in summary.rows
    ] == [
        ("UK landlines", 1, 0, 0, Price(0)),
        ("Ireland and North America", 0, 2, 90, Price.of(40)),
    ]
    assert summary.previous_bill == "ZZB00000012"


def test_calls_that_are_free_to_the_caller_are_not_told_of() -> None:
    free = line("FREE", "day", 3, 300, 0)
    assert usage_summary([free], [], days=MARCH_DAYS, before=None) is None
    summary = usage_summary([free, line("GEO", "day", 1, 60, 10)], [], days=MARCH_DAYS, before=before(free))
    assert summary is not None
    assert [row.charge_class for row in summary.rows] == ["UK landlines"]
    assert summary.rows[0].previous_count == 0


def test_no_calls_now_and_none_before_is_no_summary() -> None:
    assert usage_summary([], [], days=MARCH_DAYS, before=before()) is None


@pytest.mark.parametrize(
    ("pence", "then", "days", "remark"),
    [
        (500, 500, 31, "As much as on bill ZZB00000012."),
        (501, 500, 31, "£0.01 more than on bill ZZB00000012."),
        (500, 1234, 31, "£7.34 less than on bill ZZB00000012."),
        (
            310,
            310,
            28,
            # 310p / 31 = 10p, 310p / 28 = 11.07p
            "As much as on bill ZZB00000012, which had the calls of 28 days where this one has 31 days: £0.10 a day, £0.11 then.",
        ),
        (
            310,
            10,
            1,
            "£3.00 more than on bill ZZB00000012, which had the calls of 1 day where this one has 31 days: £0.10 a day, £0.10 then.",
        ),
        (310, 10, 0, "£3.00 more than on bill ZZB00000012."),
    ],
)
def test_the_comparison_says_when_the_days_differ(pence: int, then: int, days: int, remark: str) -> None:
    summary = usage_summary(
        [line("GEO", "day", 1, 60, pence)], [], days=MARCH_DAYS, before=before(line("GEO", "day", 1, 60, then), days=days)
    )
    assert summary is not None
    assert summary.remark == remark


def test_the_numbers_most_was_spent_on_are_five_by_price_then_by_count() -> None:
    made = [
        called("01632 960001", "10"),
        called("01632 960001", "15"),
        called("01632 960002", "25"),
        called("01632 960003", "90", 45),
        called("01632 960004", "1"),
        called("01632 960005", "2"),
        called("01632 960006", "3"),
    ]
    summary = usage_summary([line("GEO", "day", 7, 420, 146)], made, days=MARCH_DAYS, before=None)
    assert summary is not None
    assert [(one.number, one.call_count, one.duration_seconds, one.price) for one in summary.top_numbers] == [
        ("01632 960003", 1, 45, Price.of(90)),
        ("01632 960001", 2, 120, Price.of(25)),
        ("01632 960002", 1, 60, Price.of(25)),
        ("01632 960006", 1, 60, Price.of(3)),
        ("01632 960005", 1, 60, Price.of(2)),
    ]


def test_five_numbers_or_fewer_are_seen_at_once_in_the_list_itself() -> None:
    made = [called(f"01632 96000{number}", "5") for number in range(5)]
    summary = usage_summary([line("GEO", "day", 5, 300, 25)], made, days=MARCH_DAYS, before=None)
    assert summary is not None
    assert summary.top_numbers == ()


@pytest.mark.parametrize(
    ("shown", "hidden"),
    [
        ("01632 960123", "01632 96••••"),
        ("020 7946 0123", "020 7946 ••••"),
        ("07700 900456", "07700 90••••"),
        ("+1 212-555-0123", "+1 212-555-••••"),
        ("+353 1 496 012", "+353 1 49• •••"),
        ("0909 879 0123", "0909 879 ••••"),
        ("118500", "118500"),
        ("1471", "1471"),
        ("", ""),
    ],
)
def test_the_last_four_digits_are_hidden(shown: str, hidden: str) -> None:
    assert masked(shown) == hidden
    assert is_masked(hidden)
    assert is_masked(shown) == (shown == hidden)


@pytest.mark.parametrize("shown", ["01632 960•••", "•••• 960123", "01632 96•••3", "01632 9••••1"])
def test_fewer_digits_or_others_are_not_hidden_enough(shown: str) -> None:
    assert not is_masked(shown)


@pytest.mark.parametrize(
    ("shown", "free"),
    [
        ("0808 157 0123", True),
        ("0808 157 ••••", True),
        ("0800 1111", True),
        ("0500 123456", True),
        ("+44 808 157 0123", True),
        ("116123", True),
        ("999", True),
        ("112", True),
        ("18000", True),
        ("1800", False),
        ("01169 960123", False),
        ("0116 496 0123", False),
        ("0844 499 0123", False),
        ("055 5123 4567", False),
        ("118500", False),
        ("+1 800-555-0123", False),
        ("01632 960123", False),
    ],
)
def test_numbers_that_are_free_to_call(shown: str, free: bool) -> None:
    assert is_free_to_call(shown) is free
