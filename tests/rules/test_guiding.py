"""Whose call is it? Numbers are ceased, re-used and moved; the moment of the call decides."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from billing.rules.guiding import ASSIGNMENT_COLUMNS, AssignmentTable, compile_assignments, guide
from css.core.errors import Breach

CALLS = {"record_key": pl.Int64(), "charged_number": pl.String(), "started_at": pl.Datetime("us", "UTC")}
ASSIGNMENTS = {**ASSIGNMENT_COLUMNS, "service_id": pl.Int64(), "tariff_code": pl.String()}
NUMBER, OTHER = "441632960001", "441632960002"


def day(number: int, *, seconds: float = 0) -> datetime:
    return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=number - 1, seconds=seconds)


def assignments(*rows: tuple[str, datetime, datetime | None, int]) -> AssignmentTable:
    return compile_assignments(pl.DataFrame([(*row, "RES") for row in rows], schema=ASSIGNMENTS, orient="row"))


def calls(*rows: tuple[str | None, datetime | None]) -> pl.DataFrame:
    return pl.DataFrame([(key, *row) for key, row in enumerate(rows)], schema=CALLS, orient="row")


# A number ceased on the 10th and given to another customer from the 20th; its neighbour open from the 5th.
LIVES = assignments((NUMBER, day(20), None, 2), (OTHER, day(5), None, 3), (NUMBER, day(1), day(10), 1))


def test_the_service_is_the_one_that_had_the_number_at_that_moment() -> None:
    found = guide(calls((NUMBER, day(3)), (NUMBER, day(25)), (OTHER, day(5))), LIVES)
    assert found["service_id"].to_list() == [1, 2, 3]
    assert found["tariff_code"].to_list() == ["RES"] * 3
    assert found.columns == [*CALLS, "service_id", "tariff_code", "reject_code", "reject_text"]


def test_starts_are_within_and_ends_are_not() -> None:
    moments = [day(1, seconds=-0.000001), day(1), day(10, seconds=-0.000001), day(10), day(20, seconds=-0.000001), day(20)]
    found = guide(calls(*((NUMBER, moment) for moment in moments)), LIVES)
    assert found["service_id"].to_list() == [None, 1, 1, None, None, 2]


def test_a_number_never_ours_and_one_not_in_service_are_told_apart() -> None:
    found = guide(calls(("441632960999", day(3)), (NUMBER, day(15)), (None, day(3)), (NUMBER, None)), LIVES)
    assert found["reject_code"].to_list() == ["CSS412E", "CSS413E", "CSS412E", "CSS413E"]
    assert found["reject_text"][0] == "The number charged '441632960999' belongs to no service."
    assert found["service_id"].null_count() == 4


def test_an_assignment_of_no_time_at_all_is_as_if_it_were_not() -> None:
    found = guide(calls((NUMBER, day(3))), assignments((NUMBER, day(1), None, 1), (NUMBER, day(1), day(1), 9)))
    assert found["service_id"].to_list() == [1]


def test_a_number_held_since_before_1970() -> None:
    old = assignments(
        (NUMBER, datetime(1923, 5, 1, tzinfo=UTC), datetime(1961, 1, 1, tzinfo=UTC), 1), (NUMBER, datetime(1961, 1, 1, tzinfo=UTC), None, 2)
    )
    assert guide(calls((NUMBER, day(3))), old)["service_id"].to_list() == [2]


def test_two_services_at_one_time_are_a_breach() -> None:
    with pytest.raises(Breach, match="1 numbers are in use by two services"):
        guide(calls((NUMBER, day(3))), assignments((NUMBER, day(1), day(10), 1), (NUMBER, day(9), None, 2)))


def test_a_number_that_is_no_digits_is_a_breach() -> None:
    with pytest.raises(Breach, match="not a number at all"):
        assignments(("switchboard", day(1), None, 1))


def test_a_number_with_a_sign_or_a_nought_before_it_is_another_number() -> None:
    short = assignments(("4416329600", day(1), None, 1))
    found = guide(
        calls(("+4416329600", day(3)), ("04416329600", day(3)), ("", day(3)), ("-4416329600", day(3)), ("4416329600", day(3))), short
    )
    assert found["service_id"].to_list() == [None, None, None, None, 1]
    assert found["reject_code"].to_list() == ["CSS412E"] * 4 + [None]


def test_a_renumbered_service_has_its_calls_under_both_numbers() -> None:
    found = guide(
        calls((NUMBER, day(9)), (NUMBER, day(10)), (OTHER, day(9)), (OTHER, day(10))),
        assignments((NUMBER, day(1), day(10), 1), (OTHER, day(10), None, 1)),
    )
    assert found["service_id"].to_list() == [1, None, None, 1]
    assert found["reject_code"].to_list() == [None, "CSS413E", "CSS413E", None]


def test_nothing_to_guide_and_nobody_to_guide_to() -> None:
    assert guide(calls(), LIVES).height == 0
    assert guide(calls((NUMBER, day(3))), assignments())["reject_code"].to_list() == ["CSS412E"]


def test_against_a_loop_over_made_up_lives() -> None:
    rng = random.Random(5)  # noqa: S311 - made-up numbers, not secrets
    rows: list[tuple[str, datetime, datetime | None, int]] = []
    for number in range(200):
        cuts = sorted(rng.sample(range(1, 200), 4))
        rows += [(f"4416322{number:05d}", day(start), day(end), number * 10 + start) for start, end in (cuts[:2], cuts[2:])]
    made = [(f"4416322{rng.randrange(250):05d}", day(rng.randrange(1, 201), seconds=rng.randrange(86_400))) for _ in range(3000)]
    found = guide(calls(*made), assignments(*rows))
    expected = [
        next((service for number, start, end, service in rows if number == caller and end is not None and start <= moment < end), None)
        for caller, moment in made
    ]
    assert found["service_id"].to_list() == expected
    assert found["record_key"].to_list() == list(range(len(made)))
    known = {number for number, *_ in rows}
    reasons = [
        None if service else "CSS413E" if caller in known else "CSS412E" for (caller, _), service in zip(made, expected, strict=True)
    ]
    assert found["reject_code"].to_list() == reasons
