"""``POST /partner/v1/queries``: the answer at once, with nothing kept, and an Acknowledgement for whatever is no question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from css.db.engine import transaction
from css.handover import outbox_last_sequence
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, issue_key
from css.partners.gateway import create_application
from tests.builders import AT, OPERATOR
from tests.partners.asking import ask, codes_of, enquiry
from tests.partners.speaking import CLOCK, RIVAL, Scene, codes, header, opened, said, submit_order


@pytest.fixture(scope="module")
def key(engine: Engine, district: Scene) -> str:
    with transaction(engine) as session:
        return issue_key(session, IssuePartnerKey(provider_code=PARTNER, words="questions"), by=OPERATOR, at=AT)


@pytest.fixture
def client(engine: Engine, key: str) -> Iterator[Callable[[bytes], TestResponse]]:
    """POSTs a question as Brackwater."""
    application: FlaskClient = create_application(engine, CLOCK).test_client()

    def post(body: bytes, **headers: str) -> TestResponse:
        shown = {"Authorization": f"Bearer {key}"} | headers
        return application.post("/partner/v1/queries", data=body, headers=shown, content_type="application/xml")

    return post  # type: ignore[return-value]


Client = Callable[..., TestResponse]


def kept(engine: Engine) -> list[int]:
    with transaction(engine) as session:
        counted = [
            session.execute(text(f"SELECT count(*) FROM partners.{table}")).scalar_one() for table in ("inbox_message", "rejected_message")
        ]
        return [*counted, outbox_last_sequence(session, PARTNER)]


def test_a_question_is_answered_at_once_and_nothing_is_kept(engine: Engine, client: Client) -> None:
    before = kept(engine)
    head = header()
    question = enquiry("ListMyOpenOrders", head=head)
    first, second = client(question), client(question)

    assert (first.status_code, first.content_type) == (200, "application/xml; charset=utf-8")
    assert first.headers["Cache-Control"] == "no-store"
    told = opened(first.data)
    assert said(told, "Header/MessageType") == "OpenOrderList"
    assert said(told, "Header/RefToMessageId") == head.message_id
    assert said(told, "Header/ConversationId") == head.conversation_id
    # What is said a moment later is another document.
    assert said(told, "Header/MessageId") != said(opened(second.data), "Header/MessageId")
    assert kept(engine) == before


def test_a_no_is_an_answer_too(client: Client) -> None:
    answer = client(enquiry("LinePlantQuery", AddressKey="A99999999999"))
    assert answer.status_code == 200
    assert codes_of(answer.data) == [("CSS209E", "LinePlantQuery/Query/AddressKey")]


@pytest.mark.parametrize(
    ("message", "status", "code"),
    [
        (lambda scene: submit_order(scene.account, "A00000000001"), 400, "CSS534E"),
        (lambda _: enquiry("ReleaseAppointment", AppointmentNumber="ZZV00001234"), 400, "CSS534E"),
        (lambda _: b"<nothing", 400, "CSS506E"),
        (lambda _: enquiry("ListMyLines").replace(b"<Limit>200<", b"<Limit>0<"), 400, "CSS513E"),
        (lambda _: enquiry("ListMyLines", head=header(sender=RIVAL)), 403, "CSS550E"),
        (lambda _: enquiry("ListMyLines", head=header(created_at=AT - timedelta(days=36))), 400, "CSS535E"),
        (lambda _: enquiry("ListMyLines", head=header(created_at=AT + timedelta(minutes=16))), 400, "CSS536E"),
    ],
)
def test_what_is_no_question_is_rejected_and_not_kept_either(
    engine: Engine, district: Scene, client: Client, message: Callable[[Scene], bytes], status: int, code: str
) -> None:
    before = kept(engine)
    answer = client(message(district))
    assert (answer.status_code, codes(answer.data)[0][0]) == (status, code)
    assert said(opened(answer.data), "Receipt/Result") == "REJECTED"
    assert kept(engine) == before


def test_nobody_is_answered_without_a_key(client: Client) -> None:
    answer = client(enquiry("ListMyLines"), Authorization="Bearer css-nobodys")
    assert (answer.status_code, codes(answer.data)[0][0]) == (401, "CSS556E")


def test_a_test_is_read_and_acknowledged_and_nothing_is_looked_up(client: Client) -> None:
    answer = client(enquiry("ListMyLines", head=header(is_test=True)))
    assert answer.status_code == 200
    assert said(opened(answer.data), "Receipt/Result") == "RECEIVED"


def test_a_number_in_a_conversation_counts_for_nothing_here(client: Client) -> None:
    head = header(sequence_no=7)
    for _ in range(2):
        assert client(enquiry("ListMyLines", head=head)).status_code == 200


def test_nothing_can_be_written_while_a_question_is_answered(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from css.partners.pages import asking  # noqa: PLC0415 - what it calls is changed

    tried: list[str] = []

    def writes(session: object, _asked: object) -> None:
        tried.append("asked")
        session.execute(text("DELETE FROM css.outbox_counter"))  # type: ignore[attr-defined]

    monkeypatch.setattr(asking, "answer_question", writes)
    with pytest.raises(Exception, match="read-only"):
        ask(engine, enquiry("LinePlantQuery", AddressKey="A99999999999"))
    assert tried == ["asked"]
