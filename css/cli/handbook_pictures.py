"""Pictures of every screen: a small district is made and lived in, and a browser looks at it."""

from __future__ import annotations

import io
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as wall_time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import Flask
from sqlalchemy import Engine
from werkzeug.serving import WSGIRequestHandler, make_server

from billing.queries import bills_of_account
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.care.actions import check_caller
from css.care.commands import CheckCaller
from css.care.words import CheckMethod
from css.core.actor import Actor
from css.core.calendar import london_instant
from css.core.clock import FixedClock
from css.core.errors import Unavailable
from css.core.words import Role, Segment
from css.db.engine import make_engine, transaction
from css.db.migrate import upgrade
from css.db.server import temporary
from css.demo.morning import Cast, hear_a_partner, live_a_morning
from css.demo.people import LiveLine
from css.demo.plan import PASSWORD, DemoPlan
from css.demo.run import make_and_live
from css.master.cards import account_card
from css.master.reference import RETAIL
from css.migrations import reference
from css.settings import Settings
from css.web.app import create_app
from css.web.examples import EXAMPLES, Example
from css.web.guard import COOKIE, THEME_COOKIE
from css.web.handbook import all_screens
from css.web.session import lock, sign_on

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
SWITCHES: Final = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
PLAN: Final = DemoPlan(lines=80, days=35)
WIDTH, HEIGHT = 1180, 760
COLOURS: Final = 24
"""As many as two themes of letters without edges in between need."""
LOOKER: Final = "SUE"
PATIENCE_MILLISECONDS: Final = 15_000


@dataclass(frozen=True, slots=True)
class _Stage:
    """The district as it stands, and who looks at it."""

    engine: Engine
    names: dict[str, str]
    at: datetime
    token: str
    locked: str
    """Of a second sign-on, whose desk is locked."""


def take_pictures(folder: Path) -> Iterator[str]:
    """Write a picture of every screen into the folder, and one of each that refuses; gives their names as they are done.

    A screen to key into is shown with something keyed and what would come of it. Pictures of screens that are no more are
    removed. Errors: CSS951E the browser's driver is missing, CSS952E the browser is.
    """
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a tool of the developers'
    except ImportError:
        sentence = "Pictures need playwright, which comes with the set-up for developing: run make check once, then this again."
        raise Unavailable("CSS951E", sentence) from None
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        raise Unavailable("CSS952E", "Pictures need Chromium, and there is none here: apt-get install chromium.")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="css-handbook-") as home, _stage(Path(home)) as stage:
        app = create_app(Settings(home=Path(home)), stage.engine, FixedClock(stage.at))
        with _serving(app) as base, sync_playwright() as playwright:
            launched = playwright.chromium.launch(executable_path=browser, args=SWITCHES)
            taken = set()
            for name, picture in _looks(launched, base, stage):
                (folder / name).write_bytes(_small(picture))
                taken.add(name)
                yield name
            launched.close()
    for old in folder.glob("*.png"):
        if old.name not in taken:
            old.unlink()


@contextmanager
def _stage(home: Path) -> Iterator[_Stage]:
    """A district of its own, a month old, on a morning with something open."""
    with temporary(durable=False) as url:
        engine = make_engine(url, application="css handbook")
        upgrade(engine)
        with transaction(engine) as session:
            reference.load(session)
        lived = make_and_live(engine, PLAN, home, workers=1, watcher=None, on_day=lambda _: None)
        today = PLAN.starts_on + timedelta(days=PLAN.days)
        early, at = (london_instant(today, wall_time(hour, 40)) for hour in (8, 9))
        people, names = _cast(engine, lived.diary.lines, [place.address_key for place in lived.diary.vacant])
        clerk, supervisor = _person("BEA", Role.CLERK, Role.BILLING), _person(LOOKER, *Role)
        with transaction(engine) as session:
            names |= live_a_morning(session, people, clerk=clerk, supervisor=supervisor, at=early)
        names |= hear_a_partner(engine, by=clerk, at=early)
        with transaction(engine) as session:
            signed_on = sign_on(session, LOOKER, PASSWORD, at=at)
            if signed_on is None:
                raise Unavailable("CSS953E", "The demo's {code} could not sign on.", code=LOOKER)
            known = CheckCaller(
                customer_number=people.customer,
                method=CheckMethod.NONE,
                answer="A letter about the bill.",
                operator_session_id=signed_on.on_duty.session_id,
            )
            check_caller(session, known, by=supervisor, at=at)
            left = sign_on(session, "AMY", PASSWORD, at=at)
            if left is not None:
                lock(session, left.on_duty, at=at)
        try:
            yield _Stage(engine, names, at, signed_on.token, left.token if left else "")
        finally:
            engine.dispose()


def _person(code: str, *roles: Role) -> Actor:
    return Actor("operator", code, RETAIL, frozenset(role.value for role in roles), "screen")


def _cast(engine: Engine, lines: list[LiveLine], vacant: list[str]) -> tuple[Cast, dict[str, str]]:
    """Whom the pictures are about: a household with a bill, another that orders, a third whose line is dead."""
    by = _person(LOOKER, *Role)
    homes = [line for line in lines if line.segment is Segment.RESIDENTIAL]
    with transaction(engine) as session:
        billed = [(line, bill.number) for line in homes[:12] for bill in bills_of_account(session, line.account_number, by=by, limit=1)]
        main, bill = next((line, number) for line, number in billed if number)
        customer = account_card(session, main.account_number, by=by, lines=1).customer.number
    others = [line for line in homes if line.account_number != main.account_number]
    people = Cast(
        customer=customer,
        account=main.account_number,
        other=others[0].account_number,
        dead_number=others[1].number,
        address_key=vacant[0],
        today=PLAN.starts_on + timedelta(days=PLAN.days),
    )
    names = {
        "account": main.account_number,
        "customer": customer,
        "number": main.number,
        "other": others[0].account_number,
        "site": vacant[1],
        "bill": str(bill),
        "district": PLAN.district,
        "operator": "AMY",
        "night": f"{people.today - timedelta(days=1):%Y-%m-%d}",
    }
    return people, names


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def _serving(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _looks(browser: Browser, base: str, stage: _Stage) -> Iterator[tuple[str, bytes]]:
    """Every screen by the name of its picture."""
    stranger, known, locked = (browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}) for _ in range(3))
    known.add_cookies([{"name": COOKIE, "value": stage.token, "url": base}])
    locked.add_cookies([{"name": COOKIE, "value": stage.locked, "url": base}])
    for context in (stranger, known, locked):
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        context.add_cookies([{"name": THEME_COOKIE, "value": "paper", "url": base}])
    for screen in all_screens().values():
        example = EXAMPLES.get(screen.code, Example())
        window = {"SIGN": stranger, "LOCK": locked}.get(screen.code, known)
        page = window.new_page()
        path = "/sign-on" if window is stranger else example.address("MENU" if window is locked else screen.code, stage.names)
        page.goto(base + path)  # once to warm up: the picture says how long the answer took
        page.goto(base + path)
        _key_in(page, example.fields(stage.names))
        yield f"{screen.code}.png", page.screenshot()
        if wrong := example.wrong_fields(stage.names):
            page.goto(base + path)
            _key_in(page, wrong)
            yield f"{screen.code}-errors.png", page.screenshot()
        page.close()


def _key_in(page: Page, keyed: dict[str, str]) -> None:
    """Fill the fields, press Enter, and wait for the answer."""
    for name, value in keyed.items():
        page.fill(f"#{name}", value)
    if keyed:
        page.evaluate("document.querySelector('main').dataset.before = 'yes'")
        page.focus("form input:not([type=hidden]):not(#command)")
        page.keyboard.press("Enter")
        page.wait_for_selector("main:not([data-before])")


def _small(picture: bytes) -> bytes:
    """The same with few colours, and not to be told from it by eye."""
    from PIL import Image  # noqa: PLC0415 - comes with reportlab; needed here alone

    shrunk = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(shrunk, "PNG", optimize=True)
    return shrunk.getvalue()
