"""Faults lived through: reported, held against debt, cleared in time or late, withdrawn; by whom, and what others find of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from css.audit import AuditEvent
from css.core.actor import Actor
from css.core.calendar import start_of_day
from css.core.errors import Conflict, CssError, Refused, Several
from css.core.ids import IdKind, make_id, parse_id
from css.core.words import FailureKind, HoldKind, Role
from css.db.engine import transaction
from css.handover import Hold, ServiceFailure, holds_on
from css.master.services import ServiceNumber
from repairs.actions import clear_fault, report_fault, withdraw_fault
from repairs.commands import ClearFault, FaultChanged, FaultReported, ReportFault, WithdrawFault
from repairs.model import Fault, FaultEvent
from repairs.queries import clear_codes, fault_card, faults_of_account, open_faults, symptoms
from repairs.words import FaultState
from tests import builders
from tests.race import together, until_somebody_waits

BY, AT = builders.OPERATOR, builders.AT  # Monday 2 March 2026, ten in the morning
FIELD = Actor("operator", "FITTER", "RETAIL", frozenset({Role.REPAIR.value}), "screen")
REPORT = ReportFault(number="01632 960123", symptom_code="NDT", contact_name="Ada Tansley", contact_phone="07700 900123")
LATE = AT + timedelta(days=9)


@dataclass(frozen=True)
class Town:
    """A line of the own retail arm and one of a partner's, in one district."""

    zz: builders.BuiltDistrict
    account: builders.BuiltAccount
    line: builders.BuiltLine
    carrier: builders.BuiltAccount
    carrier_line: builders.BuiltLine


def build(session: Session, *, product: str | None = None, care_level: str | None = None) -> Town:
    zz = builders.district(session)
    account = builders.account(session, zz)
    carrier = builders.account(session, zz, provider_code="BRACKWAT", customer_number=account.customer_number)
    own_line = builders.working_line(session, zz, account, product=product, care_level=care_level)
    return Town(zz, account, own_line, carrier, builders.working_line(session, zz, carrier))


@pytest.fixture
def town(session: Session) -> Town:
    return build(session)


def _report(session: Session, by: Actor = BY, at: datetime = AT, **changed: object) -> FaultReported:
    fields: dict[str, Any] = changed
    return report_fault(session, replace(REPORT, **fields), by=by, at=at)


def _clear(session: Session, number: str, code: str = "EX", by: Actor = FIELD, at: datetime = LATE, **others: object) -> FaultChanged:
    fields: dict[str, Any] = others
    return clear_fault(session, ClearFault(fault_number=number, clear_code=code, **fields), by=by, at=at)


def _withdraw(session: Session, number: str, by: Actor = BY, at: datetime = LATE, **changed: object) -> FaultChanged:
    fields: dict[str, Any] = {"reason": "It works again."} | changed
    return withdraw_fault(session, WithdrawFault(fault_number=number, **fields), by=by, at=at)


def _codes(error: CssError) -> list[tuple[str, str | None]]:
    found = error.errors if isinstance(error, Several) else (error,)
    return [(one.code, one.element) for one in found]


def _refusal(deed: Callable[..., object], *arguments: object, **named: object) -> CssError:
    with pytest.raises(CssError) as caught:
        deed(*arguments, **named)
    return caught.value


def _count(session: Session, table: type) -> int:
    return session.execute(select(func.count()).select_from(table)).scalar_one()


# Reporting.


def test_a_report_has_a_number_a_deadline_and_a_story(session: Session, town: Town) -> None:
    reported_at = AT - timedelta(hours=2)
    answer = _report(
        session,
        words="  Dead since the storm. ",
        hazard_notes="Dog",
        access_notes="Side gate",
        equipment_checked=True,
        reported_at=reported_at,
    )

    assert parse_id(answer.fault_number).kind is IdKind.FAULT
    card = fault_card(session, answer.fault_number, by=BY)
    assert card.summary.state is FaultState.REPORTED
    assert (card.summary.account_number, card.summary.number, card.summary.symptom_words) == (
        town.account.number,
        "441632960123",
        "no dial tone",
    )
    assert (card.words, card.contact_name, card.contact_phone) == ("Dead since the storm.", "Ada Tansley", "447700900123")
    assert (card.hazard_notes, card.access_notes, card.equipment_checked, card.power_checked) == ("Dog", "Side gate", True, False)
    assert (card.summary.reported_at, card.accepted_at) == (reported_at, AT)
    assert card.original_due_at == card.summary.due_at == answer.due_at == datetime(2026, 3, 4, 23, 59, tzinfo=UTC)
    assert card.is_total_loss
    assert card.site == "1 Larkspur Close, Wrenford ZZ1 7QT"
    (event,) = card.events
    assert (event.sequence, event.state, event.done_by) == (1, FaultState.REPORTED, "TESTER")
    assert event.words == f"Reported: no dial tone. {answer.deadline_words}"


@pytest.mark.parametrize(
    ("level", "due", "words"),
    [
        (
            "1",
            "2026-03-04T23:59:00+00:00",
            "Care level 1, accepted Mon 2 Mar 2026 10:00: due 2 working days (Mon-Fri, not bank holidays) later, Wed 4 Mar 2026 23:59.",
        ),
        (
            "2",
            "2026-03-03T23:59:00+00:00",
            "Care level 2, accepted Mon 2 Mar 2026 10:00: due 1 working day (Mon-Sat, not bank holidays) later, Tue 3 Mar 2026 23:59.",
        ),
        ("2.5", "2026-03-03T23:59:00+00:00", "Care level 2.5, accepted Mon 2 Mar 2026 10:00: due next day, Tue 3 Mar 2026 23:59."),
        (
            "3",
            "2026-03-02T23:59:00+00:00",
            "Care level 3, accepted Mon 2 Mar 2026 10:00 (by 13:00): due the same day, Mon 2 Mar 2026 23:59.",
        ),
        ("4", "2026-03-02T16:00:00+00:00", "Care level 4, accepted Mon 2 Mar 2026 10:00: due 6 hours later, Mon 2 Mar 2026 16:00."),
    ],
)
def test_the_care_level_of_the_line_sets_the_deadline_and_says_how(session: Session, level: str, due: str, words: str) -> None:
    build(session, care_level=level)
    answer = _report(session, reported_at=AT - timedelta(days=3))
    assert (answer.care_level, answer.due_at, answer.deadline_words) == (level, datetime.fromisoformat(due), words)


@pytest.mark.parametrize(("product", "level"), [("LINE-RES", "1"), ("LINE-BUS", "2")])
def test_a_line_has_the_care_level_of_its_product_unless_it_bought_another(session: Session, product: str, level: str) -> None:
    build(session, product=product)
    assert _report(session).care_level == level


def test_a_feature_has_its_symptom_only_where_it_works(session: Session, town: Town) -> None:
    with pytest.raises(Refused, match="does not have CALLER-DISPLAY") as refusal:
        _report(session, symptom_code="CDF")
    assert _codes(refusal.value) == [("CSS303E", "symptom_code")]
    ended, begins = date(2026, 3, 2), date(2026, 3, 3)
    builders.service(session, town.line.id, town.account, "VOICEMAIL-1571", where=town.zz, ends_on=ended)
    builders.service(session, town.line.id, town.account, "CALL-WAITING", where=town.zz, starts_on=begins)
    for code in ("VMF", "CWF"):
        with pytest.raises(Refused, match="does not have"):
            _report(session, symptom_code=code)
    builders.service(session, town.line.id, town.account, "CALLER-DISPLAY", where=town.zz)
    assert _report(session, symptom_code="CDF").state is FaultState.REPORTED


def test_everything_wrong_is_told_at_once(session: Session, town: Town) -> None:
    with pytest.raises(Several) as refusal:
        _report(
            session,
            number="01632 960999",
            symptom_code="??",
            contact_name=" ",
            contact_phone="ring the bell",
            hazard_notes="x" * 51,
            reported_at=AT + timedelta(minutes=1),
        )
    assert _codes(refusal.value) == [
        ("CSS311E", "number"),
        ("CSS080E", "contact_phone"),
        ("CSS302E", "symptom_code"),
        ("CSS304E", "contact_name"),
        ("CSS305E", "hazard_notes"),
        ("CSS307E", "reported_at"),
    ]
    assert _count(session, Fault) == _count(session, Hold) == 0


def test_a_number_out_of_use_has_no_line(session: Session, town: Town) -> None:
    number = session.execute(select(ServiceNumber).where(ServiceNumber.service_id == town.line.service_id)).scalar_one()
    number.ends_at = start_of_day(date(2026, 3, 3))
    session.flush()
    assert _codes(_refusal(_report, session, at=AT + timedelta(days=1))) == [("CSS311E", "number")]
    assert _report(session).state is FaultState.REPORTED


def test_a_second_fault_on_a_line_is_told_of_the_first(session: Session, town: Town) -> None:
    first = _report(session)
    with pytest.raises(Conflict) as conflict:
        _report(session, symptom_code="NSY")
    assert _codes(conflict.value) == [("CSS312E", "number")]
    assert first.fault_number in str(conflict.value)
    # The session is whole after it, and another line is another matter.
    assert _report(session, number=town.carrier_line.number).fault_number != first.fault_number
    _clear(session, first.fault_number)
    assert _report(session, at=LATE, symptom_code="NSY").state is FaultState.REPORTED


def test_of_two_reporters_at_one_moment_one_is_told_of_the_other(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        build(session)
    with transaction(fresh_engine) as first:
        answer = _report(first)

        def second() -> FaultReported:
            with transaction(fresh_engine) as session:
                # Reads what it must, sees no fault, and waits for us at the unique index.
                return _report(session, symptom_code="NSY")

        def commit_when_it_waits() -> None:
            until_somebody_waits(fresh_engine)
            first.commit()

        refusal, _ = together(second, commit_when_it_waits)
    assert isinstance(refusal, Conflict)
    assert refusal.code == "CSS312E"
    assert answer.fault_number in str(refusal)
    with transaction(fresh_engine) as session:
        assert _count(session, Fault) == _count(session, Hold) == _count(session, FaultEvent) == 1


def test_many_reporters_of_one_line_leave_one_fault(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        build(session)

    def report() -> FaultReported:
        with transaction(fresh_engine) as session:
            return _report(session)

    answers = together(*[report] * 5)
    assert sum(isinstance(answer, FaultReported) for answer in answers) == 1
    assert {error.code for error in answers if isinstance(error, CssError)} == {"CSS312E"}


# Tokens.


def test_a_report_sent_twice_is_one_fault_and_one_answer(session: Session, town: Town) -> None:
    first = _report(session, token="t-1")
    assert _report(session, token="t-1", at=AT + timedelta(hours=1)) == first
    assert _count(session, Fault) == 1
    with pytest.raises(Conflict) as conflict:
        _report(session, token="t-1", symptom_code="NSY")
    assert conflict.value.code == "CSS110E"
    done = _clear(session, first.fault_number, token="t-2")
    assert _clear(session, first.fault_number, token="t-2") == done
    assert _count(session, FaultEvent) == 2


# Clearing.


def test_cleared_in_time_the_story_says_so_and_nothing_is_owed(session: Session, town: Town) -> None:
    number = _report(session).fault_number
    changed = _clear(session, number, at=AT + timedelta(hours=5), words="Line card changed.")
    assert (changed.state, changed.was_late) == (FaultState.CLEARED, False)
    card = fault_card(session, number, by=BY)
    assert (card.clear_code, card.clear_words, card.summary.cleared_at) == ("EX", "line card or switch", AT + timedelta(hours=5))
    assert [(event.sequence, event.words) for event in card.events][1:] == [(2, "Cleared: line card or switch, in time.")]
    assert _count(session, ServiceFailure) == 0


def test_a_dead_line_of_ours_cleared_late_is_left_for_compensation_once(session: Session, town: Town) -> None:
    number = _report(session, reported_at=AT - timedelta(days=1)).fault_number
    cleared_at = LATE - timedelta(hours=3)
    assert _clear(session, number, cleared_at=cleared_at, token="once").was_late
    assert _clear(session, number, cleared_at=cleared_at, token="once").was_late
    failure = session.execute(select(ServiceFailure)).scalar_one()
    assert failure.source_key == f"fault/{number}/delayed-repair"
    assert (failure.kind, failure.reference) == (FailureKind.DELAYED_REPAIR, number)
    assert (failure.account_id, failure.line_id, failure.district_code) == (town.account.id, town.line.id, "ZZ")
    assert (failure.issue_on, failure.put_right_at) == (date(2026, 3, 1), cleared_at)
    assert failure.promised_at == datetime(2026, 3, 4, 23, 59, tzinfo=UTC)
    assert failure.business_date == builders.DAY
    assert fault_card(session, number, by=BY).events[-1].words == "Cleared: line card or switch, late."


@pytest.mark.parametrize(("symptom", "code"), [("NSY", "EX"), ("NDT", "CE"), ("NDT", "RWT"), ("NDT", "NOA")])
def test_a_working_line_or_a_fault_not_ours_is_never_left_for_compensation(session: Session, town: Town, symptom: str, code: str) -> None:
    number = _report(session, symptom_code=symptom).fault_number
    assert _clear(session, number, code).was_late
    assert _count(session, ServiceFailure) == 0


def test_the_time_of_clearing_lies_between_report_and_now(session: Session, town: Town) -> None:
    number = _report(session).fault_number
    for cleared_at in (AT - timedelta(seconds=1), LATE + timedelta(seconds=1)):
        assert _codes(_refusal(_clear, session, number, cleared_at=cleared_at)) == [("CSS308E", "cleared_at")]
    assert _codes(_refusal(_clear, session, number, "EXX")) == [("CSS306E", "clear_code")]
    assert _codes(_refusal(_clear, session, number, "", words="x" * 501)) == [
        ("CSS306E", "clear_code"),
        ("CSS305E", "words"),
    ]
    session.expire_all()
    assert fault_card(session, number, by=BY).summary.state is FaultState.REPORTED
    assert _clear(session, number, cleared_at=AT).was_late is False


def test_what_has_ended_does_not_move_again(session: Session, town: Town) -> None:
    cleared = _report(session).fault_number
    _clear(session, cleared)
    withdrawn = _report(session, number=town.carrier_line.number).fault_number
    _withdraw(session, withdrawn)
    for number in (cleared, withdrawn):
        for deed in (_clear, _withdraw):
            assert _codes(_refusal(deed, session, number)) == [("CSS301E", None)]


def test_a_fault_withdrawn_was_never_late_and_owes_nothing(session: Session, town: Town) -> None:
    number = _report(session).fault_number
    assert _codes(_refusal(_withdraw, session, number, reason=" ")) == [("CSS309E", "reason")]
    assert _codes(_refusal(_withdraw, session, number, reason="x" * 501)) == [("CSS305E", "reason")]
    changed = _withdraw(session, number)
    assert (changed.state, changed.was_late) == (FaultState.WITHDRAWN, False)
    assert fault_card(session, number, by=BY).events[-1].words == "Withdrawn: It works again."
    assert _count(session, ServiceFailure) == 0


def test_whoever_saw_an_older_version_is_told_how_it_stands_now(session: Session, town: Town) -> None:
    number = _report(session).fault_number
    seen = fault_card(session, number, by=BY).row_version
    _clear(session, number, row_version=seen)
    conflict = _refusal(_withdraw, session, number, row_version=seen)
    assert conflict.code == "CSS314E"
    assert "it is cleared now (version 2, you saw 1)" in str(conflict)


def test_a_fault_nobody_has_and_a_number_of_another_kind(session: Session, town: Town) -> None:
    nobody = make_id("ZZ", IdKind.FAULT, 9_999_999)
    assert _codes(_refusal(_clear, session, nobody)) == [("CSS313E", "fault_number")]
    assert _refusal(_clear, session, town.account.number).code == "CSS055E"
    assert _refusal(fault_card, session, "ZZF", by=BY).element == "fault_number"


# Who may.


@pytest.mark.parametrize("roles", [{Role.CLERK}, {Role.REPAIR}, {Role.SUPERVISOR}])
def test_the_desk_and_the_field_may_report(session: Session, town: Town, roles: set[Role]) -> None:
    assert _report(session, by=replace(FIELD, roles=frozenset(roles))).state is FaultState.REPORTED


@pytest.mark.parametrize("roles", [{Role.CLERK}, {Role.BILLING}, set()])
def test_only_the_field_says_that_a_fault_is_put_right(session: Session, town: Town, roles: set[Role]) -> None:
    number = _report(session).fault_number
    assert _codes(_refusal(_clear, session, number, by=replace(FIELD, roles=frozenset(roles)))) == [("CSS315E", None)]
    assert _codes(_refusal(_clear, session, number, by=builders.PARTNER_ACTOR)) == [("CSS315E", None)]
    if Role.CLERK not in roles:
        assert _refusal(_report, session, by=replace(FIELD, roles=frozenset(roles))).code == "CSS315E"


def test_to_a_partner_what_is_anothers_is_not_there(session: Session, town: Town) -> None:
    partner = builders.PARTNER_ACTOR
    own = _report(session, by=partner, number=town.carrier_line.number).fault_number
    others = _report(session).fault_number
    nobody = make_id("ZZ", IdKind.FAULT, 9_999_999)

    spare = "01632 960999"
    for number in (town.line.number, spare):
        refusal = _refusal(_report, session, by=partner, number=number)
        assert (refusal.code, refusal.template) == ("CSS311E", "No working line has the number {number}.")
    for fault_number in (others, nobody):
        for ask in (
            lambda: fault_card(session, fault_number, by=partner),  # noqa: B023 - called at once
            lambda: _withdraw(session, fault_number, by=partner),  # noqa: B023
        ):
            refusal = _refusal(ask)
            assert (refusal.code, str(refusal)) == ("CSS313E", f"There is no fault {fault_number}.")
    assert [row.fault_number for row in open_faults(session, "ZZ", by=partner)] == [own]
    assert [row.fault_number for row in open_faults(session, "ZZ", by=BY)] == [own, others]
    assert faults_of_account(session, town.account.number, by=partner) == ()
    assert [row.fault_number for row in faults_of_account(session, town.account.number, by=BY)] == [others]
    assert fault_card(session, own, by=partner).provider_code == "BRACKWAT"
    assert _withdraw(session, own, by=partner).state is FaultState.WITHDRAWN


# What others find of it.


@pytest.mark.parametrize("end", [_clear, _withdraw])
def test_debt_is_held_back_from_the_report_to_the_end(session: Session, town: Town, end: Callable[[Session, str], FaultChanged]) -> None:
    number = _report(session).fault_number
    (hold,) = holds_on(session, town.account.id)
    assert (hold.kind, hold.line_id, hold.reference) == (HoldKind.OPEN_FAULT, town.line.id, number)
    end(session, number)
    assert holds_on(session, town.account.id) == ()
    assert session.execute(select(Hold.starts_at, Hold.ends_at)).one() == (AT, LATE)


def test_other_rooms_see_open_faults_in_the_published_view(session: Session, town: Town) -> None:
    number = _report(session).fault_number
    seen = text("SELECT number, line_id, state FROM repairs.open_fault_v")
    assert [tuple(row) for row in session.execute(seen)] == [(number, town.line.id, "reported")]
    _clear(session, number)
    assert session.execute(seen).all() == []


def test_every_deed_is_in_the_audit_trail_with_before_and_after(session: Session, town: Town) -> None:
    number = _report(session, token="kept to itself").fault_number
    _clear(session, number, words="Card changed.")
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
    _report(session)
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
    _report(session)
    with pytest.raises(DBAPIError, match=constraint), session.begin_nested():
        session.execute(text(f"UPDATE repairs.fault SET {change}"))


def test_the_work_list_has_the_soonest_due_first_and_only_so_many(session: Session) -> None:
    town = build(session, care_level="4")
    slow = _report(session, number=town.carrier_line.number).fault_number
    soon = _report(session).fault_number
    assert [row.fault_number for row in open_faults(session, "ZZ", by=BY)] == [soon, slow]
    assert open_faults(session, "ZY", by=BY) == ()
    assert [row.fault_number for row in faults_of_account(session, town.account.number, by=BY, limit=0)] == [soon]


def test_the_lists_of_codes_are_there_to_choose_from() -> None:
    assert ("NDT", "no dial tone") in [(row.code, row.words) for row in symptoms()]
    assert ("RWT", "right when tested") in [(row.code, row.words) for row in clear_codes()]
