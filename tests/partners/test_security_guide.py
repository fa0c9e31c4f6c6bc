"""The page on security, held against what there is: its commands run, its tables are those of the program."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from werkzeug.serving import make_server

import schemas
from css.cli import main
from css.db.engine import transaction
from css.db.wall import READS
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, issue_key, partner_of
from css.partners.access.terms import HOUSE_TERMS
from css.partners.gateway import create_application
from css.settings import settings
from tests.builders import AT, OPERATOR
from tests.partners.speaking import CLOCK
from tests.partners.test_partner_keys import certificate

PAGE = (schemas.DIRECTORY.parent / "docs" / "partner-security.md").read_text(encoding="utf-8")
SHELL = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
(SQL,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [line for block in SHELL for line in block.replace("\\\n", " ").splitlines() if line.startswith("css ")]


@pytest.fixture
def gateway(engine: Engine) -> Iterator[dict[str, str]]:
    with transaction(engine) as session:
        key = issue_key(session, IssuePartnerKey(provider_code=PARTNER, words="page"), by=OPERATOR, at=AT)
    server = make_server("127.0.0.1", 0, create_application(engine, CLOCK), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield {**os.environ, "KEY": key, "GATEWAY": f"http://127.0.0.1:{server.server_port}"}
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="there is no curl or no openssl here")
def test_what_partners_do_works_as_written(gateway: dict[str, str], tmp_path: Path) -> None:
    fetch, request = [block for block in SHELL if not block.startswith("css ")]
    for words in (fetch.replace("curl", "curl --fail"), request):
        subprocess.run(["sh", "-c", words], env=gateway, cwd=tmp_path, capture_output=True, check=True, timeout=30)
    assert "BEGIN CERTIFICATE REQUEST" in (tmp_path / "gateway.csr").read_text(encoding="ascii")
    wrong = subprocess.run(["sh", "-c", fetch], env=gateway | {"KEY": "css-no"}, capture_output=True, text=True, check=True, timeout=30)
    assert "CSS556E" in wrong.stdout


def test_what_operators_do_works_as_written(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the order of the page, in an installation that has no key and no certificate yet."""
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE partners.partner_key, partners.partner_certificate RESTART IDENTITY"))
    monkeypatch.setenv("CSS_DATABASE_URL", engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path))
    settings.cache_clear()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gateway.pem").write_text(certificate(days=36_500)[0], encoding="ascii")
    (tmp_path / "push.key").write_text("theirs\n", encoding="ascii")
    assert len(COMMANDS) == 12
    for command in COMMANDS:
        assert main(shlex.split(command)[1:]) == 0, command
        assert "Traceback" not in capsys.readouterr().err
    settings.cache_clear()


def test_the_wall_looked_at_by_hand_is_as_told(engine: Engine) -> None:
    with transaction(engine) as session:
        number = partner_of(session, PARTNER).provider_id
    counts = []
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in filter(str.strip, SQL.replace("'2'", f"'{number}'").split(";")):
            result = connection.execute(text(statement))
            if "count" in statement:
                counts.append(tuple(result.one()))
    assert counts[0] == (0,)
    assert counts[1][1] <= 1


def test_the_page_lists_what_the_role_reads() -> None:
    listed = PAGE.partition("<!-- reads -->")[2].partition("<!-- /reads -->")[0]
    assert re.findall(r"`([a-z_.]+)`", listed) == sorted(READS)


def test_the_page_has_the_terms_of_the_house() -> None:
    for name in ("messages_a_minute", "at_once", "replay_days", "gap_minutes"):
        assert f"| {name.replace('_', '-')} | {getattr(HOUSE_TERMS, name)} |" in PAGE
    assert f"| way | {HOUSE_TERMS.way.value} |" in PAGE
