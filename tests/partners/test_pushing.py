"""Documents pushed to partners: in strict order, each until it is taken, whatever the partner's server and our processes do."""

from __future__ import annotations

import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from css.core.clock import FixedClock
from css.db.engine import transaction
from css.master.providers import Provider
from css.master.reference import PARTNER
from css.partners.bringing import pushing
from css.partners.bringing.delivering import Delivered, deliver_forever, deliver_once
from css.partners.model import DeliveryAttempt, DeliveryOutcome, DeliveryWay
from css.partners.outgoing.deliveries import note_fetched
from css.partners.outgoing.redelivering import (
    AttemptRow,
    DeliverAfter,
    DeliveryRow,
    ResendDocument,
    deliver_after,
    deliveries,
    delivery_attempts,
    resend_document,
)
from tests.batch.killing import branch_off
from tests.builders import OPERATOR
from tests.partners.one_push import child
from tests.partners.receiving import HERE, KEY, Clock, Receiver, agree, answering, leave, receiver, saying
from tests.partners.speaking import AT, RIVAL_CODE, scene
from tests.race import together


@pytest.fixture
def partner(fresh_engine: Engine) -> Iterator[Receiver]:
    """A partner to whom documents are pushed, and its server."""
    with transaction(fresh_engine) as session:
        scene(session, sites=1)
    with receiver() as made:
        agree(fresh_engine, DeliveryWay.PUSH, push_url=f"http://127.0.0.1:{made.port}/css?for=us")
        yield made


def push(engine: Engine, clock: Clock) -> Delivered:
    return deliver_once(engine, clock, reach=HERE)


def state(engine: Engine) -> DeliveryRow:
    with transaction(engine) as session:
        return next(row for row in deliveries(session) if row.provider_code == PARTNER)


def attempts(engine: Engine) -> list[AttemptRow]:
    with transaction(engine) as session:
        return list(reversed(delivery_attempts(session, PARTNER, limit=500)))


def test_documents_arrive_in_order_byte_for_byte_and_once(fresh_engine: Engine, partner: Receiver) -> None:
    bodies = leave(fresh_engine, 5)
    assert push(fresh_engine, Clock()) == Delivered(delivered=5)
    assert push(fresh_engine, Clock()) == Delivered()
    assert partner.sequences == [1, 2, 3, 4, 5]
    assert [request.body for request in partner.came] == bodies
    assert not any(request.is_possible_duplicate for request in partner.came)
    first = partner.came[0]
    assert first.line == "POST /css?for=us HTTP/1.1"
    assert first.headers["host"] == f"127.0.0.1:{partner.port}"
    assert first.headers["authorization"] == f"Bearer {KEY}"
    assert first.headers["content-type"] == "application/xml; charset=utf-8"
    assert (first.headers["css-message-type"], first.headers["css-last-sequence"]) == ("OrderUpdate", "5")
    assert state(fresh_engine).waiting == 0


BAD = {
    "500": answering(500),
    "busy": answering(503),
    "created": answering(201),
    "nothing to say": answering(204),
    "elsewhere": answering(302, "Location: http://127.0.0.1:1/stolen"),
    "no": answering(400),
    "closes": saying(b""),
    "cut short": saying(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nhalf"),
    "no HTTP": saying(b"220 mail.example.com ESMTP\r\n"),
    "half a line": saying(b"HTTP/1.1 2"),
    "silent": saying(b"", then_wait_seconds=1.2),
    "says it late": answering(202, wait_seconds=1.2),
    "too much": answering(200, body=b"x" * 70_000),
    "headers without end": saying(b"HTTP/1.1 202 Accepted\r\n" + b"X-More: " + b"x" * 200_000),
    "continues for ever": saying(b"HTTP/1.1 100 Continue\r\n\r\n" * 5_000),
    "length is a lie": saying(b"HTTP/1.1 202 Accepted\r\nContent-Length: -1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"),
}


@pytest.mark.parametrize("conduct", BAD)
def test_whatever_is_not_a_whole_200_or_202_in_time_is_tried_again_and_nothing_overtakes(
    fresh_engine: Engine, partner: Receiver, conduct: str
) -> None:
    bodies, clock = leave(fresh_engine, 2), Clock()
    partner.conducts.append(BAD[conduct])
    impatient = type(HERE)(HERE.networks, seconds=1)
    assert deliver_once(fresh_engine, clock, reach=impatient) == Delivered(failed=1)
    assert partner.sequences == [1]
    assert push(fresh_engine, clock) == Delivered(), "not before its time"
    clock.later(seconds=30)
    assert push(fresh_engine, clock) == Delivered(delivered=2)
    assert partner.sequences == [1, 1, 2]
    assert [request.is_possible_duplicate for request in partner.came] == [False, True, False]
    assert partner.came[0].body == partner.came[1].body == bodies[0]
    assert partner.came[0].headers["css-message-id"] == partner.came[1].headers["css-message-id"]
    first = attempts(fresh_engine)[0]
    assert (first.outcome, first.is_possible_duplicate) == (DeliveryOutcome.FAILED, False)
    assert first.words is not None
    assert "example.com" not in first.words, "never what the server wrote"


def test_a_drop_at_a_time_is_no_way_to_keep_us(fresh_engine: Engine, partner: Receiver) -> None:
    leave(fresh_engine, 1)

    def dripping(connection: socket.socket) -> None:
        for byte in b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n":
            connection.sendall(bytes([byte]))
            time.sleep(0.1)

    partner.conducts.append(dripping)
    begun = time.monotonic()
    assert deliver_once(fresh_engine, Clock(), reach=type(HERE)(HERE.networks, seconds=1)) == Delivered(failed=1)
    assert time.monotonic() - begun < 3
    assert attempts(fresh_engine)[0].words == "No whole answer within 1 seconds."


def test_a_server_that_answers_before_it_has_read_everything_is_heard(fresh_engine: Engine, partner: Receiver) -> None:
    """Its 413 is worth more to whoever looks than a broken pipe."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse_unread() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(10)
                connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
                connection.shutdown(socket.SHUT_WR)
                time.sleep(0.3)

        threading.Thread(target=refuse_unread, daemon=True).start()
        agree(fresh_engine, DeliveryWay.PUSH, push_url=f"http://127.0.0.1:{listening.getsockname()[1]}/")
        leave(fresh_engine, 1, body=b"<D>" + b"x" * 4_000_000 + b"</D>")
        assert push(fresh_engine, Clock()).failed == 1
    row = attempts(fresh_engine)[0]
    assert row.outcome is DeliveryOutcome.FAILED
    assert row.status in {413, None}


class HalfHeard(socket.socket):
    """A connection whose other end closes its ear in the middle, and has already said that it took everything."""

    said = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

    def sendall(self, *_: object) -> None:
        raise BrokenPipeError

    def recv_into(self, buffer: Any, *_: int) -> int:  # noqa: ANN401 - as a socket's
        said, self.said = self.said, b""
        buffer[: len(said)] = said
        return len(said)


def test_who_says_200_before_the_end_of_the_document_has_not_got_it() -> None:
    with HalfHeard() as connection:
        outcome = pushing._exchanged(connection, b"POST", b"<D/>", pushing._Deadline(time.monotonic() + 5))
    assert (outcome.is_delivered, outcome.status) == (False, 200)
    assert outcome.words == "Answered 200 before it had the whole document."


def test_the_waits_are_thirty_seconds_three_times_and_then_five_minutes(fresh_engine: Engine, partner: Receiver) -> None:
    leave(fresh_engine, 1)
    clock = Clock()
    partner.conducts += [answering(500)] * 6
    waits = []
    for _ in range(6):
        assert push(fresh_engine, clock).failed == 1
        row = state(fresh_engine)
        assert row.next_try_at is not None
        waits.append((row.next_try_at - clock.at).total_seconds())
        clock.at = row.next_try_at
    assert waits == [30, 30, 30, 300, 300, 300]
    assert push(fresh_engine, clock).delivered == 1
    assert state(fresh_engine).failures == 0
    assert state(fresh_engine).next_try_at is None


def test_a_server_may_ask_for_more_patience_but_not_for_ever(fresh_engine: Engine, partner: Receiver) -> None:
    leave(fresh_engine, 1)
    clock = Clock()
    partner.conducts += [answering(503, "Retry-After: 120"), answering(429, "Retry-After: 999999999"), answering(503, "Retry-After: soon")]
    for seconds in (120, 3600, 30):
        push(fresh_engine, clock)
        row = state(fresh_engine)
        assert row.next_try_at == clock.at + timedelta(seconds=seconds)
        clock.at += timedelta(seconds=seconds)


KILLS = ["before sending", "after sending"]


def pushing_child(engine: Engine, kill_at: int | str, home: Path) -> int:
    """The exit status of a process that pushes what is due."""
    return branch_off(child, engine.url.render_as_string(hide_password=False), kill_at, home=home)[0]


@pytest.mark.parametrize("at", KILLS)
def test_killed_between_sending_and_writing_it_down_the_document_goes_again_marked(
    fresh_engine: Engine, partner: Receiver, at: str, tmp_path: Path
) -> None:
    bodies = leave(fresh_engine, 2)
    assert pushing_child(fresh_engine, at, tmp_path) == -signal.SIGKILL
    assert [row.outcome for row in attempts(fresh_engine)] == [DeliveryOutcome.UNDER_WAY]
    went = 1 if at == "after sending" else 0
    assert len(partner.came) == went
    assert push(fresh_engine, Clock()) == Delivered(delivered=2)
    assert [request.body for request in partner.came] == [bodies[0]] * went + bodies
    assert [request.is_possible_duplicate for request in partner.came[went:]] == [True, False]
    outcomes = [row.outcome for row in attempts(fresh_engine)]
    assert outcomes == [DeliveryOutcome.UNDER_WAY, DeliveryOutcome.DELIVERED, DeliveryOutcome.DELIVERED]


def test_killed_at_any_commit_everything_arrives_in_order(fresh_engine: Engine, partner: Receiver, tmp_path: Path) -> None:
    bodies = leave(fresh_engine, 2)
    for number in range(1, 40):
        status = pushing_child(fresh_engine, number, tmp_path)
        if status == 0:
            break
        assert status == -signal.SIGKILL
        with transaction(fresh_engine) as session:
            deliver_after(session, DeliverAfter(provider_code=PARTNER, after=0), by=OPERATOR, at=AT)
    assert number > 10
    # Between two deaths everything was begun again: whatever came is the first, then the second, and never one without mark twice.
    assert partner.sequences.count(2) >= 1
    assert set(zip(partner.sequences, [request.body for request in partner.came], strict=True)) == {(1, bodies[0]), (2, bodies[1])}
    unmarked = [request.sequence for request in partner.came if not request.is_possible_duplicate]
    assert len(unmarked) == len(set(unmarked))
    assert partner.sequences[-2:] == [1, 2]


def test_many_who_push_at_once_send_each_document_once(fresh_engine: Engine, partner: Receiver) -> None:
    leave(fresh_engine, 12)
    partner.conducts += [answering(202, wait_seconds=0.02)] * 12
    rounds = together(*[lambda: push(fresh_engine, Clock())] * 6)
    assert not [one for one in rounds if isinstance(one, Exception)]
    # Whoever looks after the first has let go may take what it left: never two at a time.
    push(fresh_engine, Clock())
    assert partner.sequences == list(range(1, 13))
    assert partner.at_once_most == 1


def test_a_silent_partner_keeps_nobody_else_waiting(fresh_engine: Engine, partner: Receiver) -> None:
    stop = threading.Event()
    with receiver() as other:
        agree(fresh_engine, DeliveryWay.PUSH, RIVAL_CODE, push_url=f"http://127.0.0.1:{other.port}/")
        partner.conducts.append(saying(b"", then_wait_seconds=2))
        leave(fresh_engine, 1)
        working = threading.Thread(
            target=deliver_forever, args=(lambda: fresh_engine, Clock(), stop), kwargs={"reach": HERE, "every_seconds": 0.05}
        )
        working.start()
        until(lambda: bool(partner.came))
        leave(fresh_engine, 3, RIVAL_CODE)
        until(lambda: len(other.came) == 3)
        assert state(fresh_engine).last_outcome is DeliveryOutcome.UNDER_WAY, "the silent one is still being asked"
        stop.set()
        working.join(10)
    assert not working.is_alive()
    assert state(fresh_engine).last_outcome is DeliveryOutcome.FAILED, "what was under way is written down before we end"


def until(is_so: object, seconds: float = 8) -> None:
    assert callable(is_so)
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def test_a_document_is_sent_once_more_when_asked_besides_those_in_turn(fresh_engine: Engine, partner: Receiver) -> None:
    bodies, clock = leave(fresh_engine, 3), Clock()
    push(fresh_engine, clock)
    leave(fresh_engine, 1)
    with transaction(fresh_engine) as session:
        again = resend_document(session, ResendDocument(provider_code=PARTNER, sequence=2), by=OPERATOR, at=AT)
    assert again.sequence == 2
    assert push(fresh_engine, clock) == Delivered(delivered=2)
    assert partner.sequences == [1, 2, 3, 2, 4]
    assert partner.came[3].body == bodies[1]
    assert [request.is_possible_duplicate for request in partner.came] == [False, False, False, True, False]
    assert push(fresh_engine, clock) == Delivered()


def test_a_document_sent_once_more_that_nobody_takes_is_given_up(fresh_engine: Engine, partner: Receiver) -> None:
    leave(fresh_engine, 1)
    clock = Clock()
    push(fresh_engine, clock)
    with transaction(fresh_engine) as session:
        resend_document(session, ResendDocument(provider_code=PARTNER, sequence=1), by=OPERATOR, at=AT)
    leave(fresh_engine, 1)
    partner.conducts += [answering(500)] * 4
    for _ in range(4):
        assert push(fresh_engine, clock).failed == 1
        clock.later(minutes=5)
    assert push(fresh_engine, clock) == Delivered(delivered=1)
    assert partner.sequences == [1, 1, 1, 1, 1, 2]


def test_what_a_partner_has_fetched_is_marked_when_it_is_pushed(fresh_engine: Engine, partner: Receiver) -> None:
    leave(fresh_engine, 2)
    with transaction(fresh_engine) as session:
        provider_id = session.execute(select(Provider.id).where(Provider.code == PARTNER)).scalar_one()
        assert not note_fetched(session, provider_id, 1)
        assert note_fetched(session, provider_id, 1)
    push(fresh_engine, Clock())
    assert [request.is_possible_duplicate for request in partner.came] == [True, False]
    with transaction(fresh_engine) as session:
        assert note_fetched(session, provider_id, 2), "it was brought"


def test_nothing_of_a_document_or_of_a_key_is_logged(fresh_engine: Engine, partner: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    leave(fresh_engine, 2, body=b"<Marked>MARLOW</Marked>")
    partner.conducts.append(answering(500, "X-Secret: SERVERWROTE", body=b"SERVERWROTE"))
    clock = Clock()
    push(fresh_engine, clock)
    clock.later(minutes=1)
    push(fresh_engine, clock)
    said = caplog.text + repr([vars(record) for record in caplog.records]) + repr(attempts(fresh_engine))
    assert "document pushed" in said
    assert not [word for word in ("MARLOW", KEY, "SERVERWROTE") if word in said]


def test_an_attempt_is_on_record_before_anything_is_sent(fresh_engine: Engine, partner: Receiver) -> None:
    seen: list[int] = []

    def looking(connection: socket.socket) -> None:
        with fresh_engine.connect() as other:
            seen.append(len(other.execute(select(DeliveryAttempt.id).where(DeliveryAttempt.outcome == DeliveryOutcome.UNDER_WAY)).all()))
        answering(202)(connection)

    leave(fresh_engine, 1)
    partner.conducts.append(looking)
    push(fresh_engine, Clock())
    assert seen == [1]


def test_a_process_that_is_killed_in_mid_answer_lets_go_of_its_partner(fresh_engine: Engine, partner: Receiver) -> None:
    leave(fresh_engine, 1)
    partner.conducts.append(saying(b"", then_wait_seconds=3))
    url = fresh_engine.url.render_as_string(hide_password=False)
    program = f"from tests.partners.one_push import child\nchild({url!r}, 0, '/dev/null')"
    pushing = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2])
    until(lambda: bool(partner.came), 30)
    assert push(fresh_engine, Clock()) == Delivered(busy=1), "somebody is at it"
    pushing.kill()
    pushing.wait()
    until(lambda: push(fresh_engine, Clock()).delivered == 1)
    assert partner.sequences == [1, 1]
    assert partner.came[1].is_possible_duplicate


def test_a_fixed_instant_is_enough_of_a_clock(fresh_engine: Engine, partner: Receiver) -> None:
    leave(fresh_engine, 1)
    assert deliver_once(fresh_engine, FixedClock(AT), reach=HERE, provider_code=RIVAL_CODE) == Delivered()
    assert deliver_once(fresh_engine, FixedClock(AT), reach=HERE, provider_code=PARTNER).delivered == 1
