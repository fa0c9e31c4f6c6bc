"""SIGN: who are you."""

from __future__ import annotations

from typing import Final

from flask import Response, flash, make_response, redirect, request

from css.core.errors import Refused
from css.db.engine import transaction
from css.web.desk import office
from css.web.filters import instant
from css.web.form import Form
from css.web.guard import COOKIE, own_path, take_seat
from css.web.rendering import address, show
from css.web.screen import EVERYBODY, Field, Key, ResponseClass, Screen
from css.web.session import sign_on as open_session

SIGN: Final = Screen(
    code="SIGN",
    title="Sign on",
    family="Start",
    help=("Key your operator code and your password, then Enter. After several wrong passwords a code has to wait, longer each time."),
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
    ),
    keys=(Key(name="Enter", label="sign on", sends=True),),
)


def sign_on() -> Response:
    """The page and the deed. Answers 422 to what opens no session; a wrong try is counted and committed."""
    wanted = own_path(request.args.get("next", ""))
    if request.method != "POST":
        return show(None, SIGN, form=Form.blank(SIGN))
    form = Form.posted(SIGN, request.form)
    if form.has_errors:
        form.values["password"] = ""
        return show(None, SIGN, form=form, status=422)
    at = office().clock.now()
    with transaction(office().connect()) as session:
        signed_on = open_session(
            session, form.code("operator"), form.text("password"), at=at, replacing=request.cookies.get(COOKIE) or None
        )
    form.values["password"] = ""
    if signed_on is None:
        form.general.append(
            Refused(
                "CSS350E",
                "No session was opened: operator code and password do not agree, or the code must wait after too many wrong tries.",
            )
        )
        form.start = "password"
        return show(None, SIGN, form=form, status=422)
    response = take_seat(make_response(redirect(wanted or address("MENU"), code=303)), signed_on.token)
    before = signed_on.last_signed_on_at
    told = f"You are signed on. Last time: {instant(before)}." if before else "You are signed on for the first time."
    flash(told, "CSS351I")
    if signed_on.failed_since:
        flash(f"Since then somebody tried {signed_on.failed_since} wrong passwords for your code. If it was not you, say so.", "CSS371W")
    return response
