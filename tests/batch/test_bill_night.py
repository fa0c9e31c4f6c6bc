"""A night whose bills somebody approves: it stops after the sample, goes on when it is run again, and gives the numbers it would have."""

from __future__ import annotations

import csv
import hashlib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from batch.engine import RunOutcome, run_net
from batch.net import Context
from batch.nets import NIGHT
from billing.actions import approve_bills, release_bill, set_bill_control, withdraw_bill, withdraw_run
from billing.actions.groups import join_group
from billing.commands import ReleaseBill
from billing.credit_commands import JoinGroup
from billing.model import Bill, BillRun
from billing.queries import bill_run
from billing.rules.run_figures import RunState
from billing.run_commands import ApproveBills, SetBillControl, WithdrawBill, WithdrawRun
from css.cli import main
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.core.errors import Refused, Unavailable
from css.core.money import Money
from css.db.engine import transaction
from css.master.reference import RETAIL
from css.settings import settings
from tests import builders
from tests.records.billed import at, leave_item
from tests.scenarios.copies import copy_of

START, FEBRUARY = date(2026, 1, 15), date(2026, 2, 5)
RUNNER = Actor("batch", "night/alice", RETAIL, door="night")
APPROVAL = ApproveBills(district_code="ZZ", business_date=FEBRUARY, words="Looked at all three; they are right.")


def night(engine: Engine, home: Path, day: date = FEBRUARY, *, workers: int = 1) -> RunOutcome:
    """One attempt at the night of a day."""
    moment = datetime(day.year, day.month, day.day, 23, 30, tzinfo=UTC)
    return run_net(engine, NIGHT, Context("ZZ", day, moment, RUNNER, home), clock=FixedClock(moment), workers=workers)


def code(outcome: RunOutcome) -> str:
    return "" if outcome.error is None else outcome.error.code


def approve(engine: Engine, command: ApproveBills = APPROVAL) -> None:
    with transaction(engine) as session:
        approve_bills(session, command, by=builders.OPERATOR, at=at(FEBRUARY))


@pytest.fixture
def five(fresh_engine: Engine) -> tuple[Engine, list[builders.BuiltLine]]:
    """Five accounts of the 5th on its evening, whose bills somebody must approve; the last one's first bill is absurd."""
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START, sites=6)
        lines = [builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START) for _ in range(5)]
        leave_item(session, lines[4], "VISIT", "600000", date(2026, 1, 20), words="Visits")
        session.execute(text("UPDATE css.business_date SET current_on = '2026-02-05', closed_through = '2026-02-04'"))
        command = SetBillControl(district_code="ZZ", sample_count=3, is_approval_required=True)
        set_bill_control(session, command, by=builders.OPERATOR, at=at(START))
    return fresh_engine, lines


def serials(engine: Engine) -> list[int | None]:
    """Of the bills in order of account."""
    with transaction(engine) as session:
        return list(session.execute(select(Bill.serial).order_by(Bill.account_id)).scalars())


def test_the_night_stops_before_any_bill_has_its_number_and_goes_on_once_it_is_approved(
    five: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path
) -> None:
    engine, lines = five
    stopped = night(engine, tmp_path)
    assert (code(stopped), stopped.return_code) == ("CSS780E", 8)
    sample = tmp_path / "spool/ZZ/2026-02-05/sample"
    assert str(sample) in str(stopped.error)
    assert "4 bills wait for approval, £" in str(stopped.error)
    assert serials(engine) == [None] * 5
    assert not list((tmp_path / "spool").rglob("ZZB*"))
    printed = sorted(path.name for path in sample.iterdir())
    assert len([name for name in printed if name.endswith(".pdf")]) == 3
    with transaction(engine) as session:
        assert session.execute(text("SELECT count(*) FROM billing.bill_file")).scalar() == 0
        assert bill_run(session, "ZZ").run.state is RunState.WAITING
    # Nobody has said anything: run again, it waits on, and what lies there is the same.
    before = {path.name: path.read_bytes() for path in sample.iterdir()}
    assert code(night(engine, tmp_path)) == "CSS780E"
    assert {path.name: path.read_bytes() for path in sample.iterdir()} == before
    approve(engine)
    done = night(engine, tmp_path)
    assert (code(done), done.return_code) == ("", 0)
    # The held one has no number; the others have theirs in order of account.
    assert serials(engine) == [1, 2, 3, 4, None]
    with transaction(engine) as session:
        card = bill_run(session, "ZZ")
        assert (card.run.state, card.run.held_count, card.run.approved_by) == (RunState.ISSUED, 1, "TESTER")
        assert [(one.account_number, one.hold_code) for one in card.figures.held] == [(lines[4].account.number, "CSS793W")]


def test_the_summary_beside_the_sample_says_what_goes_out_what_is_held_and_what_is_parked(
    five: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path
) -> None:
    engine, lines = five
    with transaction(engine) as session:
        session.execute(text("UPDATE css.account SET billing_name = ' ' WHERE id = :id"), {"id": lines[3].account.id})
    night(engine, tmp_path)
    sample = tmp_path / "spool/ZZ/2026-02-05/sample"
    written = (sample / "summary.txt").read_text(encoding="utf-8")
    page = " ".join(written.split())
    assert max(map(len, written.splitlines())) <= 96
    assert page.startswith("CSS SAMPLE OF BILLS district ZZ business date Thu 05 Feb 2026")
    assert "5 accounts to bill; 3 bills of £" in page
    assert "1 held, 1 parked." in page
    assert f"{lines[4].account.number}" in page
    assert "CSS793W The bill of £" in page
    assert f"{lines[3].account.number} CSS798E Account {lines[3].account.number} lacks a name" in page
    assert "Every document of the sample adds up." in page
    rows = list(csv.reader((sample / "summary.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["RUN", "ZZ", "2026-02-05", "5", "3", "1", "1"]
    assert [row[1] for row in rows if row[0] == "HELD"] == [lines[4].account.number]
    assert [row[4] for row in rows if row[0] == "PARKED"] == ["CSS798E"]
    assert len([row for row in rows if row[0] == "SAMPLE"]) == 3


def test_a_bill_withdrawn_while_the_night_waits_is_made_again_by_it_and_the_approval_starts_over(
    five: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path
) -> None:
    engine, lines = five
    night(engine, tmp_path)
    approve(engine)
    withdrawal = WithdrawBill(account_number=lines[1].account.number, business_date=FEBRUARY, reason="Its address was wrong.")
    with transaction(engine) as session:
        withdraw_bill(session, withdrawal, by=builders.OPERATOR, at=at(FEBRUARY))
        session.execute(text("UPDATE css.account SET billing_name = 'Put Right' WHERE id = :id"), {"id": lines[1].account.id})
    with pytest.raises(Refused) as refusal:
        approve(engine)
    assert refusal.value.code == "CSS781E", "what is printed is not what would go out"
    assert code(night(engine, tmp_path)) == "CSS780E"
    approve(engine)
    assert code(night(engine, tmp_path)) == ""
    assert serials(engine) == [1, 2, 3, 4, None]
    with transaction(engine) as session:
        assert session.execute(text("SELECT payer ->> 'name' FROM billing.bill WHERE serial = 2")).scalar() == "Put Right"


def test_a_bill_withdrawn_when_the_sample_is_done_with_and_nothing_released_is_made_again_too(
    five: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, lines = five

    def dies(*_: object, **__: object) -> None:
        raise Unavailable("CSS001E", "The machine is gone.")

    night(engine, tmp_path)
    approve(engine)
    with monkeypatch.context() as patch:
        patch.setattr("billing.actions.release_run", dies)
        assert code(night(engine, tmp_path)) == "CSS001E"
    with transaction(engine) as session:
        withdrawal = WithdrawBill(account_number=lines[1].account.number, business_date=FEBRUARY, reason="Once more.")
        withdraw_bill(session, withdrawal, by=builders.OPERATOR, at=at(FEBRUARY))
    assert code(night(engine, tmp_path)) == "CSS780E"
    approve(engine)
    assert code(night(engine, tmp_path)) == ""
    assert serials(engine) == [1, 2, 3, 4, None]


def test_a_bill_left_to_the_next_night_keeps_the_approval_and_the_next_night_makes_it(
    five: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path
) -> None:
    engine, lines = five
    night(engine, tmp_path)
    approve(engine)
    left = WithdrawBill(account_number=lines[1].account.number, business_date=FEBRUARY, reason="Not tonight.", until_next_night=True)
    with transaction(engine) as session:
        withdraw_bill(session, left, by=builders.OPERATOR, at=at(FEBRUARY))
    assert code(night(engine, tmp_path)) == ""
    assert serials(engine) == [1, 2, 3, None]
    with transaction(engine) as session:
        (parked,) = bill_run(session, "ZZ").figures.parked
        assert (parked.parked_code, parked.parked_words) == ("CSS786W", "Left to the next night: Not tonight.")
    day = date(2026, 2, 6)
    assert code(night(engine, tmp_path, day)) == "CSS780E"
    approve(engine, ApproveBills(district_code="ZZ", business_date=day, words="The one is right."))
    assert code(night(engine, tmp_path, day)) == ""
    with transaction(engine) as session:
        made = session.execute(select(Bill.serial, Bill.usage_through).where(Bill.account_id == lines[1].account.id)).all()
        assert [tuple(row) for row in made] == [(4, day)]
        (parked,) = bill_run(session, "ZZ", FEBRUARY).figures.parked
        assert parked.billed_on == day


def test_a_whole_run_backed_out_is_made_again_to_the_byte_with_the_numbers_it_would_have_had(
    five: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path
) -> None:
    engine, _ = five
    night(engine, tmp_path)
    first = _everything(engine)
    sample = {path.name: path.read_bytes() for path in (tmp_path / "spool/ZZ/2026-02-05/sample").iterdir()}
    back_out = WithdrawRun(district_code="ZZ", business_date=FEBRUARY, reason="To be looked into.")
    with transaction(engine) as session:
        answer = withdraw_run(session, back_out, by=builders.OPERATOR, at=at(FEBRUARY))
        assert (answer.bill_count, answer.parked_count) == (5, 0)
        assert session.execute(text("SELECT count(*) FROM billing.bill_line")).scalar() == 0
        assert session.get_one(BillRun, session.execute(select(BillRun.id)).scalar_one()).sampled_at is None
    assert code(night(engine, tmp_path)) == "CSS780E"
    assert _everything(engine) == first
    assert {path.name: path.read_bytes() for path in (tmp_path / "spool/ZZ/2026-02-05/sample").iterdir()} == sample
    approve(engine)
    assert code(night(engine, tmp_path)) == ""
    assert serials(engine) == [1, 2, 3, 4, None]
    with transaction(engine) as session:
        assert answer.invoice_gross == Money(int(session.execute(text("SELECT sum(invoice_gross) FROM billing.bill")).scalar_one()))


def test_a_held_bill_let_go_before_the_approval_goes_out_with_the_others(
    five: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path
) -> None:
    engine, lines = five
    night(engine, tmp_path)
    let_go = ReleaseBill(account_number=lines[4].account.number, business_date=FEBRUARY, reason="A hundred visits were made.")
    with transaction(engine) as session:
        release_bill(session, let_go, by=builders.OPERATOR, at=at(FEBRUARY))
    approve(engine)
    assert code(night(engine, tmp_path)) == ""
    assert serials(engine) == [1, 2, 3, 4, 5]


def test_parallel_workers_give_the_same_numbers_and_the_same_files(five: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path) -> None:
    engine, _ = five
    found = []
    with transaction(engine) as session:
        command = SetBillControl(district_code="ZZ", is_approval_required=False)
        set_bill_control(session, command, by=builders.OPERATOR, at=at(START))
    for workers in (1, 2):
        home = tmp_path / str(workers)
        with copy_of(engine) as copy, pytest.MonkeyPatch.context() as patch:
            patch.setattr("batch.steps.bills.CALCULATE_BLOCK", 1)
            patch.setattr("batch.steps.bills.RENDER_BLOCK", 1)
            assert code(night(copy, home, workers=workers)) == ""
            files = {path.relative_to(home): hashlib.sha256(path.read_bytes()).hexdigest() for path in home.rglob("*") if path.is_file()}
            found.append((serials(copy), files))
    assert found[0] == found[1]
    assert len(found[0][1]) > 8


def _everything(engine: Engine) -> list[object]:
    """Bills and lines without their ids."""
    statement = text(
        "SELECT a.number, b.kind, b.state, b.hold_code, b.period_starts_on, b.usage_after, b.usage_through, b.amount_due, b.payer::text, "
        "l.line_number, l.words, l.starts_on, l.ends_on, l.quantity, l.unit_price, l.net, l.billable_item_id FROM billing.bill b "
        "JOIN css.account a ON a.id = b.account_id JOIN billing.bill_line l ON l.bill_id = b.id ORDER BY 1, 10"
    )
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(statement)]


def test_groups_are_billed_after_their_members_approved_on_their_own_and_numbered_last(fresh_engine: Engine, tmp_path: Path) -> None:
    engine = fresh_engine
    with transaction(engine) as session:
        zz = builders.district(session, on=START, sites=6)
        group, *members = (builders.account(session, zz, cycle_day=5) for _ in range(3))
        for account in (group, *members):
            builders.working_line(session, zz, account, starts_on=START)
        for member in members:
            join = JoinGroup(account_number=member.number, group_account_number=group.number, is_paid_by_group=True)
            join_group(session, join, by=builders.OPERATOR, at=at(START))
        session.execute(text("UPDATE css.business_date SET current_on = '2026-02-05', closed_through = '2026-02-04'"))
        command = SetBillControl(district_code="ZZ", sample_count=3, is_approval_required=True)
        set_bill_control(session, command, by=builders.OPERATOR, at=at(START))
    spool = tmp_path / "spool/ZZ/2026-02-05"
    assert code(night(engine, tmp_path)) == "CSS780E"
    assert sorted(path.stem for path in (spool / "sample").glob("*.pdf")) == [member.number for member in members]
    approve(engine)
    stopped = night(engine, tmp_path)
    assert code(stopped) == "CSS780E"
    assert str(spool / "sample-groups") in str(stopped.error)
    assert [path.stem for path in (spool / "sample-groups").glob("*.pdf")] == [group.number]
    assert serials(engine) == [None, 1, 2]
    approve(engine)
    assert code(night(engine, tmp_path)) == ""
    assert serials(engine) == [3, 1, 2]
    with transaction(engine) as session:
        due = {row.serial: row.amount_due for row in session.execute(select(Bill.serial, Bill.amount_due))}
        own = session.execute(select(Bill.invoice_gross).where(Bill.serial == 3)).scalar_one()
        assert due[3] == own + due[1] + due[2]
        assert bill_run(session, "ZZ").run.state is RunState.ISSUED


def test_a_night_that_waits_for_approval_is_nowhere_said_to_have_failed(
    five: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine, _ = five
    night(engine, tmp_path)
    monkeypatch.setenv("CSS_DATABASE_URL", engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path))
    settings.cache_clear()
    said = {}
    for words in ("status ZZ", "report ZZ --date 2026-02-05", "board", "watch ZZ --date 2026-02-05 --once"):
        main(["night", *words.split()])
        said[words.split()[0]] = capsys.readouterr().out
    settings.cache_clear()
    assert "2026-02-05  waiting for approval  attempt 1, " in said["status"]
    assert "WAITING FOR APPROVAL since attempt 1, with return code 8. " in said["report"]
    assert any(line.startswith("sample             to approve  ") for line in said["report"].splitlines())
    assert " WAITING FOR APPROVAL " in said["board"]
    assert said["watch"].startswith("The night of ZZ for 5 February 2026: waiting for approval, attempt 1, ")
    assert not any("FAILED" in words for words in said.values())
