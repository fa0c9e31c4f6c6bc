"""Outages: one failure of shared plant groups the faults beneath it, tells everybody once and clears them together."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.errors import CssError
from css.core.words import Segment
from css.handover import Hold, ServiceFailure
from css.redress.verbs import clear_outage
from repairs.actions import park_fault, reject_clear, withdraw_fault
from repairs.actions.outages import outage_over
from repairs.checks import check_faults
from repairs.commands.faults import ParkFault, RejectClear, WithdrawFault
from repairs.commands.outages import ClearOutage
from repairs.model import ClockInterval, Outage
from repairs.queries.outages import outage_card, outage_of_line, outages
from repairs.words import FaultState, OutageState, ParkReason
from tests import builders
from tests.records.faults import AT, BY, FIELD, LATE, Town, build, clear, codes, refusal, report
from tests.records.outages import EXCHANGE, POINT, another_point, declare, detach, fault_of, mend, rejoin, told, unsay, update

HOUR = timedelta(hours=1)
MESSAGE = "The cabinet in Larkspur Close is broken; we are mending it."


@pytest.fixture
def town(session: Session) -> Town:
    return build(session)


# Declaring.


def test_an_outage_takes_every_open_fault_beneath_it_and_tells_each_once(session: Session, town: Town) -> None:
    number = report(session).fault_number
    gone = report(session, number=town.carrier_line.number).fault_number
    clear(session, gone, at=AT)
    answer = declare(session, at=AT + HOUR, expected_at=AT + 6 * HOUR)
    assert (answer.state, answer.faults) == (OutageState.OPEN, 1)
    assert answer.words == "Outage of cabinet C1 of exchange WREN: 1 fault beneath it hangs on it. New faults come to it."
    assert fault_of(session, number).outage_id == answer.outage_id
    assert told(session, number) == [
        ("attach", f"Part of the failure of cabinet C1 of exchange WREN. {MESSAGE} Expected to work again Mon 2 Mar 2026 16:00.")
    ]
    assert fault_of(session, number).state is FaultState.REPORTED
    assert fault_of(session, gone).outage_id is None


def test_a_fault_reported_beneath_an_outage_hangs_on_it_and_is_told_the_message(session: Session, town: Town) -> None:
    outage = declare(session).outage_id
    answer = report(session, at=AT + HOUR)
    fault = fault_of(session, answer.fault_number)
    assert (fault.outage_id, fault.state) == (outage, FaultState.REPORTED)
    (attached,) = [words for deed, words in told(session, answer.fault_number) if deed == "attach"]
    assert MESSAGE in attached
    notice = outage_of_line(session, town.line.id, by=BY)
    assert notice is not None
    assert (notice.outage_id, notice.place, notice.words) == (outage, "cabinet C1 of exchange WREN", MESSAGE)
    assert check_faults(session, "ZZ") == ()


def test_a_second_outage_of_the_same_plant_is_told_of_the_first(session: Session, town: Town) -> None:
    first = declare(session).outage_id
    conflict = refusal(declare, session)
    assert codes(conflict) == [("CSS875E", None)]
    assert f"Outage {first} of cabinet C1 of exchange WREN is open already, declared by FITTER" in str(conflict)
    mend(session, first, at=AT + HOUR)
    assert declare(session, at=AT + 2 * HOUR).outage_id != first


def test_of_nested_outages_the_largest_has_the_new_faults_and_the_smaller_keeps_its_own(session: Session, town: Town) -> None:
    first = report(session).fault_number
    point = declare(session, **POINT)
    cabinet = declare(session, at=AT + HOUR)
    assert (point.faults, cabinet.faults) == (1, 0)
    assert cabinet.words == (
        "Outage of cabinet C1 of exchange WREN: no fault beneath it hangs on it. "
        "1 fault beneath it belongs to other outages and stays there. New faults come to it."
    )
    second = report(session, number=town.carrier_line.number, at=AT + HOUR).fault_number
    assert fault_of(session, first).outage_id == point.outage_id
    assert fault_of(session, second).outage_id == cabinet.outage_id
    whole = declare(session, at=AT + 2 * HOUR, **EXCHANGE)
    assert "2 faults beneath it belong to other outages and stay there." in whole.words
    over = outage_over(session, town.line.pair_id)
    assert over is not None
    assert over.id == whole.outage_id
    # A smaller one declared beneath the larger is told that new faults do not come to it.
    unsay(session, point.outage_id)
    again = declare(session, at=AT + 3 * HOUR, **POINT)
    assert again.words.endswith(f"New faults go to outage {whole.outage_id} of the exchange above it, the largest.")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"exchange_code": "NOWHERE"}, [("CSS827E", "exchange_code")]),
        ({"cabinet_code": "C9"}, [("CSS879E", "cabinet_code")]),
        ({**POINT, "distribution_point_code": "DP9"}, [("CSS879E", "distribution_point_code")]),
        ({"cabinet_code": None}, [("CSS879E", "cabinet_code")]),
        ({"distribution_point_code": "DP1"}, [("CSS879E", "distribution_point_code")]),
        ({"cause": " ", "message": ""}, [("CSS878E", "cause"), ("CSS878E", "message")]),
        ({"message": "x" * 501}, [("CSS305E", "message")]),
        ({"began_at": AT + HOUR}, [("CSS887E", "began_at")]),
        ({"expected_at": AT}, [("CSS887E", "expected_at")]),
    ],
)
def test_what_is_said_wrongly_of_an_outage(session: Session, town: Town, changed: dict[str, object], said: list[tuple[str, str]]) -> None:
    assert codes(refusal(declare, session, **changed)) == said
    assert outages(session, "ZZ", by=BY, ended=True) == ()


def test_who_may_not(session: Session, town: Town) -> None:
    outage = declare(session).outage_id
    number = report(session).fault_number
    for by in (builders.CLERK, builders.PARTNER_ACTOR):
        said = [refusal(declare, session, by=by), *(refusal(deed, session, outage, by=by) for deed in (mend, unsay))]
        said += [refusal(update, session, outage, by=by, message="Soon."), refusal(detach, session, number, by=by)]
        assert {error.code for error in said} == {"CSS315E"}


# Telling.


def test_an_update_is_one_event_on_each_open_fault(session: Session, town: Town) -> None:
    first, second = (report(session, number=line.number).fault_number for line in (town.line, town.carrier_line))
    outage = declare(session).outage_id
    clear(session, second, at=AT)
    answer = update(session, outage, message=" It will take longer. ", expected_at=AT + 9 * HOUR)
    words = "It will take longer. Expected to work again Mon 2 Mar 2026 19:00."
    assert (answer.faults, answer.words) == (1, f"1 fault told: {words}")
    assert told(session, first)[1:] == [("inform", words)]
    assert [deed for deed, _ in told(session, second)] == ["attach", "clear"]
    # What is not said stays: the next one hears both.
    update(session, outage, expected_at=AT + 10 * HOUR, row_version=2)
    assert told(session, first)[-1][1] == "It will take longer. Expected to work again Mon 2 Mar 2026 20:00."
    assert refusal(update, session, outage).code == "CSS878E"
    assert refusal(update, session, outage, expected_at=AT).code == "CSS887E"
    assert refusal(update, session, outage, message="Soon.", row_version=2).code == "CSS876E"
    assert refusal(update, session, 999, message="Soon.").code == "CSS874E"


# Clearing.


def test_a_clear_ends_all_of_them_at_one_instant_and_leaves_what_is_owed(session: Session, town: Town) -> None:
    first = report(session).fault_number
    outage = declare(session).outage_id
    second = report(session, number=town.carrier_line.number).fault_number
    park_fault(session, ParkFault(fault_number=first, reason=ParkReason.PERMISSION, words="The road is shut."), by=FIELD, at=AT + HOUR)
    answer = mend(session, outage, cleared_at=LATE - HOUR)
    assert (answer.state, answer.faults, answer.left) == (OutageState.CLEARED, 2, 0)
    assert answer.words == "2 faults cleared with CAB, cabinet."
    for number in (first, second):
        fault = fault_of(session, number)
        assert (fault.state, fault.cleared_at, fault.clear_code) == (FaultState.CLEARED, LATE - HOUR, "CAB")
        assert fault.clear_words == f"Outage {outage} is mended."
    assert session.execute(select(ClockInterval).where(ClockInterval.ends_at.is_(None))).all() == []
    assert session.execute(select(Hold).where(Hold.ends_at.is_(None))).all() == []
    failures = session.execute(select(ServiceFailure.reference).order_by(ServiceFailure.reference)).scalars().all()
    assert second in failures
    row = session.get_one(Outage, outage)
    assert (row.ended_at, row.clear_code) == (LATE - HOUR, "CAB")
    for deed in (mend, update, unsay):
        kwargs = {"message": "Again."} if deed is update else {}
        assert refusal(deed, session, outage, **kwargs).code == "CSS877E"
    assert check_faults(session, "ZZ") == ()


def test_a_cabinet_is_down_for_a_home_a_firm_and_a_partner(session: Session, town: Town) -> None:
    firm = builders.account(session, town.zz, segment=Segment.BUSINESS)
    firm_line = builders.working_line(session, town.zz, firm)
    home = report(session, number=town.line.number).fault_number
    outage = declare(session, at=AT + HOUR).outage_id
    others = [report(session, number=line.number, at=AT + HOUR).fault_number for line in (firm_line, town.carrier_line)]
    park_fault(session, ParkFault(fault_number=home, reason=ParkReason.PERMISSION, words="The road is shut."), by=FIELD, at=AT + HOUR)
    update(session, outage, at=AT + 2 * HOUR, message="A new cabinet is on its way.")
    answer = clear_outage(session, ClearOutage(outage_id=outage, clear_code="CAB"), by=FIELD, at=LATE)
    assert (answer.faults, answer.left) == (3, 0)
    assert {number: [deed for deed, _ in told(session, number)] for number in (home, *others)} == {
        home: ["attach", "park", "inform", "clear"],
        others[0]: ["attach", "inform", "clear"],
        others[1]: ["attach", "inform", "clear"],
    }
    # Each is a fact for billing, which reckons what each is worth; and none waits for the night.
    rows = session.execute(select(ServiceFailure.reference, ServiceFailure.account_id).order_by(ServiceFailure.reference)).all()
    assert {(row.reference, row.account_id) for row in rows} == {
        (home, town.account.id),
        (others[0], firm.id),
        (others[1], town.carrier.id),
    }
    assert check_faults(session, "ZZ") == ()


def test_what_a_clear_does_not_fit_is_left_open_named_and_by_itself(session: Session, town: Town) -> None:
    outage = declare(session).outage_id
    first = report(session).fault_number
    later = report(session, number=town.carrier_line.number, at=AT + 3 * HOUR).fault_number
    answer = mend(session, outage, cleared_at=AT + 2 * HOUR)
    assert (answer.faults, answer.left) == (1, 1)
    assert f"Left open: {later} (CSS308E " in answer.words
    fault = fault_of(session, later)
    assert (fault.state, fault.outage_id) == (FaultState.REPORTED, None)
    assert told(session, later)[-1] == ("detach", f"Outage {outage} is mended, but this does not end with it.")
    assert fault_of(session, first).state is FaultState.CLEARED
    assert check_faults(session, "ZZ") == ()


@pytest.mark.parametrize(
    ("others", "code"), [({"code": "XX"}, "CSS306E"), ({"cleared_at": AT - HOUR}, "CSS887E"), ({"cleared_at": LATE + HOUR}, "CSS887E")]
)
def test_a_clear_that_cannot_be_is_refused_whole(session: Session, town: Town, others: dict[str, object], code: str) -> None:
    outage = declare(session).outage_id
    report(session)
    assert refusal(mend, session, outage, **others).code == code
    assert session.get_one(Outage, outage).state is OutageState.OPEN


def test_a_rejected_clear_goes_on_by_itself_once_its_outage_is_over(session: Session, town: Town) -> None:
    outage = declare(session).outage_id
    number = report(session).fault_number
    mend(session, outage, at=AT + HOUR)
    reject_clear(session, RejectClear(fault_number=number, reason="Still dead."), by=BY, at=AT + 2 * HOUR)
    fault = fault_of(session, number)
    assert (fault.state, fault.outage_id) == (FaultState.QUEUED, None)
    assert check_faults(session, "ZZ") == ()


def test_a_clear_comes_through_once(session: Session, town: Town) -> None:
    outage = declare(session).outage_id
    report(session)
    assert mend(session, outage, token="t") == mend(session, outage, token="t")


# Taking back, letting go.


def test_an_outage_taken_back_lets_its_faults_go_on(session: Session, town: Town) -> None:
    outage = declare(session).outage_id
    number = report(session).fault_number
    assert refusal(unsay, session, outage, reason=" ").code == "CSS878E"
    answer = unsay(session, outage)
    assert (answer.state, answer.faults, answer.words) == (OutageState.WITHDRAWN, 1, "1 fault goes on alone.")
    assert fault_of(session, number).outage_id is None
    assert told(session, number)[-1] == ("detach", "There was no such failure: It was the next one. The fault goes on by itself.")
    assert outage_over(session, town.line.pair_id) is None
    assert refusal(unsay, session, 999).code == "CSS874E"


def test_the_faults_of_an_outage_taken_back_go_to_the_one_above(session: Session, town: Town) -> None:
    number = report(session).fault_number
    point = declare(session, **POINT).outage_id
    cabinet = declare(session).outage_id
    answer = unsay(session, point)
    assert answer.words == "No fault goes on alone. 1 fault moved to another outage that is open above."
    assert fault_of(session, number).outage_id == cabinet
    assert [deed for deed, _ in told(session, number)] == ["attach", "attach"]


def test_a_fault_of_another_matter_is_detached_and_not_cleared_with_it(session: Session, town: Town) -> None:
    outage = declare(session).outage_id
    number = report(session).fault_number
    assert refusal(detach, session, number, reason="").code == "CSS878E"
    detach(session, number)
    assert told(session, number)[-1] == ("detach", f"No part of outage {outage}: The dropwire is down too.")
    assert codes(refusal(detach, session, number)) == [("CSS888E", "fault_number")]
    assert mend(session, outage).faults == 0
    assert fault_of(session, number).state is FaultState.REPORTED


def test_a_withdrawn_report_has_no_part_in_the_clear(session: Session, town: Town) -> None:
    outage = declare(session).outage_id
    number = report(session).fault_number
    withdraw_fault(session, WithdrawFault(fault_number=number, reason="It works."), by=BY, at=AT)
    assert mend(session, outage).faults == 0
    with pytest.raises(CssError) as gone:
        detach(session, number)
    assert gone.value.code == "CSS301E"


# Being seen.


def test_a_card_counts_lines_faults_and_those_who_depend_on_theirs(session: Session, town: Town) -> None:
    beside = another_point(session, town.zz, "P9", cabinet="C9")
    rejoin(session, town.carrier_line.id, beside.pair_ids[0])
    builders.working_line(session, town.zz, town.account)
    frail = builders.account(session, town.zz, customer_number=builders.customer(session, town.zz, is_vulnerable=True))
    builders.working_line(session, town.zz, frail)
    number = report(session).fault_number
    outage = declare(session, expected_at=AT + HOUR).outage_id
    card = outage_card(session, outage, by=BY)
    assert (card.lines, card.vulnerable_customers, card.summary.open_faults, card.summary.faults) == (3, 1, 1, 1)
    assert [row.fault_number for row in card.faults] == [number]
    assert card.cause == "A lorry drove into it."
    assert outages(session, "ZZ", by=BY) == (card.summary,)
    # A partner sees its own lines and faults, and nothing of the cause.
    theirs = outage_card(session, outage, by=builders.PARTNER_ACTOR)
    assert (theirs.lines, theirs.summary.faults, theirs.faults, theirs.cause) == (0, 0, (), None)
    assert outage_of_line(session, town.line.id, by=builders.PARTNER_ACTOR) is None
    assert outage_of_line(session, town.carrier_line.id, by=BY) is None
    mend(session, outage)
    assert outages(session, "ZZ", by=BY) == ()
    assert [(row.state, row.open_faults, row.faults) for row in outages(session, "ZZ", by=BY, ended=True)] == [(OutageState.CLEARED, 0, 1)]
    assert refusal(outage_card, session, 999, by=BY).code == "CSS874E"
