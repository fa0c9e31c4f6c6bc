"""The addresses: one for every screen, ``/s/CODE/argument``, and what every form can ask besides: a command, to sign off."""

from __future__ import annotations

from flask import Blueprint, Response, flash, g, make_response, redirect, request

from css.core.errors import BadMessage, CssError, NotFound
from css.db.engine import transaction
from css.web.command import read_command
from css.web.desk import Desk, NotForYou, desk, office
from css.web.form import ENTER, REFRESH
from css.web.guard import COOKIE, THEME_COOKIE, THEMES, leave_seat
from css.web.page import Page
from css.web.rendering import go
from css.web.screens import PAGES
from css.web.screens.sign_on import sign_on
from css.web.session import end

ARGUMENTS_MAX = 4
NO_PAGE = "There is no such page. Key a screen's code at the command line, or F3 for the menu."
THEME_SECONDS = 400 * 24 * 3600

screens = Blueprint("screens", __name__)
screens.add_url_rule("/sign-on", "sign_on", sign_on, methods=["GET", "POST"])


@screens.get("/")
def front() -> Response:
    """The menu, for whoever gives no screen."""
    return go("MENU")


@screens.route("/s/<code>", methods=["GET", "POST"], defaults={"rest": ""})
@screens.route("/s/<code>/<path:rest>", methods=["GET", "POST"])
def screen(code: str, rest: str) -> Response:
    """Any screen. Refused unless one of the operator's roles is among the screen's; then a command, a deed or a look."""
    at_desk = desk()
    page = PAGES.get(code.upper())
    if page is None:
        raise NotFound("CSS358E", "There is no screen {code}; MENU lists those you may use.", code=code[:20])
    if not at_desk.may(page.screen.roles):
        raise NotForYou(page.screen.code)
    if not rest.isprintable():
        raise NotFound("CSS355E", NO_PAGE)
    arguments = tuple(part for part in rest.split("/") if part)[:ARGUMENTS_MAX]
    if request.method != "POST":
        return page.show(at_desk, arguments)
    posted = request.form.to_dict()
    if posted.get("key") == "F3" and page.screen.code == "MENU":
        return _sign_off(at_desk)
    if posted.get("key", ENTER) == ENTER and posted.get("command", "").strip() and posted.get("cursor", "") in {"", "command"}:
        try:
            return _obey(at_desk, posted["command"])
        except CssError as error:
            # The page comes again as it was, with what was keyed into it.
            flash(str(error), error.code)
            g.command = posted["command"]
            posted["key"] = REFRESH
    return _act(page, at_desk, arguments, posted)


def _act(page: Page, at_desk: Desk, arguments: tuple[str, ...], posted: dict[str, str]) -> Response:
    return page.show(at_desk, arguments) if page.act is None else page.act(at_desk, arguments, posted)


def _obey(at_desk: Desk, text: str) -> Response:
    """Do what the command line says: THEME and OFF here, the rest is another screen."""
    words = text.lower().split()
    if words == ["off"]:
        return _sign_off(at_desk)
    if words[0] == "theme":
        return _theme(words[1:])
    return go(*read_command(text, PAGES))


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
        end(session, request.cookies.get(COOKIE, ""), reason="signed off", at=at_desk.at)
    answer = leave_seat(make_response(redirect("/sign-on", code=303)))
    flash("You are signed off.", "CSS369I")
    return answer
