"""Told for real: processes that are stopped and killed, nights that are skipped, steps that are run again, two people at one verb."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from batch.clock.launching import Launch
from batch.clock.planning import plan_due
from batch.clock.seen import look
from batch.control import hold_night, kill_night, night_verb, rerun_step, skip_night, start_night, stop_night
from batch.control.commands import HoldNight, KillNight, RerunStep, SkipNight, StartNight, StopNight
from batch.engine import run_net
from batch.net import Context, Counts, LoopStep, Net, Work
from batch.nets import NETS, NIGHT
from batch.rules.readiness import Wait
from billing.actions import approve_bills, set_bill_control
from billing.queries.runs import bill_run
from billing.run_commands import ApproveBills, SetBillControl
from css.cli import main
from css.core.actor import Actor
from css.core.clock import FixedClock, SystemClock
from css.core.errors import Conflict
from css.db.engine import transaction
from css.settings import settings
from tests import builders
from tests.batch.toy_night import NIGHT as RUNNER
from tests.scenarios.nights import run_night

DAY = builders.DAY
START = date(2026, 2, 5)
SUE = builders.OPERATOR
AT = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)
WAIT_SECONDS = 150


@pytest.fixture
def home(fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation of its own, with a district in which two lines work, one billed on the 2nd and one on the 3rd."""
    monkeypatch.setenv("CSS_DATABASE_URL", fresh_engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CSS_WORKERS", "1")
    monkeypatch.setenv("CSS_LANES", "1")
    settings.cache_clear()
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START)
        for day in (2, 3):
            builders.working_line(session, zz, builders.account(session, zz, cycle_day=day), starts_on=START)
        session.execute(text("UPDATE css.business_date SET current_on = '2026-03-02', closed_through = '2026-03-01'"))
    yield tmp_path / "home"
    settings.cache_clear()


def one(engine: Engine, sql: str, **values: object) -> Any:  # noqa: ANN401 - of any type
    with engine.connect() as connection:
        return connection.execute(text(sql), values).scalar_one()


def row(engine: Engine, sql: str) -> tuple[object, ...]:
    with engine.connect() as connection:
        return tuple(connection.execute(text(sql)).one())


def until(what: Callable[[], bool]) -> None:
    """Wait for something that another process or thread brings about."""
    end = time.monotonic() + WAIT_SECONDS
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def told(engine: Engine, action: Callable[..., Any], command: object, *, by: Actor = SUE, at: datetime = AT) -> Any:  # noqa: ANN401 - of any verb
    with transaction(engine) as session:
        return action(session, command, by=by, at=at)


# Ending a process.


@pytest.mark.timeout(240)
def test_a_run_that_hangs_is_killed_from_another_process_and_goes_on_as_a_second_attempt(home: Path, fresh_engine: Engine) -> None:
    night: dict[str, Any] = {"district_code": "ZZ", "business_date": DAY}
    with fresh_engine.connect() as holder:
        # Its first step waits for this row, inside a transaction that nobody else can end.
        holder.execute(text("SELECT 1 FROM css.business_date FOR UPDATE"))
        words = [sys.executable, "-m", "css", "night", "run", "ZZ"]
        child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(
            lambda: (
                one(fresh_engine, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
                > 0
            )
        )
        attempt = row(fresh_engine, "SELECT host, process_id FROM batch.job_execution")
        assert attempt == (socket.gethostname(), child.pid)
        answer = told(fresh_engine, kill_night, KillNight(**night, reason="It hangs."))
        assert child.wait(10) == -9, "on this machine the process itself is ended"
        assert answer.consequences[0].startswith(f"Attempt 1, process {child.pid} on ")
        ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'css night %' AND datname = current_database()"
        assert one(fresh_engine, ours) == 0
        holder.rollback()
    assert row(fresh_engine, "SELECT state, return_code, message_code FROM batch.job_execution") == ("failed", 16, "CSS632E")
    assert one(fresh_engine, "SELECT current_on FROM css.business_date") == DAY, "what it had not committed is gone"
    with transaction(fresh_engine) as session:
        (seen,) = [found for found in look(session, NETS, AT + timedelta(hours=1)) if found.run.net == "night"]
    assert (seen.waiting.kind, seen.waiting.words) == (Wait.PERSON, "Attempt 1 was killed; somebody starts it again.")
    assert told(fresh_engine, start_night, StartNight(**night, reason="Mended.")).is_start_asked
    assert main(["night", "run", "ZZ"]) == 0
    assert row(fresh_engine, "SELECT max(attempt), count(*) FILTER (WHERE state = 'completed') FROM batch.job_execution") == (2, 1)


def test_a_process_of_another_kind_is_fenced_and_never_killed(home: Path, fresh_engine: Engine) -> None:
    """The desk, a demo or a test may run a net too; whoever kills that run must not take them along."""
    began, go = threading.Event(), threading.Event()
    ended: list[object] = []

    def item(_session: Session, _context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
        done = int(checkpoint.get("done", 0))
        if done == 3:
            return None
        began.set()
        assert go.wait(WAIT_SECONDS)
        return Work(Counts(1, 1)), {"done": done + 1}

    net = Net.in_line("night", "Items.", (LoopStep("items", "Items", item),))
    context = Context("ZZ", DAY, AT, RUNNER, home)
    thread = threading.Thread(target=lambda: ended.append(run_net(fresh_engine, net, context, clock=FixedClock(AT))))
    thread.start()
    assert began.wait(WAIT_SECONDS)
    told(fresh_engine, kill_night, KillNight(district_code="ZZ", business_date=DAY, reason="It was the wrong one."))
    go.set()
    thread.join(WAIT_SECONDS)
    assert not thread.is_alive()
    assert one(fresh_engine, "SELECT read_count FROM batch.step_execution") == 0, "it wrote nothing more"
    assert row(fresh_engine, "SELECT state, message_code FROM batch.job_execution") == ("failed", "CSS632E")


def test_a_run_that_is_told_to_stop_ends_at_its_next_item_and_goes_on_from_there(
    home: Path, fresh_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, go = threading.Event(), threading.Event()
    done_items: list[int] = []

    def item(_session: Session, _context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
        done = int(checkpoint.get("done", 0))
        if done == 3:
            return None
        began.set()
        assert go.wait(WAIT_SECONDS)
        done_items.append(done)
        return Work(Counts(1, 1)), {"done": done + 1}

    items = Net.in_line("items", "Items.", (LoopStep("items", "Items", item),))
    monkeypatch.setitem(NETS, "items", items)
    run: dict[str, Any] = {"net": "items", "district_code": "ZZ", "business_date": DAY}
    context = Context("ZZ", DAY, AT, RUNNER, home)
    ended: list[Any] = []
    thread = threading.Thread(target=lambda: ended.append(run_net(fresh_engine, items, context, clock=FixedClock(AT))))
    thread.start()
    assert began.wait(WAIT_SECONDS)
    assert (
        told(fresh_engine, stop_night, StopNight(**run, reason="The disk."))
        .consequences[0]
        .startswith("Attempt 1 ends when it has committed")
    )
    with pytest.raises(Conflict, match="was told to stop at 03:00 on 3 March 2026 already"):
        told(fresh_engine, stop_night, StopNight(**run, reason="The disk!"))
    go.set()
    thread.join(WAIT_SECONDS)
    assert (ended[0].return_code, ended[0].error.code) == (16, "CSS615E")
    assert row(fresh_engine, "SELECT state, stop_asked_at IS NULL OR true FROM batch.job_instance") == ("stopped", True)
    assert 0 < len(done_items) < 3
    told(fresh_engine, start_night, StartNight(**run, reason="There is room."))
    assert run_net(fresh_engine, items, context, clock=FixedClock(AT)).return_code == 0
    assert done_items == [0, 1, 2], "each once"


# Two people.


@pytest.mark.parametrize(
    ("action", "command"),
    [
        (hold_night, HoldNight(district_code="ZZ", business_date=DAY, reason="Mine.")),
        (skip_night, SkipNight(district_code="ZZ", business_date=DAY, reason="Mine.")),
    ],
)
def test_of_two_people_at_one_verb_one_does_it_and_the_other_is_told(
    home: Path, fresh_engine: Engine, action: Callable[..., Any], command: object
) -> None:
    ready = threading.Barrier(2)
    came: list[str] = []

    def do(name: str) -> None:
        ready.wait()
        try:
            told(fresh_engine, action, command, by=replace(SUE, name=name))
            came.append("done")
        except Exception as refusal:  # noqa: BLE001 - told apart below
            came.append(getattr(refusal, "code", repr(refusal)))

    threads = [threading.Thread(target=do, args=(name,)) for name in ("ANN", "BEA")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) in (["CSS634E", "done"], ["CSS635E", "done"])
    assert one(fresh_engine, "SELECT count(*) FROM batch.operator_action") == 1
    assert one(fresh_engine, "SELECT count(*) FROM batch.job_instance") == 1


# Skipped nights.


def test_what_a_skipped_night_left_is_done_by_the_next_and_the_clock_goes_on_to_it(home: Path, fresh_engine: Engine) -> None:
    told(fresh_engine, skip_night, SkipNight(district_code="ZZ", business_date=DAY, reason="Christmas."))
    assert main(["night", "run", "ZZ", "--date", "2026-03-02"]) == 2, "it is skipped"
    with transaction(fresh_engine) as session:
        plan_due(session, {"night": NIGHT}, at=AT)
    dates = [str(date_of) for date_of in _dates(fresh_engine)]
    assert dates == ["2026-03-02", "2026-03-03"], "though the desk still keys on the 2nd"
    run_night(fresh_engine, "ZZ", DAY + timedelta(days=1), home)
    assert row(fresh_engine, "SELECT closed_through, current_on FROM css.business_date") == (date(2026, 3, 3), date(2026, 3, 4))
    with fresh_engine.connect() as connection:
        billed = connection.execute(text("SELECT count(*), count(DISTINCT account_id), min(issue_on) FROM billing.bill")).one()
    assert tuple(billed) == (2, 2, date(2026, 3, 3)), "that of the 2nd and that of the 3rd, once each"


def _dates(engine: Engine) -> list[date]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT business_date FROM batch.job_instance ORDER BY business_date")).scalars())


# Running again.


def test_the_end_of_a_closed_night_is_run_again_and_no_bill_is_touched(
    home: Path, fresh_engine: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Launch] = []

    def start(launch: Launch, *, home: Path) -> Path:
        started.append(launch)
        return home / "log"

    monkeypatch.setattr("batch.control.starting.start", start)
    assert main(["night", "run", "ZZ"]) == 0
    assert main(["night", "run", "ZZ"]) == 0, "and the next one, so that the first is behind"
    bills = "SELECT md5(string_agg(b::text, '|' ORDER BY id)) FROM billing.bill b"
    before = one(fresh_engine, bills)
    capsys.readouterr()
    again = ["night", "rerun", "ZZ", "--date", "2026-03-02", "--step", "check-books", "--reason", "A check was added."]
    assert main([*again, "--dry-run"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Rerun the night of ZZ for 2 March 2026, step check-books:"
    assert said[1].startswith("  check-books: what it counted (read ")
    assert any(line.startswith("  close-date: ") and line.endswith("A date that is closed stays closed.") for line in said)
    assert main(again) == 2
    assert "CSS639E Rerun the night of ZZ for 2 March 2026: say --yes" in capsys.readouterr().err
    assert one(fresh_engine, "SELECT count(*) FROM batch.step_execution WHERE superseded_at IS NOT NULL") == 0
    assert main([*again, "--yes"]) == 0
    assert "No clock looks, so it was started here; what it says stands in " in capsys.readouterr().out
    assert [(launch.district_code, str(launch.business_date)) for launch in started] == [("ZZ", "2026-03-02")]
    assert main(["night", "run", "ZZ", "--date", "2026-03-02"]) == 0
    again_steps = "SELECT string_agg(step || generation, ' ' ORDER BY ordinal) FROM batch.step_execution"
    assert one(fresh_engine, f"{again_steps} WHERE superseded_at IS NULL AND generation > 1") == "check-books2 close-date2 report2"
    assert row(fresh_engine, "SELECT closed_through, current_on FROM css.business_date") == (date(2026, 3, 3), date(2026, 3, 4))
    assert one(fresh_engine, bills) == before
    assert main(["night", "rerun", "ZZ", "--date", "2026-03-02", "--step", "release", "--reason", "x", "--yes"]) == 2
    assert "Bills have their numbers; what is wrong with one is put right by a credit note." in capsys.readouterr().err


def test_bills_without_numbers_are_taken_back_and_made_again_the_same(home: Path, fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        command = SetBillControl(district_code="ZZ", sample_count=1, is_approval_required=True)
        set_bill_control(session, command, by=SUE, at=builders.AT)
    context = Context("ZZ", DAY, AT, RUNNER, home)
    stopped = run_net(fresh_engine, NIGHT, context, clock=FixedClock(AT))
    assert stopped.error is not None
    assert stopped.error.code == "CSS780E"
    lines = "SELECT string_agg(l.kind || l.net || coalesce(l.words, ''), '|' ORDER BY l.kind, l.net) FROM billing.bill_line l"
    before, bills = one(fresh_engine, lines), one(fresh_engine, "SELECT count(*) FROM billing.bill")
    assert bills == 1
    ids = one(fresh_engine, "SELECT max(id) FROM billing.bill")
    again: dict[str, Any] = {"district_code": "ZZ", "business_date": DAY, "step": "calculate"}
    with transaction(fresh_engine) as session:
        asked = night_verb(session, "rerun", "ZZ", DAY, "calculate", by=SUE, at=AT)
    assert asked.consequences[0].endswith("taken back; all are made again from the same cut.")
    answer = told(fresh_engine, rerun_step, RerunStep(**again, reason="A price was wrong."))
    assert answer.consequences == asked.consequences
    assert one(fresh_engine, "SELECT count(*) FROM billing.bill") == 0
    run_net(fresh_engine, NIGHT, context, clock=FixedClock(AT))
    assert (one(fresh_engine, lines), one(fresh_engine, "SELECT count(*) FROM billing.bill")) == (before, bills)
    assert one(fresh_engine, "SELECT min(id) FROM billing.bill") > ids, "made again, not left"
    step = "SELECT generation, state, written_count FROM batch.step_execution WHERE step = 'calculate' AND superseded_at IS NULL"
    assert row(fresh_engine, step) == (2, "completed", 1), "by the step itself, in its blocks"
    with transaction(fresh_engine) as session:
        approve_bills(session, ApproveBills(district_code="ZZ", business_date=DAY, words="Seen."), by=SUE, at=AT)
    assert run_net(fresh_engine, NIGHT, context, clock=FixedClock(AT)).error is None
    with transaction(fresh_engine) as session:
        assert bill_run(session, "ZZ").run.issued_count == 1
    with pytest.raises(Exception, match="may not"):
        told(fresh_engine, rerun_step, RerunStep(**again, reason="Once more."))


# At the command line.


def test_verbs_at_the_command_line_say_first_what_they_lead_to(
    home: Path, fresh_engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["night", "plan", "ZZ", "--date", "2026-03-02", "--reason", "By hand."]) == 0
    said = capsys.readouterr().out
    assert said.startswith(
        "Plan the night of ZZ for 2 March 2026:\n  No clock looks now; when one does, it starts by itself at 02:15 on 3 March 2026 or later"
    )
    assert main(["night", "hold", "ZZ", "--reason", "The carrier is late."]) == 0
    assert capsys.readouterr().out.endswith("for they run in the order of their dates.\nDone.\n")
    assert main(["night", "status", "ZZ"]) == 0
    assert capsys.readouterr().out.startswith("2026-03-02  planned    not begun, held by ")
    assert main(["night", "run", "ZZ"]) == 2
    assert "CSS619E " in capsys.readouterr().err
    assert main(["night", "watch", "ZZ", "--once"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("The night of ZZ for 2 March 2026: planned, 0 of ")
    assert "The carrier is late." in page
    assert main(["night", "hold", "ZZ", "--step", "render", "--reason", "The printer."]) == 0
    assert main(["night", "release", "ZZ", "--reason", "It came.", "--dry-run"]) == 0
    assert main(["night", "release", "ZZ", "--reason", "It came."]) == 0
    capsys.readouterr()
    assert main(["night", "run", "ZZ"]) == 16
    assert "CSS617E Step render is held since " in capsys.readouterr().err
    assert main(["night", "watch", "ZZ"]) == 16, "it has ended, and its return code is the exit status"
    page = capsys.readouterr().out
    assert "Return code 16: CSS617E Step render is held" in " ".join(page.split())
    assert main(["night", "actions", "ZZ"]) == 0
    listed = [line.split()[4] for line in capsys.readouterr().out.splitlines() if " night ZZ 2026-03-02" in line]
    assert listed == ["release", "hold", "hold", "plan"]
    assert main(["night", "skip", "ZZ", "--reason", "x", "--yes"]) == 2
    assert "CSS631E Say of which date, with --date" in capsys.readouterr().err
    assert main(["night", "release", "ZZ", "--reason", " "]) == 2


def test_a_month_end_is_neither_planned_nor_run_for_a_day_that_ends_no_month(
    home: Path, fresh_engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["plan"], ["run"]):
        reason = ["--reason", "A slip."] if words == ["plan"] else []
        assert main(["night", *words, "ZZ", "--net", "month-end", "--date", "2026-03-15", *reason]) == 2
        assert "CSS980E 15 March 2026 is not the last day of a month; this one ends on 31 March 2026." in capsys.readouterr().err
    assert one(fresh_engine, "SELECT count(*) FROM batch.job_instance") == 0, "nothing stands before the month's end"


def test_verbs_take_json_as_every_deed_does(home: Path, fresh_engine: Engine, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = tmp_path / "hold.json"
    command.write_text(json.dumps({"district_code": "ZZ", "business_date": "2026-03-02", "reason": "A flood."}), encoding="utf-8")
    assert main(["do", "hold-night", str(command)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["verb"], answer["state"], answer["is_start_asked"]) == ("hold", "planned", False)
    assert main(["ask", "night-actions", "ZZ"]) == 0
    (action,) = json.loads(capsys.readouterr().out)
    assert (action["verb"], action["reason"]) == ("hold", "A flood.")


@pytest.mark.timeout(240)
def test_where_no_clock_looks_a_start_is_a_process_of_its_own(home: Path, fresh_engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["night", "plan", "ZZ", "--date", "2026-03-02", "--reason", "Now."]) == 0
    assert main(["night", "start", "ZZ", "--reason", "Now."]) == 0
    log = Path(capsys.readouterr().out.splitlines()[-1].removesuffix(".").rsplit(" ", 1)[1])
    until(lambda: one(fresh_engine, "SELECT count(*) FROM batch.job_execution WHERE state <> 'running'") == 1)
    assert row(fresh_engine, "SELECT state, return_code FROM batch.job_execution") == ("completed", 0)
    until(lambda: "is done (return code 0)" in log.read_text(encoding="utf-8"))
    assert main(["night", "watch", "ZZ", "--date", "2026-03-02"]) == 0


def test_an_alarm_is_listed_until_somebody_has_looked_at_it(home: Path, fresh_engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    incoming = home / "incoming" / "ZZ"
    incoming.mkdir(parents=True)
    (incoming / "growing.csv").write_bytes(b"half a file")
    os.utime(incoming / "growing.csv", (SystemClock().now().timestamp(),) * 2)
    main(["night", "run", "ZZ"])
    capsys.readouterr()
    assert main(["night", "alarms", "ZZ"]) == 0
    said = capsys.readouterr()
    number = said.out.split()[0]
    assert number.isdigit(), said
    assert main(["night", "see", number, "--words", "It came whole this morning."]) == 0
    assert "has looked at: " in capsys.readouterr().out
    assert main(["night", "alarms", "ZZ"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["night", "alarms", "ZZ", "--all"]) == 0
    assert ", seen by " in capsys.readouterr().out
