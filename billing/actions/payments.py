"""Payments."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.actions.ledger import Side, enter
from billing.commands import PaymentTaken, TakePayment
from billing.model import Payment
from billing.queries.accounts import account_named, owed
from billing.rules.permission import require_may
from billing.words import NominalCode, PaymentMethod
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Refusals, Refused
from css.core.ids import IdKind
from css.core.money import ZERO, Money
from css.master.accounts import Account
from css.master.districts import business_date
from css.master.serials import next_number

WHERE_MONEY_GOES: Final = {
    PaymentMethod.CARD: NominalCode.CARD_CLEARING,
    PaymentMethod.CHEQUE: NominalCode.CASH,
    PaymentMethod.CASH: NominalCode.CASH,
    PaymentMethod.BANK_TRANSFER: NominalCode.BANK,
    PaymentMethod.DIRECT_DEBIT: NominalCode.DIRECT_DEBIT_CLEARING,
}
PAYMENT_LIMIT: Final = Money(10_000_000_00)
"""More than anybody pays us at once: a slip of the keys."""


@audit.answered
def take_payment(session: Session, command: TakePayment, *, by: Actor, at: datetime) -> PaymentTaken:
    """Enter money received for an account, in its ledger in the same transaction; the receipt says what is still owed.

    Raises:
        NotFound: CSS105E, no such account.
        Refused: CSS441E the amount is not above zero or too large, CSS442E received after the business date,
            CSS443E the actor may not.
    """
    require_may(by, "take payments")
    account = account_named(session, command.account_number, by)
    today = business_date(session, account.district_code)
    received_on = command.received_on or today
    wrong = Refusals()
    if not ZERO < command.amount <= PAYMENT_LIMIT:
        wrong.add(Refused("CSS441E", "A payment is more than nothing and at most {most}.", most=PAYMENT_LIMIT.sterling, element="amount"))
    if received_on > today:
        wrong.add(
            Refused(
                "CSS442E",
                "Money cannot have been received on {received_on}: it is {today} in the books.",
                received_on=received_on,
                today=today,
                element="received_on",
            )
        )
    wrong.tell()
    # One payment after another: the balance on each receipt is then true.
    session.execute(select(Account.id).where(Account.id == account.account_id).with_for_update()).scalar_one()
    number = next_number(session, account.district_code, IdKind.PAYMENT)
    session.add(
        Payment(
            number=number,
            district_code=account.district_code,
            account_id=account.account_id,
            amount=command.amount,
            method=command.method,
            reference=command.reference,
            received_on=received_on,
            business_date=today,
            taken_at=at,
            taken_by=by.name,
        )
    )
    enter(
        session,
        source_key=f"payment/{number}",
        district_code=account.district_code,
        business_date=today,
        words=f"Payment {number}",
        sides=(
            Side(WHERE_MONEY_GOES[command.method], command.amount),
            Side(NominalCode.DEBTORS, -command.amount, account.account_id),
        ),
        at=at,
    )
    balance = owed(session, account.account_id)
    audit.record(
        session, by=by, at=at, verb="take_payment", subject=("account", account.number), after={"payment": number, **to_plain(command)}
    )
    return PaymentTaken(payment_number=number, account_number=account.number, amount=command.amount, balance=balance)
