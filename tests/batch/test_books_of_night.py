"""``css check books``: every check has a name and says what it proves; each of the night's own finds what it is for, by id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from batch.balance import book_checks, books, find_breaches
from batch.balance.books import HOUSE, NIGHT
from batch.engine import run_net
from batch.net import Context
from batch.nets import NETS
from batch.nets import NIGHT as NET
from batch.steps.books import BOOKS
from css.cli import main
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.core.errors import NotFound, Refused
from css.db.engine import transaction
from css.settings import settings
from tests import builders
from tests.conftest import clone

DAY = date(2026, 2, 5)
AT = datetime(2026, 2, 6, 2, 15, tzinfo=UTC)
BY = Actor("batch", "night/alice", "RETAIL", door="night")


@dataclass(frozen=True)
class Lived:
    engine: Engine
    home: Path


@pytest.fixture(scope="module")
def lived(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """A district of one account after its night."""
    home = tmp_path_factory.mktemp("books")
    with clone(server, template) as engine:
        with transaction(engine) as session:
            zz = builders.district(session, on=date(2026, 1, 15), sites=3)
            builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=date(2026, 1, 15))
            session.execute(text("UPDATE css.business_date SET current_on = '2026-02-05', closed_through = '2026-02-04'"))
        outcome = run_net(engine, NET, Context("ZZ", DAY, AT, BY, home), clock=FixedClock(AT))
        assert outcome.error is None
        yield Lived(engine, home)


STEP = "(SELECT id FROM batch.step_execution WHERE step = 'calculate')"
FALSIFIED = {
    "counts-close": (
        "UPDATE batch.step_attempt SET read_count = read_count + 1 WHERE step_execution_id = " + STEP,
        "Step calculate of the night net for 2026-02-05: 1 read; 1 written, 0 left alone, 0 set aside; its attempts read 2.",
    ),
    "blocks-done": (
        "UPDATE batch.block SET state = 'waiting' WHERE step_execution_id = " + STEP,
        "Step calculate of the night net for 2026-02-05 read 1; its 1 blocks read 1, and 1 of them are not done.",
    ),
    "joints-balance": (
        "UPDATE batch.balance SET out_count = out_count - 1 WHERE step = 'post' AND joint = 'released to posted'",
        "Step post of the night net for 2026-02-05 is completed, and its joint released to posted is not balanced: its sides differ.",
    ),
    "rejects-counted": (
        (
            "INSERT INTO batch.reject (job_instance_id, step, source_key, reason_code, words, raw, state, rejected_at)"
            " SELECT id, 'render', 'bill/ZZB1/files', 'CSS842E', 'x', 'x', 'open', now() FROM batch.job_instance"
        ),
        "Reject 1 (bill/ZZB1/files) of step render for 2026-02-05 is not counted by it.",
    ),
    "attempts-ended": (
        "UPDATE batch.step_execution SET state = 'running' WHERE step = 'render'",
        "The night net for 2026-02-05 is completed, and step render is running.",
    ),
    "nights-in-order": (
        (
            "INSERT INTO batch.job_instance (net, district_code, business_date, parameter_key, state, planned_at)"
            " VALUES ('night', 'ZZ', '2026-02-04', '', 'planned', now())"
        ),
        "The night of 2026-02-04 is planned, though that of 2026-02-05 is completed.",
    ),
    "notices-in-order": (
        "INSERT INTO css.outbox_counter (provider_id, last_sequence) SELECT id, 3 FROM css.provider WHERE NOT is_own_retail LIMIT 1",
        "The outbox of BRACKWAT has given 3 numbers; 0 messages carry one, the highest is 0.",
    ),
}


@pytest.mark.parametrize("check", FALSIFIED)
def test_a_check_finds_what_it_is_for_and_names_it(lived: Lived, check: str) -> None:
    statement, words = FALSIFIED[check]
    with Session(lived.engine) as session:
        assert books(session) == ()
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(statement))
        found = books(session, "" if check == "notices-in-order" else "ZZ", check)
        assert [(one.check, one.words) for one in found] == [(check, words)]
        session.rollback()


WHOLE = "now(), 'ANN', 'Mended.'"


@pytest.mark.parametrize(
    ("state", "settled", "words"),
    [
        ("open", "NULL, NULL, NULL", None),
        ("replayed", WHOLE, None),
        ("dropped", WHOLE, None),
        ("open", WHOLE, "is open, and says that it is settled"),
        ("open", "NULL, NULL, 'Mended.'", "is open, and says that it is settled"),
        ("open", "NULL, 'ANN', NULL", "is open, and says that it is settled"),
        ("replayed", "NULL, NULL, NULL", "is replayed without saying when, by whom or why"),
        ("replayed", "NULL, 'ANN', 'Mended.'", "is replayed without saying when, by whom or why"),
        ("dropped", "now(), NULL, 'Moved.'", "is dropped without saying when, by whom or why"),
        ("dropped", "now(), 'ANN', NULL", "is dropped without saying when, by whom or why"),
    ],
)
def test_a_settled_reject_says_when_by_whom_and_why_and_an_open_one_says_none_of_it(
    lived: Lived, state: str, settled: str, words: str | None
) -> None:
    with Session(lived.engine) as session:
        session.execute(text("UPDATE batch.step_execution SET written_count = 0, rejected_count = read_count WHERE step = 'render'"))
        number = session.execute(
            text(
                "INSERT INTO batch.reject (job_instance_id, step, source_key, reason_code, words, raw, state, rejected_at,"
                " settled_at, settled_by, settled_words)"
                f" SELECT id, 'render', 'bill/ZZB1/files', 'CSS842E', 'x', 'x', '{state}', now(), {settled} FROM batch.job_instance"
                " RETURNING id"
            )
        ).scalar_one()
        said = [one.words for one in books(session, "ZZ", "rejects-counted")]
        assert said == ([] if words is None else [f"Reject {number} (bill/ZZB1/files) {words}."])
        session.rollback()


def test_every_check_of_the_night_is_falsified_above() -> None:
    assert {name.replace("_", "-") for name in (*NIGHT, *HOUSE)} == set(FALSIFIED)


def test_a_manifest_that_is_lost_is_a_breach_by_hand_and_no_reason_to_stop_a_night(lived: Lived) -> None:
    with Session(lived.engine) as session:
        path, sha256 = session.execute(
            text("SELECT path, sha256 FROM batch.dataset_generation WHERE state = 'catalogued' AND dataset LIKE 'bills%'")
        ).one()
        assert find_breaches(session, "ZZ", only=["outputs_on_disk"], home=lived.home) == ()
        manifest = lived.home / path / "SHA256SUMS"
        content = manifest.read_bytes()
        manifest.unlink()
        (lost,) = find_breaches(session, "ZZ", home=lived.home)
        assert lost.words == f"Generation 1 of bills/ZZ is catalogued, and {path}/SHA256SUMS is gone."
        manifest.write_bytes(content + b"more")
        (changed,) = find_breaches(session, "ZZ", home=lived.home)
        assert changed.words == f"Generation 1 of bills/ZZ: {path}/SHA256SUMS is not what was catalogued."
        BOOKS.run(session, Context("ZZ", DAY, AT, BY, lived.home))
        manifest.write_bytes(content)
    assert sha256


def test_the_step_stops_with_the_breach_of_the_night_in_words(lived: Lived) -> None:
    with Session(lived.engine) as session:
        session.execute(text(FALSIFIED["joints-balance"][0]))
        with pytest.raises(Refused, match="its joint released to posted is not balanced") as refusal:
            BOOKS.run(session, Context("ZZ", DAY, AT, BY, lived.home))
        assert refusal.value.code == "CSS620E"
        # A net of the whole house looks at every district.
        with pytest.raises(Refused, match="its joint released to posted"):
            BOOKS.run(session, Context("", DAY, AT, BY, lived.home))
        session.rollback()


def test_every_net_checks_the_books() -> None:
    assert [net.name for net in NETS.values() if BOOKS.name not in {step.name for step in net.steps}] == []


def test_every_check_has_a_name_and_says_what_it_proves() -> None:
    checks = book_checks()
    assert len({check.name for check in checks}) == len(checks) > 40
    assert {check.books_of for check in checks} == {"billing", "repairs", "the night", "the house"}
    for check in checks:
        assert check.proves.endswith("."), check
        assert "example" not in check.proves, check


def test_a_check_that_is_not_there_is_said(lived: Lived) -> None:
    with Session(lived.engine) as session, pytest.raises(NotFound) as missing:
        books(session, "ZZ", "no-such")
    assert missing.value.code == "CSS643E"


@pytest.fixture
def at_the_shell(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CSS_DATABASE_URL", lived.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(lived.home))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("at_the_shell")
def test_the_command_line_prints_breaches_with_ids_lists_checks_and_speaks_json(lived: Lived, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "ZZ"]) == 0
    assert main(["check", "books"]) == 0
    assert capsys.readouterr().out == "The books balance.\nThe books balance.\n"
    with transaction(lived.engine) as session:
        session.execute(text("UPDATE billing.bill_series SET last_serial = last_serial + 1 WHERE series = 'ZZ'"))
    assert main(["check", "books", "ZZ", "--only", "numbers-without-gap"]) == 1
    words = "Series ZZ has given 2 numbers, 1 bills carry one, the highest is 1."
    assert capsys.readouterr().out == f"numbers-without-gap: {words}\n1 breach.\n"
    assert main(["check", "books", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == [{"check": "numbers-without-gap", "district_code": "ZZ", "words": words}]
    assert main(["check", "books", "ZZ", "--only", "entries-balance", "--only", "bills-posted"]) == 0
    with transaction(lived.engine) as session:
        session.execute(text("UPDATE billing.bill_series SET last_serial = last_serial - 1 WHERE series = 'ZZ'"))
    assert main(["check", "books", "--list"]) == 0
    assert "  entries-balance         Debits equal credits in every entry, and none is empty.\n" in capsys.readouterr().out
    assert main(["check", "books", "--list", "--json"]) == 0
    assert {"name", "books_of", "proves"} == set(json.loads(capsys.readouterr().out)[0])
    assert main(["check", "YY"]) == 2
    assert "CSS101E" in capsys.readouterr().err
