"""A district in which lines are often in trouble and engineers, slots and spare pairs are scarce, for random lives of faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.words import HalfDay, Role, Skill
from css.master.appointments import SlotPattern
from css.master.plant import NumberBlock
from repairs.words import Craft
from tests import builders
from tests.builders import BuiltAccount, BuiltDistrict, BuiltLine
from tests.records.engineers import contractor, engineer
from tests.records.gaining import OTHER, OTHER_ACTOR, other_partner, partners_account
from tests.records.ordering import complete, place
from tests.records.outages import another_point
from tests.records.places import a_firm, elsewhere, lines_of

CAPACITY: Final = 1
"""Visits in every half-day from Monday to Friday; none on Saturdays."""
PAIRS: Final = 9
"""Six lines and an auxiliary one are on them; two are spare."""
DOUBLE: Final = "441632960126"
"""A firm with a second line under the same number."""
PLANT: Final = (
    {"kind": "exchange", "exchange_code": "WREN"},
    {"kind": "cabinet", "exchange_code": "WREN", "cabinet_code": "C1"},
    {"kind": "distribution-point", "exchange_code": "WREN", "cabinet_code": "C1", "distribution_point_code": "DP1"},
    {"kind": "distribution-point", "exchange_code": "WREN", "cabinet_code": "C1", "distribution_point_code": "DP2"},
    {"kind": "cabinet", "exchange_code": "OAK", "cabinet_code": "C9"},
    {"kind": "cabinet", "exchange_code": "WREN", "cabinet_code": "C77"},
    {"kind": "cabinet", "exchange_code": "WREN"},
)
"""Shared plant that can fail; the last two are none."""
DESK: Final = Actor("operator", "CLERK1", "RETAIL", frozenset({Role.CLERK.value}), "screen")
CONTROL: Final = Actor("operator", "CONTROL", "RETAIL", frozenset({Role.REPAIR.value}), "screen")
FIRM: Final = contractor("CTR1")
ENGINEERS: Final = ("JOE", "ANN", "CTR1")


@dataclass(frozen=True)
class World:
    """Whose lines they are: two homes, a home that depends on its line, a firm, and two partners'."""

    zz: BuiltDistrict
    lines: tuple[BuiltLine, ...]

    @property
    def numbers(self) -> tuple[str, ...]:
        """Everything that can be in trouble, the auxiliary line too."""
        return (*(f"+{line.number}" for line in self.lines), f"+{DOUBLE}/2")


NONE: Final = (f"+{DOUBLE}/3", "01632 960999", "12")
"""Numbers that nobody has."""
PARTNERS: Final = {"BRACKWAT": builders.PARTNER_ACTOR, OTHER: OTHER_ACTOR}


def build(session: Session) -> World:
    """The district, its people and its plant."""
    zz = builders.district(session, pairs=PAIRS, sites=6)
    other_partner(session)
    oak = elsewhere(session, zz, pairs=2)
    another_point(session, zz, "DP2", pairs=2)
    session.add_all(
        SlotPattern(
            exchange_id=exchange_id,
            skill=Skill.REPAIR,
            weekday=weekday,
            half_day=half_day,
            capacity=CAPACITY if weekday < 6 else 0,
            starts_on=builders.DAY,
        )
        for exchange_id in (zz.exchange_id, oak.exchange_id)
        for weekday in range(1, 8)
        for half_day in HalfDay
    )
    frail = builders.customer(session, zz, is_vulnerable=True)
    accounts: tuple[BuiltAccount, ...] = (
        builders.account(session, zz),
        builders.account(session, zz),
        builders.account(session, zz, customer_number=frail),
        a_firm(session, zz),
        partners_account(session, zz),
        partners_account(session, zz, OTHER),
    )
    features = {0: ("CALLER-DISPLAY",), 1: ("BROADBAND",), 3: ("BROADBAND", "CALL-WAITING")}
    lines = tuple(
        builders.working_line(session, zz, account, features=features.get(n, ()), care_level={1: "2.5", 5: "4"}.get(n))
        for n, account in enumerate(accounts)
    )
    session.execute(text("UPDATE css.line SET starts_on = starts_on - 400 WHERE id <> :first"), {"first": lines[0].id})
    assert session.query(NumberBlock).count() == 2
    complete(session, place(session, lines_of(accounts[3], DOUBLE, 2)).order_number, builders.DAY)
    for code, crafts, areas, firm in (
        ("JOE", tuple(Craft), ("WREN", "OAK"), None),
        ("ANN", (Craft.OVERHEAD, Craft.HOME), ("WREN",), None),
        ("CTR1", (Craft.UNDERGROUND, Craft.HOME), ("WREN",), "Ditch & Sons"),
    ):
        engineer(session, code, crafts=crafts, exchange_codes=areas, firm=firm)
    return World(zz, lines)
