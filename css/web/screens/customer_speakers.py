"""Who may speak for a customer, written down and taken back on CU02."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from flask import Response, flash

from css.master.authorised import authorise_person, end_authorisation
from css.master.customer_commands import AuthorisePerson, EndAuthorisation
from css.master.customer_record import PersonRow
from css.web.desk import Desk, converse
from css.web.form import REFRESH, Form
from css.web.rendering import address, go, show
from css.web.screens.customer_fields import read_birth, read_phrase_of
from css.web.screens.customer_seen import CU02, Seen, only_the_customer


def act_speaker(at_desk: Desk, seen: Seen, form: Form, person: PersonRow | None) -> Response:
    if form.key == REFRESH:
        return show_speaker(at_desk, seen, form, person)
    if seen.speaker is not None:
        form.take(only_the_customer(seen.speaker))
        return show_speaker(at_desk, seen, form, person, status=422)
    back = address("CU02", seen.account.number)
    action: Any = authorise_person if person is None else end_authorisation
    read: Any = partial(_read_person, form, seen, at_desk.today) if person is None else partial(_read_end, seen, person)
    outcome = converse(at_desk, form, read, action, leads_to=lambda _: back)
    if outcome.done is not None:
        if person is None:
            flash("The person may speak for the customer.", "CSS166I")
        else:
            flash("The person may not speak for the customer any more.", "CSS167I")
        return go("CU02", seen.account.number)
    return show_speaker(at_desk, seen, form, person, status=outcome.status, effect=outcome.effect)


def _read_person(form: Form, seen: Seen, today: date) -> AuthorisePerson | None:
    born_on = read_birth(form, "person_born_on", today)
    ends_on = form.day("ends_on", today)
    phrase = read_phrase_of(form, "person_phrase")
    if form.has_errors:
        return None
    return AuthorisePerson(
        customer_number=seen.customer.number,
        name=form.text("person_name"),
        relation=form.text("relation"),
        password_phrase=phrase,
        born_on=born_on,
        ends_on=ends_on,
    )


def _read_end(seen: Seen, person: PersonRow) -> EndAuthorisation:
    return EndAuthorisation(customer_number=seen.customer.number, person_id=person.person_id)


def show_speaker(at_desk: Desk, seen: Seen, form: Form, person: PersonRow | None, *, status: int = 200, effect: object = None) -> Response:
    back = address("CU02", seen.account.number)
    return show(
        at_desk,
        CU02,
        form=form,
        status=status,
        in_hand=seen.in_hand,
        links={"F3": back, "F12": back},
        seen=seen,
        person=person,
        differences=None,
        effect=effect,
    )
