"""TLS at the gateway's own server: what it shows, whom it lets in, and that a certificate is renewed with no connection lost."""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from css.core.errors import BadMessage
from css.partners.front.limits import Limits
from css.partners.front.secure import server_context
from css.partners.front.server import Front
from tests.partners import papers
from tests.partners.fronts import GET, Line, eventually, fronted
from tests.partners.papers import Paper

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def pages(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Tell by whose certificate the request came, and how much."""
    start_response("200 OK", [])
    size = len(environ["wsgi.input"].read())
    return [f"{environ['wsgi.url_scheme']} {environ.get('css.client_certificate')} {size}".encode()]


@pytest.fixture(scope="module")
def root() -> Paper:
    return papers.authority()


@pytest.fixture(scope="module")
def files(root: Paper, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    papers.server(root).file(folder / "server.pem")
    papers.partner(root).file(folder / "partner.pem")
    papers.partner(papers.authority()).file(folder / "stranger.pem")
    (folder / "root.pem").write_text(root.pem, "ascii")
    return folder


def client(files: Path, shows: str | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=files / "root.pem")
    if shows is not None:
        context.load_cert_chain(files / shows)
    return context


def shown(line: Line) -> bytes | None:
    """The certificate that the server showed."""
    assert isinstance(line.socket, ssl.SSLSocket)
    return line.socket.getpeercert(binary_form=True)


def made(files: Path, *, required: bool = False) -> Callable[[], ssl.SSLContext]:
    return lambda: server_context(files / "server.pem", files / "server.pem", client_ca=files / "root.pem", required=required)


@pytest.fixture(scope="module")
def running(files: Path) -> Iterator[tuple[Front, int]]:
    with fronted(pages, Limits(hello_seconds=0.5), make_context=made(files)) as both:
        yield both


@pytest.fixture(scope="module")
def port(running: tuple[Front, int]) -> int:
    return running[1]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_is_told_to_the_pages(files: Path, port: int, version: ssl.TLSVersion) -> None:
    context = client(files, "partner.pem")
    context.minimum_version = context.maximum_version = version
    mine = ssl.PEM_cert_to_DER_cert((files / "partner.pem").read_text("ascii").partition("-----BEGIN PRIVATE")[0])
    with Line(port, context=context) as line:
        for _ in range(2):
            line.send(GET)
            assert line.answer()[2] == f"https {hashlib.sha256(mine).hexdigest()} 0".encode()
        body = b"x" * 3_000_000
        line.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" + body)
        assert line.answer()[2].endswith(b" 3000000"), "long, with no key but a certificate"


def test_without_a_certificate_the_key_must_do(files: Path, port: int) -> None:
    with Line(port, context=client(files)) as line:
        line.send(GET)
        assert line.answer()[2] == b"https None 0"


def test_a_certificate_that_nobody_we_trust_has_signed_is_turned_away(files: Path, port: int) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)), Line(port, context=client(files, "stranger.pem")) as line:
        line.send(GET)
        line.answer()


def test_old_versions_are_not_spoken(files: Path, port: int) -> None:
    context = client(files)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.deprecated_call():
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Line(port, context=context)


def test_a_certificate_may_be_demanded(files: Path) -> None:
    with fronted(pages, make_context=made(files, required=True)) as (_, port):
        with Line(port, context=client(files, "partner.pem")) as line:
            line.send(GET)
            assert line.answer()[0] == 200
        with pytest.raises((ssl.SSLError, ConnectionError, EOFError)), Line(port, context=client(files)) as line:
            line.send(GET)
            line.answer()


@pytest.mark.parametrize("sent", [GET, b"\x16\x03\x01\x00\x05hello", b"\x00" * 50, b""])
def test_what_is_no_handshake_ends_the_connection(files: Path, port: int, sent: bytes) -> None:
    with Line(port) as line:
        line.send(sent)
        line.socket.settimeout(20)
        got = b""
        try:
            while piece := line.socket.recv(65_536):
                got += piece
        except ConnectionError:
            pass
        assert b"HTTP" not in got
    with Line(port, context=client(files)) as line:
        line.send(GET)
        assert line.answer()[0] == 200


def test_a_request_cut_off_without_a_farewell_is_not_answered(files: Path, running: tuple[Front, int]) -> None:
    """Whoever can cut the wire could otherwise make a shorter message of a longer one."""
    front, port = running
    with Line(port, context=client(files)) as line:
        line.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        socket.socket.shutdown(line.socket, socket.SHUT_WR)
        assert line.is_closed()
    assert eventually(lambda: not front._strangers)


def test_certificates_are_renewed_and_connections_go_on(files: Path, root: Paper, tmp_path: Path) -> None:
    mine = papers.server(root)
    mine.file(tmp_path / "server.pem")

    def context() -> ssl.SSLContext:
        return server_context(tmp_path / "server.pem", tmp_path / "server.pem")

    with fronted(pages, make_context=context) as (front, port), Line(port, context=client(files)) as old:
        old.send(GET)
        assert old.answer()[0] == 200
        papers.server(root).file(tmp_path / "server.pem")
        front.renew()
        with Line(port, context=client(files)) as new:
            assert shown(new) != shown(old)
        (tmp_path / "server.pem").write_text("no certificate", "ascii")
        front.renew()
        with Line(port, context=client(files)) as still:
            still.send(GET)
            assert still.answer()[0] == 200
        old.send(GET)
        assert old.answer()[0] == 200


@pytest.mark.parametrize(
    ("certificate", "key", "client_ca"),
    [
        ("none.pem", "server.pem", None),
        ("server.pem", "none.pem", None),
        ("server.pem", "partner.pem", None),
        ("root.pem", "root.pem", None),
        ("server.pem", "server.pem", "none.pem"),
    ],
)
def test_files_that_will_not_do_are_said_so_at_once(files: Path, certificate: str, key: str, client_ca: str | None) -> None:
    with pytest.raises(BadMessage) as refused:
        server_context(files / certificate, files / key, client_ca=None if client_ca is None else files / client_ca)
    assert refused.value.code == "CSS548E"


def test_certificates_cannot_be_demanded_where_nobody_could_sign_them(files: Path) -> None:
    with pytest.raises(BadMessage) as refused:
        server_context(files / "server.pem", files / "server.pem", required=True)
    assert refused.value.code == "CSS548E"
