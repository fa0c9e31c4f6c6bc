"""A new tariff from file to bill: loaded, compared on real calls, refused to its loader, released by another, quoted to the millionth."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from batch.engine import run_net
from batch.net import Context, Net
from batch.steps import dates, usage_intake, usage_rating
from billing.queries.tariffs import standing_of, tariff_version
from billing.rules.tariff import TariffVersion
from billing.tariff_xml import write_tariff
from css.cli import main
from css.core.actor import Actor
from css.core.calendar import Period
from css.core.clock import FixedClock
from css.core.money import Price
from css.core.words import Role
from css.db.engine import transaction
from css.master.commands import AddOperator
from css.master.enrol import add_operator
from css.settings import settings
from tests import builders
from tests.scenarios.nights import NIGHT_ACTOR, CallMade, carrier_file

CALLS_ONLY = Net.in_line("calls", "Take usage in and rate it.", (dates.ROLL, usage_intake.COLLECT, usage_rating.RATE, dates.CLOSE))
Say = Callable[..., tuple[int, str, str]]
OLD_DAY, NEW_DAY = date(2026, 3, 2), date(2026, 3, 3)
OWNER = Actor("system", "OWNER", "RETAIL", frozenset(role.value for role in Role))
PASSWORD = "correct horse battery"


@pytest.fixture
def home(fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation on this test's own database."""
    monkeypatch.setenv("CSS_DATABASE_URL", fresh_engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LOGNAME", "owner")
    settings.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """``css`` with some words, and a password on standard input: its exit status, what it printed, what it said."""

    def run(*words: object, password: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n"))
        status = main([str(word) for word in words])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def _dearer(version: TariffVersion, number: int, starts_on: date) -> TariffVersion:
    """Any set-up charge is a penny more, and calls to mobiles are not priced any finer than their first digits."""
    rates = [
        replace(rate, setup=rate.setup + Price.of(1)) if rate.setup else rate
        for rate in version.rates
        if rate.destination != "Isle of Man mobile"
    ]
    return replace(version, version=number, period=Period(starts_on), rates=tuple(rates))


def _calls(number: str, day: date) -> list[CallMade]:
    others = (("442079460123", 10, 122), ("447700900456", 12, 61), ("448444960001", 19, 200), ("999", 20, 300), ("442079460123", 20, 60))
    return [
        CallMade(number, other, datetime(day.year, day.month, day.day, hour, 5, tzinfo=UTC), seconds) for other, hour, seconds in others
    ]


def _night(engine: Engine, district: str, day: date, home: Path) -> None:
    """As much of a night as takes calls in."""
    at = datetime(day.year, day.month, day.day + 1, 2, 15, tzinfo=UTC)
    outcome = run_net(engine, CALLS_ONLY, Context(district, day, at, NIGHT_ACTOR, home), clock=FixedClock(at), workers=1)
    assert outcome.error is None, outcome.error


def test_a_new_tariff(home: Path, fresh_engine: Engine, tmp_path: Path, say: Say) -> None:
    with transaction(fresh_engine) as session:
        where = builders.district(session, on=OLD_DAY)
        number = builders.working_line(session, where, builders.account(session, where)).number
        for code, roles in (("LOUISE", (Role.BILLING,)), ("ROGER", (Role.SUPERVISOR,)), ("CLARE", (Role.CLERK,))):
            operator = AddOperator(code=code, name=code.title(), team="Tariffs", password=PASSWORD, roles=roles)
            add_operator(session, operator, by=OWNER, at=datetime(2026, 3, 1, tzinfo=UTC))
        name, now = tariff_version(session, standing_of(session, "RES").version_id)
    carrier_file(home, where.code, OLD_DAY, 1, _calls(number, OLD_DAY))
    _night(fresh_engine, where.code, OLD_DAY, home)
    document = tmp_path / "res-4.xml"
    new = _dearer(now, 4, NEW_DAY)
    document.write_bytes(write_tariff(name, new))
    _loaded(say, document, len(new.rates) // 3)
    _compared(say)
    _released(say, fresh_engine)
    # In one period calls have the price of their own day, and the quote is that price.
    carrier_file(home, where.code, NEW_DAY, 2, _calls(number, NEW_DAY))
    _night(fresh_engine, where.code, NEW_DAY, home)
    for version, day in ((3, OLD_DAY), (4, NEW_DAY)):
        calls = carrier_file(tmp_path / "apart", where.code, day, version, _calls(number, day))
        assert _quoted(say, tmp_path, calls, version, day) == _stored(fresh_engine, day)


def _loaded(say: Say, document: Path, prefixes: int) -> None:
    """By Louise; nobody is charged by it yet."""
    wrong = "CSS691E Operator LOUISE and the password do not belong together.\n"
    for guess in ("wrong", "", "", "", "", ""):
        # No password is no guess: it would lock Louise out of the screens.
        assert say("tariffs", "load", document, "--by", "LOUISE", password=guess) == (2, "", wrong)
    status, printed, _ = say("tariffs", "load", document, "--by", "LOUISE", password=PASSWORD)
    assert (status, printed) == (0, f"RES version 4 is loaded by LOUISE: {prefixes} prefixes. It prices nothing yet.\n")
    assert say("tariffs", "load", document)[1] == "RES version 4 was there already, loaded. Nothing was done.\n"
    command = document.with_suffix(".json")
    command.write_text(json.dumps({"document": document.read_text(encoding="utf-8")}), encoding="utf-8")
    answer = json.loads(say("do", "load-tariff", command)[1])
    assert (answer["version"], answer["state"], answer["was_there"]) == (4, "loaded", True)
    assert say("tariffs", "load", document, "--by", "CLARE", password=PASSWORD)[2] == "CSS443E CLARE may not load tariffs.\n"


def _compared(say: Say) -> None:
    """In words, and on the calls of the night before."""
    status, printed, _ = say("tariffs", "compare", "RES", 4)
    assert status == 0
    lines = printed.splitlines()
    assert lines[0] == "RES version 4 (loaded) beside version 3"
    assert "  MOB Isle of Man mobile (447624; day) is not named any more; it cost set-up 9.9p, 12.5p each 60 s." in lines
    assert "  GEO London (4420; day) rose: set-up 9.9p to 10.9p." in lines
    assert "On 5 calls rated on 2026-03-02 to 2026-03-02: 2 dearer, 0 cheaper, 3 the same, 0 without a price in one of the two." in lines
    status, answer, _ = say("ask", "tariff-comparison", "RES", 4)
    usage = json.loads(answer)["usage"]
    assert (usage["call_count"], usage["dearer_count"]) == (5, 2)
    assert Price.of(usage["gross_after"]) - Price.of(usage["gross_before"]) == Price.of(2)
    assert "441632" not in printed + answer, "nobody's number"
    assert [one["version"] for one in json.loads(say("ask", "tariff-versions", "RES")[1])] == [1, 2, 3, 4]
    card = json.loads(say("ask", "tariff-card", "RES", "version=4")[1])
    assert (card["standing"]["state"], card["standing"]["loaded_by"]) == ("loaded", "LOUISE")


def _released(say: Say, engine: Engine) -> None:
    """Not by who loaded it; by another."""
    refused = "CSS686E LOUISE loaded version 4 of tariff RES; somebody else has to release it.\n"
    assert say("tariffs", "release", "RES", 4, "--by", "LOUISE", password=PASSWORD) == (2, "", refused)
    status, printed, _ = say("tariffs", "release", "RES", 4, "--by", "ROGER", password=PASSWORD)
    assert (status, printed) == (0, "Version 4 of tariff RES prices calls from 2026-03-03 on. Version 3 ends on 2026-03-03.\n")
    assert say("tariffs", "release", "RES", 4)[2] == "CSS685E Version 4 of tariff RES is released already by ROGER.\n"
    assert say("tariffs", "withdraw", "RES", 4, "not wanted")[2] == "CSS685E Version 4 of tariff RES is released already by ROGER.\n"
    listed = say("tariffs", "list", "RES")[1].splitlines()
    assert "to 2026-03-02 " in listed[2], "its last day"
    assert say("tariffs", "list", "NOPE") == (2, "", "CSS684E There is no tariff NOPE.\n")
    assert [line.split()[1:3] for line in listed] == [["1", "released"], ["2", "released"], ["3", "released"], ["4", "released"]]
    with engine.connect() as connection:
        told = connection.execute(
            text("SELECT verb, actor_name, door FROM css.audit_event WHERE subject_kind = 'tariff' ORDER BY id")
        ).all()
    assert [tuple(row) for row in told] == [("load_tariff", "LOUISE", "command line"), ("release_tariff", "ROGER", "command line")]


def _quoted(say: Say, directory: Path, calls: Path, version: int, day: date) -> dict[str, tuple[int, int]]:
    """What a quote by the documents of the stored tariffs makes of calls: net and gross by moment."""
    for code, number in (("RES", version), ("SVC", 1)):
        shown = say("tariffs", "show", code, "--version", number, "--xml")[1]
        (directory / f"{code}.xml").write_text(shown, encoding="utf-8")
    assert say("tariffs", "show", "RES", "--at", day)[1].startswith(f"RES version {version}: ")
    status, printed, said = say("tariffs", "quote", directory / "RES.xml", calls, "--service", directory / "SVC.xml")
    assert (status, said[:15]) == (0, "5 calls priced:")
    return {
        row["started_at"]: (Price.of(row["net_pence"]).millionths, Price.of(row["gross_pence"]).millionths)
        for row in csv.DictReader(io.StringIO(printed))
    }


def _stored(engine: Engine, day: date) -> dict[str, tuple[int, int]]:
    """What the night of a day stored, the same."""
    wanted = text("SELECT started_at, net_millionths, gross_millionths FROM billing.rated_call WHERE rated_on = :day")
    with engine.connect() as connection:
        rows = connection.execute(wanted, {"day": day}).all()
    assert len(rows) == len(_calls("", day))
    return {row.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"): (row.net_millionths, row.gross_millionths) for row in rows}
