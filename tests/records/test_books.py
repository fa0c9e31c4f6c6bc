"""The books find what is wrong: each check is shown a fault of its own kind, made behind the verbs' back."""

from __future__ import annotations

from datetime import date
from itertools import count

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from billing import checks
from billing.actions import take_payment
from billing.checks import check_books
from billing.commands import TakePayment
from billing.words import PaymentMethod
from css.core.errors import NotFound
from css.core.money import Money
from css.core.words import FailureKind
from css.db.engine import transaction
from tests import builders
from tests.records.billed import at, leave_item, night, rated_call
from tests.records.test_billing_money import fail

START = date(2026, 1, 15)
FEBRUARY = date(2026, 2, 5)

GUARDED = ("billing.journal_entry", "billing.posting", "billing.payment", "css.service")


@pytest.fixture(scope="module")
def balanced(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A night with everything in it, committed in this module's database."""
    with transaction(engine) as session:
        zz = builders.district(session, on=START, sites=6)
        record = count(1)
        for _ in range(2):
            account = builders.account(session, zz, cycle_day=5)
            line = builders.working_line(session, zz, account, starts_on=START)
            leave_item(session, line, "VISIT", "10000", START, words="Engineer's visit")
            fail(session, line, FailureKind.MISSED_APPOINTMENT, START, START)
            rated_call(session, line, next(record), date(2026, 1, 20), 10_400_000)
            rated_call(session, line, next(record), date(2026, 1, 20), 7_700_000, band="evening")
            take_payment(
                session,
                TakePayment(account_number=account.number, amount=Money(1000), method=PaymentMethod.CASH),
                by=builders.CLERK,
                at=at(START),
            )
        night(session, FEBRUARY, tmp_path_factory.mktemp("spool"))
        # The night is not closed: its calls and files are still looked at one by one.
        session.execute(text("UPDATE css.business_date SET closed_through = :day"), {"day": date(2026, 1, 14)})


@pytest.fixture
def books(balanced: None, session: Session) -> Session:
    """Books that balance, and nothing guards them: what is done to them is rolled back after the test."""
    assert check_books(session, "ZZ") == ()
    for table in GUARDED:
        session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    return session


BILL_ENTRIES = "(SELECT id FROM billing.journal_entry WHERE source_key LIKE 'bill/%')"
FIRST_BILL = "(SELECT min(id) FROM billing.bill)"


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (
            "UPDATE billing.posting SET amount = amount + 1 WHERE nominal_code = 'RENTALS'",
            {"entries_balance", "bills_posted", "files_agree"},
        ),
        (
            f"UPDATE billing.bill_line SET net = net + 1 WHERE bill_id = {FIRST_BILL} AND line_number = 1",
            {"bills_add_up", "vat_of_lines", "files_agree"},
        ),
        (
            f"UPDATE billing.bill_line SET line_number = 99 WHERE bill_id = {FIRST_BILL} AND line_number = 1",
            {"bills_add_up", "files_agree"},
        ),
        (f"UPDATE billing.bill_vat SET vat_basis_points = 1750 WHERE bill_id = {FIRST_BILL}", {"vat_of_lines", "files_agree"}),
        (
            "UPDATE billing.posting SET nominal_code = 'VISITS' WHERE nominal_code = 'VAT-OUTPUT'",
            {"bills_posted", "files_agree"},
        ),
        (
            f"UPDATE billing.posting SET amount = amount * 2 WHERE journal_entry_id IN {BILL_ENTRIES}",
            {"bills_posted", "account_balances", "files_agree"},
        ),
        (
            "UPDATE billing.journal_entry SET source_key = 'bill/999' WHERE id = (SELECT max(id) FROM billing.journal_entry)",
            {"entries_without_source", "bills_posted", "amounts_due", "files_agree"},
        ),
        ("UPDATE billing.payment SET amount = amount + 1", {"account_balances", "files_agree"}),
        ("UPDATE billing.outside_item SET amount = amount + 1", {"account_balances", "days_credited", "files_agree"}),
        ("UPDATE billing.credited_day SET amount = amount + 1", {"days_credited"}),
        (
            f"UPDATE billing.bill SET amount_due = amount_due + 1, brought_forward = brought_forward + 1 WHERE id = {FIRST_BILL}",
            {"amounts_due", "balances_carried", "invoices_agree", "files_agree"},
        ),
        ("UPDATE billing.bill SET serial = 7 WHERE serial = 2", {"numbers_without_gap"}),
        ("UPDATE billing.bill_series SET last_serial = 3", {"numbers_without_gap"}),
        ("DELETE FROM billing.bill_file WHERE kind = 'pdf'", {"files_there", "files_agree"}),
        ("UPDATE billing.bill_file SET content = content || '\\x0a' WHERE kind = 'pdf'", {"files_unspoilt"}),
        (
            "UPDATE billing.bill_file SET content = replace(encode(content, 'escape'), '>S<', '>Z<')::bytea WHERE kind = 'xml'",
            {"files_unspoilt", "files_agree"},
        ),
        ("UPDATE billing.bill_line SET ends_on = ends_on - 1 WHERE kind = 'rental'", {"services_charged"}),
        (
            "UPDATE css.service SET ends_on = '2026-02-01', end_recorded_on = '2026-02-01' WHERE id = (SELECT min(id) FROM css.service)",
            {"ended_not_charged"},
        ),
        (
            "UPDATE billing.bill_line SET billable_item_id = NULL WHERE billable_item_id = (SELECT min(id) FROM css.billable_item)",
            {"items_taken"},
        ),
        ("UPDATE css.service_failure SET source_key = source_key || '/again'", {"failures_taken"}),
        ("UPDATE billing.usage_file SET to_rate_count = 0", {"files_close"}),
        ("DELETE FROM billing.rated_call WHERE band = 'evening'", {"calls_of_files", "calls_billed", "files_agree"}),
        ("UPDATE billing.rated_call SET duration_seconds = 91 WHERE band = 'evening'", {"calls_billed", "files_agree"}),
        ("UPDATE billing.rated_call SET usage_record_id = 10000009 WHERE band = 'evening'", {"calls_of_records", "calls_of_files"}),
        ("UPDATE css.service_number SET ends_at = '2026-01-19 00:00+00'", {"calls_of_services"}),
        ("UPDATE billing.rated_call SET net_millionths = net_millionths + 600000 WHERE band = 'day'", {"calls_of_files", "files_agree"}),
        (
            "UPDATE billing.rated_call SET net_millionths = net_millionths + 2000000 WHERE band = 'day'",
            {"calls_of_files", "calls_billed", "files_agree"},
        ),
        (f"UPDATE billing.bill SET usage_after = '2026-01-20' WHERE id = {FIRST_BILL}", {"calls_billed", "windows_meet", "files_agree"}),
    ],
)
def test_each_harm_is_found_by_the_checks_it_concerns(books: Session, harm: str, found: set[str]) -> None:
    for statement in harm.split(";"):
        books.execute(text(statement))
    books.expire_all()
    differences = check_books(books, "ZZ")
    assert {difference.check for difference in differences} == found
    assert all(str(difference) for difference in differences)


@pytest.mark.parametrize(("recorded_on", "found"), [("2026-02-06", set()), (None, {"services_charged"})])
def test_an_end_put_right_after_the_last_cut_is_left_to_the_next_bill(books: Session, recorded_on: str | None, found: set[str]) -> None:
    """The bill of 5 February knew of an end and charged up to it: another end learned since is no fault of its, none at all is one."""
    books.execute(
        text("UPDATE css.service SET ends_on = :ends_on, end_recorded_on = :recorded_on WHERE id = (SELECT min(id) FROM css.service)"),
        {"ends_on": recorded_on and "2026-04-20", "recorded_on": recorded_on},
    )
    books.execute(
        text("UPDATE billing.bill_line SET ends_on = '2026-02-20' WHERE kind = 'rental' AND service_id = (SELECT min(id) FROM css.service)")
    )
    books.expire_all()
    assert {difference.check for difference in check_books(books, "ZZ")} == found


def test_an_account_on_the_list_that_was_passed_over_is_found(books: Session) -> None:
    books.execute(text(f"DELETE FROM billing.bill_file WHERE bill_id = {FIRST_BILL}"))
    books.execute(text(f"DELETE FROM billing.bill_vat WHERE bill_id = {FIRST_BILL}"))
    books.execute(text(f"DELETE FROM billing.bill_line WHERE bill_id = {FIRST_BILL}"))
    books.execute(text(f"DELETE FROM billing.bill WHERE id = {FIRST_BILL}"))
    books.execute(text("UPDATE billing.account_cycle SET usage_billed_through = NULL"))
    books.expire_all()
    assert "run_accounts" in {difference.check for difference in check_books(books, "ZZ")}


def _forge(session: Session, was: str, becomes: str) -> set[tuple[str, str]]:
    """Every e-invoice changed, by somebody who knows of the hashes; which bills which checks name then."""
    changed = "replace(encode(content, 'escape'), :was, :becomes)::bytea"
    session.execute(
        text(f"UPDATE billing.bill_file SET content = {changed}, sha256 = encode(sha256({changed}), 'hex') WHERE kind = 'xml'"),
        {"was": was, "becomes": becomes},
    )
    session.expire_all()
    numbers = session.execute(text("SELECT number FROM billing.bill ORDER BY id")).scalars().all()
    return {(one.check, number) for one in check_books(session, "ZZ") for number in numbers if number in str(one)}


def test_of_many_bills_some_are_read_whole(books: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "BILLS_READ_WHOLE", 1)
    assert check_books(books, "ZZ") == ()
    numbers = books.execute(text("SELECT number FROM billing.bill ORDER BY id")).scalars().all()
    assert len(numbers) > 1
    assert _forge(books, ">S<", ">Z<") == {("files_agree", numbers[0])}


@pytest.mark.parametrize(
    "begins", ['<cbc:PayableAmount currencyID="GBP">', '<cbc:TaxExclusiveAmount currencyID="GBP">', ": GBP ", "<cbc:ID>ZZB"]
)
def test_every_e_invoice_is_asked_for_the_figures_of_its_bill(books: Session, monkeypatch: pytest.MonkeyPatch, begins: str) -> None:
    monkeypatch.setattr(checks, "BILLS_READ_WHOLE", 1)
    numbers = books.execute(text("SELECT number FROM billing.bill ORDER BY id")).scalars().all()
    assert {("invoices_agree", number) for number in numbers} <= _forge(books, begins, f"{begins}7")


def test_a_difference_says_what_differs(books: Session) -> None:
    books.execute(text("UPDATE billing.bill_series SET last_serial = 3 WHERE series = 'ZZ'"))
    (difference,) = check_books(books, "ZZ")
    assert str(difference) == "Series ZZ has given 3 numbers, 2 bills carry one, the highest is 2."


def test_only_a_district_there_is_has_books(session: Session) -> None:
    with pytest.raises(NotFound) as refusal:
        check_books(session, "QQ")
    assert refusal.value.code == "CSS101E"
