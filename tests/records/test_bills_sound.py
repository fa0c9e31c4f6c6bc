"""A bill whose document contradicts itself is held while it has no number, and made again once the cause is mended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import calculate, calculate_block, release_bill, sound, withdraw_bill
from billing.actions.sample import sample_step
from billing.commands import ReleaseBill
from billing.queries.as_posted import bills_as_posted
from billing.rules.bill import AccountAtCut, DraftBill, draft_bill
from billing.rules.charges import PriceBook
from billing.run_commands import WithdrawBill
from billing.words import BillState
from css.core.errors import Refused
from css.core.money import Money
from tests import builders
from tests.conftest import QueryCount
from tests.records.billed import NIGHT, at, begin, bills, finish

START, FEBRUARY = date(2026, 1, 15), date(2026, 2, 5)


@pytest.fixture
def two(session: Session) -> tuple[builders.BuiltAccount, builders.BuiltAccount]:
    """Two accounts that are billed on 5 February."""
    zz = builders.district(session, on=START, sites=6)
    wrong, right = builders.account(session, zz, cycle_day=5), builders.account(session, zz, cycle_day=5)
    for account in (wrong, right):
        builders.working_line(session, zz, account, starts_on=START)
    return wrong, right


def tampered(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    """The bill of one account has a line that is a penny more than its totals know."""

    def draft(account: AccountAtCut, book: PriceBook) -> DraftBill | None:
        bill = draft_bill(account, book)
        if bill is None or account.account_number != number:
            return bill
        first, *others = bill.lines
        return replace(bill, lines=(replace(first, net=first.net + Money(1)), *others))

    monkeypatch.setattr(calculate, "draft_bill", draft)


def made(session: Session) -> int:
    """A run whose bills have no numbers yet."""
    run_id = begin(session, FEBRUARY)
    calculate_block(session, run_id, queries.accounts_to_calculate(session, run_id), by=NIGHT, at=at(FEBRUARY))
    session.expire_all()
    return run_id


def test_a_bill_that_contradicts_itself_has_no_number_and_the_others_go_out(
    session: Session, two: tuple[builders.BuiltAccount, builders.BuiltAccount], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong, right = two
    with monkeypatch.context() as mischief:
        tampered(mischief, wrong.number)
        run_id = made(session)
    (held,), (sound_one,) = bills(session, wrong), bills(session, right)
    assert (held.state, held.hold_code, held.number) == (BillState.HELD, "CSS445E", None)
    assert "The net total" in (held.hold_words or "")
    assert sound_one.state is BillState.CALCULATED
    assert [one.hold_code for one in queries.held_bills(session, "ZZ")] == ["CSS445E"]
    go = ReleaseBill(account_number=wrong.number, business_date=FEBRUARY, reason="It looks right to me.")
    with pytest.raises(Refused, match="contradicts itself"):
        release_bill(session, go, by=builders.OPERATOR, at=at(FEBRUARY))
    back = WithdrawBill(account_number=wrong.number, business_date=FEBRUARY, reason="A penny too much.")
    withdraw_bill(session, back, by=builders.OPERATOR, at=at(FEBRUARY))
    while sample_step(session, run_id, is_printed=True, directory=tmp_path, by=NIGHT, at=at(FEBRUARY)) is not None:
        pass
    finish(session, run_id, FEBRUARY, tmp_path)
    session.expire_all()
    assert [bills(session, one)[0].state for one in two] == [BillState.ISSUED, BillState.ISSUED]


def test_the_others_of_the_night_are_issued_while_it_is_held(
    session: Session, two: tuple[builders.BuiltAccount, builders.BuiltAccount], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong, _ = two
    tampered(monkeypatch, wrong.number)
    finish(session, made(session), FEBRUARY, tmp_path)
    session.expire_all()
    assert [bills(session, one)[0].state for one in two] == [BillState.HELD, BillState.ISSUED]
    assert not [path for path in tmp_path.rglob("*") if wrong.number in path.name]


def test_a_document_that_cannot_be_made_at_all_is_a_contradiction_too(
    session: Session, two: tuple[builders.BuiltAccount, builders.BuiltAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall(*_: object) -> None:
        msg = "year 10000 is out of range"
        raise ValueError(msg)

    monkeypatch.setattr(sound, "compose", fall)
    made(session)
    assert [bills(session, one)[0].hold_words for one in two] == ["year 10000 is out of range"] * 2


def test_looking_takes_as_many_statements_for_many_bills_as_for_one(
    session: Session,
    query_count: Callable[[], AbstractContextManager[QueryCount]],
    two: tuple[builders.BuiltAccount, builders.BuiltAccount],
) -> None:
    made(session)
    ids = [bills(session, one)[0].id for one in two]
    assert len(bills_as_posted(session, ids, unnumbered=True)) == len(ids)
    with query_count() as one:
        assert sound.hold_contradictions(session, ids[:1]) == 0
    with query_count() as both:
        assert sound.hold_contradictions(session, ids) == 0
    assert 0 < len(one) == len(both)
