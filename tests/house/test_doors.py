"""The command line: every command is there, starting up is quick, and no error leaves as a traceback."""

from __future__ import annotations

import errno
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import typer.main
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from css import cli
from css.cli import COMMANDS, Command, main, named_error
from css.core.errors import Breach, Refused
from css.db.engine import make_engine
from css.settings import settings

HEAVY = {"alembic", "flask", "lxml", "polars", "psycopg2", "reportlab", "sqlalchemy", "typer"}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CSS_DATABASE_URL", raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_in_the_table_can_be_called(name: str) -> None:
    module, _, attribute = COMMANDS[name].application.partition(":")
    assert isinstance(getattr(importlib.import_module(module), attribute), typer.Typer)
    assert main([name, "--help"]) == 0


def _modules_after(*words: str) -> set[str]:
    program = f"import sys\nfrom css.cli import main\nmain({list(words)!r})\nprint('loaded:', *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(cli.__file__).parent.parent.parent
    )
    return set(done.stdout.rpartition("loaded:")[2].split())


def test_starting_up_loads_nothing_heavy() -> None:
    assert _modules_after("--help") & HEAVY == set()


def test_a_command_loads_only_what_it_needs() -> None:
    assert _modules_after("db", "--help") & (HEAVY - {"typer"}) == set()


def test_help_and_version_are_answered(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in COMMANDS)
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("css ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Say what to do"),
        (["nigth"], "did you mean night?"),
        (["zzzz\n"], "css --help lists them"),
        (["db"], "Say what to do with `css db`"),
        (["db", "stpo"], "Did you mean 'stop'"),
        (["db", "backup"], "Missing argument"),
        (["db", "stop", "--mode", "slowly"], "--mode"),
        (["db", "status", "extra"], "extra"),
        (["db", "status", "--unknown"], "--unknown"),
    ],
)
def test_a_wrong_call_gets_one_sentence_and_status_2(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert main(words) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("CSS002E ")
    assert said in last


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Refused("CSS037E", "no"), "CSS037E"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "x.csv"), "CSS004E"),
        (PermissionError(errno.EACCES, "Permission denied", "x.csv"), "CSS004E"),
        (OSError(errno.ENOSPC, "No space left on device"), "CSS005E"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "CSS004E"),
        (Breach("does not add up"), "CSS000E"),
        (ZeroDivisionError("division by zero"), "CSS000E"),
        (OperationalError("SELECT 1", None, Exception("who knows")), "CSS000E"),
    ],
)
def test_every_error_has_a_code(error: Exception, code: str) -> None:
    assert named_error(error).code == code
    assert "\n" not in named_error(error).text


def _replace_db(monkeypatch: pytest.MonkeyPatch, raised: BaseException) -> None:
    """A command that fails in this way, in the place of a real one."""
    application = typer.Typer(add_completion=False)

    @application.command()
    def fail() -> None:
        raise raised

    monkeypatch.setattr("css.cli.db.failing", application, raising=False)
    monkeypatch.setitem(COMMANDS, "failing", Command("css.cli.db:failing", "Fails."))


def test_our_own_fault_is_one_sentence_and_the_log_has_the_rest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _replace_db(monkeypatch, ZeroDivisionError("while rating 441632960123"))
    assert main(["failing"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("CSS000E ")
    log = (tmp_path / "home" / "log" / "css.log").read_text(encoding="utf-8")
    assert "ZeroDivisionError" in log
    assert "Traceback" in log
    assert "441632960123" not in log
    assert "*********123" in log


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _replace_db(monkeypatch, ZeroDivisionError("oh"))
    assert main(["--debug", "failing"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), typer.Abort()])
def test_an_interruption_is_no_fault(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, raised: BaseException) -> None:
    _replace_db(monkeypatch, raised)
    assert main(["failing"]) == 130
    assert capsys.readouterr().err.startswith("CSS003W ")


def test_an_exit_status_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    _replace_db(monkeypatch, typer.Exit(7))
    assert main(["failing"]) == 7


def test_a_reader_who_leaves_is_no_fault() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-m", "css", "--help"], stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://nobody:secret@127.0.0.1:1/css", "CSS020E"),
        ("postgresql://nobody:secret@127.0.0.1:0x/css", "CSS025E"),
        ("mysql://nobody:secret@127.0.0.1/css", "CSS025E"),
        ("nonsense secret", "CSS025E"),
        ("postgresql://nobody:secret@127.0.0.1:1", "CSS025E"),
    ],
)
def test_a_wrong_address_is_said_without_its_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, url: str, code: str
) -> None:
    monkeypatch.setenv("CSS_DATABASE_URL", url)
    settings.cache_clear()
    assert main(["db", "upgrade"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{code} ")
    assert "secret" not in said


def test_the_address_of_another_server_is_not_ours_to_start(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSS_DATABASE_URL", "postgresql://a:b@127.0.0.1:1/css")
    settings.cache_clear()
    assert main(["db", "start"]) == main(["db", "stop"]) == 2
    assert capsys.readouterr().err.count("CSS041E") == 2


def test_status_of_a_home_that_is_not_there_touches_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["db", "status"]) == 3
    assert "not running" in capsys.readouterr().out
    assert not (tmp_path / "home").exists()


def test_a_database_error_that_reaches_the_door_is_named(server: str) -> None:
    with make_engine(server, pooled=False).connect() as connection:
        connection.execute(text("SET statement_timeout = '20ms'"))
        with pytest.raises(DBAPIError) as caught:
            connection.execute(text("SELECT pg_sleep(5)"))
    assert named_error(caught.value).code == "CSS032E"
