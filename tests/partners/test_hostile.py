"""Hostile and broken messages by each way they can come: one Acknowledgement, nothing kept half, nobody else kept waiting."""

from __future__ import annotations

import os
import socket
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import Engine, func, select

from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, issue_key
from css.partners.bringing.folders import exchange_once
from css.partners.gateway import create_application
from css.partners.intake.handling import drain
from css.partners.model import DeliveryWay, InboxMessage, InboxState, RejectedMessage
from css.partners.pages import soap
from css.xml import MESSAGE_BYTES_MAX, check, read_message
from tests.builders import OPERATOR
from tests.partners.dropping import FOLDER, Drop
from tests.partners.fronts import Line, fronted
from tests.partners.hostile import ALL, BENT, PROVIDE, SECRET, XSI, broken, renewed, with_value
from tests.partners.receiving import agree
from tests.partners.speaking import AT, CLOCK, Scene, codes, header, opened, said, submit_order

ROUNDS = 250
LONG = 300_000
"""What is shorter than this is tried in folders too; the long ones are read there as elsewhere."""
ANSWERS = {200, 202, 400, 403, 409, 413, 415}
"""Statuses that a message may have; whatever is of ours to blame has another."""


@pytest.fixture(scope="module")
def key(engine: Engine, district: Scene) -> str:
    agree(engine, DeliveryWay.FOLDER, folder=FOLDER, messages_a_minute=100_000)
    with transaction(engine) as session:
        return issue_key(session, IssuePartnerKey(provider_code=PARTNER, words="hostile"), by=OPERATOR, at=AT)


@pytest.fixture(scope="module")
def port(engine: Engine, key: str) -> Iterator[int]:
    """The pages as they are, behind the front as it is; what is taken is done later, by ``drain``."""
    with fronted(create_application(engine, CLOCK, handles=False).wsgi_app) as (_, port):
        yield port


class Partner:
    """Sends bytes over one connection, and another when the gateway has closed it."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._key = key
        self._line: Line | None = None

    def post(self, data: bytes, page: str = "messages", content_type: str = "application/xml") -> tuple[int, bytes]:
        if self._line is None:
            self._line = Line(self._port)
        head = f"POST /partner/v1/{page} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self._key}\r\nContent-Type: {content_type}\r\n"
        self._line.send(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        status, fields, body = self._line.answer()
        if fields.get("connection") == "close":
            self.close()
        return status, body

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None


@pytest.fixture
def partner(port: int, key: str) -> Iterator[Partner]:
    made = Partner(port, key)
    yield made
    made.close()


def kept(engine: Engine) -> int:
    with transaction(engine) as session:
        return session.execute(select(func.count()).select_from(InboxMessage)).scalar_one()


def still_served(partner: Partner) -> bool:
    """A plain message is taken as ever."""
    status, body = partner.post(renewed(PROVIDE))
    return status == 202 and said(opened(body), "Receipt/Result") == "RECEIVED"


def test_every_hostile_message_is_rejected_and_nothing_of_it_kept_half(
    partner: Partner, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    before = kept(engine)
    found: dict[str, object] = {}
    for name, data in ALL:
        status, body = partner.post(data)
        answer = opened(body)
        if status not in {400, 413, 415} or said(answer, "Receipt/Result") != "REJECTED" or SECRET in body:
            found[name] = status, codes(body)
    assert found == {}
    assert kept(engine) == before
    with transaction(engine) as session:
        sums = set(session.execute(select(RejectedMessage.body_sha256)).scalars())
    assert len(sums) >= len({data for _, data in ALL if len(data) <= MESSAGE_BYTES_MAX}), "what was sent is kept as evidence, whole"
    told = caplog.text + " ".join(str(vars(record)) for record in caplog.records)
    assert SECRET.decode() not in told
    assert still_served(partner)


def test_what_is_odd_and_not_wrong_is_taken_as_it_was_meant(partner: Partner, engine: Engine) -> None:
    taken = Counter[int]()
    for name, data in BENT:
        status, body = partner.post(renewed(data))
        assert status in {202, 400}, name
        opened(body)
        taken[status] += 1
    assert taken[202] >= 6, "a schema's place is an attribute that no element of ours has, and so is refused"
    drained = drain(engine, clock=CLOCK)
    assert drained.left == 0


def test_a_message_makes_nobody_open_a_file_or_call_a_host(partner: Partner, tmp_path: Path) -> None:
    """By HTTP and in an envelope. A pipe would hang whoever opened it, and the port remembers who called."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for place in (str(pipe), f"file://{pipe}", f"http://127.0.0.1:{listener.getsockname()[1]}/x"):
            where = place.encode()
            hint = XSI + b' xsi:schemaLocation="urn:css:order:1 ' + where + b'" xsi:noNamespaceSchemaLocation="' + where + b'"'
            for data in (
                b'<!DOCTYPE SubmitOrder SYSTEM "' + where + b'">' + PROVIDE[39:],
                b'<!DOCTYPE a [<!ENTITY x SYSTEM "' + where + b'">]><a>&x;</a>',
                b'<!DOCTYPE a [<!ENTITY % x SYSTEM "' + where + b'"> %x;]><a/>',
                PROVIDE.replace(b" xmlns:c=", b" " + hint + b' xml:base="' + where + b'" xmlns:c=', 1),
                b'<a xmlns:i="http://www.w3.org/2001/XInclude"><i:include href="' + where + b'"/></a>',
                b'<?xml-stylesheet type="text/xsl" href="' + where + b'"?>' + PROVIDE[39:],
                with_value(b"AccountNumber", where),
            ):
                assert partner.post(data)[0] == 400
                assert partner.post(data, "soap", "text/xml")[0] == 500
                assert partner.post(enveloped(data), "soap", "text/xml")[0] in {200, 500}
                assert partner.post(data, "queries")[0] == 400
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert still_served(partner)


def enveloped(data: bytes) -> bytes:
    """In an envelope, as somebody would who knows nothing of XML."""
    return f'<s:Envelope xmlns:s="{soap.SOAP}"><s:Body>'.encode() + data + b"</s:Body></s:Envelope>"


def acknowledgement_in(body: bytes) -> bytes:
    """The Acknowledgement in an envelope's Body, or in the detail of its Fault."""
    (found,) = read_message(body).iter("{urn:css:acknowledgement:1}Acknowledgement")
    check(found)
    return etree.tostring(found)


def test_in_an_envelope_too(partner: Partner, engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    before = kept(engine)
    for name, data in ALL:
        for sent in (data, enveloped(data)):
            status, body = partner.post(sent, "soap", "text/xml")
            assert status in {200, 413, 500}, name
            if status != 413:
                assert b"CSS000E" not in body, name
                assert said(read_message(acknowledgement_in(body)), "Receipt/Result") == "REJECTED", name
            assert SECRET not in body, name
    assert kept(engine) == before
    assert SECRET.decode() not in caplog.text + " ".join(str(vars(record)) for record in caplog.records)
    assert still_served(partner)


def test_in_a_folder_too(engine: Engine, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    drop = Drop(tmp_path / "partners").ready()
    before = kept(engine)
    sent = [(name, data) for name, data in ALL if len(data) < LONG or len(data) > MESSAGE_BYTES_MAX]
    for number, (_, data) in enumerate(sent):
        drop.send(f"hostile-{number:04}", data)
    drop.send("zz-good", renewed(PROVIDE))
    # Two have lengths that no control file can tell; who writes such a one is told after an hour, for it may still be writing.
    for _ in range(2):
        exchange_once(engine, CLOCK, drop.directory, provider_code=PARTNER, handle=False)
        drop.settle()
    for number, (name, _) in enumerate(sent):
        body = drop.answer(f"hostile-{number:04}")
        assert said(opened(body), "Receipt/Result") == "REJECTED", name
        assert SECRET not in body
    assert said(opened(drop.answer("zz-good")), "Receipt/Result") == "RECEIVED"
    assert kept(engine) == before + 1


def test_what_is_broken_at_random_is_answered_every_time_and_done_or_refused_in_the_end(
    partner: Partner, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """From every valid sample; a failure names the seed that repeats it."""
    statuses = Counter[int]()
    for seed in range(ROUNDS):
        data = broken(seed)
        for page in ("messages", "queries") if seed % 5 == 0 else ("messages",):
            status, body = partner.post(data, page)
            assert status in ANSWERS, f"seed {seed}"
            root = read_message(body)
            check(root)
            statuses[status] += 1
    assert statuses[400] > ROUNDS // 3
    assert statuses[202] > 10, "some are broken so that they are good again, and some of those are done"
    drained = drain(engine, clock=CLOCK)
    assert drained.left == 0
    with transaction(engine) as session:
        waiting = select(InboxMessage.id).where(InboxMessage.state == InboxState.RECEIVED, InboxMessage.outcome_code == "CSS555E")
        assert session.execute(waiting).scalars().all() == []
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [("application/xml", "gzip"), ("application/xml", "deflate"), ("application/xml", "br"), ("application/gzip", "")],
)
def test_what_is_said_to_be_compressed_is_not_unpacked(port: int, key: str, content_type: str, encoding: str) -> None:
    data = zlib.compress(b" " * 50_000_000)
    fields = f"Content-Encoding: {encoding}\r\n" if encoding else ""
    with Line(port) as line:
        head = f"POST /partner/v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: {content_type}\r\n{fields}"
        line.send(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        status, _, body = line.answer()
    assert (status, codes(body)) == (415, [("CSS562E", None)])


def test_the_good_message_is_good(partner: Partner, district: Scene) -> None:
    """Else all the others would prove nothing."""
    head = header()
    status, body = partner.post(submit_order(district.account, district.district.gold[0].address_key, head=head))
    assert (status, said(opened(body), "Receipt/Result")) == (202, "RECEIVED")
    assert still_served(partner)
