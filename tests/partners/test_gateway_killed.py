"""A real ``css gateway`` is killed while partners send: what it acknowledged is done, once, and told of once."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from css.db.engine import transaction
from css.master.clocks import house_clock, live_by_business_date
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, issue_key
from css.xml import MessageHeader
from tests import builders
from tests.partners.speaking import header, orders_of, scene, submit_order, told

pytestmark = pytest.mark.timeout(240)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
SENDERS = 3


@dataclass
class Partner:
    """Sends what it has not had an acknowledgement of, from several connections, until the gateway is gone or all is said."""

    key: str
    data: dict[str, bytes]
    acknowledged: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    threads: list[threading.Thread] = field(default_factory=list)

    def speak(self, port: int, *, stop_after: int | None = None) -> threading.Event:
        """Begin; the event is set when so many were acknowledged in all, or everything."""
        enough = threading.Event()
        pending = [name for name in self.data if name not in self.acknowledged]

        def send(mine: Sequence[str]) -> None:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                for name in mine:
                    try:
                        status = self.post(connection, name)
                    except (OSError, http.client.HTTPException):
                        return
                    with self.lock:
                        self.acknowledged[name] = status
                        if len(self.acknowledged) >= (stop_after or len(self.data)):
                            enough.set()

        for number in range(SENDERS):
            self.threads.append(threading.Thread(target=send, args=(pending[number::SENDERS],)))
            self.threads[-1].start()
        return enough

    def hang_up(self) -> None:
        """Wait until nobody speaks."""
        while self.threads:
            self.threads.pop().join(60)

    def post(self, connection: http.client.HTTPConnection, name: str) -> int:
        shown = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/xml"}
        connection.request("POST", "/partner/v1/messages", body=self.data[name], headers=shown)
        answer = connection.getresponse()
        answer.read()
        assert answer.status in {200, 202}, answer.status
        return answer.status


@contextmanager
def gateway(engine: Engine, home: Path) -> Iterator[int]:
    """Its port on loopback. All its processes are killed at the end of the block, in the middle of whatever they do."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    words = [sys.executable, "-u", "-m", "css", "gateway", "--port", "0", "--workers", "1", "--drainers", "1", "--no-deliveries"]
    environment = {**os.environ, "CSS_DATABASE_URL": url, "CSS_HOME": str(home)}
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline().partition("http://")[2].partition("/")[0].rpartition(":")[2])
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def waiting(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM partners.inbox_message WHERE state = 'received'")).scalar_one())


def test_no_acknowledged_message_is_lost_and_none_is_done_twice(fresh_engine: Engine, tmp_path: Path) -> None:
    with transaction(fresh_engine) as session:
        where = scene(session, sites=30)
        live_by_business_date(session, "ZZ", by=builders.OPERATOR, at=MIDNIGHT)
        key = issue_key(session, IssuePartnerKey(provider_code=PARTNER, words="kill"), by=builders.OPERATOR, at=MIDNIGHT)
    now = house_clock(lambda: fresh_engine).now()
    heads: dict[str, MessageHeader] = {}
    partner = Partner(key, {})
    for place in where.district.gold[:24]:
        head = header(created_at=now)
        heads[head.message_id] = head
        partner.data[head.message_id] = submit_order(where.account, place.address_key, head=head)

    for stop_after in (6, 14):
        with gateway(fresh_engine, tmp_path) as port:
            assert partner.speak(port, stop_after=stop_after).wait(100)
        partner.hang_up()
    promised = dict(partner.acknowledged)
    assert 14 <= len(promised) < 24, "it was killed in the middle"

    with gateway(fresh_engine, tmp_path) as port:
        assert partner.speak(port).wait(100)
        partner.hang_up()
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as asking:
            assert {partner.post(asking, name) for name in promised} == {200}, "every one of them is known"
        ends = time.monotonic() + 100
        while waiting(fresh_engine):
            assert time.monotonic() < ends, "it never ends"
            time.sleep(0.05)

    for name, head in heads.items():
        assert len(orders_of(fresh_engine, name)) == 1
        assert told(fresh_engine, head.conversation_id) == ["ACKNOWLEDGED", "COMMITTED"]
    with fresh_engine.connect() as connection:
        sequences = connection.execute(text("SELECT array_agg(sequence ORDER BY sequence) FROM css.outbox_message")).scalar_one()
    assert sequences == list(range(1, 49)), "no number of the outbox is lost"
