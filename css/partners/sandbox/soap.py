"""SOAP in a partner's test area: the same envelopes and faults, and inside them what the test area answers to plain HTTP.

The envelope is opened here and its message given to the area's own pages, so that whatever a scenario does on the way (an answer
that comes late, one that is lost, a refusal) it does here too.
"""

from __future__ import annotations

from http import HTTPStatus
from io import BytesIO
from typing import Final

from flask import Response, current_app, request
from lxml import etree

from css.core.errors import BadMessage
from css.partners.messages import QUESTIONS
from css.partners.model import KeyArea
from css.partners.pages import soap
from css.partners.pages.doors import Doors, Route, message_body
from css.partners.sandbox import doors as area
from css.xml import canonical

MESSAGES: Final = "/sandbox/messages"
QUERIES: Final = "/sandbox/queries"
_OF_A_FAULT: Final = frozenset({401, 413, 415, 429})
_HTTP_ALONE: Final = frozenset({"content-type", "content-length"})


def routes(doors: Doors) -> tuple[Route, ...]:
    """The operations in the test area, and the WSDL with its address."""
    pages = {route.path: route.view for route in area.routes(doors)}

    def call() -> Response:
        try:
            doors.caller(KeyArea.SANDBOX)
            message = soap.message_in(message_body(), request.headers.get("SOAPAction"))
            is_question = etree.QName(message).localname in QUESTIONS
            data = canonical(message)
            bare = {"wsgi.input": BytesIO(data), "CONTENT_LENGTH": str(len(data)), "CONTENT_TYPE": "application/xml"}
            with current_app.request_context({**request.environ, **bare}):
                told = current_app.ensure_sync(pages[QUERIES if is_question else MESSAGES])()
        except BadMessage as refusal:
            return soap.fault_answer(doors, soap.EnvelopeRefusal("Client", refusal.code, str(refusal)))
        except Exception as error:  # noqa: BLE001 - the last catch of the door: whatever it is, the client gets a Fault
            return soap.fault_answer(doors, error)
        return _in_envelope(told, is_question=is_question)

    def description() -> Response:
        return soap.described("../schemas/")

    return (Route("/sandbox/soap", "sandbox_soap", call, ("POST",)), Route("/sandbox/soap", "sandbox_wsdl", description))


def _in_envelope(told: Response, *, is_question: bool) -> Response:
    """What the area answers, in an envelope; what it breaks off stays broken off."""
    if told.is_streamed or not told.get_data():
        return told
    status = told.status_code
    is_fault = status in _OF_A_FAULT or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    answer = soap.answered(told.get_data(), is_question=is_question, fault_status=status if is_fault else None)
    for name, value in told.headers:
        if name.lower() not in _HTTP_ALONE:
            answer.headers[name] = value
    return answer
