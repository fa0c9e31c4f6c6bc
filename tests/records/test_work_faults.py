"""The fault queue page by page, and what makes a fault a repeat."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from css.core.errors import BadMessage
from repairs.queries.cards import open_faults_of_line
from repairs.queries.queue import queue_page, queue_version
from tests import builders
from tests.records.faults import AT, BY, LATE, build, clear, report, withdraw


@pytest.fixture
def street(session: Session) -> list[builders.BuiltLine]:
    """Seven lines of one account."""
    zz = builders.district(session, pairs=12, sites=10)
    account = builders.account(session, zz)
    return [builders.working_line(session, zz, account) for _ in range(7)]


def test_soonest_due_come_first_and_pages_meet(session: Session, street: list[builders.BuiltLine]) -> None:
    for minute, line in enumerate(street):
        report(session, number=line.number, at=AT + timedelta(days=minute % 3, minutes=minute))
    whole = queue_page(session, "ZZ", by=BY, at=AT)
    assert [row.due_at for row in whole.rows] == sorted(row.due_at for row in whole.rows)
    assert (whole.total, whole.late, whole.back, whole.forward) == (7, 0, None, None)
    first = queue_page(session, "ZZ", by=BY, at=LATE, limit=3)
    assert (first.late, first.back) == (7, None)
    second = queue_page(session, "ZZ", by=BY, at=LATE, limit=3, after=first.forward or "")
    third = queue_page(session, "ZZ", by=BY, at=LATE, limit=3, after=second.forward or "")
    seen = [row.fault_number for page in (first, second, third) for row in page.rows]
    assert seen == [row.fault_number for row in whole.rows]
    assert third.forward is None
    back = queue_page(session, "ZZ", by=BY, at=LATE, limit=3, after=third.back or "")
    assert back.rows == second.rows
    assert second.back == ""
    with pytest.raises(BadMessage, match="no place"):
        queue_page(session, "ZZ", by=BY, at=AT, after="yesterday.ZZF00000014")


def test_the_queue_shows_where_and_whose_and_is_narrowed(session: Session) -> None:
    town = build(session)
    own = report(session).fault_number
    other = report(session, number=town.carrier_line.number).fault_number
    session.execute(text("UPDATE css.customer SET is_vulnerable = TRUE"))
    row = queue_page(session, "ZZ", by=BY, at=AT).rows[0]
    assert (row.exchange_code, row.cabinet_code, row.distribution_point_code) == ("WREN", "C1", "DP1")
    assert row.is_vulnerable
    assert not row.is_repeat

    def found(**criteria: object) -> set[str]:
        return {row.fault_number for row in queue_page(session, "ZZ", by=BY, at=AT, **criteria).rows}  # type: ignore[arg-type]

    assert found() == {own, other}
    assert found(care_level="4") == set()
    assert found(area=row.area) == {own, other}
    assert found(area="ZZ") == set(), "a part of an area is none"
    assert found(exchange_code="WREN") == {own, other}
    assert found(only_vulnerable=True) == {own, other}
    assert found(only_repeats=True) == set()
    partner = queue_page(session, "ZZ", by=builders.PARTNER_ACTOR, at=AT)
    assert [row.fault_number for row in partner.rows] == [other]


@pytest.mark.parametrize(("days", "is_repeat"), [(1, True), (27, True), (29, False)])
def test_a_fault_soon_after_another_on_the_line_is_a_repeat(session: Session, *, days: int, is_repeat: bool) -> None:
    build(session)
    clear(session, report(session).fault_number, at=AT + timedelta(hours=2))
    again = report(session, at=AT + timedelta(hours=2, days=days)).fault_number
    (row,) = queue_page(session, "ZZ", by=BY, at=AT).rows
    assert (row.fault_number, row.is_repeat) == (again, is_repeat)
    assert bool(queue_page(session, "ZZ", by=BY, at=AT, only_repeats=True).rows) is is_repeat


def test_the_version_moves_with_the_queue_and_the_minute(session: Session) -> None:
    build(session)
    empty = queue_version(session, "ZZ", at=AT)
    number = report(session).fault_number
    one = queue_version(session, "ZZ", at=AT)
    assert one != empty
    assert queue_version(session, "ZZ", at=AT) == one
    assert queue_version(session, "ZZ", at=AT + timedelta(minutes=1)) != one
    withdraw(session, number)
    assert queue_version(session, "ZZ", at=AT) == empty


def test_what_is_open_on_a_line(session: Session) -> None:
    town = build(session)
    number = report(session).fault_number
    assert [row.fault_number for row in open_faults_of_line(session, town.line.id, by=BY)] == [number]
    assert open_faults_of_line(session, town.line.id, by=builders.PARTNER_ACTOR) == ()
    clear(session, number)
    assert open_faults_of_line(session, town.line.id, by=BY) == ()
