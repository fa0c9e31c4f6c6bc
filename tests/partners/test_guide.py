"""The examples of the partner guide, run as they stand against the gateway on a real socket."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from sqlalchemy import Engine
from werkzeug.serving import make_server

import schemas
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners import gateway, inbox
from css.partners.gateway import create_application
from css.partners.keys import IssuePartnerKey, issue_key
from tests.builders import AT, OPERATOR
from tests.partners.speaking import CLOCK, Scene, codes, header, opened, orders_of, outbox, said, submit_order

ROOT = schemas.DIRECTORY.parent
GUIDE = (ROOT / "docs" / "partner-xml-guide.md").read_text(encoding="utf-8")
SHELL = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
PYTHON = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")


@pytest.fixture(scope="module")
def environment(engine: Engine, district: Scene) -> Iterator[dict[str, str]]:
    """What the examples take for given: the gateway's address and a key."""
    with transaction(engine) as session:
        key = issue_key(session, IssuePartnerKey(provider_code=PARTNER, words="guide"), by=OPERATOR, at=AT)
    server = make_server("127.0.0.1", 0, create_application(engine, CLOCK), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield {**os.environ, "KEY": key, "GATEWAY": f"http://127.0.0.1:{server.server_port}"}
    server.shutdown()
    thread.join()
    server.server_close()


@needs_curl
def test_the_shell_examples_send_and_fetch(environment: dict[str, str], tmp_path: Path) -> None:
    assert len(SHELL) == 2
    (tmp_path / "schemas").symlink_to(ROOT / "schemas")
    answers = []
    for words in SHELL:
        done = subprocess.run(["sh", "-c", words], env=environment, cwd=tmp_path, capture_output=True, check=True, timeout=30)
        answers.append(done.stdout)
    assert said(opened(answers[0]), "Receipt/Result") == "RECEIVED"
    # The sample's account is nobody's in the district of this test.
    assert codes(answers[1]) == [("CSS200E", "SubmitOrder/Order/AccountNumber")]
    assert "CSS-Sequence: 1" in (tmp_path / "headers.txt").read_text(encoding="ascii")


def test_the_python_example_is_a_whole_partner(
    environment: dict[str, str], engine: Engine, district: Scene, site: Callable[[], str], tmp_path: Path
) -> None:
    (program,) = PYTHON
    (tmp_path / "partner.py").write_text(program, encoding="utf-8")
    head = header()
    message = tmp_path / "order.xml"
    message.write_bytes(submit_order(district.account, site(), head=head))

    done = subprocess.run(
        [sys.executable, "partner.py"],
        env={**environment, "MESSAGE": str(message)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    documents = outbox(engine)
    assert done.stdout == f"{message} 202\nkept up to {len(documents)}\n"
    kept = [opened(path.read_bytes()) for path in sorted(tmp_path.glob("0*.xml"))]
    assert [said(root, "Header/MessageId") for root in kept] == [said(root, "Header/MessageId") for root in documents]
    assert len(orders_of(engine, head.message_id)) == 1


def test_the_guide_names_every_status_the_gateway_gives() -> None:
    named = {int(number) for row in re.findall(r"^\| ([0-9, ]+), [A-Z]+ \|", GUIDE, re.MULTILINE) for number in row.split(",")}
    sources = "".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in (gateway, inbox))
    given = {HTTPStatus[name].value for name in re.findall(r"HTTPStatus\.([A-Z_]+)\b", sources)}
    assert given - {204} == named
