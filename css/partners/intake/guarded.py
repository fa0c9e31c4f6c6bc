"""Doing and answering what a partner asks with both walls up: what the code finds and what the database shows must agree.

A question is answered behind the wall. A deed is done as the house, so what its message names is looked for behind the wall
first. An order, an account or a fault that is not seen there is refused in the words for what does not exist, whether it is
another's or nobody's, by the same statements and before anything else is looked at. What else is named (a line, an appointment,
a quote) the verb refuses by its own rules together with whatever else is wrong; should it not, nothing is done.
"""

from __future__ import annotations

from typing import Final

from lxml import etree
from sqlalchemy import text
from sqlalchemy.orm import Session

from css.core.errors import BadMessage, Breach, CssError, NotFound, Several
from css.core.ids import IdKind, expect_id
from css.core.phone import display_number, parse_number
from css.partners.access.wall import behind_the_wall
from css.partners.messages import COMMANDS, QUESTIONS
from css.partners.messages.kinds import Asked, Document
from css.xml import Element, read_text
from orders.queries.cards import no_order
from repairs.actions.working import no_fault

NAMING: Final = {
    "OrderNumber": ("order", IdKind.ORDER),
    "LinkedOrder": ("linked_order", IdKind.ORDER),
    "AccountNumber": ("account", IdKind.ACCOUNT),
    "FaultNumber": ("fault", IdKind.FAULT),
    "AppointmentNumber": ("appointment", IdKind.APPOINTMENT),
    "QuoteNumber": ("quote", IdKind.QUOTE),
    "TelephoneNumber": ("line", None),
}
"""Elements that name something of a partner's, wherever in a message they stand, and what they name."""
OF_OTHERS: Final = frozenset({"PROVIDE", "START", "TAKEOVER", "TRANSFER", "TRANSFER_WITH_CHANGES", "PORT_IN"})
"""Orders in which the telephone number may be that of another's line, or nobody's yet."""
_NO_LINE: Final = "CSS311E"
_EXTENSION: Final = "Extension"
_SEEN: Final = text("""
SELECT 'order' AS kind, number FROM orders.customer_order WHERE number = ANY(:order)
UNION ALL SELECT 'linked_order', number FROM orders.customer_order WHERE number = ANY(:linked_order)
UNION ALL SELECT 'account', number FROM css.account WHERE number = ANY(:account)
UNION ALL SELECT 'fault', number FROM repairs.fault WHERE number = ANY(:fault)
UNION ALL SELECT 'appointment', number FROM css.appointment WHERE number = ANY(:appointment)
UNION ALL SELECT 'quote', number FROM orders.quote WHERE number = ANY(:quote)
UNION ALL SELECT 'line', n.number
            FROM css.service_number n JOIN css.service s ON s.id = n.service_id
           WHERE n.number = ANY(:line) AND (n.ends_at IS NULL OR n.ends_at > :at)
""")

Names = dict[str, set[str]]
"""Numbers by the kind of what they name."""


def do_command(session: Session, asked: Asked) -> str:
    """Do what a message asks and say in a sentence what was done.

    Raises:
        CssError: a rule says no; NotFound also where something named is another's.
        Breach: the verb did it although something named is not the partner's own. The transaction must not be committed.
    """
    names = names_in(asked)
    unseen = _unseen(session, asked, names)
    for kind, no in _NOT_THERE.items():
        for number in sorted(unseen[kind]):
            raise no(number)
    try:
        done = COMMANDS[asked.header.message_type].do(session, asked)
    except CssError as refusal:
        if asked.header.message_type == "SubmitFault" and unseen["line"] and _NO_LINE not in _codes(refusal):
            raise _no_line(*unseen["line"]) from refusal
        raise
    if any(unseen.values()):
        kinds = ", ".join(kind for kind, numbers in unseen.items() if numbers)
        msg = f"{asked.header.message_type} of {asked.partner.code} was done with what the wall does not show it: {kinds}"
        raise Breach(msg)
    return done


def answer_question(session: Session, asked: Asked) -> Document:
    """Answer a question behind the wall; one of plant counts what is everybody's, and looks behind the wall itself where it must.

    Raises:
        CssError: a rule says no.
    """
    question = QUESTIONS[asked.header.message_type]
    if question.is_of_plant:
        return question.answer(session, asked, None)
    with behind_the_wall(session, asked.partner):
        return question.answer(session, asked, None)


def tell_refusal(session: Session, asked: Asked, refusal: CssError) -> Document:
    """The document that tells a no. Whatever it shows of what the message named is read behind the wall."""
    name = asked.header.message_type
    with behind_the_wall(session, asked.partner):
        return COMMANDS[name].refused(session, asked, refusal) if name in COMMANDS else QUESTIONS[name].answer(session, asked, refusal)


def names_in(asked: Asked) -> Names:
    """What a message names that must be the partner's own. What has no form of a number is left to whoever reads it."""
    found: Names = {kind: set() for kind, _ in NAMING.values()}
    for part in asked.root:
        if etree.QName(part).localname not in {"Header", _EXTENSION}:
            _names_below(part, found)
    if {read_text(asked.root, "Order/Kind"), read_text(asked.root, "Order/Action")} & OF_OTHERS:
        found["line"].clear()
    return found


def _names_below(part: Element, found: Names, *, is_top: bool = True) -> None:
    for element in part:
        name = etree.QName(element).localname
        if len(element):
            if name != _EXTENSION:
                _names_below(element, found, is_top=False)
        elif name in NAMING:
            kind, form = NAMING[name]
            words = (element.text or "").strip()
            try:
                if form is not None:
                    found[kind].add(expect_id(words, form, element=name))
                elif is_top:  # deeper down it is where somebody may be called
                    found[kind].add(parse_number(words))
            except BadMessage:
                continue


def _unseen(session: Session, asked: Asked, names: Names) -> Names:
    """Those of the names that the wall does not show the partner. No statement where nothing is named."""
    left = {kind: set(numbers) for kind, numbers in names.items()}
    if any(left.values()):
        with behind_the_wall(session, asked.partner):
            for row in session.execute(_SEEN, {"at": asked.at, **{kind: sorted(numbers) for kind, numbers in names.items()}}):
                left[row.kind].discard(row.number)
    return left


def _no_account(number: str) -> NotFound:
    return NotFound("CSS200E", "There is no account {account}.", account=number, element="account_number")


def _codes(refusal: CssError) -> set[str]:
    return {error.code for error in refusal.errors} if isinstance(refusal, Several) else {refusal.code}


def _no_line(number: str) -> NotFound:
    return NotFound(_NO_LINE, "No working line has the number {number}.", number=display_number(number), element="number")


_NOT_THERE: Final = {"order": no_order, "account": _no_account, "fault": no_fault}
"""The words of the rooms for what is not there."""
