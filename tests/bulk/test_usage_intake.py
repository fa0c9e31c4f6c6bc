"""A carrier's file taken in once, whole or not at all, with every record that is not rated set aside for its reason."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing import carrier_file as reading
from billing.actions import intake
from billing.actions.intake import is_due, window_of
from billing.commands import BlockTotals
from billing.model import UsageBlock, UsageCallKey, UsageFile, UsageIdKey, UsageSetAside
from billing.queries.usage_gaps import sequence_gaps
from billing.rules.usage_layouts import CSS_CSV, UK_STANDARD_CDR, parse_block
from css.audit import AuditEvent
from css.core.calendar import start_of_day
from tests import builders
from tests.bulk.carrier import Call, carrier_file, closed, file_of, frame_of, given
from tests.bulk.taking import LIVE, LONDON_CALL, MADE_AT, NIGHT, NOON, collect, count

KEPT = (UsageFile, UsageBlock, UsageSetAside, UsageCallKey, UsageIdKey)


@pytest.fixture(autouse=True)
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session)


def nothing_is_there(session: Session) -> bool:
    return not any(count(session, table) for table in KEPT)


def blocks_read_again(session: Session) -> pl.DataFrame:
    """Every block as rating will read it."""
    rows = session.execute(select(UsageBlock, UsageFile.layout).join(UsageFile).order_by(UsageBlock.id)).all()
    frames = [parse_block(layout, gzip.decompress(block.raw), block.first_line, window_of(NIGHT)) for block, layout in rows]
    assert [frame.height for frame in frames] == [block.line_count for block, _ in rows]
    return pl.concat(frames)


def aside(session: Session, *columns: str) -> list[tuple[Any, ...]]:
    rows = session.execute(select(UsageSetAside).order_by(UsageSetAside.usage_record_id)).scalars()
    return [tuple(getattr(row, name) for name in columns) for row in rows]


CALLS: list[Call] = [LONDON_CALL, (LIVE, "118500", NOON, 0), (LIVE, "447700900123", NOON, 60)]


# A file taken in.


def test_what_is_read_is_kept_in_blocks_or_set_aside(session: Session, tmp_path: Path) -> None:
    content = carrier_file(CALLS, made_at=MADE_AT, damaged=1)
    path = given(tmp_path, content)

    taken = collect(session, path)

    assert (taken.outcome, taken.words) == ("taken", f"{path.name}: 3 records of NTHTEL, sequence 1.")
    assert taken.totals == BlockTotals(read=3, written=2, rejected=1, kept_by_room=1)
    file = session.execute(select(UsageFile)).scalar_one()
    assert (file.supplier, file.sequence, file.file_name, file.business_date) == ("NTHTEL", 1, path.name, NIGHT)
    assert (file.layout, file.created_at, file.record_count, file.to_rate_count) == (UK_STANDARD_CDR, MADE_AT, 3, 2)
    assert (file.byte_count, file.duration_seconds, file.sha256) == (len(content), 182, reading.content_sha256(path))
    assert blocks_read_again(session)["raw"].to_list() == content.decode().splitlines()[:3]
    assert aside(session, "usage_record_id", "outcome", "reason_code", "raw", "other_number", "supplier", "is_open") == [
        (file.id * 10_000_000 + 1, "rejected", "CSS409E", content.decode().splitlines()[0], "442079460123", "NTHTEL", False)
    ]
    event = session.execute(select(AuditEvent).where(AuditEvent.verb == "collect_file")).scalar_one()
    assert (event.subject_kind, event.subject_number) == ("usage file", "NTHTEL/1")


@pytest.mark.parametrize("layout", [UK_STANDARD_CDR, CSS_CSV])
@pytest.mark.parametrize("packed", [False, True])
def test_both_layouts_come_plain_or_compressed(session: Session, tmp_path: Path, layout: str, packed: bool) -> None:
    content = carrier_file(CALLS, made_at=MADE_AT, layout=layout)
    # By its bytes, not by its name.
    taken = collect(session, given(tmp_path, gzip.compress(content) if packed else content))
    assert taken.totals == BlockTotals(read=3, written=3)
    file = session.execute(select(UsageFile)).scalar_one()
    assert (file.layout, file.byte_count) == (layout, len(content))
    read = blocks_read_again(session)
    assert [*zip(*(read[name] for name in ("charged_number", "other_number", "started_at", "duration_seconds")), strict=True)] == CALLS


@pytest.mark.parametrize("layout", [UK_STANDARD_CDR, CSS_CSV])
def test_many_blocks_make_one_file(session: Session, tmp_path: Path, layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BLOCK_LINES", 40)
    monkeypatch.setattr(reading, "BLOCK_BYTES_MIN", 100)
    monkeypatch.setattr(reading, "READ_BYTES", 700)
    calls = [(LIVE, "442079460123", NOON + timedelta(seconds=n), n) for n in range(500)]
    assert collect(session, given(tmp_path, carrier_file(calls, made_at=MADE_AT, layout=layout))).totals.written == 500
    assert count(session, UsageBlock) > 5
    read = blocks_read_again(session)
    assert read["duration_seconds"].to_list() == list(range(500))
    assert read["line_number"].to_list() == list(range(1, 501))
    assert read["reject_code"].null_count() == 500


def test_blank_lines_are_no_records_and_bad_ones_hold_no_good_one_hostage(session: Session, tmp_path: Path) -> None:
    first, second = WHOLE.splitlines(keepends=True)[:2]
    records = first + b"\n\r\n" + b"no record\n" + b"caf\xe9,\0\n" + second.replace(b"\n", b"\r\n")
    taken = collect(session, given(tmp_path, closed(records, made_at=MADE_AT, count=4, seconds=182)))
    assert taken.totals == BlockTotals(read=4, written=2, rejected=2, kept_by_room=2)
    assert aside(session, "reason_code", "raw") == [("CSS400E", "no record"), ("CSS402E", "café,\u2400")]


def test_a_call_that_came_before_is_a_duplicate(session: Session, tmp_path: Path) -> None:
    collect(session, given(tmp_path, carrier_file([LONDON_CALL], made_at=MADE_AT, prefix="A")))
    again = carrier_file([LONDON_CALL, CALLS[1], CALLS[1]], made_at=MADE_AT, sequence=2, prefix="B")
    assert collect(session, given(tmp_path, again, "2.csv")).totals == BlockTotals(read=3, written=1, filtered=2)
    first, second = (file.id * 10_000_000 for file in session.execute(select(UsageFile).order_by(UsageFile.id)).scalars())
    assert aside(session, "usage_record_id", "outcome", "reason_code", "original_record_id") == [
        (second + 1, "duplicate", "CSS666E", first + 1),
        (second + 3, "duplicate", "CSS666E", second + 2),
    ]


@pytest.mark.parametrize("layout", [UK_STANDARD_CDR, CSS_CSV])
def test_parts_of_a_long_call_wait_for_the_others(session: Session, tmp_path: Path, layout: str) -> None:
    calls = frame_of(CALLS).with_columns(
        leg=pl.Series(["outgoing", "diverted", "reverse"]),
        chain_id=pl.Series([None, "LC7", "LC7"]),
        part_number=pl.Series([None, 1, 2], dtype=pl.Int64()),
        is_last_part=pl.Series([None, False, True]),
    )
    assert collect(session, given(tmp_path, file_of(calls, made_at=MADE_AT, layout=layout))).totals == BlockTotals(
        read=3, written=1, rejected=2, kept_by_room=2
    )
    assert aside(session, "outcome", "reason_code", "chain_id", "part_number", "is_last_part", "leg", "is_open") == [
        ("suspended", "CSS700W", "LC7", 1, False, "diverted", True),
        ("suspended", "CSS700W", "LC7", 2, True, "reverse", True),
    ]
    assert aside(session, "words")[0] == ("This part of the long call 'LC7' waits for the others.",)


def test_an_empty_file_is_whole_and_brings_nothing(session: Session, tmp_path: Path) -> None:
    for sequence, layout in enumerate((UK_STANDARD_CDR, CSS_CSV), 1):
        taken = collect(session, given(tmp_path, carrier_file([], made_at=MADE_AT, sequence=sequence, layout=layout)))
        assert (taken.outcome, taken.totals) == ("taken", BlockTotals())
    assert (count(session, UsageFile), count(session, UsageBlock)) == (2, 0)


def test_a_call_long_ago_or_later_than_its_file_is_set_aside(session: Session, tmp_path: Path) -> None:
    oldest, newest = start_of_day(date(2025, 3, 2)), MADE_AT + timedelta(hours=1)
    moments = [oldest - timedelta(seconds=1), oldest, newest, newest + timedelta(seconds=1)]
    collect(session, given(tmp_path, carrier_file([(LIVE, "442079460123", moment, 60) for moment in moments], made_at=MADE_AT)))
    assert aside(session, "reason_code") == [("CSS411E",), ("CSS410E",)]


# A file that came before.


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_same_file_again_in_any_dress_does_nothing(
    session: Session, tmp_path: Path, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = carrier_file([LONDON_CALL], made_at=MADE_AT)
    collect(session, given(tmp_path, content))
    # Known before a record of it is looked at.
    monkeypatch.setattr(intake, "parse_block", None)
    again = collect(session, given(tmp_path, pack(content), "copy.csv"), on=NIGHT + timedelta(days=1))
    assert (again.outcome, again.words) == ("known", "copy.csv: taken before, nothing done.")
    assert again.totals == BlockTotals(read=1, filtered=1)
    assert count(session, UsageFile) == count(session, UsageBlock) == 1


def test_the_same_sequence_with_other_bytes_is_set_aside_whole_and_an_alarm(session: Session, tmp_path: Path) -> None:
    collect(session, given(tmp_path, carrier_file([LONDON_CALL], made_at=MADE_AT)))
    path = given(tmp_path, carrier_file([LONDON_CALL, CALLS[1]], made_at=MADE_AT), "other.csv")
    other = collect(session, path)
    assert other.outcome == "refused"
    (item,) = other.totals.set_aside
    assert (item.code, item.source_key, item.raw) == ("CSS428E", f"usage-file/ZZ/{reading.content_sha256(path)}/other.csv", "other.csv")
    assert item.words == "other.csv: CSS428E NTHTEL sent sequence 1 before with other bytes; ask which of the two is right."
    assert other.totals.alarms == (item.words,)
    assert count(session, UsageFile) == count(session, UsageBlock) == 1


def test_a_gap_is_one_until_it_is_filled(session: Session, tmp_path: Path) -> None:
    def gaps(sequence: int, supplier: str = "NTHTEL") -> list[str]:
        call = (LIVE, "442079460123", NOON, sequence)
        content = carrier_file([call], made_at=MADE_AT, sequence=sequence, supplier=supplier)
        assert collect(session, given(tmp_path, content, f"{supplier}{sequence}.csv")).outcome == "taken"
        return [gap.words for gap in sequence_gaps(session, "ZZ")]

    nine, more = "CSS429W Of NTHTEL sequence 9 has not come.", "CSS429W Of NTHTEL sequence 11 to 13 has not come."
    assert gaps(7) == gaps(8) == []
    assert gaps(10) == [nine]
    assert gaps(3, "STHTEL") == [nine]
    assert gaps(14) == [nine, more]
    assert gaps(9) == [more]
    assert gaps(12) == ["CSS429W Of NTHTEL sequence 11 has not come.", "CSS429W Of NTHTEL sequence 13 has not come."]
    assert sequence_gaps(session, "ZY") == ()


def test_each_district_counts_its_own_files(session: Session, tmp_path: Path) -> None:
    builders.district(session, "ZY")
    path = given(tmp_path, carrier_file([LONDON_CALL], made_at=MADE_AT))
    assert [collect(session, path, code).outcome for code in ("ZZ", "ZY", "ZZ", "ZY")] == ["taken", "taken", "known", "known"]


# A file that is refused.

WHOLE = carrier_file([LONDON_CALL, (LIVE, "447700900123", NOON, 60)], made_at=MADE_AT)
NATIVE = carrier_file([LONDON_CALL], made_at=MADE_AT, layout=CSS_CSV)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "CSS420E"),
        (b"\n\n", "CSS420E"),
        (WHOLE.splitlines(keepends=True)[0], "CSS420E"),
        (WHOLE[:-30], "CSS420E"),
        (WHOLE.replace(b'"CONTROL","1"', b'"CONTROL","2"'), "CSS420E"),
        (WHOLE.decode().encode("utf-16"), "CSS420E"),
        (b"".join(WHOLE.splitlines(keepends=True)[1:]), "CSS421E"),
        (WHOLE.splitlines(keepends=True)[0] + WHOLE, "CSS421E"),
        (WHOLE.replace(b'"60"', b'"61"'), "CSS421E"),
        (WHOLE.replace(b"447700900123", b"447700900124"), "CSS422E"),
        (WHOLE.replace(b'"GBP"', b'"EUR"'), "CSS422E"),
        (WHOLE.replace(b"\n", b"\r\n"), "CSS422E"),
        (b"\xef\xbb\xbf" + WHOLE, "CSS422E"),
        (gzip.compress(WHOLE)[:-20], "CSS650E"),
        (gzip.compress(WHOLE)[:-4] + b"soup", "CSS651E"),
        (gzip.compress(WHOLE) + b"more", "CSS651E"),
        (b"\x1f\x8bnot gzip", "CSS651E"),
        (NATIVE.replace(b"started_at", b"begun_at"), "CSS653E"),
        (NATIVE.replace(b"chain_id", b"started_at"), "CSS653E"),
        (NATIVE.replace(b"record_id", b"record_\xff"), "CSS653E"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_whole(session: Session, tmp_path: Path, content: bytes, code: str) -> None:
    taken = collect(session, given(tmp_path, content, "broken.csv"))
    assert taken.outcome == "refused"
    assert taken.words.startswith(f"broken.csv: {code} ")
    assert [item.code for item in taken.totals.set_aside] == [code]
    assert (taken.totals.read, taken.totals.rejected) == (1, 1)
    assert nothing_is_there(session)


def test_a_refusal_at_the_end_takes_back_every_block_before_it(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BLOCK_LINES", 10)
    monkeypatch.setattr(reading, "BLOCK_BYTES_MIN", 100)
    monkeypatch.setattr(reading, "READ_BYTES", 500)
    calls = [(LIVE, "442079460123", NOON + timedelta(seconds=n), n) for n in range(200)]
    content = carrier_file([*calls, calls[50]], made_at=MADE_AT, damaged=3)
    first, _, rest = content.partition(b"\n")
    taken = collect(session, given(tmp_path, rest))
    assert [item.code for item in taken.totals.set_aside] == ["CSS421E"]
    assert nothing_is_there(session)
    assert collect(session, given(tmp_path, first + b"\n" + rest)).totals == BlockTotals(
        read=201, written=197, filtered=1, rejected=3, kept_by_room=3
    ), "and the whole file comes as if the other had never been"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_too_large_is_refused(
    session: Session, tmp_path: Path, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = given(tmp_path, pack(WHOLE), "large.csv")
    monkeypatch.setattr(reading, "PLAIN_BYTES_MAX", len(WHOLE) - 1)
    monkeypatch.setattr(reading, "GZIP_BYTES_MAX", len(WHOLE) - 1)
    taken = collect(session, path)
    assert taken.words == (f"large.csv: CSS406E large.csv is larger than the {len(WHOLE) - 1} bytes taken at once. Ask for it in parts.")
    assert nothing_is_there(session)


def test_a_file_of_too_many_records_would_take_other_files_numbers(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "RECORDS_PER_FILE", 2)
    taken = collect(session, given(tmp_path, WHOLE, "long.csv"))
    assert taken.words == "long.csv: CSS406E long.csv has more than the 1 records taken at once. Ask for it in parts."
    assert nothing_is_there(session)


def test_a_file_whose_name_is_no_text_is_taken_like_any_other(session: Session, tmp_path: Path) -> None:
    path = given(tmp_path, WHOLE, os.fsdecode(b"caf\xe9.csv"))
    assert collect(session, path).words.startswith("caf\\udce9.csv: 2 records")
    assert session.execute(select(UsageFile.file_name)).scalar_one() == "caf\\udce9.csv"


# Whose night a file is for.


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("made_at", "due"),
    [
        (datetime(2026, 3, 3, 1, tzinfo=UTC), True),
        (datetime(2026, 3, 3, 23, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 4, tzinfo=UTC), False),
        (datetime(2026, 3, 9, 1, tzinfo=UTC), False),
        (datetime(2025, 3, 3, 1, tzinfo=UTC), True),
    ],
)
def test_a_file_waits_for_the_night_it_was_made_for(tmp_path: Path, made_at: datetime, due: bool, pack: Callable[[bytes], bytes]) -> None:
    path = given(tmp_path, pack(carrier_file([LONDON_CALL] * 30, made_at=made_at)))
    assert is_due(path, NIGHT) is due


@pytest.mark.parametrize("content", [b"", b"x" * 9000, WHOLE[:-30], gzip.compress(WHOLE)[:-9]])
def test_a_file_that_does_not_say_when_it_was_made_is_looked_at_now(tmp_path: Path, content: bytes) -> None:
    assert is_due(given(tmp_path, content), NIGHT)
