"""Every record of a carrier's file has one outcome, they add up, and each can be asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from billing.actions.set_aside import set_aside
from billing.actions.usage_close import close_files
from billing.checks import check_books
from billing.model import UsageFile, UsageSetAside
from billing.queries import usage
from billing.words import UsageOutcome
from css.cli.usage import app
from css.core.errors import Breach, NotFound
from css.db import engine as engine_module
from css.db.engine import transaction
from tests import builders
from tests.bulk.carrier import Call, carrier_file, given
from tests.bulk.kept import rate
from tests.bulk.keyed import usage_file
from tests.bulk.taking import LIVE, LONDON_CALL, MADE_AT, NIGHT, NOON, collect

STRANGER: Call = ("441632960777", "442079460123", NOON, 60)
UNANSWERED: Call = (LIVE, "442079460124", NOON, 0)
LATER: Call = (LIVE, "442079460123", NOON + timedelta(hours=1), 300)


def take_in(session: Session, folder: Path) -> int:
    """A night's file with every outcome in it: five kinds of record in six lines; gives its id."""
    zz = builders.district(session)
    builders.working_line(session, zz, builders.account(session, zz), starts_on=date(2026, 1, 5))
    content = carrier_file([LATER, LONDON_CALL, UNANSWERED, STRANGER, LONDON_CALL, LATER], made_at=MADE_AT, damaged=1)
    assert collect(session, given(folder, content)).outcome == "taken"
    rate(session)
    return session.execute(select(UsageFile.id)).scalar_one()


@pytest.fixture(scope="module")
def taken(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> int:
    with transaction(engine) as session:
        return take_in(session, tmp_path_factory.mktemp("incoming"))


@pytest.fixture
def file(taken: int, session: Session) -> int:
    """The file; what a test does to it is rolled back."""
    assert session.get(UsageFile, taken) is not None
    return taken


def counts(*figures: int) -> dict[UsageOutcome, int]:
    return dict(zip(UsageOutcome, figures, strict=True))


def test_a_file_closes(session: Session, file: int) -> None:
    totals = close_files(session, "ZZ", NIGHT)
    assert (totals.read, totals.written, totals.rejected) == (1, 1, 0)
    card = usage.file_card(session, file)
    assert card.at_first == card.today == counts(2, 1, 1, 1, 1)
    assert card.faults == ()
    assert [(reason.outcome.value, reason.reason_code, reason.first_record_id % 10) for reason in card.reasons] == [
        ("duplicate", "CSS666E", 5),
        ("rejected", "CSS409E", 1),
        ("suspended", "CSS412E", 4),
    ]
    (row,) = usage.files(session, "ZZ")
    assert (row.record_count, row.rated_count, row.open_count, row.unrated_blocks, row.net) == (6, 2, 1, 0, card.net)
    assert usage.files(session, "ZZ", NIGHT - timedelta(days=1)) == ()
    assert check_books(session, "ZZ") == ()


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        ("UPDATE billing.usage_file SET record_count = 7", "7 records came and its blocks hold 6"),
        ("UPDATE billing.usage_file SET to_rate_count = 3", "3 records went to be rated and 3 were priced, 1 suspended"),
        ("UPDATE billing.rated_block SET rated_count = 3", "of 6 records 3 are rated, 1 are zero-rated, 1 are duplicate"),
        ("UPDATE billing.rated_block SET suspended_count = 0", "4 records went to be rated and 3 were priced, 0 suspended"),
        ("DELETE FROM billing.rated_block", "1 blocks are not rated"),
        ("DELETE FROM billing.usage_set_aside WHERE outcome = 'rejected'", "0 are rejected"),
        (
            "DELETE FROM billing.usage_set_aside WHERE outcome = 'suspended'",
            "2 records were set aside when they came and 1 of them are there",
        ),
        ("UPDATE billing.usage_block SET first_line = 2", "1 blocks do not begin where the one before ended"),
    ],
)
def test_a_broken_count_is_found(session: Session, file: int, harm: str, found: str) -> None:
    session.execute(text(harm))
    session.expire_all()
    with pytest.raises(Breach) as breach:
        close_files(session, "ZZ", NIGHT)
    assert found in str(breach.value)
    assert any(found in one for one in usage.file_card(session, file).faults)
    assert "files_close" in {difference.check for difference in check_books(session, "ZZ")}


@pytest.mark.parametrize(
    ("harm", "check"),
    [
        ("DELETE FROM billing.rated_call WHERE duration_seconds = 122", "calls_of_files"),
        ("UPDATE billing.rated_call SET net_millionths = net_millionths + 1 WHERE duration_seconds = 122", "calls_of_files"),
        ("INSERT INTO billing.rated_call SELECT * FROM billing.rated_call WHERE duration_seconds = 122", "calls_of_files"),
        ("UPDATE billing.rated_call SET usage_record_id = usage_record_id + 10 WHERE duration_seconds = 122", "calls_of_records"),
        (
            "UPDATE billing.usage_set_aside SET is_open = FALSE, settled_as = 'rated', settled_on = '2026-03-02' WHERE is_open",
            "calls_of_settled",
        ),
    ],
)
def test_calls_that_do_not_go_with_their_records_are_found(session: Session, file: int, harm: str, check: str) -> None:
    assert file
    session.execute(text(harm))
    assert check in {difference.check for difference in check_books(session, "ZZ")}


def test_what_is_settled_moves_and_still_adds_up(session: Session, file: int) -> None:
    session.execute(
        text(
            "UPDATE billing.usage_set_aside SET is_open = FALSE, settled_as = 'rejected', settled_on = '2026-03-03', settled_by = 'AMY',"
            " settled_words = 'No such number.' WHERE is_open"
        )
    )
    card = usage.file_card(session, file)
    assert card.at_first == counts(2, 1, 1, 1, 1)
    assert card.today == counts(2, 1, 1, 0, 2)
    found = usage.raw_record(session, file * 10_000_000 + 4)
    assert (found.outcome, found.words.endswith("Settled on 2026-03-03 by AMY: No such number.")) == (UsageOutcome.REJECTED, True)
    assert close_files(session, "ZZ", NIGHT).read == 1
    assert check_books(session, "ZZ") == ()


def test_closing_is_of_one_night(session: Session, file: int) -> None:
    assert file
    assert close_files(session, "ZZ", NIGHT + timedelta(days=1)).read == 0


def test_a_record_is_found_as_it_came(session: Session, file: int) -> None:
    outcomes = []
    for line in range(1, 7):
        found = usage.raw_record(session, file * 10_000_000 + line)
        assert found.raw.count(",") == 41
        outcomes.append(found.outcome)
    assert [outcome.value for outcome in outcomes if outcome] == ["rejected", "rated", "zero-rated", "suspended", "duplicate", "rated"]
    duplicate = usage.raw_record(session, file * 10_000_000 + 5)
    assert (duplicate.reason_code, duplicate.original_record_id) == ("CSS666E", file * 10_000_000 + 2)


@pytest.mark.parametrize("line", [0, 7, 9_999_999])
def test_a_record_that_never_came_is_not_found(session: Session, file: int, line: int) -> None:
    with pytest.raises(NotFound) as refusal:
        usage.raw_record(session, file * 10_000_000 + line)
    assert refusal.value.code == "CSS669E"


def test_a_file_that_never_came_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound) as refusal:
        usage.file_card(session, 999)
    assert refusal.value.code == "CSS668E"


@pytest.mark.parametrize("ask", [usage.files, usage.set_aside_records, usage.alarms])
def test_only_a_district_there_is_can_be_asked_about(session: Session, ask: Callable[[Session, str], object]) -> None:
    with pytest.raises(NotFound) as refusal:
        ask(session, "QQ")
    assert refusal.value.code == "CSS101E"


def test_what_was_set_aside_is_chosen_by_outcome_and_reason(session: Session, file: int) -> None:
    assert file
    assert [row.outcome.value for row in usage.set_aside_records(session, "ZZ")] == ["duplicate", "suspended", "rejected"]
    assert [row.outcome.value for row in usage.set_aside_records(session, "ZZ", outcome=UsageOutcome.REJECTED)] == ["rejected"]
    assert len(usage.set_aside_records(session, "ZZ", NIGHT, reason_code="CSS412E")) == 1
    assert usage.set_aside_records(session, "ZZ", NIGHT - timedelta(days=1)) == ()


def test_what_waits_too_long_and_what_has_not_come_are_alarms(session: Session, file: int) -> None:
    assert file
    found = usage.alarms(session, "ZZ")
    assert (found.gaps, found.old_suspense, found.long_calls) == ((), (), ())
    session.execute(text("UPDATE billing.usage_set_aside SET set_aside_on = '2026-01-01'"))
    usage_file(session, sequence=5)
    found = usage.alarms(session, "ZZ")
    assert [(gap.first, gap.last) for gap in found.gaps] == [(2, 4)]
    assert [(age.reason_code, age.record_count) for age in found.old_suspense] == [("CSS412E", 1)]


def test_a_record_is_set_aside_with_all_it_says(session: Session, file: int) -> None:
    frame = pl.DataFrame(
        {
            "district_code": ["ZZ"],
            "usage_record_id": [file * 10_000_000 + 2],
            "supplier": ["NTHTEL"],
            "outcome": ["suspended"],
            "reason_code": ["CSS700W"],
            "words": ['Words, with a comma and "quotes".'],
            "raw": ["a,b\\N"],
            "set_aside_on": [NIGHT],
            "chain_id": ["C1"],
            "part_number": [2],
            "is_last_part": [False],
            "started_at": [datetime(2026, 3, 2, 12, tzinfo=UTC)],
            "not_a_column": ["left out"],
        }
    )
    assert set_aside(session, frame) == 1
    row = session.get(UsageSetAside, ("ZZ", file * 10_000_000 + 2))
    assert row is not None
    assert (row.usage_file_id, row.is_open, row.words, row.raw) == (file, True, 'Words, with a comma and "quotes".', "a,b\\N")
    assert (row.chain_id, row.part_number, row.is_last_part, row.leg, row.started_at) == ("C1", 2, False, None, NOON)
    with pytest.raises(Breach, match="set aside without raw, words"):
        set_aside(session, frame.drop("raw", "words"))


def test_the_command_line_says_all_of_it(engine: Engine, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "database", lambda: engine)
    file = taken

    def said(*words: str) -> list[str]:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        return [f"exit {result.exit_code}", *result.output.splitlines()]

    assert any("NTHTEL" in line and "1" in line for line in said("files", "ZZ"))
    told = said("file", str(file))
    assert told[-1] == "Every record has its outcome: the file closes."
    assert "suspended              1           1" in told
    assert f"{file}/5" in "\n".join(said("rejects", "ZZ", "--raw", "--outcome", "duplicate"))
    assert said("record", f"{file}/4")[-1].startswith("Suspended. CSS412E ")
    assert said("alarms", "ZZ")[1] == "Nothing to look at in ZZ."
