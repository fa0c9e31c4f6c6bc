"""``css bills`` as typed: the runs of the nights, and that the runbook shows what they really say."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from billing.actions import set_bill_control
from billing.run_commands import SetBillControl
from css.cli import main
from css.core.errors import Refused
from css.db.engine import transaction
from css.settings import settings
from tests import builders
from tests.batch.test_bill_night import START, night
from tests.house.source import ROOT
from tests.records.billed import at, leave_item

MORNING = date(2026, 2, 6)


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Amy at a command line of her own."""
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("getpass.getuser", lambda: "amy")
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


@pytest.fixture
def morning(fresh_engine: Engine, at_home: pytest.MonkeyPatch, tmp_path: Path) -> Engine:
    """The night of the 5th waits for approval: three bills go out, one account lacks a name, one bill is absurd."""
    at_home.setenv("CSS_DATABASE_URL", fresh_engine.url.render_as_string(hide_password=False))
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START, sites=6)
        lines = [builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START) for _ in range(5)]
        leave_item(session, lines[4], "VISIT", "600000", date(2026, 1, 20), words="Visits")
        session.execute(text("UPDATE css.account SET billing_name = ' ' WHERE id = :id"), {"id": lines[3].account.id})
        session.execute(text("UPDATE css.business_date SET current_on = '2026-02-05', closed_through = '2026-02-04'"))
        command = SetBillControl(district_code="ZZ", sample_count=2, is_approval_required=True)
        set_bill_control(session, command, by=builders.OPERATOR, at=at(START))
    outcome = night(fresh_engine, tmp_path / "home")
    assert isinstance(outcome.error, Refused)
    assert outcome.error.code == "CSS780E"
    return fresh_engine


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], list[str]]:
    """Exit status, and the lines on standard output and standard error."""
    capsys.readouterr()
    status = main(["bills", *words])
    out, err = capsys.readouterr()
    return status, out.splitlines(), err.splitlines()


def examples() -> list[tuple[list[str], list[str]]]:
    """The commands in the chapter of the runbook, and what it says they print."""
    page = (ROOT / "docs" / "batch-runbook.md").read_text(encoding="utf-8")
    chapter = page.split("## Bill runs\n", 1)[1].split("\n## ", 1)[0]
    found: list[tuple[list[str], list[str]]] = []
    for block in re.findall(r"^```text\n(\$ .*?)^```$", chapter, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((shlex.split(line)[2:], []))
            else:
                found[-1][1].append(line)
    return found


@pytest.mark.usefixtures("morning")
def test_the_examples_of_the_runbook_are_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    shown = examples()
    assert [words[1] for words, _ in shown] == ["runs", "held", "parked", "sample", "release", "withdraw", "approve", "runs", "request"]
    for words, printed in shown:
        assert words[0] == "bills"
        status, out, _ = said(capsys, *words[1:])
        assert (status, out) == (0, printed), words


@pytest.mark.usefixtures("morning")
def test_a_run_is_asked_for_by_its_night_as_an_argument_or_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    last = said(capsys, "run", "ZZ")
    assert last[0] == 0
    assert said(capsys, "run", "ZZ", "2026-02-05") == said(capsys, "run", "ZZ", "--date", "2026-02-05") == last
    assert said(capsys, "run", "ZZ", "2030-01-01")[0] == 2
