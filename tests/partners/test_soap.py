"""SOAP 1.1: envelopes and faults over a real socket, and that a message is the same one whichever envelope it came in."""

from __future__ import annotations

import http.client
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest
from lxml import etree
from sqlalchemy import Engine
from werkzeug.serving import make_server
from zeep import Client

import schemas
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, issue_key
from css.partners.gateway import create_application
from css.partners.messages import QUESTIONS, TAKEN
from css.partners.model import Channel
from css.partners.pages import soap
from css.xml import Element, canonical, read_message
from tests.builders import AT, OPERATOR
from tests.partners.samples import parsed
from tests.partners.speaking import CLOCK, Scene, codes, header, opened, orders_of, said, stored, submit_order

ENVELOPE = f'<soap:Envelope xmlns:soap="{soap.SOAP}">%s</soap:Envelope>'
BODY = ENVELOPE % "<soap:Body>%s</soap:Body>"
WSDL = schemas.DIRECTORY / "partner-1.wsdl"
DESCRIBED = "{http://schemas.xmlsoap.org/wsdl/}"
PROLOGUE = re.compile(r"^<\?xml.*?\?>\s*", re.DOTALL)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def root(self) -> Element:
        return read_message(self.body)

    @property
    def content(self) -> bytes:
        """The document in the Body."""
        (inside,) = list(self.root[0])
        return canonical(inside)

    @property
    def fault(self) -> tuple[str, str]:
        """The code of the Fault, and that of the Acknowledgement in its detail."""
        (fault,) = list(self.root[0])
        assert fault.tag == f"{{{soap.SOAP}}}Fault", self.body
        detail = fault.find("detail")
        assert detail is not None
        ((code, _),) = codes(canonical(detail[0]))
        return str(fault.findtext("faultcode")).partition(":")[2], code


@dataclass(frozen=True)
class Gateway:
    port: int
    key: str

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        reply = Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        connection.close()
        return reply

    def call(self, envelope: str | bytes, action: str = '""', **headers: str) -> Reply:
        body = envelope if isinstance(envelope, bytes) else envelope.encode()
        usual = {"Authorization": f"Bearer {self.key}", "Content_Type": "text/xml; charset=utf-8", "SOAPAction": action}
        return self.ask("POST", "/partner/v1/soap", body, **(usual | headers))


@pytest.fixture(scope="module")
def gateway(engine: Engine, district: Scene) -> Iterator[Gateway]:
    with transaction(engine) as session:
        key = issue_key(session, IssuePartnerKey(provider_code=PARTNER, words="soap"), by=OPERATOR, at=AT)
    server = make_server("127.0.0.1", 0, create_application(engine, CLOCK), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Gateway(server.server_port, key)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def order(district: Scene, site: Callable[[], str]) -> Callable[[str], str]:
    """A good order with this message id, as text without its declaration."""
    return lambda message_id: PROLOGUE.sub("", submit_order(district.account, site(), head=header(message_id=message_id)).decode())


def new_id() -> str:
    return str(uuid.uuid4())


def test_an_order_in_an_envelope_is_placed_and_stored_as_the_message_alone(
    gateway: Gateway, engine: Engine, order: Callable[[str], str]
) -> None:
    message_id = new_id()
    message = order(message_id)

    reply = gateway.call(BODY % message, '"urn:css:order:1#SubmitOrder"')

    assert (reply.status, reply.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert said(opened(reply.content), "Receipt/Result") == "RECEIVED"
    assert len(orders_of(engine, message_id)) == 1
    kept = stored(engine, message_id)
    assert kept.channel is Channel.SOAP
    assert kept.body == canonical(read_message(message.encode()))


def test_the_envelope_makes_no_other_message_of_it(gateway: Gateway, engine: Engine, order: Callable[[str], str]) -> None:
    message_id = new_id()
    message = order(message_id)
    assert said(opened(gateway.call(BODY % message).content), "Receipt/Result") == "RECEIVED"

    # The prefix declared on the envelope, a comment, single quotes, a header that nobody must understand.
    common = 'xmlns:c="urn:css:common:1"'
    assert common in message
    other = ENVELOPE % f"<soap:Header><a xmlns='urn:b'/></soap:Header>\n<soap:Body><!-- again -->{message.replace(common, '')}</soap:Body>"
    other = other.replace("<soap:Envelope ", f"<soap:Envelope {common} ").replace("soap:", "S:").replace(":soap=", ":S=")
    again = gateway.call(other)

    assert said(opened(again.content), "Receipt/Result") == "DUPLICATE"
    assert len(orders_of(engine, message_id)) == 1


def test_the_same_message_by_plain_http_is_the_same_only_in_its_canonical_form(
    gateway: Gateway, engine: Engine, order: Callable[[str], str]
) -> None:
    message_id = new_id()
    message = order(message_id)
    gateway.call(BODY % message)
    plain = {"Authorization": f"Bearer {gateway.key}", "Content_Type": "application/xml"}

    same = gateway.ask("POST", "/partner/v1/messages", canonical(read_message(message.encode())), **plain)
    other = gateway.ask("POST", "/partner/v1/messages", message.encode(), **plain)

    assert (same.status, said(opened(same.body), "Receipt/Result")) == (200, "DUPLICATE")
    assert (other.status, codes(other.body)) == (409, [("CSS554E", "SubmitOrder/Header/MessageId")])


def test_what_is_wrong_with_a_message_is_told_in_an_acknowledgement_and_not_in_a_fault(
    gateway: Gateway, order: Callable[[str], str]
) -> None:
    message = order(new_id())
    reply = gateway.call(BODY % message.replace("<Action>PROVIDE</Action>", "<Action>GIVE</Action>"))
    assert reply.status == 200
    assert codes(reply.content) == [("CSS513E", "SubmitOrder/Order/Action")]

    altered = gateway.call(BODY % message)
    assert said(opened(altered.content), "Receipt/Result") == "RECEIVED"
    reused = gateway.call(BODY % message.replace("O'Neill S", "O'Neill T"))
    assert (reused.status, codes(reused.content)) == (200, [("CSS554E", "SubmitOrder/Header/MessageId")])

    unknown = gateway.call(BODY % '<Hello xmlns="urn:elsewhere"/>')
    assert (unknown.status, codes(unknown.content)) == (200, [("CSS510E", None)])


def with_block(attributes: str, message: str) -> str:
    """An envelope whose Header has a block of somebody's."""
    block = f'<w:Security xmlns:w="urn:w" {attributes}><w:Key>secret-words</w:Key></w:Security>'
    return ENVELOPE % f"<soap:Header>{block}</soap:Header><soap:Body>{message}</soap:Body>"


@pytest.mark.parametrize(
    ("envelope", "action", "fault"),
    [
        (BODY.replace(soap.SOAP, soap.SOAP_12) % "<a/>", '""', ("VersionMismatch", "CSS571E")),
        (BODY.replace(soap.SOAP, "urn:else") % "<a/>", '""', ("VersionMismatch", "CSS571E")),
        ("<Envelope><Body><a/></Body></Envelope>", '""', ("VersionMismatch", "CSS571E")),
        ("<SubmitOrder/>", '""', ("Client", "CSS573E")),
        (ENVELOPE % "", '""', ("Client", "CSS573E")),
        (ENVELOPE % "<soap:Header/>", '""', ("Client", "CSS573E")),
        (BODY % "", '""', ("Client", "CSS573E")),
        (BODY % "words", '""', ("Client", "CSS573E")),
        (BODY % "<a/><b/>", '""', ("Client", "CSS573E")),
        (BODY % "<a/>words", '""', ("Client", "CSS573E")),
        (ENVELOPE % "words<soap:Body><a/></soap:Body>", '""', ("Client", "CSS573E")),
        (ENVELOPE % "<soap:Body><a/></soap:Body><soap:Body><a/></soap:Body>", '""', ("Client", "CSS573E")),
        (ENVELOPE % "<soap:Body><a/></soap:Body><soap:Header/>", '""', ("Client", "CSS573E")),
        (ENVELOPE % "<soap:Body><a/></soap:Body><after xmlns='urn:a'/>", '""', ("Client", "CSS573E")),
        (BODY.replace("<soap:Body>", '<soap:Body soap:encodingStyle="urn:e">') % "<a/>", '""', ("Client", "CSS573E")),
(with_block('soap:mustUnderstand="1"', "<a/>"), '""', ("MustUnderstand", "CSS572E")),
        (with_block(f'soap:mustUnderstand="true" soap:actor="{soap.NEXT}"', "<a/>"), '""', ("MustUnderstand", "CSS572E")),
        (BODY % '<SubmitOrder xmlns="urn:css:order:1"/>', '"urn:css:order:2#SubmitOrder"', ("Client", "CSS574E")),
        (BODY % '<SubmitOrder xmlns="urn:css:order:1"/>', "urn:css:order:1#CancelOrder", ("Client", "CSS574E")),
        # The gate is the same as for a bare message.
        ("<soap:Envelope", '""', ("Client", "CSS506E")),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + BODY % "<a/>", '""', ("Client", "CSS504E")),
        (BODY % "<?php run?><a/>", '""', ("Client", "CSS507E")),
        (BODY % '<a><x:include xmlns:x="http://www.w3.org/2001/XInclude" href="/etc/passwd"/></a>', '""', ("Client", "CSS508E")),
        (BODY % ("<a>" * 300 + "</a>" * 300), '""', ("Client", "CSS509E")),
        (BODY % ("<a/>" * 200_001), '""', ("Client", "CSS505E")),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_envelope_is_a_fault(gateway: Gateway, envelope: str, action: str, fault: tuple[str, str]) -> None:
    reply = gateway.call(envelope, action)
    assert (reply.status, reply.fault) == (500, fault)
    assert b"secret-words" not in reply.body


@pytest.mark.parametrize(
    ("attributes", "result"),
    [('soap:mustUnderstand="0"', "RECEIVED"), ("", "RECEIVED"), ('soap:mustUnderstand="1" soap:actor="urn:somebody-else"', "RECEIVED")],
)
def test_a_header_that_we_need_not_understand_is_passed_by(
    gateway: Gateway, order: Callable[[str], str], attributes: str, result: str
) -> None:
    assert said(opened(gateway.call(with_block(attributes, order(new_id()))).content), "Receipt/Result") == result


@pytest.mark.parametrize(
    ("headers", "status", "fault"),
    [
        ({"Authorization": "Bearer css-none"}, 401, ("Client", "CSS556E")),
        ({"Authorization": ""}, 401, ("Client", "CSS556E")),
        ({"Content_Type": "application/soap+xml"}, 415, ("Client", "CSS562E")),
        ({"Content_Type": "multipart/related"}, 415, ("Client", "CSS562E")),
        ({"Content_Encoding": "gzip"}, 415, ("Client", "CSS562E")),
    ],
)
def test_what_http_refuses_keeps_its_status_and_is_a_fault(
    gateway: Gateway, headers: dict[str, str], status: int, fault: tuple[str, str]
) -> None:
    reply = gateway.call(BODY % "<a/>", **headers)
    assert (reply.status, reply.fault) == (status, fault)
    assert ("www-authenticate" in reply.headers) == (status == 401)


def test_a_request_too_large_is_a_fault(gateway: Gateway) -> None:
    reply = gateway.call(BODY % (" " * 5_000_000 + "<a/>"))
    assert (reply.status, reply.fault) == (413, ("Client", "CSS500E"))


def test_a_trouble_of_ours_is_a_fault_without_its_words(
    gateway: Gateway, order: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret of the house")

    monkeypatch.setattr(soap, "receive", broken)
    reply = gateway.call(BODY % order(new_id()))
    assert (reply.status, reply.fault) == (500, ("Server", "CSS000E"))
    assert b"secret" not in reply.body
    assert "gateway failed" in caplog.text


def test_the_wsdl_has_the_address_it_was_asked_at_and_its_schemas_are_there_without_a_key(gateway: Gateway) -> None:
    reply = gateway.ask("GET", "/partner/v1/soap?wsdl")
    assert reply.status == 200
    described = read_message(reply.body)
    addresses = {node.get("location") for node in described.iter("{http://schemas.xmlsoap.org/wsdl/soap/}address")}
    assert addresses == {f"http://127.0.0.1:{gateway.port}/partner/v1/soap"}
    imports = [str(node.get("schemaLocation")) for node in described.iter("{http://www.w3.org/2001/XMLSchema}import")]
    assert imports
    for where in (*imports, "schemas/common-1.xsd"):
        served = gateway.ask("GET", f"/partner/v1/{where}")
        assert (served.status, served.body) == (200, (schemas.DIRECTORY / where.partition("/")[2]).read_bytes())
        assert gateway.ask("GET", f"/partner/v1/{where}", If_None_Match=served.headers["etag"]).status == 304


@pytest.mark.parametrize(
    "path", ["soap", "schemas/tariff-1.xsd", "schemas/order-1", "schemas/published.sha256", "schemas/..%2F__init__.py", "schemas/"]
)
def test_nothing_else_is_served(gateway: Gateway, path: str) -> None:
    assert gateway.ask("GET", f"/partner/v1/{path}").status == 404


def described_operations() -> dict[tuple[str, str], str]:
    """Of the published WSDL: (schema, message) to the document it is answered with."""
    root = etree.parse(WSDL).getroot()

    def element(message: str | None) -> tuple[str, str]:
        part = root.find(f"{DESCRIBED}message[@name='{message}']/{DESCRIBED}part")
        assert part is not None
        prefix, _, name = str(part.get("element")).partition(":")
        return schemas.by_namespace()[str(root.nsmap[prefix])], name

    found = {}
    for operation in root.iterfind(f"{DESCRIBED}portType/{DESCRIBED}operation"):
        asked = element(operation.find(f"{DESCRIBED}input").get("message"))  # type: ignore[union-attr]
        answer = element(operation.find(f"{DESCRIBED}output").get("message"))  # type: ignore[union-attr]
        assert asked[1] == operation.get("name")
        assert element(operation.find(f"{DESCRIBED}fault").get("message"))[1] == "Acknowledgement"  # type: ignore[union-attr]
        found[asked] = answer[1]
    return found


def test_every_message_that_is_taken_has_an_operation_and_no_other_has() -> None:
    taken = {(schema, name) for schema in schemas.messages() for name in schemas.roots(schema) if name in TAKEN}
    operations = described_operations()
    assert set(operations) == taken
    assert {name for (_, name), answer in operations.items() if answer != "Acknowledgement"} == set(QUESTIONS)


def test_every_operation_is_bound_and_has_a_port_and_an_action_of_its_own() -> None:
    root = etree.parse(WSDL).getroot()
    ported = {str(port.get("binding")) for port in root.iter(f"{DESCRIBED}port")}
    assert ported == {str(kind.get("name")) for kind in root.iter(f"{DESCRIBED}portType")}
    actions = set()
    for binding in root.iter(f"{DESCRIBED}binding"):
        kind = root.find(f"{DESCRIBED}portType[@name='{binding.get('type')}']")
        assert kind is not None
        assert [node.get("name") for node in binding.iter(f"{DESCRIBED}operation")] == [
            node.get("name") for node in kind.iter(f"{DESCRIBED}operation")
        ]
        actions |= {str(node.get("soapAction")) for node in binding.iter("{http://schemas.xmlsoap.org/wsdl/soap/}operation")}
    assert actions == {f"{schemas.namespace(schema)}#{name}" for schema, name in described_operations()}


def test_the_page_names_every_operation_in_its_port() -> None:
    page = (schemas.DIRECTORY.parent / "docs" / "partner-soap.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([A-Za-z, ]*)\| ([A-Za-z, ]*)\|$", page, re.MULTILINE)
    said = {port: (set(re.findall(r"\w+", commands)), set(re.findall(r"\w+", questions))) for port, commands, questions in rows}
    root = etree.parse(WSDL).getroot()
    has = {
        str(kind.get("name")): {str(node.get("name")) for node in kind.iter(f"{DESCRIBED}operation")}
        for kind in root.iter(f"{DESCRIBED}portType")
    }
    assert {port: commands | questions for port, (commands, questions) in said.items()} == has
    assert set().union(*(questions for _, questions in said.values())) == set(QUESTIONS)


def test_the_wsdl_imports_every_schema_of_messages_so_that_whatever_is_fetched_can_be_read() -> None:
    imported = {str(node.get("schemaLocation")) for node in etree.parse(WSDL).iter("{http://www.w3.org/2001/XMLSchema}import")}
    assert imported == {f"{name}.xsd" for name in schemas.messages()} - {"common-1.xsd"}
    client = Client(str(WSDL))  # type: ignore[no-untyped-call]
    root = parsed(schemas.SAMPLES / "valid" / "delivery-possible-duplicate.xml")
    delivery = client.get_element("{urn:css:delivery:1}Delivery").parse(root, client.wsdl.types)  # type: ignore[no-untyped-call]
    (notice,) = delivery.Delivered.Extension._value_1
    assert (notice.Bill.BillNumber, notice.Bill.AmountDue) == ("ZZB00004561", Decimal("1250.00"))
