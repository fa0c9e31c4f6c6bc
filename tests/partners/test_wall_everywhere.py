"""Every address and every message, tried by a partner on what is another's: the answer is that for what does not exist.

Byte by byte, but for the ids and instants that every answer has of its own, and with as many statements, so that neither the
words nor the time tell them apart. A new address or message without a row here fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, text

import schemas
from css.core.actor import Actor
from css.core.phone import display_number
from css.core.words import Role
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, Partner, issue_key, issue_partner_key
from css.partners.access.keys_actions import RevokePartnerKey, revoke_partner_key
from css.partners.gateway import create_application
from css.partners.intake.guarded import NAMING
from css.partners.messages import QUESTIONS, TAKEN
from css.partners.model import KeyArea
from css.xml import MessageHeader, add_header, check, document, to_bytes
from tests import builders
from tests.partners import fault_speaking as faults
from tests.partners.asking import ask, enquiry
from tests.partners.speaking import (
    AT,
    CLOCK,
    Parts,
    amendment,
    answers_to,
    cancellation,
    header,
    message_2,
    put,
    result,
    send,
    submit_order,
)
from tests.partners.two_partners import Side, World, world

Build = Callable[[World, Side, MessageHeader], bytes]


@pytest.fixture(scope="module")
def both(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(engine, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def gateway(engine: Engine) -> Flask:
    return create_application(engine, CLOCK)


def _order_2(kind: str, *parts: tuple[str, str | Parts], account: str, head: MessageHeader) -> bytes:
    order: Parts = [
        ("CustomerReference", f"PO-{head.message_id}"),
        ("Kind", kind),
        ("AccountNumber", account),
        *parts,
        ("Contact", [("c:Name", "Ben Marlow"), ("c:TelephoneNumber", "+447700900456")]),
    ]
    return message_2("SubmitOrder", [("Order", order)], head=head)


def _new_line(world: World, *, head: MessageHeader, linked: str | None = None, appointment: str | None = None) -> bytes:
    order: Parts = [
        ("CustomerReference", f"PO-{head.message_id}"),
        ("Kind", "PROVIDE"),
        ("AccountNumber", world.ours.account),
        ("AddressKey", world.spare_site),
        ("RequiredDate", "2026-03-23"),
        ("ProductCode", "LINE-WHO"),
        *([("LinkedOrder", linked)] if linked else []),
        ("Contact", [("c:Name", "Ben Marlow"), ("c:TelephoneNumber", "+447700900456")]),
        ("DirectoryEntry", [("Kind", "DE"), ("Name", "Marlow B")]),
        ("EmergencyName", "Mr Ben Marlow"),
        *([("AppointmentNumber", appointment)] if appointment else []),
    ]
    return message_2("SubmitOrder", [("Order", order)], head=head)


def _fetch(after: int, head: MessageHeader) -> bytes:
    root = document("{urn:css:delivery:1}FetchDocument")
    add_header(root, replace(head, message_type="FetchDocument", schema_version="1.0"))
    put(root, [("Fetch", [("After", str(after))])])
    check(root)
    return to_bytes(root, indented=True)


@dataclass(frozen=True)
class Try:
    """One way in which a message names something."""

    names: str
    """A field of ``Side``."""
    build: Build


MESSAGES: Final[dict[str, tuple[Try, ...]]] = {
    "SubmitOrder": (
        Try("account", lambda w, s, h: submit_order(s.account, w.spare_site, head=h)),
        Try(
            "line",
            lambda w, s, h: _order_2(
                "CEASE",
                ("TelephoneNumber", f"+{s.line}"),
                ("RequiredDate", "2026-03-23"),
                ("CeaseReason", "NN"),
                account=w.ours.account,
                head=h,
            ),
        ),
        Try(
            "line",
            lambda w, s, h: _order_2(
                "RENUMBER", ("TelephoneNumber", f"+{s.line}"), ("RequiredDate", "2026-03-23"), account=w.ours.account, head=h
            ),
        ),
        Try("order", lambda w, s, h: _new_line(w, head=h, linked=s.order)),
        Try("appointment", lambda w, s, h: _new_line(w, head=h, appointment=s.appointment)),
    ),
    "AmendOrder": (
        Try("order", lambda _, s, h: amendment(s.order, ("VisitNotes", "Ring twice"), head=h)),
        Try("order", lambda _, s, h: amendment(s.order, ("ReasonCode", "NO_SUCH"), ("RequiredDate", "2020-01-01"), head=h)),
        Try("appointment", lambda w, s, h: amendment(w.ours.order, ("AppointmentNumber", s.appointment), head=h)),
    ),
    "CancelOrder": (
        Try("order", lambda _, s, h: cancellation(s.order, head=h)),
        Try("order", lambda _, s, h: cancellation(s.order, ("CancelOtherReason", "SLAMMING"), head=h)),
    ),
    "ReserveAppointment": (
        Try("order", lambda _, s, h: enquiry("ReserveAppointment", OrderNumber=s.order, Date="2026-03-17", Slot="AM", head=h)),
        Try("fault", lambda _, s, h: enquiry("ReserveAppointment", FaultNumber=s.fault, Date="2026-03-17", Slot="AM", head=h)),
    ),
    "ReleaseAppointment": (Try("appointment", lambda _, s, h: enquiry("ReleaseAppointment", AppointmentNumber=s.appointment, head=h)),),
    "SubmitFault": (Try("line", lambda _, s, h: faults.submit(s.line, head=h)),),
    "AmendFault": (Try("fault", lambda _, s, h: faults.amend(s.fault, ("AccessNotes", "Ring twice"), head=h)),),
    "CancelFault": (Try("fault", lambda _, s, h: faults.cancel(s.fault, head=h)),),
    "ConfirmClear": (
        Try("fault", lambda _, s, h: faults.confirm(s.fault, "ACCEPT", head=h)),
        Try("fault", lambda _, s, h: faults.confirm(s.fault, "REJECT", "Still dead.", head=h)),
    ),
    "QueryOrder": (
        Try("order", lambda _, s, h: enquiry("QueryOrder", OrderNumber=s.order, head=h)),
        Try("order_reference", lambda _, s, h: enquiry("QueryOrder", CustomerReference=s.order_reference, head=h)),
    ),
    "ListMyOpenOrders": (Try("account", lambda _, s, h: enquiry("ListMyOpenOrders", AccountNumber=s.account, head=h)),),
    "ListMyLines": (Try("account", lambda _, s, h: enquiry("ListMyLines", AccountNumber=s.account, head=h)),),
    "LinePlantQuery": (Try("line", lambda _, s, h: enquiry("LinePlantQuery", TelephoneNumber=f"+{s.line}", head=h)),),
    "AppointmentQuery": (
        Try("order", lambda _, s, h: enquiry("AppointmentQuery", OrderNumber=s.order, head=h)),
        Try("fault", lambda _, s, h: enquiry("AppointmentQuery", FaultNumber=s.fault, head=h)),
    ),
    "QueryFault": (
        Try("fault", lambda _, s, h: faults.query(s.fault, history=True, head=h)),
        Try("fault_reference", lambda _, s, h: faults.query(reference=s.fault_reference, head=h)),
    ),
    "FetchDocument": (Try("last_sequence", lambda _, s, h: _fetch(s.last_sequence - 1, h)),),
    "ListMyOpenFaults": (Try("line", lambda _w, _s, h: faults.list_open(head=h)),),
}
"""Every message a partner may send, each way in which it can name what is another's."""
NAMES_NOTHING: Final = {"ListMyOpenFaults", "FetchDocument"}
"""What they are asked for is the partner's own whatever they say."""
ALL: Final = [
    pytest.param(kind, one, id=f"{kind}-{one.names}-{place}") for kind, tries in MESSAGES.items() for place, one in enumerate(tries)
]

NOT_THERE: Final = set(
    re.findall(
        r"CSS[0-9]{3}E",
        (schemas.DIRECTORY.parent / "docs" / "partner-security.md")
        .read_text(encoding="utf-8")
        .partition("| Not yours, or not there |")[2][:900],
    )
)
"""The codes by which partners are told that something is not theirs or not there."""
_OWN: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=SequenceNo>)[0-9]+(?=<)|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")
"""What every answer has of its own: ids, its number in its conversation, instants."""


def told(body: bytes, named: Side, what: str) -> str:
    """An answer without what is its own, and without the name of what was asked for."""
    name = str(getattr(named, what))
    words = _OWN.sub("ITS-OWN", body.decode())
    forms = (name, display_number(name), f"+{name}") if what == "line" else (name,)
    for form in forms:
        words = words.replace(form, "THE-THING")
    return words


class Statements:
    """Counts what an engine is sent."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.sent: list[str] = []

    def __enter__(self) -> Self:
        self.sent = []
        event.listen(self._engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._note)

    def _note(self, _c: object, _cursor: object, statement: str, *_rest: object) -> None:
        self.sent.append(" ".join(statement.split()))


def answered(engine: Engine, world: World, one: Try, named: Side) -> tuple[str, list[str]]:
    """What our partner is told in its outbox, and the statements that it took."""
    head = header()
    data = one.build(world, named, head)
    with Statements(engine) as counted:
        assert result(send(engine, data)) == "RECEIVED"
    bodies = answers_to(engine, head.conversation_id)
    assert len(bodies) == 1, "one answer to one message"
    return told(bodies[0], named, one.names), counted.sent


def rows_of_the_other(engine: Engine, world: World) -> str:
    """What lies in the tables of the other partner's orders, faults, slots and outbox, as a sum."""
    provider = {"id": world.theirs.partner.provider_id}
    tables = ("orders.customer_order", "repairs.fault", "css.appointment", "css.outbox_message", "css.line", "css.account")
    with engine.connect() as connection:
        return " ".join(
            str(
                connection.execute(
                    text(f"SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM {name} t WHERE provider_id = :id"), provider
                ).scalar()
            )
            for name in tables
        )


def test_every_message_is_tried() -> None:
    assert set(MESSAGES) == set(TAKEN), "give the new message a row for each way in which it names something"
    assert set(NAMES_NOTHING) <= set(MESSAGES)


@pytest.mark.parametrize(("kind", "one"), ALL)
def test_anothers_and_nobodys_are_answered_alike(engine: Engine, both: World, kind: str, one: Try) -> None:
    before = rows_of_the_other(engine, both)
    absent, took_absent = answered(engine, both, one, both.nobody)
    wrong, took_wrong = answered(engine, both, one, both.theirs)
    assert wrong == absent
    assert took_wrong == took_absent
    assert rows_of_the_other(engine, both) == before, "nothing of the other's has changed"
    assert kind in NAMES_NOTHING or set(re.findall(r"CSS[0-9]{3}E", wrong)) <= NOT_THERE, "the page on security tells this code"
    for field in fields(Side):
        if field.name not in {one.names, "partner", "last_sequence"}:
            assert str(getattr(both.theirs, field.name)) not in wrong


@pytest.mark.parametrize(("kind", "one"), [param for param in ALL if param.values[0] in QUESTIONS])
def test_a_question_asked_at_once_tells_no_more(engine: Engine, both: World, kind: str, one: Try) -> None:
    def asked(named: Side) -> tuple[int, str, list[str]]:
        with Statements(engine) as counted:
            answer = ask(engine, one.build(both, named, header()))
        return answer.status, told(answer.body, named, one.names), counted.sent

    assert asked(both.theirs) == asked(both.nobody)
    if kind not in NAMES_NOTHING:
        assert asked(both.ours)[1] != asked(both.nobody)[1], "of one's own there is more to tell"


@pytest.mark.parametrize(("kind", "one"), ALL)
def test_where_the_code_forgets_the_database_does_not(
    engine: Engine, both: World, kind: str, one: Try, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the first wall down, the partner's messages being done as by somebody of ours who may do anything, the second stands."""
    everything = frozenset(role.value for role in Role)
    monkeypatch.setattr(Partner, "actor", property(lambda partner: Actor("operator", "CLERK", partner.code, everything)))
    before = rows_of_the_other(engine, both)
    head = header()
    assert result(send(engine, one.build(both, both.theirs, head))) == "RECEIVED"
    told_of_it = b" ".join(answers_to(engine, head.conversation_id)).decode()
    if kind in QUESTIONS:
        told_of_it += ask(engine, one.build(both, both.theirs, header())).body.decode()
    assert rows_of_the_other(engine, both) == before
    for field in fields(Side):
        if field.name not in {one.names, "partner", "last_sequence"}:
            assert str(getattr(both.theirs, field.name)) not in told_of_it
    monkeypatch.undo()
    with engine.begin() as connection:  # what was set aside waits; it must not stand in the way of the next
        connection.execute(text("DELETE FROM partners.message_event WHERE deed = 'failed'"))
        connection.execute(text("DELETE FROM partners.inbox_message WHERE state = 'received'"))


def test_every_name_in_the_schemas_is_looked_for() -> None:
    """An element of the type of somebody's number that a message may carry is one that the guard knows."""
    found: set[str] = set()
    for file in Path(schemas.__file__).parent.glob("*.xsd"):
        pattern = r'<xs:element name="(\w+)" type="(?:c:)?(AccountNumber|OrderNumber|FaultNumber|AppointmentNumber|QuoteNumber)"'
        found |= {name for name, _ in re.findall(pattern, file.read_text(encoding="utf-8"))}
    told_only = {"AfterNumber"}
    assert found - told_only <= set(NAMING)


# Addresses.


@dataclass(frozen=True)
class Visit:
    """A request that names what is somebody's."""

    path: str
    """With fields of ``Side`` in braces."""
    method: str = "GET"
    kind: str = ""
    """Of a message in its body: the first of its tries."""
    envelope: bool = False
    area: KeyArea = KeyArea.LIVE


PUBLIC: Final = {"wsdl", "sandbox_wsdl", "schema", "sandbox_scenarios"}
"""Addresses that ask for no key and have nothing of anybody's."""
ADDRESSES: Final[dict[str, tuple[Visit, ...]]] = {
    "messages": (Visit("/messages", "POST", "AmendOrder"), Visit("/messages", "POST", "SubmitFault")),
    "queries": (
        Visit("/queries", "POST", "QueryOrder"),
        Visit("/queries", "POST", "QueryFault"),
        Visit("/queries", "POST", "FetchDocument"),
        Visit("/queries", "POST", "CancelOrder"),
    ),
    "outbox": (Visit("/outbox?after={last_sequence}"),),
    "document": (Visit("/outbox/{last_sequence}"),),
    "bill": tuple(Visit(f"/bills/{{bill}}/{kind}") for kind in ("pdf", "xml", "invoice", "no-such")),
    "soap": (Visit("/soap", "POST", "QueryOrder", envelope=True), Visit("/soap", "POST", "CancelFault", envelope=True)),
    "sandbox_messages": (Visit("/sandbox/messages", "POST", "CancelOrder", area=KeyArea.SANDBOX),),
    "sandbox_queries": (Visit("/sandbox/queries", "POST", "QueryOrder", area=KeyArea.SANDBOX),),
    "sandbox_soap": (Visit("/sandbox/soap", "POST", "QueryOrder", envelope=True, area=KeyArea.SANDBOX),),
    "sandbox_outbox": (Visit("/sandbox/outbox?after={last_sequence}", area=KeyArea.SANDBOX),),
    "sandbox_document": (Visit("/sandbox/outbox/{last_sequence}", area=KeyArea.SANDBOX),),
    "sandbox_reset": (Visit("/sandbox/reset", "POST", area=KeyArea.SANDBOX),),
    "sandbox_progress": (Visit("/sandbox/progress", area=KeyArea.SANDBOX),),
}
"""Every address of the gateway, by the name of its page, each way in which it can be asked for what is another's."""
VISITS: Final = [pytest.param(visit, id=f"{name}-{place}") for name, visits in ADDRESSES.items() for place, visit in enumerate(visits)]
_PAGES: Final = {"root", "nothing"}
"""Where there is nothing."""


def test_every_address_is_tried(gateway: Flask) -> None:
    names = {rule.endpoint.removeprefix("partners.") for rule in gateway.url_map.iter_rules()}
    assert names - PUBLIC - _PAGES == set(ADDRESSES), "give the new address a row"


@pytest.fixture(scope="module")
def client(gateway: Flask) -> FlaskClient:
    return gateway.test_client()


@pytest.fixture(scope="module")
def keys(engine: Engine, both: World) -> dict[str, str]:
    """Keys of our partner by what is the matter with them; the good ones by their area."""
    by, before = builders.OPERATOR, AT - timedelta(days=1)
    found: dict[str, str] = {}
    with transaction(engine) as session:
        for area in KeyArea:
            good = IssuePartnerKey(provider_code=PARTNER, words="test", area=area)
            found[area.value] = issue_key(session, good, by=by, at=AT)
            found[f"expired {area.value}"] = issue_key(session, replace(good, days=1), by=by, at=before)
            found[f"to come {area.value}"] = issue_key(session, good, by=by, at=AT + timedelta(seconds=1))
            revoked = issue_partner_key(session, good, by=by, at=before)
            revoke_partner_key(session, RevokePartnerKey(provider_code=PARTNER, key_id=revoked.key_id), by=by, at=AT)
            found[f"revoked {area.value}"] = revoked.key or ""
    return found | {"unknown": "css-" + "A" * 43}


def visited(
    engine: Engine, client: FlaskClient, world: World, visit: Visit, named: Side, key: str
) -> tuple[int, list[str], str, list[str]]:
    """Status, headers and body without what is their own, and the statements sent."""
    body, names = b"", "account"
    headers = {"Authorization": f"Bearer {key}"}
    if visit.kind:
        one = MESSAGES[visit.kind][0]
        names = one.names
        body = one.build(world, named, header())
        headers["Content-Type"] = "text/xml" if visit.envelope else "application/xml"
    if visit.envelope:
        bare = re.sub(rb"^<\?xml[^>]*\?>\s*", b"", body)
        body = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>' + bare + b"</s:Body></s:Envelope>"
        headers["SOAPAction"] = '""'
    for field in fields(Side):
        if f"{{{field.name}}}" in visit.path:
            names = field.name
    path = "/partner/v1" + visit.path.format(**{field.name: getattr(named, field.name) for field in fields(Side)})
    with Statements(engine) as counted:
        answer = client.open(path, method=visit.method, data=body, headers=headers)
    kept = [f"{name}: {value}" for name, value in answer.headers if name not in {"Date", "Content-Length", "ETag"}]
    shown = told("\n".join(kept).encode(), named, names).splitlines()
    return answer.status_code, shown, told(answer.data, named, names), counted.sent


@pytest.mark.parametrize("visit", VISITS)
def test_at_every_address_anothers_is_not_there(
    engine: Engine, client: FlaskClient, both: World, keys: dict[str, str], visit: Visit
) -> None:
    before = rows_of_the_other(engine, both)
    key = keys[visit.area.value]
    visited(engine, client, both, visit, both.nobody, key)  # what is looked up once and kept is looked up now
    assert visited(engine, client, both, visit, both.theirs, key) == visited(engine, client, both, visit, both.nobody, key)
    assert rows_of_the_other(engine, both) == before


@pytest.mark.parametrize("visit", VISITS)
def test_a_key_that_opens_nothing_is_an_unknown_key(
    engine: Engine, client: FlaskClient, both: World, keys: dict[str, str], visit: Visit
) -> None:
    """Revoked, expired, of the other area or never given: the same answer by the same statements."""
    area = visit.area.value
    other = next(each.value for each in KeyArea if each is not visit.area)
    unknown = visited(engine, client, both, visit, both.nobody, keys["unknown"])
    assert unknown[0] == 401
    for matter in (f"revoked {area}", f"expired {area}", f"to come {area}", other, f"revoked {other}"):
        assert visited(engine, client, both, visit, both.nobody, keys[matter]) == unknown
