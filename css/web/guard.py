"""Before and after every request: who is signed on, that forms are ours, and the headers every answer carries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, make_response, redirect, render_template, request, session, url_for
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError

from css.core.errors import Refused
from css.db.engine import transaction
from css.web.desk import Desk, office
from css.web.session import IDLE_MAX, Hold, Standing, standing
from css.web.timing import Timing

COOKIE: Final = "css_session"
THEME_COOKIE: Final = "css_theme"
THEMES: Final = ("green", "paper")
OPEN_ENDPOINTS: Final = frozenset({"static", "screens.sign_on"})
"""What is answered without a sign-on."""
CLOSED: Final = "css closed"
UNLOCK: Final = "locking.open_again"
POLL_HEADER: Final = "X-CSS-Poll"
"""Sent with what a browser asks by itself, so that it keeps no desk open."""

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass(frozen=True, slots=True)
class Closed:
    """What a request is answered with where its token opens nothing."""

    covered: Callable[[Standing], Response]
    """The desk is locked."""
    over: Callable[[Standing], Response]
    """The sign-on has ended."""


def install(app: Flask, closed: Closed) -> None:
    """Put the guard before every request of this application; whatever is added later stands behind it."""
    app.extensions[CLOSED] = closed
    app.before_request(_begin)
    CSRFProtect(app)
    app.after_request(_finish)
    app.register_error_handler(CSRFError, _not_our_form)
    app.context_processor(_idle)


def _begin() -> Response | None:
    g.timing = Timing.start()
    g.theme = request.cookies.get(THEME_COOKIE, "") if request.cookies.get(THEME_COOKIE) in THEMES else ""
    if request.endpoint in OPEN_ENDPOINTS or request.endpoint is None:
        return None
    at_office = office()
    token = request.cookies.get(COOKIE, "")
    at = at_office.clock.now()
    if token:
        with transaction(at_office.connect()) as db:
            found = standing(db, token, at=at, is_use=POLL_HEADER not in request.headers)
        g.standing = found
        if found is not None and (found.hold is Hold.OPEN or (found.hold is Hold.LOCKED and request.endpoint == UNLOCK)):
            if found.hold is Hold.OPEN:
                g.desk = Desk(at_office.connect(), at, found.on_duty)
            return None
        if found is not None:
            closed: Closed = current_app.extensions[CLOSED]
            return closed.covered(found) if found.hold is Hold.LOCKED else closed.over(found)
    wanted = request.full_path.rstrip("?") if request.method != "POST" else ""
    return make_response(redirect(url_for("screens.sign_on", next=wanted or None), code=303))


def _idle() -> dict[str, int]:
    """For the page: after how many seconds without a key the browser locks the desk."""
    return {"idle_seconds": int(IDLE_MAX.total_seconds())} if g.get("desk") else {}


def _finish(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "static":
        return response
    # What a customer told us stays in no browser's cache and behind no Back button after the sign-on has ended.
    response.headers["Cache-Control"] = "no-store"
    timing: Timing | None = g.get("timing")
    if timing is not None:
        response.headers["Server-Timing"] = timing.header
    return response


def _not_our_form(_: CSRFError) -> Response:
    error = Refused("CSS353E", "This form is not from the sign-on you are using now. Open the screen again and key it there.")
    return make_response(render_template("error.html", error=error, status=400), 400)


def take_seat(response: Response, token: str) -> Response:
    """Give the browser its token. Whatever its old cookies said is gone, so nobody can have planted them."""
    session.clear()
    response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", secure=request.is_secure, path="/")
    return response


def leave_seat(response: Response) -> Response:
    """Take the token from the browser."""
    session.clear()
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=request.is_secure, path="/")
    return response


def own_path(address: str) -> str:
    """An address to go on to after sign-on, if it is one of ours; else empty. Two slashes at the front lead elsewhere."""
    parts = urlsplit(address)
    elsewhere = parts.scheme or parts.netloc or address.startswith("//") or "\\" in address
    return address if address.startswith("/") and not elsewhere else ""
