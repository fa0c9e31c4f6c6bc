"""CU02 change customer: what they say of themselves and how their account is billed, and who may speak for them besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from flask import Response, flash
from sqlalchemy.orm import Session

from billing.actions.account_terms import change_billing
from billing.terms_commands import ChangeBilling
from css.core.actor import Actor
from css.core.errors import Refusals, Refused
from css.core.words import BillMedium, ContactPointKind, Itemisation, PaymentMeans
from css.master.change_customer import change_customer
from css.master.customer_commands import ChangeCustomer
from css.master.customer_fields import shown_point
from css.master.customer_record import customer_record
from css.web.desk import Desk, converse
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import address, go, show
from css.web.screens.customer_fields import (
    CODED,
    MEANS,
    MEDIA,
    NO_PHRASE,
    SHOWN_CALLS,
    read_birth,
    read_phrase_of,
    read_reach_at,
)
from css.web.screens.customer_seen import CHANGE, CU02, PERSON, Seen, deed_of, only_the_customer, record_of
from css.web.screens.customer_speakers import act_speaker, show_speaker

_TEXTS: Final = ("title", "first_name", "surname", "organisation_name", "company_number", "language", "access_needs")
_BILLING_TEXTS: Final = ("billing_name", "billing_postcode", "email", "mandate_reference")
_CHANGED_BY_OTHERS: Final = frozenset({"CSS150E", "CSS742E"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerChange:
    """What of the customer and of the account's billing becomes different; None for nothing."""

    token: str = ""
    customer: ChangeCustomer | None
    billing: ChangeBilling | None


@dataclass(frozen=True, slots=True)
class Different:
    """One field as it was and as it would be."""

    label: str
    was: str
    becomes: str


def _shown(seen: Seen) -> dict[str, str]:
    """The record as the fields show it."""
    customer, account = seen.customer, seen.account
    points = customer.contact_points
    by_kind = {
        True: [one for one in points if one.kind is ContactPointKind.EMAIL],
        False: [one for one in points if one.kind is not ContactPointKind.EMAIL],
    }
    first = next((one for one in points if one.is_preferred), None)
    asked = "" if customer.consent_at is None and not customer.may_market else _yes(customer.may_market)
    shown = {
        "title": customer.title,
        "first_name": customer.first_name,
        "surname": customer.surname,
        "organisation_name": customer.organisation_name,
        "born_on": _day(customer.born_on),
        "company_number": customer.company_number,
        "telephones": ", ".join(shown_point(one.kind, one.value) for one in by_kind[False]),
        "emails": ", ".join(one.value for one in by_kind[True]),
        "tried_first": "" if first is None else "E" if first.kind is ContactPointKind.EMAIL else "T",
        "billing_name": account.billing_name,
        "billing_postcode": account.billing_postcode,
        "medium": _code(MEDIA, account.medium),
        "email": account.email,
        "itemisation": _code(SHOWN_CALLS, account.itemisation),
        "payment_means": _code(MEANS, account.payment_means),
        "mandate_reference": account.mandate_reference,
        "language": customer.language.upper(),
        "may_market": asked,
        "is_vulnerable": _yes(customer.is_vulnerable),
        "access_needs": customer.access_needs,
    }
    # As the form reads what is keyed: what differs from it by a blank would look changed.
    tidy = {name: " ".join((text or "").split()) for name, text in shown.items()}
    return tidy | {"billing_address": "\n".join(account.billing_address_lines).strip(), "account_version": str(account.row_version)}


def _yes(is_so: bool) -> str:  # noqa: FBT001 - what is shown for it
    return "Y" if is_so else "N"


def _day(day: date | None) -> str:
    return "" if day is None else f"{day.day}/{day.month}/{day.year}"


def _code(codes: Mapping[str, object], wanted: object) -> str:
    return next(code for code, one in codes.items() if one is wanted)


# --- change -------------------------------------------------------------------------------------------------------------


def show_change(at_desk: Desk, arguments: Arguments) -> Response:
    with at_desk.doing() as session:
        seen = record_of(session, at_desk, arguments)
    if isinstance(seen, Response):
        return seen
    deed, person = deed_of(seen, arguments)
    if deed == CHANGE:
        return _change(at_desk, seen, Form.blank(CU02, row_version=str(seen.customer.row_version), **_shown(seen)))
    form = Form.blank(CU02, deed)
    if seen.speaker is not None:
        form.take(only_the_customer(seen.speaker))
    return show_speaker(at_desk, seen, form, person)


def act_change(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    with at_desk.doing() as session:
        seen = record_of(session, at_desk, arguments)
    if isinstance(seen, Response):
        return seen
    deed, person = deed_of(seen, arguments)
    form = Form.posted(CU02, posted, deed)
    if form.key == REFRESH:
        form.errors.clear()
    if deed != CHANGE:
        return act_speaker(at_desk, seen, form, person)
    if form.key == REFRESH:
        form.meet(_shown(seen), seen.customer.row_version)
        return _change(at_desk, seen, form)
    home = address("CU03", seen.account.number)
    outcome = converse(at_desk, form, partial(_read, form, seen, at_desk.today), _do, leads_to=lambda _: home)
    if outcome.done is not None:
        flash("The customer's record is changed.", "CSS165I")
        return go("CU03", seen.account.number)
    if any(error.code in _CHANGED_BY_OTHERS for error in form.general):
        with at_desk.reading() as session:
            now = customer_record(session, seen.customer.number, by=at_desk.by)
        seen = Seen(now, next(one for one in now.accounts if one.number == seen.account.number), seen.speaker)
        form.meet(_shown(seen), now.row_version)
    return _change(at_desk, seen, form, status=outcome.status, is_checked=outcome.effect is not None)


def _read(form: Form, seen: Seen, today: date) -> CustomerChange | None:
    """What is different from what the form began with; None when something is wrong, which then hangs on the form."""
    medium = form.member("medium", BillMedium, MEDIA)
    itemisation = form.member("itemisation", Itemisation, SHOWN_CALLS)
    means = form.member("payment_means", PaymentMeans, MEANS)
    born_on = read_birth(form, "born_on", today)
    reach_at = read_reach_at(form)
    may_market, is_vulnerable = form.yes("may_market"), form.yes("is_vulnerable")
    if form.text("password_phrase") and seen.speaker is not None:
        form.take(only_the_customer(seen.speaker, "password_phrase"))
    is_taken_away = form.text("password_phrase") == NO_PHRASE
    phrase = "" if is_taken_away else read_phrase_of(form)
    for name in ("medium", "itemisation", "payment_means", "language", "may_market"):
        if not form.text(name) and form.base.get(name):
            form.wrong(name, "CSS360E", "{label} must be keyed.")
    if form.has_errors:
        return None
    changed = {one.name for one in CU02.shown_fields(CHANGE) if form.text(one.name) != form.base.get(one.name, "")}
    said: dict[str, Any] = {name: form.text(name) for name in _TEXTS if name in changed}
    if "born_on" in changed:
        said |= {"born_on": born_on, "forgets_birth": born_on is None}
    if changed & {"telephones", "emails", "tried_first"}:
        said["reach_at"] = reach_at
    said |= {name: one for name, one in (("may_market", may_market), ("is_vulnerable", is_vulnerable)) if name in changed}
    if "password_phrase" in changed:
        said["password_phrase"] = phrase
    billed: dict[str, Any] = {name: form.text(name) for name in _BILLING_TEXTS if name in changed}
    if "billing_address" in changed:
        billed["billing_address_lines"] = tuple(line.strip() for line in form.text("billing_address").split("\n") if line.strip())
    coded = {"medium": medium, "itemisation": itemisation, "payment_means": means}
    billed |= {name: one for name, one in coded.items() if name in changed}
    if not said and not billed:
        form.take(Refused("CSS157E", "Nothing of customer {number} would change.", number=seen.customer.number))
        return None
    version = form.text("account_version")
    return CustomerChange(
        customer=ChangeCustomer(customer_number=seen.customer.number, row_version=form.version(), **said) if said else None,
        billing=ChangeBilling(account_number=seen.account.number, row_version=int(version) if version.isdecimal() else None, **billed)
        if billed
        else None,
    )


def _do(session: Session, command: CustomerChange, *, by: Actor, at: datetime) -> CustomerChange:
    """Both or neither; what is wrong with either is told at once."""
    wrong = Refusals()
    token = command.token and f"{command.token}/"
    if command.customer is not None:
        customer = replace(command.customer, token=token and f"{token}customer")
        wrong.reading(lambda: change_customer(session, customer, by=by, at=at))
    if command.billing is not None:
        billing = replace(command.billing, token=token and f"{token}billing")
        wrong.reading(lambda: change_billing(session, billing, by=by, at=at))
    wrong.tell()
    return command


def _different(form: Form) -> list[Different]:
    """The fields keyed over, for people: the phrase stays unsaid."""
    found = []
    for one in CU02.shown_fields(CHANGE):
        was, becomes = form.base.get(one.name, ""), form.text(one.name)
        if one.kind == "hidden" or was == becomes:
            continue
        if one.name == "password_phrase":
            was, becomes = "", "taken away" if becomes == NO_PHRASE else "another, as keyed"
        found.append(Different(one.label, was.replace("\n", ", "), becomes.replace("\n", ", ")))
    return found


def _change(at_desk: Desk, seen: Seen, form: Form, *, status: int = 200, is_checked: bool = False) -> Response:
    number = seen.account.number
    return show(
        at_desk,
        CU02,
        form=form,
        status=status,
        in_hand=seen.in_hand,
        links={"S-F5": address("CU02", number, PERSON)},
        choices=CODED,
        seen=seen,
        person=None,
        differences=_different(form) if is_checked else None,
        effect=None,
    )


PAGES: Final = (Page(CU02, show_change, act_change),)
