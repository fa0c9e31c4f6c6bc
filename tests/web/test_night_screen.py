"""The night at a glance: how far its bills have come, and how many wait for somebody."""

from __future__ import annotations

import re

from sqlalchemy import Engine, text

from billing import queries
from billing.actions import calculate_block
from css.db.engine import transaction
from tests import builders
from tests.records.billed import NIGHT, at, begin
from tests.web.conftest import Seat, World


def test_it_says_how_far_the_bills_of_the_night_have_come(desk: Seat, world: World, engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(text("UPDATE css.account SET cycle_day = 2, opened_on = '2026-02-20'"))
        session.execute(text("UPDATE css.account SET billing_name = ' ' WHERE id = :id"), {"id": world.account.id})
        run_id = begin(session, builders.DAY)
        calculate_block(session, run_id, queries.accounts_to_calculate(session, run_id), by=NIGHT, at=at(builders.DAY))
    desk.open("/s/BA01/ZZ/2026-03-02")
    pane = desk.page.partition("Bills of Mon 2 Mar 2026")[2].partition("</section>")[0]
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>(?:<b>)?([^<]+)", pane))
    assert (facts["Parked"], facts["Held"], facts["Numbered"], facts["Approved by"]) == ("1", "0", "0", "–")


def test_a_night_that_has_not_billed_says_nothing_of_bills(desk: Seat) -> None:
    desk.open("/s/BA01/ZZ/2026-03-01")
    assert "Bills of" not in desk.page
