"""Two hands at one bill run: whoever comes first holds it, the other waits and is told; what is keyed meanwhile is for the next night."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import (
    approve_bills,
    calculate_block,
    cancel_bill_request,
    freeze_cut,
    release_run,
    request_bill,
    set_bill_control,
    take_payment,
    withdraw_bill,
    withdraw_run,
)
from billing.actions.account_terms import set_vat_status
from billing.actions.prices import set_product_price
from billing.actions.sample import print_sample
from billing.actions.withdraw import make_again
from billing.checks import check_books
from billing.commands import TakePayment
from billing.model import Bill, BillLine, BillRequest, BillRunAccount
from billing.run_commands import ApproveBills, CancelBillRequest, RequestBill, SetBillControl, WithdrawBill, WithdrawRun
from billing.terms_commands import SetProductPrice, SetVatStatus
from billing.words import PaymentMethod
from css.core.errors import CssError
from css.core.money import Money, Price
from css.core.words import PriceBasis, Segment, VatStatus
from css.db.engine import transaction
from css.master.districts import roll_business_date
from tests import builders
from tests.race import together, until_somebody_waits
from tests.records.billed import NIGHT, at, begin, finish, leave_item
from tests.scenarios.copies import copy_of

START, FEBRUARY, MORROW = date(2026, 1, 15), date(2026, 2, 5), date(2026, 2, 6)
ONE_MORE = date(2026, 2, 18)
T = TypeVar("T")


@pytest.fixture
def three(fresh_engine: Engine) -> tuple[Engine, list[builders.BuiltLine]]:
    """Three accounts of the 5th with calculated bills."""
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START, sites=6)
        lines = [builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START) for _ in range(3)]
        calculate(session, begin(session, FEBRUARY))
    return fresh_engine, lines


def calculate(session: Session, run_id: int) -> None:
    calculate_block(session, run_id, queries.accounts_to_calculate(session, run_id), by=NIGHT, at=at(FEBRUARY))


def the_run(session: Session) -> int:
    return queries.bill_run_id(session, "ZZ", FEBRUARY)


def one_after_the_other(engine: Engine, first: Callable[[Session], Any], second: Callable[[Session], T]) -> T | CssError:
    """Start the second while the first has done its deed and not committed; what the second gave or raised."""

    def other() -> T | CssError:
        try:
            with transaction(engine) as session:
                return second(session)
        except CssError as error:
            return error

    with ThreadPoolExecutor(1) as pool:
        with transaction(engine) as session:
            first(session)
            session.flush()
            waiting = pool.submit(other)
            until_somebody_waits(engine)
            assert not waiting.done()
        return waiting.result(60)


def release(session: Session) -> int:
    return release_run(session, the_run(session), by=NIGHT, at=at(FEBRUARY)).written


def taking_back(line: builders.BuiltLine) -> Callable[[Session], Any]:
    command = WithdrawBill(account_number=line.account.number, business_date=FEBRUARY, reason="Wrong.")
    return lambda session: withdraw_bill(session, command, by=builders.OPERATOR, at=at(FEBRUARY))


def take_all_back(session: Session) -> Any:  # noqa: ANN401 - what a verb answers
    command = WithdrawRun(district_code="ZZ", business_date=FEBRUARY, reason="All wrong.")
    return withdraw_run(session, command, by=builders.OPERATOR, at=at(FEBRUARY))


def approve(session: Session) -> Any:  # noqa: ANN401 - what a verb answers
    command = ApproveBills(district_code="ZZ", business_date=FEBRUARY, words="Right.")
    return approve_bills(session, command, by=builders.OPERATOR, at=at(FEBRUARY))


def code(outcome: object) -> str:
    return outcome.code if isinstance(outcome, CssError) else ""


def serials(engine: Engine) -> list[int | None]:
    with transaction(engine) as session:
        return list(session.execute(select(Bill.serial).order_by(Bill.account_id)).scalars())


def test_a_bill_that_is_being_numbered_is_not_taken_back(three: tuple[Engine, list[builders.BuiltLine]]) -> None:
    engine, lines = three
    assert code(one_after_the_other(engine, release, taking_back(lines[1]))) == "CSS788E"
    assert serials(engine) == [1, 2, 3]


def test_a_run_that_is_being_numbered_is_not_taken_back(three: tuple[Engine, list[builders.BuiltLine]]) -> None:
    engine, _ = three
    assert code(one_after_the_other(engine, release, take_all_back)) == "CSS787E"
    assert serials(engine) == [1, 2, 3]


def test_a_bill_that_is_being_taken_back_gets_no_number_and_leaves_no_gap(three: tuple[Engine, list[builders.BuiltLine]]) -> None:
    engine, lines = three
    assert one_after_the_other(engine, taking_back(lines[1]), release) == 2
    assert serials(engine) == [1, 2]


def test_a_run_that_is_being_taken_back_releases_nothing(three: tuple[Engine, list[builders.BuiltLine]]) -> None:
    engine, _ = three
    assert one_after_the_other(engine, take_all_back, release) == 0
    assert serials(engine) == []


def test_two_who_take_one_bill_back_take_it_back_once(three: tuple[Engine, list[builders.BuiltLine]]) -> None:
    engine, lines = three

    def once() -> Any:  # noqa: ANN401 - what a verb answers
        with transaction(engine) as session:
            return taking_back(lines[0])(session)

    outcomes = together(once, once)
    assert sorted(code(outcome) for outcome in outcomes) == ["", "CSS437E"]
    assert len(serials(engine)) == 2


def _wants_approval(engine: Engine, tmp_path: Any) -> None:  # noqa: ANN401 - a path
    with transaction(engine) as session:
        command = SetBillControl(district_code="ZZ", sample_count=1, is_approval_required=True)
        set_bill_control(session, command, by=builders.OPERATOR, at=at(START))
        print_sample(session, the_run(session), directory=tmp_path, by=NIGHT, at=at(FEBRUARY))


def test_a_release_waits_for_an_approval_under_way_and_goes_on(three: tuple[Engine, list[builders.BuiltLine]], tmp_path: Any) -> None:  # noqa: ANN401 - a path
    engine, _ = three
    _wants_approval(engine, tmp_path)
    assert one_after_the_other(engine, approve, release) == 3


def test_what_is_being_taken_back_is_not_approved(three: tuple[Engine, list[builders.BuiltLine]], tmp_path: Any) -> None:  # noqa: ANN401 - a path
    engine, _ = three
    _wants_approval(engine, tmp_path)
    assert code(one_after_the_other(engine, take_all_back, approve)) == "CSS782E"


def test_an_approval_beside_a_release_is_too_late_or_in_time(three: tuple[Engine, list[builders.BuiltLine]], tmp_path: Any) -> None:  # noqa: ANN401 - a path
    engine, _ = three
    _wants_approval(engine, tmp_path)

    def done(deed: Callable[[Session], Any]) -> Callable[[], Any]:
        def inside() -> Any:  # noqa: ANN401 - what a verb answers
            with transaction(engine) as session:
                return deed(session)

        return inside

    _, released = together(done(approve), done(release))
    assert serials(engine) == ([1, 2, 3] if released == 3 else [None] * 3)
    assert released == 3 or code(released) == "CSS780E"


@pytest.fixture
def billed(three: tuple[Engine, list[builders.BuiltLine]]) -> tuple[Engine, str]:
    """The first bills are out, and it is the 18th."""
    engine, lines = three
    with transaction(engine) as session:
        finish(session, the_run(session), FEBRUARY)
        session.execute(text("UPDATE css.business_date SET current_on = :day"), {"day": ONE_MORE})
        leave_item(session, lines[0], "VISIT", "5000", ONE_MORE)
    return engine, lines[0].account.number


def asking(account_number: str) -> Callable[[Session], Any]:
    command = RequestBill(account_number=account_number, reason="Asked for.")
    return lambda session: request_bill(session, command, by=builders.OPERATOR, at=at(ONE_MORE))


def cancelling(account_number: str) -> Callable[[Session], Any]:
    command = CancelBillRequest(account_number=account_number)
    return lambda session: cancel_bill_request(session, command, by=builders.OPERATOR, at=at(ONE_MORE))


def freeze(session: Session) -> int:
    return freeze_cut(session, "ZZ", ONE_MORE, by=NIGHT, at=at(ONE_MORE))


def on_the_list(engine: Engine) -> list[str]:
    with transaction(engine) as session:
        run_id = queries.bill_run_id(session, "ZZ", ONE_MORE)
        return [kind.value for kind in session.execute(select(BillRunAccount.kind).where(BillRunAccount.bill_run_id == run_id)).scalars()]


def test_a_bill_that_is_being_asked_for_is_on_the_list_of_the_night_that_waits_for_it(billed: tuple[Engine, str]) -> None:
    engine, number = billed

    def roll_and_freeze(session: Session) -> int:
        roll_business_date(session, "ZZ", to=date(2026, 2, 19))
        return freeze(session)

    one_after_the_other(engine, asking(number), roll_and_freeze)
    assert on_the_list(engine) == ["interim"]


def test_a_bill_asked_for_once_the_date_is_rolled_is_for_the_next_night(billed: tuple[Engine, str]) -> None:
    engine, number = billed
    with transaction(engine) as session:
        roll_business_date(session, "ZZ", to=date(2026, 2, 19))
    with transaction(engine) as session:
        freeze(session)
        with transaction(engine) as other:
            assert asking(number)(other).requested_on == date(2026, 2, 19)
    assert on_the_list(engine) == []
    with transaction(engine) as session:
        assert session.execute(select(BillRequest.bill_run_id)).scalar_one() is None


def test_a_bill_is_cancelled_before_the_cut_or_not_at_all(billed: tuple[Engine, str]) -> None:
    engine, number = billed
    with transaction(engine) as session:
        asking(number)(session)
        roll_business_date(session, "ZZ", to=date(2026, 2, 19))
    with copy_of(engine) as copy:
        one_after_the_other(copy, cancelling(number), freeze)
        assert on_the_list(copy) == []
    assert code(one_after_the_other(engine, freeze, cancelling(number))) == "CSS792E"
    assert on_the_list(engine) == ["interim"]


def test_two_who_ask_for_one_bill_ask_once(billed: tuple[Engine, str]) -> None:
    engine, number = billed

    def ask() -> Any:  # noqa: ANN401 - what a verb answers
        with transaction(engine) as session:
            return asking(number)(session)

    assert sorted(code(outcome) for outcome in together(ask, ask, ask)) == ["", "CSS791E", "CSS791E"]
    with transaction(engine) as session:
        assert len(session.execute(select(BillRequest.id)).all()) == 1


def key_things(engine: Engine, zz: builders.BuiltDistrict, lines: list[builders.BuiltLine]) -> None:
    """A service and a visit more, a cease, another price, another VAT status and a payment: all for days long past."""
    since = date(2026, 1, 20)

    def keyed(deed: Callable[[Session], Any]) -> None:
        with transaction(engine) as session:
            deed(session)

    def more(session: Session) -> None:
        service = builders.service(session, lines[0].id, lines[0].account, "CALLER-DISPLAY", where=zz, starts_on=since)
        session.execute(text("UPDATE css.service SET start_recorded_on = :day WHERE id = :id"), {"day": MORROW, "id": service})
        leave_item(session, lines[0], "VISIT", "5000", MORROW)

    ended = "UPDATE css.service SET ends_on = :since, end_recorded_on = :day WHERE line_id = :id"
    price = SetProductPrice(
        product_code="LINE-RES", segment=Segment.RESIDENTIAL, price=Price.of("9900"), basis=PriceBasis.GROSS, starts_on=since, reason="x"
    )
    status = SetVatStatus(account_number=lines[1].account.number, vat_status=VatStatus.EXEMPT, starts_on=since, reason="x")
    payment = TakePayment(account_number=lines[1].account.number, amount=Money(1), method=PaymentMethod.CASH)
    keyed(more)
    keyed(lambda session: session.execute(text(ended), {"since": since, "day": MORROW, "id": lines[2].id}))
    keyed(lambda session: set_product_price(session, price, by=builders.OPERATOR, at=at(MORROW)))
    keyed(lambda session: set_vat_status(session, status, by=builders.OPERATOR, at=at(MORROW)))
    keyed(lambda session: take_payment(session, payment, by=builders.OPERATOR, at=at(MORROW)))


def what_bills_say(engine: Engine) -> list[tuple[object, ...]]:
    """Bills and lines without their ids."""
    statement = text(
        "SELECT a.number, b.kind, b.period_starts_on, b.period_ends_on, b.amount_due, b.payer ->> 'vat_status', l.line_number, l.words, "
        "l.starts_on, l.ends_on, l.unit_price, l.net, l.vat_basis_points FROM billing.bill b JOIN css.account a ON a.id = b.account_id "
        "JOIN billing.bill_line l ON l.bill_id = b.id WHERE b.usage_through = :cut ORDER BY a.number, l.line_number"
    )
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(statement, {"cut": FEBRUARY})]


def test_what_is_keyed_while_bills_are_calculated_is_for_the_next_night(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START, sites=6)
        lines = [builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START) for _ in range(3)]
        begin(session, FEBRUARY)

    def bill_all(engine: Engine) -> None:
        for line in lines:
            with transaction(engine) as session:
                calculate_block(session, the_run(session), [line.account.id], by=NIGHT, at=at(FEBRUARY))

    with copy_of(fresh_engine) as quiet:
        bill_all(quiet)
        expected = what_bills_say(quiet)
    assert len(expected) == 6
    with copy_of(fresh_engine) as before:
        key_things(before, zz, lines)
        bill_all(before)
        assert what_bills_say(before) == expected, "keyed once the date was rolled"
    assert together(lambda: bill_all(fresh_engine), lambda: key_things(fresh_engine, zz, lines)) == [None, None]
    assert what_bills_say(fresh_engine) == expected, "keyed meanwhile"
    # What was taken back is made again from the same cut, and sees none of it either; the next night sees it all.
    with transaction(fresh_engine) as session:
        take_all_back(session)
    with transaction(fresh_engine) as session:
        assert make_again(session, the_run(session), by=NIGHT, at=at(FEBRUARY)) is not None
    assert what_bills_say(fresh_engine) == expected, "made again"
    with transaction(fresh_engine) as session:
        finish(session, the_run(session), FEBRUARY)
        finish(session, begin(session, date(2026, 3, 5)), date(2026, 3, 5))
    with transaction(fresh_engine) as session:
        assert check_books(session, "ZZ") == ()
        later = select(BillLine.words).join(Bill, Bill.id == BillLine.bill_id).where(Bill.usage_through > FEBRUARY)
        words = session.execute(later).scalars().all()
    assert any("Connection" in one for one in words)
    assert any("Caller" in one for one in words)
