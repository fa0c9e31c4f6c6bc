"""Accounts in groups: one level, in one district. A group's volume discounts run over its members; it may pay their bills."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.credit_commands import GroupChanged, JoinGroup, LeaveGroup
from billing.queries.accounts import account_named
from billing.rules.permission import require_may
from css import audit
from css.core.actor import Actor
from css.core.errors import Conflict, Refusals, Refused
from css.db.sql import block
from css.master.accounts import Account
from css.master.districts import business_date


@audit.answered
def join_group(session: Session, command: JoinGroup, *, by: Actor, at: datetime) -> GroupChanged:
    """Make an account a member of a group account's group, or change whether the group pays its bills.

    The bills decided from tonight on say so; one of a run under way is decided first. A member of another group leaves that
    one first.

    Raises:
        NotFound: CSS105E, no such account; errors of ``expect_id``.
        Refused: CSS443E the actor may not, CSS810E the two cannot be member and group.
        Conflict: CSS811E a bill of one of them is being made, CSS812E the account was changed meanwhile.
    """
    require_may(by, "change groups")
    named = account_named(session, command.account_number, by), account_named(session, command.group_account_number, by)
    business_date(session, named[0].district_code)
    locked = _locked(session, *(one.account_id for one in named))
    member, group = locked[named[0].account_id], locked[named[1].account_id]
    _require_version(member, command.row_version)
    _require_fitting(session, member, group)
    _require_not_in_hand(session, member, group)
    before = _standing(session, member)
    member.group_account_id, member.is_paid_by_group = group.id, command.is_paid_by_group
    return _changed(session, member, group.number, "join_group", before, by=by, at=at)


@audit.answered
def leave_group(session: Session, command: LeaveGroup, *, by: Actor, at: datetime) -> GroupChanged:
    """Take an account out of its group. Bills that were carried to the group account stay there.

    Raises:
        NotFound: CSS105E, no such account; errors of ``expect_id``.
        Refused: CSS443E the actor may not, CSS810E the account is in no group.
        Conflict: CSS811E a bill of the member or the group is being made, CSS812E the account was changed meanwhile.
    """
    require_may(by, "change groups")
    named = account_named(session, command.account_number, by)
    business_date(session, named.district_code)
    member = _locked(session, named.account_id)[named.account_id]
    _require_version(member, command.row_version)
    if member.group_account_id is None:
        raise Refused("CSS810E", "Account {number} is in no group.", number=member.number, element="account_number")
    group = session.get_one(Account, member.group_account_id)
    _require_not_in_hand(session, member, group)
    before = _standing(session, member)
    member.group_account_id, member.is_paid_by_group = None, False
    return _changed(session, member, None, "leave_group", before, by=by, at=at)


def _locked(session: Session, *account_ids: int) -> dict[int, Account]:
    """The accounts, locked in one order: two people joining them crosswise wait for each other once and not for ever."""
    rows = session.execute(
        select(Account)
        .where(Account.id.in_(account_ids))
        .order_by(Account.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).scalars()
    return {row.id: row for row in rows}


def _require_version(member: Account, row_version: int | None) -> None:
    if row_version is not None and row_version != member.row_version:
        raise Conflict("CSS812E", "Account {number} was changed meanwhile; look at it again.", number=member.number)


def _require_fitting(session: Session, member: Account, group: Account) -> None:
    wrong = Refusals()

    def refuse(sentence: str, element: str) -> None:
        wrong.add(Refused("CSS810E", sentence, element=element, member=member.number, group=group.number))

    if member.id == group.id:
        # Said alone: of one account nothing else that could be said is about a group.
        refuse("Account {member} cannot be its own group.", "group_account_number")
        wrong.tell()
    if member.district_code != group.district_code:
        refuse(
            "Accounts {member} and {group} are of different districts: their bills are made in different nights.", "group_account_number"
        )
    if member.provider_id != group.provider_id:
        refuse("Accounts {member} and {group} are of different providers.", "group_account_number")
    if group.group_account_id is not None:
        refuse("Account {group} is a member of a group itself: groups have one level.", "group_account_number")
    if member.group_account_id not in {None, group.id}:
        refuse("Account {member} is a member of another group; it leaves that one first.", "account_number")
    if member.closed_on is not None or group.closed_on is not None:
        refuse("A closed account joins no group and has none.", "account_number")
    if session.execute(select(Account.id).where(Account.group_account_id == member.id).limit(1)).scalar() is not None:
        refuse("Account {member} has members of its own: groups have one level.", "account_number")
    wrong.tell()


def _require_not_in_hand(session: Session, *accounts: Account) -> None:
    """A run decides its bills from how accounts stood at its cut: between the cut and the bill nobody is moved."""
    parameters = {"district": accounts[0].district_code, "accounts": [account.id for account in accounts]}
    waiting = session.execute(block("billing", "gather.waiting_to_be_billed"), parameters).scalar()
    if waiting is not None:
        raise Conflict("CSS811E", "The bill of account {number} is being made; do it again when it is out.", number=waiting)


def _standing(session: Session, member: Account) -> dict[str, object]:
    number = None
    if member.group_account_id is not None:
        number = session.execute(select(Account.number).where(Account.id == member.group_account_id)).scalar_one()
    return {"group_account_number": number, "is_paid_by_group": member.is_paid_by_group}


def _changed(
    session: Session, member: Account, group_number: str | None, verb: str, before: dict[str, object], *, by: Actor, at: datetime
) -> GroupChanged:
    member.row_version += 1
    session.flush()
    after = {"group_account_number": group_number, "is_paid_by_group": member.is_paid_by_group}
    audit.record(session, by=by, at=at, verb=verb, subject=("account", member.number), before=before, after=after)
    return GroupChanged(
        account_number=member.number,
        group_account_number=group_number,
        is_paid_by_group=member.is_paid_by_group,
        row_version=member.row_version,
    )
