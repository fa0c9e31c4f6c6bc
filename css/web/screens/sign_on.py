"""SIGN: who are you, at which desk, and a new password where one is wanted or needed."""

from __future__ import annotations

from typing import Final

from flask import Response, flash, make_response, redirect, request

from css.core.errors import CssError, Refused
from css.db.engine import transaction
from css.master.clocks import wall_now
from css.web.conversation import tidy
from css.web.desk import http_status, office
from css.web.filters import instant
from css.web.form import Form
from css.web.guard import COOKIE, own_path, take_seat
from css.web.rendering import address, show
from css.web.screen import EVERYBODY, Field, Key, ResponseClass, Screen
from css.web.session import SignedOn
from css.web.session import sign_on as open_session

SEAT_COOKIE: Final = "css_seat"
SEAT_SECONDS: Final = 400 * 24 * 3600
SEAT_LENGTH_MAX: Final = 12

SIGN: Final = Screen(
    code="SIGN",
    title="Sign on",
    family="Start",
    help=(
        "Key your operator code and your password, then Enter. After several wrong passwords a code has to wait, longer each time. To "
        "change your password key the old one and the new one twice; one that a supervisor gave you has to be changed at once."
    ),
    roles=EVERYBODY,
    response=ResponseClass.R2,
    is_public=True,
    in_menu=False,
    fields=(
        Field(
            name="operator", label="Operator", help="Your operator code, two to eight letters and digits.", length_max=8, is_required=True
        ),
        Field(
            name="password",
            label="Password",
            help="At least eight characters.",
            kind="password",
            length_max=128,
            width=30,
            is_required=True,
        ),
        Field(
            name="seat",
            label="Desk",
            help="The desk you sit at, as it is called here. The browser remembers it.",
            length_max=SEAT_LENGTH_MAX,
        ),
        Field(
            name="new_password",
            label="New password",
            help="Only to change it: 8 to 128 characters. Several words are easier to remember than signs, and harder to guess.",
            kind="password",
            length_max=128,
            width=30,
            step="New password",
            also=frozenset({"new"}),
        ),
        Field(
            name="new_again",
            label="Once more",
            help="The new password again, since nobody sees what is keyed.",
            kind="password",
            length_max=128,
            width=30,
            step="New password",
        ),
    ),
    keys=(Key(name="Enter", label="sign on", sends=True),),
)


def sign_on() -> Response:
    """The page and the deed. Answers 422 to what opens no session; a wrong try is counted and committed."""
    wanted = own_path(request.args.get("next", ""))
    if request.method != "POST":
        return _page(Form.blank(SIGN, seat=request.cookies.get(SEAT_COOKIE, "")[:SEAT_LENGTH_MAX]))
    form = Form.posted(SIGN, request.form)
    password, new = form.text("password"), form.text("new_password")
    if new != form.text("new_again"):
        form.wrong("new_again", "CSS193E", "{label}: the two new passwords are not the same; key both again.")
    for name in ("password", "new_password", "new_again"):
        form.values[name] = ""
    if form.has_errors:
        return _page(form, 422)
    at = office().clock.now()
    try:
        with transaction(office().connect()) as session:
            signed_on = open_session(
                session,
                form.code("operator"),
                password,
                at=at,
                wall=wall_now(office().clock),
                replacing=request.cookies.get(COOKIE) or None,
                new_password=new,
                seat=form.code("seat") or None,
            )
            if signed_on is not None:
                tidy(session, signed_on.on_duty.operator_code, at=at)
    except CssError as error:
        # The password was right: what is wrong is the new one, or that there is none.
        form.errors.setdefault("password" if error.element == "password" else "new_password", []).append(error)
        return _page(form, http_status(error))
    if signed_on is None:
        form.general.append(
            Refused(
                "CSS350E",
                "No session was opened: operator code and password do not agree, or the code must wait after too many wrong tries.",
            )
        )
        form.start = "password"
        return _page(form, 422)
    response = take_seat(make_response(redirect(wanted or address("MENU"), code=303)), signed_on.token)
    if signed_on.on_duty.seat:
        response.set_cookie(
            SEAT_COOKIE, signed_on.on_duty.seat, max_age=SEAT_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure
        )
    _tell(signed_on, changed=bool(new))
    return response


def _tell(signed_on: SignedOn, *, changed: bool) -> None:
    """Who you are to us, when you were last here, and whatever somebody else did in your name."""
    before, on_duty = signed_on.last_signed_on_at, signed_on.on_duty
    last = f"Last time: {instant(before)}." if before else "This is the first time."
    flash(f"{on_duty.operator_name}, {on_duty.team}: you are signed on. {last}", "CSS351I")
    if changed:
        flash("Your new password is in force, and every other sign-on of yours has ended.", "CSS194I")
    for seat, since in signed_on.elsewhere:
        where = f"at desk {seat}" if seat else "at another desk"
        flash(f"You are also signed on {where} since {instant(since)}. If that is not you, tell a supervisor, who can end it.", "CSS195W")
    if signed_on.failed_since:
        tried = "a wrong password" if signed_on.failed_since == 1 else f"{signed_on.failed_since} wrong passwords"
        flash(f"Since then somebody tried {tried} for your code. If it was not you, say so.", "CSS371W")


def _page(form: Form, status: int = 200) -> Response:
    return show(None, SIGN, form=form, status=status)
