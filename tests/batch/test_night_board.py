"""All districts on one page: how far each is, which is behind, which died, and whether any clock looks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from batch.report.board import board_text, night_board
from batch.report.text import WIDTH
from batch.repository import instance_lock
from batch.words import InstanceState
from css.cli import main
from css.core.actor import Actor
from css.db.engine import transaction
from css.master.clocks import live_by_business_date
from css.master.reference import RETAIL
from css.settings import settings
from tests import builders
from tests.house.commands import fault_of_command

AT = datetime(2026, 3, 4, 9, tzinfo=UTC)
DAY = date(2026, 3, 3)


def run(session: Session, net: str, district: str | None, day: date, state: str, **others: object) -> int:
    """A run with one attempt and one step; its instance."""
    began = datetime(day.year, day.month, day.day, 2, 15, tzinfo=UTC) + timedelta(days=1)
    ended = None if state == "running" else began + timedelta(minutes=9)
    row: dict[str, object] = {
        "net": net,
        "district": district,
        "day": day,
        "state": state,
        "began": began,
        "ended": ended,
        "must": None,
        "code": None,
    } | others
    row["return"] = row.get("returned", {"completed": 0, "failed": 8}.get(state))
    instance: int = session.execute(
        text(
            "INSERT INTO batch.job_instance (net, district_code, business_date, state, planned_at, must_end_by) "
            "VALUES (:net, :district, :day, :state, :began, :must) RETURNING id"
        ),
        row,
    ).scalar_one()
    row["id"] = instance
    row["execution"] = session.execute(
        text(
            "INSERT INTO batch.job_execution (job_instance_id, attempt, state, started_by, host, process_id, started_at, ended_at, "
            "return_code, message_code, message_words) "
            "VALUES (:id, 1, :state, 'night', 'exchange', 1, :began, :ended, :return, :code, 'No room is left.') RETURNING id"
        ),
        row,
    ).scalar_one()
    session.execute(
        text(
            "INSERT INTO batch.step_execution (job_instance_id, job_execution_id, step, ordinal, state, started_at, ended_at) "
            "VALUES (:id, :execution, 'dispatch', 24, :state, :began, :ended)"
        ),
        row,
    )
    return instance


@pytest.fixture(scope="module")
def house(engine: Engine) -> dict[str, int]:
    """ZZ is done, ZY failed and is behind, ZX died, ZW was never begun; the house's net runs late."""
    with transaction(engine) as session:
        for code in ("ZZ", "ZY", "ZX", "ZW"):
            builders.district(session, code)
        session.execute(text("UPDATE css.business_date SET current_on = '2026-03-04', closed_through = '2026-03-03'"))
        session.execute(text("UPDATE css.business_date SET closed_through = '2026-02-28' WHERE district_code = 'ZY'"))
        run(session, "night", "ZZ", DAY - timedelta(days=1), "failed", code="CSS447E")
        done = run(session, "night", "ZZ", DAY, "completed")
        failed = run(session, "night", "ZY", date(2026, 3, 1), "failed", code="CSS447E")
        died = run(session, "night", "ZX", DAY, "running")
        late = run(session, "housekeeping", None, DAY, "running", must=AT - timedelta(hours=1))
        session.execute(
            text(
                "INSERT INTO batch.alarm (job_instance_id, kind, words, raised_at) "
                "VALUES (:id, 'late-end', 'Late.', :at), (:id, 'long', 'Long.', :at)"
            ),
            {"id": late, "at": AT},
        )
    return {"done": done, "failed": failed, "died": died, "late": late}


def test_the_latest_run_of_each_net_stands_in_its_district(engine: Engine, house: dict[str, int]) -> None:
    with transaction(engine) as session, instance_lock(engine, house["late"]) as held:
        assert held
        board = night_board(session, at=AT)
    assert [(row.district_code, row.net, row.state, row.is_dead, row.is_late, row.needs_a_person) for row in board.rows] == [
        ("ZW", "night", InstanceState.PLANNED, False, False, False),
        ("ZX", "night", InstanceState.RUNNING, True, False, True),
        ("ZY", "night", InstanceState.FAILED, False, False, True),
        ("ZZ", "night", InstanceState.COMPLETED, False, False, False),
        ("", "housekeeping", InstanceState.RUNNING, False, True, True),
    ]
    assert {one.code: one.days_open for one in board.districts} == {"ZW": 0, "ZX": 0, "ZY": 3, "ZZ": 0}
    assert [row.open_alarms for row in board.rows] == [0, 0, 0, 0, 2]
    assert board.clocks_looking == 0


def test_a_demo_is_shown_on_its_own_day_and_has_no_hour_to_be_late_by(engine: Engine, house: dict[str, int]) -> None:
    with engine.connect() as connection, Session(connection) as session, instance_lock(engine, house["late"]):
        by = Actor("batch", "demo", RETAIL, door="demo")
        assert board_text(night_board(session, at=AT)).startswith("CSS NIGHT BOARD   Wed 04 Mar 2026 09:00   ")
        assert "It should have ended." in board_text(night_board(session, at=AT))
        live_by_business_date(session, "ZZ", by=by, at=AT)
        session.flush()
        board = night_board(session, at=AT)
        assert not any(row.is_late for row in board.rows)
        assert "It should have ended." not in board_text(board)
        session.rollback()


def test_a_clock_that_looked_a_moment_ago_is_counted(engine: Engine) -> None:
    with engine.connect() as connection, Session(connection) as session:
        session.execute(
            text(
                "INSERT INTO batch.night_clock (host, process_id, started_at, beat_at, ended_at) VALUES "
                "('a', 1, :at, now() - interval '15 seconds', NULL), ('b', 2, :at, now() - interval '5 minutes', NULL), "
                "('c', 3, :at, now(), :at)"
            ),
            {"at": AT},
        )
        assert night_board(session, at=AT).clocks_looking == 1
        assert night_board(session, at=AT + timedelta(days=900)).clocks_looking == 1, "they beat by the wall, whatever day a demo lives"
        session.rollback()


def test_the_page_says_it_in_words_and_how_to_begin(engine: Engine, house: dict[str, int]) -> None:
    with transaction(engine) as session, instance_lock(engine, house["late"]):
        page = board_text(night_board(session, at=AT))
    assert "NO CLOCK LOOKS: nothing starts by itself" in page
    assert max(map(len, page.splitlines())) <= WIDTH
    lines = {line[:12].strip(): " ".join(line.split()) for line in page.splitlines()}
    assert lines["ZY District"] == "ZY District ZY night Sun 01 Mar FAILED at dispatch 02:24 3 d"
    assert lines["ZX District"] == "ZX District ZX night Tue 03 Mar DIED"
    assert lines["ZW District"] == "ZW District ZW night - never begun"
    assert lines["ZZ District"] == "ZZ District ZZ night Tue 03 Mar done, 0 02:24"
    assert "  ZY night: CSS447E No room is left.\n      $ css night report ZY --date 2026-03-01\n" in page
    assert "  ZX night: Its process is gone without a word.\n" in page
    assert "  house housekeeping: It should have ended.\n" in page
    commands = [line.strip().removeprefix("$ ") for line in page.splitlines() if line.lstrip().startswith("$")]
    assert "  house: 2 open alarms.\n      $ css night alarms\n" in page
    assert len(commands) == 4
    assert [fault for command in commands if (fault := fault_of_command(command))] == []


def test_what_no_run_stopped_for_is_for_a_person_too(engine: Engine, house: dict[str, int]) -> None:
    with engine.connect() as connection, Session(connection) as session:
        assert house["done"]
        assert "For a person: nothing.\n" in of_zz(session)
        later = run(session, "night", "ZZ", DAY + timedelta(days=1), "completed", returned=4)
        told = "For a person:\n  ZZ night: done with return code 4.\n      $ css night report ZZ --date 2026-03-04\n"
        assert told in of_zz(session)
        alarm = "INSERT INTO batch.alarm (job_instance_id, kind, words, raised_at) VALUES (:id, 'long', 'Long.', :at)"
        session.execute(text(alarm), {"id": later, "at": AT})
        for number in (1, 2):
            session.execute(
                text(
                    "INSERT INTO batch.reject (job_instance_id, step, source_key, reason_code, words, raw, state, rejected_at) "
                    "VALUES (:id, 'rate', :key, 'CSS445E', 'No price.', '', 'open', :at)"
                ),
                {"id": house["done"], "at": AT, "key": f"key {number}"},
            )
        told = "For a person:\n  ZZ: 1 open alarm.\n      $ css night alarms ZZ\n  ZZ: 2 items set aside.\n      $ css night report ZZ\n"
        assert told in of_zz(session)
        session.rollback()


def of_zz(session: Session) -> str:
    """The page as if ZZ were all there is."""
    board = night_board(session, at=AT)
    waiting = tuple(row for row in board.waiting if row.district_code == "ZZ")
    return board_text(replace(board, rows=tuple(row for row in board.rows if row.district_code == "ZZ"), waiting=waiting))


def test_it_is_asked_for_at_the_command_line(engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CSS_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    settings.cache_clear()
    assert main(["night", "board"]) == 0
    assert capsys.readouterr().out.startswith("CSS NIGHT BOARD   ")
    settings.cache_clear()


def test_the_list_of_runs_says_died_of_one_that_no_process_holds(
    engine: Engine, house: dict[str, int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CSS_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    settings.cache_clear()
    assert main(["night", "status", "ZX"]) == 0
    assert capsys.readouterr().out.startswith("2026-03-03  died       attempt 1, its process is gone without a word")
    with instance_lock(engine, house["died"]) as held:
        assert held
        assert main(["night", "status", "ZX"]) == 0
    assert capsys.readouterr().out.startswith("2026-03-03  running    attempt 1, not ended")
    settings.cache_clear()
