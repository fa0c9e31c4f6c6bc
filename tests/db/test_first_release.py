"""A backup of the first release, with nights of usage rated and billed in it, restored by this one: nothing is lost or changed."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Engine, text

from billing.actions.usage_keys import open_keys
from billing.checks import check_books
from billing.queries.tariffs import tariff_book
from billing.rules.tariff import NO_PRICE
from billing.rules.usage_layouts import parse_block
from css import tables  # noqa: F401 - the queries name tables of several rooms
from css.db import backup as work
from css.db.engine import transaction
from css.db.migrate import upgrade
from css.db.revision import database_revision, program_revision
from css.migrations import reference
from tests.conftest import clone

BACKUP = Path(__file__).with_name("first-release.css-backup")
"""Two districts of ``css demo`` as the first release lived them for four days, with damaged lines and strangers' calls."""
RECORDS = text(
    "SELECT usage_file_id, line_number, supplier_record_id, caller, dialled, started_at, duration_seconds, raw FROM billing.usage_record"
)
REJECTS = text("SELECT source_key, reason_code, words, raw FROM batch.reject WHERE source_key LIKE 'usage/%'")
CALLS = text("SELECT * FROM billing.rated_call")
FILES = text("SELECT * FROM billing.usage_file")
RATES = text(
    "SELECT r.id, v.unit_seconds, r.unit_price, r.is_itemised FROM billing.tariff_rate r "
    "JOIN billing.tariff_version v ON v.id = r.tariff_version_id"
)
LINES_PER_FILE = 10_000_000


@dataclass(frozen=True)
class Before:
    """What lay in the tables of the first release."""

    records: list[Any]
    rejects: list[Any]
    calls: list[Any]
    files: list[Any]
    rates: list[Any]


def put_in(engine: Engine) -> None:
    """The backup as it was taken, not yet upgraded."""
    with zipfile.ZipFile(BACKUP) as archive:
        work._load(engine, io.BytesIO(archive.read(work.DUMP)), None, None)
    assert database_revision(engine) == "0001"


@pytest.fixture(scope="module")
def moved(server: str) -> Iterator[tuple[Engine, Before]]:
    with clone(server, "template0") as engine:
        put_in(engine)
        with engine.connect() as connection:
            before = Before(*(list(connection.execute(one).all()) for one in (RECORDS, REJECTS, CALLS, FILES, RATES)))
        upgrade(engine)
        assert database_revision(engine) == program_revision()
        yield engine, before


def rows(engine: Engine, statement: str, **values: object) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text(statement), values).all())


def test_the_backup_holds_what_the_other_tests_are_about(moved: tuple[Engine, Before]) -> None:
    _, before = moved
    assert {call.district_code for call in before.calls} == {"ZZ", "ZY"}
    assert {reject.reason_code for reject in before.rejects} == {"CSS401E", "CSS402E", "CSS409E", "CSS412E"}
    assert len({call.duration_seconds == 0 for call in before.calls}) == 2
    assert any(not call.is_itemised for call in before.calls)


def test_every_line_lies_in_a_block_in_its_place(moved: tuple[Engine, Before]) -> None:
    engine, before = moved
    lines: dict[tuple[int, int], str] = {}
    for block in rows(engine, "SELECT * FROM billing.usage_block"):
        raw = gzip.decompress(bytes(block.raw)).removesuffix(b"\n").split(b"\n")
        assert len(raw) == block.line_count
        lines |= {(block.usage_file_id, n): one.decode("utf-8", "surrogateescape") for n, one in enumerate(raw, block.first_line)}
    expected = {(record.usage_file_id, record.line_number): record.raw for record in before.records}
    for reject in before.rejects:
        _, file, line = reject.source_key.split("/")
        raw = reject.raw
        if reject.reason_code == "CSS402E":
            raw = raw.replace("\u2400", "\0").encode("latin-1").decode("utf-8", "surrogateescape")
        expected[int(file), int(line)] = raw
    assert lines == expected
    assert Counter(file for file, _ in lines) == {file.id: file.record_count for file in before.files}


def test_every_rated_call_is_what_it_was_and_says_why_it_costs_nothing(moved: tuple[Engine, Before]) -> None:
    engine, before = moved
    now = {call.usage_record_id: call for call in rows(engine, "SELECT * FROM billing.rated_call")}
    assert len(now) == len(before.calls)
    same = set(before.calls[0]._fields) - {"caller", "dialled"}
    for was in before.calls:
        call = now[was.usage_record_id]
        assert {name: call._mapping[name] for name in same} == {name: was._mapping[name] for name in same}
        assert (call.charged_number, call.other_number, call.leg, call.call_count) == (was.caller, was.dialled, "outgoing", 1)
        assert (call.rerating_id, call.service_rate_id, call.wholesale_rate_id) == (None, None, None)
        reason = "free" if not was.is_itemised else "unanswered" if was.duration_seconds == 0 else "included"
        assert call.zero_reason == (None if was.net_millionths else reason)
    assert {call.zero_reason for call in now.values()} == {None, "free", "unanswered", "included"}


def test_records_set_aside_keep_their_reason_and_those_that_could_not_be_priced_wait(moved: tuple[Engine, Before]) -> None:
    engine, before = moved
    records = {(record.usage_file_id, record.line_number): record for record in before.records}
    aside = {one.usage_record_id: one for one in rows(engine, "SELECT * FROM billing.usage_set_aside")}
    assert len(aside) == len(before.rejects)
    for reject in before.rejects:
        _, file, line = map(str, reject.source_key.split("/"))
        one = aside[int(file) * LINES_PER_FILE + int(line)]
        assert (one.reason_code, one.words, one.raw) == (reject.reason_code, reject.words, reject.raw)
        record = records.get((int(file), int(line)))
        assert (one.outcome, one.is_open) == (("suspended", True) if record else ("rejected", False))
        if record:
            assert (one.charged_number, one.other_number) == (record.caller, record.dialled)
            assert (one.started_at, one.duration_seconds, one.leg) == (record.started_at, record.duration_seconds, "outgoing")
    assert rows(engine, "SELECT 1 FROM batch.reject WHERE source_key LIKE 'usage/%'") == []


def test_every_file_closes(moved: tuple[Engine, Before]) -> None:
    engine, before = moved
    found = rows(
        engine,
        "SELECT f.id, f.record_count, f.to_rate_count, f.layout, sum(r.rated_count + r.zero_rated_count) AS rated,"
        " sum(r.suspended_count) AS suspended, sum(r.net_millionths) AS net,"
        " (SELECT count(*) FROM billing.usage_set_aside a WHERE a.usage_file_id = f.id AND a.outcome = 'rejected') AS rejected"
        " FROM billing.usage_file f JOIN billing.usage_block b ON b.usage_file_id = f.id"
        " JOIN billing.rated_block r ON r.usage_block_id = b.id GROUP BY f.id",
    )
    assert {file.id for file in found} == {file.id for file in before.files}
    for file in found:
        calls = [call for call in before.calls if call.usage_record_id // LINES_PER_FILE == file.id]
        assert file.record_count == file.rated + file.suspended + file.rejected
        assert (file.rated, file.net, file.layout) == (len(calls), sum(call.net_millionths for call in calls), "uk-standard-cdr")
        (was,) = (one for one in before.files if one.id == file.id)
        assert file.to_rate_count == was.loaded_count == file.rated + file.suspended


@pytest.mark.parametrize("district", ["ZZ", "ZY"])
def test_a_record_of_old_that_is_sent_again_is_known(moved: tuple[Engine, Before], district: str) -> None:
    engine, before = moved
    files = {file.id for file in before.files if file.district_code == district}
    old = [record for record in before.records if record.usage_file_id in files]
    records = parse_block("uk-standard-cdr", b"".join(record.raw.encode() + b"\n" for record in old), 1, None)
    assert records["reject_code"].null_count() == len(old)
    again = records.with_columns(usage_record_id=900_000_000_000 + pl.col("line_number"))
    originals = [record.usage_file_id * LINES_PER_FILE + record.line_number for record in old]
    with transaction(engine) as session:
        with open_keys(session, district, "NTHTEL", business_date=date(2026, 3, 6)) as keys:
            same = keys.mark(again)
        with open_keys(session, district, "OTHER", business_date=date(2026, 3, 6)) as keys:
            of_others = keys.mark(again.with_columns(supplier_record_id=pl.lit(None, pl.String)))
        with open_keys(session, district, "NTHTEL", business_date=date(2026, 3, 6)) as keys:
            other_calls = keys.mark(again.with_columns(duration_seconds=pl.col("duration_seconds") + 1))
    for marked, code in ((same, "CSS665E"), (of_others, "CSS666E"), (other_calls, "CSS667E")):
        assert set(marked["duplicate_code"]) == {code}
        assert marked["original_record_id"].to_list() == originals


def test_a_call_that_was_taken_twice_is_known_by_its_first_record(bare_engine: Engine) -> None:
    put_in(bare_engine)
    with bare_engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE billing.usage_record b SET (caller, dialled, started_at, duration_seconds, supplier_record_id)"
                " = (SELECT caller, dialled, started_at, duration_seconds, supplier_record_id || E'\\\\x' FROM billing.usage_record a"
                " WHERE (a.usage_file_id, a.line_number) = (1, 4)) WHERE (b.usage_file_id, b.line_number) = (1, 5)"
            )
        )
    upgrade(bare_engine)
    pages = rows(bare_engine, "SELECT calls FROM billing.usage_call_key WHERE usage_file_id = 1")
    lines = [line for page in pages for line in pl.read_parquet(bytes(page.calls))["line"]]
    (count,) = (row.loaded_count for row in rows(bare_engine, "SELECT to_rate_count AS loaded_count FROM billing.usage_file WHERE id = 1"))
    assert len(lines) == len(set(lines)) == count - 1
    assert 4 in lines
    assert 5 not in lines


@pytest.mark.parametrize("district", ["ZZ", "ZY"])
def test_the_books_balance_as_before(moved: tuple[Engine, Before], district: str) -> None:
    with transaction(moved[0]) as session:
        assert check_books(session, district) == ()


def test_prices_are_what_they_were_in_one_step_and_free_destinations_are_known(moved: tuple[Engine, Before]) -> None:
    engine, before = moved
    with transaction(engine) as session:
        rates = {rate.rate_id: rate for version in tariff_book(session).versions for rate in version.rates}
    assert len(rates) == len(before.rates)
    for was in before.rates:
        rate = rates[was.id]
        ((from_second, unit_seconds, unit_price, price),) = [(s.from_second, s.unit_seconds, s.unit_price, s.price) for s in rate.steps]
        assert (from_second, unit_seconds, unit_price.pence, price) == (0, was.unit_seconds, was.unit_price, NO_PRICE)
        assert rate.is_free == (not was.is_itemised)
        assert rate.maximum is None


def test_reference_data_adds_the_new_tariffs_and_changes_no_price(moved: tuple[Engine, Before]) -> None:
    engine, _ = moved
    with engine.connect() as connection, connection.begin() as outer:
        before = connection.execute(text("SELECT id, starts_on, ends_on FROM billing.tariff_version ORDER BY id")).all()
        with transaction(engine) as session:
            reference.load(session)
            session.flush()
            after = session.execute(text("SELECT id, starts_on, ends_on FROM billing.tariff_version ORDER BY id")).all()
            codes = session.execute(text("SELECT code FROM billing.tariff ORDER BY code")).scalars().all()
            session.rollback()
        outer.rollback()
    assert list(after)[: len(before)] == list(before)
    assert codes == ["BUS", "RES", "SVC", "WHS"]


def test_a_new_district_gets_its_partition_beside_those_of_old(moved: tuple[Engine, Before]) -> None:
    engine, _ = moved
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO css.district (code, name, nation) SELECT 'ZX', 'Third', nation FROM css.district LIMIT 1"))
        found = connection.execute(
            text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'billing.rated_call'::regclass ORDER BY 1")
        ).scalars()
        assert list(found) == ["billing.rated_call_zx", "billing.rated_call_zy", "billing.rated_call_zz"]
        connection.rollback()


def test_what_was_not_yet_rated_waits_for_the_night(bare_engine: Engine) -> None:
    put_in(bare_engine)
    with bare_engine.begin() as connection:
        file = connection.execute(text("SELECT max(usage_record_id / 10000000) FROM billing.rated_call")).scalar_one()
        connection.execute(text("DELETE FROM billing.rated_call WHERE usage_record_id / 10000000 = :file"), {"file": file})
        pattern = {"pattern": f"usage/{file}/%"}
        connection.execute(text("DELETE FROM batch.reject WHERE source_key LIKE :pattern AND reason_code = 'CSS412E'"), pattern)
    upgrade(bare_engine)
    unrated = rows(
        bare_engine,
        "SELECT b.usage_file_id FROM billing.usage_block b LEFT JOIN billing.rated_block r ON r.usage_block_id = b.id"
        " WHERE r.usage_block_id IS NULL",
    )
    assert unrated == [(file,)]


@pytest.mark.parametrize(
    "spoil",
    ["DELETE FROM billing.usage_record WHERE line_number = 2", "DELETE FROM billing.rated_call WHERE usage_record_id % 10000000 = 1"],
)
def test_what_the_first_release_cannot_have_left_is_not_moved(bare_engine: Engine, spoil: str) -> None:
    put_in(bare_engine)
    with bare_engine.begin() as connection:
        connection.execute(text(spoil))
    with pytest.raises(RuntimeError, match="css check books"):
        upgrade(bare_engine)
    assert database_revision(bare_engine) == "0001"
