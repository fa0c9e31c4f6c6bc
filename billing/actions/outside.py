"""What changes the amount due without being a supply and is entered by hand: late fees, goodwill."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.actions.adjustments import ask_for_bill
from billing.actions.limits import approved
from billing.credit_commands import EnterOutsideItem, OutsideItemEntered
from billing.model import AccountCycle, OutsideItem
from billing.queries.accounts import account_named, owed
from billing.rules.permission import require_may
from billing.words import BillKind, OutsideKind
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import BadMessage, Refusals, Refused
from css.core.money import ZERO, Money
from css.db.sql import block
from css.master.accounts import Account
from css.master.districts import business_date

BY_HAND: Final = frozenset({OutsideKind.LATE_FEE, OutsideKind.GOODWILL})
OUTSIDE_MAX: Final = Money(1_000_000_00)
WORDS_MAX: Final = 120


@audit.answered
def enter_outside_item(
    session: Session, command: EnterOutsideItem, *, by: Actor, at: datetime, approved_by: Actor | None = None
) -> OutsideItemEntered:
    """Enter a late fee or goodwill on an account, in its ledger at once; the next bill shows it outside the invoice and its VAT.

    The amount is positive: a late fee raises what is owed, goodwill lowers it. Above the operator's limit ``approved_by`` signs,
    whom the door has asked for a password: for what is given away, and for what is charged.

    Raises:
        NotFound: CSS105E, no such account. BadMessage: CSS804E the amount, CSS805E nothing said; errors of ``expect_id``.
        Refused: CSS443E the actor may not, CSS813E the kind comes by itself, CSS806E and CSS807E the limits.
    """
    require_may(by, "credit bills")
    account = account_named(session, command.account_number, by)
    today = business_date(session, account.district_code)
    wrong = Refusals()
    if command.kind not in BY_HAND:
        wrong.add(Refused("CSS813E", "A {kind} is not entered by hand: it comes by itself.", kind=command.kind.value, element="kind"))
    if not ZERO < command.amount <= OUTSIDE_MAX:
        wrong.add(
            BadMessage(
                "CSS804E",
                "The amount is more than nothing and at most {most}, never negative: a late fee raises what is owed, goodwill lowers it.",
                most=OUTSIDE_MAX.sterling,
                element="amount",
            )
        )
    if not command.words.strip() or not command.reason.strip() or len(command.words) > WORDS_MAX:
        wrong.add(
            BadMessage("CSS805E", "Say why, and what the customer reads, in at most {most} letters.", most=WORDS_MAX, element="words")
        )
    wrong.tell()
    # One after another: the balance that is answered is then true.
    session.execute(select(Account.id).where(Account.id == account.account_id).with_for_update(key_share=True)).scalar_one()
    second = approved(session, command.amount, by=by, approved_by=approved_by)
    change = -command.amount if command.kind is OutsideKind.GOODWILL else command.amount
    item_id = session.execute(block("billing", "outside.next_id")).scalar_one()
    key = f"entered/{item_id}"
    session.add(
        OutsideItem(
            id=item_id,
            source_key=key,
            account_id=account.account_id,
            kind=command.kind,
            amount=change,
            words=command.words.strip(),
            reference=command.reference.strip(),
            entered_on=today,
            business_date=today,
        )
    )
    session.flush()
    session.execute(block("billing", "outside.enter"), {"keys": [key], "district": account.district_code, "at": at})
    session.execute(block("billing", "outside.post"), {"keys": [key]})
    cycle = session.get(AccountCycle, account.account_id)
    if cycle is not None and cycle.is_finished:
        # No bill comes by itself any more to say it.
        ask_for_bill(session, account, BillKind.INTERIM, command.reason.strip(), today, by)
    audit.record(
        session,
        by=by,
        at=at,
        verb="enter_outside_item",
        subject=("account", account.number),
        after={**to_plain(command), "source_key": key, "approved_by": second},
    )
    return OutsideItemEntered(
        account_number=account.number,
        kind=command.kind,
        amount=change,
        balance=owed(session, account.account_id),
        approved_by=second,
    )
