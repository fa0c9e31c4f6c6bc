"""``css usage suspense`` and its neighbours as typed: what they print, their exit status, and one sentence for bad input."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from css.cli import main
from css.core.words import Role
from css.db.engine import transaction
from css.master.commands import AddOperator
from css.master.enrol import add_operator
from css.settings import settings
from tests import builders
from tests.builders import AT, DAY
from tests.records.suspended import LIVE, NOON, UNKNOWN, aside, call, open_count, parts_of, rated, wait

PASSWORD = "correct horse battery"
WHY = ["--reason-text", "The order came late."]


@pytest.fixture
def town(fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A line, calls of it and of nobody that wait, a duplicate, and a long call without its middle."""
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CSS_DATABASE_URL", fresh_engine.url.render_as_string(hide_password=False))
    settings.cache_clear()
    with transaction(fresh_engine) as session:
        zz = builders.district(session)
        builders.working_line(session, zz, builders.account(session, zz), number=LIVE)
        long_call = parts_of(NOON, (3_600, 3_600, 60))
        wait(session, [call(charged_number=LIVE), call(), call(charged_number=LIVE, outcome="duplicate", reason_code="CSS666E")])
        wait(session, [long_call[0], long_call[2]], sequence=2, on=DAY - timedelta(days=40))
    yield fresh_engine
    settings.cache_clear()


@pytest.fixture(scope="module")
def quiet(engine: Engine) -> Engine:
    """A district in which nothing waits; for what is refused before it comes to anything."""
    with transaction(engine) as session:
        builders.district(session)
    return engine


def said(capsys: pytest.CaptureFixture[str], status: int, *words: str) -> tuple[list[str], list[str]]:
    """The lines on standard output and standard error of a command that ends so."""
    capsys.readouterr()
    assert main(["usage", *words]) == status
    out, err = capsys.readouterr()
    return out.splitlines(), err.splitlines()


def test_what_waits_is_listed_by_reason_and_age_and_one_by_one(town: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, 0, "suspense", "ZZ")
    assert [line.split()[:7] for line in out[1:]] == [
        ["CSS412E", "2", "244", "2", "0", "0", "0"],
        ["CSS700W", "2", "3,660", "0", "0", "2", "0"],
    ]
    assert err == ["4 waiting since 2026-01-21; `--detail` lists them."]
    out, err = said(capsys, 0, "suspense", "ZZ", "--detail", "--reason", "CSS412E", "--number", "01632 9607")
    assert out == [
        "1/2               2026-03-02  CSS412E  02 Mar 2026 12:00:00  441632960777 to 442079460123  122 s",
        "    The number charged belongs to no service.",
    ]
    assert err == ["1 shown of 1."]
    assert said(capsys, 0, "suspense", "ZZ", "--older", "41") == ([], ["Nothing waits in ZZ that is so."])


def test_a_replay_says_what_it_rated_and_ends_with_4_while_something_waits(town: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    preview, _ = said(capsys, 4, "replay", "ZZ", *WHY, "--reason", "CSS412E", "--preview")
    assert preview[0].startswith("2 looked at: 1 rated, 0 zero-rated, 1 still waiting; £0.")
    assert preview[0].endswith(" before VAT. Nothing was changed.")
    with transaction(town) as session:
        assert (open_count(session), rated(session)) == (4, [])
    out, _ = said(capsys, 4, "replay", "ZZ", *WHY, "--reason", "CSS412E")
    assert out[0] == preview[0].replace(". Nothing was changed.", ", rated on 2026-03-02.")
    assert out[1] == f"CSS412E           1  The number charged '{UNKNOWN}' belongs to no service."
    out, _ = said(capsys, 4, "replay", "ZZ", *WHY, "--record", "1/2")
    assert out[0].startswith("1 looked at: 0 rated")


def test_a_duplicate_is_accepted_and_what_nobody_wants_is_written_off(town: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, 0, "accept", "ZZ", "1/3", *WHY)
    assert out[0].startswith("1 looked at: 1 rated, 0 zero-rated, 0 still waiting; ")
    out, _ = said(capsys, 0, "write-off", "ZZ", *WHY, "--number", UNKNOWN, "--preview")
    assert out == ["1 record, 122 seconds of calls, would be written off; nothing was changed."]
    assert said(capsys, 2, "write-off", "ZZ", *WHY, "--number", UNKNOWN, "--expect", "7")[1][0].startswith("CSS712E ")
    assert said(capsys, 0, "write-off", "ZZ", *WHY, "--number", UNKNOWN)[0] == ["1 record, 122 seconds of calls, written off."]


def test_a_long_call_is_shown_and_put_together_by_hand(town: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    (alarm,) = (line for line in said(capsys, 4, "alarms", "ZZ")[0] if line.startswith("CSS672W "))
    assert alarm.endswith(", and wait: lacks part 2")
    out, err = said(capsys, 0, "chains", "ZZ")
    assert out == [
        f"NTHTEL        G17                       {LIVE}  began 02 Mar 2026 12:00:00",
        "    2 parts of 3,660 seconds, the newest of 2026-01-21; lacks part 2.",
        "    CSS700W This part of the long call 'G17' waits for the others.",
    ]
    assert err == ["1 shown."]
    out, _ = said(capsys, 0, "assemble", "ZZ", "NTHTEL", "G17", *WHY)
    assert out[0].startswith("2 looked at: 2 rated, 0 zero-rated, 0 still waiting; ")
    assert said(capsys, 0, "chains", "ZZ") == ([], ["No long call waits in ZZ."])


def test_authority_is_that_of_the_operator_who_gives_a_password(
    town: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction(town) as session:
        for code, role in (("BILL", Role.BILLING), ("SUE", Role.SUPERVISOR)):
            operator = AddOperator(code=code, name=code.title(), team="Usage", password=PASSWORD, roles=(role,))
            add_operator(session, operator, by=builders.SYSTEM, at=AT)
    words = ["write-off", "ZZ", *WHY, "--record", "1/2", "--by"]
    for code, status in (("BILL", 2), ("SUE", 0)):
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
        assert said(capsys, status, *words, code) == (
            (["1 record, 122 seconds of calls, written off."], []) if status == 0 else ([], ["CSS443E BILL may not write off usage."])
        )
    with transaction(town) as session:
        assert aside(session, 10_000_002).settled_by == "SUE"


def test_nothing_late_is_nothing_approved(town: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, 0, "approve", "ZZ", *WHY)[0] == [
        "0 looked at: 0 rated, 0 zero-rated, 0 still waiting; £0.00 before VAT, rated on 2026-03-02."
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("suspense QQ", "CSS101E "),
        ("suspense ZZ --reason never", "CSS718E 'never' is no reason; write it like CSS412E."),
        ("suspense ZZ --number 44x", "CSS718E '44x' is not how a telephone number begins; write digits."),
        ("suspense ZZ --older -1", "CSS002E "),
        ("replay ZZ", "CSS002E Missing option '--reason-text'"),
        ("replay ZZ --reason-text Mended. --from yesterday", "CSS608E 'yesterday' is not a date"),
        ("replay ZZ --reason-text Mended. --record x", "CSS673E 'x' is no record; write it like 12/345, the file's id and the line."),
        (
            "replay ZZ --reason-text Mended. --record 12/345",
            "CSS713E Record 12/345 is not among those that can be settled so: it was settled already",
        ),
        ("replay QQ --reason-text Mended.", "CSS101E "),
        ("replay ZZ --reason-text x --file 99999999999999999999", "CSS668E There is no usage file 9"),
        ("approve ZZ --reason-text x --file 99999999999999999999", "CSS668E There is no usage file 9"),
        ("write-off ZZ --reason-text x --file 99999999999999999999", "CSS668E There is no usage file 9"),
        ("replay ZZ --reason-text x --file 9", "CSS668E There is no usage file 9;"),
        ("write-off ZZ --reason-text All.", "CSS711E "),
        ("accept ZZ 9/9 --reason-text Two.", "CSS713E "),
        ("chains QQ", "CSS101E "),
        ("assemble ZZ NTHTEL G99 --reason-text Lost.", "CSS714E "),
    ],
)
def test_bad_input_is_one_sentence(
    quiet: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: str, sentence: str
) -> None:
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CSS_DATABASE_URL", quiet.url.render_as_string(hide_password=False))
    settings.cache_clear()
    out, err = said(capsys, 2, *words.split())
    assert out == []
    (line,) = err
    assert line.startswith(sentence)
    settings.cache_clear()
