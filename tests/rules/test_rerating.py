"""Re-rating by difference: whatever went before, all rows of a call add up to what it should cost, and a repeat adds nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.rerating import ADDED, differences, taxed_anew

COLUMNS: Final = {
    "usage_record_id": pl.Int64(),
    "account_id": pl.Int64(),
    "service_id": pl.Int64(),
    "charged_number": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "tariff_rate_id": pl.Int64(),
    "charge_class": pl.String(),
    "vat_basis_points": pl.Int64(),
    **dict.fromkeys(ADDED, pl.Int64()),
    "zero_reason": pl.String(),
}
NOON: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)


def priced(record: int, account: int, net: int, **others: Any) -> dict[str, Any]:  # noqa: ANN401 - any column
    """A first price of 90 seconds, or a price that is right now."""
    facts: dict[str, Any] = {
        "usage_record_id": record,
        "account_id": account,
        "service_id": account * 10,
        "charged_number": "441632960123",
        "started_at": NOON,
        "tariff_rate_id": 1,
        "charge_class": "GEO",
        "vat_basis_points": 2000,
        "call_count": 1,
        "duration_seconds": 90,
        "chargeable_units": 2,
        "net_millionths": net,
        "gross_millionths": net * 6 // 5,
        "service_net_millionths": None,
        "wholesale_net_millionths": None,
        "zero_reason": None if net else "included",
    }
    return facts | others


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=COLUMNS)


def found(was: pl.DataFrame, now: pl.DataFrame) -> list[tuple[int, ...]]:
    rows = differences(was, now).sort("usage_record_id", "account_id")
    return list(rows.select("usage_record_id", "account_id", "call_count", "duration_seconds", "net_millionths").iter_rows())


def test_a_lower_price_is_a_credit_and_says_the_new_rate() -> None:
    was, now = frame(priced(1, 7, 12_000_000)), frame(priced(1, 7, 10_000_000, tariff_rate_id=2, charge_class="MOB"))
    (row,) = differences(was, now).to_dicts()
    assert (row["call_count"], row["duration_seconds"], row["chargeable_units"]) == (0, 0, 0)
    assert (row["net_millionths"], row["gross_millionths"]) == (-2_000_000, -2_400_000)
    assert (row["tariff_rate_id"], row["charge_class"], row["zero_reason"]) == (2, "MOB", None)


def test_what_is_the_same_is_no_difference_whatever_rate_it_came_by() -> None:
    assert found(frame(priced(1, 7, 12_000_000)), frame(priced(1, 7, 12_000_000, tariff_rate_id=2, chargeable_units=90))) == []


def test_a_call_of_another_account_is_a_credit_here_and_a_charge_there() -> None:
    was, now = frame(priced(1, 7, 12_000_000)), frame(priced(1, 8, 10_000_000))
    assert found(was, now) == [(1, 7, -1, -90, -12_000_000), (1, 8, 1, 90, 10_000_000)]
    rows = differences(was, now).sort("account_id")
    assert rows["service_id"].to_list() == [70, 80]


def test_a_call_that_comes_back_is_summed_with_all_that_went_before() -> None:
    there = differences(frame(priced(1, 7, 12_000_000)), frame(priced(1, 8, 10_000_000)))
    was = pl.concat([frame(priced(1, 7, 12_000_000)), there])
    assert found(was, frame(priced(1, 7, 11_000_000))) == [(1, 7, 1, 90, 11_000_000), (1, 8, -1, -90, -10_000_000)]


def test_only_the_wholesale_price_may_change() -> None:
    was, now = frame(priced(1, 7, 12_000_000)), frame(priced(1, 7, 12_000_000, wholesale_net_millionths=3_000_000))
    (row,) = differences(was, now).to_dicts()
    assert (row["net_millionths"], row["wholesale_net_millionths"], row["service_net_millionths"]) == (0, 3_000_000, None)


def test_a_free_call_that_moves_keeps_its_reason() -> None:
    rows = differences(frame(priced(1, 7, 0)), frame(priced(1, 8, 0))).sort("account_id")
    assert rows.select("account_id", "call_count", "zero_reason").rows() == [(7, -1, None), (8, 1, "included")]


def test_a_record_without_a_price_now_is_left_alone() -> None:
    assert found(frame(priced(1, 7, 12_000_000), priced(2, 7, 5_000_000)), frame(priced(2, 7, 5_000_000))) == []


def test_a_record_priced_twice_by_mistake_is_put_right() -> None:
    assert found(frame(priced(1, 7, 12_000_000), priced(1, 7, 12_000_000)), frame(priced(1, 7, 12_000_000))) == [
        (1, 7, -1, -90, -12_000_000)
    ]


@pytest.mark.parametrize(("account", "basis_points", "taxed"), [(7, 2000, []), (7, 1750, [1]), (8, 1750, [])])
def test_another_rate_of_vat_on_the_same_account_is_told(account: int, basis_points: int, taxed: list[int]) -> None:
    was, now = frame(priced(1, 7, 12_000_000)), frame(priced(1, account, 12_000_000, vat_basis_points=basis_points))
    assert taxed_anew(was, now)["usage_record_id"].to_list() == taxed


TRUTH: Final = st.one_of(
    st.none(),
    st.tuples(st.integers(1, 3), st.integers(0, 5), st.one_of(st.none(), st.integers(0, 3)), st.one_of(st.none(), st.integers(0, 3))),
)
"""Account, price, service charge and wholesale price of a record as known at a time; None for no price."""


@given(st.lists(st.lists(TRUTH, min_size=3, max_size=3), min_size=1, max_size=6))
def test_any_history_adds_up_to_the_last_truth_and_a_repeat_adds_nothing(history: list[list[Any]]) -> None:
    first = [truth or (1, 1, None, None) for truth in history[0]]
    rows = frame(*(_of_truth(record, truth) for record, truth in enumerate(first)))
    last = dict(enumerate(first))
    for truths in history[1:]:
        now = frame(*(_of_truth(record, truth) for record, truth in enumerate(truths) if truth is not None))
        last |= {record: truth for record, truth in enumerate(truths) if truth is not None}
        made = differences(rows, now)
        assert made.group_by("usage_record_id", "account_id").len()["len"].max() in (None, 1)
        rows = pl.concat([rows, made])
        assert differences(rows, now).is_empty()
    sums = rows.group_by("usage_record_id", "account_id").agg(pl.col(name).sum() for name in ADDED)
    standing = {
        (row["usage_record_id"], row["account_id"]): tuple(row[name] for name in ADDED if name != "chargeable_units")
        for row in sums.iter_rows(named=True)
    }
    wanted = {
        (record, truth[0]): tuple(_of_truth(record, truth)[name] or 0 for name in ADDED if name != "chargeable_units")
        for record, truth in last.items()
    }
    assert {key: row for key, row in standing.items() if any(row)} == wanted


def _of_truth(record: int, truth: tuple[int, int, int | None, int | None]) -> dict[str, Any]:
    account, net, service, wholesale = truth
    return priced(record, account, net, service_net_millionths=service, wholesale_net_millionths=wholesale)
