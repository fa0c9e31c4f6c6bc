"""Who may do what to faults, and what others find of them: partners, debt, other rooms, the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from css.audit import AuditEvent
from css.core.ids import IdKind, make_id
from css.core.words import HoldKind, Role
from css.handover import Hold, holds_on
from repairs.commands.faults import FaultChanged
from repairs.queries.cards import clear_codes, fault_card, faults_of_account, open_faults, symptoms
from repairs.words import FaultState
from tests import builders
from tests.records.faults import AT, BY, FIELD, LATE, Town, build, clear, codes, refusal, report, withdraw


@pytest.fixture
def town(session: Session) -> Town:
    return build(session)


# Who may.


@pytest.mark.parametrize("roles", [{Role.CLERK}, {Role.REPAIR}, {Role.SUPERVISOR}])
def test_the_desk_and_the_field_may_report(session: Session, town: Town, roles: set[Role]) -> None:
    assert report(session, by=replace(FIELD, roles=frozenset(roles))).state is FaultState.REPORTED


@pytest.mark.parametrize("roles", [{Role.CLERK}, {Role.BILLING}, set()])
def test_only_the_field_says_that_a_fault_is_put_right(session: Session, town: Town, roles: set[Role]) -> None:
    number = report(session).fault_number
    assert codes(refusal(clear, session, number, by=replace(FIELD, roles=frozenset(roles)))) == [("CSS315E", None)]
    assert codes(refusal(clear, session, number, by=builders.PARTNER_ACTOR)) == [("CSS315E", None)]
    if Role.CLERK not in roles:
        assert refusal(report, session, by=replace(FIELD, roles=frozenset(roles))).code == "CSS315E"


def test_to_a_partner_what_is_anothers_is_not_there(session: Session, town: Town) -> None:
    partner = builders.PARTNER_ACTOR
    own = report(session, by=partner, number=town.carrier_line.number).fault_number
    others = report(session).fault_number
    nobody = make_id("ZZ", IdKind.FAULT, 9_999_999)

    spare = "01632 960999"
    for number in (town.line.number, spare):
        said = refusal(report, session, by=partner, number=number)
        assert (said.code, said.template) == ("CSS311E", "No working line has the number {number}.")
    for fault_number in (others, nobody):
        for ask in (
            lambda: fault_card(session, fault_number, by=partner),  # noqa: B023 - called at once
            lambda: withdraw(session, fault_number, by=partner),  # noqa: B023
        ):
            said = refusal(ask)
            assert (said.code, str(said)) == ("CSS313E", f"There is no fault {fault_number}.")
    assert [row.fault_number for row in open_faults(session, "ZZ", by=partner)] == [own]
    assert [row.fault_number for row in open_faults(session, "ZZ", by=BY)] == [own, others]
    assert faults_of_account(session, town.account.number, by=partner) == ()
    assert [row.fault_number for row in faults_of_account(session, town.account.number, by=BY)] == [others]
    assert fault_card(session, own, by=partner).provider_code == "BRACKWAT"
    assert withdraw(session, own, by=partner).state is FaultState.WITHDRAWN


# What others find of it.


@pytest.mark.parametrize("end", [clear, withdraw])
def test_debt_is_held_back_from_the_report_to_the_end(session: Session, town: Town, end: Callable[[Session, str], FaultChanged]) -> None:
    number = report(session).fault_number
    (hold,) = holds_on(session, town.account.id)
    assert (hold.kind, hold.line_id, hold.reference) == (HoldKind.OPEN_FAULT, town.line.id, number)
    end(session, number)
    assert holds_on(session, town.account.id) == ()
    assert session.execute(select(Hold.starts_at, Hold.ends_at)).one() == (AT, LATE)


def test_other_rooms_see_open_faults_in_the_published_view(session: Session, town: Town) -> None:
    number = report(session).fault_number
    seen = text("SELECT number, line_id, state FROM repairs.open_fault_v")
    assert [tuple(row) for row in session.execute(seen)] == [(number, town.line.id, "reported")]
    clear(session, number)
    assert session.execute(seen).all() == []


def test_every_deed_is_in_the_audit_trail_with_before_and_after(session: Session, town: Town) -> None:
    number = report(session, token="kept to itself").fault_number
    clear(session, number, words="Card changed.")
    reported, cleared = session.execute(select(AuditEvent).where(AuditEvent.subject_number == number).order_by(AuditEvent.id)).scalars()
    assert (reported.verb, reported.actor_name, reported.door, reported.occurred_at) == ("report_fault", "TESTER", "screen", AT)
    assert reported.before is None
    assert reported.after is not None
    assert (reported.after["state"], reported.after["symptom_code"]) == ("reported", "NDT")
    assert "token" not in reported.after
    assert (cleared.verb, cleared.actor_name, cleared.before) == ("clear_fault", "FITTER", {"state": "reported"})
    assert cleared.after is not None
    assert (cleared.after["state"], cleared.after["clear_code"], cleared.after["words"]) == ("cleared", "EX", "Card changed.")


def test_the_story_cannot_be_rewritten(session: Session, town: Town) -> None:
    report(session)
    for change in ("UPDATE repairs.fault_event SET words = 'x'", "DELETE FROM repairs.fault_event"):
        with pytest.raises(IntegrityError, match="only ever added"), session.begin_nested():
            session.execute(text(change))


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("state = 'cleared'", "ck_fault_cleared_has_instant"),
        ("cleared_at = accepted_at", "ck_fault_cleared_has_"),
        ("accepted_at = reported_at - interval '1 second'", "ck_fault_accepted_after_report"),
        ("state = 'mislaid'", "ck_fault_state"),
    ],
)
def test_the_database_refuses_a_fault_that_cannot_be(session: Session, town: Town, change: str, constraint: str) -> None:
    report(session)
    with pytest.raises(DBAPIError, match=constraint), session.begin_nested():
        session.execute(text(f"UPDATE repairs.fault SET {change}"))


def test_the_work_list_has_the_soonest_due_first_and_only_so_many(session: Session) -> None:
    town = build(session, care_level="4")
    slow = report(session, number=town.carrier_line.number).fault_number
    soon = report(session).fault_number
    assert [row.fault_number for row in open_faults(session, "ZZ", by=BY)] == [soon, slow]
    assert open_faults(session, "ZY", by=BY) == ()
    assert [row.fault_number for row in faults_of_account(session, town.account.number, by=BY, limit=0)] == [soon]


def test_the_lists_of_codes_are_there_to_choose_from() -> None:
    assert ("NDT", "no dial tone") in [(row.code, row.words) for row in symptoms()]
    assert ("RWT", "right when tested") in [(row.code, row.words) for row in clear_codes()]
