"""Lanes beside the gateway: what is acknowledged is done once, in order, whoever is killed and however many are at it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from css.core.clock import FixedClock
from css.core.errors import Unavailable
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.intake import draining
from css.partners.intake.draining import drain_forever
from css.partners.intake.handling import drain
from css.partners.intake.inbox import receive
from css.partners.messages import orders
from css.partners.model import InboxMessage, InboxState
from css.xml import MessageHeader
from orders.actions import place_order
from orders.model import CustomerOrder
from tests.batch.killing import branch_off
from tests.partners.one_drainer import drain_until_killed
from tests.partners.speaking import AT, CLOCK, RIVAL, RIVAL_CODE, US, Scene, header, orders_of, scene, stored, submit_order, told


@dataclass
class Lanes:
    """A drainer in a thread."""

    stop: threading.Event
    thread: threading.Thread

    def end(self) -> None:
        self.stop.set()
        self.thread.join(20)
        assert not self.thread.is_alive()


@pytest.fixture
def lanes(engine: Engine) -> Iterator[Callable[..., Lanes]]:
    started: list[Lanes] = []

    def start(count: int = 1, on: Engine | None = None) -> Lanes:
        stop = threading.Event()
        thread = threading.Thread(target=drain_forever, args=(lambda: on or engine, CLOCK, stop), kwargs={"lanes": count})
        thread.start()
        started.append(Lanes(stop, thread))
        return started[-1]

    yield start
    for one in started:
        one.end()


def keep(engine: Engine, data: bytes, provider_code: str = PARTNER) -> None:
    """Acknowledged and left for the lanes."""
    answer = receive(engine, provider_code, data, clock=FixedClock(AT), own_party=US, handle=False)
    assert answer.status == 202


def until(so: Callable[[], bool]) -> None:
    """Wait for it; generously, for the machine may be busy."""
    ends = time.monotonic() + 60
    while not so():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.02)


def waiting(engine: Engine) -> int:
    with transaction(engine) as session:
        return session.execute(select(func.count()).where(InboxMessage.state == InboxState.RECEIVED)).scalar_one()


def test_what_is_received_without_handling_is_done_by_the_lanes(
    engine: Engine, district: Scene, site: Callable[[], str], lanes: Callable[..., Lanes]
) -> None:
    before, after = header(), header()
    keep(engine, submit_order(district.account, site(), head=before))
    assert stored(engine, before.message_id).state is InboxState.RECEIVED, "the partner's answer did not wait for it"
    lanes()
    until(lambda: waiting(engine) == 0)
    keep(engine, submit_order(district.account, site(), head=after))
    until(lambda: waiting(engine) == 0)
    assert [len(orders_of(engine, head.message_id)) for head in (before, after)] == [1, 1]


def test_a_lane_that_is_held_keeps_nobody_else_waiting(
    engine: Engine, district: Scene, site: Callable[[], str], lanes: Callable[..., Lanes]
) -> None:
    held, free = header(), header(sender=RIVAL)
    keep(engine, submit_order(district.account, site(), head=held))
    keep(engine, submit_order(district.rival_account, site(), head=free), RIVAL_CODE)
    with engine.connect() as other, other.begin():
        other.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"partners.lane/{PARTNER}", 0))))
        lanes()
        until(lambda: stored(engine, free.message_id, RIVAL_CODE).state is InboxState.DONE)
        assert stored(engine, held.message_id).state is InboxState.RECEIVED
    until(lambda: waiting(engine) == 0)


def test_what_failed_waits_a_while_and_is_tried_again(
    engine: Engine, district: Scene, site: Callable[[], str], lanes: Callable[..., Lanes], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, good = header(), header()
    tries: list[str] = []

    def place(session: Session, command: object, **others: object) -> object:
        tries.append(getattr(command, "token", ""))
        if tries.count(broken.message_id) == 1 and tries[-1] == broken.message_id:
            msg = "a fault of ours"
            raise RuntimeError(msg)
        return place_order(session, command, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(orders, "place_order", place)
    monkeypatch.setattr(draining, "AGAIN_SECONDS", 1.0)
    keep(engine, submit_order(district.account, site(), head=broken))
    keep(engine, submit_order(district.account, site(), head=good))
    lanes()
    until(lambda: waiting(engine) == 0)
    assert tries == [broken.message_id, good.message_id, broken.message_id]


def test_a_database_that_is_away_ends_nothing(
    engine: Engine, district: Scene, site: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "AFTER_TROUBLE_SECONDS", 0.1)
    head = header()
    keep(engine, submit_order(district.account, site(), head=head))
    asked: list[int] = []

    def giver() -> Engine:
        asked.append(1)
        if len(asked) < 3:
            raise Unavailable("CSS020E", "The database cannot be reached.")
        return engine

    stop = threading.Event()
    thread = threading.Thread(target=drain_forever, args=(giver, CLOCK, stop), kwargs={"lanes": 1})
    thread.start()
    until(lambda: waiting(engine) == 0)
    stop.set()
    thread.join(20)
    assert len(orders_of(engine, head.message_id)) == 1


def test_several_drainers_at_two_lanes_do_everything_once_and_in_order(fresh_engine: Engine, lanes: Callable[..., Lanes]) -> None:
    with transaction(fresh_engine) as session:
        where = scene(session, sites=24)
    for _ in range(3):
        lanes(2, fresh_engine)
    heads: dict[str, list[MessageHeader]] = {PARTNER: [], RIVAL_CODE: []}
    for number, place in enumerate(where.district.gold[:24]):
        code, account = ((PARTNER, where.account), (RIVAL_CODE, where.rival_account))[number % 2]
        head = header() if code == PARTNER else header(sender=RIVAL)
        heads[code].append(head)
        keep(fresh_engine, submit_order(account, place.address_key, head=head), code)
    until(lambda: waiting(fresh_engine) == 0)
    with transaction(fresh_engine) as session:
        rows = session.execute(text("SELECT customer_reference FROM orders.customer_order ORDER BY id")).scalars().all()
    assert len(rows) == 24
    for code, sent in heads.items():
        mine = [f"PO-{head.message_id}" for head in sent]
        assert [row for row in rows if row in mine] == mine, code


def test_killed_at_every_durable_point_the_lanes_lose_nothing_and_do_nothing_twice(fresh_engine: Engine, tmp_path: Path) -> None:
    with transaction(fresh_engine) as session:
        where = scene(session, sites=24)
    url = fresh_engine.url.render_as_string(hide_password=False)
    places = iter(where.district.gold)
    sent: list[MessageHeader] = []

    def three() -> None:
        """The second of them refused."""
        for others in ({}, {"ProductCode": "NO-SUCH"}, {}):
            sent.append(header())
            keep(fresh_engine, submit_order(where.account, next(places).address_key, head=sent[-1], **others))

    three()
    # Before and after each commit: looking for lanes, three messages, the end of the lane; and a look that finds nothing.
    assert branch_off(drain_until_killed, url, 0, home=tmp_path) == (0, 12)

    for point in range(3, 9):
        three()
        assert branch_off(drain_until_killed, url, point, home=tmp_path) == (-9, 0)
        drain(fresh_engine, clock=CLOCK)

    assert waiting(fresh_engine) == 0
    for number, head in enumerate(sent):
        expected = ["ORDER_REJECTED"] if number % 3 == 1 else ["ACKNOWLEDGED", "COMMITTED"]
        assert told(fresh_engine, head.conversation_id) == expected
    with transaction(fresh_engine) as session:
        assert session.execute(select(func.count()).select_from(CustomerOrder)).scalar() == 2 * len(sent) // 3
        sequences = session.execute(text("SELECT array_agg(sequence ORDER BY sequence) FROM css.outbox_message")).scalar_one()
    assert sequences == list(range(1, len(sequences) + 1))
