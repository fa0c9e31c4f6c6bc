"""Making statements of account: rendered once, kept with their hash, never made again."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.credit_commands import MakeStatement, StatementMade
from billing.model import Statement
from billing.queries.accounts import account_named
from billing.queries.statements import ONE_DAY, statement_document
from billing.rules.permission import require_may
from billing.statement_pdf import render_statement
from css import audit
from css.core.actor import Actor
from css.core.calendar import Period
from css.core.codec import to_plain
from css.core.errors import Refused
from css.master.accounts import Account
from css.master.districts import business_date


@audit.answered
def make_statement(session: Session, command: MakeStatement, *, by: Actor, at: datetime) -> StatementMade:
    """Make a statement of an account's days and keep it. What is entered for those days later is on the next one.

    Raises:
        NotFound: CSS105E no such account, CSS444E nobody is our own retail arm; errors of ``expect_id``.
        Refused: CSS443E the actor may not, CSS814E the days are none, in the future, or before the account was opened.
    """
    require_may(by, "make statements")
    account = account_named(session, command.account_number, by)
    today = business_date(session, account.district_code)
    through = command.through or today
    if not command.starts_on <= through <= today:
        raise Refused(
            "CSS814E",
            "A statement is of one day or more up to {today}, which it is in the books; not from {first} to {last}.",
            today=today,
            first=command.starts_on,
            last=through,
            element="starts_on" if command.starts_on > through else "through",
        )
    opened_on = session.execute(select(Account.opened_on).where(Account.id == account.account_id)).scalar_one()
    if command.starts_on < opened_on:
        sentence = "Account {number} was opened on {opened}: its statements start then or later, not on {first}."
        raise Refused("CSS814E", sentence, number=account.number, opened=opened_on, first=command.starts_on, element="starts_on")
    # What comes in meanwhile waits, so that balance, rows and ages are of one moment.
    session.execute(select(Account.id).where(Account.id == account.account_id).with_for_update(key_share=True)).scalar_one()
    document = statement_document(session, account.account_id, Period(command.starts_on, through + ONE_DAY), today)
    content = render_statement(document)
    made = Statement(
        district_code=account.district_code,
        account_id=account.account_id,
        starts_on=command.starts_on,
        ends_on=through + ONE_DAY,
        opening=document.opening,
        closing=document.closing,
        made_on=today,
        made_by=by.name,
        file_name=f"{account.number}-{command.starts_on}-{through}.pdf",
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )
    session.add(made)
    session.flush()
    audit.record(
        session,
        by=by,
        at=at,
        verb="make_statement",
        subject=("account", account.number),
        after={**to_plain(command), "statement": made.id, "closing": made.closing, "sha256": made.sha256},
    )
    return StatementMade(
        statement_id=made.id,
        account_number=account.number,
        opening=made.opening,
        closing=made.closing,
        file_name=made.file_name,
        sha256=made.sha256,
    )
