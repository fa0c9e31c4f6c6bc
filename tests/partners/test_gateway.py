"""The gateway over HTTP: every status it can give, and nothing that is somebody else's."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from css.db.engine import make_engine, transaction
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, Partner, issue_key
from css.partners.gateway import create_application, create_gateway, mount
from css.partners.intake.inbox import Answer, receive
from css.partners.messages import orders
from css.partners.model import InboxMessage
from css.partners.pages import posting
from css.xml import MESSAGE_BYTES_MAX, Party, read_header
from tests.builders import OPERATOR
from tests.partners.speaking import (
    AT,
    BRACKWATER,
    CLOCK,
    RIVAL,
    RIVAL_CODE,
    US,
    Scene,
    answers_to,
    codes,
    header,
    opened,
    orders_of,
    said,
    submit_order,
)

Headers = dict[str, str]
Site = Callable[[], str]
MESSAGES = "/partner/v1/messages"
OUTBOX = "/partner/v1/outbox"


@pytest.fixture(scope="module")
def keys(engine: Engine, district: Scene) -> dict[str, str]:
    with transaction(engine) as session:
        return {
            code: issue_key(session, IssuePartnerKey(provider_code=code, words="test"), by=OPERATOR, at=AT)
            for code in (PARTNER, RIVAL_CODE)
        }


def screens() -> Flask:
    """An application like that of the screens: everybody must sign on, and forms are short."""
    app = Flask("screens")
    app.config["MAX_CONTENT_LENGTH"] = 65_536
    app.before_request(lambda: ("sign on first", 303))
    return app


@pytest.fixture(scope="module")
def app(engine: Engine) -> Flask:
    """The gateway beside the screens, as it is served."""
    app = screens()
    mount(app, lambda: engine, CLOCK)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def ours(keys: dict[str, str]) -> Headers:
    return {"Authorization": f"Bearer {keys[PARTNER]}"}


@pytest.fixture
def theirs(keys: dict[str, str]) -> Headers:
    return {"Authorization": f"Bearer {keys[RIVAL_CODE]}"}


def post(client: FlaskClient, data: bytes, headers: Headers, content_type: str = "application/xml") -> TestResponse:
    return client.post(MESSAGES, data=data, headers=headers, content_type=content_type)


def test_a_message_is_taken_and_its_answers_fetched_in_order(client: FlaskClient, ours: Headers, district: Scene, site: Site) -> None:
    head = header()
    before = int(client.get(f"{OUTBOX}?after=0", headers=ours).headers["CSS-Last-Sequence"])
    data = submit_order(district.account, site(), head=head)

    taken, again = post(client, data, ours), post(client, data, ours, "text/xml; charset=UTF-8")

    assert (taken.status_code, again.status_code) == (202, 200)
    assert taken.content_type == "application/xml; charset=utf-8"
    assert taken.headers["Cache-Control"] == "no-store"
    assert said(opened(taken.data), "Header/RefToMessageId") == head.message_id
    seen, after = [], before
    while (answer := client.get(f"{OUTBOX}?after={after}", headers=ours)).status_code == 200:
        assert int(answer.headers["CSS-Sequence"]) == after + 1
        assert int(answer.headers["CSS-Last-Sequence"]) == before + 2
        after += 1
        seen.append(opened(answer.data))
        assert answer.headers["CSS-Message-Id"] == read_header(seen[-1]).message_id
        assert answer.headers["CSS-Message-Type"] == "OrderUpdate"
    assert answer.status_code == 204
    assert (answer.data, answer.headers["CSS-Last-Sequence"]) == (b"", str(before + 2))
    assert [said(root, "Update/Kind") for root in seen] == ["ACKNOWLEDGED", "COMMITTED"]


def test_a_document_fetched_twice_is_the_same_document(client: FlaskClient, ours: Headers, district: Scene, site: Site) -> None:
    """A partner that went down before it had kept what it fetched asks again: the same id, the same bytes, one effect."""
    post(client, submit_order(district.account, site()), ours)
    first = client.get(f"{OUTBOX}?after=0", headers=ours)
    again = client.get(first.headers["Content-Location"], headers=ours)

    assert first.headers["Content-Location"] == f"{OUTBOX}/1"
    assert (again.data, again.headers["CSS-Message-Id"]) == (first.data, first.headers["CSS-Message-Id"])
    assert first.headers["ETag"] == again.headers["ETag"] == f'"{hashlib.sha256(first.data).hexdigest()}"'
    known = client.get(f"{OUTBOX}?after=0", headers=ours | {"If-None-Match": first.headers["ETag"]})
    assert (known.status_code, known.data) == (304, b"")
    assert client.get(f"{OUTBOX}?after=0", headers=ours | {"If-None-Match": '"other"'}).status_code == 200
    assert client.head(f"{OUTBOX}/1", headers=ours).status_code == 200


def test_an_outbox_is_its_owners_alone(
    client: FlaskClient, ours: Headers, theirs: Headers, engine: Engine, district: Scene, site: Site
) -> None:
    head = header(sender=RIVAL)
    post(client, submit_order(district.account, site()), ours)
    post(client, submit_order(district.rival_account, site(), head=head), theirs)

    first = client.get(f"{OUTBOX}/1", headers=theirs)
    assert read_header(opened(first.data)).receiver == RIVAL
    assert int(first.headers["CSS-Last-Sequence"]) == 2, "numbers count a partner's own documents"
    assert first.data in answers_to(engine, head.conversation_id, RIVAL_CODE)
    last = int(client.get(f"{OUTBOX}?after=0", headers=ours).headers["CSS-Last-Sequence"])
    assert last > 2
    # What another has and what nobody has are the same answer, but for the time it carries.
    not_mine, nobodys = (client.get(f"{OUTBOX}/{number}", headers=theirs) for number in (last, 999_999))
    assert (not_mine.status_code, nobodys.status_code) == (404, 404)
    assert codes(not_mine.data) == codes(nobodys.data) == [("CSS559E", None)]


@pytest.mark.parametrize(
    "query", ["", "?after=", "?after=-1", "?after=1.5", "?after=x", "?after=%D9%A1", "?after=" + "9" * 19, "/0", "/x", "/-1"]
)
def test_a_number_that_is_none_is_refused(client: FlaskClient, ours: Headers, query: str) -> None:
    answer = client.get(OUTBOX + query, headers=ours)
    assert (answer.status_code, codes(answer.data)[0][0]) in {(400, "CSS563E"), (404, "CSS559E")}
    assert read_header(opened(answer.data)).receiver == BRACKWATER


@pytest.mark.parametrize(
    "shown", [None, "", "Bearer", "Bearer ", "Bearer css-unknown", "Basic YTpi", "Bearer " + "x" * 5000, "Bearer \xff"]
)
@pytest.mark.parametrize("path", [OUTBOX + "?after=0", OUTBOX + "/1", MESSAGES])
def test_without_a_key_there_is_nothing(client: FlaskClient, path: str, shown: str | None) -> None:
    headers = {} if shown is None else {"Authorization": shown}
    answer = post(client, b"<a/>", headers) if path == MESSAGES else client.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="partners"'
    assert codes(answer.data) == [("CSS556E", None)]
    assert read_header(opened(answer.data)).receiver == Party("UNKNOWN", "NONE")


def test_a_key_opens_only_in_its_owners_name(client: FlaskClient, theirs: Headers, engine: Engine, district: Scene, site: Site) -> None:
    head = header()
    answer = post(client, submit_order(district.account, site(), head=head), theirs)
    assert (answer.status_code, codes(answer.data)[0][0]) == (403, "CSS550E")
    assert orders_of(engine, head.message_id) == []


def test_an_id_used_for_another_content_is_a_conflict(client: FlaskClient, ours: Headers, district: Scene, site: Site) -> None:
    head, where = header(), site()
    post(client, submit_order(district.account, where, head=head), ours)
    answer = post(client, submit_order(district.account, where, head=head, VisitNotes="Ring twice."), ours)
    assert (answer.status_code, codes(answer.data)[0][0]) == (409, "CSS554E")


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("", ""),
        ("text/plain", ""),
        ("application/json", ""),
        ("application/soap+xml", ""),
        ("multipart/form-data; boundary=x", ""),
        ("application/xml; charset=utf-16", ""),
        ("application/xml; charset=iso-8859-1", ""),
        ("application/xml", "gzip"),
    ],
)
def test_what_is_not_plain_xml_in_utf_8_is_not_looked_at(client: FlaskClient, ours: Headers, content_type: str, encoding: str) -> None:
    headers = ours | ({"Content-Encoding": encoding} if encoding else {})
    answer = post(client, b"<a/>", headers, content_type)
    assert (answer.status_code, codes(answer.data)) == (415, [("CSS562E", None)])


def test_a_message_has_its_own_limit_and_not_that_of_forms(client: FlaskClient, ours: Headers) -> None:
    full = post(client, b"<a>".ljust(MESSAGE_BYTES_MAX - 4) + b"</a>", ours)
    assert (full.status_code, codes(full.data)[0][0]) == (400, "CSS510E")
    over = post(client, b"<a>".ljust(MESSAGE_BYTES_MAX - 3) + b"</a>", ours)
    assert (over.status_code, codes(over.data)) == (413, [("CSS500E", None)])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", MESSAGES),
        ("PUT", MESSAGES),
        ("POST", OUTBOX),
        ("GET", "/partner/v1/"),
        ("DELETE", "/partner/v1/outbox/1"),
        ("GET", "/partner/v1/orders/1"),
        ("GET", "/partner/"),
        ("POST", "/partner/v2/messages"),
    ],
)
def test_any_other_address_or_method_is_not_there(client: FlaskClient, ours: Headers, method: str, path: str) -> None:
    answer = client.open(path, method=method, headers=ours)
    assert (answer.status_code, codes(answer.data)) == (404, [("CSS557E", None)])


def test_the_gateway_stands_beside_the_screens_and_not_among_them(client: FlaskClient) -> None:
    assert client.get("/").status_code == client.get("/partners").status_code == 303


def test_an_application_may_take_the_gateway_in_as_a_blueprint(engine: Engine, ours: Headers) -> None:
    app = Flask("another")
    app.config["MAX_CONTENT_LENGTH"] = 10
    app.register_error_handler(Exception, lambda _: ("a page of ours", 500))
    app.register_blueprint(create_gateway(engine, CLOCK))
    answer = post(app.test_client(), b"<a>more than ten bytes</a>", ours)
    assert (answer.status_code, codes(answer.data)[0][0]) == (400, "CSS510E")


def test_more_at_a_time_than_the_turnstile_lets_through_are_told_to_wait(
    engine: Engine, ours: Headers, theirs: Headers, district: Scene, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_application(engine, CLOCK, at_once_max=1)
    inside, leave = threading.Event(), threading.Event()

    def slow(engine: Engine, caller: Callable[[Session], Partner], data: bytes, **others: Any) -> Answer:  # noqa: ANN401 - what is passed on
        def waiting(session: Session) -> Partner:
            partner = caller(session)
            if partner.code == PARTNER:
                inside.set()
                leave.wait(20)
            return partner

        return receive(engine, waiting, data, **others)

    monkeypatch.setattr(posting, "receive", slow)
    answers: list[TestResponse] = []
    data = submit_order(district.account, site())
    first = threading.Thread(target=lambda: answers.append(post(app.test_client(), data, ours)))
    first.start()
    assert inside.wait(20)
    second = post(app.test_client(), data, ours)
    other = post(app.test_client(), submit_order(district.rival_account, site(), head=header(sender=RIVAL)), theirs)
    leave.set()
    first.join()

    assert (second.status_code, second.headers["Retry-After"], codes(second.data)[0][0]) == (429, "1", "CSS558E")
    assert other.status_code == 202, "partners do not wait for each other"
    assert answers[0].status_code == 202
    assert post(app.test_client(), data, ours).status_code == 200, "and afterwards there is room again"


def test_a_fault_of_ours_is_told_without_its_words(
    client: FlaskClient, ours: Headers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(*_: object, **__: object) -> None:
        msg = "secret inner words"
        raise RuntimeError(msg)

    monkeypatch.setattr(posting, "receive", failing)
    answer = post(client, b"<a/>", ours)
    assert (answer.status_code, codes(answer.data), answer.headers["Retry-After"]) == (500, [("CSS000E", None)], "30")
    assert b"secret" not in answer.data
    assert b"Traceback" not in answer.data
    assert "secret inner words" in caplog.text, "the log has it"


def test_a_database_that_is_away_is_said_so_and_nothing_of_where_it_is(ours: Headers) -> None:
    away = make_engine("postgresql+psycopg2://css@/css?host=/nowhere/at/all", pooled=False)
    answer = post(create_application(lambda: away, CLOCK).test_client(), b"<a/>", ours)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert codes(answer.data)[0][0] == "CSS020E"
    assert b"nowhere" not in answer.data


def test_no_message_content_is_logged(
    client: FlaskClient, ours: Headers, district: Scene, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "css")
    post(client, submit_order(district.account, site()), ours)
    post(client, submit_order(district.account, site(), ProductCode="NO-SUCH"), ours)
    post(client, submit_order(district.account, site()).replace(b"PROVIDE", b"Sian"), ours)
    said_to_log = caplog.text + " ".join(str(vars(record)) for record in caplog.records)
    assert "message received" in said_to_log
    for private in ("Sian", "Neill", "7700900456", "NO-SUCH", ours["Authorization"].removeprefix("Bearer ")):
        assert private not in said_to_log


@pytest.fixture(scope="module")
def address(app: Flask) -> Iterator[tuple[str, int]]:
    """A real server on a real socket."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield "127.0.0.1", server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_standard_librarys_client_goes_round_once(
    address: tuple[str, int], ours: Headers, engine: Engine, district: Scene, site: Site
) -> None:
    head = header()
    data = submit_order(district.account, site(), head=head)
    connection = http.client.HTTPConnection(*address, timeout=20)

    connection.request("POST", MESSAGES, body=data, headers=ours | {"Content-Type": "application/xml"})
    taken = connection.getresponse()
    assert (taken.status, read_header(opened(taken.read())).sender) == (202, US)
    connection.request("GET", f"{OUTBOX}?after=0", headers=ours)
    fetched = connection.getresponse()
    assert fetched.status == 200
    opened(fetched.read())
    connection.close()
    assert len(orders_of(engine, head.message_id)) == 1


def test_a_message_cut_short_on_the_way_is_not_taken(
    address: tuple[str, int], ours: Headers, engine: Engine, district: Scene, site: Site
) -> None:
    head = header()
    data = submit_order(district.account, site(), head=head)
    lines = [f"POST {MESSAGES} HTTP/1.1", "Host: x", "Content-Type: application/xml", f"Content-Length: {len(data)}"]
    lines += [f"Authorization: {ours['Authorization']}", "", ""]
    with socket.create_connection(address, timeout=20) as line:
        line.sendall("\r\n".join(lines).encode() + data[:-1])
        line.shutdown(socket.SHUT_WR)
        answer = line.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"CSS560E" in answer
    with transaction(engine) as session:
        assert session.execute(select(InboxMessage).where(InboxMessage.message_id == head.message_id)).first() is None


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_curl_posts_a_file(
    address: tuple[str, int], keys: dict[str, str], engine: Engine, district: Scene, site: Site, tmp_path: Path
) -> None:
    """As the guide shows it."""
    head = header()
    file = tmp_path / "order.xml"
    file.write_bytes(submit_order(district.account, site(), head=head))
    url = f"http://{address[0]}:{address[1]}{MESSAGES}"
    words = ["curl", "--silent", "--show-error", "--header", f"Authorization: Bearer {keys[PARTNER]}"]
    words += ["--header", "Content-Type: application/xml", "--data-binary", f"@{file}", url]
    done = subprocess.run(words, capture_output=True, check=True, timeout=30)
    assert said(opened(done.stdout), "Receipt/Result") == "RECEIVED"
    assert len(orders_of(engine, head.message_id)) == 1


def test_handling_that_fails_is_not_the_partners_to_know(
    client: FlaskClient, ours: Headers, district: Scene, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(orders, "place_order", failing)
    assert post(client, submit_order(district.account, site()), ours).status_code == 202
