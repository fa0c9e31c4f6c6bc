"""``POST /partner/v1/messages``: every message a partner sends by HTTP, commands and questions alike."""

from __future__ import annotations

from contextlib import ExitStack

from flask import Response
from sqlalchemy.orm import Session

from css.partners.access.keys import Partner
from css.partners.intake.inbox import receive
from css.partners.pages.doors import Doors, Route, message_body, xml_answer


def routes(doors: Doors) -> tuple[Route, ...]:
    """The one page."""

    def post_message() -> Response:
        with ExitStack() as places:

            def admitted(session: Session) -> Partner:
                partner = doors.caller_in(session)
                places.enter_context(doors.passing(partner, session))
                return partner

            # Our own number is asked for first: inside the transaction it would take a second connection.
            us, body = doors.us(), message_body()
            answer = receive(doors.engine(), admitted, body, clock=doors.clock, own_party=us, handle=doors.handles)
        response = xml_answer(answer.body, answer.status)
        response.headers.update(answer.headers)
        return response

    return (Route("/messages", "messages", post_message, ("POST",)),)
