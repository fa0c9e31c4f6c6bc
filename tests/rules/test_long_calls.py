"""Long calls: parts that make one call, whatever their order, and parts that do not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.long_calls import CHAIN_DAYS, JOIN_SECONDS, PART_COLUMNS, WHOLE, joined_calls, judge_parts, missing_words

DAY = 86_400
BEGAN = datetime(2026, 3, 2, 12, tzinfo=UTC)
CAME_ON = date(2026, 3, 5)
REPEATED = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
"""01:30 in London, half an hour before the hour comes again."""


def part(number: int, start: datetime, seconds: int, **others: object) -> dict[str, Any]:
    return {
        "usage_record_id": 10_000_000 + number,
        "supplier": "NTHTEL",
        "chain_id": "G17",
        "part_number": number,
        "is_last_part": False,
        "leg": "outgoing",
        "charged_number": "441632960123",
        "other_number": "442079460123",
        "started_at": start,
        "duration_seconds": seconds,
        "set_aside_on": CAME_ON,
        "is_open": True,
    } | others


def three_days(**others: object) -> list[dict[str, Any]]:
    """A call of two whole days and an hour."""
    return [
        part(1, BEGAN, DAY, **others),
        part(2, BEGAN + timedelta(days=1), DAY, **others),
        part(3, BEGAN + timedelta(days=2), 3_600, **{"is_last_part": True} | others),
    ]


def judged(parts: list[dict[str, Any]], on: date = CAME_ON) -> pl.DataFrame:
    return judge_parts(pl.DataFrame(parts, schema=PART_COLUMNS, orient="row"), on)


def codes(parts: list[dict[str, Any]], on: date = CAME_ON) -> set[str | None]:
    return set(judged(parts, on)["reject_code"].to_list())


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_parts_in_any_order_are_one_call_from_the_first_with_all_their_seconds(order: tuple[int, ...]) -> None:
    whole = judged([three_days()[n] for n in order])
    assert whole.filter(WHOLE).height == 3
    (call,) = joined_calls(whole).rows(named=True)
    assert (call["usage_record_id"], call["started_at"], call["duration_seconds"]) == (10_000_001, BEGAN, 2 * DAY + 3_600)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda p: p.pop(0), "CSS700W"),
        (lambda p: p.pop(1), "CSS700W"),
        (lambda p: p.pop(2), "CSS700W"),
        (lambda p: p.append(part(2, BEGAN + timedelta(days=1), DAY - 5, usage_record_id=9)), "CSS701E"),
        (lambda p: p[1].update(charged_number="441632960124"), "CSS703E"),
        (lambda p: p[1].update(other_number="442079460124"), "CSS703E"),
        (lambda p: p[1].update(leg="reverse"), "CSS703E"),
        (lambda p: p[1].update(is_last_part=True), "CSS704E"),
        (lambda p: (p[1].update(is_last_part=True), p[2].update(is_last_part=False)), "CSS704E"),
        (lambda p: p[0].update(part_number=0), "CSS704E"),
        (lambda p: p[1].update(part_number=None), "CSS704E"),
        (lambda p: p[0].update(duration_seconds=DAY + JOIN_SECONDS + 1), "CSS705E"),
        (lambda p: p[0].update(duration_seconds=DAY - JOIN_SECONDS - 1), "CSS706E"),
        (lambda p: p[0].update(duration_seconds=DAY + JOIN_SECONDS), None),
        (lambda p: p[0].update(duration_seconds=DAY - JOIN_SECONDS), None),
    ],
)
def test_every_fault_of_a_call_is_named_on_all_its_parts(change: Any, code: str | None) -> None:  # noqa: ANN401 - any change
    parts = three_days()
    change(parts)
    assert codes(parts) == {code}


def test_parts_are_waited_for_some_days_after_the_last_that_came_and_complete_the_call_even_later() -> None:
    parts = three_days()
    middle = parts.pop(1)
    assert codes(parts, CAME_ON + timedelta(days=CHAIN_DAYS)) == {"CSS700W"}
    late = judged(parts, CAME_ON + timedelta(days=CHAIN_DAYS + 1))
    assert set(late["reject_code"]) == {"CSS702W"}
    assert late["reject_text"][0] == "Parts of a long call are missing too long: 'G17' lacks part 2."
    parts.append({**middle, "set_aside_on": CAME_ON + timedelta(days=60)})
    assert codes(parts, CAME_ON + timedelta(days=60)) == {None}


def test_calls_of_other_suppliers_chains_and_weeks_stay_apart() -> None:
    def moved(days: int, **others: object) -> list[dict[str, Any]]:
        return [{**one, **others, "started_at": one["started_at"] + timedelta(days=days)} for one in three_days()]

    parts = [*three_days(), *moved(0, supplier="STHTEL"), *moved(0, chain_id="G18"), *moved(30, other_number="442079460199")]
    whole = judged(parts)
    assert whole["reject_code"].null_count() == 12
    assert whole["call_index"].n_unique() == 4
    assert joined_calls(whole)["duration_seconds"].to_list() == [2 * DAY + 3_600] * 4


def test_a_part_of_a_call_that_was_priced_is_said_to_be_late_for_it() -> None:
    first, second, third = three_days()
    priced = [{**first, "is_open": False}, {**third, "is_open": False}]
    assert judged([*priced, second])["reject_code"].to_list() == ["CSS707E"]
    assert codes([*({**one, "is_open": False} for one in three_days()), {**second, "usage_record_id": 99}]) == {"CSS707E"}


def test_a_chain_id_used_again_for_the_next_call_is_another_call() -> None:
    priced = [{**one, "is_open": False} for one in three_days()]
    again = [{**one, "usage_record_id": n, "started_at": one["started_at"] + timedelta(days=3)} for n, one in enumerate(three_days())]
    assert codes([*priced, *again]) == {None}


@pytest.mark.parametrize("start", [REPEATED - timedelta(hours=1), REPEATED])
def test_the_hour_that_comes_twice_does_not_tear_a_call_apart(start: datetime) -> None:
    """A file without offsets: each start is read as the first coming."""
    lengths = [1_800, 1_800, 1_800, 1_800, 1_800, 1_800]
    parts, at = [], start
    for n, seconds in enumerate(lengths, 1):
        read = at - timedelta(hours=1) if datetime(2026, 10, 25, 1, tzinfo=UTC) <= at < datetime(2026, 10, 25, 2, tzinfo=UTC) else at
        parts.append(part(n, read, seconds, is_last_part=n == len(lengths)))
        at += timedelta(seconds=seconds)
    assert codes(parts) == {None}
    in_march = [{**one, "started_at": one["started_at"] - timedelta(days=210)} for one in parts]
    assert codes(in_march) == {"CSS705E"}


def test_nothing_is_nothing() -> None:
    assert judged([]).is_empty()


@pytest.mark.parametrize(
    ("numbers", "has_last", "words"),
    [
        ([1, 2], True, ""),
        ([1, 2], False, "the last"),
        ([2], True, "part 1"),
        ([2, 2, 6], False, "part 1, parts 3 to 5 and the last"),
        ([2, 4, 6, 8, 10], True, "part 1, part 3, part 5 and others"),
    ],
)
def test_what_is_missing_is_said_in_words(numbers: list[int], has_last: bool, words: str) -> None:
    assert missing_words(numbers, has_last=has_last) == words


@given(
    st.lists(
        st.tuples(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), st.lists(st.integers(1, DAY), min_size=1, max_size=6)),  # noqa: DTZ001 - the zone is put on below
        min_size=1,
        max_size=8,
    ),
    st.randoms(use_true_random=False),
    st.data(),
)
def test_however_calls_are_cut_and_shuffled_they_come_out_as_they_were(
    calls: list[tuple[datetime, list[int]]],
    shuffle: Random,
    data: st.DataObject,
) -> None:
    parts, expected = [], {}
    for n, (start, lengths) in enumerate(calls):
        at = start.replace(microsecond=0, tzinfo=UTC)
        jitter = data.draw(st.lists(st.integers(-JOIN_SECONDS, JOIN_SECONDS), min_size=len(lengths), max_size=len(lengths)))
        expected[f"G{n}"] = (n * 100, at, sum(lengths))
        for k, (seconds, slip) in enumerate(zip(lengths, jitter, strict=True)):
            begins = at + timedelta(seconds=slip if k else 0)
            parts.append(part(k + 1, begins, seconds, usage_record_id=n * 100 + k, chain_id=f"G{n}", is_last_part=k + 1 == len(lengths)))
            # The next joint is measured from where this part says it ends.
            at = begins + timedelta(seconds=seconds)
    shuffle.shuffle(parts)
    whole = judged(parts)
    assert whole["reject_code"].null_count() == len(parts)
    found = {
        call["chain_id"]: (call["usage_record_id"], call["started_at"], call["duration_seconds"])
        for call in joined_calls(whole).rows(named=True)
    }
    assert found == expected
