"""Killed at any point before, while and after its bills wait for approval, and run again, a night leaves the same bills and sample."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from billing.actions import approve_bills, set_bill_control, withdraw_bill
from billing.run_commands import ApproveBills, SetBillControl, WithdrawBill
from css.db.engine import transaction
from tests import builders
from tests.batch.bills_night import AT, NIGHT_OF, child
from tests.batch.killing import branch_off
from tests.scenarios.copies import copy_of

START = date(2026, 1, 15)
STRIDE = int(os.environ.get("CSS_TEST_KILL_STRIDE", "11"))
"""Every so many points are tried; 1 tries them all."""
WAITS = 8

# Without surrogate keys: a rolled back transaction leaves a gap in them.
QUESTIONS = {
    "bills": "SELECT a.number, b.number, b.serial, b.state, b.invoice_gross, b.amount_due FROM billing.bill b "
    "JOIN css.account a ON a.id = b.account_id ORDER BY 1",
    "lines": "SELECT a.number, l.line_number, l.words, l.net FROM billing.bill_line l "
    "JOIN css.account a ON a.id = l.account_id ORDER BY 1, 2",
    "run": "SELECT sampled_at, sampled_by, approved_by, approved_words FROM billing.bill_run",
    "series": "SELECT series, last_serial FROM billing.bill_series ORDER BY 1",
    "ledger": "SELECT e.words, p.nominal_code, p.amount FROM billing.posting p "
    "JOIN billing.journal_entry e ON e.id = p.journal_entry_id ORDER BY 1, 2, 3",
    "steps": "SELECT step, state, read_count, written_count, filtered_count, rejected_count FROM batch.step_execution ORDER BY ordinal",
    "totals": "SELECT step, name, item_count, amount FROM batch.control_total ORDER BY 1, 2",
    "audit": "SELECT verb, subject_number, after FROM css.audit_event WHERE subject_kind = 'bill run' ORDER BY id",
}


def attempt(engine: Engine, home: Path, kill_at: int = 0) -> tuple[int, int]:
    """Exit status of one attempt, and the durable points it passed when it was not killed."""
    home.mkdir(parents=True, exist_ok=True)
    engine.dispose()
    return branch_off(child, engine.url.render_as_string(hide_password=False), str(home), kill_at, home=home)


def withdraw(engine: Engine, account_number: str) -> None:
    with transaction(engine) as session:
        command = WithdrawBill(account_number=account_number, business_date=NIGHT_OF, reason="To be made again.")
        withdraw_bill(session, command, by=builders.OPERATOR, at=AT)


def approve(engine: Engine) -> None:
    with transaction(engine) as session:
        command = ApproveBills(district_code="ZZ", business_date=NIGHT_OF, words="Right.")
        approve_bills(session, command, by=builders.OPERATOR, at=AT)


def what_is_there(engine: Engine, home: Path) -> dict[str, list[object]]:
    with engine.connect() as connection:
        found: dict[str, list[object]] = {
            name: [tuple(row) for row in connection.execute(text(asked))] for name, asked in QUESTIONS.items()
        }
    files = sorted(path for path in home.rglob("*") if path.is_file())
    found["disk"] = [(str(path.relative_to(home)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]
    return found


@pytest.mark.timeout(600)
def test_killed_anywhere_and_run_again_it_leaves_the_same_bills_and_sample(fresh_engine: Engine, tmp_path: Path) -> None:
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START, sites=6)
        lines = [builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START) for _ in range(4)]
        session.execute(text("UPDATE css.business_date SET current_on = '2026-02-06', closed_through = '2026-02-04'"))
        command = SetBillControl(district_code="ZZ", sample_count=2, is_approval_required=True)
        set_bill_control(session, command, by=builders.OPERATOR, at=AT)
    home = tmp_path / "home"

    def lived(engine: Engine, kills: tuple[int, int, int]) -> list[int]:
        """To the wait, a bill taken back, to the wait again, approved, to the end: each attempt killed at a point of its own."""
        shutil.rmtree(home, ignore_errors=True)
        counts = []
        for stage, kill_at in enumerate(kills):
            if kill_at:
                assert attempt(engine, home, kill_at)[0] == -signal.SIGKILL, f"not killed at point {kill_at} of attempt {stage}"
            status, points = attempt(engine, home)
            counts.append(points)
            assert status == (0 if stage == 2 else WAITS), f"killed at point {kill_at} of attempt {stage}"
            if stage == 0:
                withdraw(engine, lines[1].account.number)
            if stage == 1:
                approve(engine)
        return counts

    with copy_of(fresh_engine) as engine:
        points = lived(engine, (0, 0, 0))
        quiet = what_is_there(engine, home)
    assert [row[2] for row in quiet["bills"]] == [1, 2, 3, 4]  # type: ignore[index]
    assert min(points) > 8, "fewer durable points than attempts have commits: the traps are not set"

    for kill_at in range(1, max(points) + 1, STRIDE):
        kills = tuple(min(kill_at, most) for most in points)
        with copy_of(fresh_engine) as engine:
            lived(engine, (kills[0], kills[1], kills[2]))
            found = what_is_there(engine, home)
            assert found == quiet, f"killed at {kills}: {[name for name in quiet if found[name] != quiet[name]]}"
