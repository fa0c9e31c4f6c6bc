"""Friends that customers name, and promotions they are given: so that a bill of the demo shows what is taken off."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Final

from sqlalchemy.orm import Session

from billing.actions.benefits import name_friend
from billing.actions.promotions import give_promotion
from billing.benefit_commands import GivePromotion, NameFriend
from css.core.actor import Actor
from css.core.calendar import add_months, london_instant
from css.core.words import Segment
from css.demo.people import LiveLine
from css.demo.traffic import Call
from css.master.reference import RETAIL

BEA: Final = Actor("operator", "BEA", RETAIL, frozenset({"clerk", "billing"}), "command line")
BEST_FRIEND: Final = "442079460118"
FRIEND: Final = "441134960205"
FRIENDLY_LINES: Final = 10
"""So many lines name friends and ring the best one every day."""
PROMOTED_ACCOUNTS: Final = 3
PROMOTION_MONTHS: Final = 3


def do_favours(session: Session, lines: list[LiveLine], day: date, at: datetime) -> None:
    """Name friends for the first lines that may, and give the first homes half-price rental for three months."""
    for line in friendly(lines):
        name_friend(session, NameFriend(number=line.number, friend_number=BEST_FRIEND, is_best=True), by=BEA, at=at)
        name_friend(session, NameFriend(number=line.number, friend_number=FRIEND), by=BEA, at=at)
    homes = [line for line in lines if line.segment is Segment.RESIDENTIAL]
    for line in homes[:PROMOTED_ACCOUNTS]:
        command = GivePromotion(
            account_number=line.account_number,
            product_code="HALF-PRICE",
            starts_on=day,
            ends_on=add_months(day, PROMOTION_MONTHS),
            number=line.number,
            reason="Welcome to Wrenford Telephones.",
        )
        give_promotion(session, command, by=BEA, at=at)


def friendly(lines: list[LiveLine]) -> list[LiveLine]:
    """The lines that have named friends, while they are there."""
    return [line for line in lines if "FRIENDS" in line.options][:FRIENDLY_LINES]


def calls_to_friends(lines: list[LiveLine], day: date) -> tuple[Call, ...]:
    """Each of them rings its best friend for five minutes."""
    return tuple(
        Call(line.number, BEST_FRIEND, london_instant(day, time(11, n)), 300, supplier_record_id=f"FRIEND-{day:%Y%m%d}-{n}")
        for n, line in enumerate(friendly(lines))
    )
