"""``css night`` and ``css check`` from the command line: nights in their turn, what they did, and one sentence for what is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text

from batch.balance import BookBreach
from batch.steps import books
from css.cli import main
from css.db.engine import transaction
from css.migrations.tables import METADATA
from css.settings import settings
from tests import builders

FIRST = date(2026, 3, 2)
"""The first night of a district that opened on that day."""


@pytest.fixture(autouse=True)
def home(fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation of its own, with a district in which one line works."""
    monkeypatch.setenv("CSS_DATABASE_URL", fresh_engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CSS_WORKERS", "1")
    settings.cache_clear()
    with transaction(fresh_engine) as session:
        zz = builders.district(session)
        builders.working_line(session, zz, builders.account(session, zz))
    yield tmp_path / "home"
    settings.cache_clear()


def row_counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        tables = METADATA.tables.values()
        return {table.fullname: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}


@pytest.fixture
def refused(fresh_engine: Engine, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Call with words that must be refused; gives the one sentence. Nothing may be printed, changed or traced back."""

    def call(*words: str) -> str:
        before = row_counts(fresh_engine)
        assert main(list(words)) == 2
        said = capsys.readouterr()
        assert said.out == ""
        (sentence,) = said.err.splitlines()
        assert row_counts(fresh_engine) == before
        return sentence

    return call


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("night run QQ", "CSS101E There is no district QQ"),
        ("night run qq", "CSS101E There is no district QQ"),
        ("check qq", "CSS101E There is no district QQ"),
        ("usage files QQ", "CSS101E There is no district QQ"),
        ("usage suspense qq", "CSS101E There is no district QQ"),
        ("usage chains qq", "CSS101E There is no district QQ"),
        ("usage rejects qq", "CSS101E There is no district QQ"),
        ("usage alarms qq", "CSS101E There is no district QQ"),
        ("check spool qq", "CSS101E There is no district QQ"),
        ("bills runs qq", "CSS101E There is no district QQ"),
        ("night report QQ", "CSS101E "),
        ("night status QQ", "CSS101E "),
        ("check QQ", "CSS101E "),
        ("night run ZZ --date yesterday", "CSS608E 'yesterday' is not a date; write it like 2026-01-31."),
        ("night run ZZ --date 2026-02-30", "CSS608E "),
        ("night report ZZ --date 31/01/2026", "CSS608E "),
        ("night run ZZ --date 2026-03-03", "CSS604E The night of 2026-03-02 is not closed in district ZZ; run it before 2026-03-03."),
        ("night run ZZ --date 2026-03-01", "CSS605E The night of 2026-03-01 is closed in district ZZ; the next one is 2026-03-02."),
        ("night report ZZ", "CSS606E No night has been run in district ZZ; `css night run ZZ` runs the next that is due."),
        ("night report ZZ --date 2026-03-02", "CSS606E No night of 2026-03-02 has been run in district ZZ; "),
        ("night run", "CSS002E Missing argument 'district'. Say which, like `css night run ZZ`; "),
        ("night run ZZ 2026-03-02", "CSS002E "),
    ],
)
def test_a_wrong_word_is_one_sentence_and_changes_nothing(refused: Callable[..., str], words: str, said: str) -> None:
    assert refused(*words.split()).startswith(said)


def test_nights_are_run_in_their_turn_and_reported(
    fresh_engine: Engine, home: Path, refused: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["night", "status", "ZZ"]) == 0
    assert capsys.readouterr().out == "No night has been run in district ZZ.\n"

    assert main(["night", "run", "ZZ"]) == 0
    said = capsys.readouterr()
    assert said.out == f"The night of 02 Mar 2026 in ZZ is done (return code 0). Bills: {home}/spool/bills/ZZ\n"
    assert any(line.startswith("Calculate bills") and " 1 read" not in line for line in said.err.splitlines()), "a line a step"
    counted = [line for line in said.err.splitlines() if " set aside " in line]
    assert len(counted) > 5
    for word in (" read ", " written ", " filtered ", " set aside "):
        assert len({line.index(word) for line in counted}) == 1, "each count has its column"
    assert {len(line) for line in counted} == {len(counted[0])}, "and so has how long it took"
    assert refused("night", "run", "ZZ", "--date", "2026-03-02").startswith("CSS605E The night of 2026-03-02 is closed")

    assert main(["night", "run", "ZZ", "--date", "2026-03-03"]) == 0
    capsys.readouterr()
    assert main(["night", "report", "ZZ"]) == 0
    last = capsys.readouterr().out
    assert last.startswith("CSS MORNING REPORT   district ZZ   business date Tue 03 Mar 2026")
    assert main(["night", "report", "ZZ", "--date", "2026-03-02"]) == 0
    assert capsys.readouterr().out.startswith("CSS MORNING REPORT   district ZZ   business date Mon 02 Mar 2026")
    published = home / "spool" / "morning-report" / "ZZ" / "2026-03-03" / "morning-report.txt"
    assert published.read_text(encoding="utf-8") == last.removesuffix("\n")

    assert main(["night", "status", "ZZ"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:4] for line in lines] == [
        ["2026-03-03", "completed", "attempt", "1,"],
        ["2026-03-02", "completed", "attempt", "1,"],
    ]
    assert all(line.endswith("return code 0") for line in lines)


def test_a_district_is_taken_in_small_letters_too(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ("status zz", "alarms zz", "actions zz", "plan zz --date 2026-03-02 --reason Early --dry-run", "year zz", "runbook zz"):
        assert main(["night", *words.split()]) in {0, 2}
        assert "CSS101E" not in capsys.readouterr().err, words
    assert main(["night", "run", "zz"]) == 0
    assert capsys.readouterr().out.startswith("The night of 02 Mar 2026 in ZZ is done ")
    assert main(["night", "report", "zz"]) == 0
    assert main(["night", "watch", "zz", "--date", "2026-03-02"]) == 0
    assert "The night of ZZ for 2 March 2026: completed" in capsys.readouterr().out
    assert main(["check", "zz"]) == 0
    assert main(["check", "spool", "zz"]) == 0
    assert main(["usage", "files", "zz"]) == 0
    assert "in ZZ" in capsys.readouterr().err


def test_a_night_that_sets_something_aside_ends_with_four(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    incoming = home / "incoming" / "ZZ"
    incoming.mkdir(parents=True)
    half = incoming / "half.csv"
    half.write_bytes(b"half a file")
    # A file that was written to a moment ago may still be growing, and waits.
    os.utime(half, (0, 0))
    assert main(["night", "run", "ZZ"]) == 4
    assert "(return code 4)" in capsys.readouterr().out
    assert (incoming / "refused" / "half.csv").exists()


def test_a_night_that_stops_says_why_and_is_taken_up_again(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(books, "find_breaches", lambda *_: (BookBreach("entries-balance", "ZZ", "£0.01 is missing."),))
        assert main(["night", "run", "ZZ"]) == 12
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-1] == (
        "CSS607E The night of 2026-03-02 in ZZ stopped in attempt 1 with return code 12: "
        "CSS620E The books do not balance: £0.01 is missing. Mend the cause and run it again."
    )
    assert main(["night", "status", "ZZ"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("2026-03-02  failed     attempt 1, ended ")
    assert line.endswith("return code 12: CSS620E The books do not balance: £0.01 is missing.")
    assert main(["night", "report", "ZZ"]) == 0
    assert "The books balance." not in capsys.readouterr().out

    assert main(["night", "run", "ZZ"]) == 0
    said = capsys.readouterr()
    assert "done before" in said.err
    assert main(["night", "status", "ZZ"]) == 0
    assert "completed  attempt 2, ended " in capsys.readouterr().out


def test_the_books_are_checked(fresh_engine: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["check", "ZZ"]) == 0
    assert capsys.readouterr().out == "The books balance.\n"
    found = (BookBreach("entries-balance", "ZZ", "£0.01 is missing."), BookBreach("calls-of-files", "ZZ", "A call is gone."))
    monkeypatch.setattr("batch.balance.find_breaches", lambda *_, **__: found)
    assert main(["check", "ZZ"]) == 1
    assert capsys.readouterr().out == "entries-balance: £0.01 is missing.\ncalls-of-files: A call is gone.\n2 breaches.\n"
    with fresh_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM batch.job_instance")).scalar() == 0
    monkeypatch.setattr("batch.balance.find_breaches", lambda *_, **__: found[1:])
    assert main(["check", "ZZ"]) == 1
    assert capsys.readouterr().out == "calls-of-files: A call is gone.\n1 breach.\n"


def test_a_database_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CSS_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    settings.cache_clear()
    for words in ("night run ZZ", "night report ZZ", "night status ZZ", "night clock", "check ZZ", "ask districts"):
        assert main(words.split()) == 2
        (sentence,) = capsys.readouterr().err.splitlines()
        assert sentence.startswith("CSS020E ")
