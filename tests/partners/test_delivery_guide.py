"""The examples of ``docs/partner-delivery.md``, run as they stand; and what it says in tables, held against the program."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine
from werkzeug.serving import make_server

import schemas
from css.cli import main
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.access import push_reach
from css.partners.access.keys import IssuePartnerKey, issue_key
from css.partners.bringing import folder_taking, pushing
from css.partners.bringing.delivering import Delivered, deliver_once
from css.partners.bringing.folder_round import Exchanged
from css.partners.bringing.folders import exchange_once
from css.partners.gateway import create_application
from css.partners.model import DeliveryWay
from css.partners.outgoing import deliveries
from css.partners.outgoing.redelivering import DeliverAfter, deliver_after
from css.settings import settings
from tests.builders import OPERATOR
from tests.partners.dropping import FOLDER, Drop
from tests.partners.receiving import HERE, KEY, Clock, agree, leave
from tests.partners.speaking import AT, CLOCK, codes, opened, said, scene, submit_order

PAGE = (schemas.DIRECTORY.parent / "docs" / "partner-delivery.md").read_text(encoding="utf-8")
SEND, TAKE, BILL = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
(RECEIVER,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def shell(words: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        ["sh", "-ec", words], env={**os.environ, **environment}, cwd=cwd, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def account(fresh_engine: Engine) -> tuple[str, str]:
    """An account of the partner's and the key of an address."""
    with transaction(fresh_engine) as session:
        town = scene(session, sites=1)
    return town.account, town.district.gold[0].address_key


class Server:
    """The guide's receiver in a process of its own."""

    def __init__(self, program: Path, kept: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._words = [sys.executable, str(program)]
        self._environment = {**os.environ, "KEPT": str(kept), "KEY": KEY, "PORT": str(self.port)}
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._words, env=self._environment, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert time.monotonic() < until
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Server]:
    program = tmp_path / "receiver.py"
    program.write_text(RECEIVER, encoding="utf-8")
    (tmp_path / "kept").mkdir()
    made = Server(program, tmp_path / "kept")
    yield made
    made.stop()


def test_the_receiver_keeps_every_document_once_whatever_happens_to_it(
    fresh_engine: Engine, account: object, theirs: Server, tmp_path: Path
) -> None:
    clock = Clock()
    bodies = leave(fresh_engine, 3)
    agree(fresh_engine, DeliveryWay.PUSH, push_url=f"http://127.0.0.1:{theirs.port}/css")
    assert deliver_once(fresh_engine, clock, reach=HERE) == Delivered(delivered=3)
    theirs.stop()
    bodies += leave(fresh_engine, 2)
    assert deliver_once(fresh_engine, clock, reach=HERE) == Delivered(failed=1)
    theirs.start()
    clock.later(seconds=30)
    assert deliver_once(fresh_engine, clock, reach=HERE) == Delivered(delivered=2)
    with transaction(fresh_engine) as session:
        deliver_after(session, DeliverAfter(provider_code=PARTNER, after=0), by=OPERATOR, at=AT)
    assert deliver_once(fresh_engine, clock, reach=HERE) == Delivered(delivered=5), "what it has it takes again"
    assert [path.read_bytes() for path in sorted((tmp_path / "kept").iterdir())] == bodies


def test_the_receiver_lets_nobody_else_in(theirs: Server, tmp_path: Path) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", theirs.port, timeout=10)) as connection:
        connection.request("POST", "/", body=b"<D/>", headers={"CSS-Sequence": "1", "Authorization": "Bearer guessed"})
        assert connection.getresponse().status == 401
    assert list((tmp_path / "kept").iterdir()) == []


def test_the_shell_sends_a_message_and_takes_the_answers(fresh_engine: Engine, account: tuple[str, str], tmp_path: Path) -> None:
    agree(fresh_engine, DeliveryWay.FOLDER, folder=FOLDER)
    drop = Drop(tmp_path / "partners").ready()
    message = tmp_path / "message.xml"
    message.write_bytes(submit_order(*account))
    shell(SEND, tmp_path, FOLDER=str(drop.at()), MESSAGE=str(message), NAME="order-0001")
    assert drop.names("in") == ["order-0001.ctl", "order-0001.xml"]
    if shutil.which("xmllint"):
        schema = schemas.DIRECTORY / "delivery-1.xsd"
        subprocess.run(
            ["xmllint", "--noout", "--schema", str(schema), str(drop.at("in", "order-0001.ctl"))], check=True, capture_output=True
        )
    assert exchange_once(fresh_engine, CLOCK, drop.directory) == Exchanged(taken=1, brought=2)
    assert said(opened(drop.answer("order-0001")), "Receipt/Result") == "RECEIVED"

    kept = tmp_path / "kept"
    kept.mkdir()
    for _ in range(2):
        shell(TAKE, tmp_path, FOLDER=str(drop.at()), KEPT=str(kept))
    names = [f"0000000{number}-OrderUpdate" for number in (1, 2)]
    assert sorted(path.name for path in kept.iterdir()) == [f"{name}.xml" for name in names]
    assert [said(opened((kept / f"{name}.xml").read_bytes()), "Update/Kind") for name in names] == ["ACKNOWLEDGED", "COMMITTED"]
    assert exchange_once(fresh_engine, CLOCK, drop.directory) == Exchanged(kept=2)
    assert drop.names("out") == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_curl_asks_for_a_file_of_a_bill(fresh_engine: Engine, account: object, tmp_path: Path) -> None:
    with transaction(fresh_engine) as session:
        key = issue_key(session, IssuePartnerKey(provider_code=PARTNER, words="guide"), by=OPERATOR, at=AT)
    serving = make_server("127.0.0.1", 0, create_application(fresh_engine, CLOCK), threaded=True)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    try:
        # There is none in this town; that the address leads to the page which says so is what is seen here.
        words = BILL.replace("--fail ", "").strip()
        shell(words, tmp_path, KEY=key, GATEWAY=f"http://127.0.0.1:{serving.server_port}", BILL="ZZB00004561")
    finally:
        serving.shutdown()
        thread.join()
        serving.server_close()
    assert codes((tmp_path / "ZZB00004561.pdf").read_bytes()) == [("CSS581E", None)]


def test_the_figures_of_the_page_are_those_of_the_program() -> None:
    assert "a whole answer of 200 or 202 within 30 seconds**, at most 65,536 bytes" in PAGE
    assert sorted(pushing.TAKEN) == [200, 202]
    assert (push_reach.SECONDS_MAX, pushing.ANSWER_BYTES_MAX) == (30, 65_536)
    assert "After 30 seconds three times,\n  then every five minutes" in PAGE
    assert (deliveries.SOON.total_seconds(), deliveries.SOON_TIMES, deliveries.LATER.total_seconds()) == (30, 3, 300)
    assert "up to an hour" in PAGE
    assert pushing.RETRY_AFTER_MAX == 3600
    assert "when nothing was written to either for a minute" in PAGE
    assert folder_taking.SETTLED_SECONDS == 60
    assert "that fails four times is given up" in PAGE
    assert deliveries.RESEND_TRIES == 4


def test_the_page_shows_every_sample_of_its_schema() -> None:
    named = {Path(path).stem for path in re.findall(r"`schemas/samples/valid/([a-z-]+\.xml)`", PAGE)}
    there = {path.stem for path in (schemas.SAMPLES / "valid").glob("*.xml") if "urn:css:delivery:1" in path.read_text(encoding="utf-8")}
    assert named == there


@pytest.fixture
def _at_the_command_line(fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CSS_DATABASE_URL", fresh_engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CSS_PUSH_NETWORKS", "127.0.0.0/8")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("_at_the_command_line")
def test_the_commands_do_one_round(
    fresh_engine: Engine, account: object, theirs: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(fresh_engine, 2)
    agree(fresh_engine, DeliveryWay.PUSH, push_url=f"http://127.0.0.1:{theirs.port}/")
    assert main(["partners", "deliver", PARTNER]) == 0
    assert capsys.readouterr().out == "2 delivered, 0 not taken, 0 partners busy.\n"
    theirs.stop()
    leave(fresh_engine, 1)
    assert main(["partners", "deliver"]) == 4
    assert capsys.readouterr().out == "0 delivered, 1 not taken, 0 partners busy.\n"
    assert main(["ask", "deliveries", "trouble=true"]) == 0
    assert "nobody listens" in capsys.readouterr().out
    agree(fresh_engine, DeliveryWay.FOLDER, folder=FOLDER)
    with transaction(fresh_engine) as session:
        deliver_after(session, DeliverAfter(provider_code=PARTNER, after=2), by=OPERATOR, at=AT)
    assert main(["partners", "folders"]) == 0
    assert capsys.readouterr().out == "0 taken, 0 rejected, 0 waiting; 1 brought, 0 moved away; 0 folders troubled, 0 busy.\n"
    assert Drop(tmp_path / "home" / "partners").names("out") == ["00000003-OrderUpdate.ctl", "00000003-OrderUpdate.xml"]
    for command in ("deliver", "folders"):
        assert main(["partners", command, "NOBODY1"]) == 2
        assert capsys.readouterr().err == "CSS104E There is no provider NOBODY1 doing business with us.\n"


@pytest.mark.usefixtures("_at_the_command_line")
def test_a_partner_who_changes_from_push_to_folder_goes_on_after_what_was_pushed(
    fresh_engine: Engine, account: object, theirs: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(fresh_engine, 2)
    agree(fresh_engine, DeliveryWay.PUSH, push_url=f"http://127.0.0.1:{theirs.port}/")
    assert main(["partners", "deliver", PARTNER]) == 0
    leave(fresh_engine, 1)
    agree(fresh_engine, DeliveryWay.FOLDER, folder=FOLDER)
    assert main(["partners", "folders"]) == 0
    out = Drop(tmp_path / "home" / "partners").names("out")
    assert out == ["00000003-OrderUpdate.ctl", "00000003-OrderUpdate.xml"]
    with transaction(fresh_engine) as session:
        deliver_after(session, DeliverAfter(provider_code=PARTNER, after=0), by=OPERATOR, at=AT)
    capsys.readouterr()
    assert main(["partners", "folders"]) == 0
    assert "3 brought" in capsys.readouterr().out
