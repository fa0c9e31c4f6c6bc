"""``css partners`` from the command line."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from css.cli import main
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.access.keys import partner_of_key
from css.partners.intake.inbox import receive
from css.partners.messages import orders
from css.settings import settings
from orders.commands.orders import OrderPlaced
from tests.partners.speaking import CLOCK, US, Scene, header, opened, orders_of, said, send, submit_order

LATER = datetime(2100, 1, 1, tzinfo=UTC)
"""Later than any clock of a test: a key without an end is still in force."""


@pytest.fixture(autouse=True)
def _installation(engine: Engine, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CSS_DATABASE_URL", engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path_factory.mktemp("home")))
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_a_key_goes_to_standard_output_alone_and_opens(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["partners", "key", PARTNER, "--words", "live"]) == 0
    said_on = capsys.readouterr()
    (key,) = said_on.out.split()
    assert key not in said_on.err
    with transaction(engine) as session:
        found = partner_of_key(session, key, at=LATER)
    assert found is not None
    assert found.code == PARTNER


def test_drain_says_what_it_did_and_what_it_left(
    engine: Engine, district: Scene, site: Callable[[], str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> OrderPlaced:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(orders, "place_order", failing)
        send(engine, submit_order(district.account, site()))
        assert main(["partners", "drain", PARTNER]) == 4
        assert capsys.readouterr().out == "0 done, 0 refused, 1 still waiting.\n"
    assert main(["partners", "drain"]) == 0
    assert capsys.readouterr().out == "1 done, 0 refused, 0 still waiting.\n"


def test_an_outbox_is_listed_and_printed(
    engine: Engine, district: Scene, site: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    send(engine, submit_order(district.account, site()))
    assert main(["partners", "outbox", PARTNER]) == 0
    listed = capsys.readouterr()
    rows = listed.out.splitlines()
    assert f"the last number given is {len(rows)}." in listed.err
    assert [row.split()[0] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    assert main(["partners", "outbox", PARTNER, "--after", str(len(rows) - 1), "--bodies"]) == 0
    assert said(opened(capsys.readouterr().out.rstrip("\n").encode()), "Update/Kind") == "COMMITTED"


@pytest.mark.parametrize("words", [["key", "NOBODY1"], ["drain", "NOBODY1"], ["outbox", "NOBODY1"]])
def test_a_provider_that_is_not_there_is_one_sentence(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["partners", *words]) == 2
    assert capsys.readouterr().err == "CSS104E There is no provider NOBODY1 doing business with us.\n"


def test_what_waits_is_done_until_told_to_stop(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header()
    receive(engine, PARTNER, submit_order(district.account, site(), head=head), clock=CLOCK, own_party=US, handle=False)
    words = [sys.executable, "-u", "-m", "css", "partners", "drain", "--watch", "--lanes", "1"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said_first = [process.stdout.readline(), process.stdout.readline()]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert said_first == ["Handling what partners send; Ctrl-C ends once the message in hand is done.\n", "1 done, 0 refused.\n"]
    assert len(orders_of(engine, head.message_id)) == 1


def test_a_conversation_is_said_again_into_files(
    engine: Engine, district: Scene, site: Callable[[], str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    head = header()
    data = submit_order(district.account, site(), head=head)
    answer = send(engine, data)
    assert main(["partners", "replay", head.conversation_id, "--into", str(tmp_path / "said")]) == 0
    assert [line.split()[2] for line in capsys.readouterr().out.splitlines()] == ["<-", "->", "->"]
    files = {file.name: file.read_bytes() for file in sorted((tmp_path / "said").iterdir())}
    assert list(files) == ["0001-in-SubmitOrder.ack.xml", "0001-in-SubmitOrder.xml", "0002-out-OrderUpdate.xml", "0003-out-OrderUpdate.xml"]
    assert [files["0001-in-SubmitOrder.xml"], files["0001-in-SubmitOrder.ack.xml"]] == [data, answer.body]
    assert main(["partners", "replay", "nobody"]) == 2

    with transaction(engine) as session:
        session.execute(text("UPDATE partners.inbox_message SET body = 'x' WHERE message_id = :id"), {"id": head.message_id})
    assert main(["partners", "replay", head.conversation_id]) == 4
    assert "its bytes are not those that came" in capsys.readouterr().out
