from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from io import BytesIO

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css.core.money import Money, Percent, Price
from css.db.bulk import STREAM_BYTES, copy_frame, copy_rows, copy_to_file, read_frame
from css.db.constraints import constraint_of

AWKWARD = [
    "plain",
    "",
    "\\N",
    "\\.",
    "a\tb",
    "line\nline",
    "cr\rlf\r\n",
    'say "so"',
    "back\\slash",
    "comma, semi;",
    "ŵ ŷ £ 中",
    " spaces ",
    "%s :x",
]


@pytest.fixture
def table(session: Session) -> Session:
    session.execute(
        text(
            "CREATE TEMP TABLE thing (id bigint CONSTRAINT pk_thing PRIMARY KEY, words text, at timestamptz, day date,"
            " amount numeric(20,6), flag boolean, raw bytea, extra jsonb)"
        )
    )
    return session


def test_awkward_texts_come_back_from_rows_as_they_went(table: Session) -> None:
    copied = copy_rows(table, "thing", ["id", "words"], [*enumerate(AWKWARD), (99, None)])
    assert copied == len(AWKWARD) + 1
    assert table.execute(text("SELECT words FROM thing ORDER BY id")).scalars().all() == [*AWKWARD, None]


@given(st.lists(st.none() | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_texts_survive_both_ways_in_and_the_way_out(table: Session, words: list[str | None]) -> None:
    table.execute(text("TRUNCATE thing"))
    copy_rows(table, "thing", ["id", "words"], enumerate(words))
    copy_frame(
        table, "thing", pl.DataFrame({"id": range(1000, 1000 + len(words)), "words": words}, schema={"id": pl.Int64, "words": pl.String})
    )
    found = read_frame(table, text("SELECT id, words FROM thing ORDER BY id"), {"words": pl.String})
    assert found["words"].to_list() == words + words


def test_a_frame_of_one_column_may_hold_the_end_mark(table: Session) -> None:
    table.execute(text("CREATE TEMP TABLE one (words text)"))
    copy_frame(table, "one", pl.DataFrame({"words": AWKWARD}))
    assert table.execute(text("SELECT words FROM one")).scalars().all() == AWKWARD


def test_every_kind_of_value_arrives(table: Session) -> None:
    at = datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=1)))
    copy_rows(
        table,
        "thing",
        ["id", "at", "day", "amount", "flag", "raw", "extra"],
        [
            (1, at, date(2026, 3, 29), Price.of("5.833"), True, b"\x00\\x", {"a": 'b"\n'}),
            (Money(2), None, None, Decimal("1.5"), False, None, None),
            (3, None, None, Percent.of("17.5"), None, None, None),
        ],
    )
    rows = table.execute(text("SELECT * FROM thing ORDER BY id")).all()
    assert rows[0].at == at
    assert (rows[0].day, rows[0].amount, rows[0].flag) == (date(2026, 3, 29), Decimal("5.833"), True)
    assert (bytes(rows[0].raw), rows[0].extra) == (b"\x00\\x", {"a": 'b"\n'})
    assert (rows[1].id, rows[2].amount) == (2, Decimal("17.5"))


def test_bytes_of_any_length_arrive_and_are_never_written_out_whole(table: Session) -> None:
    lengths = [0, 1, STREAM_BYTES, STREAM_BYTES + 1, 3 * STREAM_BYTES]
    copy_rows(table, "thing", ["id", "raw", "words"], ((n, bytes(n) + bytes(range(256)) * (n // 256), "b\ty\\") for n in lengths))
    for row in table.execute(text("SELECT id, raw, words FROM thing")):
        assert (bytes(row.raw), row.words) == (bytes(row.id) + bytes(range(256)) * (row.id // 256), "b\ty\\")
    content = bytes(64 * STREAM_BYTES)
    tracemalloc.start()
    copy_rows(table, "thing", ["id", "raw"], [(-1, content)])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < len(content)


@pytest.mark.parametrize("value", [1.5, datetime(2026, 1, 1), [1], object()])  # noqa: DTZ001 - naive on purpose
def test_what_no_column_holds_is_a_type_error(table: Session, value: object) -> None:
    with pytest.raises(TypeError):
        copy_rows(table, "thing", ["id"], [(value,)])


def test_a_nul_and_a_short_row_are_refused_and_nothing_is_kept(table: Session) -> None:
    for rows in ([(1, "x\x00y")], [(1, "x"), (2,)]):
        with pytest.raises(ValueError), table.begin_nested():  # noqa: PT011 - two messages, both ours
            copy_rows(table, "thing", ["id", "words"], rows)
    assert table.execute(text("SELECT count(*) FROM thing")).scalar() == 0


def test_a_float_in_a_frame_is_refused(table: Session) -> None:
    with pytest.raises(TypeError, match="amount"):
        copy_frame(table, "thing", pl.DataFrame({"id": [1], "amount": [1.5]}))


def test_a_hurt_constraint_is_the_error_every_statement_raises(table: Session) -> None:
    with pytest.raises(IntegrityError) as caught, table.begin_nested():
        copy_rows(table, "thing", ["id"], [(1,), (1,)])
    assert constraint_of(caught.value) == "pk_thing"


def test_a_frame_comes_back_exactly(table: Session) -> None:
    schema = {"id": pl.Int64(), "at": pl.Datetime("us", "UTC"), "day": pl.Date(), "amount": pl.Decimal(20, 6), "flag": pl.Boolean()}
    frame = pl.DataFrame(
        {
            "id": [1, 2, 3],
            "at": [datetime(2026, 10, 25, 0, 59, 59, 999999, UTC), None, datetime(1999, 12, 31, tzinfo=UTC)],
            "day": [None, date(2026, 2, 28), date(1970, 1, 1)],
            "amount": [Decimal("99999999999999.999999"), Decimal("-0.000001"), None],
            "flag": [True, None, False],
        },
        schema=schema,
    )
    assert copy_frame(table, "thing", frame) == 3
    assert read_frame(table, text("SELECT * FROM thing WHERE id < :limit ORDER BY id"), schema, limit=9).equals(frame)
    assert read_frame(table, text("SELECT * FROM thing WHERE id > 9"), schema).equals(frame.clear())
    assert copy_frame(table, "thing", frame.clear()) == 0


def test_a_large_frame_goes_in_slices(table: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("css.db.bulk.FRAME_SLICE_ROWS", 1000)
    assert copy_frame(table, "thing", pl.DataFrame({"id": range(10_500)})) == 10_500
    assert table.execute(text("SELECT sum(id) FROM thing")).scalar() == sum(range(10_500))


def test_rows_are_drawn_one_by_one(table: Session) -> None:
    def endless() -> Iterator[tuple[int]]:
        for number in range(200_000):
            yield (number,)

    assert copy_rows(table, "thing", ["id"], endless()) == 200_000


def test_a_select_goes_to_a_file_with_a_heading(table: Session) -> None:
    copy_rows(table, "thing", ["id", "words"], [(1, 'a"b'), (2, None), (3, "per % cent")])
    file = BytesIO()
    assert copy_to_file(table, text("SELECT id, words FROM thing WHERE words <> :not ORDER BY id;"), file, **{"not": "x"}) == 2
    assert file.getvalue() == b'id,words\n1,"a""b"\n3,per % cent\n'


def test_a_copy_is_part_of_the_callers_transaction(fresh_engine: Engine) -> None:
    with fresh_engine.begin() as connection:
        connection.execute(text("CREATE TABLE public.kept (id bigint)"))
    with fresh_engine.connect() as connection:
        copy_rows(connection, "public.kept", ["id"], [(1,)])
    with fresh_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM public.kept")).scalar() == 0
