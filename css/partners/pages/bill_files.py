"""``GET /partner/v1/bills/NUMBER/KIND``: the files a BillNotice names, byte for byte as they were issued."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, request

from billing.queries.issued_files import issued_file
from css.core.errors import NotFound
from css.db.engine import transaction
from css.partners.access.wall import behind_the_wall
from css.partners.pages.doors import Doors, Refusal, Route

_TEXTS = ("text/", "application/xml")


def routes(doors: Doors) -> tuple[Route, ...]:
    """The one page."""

    def bill_file(number: str, kind: str) -> Response:
        with transaction(doors.engine()) as session:
            caller = doors.caller_in(session)
            try:
                with behind_the_wall(session, caller):
                    file = issued_file(session, caller.provider_id, number, kind)
            except NotFound as nothing:
                raise Refusal(HTTPStatus.NOT_FOUND, nothing.code, str(nothing)) from None
        in_words = file.media_type.startswith(_TEXTS)
        answer = Response(file.content, content_type=f"{file.media_type}; charset=utf-8" if in_words else file.media_type)
        answer.headers["Content-Disposition"] = f'attachment; filename="{file.file_name}"'
        answer.headers["Cache-Control"] = "private, no-cache"
        # An issued file never changes: its sum is its tag.
        answer.set_etag(file.sha256)
        answer.make_conditional(request)
        return answer

    return (Route("/bills/<number>/<kind>", "bill", bill_file),)
