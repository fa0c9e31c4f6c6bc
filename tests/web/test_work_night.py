"""BA01 and BA03: what is to come, how far it is, what a restart repeats; and no page sent twice for nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import Engine, text

from batch.nets import NIGHT
from css.db.engine import transaction
from css.web.screens.night_places import took
from tests.conftest import QueryCount
from tests.web import stopped_night
from tests.web.conftest import Seat, World
from tests.web.stopped_night import BEGUN


@pytest.fixture(scope="module", autouse=True)
def _nights(settled: tuple[Engine, World], tmp_path_factory: pytest.TempPathFactory) -> None:
    stopped_night.live(settled[0], tmp_path_factory.mktemp("home"))


def _steps(page: str) -> list[str]:
    return re.findall(r'data-line="\d+" data-subject="([^"]*)"', page)


def test_every_step_of_the_net_is_shown_also_those_to_come(desk: Seat) -> None:
    desk.open("/s/BA01/ZZ")
    assert _steps(desk.page) == [step.name for step in NIGHT.steps]
    assert f"{BEGUN - 1} of {len(NIGHT.steps)} steps are done" in desk.page
    assert desk.page.count("to come") == len(NIGHT.steps) - BEGUN
    assert '<progress max="1000" value="625"' in desk.page
    assert "1 min 30 s" in desk.page, "how long it usually takes"
    assert 'data-poll-seconds="2"' in desk.page
    assert 'data-key="F8"' in desk.page


def test_the_night_before_is_one_key_away_and_adds_up(desk: Seat) -> None:
    desk.open("/s/BA01/ZZ")
    found = re.search(r'href="([^"]*)" data-key="F8"', desk.page)
    assert found
    desk.open(found[1])
    assert f"{len(NIGHT.steps)} of {len(NIGHT.steps)} steps are done" in desk.page
    assert "NO:" not in desk.page
    assert 'data-key="F7"' in desk.page


def test_a_step_that_failed_says_what_a_restart_repeats_and_how_it_is_made(desk: Seat) -> None:
    desk.open("/s/BA03/ZZ/2026-03-03/calculate")
    assert desk.title == "BA03 Step of the night"
    assert "<h2>Calculate bills" in desk.page
    assert "1 of 2 blocks are done and stay as they are; the other 1 are done" in desk.page
    assert "<b>css night run ZZ --date 2026-03-03</b>" in desk.page
    assert "CSS612E Out of balance" in desk.page
    assert "<td>keys</td>" in desk.page
    assert '<td>Mon 2 Mar 2026</td><td class="figure">1 min 30 s</td>' in desk.page
    assert re.search(r'href="(/s/BA01/ZZ/2026-03-03)" data-key="F3"', desk.page)


def test_a_finished_step_has_nothing_to_repeat(desk: Seat) -> None:
    desk.open("/s/BA03/ZZ/2026-03-02/CALCULATE")
    assert "Nothing: the step is finished" in desk.page
    assert "css night run" not in desk.page


@pytest.mark.parametrize(("address", "code"), [("BA03/ZZ/2026-03-02/juggle", "CSS933E"), ("BA03/ZZ/2026-01-01/calculate", "CSS932E")])
def test_what_is_not_there_is_said(desk: Seat, address: str, code: str) -> None:
    assert desk.open(f"/s/{address}").status_code == 404
    assert code in desk.page
    desk.open("/s/BA03")
    assert desk.title.startswith("BA01")


def test_nothing_is_sent_again_while_nothing_moves(
    desk: Seat, engine: Engine, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    addresses = ("/s/BA01/ZZ", "/s/BA03/ZZ/2026-03-03/calculate")
    versions = {address: desk.open(address).headers["ETag"] for address in addresses}
    for address, version in versions.items():
        with query_count() as sent:
            assert desk.client.get(address, headers={"If-None-Match": version, "X-CSS-Poll": "1"}).status_code == 304
        assert len(sent) <= 4
    with transaction(engine) as session:
        session.execute(text("UPDATE batch.step_execution SET read_count = read_count + 1 WHERE step = 'calculate' AND state = 'failed'"))
    for address, version in versions.items():
        assert desk.client.get(address, headers={"If-None-Match": version, "X-CSS-Poll": "1"}).status_code == 200


def test_the_console_sends_a_fixed_number_of_statements(desk: Seat, query_count: Callable[[], AbstractContextManager[QueryCount]]) -> None:
    for address, most in {"/s/BA01/ZZ": 45, "/s/BA03/ZZ/2026-03-03/calculate": 50}.items():
        with query_count() as sent:
            desk.open(address)
        assert len(sent) <= most, f"{address} sent {len(sent)}"


def test_a_while_is_said_as_people_say_it() -> None:
    assert [took(seconds) for seconds in (None, 0, 59, 185, 7800)] == ["–", "0 s", "59 s", "3 min 05 s", "2 h 10 min"]
