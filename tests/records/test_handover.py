"""The shelves between rooms: leaving twice is leaving once, outbox numbers have no gap, holds stand until lifted."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css.core.money import Price
from css.core.words import FailureKind, HoldKind, PriceBasis, VatCode
from css.db.engine import transaction
from css.handover import (
    BillableItem,
    Hold,
    ItemToBill,
    OutboxMessage,
    ServiceFailure,
    holds_on,
    leave_billable_items,
    leave_service_failure,
    lift_hold,
    next_outbox_sequence,
    outbox_after,
    outbox_last_sequence,
    place_hold,
    put_in_outbox,
)
from css.master.providers import Provider
from tests import builders
from tests.race import together, until_somebody_waits

AT = builders.AT


def _account(session: Session) -> tuple[builders.BuiltAccount, builders.BuiltLine]:
    zz = builders.district(session)
    account = builders.account(session, zz)
    return account, builders.working_line(session, zz, account)


def _provider(session: Session, code: str = "BRACKWAT") -> int:
    return session.execute(select(Provider.id).where(Provider.code == code)).scalar_one()


def _count(session: Session, table: type) -> int:
    return session.execute(select(func.count()).select_from(table)).scalar_one()


# Billable items and service failures.


def test_a_billable_item_left_twice_is_left_once_as_it_was_first(session: Session) -> None:
    account, line = _account(session)
    item: dict[str, Any] = {
        "source_key": "order/ZZO00000015/connection/LINE-RES",
        "district_code": "ZZ",
        "account_id": account.id,
        "line_id": line.id,
        "service_id": line.service_id,
        "product_id": builders.product_id(session, "LINE-RES"),
        "words": "Connection of line",
        "reference": "ZZO00000015",
        "basis": PriceBasis.GROSS,
        "net_price": Price.of("10000"),
        "gross_price": Price.of("12000"),
        "vat_code": VatCode.STANDARD,
        "occurs_on": date(2026, 3, 2),
        "business_date": date(2026, 3, 2),
    }
    assert leave_billable_items(session, ItemToBill(**item)) == 1
    assert leave_billable_items(session, ItemToBill(**(item | {"net_price": Price.of("1"), "quantity": 7}))) == 0
    row = session.execute(select(BillableItem)).scalar_one()
    assert (row.net_price, row.gross_price, row.quantity) == (Price.of("10000"), Price.of("12000"), 1)
    another = ItemToBill(**(item | {"source_key": "order/ZZO00000015/connection/CALL-WAITING"}))
    assert leave_billable_items(session, ItemToBill(**item), another) == 1
    assert leave_billable_items(session) == 0
    with pytest.raises(IntegrityError, match="quantity_counts"), session.begin_nested():
        leave_billable_items(session, ItemToBill(**(item | {"source_key": "another", "quantity": 0})))


def _failure(session: Session, account: builders.BuiltAccount, line: builders.BuiltLine) -> bool:
    return leave_service_failure(
        session,
        source_key="fault/ZZF00000011/delayed-repair",
        district_code="ZZ",
        account_id=account.id,
        line_id=line.id,
        kind=FailureKind.DELAYED_REPAIR,
        reference="ZZF00000011",
        issue_on=date(2026, 3, 2),
        promised_at=AT,
        put_right_at=AT + timedelta(days=1),
        business_date=date(2026, 3, 3),
    )


def test_a_service_failure_left_by_two_at_one_moment_is_left_once(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        account, line = _account(session)

    def leave() -> bool:
        with transaction(fresh_engine) as session:
            return _failure(session, account, line)

    answers = together(*[leave] * 4)
    assert sorted(map(repr, answers)) == ["False", "False", "False", "True"]
    with transaction(fresh_engine) as session:
        assert _count(session, ServiceFailure) == 1


# Holds.


def _place(session: Session, account: builders.BuiltAccount, at: datetime = AT, source_key: str = "fault/ZZF00000011") -> bool:
    return place_hold(
        session, source_key=source_key, account_id=account.id, line_id=None, kind=HoldKind.OPEN_FAULT, reference="ZZF00000011", at=at
    )


def test_a_hold_stands_until_it_is_lifted_and_may_stand_again(session: Session) -> None:
    account, _ = _account(session)
    assert _place(session, account) is True
    assert _place(session, account, AT + timedelta(hours=1)) is False
    assert [hold.reference for hold in holds_on(session, account.id)] == ["ZZF00000011"]
    assert lift_hold(session, source_key="fault/ZZF00000011", at=AT + timedelta(hours=2)) is True
    assert lift_hold(session, source_key="fault/ZZF00000011", at=AT + timedelta(hours=3)) is False
    assert holds_on(session, account.id) == ()
    # The customer does not accept the clear: the same fault holds debt back once more.
    assert _place(session, account, AT + timedelta(hours=4)) is True
    rows = session.execute(select(Hold.starts_at, Hold.ends_at).order_by(Hold.id)).all()
    assert [tuple(row) for row in rows] == [(AT, AT + timedelta(hours=2)), (AT + timedelta(hours=4), None)]


def test_holds_of_other_sources_and_accounts_are_left_alone(session: Session) -> None:
    account, _ = _account(session)
    other = builders.account(session)
    _place(session, account)
    _place(session, account, source_key="order/ZZO00000015")
    _place(session, other, source_key="fault/ZZF00000029")
    lift_hold(session, source_key="fault/ZZF00000011", at=AT)
    lift_hold(session, source_key="fault/nobody's", at=AT)
    assert len(holds_on(session, account.id)) == len(holds_on(session, other.id)) == 1


def test_a_hold_lifted_by_a_clock_that_is_slow_ends_when_it_began(session: Session) -> None:
    account, _ = _account(session)
    _place(session, account)
    lift_hold(session, source_key="fault/ZZF00000011", at=AT - timedelta(seconds=3))
    assert session.execute(select(Hold.ends_at)).scalar_one() == AT


def test_a_hold_placed_by_two_at_one_moment_stands_once(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        account, _ = _account(session)

    def place() -> bool:
        with transaction(fresh_engine) as session:
            return _place(session, account)

    assert sorted(map(repr, together(*[place] * 4))) == ["False", "False", "False", "True"]


# The outbox.


def _put(session: Session, provider_id: int, words: str) -> int:
    sequence = next_outbox_sequence(session, provider_id)
    put_in_outbox(
        session,
        provider_id=provider_id,
        sequence=sequence,
        source_key=f"test/{provider_id}/{words}",
        message_id=str(uuid.uuid4()),
        message_type="OrderUpdate",
        conversation_id="c1",
        ref_to_message_id=None,
        body=f"<Words>{words}</Words>".encode(),
        at=AT,
    )
    return sequence


def test_a_partner_reads_its_documents_in_order_and_nobody_elses(session: Session) -> None:
    partner, own = _provider(session), _provider(session, "RETAIL")
    assert outbox_last_sequence(session, "BRACKWAT") == 0
    assert [_put(session, partner, words) for words in "abc"] == [1, 2, 3]
    assert _put(session, own, "z") == 1
    assert [row.body for row in outbox_after(session, "BRACKWAT", 0)] == [b"<Words>a</Words>", b"<Words>b</Words>", b"<Words>c</Words>"]
    assert [row.sequence for row in outbox_after(session, "BRACKWAT", 1, limit=1)] == [2]
    assert outbox_after(session, "BRACKWAT", 3) == outbox_after(session, "NOBODY", 0) == ()
    assert (outbox_last_sequence(session, "BRACKWAT"), outbox_last_sequence(session, "NOBODY")) == (3, 0)


def test_the_same_document_put_twice_is_refused_and_takes_no_number(session: Session) -> None:
    partner = _provider(session)
    _put(session, partner, "a")
    with pytest.raises(IntegrityError, match="uq_outbox_message_source_key"), session.begin_nested():
        _put(session, partner, "a")
    assert _put(session, partner, "b") == 2


@pytest.mark.parametrize(("first_is_kept", "second"), [(True, 2), (False, 1)])
def test_the_second_of_two_waits_for_the_first_and_leaves_no_gap(fresh_engine: Engine, first_is_kept: bool, second: int) -> None:
    with transaction(fresh_engine) as session:
        partner = _provider(session)

    def put() -> int:
        with transaction(fresh_engine) as session:
            return _put(session, partner, "second")

    def hold_then_end() -> int:
        until_somebody_waits(fresh_engine)
        if first_is_kept:
            first.commit()
        else:
            first.rollback()
        return 0

    with Session(fresh_engine) as first:
        assert _put(first, partner, "first") == 1
        assert together(put, hold_then_end) == [second, 0]
    with transaction(fresh_engine) as session:
        rows = outbox_after(session, "BRACKWAT", 0)
    assert [row.sequence for row in rows] == list(range(1, second + 1))


def test_many_writers_and_some_that_fail_leave_numbers_without_a_gap(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        partner = _provider(session)

    def write(name: str) -> None:
        for n in range(6):
            try:
                with transaction(fresh_engine) as session:
                    _put(session, partner, f"{name}-{n}")
                    assert n % 3 != 1
            except AssertionError:
                continue

    assert together(*(lambda name=name: write(name) for name in ("A", "Q", "k"))) == [None] * 3
    with transaction(fresh_engine) as session:
        numbers = session.execute(select(OutboxMessage.sequence).order_by(OutboxMessage.id)).scalars().all()
        assert sorted(numbers) == list(range(1, 13))
        assert outbox_last_sequence(session, "BRACKWAT") == 12
        assert all(row.created_at == AT.astimezone(UTC) for row in outbox_after(session, "BRACKWAT", 0))
