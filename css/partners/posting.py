"""``POST /partner/v1/messages``: every message a partner sends by HTTP, commands and questions alike."""

from __future__ import annotations

from flask import Response

from css.partners.doors import Doors, Route, message_body, xml_answer
from css.partners.inbox import receive


def routes(doors: Doors) -> tuple[Route, ...]:
    """The one page."""

    def post_message() -> Response:
        caller = doors.caller()
        with doors.passing(caller):
            answer = receive(doors.engine(), caller.code, message_body(), clock=doors.clock, own_party=doors.us())
        response = xml_answer(answer.body, answer.status)
        response.headers.update(answer.headers)
        return response

    return (Route("/messages", "messages", post_message, ("POST",)),)
