"""A browser as the server sees it: one connection kept alive, cookies, the page's form with its hidden fields, the shell's header.

It draws nothing and runs no script: it costs a tenth of what it measures, so that clients and server can share a machine.
"""

from __future__ import annotations

import html
import http.client
import re
import time
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode, urlsplit

SHELL: Final = {"X-CSS-Shell": "1"}
PATIENCE_SECONDS: Final = 30
FOLLOWED_MAX: Final = 4
_INPUT: Final = re.compile(r"<input\b[^>]*>")
_NAME: Final = re.compile(r'\bname="([^"]*)"')
_VALUE: Final = re.compile(r'\bvalue="([^"]*)"')
_AREA: Final = re.compile(r'<textarea\b[^>]*\bname="([^"]*)"[^>]*>(.*?)</textarea>', re.DOTALL)
_TITLE: Final = re.compile(r"<title>\s*(\S+)")
_SAID: Final = re.compile(r"<b>(CSS\d{3}E)</b>\s*(?:<a [^>]*>)?([^<]{0,120})")
_TIMING: Final = re.compile(r'db;dur=([\d.]+);desc="(\d+)", total;dur=([\d.]+)')
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(slots=True)
class Answer:
    """What came of one press of a key, redirects followed."""

    status: int = 0
    text: str = ""
    path: str = ""
    requests: int = 0
    database_ms: float = 0.0
    server_ms: float = 0.0
    statements: int = 0
    bytes: int = 0

    @property
    def code(self) -> str:
        """The screen's code, as the title has it."""
        found = _TITLE.search(self.text)
        return found[1] if found else ""

    @property
    def wrong(self) -> str:
        """The first error it says; empty for none."""
        found = _SAID.search(self.text)
        return f"{found[1]} {found[2].strip()}" if found else ""

    def form(self) -> dict[str, str]:
        """Every field of the page by name, as a browser would send it."""
        keyed: dict[str, str] = {}
        for tag in _INPUT.findall(self.text):
            name, value = _NAME.search(tag), _VALUE.search(tag)
            if name:
                keyed[name[1]] = html.unescape(value[1]) if value else ""
        return keyed | {name: html.unescape(words).removeprefix("\n") for name, words in _AREA.findall(self.text)}


@dataclass(slots=True)
class Browser:
    """One operator's browser, with the page it shows."""

    host: str
    port: int
    page: Answer = field(default_factory=Answer)
    reconnected: int = 0
    _connection: http.client.HTTPConnection | None = None
    _cookies: dict[str, str] = field(default_factory=dict)

    def open(self, path: str) -> Answer:
        """Go to an address."""
        self.page = self._asked("GET", path, None)
        return self.page

    def press(self, key: str, **keyed: str) -> Answer:
        """Send the page's form with these fields keyed over what stands in it; the answer is the page now."""
        self.page = self._asked("POST", self.page.path, urlencode(self.page.form() | keyed | {"key": key}))
        return self.page

    def aside(self, key: str, **keyed: str) -> Answer:
        """As ``press``, for what leaves the page as it is: what the shell sends by itself."""
        return self._asked("POST", self.page.path, urlencode(self.page.form() | keyed | {"key": key}))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _asked(self, method: str, path: str, body: str | None) -> Answer:
        answer = Answer(path=path)
        for _ in range(FOLLOWED_MAX):
            response, content = self._exchange(method, answer.path, body)
            self._take(answer, response, content)
            if answer.status not in _REDIRECTS:
                break
            to = urlsplit(response.headers["Location"])
            answer.path = to.path + (f"?{to.query}" if to.query else "")
            method, body = "GET", None
        return answer

    def _take(self, answer: Answer, response: http.client.HTTPResponse, content: bytes) -> None:
        answer.status, answer.requests = response.status, answer.requests + 1
        answer.text, answer.bytes = content.decode(), answer.bytes + len(content)
        answer.path = response.headers.get("X-CSS-Address") or answer.path
        timing = _TIMING.search(response.headers.get("Server-Timing", ""))
        if timing:
            answer.database_ms += float(timing[1])
            answer.statements += int(timing[2])
            answer.server_ms += float(timing[3])
        for cookie in response.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value

    def _exchange(self, method: str, path: str, body: str | None) -> tuple[http.client.HTTPResponse, bytes]:
        """One request. A connection that the server had closed meanwhile is opened again, as browsers do."""
        headers = dict(SHELL)
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        for again in (True, False):
            if self._connection is None:
                self._connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE_SECONDS)
            try:
                self._connection.request(method, path, body, headers)
                response = self._connection.getresponse()
                return response, response.read()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self._connection.close()
                self._connection = None
                self.reconnected += 1
                if not again:
                    raise
                time.sleep(0.01)
        raise AssertionError("the second try answers or raises")
