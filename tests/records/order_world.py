"""A district in which everything is scarce, for random lives of orders: few pairs, numbers and visits, and many who want them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.words import BarKind, HalfDay, Skill
from css.master.appointments import SlotPattern
from css.master.numbers import Quarantine
from css.master.plant import NumberBlock
from css.master.reference import PARTNER
from tests import builders
from tests.builders import CLERK, DAY, OPERATOR, PARTNER_ACTOR, BuiltAccount, BuiltDistrict, BuiltSite
from tests.records.gaining import OTHER, OTHER_ACTOR, other_partner, partners_account
from tests.records.ordering import complete, place
from tests.records.places import Elsewhere, a_firm, elsewhere, lines_of

PAIRS: Final = 7
SITES: Final = 4
CAPACITY: Final = 2
"""Visits in every half-day from Monday to Friday; none on Saturdays."""
REST_DAYS: Final = 3
NUMBERS: Final = tuple(f"4416329600{n:02}" for n in range(12))
"""All that the first exchange has; the second has four."""
ELSEWHERE_NUMBERS: Final = tuple(f"44163270000{n}" for n in range(4))
FOREIGN: Final = ("441632970123", "441632970124")
"""Other networks' numbers of the same area."""
UNKNOWN_NUMBER: Final = "441632960999"
POINTS: Final = ("C1/DP1", "C9/DP9")
BARS: Final = tuple(BarKind)


@dataclass(frozen=True)
class World:
    """Who may want what. Three accounts are the house's own, two are partners'."""

    zz: BuiltDistrict
    oak: Elsewhere
    accounts: tuple[BuiltAccount, ...]

    @property
    def sites(self) -> tuple[BuiltSite, ...]:
        """All of one exchange, the one at the end of the list unknown to the network, but for the one of another exchange."""
        return (*self.zz.gold, self.oak.site, self.zz.silver)

    def account(self, account_id: int) -> BuiltAccount:
        return next(account for account in self.accounts if account.id == account_id)

    def desk_of(self, account_id: int) -> Actor:
        """Who orders for an account: its own provider's people."""
        return ACTORS.get(self.account(account_id).provider_code, CLERK)


ACTORS: Final = {PARTNER: PARTNER_ACTOR, OTHER: OTHER_ACTOR}
SUPERVISOR: Final = OPERATOR


def build(session: Session) -> World:
    """The district with two working lines of homes, two of a firm with one number, and one of a partner; two pairs are spare."""
    zz = builders.district(session, pairs=PAIRS, sites=SITES)
    other_partner(session)
    oak = elsewhere(session, zz, pairs=2)
    for exchange_id, last in ((zz.exchange_id, NUMBERS[-1]), (oak.exchange_id, ELSEWHERE_NUMBERS[-1])):
        session.execute(update(NumberBlock).where(NumberBlock.exchange_id == exchange_id).values(last_number=last))
        session.add_all(
            SlotPattern(
                exchange_id=exchange_id,
                skill=Skill.INSTALL,
                weekday=weekday,
                half_day=half_day,
                capacity=CAPACITY if weekday < 6 else 0,
                starts_on=DAY,
            )
            for weekday in range(1, 8)
            for half_day in HalfDay
        )
    session.add(Quarantine(starts_on=DAY, days=REST_DAYS))
    world = World(
        zz,
        oak,
        (
            builders.account(session, zz),
            builders.account(session, zz),
            a_firm(session, zz),
            partners_account(session, zz),
            partners_account(session, zz, OTHER),
        ),
    )
    for account, site, number, features in (
        (world.accounts[0], zz.gold[0], NUMBERS[0], ("CALLER-DISPLAY",)),
        (world.accounts[1], zz.gold[1], NUMBERS[1], ()),
        (world.accounts[2], zz.gold[2], NUMBERS[2], ("CALL-WAITING", "BROADBAND")),
        (world.accounts[3], zz.gold[0], NUMBERS[3], ()),
    ):
        builders.working_line(session, zz, account, site=site, number=number, features=features)
    _grow(session, world)
    session.execute(text("UPDATE css.service SET minimum_term_ends_on = starts_on + 365 WHERE care_level IS NOT NULL"))
    return world


def _grow(session: Session, world: World) -> None:
    """The firm has two lines from the first day on."""
    order = place(session, lines_of(world.accounts[2], NUMBERS[2], 2)).order_number
    complete(session, order, DAY)
