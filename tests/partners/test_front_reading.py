"""Bytes into requests: what could mean two things is refused, and nothing is kept of what is too large."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css.partners.front.limits import Limits
from css.partners.front.reading import Reader, Refused, Request, Stage
from css.partners.front.store import Store

SMALL = Limits(body_bytes=1_000, short_bytes=100, chunks=8, store_bytes=4_000)
POST = b"POST /partner/v1/messages HTTP/1.1\r\nHost: x\r\n"


def reader(limits: Limits = SMALL, store: Store | None = None) -> Reader:
    return Reader(limits, (store or Store(limits.store_bytes)).share_of("1"))


def read(data: bytes, *, piece: int | None = None) -> list[Request]:
    """All requests in the bytes, as if each was answered before the next was looked at."""
    made, found = reader(), []
    for start in range(0, len(data), piece or len(data) or 1):
        made.feed(data[start : start + (piece or len(data))])
        while made.stage in {Stage.HEAD, Stage.BODY} and (request := made.advance()) is not None:
            found.append(request)
            made.answer(200, [], b"")
            made.next()
    return found


def refusal_of(data: bytes) -> Refused:
    with pytest.raises(Refused) as refused:
        read(data)
    return refused.value


TWO = POST + b"Content-Length: 3\r\n\r\nabc" + b"GET /partner/v1/outbox?after=0 HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n"


@pytest.mark.parametrize("piece", [None, 1, 7, 64])
def test_requests_are_the_same_however_the_bytes_come(piece: int | None) -> None:
    found = read(TWO + CHUNKED + TWO, piece=piece)
    assert [(each.method, each.target, each.body) for each in found] == [
        ("POST", "/partner/v1/messages", b"abc"),
        ("GET", "/partner/v1/outbox?after=0", b""),
        ("POST", "/partner/v1/messages", b"abcde"),
        ("POST", "/partner/v1/messages", b"abc"),
        ("GET", "/partner/v1/outbox?after=0", b""),
    ]
    assert ("host", "x") in found[0].fields


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        # Two ways to say where the body ends.
        (b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", 400),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", 400),
        (b"Content-Length: 3\r\nContent-Length: 4\r\n", 400),
        (b"Content-Length: 3\r\nContent-Length: 3\r\n", 400),
        (b"Content-Length: 3, 3\r\n", 400),
        (b"Content-Length: +3\r\n", 400),
        (b"Content-Length: -3\r\n", 400),
        (b"Content-Length: 0x3\r\n", 400),
        (b"Content-Length: 3 3\r\n", 400),
        (b"Content-Length:\r\n", 400),
        (b"Content-Length: 9999999999999999999999\r\n", 400),
        (b"Content-Length : 3\r\n", 400),
        (b"Transfer-Encoding: identity\r\n", 501),
        (b"Transfer-Encoding: gzip, chunked\r\n", 501),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 501),
        (b"Transfer-Encoding : chunked\r\n", 400),
        (b"Transfer-Encoding:\x0bchunked\r\n", 400),
        (b"X: a\r\n Content-Length: 3\r\n", 400),
        (b"X: a\r\n\tb\r\n", 400),
        (b"X: a\nContent-Length: 3\r\n", 400),
        (b"X: a\rContent-Length: 3\r\n", 400),
        (b"X: \x00\r\n", 400),
        (b"no colon\r\n", 400),
        (b": empty\r\n", 400),
        (b"Host: y\r\n", 400),
        # Too much.
        (b"Content-Length: 1001\r\n", 413),
        (b"X: " + b"a" * 17_000 + b"\r\n", 431),
        (b"X: a\r\n" * 101, 431),
        # What the head alone says.
        (b"Content-Encoding: gzip\r\nContent-Length: 3\r\n", 415),
        (b"Content-Encoding: br\r\nContent-Length: 3\r\n", 415),
        (b"Expect: the unexpected\r\n", 417),
        (b"Content-Length: 101\r\n", 401),
    ],
)
def test_a_head_that_cannot_be_trusted_is_refused_before_its_body(fields: bytes, status: int) -> None:
    assert refusal_of(POST + fields + b"\r\n").status == status


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505),
        (b"GET /\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"<?xml version='1.0'?>\r\n\r\n", 400),
        (b"GET /" + b"a" * 2_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /" + b"a" * 20_000, 414),
        (b"\r\n" * 6 + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nz\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffffff\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 9, 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"32\r\n" + b"a" * 50 + b"\r\n" + b"40\r\n" + b"a" * 64 + b"\r\n", 401),
        (POST + b"Authorization: x\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + b"a" * 1024 + b"\r\n", 413),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_of_ours_is_refused(data: bytes, status: int) -> None:
    assert refusal_of(data).status == status


def test_a_refusal_quotes_nothing_that_was_sent() -> None:
    refusal = refusal_of(POST + b"X-Secret s3cr3t\r\n\r\n")
    assert "s3cr3t" not in f"{refusal} {refusal.text} {refusal.__cause__} {refusal.__context__}"


def test_long_bodies_take_room_and_give_it_back() -> None:
    """Told from the declared length, before the first byte is kept; a fourth of the store is one peer's."""
    store = Store(SMALL.store_bytes)
    long = POST + b"Authorization: Bearer x\r\nContent-Length: 900\r\n\r\n" + b"a" * 101
    first, second, other = Reader(SMALL, store.share_of("1")), Reader(SMALL, store.share_of("1")), Reader(SMALL, store.share_of("2"))
    first.feed(long)
    assert first.advance() is None
    assert store.held == 900
    second.feed(long)
    with pytest.raises(Refused) as refused:
        second.advance()
    assert (refused.value.status, refused.value.retry_seconds) == (HTTPStatus.SERVICE_UNAVAILABLE, 5)
    other.feed(long)
    assert other.advance() is None
    first.forget()
    other.forget()
    second.forget()
    assert store.held == 0
    first = Reader(SMALL, store.share_of("1"))
    first.feed(long + b"a" * 799)
    assert first.advance() is not None
    assert first.exchange(1_000)
    assert store.held == 1_000, "now it holds the answer"
    assert not first.exchange(1_001)
    assert store.held == 0


@pytest.mark.parametrize(("method", "status", "bare"), [("GET", 200, False), ("HEAD", 200, True), ("GET", 204, True), ("GET", 304, True)])
def test_an_answer_has_a_body_where_it_may_have_one(method: str, status: int, *, bare: bool) -> None:
    made = reader()
    made.feed(f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert made.advance() is not None
    data, stays = made.answer(status, [("X", "y")], b"body")
    assert stays
    assert data.endswith(b"\r\n\r\n") is bare
    assert (b"Content-Length: 4" in data) is (status == 200)


@pytest.mark.parametrize(
    ("first", "stays"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", False),
        (b"GET / HTTP/1.0\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n", False),
    ],
)
def test_a_connection_stays_where_http_says_so(first: bytes, *, stays: bool) -> None:
    made = reader()
    made.feed(first + b"\r\n")
    assert made.advance() is not None
    data, may_stay = made.answer(200, [], b"")
    assert may_stay is stays
    assert (b"Connection: close" in data) is not stays


@given(st.binary(max_size=300), st.integers(1, 40))
def test_no_bytes_do_anything_but_make_requests_or_a_refusal(data: bytes, piece: int) -> None:
    for given_bytes in (data, POST + data, POST + b"Transfer-Encoding: chunked\r\n\r\n" + data):
        with suppress(Refused):
            read(given_bytes, piece=piece)
