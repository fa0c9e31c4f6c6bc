"""The addresses: one for every screen, ``/s/CODE/argument``, and what every form can ask besides: a command, to sign off."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, flash, g, jsonify, make_response, redirect, request
from sqlalchemy import text

from css.core.errors import BadMessage, CssError, NotFound
from css.db.engine import transaction
from css.master.clocks import wall_now
from css.master.conversations import ConversationState
from css.web.command import read_command
from css.web.conversation import TOKEN_FORM, DoneAlreadyError, Kept, Spot, drop, frame, keep, look_up, new_token, park
from css.web.desk import Desk, NotForYou, desk, office
from css.web.form import BACK, ENTER, KEEP, LEAVE, PARK, PROMPT, REFRESH, WRAP, Form, base_of, tidied
from css.web.guard import COOKIE, THEME_COOKIE, THEMES, leave_seat, own_path
from css.web.lock import lock_now
from css.web.page import ARGUMENTS_MAX, Page
from css.web.rendering import address, address_of, go, here, leads
from css.web.screens import PAGES
from css.web.screens.sign_on import sign_on
from css.web.session import end
from css.web.wrap import wrap

NO_PAGE = "There is no such page. Key a screen's code at the command line, or F3 for the menu."
THEME_SECONDS = 400 * 24 * 3600

screens = Blueprint("screens", __name__)
screens.add_url_rule("/sign-on", "sign_on", sign_on, methods=["GET", "POST"])


@screens.get("/")
def front() -> Response:
    """The menu, for whoever gives no screen."""
    return go("MENU")


@screens.app_url_defaults
def _carry(endpoint: str, values: dict[str, Any]) -> None:
    """What a page was opened on top of goes along from address to address, until F3 returns there or ``=CODE`` leaves all."""
    if endpoint == "screens.screen" and g.get("on") and "on" not in values:
        values["on"] = g.on


@screens.get("/palette")
def palette() -> Response:
    """The screens this operator may use, for the command line's list: code, title, what it takes, family."""
    at_desk = desk()
    may = [page.screen for page in PAGES.values() if page.screen.in_menu and at_desk.may(page.screen.roles)]
    return jsonify(screens=[[one.code, one.title, one.takes, one.family] for one in may])


@screens.route("/s/<code>", methods=["GET", "POST"], defaults={"rest": ""})
@screens.route("/s/<code>/<path:rest>", methods=["GET", "POST"])
def screen(code: str, rest: str) -> Response:
    """Any screen. Refused unless one of the operator's roles is among the screen's; then a look or a key."""
    at_desk = desk()
    page = PAGES.get(code.upper())
    if page is None:
        raise NotFound("CSS358E", "There is no screen {code}; MENU lists those you may use.", code=code[:20])
    if not at_desk.may(page.screen.roles):
        raise NotForYou(page.screen.code)
    if not rest.isprintable():
        raise NotFound("CSS355E", NO_PAGE)
    arguments = tuple(part for part in rest.split("/") if part)[:ARGUMENTS_MAX]
    g.on = _token(request.args.get("on"))
    if g.on and g.on == request.args.get("c"):
        g.on = None
    if request.method != "POST":
        return _look(page, at_desk, arguments)
    return _key(page, at_desk, arguments, request.form.to_dict())


def _token(said: str | None) -> str | None:
    return said if said and TOKEN_FORM.match(said) else None


def _look(page: Page, at_desk: Desk, arguments: tuple[str, ...]) -> Response:
    """Look at a screen, or at a conversation as its row has it."""
    if page.version is not None:
        version = page.version(at_desk, arguments)
        if request.if_none_match.contains(version):
            return make_response("", 304)
        answer = page.show(at_desk, arguments)
        answer.set_etag(version)
        return answer
    token = _token(request.args.get("c"))
    if token is None:
        return page.show(at_desk, arguments)
    with at_desk.reading() as session:
        kept = look_up(session, token, by=at_desk.on_duty)
    return _go_on(page, at_desk, arguments, kept)


def _go_on(page: Page, at_desk: Desk, arguments: tuple[str, ...], kept: Kept) -> Response:
    """Show a conversation again as it was: checked, with its errors or its effect, else as it was keyed."""
    if kept.state is ConversationState.DONE:
        return _done_already(kept.led_to)
    if kept.state is ConversationState.DROPPED:
        return page.show(at_desk, arguments)
    if (kept.screen_code, kept.arguments) != (page.screen.code, "/".join(arguments)):
        return leads(address_of(kept))
    g.on = g.on or kept.below
    if page.act is None or not page.screen.converses:
        return page.show(at_desk, arguments)
    return _act(page, at_desk, arguments, {**kept.keyed, "key": ENTER if kept.is_checked else REFRESH}, kept)


def _done_already(led_to: str | None) -> Response:
    flash("This was done already; here is what came of it.", "CSS883I")
    return leads(own_path(led_to or "") or address("MENU"))


def _key(page: Page, at_desk: Desk, arguments: tuple[str, ...], posted: dict[str, str]) -> Response:
    """A key was pressed: what is keyed is written down before anything else comes of it."""
    key = posted.get("key", ENTER)
    if key == PROMPT:
        return _prompt(page, at_desk, arguments, posted)
    kept = _keep(page, at_desk, arguments, posted) if page.screen.converses else None
    if key == KEEP:
        return make_response("", 204)
    return _pressed(page, at_desk, arguments, posted, kept)


def _pressed(page: Page, at_desk: Desk, arguments: tuple[str, ...], posted: dict[str, str], kept: Kept | None) -> Response:
    """A finger's key: a command, a leave-taking, or the screen's own."""
    key = posted.get("key", ENTER)
    if kept is not None and kept.state is ConversationState.DONE:
        return _done_already(kept.led_to)
    if key == LEAVE and page.screen.code == "MENU" and not g.on:
        return _sign_off(at_desk)
    if key == ENTER and posted.get("command", "").strip() and posted.get("cursor", "") in {"", "command"}:
        try:
            return _obey(page, at_desk, arguments, posted["command"], kept)
        except CssError as error:
            # The page comes again as it was, with what was keyed into it.
            flash(str(error), error.code)
            g.command = posted["command"]
            posted["key"] = REFRESH
    if key == WRAP:
        return _wrap(page, at_desk, arguments, posted, kept)
    if kept is not None and key in {LEAVE, BACK, PARK}:
        return _take_leave(page, at_desk, arguments, posted, kept)
    return _act(page, at_desk, arguments, posted, kept)


def _wrap(page: Page, at_desk: Desk, arguments: tuple[str, ...], posted: dict[str, str], kept: Kept | None) -> Response:
    """F2: the call goes on the contact log; the page stays as it is, with what is keyed into it."""
    said = wrap(at_desk, posted)
    for one in said:
        flash(one.text, one.code)
    if any(one.is_error for one in said):
        g.wrapping = {name: text for name, text in posted.items() if name.startswith("wrap_")}
    elif kept is None:
        return leads(here())
    return _act(page, at_desk, arguments, posted | {"key": REFRESH}, kept)


def _keep(page: Page, at_desk: Desk, arguments: tuple[str, ...], posted: dict[str, str]) -> Kept:
    """Write down what is keyed. Errors: CSS881E, CSS882E."""
    token = _token(posted.get("token")) or new_token()
    by_itself = posted.get("key") == KEEP
    with at_desk.doing() as session:
        if by_itself:
            # It comes again by itself: it stands in nobody's way.
            session.execute(text("SET LOCAL lock_timeout = '1s'"))
        return keep(
            session,
            token,
            Spot(page.screen.code, "/".join(arguments), g.on),
            tidied(page.screen, posted),
            base=base_of(page.screen, posted.get("base", "")),
            by=at_desk.on_duty,
            at=at_desk.at,
            by_itself=by_itself,
        )


def _act(page: Page, at_desk: Desk, arguments: tuple[str, ...], posted: dict[str, str], kept: Kept | None) -> Response:
    if page.act is None:
        return page.show(at_desk, arguments)
    if kept is not None:
        # What was shown, and what the screen began with, is what the row says, whatever the browser does.
        g.kept = kept
        # A page without the effect on it (refreshed, parked, wrapped up) was not the last look at it.
        seen = "" if posted.get("key") == REFRESH else kept.seen
        posted = posted | {"token": kept.token, "seen": seen, "base": json.dumps(kept.base)}
    try:
        return page.act(at_desk, arguments, posted)
    except DoneAlreadyError as done:
        return _done_already(done.led_to)


def _take_leave(page: Page, at_desk: Desk, arguments: tuple[str, ...], posted: dict[str, str], kept: Kept) -> Response:
    """F3 keeps what is half-keyed, F12 drops it, Shift+F12 parks it."""
    key = posted["key"]
    home = own_path(posted.get("leave", "")) or address("MENU")
    if key == PARK and not page.screen.parks:
        return _act(page, at_desk, arguments, posted | {"key": REFRESH}, kept)
    if key != BACK and kept.is_touched and kept.subject is None:
        # Shown once more, for itself: so the row learns whom it is about, and the customer's page can list it.
        _act(page, at_desk, arguments, posted | {"key": REFRESH}, kept)
    with at_desk.doing() as session:
        if key == PARK:
            park(session, kept.token)
            flash("It is parked. The menu and the customer's page take it up again.", "CSS885I")
        elif key == BACK or not kept.is_touched:
            drop(session, kept.token)
        else:
            flash("What you keyed is kept. The menu takes it up again.", "CSS884I")
    return leads(own_path(posted.get("back", "")) or home if key == BACK else home)


def _prompt(page: Page, at_desk: Desk, arguments: tuple[str, ...], posted: dict[str, str]) -> Response:
    """The values a field may have, for what is keyed now; null where the page's own list is all there is."""
    name = posted.get("prompt", "")
    if page.prompt is None or name not in {one.name for one in page.screen.fields}:
        return jsonify(values=None)
    form = Form(page.screen, values=tidied(page.screen, posted))
    return jsonify(values=[list(one) for one in page.prompt(at_desk, arguments, form, name)])


def _obey(page: Page, at_desk: Desk, arguments: tuple[str, ...], text: str, kept: Kept | None) -> Response:
    """Do what the command line says: THEME and OFF here, the rest is another screen.

    ``..CODE`` opens it on top of this one, and F3 returns; ``=CODE`` leaves all that lies below.
    """
    words = text.lower().split()
    if words == ["off"]:
        return _sign_off(at_desk)
    if words == ["lock"]:
        return lock_now(at_desk, here() if kept is None else address_of(kept))
    if words[0] == "theme":
        return _theme(words[1:])
    target = read_command(text, PAGES)
    if words[0].startswith(".."):
        with at_desk.doing() as session:
            g.on = (
                kept.token
                if kept is not None
                else frame(session, Spot(page.screen.code, "/".join(arguments), g.on), by=at_desk.on_duty, at=at_desk.at)
            )
    elif words[0].startswith("="):
        g.on = None
    return go(*target)


def _theme(words: list[str]) -> Response:
    if len(words) != 1 or words[0] not in {*THEMES, "system"}:
        raise BadMessage("CSS368E", "Key THEME with GREEN, PAPER, or SYSTEM for what the computer is set to.", element="command")
    answer = make_response(redirect(request.path, code=303))
    if words[0] == "system":
        answer.delete_cookie(THEME_COOKIE, samesite="Lax")
    else:
        answer.set_cookie(THEME_COOKIE, words[0], max_age=THEME_SECONDS, samesite="Lax", secure=request.is_secure)
    return answer


def _sign_off(at_desk: Desk) -> Response:
    with transaction(office().connect()) as session:
        end(session, request.cookies.get(COOKIE, ""), reason="signed off", at=at_desk.at, wall=wall_now(office().clock))
    answer = leave_seat(make_response(redirect("/sign-on", code=303)))
    flash("You are signed off.", "CSS369I")
    return answer
