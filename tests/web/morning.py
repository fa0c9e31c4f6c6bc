"""The morning of 4 March in one small district, and people who sit down at real browsers in it: what whole calls are tried on.

Ada Tansley's second line was promised for yesterday and her first bill is out; Ben Quill has two accounts; at one address a
line was left in place. Each test has a copy of that morning of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine, text

from batch.engine import run_net
from batch.net import Context
from batch.nets import NIGHT
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.core.words import DirectoryEntryKind
from css.db.engine import transaction
from css.master.authorised import authorise_person
from css.master.customer_commands import AuthorisePerson
from css.master.reference import RETAIL
from orders.actions import place_order
from orders.commands.orders import PlaceOrder
from orders.words import OrderKind
from tests import builders
from tests.web.hands import Hands

if TYPE_CHECKING:
    from tests.web.conftest import World

SitsDown = Callable[[str], Hands]
"""Somebody signs on by operator code, at a browser of their own, and looks at the menu."""
MORNING: Final = datetime(2026, 3, 4, 9, 40, tzinfo=UTC)
"""A Wednesday, after two nights."""

# What Ada Tansley knows of herself, and says.
NUMBER, PHRASE, MOBILE = "01632 960123", "marmalade", "07700 900123"
HUSBANDS_PHRASE = "harbour lights"


@dataclass(frozen=True)
class Day:
    """The morning as everybody finds it: a database to copy, and what stands on the letters people have in their hands."""

    engine: Engine
    order_number: str
    """Ada's, promised for 3 March."""


def two_nights(engine: Engine, world: World, home: Path) -> Day:
    """Live through 2 and 3 March."""
    with transaction(engine) as session:
        builders.stopped_line(session, world.district, site=world.district.gold[5])
        husband = AuthorisePerson(
            customer_number=world.account.customer_number, name="Tom Tansley", relation="husband", password_phrase=HUSBANDS_PHRASE
        )
        authorise_person(session, husband, by=builders.OPERATOR, at=builders.AT)
        builders.stopped_line(session, world.district, site=world.district.gold[3])
        session.execute(text("UPDATE css.account SET cycle_day = 2, opened_on = '2026-02-20'"))
        session.execute(text("UPDATE css.operator SET credit_limit = 25000 WHERE 'supervisor' = ANY (roles)"))
        order = PlaceOrder(
            kind=OrderKind.PROVIDE,
            account_number=world.account.number,
            product_codes=("LINE-RES",),
            address_key=world.spare_site.address_key,
            required_on=builders.DAY + timedelta(days=1),
            contact_name="Mrs Ada Tansley",
            contact_phone=MOBILE,
            directory_kind=DirectoryEntryKind.EX_DIRECTORY,
            emergency_name="Ada Tansley",
        )
        placed = place_order(session, order, by=builders.OPERATOR, at=builders.AT)
    runner = Actor("batch", "night", RETAIL, door="night")
    for night in (builders.DAY, builders.DAY + timedelta(days=1)):
        at = datetime(night.year, night.month, night.day, 23, 30, tzinfo=UTC)
        done = run_net(engine, NIGHT, Context("ZZ", night, at, runner, home), clock=FixedClock(at), workers=1)
        assert done.error is None, done.error
    return Day(engine, placed.order_number)


def identify(hands: Hands, number: str = NUMBER) -> None:
    with hands.task("Find a caller by number and see who it is"):
        hands.command(number.replace(" ", ""), to="CU03")


def make_sure(hands: Hands) -> None:
    """Who is calling: how, what they say, Enter."""
    assert "Caller not known" in hands.told
    with hands.task("Make sure of a caller by a pass phrase of nine letters"):
        assert hands.cursor == "method", "the page begins with the question"
        hands.type("pp")
        hands.press("Tab")
        hands.type(PHRASE)
        hands.go("Enter", to="CU03")
    assert "Caller made sure of" in hands.told
