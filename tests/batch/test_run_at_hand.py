"""Which run is meant without a date: the same one for whoever runs, starts, watches or tells it something; and what is refused first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from batch.clock.launching import Launch
from css.cli import main, night_tell
from css.core.actor import Actor
from css.db.engine import transaction
from css.master.clocks import house_clock
from css.settings import settings
from tests import builders

FIRST, SECOND = "2026-03-02", "2026-03-03"
START = date(2026, 2, 5)


@pytest.fixture(autouse=True)
def home(fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation of its own, with a district whose next night is that of 2 March."""
    monkeypatch.setenv("CSS_DATABASE_URL", fresh_engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CSS_WORKERS", "1")
    settings.cache_clear()
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START)
        builders.working_line(session, zz, builders.account(session, zz, cycle_day=2), starts_on=START)
        session.execute(text("UPDATE css.business_date SET current_on = '2026-03-02', closed_through = '2026-03-01'"))
    # Whoever sits here looks after the night.
    monkeypatch.setattr(night_tell, "acting", lambda _code: (builders.OPERATOR, house_clock(lambda: fresh_engine).now()))
    yield tmp_path / "home"
    settings.cache_clear()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Launch]:
    """Runs for which a process would have been started."""
    found: list[Launch] = []

    def start(launch: Launch, *, home: Path) -> Path:
        found.append(launch)
        return home / "log"

    monkeypatch.setattr("batch.control.starting.start", start)
    return found


def told(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> tuple[list[str], list[str]]:
    assert main(["night", *words]) == status
    said = capsys.readouterr()
    return said.out.splitlines(), said.err.splitlines()


RERUN = ("rerun", "ZZ", "--date", FIRST, "--step", "check-books", "--reason", "A check was added.", "--yes", "--wait")


@pytest.mark.timeout(240)
def test_a_rerun_that_waits_is_what_everybody_means_without_a_date(
    home: Path, started: list[Launch], capsys: pytest.CaptureFixture[str]
) -> None:
    _, said = told(capsys, "run", "ZZ")
    assert said[0].startswith("No --date was given: the night of ZZ for 2 March 2026 is the next. Attempt 1 begins with ")
    _, said = told(capsys, "run", "ZZ")
    assert said[0].startswith("No --date was given: the night of ZZ for 3 March 2026 is the next.")
    out, _ = told(capsys, *RERUN)
    assert out[-1] == f"Done. It waits until somebody starts it: `css night run ZZ --date {FIRST}`."

    out, _ = told(capsys, "status", "ZZ")
    newest, waits = out
    assert newest.startswith(f"{SECOND}  completed  attempt 1, ")
    assert waits.startswith(f"{FIRST}  to rerun   attempt 1, "), "each column begins where it does in the line above"
    assert waits.endswith(". A step of it is to be run again; somebody starts it.")

    out, _ = told(capsys, "watch", "ZZ", "--once")
    assert out[0].startswith("The night of ZZ for 2 March 2026: to rerun, attempt 1, ")
    assert "A step of it is to be run again; somebody starts it." in "".join(out[:3])
    out, _ = told(capsys, "report", "ZZ", "--date", FIRST)
    assert out[2].startswith("TO RERUN after attempt 1: a step of it is to be run again, and somebody starts it. ")
    first = out.index("What a person must do:") + 1
    assert out[first : first + 2] == ["  1. A step of it is to be run again: start it.", f"     $ css night run ZZ --date {FIRST}"]
    assert not any("STOPPED" in line for line in out)
    with transaction(_engine()) as session:
        session.execute(text("UPDATE batch.job_instance SET net = 'month-end' WHERE business_date = :day"), {"day": SECOND})
    out, _ = told(capsys, "board")
    assert any("TO RERUN" in line and "ZZ" in line for line in out), "as everywhere else"
    assert "  ZZ night: A step of it is to be run again; somebody starts it." in out
    with transaction(_engine()) as session:
        session.execute(text("UPDATE batch.job_instance SET net = 'night' WHERE business_date = :day"), {"day": SECOND})
    out, _ = told(capsys, "hold", "ZZ", "--dry-run")
    assert out[0] == "Hold the night of ZZ for 2 March 2026:"
    out, _ = told(capsys, "start", "ZZ", "--reason", "It is time.")
    assert out[0] == "Start the night of ZZ for 2 March 2026:"
    assert [str(launch.business_date) for launch in started] == [FIRST]

    _, said = told(capsys, "run", "ZZ")
    assert said[0].startswith(
        "No --date was given: the night of ZZ for 2 March 2026 has begun and is not finished, so it comes first. Attempt 2 goes on with "
    )
    _, said = told(capsys, "run", "ZZ")
    assert said[0].startswith("No --date was given: the night of ZZ for 4 March 2026 is the next.")
    _, said = told(capsys, "run", "ZZ", "--date", "2026-03-05")
    assert not said[0].startswith("No --date"), "who names it knows it"


@pytest.mark.timeout(240)
def test_a_rerun_that_starts_at_once_has_begun_all_the_same(started: list[Launch], capsys: pytest.CaptureFixture[str]) -> None:
    """It stands as planned, beside a later night that failed: the older of the two comes first."""
    for _ in range(2):
        told(capsys, "run", "ZZ")
    told(capsys, *RERUN[:-1])
    with transaction(_engine()) as session:
        session.execute(text("UPDATE batch.job_instance SET state = 'failed' WHERE business_date = :day"), {"day": SECOND})
    out, _ = told(capsys, "hold", "ZZ", "--dry-run")
    assert out[0] == "Hold the night of ZZ for 2 March 2026:"


def test_a_night_planned_far_ahead_is_not_taken_for_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "hold", "ZZ", "--date", "2026-03-20", "--reason", "A migration.")
    out, _ = told(capsys, "watch", "ZZ", "--once", status=2)
    assert out == []
    _, said = told(capsys, "run", "ZZ")
    assert said[0].startswith("No --date was given: the night of ZZ for 2 March 2026 is the next.")


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("hold", "ZZ"), "CSS630E"),
        (("hold", "ZZ", "--reason", " "), "CSS630E"),
        (("priority", "ZZ", "--to", "200", "--reason", "First of all."), "CSS631E"),
        (("rerun", "ZZ", "--step", "check-books", "--yes"), "CSS630E"),
        (("rerun", "ZZ", "--step", "check-books", "--yes", "--reason", "x" * 201), "CSS630E"),
        (("rerun", "ZZ", "--step", "no-such", "--yes", "--reason", "Why not."), "CSS600E"),
        (("skip", "ZZ", "--date", "2026-03-09", "--yes", "--reason", "A holiday."), "CSS609E"),
    ],
)
def test_what_is_refused_lists_nothing_first(
    words: tuple[str, ...], code: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told(capsys, "run", "ZZ")
    ned = Actor("operator", "NED", "RETAIL", door="command line", roles=frozenset({"scheduler"}))
    monkeypatch.setattr(night_tell, "acting", lambda _code: (ned, house_clock(_engine).now()))
    out, said = told(capsys, *words, status=2)
    assert out == []
    assert [line[:7] for line in said] == [code]


def test_a_net_that_nobody_planned_names_its_dates(capsys: pytest.CaptureFixture[str]) -> None:
    _, said = told(capsys, "run", "ZZ", "--net", "month-end", status=2)
    (sentence,) = said
    assert sentence.startswith("CSS633E No run of the month-end net is planned in ZZ: name its date with --date. ")
    assert sentence.endswith(" It runs for 2026-02-28, 2026-03-31, 2026-04-30. `css night plan` plans one ahead.")
    _, said = told(capsys, "start", "ZZ", "--net", "quarter-end", "--reason", "It is time.", status=2)
    assert "name its date with --date. It runs for 2025-12-31, 2026-03-31, 2026-06-30." in said[0]


def _engine() -> Engine:
    from css.db.engine import database  # noqa: PLC0415 - the installation of this test

    return database()


def test_columns_begin_where_those_of_other_lines_do(capsys: pytest.CaptureFixture[str]) -> None:
    for net in ("month-end", "quarter-end"):
        told(capsys, "plan", "ZZ", "--net", net, "--date", "2026-03-31", "--reason", "A rehearsal.")
    told(capsys, "priority", "ZZ", "--net", "quarter-end", "--to", "7", "--reason", "First of all.")
    with transaction(_engine()) as session:
        session.execute(text("UPDATE batch.operator_action SET done_by = 'a-long-user-name' WHERE verb = 'priority'"))
    out, _ = told(capsys, "actions", "ZZ")
    heads = [line for line in out if not line.startswith(" ")]
    assert len(heads) == 3
    assert len({line.index("-end ZZ") - len(net) for line, net in zip(heads, ("quarter", "quarter", "month"), strict=True)}) == 1
    assert len({line.index(verb) for line, verb in zip(heads, ("priority", "plan", "plan"), strict=True)}) == 1
