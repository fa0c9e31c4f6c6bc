"""``css bills``: benefits, friends, allowances and promotions as typed; and an option ordered like any feature."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from css.cli import main
from css.db.engine import transaction
from css.settings import settings
from orders.actions import place_order
from orders.commands.orders import PlaceOrder
from orders.queries.cards import order_card
from orders.words import OrderKind
from tests import builders
from tests.records.billed import at, night, rated_call

START = date(2026, 1, 15)
FEBRUARY = date(2026, 2, 5)


@pytest.fixture(scope="module")
def line(engine: Engine) -> builders.BuiltLine:
    """A home from 15 January with minutes and friends, billed on 5 February for one call."""
    with transaction(engine) as session:
        zz = builders.district(session, on=START)
        account = builders.account(session, zz, cycle_day=5)
        made = builders.working_line(session, zz, account, starts_on=START, features=("MINUTES-500", "FRIENDS"))
        rated_call(session, made, 1, date(2026, 1, 20), 10_400_000)
        night(session, FEBRUARY)
    return made


@pytest.fixture(autouse=True)
def _at_the_command_line(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CSS_DATABASE_URL", engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path))
    settings.cache_clear()
    yield
    settings.cache_clear()


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    status = main(["bills", *words])
    found = capsys.readouterr()
    assert status in {0, None}, found.err
    return found.out


def test_benefits_are_listed_and_told(line: builders.BuiltLine, capsys: pytest.CaptureFixture[str]) -> None:
    assert line.number
    assert "MINUTES-500              allowance  account  500 shared inclusive minutes\n" in said(capsys, "benefits")
    told = said(capsys, "benefit", "MINUTES-500")
    assert "500 min a month, by the day, used in units of 60 s\n  what is left may be used for 1 month more\n" in told
    assert "  10% off up to 15 numbers, 20% off the best\n" in said(capsys, "benefit", "FRIENDS")
    assert "  from £100.00 a month 10% of that part\n" in said(capsys, "benefit", "VOLUME-BUS")
    assert main(["bills", "benefit", "NONE"]) == 2
    assert capsys.readouterr().err.startswith("CSS763E There is no benefit NONE")


def test_friends_are_named_listed_and_dropped(line: builders.BuiltLine, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "name-friend", line.number, "02079460123", "--best") == "Named from 2026-02-06 on: 1 of 15.\n"
    assert said(capsys, "friends", line.number) == "020 7946 0123      from 2026-02-06  best\n"
    dropped = said(capsys, "drop-friend", line.number, "02079460123", "--from", "2026-02-10")
    assert dropped == "No friend any more from 2026-02-10 on: 0 of 15 are left.\n"
    assert said(capsys, "friends", line.number) == "020 7946 0123      from 2026-02-06 until 2026-02-09  best\n"


def test_what_was_used_of_minutes_is_shown(line: builders.BuiltLine, capsys: pytest.CaptureFixture[str]) -> None:
    latest, first = said(capsys, "allowances", line.account.number).splitlines()
    assert first == (
        "2026-01-05 to 2026-02-04  500 shared inclusive minutes (shared): 338 min 42 s and 0 min rolled over,"
        " 2 min used, 336 min 42 s roll over"
    )
    assert latest.startswith("2026-02-05 to 2026-03-04  500 shared inclusive minutes (shared): 500 min and 336 min 42 s rolled over")


def test_a_promotion_is_given_and_taken_away(line: builders.BuiltLine, capsys: pytest.CaptureFixture[str]) -> None:
    given = said(capsys, "give-promotion", line.account.number, "HALF-PRICE", "2026-02-06", "2026-05-06", "--reason", "Hello.")
    number = given.split()[1].rstrip(":")
    assert given == f"Promotion {number}: HALF-PRICE from 2026-02-06 to 2026-05-05.\n"
    taken = said(capsys, "end-promotion", line.account.number, number, "--from", "2026-03-01", "--reason", "Left.")
    assert taken == f"Promotion {number} is without effect from 2026-03-01 on.\n"
    assert "Half-price line: 2026-02-06 to 2026-05-05, taken away from 2026-03-01" in said(capsys, "promotions", line.account.number)


def test_a_benefit_ends_at_the_command_line(line: builders.BuiltLine, capsys: pytest.CaptureFixture[str]) -> None:
    assert line.number
    told = said(capsys, "end-benefit", "INTL-25", "2026-06-01", "--reason", "Withdrawn.")
    assert told == "INTL-25 is for calls up to 2026-05-31. Bills from the cut of 2026-02-06 on know it.\n"
    assert "International option, 25% off, up to 2026-05-31" in said(capsys, "benefits")


def test_an_option_is_ordered_like_any_feature(line: builders.BuiltLine, engine: Engine) -> None:
    with transaction(engine) as session:
        other = builders.district(session, "YY", on=FEBRUARY)
        account = builders.account(session, other)
        command = PlaceOrder(
            kind=OrderKind.PROVIDE,
            account_number=account.number,
            product_codes=("LINE-RES", "MINUTES-500", "FRIENDS", "INTL-25"),
            address_key=other.gold[0].address_key,
            required_on=FEBRUARY + timedelta(days=21),
            contact_name="Ada Tansley",
            contact_phone="07700 900123",
            emergency_name="Ada Tansley",
            directory_name="Tansley A",
        )
        placed = place_order(session, command, by=builders.CLERK, at=at(FEBRUARY))
        card = order_card(session, placed.order_number, by=builders.CLERK)
    assert line.number
    assert {item.product_code for item in card.items} >= {"MINUTES-500", "FRIENDS", "INTL-25"}
