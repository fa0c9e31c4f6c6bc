"""PX03 one message of a partner: what it says, what was wrong with it, its story; tried again, taken in by hand, sent once more.

A conversation is read back here from its stored bytes, turn by turn, both ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask import Response

from css.core.errors import CssError, NotFound
from css.partners.desk.again import accept_now, retry_now
from css.partners.desk.cards import MessageCard, Spoken, conversation, partner_message
from css.partners.desk.looking import MessageState
from css.partners.desk.operating import AcceptRejected, RetryMessage
from css.partners.outgoing.redelivering import ResendDocument, resend_document
from css.web.desk import Desk
from css.web.disclosure import note_read
from css.web.form import Form
from css.web.page import Arguments, Page, Posted, Values
from css.web.rendering import address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.deeds import Deed, Record, page_of
from css.web.screens.partner_messages import PARTNER_DESK
from css.web.screens.work_lists import Leaf, after_of, leaf
from css.xml import read_stored, to_bytes

RETRY: Final = "retry"
ACCEPT: Final = "accept"
RESEND: Final = "resend"
CONVERSATION: Final = "conversation"
BYTES: Final = "bytes"
SHOWN_MAX: Final = 12_000
"""Characters of a message that are shown; the whole of it is had as a file."""
TURN_SHOWN_MAX: Final = 5_000
"""Characters of a turn of a conversation."""
TURNS_SHOWN: Final = 4
"""Turns of a conversation on one page, with what each of them says."""
_REASONED: Final = frozenset({RETRY, ACCEPT})

PX03: Final = Screen(
    code="PX03",
    title="Partner message",
    family="Partners",
    help=(
        "One message, theirs or ours: what became of it, every error with its element and line, the steps of its story, the order or "
        "fault it is about, and what it says. F11 reads its whole conversation back from the stored bytes, both ways and in order. "
        "Shift+F2 saves the bytes as they came. Shift+F4 has a message tried again that a rule refused or a fault of ours stopped, "
        "Shift+F6 takes in by hand what was rejected for its header alone, Shift+F5 sends a document of ours once more: Enter shows "
        "what comes of it, F6 does it."
    ),
    roles=PARTNER_DESK,
    response=ResponseClass.R1,
    takes="message [retry | accept | resend | conversation]",
    fields=(
        Field(name="row_version", label="Version", help="What you saw.", kind="hidden", length_max=10),
        Field(name="was_state", label="State", help="How it stood.", kind="hidden", length_max=20),
        Field(
            name="reason",
            label="Why",
            help="What is different now, or at whose word it is taken in. It stays with the message.",
            length_max=200,
            width=60,
            is_required=True,
            deeds=_REASONED,
        ),
    ),
    keys=(
        Key(name="Enter", label="check", sends=True, deeds=frozenset({RETRY, ACCEPT, RESEND})),
        Key(name="F6", label="commit", sends=True, deeds=frozenset({RETRY, ACCEPT, RESEND})),
        Key(name="F7", label="page back"),
        Key(name="F8", label="page on"),
        Key(name="F11", label="conversation"),
        Key(name="S-F2", label="save bytes"),
        Key(name="S-F4", label="try again"),
        Key(name="S-F5", label="send again"),
        Key(name="S-F6", label="accept by hand"),
    ),
    converses=True,
    in_menu=False,
)


def _retry(form: Form, card: MessageCard, _: object) -> RetryMessage | None:
    return None if form.has_errors else RetryMessage(key=card.key, reason=form.text("reason"), row_version=form.version())


def _accept(form: Form, card: MessageCard, _: object) -> AcceptRejected | None:
    return None if form.has_errors else AcceptRejected(key=card.key, reason=form.text("reason"))


def _resend(form: Form, card: MessageCard, _: object) -> ResendDocument | None:
    if form.has_errors:
        return None
    if card.direction != "out" or card.sequence_no is None:
        raise NotFound("CSS592E", "{key} is no document of ours; only those can be sent once more.", key=card.key)
    return ResendDocument(provider_code=card.partner_code, sequence=card.sequence_no)


def _said(deed: str, card: MessageCard, done: Any) -> tuple[str, str]:  # noqa: ANN401 - what the deed's action answers
    if deed == RESEND:
        return f"{card.message_type} {card.sequence_no} goes to {card.partner_code} once more, marked as a possible duplicate.", "CSS593I"
    outcome = done.words if done.state.value != "received" else "It waits for its turn."
    return f"{card.key}: {done.state.value}. {outcome or ''}".strip(), "CSS594I"


MESSAGE: Final = Record(
    kind="message",
    screen=PX03,
    shown_by="PX03",
    deeds={
        RETRY: Deed("it is handled once more", PARTNER_DESK, retry_now, _retry),
        ACCEPT: Deed("it is taken in though its header was wrong", PARTNER_DESK, accept_now, _accept),
        RESEND: Deed("the partner is sent it once more", PARTNER_DESK, resend_document, _resend),
    },
    read=lambda session, key, by: partner_message(session, key, by=by),
    number=lambda card: card.key,
    version=lambda card: len(card.events),
    seen=lambda card: {"was_state": ("State", card.state.value)},
    in_hand=lambda _: None,
    unknown=("CSS595E", "Say what is done: the message, and one of {deeds}."),
    said=_said,
    besides=lambda card, _: {"text": text_of(card.body), "turns": None, "kept": None},
)
DEEDS: Final = page_of(MESSAGE)


@dataclass(frozen=True, slots=True)
class Text:
    """What a message says, as a person reads it."""

    lines: str
    is_xml: bool
    """Otherwise it is shown as it came."""
    is_cut: bool
    length: int
    """Bytes as stored."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation with what it says."""

    said: Spoken
    text: Text


def text_of(body: bytes, most: int = SHOWN_MAX) -> Text:
    """Stored bytes with line breaks and indents; what is no XML as it came, its unreadable bytes marked."""
    try:
        text, is_xml = to_bytes(read_stored(body), indented=True).decode(), True
    except CssError:
        text, is_xml = body.decode("utf-8", errors="replace"), False
    return Text(text[:most], is_xml, len(text) > most, len(body))


def show_message(at_desk: Desk, arguments: Arguments) -> Response:
    if not arguments:
        return go("PX04")
    what = arguments[1].lower() if len(arguments) > 1 else ""
    if what not in {"", BYTES, CONVERSATION}:
        return DEEDS.show(at_desk, arguments)
    with at_desk.doing() as session:
        card = partner_message(session, arguments[0], by=at_desk.by)
        note_read(session, at_desk, PX03, ("message", card.message_id or card.key))
        said = conversation(session, card.conversation_id, by=at_desk.by) if what == CONVERSATION and card.conversation_id else ()
    if what == BYTES:
        answer = Response(card.body, content_type="application/octet-stream")
        answer.headers["Content-Disposition"] = f'attachment; filename="{card.key}.xml"'
        return answer
    return _page(at_desk, card, said if what == CONVERSATION else None, after_of(arguments))


def act_message(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """A deed checked or done; a page that only shows is looked at again."""
    if len(arguments) > 1 and arguments[1].lower() in MESSAGE.deeds and DEEDS.act is not None:
        return DEEDS.act(at_desk, arguments, posted)
    return go("PX03", *arguments)


def prompt_message(_desk: Desk, _arguments: Arguments, _form: Form, _name: str) -> Values:
    return ()


def _page(at_desk: Desk, card: MessageCard, said: tuple[Spoken, ...] | None, after: str) -> Response:
    links = {"S-F2": address("PX03", card.key, BYTES)}
    turns = None
    if said is None:
        links |= {"F11": address("PX03", card.key, CONVERSATION)} if card.conversation_id else {}
        links |= {"S-F4": address("PX03", card.key, RETRY)} if card.state in {MessageState.REFUSED, MessageState.FAILED} else {}
        links |= {"S-F5": address("PX03", card.key, RESEND)} if card.direction == "out" else {}
        links |= {"S-F6": address("PX03", card.key, ACCEPT)} if card.state is MessageState.REJECTED else {}
    else:
        page = leaf(said, after, TURNS_SHOWN)
        shown = [Turn(one, text_of(one.body, TURN_SHOWN_MAX)) for one in page.rows]
        turns = Leaf(shown, page.total, page.first_place, page.back, page.forward)
        links |= {"F11": address("PX03", card.key), "F3": address("PX03", card.key), "F12": address("PX03", card.key)}
        links |= {
            key: address("PX03", card.key, CONVERSATION, place or None)
            for key, place in (("F7", turns.back), ("F8", turns.forward))
            if place is not None
        }
    text = text_of(card.body)
    return show(at_desk, PX03, links=links, without=frozenset({"Enter", "F6"}), card=card, text=text, turns=turns, kept=said)


PAGES: Final = (Page(PX03, show_message, act_message, prompt_message),)
