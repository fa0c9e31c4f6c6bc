"""MENU: the operator's own page. What waits, whom they had in hand, what they pinned, and every screen they may use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from flask import Response, flash
from sqlalchemy.orm import Session

from css.care.queries import follow_ups
from css.care.queries.follow_ups import FollowUpRow
from css.core.errors import BadMessage, CssError
from css.core.words import Role
from css.master.approvals import approvals_waiting
from css.master.desk_queries import RecentRow, recent_accounts
from css.master.news import NewsRow, news_now
from css.master.pins import Pin, pin, pins
from css.web.command import read_command
from css.web.conversation import Kept, left
from css.web.desk import Desk
from css.web.form import COMMIT, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import address, address_of, go, show
from css.web.screen import EVERYBODY, Key, ResponseClass, Screen
from css.web.screens.fault_fields import DESK, FIELD
from css.web.screens.fault_queue import narrowing
from css.web.screens.find import STAFF
from css.web.screens.work_lists import NOT_SAID
from orders.queries.counts import orders_at_risk
from repairs.queries.counts import faults_due, faults_waiting

RECENT: Final = 5
LEFT: Final = 6
PROMISES: Final = 6
DUE_WITHIN: Final = timedelta(days=1)
CLEARS: Final = f"{NOT_SAID}/{narrowing(state='CLEARED')}"
"""The work list of whichever district is first, narrowed to clears without an answer."""

MENU: Final = Screen(
    code="MENU",
    title="Transaction menu",
    family="Start",
    help=(
        "Key a screen's code at the command line, with what it is about behind it: CU03 01632 960123. A telephone number, or an account, "
        "customer, order, fault or bill number alone opens its own screen; a name looks for the customer. ?WORD lists the screens about "
        "something, THEME GREEN or THEME PAPER changes the colours, OFF signs off. A line's number opens what waits there. F6 pins what "
        "stands at the command line, a screen's code with or without more, on top of your menu; F6 on one that is pinned takes it off."
    ),
    roles=EVERYBODY,
    response=ResponseClass.R1,
    takes="[word]",
    in_menu=False,
    keys=(Key(name="F3", label="sign off", sends=True), Key(name="F6", label="pin", sends=True)),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """How much of something waits, and the screen that lists it."""

    words: str
    count: int
    code: str
    is_pressing: bool = False
    arguments: str = ""
    """What stands behind the code in the address."""


@dataclass(frozen=True, slots=True)
class Work:
    """What waits for this operator, from a fixed number of statements."""

    news: tuple[NewsRow, ...]
    pinned: tuple[str, ...]
    left: tuple[Kept, ...]
    promises: tuple[FollowUpRow, ...]
    recent: tuple[RecentRow, ...]
    figures: tuple[Figure, ...]


def waiting(session: Session, at_desk: Desk) -> Work:
    """Everything that waits, as far as the operator's roles are about it."""
    code, serves = at_desk.on_duty.operator_code, at_desk.may(STAFF)
    return Work(
        news=news_now(session, at=at_desk.at),
        pinned=pins(session, code),
        left=left(session, by=at_desk.on_duty, limit=LEFT),
        promises=follow_ups(session, by=at_desk.by, owner_code=code, due_by=at_desk.at + DUE_WITHIN, limit=PROMISES) if serves else (),
        recent=recent_accounts(session, code, limit=RECENT) if serves else (),
        figures=tuple(one for one in _figures(session, at_desk, serves=serves) if one.count),
    )


def _figures(session: Session, at_desk: Desk, *, serves: bool) -> list[Figure]:
    found = []
    if at_desk.may(frozenset({Role.CLERK, Role.BILLING, Role.SUPERVISOR})):
        mine = at_desk.on_duty.operator_code
        others = [one for one in approvals_waiting(session, by=at_desk.by) if one.asked_by != mine]
        found.append(Figure("requests wait for a second person", len(others), "AD04", is_pressing=True))
    if serves:
        orders, faults = orders_at_risk(session, by=at_desk.by), faults_due(session, at_desk.at, by=at_desk.by)
        found += [
            Figure("orders escalated", orders.escalated, "OR04", is_pressing=True),
            Figure("orders late", orders.late, "OR04", is_pressing=True),
            Figure("orders with a visit missed, or work failed or overdue", orders.work, "OR04"),
            Figure("orders held", orders.held, "OR04"),
            Figure("orders due today or next working day", orders.due, "OR04"),
            Figure("faults past their time", faults.late, "FL04", is_pressing=True),
            Figure("faults due within four hours", faults.soon, "FL04"),
        ]
    if serves or at_desk.may(FIELD):
        found += _figures_of_faults(session, at_desk, serves=serves)
    return found


def _figures_of_faults(session: Session, at_desk: Desk, *, serves: bool) -> list[Figure]:
    """What waits for a word, for a mended cabinet, or for the engineer at the desk."""
    waiting_now = faults_waiting(session, by=at_desk.by)
    found = [Figure("clears wait for the customer's answer", waiting_now.clears, "FL04", arguments=CLEARS)] if serves else []
    if at_desk.may(DESK):
        found.append(Figure("outages open", waiting_now.outages, "FL05", is_pressing=True))
    if at_desk.may(FIELD):
        found.append(Figure("fault in your hands", waiting_now.in_hand, "FL06", is_pressing=True))
    return found


def menu(screens: Callable[[], Iterable[Screen]]) -> Page:
    """The menu over the screens there are; they are asked for when it is shown, since it is one of them itself."""

    def show_menu(at_desk: Desk, arguments: Arguments, form: Form | None = None) -> Response:
        word = " ".join(arguments).lower()
        families: dict[str, list[Screen]] = {}
        for one in screens():
            if one.in_menu and at_desk.may(one.roles) and word in f"{one.code} {one.title} {one.family} {one.help}".lower():
                families.setdefault(one.family, []).append(one)
        form = form or Form.blank(MENU)
        form.at_command = True
        with at_desk.reading() as session:
            work = None if word else waiting(session, at_desk)
        return show(
            at_desk,
            MENU,
            form=form,
            status=422 if form.has_errors else 200,
            families=families,
            word=word,
            work=work,
            pinned=[(text, _leads(text, at_desk)) for text in work.pinned] if work else [],
            left=[(one, address_of(one)) for one in work.left] if work else [],
        )

    def act_menu(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
        form = Form.posted(MENU, posted)
        if form.key != COMMIT:
            return show_menu(at_desk, arguments, form)
        command = " ".join(posted.get("command", "").upper().split())
        try:
            if not _leads(command, at_desk):
                raise BadMessage("CSS918E", "Key what to pin at the command line: a screen's code, like OR01.", element="command")
            with at_desk.doing() as session:
                done = pin(session, Pin(token=form.token, command=command), by=at_desk.by, at=at_desk.at)
        except CssError as error:
            form.take(error)
            return show_menu(at_desk, arguments, form)
        flash(f"{command} is {'pinned' if command in done.pins else 'no longer pinned'}.", "CSS925I")
        return go("MENU")

    def _leads(command: str, at_desk: Desk) -> str:
        """The address of a screen's command; empty for what is none, or is not for this operator any more."""
        may = {one.code for one in screens() if one.in_menu and at_desk.may(one.roles)}
        return address(*read_command(command, may)) if command.partition(" ")[0] in may else ""

    return Page(MENU, show_menu, act_menu)
