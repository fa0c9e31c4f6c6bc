"""``css serve``: it says where it is, answers, ends when told, and says in a sentence why it cannot start."""

from __future__ import annotations

import socket
from http.client import HTTPConnection
from pathlib import Path

import pytest

from css.cli import main
from css.settings import settings
from tests.web.conftest import World


def test_it_serves_at_the_address_it_says(served: tuple[str, World]) -> None:
    connection = HTTPConnection(served[0].removeprefix("http://"), timeout=20)
    connection.request("GET", "/sign-on")
    answer = connection.getresponse()
    assert answer.status == 200
    assert b"Sign on" in answer.read()
    connection.close()


def test_partners_are_served_beside_the_screens_and_meet_none_of_their_guards(served: tuple[str, World]) -> None:
    connection = HTTPConnection(served[0].removeprefix("http://"), timeout=20)
    connection.request("POST", "/partner/v1/messages", body=b"<x/>", headers={"Content-Type": "application/xml"})
    answer = connection.getresponse()
    assert answer.status == 401, "a key is asked for, not a sign-on"
    assert answer.getheader("Content-Type", "").startswith("application/xml")
    assert answer.getheader("Set-Cookie") is None
    assert b"Acknowledgement" in answer.read()
    connection.close()


@pytest.fixture
def _elsewhere(served: tuple[str, World], server: str, template: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings of a process that has a database and a home of its own."""
    monkeypatch.setenv("CSS_HOME", str(tmp_path))
    settings.cache_clear()


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize(("arguments", "code"), [(["--port", "{used}"], "CSS372E"), (["--host", "no.such.host.example"], "CSS388E")])
def test_why_it_cannot_start_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: str
) -> None:
    monkeypatch.setattr("css.db.engine.database", lambda _: _Nothing())
    with socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        used.listen()
        assert main(["serve", *(argument.format(used=used.getsockname()[1]) for argument in arguments)]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"{code} ")
    assert said.out == ""
    settings.cache_clear()


class _Nothing:
    """A database that is there; whether it is, is tested with the database."""

    def dispose(self) -> None:
        """Nothing to give back."""
