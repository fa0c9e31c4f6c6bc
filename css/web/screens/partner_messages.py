"""PX04 partner messages: what partners sent and were sent, what was rejected or refused first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from flask import Response, g

import schemas
from css.core.errors import BadMessage
from css.core.words import Role
from css.master.queries import providers
from css.partners.desk.looking import Direction, MessageState, partner_messages
from css.partners.messages import TAKEN
from css.web.conversation import Spot, frame
from css.web.desk import Desk, status_of
from css.web.form import ENTER, Form
from css.web.page import Arguments, Page, Posted, Values
from css.web.rendering import Choices, address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.work_lists import NOT_SAID, packed, unpacked

PARTNER_DESK: Final = frozenset({Role.CLERK, Role.SUPERVISOR})
"""Who speaks with partners about their messages."""
POLLS_SECONDS: Final = 10
RESEND: Final = "S-F5"
OURS: Final = tuple(sorted({root for name in schemas.messages() for root in schemas.roots(name)} - {*TAKEN, "FetchDocument"}))
"""Every message that we send."""
DIRECTIONS: Final[Mapping[str, Direction]] = {"IN": "in", "OUT": "out"}
STATES: Final = {state.value.upper(): state for state in MessageState}
STATE_WORDS: Final = {
    MessageState.REJECTED: "not taken: unreadable, or its header is wrong",
    MessageState.REFUSED: "taken, and a rule said no",
    MessageState.FAILED: "taken, and a fault of ours stopped it; it waits",
    MessageState.RECEIVED: "taken, and waits for its turn",
    MessageState.DONE: "done as it asked",
    MessageState.ACCEPTED: "rejected first, then taken in by one of us",
    MessageState.SENT: "a document of ours in the partner's outbox",
}

PX04: Final = Screen(
    code="PX04",
    title="Partner messages",
    family="Partners",
    help=(
        "What partners sent by XML and what we had to tell them, the latest first; what was rejected, refused or failed stands before all "
        "else. Enter on a filter narrows the list: a reference is a message's or a conversation's id, an order or a fault, and finds the "
        "whole conversation. F7 and F8 turn the pages. It looks for news by itself. Key the number in front to open a message. Up and "
        "Down move in the list, or key a number and no Enter: Shift+F5 sends that document of ours once more."
    ),
    roles=PARTNER_DESK,
    response=ResponseClass.R1,
    takes="[partner]",
    fields=(
        Field(name="partner", label="Partner", help="Its code: BRACKWAT; empty for all.", kind="code", length_max=8, width=9),
        Field(name="direction", label="Way", help="IN from them, OUT from us; empty for both.", kind="code", length_max=3, width=4),
        Field(name="message_type", label="Message", help="Its name: SubmitOrder.", kind="code", length_max=32, width=20),
        Field(name="state", label="State", help="What became of it: REJECTED, REFUSED.", kind="code", length_max=8, width=9),
        Field(name="starts_on", label="From", help="The first day: 5/3/26, 1 Mar.", kind="date", length_max=20, width=11),
        Field(name="through", label="To", help="The last day, itself inside.", kind="date", length_max=20, width=11),
        Field(name="reference", label="Reference", help="An order, a fault, or an id.", length_max=40, width=20),
    ),
    keys=(
        Key(name="Enter", label="narrow", sends=True),
        Key(name="F7", label="page back"),
        Key(name="F8", label="page on"),
        Key(name=RESEND, label="send again", sends=True),
    ),
    polls_seconds=POLLS_SECONDS,
)
NAMES: Final = tuple(field.name for field in PX04.fields if field.name != "partner")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the list is narrowed by, as it was read."""

    partner: str
    filters: dict[str, Any]


def show_messages(at_desk: Desk, arguments: Arguments) -> Response:
    return _list(at_desk, arguments, _form_of(arguments))


def act_messages(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """Enter narrows: the filters go into the address. F5 looks again at the same page. Shift+F5 is about one document."""
    form = Form.posted(PX04, posted)
    if form.key == RESEND:
        key = posted.get("row", "")
        if key.startswith("out-"):
            with at_desk.doing() as session:
                # What is opened from the list lies on top of it, so that F3 comes back to the same page of it.
                g.on = frame(session, Spot("PX04", "/".join(arguments), g.on), by=at_desk.on_duty, at=at_desk.at)
            return go("PX03", key, "resend")
        sentence = "Move to a document of ours with Up and Down, or key the number in front of it; then press Shift+F5."
        form.general.append(BadMessage("CSS591E", sentence))
        return _list(at_desk, arguments, form)
    if form.key != ENTER or _read(form, at_desk) is None:
        return _list(at_desk, arguments, form)
    return go("PX04", form.code("partner") or NOT_SAID, packed([_kept(form, name, at_desk.today) for name in NAMES]))


def version_of_messages(at_desk: Desk, arguments: Arguments) -> str:
    """Whether the list would look otherwise than it did."""
    form = _form_of(arguments)
    wanted = _read(form, at_desk)
    if wanted is None:
        return ""
    with at_desk.reading() as session:
        page = partner_messages(session, by=at_desk.by, at=at_desk.at, partner=wanted.partner, after=_after(arguments), **wanted.filters)
    return "|".join((str(page.today), *(f"{row.key}{row.state.value}{row.times}" for row in page.rows)))


def _form_of(arguments: Arguments) -> Form:
    partner = arguments[0].upper() if arguments and arguments[0] != NOT_SAID else ""
    said = dict(zip(NAMES, unpacked(arguments, len(NAMES)), strict=True))
    return Form.blank(PX04, partner=partner, **said)


def _kept(form: Form, name: str, today: date) -> str:
    """A filter as the address keeps it: a day as the day it means, so that a page that is kept means the same tomorrow."""
    if name in {"starts_on", "through"}:
        day = form.day(name, today)
        return "" if day is None else day.isoformat()
    return form.text(name)


def _after(arguments: Arguments) -> str:
    """The place the page begins behind. Its slashes part addresses, so it travels with others."""
    said = arguments[2] if len(arguments) > 2 else ""  # noqa: PLR2004 - partner, filters, place
    return "" if said == NOT_SAID else said.replace("_", "/")


def _read(form: Form, at_desk: Desk) -> _Wanted | None:
    """What the list is narrowed by; None when something in it is wrong, which then hangs on the form."""
    types = {name.upper(): name for name in (*TAKEN, *OURS)}
    filters = {
        "direction": form.member("direction", str, DIRECTIONS),
        "message_type": form.member("message_type", str, types) or "",
        "state": form.member("state", MessageState, STATES),
        "starts_on": form.day("starts_on", at_desk.today),
        "through": form.day("through", at_desk.today),
        "reference": form.text("reference"),
    }
    return None if form.has_errors else _Wanted(form.code("partner"), filters)


def _list(at_desk: Desk, arguments: Arguments, form: Form) -> Response:
    wanted = _read(form, at_desk)
    form.at_command = wanted is not None
    after = "" if wanted is None else _after(arguments)
    with at_desk.reading() as session:
        page = partner_messages(
            session,
            by=at_desk.by,
            at=at_desk.at,
            partner="" if wanted is None else wanted.partner,
            after=after,
            **({} if wanted is None else wanted.filters),
        )
        partners = tuple((row.code, row.name) for row in providers(session, by=at_desk.by) if not row.is_own_retail)
    kept = "" if wanted is None else packed([_kept(form, name, at_desk.today) for name in NAMES])
    links = {
        key: address("PX04", form.code("partner") or NOT_SAID, kept or NOT_SAID, place.replace("/", "_") or None)
        for key, place in (("F7", page.back), ("F8", page.forward))
        if place is not None
    }
    return show(
        at_desk,
        PX04,
        form=form,
        status=200 if wanted is not None else status_of(form),
        links=links,
        choices=_choices(partners),
        page=page,
    )


def _choices(partners: Values) -> Choices:
    return {
        "partner": partners,
        "direction": (("IN", "from partners"), ("OUT", "from us")),
        "message_type": (*((name, "from partners") for name in TAKEN), *((name, "from us") for name in OURS)),
        "state": tuple((code, STATE_WORDS[state]) for code, state in STATES.items()),
    }


PAGES: Final = (Page(PX04, show_messages, act_messages, None, version_of_messages),)
