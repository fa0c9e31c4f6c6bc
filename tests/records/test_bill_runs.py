"""The verbs of a bill run: limits, approval, taking bills back before they have numbers, and bills between two cycle dates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import (
    approve_bills,
    calculate_block,
    cancel_bill_request,
    release_run,
    request_bill,
    sample_step,
    set_bill_control,
    withdraw_bill,
    withdraw_run,
)
from billing.actions.approve import hold_run
from billing.checks import check_books
from billing.model import BillRequest, BillRun, BillRunAccount
from billing.rules.approval import require_another
from billing.rules.bill import AccountAtCut, DraftBill, draft_bill
from billing.rules.charges import PriceBook
from billing.rules.run_figures import RunState
from billing.rules.validation import LIMITS
from billing.run_commands import ApproveBills, CancelBillRequest, RequestBill, SetBillControl, WithdrawBill, WithdrawRun
from billing.words import BillKind, BillState
from css.audit import AuditEvent
from css.core.actor import Actor
from css.core.errors import Breach, Conflict, CssError, NotFound, Refused
from css.core.money import Money
from css.core.words import Role
from css.master.reference import RETAIL
from tests import builders
from tests.records.billed import NIGHT, at, begin, bills, finish, leave_item, lines, night

START = date(2026, 1, 15)
FEBRUARY, MARCH, APRIL = date(2026, 2, 5), date(2026, 3, 5), date(2026, 4, 5)
BILLING = Actor("operator", "BILL01", RETAIL, frozenset({Role.BILLING.value}), "screen")
SUPERVISOR = Actor("operator", "SUPER1", RETAIL, frozenset({Role.SUPERVISOR.value}), "screen")
APPROVAL = ApproveBills(district_code="ZZ", business_date=FEBRUARY, words="Looked at.")


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


@pytest.fixture
def home(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    return builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START)


def control(session: Session, **limits: object) -> None:
    set_bill_control(session, SetBillControl(district_code="ZZ", **limits), by=SUPERVISOR, at=at(START))  # type: ignore[arg-type]


def calculated(session: Session, day: date = FEBRUARY) -> int:
    """A run whose bills have no numbers yet."""
    run_id = begin(session, day)
    calculate_block(session, run_id, queries.accounts_to_calculate(session, run_id), by=NIGHT, at=at(day))
    session.expire_all()
    return run_id


def sampled(session: Session, run_id: int, directory: Path) -> None:
    """Up to the moment at which the night waits, or would go on."""
    is_printed = False
    while sample_step(session, run_id, is_printed=is_printed, directory=directory, by=NIGHT, at=at(FEBRUARY)) is not None:
        is_printed = True


def refused(session: Session, deed: Any, command: Any, by: Actor = BILLING) -> str:  # noqa: ANN401 - any verb with its command
    with session.begin_nested() as attempt, pytest.raises(CssError) as refusal:
        deed(session, command, by=by, at=at(FEBRUARY))
    if attempt.is_active:
        attempt.rollback()
    return refusal.value.code


def test_a_district_without_limits_of_its_own_has_those_of_the_house(session: Session, zz: builders.BuiltDistrict) -> None:
    found = queries.bill_control(session, zz.code)
    assert (found.sample_count, found.is_approval_required, found.lines_max) == (0, False, LIMITS.lines_max)


def test_limits_are_set_one_by_one_and_the_trail_says_what_they_were(session: Session, zz: builders.BuiltDistrict) -> None:
    control(session, first_bill_max=Money(20_00))
    control(session, sample_count=5, is_approval_required=True)
    found = queries.bill_control(session, zz.code)
    assert (found.sample_count, found.first_bill_max, found.credit_max) == (5, Money(20_00), LIMITS.credit_max)
    event = (
        session.execute(select(AuditEvent).where(AuditEvent.verb == "set_bill_control").order_by(AuditEvent.id.desc())).scalars().first()
    )
    assert event is not None
    assert (event.before, event.after) == (
        {"sample_count": 0, "is_approval_required": False},
        {"sample_count": 5, "is_approval_required": True},
    )


def test_bills_are_held_by_the_limits_of_their_district(session: Session, home: builders.BuiltLine) -> None:
    control(session, first_bill_max=Money(20_00))
    calculated(session)
    assert (bills(session, home.account)[0].state, bills(session, home.account)[0].hold_code) == (BillState.HELD, "CSS793W")


@pytest.mark.parametrize("fault", [OverflowError("date value out of range"), ZeroDivisionError(), ValueError("year 10000 is out of range")])
def test_an_account_whose_figures_lead_nowhere_is_parked_and_the_others_are_billed(
    session: Session, zz: builders.BuiltDistrict, home: builders.BuiltLine, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    other = builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START)

    def draft(account: AccountAtCut, book: PriceBook) -> DraftBill | None:
        if account.account_number == home.account.number:
            raise fault
        return draft_bill(account, book)

    monkeypatch.setattr("billing.actions.calculate.draft_bill", draft)
    run_id = calculated(session)
    assert (bills(session, home.account), len(bills(session, other.account))) == ([], 1)
    parked = session.execute(
        text("SELECT parked_code, parked_words FROM billing.bill_run_account WHERE bill_run_id = :run AND account_id = :account"),
        {"run": run_id, "account": home.account.id},
    ).one()
    assert parked.parked_code == "CSS490E"
    assert home.account.number in parked.parked_words
    assert type(fault).__name__ in parked.parked_words
    assert "draft" in parked.parked_words, "where it happened"


def test_a_mistake_of_ours_stops_the_run(session: Session, home: builders.BuiltLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def draft(_account: AccountAtCut, _book: PriceBook) -> DraftBill | None:
        raise Breach("two and two were five")

    monkeypatch.setattr("billing.actions.calculate.draft_bill", draft)
    with pytest.raises(Breach):
        calculated(session)
    assert bills(session, home.account) == []


@pytest.mark.parametrize(
    "others",
    [
        {"sample_count": -1},
        {"sample_count": 501},
        {"lines_max": 1_000_001},
        {"times_average_max": 10_001},
        {"periods_max": 1_201},
        {"days_back_max": 36_526},
        {"lines_max": 0},
        {"times_average_max": 0},
        {"periods_max": 0},
        {"days_back_max": 0},
        {"credit_max": Money(-1)},
        {"first_bill_max": Money(0)},
        {"average_floor": Money(1_000_000_01)},
        {"is_approval_required": True},
    ],
)
def test_limits_that_make_no_sense_are_refused(session: Session, zz: builders.BuiltDistrict, others: dict[str, Any]) -> None:
    assert refused(session, set_bill_control, SetBillControl(district_code=zz.code, **others), SUPERVISOR) == "CSS790E"


def test_limits_are_for_supervisors_and_for_districts_there_are(session: Session, zz: builders.BuiltDistrict) -> None:
    assert refused(session, set_bill_control, SetBillControl(district_code=zz.code, lines_max=5)) == "CSS443E"
    assert refused(session, set_bill_control, SetBillControl(district_code="QQ", lines_max=5), SUPERVISOR) == "CSS101E"


def test_no_bill_has_its_number_before_somebody_has_approved(session: Session, home: builders.BuiltLine, tmp_path: Path) -> None:
    control(session, sample_count=2, is_approval_required=True)
    run_id = calculated(session)
    with pytest.raises(Refused) as refusal:
        release_run(session, run_id, by=NIGHT, at=at(FEBRUARY))
    assert refusal.value.code == "CSS780E"
    assert refused(session, approve_bills, APPROVAL) == "CSS781E"
    with pytest.raises(Refused) as refusal:
        sampled(session, run_id, tmp_path)
    assert str(refusal.value) == (
        f"1 bill waits for approval, £37.91 in all. Look at {tmp_path}; whoever did not run the night approves them with "
        "`css bills approve ZZ 2026-02-05 --words WORDS --by OPERATOR`. Then run the night again."
    )
    assert (tmp_path / f"{home.account.number}.pdf").read_bytes().startswith(b"%PDF")
    answer = approve_bills(session, APPROVAL, by=BILLING, at=at(FEBRUARY))
    assert (answer.bill_count, answer.invoice_gross, answer.approved_by) == (1, Money(37_91), "BILL01")
    run = session.get_one(BillRun, run_id, populate_existing=True)
    assert (run.approved_by, run.approved_words, run.sampled_by) == ("BILL01", "Looked at.", "night")
    assert sample_step(session, run_id, is_printed=True, directory=tmp_path, by=NIGHT, at=at(FEBRUARY)) is None
    assert release_run(session, run_id, by=NIGHT, at=at(FEBRUARY)).written == 1
    assert refused(session, approve_bills, APPROVAL) == "CSS782E"


@pytest.mark.parametrize(
    ("by", "code"),
    [
        (Actor("operator", "ALICE", RETAIL, frozenset({Role.BILLING.value}), "command line"), "CSS783E"),
        (Actor("batch", "night/alice", RETAIL, door="night"), "CSS783E"),
        (Actor("system", "TEST", RETAIL), "CSS783E"),
        (SUPERVISOR, "CSS443E"),
        (builders.CLERK, "CSS443E"),
        (builders.PARTNER_ACTOR, "CSS443E"),
        (BILLING, ""),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_second_person_of_billing_approves(session: Session, tmp_path: Path, by: Actor, code: str) -> None:
    control(session, sample_count=2, is_approval_required=True)
    run_id = calculated(session)
    alice = Actor("batch", "night/alice", RETAIL, door="night")
    sample_step(session, run_id, is_printed=False, directory=tmp_path, by=alice, at=at(FEBRUARY))
    if code:
        assert refused(session, approve_bills, APPROVAL, by) == code
    else:
        assert approve_bills(session, APPROVAL, by=by, at=at(FEBRUARY)).bill_count == 1


def test_whoever_ran_the_night_is_told_how_another_approves() -> None:
    with pytest.raises(Refused, match=r"^ALICE ran the night .*; somebody else .* approves them, signed on .*, or with --by "):
        require_another(Actor("operator", "ALICE", RETAIL, frozenset({Role.BILLING.value}), "command line"), "night/alice")


def test_an_approval_needs_words_a_run_and_bills_that_wait(session: Session, home: builders.BuiltLine, tmp_path: Path) -> None:
    control(session, sample_count=2, first_bill_max=Money(1))
    assert refused(session, approve_bills, APPROVAL) == "CSS489E"
    run_id = calculated(session)
    assert refused(session, approve_bills, replace(APPROVAL, words=" ")) == "CSS784E"
    assert refused(session, approve_bills, APPROVAL) == "CSS782E", "its only bill is held"
    sampled(session, run_id, tmp_path)
    assert list(tmp_path.iterdir()) == [], "there is nothing to look at"
    assert bills(session, home.account)[0].state is BillState.HELD


def test_without_approval_a_sample_is_printed_and_the_run_goes_on(session: Session, home: builders.BuiltLine, tmp_path: Path) -> None:
    control(session, sample_count=2)
    run_id = calculated(session)
    sampled(session, run_id, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{home.account.number}.pdf", "summary.csv", "summary.txt"]
    assert release_run(session, run_id, by=NIGHT, at=at(FEBRUARY)).written == 1
    assert queries.sample_of_night(session, "ZZ", FEBRUARY)[0].account_number == home.account.number


@pytest.mark.usefixtures("home")
def test_what_an_earlier_sample_left_behind_goes(session: Session, tmp_path: Path) -> None:
    control(session, sample_count=2)
    (tmp_path / ".ZZA00000999.pdf.part").write_bytes(b"half")
    (tmp_path / "ZZA00000999.pdf").write_bytes(b"of a bill withdrawn since")
    sampled(session, calculated(session), tmp_path)
    assert not [path for path in tmp_path.iterdir() if "999" in path.name]


def test_a_withdrawn_bill_leaves_nothing_but_the_trail_and_what_it_had_taken_is_free(session: Session, home: builders.BuiltLine) -> None:
    leave_item(session, home, "VISIT", "5000", date(2026, 1, 20))
    run_id = calculated(session)
    before = lines(session, bills(session, home.account)[0])
    command = WithdrawBill(account_number=home.account.number, business_date=FEBRUARY, reason="The visit was free.")
    answer = withdraw_bill(session, command, by=BILLING, at=at(FEBRUARY))
    assert (answer.kind, answer.invoice_gross, answer.line_count, answer.until_next_night) == (BillKind.BILL, Money(97_91), 3, False)
    for table in ("bill", "bill_line", "bill_vat", "allowance_month"):
        assert session.execute(text(f"SELECT count(*) FROM billing.{table}")).scalar() == 0
    (parked,) = queries.parked_accounts(session, "ZZ")
    assert (parked.parked_code, parked.parked_words) == ("CSS785W", "Taken back to be made again: The visit was free.")
    event = session.execute(select(AuditEvent).where(AuditEvent.verb == "withdraw_bill")).scalar_one()
    assert event.before == {
        "kind": "bill", "state": "calculated", "hold_code": None, "lines": 3, "invoice_net": "81.59", "invoice_vat": "16.32",
        "invoice_gross": "97.91", "amount_due": "97.91",
    }  # fmt: skip
    # The same night makes it again, as it was.
    assert sample_step(session, run_id, is_printed=True, directory=Path(), by=NIGHT, at=at(FEBRUARY)) is not None
    session.expire_all()
    assert lines(session, bills(session, home.account)[0]) == before
    finish(session, run_id, FEBRUARY)
    assert check_books(session, "ZZ") == ()


def test_a_bill_withdrawn_after_its_night_is_made_by_the_next(session: Session, home: builders.BuiltLine) -> None:
    control(session, first_bill_max=Money(1))
    night(session, FEBRUARY)
    command = WithdrawBill(account_number=home.account.number, business_date=FEBRUARY, reason="Limits were too low.")
    withdraw_bill(session, command, by=BILLING, at=at(FEBRUARY))
    assert check_books(session, "ZZ") == ()
    control(session, first_bill_max=Money(50_00))
    night(session, date(2026, 2, 6))
    (bill,) = bills(session, home.account)
    assert (bill.usage_through, bill.serial, bill.invoice_gross) == (date(2026, 2, 6), 1, Money(37_91))
    assert check_books(session, "ZZ") == ()


def test_what_has_its_number_is_not_taken_back(session: Session, home: builders.BuiltLine) -> None:
    run_id = calculated(session)
    command = WithdrawBill(account_number=home.account.number, business_date=FEBRUARY, reason="Too late.")
    whole = WithdrawRun(district_code="ZZ", business_date=FEBRUARY, reason="Too late.")
    release_run(session, run_id, by=NIGHT, at=at(FEBRUARY))
    assert refused(session, withdraw_bill, command) == "CSS788E"
    assert refused(session, withdraw_run, whole) == "CSS787E"
    finish(session, run_id, FEBRUARY)
    assert refused(session, withdraw_bill, command) == "CSS788E"
    assert len(bills(session, home.account)) == 1


@pytest.mark.parametrize(
    ("others", "code"),
    [
        ({"account_number": "ZZA00000996"}, "CSS105E"),
        ({"business_date": APRIL}, "CSS489E"),
        ({"reason": " "}, "CSS789E"),
    ],
)
def test_taking_back_is_refused_where_it_makes_no_sense(
    session: Session, home: builders.BuiltLine, others: dict[str, Any], code: str
) -> None:
    calculated(session)
    command = WithdrawBill(account_number=home.account.number, business_date=FEBRUARY, reason="Wrong.")
    assert refused(session, withdraw_bill, replace(command, **others)) == code
    assert refused(session, withdraw_bill, command, builders.CLERK) == "CSS443E"


@pytest.mark.usefixtures("home")
def test_an_account_without_a_bill_of_the_night_has_none_to_take_back(session: Session, zz: builders.BuiltDistrict) -> None:
    other = builders.account(session, zz, cycle_day=20)
    calculated(session)
    command = WithdrawBill(account_number=other.number, business_date=FEBRUARY, reason="Wrong.")
    assert refused(session, withdraw_bill, command) == "CSS437E"


def test_a_run_taken_back_tries_its_parked_accounts_again(
    session: Session, zz: builders.BuiltDistrict, home: builders.BuiltLine, tmp_path: Path
) -> None:
    other = builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START)
    session.execute(text("UPDATE css.account SET billing_postcode = '' WHERE id = :id"), {"id": other.account.id})
    run_id = calculated(session)
    assert [one.parked_code for one in queries.parked_accounts(session, "ZZ")] == ["CSS798E"]
    session.execute(text("UPDATE css.account SET billing_postcode = 'ZZ1 7QT' WHERE id = :id"), {"id": other.account.id})
    whole = WithdrawRun(district_code="ZZ", business_date=FEBRUARY, reason="An address was missing.")
    answer = withdraw_run(session, whole, by=BILLING, at=at(FEBRUARY))
    assert (answer.bill_count, answer.parked_count) == (1, 1)
    sampled(session, run_id, tmp_path)
    session.expire_all()
    assert [len(bills(session, line.account)) for line in (home, other)] == [1, 1]
    assert queries.parked_accounts(session, "ZZ") == ()


def test_a_run_left_to_the_next_night_is_not_made_again_by_its_own(session: Session, home: builders.BuiltLine, tmp_path: Path) -> None:
    run_id = calculated(session)
    whole = WithdrawRun(district_code="ZZ", business_date=FEBRUARY, reason="A price comes in tomorrow.", until_next_night=True)
    withdraw_run(session, whole, by=BILLING, at=at(FEBRUARY))
    sampled(session, run_id, tmp_path)
    finish(session, run_id, FEBRUARY)
    assert bills(session, home.account) == []
    assert check_books(session, "ZZ") == ()
    night(session, date(2026, 2, 6))
    assert [bill.usage_through for bill in bills(session, home.account)] == [date(2026, 2, 6)]


def test_a_run_says_how_far_it_has_come(session: Session, home: builders.BuiltLine, tmp_path: Path) -> None:
    control(session, sample_count=1, is_approval_required=True)
    run_id = begin(session, FEBRUARY)

    def state() -> RunState:
        session.expire_all()
        return queries.bill_run(session, "ZZ").run.state

    states = [state()]
    calculate_block(session, run_id, [home.account.id], by=NIGHT, at=at(FEBRUARY))
    states.append(state())
    sample_step(session, run_id, is_printed=False, directory=tmp_path, by=NIGHT, at=at(FEBRUARY))
    approve_bills(session, APPROVAL, by=BILLING, at=at(FEBRUARY))
    states.append(state())
    release_run(session, run_id, by=NIGHT, at=at(FEBRUARY))
    states.append(state())
    finish(session, run_id, FEBRUARY, tmp_path)
    states.append(state())
    assert states == [RunState.FROZEN, RunState.WAITING, RunState.APPROVED, RunState.RELEASED, RunState.ISSUED]
    with pytest.raises(NotFound) as refusal:
        queries.bill_run(session, "ZZ", APRIL)
    assert refusal.value.code == "CSS489E"


def test_an_interim_bill_is_made_by_the_night_of_the_day_and_the_cycle_stays(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    asked_on = date(2026, 2, 18)
    session.execute(text("UPDATE css.business_date SET current_on = :day"), {"day": asked_on})
    leave_item(session, home, "VISIT", "5000", asked_on)
    command = RequestBill(account_number=home.account.number, reason="The customer moves abroad for a while.")
    answer = request_bill(session, command, by=builders.CLERK, at=at(asked_on))
    assert (answer.kind, answer.requested_on, answer.is_due_anyway) == (BillKind.INTERIM, asked_on, False)
    assert refused(session, request_bill, command, builders.CLERK) == "CSS791E"
    night(session, asked_on)
    interim = bills(session, home.account)[1]
    assert (interim.kind, interim.serial, lines(session, interim)) == (BillKind.INTERIM, 2, [("Connection", 5000)])
    assert refused(session, cancel_bill_request, CancelBillRequest(account_number=home.account.number)) == "CSS792E"
    night(session, MARCH)
    assert [bill.kind for bill in bills(session, home.account)] == [BillKind.BILL, BillKind.INTERIM, BillKind.BILL]
    assert check_books(session, "ZZ") == ()


def test_an_interim_bill_asked_for_on_the_day_of_the_ordinary_one_says_so(session: Session, home: builders.BuiltLine) -> None:
    command = RequestBill(account_number=home.account.number, reason="Asked for.")
    session.execute(text("UPDATE css.business_date SET current_on = :day"), {"day": FEBRUARY})
    assert request_bill(session, command, by=builders.CLERK, at=at(FEBRUARY)).is_due_anyway
    night(session, FEBRUARY)
    assert [bill.kind for bill in bills(session, home.account)] == [BillKind.BILL]


def test_a_bill_asked_for_is_done_without(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    command = RequestBill(account_number=home.account.number, reason="Asked on the telephone.")
    request_bill(session, command, by=builders.CLERK, at=at(FEBRUARY))
    answer = cancel_bill_request(session, CancelBillRequest(account_number=home.account.number), by=builders.CLERK, at=at(FEBRUARY))
    assert answer.requested_on == date(2026, 2, 6)
    night(session, date(2026, 2, 6))
    assert len(bills(session, home.account)) == 1
    assert session.execute(select(BillRequest)).all() == []


def test_a_bill_is_asked_for_with_a_reason_on_an_account_there_is(session: Session, home: builders.BuiltLine) -> None:
    assert refused(session, request_bill, RequestBill(account_number=home.account.number, reason=" ")) == "CSS789E"
    assert refused(session, request_bill, RequestBill(account_number="ZZA00000996", reason="Why not.")) == "CSS105E"
    partners = RequestBill(account_number=home.account.number, reason="We want one.")
    assert refused(session, request_bill, partners, builders.PARTNER_ACTOR) == "CSS443E"


def _asked_and_calculated(session: Session, home: builders.BuiltLine) -> int:
    """An interim bill of the 18th with a visit on it, without a number."""
    night(session, FEBRUARY)
    asked_on = date(2026, 2, 18)
    session.execute(text("UPDATE css.business_date SET current_on = :day"), {"day": asked_on})
    leave_item(session, home, "VISIT", "5000", asked_on)
    request_bill(session, RequestBill(account_number=home.account.number, reason="Asked for."), by=BILLING, at=at(asked_on))
    return calculated(session, asked_on)


def test_an_interim_bill_taken_back_is_asked_for_again(session: Session, home: builders.BuiltLine) -> None:
    run_id = _asked_and_calculated(session, home)
    command = WithdrawBill(account_number=home.account.number, business_date=date(2026, 2, 18), reason="Not yet.", until_next_night=True)
    withdraw_bill(session, command, by=BILLING, at=at(FEBRUARY))
    assert session.execute(select(BillRequest.bill_run_id)).scalar_one() is None
    finish(session, run_id, date(2026, 2, 18))
    night(session, date(2026, 2, 19))
    assert [(bill.kind, bill.usage_through) for bill in bills(session, home.account)][1:] == [(BillKind.INTERIM, date(2026, 2, 19))]


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_an_interim_bill_taken_back_is_made_again_while_somebody_asks_for_it(
    session: Session, home: builders.BuiltLine, tmp_path: Path, *, is_cancelled: bool
) -> None:
    run_id = _asked_and_calculated(session, home)
    command = WithdrawBill(account_number=home.account.number, business_date=date(2026, 2, 18), reason="Let me see.")
    withdraw_bill(session, command, by=BILLING, at=at(FEBRUARY))
    if is_cancelled:
        cancel_bill_request(session, CancelBillRequest(account_number=home.account.number), by=BILLING, at=at(FEBRUARY))
    sampled(session, run_id, tmp_path)
    session.expire_all()
    assert [bill.kind for bill in bills(session, home.account)][1:] == ([] if is_cancelled else [BillKind.INTERIM])
    finish(session, run_id, date(2026, 2, 18))
    assert check_books(session, "ZZ") == ()


def test_a_bill_asked_for_on_an_account_that_is_parked_waits_for_the_next_night(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    request_bill(session, RequestBill(account_number=home.account.number, reason="Asked for."), by=BILLING, at=at(FEBRUARY))
    leave_item(session, home, "VISIT", "5000", date(2026, 2, 6))
    session.execute(text("UPDATE css.account SET billing_name = ''"))
    night(session, date(2026, 2, 6))
    assert [one.parked_code for one in queries.parked_accounts(session, "ZZ")] == ["CSS798E"]
    session.execute(text("UPDATE css.account SET billing_name = 'Mrs A Tansley'"))
    night(session, date(2026, 2, 7))
    assert [bill.kind for bill in bills(session, home.account)] == [BillKind.BILL, BillKind.INTERIM]


def test_a_run_that_is_not_there_is_not_held(session: Session) -> None:
    with pytest.raises(NotFound) as refusal:
        hold_run(session, 987)
    assert refusal.value.code == "CSS434E"


def test_a_repeated_verb_gets_its_first_answer(session: Session, home: builders.BuiltLine) -> None:
    calculated(session)
    command = WithdrawBill(token="once", account_number=home.account.number, business_date=FEBRUARY, reason="Wrong.")
    first = withdraw_bill(session, command, by=BILLING, at=at(FEBRUARY))
    assert withdraw_bill(session, command, by=BILLING, at=at(FEBRUARY)) == first
    with pytest.raises(Conflict):
        withdraw_bill(session, replace(command, reason="Another."), by=BILLING, at=at(FEBRUARY))
    assert session.execute(select(BillRunAccount.parked_code)).scalar_one() == "CSS785W"
