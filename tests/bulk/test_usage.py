"""A carrier's file taken in once, whole or not at all, and cut into blocks that reach its last record."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billing.actions import usage
from billing.actions.usage import is_due, ranges_to_rate
from billing.commands import BlockTotals
from billing.model import RatedCall, UsageFile, UsageRecord
from css.audit import AuditEvent
from css.core.calendar import start_of_day
from css.core.errors import BadMessage
from tests import builders
from tests.bulk.carrier import carrier_file, closed, given
from tests.bulk.taking import LIVE, LONDON_CALL, MADE_AT, NIGHT, NOON, collect, count, rate


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session)


@pytest.fixture
def line(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    return builders.working_line(session, zz, builders.account(session, zz), starts_on=date(2026, 1, 5))


def _nothing_is_there(session: Session) -> bool:
    return count(session, UsageFile) == count(session, UsageRecord) == 0


# A file taken in.


def test_what_is_read_is_loaded_or_set_aside(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    content = carrier_file([LONDON_CALL, (LIVE, "118500", NOON, 0), (LIVE, "447700900123", NOON, 60)], made_at=MADE_AT, damaged=1)
    path = given(tmp_path, content)

    taken = collect(session, path)

    assert (taken.outcome, taken.words) == ("taken", f"{path.name}: 3 records of NTHTEL, sequence 1.")
    assert (taken.totals.read, taken.totals.written, taken.totals.rejected) == (3, 2, 1)
    file = session.execute(select(UsageFile)).scalar_one()
    assert (file.supplier, file.sequence, file.file_name, file.business_date) == ("NTHTEL", 1, path.name, NIGHT)
    assert (file.record_count, file.loaded_count, file.rejected_count) == (3, 2, 1)
    assert (file.byte_count, file.duration_seconds, file.sha256) == (len(content), 182, taken.sha256)
    rows = session.execute(select(UsageRecord).order_by(UsageRecord.id)).scalars().all()
    assert [(row.id, row.line_number, row.caller, row.dialled, row.started_at, row.duration_seconds) for row in rows] == [
        (file.id * 10_000_000 + 2, 2, LIVE, "118500", NOON, 0),
        (file.id * 10_000_000 + 3, 3, LIVE, "447700900123", NOON, 60),
    ]
    assert rows[0].raw == content.splitlines()[1].decode()
    (item,) = taken.totals.set_aside
    assert (item.source_key, item.code, item.raw) == (f"usage/{file.id}/1", "CSS409E", content.splitlines()[0].decode())
    event = session.execute(select(AuditEvent).where(AuditEvent.verb == "collect_file")).scalar_one()
    assert (event.subject_kind, event.subject_number) == ("usage file", "NTHTEL/1")


def test_the_same_file_again_under_any_name_does_nothing(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    content = carrier_file([LONDON_CALL], made_at=MADE_AT)
    collect(session, given(tmp_path, content))
    again = collect(session, given(tmp_path, content, "copy.csv"), on=NIGHT + timedelta(days=1))
    assert (again.outcome, again.words, again.totals) == ("known", "copy.csv: taken before, nothing done.", BlockTotals())
    assert count(session, UsageFile) == count(session, UsageRecord) == 1


def test_the_same_sequence_with_other_bytes_is_set_aside_whole(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    collect(session, given(tmp_path, carrier_file([LONDON_CALL], made_at=MADE_AT)))
    other = collect(session, given(tmp_path, carrier_file([LONDON_CALL, LONDON_CALL], made_at=MADE_AT), "other.csv"))
    assert other.outcome == "refused"
    (item,) = other.totals.set_aside
    assert (item.code, item.source_key, item.raw) == ("CSS428E", f"usage-file/ZZ/{other.sha256}/other.csv", "other.csv")
    assert item.words == "other.csv: CSS428E NTHTEL sent sequence 1 before with other bytes; ask which of the two is right."
    assert count(session, UsageFile) == count(session, UsageRecord) == 1


def test_a_gap_is_said_and_so_is_its_filling(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    def words(sequence: int, supplier: str = "NTHTEL") -> str:
        content = carrier_file([LONDON_CALL], made_at=MADE_AT, sequence=sequence, supplier=supplier)
        return collect(session, given(tmp_path, content, f"{supplier}{sequence}.csv")).words.partition(f"sequence {sequence}.")[2]

    assert words(7) == ""
    assert words(8) == ""
    assert words(10) == " CSS429W Of NTHTEL sequence 9 has not come."
    assert words(14) == " CSS429W Of NTHTEL sequence 11 to 13 has not come."
    assert words(9) == " CSS429W It comes after 14: a gap is being filled, or the files are out of order."
    assert words(3, "STHTEL") == ""
    assert words(15) == ""


def test_each_district_counts_its_own_files(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    builders.district(session, "ZY")
    path = given(tmp_path, carrier_file([LONDON_CALL], made_at=MADE_AT))
    assert [collect(session, path, code).outcome for code in ("ZZ", "ZY", "ZZ", "ZY")] == ["taken", "taken", "known", "known"]


WHOLE = carrier_file([LONDON_CALL, (LIVE, "447700900123", NOON, 60)], made_at=MADE_AT)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "CSS420E"),
        (b"\n\n", "CSS420E"),
        (WHOLE.splitlines(keepends=True)[0], "CSS420E"),
        (WHOLE[:-30], "CSS420E"),
        (WHOLE.replace(b'"CONTROL","1"', b'"CONTROL","2"'), "CSS420E"),
        (b"".join(WHOLE.splitlines(keepends=True)[1:]), "CSS421E"),
        (WHOLE.splitlines(keepends=True)[0] + WHOLE, "CSS421E"),
        (WHOLE.replace(b"447700900123", b"447700900124"), "CSS422E"),
        (WHOLE.replace(b'"GBP"', b'"EUR"'), "CSS422E"),
    ],
    ids=["empty", "blank", "no control record", "cut short", "a later layout", "a record lost", "a record twice", "altered", "edited"],
)
def test_a_file_that_is_not_whole_is_refused_whole(
    session: Session, zz: builders.BuiltDistrict, tmp_path: Path, content: bytes, code: str
) -> None:
    taken = collect(session, given(tmp_path, content, "broken.csv"))
    assert taken.outcome == "refused"
    assert taken.words.startswith(f"broken.csv: {code} ")
    assert [item.code for item in taken.totals.set_aside] == [code]
    assert (taken.totals.read, taken.totals.rejected) == (1, 1)
    assert _nothing_is_there(session)


def test_a_file_too_large_is_refused_and_never_held_in_memory_whole(
    session: Session, zz: builders.BuiltDistrict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = given(tmp_path, WHOLE, "large.csv")
    monkeypatch.setattr(usage, "FILE_BYTES_MAX", len(WHOLE))
    assert len(usage.file_content(path)) == len(WHOLE)
    monkeypatch.setattr(usage, "FILE_BYTES_MAX", len(WHOLE) - 1)
    with pytest.raises(BadMessage, match="is larger than"):
        usage.file_content(path)
    taken = collect(session, path)
    assert (taken.outcome, [item.code for item in taken.totals.set_aside]) == ("refused", ["CSS406E"])
    assert _nothing_is_there(session)


def test_a_file_of_too_many_lines_would_take_other_files_numbers(
    session: Session, zz: builders.BuiltDistrict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "LINES_PER_FILE_MAX", 2)
    taken = collect(session, given(tmp_path, WHOLE, "long.csv"))
    assert taken.words == "long.csv: CSS406E long.csv has 2 lines; fewer than 2 are taken at once. Ask for it in parts."
    assert _nothing_is_there(session)


def test_a_file_whose_name_is_no_text_is_taken_like_any_other(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    path = given(tmp_path, WHOLE, os.fsdecode(b"caf\xe9.csv"))
    assert collect(session, path).words.startswith("caf\\udce9.csv: 2 records")
    assert session.execute(select(UsageFile.file_name)).scalar_one() == "caf\\udce9.csv"


def test_an_empty_file_is_whole_and_brings_nothing(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    taken = collect(session, given(tmp_path, carrier_file([], made_at=MADE_AT)))
    assert (taken.outcome, taken.totals.read) == ("taken", 0)
    assert ranges_to_rate(session, "ZZ", NIGHT, 10) == ()


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
def test_a_file_waits_for_the_night_it_was_made_for(tmp_path: Path, made_at: datetime, due: bool) -> None:
    path = given(tmp_path, carrier_file([LONDON_CALL] * 30, made_at=made_at))
    assert is_due(path, NIGHT) is due


@pytest.mark.parametrize("content", [b"", b"x" * 9000, WHOLE[:-30]])
def test_a_file_that_does_not_say_when_it_was_made_is_looked_at_now(tmp_path: Path, content: bytes) -> None:
    assert is_due(given(tmp_path, content), NIGHT)


def test_a_call_long_ago_or_yet_to_come_is_set_aside(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    oldest, newest = start_of_day(date(2025, 3, 2)), start_of_day(date(2026, 3, 4))
    moments = [oldest - timedelta(seconds=1), oldest, newest, newest + timedelta(seconds=1)]
    calls = [(LIVE, "442079460123", moment, 60) for moment in moments]
    taken = collect(session, given(tmp_path, carrier_file(calls, made_at=MADE_AT)))
    assert [item.code for item in taken.totals.set_aside] == ["CSS411E", "CSS410E"]


# What there is to rate.


def test_blocks_reach_the_last_record_whatever_lies_between(session: Session, zz: builders.BuiltDistrict, tmp_path: Path) -> None:
    first, second = WHOLE.splitlines(keepends=True)[:2]
    records = first + b"\n\r\n" + b"no record\n" + second
    path = given(tmp_path, closed(records, made_at=MADE_AT, count=3, seconds=182))
    taken = collect(session, path)
    assert (taken.outcome, taken.totals.written, taken.totals.rejected) == ("taken", 2, 1)
    base = session.execute(select(UsageFile.id)).scalar_one() * 10_000_000
    assert ranges_to_rate(session, "ZZ", NIGHT, 10) == ((base + 1, base + 3, 3),)
    assert ranges_to_rate(session, "ZZ", NIGHT, 2) == ((base + 1, base + 2, 2), (base + 3, base + 3, 1))
    assert ranges_to_rate(session, "ZZ", NIGHT + timedelta(days=1), 2) == ()
    assert ranges_to_rate(session, "ZY", NIGHT, 2) == ()
    assert rate(session, size=2).read == 2


def test_a_block_rated_twice_is_refused_by_the_database(session: Session, line: builders.BuiltLine, tmp_path: Path) -> None:
    collect(session, given(tmp_path, WHOLE))
    assert rate(session).written == 2
    with pytest.raises(IntegrityError, match=r"rated_call_zz_pkey|pk_rated_call"), session.begin_nested():
        rate(session)
    assert count(session, RatedCall) == 2
