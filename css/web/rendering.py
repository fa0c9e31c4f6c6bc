"""From a screen's record and its data to a page: the head, the messages, the fields, the key bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Final, cast

from flask import Response, get_flashed_messages, make_response, redirect, render_template, request, url_for

from css.web.desk import Desk
from css.web.form import REFRESH, Form
from css.web.screen import COMMON_KEYS, KEY_MEANINGS, Key, Screen

COMMON_NAMES: Final = frozenset(key.name for key in COMMON_KEYS)


@dataclass(frozen=True, slots=True)
class InHand:
    """Who and what the call is about, for the head line; travels by the address of the page."""

    account_number: str
    name: str
    telephone: str | None = None


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


def show(
    at_desk: Desk | None,
    screen: Screen,
    *,
    form: Form | None = None,
    in_hand: InHand | None = None,
    links: Mapping[str, str] | None = None,
    choices: Choices | None = None,
    status: int = 200,
    without: frozenset[str] = frozenset(),
    **data: object,
) -> Response:
    """The page of a screen.

    ``links`` are the addresses of its going keys; a key without one is not shown, nor are those in ``without``.
    """
    said = [Message(code, text) for code, text in cast("list[tuple[str, str]]", get_flashed_messages(with_categories=True))]
    if form is not None and form.look_first:
        said.append(Message("CSS367W", "This is what it would do. Press F6 again to commit it."))
    elif form is not None and form.shows:
        said.append(Message("CSS366I", "Checked. F6 commits what is shown."))
    html = render_template(
        f"{screen.code}.html",
        screen=screen,
        form=form,
        desk=at_desk,
        in_hand=in_hand,
        keys=[key for key in shown_keys(at_desk, screen, form, links or {}, in_hand) if key.name not in without],
        meanings=KEY_MEANINGS,
        choices=choices or {},
        said=said,
        next_line=partial(next, count(1)),
        **data,
    )
    return make_response(html, status)


def shown_keys(at_desk: Desk | None, screen: Screen, form: Form | None, links: Mapping[str, str], in_hand: InHand | None) -> list[ShownKey]:
    """The key bar: the keys that mean the same everywhere, as far as they are of use here, then the screen's own."""
    deed = form.deed if form is not None else ""
    own = {key.name: key for key in screen.keys if _usable(key, at_desk, deed)}
    homeward = address("CU03", in_hand.account_number) if in_hand and screen.code != "CU03" else address("MENU")
    goes = {"F3": "" if screen.is_public or screen.code == "MENU" else homeward, **links}
    local = {"F1"} | (set() if screen.is_public else {"F9", "F10"}) | ({"F4"} if form is not None and screen.has_codes else set())
    shown = []
    for key in (*COMMON_KEYS, *(key for key in own.values() if key.name not in COMMON_NAMES)):
        label = own[key.name].label if key.name in own else key.label
        if key.name == REFRESH:
            if screen.is_public:
                continue
            # What is keyed stays: on a screen to key into, refreshing is a post.
            shown.append(ShownKey(key.name, label, sends=bool(screen.fields), href="" if screen.fields else request.path))
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
    return make_response(redirect(address(code, *arguments), code=303))
