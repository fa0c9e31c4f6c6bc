"""Which deeds a second person can be asked for, and doing one: exactly the command that was shown, by whoever asked.

A verb stands here with its action; it takes ``approved_by`` and keeps the limits itself, so no limit is decided twice. What
a request says of itself - about whom, how much, what comes of it - is what a rehearsal of the command answered, never
what the asker wrote. (Reasons: docs/decisions/0139)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any, Final, cast

from sqlalchemy.orm import Session

from billing.actions.adjustments import adjust_account, credit_bill_line
from billing.actions.outside import enter_outside_item
from billing.credit_commands import (
    AccountAdjusted,
    AdjustAccount,
    BillCredited,
    CreditBillLine,
    EnterOutsideItem,
    OutsideItemEntered,
)
from css.audit import answered
from css.core.actor import Actor
from css.core.codec import from_plain, to_plain
from css.core.errors import BadMessage, Refused
from css.core.money import ZERO, Money, Price, to_money
from css.db.engine import taken_back
from css.master.approvals import RequestRow, mark_approved, put_request, second_persons, take_request
from css.master.operator_commands import Asked, Decided, PutRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class AskApproval:
    """Ask for a second person for a deed above one's limit."""

    token: str = ""
    verb: str
    """As ``css do`` calls it."""
    command: dict[str, Any]
    """As ``css do`` takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """A second person's yes, which does the deed."""

    token: str = ""
    request_id: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What a deed does, for the list of requests and for the limit of whoever approves."""

    subject: str
    amount: Money
    """Positive: what is given, or charged."""
    words: str
    vat: Money | None = None
    """On top of the amount; None where it has none."""


@dataclass(frozen=True, slots=True)
class Approvable:
    """A verb a second person can be asked for."""

    action: Callable[..., Any]
    command: type[Any]
    effect: Callable[[Any], Effect]
    """What its answer means."""


def _credited(done: BillCredited) -> Effect:
    lines = f"line {done.lines[0].line_number}" if len(done.lines) == 1 else f"all {len(done.lines)} lines"
    when = "on a credit note tonight" if done.by_credit_note else "on the next bill"
    size = _size(done.net)
    words = f"Credit {size.sterling} before VAT of bill {done.bill_number}, {lines}, {when}"
    return Effect(done.account_number, size, words, _size(done.vat))


def _adjusted(done: AccountAdjusted) -> Effect:
    verb, size = ("Credit" if done.net < ZERO else "Charge"), _size(done.net)
    vat = to_money(Price.of(size.pence), share=Fraction(done.vat_basis_points, 10_000))
    rate = f"VAT {done.vat_category} {done.vat_basis_points / 100:g}%"
    words = f"{verb} {size.sterling} before {rate} on the next bill of account {done.account_number}"
    return Effect(done.account_number, size, words, vat)


def _entered(done: OutsideItemEntered) -> Effect:
    size = _size(done.amount)
    owed = f"account {done.account_number} owes {done.balance.sterling} then"
    return Effect(done.account_number, size, f"{done.kind.value.capitalize()} of {size.sterling}, outside the invoice; {owed}")


def _size(amount: Money) -> Money:
    return -amount if amount < ZERO else amount


APPROVABLE: Final[Mapping[str, Approvable]] = {
    "credit-bill-line": Approvable(credit_bill_line, CreditBillLine, _credited),
    "adjust-account": Approvable(adjust_account, AdjustAccount, _adjusted),
    "enter-outside-item": Approvable(enter_outside_item, EnterOutsideItem, _entered),
}
"""By the name ``css do`` has for it."""


def rehearsed(session: Session, verb: str, command: object, *, by: Actor, at: datetime) -> tuple[Effect, bool]:
    """What a deed would do, and whether it needs a second person; nothing of it stays.

    Above the actor's limit it is rehearsed as if the colleague with the highest limit signed.

    Raises:
        CssError: whatever the room says of the command; CSS806E where nobody else could sign for so much.
    """
    action = APPROVABLE[verb].action
    plain = cast("Any", command)
    plain = replace(plain, token="")
    try:
        with taken_back(session):
            return APPROVABLE[verb].effect(action(session, plain, by=by, at=at)), False
    except Refused as refused:
        candidates = second_persons(session, ZERO, besides=by.name) if refused.code == "CSS806E" else ()
        if not candidates:
            raise
        with taken_back(session):
            return APPROVABLE[verb].effect(action(session, plain, by=by, at=at, approved_by=candidates[0])), True


@answered
def ask_approval(session: Session, command: AskApproval, *, by: Actor, at: datetime) -> Asked:
    """Ask for a second person for a deed above one's limit: it is rehearsed, written down as it would be done, and waits.

    Raises:
        BadMessage: CSS186E no such verb to ask for; what is wrong with its command.
        Refused: CSS179E it is within the actor's own limit, CSS181E the actor has no operator code, CSS807E it is above
            everybody's limit; whatever the room says of the command.
    """
    approvable = _named(command.verb)
    asked = from_plain(command.command, approvable.command, path="command")
    effect, needs_second = rehearsed(session, command.verb, asked, by=by, at=at)
    if not needs_second:
        sentence = "{amount} is within your own limit today: you can do it yourself."
        raise Refused("CSS179E", sentence, amount=effect.amount.sterling, element="command")
    request = PutRequest(
        verb=command.verb,
        command={name: value for name, value in to_plain(asked).items() if name != "token"},
        subject=effect.subject,
        amount=effect.amount,
        words=effect.words,
    )
    return put_request(session, request, by=by, at=at)


@answered
def approve(session: Session, command: Approve, *, by: Actor, at: datetime) -> Decided:
    """Say yes as the second person: the deed is done now, by whoever asked and as it was asked, or the request stays as it is.

    Raises:
        NotFound: CSS180E no such request.
        Conflict: CSS182E it was decided already.
        Refused: CSS111E, CSS181E, CSS183E, CSS184E, CSS185E as for ``take_request``; whatever the room says now.
    """
    request = take_request(session, command.request_id, by=by)
    approvable = _named(request.row.verb)
    asked = from_plain(dict(request.row.command), approvable.command, path="command")
    done = approvable.action(session, asked, by=request.asker, at=at, approved_by=request.approver)
    return mark_approved(session, request, approvable.effect(done).words, at=at)


def who_could_sign(session: Session, row: RequestRow) -> tuple[str, ...]:
    """The codes of the colleagues whose limit covers a request."""
    return tuple(one.name for one in second_persons(session, row.amount, besides=row.asked_by))


def _named(verb: str) -> Approvable:
    found = APPROVABLE.get(verb)
    if found is None:
        known = ", ".join(APPROVABLE)
        raise BadMessage(
            "CSS186E", "No second person can be asked for {verb}; only for {known}.", verb=repr(verb[:40]), known=known, element="verb"
        )
    return found
