"""From a screen's record and its data to a page: the head, the messages, the fields, the key bar."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import count
from typing import Final, cast
from urllib.parse import urlencode

from flask import Response, flash, g, get_flashed_messages, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.urls import iri_to_uri

from css.core.errors import NotFound
from css.web.conversation import Kept, also_open, look_up, new_token, note
from css.web.desk import Desk
from css.web.form import BACK, COMMIT, ENTER, LEAVE, PARK, REFRESH, WRAP, Form
from css.web.screen import COMMON_KEYS, KEY_MEANINGS, Key, Screen
from css.web.wrap import FIELDS as WRAP_FIELDS
from css.web.wrap import wrap_reasons

COMMON_NAMES: Final = frozenset(key.name for key in COMMON_KEYS)
SHELL_HEADER: Final = "X-CSS-Shell"
"""Sent by our own script, which puts the answer in the place of the page; without it a post is answered with an address to look at."""
ADDRESS_HEADER: Final = "X-CSS-Address"
"""What the address bar should say: where the page can be had again by looking."""
LOOKED_AT_AGAIN: Final = frozenset({200, 422})
"""What a look at the conversation's address answers again. A conflict is told once, where it happens."""


@dataclass(frozen=True, slots=True)
class InHand:
    """Who and what the call is about, for the head line; travels by the address of the page."""

    account_number: str
    name: str
    telephone: str | None = None
    ring: str | None = None
    """Where to ring back, when that is not the number in hand: a line in trouble does not ring."""


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key as the bar shows it now."""

    name: str
    label: str
    sends: bool = False
    href: str = ""
    """Where it goes; empty for a key that sends or acts in the browser."""


@dataclass(frozen=True, slots=True)
class Message:
    """A line under the head: information, a warning or an error."""

    code: str
    text: str

    @property
    def severity(self) -> str:
        return {"E": "error", "W": "warning"}.get(self.code[-1:], "information")


Choices = Mapping[str, Sequence[tuple[str, str]]]
"""Field name to its valid values: code and words."""


def address(code: str, *arguments: str | None) -> str:
    """The address of a screen with its arguments; those that are None or empty are left out."""
    rest = "/".join(argument for argument in arguments if argument)
    return url_for("screens.screen", code=code, rest=rest) if rest else url_for("screens.screen", code=code)


def address_of(kept: Kept) -> str:
    """Where a conversation is gone on with."""
    return f"{iri_to_uri(kept.path)}?{urlencode({'c': kept.token} | ({'on': kept.below} if kept.below else {}))}"


def here() -> str:
    """The address that is asked for, in the letters a header may hold."""
    return iri_to_uri(request.full_path.rstrip("?"))


def leads(location: str) -> Response:
    """To an address, with GET: what was posted is done and is not posted again by a refresh."""
    return make_response(redirect(location, code=303))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a page says beside its own matter: what it was opened on top of, and who else is at the same record."""

    below: Kept | None = None
    others: tuple[tuple[str, datetime], ...] = field(default=())


def _surroundings(at_desk: Desk | None, screen: Screen, form: Form | None, subject: str | None, label: str) -> Surroundings:
    """Write down how far the conversation is, and look round; no statement where there is neither."""
    kept: Kept | None = g.get("kept")
    on: str | None = g.get("on")
    converses = form is not None and screen.converses
    if at_desk is None or not (on or converses):
        return Surroundings()
    with at_desk.doing() as session:
        if form is not None and kept is not None:
            keyed = {name: value for name, value in form.values.items() if name in kept.keyed}
            is_checked = form.key in {ENTER, COMMIT}
            found = (keyed, form.base, form.seen, is_checked, subject, label)
            if found != (kept.keyed, kept.base, kept.seen, kept.is_checked, kept.subject, kept.label):
                note(session, kept.token, keyed=keyed, base=form.base, seen=form.seen, is_checked=is_checked, subject=subject, label=label)
        others = also_open(session, subject, by=at_desk.on_duty, at=at_desk.at) if converses and subject else ()
        below = _below(session, on, at_desk) if on else None
    return Surroundings(below, others)


def _below(session: Session, token: str, at_desk: Desk) -> Kept | None:
    """What the page was opened on top of; None when it is not kept any more, and then nothing leads back there."""
    try:
        return look_up(session, token, by=at_desk.on_duty)
    except NotFound:
        g.on = None
        return None


def show(  # noqa: PLR0913 - all that a page may have
    at_desk: Desk | None,
    screen: Screen,
    *,
    form: Form | None = None,
    in_hand: InHand | None = None,
    links: Mapping[str, str] | None = None,
    choices: Choices | None = None,
    status: int = 200,
    without: frozenset[str] = frozenset(),
    polls_seconds: int = 0,
    **data: object,
) -> Response:
    """The page of a screen.

    ``links`` are the addresses of its going keys; a key without one is not shown, nor are those in ``without``.
    ``polls_seconds`` is for a page that waits for something just now: how soon the browser asks for it again by itself.
    """
    kept: Kept | None = g.get("kept")
    if form is not None and kept is None:
        form.base = {one.name: form.text(one.name) for one in screen.shown_fields(form.deed) if one.kind != "password"}
    about = (form.subject if form else "") or (in_hand.account_number if in_hand else None)
    round_about = _surroundings(at_desk, screen, form, about, in_hand.name if in_hand else "")
    if kept is not None and request.method == "POST" and SHELL_HEADER not in request.headers and status in LOOKED_AT_AGAIN:
        if form is not None and form.look_first:
            flash("This is what it would do. Press F6 again to commit it.", "CSS367W")
        return leads(address_of(kept))
    below = round_about.below
    way_home = _way_home(screen, links or {}, in_hand, below)
    said = [Message(code, text) for code, text in cast("list[tuple[str, str]]", get_flashed_messages(with_categories=True))]
    if form is not None and form.look_first:
        said.append(Message("CSS367W", "This is what it would do. Press F6 again to commit it."))
    elif form is not None and form.shows:
        said.append(Message(*form.checked))
    html = render_template(
        f"{screen.code}.html",
        screen=screen,
        form=form,
        desk=at_desk,
        in_hand=in_hand,
        keys=[
            key
            for key in shown_keys(at_desk, screen, form, {**(links or {}), LEAVE: way_home}, wraps=in_hand is not None)
            if key.name not in without
        ],
        way_home=way_home,
        way_back=(links or {}).get(BACK, way_home),
        begun=json.dumps(form.base) if form is not None and screen.converses and kept is None else "",
        below=below,
        also_open=round_about.others,
        wrap_fields=WRAP_FIELDS,
        wrap_reasons=wrap_reasons() if in_hand else (),
        wrap_keyed=g.get("wrapping") or {},
        wrap_token=new_token() if in_hand else "",
        meanings=KEY_MEANINGS,
        choices=choices or {},
        said=said,
        next_line=partial(next, count(1)),
        polls_seconds=polls_seconds or screen.polls_seconds,
        **data,
    )
    answer = make_response(html, status)
    if request.method == "POST":
        answer.headers[ADDRESS_HEADER] = address_of(kept) if kept is not None else here()
    return answer


def _way_home(screen: Screen, links: Mapping[str, str], in_hand: InHand | None, below: Kept | None) -> str:
    """Where F3 leads: where the screen says, else to what lies below, to the customer in hand, to the menu; never past what lies below."""
    menu = address("MENU")
    homeward = address("CU03", in_hand.account_number) if in_hand and screen.code != "CU03" else menu
    chosen = "" if screen.is_public or screen.code == "MENU" else links.get(LEAVE, homeward)
    return address_of(below) if below is not None and (LEAVE not in links or chosen in {"", menu}) else chosen


def shown_keys(at_desk: Desk | None, screen: Screen, form: Form | None, links: Mapping[str, str], *, wraps: bool = False) -> list[ShownKey]:
    """The key bar: the keys that mean the same everywhere, as far as they are of use here, then the screen's own.

    On a screen that converses F3 and F12 send: the one keeps what is half-keyed, the other drops it.
    """
    deed = form.deed if form is not None else ""
    own = {key.name: key for key in screen.keys if _usable(key, at_desk, deed)}
    converses = form is not None and screen.converses
    goes = {**links, BACK: links.get(BACK) or (links[LEAVE] if converses else "")}
    local = (
        {"F1"}
        | ({WRAP} if wraps else set())
        | (set() if screen.is_public else {"F9", "F10"})
        | ({"F4"} if form is not None and screen.has_codes else set())
    )
    shown = []
    for key in (*COMMON_KEYS, *(key for key in own.values() if key.name not in COMMON_NAMES)):
        label = own[key.name].label if key.name in own else key.label
        if key.name == REFRESH:
            if screen.is_public:
                continue
            # What is keyed stays: on a screen to key into, refreshing is a post.
            shown.append(ShownKey(key.name, label, sends=bool(screen.fields), href="" if screen.fields else here()))
        elif key.name == PARK:
            shown += [ShownKey(key.name, label, sends=True)] if converses and screen.parks else []
        elif converses and key.name in {LEAVE, BACK}:
            shown.append(ShownKey(key.name, label, sends=True))
        elif key.name == LEAVE and goes[LEAVE]:
            shown.append(ShownKey(key.name, label, href=goes[LEAVE]))
        elif key.sends or (key.name in own and own[key.name].sends):
            shown += [ShownKey(key.name, label, sends=True)] if key.name in own else []
        elif goes.get(key.name):
            shown.append(ShownKey(key.name, label, href=goes[key.name]))
        elif key.name in local:
            shown.append(ShownKey(key.name, label))
    return shown


def _usable(key: Key, at_desk: Desk | None, deed: str) -> bool:
    return (at_desk is None or at_desk.may(key.roles)) and (not key.deeds or deed in key.deeds)


def go(code: str, *arguments: str | None) -> Response:
    """To another screen, with GET: what was posted is done and is not posted again by a refresh."""
    return leads(address(code, *arguments))
