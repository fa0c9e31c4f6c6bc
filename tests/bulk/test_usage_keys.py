"""A call that came before is known again: in its file, in an earlier one, from another supplier, years later."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import polars as pl
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from billing import key_spool
from billing.actions import usage_keys
from billing.actions.usage_keys import open_keys
from billing.model import UsageCallKey, UsageIdKey
from css.db.engine import transaction
from tests import builders
from tests.bulk.keyed import NIGHT, RECORDS_PER_FILE, Call, Mark, Oracle, cut, frame, some_calls, take, usage_file
from tests.conftest import QueryCount
from tests.race import together, until_somebody_waits


@pytest.fixture
def house(session: Session) -> Session:
    builders.district(session)
    return session


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that comes by the hundred thousand comes by the dozen."""
    monkeypatch.setattr(usage_keys, "PAGE_IDS", 5)
    monkeypatch.setattr(usage_keys, "HOUR_ROWS_MIN", 8)
    monkeypatch.setattr(usage_keys, "ROWS_AT_ONCE", 20)
    monkeypatch.setattr(usage_keys, "STEMS_MAX", 2)
    monkeypatch.setattr(key_spool, "_INDEX_ROWS", (10, 40))


FIRST = Call("R1")
SAME_RECORD, SAME_CALL, SAME_ID = "CSS665E", "CSS666E", "CSS667E"


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (FIRST, SAME_RECORD),
        (replace(FIRST, name="R2"), SAME_CALL),
        (replace(FIRST, name=None), SAME_CALL),
        (replace(FIRST, seconds=61), SAME_ID),
        (replace(FIRST, name="R2", seconds=61), None),
        (replace(FIRST, name="R2", leg="diverted"), None),
        (replace(FIRST, name="R2", other="442079460124"), None),
        (replace(FIRST, name="R2", at=FIRST.at + timedelta(microseconds=1)), None),
        (replace(FIRST, part=1), None),
    ],
)
@pytest.mark.parametrize("cuts", [(), (1,)], ids=["one chunk", "two chunks"])
def test_in_one_file(house: Session, second: Call, code: str | None, cuts: tuple[int, ...]) -> None:
    file, marks = take(house, [FIRST, second], sequence=1, cuts=cuts)
    assert marks == [(None, None), (file * RECORDS_PER_FILE + 1 if code else None, code)]


def test_across_files_and_years(house: Session) -> None:
    first, _ = take(house, [FIRST], sequence=1)
    _, marks = take(house, [replace(FIRST, name=None), replace(FIRST, seconds=1)], sequence=2, on=NIGHT + timedelta(days=4 * 365))
    assert marks == [(first * RECORDS_PER_FILE + 1, SAME_CALL), (None, None)]


@pytest.mark.parametrize(("days", "code"), [(400, SAME_ID), (401, None)])
def test_an_id_may_come_again_after_four_hundred_days(house: Session, days: int, code: str | None) -> None:
    take(house, [FIRST], sequence=1)
    _, ((_, found),) = take(house, [replace(FIRST, seconds=1)], sequence=2, on=NIGHT + timedelta(days=days))
    assert found == code


def test_another_suppliers_id_means_nothing_but_his_call_is_the_same_call(house: Session) -> None:
    first, _ = take(house, [FIRST], sequence=1)
    _, marks = take(house, [FIRST, replace(FIRST, seconds=1)], sequence=1, supplier="WSTTEL")
    assert marks == [(first * RECORDS_PER_FILE + 1, SAME_CALL), (None, None)]


def test_another_district_is_another_house(house: Session) -> None:
    take(house, [FIRST], sequence=1)
    builders.district(house, "YY")
    file = usage_file(house, sequence=1, district="YY", records=1)
    with open_keys(house, "YY", "NTHTEL", business_date=NIGHT) as book:
        assert book.mark(frame([FIRST], file))["duplicate_code"].to_list() == [None]


def test_the_parts_of_a_long_call_may_share_an_id(house: Session) -> None:
    parts = [replace(FIRST, part=n, at=FIRST.at + timedelta(days=n)) for n in (1, 2, 3)]
    _, marks = take(house, [*parts, parts[1]], sequence=1)
    assert [code for _, code in marks] == [None, None, None, SAME_RECORD]


def test_a_duplicate_makes_no_other_record_a_duplicate(house: Session) -> None:
    """The second has an id that is taken; the third is the call that it told of, under an id of its own."""
    second = replace(FIRST, seconds=61)
    file, marks = take(house, [FIRST, second, replace(second, name="R3"), replace(second, name="R4")], sequence=1)
    first, third = file * RECORDS_PER_FILE + 1, file * RECORDS_PER_FILE + 3
    assert marks == [(None, None), (first, SAME_ID), (None, None), (third, SAME_CALL)]


@pytest.mark.parametrize(
    "name", ["A\x1fB", 'quoted "id"', "with,comma", "tab\tand\\backslash", "\u00e4\u20ac", "x" * 3000, "carriage\rreturn"]
)
def test_ids_of_any_characters(house: Session, name: str) -> None:
    calls = [
        Call(name),
        Call(name, seconds=1),
        Call(name + "1", seconds=2),
        Call(name[:-1], seconds=3),
        Call(name.replace("\x1f", "\\1f"), seconds=4),
    ]
    expected = Oracle().mark(calls, 1, "NTHTEL", NIGHT)
    file, marks = take(house, calls, sequence=1, cuts=(1, 2))
    assert [code for _, code in marks] == [code for _, code in expected]
    _, again = take(house, calls, sequence=2, on=NIGHT)
    assert again[0] == (file * RECORDS_PER_FILE + 1, SAME_RECORD)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("seed", range(6))
def test_as_the_slow_and_obvious_way_says(house: Session, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - nothing is secret here
    oracle = Oracle()
    on = date(2024, 1, 1)
    for sequence in range(1, 7):
        calls = some_calls(random, random.choice((1, 17, 60, 90)))
        supplier = random.choice(("NTHTEL", "WSTTEL"))
        file, marks = take(house, calls, sequence=sequence, supplier=supplier, on=on, cuts=random.sample(range(90), random.randrange(9)))
        assert marks == oracle.mark(calls, file, supplier, on)
        on += timedelta(days=random.choice((0, 1, 200, 400)))
    stored = house.execute(select(func.count()).select_from(UsageCallKey)).scalar_one()
    assert stored > len(oracle.accepted) / 60


def test_restarting_gives_the_same_answer(house: Session) -> None:
    calls = some_calls(Random(1), 60)  # noqa: S311 - nothing is secret here
    marks: list[list[Mark]] = []
    for _ in range(2):
        with house.begin_nested() as attempt:
            file, found = take(house, calls, sequence=1, cuts=(20, 40))
            marks.append([(original and original - file * RECORDS_PER_FILE, code) for original, code in found])
            attempt.rollback()
    assert marks[0] == marks[1]
    assert house.execute(select(func.count()).select_from(UsageCallKey)).scalar_one() == 0


def test_hours_and_ids_that_the_file_does_not_touch_are_not_read(
    house: Session, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    take(house, [Call(f"R{n:04}", at=FIRST.at + timedelta(hours=n)) for n in range(20)], sequence=1)
    file = usage_file(house, sequence=2)
    with open_keys(house, "ZZ", "NTHTEL", business_date=NIGHT) as book, query_count() as sent:
        book.mark(frame([Call("R0100", at=FIRST.at + timedelta(days=3))], file))
        book.mark(frame([Call("R0101", at=FIRST.at + timedelta(days=3))], file, 2))
    assert len(sent) == 3, "the hour once, the ends of pages for each chunk, no page"
    with open_keys(house, "ZZ", "NTHTEL", business_date=NIGHT) as book, query_count() as sent:
        book.mark(frame([Call("R0019", at=FIRST.at + timedelta(days=3))], file))
    assert len(sent) == 3, "the hour, the ends of pages, and the page that may hold the id"


def test_an_interleaved_second_kind_of_id_brings_no_old_pages(house: Session) -> None:
    """Two exchanges count each by themselves: what lies between A2 and B1 in the alphabet is not of interest."""
    for sequence in range(1, 5):
        calls = [
            Call(f"{stem}{sequence}{n:03}", seconds=n, at=FIRST.at + timedelta(hours=sequence, seconds=ord(stem)))
            for n in range(9)
            for stem in "AB"
        ]
        take(house, calls, sequence=sequence)
    assert house.execute(select(func.count()).select_from(UsageIdKey)).scalar_one() == 8
    named = pl.DataFrame({"supplier_record_id": ["A5001", "B5001"]})
    assert usage_keys._id_ranges(named).select("first", "last").rows() == [("A5001", "A5001"), ("B5001", "B5001")]
    pages = house.execute(select(UsageIdKey.id_length, UsageIdKey.first_id, UsageIdKey.last_id)).all()
    assert not any(usage_keys._fallen_into(named, pages))


def test_two_nights_at_once_do_not_both_take_a_call(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        builders.district(session)

    def one(sequence: int) -> str | None:
        with transaction(fresh_engine) as session:
            _, ((_, code),) = take(session, [FIRST], sequence=sequence)
            if code is None:
                until_somebody_waits(fresh_engine)
            return code

    codes = together(lambda: one(1), lambda: one(2))
    assert sorted(map(str, codes)) == ["CSS665E", "None"]


def test_cutting_is_cutting() -> None:
    assert list(cut(5, (2, 9, 0))) == [(0, 2), (2, 5)]
