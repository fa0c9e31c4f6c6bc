"""Before and after every request: who is signed on, that forms are ours, and the headers every answer carries."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, make_response, redirect, render_template, request, session, url_for
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from itsdangerous import URLSafeTimedSerializer

from css.core.errors import Refused
from css.db.engine import transaction
from css.master.clocks import wall_now
from css.web.desk import Desk, office
from css.web.session import IDLE_MAX, Hold, Standing, standing
from css.web.timing import Timing

COOKIE: Final = "css_session"
THEME_COOKIE: Final = "css_theme"
THEMES: Final = ("green", "paper")
OPEN_ENDPOINTS: Final = frozenset({"static", "screens.sign_on"})
"""What is answered without a sign-on."""
CLOSED: Final = "css closed"
FORM_FIELD: Final = "csrf_token"
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
    stale: Callable[[], Response]
    """The form is from our own page, of another sign-on than the one in use."""


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
    token = request.cookies.get(COOKIE, "")
    if token and request.endpoint != "static":
        _bind(token)
    if request.endpoint in OPEN_ENDPOINTS or request.endpoint is None:
        return None
    at_office = office()
    at = at_office.clock.now()
    if token:
        with transaction(at_office.connect()) as db:
            found = standing(db, token, at=at, wall=wall_now(at_office.clock), is_use=POLL_HEADER not in request.headers)
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


def _bind(token: str) -> None:
    """Make this sign-on's forms its own: a form cookie that somebody planted, with a form to match, is worth nothing beside it.

    Every window of one sign-on has the same secret, and it outlives signing off: what is keyed in another window is still told
    to be ours.
    """
    own = hmac.new(str(current_app.secret_key).encode(), f"form/{token}".encode(), hashlib.sha256).hexdigest()
    if session.get(FORM_FIELD) != own:
        session[FORM_FIELD] = own


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
    if was_ours():
        closed: Closed = current_app.extensions[CLOSED]
        return closed.stale()
    error = Refused("CSS353E", "This form is not from the sign-on you are using now. Open the screen again and key it there.")
    return make_response(render_template("error.html", error=error, status=400), 400)


def was_ours() -> bool:
    """Whether a form that is not of this sign-on is at least from a page of ours: one of an earlier sign-on at this browser.

    Its secret is gone with that sign-on, so this is only enough to keep what was keyed, never to do it. The browser itself says
    where the form comes from, and that we signed it is seen.
    """
    said = request.headers.get("Origin") or request.headers.get("Referer") or ""
    signer = URLSafeTimedSerializer(str(current_app.secret_key), salt="wtf-csrf-token")
    is_signed, _ = signer.loads_unsafe(request.form.get(FORM_FIELD, ""))
    return is_signed and urlsplit(said).netloc == request.host


def take_seat(response: Response, token: str) -> Response:
    """Give the browser its token. Whatever its old cookies said is gone, so nobody can have planted them."""
    session.clear()
    response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", secure=request.is_secure, path="/")
    return response


def leave_seat(response: Response) -> Response:
    """Throw away what the browser was told. Its token stays: it opens nothing any more, but says for whom to keep what is
    keyed in another window.
    """
    session.clear()
    return response


def own_path(address: str) -> str:
    """An address to go on to, if it is one of ours; else empty. Two slashes at the front lead elsewhere; a line's end is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    elsewhere = parts.scheme or parts.netloc or address.startswith("//") or "\\" in address or not address.isprintable()
    return address if address.startswith("/") and not elsewhere else ""
