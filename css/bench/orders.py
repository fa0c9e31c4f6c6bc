"""Orders: how many a second, one after another, each in a transaction of its own."""

from __future__ import annotations

import time as clock
from dataclasses import replace
from datetime import time

from css.bench.place import SEED, Place
from css.bench.table import Measured, show, timed, times
from css.core.calendar import add_working_days, london_instant
from css.core.words import DirectoryEntryKind, Segment
from css.db.engine import transaction
from css.demo.ground import VACANT_SHARE
from css.demo.life import AMY, NATION, PROVIDE_LEAD_DAYS
from css.demo.plan import DemoPlan
from css.demo.run import build
from orders.actions import place_order
from orders.commands import PlaceOrder
from orders.words import OrderKind

TENTHS = 10


def run(place: Place, orders: int) -> None:
    """Measure and print."""
    # One site in fifty of the vacant ones has no pair near it: those orders take another road and are left out.
    plan = DemoPlan(lines=(orders + orders // TENTHS) * VACANT_SHARE, days=1, seed=SEED)
    diary, _ = build(place.engine, plan)
    homes = [home for home in diary.vacant if home.pair_id is not None][:orders]
    at = london_instant(plan.starts_on, time(10))
    required_on = add_working_days(plan.starts_on, PROVIDE_LEAD_DAYS, NATION)
    accounts = [line.account_number for line in diary.lines if line.segment is Segment.RESIDENTIAL]
    marks = []
    with timed() as watch:
        for n, home in enumerate(homes):
            command = PlaceOrder(
                token=f"bench/{n}",
                kind=OrderKind.PROVIDE,
                account_number=accounts[n],
                product_codes=("LINE-RES",),
                address_key=home.address_key,
                required_on=required_on,
                contact_name="The customer",
                contact_phone="447700900000",
                directory_kind=DirectoryEntryKind.EX_DIRECTORY,
                emergency_name="The customer",
            )
            with transaction(place.engine) as session:
                place_order(session, command, by=AMY, at=at)
            marks.append(clock.perf_counter())
    tenth = max(1, len(homes) // TENTHS)
    first = Measured("of them the first tenth", tenth, marks[tenth - 1] - watch.began)
    last = Measured("of them the last tenth", tenth, marks[-1] - marks[-tenth - 1])
    rows = [Measured("orders placed", len(homes), watch.seconds), first, replace(last, ratio=times(last, first))]
    show(f"orders: placed one by one in a district of {plan.lines:,} lines (one connection)", rows)
