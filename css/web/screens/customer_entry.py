"""CU01 a new customer: keyed as they are spoken, looked for among those there are, added with their first account by one F6."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import Response, flash
from sqlalchemy.orm import Session

from css.care.actions import open_for_new
from css.core.actor import Actor
from css.core.errors import NotFound, Refused
from css.core.words import BillFrequency, BillMedium, CustomerKind, PaymentMeans, Role, Segment
from css.master.commands import AddCustomer, NewAccount, TakenOn, TakeOnCustomer
from css.master.customers import display_name
from css.master.duplicates import PossibleDuplicate, possible_duplicates
from css.master.enrol import take_on_customer
from css.master.queries import SiteAnswer
from css.master.reference import RETAIL
from css.web.address_field import address_in_words, addresses_for, look_up_address
from css.web.desk import Desk, converse
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.customer_fields import (
    BILLED,
    CODED,
    MEANS,
    MEDIA,
    REACHED,
    REACHED_FIELDS,
    TOLD_FIELDS,
    WHO,
    WHO_FIELDS,
    read_birth,
    read_phrase_of,
    read_reach_at,
    read_yes_no,
)

SEGMENTS: Final = {"R": Segment.RESIDENTIAL, "B": Segment.BUSINESS}
FREQUENCIES: Final = {"M": BillFrequency.MONTHLY, "Q": BillFrequency.QUARTERLY, "A": BillFrequency.ANNUAL}
CYCLE_DAY_LAST: Final = 28
"""The last day that every month has."""

CU01: Final = Screen(
    code="CU01",
    title="New customer",
    family="Customers",
    help=(
        "Somebody who has no account with us yet, in the order they say it. Enter checks everything at once, looks whether they are here "
        "already, and shows what would be added; F6 adds the customer and opens the account, both or neither. A customer who is listed as "
        "alike is a warning: open them first, and take the account there is when it is the same person."
    ),
    roles=frozenset({Role.CLERK, Role.SUPERVISOR}),
    response=ResponseClass.R2,
    fields=(
        Field(
            name="segment", label="Home or business", help="R a home, B a business.", kind="code", step=WHO, length_max=1, is_required=True
        ),
        *WHO_FIELDS,
        *REACHED_FIELDS,
        Field(
            name="address_key",
            label="Address",
            help="Where the bills go: the address key, or the postcode and house to look it up: ZZ4 7QT 14. F4 lists the addresses.",
            step=REACHED,
            length_max=60,
            width=44,
            is_required=True,
            prompts=True,
            also=frozenset({"billing_postcode", "billing_address_lines", "district_code"}),
        ),
        Field(
            name="medium",
            label="Bills by",
            help="P paper, E e-mail to the first address above, L large print, X as a file.",
            kind="code",
            step=BILLED,
            length_max=1,
            is_required=True,
            also=frozenset({"email"}),
        ),
        Field(
            name="frequency",
            label="How often",
            help="M every month, Q every quarter, A once a year.",
            kind="code",
            step=BILLED,
            length_max=1,
        ),
        Field(
            name="cycle_day",
            label="Day of the month",
            help="On which bills are made; the 31st is the last day of a shorter month.",
            kind="number",
            step=BILLED,
            length_max=2,
        ),
        Field(
            name="payment_means",
            label="Pays by",
            help="OD when the bill comes, DD Direct Debit, which needs the mandate.",
            kind="code",
            step=BILLED,
            length_max=2,
            is_required=True,
        ),
        Field(
            name="mandate_reference",
            label="Mandate",
            help="The reference of the Direct Debit mandate.",
            step=BILLED,
            length_max=35,
            width=24,
        ),
        *TOLD_FIELDS,
    ),
    keys=(Key(name="Enter", label="check", sends=True), Key(name="F6", label="add customer", sends=True)),
    converses=True,
    parks=True,
)


@dataclass(frozen=True, slots=True)
class Effect:
    """A new customer as they would be, and who is here already that looks the same."""

    taken: TakenOn
    name: str
    account: NewAccount
    alike: tuple[PossibleDuplicate, ...]


def show_entry(at_desk: Desk, _: Arguments) -> Response:
    form = Form.blank(
        CU01,
        segment="R",
        medium="P",
        frequency="M",
        cycle_day=str(min(at_desk.today.day, CYCLE_DAY_LAST)),
        payment_means="OD",
        language="EN",
    )
    form.start = "title"
    return _page(form, at_desk)


def act_entry(at_desk: Desk, _: Arguments, posted: Posted) -> Response:
    form = Form.posted(CU01, posted)
    if form.key == REFRESH:
        form.errors.clear()
        return _page(form, at_desk)
    with at_desk.reading() as session:
        sites = look_up_address(session, form)
    if not sites and form.text("address_key") and "address_key" not in form.errors:
        sentence = "No address has the key {key}; look it up by its postcode."
        form.take(NotFound("CSS384E", sentence, key=form.code("address_key")[:20], element="address_key"))

    def deed(session: Session, command: TakeOnCustomer, *, by: Actor, at: datetime) -> Effect:
        done = _take_on(session, command, form, by=by, at=at)
        open_for_new(session, done.taken.customer_number, at_desk.on_duty.session_id, by=by, at=at)
        return done

    outcome = converse(
        at_desk,
        form,
        lambda: _read(form, at_desk, sites[0] if len(sites) == 1 else None),
        deed,
        leads_to=lambda done: address("CU03", done.taken.account_number),
    )
    if outcome.done is not None:
        taken = outcome.done.taken
        flash(f"Customer {taken.customer_number} is opened, with account {taken.account_number}.", "CSS164I")
        return go("CU03", taken.account_number)
    return _page(form, at_desk, status=outcome.status, effect=outcome.effect, sites=sites)


def prompt_entry(at_desk: Desk, _: Arguments, form: Form, name: str) -> Sequence[tuple[str, str]]:
    """F4: the addresses of the postcode that is keyed; the codes of the other fields."""
    if name == "address_key":
        with at_desk.reading() as session:
            return addresses_for(session, form.text(name))
    return _choices().get(name, ())


def _take_on(session: Session, command: TakeOnCustomer, form: Form, *, by: Actor, at: datetime) -> Effect:
    customer, account = command.customer, command.account
    # Looked for before the customer is added, who would be found to be like themselves.
    alike = possible_duplicates(
        session,
        by=by,
        name=customer.surname or customer.organisation_name or "",
        postcode=account.billing_postcode,
        telephones=form.text("telephones"),
        emails=form.text("emails"),
    )
    taken = take_on_customer(session, command, by=by, at=at)
    return Effect(taken, account.billing_name, account, alike)


def _read(form: Form, at_desk: Desk, site: SiteAnswer | None) -> TakeOnCustomer | None:
    """The command as keyed; None when something is wrong, which then hangs on the form. Everything is read before that is said."""
    segment = form.member("segment", Segment, SEGMENTS)
    medium = form.member("medium", BillMedium, MEDIA)
    means = form.member("payment_means", PaymentMeans, MEANS)
    frequency = form.member("frequency", BillFrequency, FREQUENCIES) or BillFrequency.MONTHLY
    born_on = read_birth(form, "born_on", at_desk.today)
    reach_at = read_reach_at(form)
    phrase = read_phrase_of(form)
    may_market, is_vulnerable = read_yes_no(form, "may_market"), form.yes("is_vulnerable")
    cycle_day = form.reading("cycle_day", _cycle_day)
    surname, organisation_name = form.optional("surname"), form.optional("organisation_name")
    if not surname and not organisation_name and "surname" not in form.errors:
        form.wrong("surname", "CSS360E", "{label} must be keyed, or the name of an organisation.")
    if form.has_errors or segment is None or medium is None or means is None or site is None:
        return None
    email = next((point.value for point in reach_at if point.kind.value == "email"), None)
    name = display_name(form.optional("title"), form.optional("first_name"), surname, organisation_name)
    return TakeOnCustomer(
        customer=AddCustomer(
            district_code=site.district_code,
            kind=CustomerKind.ORGANISATION if organisation_name else CustomerKind.PERSON,
            title=form.optional("title"),
            first_name=form.optional("first_name"),
            surname=surname,
            organisation_name=organisation_name,
            company_number=form.optional("company_number"),
            born_on=born_on,
            language=form.text("language") or "en",
            is_vulnerable=is_vulnerable,
            access_needs=form.optional("access_needs"),
            password_phrase=phrase,
            may_market=may_market,
            reach_at=reach_at,
        ),
        account=NewAccount(
            provider_code=RETAIL,
            segment=segment,
            billing_name=name,
            billing_address_lines=(f"{site.premises} {site.street}", site.town),
            billing_postcode=site.postcode,
            cycle_day=cycle_day or min(at_desk.today.day, CYCLE_DAY_LAST),
            frequency=frequency,
            payment_means=means,
            mandate_reference=form.optional("mandate_reference"),
            medium=medium,
            email=email if medium is BillMedium.EMAIL else None,
        ),
    )


def _cycle_day(typed: str) -> int:
    """A day of the month. The verb says which there are; what is no number at all is none of them."""
    if not (typed.isascii() and typed.isdigit()):
        raise Refused("CSS116E", "{cycle_day} is not a day of the month, 1 to 31.", cycle_day=typed[:10], element="cycle_day")
    return int(typed)


def _choices() -> dict[str, Sequence[tuple[str, str]]]:
    return {
        "segment": tuple((code, one.value) for code, one in SEGMENTS.items()),
        "tried_first": CODED["tried_first"],
        "medium": CODED["medium"],
        "frequency": tuple((code, one.value) for code, one in FREQUENCIES.items()),
        "payment_means": CODED["payment_means"],
        "language": CODED["language"],
    }


def _page(form: Form, at_desk: Desk, *, status: int = 200, effect: Effect | None = None, sites: tuple[SiteAnswer, ...] = ()) -> Response:
    many = {"address_key": tuple((site.address_key, address_in_words(site)) for site in sites)} if len(sites) > 1 else {}
    return show(
        at_desk,
        CU01,
        form=form,
        status=status,
        choices=_choices() | many,
        effect=effect,
        site=sites[0] if len(sites) == 1 else None,
    )


PAGES: Final = (Page(CU01, show_entry, act_entry, prompt_entry),)
