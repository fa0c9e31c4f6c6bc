"""What is done to a record: a screen that checks on Enter, does on F6, and shows what somebody else changed meanwhile.

Orders and faults are changed alike; what differs stands in a ``Record`` and its ``Deed``s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from flask import Response, flash
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import NotFound
from css.core.words import Role
from css.master.cards import account_card
from css.web.desk import Desk, NotForYou, converse
from css.web.disclosure import knows_caller, note_read
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted, Values
from css.web.rendering import Choices, InHand, address, go, show
from css.web.screen import Screen
from css.web.screens.find import STAFF

CardT = TypeVar("CardT")
VERSION = "row_version"


def _nothing(_: object) -> dict[str, str]:
    return {}


def _no_choices(_form: Form, _card: object) -> Choices:
    return {}


def _not_asked(_session: Session, _desk: Desk, _form: Form, _card: object, _name: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Deed(Generic[CardT]):
    """One thing that can be done to a record."""

    words: str
    """What it says of the record, under the heading."""
    roles: frozenset[Role]
    action: Callable[..., Any]
    command: Callable[[Form, CardT, Any], Any]
    """What is asked, from what is keyed and what ``Record.reads_with`` gives; what is wrong hangs on the form."""
    choices: Callable[[Form, CardT], Choices] = _no_choices
    """The values of its fields, for the record and what is keyed so far."""
    begins_with: Callable[[CardT], dict[str, str]] = _nothing
    """Fields that are the record's own, as it stands."""
    asks: Callable[[Session, Desk, Form, CardT, str], Values | None] = _not_asked
    """F4 in a field whose values must be asked for; None for a field of ``choices``."""
    third: str = ""
    """The field that a third word after the screen's code fills."""


@dataclass(frozen=True, slots=True)
class Record(Generic[CardT]):
    """What things are done to, and the screen to do them on."""

    kind: str
    """What it is, on the audit trail."""
    screen: Screen
    shown_by: str
    """The screen that shows one."""
    deeds: Mapping[str, Deed[CardT]]
    read: Callable[[Session, str, Actor], CardT]
    number: Callable[[CardT], str]
    version: Callable[[CardT], int]
    seen: Callable[[CardT], dict[str, tuple[str, str]]]
    """What a colleague may change meanwhile: hidden field to its label and how it stands."""
    in_hand: Callable[[CardT], InHand | None]
    """Whom it is about; None where it is nobody's: then there is no caller to make sure of."""
    unknown: tuple[str, str]
    """Code and sentence, with {deeds}, for what it does not do."""
    said: Callable[[str, CardT, Any], tuple[str, str]]
    """After a deed: the words for whoever did it, and their code."""
    besides: Callable[[CardT, Desk], dict[str, Any]] = field(default=lambda _card, _desk: {})
    reads_with: Callable[[Desk], Any] = field(default=lambda at_desk: at_desk.today)
    """What a command is read with besides the form and the record: today's date, or the desk itself."""


def page_of(record: Record[Any]) -> Page:
    """The screen's page."""
    return Page(record.screen, partial(_show, record), partial(_act, record), partial(_prompt, record))


def _deed(record: Record[CardT], at_desk: Desk, arguments: Arguments) -> tuple[str, Deed[CardT]]:
    name = arguments[1].lower() if len(arguments) > 1 else ""
    deed = record.deeds.get(name)
    if deed is None:
        code, sentence = record.unknown
        raise NotFound(code, sentence, deeds=", ".join(record.deeds))
    if not at_desk.may(deed.roles):
        raise NotForYou(f"{record.screen.code} {name}")
    return name, deed


def _values(record: Record[CardT], deed: Deed[CardT], card: CardT) -> dict[str, str]:
    """How the record stands, as the fields of the deed show it."""
    return {name: stands for name, (_, stands) in record.seen(card).items()} | deed.begins_with(card)


def _read(record: Record[CardT], at_desk: Desk, number: str) -> tuple[CardT, bool]:
    """The record, and whether the caller is made sure of. That it was looked at is written down."""
    with at_desk.doing() as session:
        card = record.read(session, number, at_desk.by)
        note_read(session, at_desk, record.screen, (record.kind, record.number(card)))
        in_hand = record.in_hand(card)
        if in_hand is None:
            return card, True
        account = account_card(session, in_hand.account_number, by=at_desk.by, lines=1)
        return card, knows_caller(session, at_desk, account.customer.number)


def _show(record: Record[CardT], at_desk: Desk, arguments: Arguments) -> Response:
    name, deed = _deed(record, at_desk, arguments)
    card, is_caller_known = _read(record, at_desk, arguments[0])
    said = {deed.third: arguments[2].upper()} if deed.third and len(arguments) > 2 else {}  # noqa: PLR2004 - record, deed, third
    form = Form.blank(record.screen, name, **{VERSION: str(record.version(card))} | _values(record, deed, card) | said)
    return _page(record, at_desk, card, form, is_caller_known=is_caller_known)


def _act(record: Record[CardT], at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    name, deed = _deed(record, at_desk, arguments)
    form = Form.posted(record.screen, posted, name)
    card, is_caller_known = _read(record, at_desk, arguments[0])
    if form.key == REFRESH:
        form.errors.clear()
        return _page(record, at_desk, card, form, is_caller_known=is_caller_known, changed=_meet(record, deed, card, form))
    here = address(record.shown_by, record.number(card))
    outcome = converse(at_desk, form, lambda: deed.command(form, card, record.reads_with(at_desk)), deed.action, leads_to=lambda _: here)
    if outcome.done is not None:
        words, code = record.said(name, card, outcome.done)
        flash(words, code)
        return go(record.shown_by, record.number(card))
    changed: list[tuple[str, str, str]] = []
    if VERSION in form.errors:
        # Somebody was there first. Nobody can key a version: it is said above, and the next check is against the record as it is now.
        form.general += form.errors.pop(VERSION)
        with at_desk.reading() as session:
            card = record.read(session, arguments[0], at_desk.by)
        changed = _meet(record, deed, card, form)
    return _page(
        record,
        at_desk,
        card,
        form,
        is_caller_known=is_caller_known,
        status=outcome.status,
        effect=outcome.effect,
        changed=changed,
    )


def _meet(record: Record[CardT], deed: Deed[CardT], card: CardT, form: Form) -> list[tuple[str, str, str]]:
    """Meet what somebody else has made of the record: (label, as it was seen, as it is now) of what has changed."""
    seen = record.seen(card)
    changed = [(label, form.text(name), now) for name, (label, now) in seen.items() if form.text(name) != now]
    if changed or form.version() != record.version(card):
        form.meet(_values(record, deed, card), record.version(card))
        # What is hidden is only shown beside: there is nothing in it that could be kept.
        for name, (_, now) in seen.items():
            form.values[name] = now
            form.theirs.pop(name, None)
    return changed


def _prompt(record: Record[CardT], at_desk: Desk, arguments: Arguments, form: Form, name: str) -> Values:
    form.deed, deed = _deed(record, at_desk, arguments)
    with at_desk.reading() as session:
        card = record.read(session, arguments[0], at_desk.by)
        asked = deed.asks(session, at_desk, form, card, name)
    return asked if asked is not None else deed.choices(form, card).get(name, ())


def _page(
    record: Record[CardT],
    at_desk: Desk,
    card: CardT,
    form: Form,
    *,
    is_caller_known: bool,
    status: int = 200,
    effect: object = None,
    changed: list[tuple[str, str, str]] | None = None,
) -> Response:
    deed = record.deeds[form.deed]
    back = address(record.shown_by, record.number(card))
    form.subject = record.number(card)
    return show(
        at_desk,
        record.screen,
        form=form,
        status=status,
        in_hand=record.in_hand(card) if at_desk.may(STAFF) else None,
        links={"F3": back, "F12": back},
        choices=deed.choices(form, card),
        card=card,
        effect=effect,
        what=deed.words,
        changed=changed or [],
        is_caller_known=is_caller_known,
        **record.besides(card, at_desk),
    )
