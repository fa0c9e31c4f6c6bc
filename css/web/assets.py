"""The style sheet and the scripts: read once, sent small, kept by the browser for good under an address that changes with them."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from flask import Flask, Response, make_response, request

from css.core.errors import NotFound

FOR_GOOD: Final = "public, max-age=31536000, immutable"
TYPES: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, as it is and as it is sent to whoever takes it small."""

    content: bytes
    small: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All of them. ``version`` changes when any of them does, so that scripts that belong together come together."""

    version: str
    by_name: dict[str, Asset]


@cache
def assets() -> Assets:
    """What is in ``static``, by its path below it."""
    found = dict(sorted(_below(files("css.web") / "static", "")))
    digest = hashlib.sha256(b"".join(name.encode() + content for name, content in found.items())).hexdigest()[:16]
    return Assets(digest, {name: Asset(one, gzip.compress(one, 9, mtime=0), TYPES[name.rpartition(".")[2]]) for name, one in found.items()})


def _below(folder: Traversable, path: str) -> list[tuple[str, bytes]]:
    found = []
    for one in folder.iterdir():
        name = f"{path}{one.name}"
        if one.is_dir():
            found += _below(one, f"{name}/")
        elif one.name.rpartition(".")[2] in TYPES:
            found.append((name, one.read_bytes()))
    return found


def install(app: Flask) -> None:
    """Serve them at ``/static/VERSION/…``; ``url_for("static", filename=…)`` knows the version.

    Pages are not sent small: a page holds what was keyed beside a secret of the form, and its length would tell.
    """
    app.add_url_rule("/static/<version>/<path:filename>", "static", _serve)

    @app.url_defaults
    def versioned(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values.setdefault("version", assets().version)


def _serve(version: str, filename: str) -> Response:
    """A file. One of an older version is answered with today's, not to be kept: the page that asks is older than the server."""
    asset = assets().by_name.get(filename)
    if asset is None:
        raise NotFound("CSS886E", "There is no such file of ours.")
    is_small = request.accept_encodings["gzip"] > 0
    answer = make_response(asset.small if is_small else asset.content)
    answer.headers["Content-Type"] = asset.media_type
    answer.headers["Vary"] = "Accept-Encoding"
    answer.headers["Cache-Control"] = FOR_GOOD if version == assets().version else "no-cache"
    if is_small:
        answer.headers["Content-Encoding"] = "gzip"
    return answer
