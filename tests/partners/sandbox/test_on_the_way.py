"""Trouble on the way, on demand; and that nothing of it, nor of anything else in a test area, touches the house."""

from __future__ import annotations

import http.client
import threading
from dataclasses import replace

import pytest
from sqlalchemy import Engine, func, select, text
from werkzeug.serving import make_server

from css.db.engine import transaction
from css.handover import OutboxMessage
from css.master.reference import PARTNER
from css.partners import errors
from css.partners.gateway import create_application
from css.partners.model import InboxMessage, RejectedMessage, SandboxDocument, SandboxPass
from css.partners.sandbox import area as areas
from css.partners.sandbox.scenarios import SLOW_SECONDS
from orders.model import CustomerOrder
from tests.partners.sandbox.at_area import Area, order
from tests.partners.speaking import codes, header, opened, said

SEEN = "/partner/v1/outbox?after=0"


def outcome(data: bytes) -> str:
    return said(opened(data), "Receipt/Result")


@pytest.mark.parametrize(("number", "statuses"), [(801, [503]), (802, [503, 503]), (803, [429]), (804, [500])])
def test_turned_away_and_then_taken(area: Area, number: int, statuses: list[int]) -> None:
    message = order(number)
    for status in statuses:
        answer = area.post(message)
        assert (answer.status_code, outcome(answer.data), answer.headers["Retry-After"]) == (status, "REJECTED", "2")
        assert area.told() == []
    assert area.post(message).status_code == 202
    answer = area.post(message)
    assert (answer.status_code, outcome(answer.data)) == (200, "DUPLICATE")
    area.later(60)
    assert area.told() == ["ACKNOWLEDGED", "COMMITTED", "COMPLETED"]


def test_a_slow_answer_is_slow_and_no_slower(area: Area) -> None:
    assert area.post(order(806)).status_code == 202
    assert area.slept == [SLOW_SECONDS]
    assert SLOW_SECONDS <= 10


def test_a_message_may_be_taken_and_handled_later(area: Area) -> None:
    assert area.post(order(808)).status_code == 202
    area.later(59)
    assert area.told() == []
    area.later(61)
    assert area.told() == ["ACKNOWLEDGED", "COMMITTED", "COMPLETED"]


def test_every_document_comes_twice(area: Area) -> None:
    assert area.post(order(807)).status_code == 202
    area.later(60)
    found = area.fetch()
    assert [int(answer.headers["CSS-Sequence"]) for answer in found] == [1, 2, 3, 4, 5, 6]
    assert [answer.headers.get("CSS-Possible-Duplicate") for answer in found] == [None, "true"] * 3
    for first, second in zip(found[::2], found[1::2], strict=True):
        assert (first.data, first.headers["CSS-Message-Id"]) == (second.data, second.headers["CSS-Message-Id"])


def test_the_same_id_with_other_bytes_is_told(area: Area) -> None:
    head = header()
    assert area.post(order(0, head=head)).status_code == 202
    answer = area.post(order(4, head=head))
    assert answer.status_code == 409
    assert codes(answer.data) == [("CSS554E", "SubmitOrder/Header/MessageId")]


def test_an_answer_is_lost_on_a_real_connection_and_the_message_is_not(engine: Engine, area: Area) -> None:
    server = make_server("127.0.0.1", 0, create_application(engine, area.watch), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    message = order(805)
    shown = {"Authorization": f"Bearer {area.key}", "Content-Type": "application/xml"}
    try:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        connection.request("POST", "/partner/v1/sandbox/messages", body=message, headers=shown)
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            connection.getresponse().read()
        connection.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    answer = area.post(message)
    assert (answer.status_code, outcome(answer.data)) == (200, "DUPLICATE")
    assert area.told() == ["ACKNOWLEDGED", "COMMITTED"]


def test_a_scenario_is_played_faster(area: Area) -> None:
    assert area.post(order(5), {"CSS-Sandbox-Speed": "3600"}).status_code == 202
    area.later(1)
    assert area.told() == ["ACKNOWLEDGED", "COMMITTED", "COMPLETED"]
    for wrong in ("0", "3601", "fast", "-1", "1.5"):
        answer = area.post(order(5), {"CSS-Sandbox-Speed": wrong})
        assert (answer.status_code, [code for code, _ in codes(answer.data)]) == (400, ["CSS584E"])


REFUSALS = sorted(code for code, entry in errors.CATALOGUE.items() if "SubmitOrder" in entry.messages)


def test_any_code_of_an_order_can_be_seen(area: Area) -> None:
    assert len(REFUSALS) > 50
    for code in REFUSALS:
        assert area.post(order(900, parts=[("CustomerReference", f"{code}-1")])).status_code == 202
    found = [codes(answer.data) for answer in area.fetch()]
    assert [[code for code, _ in each] for each in found] == [[code] for code in REFUSALS]
    assert {path.partition("/")[0] for ((_, path),) in found if path is not None and "/" in path} == {"SubmitOrder"}


def test_a_code_that_there_is_not_is_told(area: Area) -> None:
    assert area.post(order(900)).status_code == 202
    (answer,) = area.fetch()
    assert codes(answer.data) == [("CSS587E", "SubmitOrder/Order/CustomerReference")]


def test_a_test_message_is_acknowledged_and_nothing_done(area: Area) -> None:
    assert area.post(order(801, head=replace(header(), is_test=True))).status_code == 202
    assert area.told() == []


def test_the_outbox_is_numbered_without_a_gap_and_fetched_as_in_earnest(area: Area) -> None:
    for number in (7, 3, 103, 807, 501):
        assert area.post(order(number)).status_code == 202
    area.later(90)
    found = area.fetch()
    assert [int(answer.headers["CSS-Sequence"]) for answer in found] == list(range(1, len(found) + 1))
    issued = [said(opened(answer.data), "Update/IssuedAt") for answer in found]
    assert issued == sorted(issued)
    first = area.get("outbox/1")
    assert first.data == found[0].data
    assert first.headers["CSS-Possible-Duplicate"] == "true"
    assert first.headers["CSS-Last-Sequence"] == str(len(found))
    assert first.headers["Content-Location"] == "/partner/v1/sandbox/outbox/1"
    assert area.get("outbox/1", {"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert area.get(f"outbox/{len(found) + 1}").status_code == 404
    assert area.get("outbox/0").status_code == 404
    assert area.get("outbox?after=x").status_code == 400


def test_two_looks_at_once_number_everything_once(engine: Engine, area: Area) -> None:
    for number in (0, 7, 103):
        assert area.post(order(number)).status_code == 202
    area.later(90)
    app = create_application(engine, area.watch)
    answers: list[int] = []

    def look() -> None:
        shown = {"Authorization": f"Bearer {area.key}"}
        answers.append(app.test_client().get("/partner/v1/sandbox/outbox?after=0", headers=shown).status_code)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 4
    with transaction(engine) as session:
        numbers = list(session.execute(select(SandboxDocument.sequence).order_by(SandboxDocument.sequence)).scalars())
    assert numbers == list(range(1, 16))


def test_a_key_opens_its_own_area_and_no_other(area: Area, keys: dict[str, str]) -> None:
    live, sandbox = keys[f"{PARTNER}/live"], keys[f"{PARTNER}/sandbox"]
    for path, key in (
        ("/partner/v1/sandbox/outbox?after=0", live),
        ("/partner/v1/outbox?after=0", sandbox),
        ("/partner/v1/sandbox/outbox?after=0", "css-unknown"),
    ):
        answer = area.client.get(path, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 401
        assert [code for code, _ in codes(answer.data)] == ["CSS556E"]
    assert area.client.post("/partner/v1/sandbox/reset", headers={"Authorization": f"Bearer {live}"}).status_code == 401


def test_one_partner_sees_nothing_of_another(area: Area, rival: Area) -> None:
    assert area.post(order(0)).status_code == 202
    assert rival.fetch() == []
    assert rival.get("outbox/1").status_code == 404
    rival.reset()
    assert area.told() == ["ACKNOWLEDGED", "COMMITTED"]


def test_an_emptied_area_begins_again_and_no_id_comes_twice(area: Area) -> None:
    assert area.post(order(0)).status_code == 202
    before = [answer.headers["CSS-Message-Id"] for answer in area.fetch()]
    area.reset()
    assert area.get("outbox/1").status_code == 404
    assert area.post(order(0)).status_code == 202
    found = area.fetch()
    assert [answer.headers["CSS-Sequence"] for answer in found] == ["1", "2"]
    assert not set(before) & {answer.headers["CSS-Message-Id"] for answer in found}


def test_a_full_area_says_so(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(areas, "DOCUMENTS_MAX", 2)
    assert area.post(order(0)).status_code == 202
    area.told()
    answer = area.post(order(0))
    assert (answer.status_code, [code for code, _ in codes(answer.data)]) == (409, ["CSS583E"])


def test_nothing_of_the_house_is_touched(engine: Engine, area: Area) -> None:
    def counted() -> list[int]:
        with transaction(engine) as session:
            tables = (CustomerOrder, OutboxMessage, InboxMessage, RejectedMessage)
            events = session.execute(text("SELECT count(*) FROM css.audit_event")).scalar_one()
            return [*(session.execute(select(func.count()).select_from(table)).scalar_one() for table in tables), int(events)]

    before = counted()
    for number in (0, 2, 103, 201, 501, 652, 801, 807):
        area.post(order(number))
    area.post(b"<not xml")
    area.later(3600)
    area.fetch()
    assert counted() == before


def test_who_fetches_the_last_word_has_passed(engine: Engine, area: Area) -> None:
    for number in (0, 501, 3):
        assert area.post(order(number)).status_code == 202
    area.told()

    def passed() -> set[int]:
        with transaction(engine) as session:
            return set(session.execute(select(SandboxPass.scenario)).scalars())

    assert {3, 501} <= passed()
    area.later(60)
    area.told()
    assert {0, 3, 501} <= passed()
