"""What a screen weighs, all told, and that nothing of it comes from elsewhere or runs unasked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from posixpath import dirname, normpath

import pytest
from flask import Flask
from sqlalchemy import Engine

from css.web.examples import EXAMPLES, Example
from css.web.handbook import all_screens
from css.web.screen import Screen
from tests.web.conftest import MovingClock, Seat, World
from tests.web.nonsense import Document
from tests.web.showroom import Showroom, furnished

BYTES_MAX = 60_000
"""Of a page with its style sheet and all its scripts, as they are sent."""
IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']""")
SCREENS = list(all_screens().values())


@pytest.fixture(scope="module")
def showroom(settled: tuple[Engine, World], _application: tuple[Flask, MovingClock], tmp_path_factory: pytest.TempPathFactory) -> Showroom:
    return furnished(settled, _application, tmp_path_factory.mktemp("spool"))


def _files(seat: Seat, page: str) -> Iterator[tuple[str, bytes, bytes]]:
    """Every file a page needs: its address, its bytes as sent, and as they are."""
    wanted = re.findall(r'<(?:link|script)\b[^>]*\b(?:href|src)="([^"]+)"', page)
    met: set[str] = set()
    while wanted:
        path = wanted.pop()
        if path in met:
            continue
        met.add(path)
        small = seat.client.get(path, headers={"Accept-Encoding": "gzip"})
        plain = seat.client.get(path)
        assert plain.status_code == 200, path
        yield path, small.data, plain.data
        if path.endswith(".js"):
            wanted += [normpath(f"{dirname(path)}/{one}") for one in IMPORT.findall(plain.get_data(as_text=True))]


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.code)
def test_a_screen_is_light_and_all_of_it_is_ours(showroom: Showroom, screen: Screen) -> None:
    seat = showroom.seat(screen)
    answer = seat.open(showroom.address(screen))
    assert answer.status_code == 200
    assert seat.title.startswith(f"{screen.code} ")
    assert Document(seat.page).runs == [], "nothing inline, nothing from outside"
    sent = len(answer.data)
    for path, small, plain in _files(seat, seat.page):
        sent += len(small)
        text = plain.decode("utf-8")
        assert not re.search(r"https?://(?!www\.w3\.org/)|\beval\(|new Function|\binnerHTML\b|document\.write|@import", text), path
    assert sent < BYTES_MAX, f"{sent:,} bytes"


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.code)
def test_the_policy_lets_nothing_in_but_our_own_files(showroom: Showroom, screen: Screen) -> None:
    seat = showroom.seat(screen)
    policy = seat.open(showroom.address(screen)).headers["Content-Security-Policy"]
    parts = {name: values for name, *values in (part.split() for part in policy.split(";") if part.strip())}
    for name in ("default-src", "script-src", "style-src", "img-src", "form-action"):
        assert parts[name] == ["'self'"]
    for name in ("object-src", "base-uri", "frame-ancestors"):
        assert parts[name] == ["'none'"]


def test_the_examples_are_of_screens_there_are() -> None:
    assert set(EXAMPLES) <= {screen.code for screen in SCREENS}
    assert all(isinstance(one, Example) for one in EXAMPLES.values())


def test_no_file_of_ours_asks_another_host() -> None:
    static = Path(__file__).parents[2] / "css" / "web" / "static"
    for path in (*static.rglob("*.js"), *static.rglob("*.css")):
        assert not re.search(r"//[a-z0-9-]+\.[a-z]", re.sub(r"https?://www\.w3\.org", "", path.read_text(encoding="utf-8"))), path
