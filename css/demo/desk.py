"""An operator at the desk: forms of the real screens, opened, filled in and sent as a browser would, over the real application."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from css.core.clock import FixedClock
from css.core.errors import Breach
from css.settings import Settings
from css.web.app import create_app


class Desk:
    """One signed-on operator with one page open. A page that is not the one expected is a breach: the demo would be lying."""

    def __init__(self, engine: Engine, home: Path, at: datetime) -> None:
        app = create_app(Settings(home=home, secret_key=secrets.token_hex()), engine, FixedClock(at))
        self._client: FlaskClient = app.test_client()
        self._path = ""
        self._page = ""

    def sign_on(self, operator: str, password: str) -> None:
        """Through the sign-on screen."""
        self.open("/sign-on")
        self.press("Enter", operator=operator, password=password)

    def sign_off(self) -> None:
        """By the command line; whoever looks at the demo is the only one at a desk then."""
        self.press("Enter", command="OFF")
        self.expect("SIGN")

    def open(self, path: str) -> None:
        """Go to a screen."""
        self._take(self._client.get(path, follow_redirects=True))

    def press(self, key: str, **keyed: str) -> None:
        """Send the page's form with these fields keyed over what stands in it, by a key."""
        page: Any = html.fromstring(self._page)  # the stubs know nothing of forms
        form = max(page.forms, key=lambda one: len(one.fields))
        fields = {name: value or "" for name, value in form.fields.items() if name}
        self._take(self._client.post(self._path, data=fields | keyed | {"key": key}, follow_redirects=True))

    def expect(self, code: str) -> str:
        """The path of the page, which must be the screen of that code; its last word is what the screen is about."""
        title = " ".join((html.fromstring(self._page).findtext(".//title") or "").split())
        if not title.startswith(code):
            msg = f"expected screen {code}, found {title}"
            raise Breach(msg)
        return self._path

    def _take(self, answer: TestResponse) -> None:
        self._page = answer.get_data(as_text=True)
        self._path = answer.request.full_path.rstrip("?")
