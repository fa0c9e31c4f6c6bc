"""A desk left alone: what was keyed is kept, the page is covered, and the password opens it again where it was.

The browser locks it (``POST /lock``, with the form as it stands) a while after the last key; where it did not, the guard
does at the next request. No page is shown over a locked desk but this one. (Reasons: docs/decisions/0138.)
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from flask import Blueprint, Response, flash, g, jsonify, make_response, redirect, request, url_for
from flask_wtf.csrf import validate_csrf
from werkzeug.urls import iri_to_uri
from wtforms import ValidationError

from css.core.errors import CssError, Refused
from css.db.engine import transaction
from css.master.clocks import wall_now
from css.web.conversation import TOKEN_FORM, Spot, keep
from css.web.desk import Desk, desk, office
from css.web.form import KEEP, PROMPT, Form, base_of, tidied
from css.web.guard import COOKIE, UNLOCK, leave_seat, own_path, was_ours
from css.web.page import ARGUMENTS_MAX
from css.web.rendering import ADDRESS_HEADER, address, here, show
from css.web.screen import EVERYBODY, Field, Key, ResponseClass, Screen
from css.web.screens import PAGES
from css.web.session import OFF_LOCKED, TRIED_OUT, UNTOLD, Hold, Standing, end, unlock
from css.web.session import lock as lock_desk

LOCK: Final = Screen(
    code="LOCK",
    title="Desk locked",
    family="Start",
    help=(
        "Nobody pressed a key here for a quarter of an hour, or the desk was locked with LOCK. Key your password and Enter: the screen "
        "comes again as it was, with what was keyed into it. After five wrong passwords, or two hours, the sign-on ends; what was keyed "
        "is kept even then. F3 signs off, so that somebody else can sign on."
    ),
    roles=EVERYBODY,
    response=ResponseClass.R2,
    is_public=True,
    in_menu=False,
    fields=(
        Field(
            name="password",
            label="Password",
            help="The password you signed on with.",
            kind="password",
            length_max=128,
            width=30,
            is_required=True,
        ),
    ),
    keys=(Key(name="Enter", label="open", sends=True), Key(name="F3", label="sign off", sends=True)),
)
TOO_LATE: Final = "Your sign-on has ended ({reason}). Sign on again: what was committed is done, and what you keyed is kept."

locking = Blueprint("locking", __name__)


def covered(standing: Standing) -> Response:
    """What any request at a locked desk is answered with: the lock, after what was posted is kept."""
    if request.method == "POST":
        if request.form.get("key") == PROMPT:
            return jsonify(values=None)
        back = kept_address(_next())
        return make_response("", 204) if request.form.get("key") == KEEP else make_response(redirect(back, code=303))
    if request.endpoint == "screens.palette":
        return make_response("", 403)
    if not request.path.startswith("/s/"):
        return make_response(redirect(address("MENU"), code=303))
    return _page(standing, Form.blank(LOCK), here())


def over(standing: Standing) -> Response:
    """What a request is answered with whose sign-on has ended: the sign-on, which leads back to what was keyed."""
    if request.method == "POST":
        back = kept_address(_next()) if request.form.get("key") != PROMPT else ""
        if request.form.get("key") in {KEEP, PROMPT}:
            return make_response("", 403)
    else:
        back = here()
    if standing.reason not in UNTOLD:
        flash(TOO_LATE.format(reason=standing.reason), "CSS352W")
    return make_response(redirect(url_for("screens.sign_on", next=back if back.startswith("/s/") else None), code=303))


def stale() -> Response:
    """What a form of an earlier sign-on is answered with: it is kept as far as it can be, shown again, and not done."""
    key = request.form.get("key")
    if request.endpoint == "screens.sign_on":
        return make_response(redirect(url_for("screens.sign_on", next=_next() or None), code=303))
    if key == PROMPT:
        return jsonify(values=None)
    back = (_next() or address("MENU")) if request.endpoint == UNLOCK else kept_address(_next())
    if key == KEEP:
        return make_response("", 204)
    if request.endpoint == "locking.lock":
        # Whoever asks for a lock gets one.
        return lock_now(desk(), back)
    if request.endpoint != UNLOCK:
        flash(
            "You signed on anew since this screen was opened. Nothing was done, what you keyed is kept: look, and press the key again.",
            "CSS353W",
        )
    return make_response(redirect(back, code=303))


@locking.post("/lock")
def lock() -> Response:
    """Lock this desk now, keeping the form that came along; the address to come back to is ``next``."""
    return lock_now(desk(), kept_address(_next()))


def lock_now(at_desk: Desk, back: str) -> Response:
    """Lock the desk; ``back`` is the address that the password leads to."""
    with transaction(office().connect()) as session:
        lock_desk(session, at_desk.on_duty, at=at_desk.at, wall=wall_now(office().clock))
    return make_response(redirect(back, code=303))


@locking.post("/unlock")
def open_again() -> Response:
    """The password at a locked desk: back to where it was, or the lock again, or the end of the sign-on."""
    standing: Standing = g.standing
    back = _next() or address("MENU")
    if standing.hold is Hold.OPEN:
        return make_response(redirect(back, code=303))
    at, wall = office().clock.now(), wall_now(office().clock)
    token = request.cookies.get(COOKIE, "")
    if request.form.get("key") == "F3":
        with transaction(office().connect()) as session:
            end(session, token, reason=OFF_LOCKED, at=at, wall=wall)
        answer = leave_seat(make_response(redirect("/sign-on", code=303)))
        flash("You are signed off.", "CSS369I")
        return answer
    form = Form.posted(LOCK, request.form)
    password, form.values["password"] = form.text("password"), ""
    if form.has_errors:
        return _page(standing, form, back, status=422)
    with transaction(office().connect()) as session:
        came_to = unlock(session, token, password, at=at, wall=wall)
    if came_to.opened:
        if came_to.failed:
            tried = "a wrong password was" if came_to.failed == 1 else f"{came_to.failed} wrong passwords were"
            flash(f"While the desk was locked {tried} tried. If it was not you, say so.", "CSS191W")
        return make_response(redirect(back, code=303))
    if not came_to.tries_left:
        answer = leave_seat(make_response(redirect(url_for("screens.sign_on", next=back), code=303)))
        flash(TOO_LATE.format(reason=TRIED_OUT), "CSS352W")
        return answer
    sentence = "That is not the password of {code}. After {left} more wrong ones the sign-on ends; what you keyed is kept."
    form.general.append(Refused("CSS192E", sentence, code=standing.on_duty.operator_code, left=came_to.tries_left))
    return _page(standing, form, back, status=422)


def _page(standing: Standing, form: Form, back: str, status: int = 200) -> Response:
    # Without the desk: over a locked one nobody is told whom the call was about, and no command is taken.
    answer = show(None, LOCK, form=form, status=status, on_duty=standing.on_duty, back=back)
    answer.headers[ADDRESS_HEADER] = iri_to_uri(back)
    return answer


def _next() -> str:
    return own_path(request.args.get("next", ""))


def kept_address(target: str = "") -> str:
    """Keep what was posted in its conversation, as far as it is one and really ours; the address that shows it again.

    ``target`` is the address of the screen that was keyed into; the request's own where there is none.
    """
    parts = urlsplit(target or request.full_path.rstrip("?"))
    # An address is told in the letters of a header; what stands in it is kept as the screen itself reads it.
    _, _, spot = (unquote(parts.path) if target else request.path).partition("/s/")
    code, _, rest = spot.partition("/")
    back = address(code, rest) if spot else address("MENU")
    on = next(iter(parse_qs(parts.query).get("on", ())), None)
    said = next(iter(parse_qs(parts.query).get("c", ())), None)
    token = _keep(code.upper(), rest, on, request.form.to_dict()) or said
    query = {name: value for name, value in {"c": token, "on": on}.items() if value}
    return f"{back}?{urlencode(query)}" if query else back


def _keep(code: str, rest: str, on: str | None, posted: Mapping[str, str]) -> str | None:
    """The token of the conversation that what was posted is kept in; None where it is none of ours."""
    page, token, standing = PAGES.get(code), posted.get("token", ""), g.get("standing")
    if page is None or not page.screen.converses or not TOKEN_FORM.match(token) or standing is None or not rest.isprintable():
        return None
    on_duty = standing.on_duty
    if not on_duty.roles & page.screen.roles or not _is_ours(posted):
        return None
    spot = Spot(code, "/".join([part for part in rest.split("/") if part][:ARGUMENTS_MAX]), on if on and TOKEN_FORM.match(on) else None)
    base, keyed = base_of(page.screen, posted.get("base", "")), tidied(page.screen, posted)
    # A conversation that is done, or a colleague's by now, is not written into; its address says so.
    with suppress(CssError), transaction(office().connect()) as session:
        keep(session, token, spot, keyed, base=base, by=on_duty, at=office().clock.now())
    return token


def _is_ours(posted: Mapping[str, str]) -> bool:
    try:
        validate_csrf(posted.get("csrf_token"))
    except ValidationError:
        return was_ours()
    return True
