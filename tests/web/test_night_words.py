"""What BA03, BA05 and BA06 say: plain words for people, the house's own reports, figures under their heads."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from billing.actions import take_payment
from billing.commands import TakePayment
from billing.words import PaymentMethod
from css.core.money import Money
from css.db.engine import transaction
from css.web.filters import spoken
from tests import builders
from tests.records import month
from tests.web import stopped_night
from tests.web.conftest import MovingClock, Seat, World, seated


@pytest.fixture(scope="module", autouse=True)
def _nights(settled: tuple[Engine, World], tmp_path_factory: pytest.TempPathFactory) -> None:
    """2 March is done and 3 March failed; the house was kept after the one, and stands planned for the other."""
    engine, world = settled
    with transaction(engine) as session:
        paid = TakePayment(account_number=world.account.number, amount=Money(92_727), method=PaymentMethod.CASH)
        take_payment(session, paid, by=builders.OPERATOR, at=builders.AT)
    stopped_night.live(engine, tmp_path_factory.mktemp("home"))
    with transaction(engine) as session:
        for day, state in (("2026-03-02", "completed"), ("2026-03-03", "planned")):
            ids = {"day": day, "state": state}
            ids["instance"] = session.execute(
                text(
                    "INSERT INTO batch.job_instance (net, business_date, state, planned_at)"
                    " VALUES ('housekeeping', :day, :state, now()) RETURNING id"
                ),
                ids,
            ).scalar_one()
            if state == "completed":
                session.execute(
                    text(
                        "INSERT INTO batch.job_execution (job_instance_id, attempt, state, started_by, host, process_id, started_at,"
                        " ended_at, return_code) VALUES (:instance, 1, :state, 'night', 'exchange', 1, now(), now(), 0)"
                    ),
                    ids,
                )


@pytest.fixture
def keeper(app: Flask, engine: Engine, clock: MovingClock) -> Seat:
    return seated(app, engine, "SCHEDULE", clock.at)


def test_what_a_step_does_is_said_in_plain_words(keeper: Seat) -> None:
    keeper.open("/s/BA03/ZZ/2026-03-03/calculate")
    does = keeper.page.partition("<dt>What it does</dt>")[2].partition("</dd>")[0]
    assert "is held for a person" in does
    assert "<code>calculate-groups</code>" in does
    assert not set("*`[]") & set(does)


def test_a_steps_page_says_of_which_night_it_is(keeper: Seat) -> None:
    keeper.open("/s/BA03/ZZ/2026-03-03/calculate")
    assert "Tue 3 Mar 2026" in keeper.page.partition("<h2>")[2].partition("</h2>")[0]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("see [bill runs](#bill-runs).\n\nA **held** bill", "see bill runs. A held bill"),
        ("`css do x` (`{}`)", "<code>css do x</code> (<code>{}</code>)"),
        ("2 * 3 < 7 & *not needed*", "2 * 3 &lt; 7 &amp; not needed"),
    ],
)
def test_the_runbooks_marks_are_not_shown(written: str, shown: str) -> None:
    assert str(spoken(written)) == shown


@pytest.mark.parametrize("address", ["/s/BA05/HOUSE", "/s/BA05/HOUSE/2026-03-02"])
def test_without_a_net_the_house_shows_its_latest_report(keeper: Seat, address: str) -> None:
    assert keeper.open(address).status_code == 200
    assert "Mon 2 Mar 2026, housekeeping" in keeper.page
    assert "Nothing has been run" not in keeper.page


def test_a_months_heads_stand_over_their_figures_and_a_credit_says_so(keeper: Seat, engine: Engine) -> None:
    with transaction(engine) as session:
        month.close(session, month.month(builders.DAY))
    keeper.open("/s/BA06/ZZ")
    table = keeper.page.partition("Trial balance")[2].partition("</table>")[0]
    heads = re.findall(r'<th scope="col"( class="figure")?>([^<]*)</th>', table)
    assert [bool(right) for right, _ in heads] == [False, False, True, True, True, True], heads
    for row in re.findall(r"<tr[^>]*>(.*?)</tr>", table.partition("<tbody>")[2], re.DOTALL):
        assert [bool(right) for right in re.findall(r'<td( class="figure")?>', row)] == [bool(right) for right, _ in heads]
    assert "£927.27 CR" in table
    assert "-£" not in keeper.page


@pytest.mark.parametrize(
    ("deed", "signs", "not_now"),
    [
        ("night.ZZ.2026-03-02.report/rerun", False, False),
        ("night.ZZ.2026-03-03.settle-rejects/skip", True, False),
        ("night.ZZ.2026-03-02.settle-rejects/skip", False, True),
        ("night.ZZ.2026-03-02/skip", False, True),
    ],
)
def test_a_second_person_is_asked_for_only_where_one_is_needed(keeper: Seat, deed: str, signs: bool, not_now: bool) -> None:
    keeper.open(f"/s/BA02/{deed}")
    assert ("NOT NOW" in keeper.page) is not_now
    assert ('name="second_operator"' in keeper.page) is signs
    assert ("<legend>Second person</legend>" in keeper.page) is signs


def test_a_date_that_is_not_planned_yet_says_so_and_where_it_is_planned(keeper: Seat) -> None:
    keeper.open("/s/BA01/ZZ/2026-04-09")
    assert "Night of Thu 9 Apr 2026: not planned yet" in keeper.page
    assert 'href="/s/BA02/night.ZZ.2026-04-09/plan"' in keeper.page
    keeper.open("/s/BA02/night.ZZ.2026-04-09/stop")
    assert "CSS633E" in keeper.page
    assert "so does BA02 with plan" in keeper.page
    keeper.open("/s/BA02/night.ZZ.2026-04-09/plan")
    keeper.press(reason="Ahead of time.")
    keeper.press("F6")
    assert keeper.title.startswith("BA01"), keeper.said
    assert "not planned yet" not in keeper.page
    keeper.open("/s/BA01/HOUSE/2026-01-10")
    assert "Nothing ran for Sat 10 Jan 2026, and nothing is planned" in keeper.page
