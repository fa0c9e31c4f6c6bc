"""What an operator waits for: find the customer, see the customer on one page. First the queries, then the whole page."""

from __future__ import annotations

import statistics
import time as clock
from collections.abc import Callable, Sequence
from datetime import time, timedelta

from css.bench.place import NIGHT_OF, Place, evening
from css.bench.table import Measured, show
from css.core.calendar import london_instant
from css.core.clock import FixedClock
from css.core.words import Segment
from css.db.engine import transaction
from css.demo.life import AMY
from css.demo.plan import DISTRICT, PASSWORD
from css.demo.run import night
from css.master.cards import account_card
from css.master.find import find_customers
from css.settings import Settings
from css.web.app import create_app
from css.web.guard import COOKIE
from css.web.session import sign_on

CUSTOMERS = 100
"""Each asked for once; a first one, not counted, fills what is filled once."""


def run(place: Place, lines: int) -> None:
    """Measure and print."""
    diary = evening(place, lines)
    night(place.engine, DISTRICT, NIGHT_OF, place.home, workers=1, watcher=None)
    homes = [line for line in diary.lines if line.segment is Segment.RESIDENTIAL]
    some = homes[:: max(1, len(homes) // CUSTOMERS)][:CUSTOMERS]

    def find(text: str) -> None:
        with transaction(place.engine) as session:
            assert find_customers(session, text, by=AMY), text

    def card(account: str) -> None:
        with transaction(place.engine) as session:
            account_card(session, account, by=AMY)

    page = _browser(place)
    numbers, accounts = [line.number for line in some], [line.account_number for line in some]
    rows = [
        _each("find by number: query", find, numbers),
        _each("customer's card: query", card, accounts),
        _each("find by number: screen CS01", lambda number: page(f"/s/CS01/{number}"), numbers),
        _each("customer on one page: CU03", lambda account: page(f"/s/CU03/{account}"), accounts),
    ]
    show(f"screen: a district of {lines:,} lines (one operator, no network, no browser)", rows)


def _browser(place: Place) -> Callable[[str], None]:
    at = london_instant(NIGHT_OF + timedelta(days=1), time(9))
    app = create_app(Settings(home=place.home, secret_key="for measuring and nothing else"), place.engine, FixedClock(at))  # noqa: S106 - it signs nothing that outlives the measurement
    with transaction(place.engine) as session:
        signed_on = sign_on(session, AMY.name, PASSWORD, at=at)
    assert signed_on is not None, "the demo's operator signs on"
    client = app.test_client()
    client.set_cookie(COOKIE, signed_on.token)

    def open_page(path: str) -> None:
        answer = client.get(path)
        assert answer.status_code < 400, (path, answer.status)  # noqa: PLR2004 - HTTP's own line between yes and no

    return open_page


def _each(what: str, do: Callable[[str], None], keys: Sequence[str]) -> Measured:
    do(keys[0])
    took = []
    for key in keys:
        began = clock.perf_counter()
        do(key)
        took.append(clock.perf_counter() - began)
    slow = statistics.quantiles(took, n=20)[-1]
    return Measured(what, len(took), sum(took), f"median {1000 * statistics.median(took):.1f} ms, one in twenty over {1000 * slow:.1f} ms")
