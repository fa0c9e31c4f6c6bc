"""BA01 and its sisters: the run that is under way and no other, extra runs under their own key, and clocks that stopped properly."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from batch.clock.launching import Launch
from batch.clock.seen import look
from batch.clock.times import database_now
from batch.nets import NETS
from batch.rules.standing import stands
from batch.words import ExecutionState, InstanceState
from css.db.engine import transaction
from tests.web import stopped_night
from tests.web.conftest import MovingClock, Seat, World, seated

HOUSE_DAY = "2026-03-02"
EXTRA = f"/s/BA01/HOUSE/{HOUSE_DAY}/housekeeping.again"
PLAIN = f"/s/BA01/HOUSE/{HOUSE_DAY}/housekeeping"


@pytest.fixture(scope="module", autouse=True)
def _nights(settled: tuple[Engine, World], tmp_path_factory: pytest.TempPathFactory) -> None:
    """2 March is done and 3 March failed; the date is rolled, and a clock has planned 4 March and the month-end of the 3rd.

    Housekeeping ran twice for 2 March: once in its turn, and once more under a key, which failed.
    """
    stopped_night.live(settled[0], tmp_path_factory.mktemp("home"))
    with transaction(settled[0]) as session:
        session.execute(text("UPDATE css.business_date SET current_on = '2026-03-04'"))
        for net, day in (("night", "2026-03-04"), ("month-end", "2026-03-03")):
            session.execute(
                text(
                    "INSERT INTO batch.job_instance (net, district_code, business_date, state, planned_at)"
                    " VALUES (:net, 'ZZ', :day, 'planned', now())"
                ),
                {"net": net, "day": day},
            )
        for key, state, total in (("", "completed", "in its turn"), ("again", "failed", "once more")):
            ids = {"key": key, "state": state, "total": total}
            ids["instance"] = session.execute(
                text(
                    "INSERT INTO batch.job_instance (net, business_date, state, planned_at, parameter_key)"
                    " VALUES ('housekeeping', '2026-03-02', :state, now(), :key) RETURNING id"
                ),
                ids,
            ).scalar_one()
            ids["attempt"] = session.execute(
                text(
                    "INSERT INTO batch.job_execution (job_instance_id, attempt, state, started_by, host, process_id, started_at, ended_at,"
                    " return_code) VALUES (:instance, 1, :state, 'night', 'exchange', 1, now(), now(), 0) RETURNING id"
                ),
                ids,
            ).scalar_one()
            session.execute(
                text(
                    "INSERT INTO batch.step_execution (job_instance_id, job_execution_id, step, ordinal, state, started_at, ended_at)"
                    " VALUES (:instance, :attempt, 'backup', 3, :state, now(), now())"
                ),
                ids,
            )
            session.execute(
                text("INSERT INTO batch.control_total (job_instance_id, step, name, item_count) VALUES (:instance, 'backup', :total, 1)"),
                ids,
            )


@pytest.fixture
def keeper(app: Flask, engine: Engine, clock: MovingClock) -> Seat:
    return seated(app, engine, "SCHEDULE", clock.at)


def _link(page: str, key: str) -> str:
    found = re.search(rf'href="([^"]*)" data-key="{key}"', page)
    return found[1] if found else ""


def _change(engine: Engine, statement: str) -> None:
    with transaction(engine) as session:
        session.execute(text(statement))


@pytest.mark.parametrize("state", ["running", "failed", "stopped"])
def test_without_a_date_it_is_the_night_under_way_and_not_the_next_that_is_planned(keeper: Seat, engine: Engine, state: str) -> None:
    _change(engine, f"UPDATE batch.job_instance SET state = '{state}' WHERE net = 'night' AND business_date = '2026-03-03'")
    keeper.open("/s/BA01/ZZ")
    assert "Steps of Tue 3 Mar 2026" in keeper.page
    assert _link(keeper.page, "F7") == "/s/BA01/ZZ/2026-03-04", "the night that is planned comes after it"
    keeper.open("/s/BA01/ZZ/2026-03-04")
    assert "Steps of Wed 4 Mar 2026" in keeper.page


def test_of_two_that_stand_still_the_older_one_comes_first_and_of_none_the_last_that_has_begun(keeper: Seat, engine: Engine) -> None:
    _change(engine, "UPDATE batch.job_instance SET state = 'stopped' WHERE net = 'night' AND business_date = '2026-03-02'")
    keeper.open("/s/BA01/ZZ")
    assert "Steps of Mon 2 Mar 2026" in keeper.page
    _change(engine, "UPDATE batch.job_instance SET state = 'completed' WHERE net = 'night' AND business_date < '2026-03-04'")
    keeper.open("/s/BA01/ZZ")
    assert "Steps of Tue 3 Mar 2026" in keeper.page
    _change(engine, "UPDATE batch.job_instance SET state = 'failed' WHERE net = 'night' AND business_date = '2026-03-03'")


@pytest.mark.parametrize(
    ("state", "attempt", "said"),
    [
        ("running", "running", "died"),
        ("stopped", "completed", "to rerun"),
        ("planned", "completed", "to rerun"),
        ("stopped", "stopped", "stopped"),
        ("planned", None, "planned"),
    ],
)
def test_one_rule_says_how_a_run_stands_on_the_screen_and_at_the_command_line(state: str, attempt: str | None, said: str) -> None:
    last = ExecutionState(attempt) if attempt else None
    assert stands(InstanceState(state), is_alive=False, last_attempt=last, message_code=None) == said


def test_a_run_whose_process_is_gone_is_listed_as_died(keeper: Seat, engine: Engine) -> None:
    _change(engine, "UPDATE batch.job_instance SET state = 'running' WHERE net = 'night' AND business_date = '2026-03-03'")
    keeper.open("/s/BA01/ZZ")
    assert '<span class="flag is-error">died</span>' in keeper.page
    _change(engine, "UPDATE batch.job_instance SET state = 'failed' WHERE net = 'night' AND business_date = '2026-03-03'")


def test_a_run_whose_step_is_asked_to_be_run_again_is_listed_so(keeper: Seat, engine: Engine) -> None:
    _change(engine, "UPDATE batch.job_instance SET state = 'planned' WHERE net = 'night' AND business_date = '2026-03-03'")
    keeper.open("/s/BA01/ZZ")
    assert '<span class="flag">to rerun</span>' in keeper.page
    _change(engine, "UPDATE batch.job_instance SET state = 'failed' WHERE net = 'night' AND business_date = '2026-03-03'")


@pytest.mark.parametrize("page", ["/s/BA01/ZZ", "/s/BA01/ZZ/2026-03-03", "/s/BA03/ZZ/2026-03-03/calculate"])
def test_a_page_that_looks_for_news_hears_of_the_night_that_runs(keeper: Seat, engine: Engine, page: str) -> None:
    _change(engine, "UPDATE batch.job_instance SET state = 'running' WHERE net = 'night' AND business_date = '2026-03-03'")
    version = keeper.open(page).headers["ETag"]
    assert keeper.client.get(page, headers={"If-None-Match": version}).status_code == 304
    _change(
        engine,
        "UPDATE batch.step_execution SET read_count = read_count + 1, filtered_count = filtered_count + 1 WHERE step = 'calculate'",
    )
    assert keeper.client.get(page, headers={"If-None-Match": version}).status_code == 200
    _change(engine, "UPDATE batch.job_instance SET state = 'failed' WHERE net = 'night' AND business_date = '2026-03-03'")


def test_an_old_run_is_shown_though_it_stands_on_no_list(keeper: Seat, engine: Engine) -> None:
    _change(
        engine,
        "INSERT INTO batch.job_instance (net, district_code, business_date, state, planned_at)"
        " SELECT 'night', 'ZZ', CAST('2026-02-01' AS date) - n, 'completed', now() FROM generate_series(0, 30) n",
    )
    keeper.open("/s/BA01/ZZ/2026-01-10")
    assert "Steps of Sat 10 Jan 2026" in keeper.page


def test_an_extra_run_has_a_page_of_its_own_and_is_mixed_with_no_other(keeper: Seat) -> None:
    keeper.open(f"/s/BA01/HOUSE/{HOUSE_DAY}")
    assert f'href="{EXTRA}"' in keeper.page, "it is on the list"
    assert f'href="{PLAIN}"' in keeper.page
    assert "in its turn" in keeper.page
    assert "once more" not in keeper.page
    assert "S-F5" not in re.findall(r'data-key="(S-F[0-9]+)"', keeper.page), "the ordinary one is completed"
    keeper.open(EXTRA)
    assert "housekeeping, run again" in keeper.page
    assert "once more" in keeper.page
    assert "in its turn" not in keeper.page
    assert _link(keeper.page, "S-F5") == f"/s/BA02/housekeeping.HOUSE.{HOUSE_DAY}..again/start"
    assert _link(keeper.page, "S-F3") == f"/s/BA05/HOUSE/{HOUSE_DAY}/housekeeping.again"
    assert _link(keeper.page, "F8") == PLAIN
    assert f'href="/s/BA03/HOUSE/{HOUSE_DAY}/backup/housekeeping.again"' in keeper.page


def test_what_leads_from_an_extra_run_leads_back_to_it(keeper: Seat, engine: Engine) -> None:
    keeper.open(f"/s/BA03/HOUSE/{HOUSE_DAY}/backup/housekeeping.again")
    assert "FAILED" in keeper.page
    assert _link(keeper.page, "F3") == EXTRA
    keeper.open(f"/s/BA03/HOUSE/{HOUSE_DAY}/backup/housekeeping")
    assert "COMPLETED" in keeper.page
    keeper.open(f"/s/BA02/housekeeping.HOUSE.{HOUSE_DAY}..again/hold")
    assert "run again" in keeper.page
    keeper.press(reason="The disk is exchanged first.")
    keeper.press("F6")
    assert keeper.path == EXTRA
    assert "The disk is exchanged first." in keeper.page
    keeper.open(f"/s/BA05/HOUSE/{HOUSE_DAY}/housekeeping.again")
    assert "housekeeping run again" in keeper.page
    assert "once more" in keeper.page
    assert "in its turn" not in keeper.page
    printed = keeper.client.get(_link(keeper.page, "S-F2"))
    assert printed.data.startswith(b"%PDF")
    assert printed.headers["Content-Disposition"].endswith('"housekeeping-report-again-HOUSE-2026-03-02.pdf"')
    assert keeper.open(f"/s/BA05/HOUSE/{HOUSE_DAY}/housekeeping.never").status_code == 404
    with transaction(engine) as session:
        alarm = session.execute(
            text(
                "INSERT INTO batch.alarm (job_instance_id, kind, words, raised_at) SELECT id, 'long', 'It lasts.', now()"
                " FROM batch.job_instance WHERE parameter_key = 'again' RETURNING id"
            )
        ).scalar_one()
    keeper.open(f"/s/BA08/a{alarm}")
    assert f'href="{EXTRA}"' in keeper.page


def test_a_clock_that_stopped_properly_is_not_gone(keeper: Seat, engine: Engine) -> None:
    _change(
        engine,
        "INSERT INTO batch.night_clock (host, process_id, started_at, beat_at, ended_at) VALUES"
        " ('proper', 1, now(), now() - interval '1 day', now() - interval '1 day'), ('crashed', 2, now(), now() - interval '1 day', NULL)",
    )
    keeper.open("/s/BA04/ZZ")
    rows = {row[0]: row[1] for row in re.findall(r"<tr><td>(proper|crashed)</td>.*<td>(.*?)</td></tr>", keeper.page)}
    assert rows["proper"] == "stopped"
    assert "GONE" in rows["crashed"]


def test_what_is_started_at_a_desk_is_claimed_so_that_no_clock_starts_it_again(
    keeper: Seat, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[Launch] = []

    def start(launch: Launch, *, home: Path) -> Path:
        launched.append(launch)
        return home / "log" / "night.log"

    monkeypatch.setattr("batch.control.starting.start", start)
    keeper.open("/s/BA02/night.ZZ.2026-03-03/start")
    keeper.press(reason="The cause is mended.")
    assert launched == [], "Enter has done nothing"
    keeper.press("F6")
    assert "No clock looks, so it was started here" in keeper.page
    assert [(one.district_code, one.business_date) for one in launched] == [("ZZ", date(2026, 3, 3))]
    with transaction(engine) as session:
        now = database_now(session)
        seen = next(one for one in look(session, NETS, now) if one.run.net == "night" and one.run.business_date == date(2026, 3, 3))
        assert seen.run.claimed_until is not None
        assert seen.run.claimed_until > now, "a clock that comes up leaves it alone"


@pytest.mark.parametrize("typed", ["3/3/26", "3 Mar 2026", "3.3.26", "3Mar2026"])
def test_a_date_is_keyed_at_the_command_line_as_in_a_field(desk: Seat, typed: str) -> None:
    for command, title in ((f"BA01 ZZ {typed}", "BA01"), (f"BA03 ZZ {typed} calculate", "BA03")):
        desk.open("/s/MENU")
        desk.press(command=command, cursor="command")
        assert desk.title.startswith(title), desk.said
        assert "/ZZ/2026-03-03" in desk.page, "it is that night"
    desk.press(command="BA01 ZZ 31/2/26", cursor="command")
    assert "CSS365E" in desk.said
    assert "&#39;31/2/26&#39; is not a date" in desk.page
    assert desk.title.startswith("BA03"), "the page comes again as it was"
