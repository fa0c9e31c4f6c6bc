"""Faults lived through: reported, cleared in time or late, withdrawn; once each, whoever else reports or sends it again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from css.core.calendar import start_of_day
from css.core.errors import Conflict, CssError, Refused, Several
from css.core.ids import IdKind, make_id, parse_id
from css.core.words import FailureKind
from css.db.engine import transaction
from css.handover import Hold, ServiceFailure
from css.master.services import ServiceNumber
from repairs.commands.faults import FaultReported
from repairs.model import Fault, FaultEvent
from repairs.queries.cards import fault_card
from repairs.words import FaultState
from tests import builders
from tests.race import together, until_somebody_waits
from tests.records.faults import AT, BY, LATE, Town, build, clear, codes, count, refusal, report, withdraw


@pytest.fixture
def town(session: Session) -> Town:
    return build(session)


# Reporting.


def test_a_report_has_a_number_a_deadline_and_a_story(session: Session, town: Town) -> None:
    reported_at = AT - timedelta(hours=2)
    answer = report(
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
    answer = report(session, reported_at=AT - timedelta(days=3))
    assert (answer.care_level, answer.due_at, answer.deadline_words) == (level, datetime.fromisoformat(due), words)


@pytest.mark.parametrize(("product", "level"), [("LINE-RES", "1"), ("LINE-BUS", "2")])
def test_a_line_has_the_care_level_of_its_product_unless_it_bought_another(session: Session, product: str, level: str) -> None:
    build(session, product=product)
    assert report(session).care_level == level


def test_a_feature_has_its_symptom_only_where_it_works(session: Session, town: Town) -> None:
    with pytest.raises(Refused, match="does not have CALLER-DISPLAY") as refusal:
        report(session, symptom_code="CDF")
    assert codes(refusal.value) == [("CSS303E", "symptom_code")]
    ended, begins = date(2026, 3, 2), date(2026, 3, 3)
    builders.service(session, town.line.id, town.account, "VOICEMAIL-1571", where=town.zz, ends_on=ended)
    builders.service(session, town.line.id, town.account, "CALL-WAITING", where=town.zz, starts_on=begins)
    for code in ("VMF", "CWF"):
        with pytest.raises(Refused, match="does not have"):
            report(session, symptom_code=code)
    builders.service(session, town.line.id, town.account, "CALLER-DISPLAY", where=town.zz)
    assert report(session, symptom_code="CDF").state is FaultState.REPORTED


def test_everything_wrong_is_told_at_once(session: Session, town: Town) -> None:
    with pytest.raises(Several) as refusal:
        report(
            session,
            number="01632 960999",
            symptom_code="??",
            contact_name=" ",
            contact_phone="ring the bell",
            hazard_notes="x" * 51,
            reported_at=AT + timedelta(minutes=1),
        )
    assert codes(refusal.value) == [
        ("CSS311E", "number"),
        ("CSS080E", "contact_phone"),
        ("CSS302E", "symptom_code"),
        ("CSS304E", "contact_name"),
        ("CSS305E", "hazard_notes"),
        ("CSS307E", "reported_at"),
    ]
    assert count(session, Fault) == count(session, Hold) == 0


def test_a_number_out_of_use_has_no_line(session: Session, town: Town) -> None:
    number = session.execute(select(ServiceNumber).where(ServiceNumber.service_id == town.line.service_id)).scalar_one()
    number.ends_at = start_of_day(date(2026, 3, 3))
    session.flush()
    assert codes(refusal(report, session, at=AT + timedelta(days=1))) == [("CSS311E", "number")]
    assert report(session).state is FaultState.REPORTED


def test_a_second_fault_on_a_line_is_told_of_the_first(session: Session, town: Town) -> None:
    first = report(session)
    with pytest.raises(Conflict) as conflict:
        report(session, symptom_code="NSY")
    assert codes(conflict.value) == [("CSS312E", "number")]
    assert first.fault_number in str(conflict.value)
    # The session is whole after it, and another line is another matter.
    assert report(session, number=town.carrier_line.number).fault_number != first.fault_number
    clear(session, first.fault_number)
    assert report(session, at=LATE, symptom_code="NSY").state is FaultState.REPORTED


def test_of_two_reporters_at_one_moment_one_is_told_of_the_other(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        build(session)
    with transaction(fresh_engine) as first:
        answer = report(first)

        def second() -> FaultReported:
            with transaction(fresh_engine) as session:
                # Reads what it must, sees no fault, and waits for us at the unique index.
                return report(session, symptom_code="NSY")

        def commit_when_it_waits() -> None:
            until_somebody_waits(fresh_engine)
            first.commit()

        told, _ = together(second, commit_when_it_waits)
    assert isinstance(told, Conflict)
    assert told.code == "CSS312E"
    assert answer.fault_number in str(told)
    with transaction(fresh_engine) as session:
        assert count(session, Fault) == count(session, Hold) == count(session, FaultEvent) == 1


def test_many_reporters_of_one_line_leave_one_fault(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        build(session)

    def report_it() -> FaultReported:
        with transaction(fresh_engine) as session:
            return report(session)

    answers = together(*[report_it] * 5)
    assert sum(isinstance(answer, FaultReported) for answer in answers) == 1
    assert {error.code for error in answers if isinstance(error, CssError)} == {"CSS312E"}


# Tokens.


def test_a_report_sent_twice_is_one_fault_and_one_answer(session: Session, town: Town) -> None:
    first = report(session, token="t-1")
    assert report(session, token="t-1", at=AT + timedelta(hours=1)) == first
    assert count(session, Fault) == 1
    with pytest.raises(Conflict) as conflict:
        report(session, token="t-1", symptom_code="NSY")
    assert conflict.value.code == "CSS110E"
    done = clear(session, first.fault_number, token="t-2")
    assert clear(session, first.fault_number, token="t-2") == done
    assert count(session, FaultEvent) == 2


# Clearing.


def test_cleared_in_time_the_story_says_so_and_nothing_is_owed(session: Session, town: Town) -> None:
    number = report(session).fault_number
    changed = clear(session, number, at=AT + timedelta(hours=5), words="Line card changed.")
    assert (changed.state, changed.was_late) == (FaultState.CLEARED, False)
    card = fault_card(session, number, by=BY)
    assert (card.clear_code, card.clear_words, card.summary.cleared_at) == ("EX", "line card or switch", AT + timedelta(hours=5))
    assert [(event.sequence, event.words) for event in card.events][1:] == [(2, "Cleared: line card or switch, in time.")]
    assert count(session, ServiceFailure) == 0


def test_a_dead_line_of_ours_cleared_late_is_left_for_compensation_once(session: Session, town: Town) -> None:
    number = report(session, reported_at=AT - timedelta(days=1)).fault_number
    cleared_at = LATE - timedelta(hours=3)
    assert clear(session, number, cleared_at=cleared_at, token="once").was_late
    assert clear(session, number, cleared_at=cleared_at, token="once").was_late
    failure = session.execute(select(ServiceFailure)).scalar_one()
    assert failure.source_key == f"fault/{number}/delayed-repair"
    assert (failure.kind, failure.reference) == (FailureKind.DELAYED_REPAIR, number)
    assert (failure.account_id, failure.line_id, failure.district_code) == (town.account.id, town.line.id, "ZZ")
    assert (failure.issue_on, failure.put_right_at) == (date(2026, 3, 1), cleared_at)
    assert failure.promised_at == datetime(2026, 3, 4, 23, 59, tzinfo=UTC)
    assert failure.business_date == builders.DAY
    assert fault_card(session, number, by=BY).events[-1].words == "Cleared: line card or switch, late."


@pytest.mark.parametrize("code", ["CE", "RWT", "NOA", "DUP", "FNF"])
def test_a_fault_not_ours_is_never_left_for_compensation(session: Session, town: Town, code: str) -> None:
    number = report(session).fault_number
    assert clear(session, number, code).was_late
    assert count(session, ServiceFailure) == 0


def test_a_late_repair_of_a_line_that_worked_is_left_for_the_guarantee_alone(session: Session, town: Town) -> None:
    number = report(session, symptom_code="NSY").fault_number
    assert clear(session, number).was_late
    failure = session.execute(select(ServiceFailure)).scalar_one()
    assert (failure.is_total_loss, failure.care_level, failure.is_guaranteed) == (False, "1", True)


def test_the_time_of_clearing_lies_between_report_and_now(session: Session, town: Town) -> None:
    number = report(session).fault_number
    for cleared_at in (AT - timedelta(seconds=1), LATE + timedelta(seconds=1)):
        assert codes(refusal(clear, session, number, cleared_at=cleared_at)) == [("CSS308E", "cleared_at")]
    assert codes(refusal(clear, session, number, "EXX")) == [("CSS306E", "clear_code")]
    assert codes(refusal(clear, session, number, "", words="x" * 501)) == [
        ("CSS306E", "clear_code"),
        ("CSS305E", "words"),
    ]
    session.expire_all()
    assert fault_card(session, number, by=BY).summary.state is FaultState.REPORTED
    assert clear(session, number, cleared_at=AT).was_late is False


def test_what_has_ended_does_not_move_again(session: Session, town: Town) -> None:
    cleared = report(session).fault_number
    clear(session, cleared)
    withdrawn = report(session, number=town.carrier_line.number).fault_number
    withdraw(session, withdrawn)
    for number in (cleared, withdrawn):
        for deed in (clear, withdraw):
            assert codes(refusal(deed, session, number)) == [("CSS301E", None)]


def test_a_fault_withdrawn_was_never_late_and_owes_nothing(session: Session, town: Town) -> None:
    number = report(session).fault_number
    assert codes(refusal(withdraw, session, number, reason=" ")) == [("CSS309E", "reason")]
    assert codes(refusal(withdraw, session, number, reason="x" * 501)) == [("CSS305E", "reason")]
    changed = withdraw(session, number)
    assert (changed.state, changed.was_late) == (FaultState.WITHDRAWN, False)
    assert fault_card(session, number, by=BY).events[-1].words == "Withdrawn: It works again."
    assert count(session, ServiceFailure) == 0


def test_whoever_saw_an_older_version_is_told_how_it_stands_now(session: Session, town: Town) -> None:
    number = report(session).fault_number
    seen = fault_card(session, number, by=BY).row_version
    clear(session, number, row_version=seen)
    conflict = refusal(withdraw, session, number, row_version=seen)
    assert conflict.code == "CSS314E"
    assert "it is cleared now (version 2, you saw 1)" in str(conflict)


def test_a_fault_nobody_has_and_a_number_of_another_kind(session: Session, town: Town) -> None:
    nobody = make_id("ZZ", IdKind.FAULT, 9_999_999)
    assert codes(refusal(clear, session, nobody)) == [("CSS313E", "fault_number")]
    assert refusal(clear, session, town.account.number).code == "CSS055E"
    assert refusal(fault_card, session, "ZZF", by=BY).element == "fault_number"
