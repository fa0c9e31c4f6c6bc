"""BA01 and BA05 at the width of an ordinary desk: no column of theirs is out of sight."""

from __future__ import annotations

from typing import Final

import pytest
from sqlalchemy import text

from css.db.engine import transaction
from tests.web.conftest import MovingClock
from tests.web.morning import SitsDown
from tests.web.slow_server import SlowServer

CUT = """
() => [...document.querySelectorAll('.wide')].filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1)
        .map(e => `${e.getAttribute('aria-label')}: ${e.scrollWidth} of ${e.clientWidth}`)
"""
RUNS: Final = (
    ("2026-03-04", "failed", "CSS612E", "Out of balance: the books of the district and its bills of the night differ by a penny in all."),
    ("2026-03-05", "stopped", "CSS618E", "A supervisor told it to stop at its next block; start it again and it goes on where it was."),
)
"""Night, state, and why it ended so."""


@pytest.mark.parametrize("code", ["BA01", "BA05"])
def test_every_column_of_the_night_is_seen_at_1150_pixels(sits_down: SitsDown, code: str) -> None:
    sue = sits_down("supervis")
    sue.page.set_viewport_size({"width": 1150, "height": 800})
    sue.page.goto(f"{sue.base}/s/{code}/ZZ")
    assert sue.page.locator(".wide").count() > 2
    assert sue.page.evaluate(CUT) == []


@pytest.mark.parametrize("width", [1280, 1150])
def test_the_messages_of_runs_that_failed_and_were_stopped_are_seen(
    sits_down: SitsDown, shop: tuple[SlowServer, MovingClock], width: int
) -> None:
    sue = sits_down("supervis")
    with transaction(shop[0].app.extensions["css"].given_engine) as session:
        for place, (day, state, code, why) in enumerate(RUNS):
            row = {"day": day, "state": state, "code": code, "why": why, "rc": 8 + 8 * place}
            row["run"] = session.execute(
                text(
                    "INSERT INTO batch.job_instance (net, district_code, business_date, state, planned_at, parameter_key)"
                    " VALUES ('night', 'ZZ', :day, :state, now(), :state) RETURNING id"
                ),
                row,
            ).scalar_one()
            session.execute(
                text(
                    "INSERT INTO batch.job_execution (job_instance_id, attempt, state, started_by, host, process_id, started_at, ended_at,"
                    " return_code, message_code, message_words)"
                    " VALUES (:run, 12, :state, 'night', 'exchange', 1, now(), now(), :rc, :code, :why)"
                ),
                row,
            )
    sue.page.set_viewport_size({"width": width, "height": 800})
    sue.page.goto(f"{sue.base}/s/BA01/ZZ/2026-03-03")
    listed = sue.page.locator('.wide[aria-label="Runs, newest first"]')
    for _, _, code, why in RUNS:
        assert f"{code} {why}" in listed.inner_text()
    assert sue.page.evaluate(CUT) == []
