"""What people want of a line they have, or of one that somebody else has: every kind of order, one each in the demo's first weeks."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, time
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import add_working_days, is_working_day, london_instant
from css.core.errors import CssError
from css.core.words import BarKind, HalfDay, ProductKind, Role, Segment
from css.db.engine import transaction
from css.demo.ground import Place
from css.demo.people import LiveLine
from css.master.cards import line_card
from css.master.lines import Line
from css.master.reference import RETAIL
from css.master.services import Service, ServiceNumber
from css.master.sites import Site
from orders.actions import place_order
from orders.commands.orders import PlaceOrder, Slot
from orders.rules.kinds import KINDS
from orders.words import OrderKind

NATION: Final = "england-and-wales"
CLERK: Final = Actor("operator", "AMY", RETAIL, frozenset({Role.CLERK.value}), "command line")
SUPERVISOR: Final = Actor("operator", "SUE", RETAIL, frozenset(role.value for role in Role), "command line")
LEAD_DAYS: Final = 12
"""Working days ahead: long enough for any kind, so that a demo never asks for too early a day."""
NEAR_DAYS: Final = 3
SPARE_NETWORK: Final = "KELDER"
PORTED_IN: Final = "441632199001"
"""Of the code that serves no place, and in no block of ours."""


class Wishes:
    """Deals out the lines and places of a district to whoever wants something done; each line is asked for once."""

    def __init__(self, lines: list[LiveLine], vacant: list[Place], rng: random.Random) -> None:
        self._lines = lines
        self._vacant = vacant
        self._rng = rng
        self._asked: set[str] = set()
        self.barred: list[LiveLine] = []
        self.placed: list[str] = []
        self.refused: list[str] = []

    def line(self, segment: Segment = Segment.RESIDENTIAL) -> LiveLine | None:
        """A line nobody has asked anything of yet."""
        free = [line for line in self._lines if line.segment is segment and line.number not in self._asked]
        if not free:
            return None
        chosen = self._rng.choice(free)
        self._asked.add(chosen.number)
        return chosen

    def place(self) -> Place | None:
        """A vacant place, not vacant any more."""
        return self._vacant.pop() if self._vacant else None


Wish = Callable[[Wishes, Session, date], PlaceOrder | None]


def _on_line(kind: OrderKind, line: LiveLine, day: date, lead: int = NEAR_DAYS, **others: object) -> PlaceOrder:
    fields: dict[str, object] = {
        "kind": kind,
        "account_number": line.account_number,
        "number": line.number,
        "required_on": add_working_days(day, lead, NATION),
        "contact_name": "The customer",
        "contact_phone": "447700900002",
        "consented_by": "The customer",
    }
    return PlaceOrder(**fields | others)  # type: ignore[arg-type]


def _features(wishes: Wishes, session: Session, day: date) -> PlaceOrder | None:
    line = wishes.line()
    if line is None:
        return None
    has = {service.product_code for service in line_card(session, line.number, by=CLERK).line.services}
    wanted = next((code for code in ("THREE-WAY", "CALL-WAITING", "CALLER-DISPLAY") if code not in has), None)
    return None if wanted is None else _on_line(OrderKind.FEATURES, line, day, product_codes=(wanted,))


def _care(wishes: Wishes, session: Session, day: date) -> PlaceOrder | None:
    line = wishes.line()
    if line is None:
        return None
    services = line_card(session, line.number, by=CLERK).line.services
    level = next((service.care_level for service in services if service.kind is ProductKind.LINE), None)
    return _on_line(OrderKind.CARE, line, day, care_level="3" if level != "3" else "4")


def _directory(wishes: Wishes, _: Session, day: date) -> PlaceOrder | None:
    line = wishes.line()
    return None if line is None else _on_line(OrderKind.DIRECTORY, line, day, emergency_name="The Larkspur Household")


def _renumber(wishes: Wishes, _: Session, day: date) -> PlaceOrder | None:
    line = wishes.line()
    return None if line is None else _on_line(OrderKind.RENUMBER, line, day)


def _move(wishes: Wishes, session: Session, day: date) -> PlaceOrder | None:
    """To a vacant place, keeping the number where it is of the same exchange."""
    line, place = wishes.line(), wishes.place()
    if line is None or place is None:
        return None
    exchange_id = session.execute(
        select(Site.exchange_id)
        .join(Line, Line.site_id == Site.id)
        .join(Service, Service.line_id == Line.id)
        .join(ServiceNumber, ServiceNumber.service_id == Service.id)
        .where(ServiceNumber.number == line.number, ServiceNumber.ends_at.is_(None))
    ).scalar()
    return _on_line(
        OrderKind.MOVE,
        line,
        day,
        LEAD_DAYS,
        address_key=place.address_key,
        emergency_name="The customer",
        keeps_number=exchange_id == place.exchange_id,
    )


def _shift(wishes: Wishes, _: Session, day: date) -> PlaceOrder | None:
    line = wishes.line()
    if line is None:
        return None
    slot_on = add_working_days(day, LEAD_DAYS - 1, NATION)
    return _on_line(OrderKind.SHIFT, line, day, LEAD_DAYS, appointment=Slot(slot_on=slot_on, half_day=HalfDay.PM))


def _lines(wishes: Wishes, _: Session, day: date) -> PlaceOrder | None:
    line = wishes.line(Segment.BUSINESS)
    return None if line is None else _on_line(OrderKind.LINES, line, day, LEAD_DAYS, line_count=2)


def _bar(wishes: Wishes, _: Session, day: date) -> PlaceOrder | None:
    line = wishes.line()
    if line is None:
        return None
    wishes.barred.append(line)
    return _on_line(OrderKind.BAR, line, day, 1, bar=BarKind.OUTGOING)


def _restore(wishes: Wishes, _: Session, day: date) -> PlaceOrder | None:
    """Whoever was barred has paid."""
    return _on_line(OrderKind.RESTORE, wishes.barred.pop(), day, 0) if wishes.barred else None


def _port_out(wishes: Wishes, _: Session, day: date) -> PlaceOrder | None:
    line = wishes.line()
    return None if line is None else _on_line(OrderKind.PORT_OUT, line, day, LEAD_DAYS, network_code=SPARE_NETWORK, ends_riding=True)


def _port_in(wishes: Wishes, _: Session, day: date) -> PlaceOrder | None:
    line = wishes.line()
    if line is None:
        return None
    return _on_line(OrderKind.PORT_IN, line, day, LEAD_DAYS, new_number=PORTED_IN, network_code=SPARE_NETWORK, authority="LOA 2026/14")


def _takeover(wishes: Wishes, session: Session, day: date) -> PlaceOrder | None:
    """Somebody moves in where somebody moves out, and takes over the line."""
    leaver, mover = wishes.line(), wishes.line()
    if leaver is None or mover is None:
        return None
    there = line_card(session, leaver.number, by=CLERK).line
    return _on_line(
        OrderKind.TAKEOVER,
        mover,
        day,
        LEAD_DAYS,
        number=leaver.number,
        address_key=there.address_key,
        product_codes=("LINE-RES",),
        directory_name="Mover A",
        emergency_name="A Mover",
    )


def _transfer(wishes: Wishes, session: Session, day: date) -> PlaceOrder | None:
    """A partner's customer comes to the own retail arm with the line."""
    line, theirs = wishes.line(Segment.BUSINESS), wishes.line(Segment.WHOLESALE)
    if line is None or theirs is None:
        return None
    there = line_card(session, theirs.number, by=CLERK).line
    return _on_line(OrderKind.TRANSFER, line, day, LEAD_DAYS, number=theirs.number, postcode=there.postcode)


WISHES: Final[tuple[Wish, ...]] = (
    *(_features, _takeover, _care, _move, _renumber, _lines, _transfer, _directory, _shift, _bar, _port_out, _restore, _port_in),
)
"""One kind a working day, from the demo's second day on, and round again."""
EVERY_LINES: Final = 4000
"""In a large district each comes so many lines' times a day."""


def wish_for(engine: Engine, wishes: Wishes, day: date, *, days_lived: int, lines: int) -> None:
    """The day's changes, keyed by Amy; a bar is Sue's. What is refused is heard on the telephone and forgotten."""
    if not is_working_day(day, NATION) or days_lived == 0:
        return
    for n in range(1 + lines // EVERY_LINES):
        wish = WISHES[(days_lived - 1 + n) % len(WISHES)]
        at = london_instant(day, time(10, 30 + n % 25))
        try:
            with transaction(engine) as session:
                command = wish(wishes, session, day)
                if command is None:
                    continue
                by = SUPERVISOR if KINDS[command.kind].is_treatment else CLERK
                wishes.placed.append(place_order(session, command, by=by, at=at).order_number)
        except CssError as refused:
            wishes.refused.append(f"{wish.__name__}: {refused}")
