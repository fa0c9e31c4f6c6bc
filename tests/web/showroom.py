"""A small district where every screen has something to show, and a way to have it served to a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from flask import Flask
from sqlalchemy import Engine, text
from werkzeug.serving import WSGIRequestHandler, make_server

from batch.engine import run_net
from batch.net import Context
from batch.nets import NIGHT
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.core.words import Role
from css.db.engine import transaction
from css.demo.morning import Cast, hear_a_partner, live_a_morning
from css.master.reference import RETAIL
from css.web.examples import EXAMPLES, Example
from css.web.screen import Screen
from tests import builders
from tests.web.conftest import MovingClock, Seat, World, seated
from tests.web.knowing import caller_known

Names = dict[str, str]
"""What the braces of ``css.web.examples`` stand for."""

EVENING = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
EARLY = datetime(2026, 3, 3, 8, 5, tzinfo=UTC)
MORNING = datetime(2026, 3, 3, 9, 40, tzinfo=UTC)
"""When the screens are looked at: the first night is over, the first bill is out."""


@dataclass(frozen=True)
class Showroom:
    """The furnished district with three browsers in it: somebody with every role is signed on, nobody is, the desk is locked."""

    app: Flask
    engine: Engine
    world: World
    names: Names
    desk: Seat
    stranger: Seat
    locked: Seat

    def seat(self, screen: Screen) -> Seat:
        """Where a screen is looked at: most of them by whoever is signed on."""
        return {"SIGN": self.stranger, "LOCK": self.locked}.get(screen.code, self.desk)

    def address(self, screen: Screen) -> str:
        """Where a screen has something to show."""
        if screen.code in OWN_ADDRESSES:
            return OWN_ADDRESSES[screen.code]
        return example(screen).address(screen.code, self.names)

    def sit_down(self) -> None:
        """Somebody with every role signs on, and knows who is calling."""
        self.desk.client = seated(self.app, self.engine, "ALL1", MORNING).client
        caller_known(self.engine, "ALL1", self.names["customer"], MORNING)


OWN_ADDRESSES: Final = {"SIGN": "/sign-on", "LOCK": "/s/MENU"}
"""What stands before the sign-on, and over a locked desk, has no place among the screens."""


def example(screen: Screen) -> Example:
    """Its line in the table of examples, or none of its own."""
    return EXAMPLES.get(screen.code, Example())


def furnished(settled: tuple[Engine, World], application: tuple[Flask, MovingClock], home: Path) -> Showroom:
    """A module's district with everything in it, at nine forty the next morning, the caller made sure of."""
    engine, world = settled
    app, clock = application
    names = furnish(engine, world, home)
    clock.at = MORNING
    app.extensions["css"].given_engine = engine
    locked = seated(app, engine, "CLERK", MORNING)
    locked.open("/s/MENU")
    locked.client.post("/lock", data=locked.form())
    room = Showroom(app, engine, world, names, Seat(app.test_client()), Seat(app.test_client()), locked)
    room.sit_down()
    return room


def furnish(engine: Engine, world: World, home: Path) -> Names:
    """Live one day and its night: an order, a fault, a payment, a bill. Gives what is there by name."""
    with transaction(engine) as session:
        line = builders.working_line(session, world.district, world.second, site=world.district.gold[4])
        session.execute(text("UPDATE css.account SET cycle_day = 2, opened_on = '2026-02-20'"))
        session.execute(text("UPDATE css.operator SET credit_limit = 25000 WHERE 'supervisor' = ANY (roles)"))
    runner = Actor("batch", "night", RETAIL, door="night")
    outcome = run_net(engine, NIGHT, Context("ZZ", builders.DAY, EVENING, runner, home), clock=FixedClock(EVENING), workers=1)
    assert outcome.error is None, outcome.error
    people = Cast(
        customer=world.account.customer_number,
        account=world.account.number,
        other=world.other.number,
        dead_number=line.number,
        address_key=world.district.gold[5].address_key,
        today=MORNING.date(),
    )
    with transaction(engine) as session:
        came = live_a_morning(session, people, clerk=_at_desk("CLERK"), supervisor=_at_desk("SUPERVIS"), at=EARLY)
        came |= hear_a_partner(engine, by=_at_desk("CLERK"), at=EARLY)
        bill = session.execute(
            text("SELECT b.number FROM billing.bill b JOIN css.account a ON a.id = b.account_id WHERE a.number = :number"),
            {"number": world.account.number},
        ).scalar_one()
    return {
        "account": world.account.number,
        "customer": world.account.customer_number,
        "number": world.line.number,
        "other": world.other.number,
        "site": world.spare_site.address_key,
        "bill": bill,
        "district": "ZZ",
        "operator": "CLERK",
        "night": f"{builders.DAY:%Y-%m-%d}",
    } | came


def _at_desk(code: str) -> Actor:
    role = next(role for role in Role if role.name[:8] == code)
    return Actor("operator", code, RETAIL, frozenset({role.value}), "screen")


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """A test's output is for its faults."""


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The application at a port of its own, from this process; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
