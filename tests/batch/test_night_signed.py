"""A verb of the night that needs a supervisor, told at the command line by somebody who is none."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from css.cli import main
from css.core.words import Role
from css.db.engine import transaction
from css.master.commands import AddOperator
from css.master.enrol import add_operator
from css.settings import settings
from tests import builders

PASSWORD = "rather a long phrase"
SKIP = ("night", "skip", "ZZ", "--date", "2026-03-02", "--yes", "--by", "NED")


@pytest.fixture
def home(fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A district before its first night, its scheduler Ned and the supervisor Sue."""
    monkeypatch.setenv("CSS_DATABASE_URL", fresh_engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    with transaction(fresh_engine) as session:
        builders.district(session)
        for code, role in (("NED", Role.SCHEDULER), ("TOM", Role.SCHEDULER), ("SUE", Role.SUPERVISOR)):
            command = AddOperator(code=code, name=code.title(), team="Night", password=PASSWORD, roles=(role,))
            add_operator(session, command, by=builders.OPERATOR, at=builders.AT)
    yield fresh_engine
    settings.cache_clear()


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str, int]]:
    """Exit status, what was printed, what was refused, and how many passwords were taken of those that were ready."""

    def call(*words: str) -> tuple[int, str, str, int]:
        ready = io.StringIO(f"{PASSWORD}\n" * 3)
        monkeypatch.setattr("sys.stdin", ready)
        status = main(list(words))
        out, err = capsys.readouterr()
        return status, out, err, ready.tell() // (len(PASSWORD) + 1)

    return call


def planned(engine: Engine) -> int:
    with transaction(engine) as session:
        found: int = session.execute(text("SELECT count(*) FROM batch.job_instance")).scalar_one()
        return found


@pytest.mark.parametrize("second", [(), ("--second", "SUE")])
def test_without_a_reason_no_password_is_asked_for(home: Engine, say: Callable[..., tuple[int, str, str, int]], second: tuple[str]) -> None:
    status, out, err, taken = say(*SKIP, *second, "--reason", " ")
    assert (status, out, taken) == (2, "", 0)
    assert err.startswith("CSS630E Say why")
    status, _, err, taken = say("night", "see", "12", "--words", " ", "--by", "NED")
    assert (status, err.split()[0], taken) == (2, "CSS630E", 0)


def test_a_second_person_who_is_no_supervisor_is_refused_before_anything_is_listed(
    home: Engine, say: Callable[..., tuple[int, str, str, int]]
) -> None:
    for second in ("TOM", "NED"):
        status, out, err, taken = say(*SKIP, "--second", second, "--reason", "A flood.")
        assert (status, out, taken) == (2, "", 2)
        assert err == "CSS609E To skip this needs a supervisor, or one as the second person, who signs at the same desk.\n"
    assert planned(home) == 0


def test_whoever_has_a_second_person_is_not_told_to_bring_one(home: Engine, say: Callable[..., tuple[int, str, str, int]]) -> None:
    wanted = "NED needs a supervisor for it, who signs as the second person (--second)."
    status, out, err, _ = say(*SKIP, "--reason", "A flood.")
    assert (status, out, err) == (2, "", f"CSS609E {wanted}\n")
    status, out, _, taken = say(*SKIP, "--second", "SUE", "--dry-run")
    assert (status, taken) == (0, 1)
    assert wanted not in out, "she is named"
    assert wanted in say(*SKIP, "--dry-run")[1]
    status, out, _, taken = say(*SKIP, "--second", "SUE", "--reason", "A flood.")
    assert (status, taken) == (0, 2)
    assert out.startswith("Skip the night of ZZ for 2 March 2026:\n")
    assert wanted not in out
    assert planned(home) == 1
    status, out, _, _ = say("night", "actions", "ZZ")
    assert status == 0
    assert "  NED  skip  night ZZ 2026-03-02, signed by SUE\n" in out
    (told,) = json.loads(say("ask", "night-actions", "ZZ")[1])
    assert (told["done_by"], told["approved_by"]) == ("NED", "SUE")
