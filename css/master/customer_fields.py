"""How the fields of a customer are read: the same for a new one, a changed one, and whoever may speak for them."""

from __future__ import annotations

import re
from datetime import date
from functools import partial
from typing import Final

from css.core.actor import Actor
from css.core.errors import BadMessage, Refusals, Refused
from css.core.phone import SHORT_CODE_DIGITS_MAX, NumberClass, display_number, number_class, parse_number
from css.core.words import ContactPointKind, CustomerKind, Role
from css.master.account_fields import read_email
from css.master.commands import ReachAt

LANGUAGES: Final = {"en": "English", "cy": "Welsh"}
"""In which a customer can ask to be written to."""
AGE_YEARS_MAX: Final = 125
PHRASE_LENGTH_MIN: Final = 4
PHRASE_LENGTH_MAX: Final = 60
REACH_AT_MAX: Final = 10


def require_staff(by: Actor, *roles: Role) -> None:
    """Our own people, at the desk with one of the roles where any are named; the night and the system may always.

    Raises:
        Refused: CSS111E, the actor may not.
    """
    if by.is_partner or (roles and by.kind == "operator" and not by.roles & {role.value for role in roles}):
        need = f"the role {' or '.join(roles)}" if roles else "our own staff"
        raise Refused("CSS111E", "{who} may not do this; it needs {need}.", who=by.name, need=need)


def clean(text: str | None) -> str | None:
    """Without the blanks round it; nothing at all is None."""
    return (text or "").strip() or None


def check_name(kind: CustomerKind, surname: str | None, organisation_name: str | None) -> None:
    """A person has a surname, an organisation its name, neither the other's. BadMessage CSS112E."""
    if kind is CustomerKind.PERSON and (surname is None or organisation_name is not None):
        raise BadMessage("CSS112E", "A person has a surname and no organisation name.", element="surname")
    if kind is CustomerKind.ORGANISATION and (organisation_name is None or surname is not None):
        raise BadMessage("CSS112E", "An organisation has its name and no surname.", element="organisation_name")


def check_register(kind: CustomerKind, born_on: date | None, company_number: str | None) -> None:
    """Only a person is born, only an organisation stands in a register of companies. BadMessage CSS153E."""
    if kind is CustomerKind.ORGANISATION and born_on is not None:
        raise BadMessage("CSS153E", "An organisation has no date of birth.", element="born_on")
    if kind is CustomerKind.PERSON and company_number is not None:
        raise BadMessage("CSS153E", "A person has no company number.", element="company_number")


def check_birth(born_on: date | None, today: date) -> None:
    """A day on which somebody living can have been born. BadMessage CSS115E it is to come, CSS152E it is too long ago."""
    if born_on is not None and born_on > today:
        raise BadMessage("CSS115E", "Nobody is born on {born_on}, which is yet to come.", born_on=born_on, element="born_on")
    if born_on is not None and today.year - born_on.year > AGE_YEARS_MAX:
        sentence = "{born_on} is more than {years} years ago; key all four digits of the year."
        raise BadMessage("CSS152E", sentence, born_on=born_on, years=AGE_YEARS_MAX, element="born_on")


def read_language(text: str) -> str:
    """The code of a language, small letters. BadMessage CSS151E for one we cannot write in."""
    code = text.strip().lower()
    if code not in LANGUAGES:
        known = ", ".join(f"{one} {words}" for one, words in LANGUAGES.items())
        raise BadMessage("CSS151E", "We do not write in {text!r}; choose one of {known}.", text=text[:20], known=known, element="language")
    return code


def read_phrase(text: str | None) -> str | None:
    """A password phrase as it is held; None for none. BadMessage CSS154E when it is too short to keep a secret, or too long."""
    phrase = " ".join((text or "").split()) or None
    if phrase is not None and not PHRASE_LENGTH_MIN <= len(phrase) <= PHRASE_LENGTH_MAX:
        # The phrase itself is not repeated: messages are logged.
        raise BadMessage(
            "CSS154E",
            "A password phrase has {least} to {most} characters.",
            least=PHRASE_LENGTH_MIN,
            most=PHRASE_LENGTH_MAX,
            element="password_phrase",
        )
    return phrase


def read_telephone(text: str, element: str) -> str:
    """A number at which somebody can be rung, as held. BadMessage CSS080E to CSS083E; CSS156E for a short code like 999."""
    digits = parse_number(text, element=element)
    if len(digits) <= SHORT_CODE_DIGITS_MAX:
        raise BadMessage("CSS156E", "Nobody can be rung back at {number}; key a whole telephone number.", number=digits, element=element)
    return digits


def kind_of_number(digits: str) -> ContactPointKind:
    """Whether a held number rings in a pocket."""
    return ContactPointKind.MOBILE if number_class(digits) is NumberClass.MOBILE else ContactPointKind.PHONE


def read_reach_at(reach_at: tuple[ReachAt, ...]) -> tuple[ReachAt, ...]:
    """The ways to reach a customer as they are held, each once, all faults told at once.

    Raises:
        BadMessage: CSS113E not an e-mail address, CSS080E to CSS083E and CSS156E not a telephone number, CSS155E more than
            ten, or more than one to be tried first.
    """
    wrong = Refusals()
    held: dict[tuple[bool, str], ReachAt] = {}
    for n, one in enumerate(reach_at):
        is_email = one.kind is ContactPointKind.EMAIL
        read = partial(read_email if is_email else read_telephone, one.value, f"reach_at[{n}].value")
        value = wrong.reading(read)
        if value is not None:
            before = held.get((is_email, value))
            is_preferred = one.is_preferred or (before is not None and before.is_preferred)
            held[is_email, value] = ReachAt(kind=one.kind, value=value, is_preferred=is_preferred)
    if len(reach_at) > REACH_AT_MAX or sum(one.is_preferred for one in held.values()) > 1:
        sentence = "A customer is reached at {most} numbers and addresses at most, and one of them is tried first."
        wrong.add(BadMessage("CSS155E", sentence, most=REACH_AT_MAX, element="reach_at"))
    wrong.tell()
    return tuple(held.values())


def shown_point(kind: ContactPointKind, value: str) -> str:
    """A way to reach somebody as a person reads it."""
    return value if kind is ContactPointKind.EMAIL else display_number(value)


def said_apart(text: str) -> tuple[str, ...]:
    """Several numbers or addresses in one text, with commas, semicolons or new lines between them."""
    return tuple(one for part in re.split(r"[,;\n]", text) if (one := part.strip()))
