"""``css partners`` from the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from css.cli import main
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.keys import partner_of_key
from css.partners.messages import orders
from css.settings import settings
from orders.commands.orders import OrderPlaced
from tests.partners.speaking import Scene, opened, said, send, submit_order

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
