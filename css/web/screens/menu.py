"""MENU: every screen the operator may use, by family; ``?word`` on the command line narrows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from flask import Response

from css.web.desk import Desk
from css.web.page import Arguments, Page
from css.web.rendering import show
from css.web.screen import EVERYBODY, Key, ResponseClass, Screen

MENU: Final = Screen(
    code="MENU",
    title="Transaction menu",
    family="Start",
    help=(
        "Key a screen's code at the command line, with what it is about behind it: CU03 01632 960123. A telephone number, or an account, "
        "customer, order, fault or bill number alone opens its own screen; a name looks for the customer. ?WORD lists the screens about "
        "something, THEME GREEN or THEME PAPER changes the colours, OFF signs off."
    ),
    roles=EVERYBODY,
    response=ResponseClass.R1,
    takes="[word]",
    in_menu=False,
    keys=(Key(name="F3", label="sign off", sends=True),),
)


def menu(screens: Callable[[], Iterable[Screen]]) -> Page:
    """The menu over the screens there are; they are asked for when it is shown, since it is one of them itself."""

    def show_menu(at_desk: Desk, arguments: Arguments) -> Response:
        word = " ".join(arguments).lower()
        families: dict[str, list[Screen]] = {}
        for one in screens():
            if one.in_menu and at_desk.may(one.roles) and word in f"{one.code} {one.title} {one.family} {one.help}".lower():
                families.setdefault(one.family, []).append(one)
        return show(at_desk, MENU, families=families, word=word)

    return Page(MENU, show_menu)
