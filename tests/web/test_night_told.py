"""BA02: what a run or a step is told from its screens; Enter says what comes of it, F6 does it, and every word is kept."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from batch.clock import launching
from batch.control import hold_night
from batch.control.commands import HoldNight
from batch.repository import raise_alarm
from batch.words import AlarmKind
from css.db.engine import transaction
from css.settings import settings
from tests.batch.told_night import SUE
from tests.web import stopped_night
from tests.web.conftest import PASSWORD, MovingClock, Seat, World, seated

RUN = "/s/BA02/night.ZZ.2026-03-03"
STEP = "/s/BA02/night.ZZ.2026-03-03.settle-rejects"


@pytest.fixture(scope="module", autouse=True)
def _nights(settled: tuple[Engine, World], tmp_path_factory: pytest.TempPathFactory) -> None:
    stopped_night.live(settled[0], tmp_path_factory.mktemp("home"))


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[launching.Launch]:
    """What was started. A process of this door's would look for the database of whoever runs the tests."""
    found: list[launching.Launch] = []

    def start(launch: launching.Launch, *, home: Path) -> Path:
        found.append(launch)
        return home / "log" / "night.log"

    monkeypatch.setattr("batch.control.starting.start", start)
    return found


@pytest.fixture
def keeper(app: Flask, engine: Engine, clock: MovingClock) -> Seat:
    """A scheduler, who is no supervisor."""
    return seated(app, engine, "SCHEDULE", clock.at)


def _keys(page: str) -> set[str]:
    return set(re.findall(r'data-key="(S-F[0-9]+)"', page))


def _actions(engine: Engine) -> list[tuple[str, str | None, str, str]]:
    with transaction(engine) as session:
        rows = session.execute(text("SELECT verb, step, done_by, reason FROM batch.operator_action ORDER BY id"))
        return [tuple(row) for row in rows]


def test_only_what_could_be_told_now_has_its_key(keeper: Seat) -> None:
    keeper.open("/s/BA01/ZZ/2026-03-03")
    assert {"S-F1", "S-F5"} <= _keys(keeper.page), "held or started"
    assert not {"S-F2", "S-F9", "S-F10"} & _keys(keeper.page), "it is not held, and does not run"
    keeper.open("/s/BA01/ZZ/2026-03-02")
    assert not {"S-F1", "S-F5", "S-F6", "S-F9"} & _keys(keeper.page), "it is completed"
    keeper.open("/s/BA03/ZZ/2026-03-02/report")
    assert "S-F7" in _keys(keeper.page), "a report is written again whenever one likes"


def test_a_run_is_held_with_a_reason_and_released_again(keeper: Seat, engine: Engine, launched: list[launching.Launch]) -> None:
    keeper.open(f"{RUN}/hold")
    keeper.press()
    assert "CSS360E" in keeper.page, "no reason, no hold"
    keeper.press(reason="The carrier sends a file again.")
    assert "<b>Check</b> what F6 will do" in keeper.page
    assert _actions(engine) == [], "Enter has done nothing"
    keeper.press("F6")
    assert keeper.title.startswith("BA01")
    assert "Held by SCHEDULE" in keeper.page
    assert "The carrier sends a file again." in keeper.page
    keeper.open(f"{RUN}/hold")
    assert "NOT NOW" in keeper.page
    keeper.open(f"{RUN}/release")
    keeper.press(reason="It has come.")
    keeper.press("F6")
    assert [(verb, step, who) for verb, step, who, _ in _actions(engine)] == [("hold", None, "SCHEDULE"), ("release", None, "SCHEDULE")]
    assert all(launch.business_date.isoformat() == "2026-03-03" for launch in launched)


def test_a_run_is_put_before_others(keeper: Seat, engine: Engine) -> None:
    keeper.open(f"{RUN}/priority")
    keeper.press(reason="First of all.", priority="soon")
    assert "CSS946E" in keeper.page
    keeper.press(reason="First of all.", priority="")
    assert ("CSS360E" in keeper.page, "CSS946E" in keeper.page) == (True, False), "one word about one field"
    keeper.press(reason="First of all.", priority="0")
    assert "CSS631E" in keeper.page, "Enter refuses what F6 would"
    assert "<b>Check</b> what F6 will do" not in keeper.page
    keeper.press(reason="First of all.", priority="3")
    assert "It has priority 3 instead of " in keeper.page
    keeper.press("F6")
    assert "It has priority 3 instead of " in keeper.page
    keeper.open(f"{RUN}/priority")
    keeper.press(reason="First of all.", priority="3")
    assert "CSS635E" in keeper.page, "it has it already"
    with transaction(engine) as session:
        assert session.execute(text("SELECT priority FROM batch.job_instance WHERE business_date = '2026-03-03'")).scalar_one() == 3


def test_where_no_clock_looks_the_door_starts_it(keeper: Seat, launched: list[launching.Launch]) -> None:
    keeper.open(f"{RUN}/start")
    keeper.press(reason="The cause is mended.")
    keeper.press("F6")
    assert keeper.title.startswith("BA01")
    assert [(launch.net, launch.district_code) for launch in launched] == [("night", "ZZ")]
    assert "No clock looks" in keeper.page


def test_a_run_is_not_started_past_a_held_step_by_enter_or_by_f6_and_the_console_says_who_holds_it(
    keeper: Seat, engine: Engine, launched: list[launching.Launch]
) -> None:
    step = "/s/BA02/night.ZZ.2026-03-03.calculate"
    keeper.open(f"{RUN}/start")
    keeper.press(reason="Go on.")
    assert "<b>Check</b> what F6 will do" in keeper.page
    with transaction(engine) as session:
        session.execute(text("UPDATE batch.job_instance SET start_asked_at = NULL, claimed_until = NULL"))
        hold_night(
            session,
            HoldNight(net="night", district_code="ZZ", business_date=date(2026, 3, 3), step="calculate", reason="A price is missing."),
            by=SUE,
            at=stopped_night.EVENING,
        )
    keeper.press("F6")
    assert "CSS635E" in keeper.page
    assert "is held before calculate by SUE" in keeper.page
    keeper.press(reason="Go on.")
    assert "CSS635E" in keeper.page
    assert launched == []
    keeper.open("/s/BA01/ZZ/2026-03-03")
    assert "calculate is to be released, which SUE holds: A price is missing." in keeper.page
    keeper.open(f"{step}/release")
    keeper.press(reason="It is in.")
    keeper.press("F6")
    assert keeper.title.startswith("BA03")


def test_a_step_is_left_out_only_with_the_yes_of_a_supervisor(keeper: Seat, engine: Engine) -> None:
    before = len(_actions(engine))
    keeper.open(f"{STEP}/skip")
    keeper.press(reason="Not tonight.")
    assert "NEEDS A SUPERVISOR" in keeper.page
    keeper.press("F6")
    assert "CSS609E" in keeper.page
    assert len(_actions(engine)) == before
    keeper.press("F6", second_operator="supervis", second_password="wrong password")
    assert len(_actions(engine)) == before
    keeper.press("F6", second_operator="supervis", second_password=PASSWORD)
    assert keeper.title.startswith("BA03")
    assert _actions(engine)[-1] == ("skip", "settle-rejects", "SCHEDULE", "Not tonight.")
    assert "Not tonight." in keeper.page, "what people told it stands on the page"
    assert "SCHEDULE, signed by SUPERVIS" in keeper.page, "and who said yes"
    assert "it was told to be left out, and is passed over" in keeper.page
    assert "it is done when its turn comes" not in keeper.page


def test_what_cannot_be_said_is_refused_in_a_sentence(keeper: Seat) -> None:
    for address, code in (
        ("/s/BA02/night.ZZ.soon/hold", "CSS943E"),
        (f"{RUN}/dance", "CSS945E"),
        ("/s/BA02/night.ZZ.2026-03-03.juggle/hold", "CSS600E"),
    ):
        assert keeper.open(address).status_code == 404
        assert code in keeper.page


def test_billing_looks_and_tells_nothing(app: Flask, engine: Engine, clock: MovingClock) -> None:
    seat = seated(app, engine, "BILLING", clock.at)
    seat.open("/s/BA01/ZZ/2026-03-03")
    assert not {"S-F1", "S-F5"} & _keys(seat.page)
    seat.open("/s/BA03/ZZ/2026-03-03/report")
    assert "Shift+F5" not in seat.page, "a key that is not there is not named"
    assert "What starts the run on the machine of the night: <b>css night run ZZ --date 2026-03-03</b>" in seat.page
    assert seat.open(f"{RUN}/hold").status_code == 403


@pytest.mark.parametrize("code", ["BA04", "BA05", "BA07"])
@pytest.mark.parametrize("where", ["ZZ", "HOUSE"])
def test_the_other_screens_of_the_night_open_for_a_district_and_for_the_house(keeper: Seat, code: str, where: str) -> None:
    assert keeper.open(f"/s/{code}/{where}").status_code == 200
    assert keeper.title.startswith(code)


def test_the_plan_shows_the_next_days_and_a_year_with_its_odd_nights(keeper: Seat) -> None:
    keeper.open("/s/BA04/ZZ")
    assert "clocks go forward" in keeper.page
    found = re.search(r'href="([^"]*)" data-key="F8"', keeper.page)
    assert found
    keeper.open(found[1])
    assert "Good Friday" in keeper.page
    keeper.open("/s/BA04/ZZ/2028")
    assert "The year 2028" in keeper.page
    assert 'data-key="F8"' in keeper.page


def test_the_morning_report_has_its_charts_with_tables_and_a_page_to_print(keeper: Seat) -> None:
    keeper.open("/s/BA05/ZZ/2026-03-02")
    assert "<svg" in keeper.page
    assert keeper.page.count("As a table") == keeper.page.count("<svg")
    assert "What a person must do" in keeper.page
    printed = keeper.client.get("/s/BA05/ZZ/2026-03-02/night/pdf")
    assert printed.data.startswith(b"%PDF")


def test_an_alarm_is_looked_at_once_and_leaves_the_list(keeper: Seat, app: Flask, engine: Engine, clock: MovingClock) -> None:
    with transaction(engine) as session:
        raise_alarm(session, None, None, AlarmKind.CLOCK, "No clock looks.", stopped_night.EVENING)
    keeper.open("/s/BA07/ZZ")
    found = re.search(r'href="(/s/BA08/a[0-9]+)"', keeper.page)
    assert found, "an alarm that no run is to blame for is everybody's"
    keeper.open(f"{found[1]}/see")
    keeper.press(reason="Started one.")
    colleague = seated(app, engine, "SUPERVIS", clock.at)
    colleague.open(f"{found[1]}/see")
    colleague.press(reason="I saw it, too.")
    keeper.press("F6")
    assert "LOOKED AT" in keeper.page
    colleague.press("F6")
    assert "CSS635E" in colleague.page, "the second one is told who was first"
    keeper.open("/s/BA07/ZZ")
    assert found[1] not in keeper.page


def test_what_was_set_aside_is_given_up_by_a_supervisor_alone(keeper: Seat, app: Flask, engine: Engine, clock: MovingClock) -> None:
    with transaction(engine) as session:
        item = session.execute(
            text(
                "INSERT INTO batch.reject (job_instance_id, step, source_key, reason_code, words, raw, state, rejected_at)"
                " SELECT id, 'collect-usage', 'usage/file/ACME-0042.csv', 'CSS421E', 'Its last record is missing.', 'H,1', 'open', now()"
                " FROM batch.job_instance WHERE business_date = '2026-03-03' RETURNING id"
            )
        ).scalar_one()
    keeper.open("/s/BA07/ZZ/collect-usage")
    assert f'href="/s/BA08/{item}"' in keeper.page
    keeper.open(f"/s/BA08/{item}")
    assert "Its last record is missing." in keeper.page
    assert keeper.open(f"/s/BA08/{item}/drop").status_code == 403
    supervisor = seated(app, engine, "SUPERVIS", clock.at)
    supervisor.open(f"/s/BA08/{item}/drop")
    supervisor.press(reason="The carrier sent it twice.")
    assert "<b>Check</b> what F6 will do" in supervisor.page
    supervisor.press("F6")
    assert "DROPPED" in supervisor.page
    assert supervisor.open(f"/s/BA08/{item}/see").status_code == 404
    assert "CSS949E" in supervisor.page


def test_a_replay_that_is_only_checked_leaves_the_carriers_file_where_it_lies(
    keeper: Seat, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSS_HOME", str(tmp_path))
    settings.cache_clear()
    lies, comes = tmp_path / "incoming" / "ZZ" / "refused" / "ACME-0043.csv", tmp_path / "incoming" / "ZZ" / "ACME-0043.csv"
    lies.parent.mkdir(parents=True)
    lies.write_bytes(b"H,1")
    key = f"usage-file/ZZ/{hashlib.sha256(lies.read_bytes()).hexdigest()}/{lies.name}"
    with transaction(engine) as session:
        item = session.execute(
            text(
                "INSERT INTO batch.reject (job_instance_id, step, source_key, reason_code, words, raw, state, rejected_at)"
                " SELECT id, 'collect-usage', :key, 'CSS421E', 'Its last record is missing.', 'H,1', 'open', now()"
                " FROM batch.job_instance WHERE net = 'night' AND business_date = '2026-03-03' RETURNING id"
            ),
            {"key": key},
        ).scalar_one()
    try:
        keeper.open(f"/s/BA08/{item}/replay")
        keeper.press(reason="The carrier is known now.")
        assert "<b>Check</b> what F6 will do" in keeper.page
        assert (lies.is_file(), comes.exists()) == (True, False), "Enter has done nothing"
        keeper.press("F6")
        assert "REPLAYED" in keeper.page
        assert "CSS709W" in keeper.page, "as Enter said it"
        assert (lies.exists(), comes.is_file()) == (False, True)
    finally:
        settings.cache_clear()


def test_a_month_that_is_not_closed_is_said_to_be_so(keeper: Seat) -> None:
    keeper.open("/s/BA06/ZZ")
    assert "No month is closed here yet." in keeper.page
    assert keeper.open("/s/BA06/ZZ/2026-03-31").status_code == 404
    assert "CSS983E" in keeper.page


def test_a_date_left_out_far_ahead_does_not_take_the_console_over(keeper: Seat, engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(
            text(
                "INSERT INTO batch.job_instance (net, district_code, business_date, state, planned_at)"
                " VALUES ('night', 'ZZ', '2027-01-01', 'skipped', now()) ON CONFLICT DO NOTHING"
            )
        )
    keeper.open("/s/BA01/ZZ")
    assert "Steps of Tue 3 Mar 2026" in keeper.page
    assert "Fri 1 Jan 2027" in keeper.page, "it is there, behind the others"


def test_what_is_keyed_wrongly_behind_a_code_is_said_to_be_so(keeper: Seat) -> None:
    assert keeper.open("/s/BA05").status_code == 200, "without a district it is the first one's"
    for address, code in (
        ("/s/BA01/QQ", "CSS101E"),
        ("/s/BA05/QQ", "CSS101E"),
        ("/s/BA04/ZZ/99999", "CSS629E"),
        ("/s/BA04/ZZ/soon", "CSS365E"),
    ):
        keeper.open(address)
        assert code in keeper.page, address
