"""Messages that somebody made to do harm, and valid ones that somebody broke: as bytes, for every way they can come."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable
from functools import cache

import schemas
from css.partners.messages import TAKEN
from css.xml import MESSAGE_BYTES_MAX
from tests.partners.test_xml_intake import HOSTILE as UNREADABLE

SECRET = b"s3cr3t-words"
XSI = b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
PROVIDE = (schemas.SAMPLES / "valid" / "submit-order-provide.xml").read_bytes()
TEXT = re.compile(rb">([^<>\s][^<>]*)<")
LEAF = re.compile(rb"<([\w:]+)>([^<>]+)</\1>")
ELEMENT = re.compile(rb"<([\w:]+)>[^<>]*</\1>")
MESSAGE_ID = re.compile(rb"(<c:MessageId>)[^<]*(</c:MessageId>)")
FEATURES = re.compile(rb"<Features>.*?</Features>", re.DOTALL)


def renewed(data: bytes) -> bytes:
    """The same message under an id of its own."""
    return MESSAGE_ID.sub(rb"\g<1>" + str(uuid.uuid4()).encode() + rb"\g<2>", data, count=1)


def with_value(element: bytes, value: bytes) -> bytes:
    """The good message with another value in the first element of a name."""
    return re.sub(rb"(<%s>)[^<]*(</%s>)" % (element, element), lambda found: found[1] + value + found[2], PROVIDE, count=1)


def in_extension(inside: bytes) -> bytes:
    return PROVIDE.replace(b"</SubmitOrder>", b"<Extension>" + inside + b"</Extension></SubmitOrder>")


def root_with(attributes: bytes) -> bytes:
    return PROVIDE.replace(b" xmlns:c=", b" " + attributes + b" xmlns:c=", 1)


def features(inside: bytes) -> bytes:
    return FEATURES.sub(lambda _: b"<Features>" + inside + b"</Features>", PROVIDE, count=1)


WRONG: list[tuple[str, bytes]] = [
    # Schema instructions of the sender's own.
    ("xsi:type", PROVIDE.replace(b"<Order>", b"<Order " + XSI + b' xsi:type="OrderUpdate">', 1)),
    ("xsi:type of the schema language", PROVIDE.replace(b"<Action>", b"<Action " + XSI + b' xsi:type="xs:string">', 1)),
    ("xsi:nil", PROVIDE.replace(b"<Action>", b"<Action " + XSI + b' xsi:nil="true">', 1)),
    ("xml:base", root_with(b'xml:base="file:///etc/"')),
    ("id that would be kept", PROVIDE.replace(b"<Order>", b'<Order xml:id="a">', 1)),
    # Values.
    (
        "a number of five thousand digits",
        PROVIDE.replace(b"</c:CreatedAt>", b"</c:CreatedAt><c:SequenceNo>" + b"9" * 5_000 + b"</c:SequenceNo>"),
    ),
    ("an account of five million letters", with_value(b"AccountNumber", b"A" * (MESSAGE_BYTES_MAX - len(PROVIDE) - 100))),
    ("a date of a hundred thousand digits", with_value(b"RequiredDate", b"9" * 100_000 + b"-01-01")),
    ("a year before Christ", with_value(b"RequiredDate", b"-2026-01-01")),
    ("a date without end", with_value(b"RequiredDate", b"10000-01-01")),
    ("arabic digits", with_value(b"RequiredDate", "٢٠٢٦-٠٣-٢٣".encode())),
    ("an instant at 24 hours", with_value(b"c:CreatedAt", b"2026-03-02T24:00:00Z")),
    ("an instant with a thousand decimals", with_value(b"c:CreatedAt", b"2026-03-02T10:00:00." + b"9" * 1_000 + b"Z")),
    ("an id in braces", with_value(b"c:MessageId", b"{7c1d0e52-3b64-4f6a-9a10-000000000001}")),
    ("sql", with_value(b"AccountNumber", b"' or '1'='1")),
    ("a template", with_value(b"AccountNumber", b"{{7*7}}${jndi:ldap://127.0.0.1/a}%n%s")),
    ("a path", with_value(b"AccountNumber", b"../../../etc/passwd")),
    ("directions turned round", with_value(b"AccountNumber", "ZZA\u202e0001".encode())),
    ("secret", with_value(b"Action", SECRET)),
    # Numbers of things.
    ("nineteen thousand features", features(b"<Feature/>" * 19_000)),
    ("nine thousand wrong features", features(b"<Feature><ProductCode>" + SECRET + b"</ProductCode></Feature>" * 1 + b"<X/>" * 9_000)),
    ("nine thousand stray attributes", features(b'<Feature a="1"/>' * 9_000)),
    ("attributes of one element", PROVIDE.replace(b"<Order>", b"<Order " + b" ".join(b'a%d="1"' % n for n in range(9_000)) + b">", 1)),
    ("messages in an extension", in_extension(b'<z:a xmlns:z="urn:z"><SubmitOrder xmlns="urn:css:order:1" a="1"/></z:a>' * 3_000)),
    ("prefixes without number", root_with(b" ".join(b'xmlns:p%d="urn:%d"' % (n, n) for n in range(9_000)) + b' a="1"')),
    ("two hundred levels", PROVIDE.replace(b"<Order>", b"<Order>" + b"<a>" * 200 + b"</a>" * 200, 1)),
    # Families.
    ("another's message", b'<Acknowledgement xmlns="urn:css:acknowledgement:1"/>'),
    ("an envelope", b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>' + PROVIDE[39:] + b"</s:Body></s:Envelope>"),
    ("a namespace of a thousand letters", PROVIDE.replace(b"urn:css:order:1", b"urn:css:" + b"order" * 200, 1)),
    ("version 99", PROVIDE.replace(b"urn:css:order:1", b"urn:css:order:99", 1)),
]
"""Readable, and never valid."""

BENT: list[tuple[str, bytes]] = [
    ("a comment in a value", with_value(b"Action", b"PRO<!-- " + SECRET + b" -->VIDE")),
    ("a section in a value", with_value(b"Action", b"<![CDATA[PROVIDE]]>")),
    ("references in a value", with_value(b"Action", b"&#80;&#x52;OVIDE")),
    ("a mark before", b"\xef\xbb\xbf" + PROVIDE),
    ("a schema's place", root_with(XSI + b' xsi:schemaLocation="urn:css:order:1 http://127.0.0.1:9/x"')),
    ("another prefix", PROVIDE.replace(b"xmlns:c=", b"xmlns:zz=").replace(b"<c:", b"<zz:").replace(b"</c:", b"</zz:")),
    ("much of others in an extension", in_extension(b'<z:a xmlns:z="urn:z">' + b"<z:b/>" * 15_000 + b"</z:a>")),
    ("a long comment", PROVIDE.replace(b"<Order>", b"<!--" + b"x" * 4_000_000 + b"--><Order>", 1)),
]
"""Odd, and by the schema's own lights perhaps good: whatever the answer, it is one."""

ALL: list[tuple[str, bytes]] = [(name, data) for name, data, _ in UNREADABLE] + WRONG


@cache
def samples() -> list[bytes]:
    """Every valid message there is, ours to send too: a partner may send anything."""
    return [path.read_bytes() for path in sorted((schemas.SAMPLES / "valid").glob("*.xml"))]


def cut(good: bytes, dice: random.Random) -> bytes:
    return good[: dice.randrange(len(good))]


def doubled(good: bytes, dice: random.Random) -> bytes:
    first, last = sorted(dice.randrange(len(good)) for _ in range(2))
    return good[:last] + good[first:]


def flipped(good: bytes, dice: random.Random) -> bytes:
    found = bytearray(good)
    for _ in range(dice.randint(1, 4)):
        found[dice.randrange(len(found))] ^= 1 << dice.randrange(8)
    return bytes(found)


def swapped(good: bytes, dice: random.Random) -> bytes:
    """Two leaves change places."""
    leaves = list(ELEMENT.finditer(good))
    if len(leaves) < 2:
        return good
    one, two = sorted(dice.sample(leaves, 2), key=lambda found: found.start())
    return good[: one.start()] + two[0] + good[one.end() : two.start()] + one[0] + good[two.end() :]


def repeated(good: bytes, dice: random.Random) -> bytes:
    leaf = dice.choice(list(ELEMENT.finditer(good)))
    return good[: leaf.end()] + leaf[0] * dice.choice((1, 5, 300)) + good[leaf.end() :]


def dropped(good: bytes, dice: random.Random) -> bytes:
    leaf = dice.choice(list(ELEMENT.finditer(good)))
    return good[: leaf.start()] + good[leaf.end() :]


VALUES: list[bytes] = [
    b"", b" ", b"0", b"-1", b"9" * 40, b"1e9", b"NaN", b"true", b"\xc2\xa0", b"&amp;", b"&#9;", b"&#x10FFFF;", b"\xed\xa0\x80", b"\x00",
    b"2026-02-30", b"0001-01-01", b"9999-12-31", b"2026-03-02T10:00:00+14:00", b"A" * 300, "Ŵŷ\u200b".encode(), b"]]&gt;", b"urn:x",
]  # fmt: skip


def other_values(good: bytes, dice: random.Random) -> bytes:
    for _ in range(dice.randint(1, 3)):
        places = list(TEXT.finditer(good))
        place = dice.choice(places)
        value = dice.choice([*VALUES, dice.choice(places)[1]])
        good = good[: place.start(1)] + value + good[place.end(1) :]
    return good


@cache
def _said() -> dict[bytes, list[bytes]]:
    """Every value that some sample gives an element of a name: in form, and out of place."""
    found: dict[bytes, set[bytes]] = {}
    for data in samples():
        for leaf in LEAF.finditer(data):
            found.setdefault(leaf[1], set()).add(leaf[2])
    return {name: sorted(values) for name, values in found.items()}


def anothers_value(good: bytes, dice: random.Random) -> bytes:
    """Still valid, as a rule, and perhaps nonsense: what goes on to be done."""
    leaf = dice.choice(list(LEAF.finditer(good)))
    return good[: leaf.start(2)] + dice.choice(_said()[leaf[1]]) + good[leaf.end(2) :] if leaf[1] in _said() else good


BREAKS: list[Callable[[bytes, random.Random], bytes]] = [cut, doubled, flipped, swapped, repeated, dropped, other_values, other_values]


@cache
def asked() -> list[bytes]:
    """The samples of messages that partners send."""
    return [data for data in samples() if any(b"<%s " % name.encode() in data[:300] for name in TAKEN)]


def broken(seed: int) -> bytes:
    """A valid sample, broken once or more, or with values of others; the same for the same seed."""
    dice = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
    data = renewed(dice.choice(asked() if seed % 3 else samples()))
    if seed % 2:
        for _ in range(dice.randint(1, 3)):
            data = anothers_value(data, dice)
        return data
    for _ in range(dice.randint(1, 2)):
        if ELEMENT.search(data) and TEXT.search(data):
            data = dice.choice(BREAKS)(data, dice)
    return data
