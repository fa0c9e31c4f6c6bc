"""The screens served over HTTP from a thread of the test, as slowly as a test says, and gone when it says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class _Silent(WSGIRequestHandler):
    """Keeps its requests to itself, and keeps connections open as a real server does."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401 - werkzeug's own interface
        pass


@dataclass
class SlowServer:
    """One application behind an address that stays the same when it goes away and comes back."""

    app: Flask
    delay_seconds: float = 0
    """How long each screen takes; style sheet and script come at once."""
    fails_with: int = 0
    """A status that is answered instead of every screen; 0 for none."""
    posts: list[dict[str, str]] = field(default_factory=list)
    """What was posted, in the order in which it came."""
    port: int = 0
    _running: BaseWSGIServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> SlowServer:
        self._running = make_server("127.0.0.1", self.port, self._answer, threaded=True, request_handler=_Silent)
        self.port = self._running.server_port
        threading.Thread(target=self._running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self) -> None:
        if self._running is not None:
            self._running.shutdown()
            self._running.server_close()
            self._running = None

    def _answer(self, environment: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if self._running is None:
            message = "the server is gone"  # a connection that outlived its server ends here
            raise ConnectionAbortedError(message)
        if not environment["PATH_INFO"].startswith("/static"):
            if environment["REQUEST_METHOD"] == "POST":
                body = environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
                environment["wsgi.input"] = BytesIO(body)
                self.posts.append(dict(parse_qsl(body.decode(), keep_blank_values=True)))
            time.sleep(self.delay_seconds)
            if self.fails_with:
                start(f"{self.fails_with} Out of order", [("Content-Type", "text/html"), ("Content-Length", "0")])
                return [b""]
        return self.app.wsgi_app(environment, start)
