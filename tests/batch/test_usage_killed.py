"""Killed at any point of taking usage in and rating it, then run again, a night leaves the same rows and the same files."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Engine, text

from billing.rules.usage_record import FIELDS
from css.core.calendar import london_instant
from css.db.engine import transaction
from tests import builders
from tests.batch.killing import branch_off
from tests.batch.usage_blocks_night import NIGHT_OF, child
from tests.bulk.carrier import file_of, given
from tests.scenarios.copies import copy_of

LIVE, STRANGER, LONDON = "441632960123", "441632960777", "442079460123"
MADE_AT = datetime(2026, 3, 3, 1, tzinfo=UTC)
STRIDE = int(os.environ.get("CSS_TEST_KILL_STRIDE", "11"))
"""Every so many points are tried; 1 tries them all."""

# Without surrogate keys but for a record's place in its file: a rolled back transaction leaves a gap in them.
QUESTIONS = {
    "files": "SELECT supplier, sequence, layout, record_count, to_rate_count, duration_seconds, sha256 FROM billing.usage_file ORDER BY 2",
    "blocks": "SELECT f.sequence, b.first_line, b.line_count, b.raw, r.rated_on, r.rated_count, r.zero_rated_count, r.suspended_count, "
    "r.net_millionths FROM billing.usage_block b JOIN billing.usage_file f ON f.id = b.usage_file_id "
    "LEFT JOIN billing.rated_block r ON r.usage_block_id = b.id ORDER BY 1, 2",
    "rated": "SELECT f.sequence, c.usage_record_id % 10000000, c.account_id, c.leg, c.started_at, c.duration_seconds, c.net_millionths, "
    "c.zero_reason, c.rated_on FROM billing.rated_call c JOIN billing.usage_file f ON f.id = c.usage_record_id / 10000000 ORDER BY 1, 2",
    "set aside": "SELECT f.sequence, a.usage_record_id % 10000000, a.outcome, a.reason_code, a.raw, a.chain_id, a.part_number, "
    "a.original_record_id % 10000000, a.is_open, a.settled_as, a.settled_on FROM billing.usage_set_aside a "
    "JOIN billing.usage_file f ON f.id = a.usage_file_id ORDER BY 1, 2",
    "call keys": "SELECT f.sequence, k.call_hour, k.calls FROM billing.usage_call_key k "
    "JOIN billing.usage_file f ON f.id = k.usage_file_id ORDER BY 1, 2",
    "id keys": "SELECT f.sequence, k.page, k.first_id, k.last_id, k.ids FROM billing.usage_id_key k "
    "JOIN billing.usage_file f ON f.id = k.usage_file_id ORDER BY 1, 2",
    "steps": "SELECT step, state, read_count, written_count, filtered_count, rejected_count FROM batch.step_execution ORDER BY ordinal",
    "totals": "SELECT step, name, item_count, amount FROM batch.control_total ORDER BY 1, 2",
    "rejects": "SELECT step, reason_code, raw FROM batch.reject ORDER BY 1, 2, 3",
    "audit": "SELECT verb, subject_number, after FROM css.audit_event WHERE subject_kind = 'usage file' ORDER BY id",
}


def fill(home: Path) -> None:
    """Two files of several blocks each: good calls, duplicates in and across them, damage, strangers, and a long call in three parts."""
    incoming = home / "incoming" / "ZZ"
    given(incoming, _file(1, hour=9, parts=((1, False), (2, False))), "A1.csv")
    given(incoming, _file(2, hour=9, parts=((3, True),)), "A2.csv")


def _file(sequence: int, hour: int, parts: tuple[tuple[int, bool], ...]) -> bytes:
    rows: list[tuple[Any, ...]] = [
        (LIVE, LONDON, minute, 60 + minute, f"{sequence}-{minute}", "V", None, None, None) for minute in range(sequence, 12)
    ]
    rows[2] = (*rows[2][:5], "?", None, None, None)
    rows.insert(4, (*rows[1][:4], f"{sequence}-again", "V", None, None, None))
    rows.insert(6, (STRANGER, LONDON, 30, 60, f"{sequence}-strange", "V", None, None, None))
    rows.append((LIVE, LONDON, 40 + sequence, 0, f"{sequence}-unanswered", "V", None, None, None))
    rows += [(LIVE, LONDON, 44 + 10 * part, 600, f"{sequence}-p{part}", "V", "LONG-1", part, last) for part, last in parts]
    schema = {
        "charged_number": pl.String(),
        "other_number": pl.String(),
        "minute": pl.Int64(),
        "duration_seconds": pl.Int64(),
        "supplier_record_id": pl.String(),
        "call_type": pl.String(),
        "chain_id": pl.String(),
        "part_number": pl.Int64(),
        "is_last_part": pl.Boolean(),
    }
    assert "call_type" in FIELDS, "a spoilt call type is what the writer writes as it is told"
    began = london_instant(NIGHT_OF, time(hour))
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        started_at=pl.lit(began).cast(pl.Datetime("us", "UTC")) + pl.duration(minutes="minute")
    )
    return file_of(frame, sequence=sequence, made_at=MADE_AT)


def night(engine: Engine, home: Path, kill_at: int = 0) -> tuple[int, int]:
    """Exit status of one attempt, and the durable points it passed when it was not killed."""
    return branch_off(child, engine.url.render_as_string(hide_password=False), str(home), kill_at, home=home)


def over(engine: Engine) -> bool:
    """Whether the night has committed its end: killed after that it has nothing left to do, and refuses to run twice."""
    with engine.connect() as connection:
        return bool(connection.execute(text("SELECT count(*) FROM batch.job_instance WHERE state = 'completed'")).scalar_one())


def what_is_there(engine: Engine, home: Path) -> dict[str, list[object]]:
    with engine.connect() as connection:
        found: dict[str, list[object]] = {
            name: [
                tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in connection.execute(text(asked))
            ]
            for name, asked in QUESTIONS.items()
        }
    files = sorted(path for path in home.rglob("*") if path.is_file())
    found["disk"] = [(str(path.relative_to(home)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]
    return found


@pytest.mark.timeout(600)
def test_killed_anywhere_and_run_again_it_leaves_the_same_rows(fresh_engine: Engine, tmp_path: Path) -> None:
    with transaction(fresh_engine) as session:
        zz = builders.district(session)
        builders.working_line(session, zz, builders.account(session, zz), starts_on=date(2026, 1, 5))

    def again(name: str) -> Path:
        shutil.rmtree(tmp_path / "home", ignore_errors=True)
        home = tmp_path / name
        fill(home)
        return home

    with copy_of(fresh_engine) as engine:
        home = again("quiet")
        status, points = night(engine, home)
        assert status == 0
        quiet = what_is_there(engine, home)
    assert len(quiet["blocks"]) > 4
    assert {row[2] for row in quiet["set aside"]} == {"duplicate", "rejected", "suspended"}  # type: ignore[index]
    assert any(row[5] == 1800 for row in quiet["rated"]), "the long call was put together"  # type: ignore[index]
    assert points > 30, "fewer durable points than a night has commits: the traps are not set"

    for kill_at in range(1, points + 1, STRIDE):
        with copy_of(fresh_engine) as engine:
            home = again(f"killed at {kill_at}")
            assert night(engine, home, kill_at)[0] == -signal.SIGKILL, f"not killed at point {kill_at} of {points}"
            assert over(engine) or night(engine, home)[0] == 0, f"not taken up again after a kill at point {kill_at}"
            found = what_is_there(engine, home)
            assert found == quiet, f"killed at point {kill_at}: {[name for name in quiet if found[name] != quiet[name]]}"
