"""``css gateway`` as its users run it: over TLS, with curl, with certificates, killed and told to stop."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

import schemas
from css import cli, settings
from css.db.engine import transaction
from css.handover import outbox_last_sequence
from css.master.clocks import live_by_business_date
from css.master.reference import PARTNER
from css.partners.access.certificates import RegisterPartnerCertificate, register_partner_certificate
from css.partners.access.keys import IssuePartnerKey, issue_key
from css.partners.access.terms import HOUSE_TERMS
from css.partners.front.limits import Limits
from css.partners.front.secure import server_context
from css.partners.front.store import PARTS
from css.settings import Settings
from css.xml import ELEMENTS_MAX, MESSAGE_BYTES_MAX, read_header
from tests.builders import OPERATOR
from tests.partners import papers
from tests.partners.papers import Paper
from tests.partners.running import Running, gateway, until
from tests.partners.speaking import AT, RIVAL_CODE, Scene, header, opened, orders_of, said, scene, submit_order

PAGE = (schemas.DIRECTORY.parent / "docs" / "partner-transport.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
"""For partners, and for whoever runs it."""
YESTERDAY = AT - timedelta(days=1)
"""The house's clock there shows the day of AT and the wall's time of day, which may be before that of AT."""
pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="processes are looked at by /proc"),
    pytest.mark.timeout(120),
]


@pytest.fixture(scope="module")
def district(engine: Engine) -> Scene:
    with transaction(engine) as session:
        built = scene(session, sites=12)
        live_by_business_date(session, "ZZ", by=OPERATOR, at=AT)
        return built


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gateway")


@pytest.fixture(scope="module")
def root() -> Paper:
    return papers.authority()


@pytest.fixture(scope="module")
def brackwater(root: Paper, folder: Path) -> Paper:
    made = papers.partner(root)
    made.file(folder / "partner.pem")
    return made


@pytest.fixture(scope="module")
def keys(engine: Engine, district: Scene, brackwater: Paper) -> dict[str, str]:
    with transaction(engine) as session:
        command = RegisterPartnerCertificate(provider_code=PARTNER, pem=brackwater.pem, words="test")
        register_partner_certificate(session, command, by=OPERATOR, at=YESTERDAY)
        return {
            code: issue_key(session, IssuePartnerKey(provider_code=code, words="test"), by=OPERATOR, at=YESTERDAY)
            for code in (PARTNER, RIVAL_CODE)
        }


@pytest.fixture(scope="module")
def running(engine: Engine, folder: Path, root: Paper, keys: dict[str, str]) -> Iterator[Running]:
    papers.server(root).file(folder / "server.pem")
    (folder / "root.pem").write_text(root.pem, "ascii")
    words = ["--certificate", str(folder / "server.pem"), "--client-ca", str(folder / "root.pem")]
    with gateway(engine, folder, *words) as made:
        yield made


def connection(running: Running, folder: Path, shows: str | None = None) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=folder / "root.pem")
    if shows:
        context.load_cert_chain(folder / shows)
    return http.client.HTTPSConnection("127.0.0.1", running.port, timeout=30, context=context)


def order(running: Running, folder: Path, keys: dict[str, str], address_key: str, district: Scene) -> None:
    """Something that is answered in the outbox."""
    data = submit_order(district.account, address_key, head=header(created_at=YESTERDAY))
    with closing(connection(running, folder)) as line:
        proof = {"Authorization": f"Bearer {keys[PARTNER]}", "Content-Type": "application/xml"}
        line.request("POST", "/partner/v1/messages", body=data, headers=proof)
        assert line.getresponse().status == 202


def outbox_last(engine: Engine) -> int:
    with transaction(engine) as session:
        return outbox_last_sequence(session, PARTNER)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_curl_posts_a_file_and_what_it_asks_is_done_beside(
    running: Running, folder: Path, keys: dict[str, str], engine: Engine, district: Scene
) -> None:
    """As the page on the transport shows it: with a key, and with a certificate alone."""
    for number, proof in enumerate((["--header", f"Authorization: Bearer {keys[PARTNER]}"], ["--cert", str(folder / "partner.pem")])):
        head = header(created_at=YESTERDAY)
        file = folder / "order.xml"
        file.write_bytes(submit_order(district.account, district.district.gold[number].address_key, head=head))
        words = ["curl", "--silent", "--show-error", "--cacert", str(folder / "root.pem"), *proof]
        words += ["--header", "Content-Type: application/xml", "--data-binary", f"@{file}", f"{running.url}/messages"]
        done = subprocess.run(words, capture_output=True, check=True, timeout=30)
        assert said(opened(done.stdout), "Receipt/Result") == "RECEIVED"
        begun = time.monotonic()
        while not orders_of(engine, head.message_id) and until(begun):
            pass
        assert len(orders_of(engine, head.message_id)) == 1


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_page_on_the_transport_shows_how(
    running: Running, folder: Path, keys: dict[str, str], engine: Engine, district: Scene, tmp_path: Path
) -> None:
    order(running, folder, keys, district.district.gold[3].address_key, district)
    begun = time.monotonic()
    while not outbox_last(engine) and until(begun):
        pass
    partners, _ = EXAMPLES
    # One file holds both, and may be named for each.
    both = dict.fromkeys(("CERTIFICATE", "CERTIFICATE_KEY"), str(folder / "partner.pem"))
    given = {"CA": str(folder / "root.pem"), "KEY": keys[PARTNER], "GATEWAY": running.url.removesuffix("/partner/v1"), **both}
    done = subprocess.run(
        ["sh", "-ec", partners], env=os.environ | given, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip().lower() == "css-sequence: 1"
    opened((tmp_path / "document.xml").read_bytes())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here")
def test_the_page_on_the_transport_makes_a_certificate_that_serves(tmp_path: Path) -> None:
    _, operators = EXAMPLES
    making, _, command = operators.partition("css gateway")
    subprocess.run(["sh", "-ec", making], cwd=tmp_path, capture_output=True, timeout=30, check=True)
    given = command.split()
    server_context(*(tmp_path / given[given.index(option) + 1] for option in ("--certificate", "--key")))


def test_the_page_on_the_transport_tells_the_limits_that_hold() -> None:
    limits = Limits()
    for number in (
        MESSAGE_BYTES_MAX, ELEMENTS_MAX, limits.body_bytes, limits.head_bytes, limits.fields, limits.target_bytes, limits.chunks,
        limits.short_bytes, limits.store_bytes, limits.store_bytes // PARTS, limits.waiting, limits.connections_a_peer,
        limits.bytes_a_second, HOUSE_TERMS.messages_a_minute, HOUSE_TERMS.at_once,
    ):  # fmt: skip
        assert re.search(rf"(?<![\d,]){number:,}(?!\d|,\d)", PAGE), f"{number:,}"
    seconds = {limits.hello_seconds, limits.head_seconds, limits.body_seconds, limits.answer_seconds}
    assert (seconds, limits.idle_seconds) == ({10}, 60)
    assert (limits.threads, limits.threads_a_peer, limits.threads_for_long) == (8, 6, 2), "told in words"


def test_a_key_and_a_certificate_must_be_of_one_partner(
    running: Running, folder: Path, keys: dict[str, str], engine: Engine, district: Scene
) -> None:
    order(running, folder, keys, district.district.gold[4].address_key, district)
    begun = time.monotonic()
    while not outbox_last(engine) and until(begun):
        pass
    for key, shows, status in (
        (keys[PARTNER], "partner.pem", 200),
        (keys[PARTNER], None, 200),
        (None, "partner.pem", 200),
        (keys[RIVAL_CODE], "partner.pem", 401),
        ("css-unknown", "partner.pem", 401),
        (None, "server.pem", 401),
        (None, None, 401),
    ):
        with closing(connection(running, folder, shows)) as line:
            line.request("GET", "/partner/v1/outbox?after=0", headers={} if key is None else {"Authorization": f"Bearer {key}"})
            answer = line.getresponse()
            document = opened(answer.read())
        assert answer.status == status, (key is None, shows)
        if status == 200:
            assert read_header(document).message_type == "OrderUpdate"


def test_a_process_that_is_killed_is_replaced_and_nobody_is_turned_away(running: Running, folder: Path, keys: dict[str, str]) -> None:
    begun = time.monotonic()
    while len(before := running.children()) < 4 and until(begun):
        pass
    assert len(before) == 4, "two that take requests, one that does what was taken, one that delivers"
    os.kill(before[0], signal.SIGKILL)
    begun = time.monotonic()
    while (len(now := running.children()) < 4 or before[0] in now) and until(begun):
        pass
    assert len(now) == 4
    for _ in range(8):
        with closing(connection(running, folder)) as line:
            line.request("GET", "/partner/v1/outbox?after=0", headers={"Authorization": f"Bearer {keys[PARTNER]}"})
            assert line.getresponse().status == 200
    assert "process of the gateway died" in running.said()


def test_a_new_certificate_is_shown_after_a_signal(running: Running, folder: Path, root: Paper) -> None:
    new = papers.server(root)
    new.file(folder / "server.pem")
    running.process.send_signal(signal.SIGHUP)
    begun, shown = time.monotonic(), ""
    while shown != new.pem and until(begun):
        with closing(connection(running, folder)) as line:
            line.connect()
            assert isinstance(line.sock, ssl.SSLSocket)
            shown = ssl.DER_cert_to_PEM_cert(line.sock.getpeercert(binary_form=True) or b"")
    assert shown == new.pem


def test_all_end_with_their_parent(engine: Engine, tmp_path: Path, district: Scene) -> None:
    """Even with one that had no time to tell them."""
    with gateway(engine, tmp_path, "--workers", "1", ended=-signal.SIGKILL) as running:
        begun = time.monotonic()
        while len(children := running.children()) < 3 and until(begun):
            pass
        assert len(children) == 3
        running.process.kill()
        while any(_lives(pid) for pid in children) and until(begun):
            pass
        assert not any(_lives(pid) for pid in children)


def _lives(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text("ascii", errors="replace")
    except OSError:
        return False


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--host", "0.0.0.0"], "CSS549E"),  # noqa: S104 - that it is refused is what is shown
        (["--certificate", "none.pem"], "CSS548E"),
        (["--key", "none.pem"], "CSS548E"),
        (["--client-certificates", "required"], "CSS548E"),
        (["--host", "192.0.2.1", "--certificate", "CERTIFICATE"], "CSS388E"),
        (["--workers", "0"], "CSS002E"),
    ],
)
def test_what_cannot_run_is_said_at_once(
    words: list[str], code: str, folder: Path, running: Running, engine: Engine, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    chosen = Settings(home=folder, database_url=engine.url.render_as_string(hide_password=False))
    for place in (cli, settings):
        monkeypatch.setattr(place, "settings", lambda: chosen)
    monkeypatch.setattr("css.cli.gateway.settings", lambda: chosen, raising=True)
    given = [str(folder / "server.pem") if word == "CERTIFICATE" else word for word in words]
    assert cli.main(["gateway", "--port", "0", *given]) == 2
    assert code in capsys.readouterr().err
