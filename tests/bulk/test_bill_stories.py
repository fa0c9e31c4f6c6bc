"""Every line of every bill of random histories is explained to the penny, long after, from what the bills themselves say."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from billing.actions.benefits import name_friend
from billing.benefit_commands import NameFriend
from billing.model import Bill
from billing.queries.bill_story import bill_story
from billing.words import LineKind
from css.db.engine import transaction
from css.master.services import Service
from tests import builders
from tests.bulk import test_charges_oracle as oracle  # its world: what happens to accounts, and who they are
from tests.records.billed import at, night, rated_call
from tests.records.priced import LONDON
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


@pytest.mark.parametrize("seed", [5])
def test_every_discount_of_random_calls_is_made_by_the_calls_it_lists(fresh_engine: Engine, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a story, not a secret
    begins = date(2026, 1, 10)
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=begins)
        account = builders.account(session, zz, cycle_day=dice.randint(1, 31))
        lines = [builders.working_line(session, zz, account, starts_on=begins) for _ in range(2)]
        for line, product in ((lines[0], "MINUTES-100"), (lines[1], "MINUTES-500"), (lines[0], "FRIENDS"), (lines[1], "INTL-25")):
            builders.service(session, line.id, account, product, where=zz, starts_on=begins)
        name_friend(
            session, NameFriend(number=lines[0].number, friend_number=LONDON, starts_on=begins), by=builders.OPERATOR, at=at(begins)
        )
    today, record = begins, 0
    for _ in range(7):
        today += timedelta(days=dice.randint(5, 25))
        with transaction(fresh_engine) as session:
            for _ in range(dice.randint(3, 12)):
                record += 1
                made_at = at(max(begins, today - timedelta(days=dice.randint(0, 40)))) - timedelta(minutes=record)
                facts = {
                    "started_at": made_at,
                    "duration_seconds": dice.randint(1, 7000),
                    "charge_class": dice.choice(["GEO", "MOB", "INT2"]),
                }
                rated_call(session, dice.choice(lines), record, today, dice.randint(0, 900_000_000), **facts)  # type: ignore[arg-type]
            night(session, today, tmp_path)
            session.execute(text("UPDATE billing.bill SET state = 'calculated' WHERE state = 'held'"))
    with transaction(fresh_engine) as session:
        told = [one for bill in _numbered(session) for one in bill_story(session, bill, by=builders.CLERK).lines]
        discounts = [one for one in told if one.kind is LineKind.DISCOUNT]
        assert sum(len(one.parts) > 1 for one in discounts) > 3, "too few discounts put right"
        for one in discounts:
            assert one.agrees, one
            assert sum(map(money_of, one.parts)) == one.net.pence
