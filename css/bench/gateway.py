"""The gateway: how many messages a second are acknowledged, which is after they are stored for good, and done.

A closed loop of so many connections that stay open, each sending one message after another to ``css gateway`` in processes of its own,
as partners would. Latency is from the first byte sent to the last byte of the Acknowledgement. Everybody is on this machine: the
clients, the gateway, the lanes and the database. While acceptance is measured the lanes are held, so that what is done does not take
from what is taken; then they are let go, and how fast the backlog becomes orders is measured; then both at once.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time as clock
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import time

from sqlalchemy import Engine, func, select, text

from css.bench.gateway_clients import Round, post_all
from css.bench.gateway_partners import DealtMessages, Sender, partners_of
from css.bench.place import SEED, Place
from css.bench.table import WIDTH, machine
from css.core.calendar import london_instant
from css.core.errors import Breach, Refused
from css.demo.plan import DemoPlan
from css.demo.run import build

ACCEPTED_TARGET, P99_TARGET_MS, DRAINED_TARGET = 200, 100, 100
LADDER = (1, 4, 16, 64)
DRAIN_SECONDS_MAX = 1800
WARMING = 20


@dataclass(frozen=True, slots=True)
class DrainedRound:
    """A backlog made into orders."""

    what: str
    messages: int
    done: int
    refused: int
    seconds: float
    a_second: float


@dataclass(frozen=True, slots=True)
class Restarted:
    """The whole gateway killed with a backlog and started again."""

    backlog: int
    first_done_seconds: float
    """From its start to the first message done."""
    lost: int
    """Acknowledged and not there afterwards."""
    twice: int
    """Done more than once."""


def run(place: Place, lines: int, messages: int, *, ladder: Sequence[int], workers: int, drainers: int, as_json: bool) -> None:
    """Measure and print."""
    plan = DemoPlan(lines=lines, days=1, seed=SEED)
    diary, _ = build(place.engine, plan)
    # The doors show the business date with the wall's time of day: what is in force at all, is from midnight.
    at = london_instant(plan.starts_on, time())
    senders = partners_of(place.engine, at)
    dealt = DealtMessages(
        place.engine, senders, [vacant.address_key for vacant in diary.vacant if vacant.pair_id is not None], plan.starts_on
    )
    rounds: list[Round] = []
    drained: list[DrainedRound] = []
    with _server(place, workers, drainers) as port:
        with _lanes_held(place.engine, senders):
            if not post_all(port, dealt.take(WARMING * workers), at_once=4).acknowledged:
                msg = "the gateway takes none of the messages"
                raise Breach(msg)
            rounds += [post_all(port, dealt.take(messages), at_once=at_once) for at_once in ladder]
        drained.append(_drain("two partners", place.engine))
        with _lanes_held(place.engine, senders):
            post_all(port, dealt.take(messages // 2, sender=senders[0]), at_once=4)
        drained.append(_drain("one partner", place.engine))
        both = post_all(port, dealt.take(messages), at_once=ladder[-1] if len(ladder) == 1 else ladder[-2])
        drained.append(_drain("the rest, after both at once", place.engine))
    restarted = _restart(place, dealt, senders, workers, drainers, messages // 2)
    _print(place, lines, rounds, drained, both, restarted, as_json=as_json)


@contextmanager
def _server(place: Place, workers: int, drainers: int) -> Iterator[int]:
    """``css gateway`` on loopback; its port. Killed at the end, all of it: what it acknowledged must outlive that."""
    url = place.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    words = ["--port", "0", "--workers", str(workers), "--drainers", str(drainers), "--no-deliveries", "--connections-a-peer", "1000"]
    with subprocess.Popen(  # noqa: S603 - our own arguments, no shell
        [sys.executable, "-m", "css", "gateway", *words],
        env={**os.environ, "CSS_DATABASE_URL": url, "CSS_HOME": str(place.home), "CSS_LOG_LEVEL": "WARNING", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if "http://" not in line:
                raise Refused("CSS961E", "The gateway does not start.", element="gateway")
            yield int(line.partition("http://")[2].partition("/")[0].rpartition(":")[2])
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def _lanes_held(engine: Engine, senders: Sequence[Sender]) -> Iterator[None]:
    """Nobody drains: the lanes of these partners are ours."""
    with engine.connect() as connection, connection.begin():
        for sender in senders:  # two of them
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"partners.lane/{sender.code}", 0))))
        yield


def _waiting(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM partners.inbox_message WHERE state = 'received'")).scalar_one())


def _outcomes(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT state, count(*) AS messages FROM partners.inbox_message GROUP BY state"))
        return {row.state: row.messages for row in rows}


def _drain(what: str, engine: Engine) -> DrainedRound:
    """Wait until nothing waits; from the moment the lanes are free."""
    before, began, backlog = _outcomes(engine), clock.perf_counter(), _waiting(engine)
    while _waiting(engine):
        if clock.perf_counter() - began > DRAIN_SECONDS_MAX:
            msg = "the gateway does not do what it took"
            raise Breach(msg)
        clock.sleep(0.05)
    seconds, after = clock.perf_counter() - began, _outcomes(engine)
    done, refused = (after.get(state, 0) - before.get(state, 0) for state in ("done", "refused"))
    return DrainedRound(what, backlog, done, refused, seconds, (done + refused) / seconds)


def _restart(place: Place, dealt: DealtMessages, senders: Sequence[Sender], workers: int, drainers: int, messages: int) -> Restarted:
    with _server(place, workers, drainers) as port, _lanes_held(place.engine, senders):
        sent = dealt.take(messages)
        acknowledged = post_all(port, sent, at_once=8).acknowledged
    # Killed with all of it waiting, and again when some of it is done.
    backlog = _waiting(place.engine)
    began = clock.perf_counter()
    with _server(place, workers, drainers):
        while _waiting(place.engine) == backlog:
            clock.sleep(0.01)
        first = clock.perf_counter() - began
        while _waiting(place.engine) > backlog // 2:
            clock.sleep(0.01)
    with _server(place, workers, drainers):
        _drain("after a kill", place.engine)
    with place.engine.connect() as connection:
        handled = connection.execute(text("SELECT message_id::text FROM partners.inbox_message WHERE state <> 'received'")).scalars().all()
        twice = connection.execute(
            text(
                "SELECT count(*) FROM (SELECT ref_to_message_id FROM css.outbox_message WHERE ref_to_message_id IS NOT NULL"
                " GROUP BY ref_to_message_id HAVING count(DISTINCT split_part(source_key, '/', 2)) > 1) repeated"
            )
        ).scalar_one()
    return Restarted(backlog, first, len(acknowledged - set(handled)), int(twice))


def _print(
    place: Place, lines: int, rounds: Sequence[Round], drained: Sequence[DrainedRound], both: Round, restarted: Restarted, *, as_json: bool
) -> None:
    if as_json:
        document = {
            "lines": lines,
            "targets": {"accepted_a_second": ACCEPTED_TARGET, "p99_ms": P99_TARGET_MS, "drained_a_second": DRAINED_TARGET},
            "accepted": [one.figures() for one in rounds],
            "accepted_while_draining": both.figures(),
            "drained": [{**asdict(one), "seconds": round(one.seconds, 2), "a_second": round(one.a_second, 1)} for one in drained],
            "restarted": {**asdict(restarted), "first_done_seconds": round(restarted.first_done_seconds, 2)},
            "machine": machine(place),
        }
        print(json.dumps(document))
        return
    print(f"\ngateway: messages stored and acknowledged over connections that stay open, {lines:,} lines\n{'=' * WIDTH}\n{machine(place)}")
    print(f"{'':<28}{'at once':>9}{'messages':>10}{'a second':>10}{'p50 ms':>9}{'p99 ms':>9}{'worst':>9}{'not taken':>11}")
    for what, one in [*(("accepted", one) for one in rounds), ("accepted while draining", both)]:
        found = one.figures()
        print(
            f"{what:<28}{one.at_once:>9}{found['messages']:>10,}{found['a_second']:>10}{found['p50_ms']:>9}{found['p99_ms']:>9}"
            f"{found['worst_ms']:>9}{found['not_taken']:>11}"
        )
    for turn in drained:
        print(
            f"drained, {turn.what}: {turn.done:,} done and {turn.refused:,} refused in {turn.seconds:.1f} s, {turn.a_second:.1f} a second"
        )
    print(
        f"killed with {restarted.backlog:,} waiting: the first done {restarted.first_done_seconds:.2f} s after the start,"
        f" {restarted.lost} lost, {restarted.twice} done twice"
    )
