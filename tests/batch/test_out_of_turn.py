"""What is asked for out of its turn is refused before it begins, and names the command that comes first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from batch.control import night_verb
from batch.model import JobExecution, JobInstance
from batch.nets import NETS
from batch.words import InstanceState
from css.cli import main, night_tell
from css.core.calendar import london_instant
from css.db.engine import transaction
from css.master.clocks import house_clock
from css.settings import settings
from tests import builders
from tests.batch.told_night import CHORES, DAY, EVENING, HOUSEWORK, SUE, run_of

START = date(2026, 3, 2)
HOUR = time(2, 15)


@pytest.fixture(autouse=True)
def home(fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation of its own, with a district whose next night is that of 31 March; a supervisor sits there."""
    monkeypatch.setenv("CSS_DATABASE_URL", fresh_engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CSS_WORKERS", "1")
    settings.cache_clear()
    with transaction(fresh_engine) as session:
        builders.district(session, on=START)
    _closed_through(fresh_engine, "2026-03-30")
    monkeypatch.setattr(night_tell, "acting", lambda _code: (SUE, house_clock(lambda: fresh_engine).now()))
    yield tmp_path / "home"
    settings.cache_clear()


def _closed_through(engine: Engine, day: str) -> None:
    with transaction(engine) as session:
        session.execute(text(f"UPDATE css.business_date SET closed_through = '{day}', current_on = date '{day}' + 1"))


def told(capsys: pytest.CaptureFixture[str], words: str, status: int = 0) -> str:
    """What a command of the night says: on standard output, or its refusal."""
    assert main(["night", *words.split()]) == status
    said = capsys.readouterr()
    return said.err.strip() if status else said.out


def attempts(engine: Engine) -> int:
    with transaction(engine) as session:
        return session.execute(select(func.count()).select_from(JobExecution)).scalar_one()


# A skipped night.


def test_a_skipped_night_is_not_said_to_be_closed_and_says_how_the_skip_is_undone(capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "skip ZZ --date 2026-03-31 --reason Storm. --yes")
    words = "is skipped: there is nothing to {}. Release undoes it."
    assert told(capsys, "run ZZ --date 2026-03-31", 2) == f"CSS634E The night of ZZ for 31 March 2026 {words.format('run')}"
    assert told(capsys, "start ZZ --date 2026-03-31 --reason Now.", 2) == (
        f"CSS634E The night of ZZ for 31 March 2026 {words.format('start')}"
    )


def test_a_skipped_night_that_a_later_one_has_closed_is_closed(fresh_engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "skip ZZ --date 2026-03-31 --reason Storm. --yes")
    _closed_through(fresh_engine, "2026-04-01")
    assert told(capsys, "run ZZ --date 2026-03-31", 2) == (
        "CSS605E The night of 2026-03-31 is closed in district ZZ; the next one is 2026-04-02."
    )


def test_a_skipped_run_of_another_net_says_it_in_the_same_words(capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "skip --net housekeeping --date 2026-03-31 --reason Storm. --yes")
    assert told(capsys, "run --net housekeeping --date 2026-03-31", 2) == (
        "CSS634E The housekeeping run of the house for 31 March 2026 is skipped: there is nothing to run. Release undoes it."
    )


# A month and a quarter.


def test_a_month_is_not_begun_before_its_nights_nor_a_quarter_before_its_months(
    fresh_engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    night = "its nights are closed through 2026-03-30, not through 2026-03-31. `css night run ZZ --date 2026-03-31` comes first."
    assert told(capsys, "run ZZ --net month-end --date 2026-03-31", 2) == f"CSS981E March 2026 cannot be closed in district ZZ yet: {night}"
    assert told(capsys, "run ZZ --net quarter-end --date 2026-03-31", 2).endswith(night)
    _closed_through(fresh_engine, "2026-03-31")
    assert told(capsys, "run ZZ --net quarter-end --date 2026-03-31", 2).endswith(
        "`css night run ZZ --date 2026-03-31 --net month-end` comes first."
    )
    assert attempts(fresh_engine) == 0


def test_a_quarter_in_which_a_district_lived_earlier_months_names_the_first_of_them(
    fresh_engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    _closed_through(fresh_engine, "2026-03-31")
    with transaction(fresh_engine) as session:
        run_of(session, NETS["night"], InstanceState.COMPLETED, day=date(2026, 2, 20))
    assert told(capsys, "run ZZ --net quarter-end --date 2026-03-31", 2).endswith(
        "`css night run ZZ --date 2026-02-28 --net month-end` comes first."
    )


def test_after_a_month_was_closed_the_next_is_the_one_that_comes_first(fresh_engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    _closed_through(fresh_engine, "2026-03-31")
    assert main(["night", "run", "ZZ", "--net", "month-end", "--date", "2026-03-31"]) == 0
    _closed_through(fresh_engine, "2026-05-31")
    capsys.readouterr()
    assert told(capsys, "run ZZ --net month-end --date 2026-05-31", 2) == (
        "CSS981E May 2026 cannot be closed in district ZZ yet: April 2026 is not closed. "
        "`css night run ZZ --date 2026-04-30 --net month-end` comes first."
    )
    assert main(["night", "run", "ZZ", "--net", "month-end", "--date", "2026-04-30"]) == 0
    assert main(["night", "run", "ZZ", "--net", "month-end", "--date", "2026-05-31"]) == 0
    assert main(["night", "run", "ZZ", "--net", "quarter-end", "--date", "2026-03-31"]) == 0


def test_force_does_not_start_what_must_fail_and_names_what_comes_first(fresh_engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "plan ZZ --net quarter-end --date 2026-03-31 --reason Early.")
    _due(fresh_engine, date(2030, 4, 1))
    forced = told(capsys, "force ZZ --net quarter-end --date 2026-03-31 --reason Now. --yes", 2)
    assert forced.startswith("CSS981E January to March 2026 cannot be closed in district ZZ yet: ")
    assert forced.endswith("`css night run ZZ --date 2026-03-31` comes first.")
    started = told(capsys, "start ZZ --net quarter-end --date 2026-03-31 --reason Now.", 2)
    assert started.startswith(
        "CSS636E The quarter-end run of ZZ for 31 March 2026 is not due. It starts at 02:15 BST on 1 April. It waits for "
    )
    assert "starts by itself then; force does not start it before, for " in started
    _due(fresh_engine, date(2026, 4, 1))
    assert " is not due. It waits for the month-end run of ZZ for 31 March 2026. " in told(
        capsys, "start ZZ --net quarter-end --date 2026-03-31 --reason Now.", 2
    )
    assert attempts(fresh_engine) == 0


def test_force_names_its_hour_and_each_net_that_is_not_waited_for(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    for code in ("ZZ", "YY"):
        builders.district(session, code)
    monkeypatch.setitem(NETS, "chores", CHORES)
    monkeypatch.setitem(NETS, "housework", HOUSEWORK)
    run_of(session, HOUSEWORK, InstanceState.PLANNED, district=None)
    told_force = night_verb(session, "force", "", DAY, by=SUE, at=EVENING, net="housework")
    assert told_force.consequences[0] == (
        "It is started now, and this is not waited for: it starts at 02:15 on 3 March. "
        "It waits for the chores run of YY for 2 March 2026, the chores run of ZZ for 2 March 2026."
    )


def _due(engine: Engine, day: date) -> None:
    """Move the hour of every planned run."""
    with transaction(engine) as session:
        session.execute(update(JobInstance).values(start_after=london_instant(day, HOUR)))


# A step that is held.


def test_a_run_by_hand_is_refused_where_nothing_comes_before_a_held_step(fresh_engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "plan ZZ --date 2026-03-31 --reason Early.")
    with transaction(fresh_engine) as session:
        first = session.execute(select(JobInstance.id)).scalar_one()
    step = NETS["night"].steps[0].name
    told(capsys, f"hold ZZ --date 2026-03-31 --step {step} --reason Wait.")
    said = told(capsys, "run ZZ", 2)
    assert said.startswith(f"CSS635E The night of ZZ for 31 March 2026 is held before {step} by SUE since ")
    assert said.endswith(f"`css night release ZZ --date 2026-03-31 --step {step} --reason WHY` releases it.")
    assert attempts(fresh_engine) == 0
    # A clock that started it keeps it in the record: nobody reads what is said there.
    with transaction(fresh_engine) as session:
        session.execute(update(JobInstance).where(JobInstance.id == first).values(start_asked_at=func.now()))
    assert main(["night", "run", "ZZ"]) == 16
    assert attempts(fresh_engine) == 1


# An hour that comes twice or never.


@pytest.mark.parametrize("business_date", ["2026-03-28", "2026-10-24", "2026-04-01"])
def test_no_run_is_planned_to_start_in_the_hour_that_comes_twice_or_never(
    fresh_engine: Engine, capsys: pytest.CaptureFixture[str], business_date: str
) -> None:
    _closed_through(fresh_engine, "2026-03-27")
    sentence = "CSS625E Between 01:00 and 02:00 an hour comes twice in October and never in March; start it at another."
    assert told(capsys, f"plan ZZ --date {business_date} --not-before 01:30 --reason Early.", 2) == sentence
    assert "starts by itself at 02:00 " in told(capsys, f"plan ZZ --date {business_date} --not-before 02:00 --reason Early.")


def test_an_instant_in_that_hour_is_refused_wherever_it_comes_from(session: Session) -> None:
    builders.district(session)
    summer = datetime(2026, 7, 2, 0, 30, tzinfo=UTC)
    asked = night_verb(session, "plan", "ZZ", date(2026, 7, 1), by=SUE, at=EVENING, start_after=summer)
    assert (asked.is_allowed, asked.refusal_code) == (False, "CSS625E")
