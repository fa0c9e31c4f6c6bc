"""The error catalogue holds every code that a partner can be told, by the source and not by a list."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from css.cli.partners import app
from css.core.errors import NotFound
from css.partners import errors, finding, reaching
from css.partners.messages import TAKEN
from tests.house.source import ROOT

CODE = re.compile(r"CSS[0-9]{3}[EWI]")


@pytest.fixture(scope="module")
def made() -> str:
    return finding.json_text()


def test_the_catalogue_is_as_the_source_makes_it(made: str) -> None:
    assert errors.FILE.read_text(encoding="utf-8") == made, "run: python -m css.partners.finding"
    assert finding.PAGE.read_text(encoding="utf-8") == finding.page(errors.CATALOGUE.values())


def test_every_code_says_what_where_and_what_to_do() -> None:
    for code, entry in errors.CATALOGUE.items():
        assert entry.where, code
        assert entry.sentences, code
        assert len(entry.advice) > 20, code
        assert "{" not in entry.filled({}), code


def test_every_code_written_in_the_partners_rooms_is_in_it() -> None:
    """Another way to the same: what stands in the modules that only partners' messages pass through."""
    rooms = [ROOT / "css" / "xml" / "gateway.py", ROOT / "css" / "xml" / "validation.py", ROOT / "css" / "partners" / "pages" / "doors.py"]
    rooms += [ROOT / "css" / "partners" / "intake" / "inbox.py", *sorted((ROOT / "orders" / "messages").glob("*.py"))]
    rooms += [ROOT / "orders" / "rules" / "content.py", *sorted((ROOT / "orders" / "actions" / "kinds").glob("*.py"))]
    missing = {code: path.name for path in rooms for code in _said(path) if code not in errors.CATALOGUE and code not in finding.NEVER_TOLD}
    assert missing == {}


def _said(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return {text for text in texts if CODE.fullmatch(text)}


def test_what_is_never_told_has_a_reason_and_could_be_reached() -> None:
    reached = reaching.codes_in(
        reaching.reached([*finding.DOORS, *(place for starts in finding.message_starts().values() for place in starts)])
    )
    assert set(finding.NEVER_TOLD) <= reached
    assert all(len(reason) > 5 for reason in finding.NEVER_TOLD.values())


def test_a_code_is_found_behind_a_table_of_verbs() -> None:
    places = reaching.reached(finding.message_starts()["SubmitOrder"])
    assert ("orders.actions.kinds.takeover", "find") in places
    assert ("orders.rules.plant", "number_fault") in places


def test_statuses_and_messages_are_those_of_the_code() -> None:
    told = {code: (entry.statuses, entry.messages) for code, entry in errors.CATALOGUE.items()}
    assert told["CSS500E"] == ((413,), ())
    assert told["CSS554E"] == ((409,), ())
    assert told["CSS556E"] == ((401,), ())
    assert told["CSS513E"] == ((400,), ())
    assert told["CSS031E"] == ((503,), ())
    assert told["CSS209E"][0] == ()
    assert "SubmitOrder" in told["CSS209E"][1]
    assert told["CSS295E"] == ((), ("AmendOrder",))
    assert told["CSS865E"] == ((), ("CancelOrder",))
    assert {name for _, messages in told.values() for name in messages} <= {*TAKEN, errors.ANY}


def test_the_command_tells_one_and_all() -> None:
    run = CliRunner()
    everything = run.invoke(app, ["errors"])
    assert len(everything.output.splitlines()) == len(errors.CATALOGUE)
    one = run.invoke(app, ["errors", "css225e"])
    assert "is in use; choose another." in one.output
    assert "SubmitOrder" in one.output
    assert isinstance(run.invoke(app, ["errors", "CSS999E"]).exception, NotFound)
