"""The page for partners about faults: its tables say what the code does, and its examples run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from werkzeug.serving import make_server

import schemas
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, issue_key
from css.partners.gateway import create_application
from repairs.rules.clear import CLEAR_CODES
from repairs.rules.clock_words import REASONS
from repairs.rules.lifecycle import TMF621
from repairs.rules.partner_words import KIND_WORDS, code_of, tmf_code
from repairs.rules.report import CHARGE_BANDS, SYMPTOMS
from repairs.words import Location
from tests.builders import AT, OPERATOR
from tests.partners.fault_speaking import Trouble, cleared, reported, trouble
from tests.partners.speaking import CLOCK, opened, said

ROOT = schemas.DIRECTORY.parent
PAGE = (ROOT / "docs" / "partner-faults.md").read_text(encoding="utf-8")
(SHELL,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
(PYTHON,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def table(head: str) -> list[list[str]]:
    """The rows of the table whose first heading is this."""
    found = re.search(rf"^\| {head} \|.*\n\|(?: --- \|)+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found is not None, head
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found[1].splitlines()]


def test_the_published_lists_are_those_of_the_code() -> None:
    assert [row[0] for row in table("Symptom")] == list(SYMPTOMS)
    assert {row[0]: (row[1], row[2] == "yes", row[3] or None) for row in table("Symptom")} == {
        code: (symptom.words, symptom.is_total_loss, symptom.needs_product) for code, symptom in SYMPTOMS.items()
    }
    assert {int(row[0]): row[1] for row in table("Band")} == CHARGE_BANDS
    assert {row[0]: row[1] for row in table("Kind")} == dict(KIND_WORDS)
    assert [(row[0], row[1]) for row in table("State")] == [(tmf_code(name), code_of(state)) for state, name in TMF621.items()]
    assert {row[0]: (row[1], row[2] == "stands") for row in table("Reason")} == {
        code_of(reason): (words, reason.stops_clock) for reason, words in REASONS.items()
    }
    assert [row[0] for row in table("Location")] == [location.value for location in Location]
    assert {row[0]: (row[1], bool(row[2]), row[3] == "yes") for row in table("Clear")} == {
        code: (clear.words, clear.chargeable, clear.sla_applies) for code, clear in CLEAR_CODES.items()
    }


@pytest.fixture(scope="module")
def environment(engine: Engine) -> Iterator[dict[str, str]]:
    """What the examples take for given: the gateway's address and a key. NOW is the instant of the test's own clock."""
    with transaction(engine) as session:
        town: Trouble = trouble(session, lines=3)
        key = issue_key(session, IssuePartnerKey(provider_code=PARTNER, words="guide"), by=OPERATOR, at=AT)
    numbers = [reported(engine, line.number) for line in town.lines]
    cleared(engine, numbers[0])
    server = make_server("127.0.0.1", 0, create_application(engine, CLOCK), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield {
        **os.environ,
        "KEY": key,
        "GATEWAY": f"http://127.0.0.1:{server.server_port}",
        "NOW": "2026-03-02T10:00:00Z",
        "NUMBERS": " ".join(sorted(numbers)),
        "CLEARED": numbers[0],
    }
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_shell_example_reports_a_fault(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "schemas").symlink_to(ROOT / "schemas")
    done = subprocess.run(["sh", "-c", SHELL], env=environment, cwd=tmp_path, capture_output=True, check=True, timeout=30)
    assert said(opened(done.stdout), "Receipt/Result") == "RECEIVED"


def test_the_python_example_lists_the_faults(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "faults.py").write_text(PYTHON, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "faults.py"], env=environment, cwd=tmp_path, capture_output=True, check=True, timeout=30, text=True
    )
    rows = [line.split(" ", 2) for line in done.stdout.splitlines()]
    stages = {number: stage for number, stage, _ in rows}
    assert set(environment["NUMBERS"].split()) <= set(stages)
    assert stages[environment["CLEARED"]] == "CLEARED"
