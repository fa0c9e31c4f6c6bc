"""CS01: whoever the caller is, found by what the caller says."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import Final

from flask import Response
from sqlalchemy.orm import Session

from css.core.address import outward_code
from css.core.errors import CssError
from css.core.ids import Identified, IdKind, identify
from css.core.words import Role
from css.master.find import NAME_LETTERS_MIN, Criteria, FoundCustomer, criteria_of, find_by, read_criteria, too_little
from css.master.guiding import number_in_use
from css.web.command import read_command
from css.web.desk import Desk, status_of
from css.web.disclosure import note_search
from css.web.form import COMMIT, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import go, show
from css.web.screen import Field, Key, ResponseClass, Screen

STAFF: Final = frozenset({Role.CLERK, Role.REPAIR, Role.BILLING, Role.SUPERVISOR})
"""Who works for customers; the night's scheduler does not see them."""
NARROWS: Final = ("name", "initial", "postcode", "house", "email")

CS01: Final = Screen(
    code="CS01",
    title="Find customer",
    family="Customers",
    help=(
        "The first field takes whatever the caller says: a telephone number, an account, customer, order, fault or bill number, the line "
        "of a payment slip, an e-mail address, a postcode with or without the house, or a name with an initial. The others narrow it. "
        "What finds exactly one opens at once; otherwise choose by the number in front. The list says why each was found, and of an "
        "address no more than you keyed."
    ),
    roles=STAFF,
    response=ResponseClass.R1,
    takes="[anything the caller says]",
    fields=(
        Field(
            name="text",
            label="Anything",
            help="For example 01632 960123, ZZ A 0000 0015, ZZ4 7QT 14, or TANSLEY A.",
            length_max=120,
            width=44,
        ),
        Field(name="name", label="Surname or firm", help="How it begins; two letters at least.", length_max=60, width=24),
        Field(name="initial", label="Initial", help="How the first name begins.", length_max=20, width=3),
        Field(name="postcode", label="Postcode", help="The whole of it, like ZZ4 7QT.", length_max=10, width=9),
        Field(name="house", label="House", help="Its number or name; counts together with the postcode.", length_max=40, width=10),
        Field(name="email", label="E-mail", help="The whole address, like ada@example.com.", length_max=120, width=28),
    ),
    keys=(
        Key(name="Enter", label="find", sends=True),
        Key(name="F6", label="new customer", sends=True, roles=frozenset({Role.CLERK, Role.SUPERVISOR})),
    ),
)


def show_find(at_desk: Desk, arguments: Arguments) -> Response:
    text = " ".join(arguments)
    form = Form.blank(CS01, text=text)
    return _found(at_desk, form) if text else show(at_desk, CS01, form=form, found=None)


def act_find(at_desk: Desk, _: Arguments, posted: Posted) -> Response:
    form = Form.posted(CS01, posted)
    if form.key == COMMIT:
        return go("CU01")
    if form.has_errors:
        return show(at_desk, CS01, form=form, status=422, found=None)
    return _found(at_desk, form)


def _found(at_desk: Desk, form: Form) -> Response:
    """The customers found; a number that names one thing opens it. What was looked for by is written down."""
    text = form.text("text")
    named = _identified(text)
    if named is not None and named.kind not in {None, IdKind.CUSTOMER}:
        return go(*read_command(text, ()))
    try:
        criteria = _criteria(form)
        with at_desk.doing() as session:
            if named is not None and named.what == "telephone" and number_in_use(session, named.value, at_desk.at):
                note_search(session, at_desk, CS01, asdict(criteria), 1)
                return go("CU03", named.value)
            found = find_by(session, criteria, by=at_desk.by) or _by_name_there(session, criteria, at_desk)
            note_search(session, at_desk, CS01, asdict(criteria), len(found))
    except CssError as error:
        form.take(error)
        return show(at_desk, CS01, form=form, status=status_of(form), found=None)
    rows = [(one, account) for one in found for account in one.account_numbers or ("",)]
    if named is not None and len(rows) == 1 and rows[0][1]:
        return go("CU03", rows[0][1])
    form.at_command = bool(rows)
    # The house and the rest of the postcode are what the caller is asked for.
    return show(at_desk, CS01, form=form, found=rows, outward=outward_code)


def _criteria(form: Form) -> Criteria:
    """All that was said, in whichever field. Errors: CSS107E nothing or too little, and those of each reader."""
    text, name = form.text("text"), form.text("name")
    if name and sum(map(str.isalpha, name)) < NAME_LETTERS_MIN:
        raise too_little(name)
    narrowed = read_criteria(**{name: form.text(name) for name in NARROWS})
    if not text:
        return narrowed
    found = criteria_of(text)
    if found is None:
        raise too_little(text)
    kept = {one.name: getattr(found, one.name) or getattr(narrowed, one.name) for one in fields(Criteria)}
    return replace(found, **kept)


def _by_name_there(session: Session, criteria: Criteria, at_desk: Desk) -> tuple[FoundCustomer, ...]:
    """A postcode and a word are a house by its name, or else whoever is called so there: "Tansley ZZ4 7QT"."""
    if not criteria.postcode or criteria.name or sum(map(str.isalpha, criteria.house)) < NAME_LETTERS_MIN:
        return ()
    return find_by(session, replace(criteria, house="", name=criteria.house), by=at_desk.by)


def _identified(text: str) -> Identified | None:
    try:
        return identify(text)
    except CssError:
        return None


PAGES: Final = (Page(CS01, show_find, act_find),)
