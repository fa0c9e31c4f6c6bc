"""What partners are told of their faults: every event, by whichever door it happened, in few statements, and once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy import update as update_rows
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.words import HalfDay, MissCause
from css.db.engine import taken_back, transaction
from css.handover import OutboxMessage, outbox_after
from css.master.reference import PARTNER
from repairs.actions import (
    appoint_fault,
    arrive_on_site,
    assign_fault,
    chase_fault,
    declare_mborc,
    diagnose_fault,
    lift_mborc,
    mark_breaches,
    miss_visit,
    own_fault,
    park_fault,
    queue_fault,
    recall_fault,
    report_damage,
    resume_fault,
    return_fault,
    test_line,
    warn_of_breaches,
    withdraw_fault,
)
from repairs.actions.nightly import mark_next_breaches
from repairs.checks import check_faults
from repairs.commands.dispatch import ArriveOnSite, AssignFault, RecallFault, ReturnFault
from repairs.commands.faults import (
    AppointFault,
    ChaseFault,
    DiagnoseFault,
    MissVisit,
    OwnFault,
    ParkFault,
    QueueFault,
    ReportDamage,
    ResumeFault,
    WithdrawFault,
)
from repairs.commands.nightly import MarkBreaches, WarnOfBreaches
from repairs.commands.outages import DeclareMborc, LiftMborc
from repairs.commands.testing import TestLine
from repairs.model import FaultConversation
from repairs.rules.lifecycle import KEEPING, MOVES
from repairs.rules.partner_words import KIND_WORDS, KINDS, SILENT
from repairs.words import Location, ParkReason, ReturnReason
from tests.builders import PARTNER_ACTOR, BuiltLine
from tests.partners.fault_speaking import DESK, FIELD, Trouble, trouble, updates
from tests.partners.speaking import AT, RIVAL_CODE
from tests.records.clearing import ENGINEER, engineer
from tests.records.faults import clear, report
from tests.records.outages import declare, detach, mend, unsay, update

HOUR = timedelta(hours=1)
FAULT = "Update/Fault"


@pytest.fixture(scope="module")
def town(engine: Engine) -> Trouble:
    with transaction(engine) as session:
        made = trouble(session, lines=60)
        engineer(session)
        return made


@pytest.fixture(scope="module")
def lines(town: Trouble) -> Iterator[BuiltLine]:
    return iter(town.lines)


@pytest.fixture
def line(lines: Iterator[BuiltLine]) -> BuiltLine:
    return next(lines)


@pytest.fixture
def number(engine: Engine, line: BuiltLine) -> str:
    """A fault on a line of the partner's, reported by somebody at the desk."""
    with transaction(engine) as session:
        return report(session, number=line.number).fault_number


def done(engine: Engine, *deeds: Callable[[Session], object]) -> None:
    """Deeds, each in a transaction of its own, as doors do them."""
    for deed in deeds:
        with transaction(engine) as session:
            deed(session)


def kinds(engine: Engine, number: str) -> list[str]:
    return [each.kind for each in updates(engine, number)]


def test_every_deed_on_a_fault_is_told_or_kept_for_a_reason() -> None:
    deeds = {deed for moves in MOVES.values() for deed in moves} | KEEPING | {"report"}
    assert deeds == set(KINDS) | SILENT
    assert not set(KINDS) & SILENT
    assert set(KINDS.values()) == set(KIND_WORDS)


def test_the_work_on_a_fault_is_told_deed_by_deed_and_names_nobody_of_ours(engine: Engine, number: str) -> None:
    def by(verb: Callable[..., object], command: object, who: Actor = DESK, at: datetime = AT) -> Callable[[Session], object]:
        return lambda session: verb(session, command, by=who, at=at)

    again = AssignFault(fault_number=number, engineer_code=ENGINEER, anyway="for a test")
    done(
        engine,
        by(own_fault, OwnFault(fault_number=number)),
        by(diagnose_fault, DiagnoseFault(fault_number=number, location=Location.LN, words="Water in the joint.")),
        by(queue_fault, QueueFault(fault_number=number)),
        by(assign_fault, again),
        by(recall_fault, RecallFault(fault_number=number, reason="The mayor's line first.")),
        by(assign_fault, again),
        by(arrive_on_site, ArriveOnSite(fault_number=number)),
        by(return_fault, ReturnFault(fault_number=number, reason=ReturnReason.HAZARD, words="A wasps' nest.")),
        by(park_fault, ParkFault(fault_number=number, reason=ParkReason.PROVIDER_ANSWER, words="Which of the two doors?")),
        by(resume_fault, ResumeFault(fault_number=number, words="The left one."), at=AT + HOUR),
        by(appoint_fault, AppointFault(fault_number=number, slot_on=date(2026, 3, 3), half_day=HalfDay.AM)),
        by(chase_fault, ChaseFault(fault_number=number)),
        by(miss_visit, MissVisit(fault_number=number, cause=MissCause.NO_SHOW), at=datetime(2026, 3, 3, 14, tzinfo=UTC)),
        by(withdraw_fault, WithdrawFault(fault_number=number, reason="It works."), at=datetime(2026, 3, 3, 15, tzinfo=UTC)),
    )
    told = updates(engine, number)
    work = (
        "ACKNOWLEDGED DIAGNOSED QUEUED ISSUED RECALLED ISSUED ON_SITE RETURNED PARKED RESUMED APPOINTED CHASED APPOINTMENT_MISSED CANCELLED"
    )
    assert [each.kind for each in told] == work.split()
    assert [each.says("Update/SequenceNo") for each in told] == [str(place) for place in range(1, len(told) + 1)]
    whole = b"".join(each.body for each in told).decode()
    for kept in ("Fred Itter", ENGINEER, "TESTER", "mayor"):
        assert kept not in whole
    by_kind = {each.kind: each for each in told}
    assert by_kind["RETURNED"].says("Update/Text") == "The engineer gave it back, hazard: A wasps' nest."
    assert by_kind["DIAGNOSED"].says(f"{FAULT}/FaultLocation") == "LN"
    parked = by_kind["PARKED"]
    assert [parked.says(f"{FAULT}/{name}") for name in ("State", "Stage")] == ["PENDING", "PARKED"]
    assert [parked.says(f"{FAULT}/Clock/{name}") for name in ("State", "Since", "ReasonCode", "Reason")] == [
        "PARKED",
        "2026-03-02T10:00:00Z",
        "PROVIDER_ANSWER",
        "a question to the provider: Which of the two doors?",
    ]
    assert by_kind["RESUMED"].says(f"{FAULT}/DueAt") >= parked.says(f"{FAULT}/DueAt")
    assert by_kind["APPOINTMENT_MISSED"].says(f"{FAULT}/Appointment/State") == "MISSED"


def test_of_one_deed_every_update_has_the_fault_as_the_deed_left_it(engine: Engine, line: BuiltLine) -> None:
    with transaction(engine) as session:
        number = report(session, number=line.number, slot_on=date(2026, 3, 4), half_day=HalfDay.PM).fault_number
    told = updates(engine, number)
    assert [each.kind for each in told] == ["ACKNOWLEDGED", "APPOINTED"]
    assert [each.says(f"{FAULT}/Stage") for each in told] == ["APPOINTED", "APPOINTED"]
    assert [each.ref for each in told] == [None, None]
    assert len({each.conversation_id for each in told}) == 1


def test_faults_of_our_own_lines_and_damage_leave_no_document(engine: Engine, town: Trouble) -> None:
    with transaction(engine) as session:
        before = session.execute(select(func.count()).select_from(OutboxMessage)).scalar_one()
        mine = report(session, number=town.own_line.number).fault_number
        damage = ReportDamage(
            district_code="ZZ", exchange_code="WREN", place_words="The pole", contact_name="PC Marlow", contact_phone="07700 900124"
        )
        report_damage(session, damage, by=PARTNER_ACTOR, at=AT)
    done(engine, lambda session: withdraw_fault(session, WithdrawFault(fault_number=mine, reason="It works."), by=DESK, at=AT))
    with transaction(engine) as session:
        assert session.execute(select(func.count()).select_from(OutboxMessage)).scalar_one() == before


def test_what_is_taken_back_is_never_told(engine: Engine, number: str) -> None:
    with transaction(engine) as session:
        with taken_back(session):
            chase_fault(session, ChaseFault(fault_number=number), by=DESK, at=AT)
        own_fault(session, OwnFault(fault_number=number), by=DESK, at=AT)
    with pytest.raises(ZeroDivisionError), transaction(engine) as session:
        chase_fault(session, ChaseFault(fault_number=number), by=DESK, at=AT)
        raise ZeroDivisionError
    done(engine, lambda session: chase_fault(session, ChaseFault(fault_number=number), by=DESK, at=AT))
    assert [(each.kind, each.says("Update/SequenceNo")) for each in updates(engine, number)] == [("ACKNOWLEDGED", "1"), ("CHASED", "2")]


def test_a_test_that_answers_later_is_told(engine: Engine, number: str, line: BuiltLine) -> None:
    asked = TestLine(number=f"+{line.number}", fault_number=number)
    done(engine, lambda session: test_line(session, asked, by=DESK, at=AT))
    assert kinds(engine, number)[:2] == ["ACKNOWLEDGED", "TESTED"]


def test_the_night_and_the_day_tell_of_deadlines(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        town = trouble(session, lines=2)
        late, too = (report(session, number=line.number).fault_number for line in town.lines)
        report(session, number=town.own_line.number)
    evening = datetime(2026, 3, 4, 21, tzinfo=UTC)
    done(
        fresh_engine,
        lambda session: warn_of_breaches(session, WarnOfBreaches(district_code="ZZ"), by=DESK, at=evening),
        lambda session: mark_breaches(session, MarkBreaches(district_code="ZZ"), by=DESK, at=evening + timedelta(days=8)),
        lambda session: mark_next_breaches(session, "ZZ", 0, until=evening + timedelta(days=9), by=DESK),
    )
    assert [kinds(fresh_engine, number) for number in (late, too)] == [["ACKNOWLEDGED", "WARNING", "DELAYED"]] * 2
    last = updates(fresh_engine, late)[-1]
    assert last.says(f"{FAULT}/MissedDueAt") == last.says("Update/IssuedAt") == last.says(f"{FAULT}/DueAt")


def test_matters_beyond_our_control_are_told_to_every_partner_beneath(engine: Engine, number: str) -> None:
    with transaction(engine) as session:
        storm = declare_mborc(session, DeclareMborc(district_code="ZZ", cause="The storm"), by=DESK, at=AT).mborc_id
    done(engine, lambda session: lift_mborc(session, LiftMborc(mborc_id=storm), by=DESK, at=AT + HOUR))
    declared, lifted = updates(engine, number)[-2:]
    assert (declared.kind, declared.says(f"{FAULT}/Clock/State"), declared.says(f"{FAULT}/Clock/Reason")) == (
        "MBORC_DECLARED",
        "MBORC",
        "The storm",
    )
    assert (lifted.kind, lifted.says(f"{FAULT}/Clock/State")) == ("MBORC_LIFTED", "RUNNING")


def test_an_outage_is_told_from_its_beginning_to_its_end(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        town = trouble(session, lines=3)
        first, second = (report(session, number=line.number).fault_number for line in town.lines[:2])
        rivals = report(session, number=town.rival_line.number).fault_number
    with transaction(fresh_engine) as session:
        outage = declare(session).outage_id
    with transaction(fresh_engine) as session:
        third = report(session, number=town.lines[2].number).fault_number
    done(
        fresh_engine,
        lambda session: update(session, outage, expected_at=AT + 5 * HOUR),
        lambda session: detach(session, second),
        lambda session: mend(session, outage, at=AT + HOUR),
    )
    assert kinds(fresh_engine, first) == ["ACKNOWLEDGED", "OUTAGE_ATTACHED", "OUTAGE_INFORMED", "CLEARED"]
    assert kinds(fresh_engine, second) == ["ACKNOWLEDGED", "OUTAGE_ATTACHED", "OUTAGE_INFORMED", "OUTAGE_DETACHED"]
    assert kinds(fresh_engine, third)[:2] == ["ACKNOWLEDGED", "OUTAGE_ATTACHED"]
    informed = updates(fresh_engine, first)[2]
    assert informed.says(f"{FAULT}/Outage/OutageNumber") == str(outage)
    assert informed.says(f"{FAULT}/Outage/Message") == "The cabinet in Larkspur Close is broken; we are mending it."
    assert informed.says(f"{FAULT}/Outage/ExpectedAt") == "2026-03-02T15:00:00Z"
    assert updates(fresh_engine, first)[3].says(f"{FAULT}/Outage/EndedAt") == "2026-03-02T11:00:00Z"
    theirs = updates(fresh_engine, rivals, RIVAL_CODE)
    assert [each.kind for each in theirs] == ["ACKNOWLEDGED", "OUTAGE_ATTACHED", "OUTAGE_INFORMED", "CLEARED"]
    with transaction(fresh_engine) as session:
        rows = outbox_after(session, PARTNER, 0, limit=1000)
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    with transaction(fresh_engine) as session:
        other = declare(session, at=AT + 2 * HOUR).outage_id
    done(fresh_engine, lambda session: unsay(session, other, at=AT + 3 * HOUR))
    assert kinds(fresh_engine, second)[-2:] == ["OUTAGE_ATTACHED", "OUTAGE_DETACHED"]


@contextmanager
def recorded(engine: Engine) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def statements_of_telling(sent: list[str]) -> int:
    """Statements after the last of the deed itself: from the events that are looked up to the commit."""
    return len(sent) - max(place for place, one in enumerate(sent) if "FROM repairs.fault_event" in one and " IN (" in one)


def test_a_report_takes_seventeen_statements_and_six_more_where_a_partner_is_told(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        town = trouble(session, lines=2)
        report(session, number=town.lines[0].number)  # what is read once a process has been read
    counts = []
    for number in (town.own_line.number, town.lines[1].number):
        with recorded(fresh_engine) as sent, transaction(fresh_engine) as session:
            report(session, number=number)
        counts.append(len(sent))
    assert counts[0] <= 17
    assert counts[1] - counts[0] <= 6


def test_many_faults_are_told_in_as_many_statements_as_one(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        town = trouble(session, lines=30)
    counts = []
    for some in (town.lines[:1], town.lines[1:]):
        with transaction(fresh_engine) as session:
            for line in some:
                report(session, number=line.number)
        with transaction(fresh_engine) as session:
            outage = declare(session).outage_id
        with recorded(fresh_engine) as sent, transaction(fresh_engine) as session:
            mend(session, outage, at=AT + HOUR)
        counts.append(statements_of_telling(sent))
    assert counts[0] == counts[1] <= 8
    with transaction(fresh_engine) as session:
        cleared = [row for row in outbox_after(session, PARTNER, 0, limit=1000) if b"<Kind>CLEARED</Kind>" in row.body]
    assert len(cleared) == 30
    assert Counter(row.body.count(b"<ClearNo>1</ClearNo>") for row in cleared) == {1: 30}


def test_the_same_event_is_the_same_bytes_however_often_it_is_fetched(engine: Engine, number: str) -> None:
    with transaction(engine) as session:
        first = {row.message_id: row.body for row in outbox_after(session, PARTNER, 0, limit=5000)}
    done(engine, lambda session: clear(session, number, by=FIELD, at=AT + HOUR))
    with transaction(engine) as session:
        again = {row.message_id: row.body for row in outbox_after(session, PARTNER, 0, limit=5000)}
    assert first.items() <= again.items()
    assert len(again) == len(first) + 1


def test_the_books_see_an_update_that_is_not_in_the_outbox(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        town = trouble(session, lines=1)
        number = report(session, number=town.lines[0].number).fault_number
    with transaction(fresh_engine) as session:
        assert check_faults(session, "ZZ") == ()
        session.execute(update_rows(FaultConversation).values(last_update=2))
        assert check_faults(session, "ZZ") == (f"Fault {number} was told of 2 times, and the last is not in the outbox.",)
        session.rollback()
