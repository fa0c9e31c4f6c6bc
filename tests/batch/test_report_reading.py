"""The facts of a morning are read from the run's own rows, from those of the nights before, and from the rooms."""

from __future__ import annotations

import re
from contextlib import chdir
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from batch.report.facts import Facts, Hold
from batch.report.reading import read, run_of
from batch.report.to_do import to_do
from batch.words import InstanceState
from billing.actions import set_bill_control
from billing.run_commands import SetBillControl
from css.cli import main
from css.core.actor import Actor
from css.core.money import Money
from css.db.engine import transaction
from css.settings import settings
from tests import builders
from tests.batch.test_bill_night import START, night
from tests.house.source import ROOT
from tests.records.billed import at, leave_item

CUT = date(2026, 2, 5)
"""A Thursday."""
BY = Actor("batch", "night/amy", "RETAIL", door="night")
STATEMENTS_MAX = 30


@pytest.fixture(scope="module")
def morning(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, Path]:
    """The night of the 5th waits for approval: three bills go out, one account lacks a name, one bill is absurd. Five came before."""
    home = tmp_path_factory.mktemp("morning")
    with transaction(engine) as session:
        zz = builders.district(session, on=START, sites=6)
        lines = [builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START) for _ in range(5)]
        leave_item(session, lines[4], "VISIT", "600000", date(2026, 1, 20), words="Visits")
        session.execute(text("UPDATE css.account SET billing_name = ' ' WHERE id = :id"), {"id": lines[3].account.id})
        session.execute(text("UPDATE css.business_date SET current_on = '2026-02-05', closed_through = '2026-02-04'"))
        command = SetBillControl(district_code="ZZ", sample_count=2, is_approval_required=True)
        set_bill_control(session, command, by=builders.OPERATOR, at=at(START))
        for days, seconds, bills in ((28, 9, 2), (21, 12, 3), (14, 10, 2), (7, 11, 6), (1, 300, 90)):
            night_before(session, CUT - timedelta(days=days), seconds, bills)
    # Below a directory without a name of its own, so that what it says can stand on a page.
    with chdir(home):
        outcome = night(engine, Path("var"))
    assert outcome.error is not None
    assert outcome.error.code == "CSS780E"
    return engine, home


def night_before(session: Session, day: date, seconds: int, bills: int) -> int:
    """A night that was completed: one step, its duration, its totals. Gives its instance."""
    began = datetime(day.year, day.month, day.day, 2, 15, tzinfo=UTC) + timedelta(days=1)
    row = {"day": day, "began": began, "ended": began + timedelta(seconds=seconds), "bills": bills, "pence": bills * 1000}
    instance = session.execute(
        text(
            "INSERT INTO batch.job_instance (net, district_code, business_date, state, planned_at) "
            "VALUES ('night', 'ZZ', :day, 'completed', :began) RETURNING id"
        ),
        row,
    ).scalar_one()
    row["instance"] = instance
    row["execution"] = session.execute(
        text(
            "INSERT INTO batch.job_execution "
            "(job_instance_id, attempt, state, started_by, host, process_id, started_at, ended_at, return_code) "
            "VALUES (:instance, 1, 'completed', 'night', 'exchange', 1, :began, :ended, 0) RETURNING id"
        ),
        row,
    ).scalar_one()
    session.execute(
        text(
            "INSERT INTO batch.step_execution (job_instance_id, job_execution_id, step, ordinal, state, started_at, ended_at, "
            "read_count, written_count, rejected_count) "
            "VALUES (:instance, :execution, 'calculate', 14, 'completed', :began, :ended, :bills, 0, :bills)"
        ),
        row,
    )
    session.execute(
        text(
            "INSERT INTO batch.control_total (job_instance_id, step, name, item_count, amount) "
            "VALUES (:instance, 'calculate', 'bills calculated', :bills, :pence)"
        ),
        row,
    )
    return int(instance)


def facts_of(session: Session) -> Facts:
    instance = run_of(session, "night", "ZZ")
    assert instance is not None
    return read(session, instance, by=BY)


def test_what_waits_in_billing_is_counted_and_summed(morning: tuple[Engine, Path]) -> None:
    with transaction(morning[0]) as session:
        facts = facts_of(session)
    assert facts.state is InstanceState.FAILED
    assert (facts.waiting.held_bills, facts.waiting.held_amount, facts.waiting.parked_accounts) == (1, Money(723_791), 1)
    assert [task.command for task in to_do(facts)][:3] == ["css bills sample ZZ", "css bills held ZZ", "css bills parked ZZ"]
    assert [(one.reason_code, one.item_count) for one in facts.reasons if not one.is_usage] == [("CSS798E", 1)]


def test_what_else_was_set_aside_is_counted_whatever_became_of_the_entries_of_parked_accounts(morning: tuple[Engine, Path]) -> None:
    engine, _ = morning
    aside = (
        "INSERT INTO batch.reject (job_instance_id, step, source_key, reason_code, words, raw, state, rejected_at) "
        "SELECT id, 'calculate', :key, 'CSS798E', 'Set aside.', '', 'open', planned_at FROM batch.job_instance WHERE business_date = :night"
    )
    with engine.connect() as connection, Session(connection) as session:
        account = session.execute(text("SELECT raw FROM batch.reject")).scalar_one()
        assert facts_of(session).waiting.other_rejects == 0
        session.execute(text(aside), {"key": "usage-file/ZZ/0a1b/NTHTEL_20260205.csv", "night": CUT})
        assert facts_of(session).waiting.other_rejects == 1
        # A person has dropped the entry of the account; it is parked as before, and the file waits as before.
        session.execute(text("UPDATE batch.reject SET state = 'dropped', settled_at = rejected_at WHERE raw = :raw"), {"raw": account})
        facts = facts_of(session)
        assert (facts.waiting.parked_accounts, facts.waiting.other_rejects) == (1, 1)
        assert "css ask rejects ZZ" in [task.command for task in to_do(facts)]
        # The night before could not bill it either: that is the same thing to do. Another account is another.
        session.execute(text(aside), {"key": f"bill/2026-02-04/{account}", "night": CUT - timedelta(days=1)})
        assert facts_of(session).waiting.other_rejects == 1
        session.execute(text(aside), {"key": "bill/2026-02-04/ZZA99999999", "night": CUT - timedelta(days=1)})
        assert facts_of(session).waiting.other_rejects == 2
        session.rollback()


def test_totals_are_compared_with_the_same_weekday_and_durations_with_any_night(morning: tuple[Engine, Path]) -> None:
    with transaction(morning[0]) as session:
        facts = facts_of(session)
    assert facts.compared_with == "the last 4 Thursdays"
    calculated = next(one for one in facts.totals if one.name == "bills calculated")
    assert (calculated.item_count, calculated.usual_count, calculated.usual_amount) == (4, 3, Money(3000))
    assert calculated.difference == 333
    step = next(one for one in facts.steps if one.step == "calculate")
    assert step.usual_seconds == 11, "the middle one of 9, 10, 11, 12 and 300"
    assert [(one.business_date.day, one.seconds, one.rejected_count) for one in facts.nights] == [
        (8, 9, 2),
        (15, 12, 3),
        (22, 10, 2),
        (29, 11, 6),
        (4, 300, 90),
    ]


def test_with_hardly_a_night_of_that_weekday_any_night_will_do(morning: tuple[Engine, Path]) -> None:
    engine, _ = morning
    with engine.connect() as connection, Session(connection) as session:
        session.execute(text("UPDATE batch.job_instance SET business_date = business_date - 1 WHERE business_date < '2026-01-27'"))
        assert facts_of(session).compared_with == "the last 5 nights"
        session.execute(text("UPDATE batch.job_instance SET net = 'other' WHERE business_date < '2026-02-04'"))
        assert facts_of(session).compared_with == "the night before"
        session.execute(text("UPDATE batch.job_instance SET net = 'other' WHERE business_date < '2026-02-05'"))
        alone = facts_of(session)
        assert (alone.compared_with, alone.nights) == ("", ())
        assert all(one.difference is None for one in alone.totals)
        session.rollback()


def test_only_what_stands_is_told_of_a_step_that_was_run_again(morning: tuple[Engine, Path]) -> None:
    engine, _ = morning
    with engine.connect() as connection, Session(connection) as session:
        before = facts_of(session)
        session.execute(
            text(
                "UPDATE batch.step_execution SET superseded_at = started_at WHERE step = 'calculate' "
                "AND job_instance_id = (SELECT id FROM batch.job_instance WHERE business_date = '2026-02-05')"
            )
        )
        after = facts_of(session)
        session.rollback()
    assert "calculate" in {one.step for one in before.steps} & {one.step for one in before.totals}
    assert "calculate" not in {one.step for one in after.steps} | {one.step for one in after.totals} | {one.step for one in after.joints}
    assert "calculate" in after.to_come


def test_holds_alarms_and_extra_runs_are_found(morning: tuple[Engine, Path]) -> None:
    engine, _ = morning
    held_at = datetime(2026, 2, 5, 17, tzinfo=UTC)
    with engine.connect() as connection, Session(connection) as session:
        instance = run_of(session, "night", "ZZ", CUT)
        values = {"id": instance, "at": held_at}
        session.execute(
            text("UPDATE batch.job_instance SET held_at = :at, held_by = 'AMY', hold_reason = 'Strike.' WHERE id = :id"), values
        )
        session.execute(
            text(
                "INSERT INTO batch.step_control (job_instance_id, step, held_at, held_by, hold_reason) "
                "VALUES (:id, 'release', :at, 'BEN', 'Printer away.')"
            ),
            values,
        )
        session.execute(
            text("INSERT INTO batch.alarm (job_instance_id, kind, words, raised_at, seen_at) VALUES (:id, 'late-end', 'Late.', :at, :at)"),
            values,
        )
        facts = facts_of(session)
        assert run_of(session, "night", "ZZ", CUT, "extra") is None
        assert run_of(session, "night", "ZZ", date(2026, 2, 6)) is None
        assert run_of(session, "night", "") is None
        session.rollback()
    assert facts.holds == (
        Hold(step=None, held_by="AMY", held_at=held_at, reason="Strike."),
        Hold(step="release", held_by="BEN", held_at=held_at, reason="Printer away."),
    )
    assert [(one.words, one.is_open) for one in facts.alarms][-1] == ("Late.", False)


def test_however_long_the_night_it_is_read_in_some_twenty_statements(morning: tuple[Engine, Path]) -> None:
    engine, _ = morning
    said: list[str] = []
    with transaction(engine) as session:
        event.listen(engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: said.append(statement))
        facts_of(session)
    assert 15 < len(said) <= STATEMENTS_MAX


def test_the_runbook_shows_what_the_report_really_says(
    morning: tuple[Engine, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine, home = morning
    monkeypatch.setenv("CSS_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(home))
    settings.cache_clear()
    assert main(["night", "report", "ZZ"]) == 0
    said = capsys.readouterr().out
    page = (ROOT / "docs" / "batch-runbook.md").read_text(encoding="utf-8")
    example = re.search(r"## The morning report\n.*?```text\n(CSS MORNING REPORT.*?)```", page, re.DOTALL)
    assert example is not None
    assert said.rstrip("\n") == example[1].rstrip("\n")

    pdf = home / "report.pdf"
    assert main(["night", "report", "ZZ", "--date", "2026-02-05", "--pdf", str(pdf)]) == 0
    assert pdf.read_bytes().startswith(b"%PDF")
    capsys.readouterr()
    assert main(["night", "report", "ZZ", "--net", "no-such"]) == 2
    assert capsys.readouterr().err.startswith("CSS985E There is no net 'no-such'; there are night")
    assert main(["night", "report"]) == 2
    assert capsys.readouterr().err.startswith("CSS986E The night net runs for each district; say which.")
    assert main(["night", "report", "ZZ", "--pdf", str(home / "no-such" / "report.pdf")]) == 2
    assert capsys.readouterr().err.startswith("CSS969E ")
    settings.cache_clear()
