"""The front of the gateway, with pages of the test's own: what each client may do to it, and what the others notice."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pytest

from css.partners.front.limits import Limits
from css.partners.front.server import Front
from tests.partners.fronts import GET, Line, eventually, fronted
from tests.partners.speaking import codes

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

POST = b"POST /partner/v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n"
QUICK = Limits(
    hello_seconds=0.3, head_seconds=0.3, body_seconds=0.3, answer_seconds=0.5, idle_seconds=0.3, linger_seconds=0.3, stop_seconds=5
)
BIG = 3_000_000


class Pages:
    """Tells what came; waits, fails, breaks off or says much when the address asks for it."""

    def __init__(self) -> None:
        self.seen: list[WSGIEnvironment] = []
        self.inside = threading.Semaphore(0)
        self.leave = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.seen.append(environ)
        body = environ["wsgi.input"].read()
        path = environ["PATH_INFO"]
        self.inside.release()
        if path.endswith("/wait"):
            assert self.leave.wait(20)
        if path.endswith("/fail"):
            msg = "s3cr3t"
            raise ValueError(msg)
        if path.endswith("/away"):
            raise ConnectionAbortedError
        if path.endswith("/later"):
            environ["css.later"](0.2)
        start_response("202 Accepted", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return [b"x" * BIG if path.endswith("/big") else f"{environ['REQUEST_METHOD']} {environ['QUERY_STRING']} {len(body)}".encode()]


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Front, int]]:
    """One for all tests that change nothing in it."""
    with fronted(Pages()) as both:
        yield both


@pytest.fixture(scope="module")
def port(running: tuple[Front, int]) -> int:
    return running[1]


@pytest.fixture(scope="module")
def quick() -> Iterator[int]:
    """One that has little patience."""
    with fronted(Pages(), QUICK) as (_, port):
        yield port


def test_requests_follow_one_another_on_a_connection(port: int) -> None:
    with Line(port) as line:
        for _ in range(3):
            line.send(POST + b"Content-Length: 3\r\n\r\nabc")
            assert line.answer() == (202, {"content-type": "text/plain", "content-length": "7"}, b"POST  3")
        line.send(POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
        assert line.answer()[2] == b"POST  3"


def test_requests_sent_ahead_are_answered_in_order(port: int) -> None:
    with Line(port) as line:
        line.send(b"".join(b"GET /?%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(200)))
        assert [line.answer()[2] for _ in range(200)] == [f"GET {number} 0".encode() for number in range(200)]


def test_a_body_is_asked_for_when_the_client_waits_for_that(port: int) -> None:
    with Line(port) as line:
        line.send(POST + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert line.answer()[0] == 100
        line.send(b"abc")
        assert line.answer()[2] == b"POST  3"
    with Line(port) as line:
        line.send(POST + b"Content-Length: 5000001\r\nExpect: 100-continue\r\n\r\n")
        status, fields, body = line.answer()
        assert (status, fields["connection"], codes(body)) == (413, "close", [("CSS500E", None)])
        assert line.is_closed()


def test_head_and_http_1_0(port: int) -> None:
    with Line(port) as line:
        line.send(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
        line.socket.settimeout(20)
        data = b""
        while data.count(b"\r\n\r\n") < 2 or not data.endswith(b" 0"):
            data += line.socket.recv(65_536)
        assert data.startswith(b"HTTP/1.1 202 ")
        assert data.count(b"GET after=0 0") == 1, "the first had no body"
    with Line(port) as line:
        line.send(b"GET /?a HTTP/1.0\r\n\r\n")
        status, fields, body = line.answer()
        assert (status, fields["connection"], body) == (202, "close", b"GET a 0")
        assert line.is_closed()


def test_a_client_that_ends_its_side_still_hears_its_answer(port: int) -> None:
    with Line(port) as line:
        line.send(GET)
        line.socket.shutdown(socket.SHUT_WR)
        assert line.answer()[0] == 202
        assert line.is_closed()
    with Line(port) as line:
        line.send(POST + b"Content-Length: 5\r\n\r\nabc")
        line.socket.shutdown(socket.SHUT_WR)
        status, _, body = line.answer()
        assert (status, codes(body)) == (400, [("CSS560E", None)])


def test_what_goes_to_the_pages_is_what_was_sent(running: tuple[Front, int]) -> None:
    pages = running[0]._application
    assert isinstance(pages, Pages)
    with Line(running[1], source="127.0.0.7") as line:
        line.send(
            b"POST /partner/v1/m%20x?a=%20b HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/xml\r\nX-A: 1\r\nx-a: 2\r\n"
            b"css.client_certificate: ff\r\nCss-Client-Certificate: ff\r\nX_Forged: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        )
        assert line.answer()[0] == 202
    seen = pages.seen[-1]
    assert (seen["PATH_INFO"], seen["QUERY_STRING"]) == ("/partner/v1/m x", "a=%20b")
    assert (seen["CONTENT_TYPE"], seen["CONTENT_LENGTH"], seen["REMOTE_ADDR"]) == ("application/xml", "0", "127.0.0.7")
    assert (seen["HTTP_X_A"], seen["HTTP_HOST"], seen["wsgi.url_scheme"]) == ("1,2", "gateway", "http")
    assert "css.client_certificate" not in seen
    assert not {"HTTP_X_FORGED", "HTTP_TRANSFER_ENCODING"} & set(seen)


def test_a_page_that_fails_is_answered_without_its_words(port: int, caplog: pytest.LogCaptureFixture) -> None:
    with Line(port) as line:
        line.send(GET.replace(b"outbox", b"outbox/fail"))
        status, fields, body = line.answer()
    assert (status, fields["retry-after"], codes(body)) == (503, "30", [("CSS567E", None)])
    assert "s3cr3t" not in caplog.text
    with Line(port) as line:
        line.send(GET.replace(b"outbox", b"outbox/away"))
        assert line.is_closed()


def test_an_answer_that_is_to_wait_keeps_no_thread() -> None:
    with fronted(Pages(), Limits(threads=1)) as (_, port), Line(port) as slow, Line(port) as other:
        slow.send(GET.replace(b"outbox", b"outbox/later"))
        other.send(GET)
        assert other.answer()[0] == 202
        assert slow.answer()[0] == 202


def test_a_refused_request_can_be_read_while_its_body_still_comes(port: int) -> None:
    """The answer is not torn from the client's hands by closing upon what it is still sending."""
    with Line(port) as line:
        line.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n")
        for _ in range(9):
            time.sleep(0.05)
            line.send(b"x" * 100_000)
        status, fields, body = line.answer()
        assert (status, codes(body), fields["connection"]) == (401, [("CSS556E", None)], "close")


# Slow ones.


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", None),
        (b"GET / HT", 408),
        (GET[:-2], 408),
        (POST + b"Content-Length: 5\r\n\r\nabc", 408),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc", 408),
        (POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", 100),
    ],
)
def test_who_does_not_go_on_is_not_waited_for(quick: int, sent: bytes, status: int | None) -> None:
    with Line(quick) as line:
        line.send(sent)
        if status is None:
            assert line.is_closed()
            return
        said, _, body = line.answer()
        assert said == status
        if status == 100:
            assert line.answer()[0] == 408
        else:
            assert codes(body) == [("CSS566E", None)]
        assert line.is_closed()


def test_who_goes_on_by_single_bytes_is_not_waited_for_either(quick: int) -> None:
    with Line(quick) as line:
        line.send(POST + b"Content-Length: 5000\r\n\r\n")
        with pytest.raises((ConnectionError, TimeoutError)):
            line.socket.settimeout(5)
            while True:
                line.send(b"x")
                time.sleep(0.05)


def test_a_connection_at_rest_is_closed_after_a_while(quick: int) -> None:
    with Line(quick) as line:
        line.send(GET)
        assert line.answer()[0] == 202
        assert line.is_closed()


def test_who_does_not_take_its_answer_loses_it_and_the_room_is_free_again() -> None:
    limits = Limits(answer_seconds=0.3, bytes_a_second=100_000_000)
    with fronted(Pages(), limits) as (front, port), Line(port, receive_bytes=4_096) as line:
        line.send(GET.replace(b"outbox", b"outbox/big"))
        assert eventually(lambda: front.store.held == BIG)
        assert eventually(lambda: front.store.held == 0)
        with pytest.raises((EOFError, ConnectionError)):
            line.answer()


# Many at once.


def test_one_address_has_so_many_connections_and_others_theirs() -> None:
    with fronted(Pages(), Limits(connections_a_peer=3)) as (_, port):
        lines = [Line(port) for _ in range(3)]
        with Line(port) as fourth, Line(port, source="127.0.0.2") as other:
            other.send(GET)
            assert other.answer()[0] == 202
            assert fourth.is_closed()
        lines.pop().close()
        assert eventually(lambda: _served(port))
        for line in lines:
            line.close()


def _served(port: int) -> bool:
    with Line(port) as line:
        try:
            line.send(GET)
            return line.answer()[0] == 202
        except (EOFError, ConnectionError):
            return False


def test_a_full_house_closes_who_kept_it_waiting_longest_and_strangers_first() -> None:
    with fronted(Pages(), Limits(connections=4)) as (_, port), Line(port) as known:
        known.send(GET)
        assert known.answer()[0] == 202
        idle = [Line(port) for _ in range(3)]
        idle[0].send(b"GET / ")
        with Line(port) as new:
            new.send(GET)
            assert new.answer()[0] == 202
            assert idle[0].is_closed()
            assert not idle[1].is_closed(0.1)
            known.send(GET)
            assert known.answer()[0] == 202, "it has shown that it is somebody"
        for line in idle:
            line.close()


def test_peers_take_turns_and_one_leaves_a_thread_to_the_others() -> None:
    pages = Pages()
    with fronted(pages, Limits(threads=3, threads_a_peer=2)) as (_, port):
        greedy = [Line(port, source="127.0.0.3") for _ in range(6)]
        for line in greedy:
            line.send(GET.replace(b"outbox", b"outbox/wait"))
        assert pages.inside.acquire(timeout=20)
        assert pages.inside.acquire(timeout=20)
        with Line(port) as other:
            other.send(GET)
            assert other.answer()[0] == 202
        pages.leave.set()
        for line in greedy:
            assert line.answer()[0] == 202
            line.close()


def test_more_than_can_wait_are_told_to_come_again() -> None:
    pages = Pages()
    with fronted(pages, Limits(threads=1, threads_a_peer=1, waiting=1)) as (_, port), Line(port) as first, Line(port) as second:
        first.send(GET.replace(b"outbox", b"outbox/wait"))
        assert pages.inside.acquire(timeout=20)
        second.send(GET)
        assert eventually(lambda: _status(port) == 503)
        pages.leave.set()
        assert (first.answer()[0], second.answer()[0]) == (202, 202)
        assert eventually(lambda: _status(port) == 202)


def _status(port: int) -> int:
    with Line(port) as line:
        line.send(GET)
        status, fields, body = line.answer()
        assert status == 202 or (fields["retry-after"], codes(body)) == ("1", [("CSS565E", None)])
        return status


def test_a_connection_that_breaks_off_in_the_middle_harms_nobody() -> None:
    pages = Pages()
    with fronted(pages) as (front, port):
        for sent in (b"", b"GET", GET, POST + b"Content-Length: 90000\r\n\r\nabc", GET.replace(b"outbox", b"outbox/big")):
            line = Line(port)
            line.send(sent)
            line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.close()
        with Line(port) as other:
            other.send(GET)
            assert other.answer()[0] == 202
        assert eventually(lambda: not front._strangers and not front._known and front.store.held == 0)
        assert not front._peers


def test_who_is_gone_before_its_answer_harms_nobody_whose_request_is_read_just_then() -> None:
    """Its place in the queue goes to somebody else, in the middle of whose request the gateway finds that nobody is there."""
    pages = Pages()
    with fronted(pages, Limits(threads=1, waiting=4)) as (_, port), Line(port) as first, Line(port) as good:
        first.send(GET.replace(b"outbox", b"outbox/wait"))
        assert pages.inside.acquire(timeout=20)
        for _ in range(8):
            line = Line(port, source="127.0.0.4")
            line.send(GET)
            line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            time.sleep(0.01)
            line.close()
        good.send(GET)
        pages.leave.set()
        assert (first.answer()[0], good.answer()[0]) == (202, 202)


# Stopping.


def test_what_is_in_hand_is_answered_before_the_server_stops() -> None:
    pages = Pages()
    with fronted(pages) as (front, port), Line(port) as busy, Line(port) as idle:
        busy.send(GET.replace(b"outbox", b"outbox/wait"))
        assert pages.inside.acquire(timeout=20)
        front.stop()
        assert idle.is_closed()
        pages.leave.set()
        status, fields, _ = busy.answer()
        assert (status, fields["connection"]) == (202, "close")
        assert busy.is_closed()
