"""SOAP 1.1, document/literal: the same messages in an envelope, and the WSDL and schemas a tool builds its client from.

The Body holds one message, the same element as over plain HTTP, and it goes through the same intake: the envelope through the
gate of ``css.xml.gateway``, the message in it, in its exclusive canonical form, through ``inbox.receive``. What is stored,
compared and replayed is that form, so how a tool writes its prefixes and its envelope makes no other message of it.

A message that was read has its answer in a Body with status 200, a REJECTED one too. A Fault is for what never came so far: the
envelope, the key, our own trouble; and for a question that cannot be read, since its answer would be another document. The detail
of every Fault is an Acknowledgement with the code, as it would be over plain HTTP.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from flask import Response, request
from lxml import etree

import schemas
from css.core.errors import BadMessage
from css.partners.access.keys import Partner
from css.partners.intake.acknowledging import ACKNOWLEDGEMENT
from css.partners.intake.inbox import receive
from css.partners.messages import QUESTIONS
from css.partners.model import Channel
from css.partners.pages.asking import ask
from css.partners.pages.doors import Doors, Refusal, Route, message_body, nothing_there
from css.xml import Element, canonical, clean_text, read_message, read_stored

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12: Final = "http://www.w3.org/2003/05/soap-envelope"
NEXT: Final = "http://schemas.xmlsoap.org/soap/actor/next"
WSDL: Final = "partner-1"
CONTENT_TYPE: Final = "text/xml; charset=utf-8"

_QUALIFIED: Final = f"{{{SOAP}}}"
_ENVELOPE: Final = f"{_QUALIFIED}Envelope"
_HEADER: Final = f"{_QUALIFIED}Header"
_BODY: Final = f"{_QUALIFIED}Body"
_DECLARATION: Final = re.compile(rb"^\xef\xbb\xbf|^<\?xml[^>]*\?>\s*")
_FAULT_TEXT_MAX: Final = 500
_XSD_IMPORT: Final = "{http://www.w3.org/2001/XMLSchema}import"
_ADDRESS: Final = "{http://schemas.xmlsoap.org/wsdl/soap/}address"


class EnvelopeRefusal(Refusal):
    """An envelope that is not as SOAP 1.1 and our WSDL ask."""

    def __init__(self, kind: str, code: str, text: str) -> None:
        super().__init__(HTTPStatus.INTERNAL_SERVER_ERROR, code, text)
        self.kind = kind
        """VersionMismatch, MustUnderstand or Client."""


def message_in(envelope: bytes, action: str | None) -> Element:
    """The message in an envelope.

    Args:
        envelope: the request's body as it came.
        action: its SOAPAction, quotes and all; None where there was none.

    Raises:
        EnvelopeRefusal: CSS571E to CSS574E.
        BadMessage: CSS500E to CSS509E, it is no XML that we read at all.
    """
    root = read_message(envelope)
    name = etree.QName(root)
    if name.localname != "Envelope":
        raise EnvelopeRefusal("Client", "CSS573E", "The request is no SOAP envelope; bare messages go to the address without /soap.")
    if root.tag != _ENVELOPE:
        raise EnvelopeRefusal("VersionMismatch", "CSS571E", f"The envelope is not of SOAP 1.1, namespace {SOAP}.")
    parts = list(root)
    head = parts.pop(0) if parts and parts[0].tag == _HEADER else None
    if [part.tag for part in parts] != [_BODY]:
        raise _malformed("An envelope holds at most one Header, then one Body, and nothing after it.")
    if head is not None:
        _understand(head)
    body = parts[0]
    if len(body) != 1:
        raise _malformed(f"A Body holds one message; this one holds {len(body)}.")
    for holder in (root, body, *([] if head is None else [head])):
        if holder.get(f"{_QUALIFIED}encodingStyle") is not None:
            raise _malformed("There is no encodingStyle here: messages are literal.")
        if any(text and text.strip(" \t\r\n") for text in (holder.text if holder is not head else None, *(each.tail for each in holder))):
            raise _malformed("Text stands among the parts of the envelope.")
    message = body[0]
    _agree(message, action)
    return message


def enveloped(document: bytes) -> bytes:
    """One of our documents as the Body of an answer, its bytes as they are."""
    return b"".join(
        (
            b'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="',
            SOAP.encode(),
            b'"><soap:Body>',
            _DECLARATION.sub(b"", document).strip(),
            b"</soap:Body></soap:Envelope>\n",
        )
    )


def fault(kind: str, text: str, acknowledgement: bytes) -> bytes:
    """A Fault whose detail is an Acknowledgement."""
    said = clean_text(text)[:_FAULT_TEXT_MAX].replace("&", "&amp;").replace("<", "&lt;").encode()
    detail = _DECLARATION.sub(b"", acknowledgement).strip()
    return enveloped(
        b"<soap:Fault><faultcode>soap:%s</faultcode><faultstring>%s</faultstring><detail>%s</detail></soap:Fault>"
        % (kind.encode(), said, detail)
    )


def wsdl(address: str, beside: str = "schemas/") -> bytes:
    """The WSDL with the address to call filled in, and with the schemas where this gateway serves them, seen from there."""
    root = read_message((schemas.DIRECTORY / f"{WSDL}.wsdl").read_bytes())
    for node in root.iter(_XSD_IMPORT):
        node.set("schemaLocation", f"{beside}{node.get('schemaLocation')}")
    for node in root.iter(_ADDRESS):
        node.set("location", address)
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def routes(doors: Doors) -> tuple[Route, ...]:
    """The operations, their WSDL, and the schemas of all messages."""

    def call() -> Response:
        try:
            caller = doors.caller()
            with doors.passing(caller):
                return _answered(doors, caller, message_in(message_body(), request.headers.get("SOAPAction")))
        except BadMessage as refusal:
            return fault_answer(doors, EnvelopeRefusal("Client", refusal.code, str(refusal)))
        except Exception as error:  # noqa: BLE001 - the last catch of the door: whatever it is, the client gets a Fault
            return fault_answer(doors, error)

    def description() -> Response:
        return described("schemas/")

    def schema(name: str) -> Response:
        stem = name.removesuffix(".xsd")
        if stem not in schemas.messages() or not name.endswith(".xsd"):
            raise Refusal(HTTPStatus.NOT_FOUND, "CSS575E", "There is no schema of that name; the WSDL names them all.")
        return _public((schemas.DIRECTORY / f"{stem}.xsd").read_bytes())

    return (
        Route("/soap", "soap", call, ("POST",)),
        Route("/soap", "wsdl", description),
        Route("/schemas/<name>", "schema", schema),
    )


def described(beside: str) -> Response:
    """The WSDL for the address that was asked.

    Raises:
        Refusal: 404, CSS557E, it was not the WSDL that was asked for.
    """
    if not any(name.lower() in {"wsdl", "singlewsdl"} for name in request.args):
        raise nothing_there()
    return _public(wsdl(request.base_url, beside))


def answered(document: bytes, *, is_question: bool, fault_status: int | None = None) -> Response:
    """What a message is answered with, in an envelope.

    Args:
        document: the answer.
        is_question: then an Acknowledgement is no answer of the operation's, and goes into a Fault.
        fault_status: where the answer says only that the message was turned away on the way.
    """
    if fault_status is not None:
        return _faulty(_kind_of(fault_status), document, fault_status)
    if is_question and read_stored(document).tag == ACKNOWLEDGEMENT:
        return _faulty("Client", document, HTTPStatus.INTERNAL_SERVER_ERROR)
    return _xml(enveloped(document), HTTPStatus.OK)


def fault_answer(doors: Doors, error: Exception) -> Response:
    """Any error as a Fault, with the status and the headers it has over plain HTTP."""
    told = doors.told(error)
    kind = error.kind if isinstance(error, EnvelopeRefusal) else _kind_of(told.status_code)
    answer = _faulty(kind, told.get_data(), told.status_code)
    for name, value in told.headers:
        if name not in {"Content-Type", "Content-Length", "Cache-Control"}:
            answer.headers[name] = value
    return answer


def _kind_of(status: int) -> str:
    return "Server" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "Client"


def _faulty(kind: str, acknowledgement: bytes, status: int) -> Response:
    words = read_stored(acknowledgement).findtext(".//{*}Errors/{*}Error/{*}Text") or "It was not answered; the detail says why."
    return _xml(fault(kind, words, acknowledgement), status)


def _malformed(text: str) -> EnvelopeRefusal:
    return EnvelopeRefusal("Client", "CSS573E", text)


def _understand(head: Element) -> None:
    """Refuse a header that must be understood and is meant for us: we understand none."""
    for block in head:
        must = (block.get(f"{_QUALIFIED}mustUnderstand") or "0").strip()
        if must in {"1", "true"} and block.get(f"{_QUALIFIED}actor") in {None, "", NEXT}:
            text = "A header of the envelope must be understood, and we understand none; the message has a Header of its own."
            raise EnvelopeRefusal("MustUnderstand", "CSS572E", text)


def _agree(message: Element, action: str | None) -> None:
    """The SOAPAction may be left empty; where it is not, it names the operation that the Body asks for."""
    said = (action or "").strip().strip('"')
    name = etree.QName(message)
    if said and said != f"{name.namespace}#{name.localname}":
        raise EnvelopeRefusal("Client", "CSS574E", "SOAPAction names another operation than the message in the Body.")


def _answered(doors: Doors, caller: Partner, message: Element) -> Response:
    # Not the bytes as they came: their prefixes may be declared on the envelope.
    data, engine, us = canonical(message), doors.engine(), doors.us()
    if etree.QName(message).localname not in QUESTIONS:
        answer = receive(engine, lambda _: caller, data, clock=doors.clock, own_party=us, channel=Channel.SOAP, handle=doors.handles)
        return answered(answer.body, is_question=False)
    return answered(ask(engine, caller, data, at=doors.clock.now(), us=us).body, is_question=True)


def _xml(body: bytes, status: int) -> Response:
    answer = Response(body, status=status, content_type=CONTENT_TYPE)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _public(body: bytes) -> Response:
    """What anybody may read, without a key: it is published."""
    answer = Response(body, content_type=CONTENT_TYPE)
    answer.headers["Cache-Control"] = "public, no-cache"
    answer.vary.add("Host")
    answer.add_etag()
    answer.make_conditional(request)
    return answer
