"""The numbers people read out: ``ZZA12345670``, said "ZZ A 1234 5670".

Two letters of the district, one for the kind of thing, seven digits of serial, one check digit. They are read over the
telephone and typed from paper, so the check digit is there to catch the slip at the desk and not as somebody else's bill.

**Check digit.** Damm's, over ten decimal places: each of the three letters by its group in ``LETTER_GROUPS``, then the
seven digits. It catches every wrong digit, every wrong kind letter and every swap of two neighbouring digits. ISO 7064
Mod 11,10 was the first choice and lets one swap in some forty-five pass (5 and 6 changing places after certain digits);
python-stdnum has both. No single digit can tell 26 letters apart: a district letter mistaken for one of its own group
passes, so the groups put together only letters that neither look nor sound alike nor are neighbours on the keyboard.

**Payment slip.** ``slip_reference`` is the line under the slip: account, pence, and a check character by ISO 7064
Mod 11-2 (0-9 or X), over the digits with each letter as two: its group and its place in the group. So two letters of
one group, which the account's own digit cannot tell apart, differ here in one digit, and that is always caught.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from css.core.address import parse_postcode
from css.core.errors import BadMessage, Breach, CssError, Refused
from css.core.money import Money
from css.core.phone import parse_number

SERIAL_MAX: Final = 9_999_999
SLIP_PENCE_MAX: Final = 99_999_999_999
"""Eleven digits of pence, as in a Bacs record."""

LETTER_GROUPS: Final = ("ADM", "BLY", "CRS", "EJO", "FW", "GNU", "HVX", "IPQ", "KT", "Z")
"""The group's place is the digit its letters count as. Fixed for ever: every number given out was reckoned with it."""
_LETTER_DIGITS: Final = {letter: str(digit) for digit, group in enumerate(LETTER_GROUPS) for letter in group}
_LETTER_PAIRS: Final = {letter: f"{digit}{place}" for digit, group in enumerate(LETTER_GROUPS) for place, letter in enumerate(group)}


class IdKind(StrEnum):
    """What a number names. Each letter is of another group, so one kind is never taken for another."""

    ACCOUNT = "A"
    BILL = "B"
    CUSTOMER = "C"
    FAULT = "F"
    CASE = "K"
    CREDIT_NOTE = "N"
    ORDER = "O"
    PAYMENT = "P"
    APPOINTMENT = "V"
    QUOTE = "Z"


_KIND_WORDS: Final = {kind: kind.name.lower().replace("_", " ") for kind in IdKind}
_KIND_OF_LETTER: Final = {kind.value: kind for kind in IdKind}
_DISTRICT: Final = re.compile(r"^[A-Z]{2}\Z")
_ID: Final = re.compile(r"^[A-Z]{3}[0-9]{8}\Z")
_ID_LENGTH: Final = 11
_SLIP: Final = re.compile(r"^([0-9A-Z]{11})([0-9OIL]{11})([0-9OILX])\Z")
_MARKS: Final = {ord(mark): None for mark in " \t-\u00a0\u2010\u2011\u2012\u2013"}
_DIGITS_FOR_LETTERS: Final = str.maketrans("OIL", "011")


@dataclass(frozen=True, slots=True)
class ReadableId:
    """A number taken apart. ``str()`` gives it whole again, as it is stored."""

    district: str
    kind: IdKind
    serial: int

    def __str__(self) -> str:
        return make_id(self.district, self.kind, self.serial)


def _check_digit(district: str, kind: IdKind, serial: str) -> str:
    from stdnum import damm  # noqa: PLC0415 - the package brings in an HTTP client's worth of modules; not at start

    letters = _LETTER_DIGITS[district[0]] + _LETTER_DIGITS[district[1]] + _LETTER_DIGITS[kind.value]
    return damm.calc_check_digit(letters + serial)


def make_id(district: str, kind: IdKind, serial: int) -> str:
    """The number of the ``serial``-th thing of a kind in a district (two capitals): ``ZZA12345670``.

    Serials run from 1 to 9,999,999; past that the district's series is used up (CSS058E). Anything else is a ``Breach``.
    """
    if serial > SERIAL_MAX:
        raise Refused("CSS058E", "District {district} has used up its {kind} numbers.", district=district, kind=_KIND_WORDS[kind])
    if serial < 1 or not _DISTRICT.match(district):
        msg = f"no number can be made of {district!r}, {kind!r}, {serial!r}"
        raise Breach(msg)
    digits = f"{serial:07d}"
    return f"{district}{kind.value}{digits}{_check_digit(district, kind, digits)}"


def parse_id(text: str, *, element: str = "id") -> ReadableId:
    """Read a number as typed or read out.

    Any case, spaces and hyphens anywhere; among the digits O is read as 0, I and L as 1, among the letters 0 as O.
    Errors: CSS052E not the form of a number, CSS053E no such kind, CSS054E the check digit is wrong.
    """
    compact = text.translate(_MARKS).upper()
    if len(compact) == _ID_LENGTH:
        compact = compact[:3].replace("0", "O") + compact[3:].translate(_DIGITS_FOR_LETTERS)
    if not _ID.match(compact):
        raise BadMessage("CSS052E", "{text!r} is not a number of ours; they look like ZZ A 1234 5670.", element=element, text=text[:40])
    district, letter, serial, check = compact[:2], compact[2], compact[3:10], compact[10]
    kind = _KIND_OF_LETTER.get(letter)
    if kind is None:
        raise BadMessage(
            "CSS053E",
            "{text!r} has {letter} for its kind, and there is none; look at the third letter again.",
            element=element,
            text=text[:40],
            letter=letter,
        )
    if int(serial) == 0 or _check_digit(district, kind, serial) != check:
        raise BadMessage(
            "CSS054E", "{text!r} has a slip in it: its check digit does not agree. Read it again.", element=element, text=text[:40]
        )
    return ReadableId(district, kind, int(serial))


def expect_id(text: str, kind: IdKind, *, element: str = "id") -> str:
    """Read a number that must be of one kind; give it as stored. Errors: those of ``parse_id``, and CSS055E another kind."""
    found = parse_id(text, element=element)
    if found.kind is not kind:
        raise BadMessage(
            "CSS055E",
            "{text} is the number of {found}, not of {wanted}.",
            element=element,
            text=str(found),
            found=_with_article(_KIND_WORDS[found.kind]),
            wanted=_with_article(_KIND_WORDS[kind]),
        )
    return str(found)


def _with_article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def format_id(number: str) -> str:
    """A stored number in groups for reading aloud: ``ZZ A 1234 5670``."""
    return f"{number[:2]} {number[2:3]} {number[3:7]} {number[7:]}"


@dataclass(frozen=True, slots=True)
class SlipReference:
    """What a payment slip says: whose it is and the amount asked for, which need not be the amount paid."""

    account_number: str
    amount: Money


def _slip_check(account_number: str, pence: str) -> str:
    from stdnum.iso7064 import mod_11_2  # noqa: PLC0415 - as in _check_digit

    return mod_11_2.calc_check_digit("".join(_LETTER_PAIRS.get(mark, mark) for mark in account_number) + pence)


def slip_reference(account_number: str, amount: Money) -> str:
    """The line a machine reads off the payment slip: account, eleven digits of pence, check: ``ZZA12345670 00000012345 4``.

    Zero is a slip that leaves the amount to the payer. A credit has no slip and more than eleven digits no room (CSS057E).
    """
    account_number = expect_id(account_number, IdKind.ACCOUNT, element="account_number")
    if not 0 <= amount.pence <= SLIP_PENCE_MAX:
        raise Refused("CSS057E", "No payment slip can ask for {amount}.", element="amount", amount=amount.sterling)
    pence = f"{amount.pence:011d}"
    return f"{account_number} {pence} {_slip_check(account_number, pence)}"


def parse_slip_reference(text: str, *, element: str = "slip_reference") -> SlipReference:
    """Read the line off a payment slip, with or without its spaces.

    Errors: CSS056E not such a line or its check does not agree, and those of ``expect_id`` for the account in it.
    """
    found = _SLIP.match(text.translate(_MARKS).upper())
    if found is not None:
        account_number = expect_id(found[1], IdKind.ACCOUNT, element=element)
        pence = found[2].translate(_DIGITS_FOR_LETTERS)
        if _slip_check(account_number, pence) == found[3].translate(_DIGITS_FOR_LETTERS):
            return SlipReference(account_number, Money(int(pence)))
    raise BadMessage(
        "CSS056E", "{text!r} is not the line of a payment slip, or has a slip in it. Read it again.", element=element, text=text[:60]
    )


IdentifiedAs = Literal["number of ours", "telephone", "postcode", "payment slip"]


@dataclass(frozen=True, slots=True)
class Identified:
    """What something typed without a word of explanation turned out to be, and its stored form."""

    what: IdentifiedAs
    value: str
    kind: IdKind | None = None
    """For a number of ours (and a slip, which names an account), what it is the number of."""


def identify(text: str) -> Identified:
    """Tell what a bare identifier is: one of our numbers, a telephone number, a postcode, or a payment slip's line.

    The forms do not overlap. What looks like one of them but has a fault in it gets that form's own error; what looks
    like none, CSS059E.
    """
    compact = text.translate(_MARKS).upper()
    if len(compact) == 23 and compact[:1].isalpha():  # noqa: PLR2004 - account, pence, check
        slip = parse_slip_reference(text)
        return Identified("payment slip", slip.account_number, IdKind.ACCOUNT)
    # A number of ours whose letter O was typed as 0 may start with a digit too, but nothing dialled has letters in it.
    if compact[:1] in set("+(0123456789") and not (len(compact) == _ID_LENGTH and any(mark.isalpha() for mark in compact[:3])):
        return Identified("telephone", parse_number(text))
    if len(compact) == _ID_LENGTH:
        found = parse_id(text)
        return Identified("number of ours", str(found), found.kind)
    try:
        return Identified("postcode", parse_postcode(text))
    except CssError:
        raise BadMessage(
            "CSS059E",
            "{text!r} is not an account, order, fault, bill or other number of ours, a telephone number or a postcode.",
            element="identifier",
            text=text[:40],
        ) from None
