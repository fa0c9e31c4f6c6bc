"""How an account is billed: its cycle and VAT status by date, and where its bills go. The row says what is now, the logs since when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.queries.account_terms import AccountStanding, standing_of
from billing.queries.accounts import account_named
from billing.rules.cycle import changes_from
from billing.rules.permission import require_may
from billing.rules.vat import VatHistory
from billing.terms_commands import BillingChanged, ChangeBilling, ChangeCycle, CycleChanged, SetVatStatus, VatStatusSet
from css import audit
from css.core.actor import Actor
from css.core.address import parse_postcode
from css.core.codec import to_plain
from css.core.errors import BadMessage, Conflict, Refusals, Refused
from css.core.words import BillMedium, PaymentMeans, VatStatus
from css.master.account_fields import read_email, read_endpoint, read_vat_number
from css.master.accounts import Account, AccountCycleTerm, AccountVatStatus
from css.master.districts import business_date


@audit.answered
def change_cycle(session: Session, command: ChangeCycle, *, by: Actor, at: datetime) -> CycleChanged:
    """Let an account's bills come on another day, or more or less often, once the days charged already have run out.

    The next bill comes on the first date of the new cycle after that and is like a first one: a part of a period, and a
    whole one. An account that no cycle date has gone by for yet has the new cycle from its first day. Nothing charged is touched.

    Raises:
        NotFound: CSS105E, no such account; errors of ``expect_id``.
        BadMessage: CSS116E the day, CSS117E the month.
        Refused: CSS443E the actor may not, CSS741E that is its cycle already.
        Conflict: CSS742E the account was changed meanwhile.
    """
    require_may(by, "change how accounts are billed")
    account, today = _locked(session, command.account_number, command.row_version, by)
    wrong = Refusals()
    if not 1 <= command.cycle_day <= 31:  # noqa: PLR2004 - days of a month
        wrong.add(
            BadMessage("CSS116E", "{cycle_day} is not a day of the month, 1 to 31.", cycle_day=command.cycle_day, element="cycle_day")
        )
    if not 1 <= command.cycle_month_group <= 12:  # noqa: PLR2004 - months of a year
        sentence = "{group} is not the number of a month in which bills come, 1 to 12."
        wrong.add(BadMessage("CSS117E", sentence, group=command.cycle_month_group, element="cycle_month_group"))
    wrong.tell()
    before = {"cycle_day": account.cycle_day, "frequency": account.frequency.value, "cycle_month_group": account.cycle_month_group}
    if before == {"cycle_day": command.cycle_day, "frequency": command.frequency.value, "cycle_month_group": command.cycle_month_group}:
        raise Refused("CSS741E", "Account {number} is billed so already.", number=account.number, element="cycle_day")
    standing = standing_of(session, account.id)
    starts_on = changes_from(standing.cycle, standing.charged_to, account.opened_on, today, was_billed=standing.was_billed)
    if not _has_rows(session, AccountCycleTerm, account.id):
        session.add(
            AccountCycleTerm(
                account_id=account.id,
                starts_on=account.opened_on,
                cycle_day=account.cycle_day,
                frequency=account.frequency,
                cycle_month_group=account.cycle_month_group,
                recorded_on=account.opened_on,
            )
        )
        session.flush()
    session.add(
        AccountCycleTerm(
            account_id=account.id,
            starts_on=starts_on,
            cycle_day=command.cycle_day,
            frequency=command.frequency,
            cycle_month_group=command.cycle_month_group,
            recorded_on=today,
        )
    )
    account.cycle_day, account.frequency = command.cycle_day, command.frequency
    account.cycle_month_group = command.cycle_month_group
    _changed(session, account, "change_cycle", before, to_plain(command) | {"starts_on": to_plain(starts_on)}, by=by, at=at)
    return CycleChanged(
        account_number=account.number,
        cycle_day=account.cycle_day,
        frequency=account.frequency,
        cycle_month_group=account.cycle_month_group,
        starts_on=starts_on,
        next_bill_on=_first_bill_on(standing_of(session, account.id), starts_on),
        row_version=account.row_version,
    )


def _first_bill_on(standing: AccountStanding, starts_on: date) -> date:
    """When the new cycle's first bill is made; one that yesterday's night still has in hand comes before it."""
    return standing.cycle.bill_after(starts_on) if standing.charged_to < starts_on else standing.next_bill_on


@audit.answered
def set_vat_status(session: Session, command: SetVatStatus, *, by: Actor, at: datetime) -> VatStatusSet:
    """Tax an account otherwise from a day on. The next bill puts right what was charged for the days since then.

    Rentals, calls, items and what came off calls move to the other VAT; credits by hand keep that of the line they credit.

    Raises:
        NotFound: CSS105E, no such account; errors of ``expect_id``.
        BadMessage: CSS121E the VAT number, CSS734E no reason, CSS743E the day.
        Refused: CSS443E the actor may not, CSS120E no VAT number, CSS744E it is taxed so already.
        Conflict: CSS742E the account was changed meanwhile.
    """
    require_may(by, "change VAT statuses")
    account, today = _locked(session, command.account_number, command.row_version, by)
    starts_on = command.starts_on or today
    wrong = Refusals()
    vat_number = wrong.reading(lambda: read_vat_number(command.vat_number)) or account.vat_number
    if command.vat_status is VatStatus.REVERSE_CHARGE and vat_number is None and command.vat_number is None:
        wrong.add(Refused("CSS120E", "Reverse charge needs the customer's VAT number.", element="vat_number"))
    if not account.opened_on <= starts_on <= today:
        sentence = "Account {number} can be taxed otherwise from a day between {opened} and {today}, not from {day}."
        wrong.add(
            BadMessage(
                "CSS743E", sentence, number=account.number, opened=account.opened_on, today=today, day=starts_on, element="starts_on"
            )
        )
    if not command.reason.strip():
        wrong.add(BadMessage("CSS734E", "Say why: whoever asks later reads it.", element="reason"))
    wrong.tell()
    log = [
        (row.starts_on, row.vat_status)
        for row in session.execute(
            select(AccountVatStatus.starts_on, AccountVatStatus.vat_status)
            .where(AccountVatStatus.account_id == account.id)
            .order_by(AccountVatStatus.recorded_on, AccountVatStatus.id)
        )
    ]
    known = log or [(account.opened_on, account.vat_status)]
    is_same = VatHistory.from_log(known) == VatHistory.from_log([*known, (starts_on, command.vat_status)])
    if is_same and vat_number == account.vat_number:
        raise Refused("CSS744E", "Account {number} is taxed so from that day already.", number=account.number, element="vat_status")
    if not log:
        session.add(
            AccountVatStatus(
                account_id=account.id, starts_on=account.opened_on, vat_status=account.vat_status, recorded_on=account.opened_on
            )
        )
        session.flush()
    session.add(AccountVatStatus(account_id=account.id, starts_on=starts_on, vat_status=command.vat_status, recorded_on=today))
    before = {"vat_status": account.vat_status.value, "vat_number": account.vat_number}
    account.vat_status, account.vat_number = command.vat_status, vat_number
    after = to_plain(command) | {"starts_on": to_plain(starts_on), "vat_number": vat_number}
    _changed(session, account, "set_vat_status", before, after, by=by, at=at)
    return VatStatusSet(
        account_number=account.number,
        vat_status=account.vat_status,
        vat_number=account.vat_number,
        starts_on=starts_on,
        recorded_on=today,
        row_version=account.row_version,
    )


@audit.answered
def change_billing(session: Session, command: ChangeBilling, *, by: Actor, at: datetime) -> BillingChanged:
    """Change where an account's bills go, how they look and how they are paid. A bill keeps what held when it was calculated.

    Raises:
        NotFound: CSS105E, no such account; errors of ``expect_id``.
        BadMessage: CSS113E, CSS114E, CSS123E, CSS065E: one or more fields are wrong.
        Refused: CSS443E the actor may not, CSS119E no mandate, CSS122E no e-mail address, CSS745E nothing changes.
        Conflict: CSS742E the account was changed meanwhile.
    """
    require_may(by, "change how accounts are billed")
    account, _ = _locked(session, command.account_number, command.row_version, by)
    before = _billing(account)
    after = _with(before, command)
    if after == before:
        raise Refused("CSS745E", "Nothing of account {number} would change.", number=account.number)
    for name in _BILLING:
        value = getattr(after, name)
        setattr(account, name, list(value) if isinstance(value, tuple) else value)
    was, is_now = to_plain(before), to_plain(after)
    changed = [name for name in _BILLING if was[name] != is_now[name]]
    told = {name: was[name] for name in changed}, {name: is_now[name] for name in changed}
    _changed(session, account, "change_billing", *told, by=by, at=at)
    return replace(after, row_version=account.row_version)


_BILLING = (
    "billing_name",
    "billing_address_lines",
    "billing_postcode",
    "medium",
    "email",
    "endpoint",
    "itemisation",
    "payment_means",
    "mandate_reference",
)


def _billing(account: Account) -> BillingChanged:
    values: dict[str, Any] = {name: getattr(account, name) for name in _BILLING}
    values["billing_address_lines"] = tuple(account.billing_address_lines)
    return BillingChanged(account_number=account.number, row_version=account.row_version, **values)


def _with(now: BillingChanged, command: ChangeBilling) -> BillingChanged:
    """What the account would be: every fault of the fields, and between them, is told at once."""
    wrong = Refusals()
    given = {name: value for name in _BILLING if (value := getattr(command, name)) is not None}
    if "billing_name" in given:
        given["billing_name"] = given["billing_name"].strip()
        if not given["billing_name"]:
            wrong.add(BadMessage("CSS114E", "{what} is missing.", what="Billing name", element="billing_name"))
    if "billing_address_lines" in given and (not command.billing_address_lines or not all(map(str.strip, command.billing_address_lines))):
        what = "The address, or one of its lines,"
        wrong.add(BadMessage("CSS114E", "{what} is missing.", what=what, element="billing_address_lines"))
    if command.billing_postcode is not None:
        given["billing_postcode"] = wrong.reading(partial(parse_postcode, command.billing_postcode, element="billing_postcode"))
    if command.email is not None:
        given["email"] = wrong.reading(partial(read_email, command.email, "email")) if command.email.strip() else None
    if command.endpoint is not None:
        wrong.reading(partial(read_endpoint, command.endpoint.strip() or None))
        given["endpoint"] = command.endpoint.strip() or None
    if command.mandate_reference is not None:
        given["mandate_reference"] = command.mandate_reference.strip() or None
    after = replace(now, **given)
    if after.payment_means is PaymentMeans.DIRECT_DEBIT and after.mandate_reference is None:
        wrong.add(Refused("CSS119E", "Direct Debit needs the reference of the mandate.", element="mandate_reference"))
    if after.medium is BillMedium.EMAIL and after.email is None and not (command.email or "").strip():
        wrong.add(Refused("CSS122E", "Bills by e-mail need an e-mail address.", element="email"))
    wrong.tell()
    return after


_CHANGES = ("change_billing", "change_cycle", "set_vat_status", "join_group", "leave_group")


def _locked(session: Session, account_number: str, row_version: int | None, by: Actor) -> tuple[Account, date]:
    """The account for one change at a time, and the business date, which does not move until the change is made."""
    named = account_named(session, account_number, by)
    today = business_date(session, named.district_code)
    statement = select(Account).where(Account.id == named.account_id).with_for_update(key_share=True)
    account = session.execute(statement.execution_options(populate_existing=True)).scalar_one()
    if row_version is not None and row_version != account.row_version:
        who = audit.last_changed(session, ("account", account.number), _CHANGES)
        raise Conflict("CSS742E", "Account {number} was changed by {who} meanwhile; look at it again.", number=account.number, who=who)
    return account, today


def _has_rows(session: Session, table: type[AccountCycleTerm], account_id: int) -> bool:
    return session.execute(select(table.id).where(table.account_id == account_id).limit(1)).scalar() is not None


def _changed(
    session: Session, account: Account, verb: str, before: dict[str, Any], after: dict[str, Any], *, by: Actor, at: datetime
) -> None:
    account.row_version += 1
    session.flush()
    told = {name: value for name, value in after.items() if name not in {"token", "row_version"}}
    audit.record(session, by=by, at=at, verb=verb, subject=("account", account.number), before=before, after=told)
