"""Every line of every bill of random histories is explained to the penny, long after, from what the bills themselves say."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from billing.model import Bill
from billing.queries.bill_story import bill_story
from billing.words import LineKind
from css.db.engine import transaction
from css.master.services import Service
from tests import builders
from tests.bulk import test_charges_oracle as oracle  # its world: what happens to accounts, and who they are
from tests.records.billed import night
from tests.rules.sums import money_of

ACCOUNTS, NIGHTS = 7, 9


@pytest.mark.parametrize("seed", [2])
def test_every_line_of_random_histories_is_made_by_the_sums_it_prints(fresh_engine: Engine, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a story, not a secret
    today = oracle.BEGINS
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=today, pairs=ACCOUNTS, sites=ACCOUNTS)
        oracle._credit_product(session)
        for _ in range(ACCOUNTS):
            line = builders.working_line(session, zz, oracle._account(session, zz, dice), starts_on=today, care_level="1")
            term = today + timedelta(days=dice.randint(30, 400))
            session.execute(update(Service).where(Service.id == line.service_id).values(minimum_term_ends_on=term))
    for _ in range(NIGHTS):
        today += timedelta(days=dice.randint(3, 25))
        with transaction(fresh_engine) as session:
            session.execute(text("UPDATE css.business_date SET current_on = :today"), {"today": today})
            oracle._happen(session, zz, today, dice)
        with transaction(fresh_engine) as session:
            night(session, today, tmp_path)
            session.execute(text("UPDATE billing.bill SET state = 'calculated' WHERE state = 'held'"))
    with transaction(fresh_engine) as session:
        told = [one for bill in _numbered(session) for one in bill_story(session, bill, by=builders.CLERK).lines]
        assert {one.kind for one in told} >= {LineKind.RENTAL, LineKind.PART_PERIOD, LineKind.TERMINATION}
        assert sum(len(one.parts) > 1 for one in told) > NIGHTS, "too few corrections to say anything"
        for one in told:
            assert one.agrees, one
            assert sum(map(money_of, one.parts)) == one.net.pence


def _numbered(session: Session) -> list[str]:
    return [str(number) for number in session.execute(select(Bill.number).where(Bill.number.is_not(None)).order_by(Bill.id)).scalars()]
