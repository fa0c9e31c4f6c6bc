"""Where documents may be pushed to, and whom a server has to be: nothing of our own, and nobody who cannot prove its name."""

from __future__ import annotations

import ipaddress
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from css.core.errors import BadMessage
from css.partners.access.push_reach import Reach, networks_of, parts_of, reach_of, refuse_push_url
from css.partners.bringing import pushing
from css.partners.bringing.pushing import push
from css.settings import read
from tests.partners.receiving import HERE, receiver

NOWHERE = Reach(seconds=2)
"""As it is unless a setting says otherwise."""

OURS = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 - nothing listens there: it is an address to be refused
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
]


@pytest.mark.parametrize("host", OURS)
def test_nothing_goes_to_addresses_of_our_own(host: str) -> None:
    outcome = push(f"https://{host}/", b"<D/>", {}, reach=NOWHERE)
    assert not outcome.is_delivered
    assert outcome.words == "Not sent: the address is not one to which documents may be pushed."
    with pytest.raises(BadMessage) as refusal:
        refuse_push_url(f"https://{host}/", NOWHERE)
    assert refusal.value.code == "CSS580E"


@pytest.mark.parametrize("spelt", ["2130706433", "0x7f.1", "127.1", "017700000001", "localhost"])
def test_however_our_own_address_is_spelt(spelt: str) -> None:
    outcome = push(f"https://{spelt}/", b"<D/>", {}, reach=NOWHERE)
    assert outcome.words in {
        "Not sent: the address is not one to which documents may be pushed.",
        "Not sent: the name of the server cannot be resolved.",
    }


def test_a_name_is_judged_by_every_address_it_has_and_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name service of a hostile partner answers one thing when it is looked at and another when it is used."""
    asked = []

    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))
        inside = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", port))
        return [public, inside]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    outcome = push("https://partner.example.com/", b"<D/>", {}, reach=NOWHERE)
    assert outcome.words == "Not sent: the address is not one to which documents may be pushed."
    assert asked == ["partner.example.com"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://partner.example.com/",
        "file:///etc/passwd",
        "https://",
        "https://user:word@partner.example.com/",
        "https://partner.example.com/#part",
        "https://partner.example.com:0/",
        "https://partner.example.com:99999/",
        "https://partner.example.com/a b",
        "https://partner.example.com/\r\nX: y",
        "https://partner.example.com/\N{LATIN SMALL LETTER E WITH ACUTE}",
        "https://[::1",
        "gopher://partner.example.com/",
        "http://partner.example.com/",
    ],
)
def test_what_is_no_address_to_push_to_is_refused_when_it_is_set(url: str) -> None:
    with pytest.raises(BadMessage) as refusal:
        refuse_push_url(url, NOWHERE)
    assert refusal.value.code == "CSS580E"
    assert not push(url, b"<D/>", {}, reach=NOWHERE).is_delivered


def test_a_good_address_is_taken() -> None:
    refuse_push_url("https://partner.example.com:8443/css?for=us", NOWHERE)
    refuse_push_url("http://127.0.0.1:8080/", HERE)


def test_networks_of_ours_are_named_by_a_setting() -> None:
    reach = reach_of(read({"CSS_PUSH_NETWORKS": "10.20.0.0/16, ::1/128"}))
    assert reach.allows(ipaddress.ip_address("10.20.3.4"))
    assert reach.allows(ipaddress.ip_address("::1"))
    assert not reach.allows(ipaddress.ip_address("10.21.0.1"))
    with pytest.raises(BadMessage, match="CSS_PUSH_NETWORKS") as refusal:
        networks_of("10.20.0.1/16")
    assert refusal.value.code == "CSS001E"


def test_without_tls_nothing_leaves_our_own_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 80))])
    outcome = push("http://partner.example.com/", b"<D/>", {}, reach=HERE)
    assert outcome.words == "Not sent: without TLS documents are pushed nowhere but in networks of ours."


def test_a_header_is_one_line_whatever_is_put_into_it() -> None:
    parts = parts_of("https://partner.example.com/a?b=c")
    head = pushing._request(parts, b"<D/>", {"Authorization": "Bearer one\r\nX-Two: three"})
    assert b"\r\nX-Two" not in head
    assert head.startswith(b"POST /a?b=c HTTP/1.1\r\nHost: partner.example.com\r\n")


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost and its key, signed by itself."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl here")
    home = tmp_path_factory.mktemp("papers")
    words = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out server.pem"
    )
    subprocess.run(["openssl", *words.split()], cwd=home, check=True, capture_output=True, timeout=60)
    return home


def tls(papers: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers / "server.pem", papers / "key.pem")
    return context


def test_a_server_proves_its_name_by_its_certificate(papers: Path) -> None:
    trusting = Reach(HERE.networks, str(papers / "server.pem"), seconds=5)
    with receiver(tls=tls(papers)) as server:
        known = push(f"https://localhost:{server.port}/", b"<D/>", {"CSS-Sequence": "1"}, reach=trusting)
        assert known.is_delivered, known
        other_name = push(f"https://127.0.0.1:{server.port}/", b"<D/>", {}, reach=trusting)
        unknown = push(f"https://localhost:{server.port}/", b"<D/>", {}, reach=Reach(HERE.networks, seconds=5))
        assert [request.body for request in server.came] == [b"<D/>"]
    words = "Not sent: the server's certificate is not one to be trusted for its name."
    assert (other_name.words, unknown.words) == (words, words)


def test_a_server_that_speaks_no_tls_gets_nothing() -> None:
    with receiver() as server:
        outcome = push(f"https://localhost:{server.port}/", b"<D/>", {}, reach=HERE)
        assert not outcome.is_delivered
        assert server.came == []


def test_nobody_there_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert push(f"http://127.0.0.1:{port}/", b"<D/>", {}, reach=HERE).words == "Not sent: nobody listens at the address."
