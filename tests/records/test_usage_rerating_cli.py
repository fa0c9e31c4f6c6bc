"""``css usage rerate`` and ``css usage explain`` as typed, and that the runbook and the handbook show what they really say."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from css.cli import main
from css.db.engine import transaction
from css.settings import settings
from tests import builders
from tests.house.source import ROOT
from tests.records.billed import night
from tests.records.priced import FRANCE, NOON, PREMIUM, call, correct_tariff, rated

START = date(2026, 3, 2)


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Amy at a command line of her own."""
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("getpass.getuser", lambda: "amy")
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


@pytest.fixture(scope="module")
def empty(engine: Engine) -> Engine:
    """A district in which nobody has called; for what is refused before it comes to anything."""
    with transaction(engine) as session:
        builders.district(session, on=START)
    return engine


@pytest.fixture
def town(fresh_engine: Engine, at_home: pytest.MonkeyPatch) -> Engine:
    """Two lines with calls that are billed, and a tariff corrected since."""
    at_home.setenv("CSS_DATABASE_URL", fresh_engine.url.render_as_string(hide_password=False))
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START, sites=6)
        home, other = (
            builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=date(2026, 2, 1)) for _ in range(2)
        )
        made = [
            call(home.number),
            call(home.number, PREMIUM, 300, NOON + timedelta(hours=6, minutes=58)),
            call(other.number, FRANCE, 7200),
            call(home.number, at=NOON + timedelta(minutes=3)),
        ]
        rated(session, made, on=START)
        night(session, date(2026, 3, 5))
        correct_tariff(session, "RES", START, percent=50)
    return fresh_engine


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], list[str]]:
    """Exit status, and the lines on standard output and standard error."""
    capsys.readouterr()
    status = main(["usage", *words])
    out, err = capsys.readouterr()
    return status, out.splitlines(), err.splitlines()


def examples(page: str, heading: str) -> list[tuple[list[str], list[str]]]:
    """The commands in the text blocks of a chapter, and what the page says they print."""
    chapter = (ROOT / "docs" / page).read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    found: list[tuple[list[str], list[str]]] = []
    for block in re.findall(r"^```text\n(.*?)^```$", chapter, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((shlex.split(line)[2:], []))
            else:
                found[-1][1].append(line)
    return found


def test_the_examples_of_runbook_and_handbook_are_what_is_printed(town: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    shown = [*examples("batch-runbook.md", "Re-rating"), *examples("operator-handbook.md", "Why does this call cost that?")]
    assert len(shown) == 4
    for words, printed in shown:
        assert words[0] == "usage"
        assert said(capsys, *words[1:]) == (0, printed, [])


def test_calls_about_a_time_are_listed_and_one_alone_is_explained(town: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = said(capsys, "explain", "--number", "01632 960123", "--at", "2026-03-02")
    assert (status, [line.split()[0] for line in out]) == (0, ["1/1", "1/4", "1/2"])
    assert err == ["3 calls; `css usage explain` with the first column explains one."]
    assert said(capsys, "explain", "1/4")[1][0] == "Record 1/4 (10000004)"
    assert said(capsys, "explain", "10000004")[1] == said(capsys, "explain", "1/4")[1]
    zoned = said(capsys, "explain", "--number", "01632 960123", "--at", "2026-03-02T20:00:00+01:00")
    assert zoned[1][0] == "Record 1/2 (10000002)"
    status, out, err = said(capsys, "explain", "--number", "01632 960123", "--at", "2026-03-03")
    assert (status, out) == (4, [])
    assert err[0].startswith("No rated call of 01632 960123 about 2026-03-03")


def test_calls_left_as_they_are_end_with_4(town: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    with transaction(town) as session:
        session.connection().exec_driver_sql("UPDATE css.service SET ends_on = '2026-03-02', end_recorded_on = '2026-03-02'")
        session.connection().exec_driver_sql("UPDATE css.service_number SET ends_at = '2026-03-02 12:01+00'")
    status, out, _ = said(capsys, "rerate", "ZZ", "--from", "2026-03-02", "--reason", "Ceased.")
    assert (status, out[-1][:36]) == (4, "CSS413E           2 left as they are")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["rerate", "ZZ", "--reason", "x"], "CSS720E"),
        (["rerate", "ZZ", "--reason", "x", "--from", "March"], "CSS608E"),
        (["rerate", "ZZ", "--from", "2026-03-01"], "CSS002E"),
        (["rerate", "ZZ", "--reason", "x", "--from", "2026-03-01", "--by", "NOBODY"], "CSS691E"),
        (["rerate", "QQ", "--reason", "x", "--from", "2026-03-01"], "CSS101E"),
        (["explain"], "CSS729E"),
        (["explain", "1/1", "--number", "01632960123"], "CSS729E"),
        (["explain", "one"], "CSS673E"),
        (["explain", "9/9"], "CSS727E"),
        (["explain", "99999999999999999999"], "CSS673E"),
        (["explain", "--number", "01632960123"], "CSS729E"),
        (["explain", "--number", "01632960123", "--at", "noon"], "CSS729E"),
        (["explain", "--number", "01632960123", "--at", "9999-12-31"], "CSS729E"),
        (["explain", "--number", "01632960123", "--at", "0001-01-01"], "CSS729E"),
        (["explain", "--number", "01632960123", "--at", "9999-12-31 23:59"], "CSS729E"),
        (["explain", "--number", "0163x", "--at", "2026-03-02"], "CSS080E"),
    ],
)
def test_bad_input_is_one_sentence(
    empty: Engine, at_home: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], code: str
) -> None:
    at_home.setenv("CSS_DATABASE_URL", empty.url.render_as_string(hide_password=False))
    at_home.setattr("sys.stdin", io.StringIO("not the password\n"))
    status, out, err = said(capsys, *words)
    assert (status, out, len(err), err[0].split(" ")[0]) == (2, [], 1, code)
