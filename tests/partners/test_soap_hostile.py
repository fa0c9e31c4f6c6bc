"""Envelopes that somebody broke on purpose: always one answer, never a trouble of ours, nothing of what was sent given back."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from lxml import etree
from sqlalchemy import Engine

from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, issue_key
from css.partners.gateway import create_application
from css.partners.pages import soap
from css.xml import check, read_message
from tests.builders import AT, OPERATOR
from tests.partners.samples import VALID, parsed
from tests.partners.speaking import CLOCK, Scene

ROUNDS = 25
MARK = "Xyzzy-Plugh"
ENVELOPE = f'<s:Envelope xmlns:s="{soap.SOAP}"><s:Header/><s:Body>%s</s:Body></s:Envelope>'
TEXT = re.compile(rb">([^<>]{3,})<")


@pytest.fixture(scope="module")
def asking(engine: Engine, district: Scene) -> Iterator[tuple[FlaskClient, dict[str, str]]]:
    with transaction(engine) as session:
        key = issue_key(session, IssuePartnerKey(provider_code=PARTNER, words="hostile"), by=OPERATOR, at=AT)
    with create_application(engine, CLOCK).test_client() as client:
        yield client, {"Authorization": f"Bearer {key}", "Content-Type": "text/xml"}


def samples() -> list[bytes]:
    """A valid message of each kind in an envelope."""
    of_each = {str(parsed(sample).tag): sample for sample in VALID}
    return [(ENVELOPE % etree.tostring(parsed(sample), encoding="unicode")).encode() for sample in of_each.values()]


def cut(good: bytes, dice: random.Random) -> bytes:
    return good[: dice.randrange(len(good))]


def doubled(good: bytes, dice: random.Random) -> bytes:
    first, last = sorted(dice.randrange(len(good)) for _ in range(2))
    return good[:last] + good[first:]


def other_bytes(good: bytes, dice: random.Random) -> bytes:
    found = bytearray(good)
    for _ in range(dice.randint(1, 4)):
        found[dice.randrange(len(found))] = dice.randrange(256)
    return bytes(found)


def other_names(good: bytes, dice: random.Random) -> bytes:
    """An element of the message or of the envelope called otherwise, or in another namespace."""
    names = [b"Envelope", b"Header", b"Body", b"MessageId", b"Sender", b"urn:css", soap.SOAP.encode()]
    return good.replace(dice.choice(names), dice.choice([b"Envelope", b"Fault", b"Body", b"x", b"urn:x", MARK.encode()]))


def other_value(good: bytes, dice: random.Random) -> bytes:
    values = list(TEXT.finditer(good))
    if not values:
        return good
    at = dice.choice(values)
    value = dice.choice([MARK.encode(), b"", b"-1", b"9" * 5000, b"&#x0;", b"<![CDATA[" + MARK.encode() + b"]]>", b"&amp;" * 1000])
    return good[: at.start(1)] + value + good[at.end(1) :]


def inside_out(good: bytes, dice: random.Random) -> bytes:
    """The envelope in its own Body, often."""
    return good.replace(b"<s:Body>", b"<s:Body>" * dice.randint(2, 400)).replace(b"</s:Body>", b"</s:Body>" * dice.randint(2, 400))


def many(good: bytes, dice: random.Random) -> bytes:
    more = dice.choice([b'<a b="c"/>', b"<!-- -->", b'<x xmlns:n%d="urn:n"/>', b"<s:Header/>", b" "])
    return good.replace(b"<s:Header/>", b"<s:Header>" + more * dice.randint(1, 30_000) + b"</s:Header>")


@pytest.mark.parametrize(
    "change", [cut, doubled, other_bytes, other_names, other_value, inside_out, many], ids=lambda change: change.__name__
)
def test_a_broken_envelope_has_an_answer_that_is_whole_and_says_nothing_of_it(
    asking: tuple[FlaskClient, dict[str, str]], change: object
) -> None:
    client, headers = asking
    dice = random.Random(getattr(change, "__name__", ""))  # noqa: S311 - the same each time
    good = samples()
    assert callable(change)
    for _ in range(ROUNDS):
        sent = change(dice.choice(good), dice)
        answer = client.post("/partner/v1/soap", data=sent, headers=headers)
        assert answer.status_code in {200, 413, 429, 500}, sent[:500]
        body = answer.get_data()
        ((content,),) = [list(part) for part in read_message(body)]
        assert MARK.encode() not in body
        if content.tag == f"{{{soap.SOAP}}}Fault":
            assert content.findtext("faultcode") != "soap:Server", sent[:500]
            content = content.find("detail")[0]  # type: ignore[index]
        check(content)
