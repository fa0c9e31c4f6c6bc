"""The outbox as partners fetch it: what may have been had before says so."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, text

from css.core.actor import Actor
from css.core.errors import BadMessage, NotFound, Refused
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, issue_key, partner_of
from css.partners.bringing.delivering import deliver_once
from css.partners.gateway import create_application
from css.partners.model import DeliveryWay
from css.partners.outgoing.outbox import fetch
from css.partners.outgoing.redelivering import DeliverAfter, ResendDocument, deliver_after, deliveries, resend_document
from css.xml import Element, add, add_header, check, document, to_bytes
from tests.builders import OPERATOR
from tests.partners.receiving import HERE, agree, leave, receiver
from tests.partners.speaking import AT, CLOCK, header, opened, outbox, said, scene
from tests.race import together

OUTBOX = "/partner/v1/outbox"
QUERIES = "/partner/v1/queries"
NOTICE = (Path(__file__).parents[2] / "schemas" / "samples" / "valid" / "bill-notice.xml").read_bytes()


@pytest.fixture
def client(fresh_engine: Engine) -> FlaskClient:
    with transaction(fresh_engine) as session:
        scene(session, sites=1)
    return create_application(fresh_engine, CLOCK).test_client()


@pytest.fixture
def ours(fresh_engine: Engine, client: FlaskClient) -> dict[str, str]:
    return shown(fresh_engine, PARTNER)


def shown(engine: Engine, code: str) -> dict[str, str]:
    with transaction(engine) as session:
        return {"Authorization": f"Bearer {issue_key(session, IssuePartnerKey(provider_code=code, words='test'), by=OPERATOR, at=AT)}"}


def test_a_document_is_marked_from_the_second_time_on(fresh_engine: Engine, client: FlaskClient, ours: dict[str, str]) -> None:
    bodies = leave(fresh_engine, 3)
    marks = []
    for after in (0, 0, 1, 2, 1, 0):
        answer = client.get(f"{OUTBOX}?after={after}", headers=ours)
        assert answer.data == bodies[after]
        marks.append(answer.headers.get("CSS-Possible-Duplicate"))
    assert marks == [None, "true", None, None, "true", "true"]
    assert client.get(f"{OUTBOX}/3", headers=ours).headers["CSS-Possible-Duplicate"] == "true"
    with transaction(fresh_engine) as session:
        row = next(row for row in deliveries(session) if row.provider_code == PARTNER)
    assert (row.fetched_sequence, row.delivered_sequence, row.waiting) == (3, 0, 0)


def test_looking_is_not_fetching(fresh_engine: Engine, client: FlaskClient, ours: dict[str, str]) -> None:
    leave(fresh_engine, 1)
    assert client.head(f"{OUTBOX}?after=0", headers=ours).headers["CSS-Sequence"] == "1"
    assert client.get(f"{OUTBOX}?after=1", headers=ours).status_code == 204
    assert "CSS-Possible-Duplicate" not in client.get(f"{OUTBOX}?after=0", headers=ours).headers


def test_a_document_one_has_is_not_sent_again_but_still_marked(fresh_engine: Engine, client: FlaskClient, ours: dict[str, str]) -> None:
    leave(fresh_engine, 1)
    first = client.get(f"{OUTBOX}?after=0", headers=ours)
    again = client.get(f"{OUTBOX}?after=0", headers={**ours, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["CSS-Possible-Duplicate"]) == (304, b"", "true")


def test_of_two_who_fetch_at_once_one_is_marked(fresh_engine: Engine, client: FlaskClient) -> None:
    leave(fresh_engine, 1)

    def once() -> bool:
        with transaction(fresh_engine) as session:
            return fetch(session, partner_of(session, PARTNER), 0).is_possible_duplicate

    assert sorted(together(*[once] * 5), key=str) == [False, True, True, True, True]


def test_what_was_pushed_is_marked_when_it_is_fetched(fresh_engine: Engine, client: FlaskClient, ours: dict[str, str]) -> None:
    leave(fresh_engine, 2)
    with receiver() as server:
        agree(fresh_engine, DeliveryWay.PUSH, push_url=f"http://127.0.0.1:{server.port}/")
        assert deliver_once(fresh_engine, CLOCK, reach=HERE).delivered == 2
    assert client.get(f"{OUTBOX}?after=0", headers=ours).headers["CSS-Possible-Duplicate"] == "true"


def test_fetching_does_not_wait_for_a_push_that_is_under_way(fresh_engine: Engine, client: FlaskClient, ours: dict[str, str]) -> None:
    leave(fresh_engine, 2)
    with fresh_engine.connect() as pushing, pushing.begin():
        pushing.execute(select(text("pg_advisory_xact_lock(hashtextextended('partners.delivery/BRACKWAT', 0))")))
        begun = time.monotonic()
        assert client.get(f"{OUTBOX}?after=0", headers=ours).status_code == 200
        assert time.monotonic() - begun < 2


def test_fetching_is_five_statements_and_writes_only_what_is_new(fresh_engine: Engine, client: FlaskClient, ours: dict[str, str]) -> None:
    leave(fresh_engine, 1)
    for _ in range(3):
        client.get(f"{OUTBOX}?after=0", headers=ours)
    with fresh_engine.connect() as connection:
        assert connection.execute(text("SELECT xmin, fetched_sequence FROM partners.delivery")).all()[0].fetched_sequence == 1
        first = connection.execute(text("SELECT xmin::text FROM partners.delivery")).scalar_one()
    client.get(f"{OUTBOX}?after=0", headers=ours)
    with fresh_engine.connect() as connection:
        assert connection.execute(text("SELECT xmin::text FROM partners.delivery")).scalar_one() == first


# FetchDocument.


def fetching(after: int) -> bytes:
    root = document("{urn:css:delivery:1}FetchDocument")
    add_header(root, header(message_type="FetchDocument"))
    add(add(root, "Fetch"), "After", str(after))
    check(root)
    return to_bytes(root)


def asked(client: FlaskClient, ours: dict[str, str], data: bytes, address: str = QUERIES) -> Element:
    answer = client.post(address, data=data, headers=ours, content_type="application/xml")
    return opened(answer.data)


def test_a_document_comes_inside_an_answer(fresh_engine: Engine, client: FlaskClient, ours: dict[str, str]) -> None:
    leave(fresh_engine, 1, body=NOTICE, message_type="BillNotice")
    nothing = asked(client, ours, fetching(1))
    assert (said(nothing, "LastSequence"), said(nothing, "Delivered/Sequence")) == ("1", "")
    first, again = asked(client, ours, fetching(0)), asked(client, ours, fetching(0))
    assert [said(root, "Delivered/PossibleDuplicate") for root in (first, again)] == ["false", "true"]
    assert said(first, "Delivered/MessageType") == "BillNotice"
    inside = first.find(".//{urn:css:bill:1}BillNotice")
    assert inside is not None
    assert said(inside, "Bill/BillNumber") == "ZZB00004561"
    assert client.get(f"{OUTBOX}?after=0", headers=ours).headers["CSS-Possible-Duplicate"] == "true"


def test_a_document_is_never_put_into_the_outbox_again(fresh_engine: Engine, client: FlaskClient, ours: dict[str, str]) -> None:
    leave(fresh_engine, 1, body=NOTICE, message_type="BillNotice")
    asked(client, ours, fetching(0), "/partner/v1/messages")
    last = outbox(fresh_engine)[-1]
    assert said(last, "Errors/Error/Code") == "CSS579E"
    assert said(last, "Delivered/Sequence") == ""


# What operators do.


def test_only_those_who_may_and_only_what_there_is(fresh_engine: Engine, client: FlaskClient) -> None:
    leave(fresh_engine, 2)
    partner = Actor("partner", PARTNER, PARTNER)
    clerk = Actor("operator", "CLK", "RETAIL", roles=frozenset())

    def resend(sequence: int, by: Actor = OPERATOR, code: str = PARTNER) -> None:
        with transaction(fresh_engine) as session:
            resend_document(session, ResendDocument(provider_code=code, sequence=sequence), by=by, at=AT)

    def after(number: int, by: Actor = OPERATOR) -> int:
        with transaction(fresh_engine) as session:
            return deliver_after(session, DeliverAfter(provider_code=PARTNER, after=number), by=by, at=AT)

    for deed, kind, code in (
        (lambda: resend(1, partner), Refused, "CSS111E"),
        (lambda: after(1, partner), Refused, "CSS111E"),
        (lambda: after(1, clerk), Refused, "CSS111E"),
        (lambda: resend(3), NotFound, "CSS576E"),
        (lambda: resend(0), NotFound, "CSS576E"),
        (lambda: resend(-5), NotFound, "CSS576E"),
        (lambda: resend(1), Refused, "CSS577E"),
        (lambda: resend(1, code="NOBODY1"), NotFound, "CSS104E"),
        (lambda: after(3), BadMessage, "CSS578E"),
        (lambda: after(-1), BadMessage, "CSS578E"),
    ):
        with pytest.raises(kind) as refusal:
            deed()
        assert refusal.value.code == code
    assert after(1) == 1
    with transaction(fresh_engine) as session:
        written = session.execute(text("SELECT verb, subject_number FROM css.audit_event ORDER BY id DESC LIMIT 1")).one()
    assert tuple(written) == ("deliver_after", PARTNER)
