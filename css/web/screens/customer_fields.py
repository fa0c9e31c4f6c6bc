"""The fields that a new customer and a changed one have in common, and how their codes are read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Final

from css.core.words import BillMedium, ContactPointKind, Itemisation, PaymentMeans
from css.master.account_fields import read_email
from css.master.commands import ReachAt
from css.master.customer_fields import LANGUAGES, check_birth, kind_of_number, read_phrase, read_telephone, said_apart
from css.web.form import Form, read_day
from css.web.screen import Field

WHO, REACHED, BILLED, TOLD = "1 Who", "2 Reached at", "3 Billed", "4 Asked and told"
MEDIA: Final = {"P": BillMedium.PAPER, "E": BillMedium.EMAIL, "L": BillMedium.LARGE_PRINT, "X": BillMedium.XML}
MEANS: Final = {"OD": PaymentMeans.ON_DEMAND, "DD": PaymentMeans.DIRECT_DEBIT}
SHOWN_CALLS: Final = {"F": Itemisation.FULL, "M": Itemisation.MASKED, "N": Itemisation.NONE}
FIRST: Final = {"T": "the first telephone number", "E": "the first e-mail address"}
NO_PHRASE: Final = "-"
"""Keyed where a phrase is taken away: an empty field leaves it as it is."""
CENTURY: Final = 100

WHO_FIELDS: Final = (
    Field(name="title", label="Title", help="Mrs, Mr, Ms, Dr; as they wish to be addressed.", step=WHO, length_max=20),
    Field(name="first_name", label="First name", help="Of a person.", step=WHO, length_max=60, width=24),
    Field(name="surname", label="Surname", help="Of a person; empty for a firm or club.", step=WHO, length_max=80, width=30),
    Field(
        name="organisation_name",
        label="Or organisation",
        help="The name of a firm, club or charity; then there is no surname.",
        step=WHO,
        length_max=120,
        width=40,
    ),
    Field(
        name="born_on", label="Date of birth", help="Of a person: 4/5/61. It may be asked for later.", kind="date", step=WHO, length_max=20
    ),
    Field(
        name="company_number",
        label="Company number",
        help="An organisation's number in its register, if it has one.",
        step=WHO,
        length_max=20,
    ),
)
REACHED_FIELDS: Final = (
    Field(
        name="telephones",
        label="Telephone numbers",
        help="Where they can be rung, with commas between: 07700 900123, 01632 960123. All there are: what is left out is forgotten.",
        kind="telephone",
        step=REACHED,
        length_max=200,
        width=44,
        also=frozenset({"reach_at"}),
    ),
    Field(
        name="emails",
        label="E-mail",
        help="Addresses with commas between them: ada@example.com.",
        step=REACHED,
        length_max=400,
        width=44,
    ),
    Field(
        name="tried_first",
        label="Tried first",
        help="T the first telephone number, E the first e-mail address; empty for neither.",
        kind="code",
        step=REACHED,
        length_max=1,
    ),
)
TOLD_FIELDS: Final = (
    Field(
        name="language",
        label="Language",
        help="In which they wish to be written to: EN English, CY Welsh.",
        kind="code",
        step=TOLD,
        length_max=2,
    ),
    Field(
        name="may_market",
        label="Told of offers",
        help="Y they agreed, N they said no, empty if they were not asked. The moment of a new answer is kept.",
        kind="yes-no",
        step=TOLD,
        length_max=3,
    ),
    Field(
        name="is_vulnerable",
        label="Vulnerable",
        help="Y for whoever depends on the line for their safety: repaired first, free of charge, and never cut off for debt.",
        kind="yes-no",
        step=TOLD,
        length_max=3,
    ),
    Field(
        name="access_needs",
        label="Needs",
        help="What helps us serve them: large print, textphone, time to reach the door.",
        step=TOLD,
        length_max=200,
        width=44,
    ),
    Field(
        name="password_phrase",
        label="Password phrase",
        help="What they will be asked when they ring. It is never shown again; on CU02 empty leaves it as it is, - takes it away.",
        step=TOLD,
        length_max=60,
        width=30,
    ),
)
CODED: Final = {
    "tried_first": tuple(FIRST.items()),
    "medium": tuple((code, one.value.replace("-", " ")) for code, one in MEDIA.items()),
    "itemisation": tuple((code, one.value) for code, one in SHOWN_CALLS.items()),
    "payment_means": tuple((code, one.value.replace("-", " ")) for code, one in MEANS.items()),
    "language": tuple((code.upper(), words) for code, words in LANGUAGES.items()),
}
"""Valid values of the coded fields."""


def read_reach_at(form: Form) -> tuple[ReachAt, ...]:
    """Telephones and e-mail addresses as keyed; what is no such thing hangs on its field."""
    first = form.member("tried_first", str, FIRST)
    numbers = _each(form, "telephones", partial(read_telephone, element="telephones"))
    addresses = _each(form, "emails", partial(read_email, element="emails"))
    is_telephone, is_email = first == FIRST["T"], first == FIRST["E"]
    if (is_telephone and not form.text("telephones")) or (is_email and not form.text("emails")):
        form.wrong("tried_first", "CSS360E", "{label}: there is no such thing to try.")
    return (
        *(ReachAt(kind=kind_of_number(one), value=one, is_preferred=is_telephone and n == 0) for n, one in enumerate(numbers)),
        *(ReachAt(kind=ContactPointKind.EMAIL, value=one, is_preferred=is_email and n == 0) for n, one in enumerate(addresses)),
    )


def _each(form: Form, name: str, read: Callable[[str], str]) -> list[str]:
    return form.reading(name, lambda typed: [read(one) for one in said_apart(typed)]) or []


def read_birth(form: Form, name: str, today: date) -> date | None:
    """A date of birth. Of a year in two digits the last such year that has been is meant: 61 is 1961, 11 is 2011."""

    def read(typed: str) -> date:
        day = read_day(typed, today, element=name)
        has_whole_year = typed[-4:].isdigit() or typed[:4].isdigit()
        day = day if has_whole_year or day <= today else day.replace(year=day.year - CENTURY)
        check_birth(day, today)
        return day

    return form.reading(name, read)


def read_phrase_of(form: Form, name: str = "password_phrase") -> str | None:
    """A phrase, or nothing where there is none to keep; one that is too short hangs on its field."""
    return form.reading(name, read_phrase)


def read_yes_no(form: Form, name: str) -> bool | None:
    """Y or N; None for a question not asked."""
    return form.yes(name) if form.text(name) else None
