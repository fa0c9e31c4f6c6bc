"""``css bills credit`` and its neighbours as typed: with a second person's password, and as JSON through ``css do``."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from billing.model import Adjustment, Bill
from css.cli import main
from css.core.money import Money
from css.core.words import Role
from css.db.engine import transaction
from css.master.commands import AddOperator
from css.master.enrol import add_operator
from css.settings import settings
from tests import builders
from tests.records.billed import night

START = date(2026, 1, 15)
FEBRUARY = date(2026, 2, 5)
PASSWORD = "rather a long phrase"


@pytest.fixture
def home(fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str, str]]:
    """Amy at a command line of her own; an account billed and another one. Gives the home, the bill's number, the other account's."""
    monkeypatch.setenv("CSS_HOME", str(tmp_path))
    monkeypatch.setenv("CSS_DATABASE_URL", fresh_engine.url.render_as_string(hide_password=False))
    monkeypatch.setattr("getpass.getuser", lambda: "amy")
    settings.cache_clear()
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START, sites=6)
        line = builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START)
        other = builders.account(session, zz, cycle_day=5)
        for code, limit, role in (("SMALL1", 5_00, Role.CLERK), ("BOSS1", 500_00, Role.SUPERVISOR)):
            command = AddOperator(code=code, name=code.title(), team="Bills", password=PASSWORD, roles=(role,), credit_limit=Money(limit))
            add_operator(session, command, by=builders.OPERATOR, at=builders.AT)
        night(session, FEBRUARY, tmp_path / "spool" / "bills")
        number = session.execute(select(Bill.number)).scalar_one()
    assert line.account.id
    yield tmp_path, number or "", other.number
    settings.cache_clear()


def typed(monkeypatch: pytest.MonkeyPatch, words: list[str], *passwords: str) -> int:
    """The exit status of a command whose standard input is these lines."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in passwords)))
    return main(words)


def test_a_credit_above_the_limit_asks_for_a_second_password(
    home: tuple[Path, str, str], fresh_engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, bill, _ = home
    words = ["bills", "credit", bill, "--line", "1", "--amount", "6", "--reason", "Fault 17", "--by", "SMALL1"]
    assert typed(monkeypatch, words, PASSWORD) == 2
    assert "CSS806E" in capsys.readouterr().err
    signed = [*words, "--approved-by", "BOSS1"]
    assert typed(monkeypatch, signed, PASSWORD, "another phrase") == 2
    assert "CSS691E" in capsys.readouterr().err
    assert typed(monkeypatch, signed, PASSWORD, PASSWORD) == 0
    assert "-£6.00 before VAT" in (said := capsys.readouterr().out)
    assert "Signed by BOSS1." in said
    with transaction(fresh_engine) as session:
        assert session.execute(select(Adjustment.made_by, Adjustment.approved_by, Adjustment.net)).one() == ("SMALL1", "BOSS1", Money(-600))


def test_the_rest_of_the_commands_do_what_they_say(
    home: tuple[Path, str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where, bill, other = home
    account = json.loads(asked(capsys, ["ask", "bill-card", bill]))["bill"]["account_number"]
    for words, said in (
        (["credit", bill, "--line", "1", "--amount", "1", "--reason", "Fault", "--note"], "on a credit note of tonight"),
        (["adjust", account, "12.00", "--nominal", "VISITS", "--words", "Extra socket", "--reason", "Asked"], "£12.00 before VAT S 20%"),
        (["outside", account, "late-fee", "7.50", "--words", "Late payment charge", "--reason", "Red"], "£7.50 of late-fee charged"),
        (["outside", account, "goodwill", "2.50", "--words", "With our apologies", "--reason", "Complaint"], "£2.50 of goodwill given"),
        (["adjustments", account], "Extra socket; waits"),
        (["join", account, other, "--paid"], "which pays its bills"),
        (["leave", account], "is in no group"),
        (["copy", bill, "--reason", "Lost"], f"ZZ/2026-02-06/paper/{bill}.pdf"),
        (["statement", account, "2026-01-15", "--out", str(where / "statement.pdf")], "Statement 1:"),
        (["statements", account], "2026-01-15 to 2026-02-06"),
    ):
        assert said in asked(capsys, ["bills", *words]), words
    assert (where / "spool" / "copies" / "ZZ" / "2026-02-06" / "paper" / f"{bill}.pdf").exists()
    assert (where / "statement.pdf").read_bytes().startswith(b"%PDF")
    command = where / "credit.json"
    command.write_text(json.dumps({"bill_number": bill, "line_number": 2, "amount": "1.00", "reason": "Fault"}))
    assert json.loads(asked(capsys, ["do", "credit-bill-line", str(command)]))["net"] == "-1.00"
    assert len(json.loads(asked(capsys, ["ask", "adjustments-of-account", account]))) == 3
    assert json.loads(asked(capsys, ["ask", "statement-file", "1"]))["file_name"].startswith(account)
    assert typed(monkeypatch, ["bills", "outside", account, "tax", "1", "--words", "x", "--reason", "y"]) == 2
    assert "late-fee" in capsys.readouterr().err


def asked(capsys: pytest.CaptureFixture[str], words: list[str]) -> str:
    """What a command prints when it succeeds."""
    capsys.readouterr()
    status = main(words)
    found = capsys.readouterr()
    assert status == 0, found.err
    return found.out
