"""The style sheet and the scripts: small on the way, kept by the browser until they change, all of one release together."""

from __future__ import annotations

import gzip
import re

from flask import Flask

from css.web.assets import assets
from tests.web.conftest import Seat


def _sent(seat: Seat) -> set[str]:
    seat.open("/sign-on")
    return set(re.findall(r'(?:href|src)="(/static/[^"]+)"', seat.page))


def test_a_page_names_files_of_today_and_the_browser_keeps_them(seat: Seat) -> None:
    named = _sent(seat)
    assert any(one.endswith("screen.css") for one in named)
    for path in named:
        answer = seat.client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert f"/static/{assets().version}/" in path


def test_whoever_takes_it_small_gets_it_small(seat: Seat) -> None:
    path = next(one for one in _sent(seat) if one.endswith(".css"))
    plain, small = seat.client.get(path), seat.client.get(path, headers={"Accept-Encoding": "gzip"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    assert len(small.data) < len(plain.data) / 2
    assert "Content-Encoding" not in plain.headers
    assert seat.client.get(path, headers={"Accept-Encoding": "gzip;q=0"}).data == plain.data


def test_an_older_page_gets_what_there_is_and_does_not_keep_it(seat: Seat) -> None:
    answer = seat.client.get("/static/0123456789abcdef/css/screen.css")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


def test_nothing_else_is_served(app: Flask, seat: Seat) -> None:
    for path in ("../app.py", "css/../../app.py", "js/", "nothing.css", "%2e%2e/app.py"):
        answer = seat.client.get(f"/static/{assets().version}/{path}")
        assert answer.status_code in {404, 308}, path
        assert b"import" not in answer.data
