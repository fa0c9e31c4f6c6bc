"""Journey "a bad night": the night is killed at each of its durable points and run again; the bills are those of a quiet night."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, time
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from billing.rules.usage_native import write_native
from css.core.calendar import london_instant
from css.db.engine import transaction
from css.demo.plan import DemoPlan
from css.demo.run import build
from tests.batch.killing import branch_off
from tests.scenarios.copies import copy_of
from tests.scenarios.night_child import child
from tests.scenarios.nights import CallMade, carrier_file

DAY = date(2026, 3, 5)
STRIDE = int(os.environ.get("CSS_TEST_KILL_STRIDE", "29"))
"""Every so many points are tried; 1 tries them all. That each one may be the last is shown step by step in ``tests/chaos``."""

# Surrogate keys are left out: a rolled back transaction leaves a gap in them, and nobody reads them.
WHAT_COUNTS = {
    "bills": "SELECT number, serial, kind, state, issue_on, account_id, invoice_net, invoice_vat, amount_due FROM billing.bill "
    "ORDER BY serial",
    "lines": "SELECT b.number, l.line_number, l.kind, l.words, l.net, l.vat_category FROM billing.bill_line l "
    "JOIN billing.bill b ON b.id = l.bill_id ORDER BY 1, 2",
    "files": "SELECT b.number, f.kind, f.file_name, f.sha256 FROM billing.bill_file f JOIN billing.bill b ON b.id = f.bill_id "
    "ORDER BY 1, 2",
    "ledger": "SELECT e.business_date, e.words, p.nominal_code, p.account_id, p.amount FROM billing.posting p "
    "JOIN billing.journal_entry e ON e.id = p.journal_entry_id ORDER BY 2, 3, 4, 5",
    "usage files": "SELECT supplier, sequence, layout, record_count, to_rate_count, sha256 FROM billing.usage_file ORDER BY 1, 2",
    "usage blocks": "SELECT f.supplier, f.sequence, b.first_line, b.line_count, b.raw, r.rated_on, r.rated_count, r.zero_rated_count, "
    "r.suspended_count, r.net_millionths FROM billing.usage_block b JOIN billing.usage_file f ON f.id = b.usage_file_id "
    "LEFT JOIN billing.rated_block r ON r.usage_block_id = b.id ORDER BY 1, 2, 3",
    "usage keys": "SELECT f.supplier, f.sequence, "
    "(SELECT sum(length(k.calls)) FROM billing.usage_call_key k WHERE k.usage_file_id = f.id), "
    "(SELECT sum(length(k.ids)) FROM billing.usage_id_key k WHERE k.usage_file_id = f.id) FROM billing.usage_file f ORDER BY 1, 2",
    "calls": "SELECT charged_number, other_number, leg, started_at, duration_seconds, account_id, rated_on, band, net_millionths, "
    "service_net_millionths, wholesale_net_millionths, zero_reason FROM billing.rated_call ORDER BY 1, 4, 2",
    "set aside": "SELECT f.supplier, f.sequence, a.usage_record_id % 10000000 AS line, a.outcome, a.reason_code, "
    "regexp_replace(a.words, 'record [0-9]+/', 'record N/') AS words, a.raw, a.chain_id, a.is_open, a.settled_as "
    "FROM billing.usage_set_aside a JOIN billing.usage_file f ON f.id = a.usage_file_id ORDER BY 1, 2, 3",
    "rejects": "SELECT step, reason_code, words, raw FROM batch.reject ORDER BY 1, 2, 3, 4",
    "totals": "SELECT step, name, item_count, amount FROM batch.control_total ORDER BY 1, 2",
    "steps": "SELECT step, state, read_count, written_count, filtered_count, rejected_count FROM batch.step_execution ORDER BY ordinal",
    "date": "SELECT current_on, closed_through FROM css.business_date",
}


@pytest.fixture
def evening(fresh_engine: Engine, tmp_path: Path) -> tuple[Engine, Path]:
    """A small district on the evening of the 5th: everybody is billed tonight, and the carrier's file has come."""
    diary, _ = build(fresh_engine, DemoPlan(lines=8, days=1, starts_on=date(2026, 3, 1)))
    with transaction(fresh_engine) as session:
        session.execute(text("UPDATE css.account SET cycle_day = 5, frequency = 'monthly'"))
        session.execute(text("UPDATE css.business_date SET current_on = '2026-03-05', closed_through = '2026-03-04'"))
    home = tmp_path / "evening"
    lines = diary.lines
    first = lines[0].number
    calls = [CallMade(line.number, "441134960123", london_instant(DAY, time(10, n)), 60 * n) for n, line in enumerate(lines)]
    calls += [
        CallMade("441632960999", "447700900456", london_instant(DAY, time(11)), 60),
        CallMade(first, "441134960123", london_instant(DAY, time(10)), 0),  # its first call again, under another id
        CallMade(first, "449098790123", london_instant(DAY, time(12)), 120),
        CallMade(first, "447700900456", london_instant(DAY, time(13)), 90, leg="diverted"),
        CallMade(first, "442079460123", london_instant(DAY, time(1)), 3600, chain=("LONG-1", 1, False)),
    ]
    carrier_file(home, "ZZ", DAY, 1, calls)
    rest = CallMade(first, "442079460123", london_instant(DAY, time(2)), 600, chain=("LONG-1", 2, True))
    carrier_file(home, "ZZ", DAY, 2, [rest])
    asked = CallMade(first, "441314960123", london_instant(DAY, time(14)), 120, leg="reverse")
    carrier_file(home, "ZZ", DAY, 1, [asked], supplier="OVRTEL", write=write_native)
    fresh_engine.dispose()
    return fresh_engine, home


@contextmanager
def again(engine: Engine, home: Path) -> Iterator[tuple[Engine, Path]]:
    """The same evening again, in a database and a directory of its own."""
    with copy_of(engine) as made:
        own_home = home.parent / str(made.url.database)
        shutil.copytree(home, own_home)
        yield made, own_home
        shutil.rmtree(own_home)


def night(engine: Engine, home: Path, kill_at: int = 0) -> tuple[int, int]:
    """Exit status and the points passed of one attempt at the night."""
    return branch_off(child, engine.url.render_as_string(hide_password=False), str(home), DAY, kill_at, home=home)


def is_over(engine: Engine) -> bool:
    """Whether the night has committed its end. Killed after that it has nothing left to do, and refuses to run twice."""
    with engine.connect() as connection:
        state = connection.execute(text("SELECT state FROM batch.job_instance WHERE business_date = :day"), {"day": DAY}).scalar()
    return state == "completed"


def what_is_there(engine: Engine, home: Path) -> dict[str, object]:
    """All that a night leaves, in the database and on the disk."""
    with engine.connect() as connection:
        found: dict[str, object] = {
            name: [tuple(row) for row in connection.execute(text(statement))] for name, statement in WHAT_COUNTS.items()
        }
    files = sorted(path for path in home.rglob("*") if path.is_file())
    found["disk"] = {str(path.relative_to(home)): hashlib.sha256(_without_file_ids(path.read_bytes())).hexdigest() for path in files}
    return found


def _without_file_ids(content: bytes) -> bytes:
    """A duplicate names the record before it by the key of its file."""
    return re.sub(rb"record [0-9]+/", b"record N/", content)


@pytest.mark.timeout(600)
def test_killed_at_any_durable_point_and_run_again_it_makes_the_same_bills_to_the_byte(evening: tuple[Engine, Path]) -> None:
    with again(*evening) as (engine, home):
        status, points = night(engine, home)
        assert status == 0
        quiet = what_is_there(engine, home)
    assert len(quiet["bills"]) >= 6, quiet["bills"]  # type: ignore[arg-type]
    assert points > 60, "fewer durable points than a night has commits: the traps are not set"
    assert not [name for name in quiet["disk"] if "tmp" in name or "part" in name]  # type: ignore[attr-defined]

    for kill_at in range(1, points + 1, STRIDE):
        with again(*evening) as (engine, home):
            assert night(engine, home, kill_at)[0] == -signal.SIGKILL, f"not killed at point {kill_at} of {points}"
            assert is_over(engine) or night(engine, home)[0] == 0, f"not taken up again after a kill at point {kill_at}"
            assert what_is_there(engine, home) == quiet, f"killed at point {kill_at}"


@pytest.mark.timeout(300)
def test_killed_again_and_again_it_still_gets_there(evening: tuple[Engine, Path]) -> None:
    with again(*evening) as (engine, home):
        assert night(engine, home)[0] == 0
        quiet = what_is_there(engine, home)
    with again(*evening) as (engine, home):
        kills = 0
        # Each attempt gets a little further: passing over what is done takes points too.
        while night(engine, home, kill_at=9 + 5 * kills)[0] != 0 and not is_over(engine):
            kills += 1
            assert kills < 100, "no progress"
        assert kills > 5, "hardly killed at all"
        assert what_is_there(engine, home) == quiet
