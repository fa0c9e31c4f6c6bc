"""The page on questions: its examples run as they stand on a real socket, its samples are there, its codes are told."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine
from werkzeug.serving import make_server

import schemas
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, issue_key
from css.partners.gateway import create_application
from css.partners.messages import COMMANDS, QUESTIONS
from css.xml import read_message, schema_for, validate
from orders.messages.version2 import code_of
from orders.rules.kinds import KINDS
from tests import builders
from tests.builders import AT, OPERATOR
from tests.partners.asking import codes_of
from tests.partners.speaking import BRACKWATER, CLOCK, US, Scene

ROOT = schemas.DIRECTORY.parent
PAGE = (ROOT / "docs" / "partner-enquiries.md").read_text(encoding="utf-8")
(SHELL,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
(PROGRAM,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SAMPLES = sorted(set(re.findall(r"schemas/samples/valid/([a-z0-9-]+)\.xml", PAGE)))


@pytest.fixture(scope="module")
def environment(engine: Engine, district: Scene) -> Iterator[dict[str, str]]:
    """What the examples take for given."""
    with transaction(engine) as session:
        key = issue_key(session, IssuePartnerKey(provider_code=PARTNER, words="questions"), by=OPERATOR, at=AT)
    server = make_server("127.0.0.1", 0, create_application(engine, CLOCK), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    where = {"KEY": key, "GATEWAY": f"http://127.0.0.1:{server.server_port}", "SENDER": BRACKWATER.id, "RECEIVER": US.id}
    # The clock of this test stands in March 2026, and a message from the future is not taken.
    yield {**os.environ, **where, "NOW": AT.isoformat()}
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_shell_example_asks_and_is_answered(environment: dict[str, str]) -> None:
    done = subprocess.run(["sh", "-c", SHELL], env=environment, cwd=ROOT, capture_output=True, check=True, timeout=30)
    # The sample's postcode is nobody's in the district of this test.
    assert codes_of(done.stdout) == [("CSS530E", "LinePlantQuery/Query/Premises")]


def test_the_program_walks_every_line(environment: dict[str, str], engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    with transaction(engine) as session:
        account = builders.built_account(session, district.account, "")
        sites = {each.address_key: each for each in district.district.gold}
        lines = [builders.working_line(session, district.district, account, site=sites[site()]) for _ in range(3)]
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    assert done.stdout.splitlines() == sorted(f"+{line.number} {district.account} LINE-WHO" for line in lines)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_named_is_there_and_valid(name: str) -> None:
    root = read_message((schemas.SAMPLES / "valid" / f"{name}.xml").read_bytes())
    assert validate(root, schema_for(root)) == ()


def test_every_message_of_the_family_has_a_sample_and_a_row() -> None:
    shown = {str(read_message((schemas.SAMPLES / "valid" / f"{name}.xml").read_bytes()).tag).rpartition("}")[2] for name in SAMPLES}
    assert shown == schemas.roots("enquiry-1")
    table = PAGE.partition("| You send |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| ([A-Z][A-Za-z]+) \| ([A-Z][A-Za-z]+) \|", table, re.MULTILINE))
    assert set(rows) | set(rows.values()) == schemas.roots("enquiry-1")
    assert all(asked in {**COMMANDS, **QUESTIONS} for asked in rows)


def test_the_page_names_the_kinds_of_order_for_which_somebody_comes() -> None:
    kinds = [code_of(kind) for kind, rule in KINDS.items() if "appointment" in rule.needs | rule.may]
    assert f"{', '.join(kinds[:-1])}, {kinds[-1]}." in re.sub(r"\s+", " ", PAGE)
