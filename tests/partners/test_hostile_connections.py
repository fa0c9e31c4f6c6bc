"""Thousands of connections that do not behave, at a real process: another client is answered and the memory stays as it was.

What is asserted of time is that somebody who waits for an answer gets one while all of it goes on; never how fast.
"""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine

from css.db.engine import transaction
from css.master.clocks import live_by_business_date
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, issue_key
from css.partners.model import DeliveryWay
from tests.builders import OPERATOR
from tests.partners.fronts import Line
from tests.partners.hostile import PROVIDE, features
from tests.partners.receiving import agree
from tests.partners.running import Running, gateway, until
from tests.partners.speaking import AT, Scene, header, opened, said, scene, submit_order
from tests.partners.test_gateway_process import YESTERDAY

CONNECTIONS = 2_000
"""That the process holds at most."""
CROWD = 3_000
GROWTH_MAX_KB = 120_000
"""For all connections, their bodies and their answers; the process itself has about as much."""
FILES = CROWD + 500

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc"),
    pytest.mark.timeout(120),
]


@pytest.fixture(scope="module", autouse=True)
def _files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        pytest.skip("not so many files may be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, FILES), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def district(engine: Engine) -> Scene:
    with transaction(engine) as session:
        built = scene(session)
        live_by_business_date(session, "ZZ", by=OPERATOR, at=AT)
        return built


@pytest.fixture(scope="module")
def key(engine: Engine, district: Scene) -> str:
    agree(engine, DeliveryWay.PULL, messages_a_minute=100_000, at_once=100)
    with transaction(engine) as session:
        return issue_key(session, IssuePartnerKey(provider_code=PARTNER, words="crowd"), by=OPERATOR, at=YESTERDAY)


@pytest.fixture(scope="module")
def running(engine: Engine, key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    limits = ["--connections", str(CONNECTIONS), "--connections-a-peer", "300"]
    with gateway(engine, tmp_path_factory.mktemp("home"), "--workers", "1", "--no-deliveries", *limits) as made:
        yield made


@pytest.fixture(scope="module")
def front(running: Running) -> int:
    """The process that takes the requests."""
    begun = time.monotonic()
    while len(running.children()) < 2 and until(begun):
        pass
    return running.children()[0]


def resident_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def post(port: int, key: str, data: bytes, source: str = "127.0.0.1") -> tuple[int, bytes]:
    with Line(port, source=source) as line:
        line.send(head_of(key, len(data)) + data)
        status, _, body = line.answer()
        return status, body


def head_of(key: str, size: int) -> bytes:
    head = f"POST /partner/v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/xml\r\n"
    return f"{head}Content-Length: {size}\r\n\r\n".encode()


def taken(running: Running, key: str, district: Scene) -> bool:
    """A message of somebody who behaves is taken."""
    order = submit_order(district.account, district.district.gold[0].address_key, head=header(created_at=YESTERDAY))
    status, body = post(running.port, key, order)
    return status == 202 and said(opened(body), "Receipt/Result") == "RECEIVED"


def opened_line(stack: ExitStack, port: int, host: int) -> socket.socket | None:
    """A connection from one of many addresses; none when the gateway would not have it."""
    line = stack.enter_context(socket.socket())
    line.settimeout(20)
    line.bind((f"127.0.1.{host}", 0))
    try:
        line.connect(("127.0.0.1", port))
    except ConnectionError:
        return None
    return line


def test_a_crowd_that_says_nothing_or_little_keeps_nobody_out(running: Running, front: int, key: str, district: Scene) -> None:
    """More than the process holds: those that have kept it waiting longest make room."""
    assert taken(running, key, district)
    before = resident_kb(front)
    little = [
        b"",
        b"POST /partner/v1/messages HT",
        b"POST /partner/v1/messages HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"x" * 15_000,
        head_of("css-nobodys", 60_000) + b"<a>" + b"x" * 20_000,
        b"POST /partner/v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"\x16\x03\x01\x02\x00\x01",
    ]
    with ExitStack() as crowd:
        for number in range(CROWD):
            line = opened_line(crowd, running.port, number // 250)
            if line is not None:
                try:
                    line.sendall(little[number % len(little)])
                except ConnectionError:
                    continue
            if number % 1_000 == 999:
                assert taken(running, key, district), f"after {number + 1} connections"
        assert resident_kb(front) - before < GROWTH_MAX_KB
    begun = time.monotonic()
    while not taken(running, key, district) and until(begun):
        pass
    assert taken(running, key, district)


def test_long_bodies_that_do_not_end_fill_no_memory(running: Running, front: int, key: str, district: Scene) -> None:
    """With a key even: two hundred connections that together declare a gigabyte."""
    before = resident_kb(front)
    piece = b"x" * 200_000
    with ExitStack() as crowd:
        for number in range(200):
            line = opened_line(crowd, running.port, 100 + number // 20)
            if line is None:
                continue
            try:
                line.sendall(head_of(key, 5_000_000) + piece)
            except ConnectionError:
                continue
        assert taken(running, key, district)
        assert resident_kb(front) - before < GROWTH_MAX_KB


def test_heavy_messages_all_at_once_leave_room_for_a_light_one(running: Running, front: int, key: str, district: Scene) -> None:
    """Each of five megabytes, or with as many wrong elements as may be."""
    before = resident_kb(front)
    heavy = [
        b"<a>" + b"x" * 4_900_000 + b"</a>",
        features(b'<Feature a="1"/>' * 9_000),
        PROVIDE.replace(b"<Order>", b"<Order " + b" ".join(b'a%d="1"' % number for number in range(19_000)) + b">", 1),
    ]
    with ExitStack() as crowd:
        lines = []
        for number in range(12):
            line = crowd.enter_context(Line(running.port, source=f"127.0.2.{number % 3}"))
            data = heavy[number % 3]
            line.send(head_of(key, len(data)) + data)
            lines.append(line)
        assert taken(running, key, district)
        statuses = {line.answer()[0] for line in lines}
    assert statuses <= {400, 503}
    assert resident_kb(front) - before < 2 * GROWTH_MAX_KB


def test_who_connects_again_and_again_is_no_trouble(running: Running, front: int, key: str, district: Scene) -> None:
    for number in range(1_500):
        with ExitStack() as once:
            line = opened_line(once, running.port, 200 + number % 20)
            if line is not None and number % 2:
                line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert taken(running, key, district)
    assert front in running.children(), "it is the same process still"
    assert '"level": "ERROR"' not in running.said()
