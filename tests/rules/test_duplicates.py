"""Which of two records is the call, against the slow and obvious way, however a file is cut."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import key_spool
from billing.key_spool import RECORD, KnownKeys
from billing.rules.duplicates import DUPLICATE_WORDS, mark_duplicates
from billing.rules.file_outcomes import FileSums, faults_in_closing
from billing.words import UsageOutcome
from tests.bulk.keyed import NIGHT, NOON, RECORDS_PER_FILE, Call, Mark, Oracle, cut, frame

CALL = Call("R1")
CALLS = st.lists(
    st.builds(
        Call,
        name=st.sampled_from([None, "R1", "R2", "R10", "S1"]),
        charged=st.sampled_from(["441632960123", "999"]),
        at=st.sampled_from([NOON, NOON + timedelta(microseconds=1)]),
        seconds=st.integers(0, 1),
        part=st.sampled_from([None, 1]),
    ),
    max_size=12,
)


def marked(calls: list[Call], cuts: tuple[int, ...] = ()) -> list[Mark]:
    """Chunk by chunk, each told what was accepted before it by two plain dictionaries."""
    by_call: dict[tuple[object, ...], int] = {}
    by_id: dict[tuple[str | None, int | None], int] = {}
    marks: list[Mark] = []
    for start, end in cut(len(calls), cuts):
        some = calls[start:end]
        known = frame(some, 1, start + 1).with_columns(
            call_on_file=pl.Series([by_call.get(call.key) for call in some], dtype=pl.Int64()),
            id_on_file=pl.Series([by_id.get((call.name, call.part)) if call.name else None for call in some], dtype=pl.Int64()),
        )
        answer = mark_duplicates(known)
        assert answer.columns == [*frame([], 1).columns, "original_record_id", "duplicate_code", "duplicate_text"]
        rows = answer.select("usage_record_id", "original_record_id", "duplicate_code").rows()
        for call, (record, original, code) in zip(some, rows, strict=True):
            marks.append((original, code))
            if code is None:
                by_call[call.key] = by_id[call.name, call.part] = record
    return marks


@given(CALLS, st.lists(st.integers(1, 11), max_size=5))
def test_as_the_slow_and_obvious_way_says(calls: list[Call], cuts: list[int]) -> None:
    assert marked(calls, tuple(cuts)) == Oracle().mark(calls, 1, "NTHTEL", NIGHT)


@given(CALLS, st.lists(st.integers(1, 11), max_size=5))
def test_how_a_file_is_cut_does_not_matter(calls: list[Call], cuts: list[int]) -> None:
    assert marked(calls, tuple(cuts)) == marked(calls)


def test_a_duplicate_says_which_record_came_before() -> None:
    none = pl.lit(None, dtype=pl.Int64())
    calls = [CALL, CALL, replace(CALL, name="R2"), replace(CALL, seconds=1)]
    words = mark_duplicates(frame(calls, 1).with_columns(call_on_file=none, id_on_file=none))["duplicate_text"].to_list()
    assert words == [
        None,
        "The same record came before, as record 1/1.",
        "The same call came before under another id, as record 1/1.",
        "Its id came before for another call, in record 1/1.",
    ]
    assert len(DUPLICATE_WORDS) == 3


def test_nothing_is_no_duplicate() -> None:
    assert marked([]) == []


KEY = {"name": pl.String(), "at": pl.Datetime("us", "UTC"), "part": pl.Int64()}
NAMES = st.sampled_from(["\ufeffA", "A", '"A"', "A,B"]) | st.text(
    st.characters(exclude_characters="\n\r\x1f", codec="utf-8"), min_size=1, max_size=4
)
ROWS = st.lists(
    st.tuples(
        NAMES,
        st.sampled_from([NOON, NOON - timedelta(days=20_000), NOON + timedelta(microseconds=7)]),
        st.sampled_from([None, -1, 0, 9, 10, 1_000]),
    ),
    max_size=40,
)


@given(ROWS, st.integers(1, 7))
def test_keys_are_found_again_and_given_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[object, ...]], step: int) -> None:
    keys = KnownKeys(KEY, tmp_path_factory.mktemp("spool") / "keys")
    known: dict[tuple[object, ...], int] = {}
    for start in range(0, len(rows), step):
        part = pl.DataFrame(rows[start : start + step], schema=KEY, orient="row")
        assert keys.find(part, keys.hashed(part)).to_list() == [known.get(row) for row in part.rows()]
        new = {row: 10**16 + start + place for place, row in enumerate(part.rows()) if row not in known}
        added = pl.DataFrame([(*row, record) for row, record in new.items()], schema={**KEY, RECORD: pl.Int64()}, orient="row")
        keys.add(added, keys.hashed(added), own=start % 2 == 0)
        known |= new
    given_back = [row for frame in keys.own_rows() for row in frame.rows()]
    assert given_back == [(*row, record) for row, record in known.items() if (record - 10**16) // step * step % 2 == 0]
    keys.close()


def test_rows_of_one_hash_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash only finds: with a hash that is always the same, the answers are the same."""
    monkeypatch.setattr(KnownKeys, "hashed", lambda _, rows: pl.repeat(7, rows.height, dtype=pl.UInt64(), eager=True))
    monkeypatch.setattr(key_spool, "_INDEX_ROWS", (30, 60))
    keys = KnownKeys(KEY, tmp_path / "keys")
    rows = pl.DataFrame([(f"R{n}", NOON, None, n) for n in range(100)], schema={**KEY, RECORD: pl.Int64()}, orient="row")
    for part in rows.iter_slices(9):
        assert keys.find(part, keys.hashed(part)).null_count() == part.height
        keys.add(part, keys.hashed(part), own=True)
    assert keys.find(rows, keys.hashed(rows)).to_list() == list(range(100))
    keys.close()


def sums(**others: int) -> FileSums:
    figures = {
        "record_count": 10,
        "to_rate_count": 7,
        "line_count": 10,
        "misplaced_blocks": 0,
        "unrated_blocks": 0,
        "rated_count": 4,
        "zero_rated_count": 1,
        "suspended_by_rating": 2,
        "duplicate_count": 1,
        "suspended_count": 3,
        "rejected_count": 1,
    }
    return FileSums(file_name="a.csv", **(figures | others))


def test_a_file_closes_when_all_its_figures_agree() -> None:
    assert faults_in_closing(sums()) == ()
    assert sum(sums().by_outcome.values()) == 10
    assert list(sums().by_outcome) == list(UsageOutcome)


@pytest.mark.parametrize("figure", [name for name in FileSums.__dataclass_fields__ if name != "file_name"])
def test_no_figure_can_be_wrong_alone(figure: str) -> None:
    faults = faults_in_closing(sums(**{figure: getattr(sums(), figure) + 1}))
    assert faults
    assert all(fault.startswith("Usage file a.csv: ") for fault in faults)


def test_a_record_belongs_to_its_file() -> None:
    assert frame([CALL], 3, 5)["usage_record_id"].to_list() == [3 * RECORDS_PER_FILE + 5]
