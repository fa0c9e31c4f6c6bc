"""What a hostile or broken browser can do: nothing, and it is told so in a sentence."""

from __future__ import annotations

import logging

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text

from css.core.errors import BadMessage
from css.db.engine import transaction
from css.settings import Settings
from css.web.app import create_app
from css.web.desk import Desk
from css.web.guard import own_path
from css.web.screens import PAGES
from css.web.secret import secret_key
from tests.web.conftest import MovingClock, Seat, World, seated

NASTY = [
    "' OR 1=1; DROP TABLE css.customer; --",
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "../../etc/passwd",
    "\u202ereversed",
    "😀" * 50,
    "x" * 10_000,
    "\x00",
    "%00%0d%0aSet-Cookie: a=b",
    "-1",
    "٣",
]


def test_every_answer_forbids_what_we_do_not_use(desk: Seat) -> None:
    for path in ("/s/MENU", "/s/NOSUCH", "/sign-on", "/static/css/screen.css", "/nowhere"):
        with desk.client.get(path) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_what_customers_told_us_is_kept_in_no_cache(desk: Seat, world: World) -> None:
    answer = desk.client.get(f"/s/CU03/{world.account.number}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "total;dur=" in answer.headers["Server-Timing"]
    assert "db;dur=" in answer.headers["Server-Timing"]


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_a_form_that_is_not_ours_does_nothing(desk: Seat, world: World, engine: Engine, token: str) -> None:
    desk.open(f"/s/PY01/{world.account.number}")
    data = desk.form() | {"key": "F6", "amount": "10", "method": "CD", "csrf_token": token}
    answer = desk.client.post(desk.path, data=data)
    assert answer.status_code == 400
    assert "CSS353E" in answer.get_data(as_text=True)
    with transaction(engine) as session:
        assert session.execute(text("SELECT count(*) FROM billing.payment")).scalar_one() == 0


def test_a_form_of_another_sign_on_does_nothing(app: Flask, engine: Engine, clock: MovingClock, world: World) -> None:
    one, other = seated(app, engine, "CLERK", clock.at), seated(app, engine, "CLERK", clock.at)
    one.open(f"/s/PY01/{world.account.number}")
    other.open("/s/MENU")
    answer = other.client.post(one.path, data=one.form() | {"key": "Enter"})
    assert answer.status_code == 400


def test_a_planted_form_cookie_with_a_form_to_match_does_nothing(app: Flask, seat: Seat, desk: Seat, world: World, engine: Engine) -> None:
    seat.open("/sign-on")
    planted = seat.client.get_cookie("css_form")
    assert planted is not None
    desk.open(f"/s/PY01/{world.account.number}")
    desk.client.set_cookie("css_form", planted.value)
    data = desk.form() | {"csrf_token": seat.form()["csrf_token"], "key": "Enter", "amount": "10", "method": "CD"}
    assert desk.client.post(desk.path, data=data).status_code == 400


def test_two_windows_of_one_sign_on_both_work(desk: Seat, world: World) -> None:
    desk.open(f"/s/PY01/{world.account.number}")
    other = Seat(desk.client)
    other.open("/s/MENU")
    desk.press("Enter", amount="10", method="CD")
    assert "CSS366I" in desk.said
    other.press(command="FL04 ZZ", cursor="command")
    assert other.title == "FL04 Fault work list"


@pytest.mark.parametrize("field", ["leave", "back"])
def test_a_way_back_with_a_line_end_in_it_leads_to_the_menu(desk: Seat, world: World, field: str) -> None:
    desk.open(f"/s/PY01/{world.account.number}")
    answer = desk.press("F3" if field == "leave" else "F12", **{field: "/s/MENU\r\nSet-Cookie: a=b"})
    assert answer.status_code == 200


def test_without_a_sign_on_a_post_does_nothing_and_asks_for_one(seat: Seat, world: World) -> None:
    answer = seat.client.post(f"/s/PY01/{world.account.number}", data={"amount": "1"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-on"


def test_only_a_post_does_anything(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/PY01/{world.account.number}")
    desk.press("Enter", amount="10", method="CD")
    data = desk.form() | {"key": "F6"}
    for method in ("HEAD", "OPTIONS", "GET"):
        assert desk.client.open(desk.path, method=method, data=data).status_code == 200
    assert desk.client.put(desk.path, data=data).status_code == 405
    with transaction(engine) as session:
        assert session.execute(text("SELECT count(*) FROM billing.payment")).scalar_one() == 0


@pytest.mark.parametrize("nasty", NASTY)
def test_nonsense_at_the_command_line_leaves_what_was_keyed(desk: Seat, world: World, nasty: str) -> None:
    desk.open(f"/s/FL01/{world.line.number}")
    answer = desk.press(command=nasty, cursor="command", words="typed already")
    assert answer.status_code < 500


def test_a_wrong_command_keeps_the_form(desk: Seat, world: World) -> None:
    desk.open(f"/s/FL01/{world.line.number}")
    desk.press(command="XX99", cursor="command", words="typed already")
    assert desk.title == "FL01 Report a fault"
    assert "CSS358E" in desk.said
    assert desk.form()["words"] == "typed already"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/s/XX99", 404, "CSS358E"),
        ("GET", "/nowhere", 404, "CSS355E"),
        ("DELETE", "/s/MENU", 405, "CSS355E"),
        ("GET", "/s/OR03/ZZO00000018", 404, "CSS202E"),
        ("GET", "/s/OR03/ZZO00000019", 422, "CSS054E"),
        ("GET", "/s/OR02/ZZO00000018", 404, "CSS385E"),
        ("GET", "/s/FL02/ZZF00000014/explode", 404, "CSS386E"),
    ],
)
def test_what_is_not_there_is_a_page_of_ours(desk: Seat, method: str, path: str, status: int, code: str) -> None:
    desk.open("/s/MENU")
    data = {"csrf_token": desk.form()["csrf_token"]} if method != "GET" else None
    answer = desk._took(desk.client.open(path, method=method, data=data))
    assert answer.status_code == status
    assert code in desk.said
    assert desk.title.startswith(code)


def test_too_much_is_refused_before_it_is_read(desk: Seat) -> None:
    desk.open("/s/CS01")
    answer = desk.client.post("/s/CS01", data=desk.form() | {"text": "x" * 300_000})
    assert answer.status_code == 413
    assert "CSS356E" in answer.get_data(as_text=True)


def test_a_fault_of_ours_is_one_sentence_and_the_log_has_the_rest(
    desk: Seat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Desk, __: tuple[str, ...]) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(PAGES, "FL04", type(PAGES["FL04"])(PAGES["FL04"].screen, broken))  # type: ignore[arg-type]
    with caplog.at_level(logging.ERROR):
        answer = desk.open("/s/FL04")
    assert answer.status_code == 500
    assert desk.said == ["CSS000E"]
    assert "Traceback" not in desk.page
    assert "ZeroDivisionError" in caplog.text


def test_a_database_that_is_gone_is_said_so(desk: Seat, app: Flask) -> None:
    app.extensions["css"].given_engine = create_engine("postgresql+psycopg2://nobody@127.0.0.1:1/none")
    answer = desk.open("/s/MENU")
    assert answer.status_code == 503
    assert desk.said == ["CSS020E"]
    assert "127.0.0.1" not in desk.page, "where the database listens is not for a screen"
    assert "nobody" not in desk.page


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("/s/MENU", True),
        ("/s/CS01/a%20b?x=1", True),
        ("//e.example", False),
        ("/\\e.example", False),
        ("http://e.example", False),
        ("s", False),
        ("/s/MENU\r\nSet-Cookie: a=b", False),
        ("/s/MENU\x00", False),
        ("//[", False),
    ],
)
def test_only_our_own_addresses_are_gone_on_to(address: str, ours: bool) -> None:
    assert own_path(address) == (address if ours else "")


def test_the_key_is_made_once_for_all_workers_and_nobody_else_reads_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home") / "var"
    first = secret_key(Settings(home=home))
    assert secret_key(Settings(home=home)) == first
    assert len(first) >= 43
    assert (home / "secret-key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.iterdir()] == ["secret-key"]
    assert secret_key(Settings(home=home, secret_key="given by the environment")) == "given by the environment"
    with pytest.raises(BadMessage, match="signs cookies"):
        create_app(Settings(home=home, secret_key="short"))
